import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openWire, sandboxTarget, type Target, type Wire, type WireOptions } from '../../src/cli/zoho-connection.ts';
import { toRequest, type WriteTool } from '../../src/endpoint.ts';
import { getContact } from '../../src/endpoints/lookups/get-contact.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { deleteCustomerPayment } from '../../src/endpoints/payments/delete-customer-payment.ts';
import { getCustomerPayment } from '../../src/endpoints/payments/get-customer-payment.ts';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { AccessError, BusyError, PaymentsError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import { errorFacts } from '../../src/mcp/results.ts';
import { silent } from '../../src/trace.ts';
import type { Credentials } from '../../src/zoho/access-token.ts';
import type { Zoho } from '../../src/zoho/client.ts';
import { dataCenter, dataCenterNames } from '../../src/zoho/data-centers.ts';
import { createHttp } from '../../src/zoho/http.ts';
import { requestTokens, revoke } from '../../src/zoho/oauth.ts';
import { held, release } from '../support/books.ts';
import { closedPort } from '../support/closed-port.ts';
import { closers } from '../support/closers.ts';
import { recordedZoho, recordings } from '../support/recorded.ts';
import { startSandbox, type SandboxOptions } from '../support/sandbox.ts';
import { anyEdge, errorLines, nextOf } from '../support/worded.ts';

/** src/zoho alone over real HTTP: to the sandbox with faults, or to small servers for faults that the sandbox cannot make. */

interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly status: number | null;
  /** Ids of the records that the request changed. */
  readonly applied: readonly string[];
}

interface Tried extends Pick<Wire, 'zoho' | 'tokens'> {
  /** Makes the sandbox fail. */
  fault(fault: Json): Promise<void>;
  /** The requests that the sandbox received: `GET`, `POST`, …, or `token` for requests for an access token. */
  arrived(what: string): Promise<Arrived[]>;
  /** Releases held requests. */
  release(): Promise<void>;
  /** Revokes a token in the sandbox. */
  revoke(token: string): Promise<void>;
}

/** Addresses default to the sandbox's. */
interface Options extends Pick<WireOptions, 'http' | 'retryDelayMs' | 'now'>, Partial<Pick<Target, 'accountsUrl' | 'apiBaseUrl'>> {
  readonly sandbox?: SandboxOptions;
  readonly credentials?: Partial<Credentials>;
}

async function wire({ sandbox: sandboxOptions, credentials, accountsUrl, apiBaseUrl, ...options }: Options = {}): Promise<Tried> {
  const sandbox = await startSandbox({ ...sandboxOptions, limits: { concurrent: 1000, per_minute: 100_000, ...sandboxOptions?.limits } });
  const target = sandboxTarget(sandbox, 'nowhere');
  const { zoho, tokens, close } = await openWire({
    retryDelayMs: 5,
    ...options,
    target: async () => ({
      ...target,
      ...(accountsUrl !== undefined && { accountsUrl }),
      ...(apiBaseUrl !== undefined && { apiBaseUrl }),
      credentials: async () => ({ ...(await target.credentials()), ...credentials }),
    }),
    limits: { perMinute: 100_000, concurrent: 1000, pauseMs: options.retryDelayMs ?? 5 },
    shared: 'memory',
    log: silent,
  });
  closers.push(() => sandbox.close(), close);
  const control = async (path: string, init?: RequestInit) => (await (await fetch(`${sandbox.url}/__sandbox${path}`, init)).json()) as Json;
  return {
    zoho,
    tokens,
    fault: async (fault) => expect(await control('/faults', { method: 'POST', body: JSON.stringify(fault) })).toHaveProperty('faults'),
    arrived: async (what) => {
      const { requests } = (await control('/requests')) as { requests: Arrived[] };
      return requests.filter(({ method, path }) =>
        what === 'token' ? path === '/oauth/v2/token' : method === what && path.startsWith('/books/v3/'),
      );
    },
    release: () => release(sandbox),
    revoke: async (token) => {
      const response = await fetch(`${sandbox.accounts_url}/oauth/v2/token/revoke?token=${token}`, { method: 'POST' });
      expect(response.status).toBe(200);
    },
  };
}

/** A server for one test, closed after it. */
async function serving(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

/** A server to which no TLS connection succeeds, because it never answers. */
async function unconnectable(): Promise<{ url: string; isAsked(): Promise<unknown> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isAsked: () => expect.poll(() => sockets.size).toBeGreaterThan(0),
  };
}

const ACCESS_TOKEN = `1000.${'a1'.repeat(16)}.${'b2'.repeat(16)}`;

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
}

function isTokenRequest(request: IncomingMessage): boolean {
  return request.url?.startsWith('/oauth/v2/token') === true;
}

function giveToken(response: ServerResponse): void {
  sendJson(response, 200, { access_token: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 3600 });
}

async function failureOf(work: Promise<unknown>): Promise<PaymentsError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (!(error instanceof PaymentsError)) throw error;
  return error;
}

