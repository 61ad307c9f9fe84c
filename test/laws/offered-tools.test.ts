import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/json.ts';
import { seed } from '../support/books.ts';
import type { HarnessOptions } from '../support/harness.ts';
import { servers } from '../support/servers.ts';
import { everyTool } from '../support/worded.ts';

/** No text of a tool names a tool that is off: results, errors, undo and list_writes. */

const start = servers('file');

const date = '2026-06-20';
const { bowman, paymentWithUnused, pettyCash, samplePayment, sampleRefund, openInvoice } = seed;
const refund = { customer_payment_id: paymentWithUnused, date, from_account_id: pettyCash };

/** Calls of every tool. Each of them writes, finds something, or fails with a next step. */
const calls: readonly (readonly [tool: string, args: Json])[] = [
  ['record_customer_payment', { customer: 'Bowman Furniture', amount: 20, payment_mode: 'cash', date, allocate: 'as_credit' }],
  ['record_customer_payment', { invoices: [{ invoice: 'INV-384' }], amount: 20, payment_mode: 'cash', date }],
  ['record_customer_payment', { customer: 'Bowman Furniture', amount: 20, payment_mode: 'cash', date, allocate: 'as_credit' }],
  ['refund_customer_payment', { customer: 'Bowman Furniture', amount: 30, account: 'Petty Cash', date }],
  ['refund_customer_payment', { payment: paymentWithUnused, amount: 30, account: 'Petty Cash', date }],
  ['refund_customer_payment', { payment: paymentWithUnused, amount: 590, account: 'Petty Cash', date }],
  ['refund_customer_payment', { payment: samplePayment, account: 'Petty Cash', date }],
  ['refund_customer_payment', { payment: '#99999', account: 'Petty Cash', date }],
  ['find_payments', { customer: 'Bowman' }],
  ['find_payments', { customer: 'Nobody At All', amount: 1 }],
  ['find_refunds', { date_start: '2026-01-01', date_end: '2026-06-30' }],
  ['summarize_payments', { date_start: '2026-06-01', date_end: '2026-06-30' }],
  ['customer_statement', { customer: 'Bowman Furniture' }],
  ['check_duplicates', { date_start: '2026-01-01', date_end: '2026-06-30' }],
  ['create_customer_payment', { customer_id: bowman, payment_mode: 'cash', amount: 11, date }],
  ['create_customer_payment', { customer_id: '1', payment_mode: 'cash', amount: 11, date }],
  [
    'create_customer_payment',
    { customer_id: bowman, payment_mode: 'cash', amount: 12, date, invoices: [{ invoice_id: '1', amount_applied: 12 }] },
  ],
  ['create_customer_payment_refund', { ...refund, amount: 5 }],
  ['create_customer_payment_refund', { ...refund, amount: 5_000 }],
  ['create_customer_payment_refund', { ...refund, customer_payment_id: samplePayment }],
  ['update_customer_payment', { payment_id: paymentWithUnused, description: 'x' }],
  ['update_customer_payment', { payment_id: samplePayment, amount: 1 }],
  ['update_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: sampleRefund, description: 'x' }],
  [
    'update_custom_fields_in_customer_payment',
    { customer_payment_id: samplePayment, custom_fields: [{ customfield_id: '1', value: 'x' }] },
  ],
  ['update_customer_payment_using_custom_field', { unique_identifier_key: 'cf_x', unique_identifier_value: 'x', description: 'x' }],
  ['delete_customer_payment', { payment_id: samplePayment }],
  ['delete_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: sampleRefund }],
  ['bulk_delete_customer_payments', { payment_id: [paymentWithUnused] }],
  ['get_customer_payment', { payment_id: paymentWithUnused }],
  ['get_customer_payment', { payment_id: '1' }],
  ['get_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: '1' }],
  ['list_customer_payment_refunds', { customer_payment_id: '1' }],
  ['list_customer_payments', {}],
  ['get_contact', { contact_id: bowman }],
  ['get_contact', { contact_id: '1' }],
  ['get_invoice', { invoice_id: openInvoice }],
  ['get_invoice', { invoice_id: '1' }],
  ['list_invoice_payments', { invoice_id: '1' }],
  ['list_writes', {}],
];

const sets: readonly (readonly [what: string, options: HarnessOptions])[] = [
  ['only the toolset workflows', { toolsets: ['workflows'] }],
  ['only the toolset payments', { toolsets: ['payments'] }],
  ['only the toolset lookups', { toolsets: ['lookups'] }],
  ['only read tools', { readOnly: true }],
  ['two writes that the policy allows', { policy: { allowed_tools: ['create_customer_payment', 'refund_customer_payment'] } }],
];

describe.each(sets)('a server with %s', (_, options) => {
  it('names in no result a tool that is off', async () => {
    const server = await start({ ...options, confirm: 'host', limits: { perMinute: 100_000 } });
    const there = new Set((await server.client.listTools()).tools.map(({ name }) => name));
    const absent = [...everyTool].filter((name) => !there.has(name));
    expect(absent.length).toBeGreaterThan(0);
    const named = new RegExp(`\\b(?:${absent.join('|')})\\b`, 'g');
    for (const [tool, args] of calls.filter(([tool]) => there.has(tool))) {
      // The journal stores the endpoint that made a write, whichever tool was called.
      const { content, structuredContent } = await server.call(tool, args);
      const told = JSON.stringify([content, structuredContent]).replaceAll(/"tool":"\w+","what"/g, '');
      expect(told.match(named) ?? [], `${tool} ${JSON.stringify(args)}\n${told}`).toEqual([]);
    }
  });
});
