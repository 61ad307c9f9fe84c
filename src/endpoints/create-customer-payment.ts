import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { ifAllowed } from './allowed.ts';
import { appliedInvoice, id, paymentFields, writtenPayment } from './fields.ts';
import { getContact } from './get-contact.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { aboutAllocation, aboutPayment, call, lines, next, notChecked, unseen } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

export const createCustomerPayment = defineWrite({
  name: 'create_customer_payment',
  title: 'Record a customer payment',
  description: [
    'Record money received from a customer, applied to invoices or, without `invoices`, as an advance. Moves money in the books.',
    'What is not applied stays on the payment as unused amount, to be applied or refunded later.',
    'Look with list_customer_payments first whether it is already recorded. To correct a recorded one use update_customer_payment.',
  ].join('\n'),
  method: 'POST',
  path: '/customerpayments',
  input: z.strictObject({
    ...paymentFields,
    invoices: z.array(appliedInvoice).optional().describe('Leave out for an advance.'),
    contact_persons: z.array(id).optional().describe('Who gets the thank-you mail.'),
  }),
  output,

  async preflight(input, zoho) {
    const found = await ifAllowed(zoho.read(getContact, { contact_id: input.customer_id }));
    if (found === undefined) return { not_checked: ['the decimals of the customer\'s currency (needs the scope ZohoBooks.contacts.READ)'] };
    checkDecimals(amountsOf(input), found.contact ?? {});
    return { not_checked: [] };
  },

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  text: ({ payment }, _input, facts) => {
    if (payment === undefined) return unseen('payment');
    const { payment_id, unused_amount = 0 } = payment;
    return lines(
      `Recorded ${aboutPayment(payment)}.`,
      aboutAllocation(payment),
      notChecked(facts?.not_checked ?? []),
      next(
        `to see it whole: ${call('get_customer_payment', { payment_id })}`,
        unused_amount > 0 && `to apply the rest later: update_customer_payment with payment_id and invoices`,
        `to undo: ${call('delete_customer_payment', { payment_id })}`,
      ),
    );
  },
});
