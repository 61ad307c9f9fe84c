import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { readAmount } from '../../money.ts';
import { factLine, unseen, WHOLE_TEXT, wholeRecord } from '../../records/describe.ts';
import { invoiceId } from '../../records/fields.ts';
import { ifPresent } from '../../records/list-results.ts';
import { money, plain, quoted, idText } from '../../records/text.ts';
import { one, only, shownAs, withoutEmpty } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';

const text = z.string().optional();
const number = z.number().optional();
const output = z.looseObject({
  invoice: z
    .looseObject({
      invoice_id: text,
      invoice_number: text,
      customer_id: text,
      customer_name: text,
      status: text,
      due_date: text,
      currency_code: text,
      total: number,
      balance: number,
    })
    .optional(),
});

/** The fields shown. Line items are not shown: an invoice can have hundreds. */
const shownFields = [
  'invoice_id',
  'invoice_number',
  'reference_number',
  'customer_id',
  'customer_name',
  'status',
  'date',
  'due_date',
  'currency_code',
  'price_precision',
  'exchange_rate',
  'total',
  'payment_made',
  'credits_applied',
  'write_off_amount',
  'balance',
  'last_payment_date',
  'notes',
];

export const getInvoice = defineRead({
  name: 'get_invoice',
  title: 'Get an invoice',
  description: 'One invoice: customer, status, dates, total, amount paid, balance.',
  module: 'invoices',
  path: '/invoices/{invoice_id}',
  resources: [
    {
      uri: 'zoho-books://invoices/{invoice_id}',
      name: 'invoice',
      title: 'Invoice',
      description: 'One invoice, with the same content as the answer of get_invoice.',
      mimeType: 'application/json',
    },
  ],
  input: z.strictObject({ invoice_id: invoiceId.describe('Number or id.'), whole: z.boolean().optional() }),
  parts: () => ({}),
  output,
  shows: (body, { invoice_id }) => shownAs(invoice_id, 'invoice_id', [one(body, 'invoice')]),
  result: (body): z.output<typeof output> => {
    const invoice = one(body, 'invoice');
    return invoice ? { invoice: withoutEmpty(only(invoice, shownFields)) } : {};
  },
  report: ({ invoice }, { whole = false }) => {
    if (invoice === undefined) return unseen('invoice');
    const { invoice_id, customer_id, status = 'status unknown' } = invoice;
    const amount = (label: string, value: unknown) =>
      ifPresent(readAmount(value) === 0 ? undefined : value, (value) => `${label} ${money(value, invoice)}`);
    const day = (label: string, value: unknown) => ifPresent(value, (value) => `${label} ${plain(value)}`);
    const paid = amount('paid', invoice['payment_made']);
    const facts = [
      `customer ${ifPresent(invoice.customer_name, (name) => `${quoted(name, whole ? WHOLE_TEXT : 80)} `) || ''}` +
        `(customer_id ${idText(customer_id)})`,
      `total ${money(invoice.total, invoice)}`,
      `balance ${money(invoice.balance, invoice)}`,
      paid && [paid, day('last on', invoice['last_payment_date'])].filter(Boolean).join(', '),
      amount('credits applied', invoice['credits_applied']),
      amount('written off', invoice['write_off_amount']),
      ifPresent(invoice['reference_number'], (reference) => `reference ${quoted(reference)}`),
      ifPresent(invoice['notes'], (notes) => `notes ${quoted(notes, whole ? WHOLE_TEXT : 200)}`),
    ];
    const { line, isCut } = factLine(facts, whole);
    const name = `${invoice.invoice_number === undefined ? '' : `${plain(invoice.invoice_number)} `}(id ${idText(invoice_id)})`;
    return createReport(
      [`Invoice ${[name, plain(status), day('dated', invoice['date']), day('due', invoice.due_date)].filter(Boolean).join(', ')}.`, line],
      [
        isCut && !whole && wholeRecord('get_invoice', { invoice_id }),
        paid && toolCall('list_invoice_payments', { invoice_id }, 'its payments'),
      ],
    );
  },
});