const PAYMENT = '9030000079467';
const CUSTOMER = '903000000000099';
const payment = { customer_id: CUSTOMER, payment_mode: 'cash', amount: 12.5, date: '2026-06-05' };
const creation = toRequest(createCustomerPayment, payment, { not_checked: [] });

/** Matches the write only; token requests are POSTs too. */
const posts = { method: 'POST', path: '/customerpayments' };

const list = (zoho: Zoho) => zoho.read(listCustomerPayments, { per_page: 1 });

/** A write with the reads before it. */
async function write(endpoint: WriteTool, input: Json, zoho: Zoho, signal?: AbortSignal): Promise<Json> {
  const facts = await endpoint.safety.preflight(input, zoho.until(signal));
  signal?.throwIfAborted();
  return await zoho.send(toRequest(endpoint, input, facts));
}
const create = (zoho: Zoho, signal?: AbortSignal) => write(createCustomerPayment, payment, zoho, signal);

describe('an access token', () => {
  it('is requested once for fifty calls that start at the same time', async () => {
    const { zoho, arrived } = await wire();
    await Promise.all(Array.from({ length: 50 }, () => list(zoho)));
    expect(await arrived('GET')).toHaveLength(50);
    expect(await arrived('token')).toHaveLength(1);
  });

  it('is used for all calls until one minute before it expires', async () => {
    let now = 0;
    const { tokens, arrived } = await wire({ now: () => now });
    const first = await tokens.get();
    now = 3_600_000 - 60_001;
    expect(await tokens.get()).toBe(first);
    now = 3_600_000 - 60_000;
    expect(await tokens.get()).not.toBe(first);
    expect(await arrived('token')).toHaveLength(2);
  });

  it('is used as long as Zoho allows, if this time is short', async () => {
    let now = 0;
    const { tokens } = await wire({ now: () => now, sandbox: { limits: { access_token_seconds: 120 } } });
    const first = await tokens.get();
    now = 59_000;
    expect(await tokens.get()).toBe(first);
    now = 60_000;
    expect(await tokens.get()).not.toBe(first);
  });

  it("is sent in Zoho's own form of the header, and every call names the organization", async () => {
    const seen: (string | undefined)[] = [];
    const { url } = await serving((request, response) => {
      if (isTokenRequest(request)) return giveToken(response);
      seen.push(request.headers.authorization);
      return sendJson(response, 200, { code: 0, payments: [] });
    });
    await list((await wire({ accountsUrl: url, apiBaseUrl: `${url}/books/v3` })).zoho);
    expect(seen).toEqual([`Zoho-oauthtoken ${ACCESS_TOKEN}`]);

    const { zoho, arrived } = await wire();
    await create(zoho);
    await zoho.document(getCustomerPayment, { payment_id: PAYMENT }, 'pdf');
    await write(deleteCustomerPayment, { payment_id: (await list(zoho)).customerpayments?.[0]?.payment_id }, zoho);
    const calls = [...(await arrived('GET')), ...(await arrived('POST')), ...(await arrived('DELETE'))];
    expect(calls.map(({ method }) => method)).toEqual(expect.arrayContaining(['GET', 'POST', 'DELETE']));
    for (const { query, headers } of calls) {
      expect(query['organization_id']).toMatch(/^\d+$/);
      expect(headers['authorization']).toBe('Zoho-oauthtoken ***');
    }
  });

  it.each([
    [
      'invalid_code (HTTP 200)',
      { refreshToken: `1000.${'0'.repeat(32)}.${'0'.repeat(32)}` },
      {},
      AccessError,
      'invalid_refresh_token',
      'ZOHO_REFRESH_TOKEN',
    ],
    ['invalid_client (HTTP 200)', { clientId: '1000.NOBODY' }, {}, AccessError, 'invalid_client', 'ZOHO_DATA_CENTER'],
    ['invalid_client_secret (HTTP 200)', { clientSecret: 'wrong' }, {}, AccessError, 'invalid_client_secret', 'ZOHO_CLIENT_SECRET'],
    ['Access Denied (HTTP 400)', {}, { access_tokens: 0 }, BusyError, 'token_throttled', 'Make the same call again after'],
  ] as const)('is requested once after %s, and the error says who must act', async (_title, credentials, limits, type, code, hint) => {
    const { zoho, arrived } = await wire({ credentials, sandbox: { limits } });
    const error = await failureOf(list(zoho));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, changed: 'no' });
    expect(nextOf(error)).toContain(hint);
    expect(await arrived('token')).toHaveLength(1);
    expect(await arrived('GET')).toHaveLength(0);
  });

  it('counts as refused if the answer contains none, also with HTTP 200', async () => {
    for (const [status, body] of [
      [200, { error: 'general_error' }],
      [200, { access_token: '' }],
      [200, {}],
      [400, { error: { toString: 1 } }],
    ] as const) {
      const { url } = await serving((_request, response) => sendJson(response, status, body));
      const { zoho } = await wire({ accountsUrl: url });
      expect(await failureOf(list(zoho))).toMatchObject({ code: 'token_refused', changed: 'no' });
    }
  });

  it.each([
    ['drop_before', {}],
    ['html', { status: 503 }],
    ['truncate', {}],
    ['status', { status: 500 }],
  ])('cannot be requested if the accounts server fails (%s): a read is retried and a write is not sent', async (fault, more) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: { path: '/oauth/' }, fault, ...more });
    await list(zoho);
    expect(await arrived('token')).toHaveLength(2);

    const other = await wire();
    await other.fault({ match: { path: '/oauth/' }, fault, ...more, times: 9 });
    const error = await failureOf(other.zoho.send(creation));
    expect(error).toBeInstanceOf(BusyError);
    expect(error).toMatchObject({ code: 'accounts_unavailable', changed: 'no' });
    expect(await other.arrived('POST')).toHaveLength(0);
  });

  it('is renewed once for a read if it was revoked', async () => {
    const { zoho, tokens, arrived, revoke } = await wire();
    const first = await tokens.get();
    await list(zoho);
    await revoke(first);
    await Promise.all([list(zoho), list(zoho), list(zoho)]);
    expect(await arrived('token')).toHaveLength(2);
    expect((await arrived('GET')).map(({ status }) => status).filter((status) => status === 200)).toHaveLength(4);
  });

  it('is not renewed again for a read after a second 401', async () => {
    const { zoho, arrived, fault } = await wire();
    await fault({ match: { method: 'GET' }, fault: 'unauthorized', times: 99 });
    expect(await failureOf(list(zoho))).toMatchObject({ code: 'access_token_rejected', changed: 'no', zoho: { code: 14 } });
    expect(await arrived('GET')).toHaveLength(2);
  });

  it('with a missing scope does not use up the ten tokens of ten minutes', async () => {
    const { zoho, arrived } = await wire({ sandbox: { scopes: ['ZohoBooks.customerpayments.READ'] } });
    for (let i = 0; i < 15; i += 1) {
      const error = await failureOf(zoho.read(getContact, { contact_id: CUSTOMER }));
      expect(error).toMatchObject({ code: 'scope_missing', next: [{ say: expect.stringContaining('ZohoBooks.contacts.READ') as string }] });
      expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'scope_missing', changed: 'no' });
      await list(zoho);
    }
    // The first 57 may also mean a revoked token, so each of the two scopes costs one more token request.
    expect((await arrived('token')).length).toBeLessThanOrEqual(3);
  });

  it('is renewed once for a read if it was revoked and Zoho answers with 57', async () => {
    const { zoho, arrived, fault } = await wire();
    await fault({ match: { method: 'GET' }, fault: 'unauthorized', code: 57 });
    await list(zoho);
    expect(await arrived('token')).toHaveLength(2);
  });
});

