import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { refuseNoChange } from './changes.ts';
import { id, refund, refundFields } from './fields.ts';
import { checkDecimals, refundOf } from './shape.ts';
import { standingPayment, standingRefund } from './standing.ts';
import { aboutRefund, call, lines, next, quoted, unseen } from './words.ts';

const output = z.looseObject({ payment_refund: refund.optional() });

/** Zoho documents these as required on every update, so what is not named is sent as it stands. */
const required = ['date', 'amount', 'from_account_id'] as const;

export const updateCustomerPaymentRefund = defineWrite({
  name: 'update_customer_payment_refund',
  title: 'Update a refund',
  description: 'Correct a recorded refund. Only the fields given change; get_customer_payment_refund shows what they are.',
  method: 'PUT',
  path: '/customerpayments/{customer_payment_id}/refunds/{refund_id}',
  input: z.strictObject({ customer_payment_id: id, refund_id: id, ...z.object(refundFields).partial().shape }),
  output,
  async preflight({ customer_payment_id, refund_id, ...fields }, zoho) {
    refuseNoChange(fields);
    const before = await standingRefund(zoho, customer_payment_id, refund_id);
    // The refund does not tell its currency; its payment does.
    const payment = await standingPayment(zoho, customer_payment_id);
    checkDecimals({ amount: fields.amount }, payment);
    return { before, payment };
  },
  parts: ({ customer_payment_id: _, refund_id: __, ...fields }, { before }) => {
    const standing = Object.fromEntries(required.filter((name) => before[name] !== undefined).map((name) => [name, before[name]]));
    return { body: { ...standing, ...fields } };
  },
  result: (body): z.output<typeof output> => ({ payment_refund: refundOf(body) }),
  text: ({ payment_refund }, { customer_payment_id, refund_id, ...fields }, facts) => {
    if (payment_refund === undefined) return unseen('refund');
    return lines(
      `Updated ${aboutRefund({ payment_refund_id: refund_id, ...payment_refund }, { ...facts?.payment, payment_id: customer_payment_id })}.`,
      ...Object.keys(fields)
        .filter((name) => facts?.before[name] !== payment_refund[name])
        .map((name) => `${name}: ${quoted(facts?.before[name])} → ${quoted(payment_refund[name])}`),
      next(call('get_customer_payment', { payment_id: customer_payment_id })),
    );
  },
});
