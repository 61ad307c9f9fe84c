import { beforeAll, describe, expect, it } from 'vitest';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import type { Step } from '../../src/report.ts';
import { isWrite } from '../../src/workflow.ts';
import { seed } from '../support/books.ts';
import { textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** Read tools never suggest a write with its arguments: the user did not ask for it, and a model could take the suggestion as its task. */

const start = servers('file');

const { bowman, samplePayment, sampleRefund, paymentWithUnused, openInvoice, overdueInvoice, sampleInvoice, pettyCash } = seed;
const june = { date_start: '2026-06-01', date_end: '2026-06-30' };
const nobody = '712345000000000001';

/** Calls of every read tool: with many, few and no results, with an ambiguous name, and with an error. */
const calls: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  check_duplicates: [{}, june, { customer: 'Acme Corp' }, { customer: 'Bowman' }, { customer: 'Xyzzy' }, { date_start: '2010-01-01' }],
  customer_statement: [{ customer: 'Bowman' }, { customer: 'Xyzzy' }, { customer: nobody }],
  find_payments: [
    {},
    { customer: 'Bowman' },
    { unused_only: true },
    { customer: 'Bowman', amount: 540, date: '2026-06-18' },
    { customer: 'Bowman', reference: '4417' },
    { reference: '44712' },
    { invoice: 'INV-384' },
    { invoice: 'INV-385' },
    { invoice: 'INV-777777' },
    { customer: 'Xyzzy' },
  ],
  find_refunds: [{}, june, { customer: bowman }, { customer: 'Bowman' }, { account: 'Petty Cash' }, { amount: 7 }],
  match_statement: [
    {},
    { lines: [{ date: '2026-06-25', amount: 450, text: 'INV-385 Bowman Furniture' }] },
    { lines: [{ date: '2026-06-25', amount: 450, text: 'INV-385 Bowman Furniture' }], rows_of: [1] },
    { csv: 'Date,Amount,Name\n2026-06-18,600,Bowman\n2026-06-25,-9,Fee' },
    { csv: 'nothing' },
  ],
  summarize_payments: [{}, june, { customer: 'Acme Corp', group_by: ['month'] }, { group_by: ['customer'] }, { customer: 'Bowman' }],
  get_contact: [{ contact_id: bowman }, { contact_id: nobody }],
  get_customer_payment: [{ payment_id: samplePayment }, { payment_id: nobody }],
  get_customer_payment_refund: [
    { customer_payment_id: samplePayment, refund_id: sampleRefund },
    { customer_payment_id: samplePayment, refund_id: nobody },
  ],
  get_invoice: [{ invoice_id: openInvoice }, { invoice_id: overdueInvoice }, { invoice_id: sampleInvoice }, { invoice_id: nobody }],
  list_bank_accounts: [{}],
  list_contacts: [{}, { contact_name_contains: 'Bowman' }],
  list_currencies: [{}],
  list_custom_fields: [{ entity: 'customer_payment' }, {}],
  list_customer_payment_refunds: [{ customer_payment_id: samplePayment }, { customer_payment_id: nobody }],
  list_customer_payments: [{}, { customer_id: bowman }, { reference_number: '4471' }, { customer_id: nobody }],
  list_invoice_payments: [{ invoice_id: sampleInvoice }, { invoice_id: openInvoice }, { invoice_id: nobody }],
  list_invoices: [{}, { customer_id: bowman, status: 'unpaid' }],
  list_organizations: [{}],
  list_writes: [{}, { outcome: 'unknown' }],
};

const reads = [...endpoints, ...workflows].filter((tool) => !isWrite(tool)).map(({ name }) => name);
const writes = [...endpoints, ...workflows].filter(isWrite).map(({ name }) => name);
/** The name of a write tool with arguments, which a model can copy. */
const writeCall = new RegExp(`\\b(?:${writes.join('|')}) \\{`);

/** Write calls in a result that the user did not ask for. */
function offeredWrites(result: ToolResult): unknown[] {
  const offers = (step: Step | undefined): Step[] =>
    step === undefined
      ? []
      : [...(step.arguments !== undefined && writes.includes(step.tool ?? '') ? [step] : []), ...offers(step.followed_by)];
  const steps = ((result.structuredContent['next'] ?? []) as Step[]).flatMap((step) => offers(step));
  return [
    ...steps,
    ...textOf(result)
      .split('\n')
      .filter((line) => line.startsWith('Next: ') && writeCall.test(line)),
  ];
}

let server: Harness;
beforeAll(async () => {
  server = await start({ sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 } } });
  // So that list_writes has a write, with an undo.
  await server.call('create_customer_payment', { customer_id: bowman, payment_mode: 'cash', amount: 11, date: '2026-06-20' });
});

it('the table of calls in this test contains every read tool', () => {
  expect(Object.keys(calls).toSorted(), 'calls, at the top of this file').toEqual([...reads, listWrites.name].toSorted());
});

describe.each(Object.entries(calls))('the read tool %s', (tool, all) => {
  it('suggests writes only by name, without arguments', async () => {
    for (const args of all) expect(offeredWrites(await server.call(tool, args)), `${tool} ${JSON.stringify(args)}`).toEqual([]);
  });
});

it('the statement of any customer, and any payment with an unused amount, suggest writes only by name, without arguments', async () => {
  const { contacts } = (await server.call('list_contacts', { per_page: 200 })).structuredContent as {
    contacts: { contact_id: string }[];
  };
  const { payments } = (await server.call('find_payments', { unused_only: true, limit: 50 })).structuredContent as {
    payments: { payment_id: string }[];
  };
  expect([contacts.length > 20, payments.length > 20]).toEqual([true, true]);
  const named = { customer_statement: 0, get_customer_payment: 0 };
  for (const [tool, args] of [
    ...contacts.map(({ contact_id }) => ['customer_statement', { customer: contact_id }] as const),
    ...[{ payment_id: paymentWithUnused }, ...payments.map(({ payment_id }) => ({ payment_id }))].map(
      (args) => ['get_customer_payment', args] as const,
    ),
  ]) {
    const result = await server.call(tool, args);
    expect(offeredWrites(result), `${tool} ${JSON.stringify(args)}`).toEqual([]);
    if (/^Next: .*(refund|apply)/m.test(textOf(result))) named[tool] += 1;
  }
  expect(named.customer_statement).toBeGreaterThan(5);
  expect(named.get_customer_payment).toBe(payments.length + 1);
});

it('this test would notice such a suggestion: the error for a refund above the unused amount suggests the calls that un-apply', async () => {
  const result = await server.call('refund_customer_payment', { payment: '5', amount: 100, account: pettyCash, date: '2026-06-30' });
  expect(offeredWrites(result)).toEqual([
    expect.objectContaining({ tool: 'update_customer_payment' }),
    expect.objectContaining({ tool: 'refund_customer_payment' }),
    expect.stringMatching(/^Next: Ask the user whether to un-apply; if so: update_customer_payment \{/),
  ]);
});
