import { UriTemplate, type ContentBlock } from '@modelcontextprotocol/server';
import { isRead, type Endpoint, type ReadTool, type ResourceForm } from '../endpoint.ts';
import type { Json } from '../json.ts';

/** URIs of resources: templates from declarations, URIs from inputs, and inputs from URIs. */

/** `{?}` in a declaration means that every input field is a query variable. */
export function templateOf({ uri }: ResourceForm, { input }: ReadTool): UriTemplate | string {
  if (uri.endsWith('{?}')) return new QueryTemplate(uri.slice(0, -'{?}'.length), Object.keys(input.shape));
  return uri.includes('{') ? new UriTemplate(uri) : uri;
}

/** Matches a URI with any of its query variables, in any order. The SDK's template requires all of them, in order. */
class QueryTemplate extends UriTemplate {
  readonly #base: string;

  constructor(base: string, names: readonly string[]) {
    super(`${base}{?${names.join(',')}}`);
    this.#base = base;
  }

  /** A repeated name becomes a list, so that no value is silently dropped. The endpoint's input accepts or refuses the list. */
  override match(uri: string): Record<string, string | string[]> | null {
    const at = uri.indexOf('?');
    if (at === -1 || uri.slice(0, at) !== this.#base) return null;
    const query = new URLSearchParams(uri.slice(at + 1));
    return Object.fromEntries([...query].map(([name, value]) => [name, query.getAll(name).length > 1 ? query.getAll(name) : value]));
  }
}

/** The title of a resource, marked if it is from the sandbox. */
export function titled(title: string, sandbox: boolean): string {
  return sandbox ? `${title} (sandbox)` : title;
}

/** The resource's URI for this input, or undefined if a variable is missing. */
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

/** Links to the resources that belong to a read's result. */
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

/** The URIs whose content a write may have changed: the list without filters, and the resources of the changed payments. */
export function touchedBy(endpoints: readonly Endpoint[], input: Json, result: Json): Set<string> {
  const payment = result['payment'] as Json | undefined;
  const refund = result['payment_refund'] as Json | undefined;
  const refund_id = input['refund_id'] ?? refund?.['payment_refund_id'];
  const ids = [input['payment_id'] ?? input['customer_payment_id'] ?? payment?.['payment_id']].flat();
  // Payments have no `module`; other records have one.
  const forms = endpoints
    .filter(isRead)
    .filter(({ module }) => module === undefined)
    .flatMap((endpoint) => endpoint.resources ?? []);
  const addresses = ids.flatMap((id) => forms.map((form) => uriOf(form, { payment_id: id, customer_payment_id: id, refund_id })));
  return new Set(addresses.filter((address) => address !== undefined));
}