const passing = [
  ['the connection ends before Zoho reads the request', { fault: 'drop_before' }, 'zoho_unavailable'],
  ['the connection ends before the answer', { fault: 'drop_after' }, 'zoho_unavailable'],
  ['HTTP 500 from Zoho', { fault: 'status', status: 500 }, 'zoho_unavailable'],
  ['HTTP 503 from Zoho', { fault: 'status', status: 503, code: 0 }, 'zoho_unavailable'],
  ['an HTML page with 502', { fault: 'html', status: 502 }, 'zoho_unavailable'],
  ['an HTML page with 200', { fault: 'html', status: 200 }, 'zoho_unavailable'],
  ['an incomplete answer', { fault: 'truncate' }, 'zoho_unavailable'],
  ['an answer that is not JSON', { fault: 'malformed' }, 'zoho_unavailable'],
  ["the minute's limit (429/44)", { fault: 'rate_limit', code: 44 }, 'minute_limit'],
  ['too many calls at the same time (429/1070)', { fault: 'rate_limit', code: 1070 }, 'concurrency_limit'],
] as const;

describe('a read', () => {
  it.each(passing)('is retried after: %s', async (_title, fault, code) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: { method: 'GET' }, ...fault, times: 2 });
    expect((await list(zoho)).customerpayments).toHaveLength(1);
    expect(await arrived('GET')).toHaveLength(3);

    await misbehave({ match: { method: 'GET' }, ...fault, times: 99 });
    const error = await failureOf(list(zoho));
    expect(error).toBeInstanceOf(BusyError);
    expect(error).toMatchObject({ code, changed: 'no' });
    expect(await arrived('GET')).toHaveLength(6);
  });

  it.each([
    ["the day's limit (429/45)", { fault: 'rate_limit', code: 45 }, 'day_limit'],
    ['an invalid value (400/2)', { fault: 'status', status: 400, code: 2, message: 'Invalid value passed for page' }, 'invalid_value'],
    ["another's organization (400/6041)", { fault: 'status', status: 400, code: 6041 }, 'wrong_organization'],
    ['a record that does not exist (404/1002)', { fault: 'status', status: 404, code: 1002 }, 'not_found'],
  ])('is not retried after: %s', async (_title, fault, code) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: { method: 'GET' }, ...fault, times: 99 });
    expect(await failureOf(list(zoho))).toMatchObject({ code, changed: 'no' });
    expect(await arrived('GET')).toHaveLength(1);
  });
});

