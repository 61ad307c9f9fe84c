import * as z from 'zod';
import { concern } from '../concern.ts';
import { UNKNOWN_CURRENCY, type Facts, type Reader } from '../endpoint.ts';
import type { Currency } from '../money.ts';
import { allInOrder } from '../reader.ts';
import { customerOf } from '../reading/current-record.ts';
import { locationName } from '../reading/locations.ts';
import { withTaxOfPayment, type AppliedRow } from '../records/applied.ts';
import { fieldLabel, idWithName, recordName, tagsInWords } from '../records/describe.ts';
import { paymentFields, appliedInvoice, id } from '../records/fields.ts';
import { quoted, money } from '../records/text.ts';
import { refuseSameInvoiceTwice } from '../records/update-body.ts';
import {
  checkDate,
  checkAccount,
  bankAccounts,
  checkCustomFields,
  checkInvoices,
  checkRetainer,
  joinNotes,
  mostlyTax,
  checkDecimals,
  amountsOf,
  checkApplied,
} from './checks.ts';
import { checkExchangeRate, type InBase } from './exchange-rate.ts';
import { existing, newestPayments, paymentsAlike } from './look-alikes.ts';

/** The preflight of new payments. */

/** The input of create_customer_payment. */
export const newPaymentInput = z.strictObject({
  ...paymentFields,
  invoices: z.array(appliedInvoice).optional(),
  contact_persons: z.array(id).optional().describe('Who gets the thank-you mail.'),
});

type NewPayment = z.output<typeof newPaymentInput>;

interface NewPaymentFacts extends Facts {
  readonly lost: Facts['lost'] & {
    readonly before: InBase & { readonly existing: unknown; readonly retainer_number?: string | undefined };
  };
}

/** The facts of a new payment, for create and for an upsert that creates. */
export async function newPaymentFacts(payment: NewPayment, zoho: Reader): Promise<NewPaymentFacts> {
  const { customer_id, amount, date, payment_mode, reference_number, account_id, invoices = [] } = payment;
  refuseSameInvoiceTwice(invoices);
  const rows = withTaxOfPayment<AppliedRow>(invoices, payment.tax_amount_withheld);
  const payer = payerFacts(payment, zoho);

  const [{ contact, left }, dated, rated, account, fields, applied, retainer, newest, location] = await allInOrder([
    payer,
    checkDate(date, zoho),
    payer.then(({ contact }) => checkRate(payment, contact, zoho)),
    account_id === undefined
      ? { lines: ['Account: not given, so Zoho uses Undeposited Funds'], name: undefined }
      : checkAccount('account_id', account_id, { accounts: bankAccounts(zoho), currency: payer }, zoho),
    checkCustomFields(payment.custom_fields, zoho),
    checkInvoices(rows, { customer_id, currency: payer }, zoho),
    checkRetainer(payment.retainerinvoice_id, { customer_id, amount, currency: payer }, zoho),
    newestPayments(zoho, customer_id),
    locationName(payment.location_id, zoho),
  ]);
  const { alike, ...likeness } = await paymentsAlike(zoho, { customer_id, amount, date, reference_number, currency: contact }, newest);

  const currency = contact ?? {};
  const named = contact?.contact_name === undefined ? `id ${customer_id}` : `${quoted(contact.contact_name)} (id ${customer_id})`;
  const inactive = contact?.['status'] === 'inactive' ? ', inactive' : '';
  const amounts = (['bank_charges', 'tax_amount_withheld'] as const).filter((name) => payment[name]);
  const ids = (['tax_account_id', 'bank_charges_account_id'] as const).filter((name) => payment[name] !== undefined);
  const others = [
    ...amounts.map((name) => `${fieldLabel(name)}: ${money(payment[name], currency)}`),
    ...(payment.location_id === undefined ? [] : [`Location: ${idWithName(payment.location_id, location)}`]),
    ...ids.map((name) => `${fieldLabel(name)}: ${idWithName(payment[name], undefined)}`),
    ...(payment.tags === undefined ? [] : [`Tags: ${tagsInWords(payment.tags)}`]),
    ...(payment.payment_form === undefined ? [] : [`payment_form: ${quoted(payment.payment_form, 100)}`]),
    ...(payment.contact_persons?.length ? [`Thank-you mail to: contact person ${payment.contact_persons.join(', ')}`] : []),
    ...(payment.description === undefined ? [] : [`Description: ${quoted(payment.description, 200)}`]),
  ];
  return {
    question: {
      title: `Record a payment of ${money(amount, currency)} from ${recordName('customer', contact?.contact_name, customer_id)}`,
      line: [
        `${money(amount, currency)} from ${recordName('customer', contact?.contact_name, customer_id, 60)}${inactive}, ${date}, ${quoted(payment_mode, 100)}`,
        ...(reference_number === undefined ? [] : [`reference ${quoted(reference_number, 50)}`]),
        ...(account_id === undefined ? [] : [`to ${recordName('account', account.name, account_id, 40)}`]),
        ...[{ lines: rated.lines?.slice(0, 1) }, applied, retainer, fields, { lines: others }].flatMap(({ lines = [] }) =>
          lines.map((line) => `${line.charAt(0).toLowerCase()}${line.slice(1)}`),
        ),
        ...(left > 0 && payment.retainerinvoice_id === undefined ? [`${money(left, currency)} stays unused`] : []),
      ].join('; '),
      ...joinNotes(
        contact === undefined && {
          not_checked: ['the customer and the decimals of the currency (needs the scope ZohoBooks.contacts.READ)'],
          ...(payment.exchange_rate === undefined && { lines: ['Exchange rate: not given, so Zoho uses 1'] }),
        },
        dated,
        rated,
        {
          lines: [
            `Customer: ${named}${inactive}`,
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
            ...others,
            ...(payment.bank_charges && payment.bank_charges_account_id === undefined
              ? ['Account for bank charges: not given, so Zoho chooses one']
              : []),
            ...(left > 0 && payment.retainerinvoice_id === undefined
              ? [`Not applied, stays as unused credit: ${money(left, currency)}`]
              : []),
          ],
        },
        likeness,
      ),
      ...(contact?.['status'] === 'inactive' && { notable: ['This customer is inactive in Zoho Books.'] }),
      ask: [
        ...mostlyTax(rows, currency),
        ...(left > 0 && invoices.length > 0
          ? [concern('overpaid', `${money(left, currency)} of the payment is not applied to any invoice`)]
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
      before: {
        existing: existing(newest),
        in_base: rated.rate?.result,
        ...(retainer.retainer_number !== undefined && { retainer_number: retainer.retainer_number }),
      },
    },
  };
}

/**
 * The customer and the currency, if the scopes show them, and the amount that is not applied. Refuses amounts with too many decimals, and a
 * payment that applies more than its amount.
 */
async function payerFacts(payment: NewPayment, zoho: Reader) {
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
