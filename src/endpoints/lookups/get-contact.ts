import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { isObject, type Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { factLine, unseen, WHOLE_TEXT, wholeRecord } from '../../records/describe.ts';
import { id } from '../../records/fields.ts';
import { ifPresent } from '../../records/list-results.ts';
import { hasCutText, money, plain, quoted, idText } from '../../records/text.ts';
import { one, only, shownAs, withoutEmpty } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';

const text = z.string().optional();
const number = z.number().optional();
const output = z.looseObject({
  contact: z
    .looseObject({
      contact_id: text,
      contact_name: text,
      contact_type: text,
      currency_code: text,
      price_precision: number,
      outstanding_receivable_amount: number,
    })
    .optional(),
});

export type Contact = NonNullable<z.output<typeof output>['contact']>;

/** The fields shown. Zoho sends about a hundred fields, and lists of any length. */
const shownFields = [
  'contact_id',
  'contact_name',
  'company_name',
  'contact_type',
  'status',
  'email',
  'phone',
  'mobile',
  'currency_code',
  'price_precision',
  'payment_terms_label',
  'outstanding_receivable_amount',
  'unused_credits_receivable_amount',
  'unused_retainer_payments',
  'billing_address',
  'notes',
];

export const getContact = defineRead({
  name: 'get_contact',
  title: 'Get a customer',
  description: 'One customer: currency, outstanding amount, unused credits, terms, address, notes.',
  module: 'contacts',
  path: '/contacts/{contact_id}',
  resources: [
    {
      uri: 'zoho-books://contacts/{contact_id}',
      name: 'contact',
      title: 'Customer',
      description: 'One customer, with the same content as the answer of get_contact.',
      mimeType: 'application/json',
    },
  ],
  input: z.strictObject({ contact_id: id, whole: z.boolean().optional() }),
  parts: () => ({}),
  output,
  shows: (body, { contact_id }) => shownAs(contact_id, 'contact_id', [one(body, 'contact')]),
  result: (body): z.output<typeof output> => ({ contact: withoutEmpty(only(one(body, 'contact') ?? {}, shownFields)) }),
  report: ({ contact = {} }, { whole = false }) => {
    const { contact_id, contact_name, contact_type = 'customer', currency_code } = contact;
    if (contact_id === undefined) return unseen('customer');
    const name = `${contact_name === undefined ? '' : `${quoted(contact_name, whole ? WHOLE_TEXT : 80)} `}(id ${idText(contact_id)})`;
    if (contact_type !== 'customer')
      return createReport([`${name} is a ${plain(contact_type)}, not a customer: this server handles only customer payments.`]);
    const amount = (label: string, value: unknown) => `${label} ${money(value, contact)}`;
    const field = (label: string, value: unknown, max?: number) =>
      ifPresent(value, (value) => `${label} ${quoted(value, whole ? WHOLE_TEXT : max)}`);
    const facts = [
      amount('outstanding', contact.outstanding_receivable_amount),
      amount('unused credits', contact['unused_credits_receivable_amount']),
      readAmount(contact['unused_retainer_payments']) === 0
        ? undefined
        : ifPresent(contact['unused_retainer_payments'], (value) => amount('unused retainer payments', value)),
      field('terms', contact['payment_terms_label']),
      field('email', contact['email']),
      field('company', contact['company_name']),
      field('phone', contact['phone']),
      field('mobile', contact['mobile']),
      field('address', addressOf(contact['billing_address']), 150),
      field('notes', contact['notes'], 200),
    ];
    const { line, isCut } = factLine(facts, whole);
    const currency = currency_code === undefined ? 'currency unknown' : plain(currency_code);
    const status = contact['status'] === 'active' ? undefined : ifPresent(contact['status'], (status) => `, ${plain(status)}`);
    return createReport(
      [`Customer ${name}, ${currency}${status ?? ''}.`, line],
      [
        (isCut || hasCutText(name)) && !whole && wholeRecord('get_contact', { contact_id }),
        toolCall('list_invoices', { customer_id: contact_id, status: 'unpaid' }, 'open invoices'),
      ],
    );
  },
});

function addressOf(address: unknown): string | undefined {
  const { address: street, city, state, zip, country } = (isObject(address) ? address : {}) as Json;
  return [street, city, state, zip, country].filter(Boolean).join(', ') || undefined;
}
