import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { openWire, sandboxTarget, type Wire, type WireOptions } from '../../src/cli/zoho-connection.ts';
import { toRequest } from '../../src/endpoint.ts';
import { getContact } from '../../src/endpoints/lookups/get-contact.ts';
import { getInvoice } from '../../src/endpoints/lookups/get-invoice.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import type { PaymentsError } from '../../src/errors.ts';
import { silent } from '../../src/trace.ts';
import type { Credentials } from '../../src/zoho/access-token.ts';
import type { Zoho } from '../../src/zoho/client.ts';
import { createLimits } from '../../src/zoho/limits.ts';
import { openLoginStore } from '../../src/zoho/login-store.ts';
import { openShared } from '../../src/zoho/shared-state.ts';
import { fault, held, isWaiting, release } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness, kinds } from '../support/harness.ts';
import { folder, serving, settingsFor } from '../support/program.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../support/sandbox.ts';
import { nextOf } from '../support/worded.ts';

/** Zoho sees all servers of a machine as one client: they share one access token and one queue for its limits. */

interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly seq: number;
  readonly time: string;
}

interface Machine {
  readonly sandbox: Sandbox;
  /** Another server of this machine, but only its connection to Zoho. */
  server(
    options?: WireOptions['limits'] & { readonly now?: () => number; readonly credentials?: () => Promise<Credentials> },
  ): Promise<Wire>;
  arrived(): Promise<Arrived[]>;
  tokensAsked(): Promise<number>;
}

async function machine(sandboxOptions: SandboxOptions = {}): Promise<Machine> {
  const sandbox = await startSandbox(sandboxOptions);
  const dir = folder();
  closers.push(() => sandbox.close());
  const requests = async () => ((await (await fetch(`${sandbox.url}/__sandbox/requests`)).json()) as { requests: Arrived[] }).requests;
  return {
    sandbox,
    async server({ now, credentials, ...limits } = {}) {
      const wire = await openWire({
        target: async () => ({ ...sandboxTarget(sandbox, dir), ...(credentials && { credentials }) }),
        limits: { pauseMs: 20, ...limits },
        retryDelayMs: 5,
        now,
        log: silent,
      });
      closers.push(wire.close);
      return wire;
    },
    arrived: async () => (await requests()).filter(({ path }) => path.startsWith('/books/v3')),
    tokensAsked: async () => (await requests()).filter(({ path }) => path === '/oauth/v2/token').length,
  };
}

const list = (zoho: Zoho) => zoho.read(listCustomerPayments, { per_page: 1 });
const errorOf = async (call: Promise<unknown>) =>
  (await call.then(
    () => undefined,
    (error: unknown) => error,
  )) as PaymentsError | undefined;

