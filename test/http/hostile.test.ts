import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { addressList } from '../../src/http/client-address.ts';
import { writesTo } from '../support/books.ts';
import { overHttp, type OverHttp } from '../support/http.ts';
import { servers } from '../support/servers.ts';

/** Requests that no client of ours sends. */

const start = servers();

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const modern = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params: {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});
const record = {
  name: 'record_customer_payment',
  arguments: { customer: 'Bowman Furniture', amount: 5, payment_mode: 'cash', allocate: 'as_credit' },
};

/** Writes these bytes to a new connection. Returns everything that comes back until the server closes it. */
async function raw({ url }: OverHttp, write: (socket: Socket) => void): Promise<string> {
  const socket = connect(Number(url.port), '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.on('error', () => {});
  await once(socket, 'connect');
  write(socket);
  await once(socket, 'close');
  return text;
}

/** A request with headers that `fetch` does not allow. */
async function withHeaders({ url }: OverHttp, headers: Record<string, string>, method = 'POST', path = '/mcp') {
  const sent = request({ host: '127.0.0.1', port: url.port, path, method, headers: { 'content-type': 'application/json', ...headers } });
  sent.end(method === 'POST' ? JSON.stringify(ping) : undefined);
  const [answer] = await once(sent, 'response');
  answer.resume();
  return { status: answer.statusCode as number, headers: answer.headers as Record<string, string | undefined> };
}

describe('slow requests are cut off', () => {
  const options = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 100 } as never;

  it('headers that never end', async () => {
    const http = await overHttp((await start()).books, { options });
    expect(await raw(http, (socket) => socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-A'))).toMatch(/^HTTP\/1\.1 408/);
  });

  it('a body that never ends', async () => {
    const http = await overHttp((await start()).books, { options });
    const head = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"json';
    await raw(http, (socket) => socket.write(head));
    expect((await http.post(ping)).status).toBe(200);
  });
});

describe('a request is refused', () => {
  it('if its body is too large, whether it says so or not', async () => {
    const http = await overHttp((await start()).books);
    const large = JSON.stringify({ ...ping, params: { text: 'x'.repeat(5_000_000) } });
    expect((await http.post(large)).status).toBe(413);
    const chunked = await raw(http, (socket) => {
      socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 60; i += 1) socket.write(`${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`);
    });
    expect(chunked).toMatch(/^HTTP\/1\.1 413/);
  });

  it('if its headers are too large', async () => {
    const http = await overHttp((await start()).books);
    expect(await raw(http, (socket) => socket.write(`GET /mcp HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`))).toMatch(
      /^HTTP\/1\.1 431/,
    );
  });

  it.each([
    ['another content type', JSON.stringify(ping), { 'content-type': 'text/plain' }, 415],
    ['JSON in the parameters of another content type', JSON.stringify(ping), { 'content-type': 'text/plain; a=application/json' }, 415],
    ['text that is not JSON', '{"jsonrpc"', {}, 400],
    ['no body', '', {}, 400],
    ['JSON that is not an object', '"ping"', {}, 400],
    ['an empty batch', '[]', {}, 400],
    ['a batch of 101 messages', JSON.stringify(Array.from({ length: 101 }, () => ping)), {}, 400],
    ['a very deep list', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, {}, 400],
  ] as const)('if it has %s', async (_, body, headers, status) => {
    const http = await overHttp((await start()).books);
    expect((await http.post(body, headers)).status).toBe(status);
  });

  it.each([
    ['the method in the header', { 'mcp-method': 'tools/list', 'mcp-name': record.name }],
    ['the tool in the header', { 'mcp-method': 'tools/call', 'mcp-name': 'find_payments' }],
    ['the revision in the header', { 'mcp-method': 'tools/call', 'mcp-name': record.name, 'mcp-protocol-version': '2025-06-18' }],
  ])('if %s differs from the body', async (_, headers) => {
    const server = await start();
    const http = await overHttp(server.books);
    const answer = await http.post(modern('tools/call', record), { 'mcp-protocol-version': '2026-07-28', ...headers });
    expect(answer.status).toBe(400);
    expect(await writesTo(server)).toEqual([]);
  });

  it.each(['evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1.evil.example', '10.0.0.1'])(
    'if its Host is %s (DNS rebinding)',
    async (host) => {
      const http = await overHttp((await start()).books);
      expect(await withHeaders(http, { host })).toMatchObject({ status: 403 });
    },
  );

  it('if its target names another host', async () => {
    const http = await overHttp((await start()).books);
    expect(
      await raw(http, (socket) => socket.write('GET http://evil.example/mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')),
    ).toMatch(/^HTTP\/1\.1 400/);
  });

  it('if a web page of an origin sends it that is not allowed', async () => {
    const http = await overHttp((await start()).books, { origins: new Set(['https://app.example.com']) });
    for (const origin of [
      'https://evil.example',
      'http://app.example.com',
      'https://app.example.com:8443',
      'null',
      `http://localhost:${http.url.port}`,
    ])
      expect(await withHeaders(http, { origin }), origin).toMatchObject({ status: 403 });
    for (const method of ['GET', 'DELETE', 'PUT']) expect((await withHeaders(http, {}, method)).status, method).toBe(405);
    expect((await withHeaders(http, {}, 'GET', '/')).status).toBe(404);
  });
});

it('a web page of an allowed origin may call', async () => {
  const origin = 'https://app.example.com';
  const http = await overHttp((await start()).books, { origins: new Set([origin]) });
  const asked = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,mcp-name' };
  const allowed = await withHeaders(http, asked, 'OPTIONS');
  expect(allowed).toMatchObject({
    status: 204,
    headers: { 'access-control-allow-origin': origin, 'access-control-allow-headers': 'authorization,mcp-name' },
  });
  const answer = await withHeaders(http, { origin, accept: 'application/json, text/event-stream' });
  expect(answer).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': origin, vary: 'Origin' } });
});

it('an address gets 429 after too many requests in a minute, also behind a trusted proxy', async () => {
  const http = await overHttp((await start()).books, {
    trusted: addressList(['127.0.0.1'])!,
    rates: { address: { perMinute: 20, open: 5 }, caller: { perMinute: 1, open: 1 } },
  });
  const from = (address: string) => http.post(ping, { 'x-forwarded-for': address });
  for (let i = 0; i < 20; i += 1) expect((await from('203.0.113.7')).status).toBe(200);
  const refused = await from('203.0.113.7');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  // The client cannot choose another address by inventing hops.
  expect((await from('198.51.100.1, 203.0.113.7')).status).toBe(429);
  expect((await from('198.51.100.1')).status).toBe(200);
});

it('the server still answers other clients while many connections are slow', async () => {
  const http = await overHttp((await start()).books);
  const slow = Array.from({ length: 200 }, () => connect(Number(http.url.port), '127.0.0.1'));
  for (const socket of slow) {
    socket.on('error', () => {});
    socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\n');
  }
  await sleep(100);
  expect((await http.post(ping)).status).toBe(200);
  for (const socket of slow) socket.destroy();
});
