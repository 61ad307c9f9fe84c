import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { id } from './fields.ts';
import { standingPayment } from './standing.ts';
import { aboutAllocation, aboutPayment, lines } from './words.ts';

const output = z.looseObject({ payment_id: z.string().optional(), deleted: z.boolean().optional() });

export const deleteCustomerPayment = defineWrite({
  name: 'delete_customer_payment',
  title: 'Delete a customer payment',
  description: [
    'Delete a payment that was recorded by mistake; its invoices are open again. Cannot be undone: a new one would have another id.',
    'Money that went back to the customer is a refund: use create_customer_payment_refund.',
  ].join('\n'),
  method: 'DELETE',
  path: '/customerpayments/{payment_id}',
  input: z.strictObject({ payment_id: id }),
  output,
  async preflight({ payment_id }, zoho) {
    const before = await standingPayment(zoho, payment_id);
    return { before };
  },
  result: (_body, { payment_id }): z.output<typeof output> => ({ payment_id, deleted: true }),
  text: (_result, { payment_id }, facts) =>
    lines(`Deleted ${aboutPayment({ ...facts?.before, payment_id })}.`, facts && `Before it was deleted: ${aboutAllocation(facts.before)}`),
});
