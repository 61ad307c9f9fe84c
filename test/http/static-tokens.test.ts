import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Client as ModernClient } from '@modelcontextprotocol/client';
import { callerScopes, type CallerScope } from '../../src/caller-scopes.ts';
import type { Callers } from '../../src/http/callers.ts';
import { makeToken, openStaticTokens, TokensError } from '../../src/http/static-tokens.ts';
import { silent } from '../../src/trace.ts';
import { seed, writesTo } from '../support/books.ts';
import { errorOf, kinds, type Harness, type PersonAnswer } from '../support/harness.ts';
import { overHttp, type OverHttp } from '../support/http.ts';
import { folder } from '../support/program.ts';
import { servers } from '../support/servers.ts';

/** Callers with static tokens, and what they may do. */

const start = servers();
const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
const payment = { customer: 'Bowman Furniture', amount: 5, payment_mode: 'cash', allocate: 'as_credit' };
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const later = '2099-01-01';

/** Writes tokens of these callers into a new file. */
function tokensOf(callers: Readonly<Record<string, readonly CallerScope[]>>, expires = later) {
  const file = join(folder(), 'tokens.json');
  const made = Object.entries(callers).map(([caller, scopes]) => [caller, makeToken(caller, scopes, expires)] as const);
  writeFileSync(file, JSON.stringify({ tokens: made.map(([, { entry }]) => entry) }));
  return { file, tokens: Object.fromEntries(made.map(([caller, { token }]) => [caller, token])) as Record<string, string> };
}

