import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client as ModernClient } from '@modelcontextprotocol/client';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { makeToken, openStaticTokens } from '../../src/http/static-tokens.ts';
import { anyOf } from '../../src/http/callers.ts';
import { openIssuer, type IssuerOptions } from '../../src/http/issuer.ts';
import { silent } from '../../src/trace.ts';
import { seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { kinds } from '../support/harness.ts';
import { overHttp } from '../support/http.ts';
import { folder } from '../support/program.ts';
import { servers } from '../support/servers.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Callers with tokens of an authorization server, with real keys. */

const start = servers();
const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const PUBLIC = 'https://payments.example.com';

interface Issuer {
  readonly url: string;
  /** The newest key. */
  readonly key: () => CryptoKey;
  readonly publicKey: () => CryptoKey;
  /** How often the keys were read. */
  readonly reads: () => number;
  rotate(): Promise<void>;
  stop(): void;
  token(claims?: Record<string, unknown>, header?: { kid?: string }): Promise<string>;
}

async function issuer(): Promise<Issuer> {
  let keys: JWK[] = [];
  let newest: Awaited<ReturnType<typeof generateKeyPair>>;
  let kid = 0;
  let reads = 0;
  const rotate = async () => {
    newest = await generateKeyPair('ES256', { extractable: true });
    kid += 1;
    keys = [...keys.slice(-1), { ...(await exportJWK(newest.publicKey)), kid: String(kid), alg: 'ES256' }];
  };
  await rotate();
  const server = createServer(({ url: path }, res) => {
    if (path === '/keys') reads += 1;
    const body =
      path === '/keys' ? { keys } : path?.includes('oauth-authorization-server') ? { issuer: url, jwks_uri: `${url}/keys` } : undefined;
    res.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  closers.push(stop);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const now = () => Math.floor(Date.now() / 1000);
  return {
    url,
    key: () => newest.privateKey,
    publicKey: () => newest.publicKey,
    reads: () => reads,
    rotate,
    stop,
    token: (claims = {}, header = {}) =>
      new SignJWT({ iss: url, sub: 'alice', aud: `${PUBLIC}/mcp`, exp: now() + 60, scope: 'payments:read', ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: String(kid), ...header })
        .sign(newest.privateKey),
  };
}

async function guarded(options: Partial<IssuerOptions> = {}) {
  const at = await issuer();
  const server = await start();
  const callers = openIssuer({ issuer: at.url, cooldownMs: 200, ...options });
  const http = await overHttp(server.books, { publicUrl: new URL(PUBLIC), callers });
  const statusWith = async (token: string) => (await http.post(ping, { authorization: `Bearer ${token}` })).status;
  return { at, server, http, statusWith };
}

it('a token of the issuer for this server lets its caller in, in every form of its audience and scopes', async () => {
  const { at, statusWith } = await guarded();
  expect(await statusWith(await at.token())).toBe(200);
  expect(
    await statusWith(await at.token({ aud: ['https://other.example', `${PUBLIC}/mcp`], scope: undefined, scp: ['payments:read'] })),
  ).toBe(200);
});

describe('a token is refused with 401', () => {
  const now = Math.floor(Date.now() / 1000);
  it.each<[string, Record<string, unknown>]>([
    ['of another issuer', { iss: 'https://evil.example' }],
    ['for another server', { aud: 'https://payments.example.com/other' }],
    ['for the address without its path', { aud: PUBLIC }],
    ['for no server', { aud: undefined }],
    ['that has expired', { exp: now - 60 }],
    ['that never expires', { exp: undefined }],
    ['that is not valid yet', { nbf: now + 600 }],
    ['without a subject', { sub: undefined }],
    ['with a subject that could forge lines of the log', { sub: 'alice\ncaller=bob' }],
  ])('%s', async (_, claims) => {
    const { at, statusWith } = await guarded();
    expect(await statusWith(await at.token(claims))).toBe(401);
  });

  it('with the algorithm none, with HMAC and the public key as the secret, and with another key', async () => {
    const { at, statusWith } = await guarded();
    const claims = { iss: at.url, sub: 'alice', aud: `${PUBLIC}/mcp`, exp: Math.floor(Date.now() / 1000) + 60, scope: 'payments:read' };
    expect(await statusWith(new UnsecuredJWT(claims).encode())).toBe(401);
    const secret = new TextEncoder().encode(await exportSPKI(at.publicKey()));
    expect(await statusWith(await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: '1' }).sign(secret))).toBe(401);
    const stranger = await generateKeyPair('ES256');
    expect(await statusWith(await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: '1' }).sign(stranger.privateKey))).toBe(401);
    const [head, , mac] = (await at.token()).split('.');
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    expect(await statusWith(`${head}.${forged}.${mac}`)).toBe(401);
    for (const garbage of ['x', 'a.b.c', '..', 'zpm_x']) expect(await statusWith(garbage)).toBe(401);
  });
});

