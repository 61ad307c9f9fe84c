import { UriTemplate, type ContentBlock } from '@modelcontextprotocol/server';
import { isRead, type Endpoint, type ReadTool, type ResourceForm } from '../endpoint.ts';
import type { Json } from '../json.ts';

/** Addresses of resources: from declaration to template, from input to address and back. */

/** `{?}` in a declaration stands for every input field that is not in the path, as query variables. */
export function templateOf({ uri }: ResourceForm, { input }: ReadTool): UriTemplate | string {
  if (uri.endsWith('{?}')) return new QueryTemplate(uri.slice(0, -'{?}'.length), Object.keys(input.shape));
  return uri.includes('{') ? new UriTemplate(uri) : uri;
}

/** Matches with any subset of its variables in any order; the SDK's own template wants all of them, in order. */
class QueryTemplate extends UriTemplate {
  readonly #base: string;

  constructor(base: string, names: readonly string[]) {
    super(`${base}{?${names.join(',')}}`);
    this.#base = base;
  }

  /** A name that comes more than once is a list: the input takes it as one or refuses it, and no value is dropped unseen. */
  override match(uri: string): Record<string, string | string[]> | null {
    const at = uri.indexOf('?');
    if (at === -1 || uri.slice(0, at) !== this.#base) return null;
    const query = new URLSearchParams(uri.slice(at + 1));
    return Object.fromEntries([...query].map(([name, value]) => [name, query.getAll(name).length > 1 ? query.getAll(name) : value]));
  }
}

/** The title of a resource, marked where it is of play money. */
export function titled(title: string, sandbox: boolean): string {
  return sandbox ? `${title} (sandbox)` : title;
}

/** The resource's address for this input, or undefined when a variable is missing. */
function uriOf({ uri }: ResourceForm, ids: Json): string | undefined {
  if (uri.endsWith('{?}')) return undefined;
  let complete = true;
  const address = uri.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = ids[name];
    if (typeof value !== 'string') complete = false;
    return encodeURIComponent(String(value));
  });
  return complete ? address : undefined;
}

/** The resources that a read's result points to, as links. */
export function linksOf(endpoint: ReadTool, input: Json): ContentBlock[] {
  const wanted = endpoint.links?.(input) ?? [];
  return (endpoint.resources ?? [])
    .filter((form) => wanted.includes(form.name))
    .flatMap((form) => {
      const uri = uriOf(form, input);
      return uri === undefined
        ? []
        : [{ type: 'resource_link' as const, uri, name: form.name, title: form.title, mimeType: form.mimeType }];
    });
}

/** Every address whose contents a write may have changed: the bare list, and all that is about the payments it touched. */
export function touchedBy(endpoints: readonly Endpoint[], input: Json, result: Json): Set<string> {
  const payment = result['payment'] as Json | undefined;
  const refund = result['payment_refund'] as Json | undefined;
  const refund_id = input['refund_id'] ?? refund?.['payment_refund_id'];
  const ids = [input['payment_id'] ?? input['customer_payment_id'] ?? payment?.['payment_id']].flat();
  // Of payments only: other records have a module of their own.
  const forms = endpoints
    .filter(isRead)
    .filter(({ module }) => module === undefined)
    .flatMap((endpoint) => endpoint.resources ?? []);
  const addresses = ids.flatMap((id) => forms.map((form) => uriOf(form, { payment_id: id, customer_payment_id: id, refund_id })));
  return new Set(addresses.filter((address) => address !== undefined));
}
