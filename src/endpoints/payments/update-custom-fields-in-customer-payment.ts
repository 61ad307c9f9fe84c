import * as z from 'zod';
import { defineWrite, type Facts } from '../../endpoint.ts';
import { checkCustomFields } from '../../preflight/checks.ts';
import { moreThanMessage } from '../../preflight/contradiction.ts';
import { lookForCustomFields } from '../../preflight/find-lost-write.ts';
import { customFieldsBack, undoWith } from '../../preflight/undo.ts';
import { allInOrder } from '../../reader.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { aboutPayment, readCut } from '../../records/describe.ts';
import { customFieldById, id, type Payment } from '../../records/fields.ts';
import { notChecked, quoted } from '../../records/text.ts';
import { createReport } from '../../report.ts';

const output = z.looseObject({
  customer_payment_id: z.string().optional(),
  custom_fields: z.array(z.looseObject({ customfield_id: z.string().optional(), value: z.string().optional() })).optional(),
});

const input = z.strictObject({ customer_payment_id: id, custom_fields: z.array(customFieldById).min(1) });

interface CustomFieldFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: { readonly payment: Payment } };
}

export const updateCustomFieldsInCustomerPayment = defineWrite({
  name: 'update_custom_fields_in_customer_payment',
  title: 'Update custom fields of a customer payment',
  description: 'Set only custom fields of a payment. get_customer_payment shows the ids of the fields that have a value.',
  method: 'PUT',
  // Zoho's path: `customerpayment` is singular only here.
  path: '/customerpayment/{customer_payment_id}/customfields',
  input,
  output,
  safety: {
    turn: ({ customer_payment_id }) => [`payment:${customer_payment_id}`],
    async preflight({ customer_payment_id, custom_fields }, zoho): Promise<CustomFieldFacts> {
      const read = currentPayment(zoho, customer_payment_id);
      const [payment, { lines = [], not_checked = [] }] = await allInOrder([read, checkCustomFields(custom_fields, zoho, read)]);
      return {
        question: {
          title: `Change custom fields of ${aboutPayment(payment)}`,
          lines,
          not_checked,
          ask: [],
          sealed: { payment },
        },
        policy: { customer_id: payment.customer_id },
        duplicates: {},
        lost: { touches: { payments: [customer_payment_id] }, before: { payment } },
      };
    },
    look: (attempt, zoho) => lookForCustomFields(attempt, String(attempt.input['customer_payment_id']), zoho),
    contradiction: (_result, { answer }) => moreThanMessage(answer),
    undo: (_result, { customer_payment_id, custom_fields }, { payment }) => {
      const { not_restored, ...back } = customFieldsBack(custom_fields, payment);
      return undoWith({ name: 'update_custom_fields_in_customer_payment', input }, ['customer_payment_id'], {
        arguments: { customer_payment_id, ...back },
        not_restored,
      });
    },
  },
  // The body is a bare array.
  parts: ({ custom_fields }) => ({ body: custom_fields }),

  // Zoho answers with a message only.
  result: (_body, { customer_payment_id, custom_fields }): z.output<typeof output> => ({ customer_payment_id, custom_fields }),
  report: (_result, { customer_payment_id, custom_fields }, facts) => {
    const payment = { ...facts?.before.payment, payment_id: customer_payment_id };
    const values = custom_fields.map(({ customfield_id, value }) => `customfield_id ${customfield_id}: ${quoted(value)}`);
    return createReport(
      [`Updated custom fields of ${aboutPayment(payment)}.`, ...values, notChecked(facts?.not_checked ?? [])],
      [readCut(payment, [], values)],
    );
  },
});
