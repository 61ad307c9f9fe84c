import * as z from 'zod';
import { concern, type Concern } from '../concern.ts';
import { UNKNOWN_CURRENCY, type Facts, type Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { RefusedError } from '../errors.ts';
import { readAmount, subtract } from '../money.ts';
import { allInOrder } from '../reader.ts';
import { customerOf } from '../reading/current-record.ts';
import { locationName } from '../reading/locations.ts';
import { freedInvoices, leftInWords, refundedOf, unApplied } from '../records/afterwards.ts';
import { standingOn, withTaxOfPayment, type AppliedRow } from '../records/applied.ts';
import { NAME_FIELDS, valueInWords } from '../records/change-report.ts';
import { aboutPayment, fieldLabel, idWithName, recordName, tagsInWords } from '../records/describe.ts';
import { paymentChanges, id, type Payment } from '../records/fields.ts';
import { money, quoted, idText } from '../records/text.ts';
import { changesOf } from '../records/update-body.ts';
import {
  checkDecimals,
  amountsOf,
  checkApplied,
  checkDate,
  checkAccount,
  bankAccounts,
  checkCustomFields,
  checkInvoices,
  joinNotes,
  mostlyTax,
  type CheckNotes,
} from './checks.ts';
import { checkExchangeRate, type InBase } from './exchange-rate.ts';
import { newestPayments, paymentsAlike, type PaymentToMake, type Newest, type Likeness } from './look-alikes.ts';

/** What a change of a payment would do. */

const changes = z.strictObject(paymentChanges);
export type Changes = z.output<typeof changes>;
/** What update_customer_payment takes. */
export const paymentChangeInput = z.strictObject({ payment_id: id, ...paymentChanges });

export interface ChangeFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: InBase & { readonly payment: Payment } };
}

/** What a change of a payment would do, field by field and invoice by invoice. */
export async function changeFacts(payment: Payment, given: Changes, zoho: Reader): Promise<ChangeFacts> {
  checkDecimals(amountsOf(given), payment);
  // Undefined where Zoho does not tell it: then nothing is worked out from it.
  const amount = given.amount ?? payment.amount;
  const whose = given.customer_id ?? payment.customer_id;
  const moved = whose !== payment.customer_id;
  const { invoices } = changesOf(given, payment) as { invoices?: readonly AppliedRow[] };
  const standing = standingOn(payment);
  const rows = invoices ?? [...standing].flatMap(([invoice_id, stands]) => (stands === undefined ? [] : [{ invoice_id, ...stands }]));
  const left = amount === undefined ? undefined : checkApplied(amount, rows, payment);
  const refunded = refundedOf(payment);
  const rate = readAmount(payment['exchange_rate']);
  if (left !== undefined && refunded !== undefined && refunded > 0 && left < refunded) throw refundedAlready(refunded, left, payment);
  const unused = left === undefined ? undefined : subtract(left, Math.max(0, refunded ?? 0));
  // Tax that is named for the payment as a whole moves what its invoice has open, also where `invoices` is not named.
  const taxed =
    given.tax_amount_withheld === undefined || invoices !== undefined || standing.size !== 1
      ? invoices
      : rows.map(({ tax_amount_withheld: _, ...row }) => row);
  const settled = taxed && withTaxOfPayment<AppliedRow>(taxed, given.tax_amount_withheld);
  const looksDifferent = changesLikeness(payment, given);
  const wanted = looksDifferent ? wantedAfter(payment, given) : undefined;

  const [dated, account, fields, rated, mover, applied, newest, location] = await allInOrder([
    checkDate(given.date, zoho),
    given.account_id === undefined
      ? undefined
      : checkAccount('account_id', given.account_id, { accounts: bankAccounts(zoho), currency: payment }, zoho),
    checkCustomFields(given.custom_fields, zoho, payment),
    checkExchangeRate(
      given.exchange_rate,
      { currency_code: payment.currency_code, amount, invoice_ids: rows.map(({ invoice_id }) => invoice_id) },
      zoho,
    ),
    moved ? anotherCustomer(String(whose), payment, zoho) : undefined,
    settled && checkInvoices(settled, { customer_id: whose, currency: payment, standing }, zoho),
    wanted && newestPayments(zoho, wanted.customer_id),
    locationName(given.location_id || undefined, zoho),
  ]);
  const off = settled && takenOff(settled, payment);
  const more = amount === undefined ? 0 : subtract(amount, payment.amount ?? 0);
  const { alike, ...likeness } = looksDifferent ? await newPaymentLikeness(payment, wanted, newest, zoho) : NOT_COMPARED;
  return {
    question: {
      title: `Change ${aboutPayment(payment)}`,
      ...joinNotes(
        dated,
        // The line of the change names it.
        account?.not_checked && { not_checked: account.not_checked },
        fields,
        rated,
        (left === undefined || refunded === undefined) &&
          (given.amount !== undefined || invoices !== undefined) && {
            not_checked: ['what is left unused afterwards (Zoho does not tell the amounts of the payment)'],
          },
        rate !== undefined &&
          given.amount !== undefined &&
          given.exchange_rate === undefined &&
          rate !== 1 && { lines: [`Exchange rate as before: ${rate}`] },
        { lines: fieldLines(given, payment, { account_id: account?.name, customer_id: mover?.name, location_id: location }) },
        mover,
        given.amount !== undefined &&
          payment.amount === undefined && { not_checked: ['whether it lowers the amount (Zoho does not tell the amount as it stands)'] },
        invoices !== undefined &&
          payment.invoices === undefined && { not_checked: ['what the payment is applied to now, and so what this un-applies'] },
        off,
        applied,
        (settled !== undefined || given.amount !== undefined) &&
          unused !== undefined &&
          refunded !== undefined && {
            lines: [`Left unused afterwards: ${leftInWords({ unused_amount: unused, refunded_amount: refunded }, payment)}`],
          },
        likeness,
      ),
      ask: [
        ...(mover === undefined ? [] : [mover.concern]),
        ...(amount !== undefined && amount < (payment.amount ?? 0) ? [LOWERS] : []),
        ...((invoices !== undefined && payment.invoices === undefined) || (off?.lines ?? []).length > 0 ? [UNAPPLIES] : []),
        ...(settled === undefined ? [] : mostlyTax(settled, payment, standing)),
        ...(more > 0 && unused !== undefined && rows.length > 0 && unused > (payment.unused_amount ?? 0)
          ? [concern('overpaid', `${money(unused, payment)} more is paid than is applied to invoices`)]
          : []),
      ],
      sealed: { payment },
    },
    policy: {
      ...(amount !== undefined &&
        (more > 0 || moved) && {
          money: {
            kind: 'payment' as const,
            currency: payment.currency_code ?? UNKNOWN_CURRENCY,
            amount,
            adds: Math.max(0, more),
            customer_id: whose,
          },
        }),
      rate: rated.rate,
      customer_id: payment.customer_id,
      uses: { account_id: given.account_id ?? (payment['account_id'] as string | undefined), date: given.date ?? payment.date },
    },
    duplicates: { alike },
    lost: {
      touches: {
        payments: [String(payment.payment_id)],
        creates: createsOf(String(whose), moved ? [amount] : more > 0 ? [amount, more] : []),
      },
      before: { payment, in_base: rated.rate?.result },
    },
  };
}

