import { expect, it } from 'vitest';
import { allContacts, allInvoices, pagesOf, type WholeList } from '../../src/reading/whole-lists.ts';
import { forgetRequests, requestsTo, seed } from '../support/books.ts';
import { textOf, type Harness } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** The number of calls to Zoho that a list of payments makes: one for each row, and few for the list. */

const start = servers();

type Row = Record<string, unknown>;

const ROWS = 50;
const cash = { payment_mode: 'cash', date: '2026-06-30' };

async function all(list: WholeList, query: Row, { zoho }: Harness): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pagesOf(list, query as Record<string, string>, zoho)) rows.push(...page.rows);
  return rows;
}

/** The books, without Zoho's limit for a minute. */
const booksWith = (payments: number) =>
  start({ sandbox: { ...(payments > 0 && { payments }), limits: { per_minute: 100_000 } }, timings: { wholeCallMs: 600_000 } });

async function callsFor(rows: readonly Row[], server: Harness): Promise<number> {
  expect(rows).toHaveLength(ROWS);
  await forgetRequests(server.sandbox);
  const result = await server.call('record_customer_payments', { rows, idempotency_key: 'list' });
  expect(result.structuredContent['outcome'], textOf(result)).toBe('recorded');
  return (await requestsTo(server.sandbox)).length;
}

const rates: Readonly<Record<string, number>> = { USD: 1, EUR: 1.08, GBP: 1.27, JPY: 0.0067, CAD: 0.73, AUD: 0.65 };

/** Advances of all active customers, one after the other. */
async function ofAllCustomers(server: Harness): Promise<Row[]> {
  const customers = (await all(allContacts, { contact_type: 'customer' }, server)).filter(
    (row) => row['contact_type'] === 'customer' && row['status'] === 'active',
  );
  return Array.from({ length: ROWS }, (_, i) => {
    const { contact_name, currency_code } = customers[i % customers.length]!;
    const rate = rates[String(currency_code)];
    return { ...cash, customer: contact_name, amount: 1000 + i, allocate: 'as_credit', ...(rate !== 1 && { exchange_rate: rate }) };
  });
}

/** Payments of open invoices in the base currency, named by their numbers. */
async function ofInvoices(server: Harness): Promise<Row[]> {
  const open = (await all(allInvoices, { status: 'unpaid' }, server)).filter((row) => row['currency_code'] === 'USD');
  return open.slice(0, ROWS).map((row) => ({ ...cash, amount: row['balance'], invoices: [{ invoice: row['invoice_number'] }] }));
}

const ofOneCustomer = async () =>
  Array.from({ length: ROWS }, (_, i) => ({ ...cash, customer: seed.bowman, amount: 1000 + i, allocate: 'as_credit' }));

it.each([
  ['all active customers', 0, ofAllCustomers, 75],
  ['open invoices', 0, ofInvoices, 75],
  ['one customer', 0, ofOneCustomer, 65],
  ['all active customers, in books of 1,000 payments', 1000, ofAllCustomers, 2.5 * ROWS],
  ['all active customers, in books of 5,000 payments', 5000, ofAllCustomers, 2.5 * ROWS],
  ['open invoices, in books of 5,000 payments', 5000, ofInvoices, 2.5 * ROWS],
] as const)('50 payments of %s', async (_, payments, rows, most) => {
  const server = await booksWith(payments);
  expect(await callsFor(await rows(server), server)).toBeLessThanOrEqual(most);
});
