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

/** The preflight of changes of a payment. */

const changes = z.strictObject(paymentChanges);
export type Changes = z.output<typeof changes>;
/** The input of update_customer_payment. */
export const paymentChangeInput = z.strictObject({ payment_id: id, ...paymentChanges });

export interface ChangeFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: InBase & { readonly payment: Payment } };
}

/** The facts of a change: a line for each field and each invoice, concerns, and possible duplicates. */
export async function changeFacts(payment: Payment, given: Changes, zoho: Reader): Promise<ChangeFacts> {
  checkDecimals(amountsOf(given), payment);
  // Undefined if Zoho does not show the amount: then nothing is calculated from it.
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
  // Withheld tax on the payment itself changes the balance of its only invoice, even if the call has no `invoices`.
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
        // The line of the changed field names the account.
        account?.not_checked && { not_checked: account.not_checked },
        fields,
        rated,
        (left === undefined || refunded === undefined) &&
          (given.amount !== undefined || invoices !== undefined) && {
            not_checked: ['the unused amount afterwards (Zoho does not show the amounts of the payment)'],
          },
        rate !== undefined &&
          given.amount !== undefined &&
          given.exchange_rate === undefined &&
          rate !== 1 && { lines: [`Exchange rate as before: ${rate}`] },
        { lines: fieldLines(given, payment, { account_id: account?.name, customer_id: mover?.name, location_id: location }) },
        mover,
        given.amount !== undefined &&
          payment.amount === undefined && { not_checked: ['whether it lowers the amount (Zoho does not show the current amount)'] },
        invoices !== undefined &&
          payment.invoices === undefined && { not_checked: ['which invoices the payment is applied to now, and what this un-applies'] },
        off,
        applied,
        (settled !== undefined || given.amount !== undefined) &&
          unused !== undefined &&
          refunded !== undefined && {
            lines: [`Unused afterwards: ${leftInWords({ unused_amount: unused, refunded_amount: refunded }, payment)}`],
          },
        likeness,
      ),
      ask: [
        ...(mover === undefined ? [] : [mover.concern]),
        ...(amount !== undefined && amount < (payment.amount ?? 0) ? [LOWERS] : []),
        ...((invoices !== undefined && payment.invoices === undefined) || (off?.lines ?? []).length > 0 ? [UNAPPLIES] : []),
        ...(settled === undefined ? [] : mostlyTax(settled, payment, standing)),
        ...(more > 0 && unused !== undefined && rows.length > 0 && unused > (payment.unused_amount ?? 0)
          ? [concern('overpaid', `${money(unused, payment)} of the payment is not applied to any invoice`)]
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

/** Notes for a change of a payment that cannot be read: the new values, and the checks that do not need the payment. */
export async function unseenChangeNotes(given: Changes, zoho: Reader): Promise<Required<CheckNotes>> {
  const { customer_id, account_id, invoices = [] } = given;
  const contact = customer_id === undefined ? undefined : await customerOf(customer_id, zoho);
  const currency = contact ?? {};
  const [dated, account, fields, applied] = await allInOrder([
    checkDate(given.date, zoho),
    account_id === undefined ? undefined : checkAccount('account_id', account_id, { accounts: bankAccounts(zoho), currency }, zoho),
    checkCustomFields(given.custom_fields, zoho),
    // How much is already applied to each invoice is unknown.
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
      `so at least that much must stay unapplied, but only ${money(left, payment)} would be left.`,
    {
      code: 'refunded_already',
      next: {
        say: 'Ask the user. The refund can be corrected with update_customer_payment_refund.',
        tool: 'update_customer_payment_refund',
      },
    },
  );
}

/** A line for each invoice from which the change un-applies money. */
function takenOff(settled: readonly AppliedRow[], payment: Payment): Required<CheckNotes> {
  const notes = freedInvoices(
    [payment],
    settled.map((row) => ({ ...row })),
  ).map((freed): CheckNotes => {
    const { invoice_id, invoice_number, by, moneyOff } = freed;
    const name = `invoice ${quoted(invoice_number ?? invoice_id, 40)}`;
    if (by === undefined) return { not_checked: [`whether it un-applies money from ${name} (Zoho does not show what is applied to it)`] };
    // If the withheld tax becomes larger, the invoice can stay closed although money is un-applied.
    return {
      lines: [
        by > 0
          ? unApplied(freed, money(by, payment))
          : `On ${name}, ${money(moneyOff, payment)} less of the payment is applied, and the withheld tax becomes larger`,
      ],
    };
  });
  return joinNotes(...notes);
}

/** The amounts of possible duplicates: the added amount, and the full amount after the change. */
const createsOf = (customer_id: string, amounts: readonly (number | undefined)[]) =>
  [...new Set(amounts)].map((amount) => ({ customer_id, amount }));

/**
 * The locks of a change. A change that could make the payment a duplicate also locks the customers, like a new payment. The customer that
 * was read may be some seconds old: the preflight notices if the payment moved meanwhile.
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

/** The changed payment's values for the search for duplicates. Undefined if Zoho does not show all of them. */
function wantedAfter(payment: Payment, given: Changes): PaymentToMake | undefined {
  const customer_id = given.customer_id ?? payment.customer_id;
  const amount = given.amount ?? payment.amount;
  const date = given.date ?? payment.date;
  if (customer_id === undefined || amount === undefined || date === undefined) return undefined;
  return { customer_id, amount, date, reference_number: given.reference_number ?? payment.reference_number, currency: payment };
}

/** Possible duplicates that the change would cause. Excludes records that were possible duplicates even before the change. */
async function newPaymentLikeness(
  { payment_id, customer_id, amount, date, reference_number }: Payment,
  wanted: PaymentToMake | undefined,
  newest: Newest | undefined,
  zoho: Reader,
): Promise<Likeness> {
  if (wanted === undefined || newest === undefined)
    return { alike: [], not_checked: ['whether it is already recorded: Zoho does not show the current payment'] };
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

/** The concern that the payment moves to another customer. Refuses a customer who does not exist or has another currency. */
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
const LOWERS = concern('amount_lowered', 'it lowers the received amount');
const UNAPPLIES = concern('unapplied', 'it un-applies money from invoices');

/** Fields that every payment has. A missing value means that Zoho does not show it. */
const ALWAYS = new Set(['account_id', 'customer_id', 'date', 'payment_mode', 'exchange_rate', 'bank_charges', 'tax_amount_withheld']);

/**
 * A line for each field of the call that has no check of its own. `payment`: the current payment, or undefined if it cannot be read.
 * `names`: the names of the records whose ids the call contains.
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
