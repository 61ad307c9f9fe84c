import * as z from 'zod';
import { defineWrite, type Facts } from '../../endpoint.ts';
import { moreThanMessage } from '../../preflight/contradiction.ts';
import { DESTROYS } from '../../preflight/deletion.ts';
import { isGone } from '../../preflight/find-lost-write.ts';
import { undoWith } from '../../preflight/undo.ts';
import { allInOrder } from '../../reader.ts';
import { currentPayment, currentRefund } from '../../reading/current-record.ts';
import { aboutLeft, leftAfter, leftInWords, leftOf, type LeftOfPayment } from '../../records/afterwards.ts';
import { aboutPayment, aboutRefund } from '../../records/describe.ts';
import { newRefundInput, id, type Payment, type Refund } from '../../records/fields.ts';
import { money } from '../../records/text.ts';
import { only } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';
import { getCustomerPaymentRefund } from './get-customer-payment-refund.ts';

const output = z.looseObject({
  customer_payment_id: z.string().optional(),
  refund_id: z.string().optional(),
  deleted: z.boolean().optional(),
});

interface RefundGoneFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: { readonly refund: Refund; readonly payment: Payment } };
}

export const deleteCustomerPaymentRefund = defineWrite({
  name: 'delete_customer_payment_refund',
  title: 'Delete a refund',
  description: 'Delete a refund that was recorded by mistake. Its amount becomes unused again. The user is asked to confirm.',
  method: 'DELETE',
  path: '/customerpayments/{customer_payment_id}/refunds/{refund_id}',
  input: z.strictObject({ customer_payment_id: id, refund_id: id }),
  output,
  safety: {
    turn: ({ customer_payment_id }) => [`payment:${customer_payment_id}`],
    async preflight({ customer_payment_id, refund_id }, zoho): Promise<RefundGoneFacts> {
      const [refund, payment] = await allInOrder([
        currentRefund(zoho, customer_payment_id, refund_id),
        currentPayment(zoho, customer_payment_id),
      ]);
      return {
        question: {
          title: `Delete the refund of ${money(refund.amount, payment)} (refund_id ${refund_id})`,
          lines: [
            aboutRefund(refund, payment),
            `It belongs to ${aboutPayment(payment)}`,
            `Added to the unused amount: ${money(refund.amount, payment)}`,
            `Unused afterwards: ${leftInWords(leftWithout(refund, payment), payment)}`,
          ],
          ask: [DESTROYS],
          not_checked: [],
          sealed: { refund, payment },
        },
        policy: { customer_id: payment.customer_id },
        duplicates: {},
        lost: { touches: { payments: [customer_payment_id] }, before: { refund, payment } },
      };
    },
    async look({ input }, zoho) {
      const { customer_payment_id, refund_id } = input as { customer_payment_id: string; refund_id: string };
      const gone = await isGone(zoho.read(getCustomerPaymentRefund, { customer_payment_id, refund_id }));
      return gone ? { seen: 'there', result: { customer_payment_id, refund_id, deleted: true } } : { seen: 'not there' };
    },
    contradiction: (_result, { answer }) => moreThanMessage(answer),
    undo: (_result, { customer_payment_id }, { refund }) => {
      const set = only(refund, [
        'date',
        'amount',
        'from_account_id',
        'refund_mode',
        'reference_number',
        'exchange_rate',
        'payment_form',
        'description',
      ]);
      return undoWith({ name: 'create_customer_payment_refund', input: newRefundInput }, [], {
        arguments: { customer_payment_id, ...set },
        not_restored: ['refund_id'],
      });
    },
  },

  result: (_body, { customer_payment_id, refund_id }): z.output<typeof output> => ({ customer_payment_id, refund_id, deleted: true }),
  report: (_result, { customer_payment_id, refund_id }, facts) => {
    const refund = { ...facts?.before.refund, payment_refund_id: refund_id };
    const payment = { ...facts?.before.payment, payment_id: customer_payment_id };
    const left = facts?.before.payment && leftWithout(refund, payment);
    return createReport(
      [`Deleted ${aboutRefund(refund, payment)}.`, aboutLeft(left, payment)],
      [toolCall('get_customer_payment', { payment_id: customer_payment_id }, 'unused amount')],
      { ...left },
    );
  },
});

const leftWithout = ({ amount }: Refund, payment: Payment): LeftOfPayment =>
  leftAfter(leftOf(payment), amount === undefined ? undefined : -amount);
