import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { aboutChanges, changesOf, refuseNoChange } from './changes.ts';
import { id, paymentChanges, writtenPayment } from './fields.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { standingPayment } from './standing.ts';
import { aboutAllocation, aboutPayment, call, lines, next, unseen } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

export const updateCustomerPayment = defineWrite({
  name: 'update_customer_payment',
  title: 'Update a customer payment',
  description: [
    'Correct a recorded payment, or apply its unused amount to invoices. Only the fields given change.',
    'Call get_customer_payment first to see what it is applied to.',
  ].join('\n'),
  method: 'PUT',
  path: '/customerpayments/{payment_id}',
  input: z.strictObject({ payment_id: id, ...paymentChanges }),
  output,

  async preflight({ payment_id, ...changes }, zoho) {
    const { replace_invoices: _, ...fields } = changes;
    refuseNoChange(fields);
    const before = await standingPayment(zoho, payment_id);
    checkDecimals(amountsOf(changes), before);
    return { before };
  },
  parts: ({ payment_id: _, ...changes }, { before }) => ({ body: changesOf(changes, before) }),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  text: ({ payment }, { payment_id }, facts) => {
    if (payment === undefined) return unseen('payment');
    const changes = facts === undefined ? [] : aboutChanges(facts.before, payment);
    return lines(
      `Updated ${aboutPayment(payment)}.`,
      ...(changes.length > 0 ? changes : ['No field reads differently than before.']),
      aboutAllocation(payment),
      next(call('get_customer_payment', { payment_id })),
    );
  },
});
