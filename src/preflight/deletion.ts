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

/** Parts of the preflight of deletions: the concern, the effect, and the payments that Zoho refuses to delete. */

export const DESTROYS = concern('deletion', 'it deletes a record');

/** What the deletion of a payment changes. */
export function deletionFacts(payment: Payment): Required<CheckNotes> {
  const { invoices, unused_amount, description } = payment;
  return {
    lines: lines(
      ...freedByDeletion([payment]),
      invoices?.length === 0 && 'Applied to no invoice.',
      unused_amount !== 0 && `Unused credit that is also deleted: ${money(unused_amount, payment)}`,
      description !== undefined && `Description: ${quoted(description, 200)}`,
    ),
    not_checked: invoicesNotTold([payment]),
  };
}

/** The same for several payments. Lists each payment, then each invoice once: several of the payments may be applied to one invoice. */
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
    .map(({ payment_id }) => `which invoices become open again (Zoho does not show what payment ${idText(payment_id)} is applied to)`);

export function isDeleted(zoho: Reader, payment_id: string): Promise<boolean> {
  return isGone(zoho.read(getCustomerPayment, { payment_id }));
}

/** Refuses a payment that Zoho would not delete, because it has a refund or is matched with a bank transaction. */
export function refuseUndeletable(payment: Payment): void {
  const { payment_refunds = [], imported_transactions } = payment;
  if (payment_refunds.length > 0) {
    const named = payment_refunds.slice(0, 5).map(({ payment_refund_id }) => `refund_id ${idText(payment_refund_id)}`);
    const refunds = payment_refunds.length === 1 ? 'a refund' : `${payment_refunds.length} refunds`;
    throw new RefusedError(`The payment cannot be deleted, because it has ${refunds} (${named.join(', ')}): ${aboutPayment(payment)}.`, {
      code: 'payment_has_refunds',
      next: {
        say: 'Tell the user that its refunds must be deleted first, with delete_customer_payment_refund.',
        tool: 'delete_customer_payment_refund',
        without: 'Tell the user that its refunds must be deleted first.',
      },
    });
  }
  if (Array.isArray(imported_transactions) && imported_transactions.length > 0) {
    throw new RefusedError(`${aboutPayment(payment)} is matched with a bank transaction, so it cannot be deleted.`, {
      code: 'payment_bank_matched',
      next: 'Tell the user to unmatch it in Zoho Books first.',
    });
  }
}
