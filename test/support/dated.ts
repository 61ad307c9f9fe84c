import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';

/**
 * A server in front of the sandbox that gives answers another `Date` header, or none. Requests still run in parallel. If `isLost`
 * returns true for a request, its connection is dropped as soon as the request has been sent on.
 */
export async function dated(
  { accounts_url, api_base_url }: Sandbox,
  date: () => number | undefined,
  isLost: (method: string) => boolean = () => false,
): Promise<{ apiBaseUrl: string; accountsUrl: string }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
    const lost = isLost(request.method ?? 'GET');
    const answering = fetch(`${new URL(api_base_url).origin}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    }).catch(() => undefined);
    if (lost) return void response.destroy();
    const answer = await answering;
    if (answer === undefined) return void response.destroy();
    const at = date();
    response.sendDate = false;
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? '',
      ...(at !== undefined && { date: new Date(at).toUTCString() }),
    });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/books/v3`, accountsUrl: accounts_url };
}
