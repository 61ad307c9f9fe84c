import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createLimits } from '../src/zoho/limits.ts';
import { booksOf, fault, requestsTo, seed } from './support/books.ts';
import { kinds, textOf, type Harness, type HarnessOptions, type ToolResult } from './support/harness.ts';
import { servers } from './support/servers.ts';

/** A write answers before its host gives up, whatever it waits for; each wait alone would be 10 s and more. */

const start = servers('file');

const MOST_MS = 6_000;
const timings = { beforeClaimMs: 1_500, wholeCallMs: 2_500, lookMs: 10_000 };
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
const posts = { method: 'POST', path: '^/customerpayments$' };
const forever = { fault: 'delay', delay_ms: 60_000, times: 99 };

const errorOf = ({ structuredContent }: ToolResult) => structuredContent['error'] as { code: string; changed: string; next: string };
const writesTo = async (server: Harness) => (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET');
const entriesOf = async (server: Harness) => await server.opened.road.journal.list({ limit: 10 });
const noFaults = ({ sandbox }: Harness) => fetch(`${sandbox.url}/__sandbox/faults`, { method: 'DELETE' });

async function inTime(calling: Promise<ToolResult>): Promise<ToolResult> {
  const began = performance.now();
  const result = await calling;
  expect(performance.now() - began).toBeLessThan(MOST_MS);
  return result;
}

/** How many calls go before the write itself. */
async function readsBefore(name: string, args: Record<string, unknown>): Promise<number> {
  const server = await start();
  await server.call(name, args);
  const reads = (await requestsTo(server.sandbox)).findIndex(({ method }) => method !== 'GET');
  expect(reads).toBeGreaterThan(0);
  return reads;
}

// They wait more than they work: beside each other.
describe.concurrent('before the claim nothing is sent or claimed when time is up', () => {
  const bowman = [`customer:${seed.bowman}`];
  it.each<[string, (server: Harness) => Promise<unknown>]>([
    ['Zoho is slow to be looked at', ({ sandbox }) => fault(sandbox, { match: { method: 'GET' }, ...forever })],
    [
      'looking has to be repeated',
      ({ sandbox }) => fault(sandbox, { match: { method: 'GET' }, fault: 'rate_limit', code: 1070, times: 99 }),
    ],
    ['no access token comes', ({ sandbox }) => fault(sandbox, { match: { path: '/oauth/' }, ...forever })],
    ['the line before the limits stands still', ({ shared }) => createLimits({ shared, concurrent: 1 }).enter('write')],
    ['another write has the turn', ({ opened }) => opened.road.turns.take(bowman, 'test')],
  ])('%s', async (_, hold) => {
    const server = await start({ timings: { beforeClaimMs: 400 }, limits: { concurrent: 1, pauseMs: 10_000 } });
    const held = await hold(server);
    const result = await inTime(server.call('create_customer_payment', { ...payment, idempotency_key: 'k' }));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(result.structuredContent['outcome']).toBe('not_recorded');
    expect(await writesTo(server)).toEqual([]);
    expect(await entriesOf(server)).toEqual([]);
    (held as { leave?: () => void } | undefined)?.leave?.();
    (await server.opened.road.turns.take(bowman, 'test', { timeoutMs: 100 })).leave();
    expect((await server.opened.road.journal.verify()).problems).toEqual([]);
  });

  it('looking for an earlier write is part of it, and that one stays unknown', async () => {
    const server = await start({ timings: { beforeClaimMs: 1_500, lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever });
    const again = await inTime(server.call('create_customer_payment', payment));
    expect(errorOf(again).code).toBe('outcome_unknown');
    expect(textOf(again)).toContain('Looking for it failed');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it.each(kinds)('a person may think as long as they like (%s)', async (kind) => {
    const person = async () => (await sleep(timings.wholeCallMs + 300), { action: 'accept', content: { approve: true } } as const);
    const server = await start({ kind, timings, confirm: 'ask', person });
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
    const result = await server.call('create_customer_payment_refund', refund);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
  });
});

describe.concurrent('after the claim', () => {
  it('what still stands in the line is not sent, and not recorded', async () => {
    const perMinute = await readsBefore('create_customer_payment', payment);
    const server = await start({ timings, limits: { perMinute, patienceMs: 120_000 } });
    const result = await inTime(server.call('create_customer_payment', payment));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
    expect(await entriesOf(server)).toMatchObject([{ state: 'not_recorded', reason: 'took_too_long' }]);
  });

  it('nor is what Zoho refused for now', async () => {
    const server = await start({ timings, limits: { pauseMs: 60_000, patienceMs: 120_000 } });
    await fault(server.sandbox, { match: posts, fault: 'rate_limit', code: 1070 });
    const result = await inTime(server.call('create_customer_payment', payment));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'took_too_long', changed: 'no' });
    expect(await writesTo(server)).toMatchObject([{ status: 429, applied: [] }]);
    expect(await entriesOf(server)).toMatchObject([{ state: 'not_recorded' }]);
  });

  it('an answer that takes longer is lost, and found later', async () => {
    const server = await start({ timings });
    const before = (await booksOf(server.sandbox)).counts.payments;
    await fault(server.sandbox, { match: posts, fault: 'delay', delay_ms: 4_000 });
    const result = await inTime(server.call('create_customer_payment', payment));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }]);
    await expect.poll(async () => (await booksOf(server.sandbox)).counts.payments, { timeout: 10_000 }).toBe(before + 1);
    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('a look that takes longer leaves it unknown, and another finds it', async () => {
    const skip = await readsBefore('create_customer_payment', payment);
    const server = await start({ timings });
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever, skip });
    await fault(server.sandbox, { match: posts, fault: 'drop_after' });
    const result = await inTime(server.call('create_customer_payment', payment));
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }]);
    await noFaults(server);
    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true });
  });

  it('so does one that finds nothing for long', async () => {
    // Ends in the middle of the pause of 4 s between two looks.
    const server = await start({ timings: { wholeCallMs: 4_500, lookMs: 60_000 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await inTime(server.call('create_customer_payment', payment))).code).toBe('outcome_unknown');
  });

  it("Zoho's answer stands when there is no time to look at what it did", async () => {
    const payment_id = [seed.samplePayment, seed.paymentWithUnused];
    const made = { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund };
    const counting = await start();
    await counting.call('delete_customer_payment_refund', made);
    const past = (await requestsTo(counting.sandbox)).length;
    await counting.call('bulk_delete_customer_payments', { payment_id });
    const skip = (await requestsTo(counting.sandbox)).slice(past).findIndex(({ method }) => method !== 'GET');
    const server = await start({ timings });
    await server.call('delete_customer_payment_refund', made);
    await fault(server.sandbox, { match: { method: 'GET' }, ...forever, skip });
    const result = await inTime(server.call('bulk_delete_customer_payments', { payment_id }));
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', unknown: payment_id });
    expect(await entriesOf(server)).toMatchObject([{ state: 'recorded' }, { state: 'recorded' }]);
  });

  it('what would be sent again and cannot stays unknown', async () => {
    const puts = { method: 'PUT', path: '^/customerpayments$' };
    const uniqueField = 'cf_external_reference';
    /** Lost twice; then the same call comes to another server, which looks for it and would send it again. */
    const again = async (options: HarnessOptions) => {
      const first = await start({ uniqueField, timings: { lookMs: 0 } });
      await first.call('create_customer_payment', { ...payment, amount: 1 });
      await fault(first.sandbox, { match: puts, fault: 'drop_before', times: 2 });
      expect(errorOf(await first.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
      const past = (await requestsTo(first.sandbox)).length;
      const server = await start({ on: first.sandbox, stateDir: first.dir, uniqueField, ...options });
      const result = await inTime(server.call('create_customer_payment', payment));
      return { result, requests: (await requestsTo(first.sandbox)).slice(past).map(({ method }) => method), server };
    };
    const perMinute = (await again({})).requests.indexOf('PUT');
    const { result, requests, server } = await again({ timings, limits: { perMinute, patienceMs: 120_000 } });
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
    expect(requests).not.toContain('PUT');
    expect(await entriesOf(server)).toMatchObject([{ state: 'unknown' }, { state: 'recorded' }]);
  });
});
