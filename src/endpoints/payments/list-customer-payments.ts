import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import {
  amountOrZero,
  cut,
  date,
  DEFAULT_PER_PAGE,
  filter,
  id,
  page,
  pageContext,
  payment,
  perPage,
  rowFields,
  sortOrder,
} from '../../records/fields.ts';
import { byNameRoughly, joined, listing, naming, ifPresent } from '../../records/list-results.ts';
import { ownMode } from '../../records/payment-mode.ts';
import { money, plain, quoted, idText } from '../../records/text.ts';

const text100 = filter.optional();

const filterBy = [
  'All',
  'Check',
  'Cash',
  'BankTransfer',
  'Paypal',
  'CreditCard',
  'GoogleCheckout',
  'Credit',
  'Authorizenet',
  'BankRemittance',
  'Payflowpro',
  'Stripe',
  'TwoCheckout',
  'Braintree',
  'Others',
].map((mode) => `PaymentMode.${mode}`);

/** Replaces a payment mode such as "Cheque" or "Bank Transfer" by Zoho's `filter_by`. A mode in Zoho's spelling stays `payment_mode`. */
function byOwnMode<Q extends { readonly payment_mode?: string | undefined; readonly filter_by?: string | undefined }>(query: Q): Q {
  const { payment_mode = '', ...rest } = query;
  const own = ownMode(payment_mode);
  const by = filterBy.find((one) => one.toLowerCase() === `paymentmode.${own}`);
  return by === undefined || own === payment_mode.toLowerCase() || query.filter_by !== undefined
    ? query
    : ({ ...rest, filter_by: by } as Q);
}

/** The fields shown by default. `bcy_refunded_amount` is in the base currency, and shown only if it is not 0. */
const usualFields = [
  'payment_id',
  'payment_number',
  'date',
  'customer_id',
  'customer_name',
  'amount',
  'unused_amount',
  'bcy_refunded_amount',
  'payment_mode',
  'reference_number',
  'invoice_numbers',
  'description',
];

const input = z.strictObject({
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
  notes: text100.describe('Searches the description.'),
  notes_startswith: text100,
  notes_contains: text100,
  payment_mode: text100,
  payment_mode_startswith: text100,
  payment_mode_contains: text100,
  filter_by: z.enum(filterBy).optional(),
  sort_column: filter.optional().describe('date (default), created_time, last_modified_time.'),
  sort_order: sortOrder.optional(),
  page: page.optional(),
  per_page: perPage.optional(),
  fields: rowFields.optional(),
});
const output = z.looseObject({
  customerpayments: z
    .array(payment.pick({ payment_id: true, date: true, customer_id: true, amount: true, unused_amount: true }))
    .optional(),
  page_context: pageContext,
  cut,
});

export const listCustomerPayments = defineRead({
  name: 'list_customer_payments',
  title: 'List customer payments',
  description: [
    'Find customer payments, newest first by default. A payment must match all filters.',
    '`date` is one day; for a range, sort by date and read page by page.',
    'Rows do not show the currency of the amounts: get_customer_payment shows it, and all other details.',
  ].join('\n'),
  path: '/customerpayments',
  resources: [
    {
      uri: 'zoho-books://customerpayments',
      name: 'customer_payments',
      title: 'Recent customer payments',
      description: 'The newest customer payments, with the same content as the answer of list_customer_payments.',
      mimeType: 'application/json',
    },
    {
      uri: 'zoho-books://customerpayments{?}',
      name: 'customer_payments_filtered',
      title: 'Customer payments by filter',
      description: 'Customer payments, with the filters of list_customer_payments. The filters may come in any order.',
      mimeType: 'application/json',
    },
  ],
  input,
  output,
  parts: ({ fields: _, ...query }) => ({ query: { per_page: DEFAULT_PER_PAGE, ...byOwnMode(query) } }),
  ...listing({
    input,
    keys: ['customerpayments', 'customer_payments'],
    what: 'customer payment',
    none: 'No customer payments match.',
    otherwise: (given) =>
      byNameRoughly('find_payments', given['customer_name_contains'] ?? given['customer_name'] ?? given['customer_name_startswith']),
    usual: usualFields,
    row: ({ invoice_number, ...row }) => ({
      ...row,
      // Zoho sends `invoice_numbers`; its documentation says `invoice_number`.
      invoice_numbers: row['invoice_numbers'] ?? invoice_number,
      bcy_refunded_amount: readAmount(row['bcy_refunded_amount']) === 0 ? undefined : row['bcy_refunded_amount'],
    }),
    line,
  }),
});

function line(): (row: Json) => string {
  const customerOf = naming();
  return (row) => {
    return joined(
      ifPresent(row['date'], plain),
      ifPresent(row['payment_number'], (number) => `#${plain(number)}`),
      customerOf(row),
      money(row['amount'], row),
      ifPresent(row['payment_mode'], plain),
      ifPresent(row['invoice_numbers'], plain),
      ifPresent(row['reference_number'], (reference) => `ref ${quoted(reference, 50)}`),
      readAmount(row['unused_amount']) !== 0 && `unused ${money(row['unused_amount'], row)}`,
      ifPresent(row['bcy_refunded_amount'], (amount) => `refunded ${money(amount, row)} (base)`),
      `id ${idText(row['payment_id'])}`,
    );
  };
}