describe('a receipt', () => {
  it.each(['application/pdf', 'application/octet-stream', 'application/octet-stream;charset=UTF-8'])(
    'that Zoho sends as %s is a PDF',
    async (type) => {
      const { url } = await serving((request, response) => {
        if (isTokenRequest(request)) return giveToken(response);
        return response.writeHead(200, { 'content-type': type }).end('%PDF-1.4 …');
      });
      const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url });
      const { bytes, mimeType } = await zoho.document(getCustomerPayment, { payment_id: PAYMENT }, 'pdf');
      expect([bytes.toString(), mimeType]).toEqual(['%PDF-1.4 …', 'application/pdf']);
    },
  );
});

describe('a write', () => {
  const lost = passing.filter(([, { fault }]) => fault !== 'rate_limit').map(([title, fault]): [string, Json] => [title, fault]);
  const twice = lost
    .filter(([, fault]) => !String(fault['fault']).startsWith('drop'))
    .map(([title, fault]): [string, Json] => [`${title}, and the change was made`, { ...fault, after: true }]);

  it.each([...lost, ...twice])('is sent only once after a fault (%s), and its outcome is unknown', async (_title, fault) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: posts, ...fault, times: 99 });
    expect(await failureOf(create(zoho))).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    const sent = await arrived('POST');
    expect(sent).toHaveLength(1);
    expect(sent[0]?.applied).toHaveLength('after' in fault || fault['fault'] === 'drop_after' ? 1 : 0);
  });

  it.each([
    [
      '400/24016',
      { fault: 'status', status: 400, code: 24016, message: 'The amount entered is more than the balance due for the selected invoices.' },
      'more_than_balance',
    ],
    ['404/5', { fault: 'status', status: 404, code: 5 }, 'not_found'],
    ['401/14', { fault: 'unauthorized' }, 'access_token_rejected'],
    ['401/57', { fault: 'unauthorized', code: 57 }, 'scope_missing'],
    ['429/44', { fault: 'rate_limit', code: 44 }, 'minute_limit'],
    ['429/45', { fault: 'rate_limit', code: 45 }, 'day_limit'],
    ['429/1070', { fault: 'rate_limit', code: 1070 }, 'concurrency_limit'],
  ])('that Zoho refuses with its own JSON (%s) changes nothing', async (_title, fault, code) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: posts, ...fault, times: 99 });
    expect(await failureOf(create(zoho))).toMatchObject({ code, changed: 'no' });
    const sent = await arrived('POST');
    // If Zoho itself refuses the token or for a rate limit, it did nothing: then the write may be sent again, a few times.
    const mayPass = ['access_token_rejected', 'scope_missing', 'minute_limit', 'concurrency_limit'].includes(code);
    expect(sent.length).toBeLessThanOrEqual(mayPass ? 3 : 1);
    expect(sent.flatMap(({ applied }) => applied)).toEqual([]);
  });

  it.each([
    ['401/14', { fault: 'unauthorized' }, 2],
    ['429/44', { fault: 'rate_limit', code: 44 }, 1],
    ['429/1070', { fault: 'rate_limit', code: 1070 }, 1],
  ])('that Zoho refused once (%s) is sent again and recorded once', async (_title, fault, tokens) => {
    const { zoho, arrived, fault: misbehave } = await wire();
    await misbehave({ match: posts, ...fault, times: 1 });
    await create(zoho);
    expect((await arrived('POST')).map(({ applied }) => applied.length)).toEqual([0, 1]);
    expect(await arrived('token')).toHaveLength(tokens);
  });

  it('that is delayed too long between the note and the sending is never sent', async () => {
    const { zoho, arrived } = await wire();
    await list(zoho);
    expect(await failureOf(zoho.send(creation, { fenceMs: -1 }))).toMatchObject({
      changed: 'no',
      message: expect.stringContaining('this process was delayed too long before it could send the request') as string,
    });
    expect(await arrived('POST')).toEqual([]);
  });

  it("whose answer is not Zoho's own JSON has an unknown outcome", async () => {
    for (const [status, body] of [
      [200, { status: 'ok' }],
      [201, {}],
      [200, { code: '' }],
      [200, { code: [] }],
      [200, { code: false }],
      [403, { error: 'blocked by policy' }],
      [408, {}],
      [429, { message: 'slow down' }],
      [400, []],
      [302, {}],
      [504, { code: 0 }],
    ] as const) {
      let posts = 0;
      const { url } = await serving((request, response) => {
        if (isTokenRequest(request)) return giveToken(response);
        posts += 1;
        return sendJson(response, status, body);
      });
      const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url });
      expect(await failureOf(zoho.send(creation)), `HTTP ${status}`).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
      expect(posts).toBe(1);
    }
  });

  it('whose answer is a document has an unknown outcome, with every status', async () => {
    for (const type of ['application/pdf', 'application/octet-stream']) {
      const { url } = await serving((request, response) => {
        if (isTokenRequest(request)) return giveToken(response);
        return response.writeHead(200, { 'content-type': type }).end('%PDF-1.4 …');
      });
      const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url });
      expect(await failureOf(zoho.send(creation)), type).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    }
  });

  it('without a connection changes nothing', async () => {
    const { zoho } = await wire({ apiBaseUrl: `http://127.0.0.1:${await closedPort()}` });
    const error = await failureOf(zoho.send(creation));
    expect(error).toBeInstanceOf(BusyError);
    expect(error).toMatchObject({ code: 'zoho_unreachable', changed: 'no', message: expect.stringContaining('ECONNREFUSED') as string });
  });

  it('whose TLS handshake fails changes nothing', async () => {
    let requests = 0;
    const { url } = await serving((_request, response) => {
      requests += 1;
      response.end();
    });
    const { zoho } = await wire({ apiBaseUrl: url.replace('http:', 'https:') });
    expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'zoho_unreachable', changed: 'no' });
    expect(requests).toBe(0);
  });

  it('whose connection ends at once may have arrived: the outcome is unknown', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { zoho } = await wire({ apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
  });

  it('whose answer makes no sense always ends in a PaymentsError', async () => {
    const bodies = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom('code', 'message', 'payment', '__proto__', 'toString'), fc.jsonValue()),
    );
    let answer: readonly [number, unknown] = [200, {}];
    const { url } = await serving((request, response) => (isTokenRequest(request) ? giveToken(response) : sendJson(response, ...answer)));
    const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 201, 400, 401, 404, 429, 500), bodies, async (status, body) => {
        answer = [status, body];
        for (const call of [() => zoho.send(creation), () => list(zoho)]) {
          const error: unknown = await call().catch((error: unknown) => error);
          if (error instanceof Error) expect(error).toBeInstanceOf(PaymentsError);
        }
      }),
      {
        numRuns: 100,
        examples: [
          [200, { code: { toString: null } }],
          [400, { code: { toString: null } }],
        ],
      },
    );
  });

  it('after a senseless answer of the accounts server also ends in a PaymentsError', async () => {
    const bodies = fc.dictionary(
      fc.constantFrom('access_token', 'expires_in', 'error', 'error_description', 'scope', 'status'),
      fc.oneof(fc.jsonValue(), fc.constant('text')),
    );
    let answer: readonly [number, unknown] = [200, {}];
    const { url } = await serving((_, response) => sendJson(response, ...answer));
    const http = createHttp();
    closers.push(() => http.close());
    const client = { clientId: 'id', clientSecret: 'secret' };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 400, 500), bodies, async (status, body) => {
        answer = [status, body];
        for (const call of [
          () => requestTokens(http, url, client, { kind: 'refresh', refreshToken: 'token' }),
          () => revoke(http, url, 'token'),
        ]) {
          const error: unknown = await call().catch((error: unknown) => error);
          if (error instanceof Error) expect(error).toBeInstanceOf(PaymentsError);
        }
      }),
      {
        numRuns: 200,
        examples: [
          [200, { access_token: 'a', expires_in: { toString: null } }],
          [400, { error: { toString: null } }],
        ],
      },
    );
  });
});

