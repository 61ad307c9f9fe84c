import * as z from 'zod';
import { defineWrite, type Facts } from '../../endpoint.ts';
import { moreThanMessage } from '../../preflight/contradiction.ts';
import { deletionFacts, DESTROYS, isDeleted, refuseUndeletable } from '../../preflight/deletion.ts';
import { recreating } from '../../preflight/payment-undo.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { aboutOpenAgain, freedInvoices, openAgain } from '../../records/afterwards.ts';
import { aboutPayment, aboutReleased } from '../../records/describe.ts';
import { id, type Payment } from '../../records/fields.ts';
import { createReport } from '../../report.ts';

const output = z.looseObject({ payment_id: z.string().optional(), deleted: z.boolean().optional() });

interface GoneFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: { readonly payment: Payment } };
}

export const deleteCustomerPayment = defineWrite({
  name: 'delete_customer_payment',
  title: 'Delete a customer payment',
  description: [
    'Delete a payment that was recorded by mistake. This reopens its invoices. The user is asked to confirm.',
    'If the customer got the money back, use create_customer_payment_refund.',
  ].join('\n'),
  method: 'DELETE',
  path: '/customerpayments/{payment_id}',
  input: z.strictObject({ payment_id: id }),
  output,
  safety: {
    turn: ({ payment_id }) => [`payment:${payment_id}`],
    async preflight({ payment_id }, zoho): Promise<GoneFacts> {
      const payment = await currentPayment(zoho, payment_id);
      refuseUndeletable(payment);
      return {
        question: {
          title: `Delete ${aboutPayment(payment)}`,
          ...deletionFacts(payment),
          ask: [DESTROYS],
          sealed: { payment },
        },
        policy: { customer_id: payment.customer_id },
        duplicates: {},
        lost: { touches: { payments: [payment_id] }, before: { payment } },
      };
    },
    look: async ({ input }, zoho) => {
      const payment_id = String(input['payment_id']);
      return (await isDeleted(zoho, payment_id)) ? { seen: 'there', result: { payment_id, deleted: true } } : { seen: 'not there' };
    },
    contradiction: (_result, { answer }) => moreThanMessage(answer),
    undo: (_result, _input, { payment }) => recreating(payment),
  },

  result: (_body, { payment_id }): z.output<typeof output> => ({ payment_id, deleted: true }),
  report: (_result, { payment_id }, facts) => {
    const { payment } = facts?.before ?? {};
    const freed = freedInvoices(payment ? [payment] : []);
    return createReport(
      [`Deleted ${aboutPayment({ ...payment, payment_id })}.`, aboutOpenAgain(freed), payment && aboutReleased(payment, freed.length > 0)],
      [],
      openAgain(freed),
    );
  },
});
