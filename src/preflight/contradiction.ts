import { isObject, type Json } from '../json.ts';
import { decimalsOf, precisionOf, subtract, readAmount } from '../money.ts';
import type { Payment, Refund } from '../records/fields.ts';
import { readId } from '../records/read-row.ts';
import { idText } from '../records/text.ts';
import type { Existing } from './look-alikes.ts';

/** Whether a success answer shows the record that was written: another one is no proof that it was written. */

interface Expected {
  readonly [field: string]: unknown;
}

/** What differs, as the rest of a sentence about Zoho's answer. What either side does not tell is not compared. */
function difference(record: Json, ids: Expected, amount: unknown): string | undefined {
  const other = Object.entries(ids).find(
    ([name, value]) => value !== undefined && record[name] !== undefined && readId(record[name]) !== readId(value),
  );
  if (other !== undefined) return `shows ${other[0]} ${idText(record[other[0]])}, and ${idText(other[1])} was sent`;
  const [sent, shown] = [readAmount(amount), record['amount'] === undefined ? undefined : readAmount(record['amount'])];
  if (sent === undefined || record['amount'] === undefined || shown === sent || (shown !== undefined && isRounded(sent, shown, record)))
    return undefined;
  return 'shows another amount than was sent';
}

/** Zoho rounds what a currency cannot hold; where the scopes do not show the currency, that is not refused beforehand. */
function isRounded(sent: number, shown: number, { currency_code, price_precision }: Json): boolean {
  const precision = precisionOf(typeof currency_code === 'string' ? currency_code : undefined, price_precision);
  return precision !== undefined && decimalsOf(sent) > precision && Math.abs(subtract(sent, shown)) < 10 ** -precision;
}

function wasThere(existing: unknown, id: string | undefined): boolean {
  const { ids = [] } = (isObject(existing) ? existing : {}) as Partial<Existing>;
  return id !== undefined && ids.includes(id);
}

/** Zoho answers a deletion, and a change of custom fields, with a message. A record in the answer is that of another request. */
export function moreThanMessage(answer: Json): string | undefined {
  return Object.values(answer).some((value) => typeof value === 'object' && value !== null)
    ? 'shows a record, where Zoho sends a message only'
    : undefined;
}

/** `standing`: the payment that was changed, as it stood. A new one must be none of the `existing`. */
export function otherPayment(
  payment: Payment | undefined,
  body: unknown,
  { standing, existing }: { readonly standing?: Payment | undefined; readonly existing?: unknown },
): string | undefined {
  const payment_id = standing?.payment_id;
  if (payment_id !== undefined && payment?.payment_id === undefined) return 'does not show which payment it is about';
  if (payment === undefined) return undefined;
  const { customer_id = standing?.customer_id, amount } = isObject(body) ? body : {};
  if (payment_id === undefined && wasThere(existing, payment.payment_id))
    return `names the payment ${idText(payment.payment_id)}, which was there before`;
  if (payment_id === undefined && payment.payment_id !== undefined && (payment.customer_id === undefined || payment.amount === undefined))
    return 'does not tell whose payment it shows, or of how much';
  return difference(payment, { payment_id, customer_id }, amount);
}

/** `standing`: the refund that was changed, as it stood. A new one must be none of the `existing`. */
export function otherRefund(
  refund: Refund | undefined,
  body: unknown,
  { standing, payment_id, existing }: { readonly standing?: Refund | undefined; readonly payment_id: string; readonly existing?: unknown },
): string | undefined {
  const refund_id = standing?.payment_refund_id;
  if (refund_id !== undefined && refund?.payment_refund_id === undefined) return 'does not show which refund it is about';
  if (refund === undefined) return undefined;
  const { amount, from_account_id } = isObject(body) ? body : {};
  if (refund_id === undefined && wasThere(existing, refund.payment_refund_id))
    return `names the refund ${idText(refund.payment_refund_id)}, which was there before`;
  if (refund_id === undefined && refund.payment_refund_id !== undefined && refund.amount === undefined)
    return 'does not tell of how much the refund is that it shows';
  return difference(refund, { payment_refund_id: refund_id, payment_id, from_account_id }, amount);
}