/** A change of a payment that cannot be seen: the values that it sets, and those checks that can be made without the payment. */
export async function unseenChangeNotes(given: Changes, zoho: Reader): Promise<Required<CheckNotes>> {
  const { customer_id, account_id, invoices = [] } = given;
  const contact = customer_id === undefined ? undefined : await customerOf(customer_id, zoho);
  const currency = contact ?? {};
  const [dated, account, fields, applied] = await allInOrder([
    checkDate(given.date, zoho),
    account_id === undefined ? undefined : checkAccount('account_id', account_id, { accounts: bankAccounts(zoho), currency }, zoho),
    checkCustomFields(given.custom_fields, zoho),
    // How much of each invoice it settles already is not known.
    checkInvoices(invoices, { customer_id, currency, standing: new Map(invoices.map((row) => [row.invoice_id, undefined])) }, zoho),
  ]);
  return joinNotes(
    dated,
    account,
    fields,
    { lines: fieldLines(given, undefined, { account_id: account?.name, customer_id: contact?.contact_name }) },
    applied,
    given.replace_invoices === true && { lines: ['Un-apply it from every other invoice'] },
  );
}

function refundedAlready(refunded: number, left: number, payment: Payment): RefusedError {
  return new RefusedError(
    `${money(refunded, payment)} of this payment was refunded, ` +
      `so at least that much must stay unapplied; ${money(left, payment)} would be left.`,
    {
      code: 'refunded_already',
      next: {
        say: 'Ask the user; the refund can be corrected with update_customer_payment_refund.',
        tool: 'update_customer_payment_refund',
      },
    },
  );
}

/** A line for each invoice that loses money which the payment has on it now. */
function takenOff(settled: readonly AppliedRow[], payment: Payment): Required<CheckNotes> {
  const notes = freedInvoices(
    [payment],
    settled.map((row) => ({ ...row })),
  ).map((freed): CheckNotes => {
    const { invoice_id, invoice_number, by, moneyOff } = freed;
    const name = `invoice ${quoted(invoice_number ?? invoice_id, 40)}`;
    if (by === undefined) return { not_checked: [`whether it takes money off ${name} (Zoho does not tell what is applied to it)`] };
    // Tax in the place of money leaves the invoice closed, and takes the money off it all the same.
    return {
      lines: [
        by > 0 ? unApplied(freed, money(by, payment)) : `Take ${money(moneyOff, payment)} of money off ${name}, with tax in its place`,
      ],
    };
  });
  return joinNotes(...notes);
}

/** What it adds is as good as a new payment of that amount, and so is the whole as it will stand. */
const createsOf = (customer_id: string, amounts: readonly (number | undefined)[]) =>
  [...new Set(amounts)].map((amount) => ({ customer_id, amount }));

/**
 * A change that makes a payment look like another one is as good as a new payment, and takes the turn of one. Whose it is
 * may be some seconds old: a payment that moved meanwhile is found by the preflight.
 */
