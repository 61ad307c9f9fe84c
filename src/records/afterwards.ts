import { readAmount, subtract, sum, type Currency } from '../money.ts';
import { settledBy, standingOn, standsOn } from './applied.ts';
import { settling } from './describe.ts';
import type { Payment } from './fields.ts';
import { readId } from './read-row.ts';
import { idText, listWithin, money, plain, quoted } from './text.ts';

/** Works out what is true after a payment is changed, deleted or refunded. Values that Zoho does not tell stay undefined. */

/** An invoice that payments settle by less than before. */
export interface FreedInvoice {
  readonly invoice_id: string | undefined;
  readonly invoice_number: unknown;
  /** By how much less: money and withheld tax together. */
  readonly by: number | undefined;
  /** How much money it loses. Less than `by` if withheld tax goes too, more if tax takes the place of money. */
  readonly moneyOff: number | undefined;
  /** What was open on it. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly currency: Currency;
}

/**
 * The invoices that these payments settle by less, where `left` is all that stays applied. Each invoice once, also where several of the
 * payments are applied to it.
 */
export function freedInvoices(payments: readonly Payment[], left: Payment['invoices'] = []): FreedInvoice[] {
  const rows = payments.flatMap((payment) => (payment.invoices ?? []).map((row) => ({ row, currency: payment as Currency })));
  const was = standingOn({ invoices: rows.map(({ row }) => row) });
  const stays = standingOn({ invoices: left });
  return [...was].flatMap(([key, stood]): FreedInvoice[] => {
    const own = rows.filter(({ row }) => (readId(row.invoice_id) ?? 'not told') === key);
    const [{ row, currency } = { row: {}, currency: {} }] = own;
    const { invoice_id, invoice_number } = row;
    const stands = invoice_id === undefined ? undefined : standsOn(stays, key);
    const isTold = stood !== undefined && stands !== undefined;
    const by = isTold ? subtract(settledBy(stood), settledBy(stands)) : undefined;
    const moneyOff = isTold ? subtract(stood.amount_applied, stands.amount_applied) : undefined;
    if (by !== undefined && by <= 0 && moneyOff !== undefined && moneyOff <= 0) return [];
    const balances = [...new Set(own.map((one) => readAmount(one.row['balance'])))];
    const before = invoice_id !== undefined && balances.length === 1 ? balances[0] : undefined;
    // An early-payment discount on the row settles the invoice too, and is not counted here.
    const discounted = own.some((one) => one.row['discount_amount'] !== undefined);
    const after = before === undefined || by === undefined || discounted ? undefined : sum([before, by]);
    return [{ invoice_id, invoice_number, by, moneyOff, before, after, currency }];
  });
}

/** The invoices that have more open after a change, where both sides show what the payment is applied to. */
export function freedByChange(before: Payment | undefined, after: Payment): FreedInvoice[] {
  if (before?.invoices === undefined || after.invoices === undefined) return [];
  return freedInvoices([before], after.invoices)
    .filter(({ by = 0 }) => by > 0)
    .map((freed) => {
      // Zoho's answer shows what is open on those that it is still applied to.
      const row = after.invoices?.find(({ invoice_id }) => invoice_id === freed.invoice_id);
      return row === undefined ? freed : { ...freed, after: readAmount(row['balance']) ?? freed.after };
    });
}

/** `Un-apply USD 150.00 from invoice "INV-385": it is open again by that much (paid before, USD 150.00 open after)`. */
export function unApplied({ invoice_id, invoice_number, before, after, currency }: FreedInvoice, what: string): string {
  const open =
    before === undefined || after === undefined
      ? 'Zoho does not tell its balance'
      : `${before === 0 ? 'paid' : `${money(before, currency)} open`} before, ${money(after, currency)} open after`;
  return `Un-apply ${what} from invoice ${quoted(invoice_number ?? invoice_id, 40)}: it is open again by that much (${open})`;
}

/** Invoices that a question shows one by one. */
const MOST_SHOWN_FREED = 20;

/** A line for each invoice that is open again after the payments are deleted. Of very many, the rest is counted. */
export function freedByDeletion(payments: readonly Payment[]): string[] {
  const freed = freedInvoices(payments);
  const rest = freed.length - MOST_SHOWN_FREED;
  return [
    ...freed.slice(0, MOST_SHOWN_FREED).map((one) => {
      const tax = one.by === undefined || one.moneyOff === undefined ? 0 : subtract(one.by, one.moneyOff);
      return unApplied(one, settling({ amount_applied: one.moneyOff, tax_amount_withheld: tax }, one.currency));
    }),
    ...(rest > 0 ? [`${rest} more invoice${rest === 1 ? ' is' : 's are'} open again`] : []),
  ];
}

/** `Open again: INV-385 (id …) USD 450.00.` */
export function aboutOpenAgain(freed: readonly FreedInvoice[]): string {
  const each = freed.map(
    ({ invoice_id, invoice_number, after, currency }) =>
      `${plain(invoice_number ?? 'invoice')} (id ${idText(invoice_id)}) ${money(after, currency)}`,
  );
  return each.length === 0 ? '' : `Open again: ${listWithin(each, 300)}.`;
}

/** The same as data. */
export function openAgain(freed: readonly FreedInvoice[]): { readonly invoices?: readonly Record<string, unknown>[] } {
  return freed.length === 0
    ? {}
    : { invoices: freed.map(({ invoice_id, invoice_number, after: balance }) => ({ invoice_id, invoice_number, balance })) };
}

/** How much of a payment is left, and how much was given back. */
export interface LeftOfPayment {
  readonly unused_amount?: number | undefined;
  readonly refunded_amount?: number | undefined;
}

/** How much of a payment went back to the customer: all that is neither applied nor unused. Undefined if Zoho does not tell both. */
export function refundedOf(payment: Payment): number | undefined {
  const applied = [...standingOn(payment).values()];
  if (payment.invoices === undefined || payment.amount === undefined || payment.unused_amount === undefined) return undefined;
  if (!applied.every((stands) => stands !== undefined)) return undefined;
  return subtract(payment.amount, sum([payment.unused_amount, ...applied.map(({ amount_applied }) => amount_applied)]));
}

export const leftOf = (payment: Payment): LeftOfPayment => ({
  unused_amount: payment.unused_amount,
  refunded_amount: refundedOf(payment),
});

/** The same after a further refund of `more`. */
export function leftAfter({ unused_amount, refunded_amount }: LeftOfPayment, more: number | undefined): LeftOfPayment {
  const moved = (amount: number | undefined, by: number) => {
    const left = amount === undefined || more === undefined ? undefined : sum([amount, by * more]);
    // A negative amount is impossible: somebody else changed the payment meanwhile.
    return left === undefined || left < 0 ? undefined : left;
  };
  return { unused_amount: moved(unused_amount, -1), refunded_amount: moved(refunded_amount, 1) };
}

/** `USD 60.00; refunded in all: USD 40.00`. */
export function leftInWords({ unused_amount, refunded_amount = 0 }: LeftOfPayment, currency: Currency = {}): string {
  const refunded = refunded_amount > 0 ? `; refunded in all: ${money(refunded_amount, currency)}` : '';
  return `${money(unused_amount, currency)}${refunded}`;
}

/** A line of a report. Empty for a write of an older version, which did not keep what was left. */
export const aboutLeft = (left: LeftOfPayment | undefined, currency?: Currency): string =>
  left === undefined ? '' : `Left unused on the payment: ${leftInWords(left, currency)}.`;
