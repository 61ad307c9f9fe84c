import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { forgetRequests, requestsTo } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';

/** The number of requests of each task, by path. */

const roomy = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000, access_tokens: 1000, live_access_tokens: 1000 };

/** The requests of one call on a server that has read nothing before. */
async function requestsOf(
  on: Harness,
  name: string,
  args: Record<string, unknown>,
  options: HarnessOptions = {},
): Promise<Record<string, number>> {
  const fresh = await harness({ ...options, on: on.sandbox });
  await forgetRequests(on.sandbox);
  const result = await fresh.call(name, args);
  await fresh.close();
  expect(result.isError, textOf(result)).toBeFalsy();
  const counts: Record<string, number> = {};
  for (const { method, path } of await requestsTo(on.sandbox)) {
    const address = `${method === 'GET' ? '' : `${method} `}${path.replace('/books/v3', '').replaceAll(/\/\d{10,}/g, '/{id}')}`;
    counts[address] = (counts[address] ?? 0) + 1;
  }
  return counts;
}

let small: Harness;
let large: Harness;
beforeAll(async () => {
  small = await harness({ sandbox: { limits: roomy } });
  // 100 pages, about 55 payments a day from July 2025 to June 2026.
  large = await harness({ sandbox: { payments: 20_000, limits: roomy } });
});
afterAll(async () => {
  await small.close();
  await large.close();
});

describe('find_payments calls Zoho as rarely as listed for', () => {
  it.each([
    // The list shows only numbers of invoices. For their ids: one request for each customer, or one for all.
    ['the newest', {}, { '/customerpayments': 1, '/contacts': 1, '/organizations': 1, '/invoices': 1 }],
    [
      'a similar name and an amount',
      { customer: 'Bowman Furniture', amount: 600 },
      { '/customerpayments': 1, '/contacts': 1, '/invoices': 2 },
    ],
    ['the exact name of a customer', { customer: 'Kestrel', limit: 1 }, { '/customerpayments': 1, '/contacts': 1, '/invoices': 1 }],
    // The payment is applied to another invoice too.
    ['an invoice', { invoice: 'INV-392' }, { '/invoices': 2, '/invoices/{id}/payments': 1, '/customerpayments': 1 }],
    [
      'an invoice that has only one payment',
      { invoice: 'INV-384' },
      { '/invoices': 1, '/invoices/{id}/payments': 1, '/customerpayments': 1, '/organizations': 1 },
    ],
    ['a cheque number', { reference: '2207' }, { '/customerpayments': 1, '/contacts/{id}': 1, '/invoices': 1 }],
    ['a payment without invoices', { customer: 'Bowman Furniture', amount: 250, limit: 1 }, { '/customerpayments': 1, '/contacts': 1 }],
    ['an unknown name', { customer: 'Xyzzy' }, { '/contacts': 2 }],
    // The rows: all conditions, then all but one, for each condition that Zoho filters by. If no date is given, the first list is enough.
    [
      'conditions that no payment fits',
      { customer: 'Kestrel', amount: 1_234_567, date: '2010-01-01' },
      { '/customerpayments': 3, '/contacts': 1 },
    ],
    // By each half, and with the two middle characters swapped.
    ['an unknown cheque number', { reference: 'qxzvwk' }, { '/customerpayments': 4 }],
    ['an unknown short cheque number', { reference: 'zz9' }, { '/customerpayments': 1 }],
  ])('%s', async (_, args, requests) => {
    expect(await requestsOf(small, 'find_payments', args)).toEqual(requests);
  });

  it.each([
    ['an amount', { amount: 1000, limit: 1 }, { '/customerpayments': 1, '/contacts/{id}': 1, '/invoices': 1 }],
    ['a day', { date: '2025-12-24', limit: 1 }, { '/customerpayments': 1, '/contacts/{id}': 1, '/invoices': 1 }],
    [
      'the newest payments of an earlier range',
      { date_start: '2025-12-01', date_end: '2025-12-24', limit: 1 },
      { '/customerpayments': 4, '/contacts/{id}': 1, '/invoices': 1 },
    ],
  ])('%s among 20,000 payments', async (_, args, requests) => {
    expect(await requestsOf(large, 'find_payments', args)).toEqual(requests);
  });
});

describe('summarize_payments calls Zoho as rarely as listed for', () => {
  it.each([
    ['a recent month', { date_start: '2026-06-01', date_end: '2026-06-30' }, { '/customerpayments': 1, '/organizations': 1 }],
    ['one customer', { customer: 'Kestrel Architects' }, { '/customerpayments': 1, '/contacts': 1, '/organizations': 1 }],
    [
      'groups by currency',
      { date_start: '2026-06-01', group_by: ['currency'] },
      { '/customerpayments': 1, '/contacts': 1, '/organizations': 1 },
    ],
    ['all payments on three pages', {}, { '/customerpayments': 3, '/organizations': 1 }],
    [
      'one account and mode in a month',
      { account: 'Petty Cash', payment_mode: 'cash', date_start: '2026-06-01', date_end: '2026-06-30' },
      { '/customerpayments': 1, '/organizations': 1, '/bankaccounts': 1 },
    ],
  ])('%s', async (_, args, requests) => {
    expect(await requestsOf(small, 'summarize_payments', args)).toEqual(requests);
  });

  it.each([
    ['one day', { date_start: '2025-12-24', date_end: '2025-12-24' }, 1],
    ['the newest two weeks, on 4 pages', { date_start: '2026-06-17' }, 4],
    ['the oldest two weeks, on 5 pages, and one page of the newest payments', { date_start: '2025-07-01', date_end: '2025-07-15' }, 6],
    ['everything until an early day, on 5 pages', { date_end: '2025-07-15' }, 5],
    ['an earlier month, on 9 pages, and 3 pages to find the month', { date_start: '2025-11-01', date_end: '2025-11-30' }, 12],
    ['a range before the first payment', { date_start: '2010-01-01', date_end: '2010-12-31' }, 2],
    ['a range after the last payment', { date_start: '2030-01-01', date_end: '2030-12-31' }, 1],
  ])('%s among 20,000 payments', async (_, args, pages) => {
    expect(await requestsOf(large, 'summarize_payments', args)).toEqual({ '/customerpayments': pages, '/organizations': 1 });
  });
});

describe('check_duplicates calls Zoho as rarely as listed for', () => {
  it.each([
    ['one customer', { customer: 'Kestrel Architects', date_start: '2026-04-01' }, { '/customerpayments': 1, '/contacts': 1 }],
    ['all customers, one month', { date_start: '2026-06-01', date_end: '2026-06-30' }, { '/customerpayments': 1 }],
  ])('%s', async (_, args, requests) => {
    expect(await requestsOf(small, 'check_duplicates', args)).toEqual(requests);
  });

  it('all customers among 20,000 payments, with one more request for the currencies of the groups', async () => {
    expect(await requestsOf(large, 'check_duplicates', { date_start: '2026-04-01' })).toMatchObject({
      '/customerpayments': 27,
      '/contacts': 1,
    });
  });
});
