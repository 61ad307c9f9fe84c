import type { Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { BusyError } from '../errors.ts';
import type { Payment, Refund } from '../records/fields.ts';

/** Records as they stand before a write, read fresh. A write that rests on what it cannot see is not made. */

export async function standingPayment(zoho: Reader, payment_id: string): Promise<Payment> {
  const { payment } = await zoho.read(getCustomerPayment, { payment_id });
  return payment?.payment_id === payment_id ? payment : notThere('payment', payment_id);
}

export async function standingRefund(zoho: Reader, customer_payment_id: string, refund_id: string): Promise<Refund> {
  const { payment_refund } = await zoho.read(getCustomerPaymentRefund, { customer_payment_id, refund_id });
  return payment_refund?.payment_refund_id === refund_id ? payment_refund : notThere('refund', refund_id);
}

/** An answer without the record rests nothing on it. */
export function notThere(what: string, id: string): never {
  throw new BusyError(`Zoho's answer held no ${what} with the id ${id}.`, {
    code: 'no_record',
    next: 'Make the same call again in a little while.',
  });
}
