import * as z from 'zod';
import { concern, type Concern } from '../concern.ts';
import { defineWrite, UNKNOWN_CURRENCY, type Facts, type Minted, type Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { report } from '../report.ts';
import { ahead } from '../reading.ts';
import { existing, newestOf, newestPayments, paymentsAlike } from './alike.ts';
import { ifAllowed } from './allowed.ts';
import { withTaxOfPayment } from './applied.ts';
import { refuseSameInvoiceTwice } from './changes.ts';
import {
  checkAccount,
  checkApplied,
  checkCustomFields,
  checkDate,
  checkInvoices,
  checkRetainer,
  mostlyTax,
  type Application,
} from './checks.ts';
import { otherPayment } from './contradiction.ts';
import { checkExchangeRate, inBase, type InBase } from './exchange-rate.ts';
import { appliedInvoice, id, paymentFields, writtenPayment } from './fields.ts';
import { getContact, type Contact } from './get-contact.ts';
import { getInvoice } from './get-invoice.ts';
import { allBankAccounts } from './list-bank-accounts.ts';
import { lookForPayment } from './looks.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { notThere } from './standing.ts';
import { lookByUniqueField, uniqueUpsert } from './unique-upsert.ts';
import { allPayments } from './whole-list.ts';
import { aboutPayment, aboutWhole, attention, money, notChecked, quoted, recordName, recordNameAndId, unseen } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

const input = z.strictObject({
  ...paymentFields,
  invoices: z.array(appliedInvoice).optional().describe('Leave out for an advance.'),
  contact_persons: z.array(id).optional().describe('Who gets the thank-you mail.'),
});

export const createCustomerPayment = defineWrite({
  name: 'create_customer_payment',
  title: 'Record a customer payment',
  description: [
    'Record money received from a customer, applied to invoices or, without `invoices`, as an advance. Moves money in the books.',
    'What is not applied stays unused on the payment. To correct or apply a recorded payment use update_customer_payment.',
  ].join('\n'),
  method: 'POST',
  path: '/customerpayments',
  canDuplicate: true,
  input,
  output,

  turn: ({ customer_id }) => [`customer:${customer_id}`],
  preflight: (payment, zoho) => newPaymentFacts(payment, zoho),
  upsert: uniqueUpsert,
  look: (attempt, zoho) => {
    const unique = attempt.before['unique'] as Minted | undefined;
    return unique ? lookByUniqueField(attempt, unique, zoho) : lookForPayment(attempt, String(attempt.input['customer_id']), zoho);
  },
  contradiction: ({ payment }, { body, before }) => otherPayment(payment, body, { existing: before['existing'] }),
  undo: ({ payment }) =>
    payment?.payment_id === undefined ? undefined : { tool: 'delete_customer_payment', arguments: { payment_id: payment.payment_id } },

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  report: ({ payment }, given, facts) => {
    if (payment === undefined) return unseen('payment');
    const { unused_amount = 0 } = payment;
    return report(
      [
        `Recorded ${aboutPayment(payment)}.`,
        attention(given, payment),
        aboutWhole(payment),
        inBase(facts?.before),
        notChecked(facts?.not_checked ?? []),
      ],
      [
        unused_amount > 0 && {
          say: 'to apply the rest later: update_customer_payment with payment_id and invoices',
          tool: 'update_customer_payment',
        },
      ],
    );
  },
});

interface NewPaymentFacts extends Facts {
  readonly before: InBase & { readonly existing: unknown };
}

/** What a new payment would do, for create and for the upsert that may come to the same. */
export async function newPaymentFacts(payment: z.output<typeof input>, reader: Reader): Promise<NewPaymentFacts> {
  const { customer_id, amount, date, payment_mode, reference_number, invoices = [] } = payment;
  refuseSameInvoiceTwice(invoices);
  const notes = { lines: [] as string[], not_checked: [] as string[] };
  const ask: Concern[] = [];
  const zoho = ahead(
    [
      [getContact, { contact_id: customer_id }],
      [allPayments, newestOf(customer_id)],
      ...(payment.account_id === undefined ? [] : [[allBankAccounts, {}] as const]),
      ...invoices.map(({ invoice_id }) => [getInvoice, { invoice_id }] as const),
    ],
    reader,
  );

  const contact = await customerOf(customer_id, zoho);
  if (contact === undefined)
    notes.not_checked.push('the customer and the decimals of the currency (needs the scope ZohoBooks.contacts.READ)');
  const currency = contact ?? {};
  checkDecimals(amountsOf(payment), currency);
  const left = checkApplied(amount, invoices, currency);
  await checkDate(date, zoho, notes);
  const rate = await checkExchangeRate(
    payment.exchange_rate,
    {
      currency_code: currency.currency_code,
      amount,
      invoice_ids: invoices.map(({ invoice_id }) => invoice_id),
      ...(contact !== undefined && { ifMissing: 'refuse' as const }),
    },
    zoho,
    notes,
  );
  notes.lines.push(
    `Customer: ${contact?.contact_name === undefined ? `id ${customer_id}` : `${quoted(contact.contact_name)} (id ${customer_id})`}`,
    `Date: ${date}, mode: ${quoted(payment_mode, 100)}`,
  );
  if (reference_number !== undefined) notes.lines.push(`Reference: ${quoted(reference_number, 50)}`);
  await checkAccount('account_id', payment.account_id, currency, zoho, notes);
  await checkCustomFields(payment.custom_fields, zoho, notes);
  const rows = withTaxOfPayment<Application>(invoices, payment.tax_amount_withheld);
  await checkInvoices(rows, { customer_id, currency }, zoho, notes);
  ask.push(...mostlyTax(rows, currency));
  await checkRetainer(payment.retainerinvoice_id, { customer_id, amount, currency }, zoho, notes);
  for (const name of ['bank_charges', 'tax_amount_withheld'] as const)
    if (payment[name]) notes.lines.push(`${name}: ${money(payment[name], currency)}`);
  for (const name of ['location_id', 'tax_account_id', 'bank_charges_account_id'] as const)
    if (payment[name] !== undefined) notes.lines.push(`${name}: ${payment[name]}`);
  if (payment.description !== undefined) notes.lines.push(`Description: ${quoted(payment.description, 200)}`);
  if (left > 0) notes.lines.push(`Not applied, stays as unused credit: ${money(left, currency)}`);
  if (left > 0 && invoices.length > 0) ask.push(concern('overpaid', `${money(left, currency)} more is paid than is applied to invoices`));

  const newest = await newestPayments(zoho, customer_id);
  const { alike, not_checked } = await paymentsAlike(zoho, { customer_id, amount, date, reference_number }, newest);
  notes.not_checked.push(...not_checked);
  const payer = recordName('customer', contact?.contact_name, customer_id);
  return {
    title: `Record a payment of ${money(amount, currency)} from ${payer}`,
    ...notes,
    ask,
    makes: 'payment',
    alike,
    money: { kind: 'payment', currency: currency.currency_code ?? UNKNOWN_CURRENCY, amount, adds: amount, customer_id },
    rate,
    customer_id,
    uses: { account_id: payment.account_id, date },
    blocks: [`create:${customer_id}:${amount}`],
    before: { existing: existing(newest), in_base: rate?.result },
  };
}

/** The customer of this id, undefined where the scopes do not show customers. Refuses one who does not exist, and a vendor. */
export async function customerOf(contact_id: string, zoho: Reader): Promise<Contact | undefined> {
  const found = await ifAllowed(
    zoho.read(getContact, { contact_id }).catch((error: unknown) => {
      if (!(error instanceof InputError) || error.code !== 'not_found') throw error;
      throw new InputError(`There is no customer ${contact_id}.`, {
        code: 'no_such_customer',
        next: [
          { say: 'list_customer_payments shows the customer_id of those who have paid before', tool: 'list_customer_payments' },
          { say: 'ask the user' },
        ],
        zoho: error.zoho,
      });
    }),
  );
  if (found !== undefined && found.contact?.contact_id !== contact_id) return notThere('customer', contact_id);
  if (found?.contact?.contact_type !== undefined && found.contact.contact_type !== 'customer') {
    throw new InputError(`${recordNameAndId('contact', found.contact.contact_name, contact_id)} is a vendor, not a customer.`, {
      code: 'not_a_customer',
      next: 'Check with the user who paid.',
    });
  }
  return found?.contact;
}
