import { concern } from '../concern.ts';
import type { Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { RefusedError } from '../errors.ts';
import { aboutPayment } from '../records/describe.ts';
import type { Payment } from '../records/fields.ts';
import { isGone } from './find-lost-write.ts';

/** What deleting rests on: that it is asked about, that Zoho allows it, and that the payment is gone afterwards. */

export const DESTROYS = concern('deletion', 'it deletes a record');

export function isDeleted(zoho: Reader, payment_id: string): Promise<boolean> {
  return isGone(zoho.read(getCustomerPayment, { payment_id }));
}

/** Zoho refuses to delete what a bank line or a refund rests on; said before anyone is asked. */
export function refuseUndeletable(payment: Payment): void {
  const { payment_refunds = [], imported_transactions } = payment;
  if (payment_refunds.length > 0) {
    throw new RefusedError(`Money of ${aboutPayment(payment)} was refunded, so it cannot be deleted.`, {
      code: 'payment_has_refunds',
      next: {
        say: 'Tell the user; its refunds would have to be deleted first, with delete_customer_payment_refund.',
        tool: 'delete_customer_payment_refund',
        without: 'Tell the user; its refunds would have to be deleted first.',
      },
    });
  }
  if (Array.isArray(imported_transactions) && imported_transactions.length > 0) {
    throw new RefusedError(`${aboutPayment(payment)} is matched with a bank transaction, so it cannot be deleted.`, {
      code: 'payment_bank_matched',
      next: 'Tell the user; it has to be unmatched in Zoho Books first.',
    });
  }
}
