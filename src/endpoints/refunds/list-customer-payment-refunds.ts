import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { cut, DEFAULT_PER_PAGE, id, page, pageContext, perPage, rowFields } from '../../records/fields.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { readRefundAmount } from '../../records/read-row.ts';
import { money, plain, quoted, idText } from '../../records/text.ts';
import { listedFor, many } from '../../records/zoho-shapes.ts';

const usualFields = [
  'payment_refund_id',
  'payment_id',
  'payment_number',
  'date',
  'customer_name',
  'amount_fcy',
  'amount_bcy',
  'refund_mode',
  'reference_number',
  'description',
];

const text = z.string().optional();
const input = z.strictObject({
  customer_payment_id: id,
  page: page.optional(),
  per_page: perPage.optional(),
  fields: rowFields.optional(),
});
const output = z.looseObject({
  payment_refunds: z.array(z.looseObject({ payment_refund_id: text, date: text, amount_fcy: z.number().optional() })).optional(),
  page_context: pageContext,
  cut,
});

export const listCustomerPaymentRefunds = defineRead({
  name: 'list_customer_payment_refunds',
  title: 'List refunds of a customer payment',
  description: "Refunds of one payment. `amount_fcy` is in the payment's currency, `amount_bcy` in the base currency.",
  path: '/customerpayments/{customer_payment_id}/refunds',
  resources: [
    {
      uri: 'zoho-books://customerpayments/{customer_payment_id}/refunds',
      name: 'customer_payment_refunds',
      title: 'Refunds of a customer payment',
      description: 'Refunds of one payment, with the same content as the answer of list_customer_payment_refunds.',
      mimeType: 'application/json',
    },
  ],
  input,
  output,
  parts: ({ customer_payment_id: _, fields: __, ...query }) => ({ query: { per_page: DEFAULT_PER_PAGE, ...query } }),
  shows: (body, { customer_payment_id }) => listedFor(customer_payment_id, 'payment_id', many(body, 'payment_refunds', 'payment_refund')),
  ...listing({
    input,
    keys: ['payment_refunds', 'payment_refund'],
    what: 'refund',
    none: 'This payment has no refunds.',
    usual: usualFields,
    line: () => line,
  }),
});

function line(row: Json): string {
  return joined(
    ifPresent(row['date'], plain),
    money(readRefundAmount(row), {}),
    ifPresent(row['customer_name'], (name) => quoted(name, 40)),
    ifPresent(row['refund_mode'], plain),
    ifPresent(row['reference_number'], (reference) => `ref ${quoted(reference, 50)}`),
    ifPresent(row['description'], quoted),
    `refund_id ${idText(row['payment_refund_id'])}`,
  );
}