describe('the access token of all servers on a machine', () => {
  it('is requested only once by five servers that start at the same time', async () => {
    const sandbox = await startSandbox({ limits: { concurrent: 100 } });
    closers.push(() => sandbox.close());
    const settings = {
      ...settingsFor(sandbox),
      ZOHO_PAYMENTS_STATE_DIR: folder(),
    };
    const servers = await Promise.all(Array.from({ length: 5 }, () => serving([], settings)));
    const results = await Promise.all(
      servers.flatMap((server) => [1, 2].map(() => server.call('list_customer_payments', { per_page: 1 }))),
    );
    expect(results.map(({ isError }) => isError ?? false)).toEqual(Array(10).fill(false));
    const { requests } = (await (await fetch(`${sandbox.url}/__sandbox/requests`)).json()) as { requests: Arrived[] };
    expect(requests.filter(({ path }) => path === '/oauth/v2/token')).toHaveLength(1);
  });

  it('is stored in a file that only its owner can read', async () => {
    const dir = folder();
    const shared = await openShared(join(dir, 'wire'));
    await shared.write((sql) => sql.run("INSERT INTO tokens (credentials, access_token) VALUES ('a', 'b')"));
    if (process.platform !== 'win32')
      for (const name of ['wire.v1.sqlite', 'wire.v1.sqlite-wal', 'wire.lock'])
        expect(statSync(join(dir, name)).mode & 0o077, name).toBe(0);
    shared.close();
  });

  it('can be requested after another server was killed during its own request', async () => {
    const dir = folder();
    const source = `
      import { openShared } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/zoho/shared-state.ts')).href)};
      const shared = await openShared(${JSON.stringify(join(dir, 'wire'))});
      setInterval(() => {}, 1000);
      await shared.alone(async () => { console.log('alone'); await new Promise(() => {}); });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: child.stdout }), 'line');
    const shared = await openShared(join(dir, 'wire'));
    closers.push(() => shared.close());
    let mine = false;
    const waiting = shared.alone(async () => void (mine = true));
    await sleep(300);
    expect(mine).toBe(false);
    child.kill('SIGKILL');
    await waiting;
    expect(mine).toBe(true);
  });

  it('is replaced once for all servers when Zoho no longer accepts it', async () => {
    const { sandbox, server, tokensAsked } = await machine();
    const servers = await Promise.all([server(), server(), server()]);
    for (const { zoho } of servers) await list(zoho);
    const token = await servers[0]!.shared.write(
      (sql) => sql.get<{ access_token: string }>('SELECT access_token FROM tokens')!.access_token,
    );
    await fetch(`${sandbox.accounts_url}/oauth/v2/token/revoke?token=${token}`, { method: 'POST' });
    await Promise.all(servers.map(({ zoho }) => list(zoho)));
    expect(await tokensAsked()).toBe(2);
  });

  it('is not requested again in this time window if Zoho refused too many requests', async () => {
    let now = Date.now();
    const { server, tokensAsked, sandbox } = await machine({ limits: { access_tokens: 0 } });
    const [one, other] = [await server({ now: () => now }), await server({ now: () => now })];
    const first = await errorOf(list(one.zoho));
    expect(first).toMatchObject({ code: 'token_throttled' });
    expect(nextOf(first!)).toContain(new Date(now + 10 * 60_000).toISOString().slice(0, 16));
    expect(await errorOf(list(other.zoho))).toMatchObject({ code: 'token_throttled' });
    expect(await errorOf(list(one.zoho))).toMatchObject({ code: 'token_throttled' });
    expect(await tokensAsked()).toBe(1);
    now += 10 * 60_000 + 1000;
    await fetch(`${sandbox.url}/__sandbox/limits`, { method: 'POST', body: JSON.stringify({ access_tokens: 10 }) });
    await list(other.zoho);
    expect(await tokensAsked()).toBe(2);
  });

  it('is requested with a newer login if the old refresh token was revoked', async () => {
    const { sandbox, server, tokensAsked } = await machine();
    const right = { clientId: sandbox.client_id, clientSecret: sandbox.client_secret, refreshToken: sandbox.refresh_token };
    const wrong = { ...right, refreshToken: `1000.${'0'.repeat(32)}.${'0'.repeat(32)}` };
    const inTurn = [wrong, right];
    const { zoho } = await server({ credentials: async () => inTurn.shift() ?? right });
    await list(zoho);
    expect(await tokensAsked()).toBe(2);
    const lost = await server({ credentials: async () => wrong });
    const error = await errorOf(list(lost.zoho));
    expect(error).toMatchObject({ code: 'invalid_refresh_token', changed: 'no' });
    expect(nextOf(error!)).toContain('zoho-payments-mcp login');
  });
});

describe('a login while a server runs', () => {
  it('is used by the next call, and a second login is used too', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const dir = folder();
    const server = await serving([], { ZOHO_PAYMENTS_STATE_DIR: dir });
    const code = async () =>
      ((await server.call('list_customer_payments', { per_page: 1 }))['structuredContent'] as { error?: { code: string } }).error?.code;
    expect(await code()).toBe('not_configured');
    const {
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
      organization_id: organizationId,
      accounts_url: accountsUrl,
      api_base_url: apiBaseUrl,
    } = sandbox;
    const logins = openLoginStore(dir, { keychain: false });
    const login = { clientId, clientSecret, refreshToken, accountsUrl, apiBaseUrl, organizationId, scopes: [] };
    await logins.write(login);
    expect(await code()).toBeUndefined();
    await logins.write({ ...login, organizationId: '999' });
    expect(await code()).toBe('wrong_organization');
    await logins.forget();
    expect(await code()).toBe('not_configured');
  });

  it('is not used if the environment has its own credentials', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const dir = folder();
    const {
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
      organization_id: organizationId,
      accounts_url: accountsUrl,
      api_base_url: apiBaseUrl,
    } = sandbox;
    await openLoginStore(dir, { keychain: false }).write({
      clientId,
      clientSecret,
      refreshToken,
      accountsUrl,
      apiBaseUrl,
      organizationId,
      scopes: [],
    });
    const server = await serving([], { ZOHO_PAYMENTS_STATE_DIR: dir, ZOHO_ORGANIZATION_ID: '999' });
    expect((await server.call('list_customer_payments', { per_page: 1 }))['structuredContent']).toMatchObject({
      error: { code: 'wrong_organization' },
    });
  });
});

describe('the resource with the limits', () => {
  it.each(kinds)('shows the used and the remaining calls (%s)', async (kind) => {
    const server = await harness({ kind, limits: { perMinute: 90 } });
    closers.push(() => server.close());
    await server.call('list_customer_payments', { per_page: 1 });
    const { contents } = await server.client.readResource({ uri: 'zoho-books://limits' });
    expect(JSON.parse(contents[0]?.text ?? '')).toEqual({
      minute: { most: 90, used: 1, left: 89, about_payments: 17 },
      concurrent: { most: 5, used: 0 },
      day: { most: 5000, remaining: 4999, about_payments: 999, resets_at: expect.stringMatching(/Z$/), as_of: expect.stringMatching(/Z$/) },
    });
  });
});

describe('the shared queue for the limits', () => {
  const minute = 1500;

  /** Makes calls slow enough to overlap. */
  const slowly = (sandbox: Sandbox) => fault(sandbox, { match: { method: 'GET' }, fault: 'delay', delay_ms: 20, times: 1000 });

  it('keeps 200 calls of several servers within the limit, and all calls succeed', async () => {
    const { sandbox, server, arrived } = await machine({ limits: { concurrent: 5, per_minute: 100, minute_ms: minute } });
    const servers = await Promise.all([1, 2, 3, 4].map(() => server({ concurrent: 5, perMinute: 100, minuteMs: minute })));
    await slowly(sandbox);
    await Promise.all(Array.from({ length: 200 }, (_, i) => list(servers[i % 4]!.zoho)));
    expect((await arrived()).map(({ status }) => status)).toEqual(Array(200).fill(200));
  });

  it('is needed: without the queue, the calls exceed the limit', async () => {
    const { sandbox, server, arrived } = await machine({ limits: { concurrent: 5, per_minute: 100, minute_ms: minute } });
    await slowly(sandbox);
    const servers = await Promise.all([1, 2].map(() => server({ concurrent: 100, perMinute: 1000, minuteMs: minute })));
    await Promise.allSettled(Array.from({ length: 60 }, (_, i) => list(servers[i % 2]!.zoho)));
    expect((await arrived()).some(({ status }) => status === 429)).toBe(true);
  });

  it('serves an approved write before reads that came earlier, also those of another server', async () => {
    const { sandbox, server, arrived } = await machine();
    const [one, other] = [await server({ concurrent: 1 }), await server({ concurrent: 1 })];
    await list(one.zoho);
    await fault(sandbox, { match: { method: 'GET' }, ...held });
    const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 1, date: '2026-06-05' };
    const reads = Array.from({ length: 6 }, (_, i) => list((i % 2 ? one : other).zoho));
    const ranksInLine = () => other.shared.write((sql) => sql.all<{ rank: number }>('SELECT DISTINCT rank FROM waiting ORDER BY rank'));
    await expect.poll(ranksInLine).toEqual([{ rank: 1 }]);
    const write = other.zoho.send(toRequest(createCustomerPayment, payment));
    await expect.poll(ranksInLine).toEqual([{ rank: 0 }, { rank: 1 }]);
    await release(sandbox);
    await Promise.all([...reads, write]);
    const order = (await arrived()).toSorted((a, b) => a.seq - b.seq).map(({ method }) => method);
    expect(order.indexOf('POST')).toBe(2);
  });

  it.each([
    [1070, 'too many at the same time'],
    [44, 'too many in this minute'],
  ])('pauses all servers after %s (%s), and then continues', async (code) => {
    const { sandbox, server, arrived } = await machine();
    const pauseMs = code === 44 ? 200 : 2000;
    const [one, other] = [await server({ pauseMs }), await server({ pauseMs })];
    await Promise.all([list(one.zoho), list(other.zoho)]);
    await fault(sandbox, { match: { method: 'GET' }, fault: 'rate_limit', code });
    const refused = list(one.zoho);
    await vi.waitUntil(async () => (await one.limits.quota()).paused_until !== undefined, { interval: 5, timeout: 60_000 });
    await Promise.all([refused, list(other.zoho)]);
    const times = (await arrived()).map(({ status, time }) => ({ status, at: Date.parse(time) }));
    const [first, ...more] = times.slice(times.findIndex(({ status }) => status === 429));
    expect(first?.status).toBe(429);
    expect(more.map(({ status }) => status)).toEqual([200, 200]);
    for (const { at } of more) expect(at - first!.at).toBeGreaterThan(1250);
    expect((await one.limits.quota()).paused_until).toBeUndefined();
  });

  it("stops all calls after 45 until the organization's day ends, and every error says when the day ends", async () => {
    let now = Date.now();
    const { sandbox, server, arrived } = await machine({ now: () => new Date(now) });
    const [one, other] = [await server({ now: () => now }), await server({ now: () => now })];
    await list(one.zoho);
    const { day } = await one.limits.quota();
    expect(day).toMatchObject({ most: 5000, remaining: 4999 });
    await fault(sandbox, { match: { method: 'GET' }, fault: 'rate_limit', code: 45 });
    const first = await errorOf(list(one.zoho));
    expect(first).toMatchObject({ code: 'day_limit', changed: 'no' });
    expect(nextOf(first!)).toContain(day!.resets_at);
    const before = (await arrived()).length;
    expect(nextOf((await errorOf(list(other.zoho)))!)).toContain(day!.resets_at);
    expect((await arrived()).length).toBe(before);
    now = Date.parse(day!.resets_at) + 1000;
    await list(other.zoho);
  });

  it('refuses a call that would have to wait too long, and says when to retry', async () => {
    const { server } = await machine();
    const { zoho } = await server({ perMinute: 2, patienceMs: 200 });
    await list(zoho);
    await list(zoho);
    const error = await errorOf(list(zoho));
    expect(error).toMatchObject({ code: 'minute_limit', changed: 'no' });
    expect(nextOf(error!)).toMatch(/after \d{4}-\d\d-\d\dT/);
  });

  it('serves a call that arrives at the moment when the queue becomes empty', async () => {
    const { server } = await machine();
    const { limits } = await server();
    for (let call = 0; call < 20; call += 1) await limits.enter('read').then((place) => void place.leave());
    const places = await Promise.all([
      limits.enter('read'),
      limits.enter('read').then(async (place) => [place, await limits.enter('write')]),
    ]);
    expect(places.flat()).toHaveLength(3);
  });

  it('removes a waiting call that the client cancels', async () => {
    const { sandbox, server } = await machine();
    const { zoho } = await server({ concurrent: 1 });
    await list(zoho);
    await fault(sandbox, { match: { method: 'GET' }, ...held });
    const slow = list(zoho);
    await isWaiting(sandbox, 'GET');
    const cancel = new AbortController();
    const waiting = zoho.until(cancel.signal).read(listCustomerPayments, { per_page: 1 });
    const next = list(zoho);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await release(sandbox);
    await Promise.all([slow, next]);
  });

  it('removes the calls of a killed server at once', async () => {
    const dir = folder();
    const source = `
      import { createLimits } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/zoho/limits.ts')).href)};
      import { openShared } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/zoho/shared-state.ts')).href)};
      const limits = createLimits({ shared: await openShared(${JSON.stringify(join(dir, 'wire'))}), concurrent: 1 });
      await limits.enter('read');
      console.log('entered');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface({ input: child.stdout }), 'line');
    const shared = await openShared(join(dir, 'wire'));
    closers.push(() => shared.close());
    const limits = createLimits({ shared, concurrent: 1 });
    expect(await errorOf(createLimits({ shared, concurrent: 1, patienceMs: 100 }).enter('read'))).toMatchObject({
      code: 'concurrency_limit',
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await limits.enter('read');
  });

  it('is not blocked by times that a fast clock has stored', async () => {
    let now = Date.now() + 24 * 3600_000;
    const { sandbox, server, tokensAsked } = await machine({ limits: { access_tokens: 0 } });
    const one = await server({ now: () => now, concurrent: 1 });
    expect(await errorOf(list(one.zoho))).toMatchObject({ code: 'token_throttled' });
    await one.shared.write((sql) => {
      sql.run("INSERT INTO pauses (code, until, times) VALUES ('44', ?, 1)", now + 5000);
      sql.run("INSERT INTO calls (id, pid, entered) VALUES ('a', ?, ?)", process.pid, now);
      sql.run("INSERT INTO waiting (id, rank, since, seen) VALUES ('b', 0, ?, ?)", now, now);
    });
    now = Date.now();
    await fetch(`${sandbox.url}/__sandbox/limits`, { method: 'POST', body: JSON.stringify({ access_tokens: 10 }) });
    await list(one.zoho);
    expect(await tokensAsked()).toBe(2);
  });

  it('ignores an invalid number of remaining calls', async () => {
    const { server } = await machine();
    const { limits } = await server({ concurrent: 1 });
    for (const reset of ['8700000000000', '12.5', '-1', 'x', '1e18']) {
      const place = await limits.enter('read');
      await place.leave({ headers: { 'x-rate-limit-limit': '1e400', 'x-rate-limit-remaining': '3.7', 'x-rate-limit-reset': reset } });
    }
    expect((await limits.quota()).concurrent.used).toBe(0);
  });
});

describe('missing scopes of the credentials', () => {
  it('use up only one access token for each scope, with any number of servers', async () => {
    const { server, tokensAsked } = await machine({ scopes: ['ZohoBooks.customerpayments.ALL'] });
    for (let process = 0; process < 4; process += 1) {
      const { zoho } = await server();
      expect(await errorOf(zoho.read(getContact, { contact_id: '1' }))).toMatchObject({ code: 'scope_missing' });
      expect(await errorOf(zoho.read(getInvoice, { invoice_id: '1' }))).toMatchObject({ code: 'scope_missing' });
      await list(zoho);
    }
    expect(await tokensAsked()).toBeLessThanOrEqual(3);
  });
});

describe('the file that all servers share', () => {
  it('is replaced if it is damaged', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'wire.v1.sqlite'), 'not a database at all, but long enough to be taken for the header of one'.repeat(20));
    const shared = await openShared(join(dir, 'wire'));
    expect(await shared.write((sql) => sql.get<{ n: number }>('SELECT count(*) AS n FROM calls'))).toEqual({ n: 0 });
    shared.close();
  });

  it('is replaced if the damage is found later, during use', async () => {
    const dir = folder();
    const file = join(dir, 'wire.v1.sqlite');
    const before = await openShared(join(dir, 'wire'));
    await before.write((sql) => sql.run("INSERT INTO tokens (credentials, access_token) VALUES ('a', 'b')"));
    before.close();
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(Math.max(0, bytes.length - 4096), 0x5a)]));
    const shared = await openShared(join(dir, 'wire'));
    closers.push(() => shared.close());
    await (await createLimits({ shared }).enter('read')).leave();
    expect((await createLimits({ shared }).quota()).minute.used).toBe(1);
  });

  it('is optional: the servers work without it', async () => {
    const sandbox = await startSandbox();
    const dir = mkdtempSync(join(tmpdir(), 'occupied-'));
    closers.push(
      () => rmSync(dir, { recursive: true, force: true }),
      () => sandbox.close(),
    );
    // A file in the place of the folder.
    writeFileSync(join(dir, 'state'), '');
    chmodSync(join(dir, 'state'), 0o400);
    const server = await serving([], {
      ...settingsFor(sandbox),
      ZOHO_PAYMENTS_STATE_DIR: join(dir, 'state'),
    });
    expect((await server.call('list_customer_payments', { per_page: 1 }))['isError']).toBeFalsy();
  });
});