export async function turnOfChange(
  payment_id: string,
  { amount, customer_id, date, reference_number }: Changes,
  zoho: Reader,
): Promise<string[]> {
  if (![amount, customer_id, date, reference_number].some((value) => value !== undefined)) return [`payment:${payment_id}`];
  const { payment } = await zoho.recent.read(getCustomerPayment, { payment_id });
  const customers = new Set([payment?.customer_id, customer_id].filter((id) => id !== undefined));
  return [`payment:${payment_id}`, ...[...customers].map((id) => `customer:${id}`)];
}

/** What the payment is compared by once it is changed; undefined where Zoho does not tell all of it. */
function wantedAfter(payment: Payment, given: Changes): PaymentToMake | undefined {
  const customer_id = given.customer_id ?? payment.customer_id;
  const amount = given.amount ?? payment.amount;
  const date = given.date ?? payment.date;
  if (customer_id === undefined || amount === undefined || date === undefined) return undefined;
  return { customer_id, amount, date, reference_number: given.reference_number ?? payment.reference_number };
}

/** Payments that this one will look like, and did not look like before. */
async function newPaymentLikeness(
  { payment_id, customer_id, amount, date, reference_number }: Payment,
  wanted: PaymentToMake | undefined,
  newest: Newest | undefined,
  zoho: Reader,
): Promise<Likeness> {
  if (wanted === undefined || newest === undefined)
    return { alike: [], not_checked: ['whether it is recorded already: Zoho does not tell what the payment is now'] };
  const now = await paymentsAlike(zoho, wanted, newest);
  const was =
    customer_id === wanted.customer_id && amount === wanted.amount && date !== undefined
      ? await paymentsAlike(zoho, { customer_id, amount, date, reference_number }, newest)
      : { alike: [] };
  const known = new Set([payment_id, ...was.alike.map(({ id }) => id)]);
  return { ...now, alike: now.alike.filter(({ id }) => !known.has(id)) };
}

function changesLikeness(payment: Payment, given: Changes): boolean {
  return (['customer_id', 'amount', 'date', 'reference_number'] as const).some(
    (name) => given[name] !== undefined && given[name] !== payment[name],
  );
}

/** Why it is asked about: the money was somebody else's so far. Refuses one who does not exist, or pays in another currency. */
async function anotherCustomer(
  customer_id: string,
  payment: Payment,
  zoho: Reader,
): Promise<CheckNotes & { readonly concern: Concern; readonly name: string | undefined }> {
  const contact = await customerOf(customer_id, zoho);
  if (contact !== undefined && contact.currency_code !== payment.currency_code) {
    throw new RefusedError(
      `${recordName('customer', contact.contact_name, customer_id)} pays in ${idText(contact.currency_code)}, ` +
        `the payment is in ${idText(payment.currency_code)}.`,
      { code: 'customer_currency', next: 'Ask the user whose payment it is.' },
    );
  }
  const name = contact?.contact_name === undefined ? customer_id : quoted(contact.contact_name);
  return {
    name: contact?.contact_name,
    concern: concern('customer_changed', `it moves the payment to another customer, ${name}`),
    ...(contact === undefined && { not_checked: [`the customer ${customer_id} (needs the scope ZohoBooks.contacts.READ)`] }),
  };
}

const NOT_COMPARED: Likeness = { alike: [], not_checked: [] };
const LOWERS = concern('amount_lowered', 'it lowers the amount that was received');
const UNAPPLIES = concern('unapplied', 'it takes money off invoices');

/** Fields that every payment has. If Zoho shows no value, it does not tell it. */
const ALWAYS = new Set(['account_id', 'customer_id', 'date', 'payment_mode', 'exchange_rate', 'bank_charges', 'tax_amount_withheld']);

/**
 * A line for each field that the call names, but not for those with checks of their own. `payment`: as it stands; undefined if it cannot be
 * seen. `names`: of the records whose ids the call names.
 */
function fieldLines(
  { invoices: _, replace_invoices: __, custom_fields: ___, tags, ...fields }: Changes,
  payment: Payment | undefined,
  names: Partial<Record<keyof typeof NAME_FIELDS, string | undefined>> = {},
): string[] {
  const plain = (Object.keys(fields) as (keyof typeof fields)[]).map((name) => {
    const [was, is] = [payment?.[name], fields[name]];
    const nameField = (NAME_FIELDS as Partial<Record<string, string>>)[name];
    const words = (value: unknown, ofId: unknown) =>
      nameField === undefined || value === undefined ? valueInWords(name, value, payment ?? {}) : idWithName(value, ofId);
    const known = nameField && payment?.[nameField];
    const untold = was === undefined && (payment === undefined || ALWAYS.has(name));
    const named = was === is ? known : names[name as keyof typeof NAME_FIELDS];
    return `${fieldLabel(name)}: ${untold ? 'not shown by Zoho' : words(was, known)} → ${words(is, named)}`;
  });
  return [...plain, ...(tags === undefined ? [] : [`tags are replaced by: ${tagsInWords(tags)}`])];
}