describe('the limit', () => {
  /** Sends an endless answer. */
  async function endless() {
    const sent = { bytes: 0, requests: 0, open: 0 };
    const chunk = Buffer.alloc(64 * 1024, ' ');
    const { url } = await serving((request, response) => {
      if (isTokenRequest(request)) return giveToken(response);
      sent.requests += 1;
      sent.open += 1;
      response.on('close', () => (sent.open -= 1));
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = () => {
        while (!response.destroyed && response.write(chunk)) sent.bytes += chunk.length;
      };
      response.on('drain', more);
      return more();
    });
    return { url, sent };
  }

  it('of size: a body that is too large is an error, and the rest is not read', async () => {
    const { url, sent } = await endless();
    const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url, http: { maxResponseBytes: 256 * 1024 } });
    const before = process.memoryUsage();
    expect(await failureOf(list(zoho))).toMatchObject({ message: expect.stringContaining('too large') as string, changed: 'no' });
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32 * 1024 * 1024);
    // The kernel's buffers also hold data, which we cannot control.
    expect(sent.bytes / sent.requests).toBeLessThan(16 * 1024 * 1024);
    await expect.poll(() => sent.open).toBe(0);
  });

  it('of size: an answer to a write that is too large leaves the outcome unknown', async () => {
    const { url, sent } = await endless();
    const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url, http: { maxResponseBytes: 256 * 1024 } });
    expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(sent.requests).toBe(1);
  });

  it('of size: a body that has exactly this size is read', async () => {
    const body = JSON.stringify({ code: 0, message: 'x'.repeat(1000) });
    const { url } = await serving((request, response) => {
      if (isTokenRequest(request)) return giveToken(response);
      return response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    });
    for (const [maxResponseBytes, fits] of [
      [body.length, true],
      [body.length - 1, false],
    ] as const) {
      const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url, http: { maxResponseBytes } });
      const outcome = await zoho.send(creation).then(
        () => true,
        () => false,
      );
      expect(outcome).toBe(fits);
    }
  });

  it('of time: a timeout ends a read, and leaves the outcome of a write unknown', async () => {
    const { zoho, arrived, fault, release } = await wire({ http: { timeoutMs: 1000 } });
    await list(zoho);
    await fault({ match: { method: 'GET', path: '/customerpayments' }, ...held, times: 99 });
    expect(await failureOf(list(zoho))).toMatchObject({
      code: 'zoho_unavailable',
      message: expect.stringContaining('no answer within 1 s') as string,
    });

    await fault({ match: posts, ...held });
    expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    await expect.poll(() => arrived('POST')).toHaveLength(1);
    await release();
    await expect.poll(async () => (await arrived('POST'))[0]?.applied.length).toBe(1);
  });

  it('of time: a timeout ends an endless answer', async () => {
    const { url } = await serving((request, response) => {
      if (isTokenRequest(request)) return giveToken(response);
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 10);
      return response.on('close', () => clearInterval(drip));
    });
    const { zoho } = await wire({ accountsUrl: url, apiBaseUrl: url, http: { timeoutMs: 1000 } });
    expect(await failureOf(zoho.send(creation))).toMatchObject({ code: 'outcome_unknown' });
  });
});

