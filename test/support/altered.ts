import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** A Zoho that behaves otherwise than the sandbox: its queries and answers changed on the way. */

export interface Altered {
  readonly apiBaseUrl: string;
  readonly accountsUrl: string;
  close(): Promise<void>;
}

interface Changes {
  /** Changes the query before the sandbox sees it. */
  readonly query?: (query: URLSearchParams, path: string) => void;
  /**
   * Gives the answer in place of the sandbox's, a string as it stands; `query` is as it was asked. The text `number 123` is sent as a
   * number of just these digits.
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
    // A fault of the sandbox.
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
