import { describe, expect, it } from 'vitest';
import { booksOf, fault, held, isWaiting, release, writesTo } from '../support/books.ts';
import { errorOf, textOf, type Harness, type PersonAnswer, type ToolResult } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** Consent, policy, time limits and journal for lists of payments. */

const start = servers();

type Args = Record<string, unknown>;

const posts = { method: 'POST', path: '^/customerpayments$' };
const credit = (customer: string, amount: number, more: Args = {}) => ({
  payment_mode: 'cash',
  date: '2026-06-30',
  customer,
  amount,
  allocate: 'as_credit',
  ...more,
});
const rows = [credit('Bowman Furniture', 20), credit('Kestrel Architects', 30), credit('Oakridge Law Partners', 40)];
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };

const record = (server: Harness, list: readonly Args[] = rows, more: Args = {}) =>
  server.call('record_customer_payments', { rows: list, idempotency_key: 'list', ...more });
const outcomesOf = ({ structuredContent }: ToolResult) =>
  (structuredContent['rows'] as { outcome: string; replayed?: boolean; error?: { code: string } }[]).map(({ outcome, replayed, error }) =>
    [outcome, ...(replayed ? ['replayed'] : []), ...(error ? [error.code] : [])].join(' '),
  );
const sent = async (server: Harness) => (await writesTo(server)).length;

describe('the policy', () => {
  it('refuses the whole list if the sum of its rows is above the limit of a day', async () => {
    const server = await start({ policy: { max_amount: { per_day: { USD: 80 } } } });
    const refused = await record(server);
    expect(errorOf(refused)).toMatchObject({ code: 'against_policy', changed: 'no' });
    expect(await sent(server)).toBe(0);
    // Two of the rows are within the limit.
    expect(outcomesOf(await record(server, rows.slice(0, 2)))).toEqual(['recorded', 'recorded']);
  });

  it('refuses a single row above the limit of a write, by its number', async () => {
    const server = await start({ policy: { max_amount: { per_write: { USD: 35 } } } });
    expect(outcomesOf(await record(server))).toEqual(['not_started', 'not_started', 'not_recorded against_policy']);
    expect(await sent(server)).toBe(0);
  });

  it('allows the tool by its own name', async () => {
    const without = await start({ policy: { allowed_tools: ['record_customer_payment'] } });
    expect(errorOf(await record(without)).code).toBe('against_policy');
    const allowed = await start({ policy: { allowed_tools: ['record_customer_payments'] } });
    expect(outcomesOf(await record(allowed))).toEqual(['recorded', 'recorded', 'recorded']);
  });

  it('can accept lists, so that nobody is asked about rows without a concern', async () => {
    const server = await start({ confirm: 'ask', policy: { accept: ['list'] } });
    expect(outcomesOf(await record(server))).toEqual(['recorded', 'recorded', 'recorded']);
    // A row with a concern is still asked about.
    const more = await record(server, [...rows, credit('Bowman Furniture', 20)]);
    expect(errorOf(more).code).toBe('approval_needed');
    expect(more.structuredContent['question']).toContain('row 4: it is a possible duplicate of row 1 of this list');
  });
});

describe('consent', () => {
  it('in strict mode needs a client that can ask', async () => {
    const server = await start({ confirm: 'strict' });
    expect(errorOf(await record(server)).code).toBe('consent_unavailable');
    expect(await sent(server)).toBe(0);
  });

  it('is in the journal before anything is sent, and the journal is intact afterwards', async () => {
    const server = await start({ confirm: 'ask', person: () => yes });
    await record(server);
    const types: string[] = [];
    for await (const { type } of server.opened.road.journal.events()) types.push(type);
    expect(types.indexOf('consented')).toBeGreaterThan(types.indexOf('asked'));
    expect(types.indexOf('consented')).toBeLessThan(types.indexOf('claimed'));
    expect((await server.opened.road.journal.verify()).problems).toEqual([]);
  });

  it('of a silent user changes nothing', async () => {
    const server = await start({ confirm: 'ask', person: () => ({ action: 'cancel' }) });
    expect(errorOf(await record(server)).code).toBe('not_confirmed');
    expect(await sent(server)).toBe(0);
  });
});

describe('a call that ends before all rows are sent', () => {
  it('is continued by the same call under the same consent', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (question) => (asked.push(question), yes),
      timings: { wholeCallMs: 7_000, lookMs: 500, fenceMs: 5_000 },
    });
    await fault(server.sandbox, { match: posts, fault: 'delay', delay_ms: 900, times: 100 });
    const first = await record(server);
    expect(outcomesOf(first)).toContain('not_started');
    expect(first.structuredContent).toMatchObject({ outcome: 'partly_recorded' });
    expect(textOf(first)).toContain('make the same call again');
    let last = first;
    for (let i = 0; i < 3 && last.structuredContent['outcome'] !== 'recorded'; i += 1) last = await record(server);
    expect(last.structuredContent).toMatchObject({ outcome: 'recorded', totals: { USD: '90.00' } });
    expect(asked).toHaveLength(1);
    expect(await sent(server)).toBe(3);
  });

  it("stops at Zoho's limit for a minute, and repeats no error for each row", async () => {
    const server = await start({ sandbox: { limits: { per_minute: 8 } } });
    const many = Array.from({ length: 10 }, (_, i) => credit('Bowman Furniture', 100 + i));
    const result = await record(server, many);
    expect(outcomesOf(result)).toContain('not_started minute_limit');
    expect(textOf(result).match(/used up/g)).toHaveLength(1);
    expect(textOf(result)).toMatch(/Rows \d+–10: not started\./);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });
});

describe('the same list twice at once', () => {
  it('records each row once, from two servers on one folder', async () => {
    const first = await start();
    const second = await start({ on: first.sandbox, stateDir: first.dir });
    const before = (await booksOf(first.sandbox)).counts.payments;
    const results = await Promise.all([record(first), record(second)]);
    for (const result of results) expect(outcomesOf(result).every((one) => one.startsWith('recorded'))).toBe(true);
    expect((await booksOf(first.sandbox)).counts.payments).toBe(before + 3);
  });

  it('records no row twice while the first call waits for Zoho', async () => {
    const server = await start();
    await fault(server.sandbox, { match: posts, ...held, times: 1 });
    const first = record(server);
    await isWaiting(server.sandbox, 'POST');
    const second = record(server);
    await release(server.sandbox);
    expect(outcomesOf(await first)).toEqual(['recorded', 'recorded', 'recorded']);
    expect(outcomesOf(await second).every((one) => one.startsWith('recorded'))).toBe(true);
    expect(await sent(server)).toBe(3);
  });
});

it('a single payment that may be the same money is a possible duplicate of a row', async () => {
  const server = await start();
  const { customer, ...rest } = rows[0]!;
  expect((await server.call('record_customer_payment', { customer, ...rest })).isError).toBeFalsy();
  const refused = await record(server);
  expect(outcomesOf(refused)).toEqual(['not_recorded suspected_duplicate', 'not_started', 'not_started']);
  const [id] = (refused.structuredContent as { rows: { error: { next: string } }[] }).rows[0]!.error.next.match(/\d{10,}/)!;
  const meant = [{ ...rows[0], allow_duplicate_of: [id] }, rows[1]!, rows[2]!];
  expect(outcomesOf(await record(server, meant))).toEqual(['recorded', 'recorded', 'recorded']);
});
