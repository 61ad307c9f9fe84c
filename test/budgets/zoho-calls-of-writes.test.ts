import { afterEach, describe, expect, it } from 'vitest';
import { allOrganizations } from '../../src/endpoints/lookups/list-organizations.ts';
import { fault, forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness } from '../support/harness.ts';

/** The requests to Zoho that are in flight together: one row for each call of a tool, one entry for each group of requests. */

let server: Harness | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const SLOW_MS = 250;

/** The requests of one call, in groups that are in flight together. Requests that are made once in ten minutes were made before. */
async function roundsOf(tool: string, args: Record<string, unknown>): Promise<string[][]> {
  server = await harness();
  await server.zoho.settled.read(allOrganizations, {});
  await fault(server.sandbox, { fault: 'delay', delay_ms: SLOW_MS, times: 1000 });
  await forgetRequests(server.sandbox);
  const result = await server.call(tool, args);
  expect(result.isError ?? false, textOf(result)).toBe(false);
  const rounds: string[][] = [];
  let began = -Infinity;
  for (const { method, path, time } of (await requestsTo(server.sandbox)) as (Awaited<ReturnType<typeof requestsTo>>[number] & {
    time: string;
  })[]) {
    if (Date.parse(time) - began > SLOW_MS / 2) rounds.push([]);
    began = Date.parse(time);
    rounds.at(-1)!.push(`${method} ${path.replace('/books/v3', '').replaceAll(/\/\d+/g, '/{id}')}`);
  }
  return rounds.map((round) => round.toSorted());
}

const PAYMENT = 'GET /customerpayments/{id}';
const REFUND = 'GET /customerpayments/{id}/refunds/{id}';
const ACCOUNTS = 'GET /bankaccounts';
const INVOICE = 'GET /invoices/{id}';
const bowman = { customer_id: seed.bowman, payment_mode: 'cash', date: '2026-06-05' };
const CURRENCIES = 'GET /settings/currencies';
const lindner = { customer_id: '712345000000090061', payment_mode: 'cash', date: '2026-06-25' };
const sampleRefund = { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund };

