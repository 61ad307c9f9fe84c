import { afterEach, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { fault, forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Rows of find_payments have the ids of their invoices, although Zoho's list of payments has only the numbers. */

interface Row {
  readonly payment_id: string;
  readonly invoice_numbers?: string;
  readonly invoices?: readonly { readonly invoice_number: string; readonly invoice_id?: string }[];
}

const roomy = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 };
const open: { close(): Promise<unknown> }[] = [];
async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness({ ...options, sandbox: { limits: roomy, ...options.sandbox } });
  open.push(server);
  return server;
}
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function find(server: Harness, args: Record<string, unknown>): Promise<{ rows: Row[]; text: string }> {
  const result = await server.call('find_payments', args);
  expect(result.isError ?? false, textOf(result)).toBe(false);
  return { rows: result.structuredContent['payments'] as Row[], text: textOf(result) };
}

/** The invoices that the payment itself shows. */
async function invoicesOf(server: Harness, payment_id: string): Promise<unknown> {
  const { structuredContent } = await server.call('get_customer_payment', { payment_id });
  const { invoices = [] } = structuredContent['payment'] as { invoices?: { invoice_number: string; invoice_id: string }[] };
  return invoices.map(({ invoice_number, invoice_id }) => ({ invoice_number, invoice_id }));
}

describe('find_payments shows in each row the invoices of this payment', () => {
  it.each<Record<string, unknown>>([
    {},
    { customer: 'Bowman Furniture', limit: 20 },
    { customer: 'Acme', limit: 20 },
    { invoice: 'INV-392' },
    { invoice: 'INV-384' },
    { number: '2' },
    { amount: 100 },
    { amount: 100, limit: 5 },
    { amount: 100, limit: 4 },
    { date: '2026-03-10', limit: 3 },
  ])('if called with %j', async (args) => {
    const server = await start();
    const { rows } = await find(server, args);
    const told = rows.filter(({ invoices }) => invoices !== undefined);
    expect(told.length).toBeGreaterThan(0);
    for (const { payment_id, invoices } of told) expect(invoices).toEqual(await invoicesOf(server, payment_id));
    // In these books all ids are found. A payment without invoices has none.
    for (const { invoice_numbers, invoices } of rows) expect(invoices === undefined).toBe(invoice_numbers === undefined);
  });
});

it('find_payments shows the ids of invoices in the text if there are few', async () => {
  const server = await start();
  expect((await find(server, { invoice: 'INV-384' })).text).toContain(`| INV-384 (id ${seed.sampleInvoice}) |`);
});

it('find_payments does not read the ids again if the list of payments already contains them', async () => {
  const sandbox = await startSandbox();
  const applied_invoices = [{ invoice_id: '42', invoice_number: 'INV-42' }];
  const at = await altered(sandbox, {
    body: (body) => {
      const rows = body['customerpayments'] as Record<string, unknown>[] | undefined;
      return rows === undefined ? body : { ...body, customerpayments: rows.map((row) => ({ ...row, applied_invoices })) };
    },
  });
  open.push(sandbox, at);
  const server = await start({ on: sandbox, at });
  await forgetRequests(sandbox);
  const { rows } = await find(server, { customer: 'Bowman Furniture', limit: 2 });
  expect(rows.map(({ invoices }) => invoices)).toEqual([applied_invoices, applied_invoices]);
  expect((await requestsTo(sandbox)).filter(({ path }) => path.endsWith('/invoices'))).toEqual([]);
});

describe('find_payments omits the id of an invoice if', () => {
  it.each<[what: string, change: (row: Record<string, unknown>) => Record<string, unknown>[]]>([
    ['two invoices of the customer have this number', (row) => [row, { ...row, invoice_id: '42' }]],
    ['the invoice belongs to another customer', (row) => [{ ...row, customer_id: '42' }]],
    ['Zoho does not return the customer', ({ customer_id: _, ...row }) => [row]],
    ['Zoho does not return the id', ({ invoice_id: _, ...row }) => [row]],
    ['the invoice has another number', (row) => [{ ...row, invoice_number: `${String(row['invoice_number'])}0` }]],
  ])('%s', async (_, change) => {
    const sandbox = await startSandbox();
    const at = await altered(sandbox, {
      body: (body) => {
        const rows = body['invoices'] as Record<string, unknown>[] | undefined;
        return rows === undefined ? body : { ...body, invoices: rows.flatMap(change) };
      },
    });
    open.push(sandbox, at);
    const server = await start({ on: sandbox, at });
    const { rows } = await find(server, { customer: 'Bowman Furniture', amount: 450 });
    expect(rows.find(({ payment_id }) => payment_id === seed.samplePayment)).toMatchObject({ invoice_numbers: 'INV-384' });
    expect(rows.filter(({ invoices }) => invoices !== undefined)).toEqual([]);
  });
});

it('find_payments shows payments even if it cannot read the invoices', async () => {
  const scopes = ['ZohoBooks.customerpayments.READ', 'ZohoBooks.contacts.READ', 'ZohoBooks.settings.READ'];
  const blind = await start({ sandbox: { scopes } });
  const failing = await start();
  await fault(failing.sandbox, { match: { path: '^/invoices' }, fault: 'status', status: 500, times: 99 });
  for (const server of [blind, failing]) {
    const { rows, text } = await find(server, { customer: 'Bowman Furniture', amount: 450 });
    expect(rows.find(({ payment_id }) => payment_id === seed.samplePayment)).toMatchObject({ invoice_numbers: 'INV-384' });
    expect(text).toContain('| INV-384 |');
    expect(rows.filter(({ invoices }) => invoices !== undefined)).toEqual([]);
  }
});
