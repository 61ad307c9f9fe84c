import { describe, expect, it } from 'vitest';
import { createLimits } from '../../src/zoho/limits.ts';
import { arrives, booksOf, fault, held, isWaiting, noFaults, requestsTo, seed, writesTo } from '../support/books.ts';
import { kinds, textOf, type Harness, type HarnessOptions, type ToolResult, errorOf } from '../support/harness.ts';
import { servers } from '../support/servers.ts';
import { timers } from '../support/timers.ts';

/** A write answers at its deadline. None of the waits in these tests would end by itself. */

const start = servers('file');
const deadlines = timers();

/** Deadlines that the test ends. The look for a lost write would take longer than the test. */
const timings = () => ({ beforeClaimMs: deadlines.duration(), wholeCallMs: deadlines.duration(), lookMs: 600_000 });
const patient = { pauseMs: 600_000, patienceMs: 600_000 };
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
const posts = { method: 'POST', path: '^/customerpayments$' };
const forever = { ...held, times: 99 };

const entriesOf = async (server: Harness) => await server.opened.road.journal.list({ limit: 10 });

/** Ends the time of a call as soon as the call waits. */
async function cutShort(calling: Promise<ToolResult>, duration: number, waits: () => Promise<unknown>): Promise<ToolResult> {
  await waits();
  expect(deadlines.end(duration)).toBe(1);
  return await calling;
}

/** How many reads a call makes before its write. */
async function readsBefore(name: string, args: Record<string, unknown>): Promise<number> {
  const server = await start();
  await server.call(name, args);
  const reads = (await requestsTo(server.sandbox)).findIndex(({ method }) => method !== 'GET');
  expect(reads).toBeGreaterThan(0);
  return reads;
}

