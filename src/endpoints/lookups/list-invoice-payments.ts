import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { invoiceId } from '../../records/fields.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { money, plain, quoted, idText } from '../../records/text.ts';
import { listedFor, many } from '../../records/zoho-shapes.ts';

const text = z.string().optional();
const input = z.strictObject({ invoice_id: invoiceId.describe('Number or id.') });
const output = z.looseObject({ payments: z.array(z.looseObject({ payment_id: text, amount: z.number().optional() })).optional() });

export const listInvoicePayments = defineRead({
  name: 'list_invoice_payments',
  title: 'List payments of an invoice',
  description: "Payments applied to one invoice, with the applied amounts in the invoice's currency.",
  module: 'invoices',
  path: '/invoices/{invoice_id}/payments',
  input,
  output,
  shows: (body, { invoice_id }) => listedFor(invoice_id, 'invoice_id', many(body, 'payments')),
  ...listing({
    input,
    keys: ['payments'],
    what: 'payment',
    none: 'No payment is applied to this invoice.',
    usual: ['payment_id', 'payment_number', 'date', 'amount', 'tax_amount_withheld', 'payment_mode', 'reference_number', 'description'],
    line: () => line,
  }),
});

function line(row: Json): string {
  return joined(
    ifPresent(row['date'], plain),
    ifPresent(row['payment_number'], (number) => `#${plain(number)}`),
    `${money(row['amount'], row)} applied`,
    readAmount(row['tax_amount_withheld']) !== 0 && ifPresent(row['tax_amount_withheld'], (amount) => `${money(amount, row)} tax withheld`),
    ifPresent(row['payment_mode'], plain),
    ifPresent(row['reference_number'], (reference) => `ref ${quoted(reference, 50)}`),
    ifPresent(row['description'], quoted),
    `id ${idText(row['payment_id'])}`,
  );
}
