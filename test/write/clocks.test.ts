import { describe, expect, it, onTestFinished } from 'vitest';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { MINUTE_MS } from '../../src/time.ts';
import { createClock, momentNow } from '../../src/zoho/clock.ts';
import { arrives, booksOf, fault, held, seed } from '../support/books.ts';
import { clocks } from '../support/clocks.ts';
import { dated } from '../support/dated.ts';
import { harness, type HarnessOptions } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Wrong clocks: Zoho's `Date` header, and both clocks of this machine. No clock alone decides that a lost write will never arrive. */

const YEAR_MS = 365 * 24 * 3600_000;
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 970, date: '2026-06-05', idempotency_key: 'receipt 4410' };
const posts = { method: 'POST', path: '^/books/v3/customerpayments$' };

/** A server with a Zoho whose `Date` is `zoho.ahead` ms ahead of the true time, or missing if `zoho.ahead` is undefined. */
async function start(options: HarnessOptions = {}) {
  const local = clocks();
  const zoho: { ahead: number | undefined; losesAnswers: boolean } = { ahead: 0, losesAnswers: false };
  const trueTime = Date.now() - performance.now();
  const sandbox = await startSandbox();
  const at = await dated(
    sandbox,
    () => (zoho.ahead === undefined ? undefined : trueTime + performance.now() + zoho.ahead),
    (method) => zoho.losesAnswers && method !== 'GET',
  );
  const open = async (more: HarnessOptions = {}) => {
    const server = await harness({
      on: sandbox,
      at,
      ...options,
      timings: { lookMs: 0, ...options.timings },
      ...more,
    });
    onTestFinished(() => server.close());
    return server;
  };
  onTestFinished(() => sandbox.close());
  const server = await open();
  const before = (await booksOf(sandbox)).counts.payments;
  return {
    local,
    zoho,
    sandbox,
    server,
    open,
    /** Holds the next write back until `arrives`, and loses its answer. */
    holdBack: async (method: 'POST' | 'PUT') => {
      await fault(sandbox, { match: { method, path: '^/books/v3/customerpayments$' }, ...held });
      zoho.losesAnswers = true;
    },
    arrives: async (method: 'POST' | 'PUT') => {
      await arrives(sandbox, method);
      zoho.losesAnswers = false;
    },
    /** The number of payments that were added since the start. */
    recorded: async () => (await booksOf(sandbox)).counts.payments - before,
    pay: async (more: object = {}) => (await server.call('create_customer_payment', { ...payment, ...more })).structuredContent,
    pass: (ms: number) => {
      local.wall += ms;
      local.ticks += ms;
    },
  };
}

describe('if one clock is wrong, the server still waits for a request that may arrive', () => {
  it.each([
    ["Zoho's clock is ten minutes ahead", 0, 10 * MINUTE_MS, 0],
    ["Zoho's clock is a year ahead", 0, YEAR_MS, 0],
    ["Zoho's time was unknown before the sending, and this machine's clock is an hour behind", undefined, 0, -60 * MINUTE_MS],
    ["Zoho's time was unknown before the sending, and then Zoho's clock is a year ahead", undefined, YEAR_MS, 0],
  ])('%s', async (_, before, after, wall) => {
    const { zoho, local, recorded, pay, holdBack, arrives } = await start();
    zoho.ahead = before;
    local.wall = wall;
    await holdBack('POST');
    expect(await pay()).toMatchObject({ outcome: 'unknown' });
    zoho.ahead = after;
    expect(await pay()).toMatchObject({ outcome: 'unknown' });
    expect(await pay({ idempotency_key: 'another', reference_number: 'other' })).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'unresolved_write' },
    });
    await arrives('POST');
    expect(await pay()).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await recorded()).toBe(1);
  });

  it("after a restart, it uses this machine's time of day", async () => {
    const { zoho, recorded, server, open, local, holdBack, arrives } = await start();
    await holdBack('POST');
    await server.call('create_customer_payment', payment);
    zoho.ahead = 10 * MINUTE_MS;
    // The monotonic clock of a new process does not show how long ago the write was sent.
    local.ticks = 10 * MINUTE_MS;
    const restarted = await open({ stateDir: server.dir });
    expect((await restarted.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    await arrives('POST');
    expect((await restarted.call('create_customer_payment', payment)).structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: true,
    });
    expect(await recorded()).toBe(1);
  });
});

