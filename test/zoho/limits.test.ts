import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PaymentsError } from '../../src/errors.ts';
import { createLimits, type Limits, type LimitsOptions } from '../../src/zoho/limits.ts';
import { endingAfter } from '../../src/zoho/call-end.ts';
import { openShared } from '../../src/zoho/shared-state.ts';
import { requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';

/** A call waits for a place until its deadline. If it cannot get one in time, it fails at once and says when to retry. */

type Options = Omit<LimitsOptions, 'shared'>;

/** One process for each options object, all on the same file. */
async function processes(...options: Options[]): Promise<Limits[]> {
  const dir = mkdtempSync(join(tmpdir(), 'limits-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return await Promise.all(
    options.map(async (own) => {
      const shared = await openShared(join(dir, 'wire'));
      onTestFinished(() => shared.close());
      return createLimits({ shared, ...own });
    }),
  );
}

const has = (ms: number) => endingAfter(new AbortController().signal, ms);
const use = async (limits: Limits, times: number) => {
  for (let i = 0; i < times; i += 1) await (await limits.enter('read')).leave();
};

interface Outcome {
  readonly error: PaymentsError | undefined;
  readonly ms: number;
}

async function outcome(entering: ReturnType<Limits['enter']>): Promise<Outcome> {
  const began = performance.now();
  const error = await entering.then(
    (place) => void place.leave(),
    (thrown: unknown) => thrown as PaymentsError,
  );
  return { error: error ?? undefined, ms: performance.now() - began };
}

const MINUTE = 2_000;
const AT_ONCE = 700;

describe.each([
  ['one process', 1],
  ['two processes', 2],
])('if the calls of a minute are used up, with %s', (_, count) => {
  const start = async (options: Options) => await processes(...Array.from({ length: count }, () => options));

  it('a call waits if it can start before its deadline; other calls fail at once and say when to retry', async () => {
    const limits = await start({ perMinute: 3, minuteMs: MINUTE });
    const began = Date.now();
    await use(limits[0]!, 3);
    const waits = limits.map((one) => outcome(one.enter('read', has(10_000))));
    const short = await Promise.all(limits.map((one) => outcome(one.enter('read', has(500)))));
    for (const { error, ms } of short) {
      expect(error).toMatchObject({ code: 'minute_limit', changed: 'no' });
      expect(ms).toBeLessThan(AT_ONCE);
      expect(error!.retryAt!.getTime()).toBeGreaterThan(began + MINUTE - 100);
      expect(error!.retryAt!.getTime()).toBeLessThan(began + 2 * MINUTE);
    }
    for (const { error, ms } of await Promise.all(waits)) {
      expect(error).toBeUndefined();
      expect(ms).toBeGreaterThan(AT_ONCE);
    }
  });

  it('a cancelled call leaves the queue', async () => {
    const limits = await start({ perMinute: 1, minuteMs: MINUTE });
    await use(limits[0]!, 1);
    const cancel = new AbortController();
    const cancelled = outcome(limits[0]!.enter('read', endingAfter(cancel.signal, 10_000)));
    await sleep(50);
    const next = outcome(limits.at(-1)!.enter('read', has(3 * MINUTE)));
    await sleep(50);
    cancel.abort(new Error('cancelled'));
    expect((await cancelled).error).toMatchObject({ message: 'cancelled' });
    const { error, ms } = await next;
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(1.5 * MINUTE);
  });
});

it('of many calls at the same time, those before their deadline run in order, and each other call gets its own time to retry', async () => {
  const [limits] = (await processes({ perMinute: 2, minuteMs: MINUTE })) as [Limits];
  await use(limits, 2);
  const order: number[] = [];
  const all = Array.from({ length: 7 }, (_, i) => outcome(limits.enter('read', has(1.5 * MINUTE)).then((place) => (order.push(i), place))));
  const results = await Promise.all(all);
  expect(order).toEqual([0, 1]);
  const told = results.slice(2).map(({ error, ms }) => {
    expect(error).toMatchObject({ code: 'minute_limit' });
    expect(ms).toBeLessThan(AT_ONCE);
    return error!.retryAt!.getTime();
  });
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  // Two places per minute.
  expect(told[4]! - told[0]!).toBeGreaterThanOrEqual(2 * MINUTE - 100);
});

it('a write runs before waiting reads, and a read that is then too late fails', async () => {
  const [limits] = (await processes({ perMinute: 1, minuteMs: MINUTE })) as [Limits];
  await use(limits, 1);
  const read = outcome(limits.enter('read', has(1.5 * MINUTE)));
  await sleep(100);
  expect((await outcome(limits.enter('write', has(10_000)))).error).toBeUndefined();
  const { error } = await read;
  expect(error).toMatchObject({ code: 'minute_limit' });
  expect(error!.retryAt).toBeInstanceOf(Date);
});

describe('a clock that is suddenly set', () => {
  it.each([
    ['ahead', 3_600_000],
    ['back', -3_600_000],
  ])('%s makes no call wait longer than its deadline', async (_, jump) => {
    let ahead = 0;
    const [limits] = (await processes({ perMinute: 1, minuteMs: MINUTE, now: () => Date.now() + ahead })) as [Limits];
    await use(limits, 1);
    const waiting = outcome(limits.enter('read', has(MINUTE + 1_000)));
    await sleep(100);
    ahead = jump;
    const { error, ms } = await waiting;
    expect(error).toBeUndefined();
    expect(ms).toBeLessThan(MINUTE + 1_000);
  });
});

describe("Zoho's refusal because of a limit", () => {
  const refuse = async (limits: Limits, refused: '44' | '45' | '1070', headers: Record<string, string> = {}) =>
    (await (await limits.enter('read')).leave({ refused, headers }))! - Date.now();

  const none = () => ({});
  it.each<[string, () => Record<string, string>, [least: number, most: number]]>([
    ['without Retry-After', none, [3_000, 7_000]],
    ['with Retry-After in seconds', () => ({ 'retry-after': '30' }), [29_000, 30_100]],
    ['with Retry-After as a date', () => ({ 'retry-after': new Date(Date.now() + 40_000).toUTCString() }), [38_000, 40_100]],
    ['with Retry-After in the past', () => ({ 'retry-after': new Date(0).toUTCString() }), [3_000, 7_000]],
    ['with a Retry-After that makes no sense', () => ({ 'retry-after': 'soon' }), [3_000, 7_000]],
    ['with a Retry-After longer than a minute', () => ({ 'retry-after': '86400' }), [59_000, 60_100]],
  ])('%s pauses all calls; a call with an earlier deadline fails and says when the pause ends', async (_, headers, [least, most]) => {
    const [one, other] = (await processes({}, {})) as [Limits, Limits];
    const pause = await refuse(one, '44', headers());
    expect(pause).toBeGreaterThan(least);
    expect(pause).toBeLessThan(most);
    const { error, ms } = await outcome(other.enter('read', has(2_000)));
    expect(error).toMatchObject({ code: 'minute_limit' });
    expect(ms).toBeLessThan(AT_ONCE);
    expect(Math.abs(error!.retryAt!.getTime() - Date.now() - pause)).toBeLessThan(AT_ONCE);
  });

  it('ends all calls at once if it is for the whole day', async () => {
    const [one, other] = (await processes({}, {})) as [Limits, Limits];
    await refuse(one, '45', { 'retry-after': '600' });
    const { error } = await outcome(other.enter('write', has(3_600_000)));
    expect(error).toMatchObject({ code: 'day_limit' });
    expect(error!.retryAt!.getTime() - Date.now()).toBeGreaterThan(590_000);
  });
});

describe('a tool', () => {
  const paid = { payment_mode: 'cash', amount: 1, date: '2026-06-05' };
  const payment = { ...paid, customer_id: seed.bowman };
  const start = async (options: HarnessOptions): Promise<Harness> => {
    const server = await harness({ progressMs: 200, ...options });
    onTestFinished(() => server.close());
    await server.client.listTools();
    return server;
  };
  const usedUp = async (server: Harness, times: number) => {
    for (let i = 0; i < times; i += 1) await server.call('list_customer_payments', { per_page: 1 });
  };
  const sent = async ({ sandbox }: Harness) => (await requestsTo(sandbox)).filter(({ method }) => method !== 'GET');

  it.each([
    ['that reads', 'list_customer_payments', { per_page: 1 }],
    ['that writes', 'create_customer_payment', payment],
    ['for a task', 'record_customer_payment', { ...paid, customer: 'Bowman Furniture', allocate: 'as_credit' }],
  ])('%s waits if necessary, and sends progress notifications', async (_, name, args) => {
    const server = await start({ limits: { perMinute: 6, minuteMs: 1_500 } });
    await usedUp(server, 6);
    const heard: unknown[] = [];
    const client = server.ownClient as { callTool(call: object, options: object): Promise<{ isError?: boolean }> };
    const result = await client.callTool({ name, arguments: args }, { onprogress: (told: unknown) => void heard.push(told) });
    expect(result.isError ?? false, JSON.stringify(result)).toBe(false);
    expect(heard.length).toBeGreaterThan(2);
  });

  it.each([
    ['that reads', 'list_customer_payments', { per_page: 1 }],
    ['of several reads', 'customer_statement', { customer: 'Bowman Furniture' }],
    ['that writes', 'create_customer_payment', payment],
    ['for a task', 'record_customer_payment', { ...paid, customer: 'Bowman Furniture', allocate: 'as_credit' }],
  ])('%s fails at once if it cannot start in time, and says when to retry', async (_, name, args) => {
    const server = await start({ limits: { perMinute: 2, minuteMs: 120_000 } });
    await usedUp(server, 2);
    const began = performance.now();
    const result = await server.call(name, args);
    expect(performance.now() - began).toBeLessThan(2_000);
    const { code, retry_at, changed } = result.structuredContent['error'] as { code: string; retry_at?: string; changed: string };
    expect({ code, changed }, textOf(result)).toEqual({ code: 'minute_limit', changed: 'no' });
    expect(Date.parse(retry_at!) - Date.now()).toBeGreaterThan(100_000);
    expect(await sent(server)).toEqual([]);
  });

  it('says when to retry if its deadline passes while other calls are running', async () => {
    const server = await start({ limits: { concurrent: 1 }, timings: { beforeClaimMs: 300 } });
    await createLimits({ shared: server.shared, concurrent: 1 }).enter('write');
    const result = await server.call('create_customer_payment', payment);
    expect(result.structuredContent['error'], textOf(result)).toMatchObject({
      code: 'took_too_long',
      retry_at: expect.stringMatching(/^\d{4}-/) as string,
    });
  });

  it('that writes is not recorded if it cannot start, and says when to retry', async () => {
    const reads = await start({});
    await reads.call('create_customer_payment', payment);
    const perMinute = (await requestsTo(reads.sandbox)).findIndex(({ method }) => method !== 'GET');
    const server = await start({ limits: { perMinute, minuteMs: 120_000 } });
    const result = await server.call('create_customer_payment', payment);
    expect(result.structuredContent, textOf(result)).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'minute_limit', changed: 'no', retry_at: expect.any(String) as string },
    });
    expect(await sent(server)).toEqual([]);
  });
});