/** Waits until a request has arrived. */
const waiting = (arrived: Tried['arrived'], what: string): Promise<unknown> => expect.poll(() => arrived(what)).not.toEqual([]);

describe('a cancel from the client', () => {
  const cancelled = new Error('cancelled by the client');

  /** Runs a call, cancels it when it waits, and returns its result or error. */
  async function cancelOnce(waits: () => Promise<unknown>, run: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
    const controller = new AbortController();
    const running = run(controller.signal).catch((error: unknown) => error);
    await waits();
    controller.abort(cancelled);
    return await running;
  }

  it.each([
    ['waits for its answer', 'GET', { match: { method: 'GET' }, ...held }],
    ['waits for a retry', 'GET', { match: { method: 'GET' }, fault: 'status', times: 99 }],
    ['waits for a token', 'token', { match: { path: '/oauth/' }, ...held }],
  ])('stops a read while it %s', async (_title, what, fault) => {
    const { zoho, arrived, fault: misbehave } = await wire({ retryDelayMs: 600_000 });
    await misbehave(fault);
    expect(
      await cancelOnce(
        () => waiting(arrived, what),
        (signal) => list(zoho.until(signal)),
      ),
    ).toBe(cancelled);
  });

  it('stops a read while it connects', async () => {
    const nowhere = await unconnectable();
    const { zoho } = await wire({ apiBaseUrl: nowhere.url });
    expect(await cancelOnce(nowhere.isAsked, (signal) => list(zoho.until(signal)))).toBe(cancelled);
  });

  it('does not stop other calls that wait for the same access token', async () => {
    const { zoho, arrived, fault, release } = await wire();
    await fault({ match: { path: '/oauth/' }, ...held });
    const other = list(zoho);
    expect(
      await cancelOnce(
        () => waiting(arrived, 'token'),
        (signal) => list(zoho.until(signal)),
      ),
    ).toBe(cancelled);
    await release();
    expect((await other).customerpayments).toHaveLength(1);
    expect(await arrived('GET')).toHaveLength(1);
    expect(await arrived('token')).toHaveLength(1);
  });

  it.each([
    ['makes its reads', 'GET', { match: { method: 'GET' }, ...held }],
    ['waits for its first token', 'token', { match: { path: '/oauth/' }, ...held }],
  ])('stops a write while it still %s', async (_title, what, fault) => {
    const { zoho, arrived, release, fault: misbehave } = await wire();
    await misbehave(fault);
    expect(
      await cancelOnce(
        () => waiting(arrived, what),
        (signal) => create(zoho, signal),
      ),
    ).toBe(cancelled);
    await release();
    await sleep(250);
    expect(await arrived('POST')).toHaveLength(0);
  });

  it('does not stop a write that was sent', async () => {
    const { zoho, arrived, fault, release } = await wire();
    await fault({ match: posts, ...held });
    const outcome = cancelOnce(
      () => waiting(arrived, 'POST'),
      (signal) => create(zoho.until(signal), signal),
    );
    await waiting(arrived, 'POST');
    await sleep(50);
    await release();
    expect(await outcome).toMatchObject({ payment: { amount: 12.5 } });
    const [sent] = await arrived('POST');
    expect(sent?.applied).toHaveLength(1);
    const { payment: found } = await zoho.read(getCustomerPayment, { payment_id: sent?.applied[0] ?? '' });
    expect(found?.amount).toBe(12.5);
  });
});

