import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { addressList } from '../../src/http/client-address.ts';
import { createDoor, type Door, type DoorOptions } from '../../src/http/door.ts';
import { listen } from '../../src/http/node-server.ts';
import { LOOPBACK_HOSTS } from '../../src/machine/loopback.ts';
import type { BooksToServe } from '../../src/mcp/serve.ts';
import { startedByName } from '../../src/started.ts';
import { callTool, modernClient, olderClient, type Kind, type Person, type ToolResult } from './client.ts';
import { closers } from './closers.ts';

/** Serves books over HTTP in this process, and connects real clients. */

export interface OverHttp {
  readonly url: URL;
  readonly door: Door;
  connect(as?: { readonly kind?: Kind; readonly person?: Person; readonly token?: string }): Promise<HttpClient>;
  /** Sends a POST to the endpoint. */
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
}

export interface HttpClient {
  readonly client: ModernClient | OlderClient;
  call(name: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>;
}

type Options = Partial<DoorOptions> & Pick<Partial<Parameters<typeof listen>[1]>, 'options'>;

export async function overHttp(
  { started = startedByName, ...books }: BooksToServe,
  { options, ...changed }: Options = {},
): Promise<OverHttp> {
  const door = createDoor({
    endpoints: [{ path: '/mcp', organization: '1', books: { ...books, started } }],
    publicUrl: new URL('http://127.0.0.1'),
    hosts: LOOPBACK_HOSTS,
    origins: new Set(),
    callers: undefined,
    trusted: addressList([])!,
    log: books.log,
    ...changed,
  });
  const server = await listen(door.answer, { host: '127.0.0.1', port: 0, ...(options && { options }) });
  closers.push(async () => {
    await door.close();
    await server.close();
  });
  const url = new URL(`http://127.0.0.1:${server.address.port}/mcp`);
  return {
    url,
    door,
    async connect({ kind = 'current SDK, 2026-07-28', person, token } = {}) {
      const client = kind === 'older SDK' ? olderClient(person) : modernClient(kind, person);
      const Transport = kind === 'older SDK' ? OlderTransport : StreamableHTTPClientTransport;
      const transport = new Transport(url, token === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${token}` } } });
      await client.connect(transport as never);
      closers.push(() => client.close());
      return { client, call: (name, args, signal) => callTool(client, name, args, signal) };
    },
    post: (body, headers = {}) =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
