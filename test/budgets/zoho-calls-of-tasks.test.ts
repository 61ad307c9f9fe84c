import { beforeAll, describe, expect, it } from 'vitest';
import { allPayments, pagesOf } from '../../src/reading/whole-lists.ts';
import { forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type HarnessOptions } from '../support/harness.ts';

/** The number of calls to Zoho of each task, without tokens: the organization has a hundred a minute and a few thousand a day. */

type Args = Record<string, unknown>;

/** The calls of a task after earlier tasks in the same conversation. */
async function callsOf(
  tool: string,
  args: Args,
  before: readonly [tool: string, args: Args][] = [],
  options: HarnessOptions = {},
): Promise<Record<string, number>> {
  const server = await harness(options);
  try {
    for (const [earlier, given] of before) await server.call(earlier, given);
    await forgetRequests(server.sandbox);
    const result = await server.call(tool, args);
    expect(result.isError, textOf(result)).toBeFalsy();
    const calls = (await requestsTo(server.sandbox)).map(
      ({ method, path }) => `${method} ${path.replace('/books/v3/', '').replaceAll(/\d{9,}/g, 'ID')}`,
    );
    return Object.fromEntries([...new Set(calls)].toSorted().map((call) => [call, calls.filter((one) => one === call).length]));
  } finally {
    await server.close();
  }
}

const bowman = 'Bowman Furniture';
const statement: [string, Args] = ['customer_statement', { customer: bowman }];
const cash = { payment_mode: 'cash', date: '2026-06-30' };
/** The organization's settings, once in ten minutes. */
const day = { 'GET organizations': 1 };
const out = { account: 'Petty Cash', date: '2026-06-30' };

/** Zoho's maximum page size. */
const PER_PAGE = 200;

/** Counts of the sandbox's records, on which the number of calls depends. */
interface Held {
  readonly payments: number;
  /** Payments with refunds. */
  readonly refunded: readonly { readonly customer_name: string; readonly last_modified_time: string }[];
  readonly refunds: readonly { readonly customer: string; readonly date: string }[];
}
let held: Held;
beforeAll(async () => {
  const server = await harness();
  const rows: Record<string, unknown>[] = [];
  for await (const page of pagesOf(allPayments, {}, server.zoho)) rows.push(...page.rows);
  const records = (await (await fetch(`${server.sandbox.url}/__sandbox/records`)).json()) as {
    refunds: Record<string, Held['refunds'][0]>;
  };
  held = {
    payments: rows.length,
    refunded: rows.flatMap(({ bcy_refunded_amount, customer_name, last_modified_time }) =>
      bcy_refunded_amount === 0 ? [] : [{ customer_name: String(customer_name), last_modified_time: String(last_modified_time) }],
    ),
    refunds: Object.values(records.refunds),
  };
  await server.close();
});

const openedOf = (name: string) => held.refunded.filter(({ customer_name }) => customer_name === name).length;
/** Payments that changed since a month before June, because a refund may have a later date. */
const openedOfJune = () => held.refunded.filter(({ last_modified_time }) => last_modified_time >= '2026-05-01').length;
const ofJune = () => held.refunds.filter(({ date }) => date >= '2026-06-01').length;

describe('find_refunds calls Zoho as rarely as listed for', () => {
  it.each<[string, Args, () => Record<string, number>]>([
    // Each refund that fits is read to show its account.
    [
      'the refunds of a month',
      { date_start: '2026-06-01', date_end: '2026-06-30' },
      () => ({
        'GET customerpayments': 1,
        'GET customerpayments/ID/refunds': openedOfJune(),
        'GET customerpayments/ID/refunds/ID': ofJune(),
        'GET contacts': 1,
      }),
    ],
    [
      'the refunds of a customer',
      { customer: bowman },
      () => ({
        'GET contacts': 1,
        'GET customerpayments': 1,
        'GET customerpayments/ID/refunds': openedOf(bowman),
        'GET customerpayments/ID/refunds/ID': held.refunds.filter(({ customer }) => customer === bowman).length,
      }),
    ],
    [
      'all refunds',
      {},
      () => ({
        'GET customerpayments': Math.ceil(held.payments / PER_PAGE),
        'GET customerpayments/ID/refunds': held.refunded.length,
        'GET contacts': 1,
      }),
    ],
    [
      'the refunds from an account',
      { account: 'Petty Cash', date_start: '2026-06-01' },
      () => ({
        'GET customerpayments': 1,
        'GET customerpayments/ID/refunds': openedOfJune(),
        'GET customerpayments/ID/refunds/ID': ofJune(),
        'GET bankaccounts': 1,
      }),
    ],
    // Groups by customer, mode or month need no account.
    [
      'the refunds of a month, grouped by customer',
      { date_start: '2026-06-01', date_end: '2026-06-30', group_by: ['customer'] },
      () => ({ 'GET customerpayments': 1, 'GET customerpayments/ID/refunds': openedOfJune(), 'GET contacts': 1 }),
    ],
    ['a customer without refunds', { customer: 'Bowman Furnishings' }, () => ({ 'GET contacts': 1, 'GET customerpayments': 1 })],
  ])('%s', async (_, args, calls) => {
    expect(await callsOf('find_refunds', args)).toEqual(calls());
  });
});