describe('the deadline of a write', () => {
  const reason = new BusyError('too late', { code: 'took_too_long', next: 'Again.' });
  function endingOnce(waits: () => Promise<unknown>): AbortSignal {
    const controller = new AbortController();
    void waits().then(() => controller.abort(reason));
    return controller.signal;
  }

  it('passes during the wait for a token: the write is not sent, and `send` throws the reason', async () => {
    const { zoho, arrived, fault } = await wire();
    await fault({ match: { path: '/oauth/' }, ...held });
    let noted = 0;
    const deadline = endingOnce(() => waiting(arrived, 'token'));
    expect(await failureOf(zoho.send(creation, { deadline, note: async () => void (noted += 1) }))).toBe(reason);
    expect([noted, await arrived('POST')]).toEqual([0, []]);
  });

  it('passes during the note or while the server connects: the write is not sent', async () => {
    const { zoho, arrived } = await wire();
    const ending = new AbortController();
    const note = async () => ending.abort(reason);
    expect(await failureOf(zoho.send(creation, { deadline: ending.signal, note }))).toMatchObject({ changed: 'no' });
    expect(await arrived('POST')).toEqual([]);
    const nowhere = await unconnectable();
    const { zoho: away } = await wire({ apiBaseUrl: nowhere.url });
    expect(await failureOf(away.send(creation, { deadline: endingOnce(nowhere.isAsked) }))).toMatchObject({
      code: 'zoho_unreachable',
      changed: 'no',
    });
  });

  it('passes during the wait for the answer: the outcome is unknown', async () => {
    const { zoho, arrived, fault, release } = await wire();
    await fault({ match: posts, ...held });
    const deadline = endingOnce(() => waiting(arrived, 'POST'));
    expect(await failureOf(zoho.send(creation, { deadline }))).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    await release();
    await expect.poll(async () => (await arrived('POST'))[0]?.applied.length).toBe(1);
  });
});

describe('with a proxy', () => {
  /** A forward proxy as in offices. It resolves every name to `port` of this machine. */
  async function proxy(port: number, { password }: { password?: string } = {}) {
    const connects: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((_request, response) => response.writeHead(501).end());
    server.on('connect', (request: IncomingMessage, near: Socket) => {
      connects.push(request.url ?? '');
      if (
        password !== undefined &&
        request.headers['proxy-authorization'] !== `Basic ${Buffer.from(`clerk:${password}`).toString('base64')}`
      ) {
        near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      const far = connect(port, '127.0.0.1', () => {
        near.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()) as Socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    });
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, connects };
  }

  /** Names that only the proxy can resolve: `.invalid` is never in DNS. */
  const away = { accountsUrl: 'http://accounts.zoho.invalid', apiBaseUrl: 'http://books.zoho.invalid/books/v3' };

  async function recorded() {
    const zoho = await recordedZoho(recordings['as recorded live']);
    closers.push(() => zoho.close());
    return { calls: zoho.calls, port: Number(new URL(zoho.accountsUrl).port) };
  }

  it('calls use HTTP_PROXY', async () => {
    const { calls, port } = await recorded();
    const { host, connects } = await proxy(port);
    const { zoho } = await wire({ ...away, http: { proxy: { http: `http://${host}` } } });
    expect((await list(zoho)).customerpayments).toHaveLength(1);
    expect(new Set(connects)).toEqual(new Set(['accounts.zoho.invalid:80', 'books.zoho.invalid:80']));
    expect(calls).toEqual(['POST /oauth/v2/token', 'GET /customerpayments']);
  });

  it('calls to Zoho use HTTPS_PROXY, and a call that the proxy refuses was not sent', async () => {
    const { host, connects } = await proxy(await closedPort(), { password: 'right' });
    const { apiBaseUrl } = dataCenter('eu');
    const { zoho } = await wire({ apiBaseUrl, http: { proxy: { https: `http://clerk:wrong@${host}` } } });
    const error = await failureOf(zoho.send(creation));
    expect(error).toMatchObject({ code: 'proxy_refused', changed: 'no' });
    expect(connects).toEqual(['www.zohoapis.eu:443']);
    expect(allTextOf(error)).not.toContain('wrong');
  });

  it("calls send the proxy's password", async () => {
    const { port } = await recorded();
    const { host } = await proxy(port, { password: 'right' });
    const { zoho } = await wire({ ...away, http: { proxy: { http: `http://clerk:right@${host}` } } });
    expect((await list(zoho)).customerpayments).toHaveLength(1);
  });

  it.each([['zoho.invalid'], ['.zoho.invalid'], ['other.example, zoho.invalid'], ['*'], ['other.example,*']])(
    'calls to hosts in NO_PROXY=%s do not use the proxy',
    async (no) => {
      const { host, connects } = await proxy(await closedPort());
      const { zoho } = await wire({ ...away, http: { proxy: { http: `http://${host}`, no } } });
      const http = createHttp({ proxy: { http: `http://${host}`, no } });
      closers.push(() => http.close());
      await expect(http.exchange({ method: 'GET', url: new URL(away.apiBaseUrl), headers: {} })).rejects.toMatchObject({ sent: false });
      expect(await failureOf(zoho.send(creation))).toMatchObject({ changed: 'no' });
      expect(connects).toEqual([]);
    },
  );

  it.each(['127.0.0.1', 'localhost'])('calls to %s never use the proxy', async (name) => {
    const { calls, port } = await recorded();
    const { host, connects } = await proxy(port);
    const at = `http://${name}:${port}`;
    const { zoho } = await wire({
      accountsUrl: at,
      apiBaseUrl: `${at}/books/v3`,
      http: { proxy: { http: `http://${host}`, https: `http://${host}`, no: 'other.example' } },
    });
    await list(zoho);
    expect(calls).toHaveLength(2);
    expect(connects).toEqual([]);
  });
});

describe('the addresses of the data centers', () => {
  // Zoho Books API introduction and Zoho's multi-DC page.
  const known = {
    us: ['accounts.zoho.com', 'www.zohoapis.com'],
    eu: ['accounts.zoho.eu', 'www.zohoapis.eu'],
    in: ['accounts.zoho.in', 'www.zohoapis.in'],
    au: ['accounts.zoho.com.au', 'www.zohoapis.com.au'],
    jp: ['accounts.zoho.jp', 'www.zohoapis.jp'],
    ca: ['accounts.zohocloud.ca', 'www.zohoapis.ca'],
    cn: ['accounts.zoho.com.cn', 'www.zohoapis.com.cn'],
    sa: ['accounts.zoho.sa', 'www.zohoapis.sa'],
  } as const;

  it('are those of the eight data centers of the Books API', () => {
    expect(dataCenterNames.toSorted()).toEqual(Object.keys(known).toSorted());
  });

  it.each(Object.entries(known))('are the documented addresses: %s', (name, [accounts, api]) => {
    expect(dataCenter(name as keyof typeof known)).toEqual({ accountsUrl: `https://${accounts}`, apiBaseUrl: `https://${api}/books/v3` });
  });
});

/** All texts of an error and its causes that a model or a log could show. */
function allTextOf(error: unknown): string {
  const texts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause) {
    texts.push(String(each), each.stack ?? '');
    if (each instanceof PaymentsError) texts.push(errorLines(each), JSON.stringify(errorFacts(each, anyEdge)));
  }
  return texts.join('\n');
}

