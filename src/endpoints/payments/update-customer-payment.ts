import * as z from 'zod';
import { defineWrite } from '../../endpoint.ts';
import { otherPayment } from '../../preflight/contradiction.ts';
import { lookForChange } from '../../preflight/find-lost-write.ts';
import { mandatoryMissing } from '../../preflight/mandatory.ts';
import { paymentChangeInput, changeFacts, turnOfChange, type ChangeFacts } from '../../preflight/payment-change-facts.ts';
import { reportOfChange } from '../../preflight/payment-reports.ts';
import { changeBack } from '../../preflight/payment-undo.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { aboutPayment, unseen } from '../../records/describe.ts';
import { writtenPayment, type Payment } from '../../records/fields.ts';
import { changesOf, refuseNoChange } from '../../records/update-body.ts';
import { paymentOf } from '../../records/zoho-shapes.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

export const updateCustomerPayment = defineWrite({
  name: 'update_customer_payment',
  title: 'Update a customer payment',
  description: [
    'Correct a recorded payment, or apply its unused amount to invoices. Omitted fields do not change.',
    'First call get_customer_payment to see its invoices.',
  ].join('\n'),
  method: 'PUT',
  path: '/customerpayments/{payment_id}',
  input: paymentChangeInput,
  output,
  safety: {
    canDuplicate: true,

    turn: ({ payment_id, ...given }, zoho) => turnOfChange(payment_id, given, zoho),
    async preflight({ payment_id, ...given }, zoho): Promise<ChangeFacts> {
      const { replace_invoices: _, ...fields } = given;
      refuseNoChange(fields);
      return await changeFacts(await currentPayment(zoho, payment_id), given, zoho);
    },
    afterRefusal: async (given, zoho) => mandatoryMissing(given, await currentPayment(zoho, String(given['payment_id'])), zoho),
    look: (attempt, zoho) => lookForChange(attempt, String(attempt.input['payment_id']), zoho),
    contradiction: ({ payment }, { body, before }) => otherPayment(payment, body, { standing: before['payment'] as Payment }),
    undo: ({ payment }, { payment_id, ...given }, before) => changeBack(payment_id, given, before.payment, payment),
  },
  parts: ({ payment_id: _, ...given }, { lost }) => ({ body: changesOf(given, lost.before.payment) }),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  report: ({ payment }, { payment_id: _, ...given }, facts) =>
    payment === undefined ? unseen('payment') : reportOfChange(`Updated ${aboutPayment(payment)}.`, payment, given, facts),
});
