import type { Json } from '../endpoint.ts';
import { isObject } from './shape.ts';
import { readAmount, readId } from './read-row.ts';
import type { Payment, Refund } from './fields.ts';
import { told } from './words.ts';

/** Whether a success answer shows the record that was written: another one is no proof that it was written. */

interface Expected {
  readonly [field: string]: unknown;
}

/** What differs, as the rest of a sentence about Zoho's answer. What either side does not tell is not compared. */
function difference(record: Json, ids: Expected, amounts: Expected): string | undefined {
  const differs = (expected: Expected, read: (value: unknown) => unknown) =>
    Object.entries(expected).find(([name, value]) => value !== undefined && record[name] !== undefined && read(record[name]) !== read(value))?.[0];
  const id = differs(ids, readId);
  if (id !== undefined) return `shows ${id} ${told(record[id])}, and ${told(ids[id])} was sent`;
  const amount = differs(amounts, readAmount);
  return amount === undefined ? undefined : `shows another ${amount} than was sent`;
}

/** `payment_id` where it is known; else it must be none of those that existed. */
export function otherPayment(payment: Payment | undefined, body: unknown, { payment_id, existing }: { readonly payment_id?: string | undefined; readonly existing?: unknown }): string | undefined {
  if (payment === undefined) return undefined;
  const { customer_id, amount } = isObject(body) ? body : {};
  const { ids = [] } = (isObject(existing) ? existing : {}) as { ids?: readonly string[] };
  if (payment_id === undefined && payment.payment_id !== undefined && ids.includes(payment.payment_id)) return `names the payment ${told(payment.payment_id)}, which was there before`;
  return difference(payment, { payment_id, customer_id }, { amount });
}

export function otherRefund(refund: Refund | undefined, body: unknown, { refund_id, payment_id, existing }: { readonly refund_id?: string | undefined; readonly payment_id: string; readonly existing?: unknown }): string | undefined {
  if (refund === undefined) return undefined;
  const { amount, from_account_id } = isObject(body) ? body : {};
  const { ids = [] } = (isObject(existing) ? existing : {}) as { ids?: readonly string[] };
  if (refund_id === undefined && refund.payment_refund_id !== undefined && ids.includes(refund.payment_refund_id)) return `names the refund ${told(refund.payment_refund_id)}, which was there before`;
  return difference(refund, { payment_refund_id: refund_id, payment_id, from_account_id }, { amount });
}
