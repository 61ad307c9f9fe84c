import { isObject, type Json } from '../json.ts';
import { decimalsOf, precisionOf, subtract, readAmount } from '../money.ts';
import type { Payment, Refund } from '../records/fields.ts';
import { readId } from '../records/read-row.ts';
import { idText } from '../records/text.ts';
import type { Existing } from './look-alikes.ts';

/** Compares a success answer with what was sent. An answer about another record does not prove that the write was made. */

interface Expected {
  readonly [field: string]: unknown;
}

/** The difference, as the end of a sentence that begins with "Zoho" or "Zoho's answer". A value that is missing on one side is ignored. */
function difference(record: Json, ids: Expected, amount: unknown): string | undefined {
  const other = Object.entries(ids).find(
    ([name, value]) => value !== undefined && record[name] !== undefined && readId(record[name]) !== readId(value),
  );
  if (other !== undefined) return `shows ${other[0]} ${idText(record[other[0]])}, but ${idText(other[1])} was sent`;
  const [sent, shown] = [readAmount(amount), record['amount'] === undefined ? undefined : readAmount(record['amount'])];
  if (sent === undefined || record['amount'] === undefined || shown === sent || (shown !== undefined && isRounded(sent, shown, record)))
    return undefined;
  return 'shows an amount that was not sent';
}

/** True if Zoho only rounded to the currency's decimals. The preflight refuses such amounts only if a scope shows the currency. */
function isRounded(sent: number, shown: number, { currency_code, price_precision }: Json): boolean {
  const precision = precisionOf(typeof currency_code === 'string' ? currency_code : undefined, price_precision);
  return precision !== undefined && decimalsOf(sent) > precision && Math.abs(subtract(sent, shown)) < 10 ** -precision;
}

function wasThere(existing: unknown, id: string | undefined): boolean {
  const { ids = [] } = (isObject(existing) ? existing : {}) as Partial<Existing>;
  return id !== undefined && ids.includes(id);
}

/** Zoho answers a deletion or a change of custom fields with only a message. A record in the answer belongs to another request. */
export function moreThanMessage(answer: Json): string | undefined {
  return Object.values(answer).some((value) => typeof value === 'object' && value !== null)
    ? 'shows a record, but should be only a message'
    : undefined;
}

/** Compares a payment. `standing`: the payment before this change. A new payment must not be one of the `existing` payments. */
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
    return `names the payment ${idText(payment.payment_id)}, which already existed`;
  if (payment_id === undefined && payment.payment_id !== undefined && (payment.customer_id === undefined || payment.amount === undefined))
    return 'does not show the customer or the amount of the payment';
  return difference(payment, { payment_id, customer_id }, amount);
}

/** Compares a refund. `standing`: the refund before this change. A new refund must not be one of the `existing` refunds. */
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
    return `names the refund ${idText(refund.payment_refund_id)}, which already existed`;
  if (refund_id === undefined && refund.payment_refund_id !== undefined && refund.amount === undefined)
    return 'does not show the amount of the refund';
  return difference(refund, { payment_refund_id: refund_id, payment_id, from_account_id }, amount);
}
