import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** Fields that people fill in freely: in Zoho, on their customers' side, or through an import. */
const FREE = new Set([
  'contact_name',
  'customer_name',
  'company_name',
  'vendor_name',
  'account_name',
  'from_account_name',
  'reference_number',
  'description',
  'notes',
  'label',
  'value',
  'city',
  'name',
  'invoice_number',
  'invoice_numbers',
  'payment_number',
  'retainerinvoice_number',
  'payment_mode',
  'refund_mode',
  'status_formatted',
  'date_formatted',
  'location_name',
  'placeholder',
]);

/** A server in front of the sandbox that puts `text` into every field of a record that a person can fill in. */
export interface HostileZoho {
  readonly at: { readonly apiBaseUrl: string; readonly accountsUrl: string };
  close(): Promise<void>;
}

export async function hostileZoho({ accounts_url, api_base_url }: Sandbox, text: string): Promise<HostileZoho> {
  const poisoned = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => poisoned(item, key));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poisoned(item, name)]));
    return typeof value === 'string' && FREE.has(key) ? `${value}${text}` : value;
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = request.url ?? '';
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
    const base = url.startsWith('/oauth') ? accounts_url : new URL(api_base_url).origin;
    const answer = await fetch(`${base}${url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const isJson = answer.headers.get('content-type')?.includes('json') === true && !url.startsWith('/oauth');
    const body = isJson ? Buffer.from(JSON.stringify(poisoned(await answer.json(), ''))) : Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(body);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const { pathname } = new URL(api_base_url);
  return {
    at: { apiBaseUrl: `http://127.0.0.1:${port}${pathname === '/' ? '' : pathname}`, accountsUrl: `http://127.0.0.1:${port}` },
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
