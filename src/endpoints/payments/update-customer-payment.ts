import * as z from 'zod';
import { defineWrite } from '../../endpoint.ts';
import { otherPayment } from '../../preflight/contradiction.ts';
import { inBase } from '../../preflight/exchange-rate.ts';
import { lookForChange } from '../../preflight/find-lost-write.ts';
import { mandatoryMissing } from '../../preflight/mandatory.ts';
import { paymentChangeInput, changeFacts, turnOfChange, type ChangeFacts } from '../../preflight/payment-change-facts.ts';
import { changeBack } from '../../preflight/payment-undo.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { aboutOpenAgain, freedByChange, openAgain } from '../../records/afterwards.ts';
import { aboutChanges } from '../../records/change-report.ts';
import { aboutAllocation, aboutPayment, attention, readCut, unseen } from '../../records/describe.ts';
import { writtenPayment, type Payment } from '../../records/fields.ts';
import { notChecked } from '../../records/text.ts';
import { changesOf, refuseNoChange } from '../../records/update-body.ts';
import { paymentOf } from '../../records/zoho-shapes.ts';
import { createReport } from '../../report.ts';

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
  report: ({ payment }, { payment_id: _, ...given }, facts) => {
    if (payment === undefined) return unseen('payment');
    const before = facts?.before.payment;
    const changes = before === undefined ? [] : aboutChanges(before, payment, given);
    const shown = aboutAllocation(payment);
    const freed = freedByChange(before, payment);
    return createReport(
      [
        `Updated ${aboutPayment(payment)}.`,
        ...attention(given, payment),
        ...changes,
        aboutOpenAgain(freed),
        ...shown,
        inBase(facts?.before),
        notChecked(facts?.not_checked ?? []),
      ],
      [readCut(payment, shown, changes)],
      openAgain(freed),
    );
  },
});
