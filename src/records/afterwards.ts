import { readAmount, subtract, sum, type Currency } from '../money.ts';
import { settledBy, standingOn, standsOn } from './applied.ts';
import { settling } from './describe.ts';
import type { Payment } from './fields.ts';
import { readId } from './read-row.ts';
import { idText, listWithin, money, plain, quoted } from './text.ts';

/** Calculates balances and unused amounts after a payment is changed, deleted or refunded. Values that Zoho does not show are undefined. */

/** An invoice whose settled amount decreases. */
export interface FreedInvoice {
  readonly invoice_id: string | undefined;
  readonly invoice_number: unknown;
  /** How much less is settled: money and withheld tax together. */
  readonly by: number | undefined;
  /** How much less money is applied. Smaller than `by` if withheld tax is removed too, larger if the withheld tax increases. */
  readonly moneyOff: number | undefined;
  /** The invoice's balance before. */
  readonly before: number | undefined;
  /** The invoice's balance after. */
  readonly after: number | undefined;
  readonly currency: Currency;
}

/**
 * The invoices whose settled amount decreases if only the rows in `left` stay applied. An invoice is listed once, even if several of the
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
    // An early-payment discount on the row also settles the invoice, but is not in `by`, so the new balance is not known.
    const discounted = own.some((one) => one.row['discount_amount'] !== undefined);
    const after = before === undefined || by === undefined || discounted ? undefined : sum([before, by]);
    return [{ invoice_id, invoice_number, by, moneyOff, before, after, currency }];
  });
}

/** The invoices with a larger balance after a change. Empty if `before` or `after` does not show what the payment is applied to. */
export function freedByChange(before: Payment | undefined, after: Payment): FreedInvoice[] {
  if (before?.invoices === undefined || after.invoices === undefined) return [];
  return freedInvoices([before], after.invoices)
    .filter(({ by = 0 }) => by > 0)
    .map((freed) => {
      // If the payment is still applied to the invoice, Zoho's answer shows the new balance.
      const row = after.invoices?.find(({ invoice_id }) => invoice_id === freed.invoice_id);
      return row === undefined ? freed : { ...freed, after: readAmount(row['balance']) ?? freed.after };
    });
}

/** `Un-apply USD 150.00 from invoice "INV-385": paid before, USD 150.00 open after`. */
export function unApplied({ invoice_id, invoice_number, before, after, currency }: FreedInvoice, what: string): string {
  const open =
    before === undefined || after === undefined
      ? 'Zoho does not show its balance'
      : `${before === 0 ? 'paid' : `${money(before, currency)} open`} before, ${money(after, currency)} open after`;
  return `Un-apply ${what} from invoice ${quoted(invoice_number ?? invoice_id, 40)}: ${open}`;
}

/** A question lists at most this many invoices. */
const MOST_SHOWN_FREED = 20;

/** A line for each invoice that the deletion of the payments reopens. If there are too many, the last line counts the rest. */
export function freedByDeletion(payments: readonly Payment[]): string[] {
  const freed = freedInvoices(payments);
  const rest = freed.length - MOST_SHOWN_FREED;
  return [
    ...freed.slice(0, MOST_SHOWN_FREED).map((one) => {
      const tax = one.by === undefined || one.moneyOff === undefined ? 0 : subtract(one.by, one.moneyOff);
      return unApplied(one, settling({ amount_applied: one.moneyOff, tax_amount_withheld: tax }, one.currency));
    }),
    ...(rest > 0 ? [`${rest} more invoice${rest === 1 ? ' becomes' : 's become'} open again`] : []),
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

/** The same invoices as structured content. */
export function openAgain(freed: readonly FreedInvoice[]): { readonly invoices?: readonly Record<string, unknown>[] } {
  return freed.length === 0
    ? {}
    : { invoices: freed.map(({ invoice_id, invoice_number, after: balance }) => ({ invoice_id, invoice_number, balance })) };
}

/** A payment's unused amount, and the total of its refunds. */
export interface LeftOfPayment {
  readonly unused_amount?: number | undefined;
  readonly refunded_amount?: number | undefined;
}

/** The total of a payment's refunds: the amount that is neither applied nor unused. Undefined if Zoho does not show both. */
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

/** The unused and refunded amounts after another refund of `more`. */
export function leftAfter({ unused_amount, refunded_amount }: LeftOfPayment, more: number | undefined): LeftOfPayment {
  const moved = (amount: number | undefined, by: number) => {
    const left = amount === undefined || more === undefined ? undefined : sum([amount, by * more]);
    // A negative amount is impossible: somebody else changed the payment meanwhile.
    return left === undefined || left < 0 ? undefined : left;
  };
  return { unused_amount: moved(unused_amount, -1), refunded_amount: moved(refunded_amount, 1) };
}

/** `USD 60.00; refunded in total: USD 40.00`. */
export function leftInWords({ unused_amount, refunded_amount = 0 }: LeftOfPayment, currency: Currency = {}): string {
  const refunded = refunded_amount > 0 ? `; refunded in total: ${money(refunded_amount, currency)}` : '';
  return `${money(unused_amount, currency)}${refunded}`;
}

/** A line of a report. Empty for a write that an older version recorded, because that version did not store the amounts. */
export const aboutLeft = (left: LeftOfPayment | undefined, currency?: Currency): string =>
  left === undefined ? '' : `Unused amount now: ${leftInWords(left, currency)}.`;