describe('if the deadline passes before the write is entered in the journal, nothing is entered or sent', () => {
  const bowman = [`customer:${seed.bowman}`];
  it.each<[string, (server: Harness) => Promise<unknown>]>([
    ['because Zoho does not answer the reads', ({ sandbox }) => fault(sandbox, { match: { method: 'GET' }, ...forever })],
    [
      'because Zoho refuses the reads: too many calls',
      ({ sandbox }) => fault(sandbox, { match: { method: 'GET' }, fault: 'rate_limit', code: 1070, times: 99 }),
    ],
    ['because Zoho issues no access token', ({ sandbox }) => fault(sandbox, { match: { path: '/oauth/' }, ...forever })],
    ['because the queue for the limits does not move', ({ shared }) => createLimits({ shared, concurrent: 1 }).enter('write')],
    ['because another write holds the lock', ({ opened }) => opened.road.turns.take(bowman, 'test')],
  ])('%s', async (_, hold) => {
    const server = await start({ timings: { beforeClaimMs: 400 }, limits: { ...patient, concurrent: 1 } });
    const taken = await hold(server);
    const result = await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(result.structuredContent['outcome']).toBe('not_recorded');
    expect(await writesTo(server)).toEqual([]);
    expect(await entriesOf(server)).toEqual([]);
    (taken as { leave?: () => void } | undefined)?.leave?.();
    (await server.opened.road.turns.take(bowman, 'test')).leave();
    expect((await server.opened.road.journal.verify()).problems).toEqual([]);
  });

  it('because the search for an earlier write took too long; the earlier write stays unknown', async () => {
    const { beforeClaimMs } = timings();
    const server = await start({ timings: { beforeClaimMs, lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever });
    const calling = server.call('create_customer_payment', payment);
    const again = await cutShort(calling, beforeClaimMs, () => isWaiting(server.sandbox, 'GET'));
    expect(errorOf(again).code).toBe('outcome_unknown');
    expect(textOf(again)).toContain('The search for it failed');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it.each(kinds)("and the time of the user's answer does not count (%s)", async (kind) => {
    const { beforeClaimMs, wholeCallMs } = timings();
    const running: number[] = [];
    const person = () => {
      running.push(deadlines.end(beforeClaimMs), deadlines.end(wholeCallMs));
      return { action: 'accept', content: { approve: true } } as const;
    };
    const server = await start({ kind, timings: { beforeClaimMs, wholeCallMs }, confirm: 'ask', person });
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
    const result = await server.call('create_customer_payment_refund', refund);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
    expect(running).toEqual([0, 0]);
  });
});

describe('if the deadline passes after the write was entered in the journal', () => {
  it('a write that still waits for the limits is not sent, and is not recorded', async () => {
    const perMinute = await readsBefore('create_customer_payment', payment);
    const times = timings();
    const server = await start({ timings: times, limits: { ...patient, perMinute } });
    const claimed = () => expect.poll(() => entriesOf(server)).toHaveLength(1);
    const result = await cutShort(server.call('create_customer_payment', payment), times.wholeCallMs, claimed);
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
    expect(await entriesOf(server)).toMatchObject([{ state: 'not_recorded', reason: 'took_too_long' }]);
  });

  it('a write that Zoho refused because of a limit is not sent again, and is not recorded', async () => {
    const times = timings();
    const server = await start({ timings: times, limits: patient });
    await fault(server.sandbox, { match: posts, fault: 'rate_limit', code: 1070 });
    const paused = () => expect.poll(() => createLimits({ shared: server.shared }).quota()).toHaveProperty('paused_until');
    const result = await cutShort(server.call('create_customer_payment', payment), times.wholeCallMs, paused);
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(await writesTo(server)).toMatchObject([{ status: 429, applied: [] }]);
    expect(await entriesOf(server)).toMatchObject([{ state: 'not_recorded' }]);
  });

  it('a write whose answer is late counts as lost, and is found later', async () => {
    const times = timings();
    const server = await start({ timings: times });
    const before = (await booksOf(server.sandbox)).counts.payments;
    await fault(server.sandbox, { match: posts, ...held });
    const calling = server.call('create_customer_payment', payment);
    const result = await cutShort(calling, times.wholeCallMs, () => isWaiting(server.sandbox, 'POST'));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }]);
    await arrives(server.sandbox, 'POST');
    expect((await booksOf(server.sandbox)).counts.payments).toBe(before + 1);
    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('a write stays unknown if the search takes too long, and another search finds the write', async () => {
    const skip = await readsBefore('create_customer_payment', payment);
    const times = timings();
    const server = await start({ timings: times });
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever, skip });
    await fault(server.sandbox, { match: posts, fault: 'drop_after' });
    const calling = server.call('create_customer_payment', payment);
    const result = await cutShort(calling, times.wholeCallMs, () => isWaiting(server.sandbox, 'GET'));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }]);
    await noFaults(server.sandbox);
    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true });
  });

  it('a write stays unknown if all searches until the deadline find nothing', async () => {
    const times = timings();
    const server = await start({ timings: times });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    const looked = () =>
      expect.poll(async () => (await requestsTo(server.sandbox)).map(({ method }) => method).join(' ')).toMatch(/POST GET/);
    expect(errorOf(await cutShort(server.call('create_customer_payment', payment), times.wholeCallMs, looked)).code).toBe(
      'outcome_unknown',
    );
  });

  it("a write counts as Zoho's answer says, if there is no time to check the answer", async () => {
    const payment_id = [seed.samplePayment, seed.paymentWithUnused];
    const made = { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund };
    const counting = await start();
    await counting.call('delete_customer_payment_refund', made);
    const past = (await requestsTo(counting.sandbox)).length;
    await counting.call('bulk_delete_customer_payments', { payment_id });
    const skip = (await requestsTo(counting.sandbox)).slice(past).findIndex(({ method }) => method !== 'GET');
    const times = timings();
    const server = await start({ timings: times });
    await server.call('delete_customer_payment_refund', made);
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever, skip });
    const calling = server.call('bulk_delete_customer_payments', { payment_id });
    const result = await cutShort(calling, times.wholeCallMs, () => isWaiting(server.sandbox, 'GET'));
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', unknown: payment_id });
    expect(await entriesOf(server)).toMatchObject([{ state: 'recorded' }, { state: 'recorded' }]);
  });

  it('a write that cannot be sent again in time stays unknown', async () => {
    const puts = { method: 'PUT', path: '^/customerpayments$' };
    const uniqueField = 'cf_external_reference';
    /** Loses a write twice. Then the same call goes to another server, which looks for the write and would send it again. */
    const again = async (options: HarnessOptions, cut?: { wholeCallMs: number; reads: number }) => {
      const first = await start({ uniqueField, timings: { lookMs: 0 } });
      await first.call('create_customer_payment', { ...payment, amount: 1 });
      await fault(first.sandbox, { match: puts, fault: 'drop_before', times: 2 });
      expect(errorOf(await first.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
      const past = (await requestsTo(first.sandbox)).length;
      const server = await start({ on: first.sandbox, stateDir: first.dir, uniqueField, ...options });
      const calling = server.call('create_customer_payment', payment);
      const read = () => expect.poll(async () => (await requestsTo(first.sandbox)).length).toBe(past + (cut?.reads ?? 0));
      const result = await (cut ? cutShort(calling, cut.wholeCallMs, read) : calling);
      return { result, requests: (await requestsTo(first.sandbox)).slice(past).map(({ method }) => method), server };
    };
    const reads = (await again({})).requests.indexOf('PUT');
    const times = timings();
    const limits = { ...patient, perMinute: reads };
    const { result, requests, server } = await again({ timings: times, limits }, { wholeCallMs: times.wholeCallMs, reads });
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(requests).not.toContain('PUT');
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }, { state: 'recorded' }]);
  });
});
