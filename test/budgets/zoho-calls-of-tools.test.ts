import { expect, it, onTestFinished } from 'vitest';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { allOrganizations } from '../../src/endpoints/lookups/list-organizations.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import { zohoCalls } from '../../src/zoho-calls.ts';
import { forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, textOf } from '../support/harness.ts';

/** Measures the table of calls to Zoho in docs/pipelines.md: one usual call of each tool, after only the organization was read. */

const bowman = 'Bowman Furniture';
const june = { date_start: '2026-06-01', date_end: '2026-06-30' };
const paid = { payment_mode: 'cash', date: '2026-06-20' };
const refund = { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund };
const usual: Record<string, Record<string, unknown>> = {
  check_duplicates: { customer: 'Acme Corp', ...june },
  customer_statement: { customer: bowman },
  find_payments: { customer: bowman, amount: 600 },
  find_refunds: { customer: bowman },
  summarize_payments: june,
  record_customer_payment: { ...paid, customer: bowman, amount: 450, invoices: ['INV-385'] },
  refund_customer_payment: { customer: bowman, amount: 240, account: 'Petty Cash', date: '2026-06-20' },
  get_customer_payment: { payment_id: seed.samplePayment },
  get_customer_payment_refund: refund,
  list_customer_payment_refunds: { customer_payment_id: seed.samplePayment },
  list_customer_payments: { customer_id: seed.bowman },
  create_customer_payment: {
    ...paid,
    customer_id: seed.bowman,
    amount: 450,
    invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
  },
  create_customer_payment_refund: { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash },
  update_custom_fields_in_customer_payment: {
    customer_payment_id: seed.samplePayment,
    custom_fields: [{ customfield_id: '46000000012845', value: 'x' }],
  },
  update_customer_payment: { payment_id: seed.samplePayment, description: 'corrected' },
  update_customer_payment_refund: { ...refund, reference_number: 'R 7' },
  update_customer_payment_using_custom_field: {
    unique_identifier_key: 'cf_external_reference',
    unique_identifier_value: 'R 1',
    upsert: true,
    ...paid,
    customer_id: seed.bowman,
    amount: 12,
  },
  bulk_delete_customer_payments: { payment_id: [seed.paymentWithUnused, '712345000000079504'] },
  delete_customer_payment: { payment_id: seed.paymentWithUnused },
  delete_customer_payment_refund: refund,
  get_contact: { contact_id: seed.bowman },
  get_invoice: { invoice_id: seed.openInvoice },
  list_bank_accounts: {},
  list_contacts: { search_text: bowman },
  list_currencies: {},
  list_custom_fields: {},
  list_invoice_payments: { invoice_id: seed.sampleInvoice },
  list_invoices: { customer_id: seed.bowman },
  list_organizations: {},
  list_writes: {},
};

it('src/zoho-calls.ts counts the calls of every tool', () => {
  const tools = [...workflows, ...endpoints, listWrites].map(({ name }) => name);
  expect(Object.keys(zohoCalls).toSorted(), 'src/zoho-calls.ts').toEqual(tools.toSorted());
});

it.each(Object.entries(zohoCalls))('%s makes as many calls to Zoho as src/zoho-calls.ts says', async (name, { calls }) => {
  expect(usual, `a usual call of ${name} is missing above`).toHaveProperty(name);
  const server = await harness();
  onTestFinished(() => server.close());
  if (name !== 'list_organizations') await server.zoho.settled.read(allOrganizations, {});
  await forgetRequests(server.sandbox);
  const result = await server.call(name, usual[name]);
  expect(result.isError ?? false, textOf(result)).toBe(false);
  const made = (await requestsTo(server.sandbox)).map(({ method, path }) => `${method} ${path}`);
  expect(made.length, made.join('\n')).toBe(calls);
});
