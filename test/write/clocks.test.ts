import { describe, expect, it, onTestFinished } from 'vitest';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { MINUTE_MS } from '../../src/time.ts';
import { createClock, momentNow } from '../../src/zoho/clock.ts';
import { arrives, booksOf, fault, held, seed } from '../support/books.ts';
import { clocks } from '../support/clocks.ts';
import { dated } from '../support/dated.ts';
import { harness, type HarnessOptions } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Clocks that mislead: Zoho's `Date`, and both clocks of this machine. None of them alone decides that a write will not come any more. */

const YEAR_MS = 365 * 24 * 3600_000;
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 970, date: '2026-06-05', idempotency_key: 'receipt 4410' };
const posts = { method: 'POST', path: '^/books/v3/customerpayments$' };

/** A server on a Zoho whose `Date` is `zoho.ahead` ms ahead of the true time, or missing where that is undefined. */
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
    /** The next write is under way until it arrives, and its answer is lost. */
    holdBack: async (method: 'POST' | 'PUT') => {
      await fault(sandbox, { match: { method, path: '^/books/v3/customerpayments$' }, ...held });
      zoho.losesAnswers = true;
    },
    arrives: async (method: 'POST' | 'PUT') => {
      await arrives(sandbox, method);
      zoho.losesAnswers = false;
    },
    /** So many payments more than in the beginning. */
    recorded: async () => (await booksOf(sandbox)).counts.payments - before,
    pay: async (more: object = {}) => (await server.call('create_customer_payment', { ...payment, ...more })).structuredContent,
    pass: (ms: number) => {
      local.wall += ms;
      local.ticks += ms;
    },
  };
}

describe('a request that is on its way is waited for, whatever one clock says', () => {
  it.each([
    ['a Date ten minutes ahead', 0, 10 * MINUTE_MS, 0],
    ['a Date a year ahead', 0, YEAR_MS, 0],
    ['no Date before it was sent, and a clock of this machine that is an hour behind', undefined, 0, -60 * MINUTE_MS],
    ['no Date before it was sent, and then one that is ahead', undefined, YEAR_MS, 0],
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

  it('after a restart, by the time of day of this machine', async () => {
    const { zoho, recorded, server, open, local, holdBack, arrives } = await start();
    await holdBack('POST');
    await server.call('create_customer_payment', payment);
    zoho.ahead = 10 * MINUTE_MS;
    // What a process counts by its own clock says nothing of the time before it began.
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

describe('a request that is on its way is waited for after a restart, where the clock of this machine was set right meanwhile', () => {
  it.each([
    ['it was ten minutes behind', 0, -10 * MINUTE_MS],
    ['it was forty minutes behind', 0, -40 * MINUTE_MS],
    ['it was ten minutes behind, and Zoho told no time before', undefined, -10 * MINUTE_MS],
    ['it was an hour ahead, and Zoho told no time before', undefined, 60 * MINUTE_MS],
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

describe('a payment that another process sent again', () => {
  it.each([
    ['with a clock of this machine that is seven minutes behind', -7 * MINUTE_MS],
    ['with clocks that agree', 0],
  ])('is waited for anew by the process that sent it first, %s', async (_, wall) => {
    const { local, sandbox, server, open, recorded, pass, holdBack, arrives } = await start({ uniqueField: 'cf_external_reference' });
    local.wall = wall;
    const [first, other] = [await open({ stateDir: server.dir }), await open({ stateDir: server.dir })];
    // Proves the field.
    await first.call('create_customer_payment', { ...payment, amount: 1, idempotency_key: 'first' });
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_before', times: 2 });
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    pass(6 * MINUTE_MS);
    await holdBack('PUT');
    expect((await other.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    await first.call('create_customer_payment', payment);
    await arrives('PUT');
    // One beside the one that proved the field.
    expect(await recorded()).toBe(2);
  });
});

describe('a request that was lost does not block for longer than its grace period', () => {
  const lost = { match: posts, fault: 'drop_before', times: 1 };

  it.each([
    ['of a Date a year ahead before it was sent', YEAR_MS, false],
    ['of a Date a year ahead before it was sent, by another process', YEAR_MS, true],
    ['of no Date before it was sent', undefined, false],
  ])('because %s', async (_, before, restart) => {
    const { zoho, sandbox, recorded, pay, pass, server, open } = await start();
    zoho.ahead = before;
    // In the place of the true time that the first harness was greeted with.
    const first = await open({ stateDir: server.dir });
    await fault(sandbox, lost);
    expect((await first.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'unknown' });
    zoho.ahead = 0;
    pass(4 * MINUTE_MS);
    zoho.ahead = 4 * MINUTE_MS;
    expect(await pay()).toMatchObject({ outcome: 'unknown' });
    pass(3 * MINUTE_MS);
    zoho.ahead = 7 * MINUTE_MS;
    // A Date that came back a year is believed once a second answer agrees with it, a minute later.
    const after = restart ? await open({ stateDir: server.dir }) : first;
    await after.zoho.read(listCustomerPayments, { per_page: 1 });
    pass(2 * MINUTE_MS);
    zoho.ahead = 9 * MINUTE_MS;
    if (restart) {
      // Nothing tells the new process which of the two clocks was wrong, so it waits itself.
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

  it('because the clock of this machine was a year ahead when it was sent, and another process looks for it', async () => {
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

  it('because a clock of this machine was a year ahead when a question was declined', async () => {
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
      'goes on where answers tell no time',
      [{ date: 0 }, { ticks: 5000, wall: 5000, date: 'none' }, { ticks: 5000, wall: 5000, date: 'words' }],
      10_000,
    ],
    ['is not moved by one odd answer', [{ date: 0 }, { ticks: 5000, wall: 5000, date: 10 * MINUTE_MS }], 5000],
    [
      'is not moved by two odd answers at once',
      [{ date: 0 }, { ticks: 5000, wall: 5000, date: 10 * MINUTE_MS }, { ticks: 50_000, wall: 50_000, date: 10 * MINUTE_MS + 50_000 }],
      55_000,
    ],
    [
      'is not moved by two odd answers that disagree',
      [{ date: 0 }, { date: 10 * MINUTE_MS }, { ticks: 90_000, wall: 90_000, date: 20 * MINUTE_MS }],
      90_000,
    ],
    [
      'is moved by two that agree, a minute apart',
      [{ date: 0 }, { date: 10 * MINUTE_MS }, { ticks: 90_000, wall: 90_000, date: 10 * MINUTE_MS + 90_000 }],
      10 * MINUTE_MS + 90_000,
    ],
    ['goes back in the same way', [{ date: 10 * MINUTE_MS }, { date: 0 }, { ticks: 90_000, wall: 90_000, date: 90_000 }], 90_000],
    ['follows after this machine slept', [{ date: 0 }, { wall: 60 * MINUTE_MS, date: 60 * MINUTE_MS }], 60 * MINUTE_MS],
    ['follows after the time of day of this machine was set', [{ date: 0 }, { ticks: 5000, wall: 60 * MINUTE_MS, date: 5000 }], 5000],
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
