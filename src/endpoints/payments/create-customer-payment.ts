import * as z from 'zod';
import { defineWrite, type Minted } from '../../endpoint.ts';
import { otherPayment } from '../../preflight/contradiction.ts';
import { lookForPayment } from '../../preflight/find-lost-write.ts';
import { mandatoryMissing } from '../../preflight/mandatory.ts';
import { newPaymentFacts, newPaymentInput } from '../../preflight/new-payment-facts.ts';
import { reportOfNew } from '../../preflight/payment-reports.ts';
import { lookByUniqueField, uniqueUpsert } from '../../preflight/unique-upsert.ts';
import { aboutPayment, unseen } from '../../records/describe.ts';
import { writtenPayment } from '../../records/fields.ts';
import { paymentOf } from '../../records/zoho-shapes.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

export const createCustomerPayment = defineWrite({
  name: 'create_customer_payment',
  title: 'Record a customer payment',
  description: [
    'Record a payment from a customer and apply it to invoices. Without `invoices` it is an advance. ' +
      'It records in Zoho Books; it touches no bank account or card.',
    'Money that is not applied stays unused on the payment. To correct or apply a recorded payment use update_customer_payment.',
  ].join('\n'),
  method: 'POST',
  path: '/customerpayments',
  input: newPaymentInput,
  output,
  safety: {
    canDuplicate: true,

    turn: ({ customer_id }) => [`customer:${customer_id}`],
    preflight: (payment, zoho) => newPaymentFacts(payment, zoho),
    afterRefusal: (payment, zoho) => mandatoryMissing(payment, undefined, zoho),
    upsert: uniqueUpsert,
    look: (attempt, zoho) => {
      const unique = attempt.before['unique'] as Minted | undefined;
      return unique ? lookByUniqueField(attempt, unique, zoho) : lookForPayment(attempt, String(attempt.input['customer_id']), zoho);
    },
    contradiction: ({ payment }, { body, before }) => otherPayment(payment, body, { existing: before['existing'] }),
    undo: ({ payment }) =>
      payment?.payment_id === undefined ? undefined : { tool: 'delete_customer_payment', arguments: { payment_id: payment.payment_id } },
  },

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  report: ({ payment }, given, facts) => {
    if (payment === undefined) return unseen('payment');
    const canApply = (payment.unused_amount ?? 0) > 0 && given.retainerinvoice_id === undefined;
    return reportOfNew(
      `Recorded ${aboutPayment(payment)}.`,
      payment,
      given,
      facts,
      canApply && {
        say: 'to apply the unused amount later: update_customer_payment with payment_id and invoices',
        tool: 'update_customer_payment',
      },
    );
  },
});