describe('customer_statement calls Zoho as rarely as listed', () => {
  const own = { 'GET customerpayments': 1, 'GET invoices': 1 };

  it.each<[string, Args, [string, Args][], Record<string, number>]>([
    ['for a customer by name', { customer: bowman }, [], { 'GET contacts': 1, ...own, ...day }],
    ['for a customer by id', { customer: seed.bowman }, [], { 'GET contacts/ID': 1, ...own, ...day }],
    [
      'after a payment was recorded',
      { customer: bowman },
      [statement, ['record_customer_payment', { ...cash, customer: bowman, amount: 1, allocate: 'as_credit' }]],
      { 'GET contacts': 1, ...own },
    ],
  ])('%s', async (_, args, before, calls) => {
    const expected = { ...calls, 'GET customerpayments/ID/refunds': openedOf(bowman) };
    expect(await callsOf('customer_statement', args, before)).toEqual(expected);
  });

  it('for a customer without refunds', async () => {
    expect(await callsOf('customer_statement', { customer: 'Möbelhaus' })).toEqual({ 'GET contacts': 1, ...own, ...day });
  });

  it('if it is repeated', async () => {
    expect(await callsOf('customer_statement', { customer: bowman }, [statement])).toEqual({});
  });
});

describe('record_customer_payment calls Zoho as rarely as listed for', () => {
  /** In any case: the preflight reads the customer and the newest payments, and the write is sent. */
  const sent = { 'GET contacts/ID': 1, 'GET customerpayments': 1, 'POST customerpayments': 1 };

  it.each<[string, Args, [string, Args][], Record<string, number>]>([
    // One request for the customer, and one for the balance while the lock is held.
    ['an invoice by number', { customer: bowman, amount: 450, invoices: ['INV-385'] }, [], { ...sent, ...day, 'GET invoices': 2 }],
    ['an invoice by number, without a customer', { amount: 450, invoices: ['INV-385'] }, [], { ...sent, ...day, 'GET invoices': 2 }],
    // A similar name could be another customer's exact name.
    [
      'an invoice, with a similar customer name',
      { customer: 'Bowman', amount: 450, invoices: ['INV-385'] },
      [],
      { ...sent, ...day, 'GET contacts': 1, 'GET invoices': 2 },
    ],
    [
      'oldest_first',
      { customer: bowman, amount: 100, allocate: 'oldest_first' },
      [],
      { ...sent, ...day, 'GET contacts': 1, 'GET invoices': 1 },
    ],
    ['as_credit', { customer: bowman, amount: 100, allocate: 'as_credit' }, [], { ...sent, ...day, 'GET contacts': 1 }],
    // One request for the account's name, and one in the preflight for its current state.
    [
      'an account by name',
      { customer: bowman, amount: 100, allocate: 'as_credit', account: 'Petty Cash' },
      [],
      { ...sent, ...day, 'GET contacts': 1, 'GET bankaccounts': 2 },
    ],
    [
      'a call after a statement: names come from the cache, and balances are read again',
      { customer: bowman, amount: 100, allocate: 'oldest_first' },
      [statement],
      { ...sent, 'GET invoices': 1 },
    ],
    [
      'a call after a statement by id: the customer is read again',
      { customer: seed.bowman, amount: 100, allocate: 'as_credit' },
      [['customer_statement', { customer: seed.bowman }]],
      sent,
    ],
  ])('%s', async (_, args, before, calls) => {
    expect(await callsOf('record_customer_payment', { ...cash, ...args }, before)).toEqual(calls);
  });

  it('a repeated call with its key', async () => {
    const args = { ...cash, customer: bowman, amount: 100, allocate: 'as_credit', idempotency_key: 'k' };
    expect(await callsOf('record_customer_payment', args, [['record_customer_payment', args]])).toEqual({});
  });
});

describe('refund_customer_payment calls Zoho as rarely as listed for', () => {
  const sent = {
    'GET bankaccounts': 2,
    'GET customerpayments/ID': 1,
    'GET customerpayments/ID/refunds': 1,
    'POST customerpayments/ID/refunds': 1,
  };

  it.each<[string, Args, [string, Args][], Record<string, number>]>([
    // One request for the lock, and one while the lock is held, to find the payment.
    ['a customer by name', { customer: bowman, amount: 240 }, [], { ...sent, ...day, 'GET contacts': 1, 'GET customerpayments': 2 }],
    ['a payment by id', { payment: seed.paymentWithUnused }, [], { ...sent, ...day }],
    ['a payment by its number, among the newest payments', { payment: '4' }, [], { ...sent, ...day, 'GET customerpayments': 1 }],
    [
      'a call after a statement: the customer comes from the cache, and the unused amount is read again',
      { customer: bowman, amount: 240 },
      [statement],
      { ...sent, 'GET customerpayments': 1 },
    ],
  ])('%s', async (_, args, before, calls) => {
    expect(await callsOf('refund_customer_payment', { ...out, ...args }, before)).toEqual(calls);
  });
});