async function guarded(callers: Readonly<Record<string, readonly CallerScope[]>>, options = {}) {
  const server = await start(options);
  const { file, tokens } = tokensOf(callers);
  const http = await overHttp(server.books, { callers: openStaticTokens(file, server.books.log) });
  return { server, http, tokens, file };
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
const statusWith = async (http: OverHttp, authorization: string | undefined) =>
  (await http.post(ping, authorization === undefined ? {} : { authorization })).status;

describe('a request is refused with 401 and a challenge', () => {
  it.each([
    ['without a token', undefined],
    ['with an unknown token', 'Bearer zpm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['with an empty token', 'Bearer '],
    ['with Basic authentication', 'Basic YWxhZGRpbjpvcGVuc2VzYW1l'],
  ])('%s', async (_, authorization) => {
    const { http } = await guarded({ alice: ['payments:read'] });
    const answer = await http.post(ping, authorization === undefined ? {} : { authorization });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });

  it('with the digest of a token, with a token in the address, and with an expired token', async () => {
    const { http, tokens } = await guarded({ alice: ['payments:read'] });
    const { entry } = makeToken('alice', ['payments:read'], later);
    expect(await statusWith(http, `Bearer ${entry.sha256}`)).toBe(401);
    const inAddress = await fetch(`${http.url.href}?access_token=${tokens['alice']}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ping),
    });
    expect(inAddress.status).toBe(401);
    const expired = tokensOf({ alice: ['payments:read'] }, '2020-01-01');
    const old = await overHttp((await start()).books, { callers: openStaticTokens(expired.file, silent) });
    expect(await statusWith(old, `Bearer ${expired.tokens['alice']}`)).toBe(401);
  });
});

describe.each(kinds)('a caller with a static token (%s)', (kind) => {
  it('sees and calls only what its scopes allow', async () => {
    const { server, http, tokens } = await guarded({ reader: ['payments:read'], recorder: ['payments:read', 'payments:write'] });
    const namesFor = async (token: string | undefined) => {
      const { client } = await http.connect({ kind, ...(token && { token }) });
      return new Set((await (client as ModernClient).listTools()).tools.map(({ name }) => name));
    };
    const [reader, recorder] = [await namesFor(tokens['reader']), await namesFor(tokens['recorder'])];
    expect(reader.has('find_payments')).toBe(true);
    expect([...reader].filter((name) => /^(record|refund|create|update|delete|bulk)/.test(name))).toEqual([]);
    expect([...recorder].filter((name) => !reader.has(name)).toSorted()).toEqual([
      'create_customer_payment',
      'record_customer_payment',
      'record_customer_payments',
      'update_custom_fields_in_customer_payment',
      'update_customer_payment',
      'update_customer_payment_using_custom_field',
    ]);
    const { call } = await http.connect({ kind, token: tokens['reader']! });
    expect(errorOf(await call('create_customer_payment_refund', refund))).toMatchObject({
      code: 'scope_missing',
      message: expect.stringContaining('refunds:write'),
    });
    expect(await writesTo(server)).toEqual([]);
    expect((await call('find_payments', { customer: 'Bowman Furniture' })).isError).not.toBe(true);
  });

  it('cannot use the idempotency key, the approval or the question of another caller', async () => {
    const { server, http, tokens } = await guarded(
      { alice: ['payments:read', 'payments:write', 'refunds:write'], bob: ['payments:read', 'payments:write', 'refunds:write'] },
      { confirm: 'ask' },
    );
    const alice = await http.connect({ kind, token: tokens['alice']! });
    const bob = await http.connect({ kind, token: tokens['bob']! });
    const preview = await alice.call('create_customer_payment_refund', refund);
    const approval = preview.structuredContent['approval'];
    const stolen = await bob.call('create_customer_payment_refund', { ...refund, approval });
    expect(errorOf(stolen)).toMatchObject({ code: 'approval_needed', message: expect.stringContaining('not valid') });
    expect(await writesTo(server)).toEqual([]);
    expect((await alice.call('create_customer_payment_refund', { ...refund, approval })).structuredContent['outcome']).toBe('recorded');

    const keyed = { ...payment, idempotency_key: 'monday' };
    expect((await alice.call('record_customer_payment', keyed)).structuredContent).toMatchObject({ outcome: 'recorded' });
    const other = { ...payment, amount: 6, idempotency_key: 'monday' };
    expect((await bob.call('record_customer_payment', other)).structuredContent).toMatchObject({ outcome: 'recorded' });
    expect(errorOf(await alice.call('record_customer_payment', other)).code).toBe('key_reused');
    const [entry] = await server.opened.road.journal.list({ limit: 1 });
    expect(entry?.scope).toBe(`${server.sandbox.organization_id}/token:bob`);
  });
});

it('the answer to a question counts only for the caller who was asked', async () => {
  const scopes = ['payments:read', 'refunds:write'] as const;
  const { server, http, tokens } = await guarded({ alice: scopes, bob: scopes }, { confirm: 'ask' });
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  };
  const send = async (caller: string, more: object) => {
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'create_customer_payment_refund', arguments: refund, ...more, _meta: envelope },
    };
    const answer = await http.post(body, {
      authorization: `Bearer ${tokens[caller]}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'create_customer_payment_refund',
    });
    return ((await answer.json()) as { result: { resultType: string; requestState?: string; structuredContent?: { outcome: string } } })
      .result;
  };
  const asked = await send('alice', {});
  expect(asked.resultType).toBe('input_required');
  const answered = { requestState: asked.requestState, inputResponses: { consent: yes } };
  const stolen = await send('bob', answered);
  expect(stolen.resultType).toBe('input_required');
  expect(await writesTo(server)).toEqual([]);
  expect((await send('alice', answered)).structuredContent?.outcome).toBe('recorded');
});

it('the file is read again when it changes, and a broken change keeps the old tokens', async () => {
  const { server, http, tokens, file } = await guarded({ alice: ['payments:read'] });
  const alice = `Bearer ${tokens['alice']}`;
  writeFileSync(file, '{ "tokens": [');
  expect(await statusWith(http, alice)).toBe(200);
  expect(server.logged.join('')).toContain('the old tokens stay valid');
  const { token, entry } = makeToken('carol', ['payments:read'], later);
  writeFileSync(file, JSON.stringify({ tokens: [entry] }));
  expect(await statusWith(http, alice)).toBe(401);
  expect(await statusWith(http, `Bearer ${token}`)).toBe(200);
});

describe('a file of tokens is refused', () => {
  const { entry } = makeToken('alice', ['payments:read'], later);
  it.each([
    ['without an expiry', { ...entry, expires: undefined }, /expires/],
    ['with an unknown scope', { ...entry, scopes: ['payments:read', 'payments:all'] }, /scopes\.1 must be one of payments:read/],
    ['without scopes', { ...entry, scopes: [] }, /scopes must not be empty/],
    ['with the token instead of its digest', { ...entry, sha256: 'zpm_x' }, /64 hexadecimal digits/],
    ['with an unknown setting', { ...entry, admin: true }, /no setting "admin"/],
    ['with a caller that could forge lines of the log', { ...entry, caller: 'a\nb' }, /caller/],
  ])('%s', (_, changed, why) => {
    const file = join(folder(), 'tokens.json');
    writeFileSync(file, JSON.stringify({ tokens: [changed] }));
    expect(() => openStaticTokens(file, silent)).toThrow(why);
    expect(() => openStaticTokens(file, silent)).toThrow(TokensError);
  });

  it.skipIf(process.platform === 'win32')('if every user can change it, or if it is missing', () => {
    const { file } = tokensOf({ alice: ['payments:read'] });
    chmodSync(file, 0o646);
    expect(() => openStaticTokens(file, silent)).toThrow(/chmod o-w/);
    expect(() => openStaticTokens(`${file}.x`, silent)).toThrow(/ENOENT/);
  });
});

it('a request that its client gave up does not count as open any more', async () => {
  const server = await start();
  const { file, tokens } = tokensOf({ alice: ['payments:read'] });
  // The issuer of real tokens may answer slowly.
  const slow = openStaticTokens(file, silent);
  const callers: Callers = {
    verifier: (resource) => ({
      async verifyAccessToken(token) {
        await sleep(100);
        return await slow.verifier(resource).verifyAccessToken(token);
      },
    }),
  };
  const rates = { caller: { perMinute: 100, open: 1 }, address: { perMinute: 100, open: 100 } };
  const http = await overHttp(server.books, { callers, rates });
  const authorization = `Bearer ${tokens['alice']}`;
  const gone = new AbortController();
  const body = JSON.stringify(ping);
  const left = fetch(http.url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body,
    signal: gone.signal,
  });
  await sleep(30);
  gone.abort();
  await expect(left).rejects.toThrow();
  await sleep(150);
  expect(await statusWith(http, authorization)).toBe(200);
  await http.door.drained();
});

it('the token reaches neither the log nor Zoho nor the journal', async () => {
  const { server, http, tokens } = await guarded({ alice: [...callerScopes] });
  const { call } = await http.connect({ token: tokens['alice']! });
  await call('record_customer_payment', payment);
  const secret = tokens['alice']!;
  expect(server.logged.join('\n')).not.toContain(secret);
  expect(server.logged.some((line) => line.includes('"caller":"token:alice"') && line.includes('"request_id"'))).toBe(true);
  expect(JSON.stringify(await writesTo(server))).not.toContain(secret);
  expect(JSON.stringify(await journaled(server))).not.toContain(secret);
});

const journaled = ({ opened }: Harness) => opened.road.journal.list({ limit: 10 });
