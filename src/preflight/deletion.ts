import { concern } from '../concern.ts';
import type { Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { RefusedError } from '../errors.ts';
import { freedByDeletion } from '../records/afterwards.ts';
import { aboutPayment, appliedAndUnused } from '../records/describe.ts';
import type { Payment } from '../records/fields.ts';
import { idText, lines, money, quoted } from '../records/text.ts';
import type { CheckNotes } from './checks.ts';
import { isGone } from './find-lost-write.ts';

/** What deleting rests on: that it is asked about, that Zoho allows it, and that the payment is gone afterwards. */

export const DESTROYS = concern('deletion', 'it deletes a record');

/** What is true once a payment is gone. */
export function deletionFacts(payment: Payment): Required<CheckNotes> {
  const { invoices, unused_amount, description } = payment;
  return {
    lines: lines(
      ...freedByDeletion([payment]),
      invoices?.length === 0 && 'Applied to no invoice.',
      unused_amount !== 0 && `Unused credit that is gone with it: ${money(unused_amount, payment)}`,
      description !== undefined && `Description: ${quoted(description, 200)}`,
    ),
    not_checked: invoicesNotTold([payment]),
  };
}

/** The same of several: first each payment, then each invoice once, since several of them may be applied to one. */
export function deletionsFacts(payments: readonly Payment[]): Required<CheckNotes> {
  return {
    lines: [
      ...payments.map((payment) => {
        const parts = appliedAndUnused(payment).join(', ');
        return `${aboutPayment(payment)}${parts === '' ? '' : `: ${parts}`}`;
      }),
      ...freedByDeletion(payments),
    ],
    not_checked: invoicesNotTold(payments),
  };
}

const invoicesNotTold = (payments: readonly Payment[]): string[] =>
  payments
    .filter(({ invoices }) => invoices === undefined)
    .map(({ payment_id }) => `which invoices are open again (Zoho does not tell what payment ${idText(payment_id)} is applied to)`);

export function isDeleted(zoho: Reader, payment_id: string): Promise<boolean> {
  return isGone(zoho.read(getCustomerPayment, { payment_id }));
}

/** Zoho refuses to delete what a bank line or a refund rests on; said before anyone is asked. */
export function refuseUndeletable(payment: Payment): void {
  const { payment_refunds = [], imported_transactions } = payment;
  if (payment_refunds.length > 0) {
    const named = payment_refunds.slice(0, 5).map(({ payment_refund_id }) => `refund_id ${idText(payment_refund_id)}`);
    const refunds = payment_refunds.length === 1 ? 'a refund' : `${payment_refunds.length} refunds`;
    throw new RefusedError(`It cannot be deleted, because it has ${refunds} (${named.join(', ')}): ${aboutPayment(payment)}.`, {
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
