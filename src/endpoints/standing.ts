import type { Reader } from '../endpoint.ts';
import { BusyError } from '../errors.ts';
import type { Payment, Refund } from './fields.ts';
import { getCustomerPaymentRefund } from './get-customer-payment-refund.ts';
import { getCustomerPayment } from './get-customer-payment.ts';

/** Records as they stand before a write, read fresh. A write that rests on what it cannot see is not made. */

export async function standingPayment(zoho: Reader, payment_id: string): Promise<Payment> {
  const { payment } = await zoho.read(getCustomerPayment, { payment_id });
  return payment ?? notThere('payment');
}

export async function standingRefund(zoho: Reader, customer_payment_id: string, refund_id: string): Promise<Refund> {
  const { payment_refund } = await zoho.read(getCustomerPaymentRefund, { customer_payment_id, refund_id });
  return payment_refund ?? notThere('refund');
}

function notThere(what: string): never {
  throw new BusyError(`Zoho's answer held no ${what}.`, { code: 'no_record', next: 'Make the same call again in a little while.' });
}