describe("if this machine's clock was corrected and the server restarted, the server still waits for a request that may arrive", () => {
  it.each([
    ['the clock was ten minutes behind', 0, -10 * MINUTE_MS],
    ['the clock was forty minutes behind', 0, -40 * MINUTE_MS],
    ["the clock was ten minutes behind, and Zoho's time was unknown", undefined, -10 * MINUTE_MS],
    ["the clock was an hour ahead, and Zoho's time was unknown", undefined, 60 * MINUTE_MS],
  ])('%s', async (_, date, wall) => {
    const { zoho, local, recorded, server, open, holdBack, arrives } = await start();
    local.wall = wall;
    zoho.ahead = date;
    const first = await open({ stateDir: server.dir });
    await holdBack('POST');
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    local.wall = 0;
    zoho.ahead = 0;
    const restarted = await open({ stateDir: server.dir });
    const again = async (more: object = {}) => (await restarted.call('create_customer_payment', { ...payment, ...more })).structuredContent;
    expect(await again()).toMatchObject({ outcome: 'unknown' });
    expect(await again({ idempotency_key: 'another', reference_number: 'other' })).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'unresolved_write' },
    });
    await arrives('POST');
    expect(await again()).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await recorded()).toBe(1);
  });
});

describe('if another process sends a payment again', () => {
  it.each([
    ["if this machine's clock is seven minutes behind", -7 * MINUTE_MS],
    ['if the clocks agree', 0],
  ])('the process that sent the payment first waits again, %s', async (_, wall) => {
    const { local, sandbox, server, open, recorded, pass, holdBack, arrives } = await start({ uniqueField: 'cf_external_reference' });
    local.wall = wall;
    const [first, other] = [await open({ stateDir: server.dir }), await open({ stateDir: server.dir })];
    // This payment proves that the unique field works.
    await first.call('create_customer_payment', { ...payment, amount: 1, idempotency_key: 'first' });
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_before', times: 2 });
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    pass(6 * MINUTE_MS);
    await holdBack('PUT');
    expect((await other.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    await first.call('create_customer_payment', payment);
    await arrives('PUT');
    // The first payment proved the field; the second was recorded only once.
    expect(await recorded()).toBe(2);
  });
});

describe('a lost request blocks other writes only during the grace period', () => {
  const lost = { match: posts, fault: 'drop_before', times: 1 };

  it.each([
    ["Zoho's clock was a year ahead before the sending", YEAR_MS, false],
    ["Zoho's clock was a year ahead before the sending, and another process searches for the write", YEAR_MS, true],
    ["Zoho's time was unknown before the sending", undefined, false],
  ])('even if %s', async (_, before, restart) => {
    const { zoho, sandbox, recorded, pay, pass, server, open } = await start();
    zoho.ahead = before;
    // A new server, because the first one already knows the true time.
    const first = await open({ stateDir: server.dir });
    await fault(sandbox, lost);
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    zoho.ahead = 0;
    pass(4 * MINUTE_MS);
    zoho.ahead = 4 * MINUTE_MS;
    expect(await pay()).toMatchObject({ outcome: 'unknown' });
    pass(3 * MINUTE_MS);
    zoho.ahead = 7 * MINUTE_MS;
    // A Date that jumps back a year is believed if a second answer, a minute later, agrees with it.
    const after = restart ? await open({ stateDir: server.dir }) : first;
    await after.zoho.read(listCustomerPayments, { per_page: 1 });
    pass(2 * MINUTE_MS);
    zoho.ahead = 9 * MINUTE_MS;
    if (restart) {
      // The new process cannot know which of the two clocks was wrong, so it waits the whole grace period.
      expect((await after.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
      pass(6 * MINUTE_MS);
      zoho.ahead = 15 * MINUTE_MS;
    }
    expect((await after.call('create_customer_payment', payment)).structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: false,
    });
    expect(await recorded()).toBe(1);
  });

  it("even if this machine's clock was a year ahead during the sending, and another process searches for the write", async () => {
    const { sandbox, recorded, pass, server, open, local, zoho } = await start();
    local.wall = YEAR_MS;
    const first = await open({ stateDir: server.dir });
    await fault(sandbox, lost);
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    local.wall = 0;
    const after = await open({ stateDir: server.dir });
    expect((await after.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    pass(6 * MINUTE_MS);
    zoho.ahead = 6 * MINUTE_MS;
    expect((await after.call('create_customer_payment', payment)).structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: false,
    });
    expect(await recorded()).toBe(1);
  });

  it("even if this machine's clock was a year ahead when the user declined a question", async () => {
    const { local, open } = await start();
    const asked: string[] = [];
    const server = await open({ confirm: 'ask', person: (question) => (asked.push(question), { action: 'decline' }) });
    const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
    local.wall = YEAR_MS;
    await server.call('create_customer_payment_refund', refund);
    local.wall = 0;
    await server.call('create_customer_payment_refund', refund);
    await server.call('create_customer_payment_refund', refund);
    expect(asked).toHaveLength(2);
  });
});

describe("Zoho's clock", () => {
  const at = (ms: number) => new Date(Date.UTC(2026, 5, 20) + ms).toUTCString();
  const shown = (clock: ReturnType<typeof createClock>) => (clock.now()?.notBefore ?? NaN) - Date.UTC(2026, 5, 20);

  it.each<[what: string, steps: { ticks?: number; wall?: number; date: number | 'none' | 'words' }[], shows: number]>([
    [
      'continues if answers have no time',
      [{ date: 0 }, { ticks: 5000, wall: 5000, date: 'none' }, { ticks: 5000, wall: 5000, date: 'words' }],
      10_000,
    ],
    ['is not changed by one wrong answer', [{ date: 0 }, { ticks: 5000, wall: 5000, date: 10 * MINUTE_MS }], 5000],
    [
      'is not changed by two wrong answers less than a minute apart',
      [{ date: 0 }, { ticks: 5000, wall: 5000, date: 10 * MINUTE_MS }, { ticks: 50_000, wall: 50_000, date: 10 * MINUTE_MS + 50_000 }],
      55_000,
    ],
    [
      'is not changed by two wrong answers that disagree',
      [{ date: 0 }, { date: 10 * MINUTE_MS }, { ticks: 90_000, wall: 90_000, date: 20 * MINUTE_MS }],
      90_000,
    ],
    [
      'is changed by two answers that agree, more than a minute apart',
      [{ date: 0 }, { date: 10 * MINUTE_MS }, { ticks: 90_000, wall: 90_000, date: 10 * MINUTE_MS + 90_000 }],
      10 * MINUTE_MS + 90_000,
    ],
    [
      'is set back by two answers that agree, more than a minute apart',
      [{ date: 10 * MINUTE_MS }, { date: 0 }, { ticks: 90_000, wall: 90_000, date: 90_000 }],
      90_000,
    ],
    ['is correct after this machine slept', [{ date: 0 }, { wall: 60 * MINUTE_MS, date: 60 * MINUTE_MS }], 60 * MINUTE_MS],
    ["is correct after this machine's time of day was changed", [{ date: 0 }, { ticks: 5000, wall: 60 * MINUTE_MS, date: 5000 }], 5000],
  ])('%s', (_, steps, shows) => {
    const local = clocks({ still: true });
    const clock = createClock();
    for (const { ticks = 0, wall = 0, date } of steps) {
      local.ticks += ticks;
      local.wall += wall;
      clock.read(date === 'none' ? undefined : date === 'words' ? 'yesterday' : at(date), momentNow());
    }
    expect(shown(clock)).toBe(shows);
  });
});