describe('a write calls Zoho as rarely as listed, and makes its reads at the same time', () => {
  it.each<[what: string, tool: string, args: Record<string, unknown>, rounds: string[][]]>([
    [
      'a new advance',
      'create_customer_payment',
      { ...bowman, amount: 12 },
      [['GET /contacts/{id}', 'GET /customerpayments'], ['POST /customerpayments']],
    ],
    [
      'a new payment for two invoices, with a deposit account',
      'create_customer_payment',
      {
        ...bowman,
        amount: 12,
        account_id: seed.pettyCash,
        invoices: [
          { invoice_id: seed.openInvoice, amount_applied: 5 },
          { invoice_id: seed.overdueInvoice, amount_applied: 7 },
        ],
      },
      [[ACCOUNTS, 'GET /contacts/{id}', 'GET /customerpayments', INVOICE, INVOICE], ['POST /customerpayments']],
    ],
    [
      'a new payment for an invoice by its number, which also shows the balance, with a deposit account by name',
      'create_customer_payment',
      { ...bowman, amount: 12, account_id: 'Petty Cash', invoices: [{ invoice_id: 'INV-385', amount_applied: 5 }] },
      [[ACCOUNTS, 'GET /invoices'], [ACCOUNTS, 'GET /contacts/{id}', 'GET /customerpayments'], ['POST /customerpayments']],
    ],
    [
      'a new payment in euros, with an exchange rate',
      'create_customer_payment',
      { ...lindner, amount: 12, exchange_rate: 1.08 },
      [['GET /contacts/{id}', 'GET /customerpayments'], [CURRENCIES], ['POST /customerpayments']],
    ],
    [
      'a new payment in euros, for an invoice with its own rate',
      'create_customer_payment',
      { ...lindner, amount: 12, exchange_rate: 1.08, invoices: [{ invoice_id: '712345000000079397', amount_applied: 12 }] },
      [['GET /contacts/{id}', 'GET /customerpayments', INVOICE], [CURRENCIES], ['POST /customerpayments']],
    ],
    [
      'a change of the rate in the base currency',
      'update_customer_payment',
      { payment_id: seed.samplePayment, exchange_rate: 1 },
      [[PAYMENT], ['PUT /customerpayments/{id}']],
    ],
    [
      'a new rate, which is also compared with the rate of the invoice',
      'update_customer_payment',
      { payment_id: '712345000000079507', exchange_rate: 1.08 },
      [[PAYMENT], [CURRENCIES, INVOICE].toSorted(), ['PUT /customerpayments/{id}']],
    ],
    [
      'a change of a text in a payment in euros',
      'update_customer_payment',
      { payment_id: '712345000000079507', description: 'corrected' },
      [[PAYMENT], ['PUT /customerpayments/{id}']],
    ],
    [
      'a refund in euros',
      'create_customer_payment_refund',
      { customer_payment_id: '712345000000079507', date: '2026-06-20', from_account_id: '712345000000000367', exchange_rate: 1.08 },
      [[ACCOUNTS, PAYMENT, 'GET /customerpayments/{id}/refunds'], [CURRENCIES], ['POST /customerpayments/{id}/refunds']],
    ],
    [
      'a change of a text',
      'update_customer_payment',
      { payment_id: seed.samplePayment, description: 'corrected' },
      [[PAYMENT], ['PUT /customerpayments/{id}']],
    ],
    [
      'a change of the invoices',
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, account_id: seed.pettyCash, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 50 }] },
      [[PAYMENT], [ACCOUNTS, INVOICE], ['PUT /customerpayments/{id}']],
    ],
    [
      'a change of the invoices by number',
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, invoices: [{ invoice_id: 'INV-385', amount_applied: 50 }] },
      [[PAYMENT], ['GET /invoices'], ['PUT /customerpayments/{id}']],
    ],
    [
      'a refund from an account by name',
      'create_customer_payment_refund',
      { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: 'Petty Cash' },
      [[ACCOUNTS], [ACCOUNTS, PAYMENT, 'GET /customerpayments/{id}/refunds'], ['POST /customerpayments/{id}/refunds']],
    ],
    [
      'a change of custom fields',
      'update_custom_fields_in_customer_payment',
      { customer_payment_id: seed.samplePayment, custom_fields: [{ customfield_id: '46000000012845', value: 'x' }] },
      [['GET /settings/fields', PAYMENT].toSorted(), ['PUT /customerpayment/{id}/customfields']],
    ],
    [
      'the deletion of a payment',
      'delete_customer_payment',
      { payment_id: seed.paymentWithUnused },
      [[PAYMENT], ['DELETE /customerpayments/{id}']],
    ],
    [
      'a refund',
      'create_customer_payment_refund',
      { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash },
      [[ACCOUNTS, PAYMENT, 'GET /customerpayments/{id}/refunds'], ['POST /customerpayments/{id}/refunds']],
    ],
    [
      'the change of a refund',
      'update_customer_payment_refund',
      { ...sampleRefund, reference_number: 'R 7' },
      [[ACCOUNTS, PAYMENT, 'GET /customerpayments/{id}/refunds', REFUND], ['PUT /customerpayments/{id}/refunds/{id}']],
    ],
    [
      'the deletion of a refund',
      'delete_customer_payment_refund',
      sampleRefund,
      [[PAYMENT, REFUND], ['DELETE /customerpayments/{id}/refunds/{id}']],
    ],
    [
      'the deletion of two payments, each read afterwards',
      'bulk_delete_customer_payments',
      { payment_id: [seed.paymentWithUnused, '712345000000079504'] },
      [[PAYMENT, PAYMENT], ['DELETE /customerpayments'], [PAYMENT, PAYMENT]],
    ],
  ])('%s: %s', async (_, tool, args, rounds) => {
    expect(await roundsOf(tool, args)).toEqual(rounds);
  });
});
