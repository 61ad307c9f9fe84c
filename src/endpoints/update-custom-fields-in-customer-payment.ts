import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { customFieldById, id } from './fields.ts';
import { standingPayment } from './standing.ts';
import { aboutPayment, call, lines, next, quoted } from './words.ts';

const output = z.looseObject({
  customer_payment_id: z.string().optional(),
  custom_fields: z.array(z.looseObject({ customfield_id: z.string().optional(), value: z.string().optional() })).optional(),
});

export const updateCustomFieldsInCustomerPayment = defineWrite({
  name: 'update_custom_fields_in_customer_payment',
  title: 'Update custom fields of a customer payment',
  description: 'Set custom fields of a payment and nothing else. get_customer_payment shows the ids of the fields that have a value.',
  method: 'PUT',
  // Zoho's own path: singular here, plural everywhere else.
  path: '/customerpayment/{customer_payment_id}/customfields',
  input: z.strictObject({ customer_payment_id: id, custom_fields: z.array(customFieldById).min(1) }),
  output,
  async preflight({ customer_payment_id }, zoho) {
    const before = await standingPayment(zoho, customer_payment_id);
    return { before };
  },
  // The body is a bare array.
  parts: ({ custom_fields }) => ({ body: custom_fields }),
  // Zoho answers with a message only.
  result: (_body, { customer_payment_id, custom_fields }): z.output<typeof output> => ({ customer_payment_id, custom_fields }),
  text: (_result, { customer_payment_id, custom_fields }, facts) =>
    lines(
      `Updated custom fields of ${aboutPayment({ ...facts?.before, payment_id: customer_payment_id })}.`,
      ...custom_fields.map(({ customfield_id, value }) => `customfield_id ${customfield_id}: ${quoted(value)}`),
      next(call('get_customer_payment', { payment_id: customer_payment_id })),
    ),
});