describe('secrets', () => {
  it('appear in no error, even if a server repeats them', async () => {
    const secrets = {
      clientSecret: 'c0ffee5ec2e7c0ffee5ec2e7',
      refreshToken: `1000.${'d3'.repeat(16)}.${'e4'.repeat(16)}`,
      accessToken: ACCESS_TOKEN,
    };
    /** Texts that contain one of the secrets. */
    const telling = fc
      .tuple(fc.string(), fc.constantFrom(...Object.values(secrets)), fc.string(), fc.constantFrom(...Object.values(secrets)))
      .map((parts) => parts.join(''));
    const failure = fc.record({
      where: fc.constantFrom('accounts', 'api'),
      how: fc.constantFrom('envelope', 'oauth error', 'nested', 'html', 'cut', 'reset', 'header'),
      status: fc.constantFrom(200, 400, 401, 403, 404, 429, 500, 503),
      code: fc.constantFrom(2, 14, 57, 6041, 44, 45, 1070, undefined),
      text: telling,
    });
    type Failure = typeof failure extends fc.Arbitrary<infer T> ? T : never;
    let now: Failure | undefined;

    const { url } = await serving((request, response) => {
      request.resume();
      const { where, how, status, code, text } = now ?? { where: 'nowhere' };
      if (isTokenRequest(request) && where !== 'accounts') return giveToken(response);
      const bodies: Record<string, () => unknown> = {
        envelope: () => sendJson(response, status ?? 500, { code: code ?? text, message: text }),
        'oauth error': () => sendJson(response, status ?? 500, { error: text, error_description: text }),
        nested: () => sendJson(response, status ?? 500, { code: [text], message: { detail: text }, error: { detail: text } }),
        html: () => response.writeHead(status ?? 500, { 'content-type': 'text/html' }).end(`<html>${text}</html>`),
        cut: () =>
          response
            .writeHead(status ?? 500, { 'content-type': 'application/json' })
            .end(JSON.stringify({ code, message: text }).slice(0, -3)),
        reset: () => response.socket?.end(`HTTP/1.1 200 ${secrets.accessToken}\r\ncontent-length: x${secrets.accessToken}\r\n\r\n`),
        header: () => response.writeHead(status ?? 500, { 'content-type': secrets.accessToken, 'x-echo': secrets.refreshToken }).end('{'),
      };
      return bodies[how ?? '']?.();
    });
    const { clientSecret, refreshToken } = secrets;

    await fc.assert(
      fc.asyncProperty(failure, fc.boolean(), async (given, write) => {
        now = given;
        const { zoho, close } = await openWire({
          target: async () => ({
            accountsUrl: url,
            apiBaseUrl: `${url}/books/v3`,
            organizationId: '104',
            dir: 'nowhere',
            credentials: async () => ({ clientId: '1000.CLIENT', clientSecret, refreshToken }),
          }),
          limits: { pauseMs: 0 },
          shared: 'memory',
          retryDelayMs: 0,
          log: silent,
        });
        const error: unknown = await (write ? zoho.send(creation) : list(zoho)).catch((error: unknown) => error);
        await close();
        const text = allTextOf(error);
        for (const [name, secret] of Object.entries(secrets)) {
          // A server can send back only what it received: the accounts server gets no access token, the API only the access token.
          const sentThere = given.where === 'accounts' ? name !== 'accessToken' : name === 'accessToken';
          if (sentThere) expect(text.includes(secret), `${name} in: ${text}`).toBe(false);
        }
      }),
      { numRuns: 150 },
    );
  });
});
