import * as z from 'zod';
import { defineRead, type Json } from '../endpoint.ts';
import { asJson } from '../foreign-text.ts';
import { amountOrZero, cut, date, DEFAULT_PER_PAGE, id, page, pageContext, payment, perPage, rowFields } from './fields.ts';
import { aboutPage, countOf, pageOf, type Page } from './rows.ts';
import { many } from './shape.ts';
import { lines, money, plain, quoted, told } from './words.ts';

/** Zoho takes an empty filter for none, and answers with everything. */
const filled = z.string().regex(/\S/, 'is empty: leave it out or give a value').max(100);
const text100 = filled.optional();

const filterBy = [
  'All', 'Check', 'Cash', 'BankTransfer', 'Paypal', 'CreditCard', 'GoogleCheckout', 'Credit', 'Authorizenet',
  'BankRemittance', 'Payflowpro', 'Stripe', 'TwoCheckout', 'Braintree', 'Others',
].map((mode) => `PaymentMode.${mode}`); // prettier-ignore

/** What a person would ask for. `bcy_refunded_amount` is the base currency's; shown where anything was refunded. */
const usualFields = [
  'payment_id', 'payment_number', 'date', 'customer_id', 'customer_name', 'amount', 'unused_amount', 'bcy_refunded_amount',
  'payment_mode', 'reference_number', 'invoice_numbers', 'description',
]; // prettier-ignore

const output = z.looseObject({
  customerpayments: z.array(payment.pick({ payment_id: true, date: true, customer_id: true, amount: true, unused_amount: true })).optional(),
  page_context: pageContext,
  cut,
});

export const listCustomerPayments = defineRead({
  name: 'list_customer_payments',
  title: 'List customer payments',
  description: [
    'Find payments received from customers, newest first unless sorted otherwise.',
    'Filters combine. `date` is one exact day; for a range sort by date and page.',
    'Rows have no currency: amounts are in the payment\'s own. Use get_customer_payment for one payment whole.',
  ].join('\n'),
  path: '/customerpayments',
  resources: [
    {
      uri: 'zoho-books://customerpayments',
      name: 'customer_payments',
      title: 'Recent customer payments',
      description: 'The newest customer payments, the same as list_customer_payments.',
      mimeType: 'application/json',
    },
    {
      uri: 'zoho-books://customerpayments{?}',
      name: 'customer_payments_filtered',
      title: 'Customer payments by filter',
      description: 'Customer payments with any of the filters of list_customer_payments, in any order.',
      mimeType: 'application/json',
    },
  ],
  input: z.strictObject({
    search_text: text100.describe('In reference number, customer name and description.'),
    customer_id: id.optional(),
    customer_name: text100,
    customer_name_startswith: text100,
    customer_name_contains: text100,
    reference_number: text100,
    reference_number_startswith: text100,
    reference_number_contains: text100,
    date: date.optional(),
    amount: amountOrZero.optional(),
    amount_less_than: amountOrZero.optional(),
    amount_less_equals: amountOrZero.optional(),
    amount_greater_than: amountOrZero.optional(),
    amount_greater_equals: amountOrZero.optional(),
    notes: text100.describe('The description.'),
    notes_startswith: text100,
    notes_contains: text100,
    payment_mode: text100,
    payment_mode_startswith: text100,
    payment_mode_contains: text100,
    filter_by: z.enum(filterBy).optional(),
    sort_column: filled.optional().describe('date (default), created_time, last_modified_time.'),
    sort_order: z.enum(['A', 'D']).optional().describe('Ascending or descending.'),
    page: page.optional(),
    per_page: perPage.optional(),
    fields: rowFields.optional(),
  }),
  output,
  parts: ({ fields: _, ...query }) => ({ query: { per_page: DEFAULT_PER_PAGE, ...query } }),
  result: (body, input): z.output<typeof output> => {
    const all = many(body, 'customerpayments', 'customer_payments')?.map(({ invoice_number, ...row }) => ({
      ...row,
      // `invoice_numbers` live, `invoice_number` in the documentation.
      invoice_numbers: row['invoice_numbers'] ?? invoice_number,
      bcy_refunded_amount: Number(row['bcy_refunded_amount']) === 0 ? undefined : row['bcy_refunded_amount'],
    }));
    const { rows, ...rest } = pageOf(all, body['page_context'], usualFields, lineOf(input), input);
    return { ...(rows && { customerpayments: rows }), ...rest };
  },
  text: ({ customerpayments: rows, ...rest }, input) => {
    const page = { ...rest, rows } as Page;
    return lines(countOf(page, input, 'customer payment', 'No customer payments match.'), ...(rows ?? []).map(lineOf(input)), aboutPage(page, input));
  },
});

/** For one list, from its first row on: a customer's id stands once, where the customer first comes. */
function lineOf({ fields }: { fields?: readonly string[] | undefined }): (row: Json) => string {
  if (fields !== undefined) return chosen;
  const named = new Set<unknown>();
  return (row) => {
    const { customer_id } = row;
    const first = customer_id !== undefined && !named.has(customer_id);
    named.add(customer_id);
    return usual(row, first ? ` (customer_id ${told(customer_id)})` : '');
  };
}

function usual(row: Json, customerId: string): string {
  const word = (name: string) => (row[name] === undefined ? undefined : plain(row[name]));
  const amount = (name: string) => (row[name] === undefined || row[name] === 0 ? undefined : money(row[name], row));
  const unused = amount('unused_amount');
  const refunded = amount('bcy_refunded_amount');
  return [
    word('date'),
    row['payment_number'] === undefined ? undefined : `#${word('payment_number')}`,
    `${row['customer_name'] === undefined ? '' : quoted(row['customer_name'], 40)}${customerId}`.trim(),
    money(row['amount'], row),
    word('payment_mode'),
    word('invoice_numbers'),
    row['reference_number'] === undefined ? undefined : `ref ${quoted(row['reference_number'], 50)}`,
    unused && `unused ${unused}`,
    refunded && `refunded ${refunded} (base)`,
    `id ${told(row['payment_id'])}`,
  ]
    .filter(Boolean)
    .join(' | ');
}

function chosen(row: Json): string {
  return Object.entries(row)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? quoted(value) : asJson(value)}`)
    .join(' | ');
}
