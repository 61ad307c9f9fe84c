import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { id, refund, refundFields } from './fields.ts';
import { checkDecimals, refundOf } from './shape.ts';
import { standingPayment } from './standing.ts';
import { aboutRefund, call, lines, next, unseen } from './words.ts';

const output = z.looseObject({ payment_refund: refund.optional() });

export const createCustomerPaymentRefund = defineWrite({
  name: 'create_customer_payment_refund',
  title: 'Refund an excess customer payment',
  description: [
    'Give back the unused part of a payment. Moves money.',
    'Call get_customer_payment first: unused_amount is the most that can be refunded; what is applied to invoices must be un-applied with update_customer_payment before.',
    'To remove a payment recorded by mistake use delete_customer_payment.',
  ].join('\n'),
  method: 'POST',
  path: '/customerpayments/{customer_payment_id}/refunds',
  input: z.strictObject({ customer_payment_id: id, ...refundFields }),
  output,
  async preflight({ customer_payment_id, amount }, zoho) {
    const payment = await standingPayment(zoho, customer_payment_id);
    checkDecimals({ amount }, payment);
    return { payment };
  },
  result: (body): z.output<typeof output> => ({ payment_refund: refundOf(body) }),
  text: ({ payment_refund }, { customer_payment_id }, facts) => {
    if (payment_refund === undefined) return unseen('refund');
    const { payment_refund_id: refund_id } = payment_refund;
    return lines(
      `Recorded ${aboutRefund(payment_refund, { ...facts?.payment, payment_id: customer_payment_id })}.`,
      next(
        `what is left: ${call('get_customer_payment', { payment_id: customer_payment_id })}`,
        refund_id && `to undo: ${call('delete_customer_payment_refund', { customer_payment_id, refund_id })}`,
      ),
    );
  },
});
