import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { amountOrZero, date, DEFAULT_PER_PAGE, filter, id, page, perPage, rowFields, sortOrder } from '../../records/fields.ts';
import { tidyNumber } from '../../records/invoice-number.ts';
import { byNameRoughly, joined, listing, naming, ifPresent } from '../../records/list-results.ts';
import { money, plain, idText } from '../../records/text.ts';

const text = z.string().optional();
const input = z.strictObject({
  customer_id: id.optional(),
  customer_name_contains: filter.optional(),
  invoice_number: filter.overwrite((typed) => tidyNumber(typed) || typed).optional(),
  invoice_number_contains: filter.optional(),
  search_text: filter.optional(),
  status: z.enum(['draft', 'sent', 'viewed', 'unpaid', 'partially_paid', 'overdue', 'paid', 'void']).optional(),
  date_start: date.optional(),
  date_end: date.optional(),
  due_date_start: date.optional(),
  due_date_end: date.optional(),
  total: amountOrZero.optional(),
  balance: amountOrZero.optional(),
  sort_column: z.enum(['customer_name', 'invoice_number', 'date', 'due_date', 'total', 'balance', 'created_time']).optional(),
  sort_order: sortOrder.optional(),
  page: page.optional(),
  per_page: perPage.optional(),
  fields: rowFields.optional(),
});
const output = z.looseObject({
  invoices: z
    .array(z.looseObject({ invoice_id: text, invoice_number: text, customer_id: text, balance: z.number().optional() }))
    .optional(),
});

export const listInvoices = defineRead({
  name: 'list_invoices',
  title: 'List invoices',
  description:
    'Find invoices with their invoice_id and balance, newest first by default. ' +
    'An invoice must match all filters. Status unpaid finds all open invoices.',
  module: 'invoices',
  path: '/invoices',
  input,
  output,
  parts: ({ fields: _, ...query }) => ({ query: { per_page: DEFAULT_PER_PAGE, ...query } }),
  ...listing({
    input,
    keys: ['invoices'],
    what: 'invoice',
    none: 'No invoices match.',
    otherwise: (given) => byNameRoughly('customer_statement', given['customer_name_contains']),
    usual: [
      'invoice_id',
      'invoice_number',
      'customer_id',
      'customer_name',
      'date',
      'due_date',
      'status',
      'total',
      'balance',
      'currency_code',
      'reference_number',
    ],
    line,
  }),
});

function line(): (row: Json) => string {
  const customerOf = naming();
  return (row) =>
    joined(
      ifPresent(row['invoice_number'], plain),
      customerOf(row),
      ifPresent(row['date'], plain),
      ifPresent(row['due_date'], (day) => `due ${plain(day)}`),
      ifPresent(row['status'], plain),
      money(row['total'], row),
      `balance ${money(row['balance'], row)}`,
      ifPresent(row['reference_number'], (reference) => `ref ${plain(reference)}`),
      `id ${idText(row['invoice_id'])}`,
    );
}
