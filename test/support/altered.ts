import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** A Zoho that behaves differently from the sandbox: a server that changes queries and answers on their way. */

export interface Altered {
  readonly apiBaseUrl: string;
  readonly accountsUrl: string;
  close(): Promise<void>;
}

interface Changes {
  /** Changes the query before the sandbox gets it. */
  readonly query?: (query: URLSearchParams, path: string) => void;
  /**
   * Returns the answer's body in place of the sandbox's. A string is sent unchanged. `query` is the query before the change. The text
   * `number 123` is sent as the number 123, with exactly these digits.
   */
  readonly body?: (body: Record<string, unknown>, query: URLSearchParams, path: string, method: string) => unknown;
}

export async function altered(sandbox: Sandbox, { query, body }: Changes): Promise<Altered> {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', sandbox.url);
    const asked = new URLSearchParams(url.searchParams);
    const path = url.pathname.replace('/books/v3', '');
    query?.(url.searchParams, path);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', headers } = request;
    const kept = Object.fromEntries(
      ['authorization', 'content-type'].flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]])),
    );
    const answer = await fetch(url, { method, headers: kept, ...(chunks.length > 0 && { body: Buffer.concat(chunks) }) }).catch(
      () => undefined,
    );
    // The sandbox dropped the connection because of a fault.
    if (answer === undefined) return void response.destroy();
    const json = (await answer.json()) as Record<string, unknown>;
    const given = body === undefined ? json : await body(json, asked, path, method);
    const date = answer.headers.get('date');
    response.writeHead(answer.status, { 'content-type': 'application/json', ...(date !== null && { date }) });
    response.end(typeof given === 'string' ? given : JSON.stringify(given).replaceAll(/"number (\d+)"/g, '$1'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/books/v3`,
    accountsUrl: sandbox.accounts_url,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
