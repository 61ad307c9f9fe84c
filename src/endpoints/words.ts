import { oneLine } from '../errors.ts';
import { formatMoney, precisionOf } from '../money.ts';
import type { Payment, Refund } from './fields.ts';

/** How records read in `content`: short, one line a fact, ids next to names, foreign text quoted. */

/** Text from a record, quoted and cut so that it cannot pose as our words. */
export function quoted(text: unknown, max = 80): string {
  return JSON.stringify(oneLine(String(text ?? ''), max));
}

/** A short word of a record as it stands; whatever could read as more than a word is quoted. */
export function plain(text: unknown, max = 40): string {
  const word = String(text ?? '');
  return word.length <= max && /^[\p{L}\p{M}\p{N}_ .,#/-]+$/u.test(word) ? word : quoted(word, max);
}

/** An id as it stands. */
export function told(id: unknown): string {
  return id === undefined ? 'not told' : plain(id);
}

/** A call the model can make as it stands. */
export function call(tool: string, args: Record<string, unknown>): string {
  return `${tool} ${JSON.stringify(args)}`;
}

/** `Next:` and at most three calls. */
export function next(...calls: (string | false | undefined)[]): string {
  const offered = calls.filter(Boolean).slice(0, 3);
  return offered.length === 0 ? '' : `Next: ${offered.join(' · ')}`;
}

export function lines(...parts: (string | false | undefined)[]): string {
  return parts.filter(Boolean).join('\n');
}

/** `USD 450.00`. What Zoho sends instead of an amount is shown as it is: a report must not fail on it. */
export function money(amount: unknown, { currency_code, price_precision }: { currency_code?: string | undefined; price_precision?: unknown }): string {
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return amount === undefined ? 'no amount' : plain(amount);
  return formatMoney(amount, currency_code && oneLine(currency_code, 10), precisionOf(currency_code, price_precision));
}

/** `payment #4 (id 26081…): USD 450.00 from "Acme Corp" (id …), 2026-06-09, cash, reference "…"`. */
export function aboutPayment(payment: Payment): string {
  const { payment_id, payment_number, customer_name, customer_id, date, payment_mode, reference_number } = payment;
  return [
    `payment ${payment_number ? `#${plain(payment_number)} ` : ''}(id ${told(payment_id)}): ${money(payment.amount, payment)}`,
    ` from ${quoted(customer_name)}${customer_id ? ` (id ${told(customer_id)})` : ''}`,
    ...[date, payment_mode].filter(Boolean).map((word) => `, ${plain(word)}`),
    reference_number ? `, reference ${quoted(reference_number)}` : '',
  ].join('');
}

/** What it is applied to, what is left, what went back; nothing about what the answer does not show. */
export function aboutAllocation(payment: Payment): string {
  const rows = payment.invoices;
  const shown = (rows ?? []).slice(0, 20).map((row) => `${row.invoice_number === undefined ? `id ${told(row.invoice_id)}` : plain(row.invoice_number)} ${money(row.amount_applied, payment)}`);
  const more = (rows ?? []).length - shown.length;
  const refunds = payment.payment_refunds ?? [];
  return lines(
    rows && (rows.length === 0 ? 'Applied to no invoice.' : `Applied: ${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}.`),
    payment.unused_amount !== undefined && `Unused (can be applied or refunded): ${money(payment.unused_amount, payment)}.`,
    refunds.length > 0 && `Refunds: ${refunds.slice(0, 10).map((refund) => `${money(refund['amount'] ?? refund['amount_fcy'] ?? refund['amount_bcy'], payment)} (refund_id ${told(refund.payment_refund_id)})`).join(', ')}.`,
    payment['description'] !== undefined && `Description: ${quoted(payment['description'], 200)}.`,
  );
}

/** `refund (refund_id …) of 50 from payment (id …), 2026-06-05, cash`. */
export function aboutRefund(refund: Refund, payment?: Payment): string {
  const { payment_refund_id, payment_id, date, refund_mode, reference_number, from_account_id } = refund;
  const account = refund['from_account_name'];
  return [
    `refund (refund_id ${told(payment_refund_id)}) of ${money(refund.amount, payment ?? {})}`,
    ` from payment ${payment?.payment_number ? `#${plain(payment.payment_number)} ` : ''}(id ${told(payment_id ?? payment?.payment_id)})`,
    payment?.customer_name ? ` of ${quoted(payment.customer_name)}` : '',
    ...[date, refund_mode].filter(Boolean).map((word) => `, ${plain(word)}`),
    account || from_account_id ? `, out of ${account ? `${quoted(account)} ` : ''}(account id ${told(from_account_id)})` : '',
    reference_number ? `, reference ${quoted(reference_number)}` : '',
  ].join('');
}

/** A success whose answer held no record: said as it is, not as a record without fields. */
export function unseen(what: 'payment' | 'refund'): string {
  const look = what === 'payment' ? 'list_customer_payments' : 'list_customer_payment_refunds';
  return `Zoho reported success, but its answer held no ${what}. Look with ${look}.`;
}

export function notChecked(what: readonly string[]): string {
  return what.length === 0 ? '' : `Not checked: ${what.join('; ')}.`;
}
