import * as z from 'zod';
import { concern } from '../../concern.ts';
import { defineWrite, UNKNOWN_CURRENCY, type Facts, type Minted, type Reader } from '../../endpoint.ts';
import { InputError } from '../../errors.ts';
import type { Currency } from '../../money.ts';
import {
  bankAccounts,
  checkAccount,
  checkApplied,
  checkCustomFields,
  checkDate,
  checkInvoices,
  checkRetainer,
  joinNotes,
  mostlyTax,
  type Application,
} from '../../preflight/checks.ts';
import { otherPayment } from '../../preflight/contradiction.ts';
import { checkExchangeRate, inBase, type InBase } from '../../preflight/exchange-rate.ts';
import { lookForPayment } from '../../preflight/find-lost-write.ts';
import { existing, newestPayments, paymentsAlike } from '../../preflight/look-alikes.ts';
import { lookByUniqueField, uniqueUpsert } from '../../preflight/unique-upsert.ts';
import { inOrder } from '../../reader.ts';
import { notThere } from '../../reading/current-record.ts';
import { ifAllowed } from '../../reading/if-allowed.ts';
import { withTaxOfPayment } from '../../records/applied.ts';
import {
  aboutPayment,
  aboutWhole,
  attention,
  money,
  notChecked,
  quoted,
  recordName,
  recordNameAndId,
  unseen,
} from '../../records/describe.ts';
import { appliedInvoice, id, paymentFields, writtenPayment } from '../../records/fields.ts';
import { refuseSameInvoiceTwice } from '../../records/update-body.ts';
import { amountsOf, checkDecimals, paymentOf } from '../../records/zoho-shapes.ts';
import { report } from '../../report.ts';
import { getContact, type Contact } from '../lookups/get-contact.ts';

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
  input,
  output,
  safety: {
    canDuplicate: true,

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
  },

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

type NewPayment = z.output<typeof input>;

interface NewPaymentFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: InBase & { readonly existing: unknown } };
}

/** What a new payment would do, for create and for the upsert that may come to the same. */
export async function newPaymentFacts(payment: NewPayment, zoho: Reader): Promise<NewPaymentFacts> {
  const { customer_id, amount, date, payment_mode, reference_number, account_id, invoices = [] } = payment;
  refuseSameInvoiceTwice(invoices);
  const rows = withTaxOfPayment<Application>(invoices, payment.tax_amount_withheld);
  const payer = payerOf(payment, zoho);

  const [{ contact, left }, dated, rated, account, fields, applied, retainer, newest] = await inOrder([
    payer,
    checkDate(date, zoho),
    payer.then(({ contact }) => checkRate(payment, contact, zoho)),
    account_id === undefined ? undefined : checkAccount('account_id', account_id, { accounts: bankAccounts(zoho), currency: payer }, zoho),
    checkCustomFields(payment.custom_fields, zoho),
    checkInvoices(rows, { customer_id, currency: payer }, zoho),
    checkRetainer(payment.retainerinvoice_id, { customer_id, amount, currency: payer }, zoho),
    newestPayments(zoho, customer_id),
  ]);
  const { alike, ...likeness } = await paymentsAlike(zoho, { customer_id, amount, date, reference_number }, newest);

  const currency = contact ?? {};
  const named = contact?.contact_name === undefined ? `id ${customer_id}` : `${quoted(contact.contact_name)} (id ${customer_id})`;
  const amounts = (['bank_charges', 'tax_amount_withheld'] as const).filter((name) => payment[name]);
  const ids = (['location_id', 'tax_account_id', 'bank_charges_account_id'] as const).filter((name) => payment[name] !== undefined);
  return {
    question: {
      title: `Record a payment of ${money(amount, currency)} from ${recordName('customer', contact?.contact_name, customer_id)}`,
      ...joinNotes(
        contact === undefined && {
          not_checked: ['the customer and the decimals of the currency (needs the scope ZohoBooks.contacts.READ)'],
        },
        dated,
        rated,
        {
          lines: [
            `Customer: ${named}`,
            `Date: ${date}, mode: ${quoted(payment_mode, 100)}`,
            ...(reference_number === undefined ? [] : [`Reference: ${quoted(reference_number, 50)}`]),
          ],
        },
        account,
        fields,
        applied,
        retainer,
        {
          lines: [
            ...amounts.map((name) => `${name}: ${money(payment[name], currency)}`),
            ...ids.map((name) => `${name}: ${payment[name]}`),
            ...(payment.description === undefined ? [] : [`Description: ${quoted(payment.description, 200)}`]),
            ...(left > 0 ? [`Not applied, stays as unused credit: ${money(left, currency)}`] : []),
          ],
        },
        likeness,
      ),
      ask: [
        ...mostlyTax(rows, currency),
        ...(left > 0 && invoices.length > 0
          ? [concern('overpaid', `${money(left, currency)} more is paid than is applied to invoices`)]
          : []),
      ],
    },
    policy: {
      money: { kind: 'payment', currency: currency.currency_code ?? UNKNOWN_CURRENCY, amount, adds: amount, customer_id },
      rate: rated.rate,
      customer_id,
      uses: { account_id, date },
    },
    duplicates: { makes: 'payment', alike },
    lost: {
      touches: { creates: [{ customer_id, amount }] },
      before: { existing: existing(newest), in_base: rated.rate?.result },
    },
  };
}

/**
 * Who pays and in which currency, where the scopes show it, and what is left over. Refuses amounts that the currency cannot hold, and more
 * applied than is paid.
 */
async function payerOf(payment: NewPayment, zoho: Reader) {
  const contact = await customerOf(payment.customer_id, zoho);
  const { currency_code, price_precision } = contact ?? {};
  const currency: Currency = { currency_code, price_precision };
  checkDecimals(amountsOf(payment), currency);
  return { ...currency, contact, left: checkApplied(payment.amount, payment.invoices ?? [], currency) };
}

function checkRate({ exchange_rate, amount, invoices = [] }: NewPayment, contact: Currency | undefined, zoho: Reader) {
  const compared = {
    currency_code: contact?.currency_code,
    amount,
    invoice_ids: invoices.map(({ invoice_id }) => invoice_id),
    ...(contact !== undefined && { ifMissing: 'refuse' as const }),
  };
  return checkExchangeRate(exchange_rate, compared, zoho);
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
