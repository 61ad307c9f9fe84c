import * as z from 'zod';
import { defineWrite, type Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { ifAllowed } from './allowed.ts';
import { aboutChanges, changesOf, refuseNoChange } from './changes.ts';
import { paymentChanges, type Payment, writtenPayment } from './fields.ts';
import { getContact } from './get-contact.ts';
import { findByCustomField } from './find-by-custom-field.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { standingPayment } from './standing.ts';
import { aboutAllocation, aboutPayment, call, lines, next, notChecked, quoted, unseen } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

/** A header value: one line of visible ASCII, since HTTP carries nothing else safely. */
const headerText = z.string().min(1).max(255).regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be one line of plain ASCII characters');

export const updateCustomerPaymentUsingCustomField = defineWrite({
  name: 'update_customer_payment_using_custom_field',
  title: 'Update a customer payment by unique custom field',
  description: [
    'Update the payment whose unique custom field has this value; with `upsert`, record a new payment when there is none.',
    'The field must be set up in Zoho Books not to accept duplicate values. With a payment_id use update_customer_payment.',
  ].join('\n'),
  method: 'PUT',
  path: '/customerpayments',
  input: z.strictObject({
    unique_identifier_key: headerText.regex(/^cf_\w+$/, 'must be the API name of a custom field, cf_...').describe('API name of the field, cf_...'),
    unique_identifier_value: headerText,
    upsert: z.boolean().optional().describe('Needs customer_id, amount, date and payment_mode.'),
    ...paymentChanges,
  }),
  output,

  async preflight(input, zoho) {
    const { unique_identifier_key, unique_identifier_value, upsert, replace_invoices, ...fields } = input;
    refuseNoChange(fields);
    if (upsert) refuseIncomplete(fields);
    const found = await findByCustomField(unique_identifier_key, unique_identifier_value, zoho);
    if (found === 'none' && !upsert) throw noSuchPayment(unique_identifier_key, unique_identifier_value);
    if (found === 'cannot tell') {
      if (fields.invoices !== undefined && !replace_invoices) throw cannotMerge();
      return { before: undefined, not_checked: ['which payment has this value, and so the decimals of its currency'] };
    }
    const before = found === 'none' ? undefined : await standingPayment(zoho, found);
    const currency = before ?? (await currencyOf(fields.customer_id, zoho));
    checkDecimals(amountsOf(fields), currency ?? {});
    return { before, not_checked: currency === undefined ? ['the decimals of the customer\'s currency (needs the scope ZohoBooks.contacts.READ)'] : [] };
  },
  parts: ({ unique_identifier_key, unique_identifier_value, upsert, ...changes }, { before }) => ({
    body: changesOf(changes, before),
    headers: {
      'X-Unique-Identifier-Key': unique_identifier_key,
      'X-Unique-Identifier-Value': unique_identifier_value,
      ...(upsert && { 'X-Upsert': 'true' }),
    },
  }),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  text: ({ payment }, { unique_identifier_key, unique_identifier_value }, facts) => {
    if (payment === undefined) return unseen('payment');
    return lines(
      `${facts?.before ? 'Updated' : 'Wrote'} ${aboutPayment(payment)}; ${unique_identifier_key} is ${quoted(unique_identifier_value)}.`,
      ...(facts?.before ? aboutChanges(facts.before, payment) : []),
      aboutAllocation(payment),
      notChecked(facts?.not_checked ?? []),
      next(call('get_customer_payment', { payment_id: payment.payment_id })),
    );
  },
});

async function currencyOf(customer_id: string | undefined, zoho: Reader): Promise<Payment | undefined> {
  if (customer_id === undefined) return undefined;
  return (await ifAllowed(zoho.read(getContact, { contact_id: customer_id })))?.contact;
}

function refuseIncomplete(fields: Record<string, unknown>): void {
  const missing = ['customer_id', 'amount', 'date', 'payment_mode'].filter((name) => fields[name] === undefined);
  if (missing.length === 0) return;
  throw new InputError(`With upsert a payment may have to be recorded, and ${missing.join(', ')} would be missing.`, {
    code: 'invalid_arguments',
    next: `Call again with ${missing.join(', ')}, or without upsert.`,
  });
}

function noSuchPayment(key: string, value: string): InputError {
  return new InputError(`No payment has ${key} ${quoted(value)}.`, {
    code: 'not_found',
    next: 'Check the value with the user, or call again with upsert: true to record a new payment.',
  });
}

function cannotMerge(): InputError {
  return new InputError('Which invoices the payment is applied to could not be read by this custom field, so `invoices` could un-apply others.', {
    code: 'cannot_merge_invoices',
    next: 'Find the payment_id and use update_customer_payment, or send the whole list with replace_invoices: true.',
  });
}