it('the challenge leads to the metadata of this server, which names the issuer', async () => {
  const { at, http } = await guarded();
  const challenge = (await http.post(ping)).headers.get('www-authenticate');
  const address = `${PUBLIC}/.well-known/oauth-protected-resource/mcp`;
  expect(challenge).toContain(`resource_metadata="${address}"`);
  const metadata = await (await fetch(new URL(new URL(address).pathname, http.url))).json();
  expect(metadata).toMatchObject({ resource: `${PUBLIC}/mcp`, authorization_servers: [at.url] });
  expect((metadata as { scopes_supported: string[] }).scopes_supported).toContain('refunds:write');
});

it.each(kinds)('a caller with a token sees every tool, and is told which scope it lacks (%s)', async (kind) => {
  const { at, server, http } = await guarded();
  const { client, call } = await http.connect({ kind, token: await at.token() });
  expect((await (client as ModernClient).listTools()).tools.map(({ name }) => name)).toContain('create_customer_payment_refund');
  await expect(call('create_customer_payment_refund', refund)).rejects.toThrow();
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'create_customer_payment_refund', arguments: refund } };
  const refused = await http.post(body, { authorization: `Bearer ${await at.token()}` });
  expect(refused.status).toBe(403);
  expect(refused.headers.get('www-authenticate')).toMatch(/error="insufficient_scope".*scope="refunds:write"/);
  expect(await writesTo(server)).toEqual([]);
  const allowed = await http.connect({ kind, token: await at.token({ scope: 'refunds:write' }) });
  expect((await allowed.call('create_customer_payment_refund', refund)).structuredContent['outcome']).toBe('recorded');
  const [entry] = await server.opened.road.journal.list({ limit: 1 });
  expect(entry?.scope).toBe(`${server.sandbox.organization_id}/${at.url}#alice`);
});

it('resources and prompts need their scopes too', async () => {
  const { at, http } = await guarded();
  const authorization = `Bearer ${await at.token({ scope: 'payments:delete' })}`;
  const statusOf = async (method: string, params: object) =>
    (await http.post({ jsonrpc: '2.0', id: 1, method, params }, { authorization })).status;
  expect(await statusOf('resources/read', { uri: `zoho-books://customerpayments/${seed.samplePayment}` })).toBe(403);
  expect(await statusOf('prompts/get', { name: 'record_payment' })).toBe(403);
});

it('a new key of the issuer is accepted, and unknown keys do not make the server read the keys at every request', async () => {
  const { at, statusWith } = await guarded();
  expect(await statusWith(await at.token())).toBe(200);
  await at.rotate();
  await expect.poll(async () => await statusWith(await at.token())).toBe(200);
  const before = at.reads();
  for (let i = 0; i < 20; i += 1) expect(await statusWith(await at.token({}, { kid: `unknown ${i}` }))).toBe(401);
  expect(at.reads() - before).toBeLessThan(5);
});

it('while the issuer cannot be reached, known keys are still accepted, and a server without keys answers 500', async () => {
  const { at, statusWith } = await guarded();
  const token = await at.token();
  expect(await statusWith(token)).toBe(200);
  at.stop();
  expect(await statusWith(token)).toBe(200);
  const { statusWith: fresh, at: gone } = await guarded();
  const other = await gone.token();
  gone.stop();
  expect(await fresh(other)).toBe(500);
});

it('--auth-audience replaces the public address as the audience', async () => {
  const { at, statusWith } = await guarded({ audience: 'api://payments' });
  expect(await statusWith(await at.token({ aud: 'api://payments' }))).toBe(200);
  expect(await statusWith(await at.token())).toBe(401);
});

it('static tokens and tokens of an issuer work side by side', async () => {
  const at = await issuer();
  const { token, entry } = makeToken('agent', ['payments:read'], '2099-01-01');
  const file = join(folder(), 'tokens.json');
  writeFileSync(file, JSON.stringify({ tokens: [entry] }));
  const callers = anyOf([openStaticTokens(file, silent), openIssuer({ issuer: at.url })]);
  const http = await overHttp((await start()).books, { publicUrl: new URL(PUBLIC), callers });
  const statusWith = async (bearer: string) => (await http.post(ping, { authorization: `Bearer ${bearer}` })).status;
  expect(await statusWith(token)).toBe(200);
  expect(await statusWith(await at.token())).toBe(200);
  expect(await statusWith(`${token}x`)).toBe(401);
});
