import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { id } from './fields.ts';
import { standingRefund } from './standing.ts';
import { aboutRefund, call, lines, next } from './words.ts';

const output = z.looseObject({ customer_payment_id: z.string().optional(), refund_id: z.string().optional(), deleted: z.boolean().optional() });

export const deleteCustomerPaymentRefund = defineWrite({
  name: 'delete_customer_payment_refund',
  title: 'Delete a refund',
  description: 'Delete a refund that was recorded by mistake; its amount is unused on the payment again. Cannot be undone: a new one would have another id.',
  method: 'DELETE',
  path: '/customerpayments/{customer_payment_id}/refunds/{refund_id}',
  input: z.strictObject({ customer_payment_id: id, refund_id: id }),
  output,
  async preflight({ customer_payment_id, refund_id }, zoho) {
    const before = await standingRefund(zoho, customer_payment_id, refund_id);
    return { before };
  },
  result: (_body, { customer_payment_id, refund_id }): z.output<typeof output> => ({ customer_payment_id, refund_id, deleted: true }),
  text: (_result, { customer_payment_id, refund_id }, facts) =>
    lines(
      `Deleted ${aboutRefund({ ...facts?.before, payment_refund_id: refund_id }, { payment_id: customer_payment_id })}.`,
      next(call('get_customer_payment', { payment_id: customer_payment_id })),
    ),
});
