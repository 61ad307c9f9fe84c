import * as z from 'zod';
import { defineWrite, type Facts } from '../../endpoint.ts';
import { InputError, RefusedError } from '../../errors.ts';
import { bankAccounts, checkDecimals } from '../../preflight/checks.ts';
import { otherRefund } from '../../preflight/contradiction.ts';
import { inBase, type InBase } from '../../preflight/exchange-rate.ts';
import { lookForRefund } from '../../preflight/find-lost-write.ts';
import { ofPayment, refundFacts } from '../../preflight/refund-facts.ts';
import { allInOrder } from '../../reader.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { refundsOf } from '../../reading/refunds-of-payment.ts';
import { aboutLeft, leftAfter, leftOf, type LeftOfPayment } from '../../records/afterwards.ts';
import { aboutRefund, attention, unseen } from '../../records/describe.ts';
import { newRefundInput, writtenRefund, type Payment } from '../../records/fields.ts';
import { money, notChecked, quoted } from '../../records/text.ts';
import { refundOf } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';

/** Zoho's default if the call sends no mode. */
const DEFAULT_MODE = 'cash';

const output = z.looseObject({ payment_refund: writtenRefund.optional() });

interface NewRefundFacts extends Facts {
  readonly lost: Facts['lost'] & {
    readonly before: InBase & {
      readonly existing: unknown;
      readonly amount: number;
      readonly of: Payment;
      /** Before the refund. */
      readonly left: LeftOfPayment;
    };
  };
  readonly amount: number;
}

export const createCustomerPaymentRefund = defineWrite({
  name: 'create_customer_payment_refund',
  title: 'Refund an excess customer payment',
  description: [
    'Record a refund of the unused amount of a payment. The user is asked to confirm. ' +
      'It records in Zoho Books; it touches no bank account or card.',
    'First call get_customer_payment: the refund can be at most unused_amount. ' +
      'To refund applied money, first un-apply it with update_customer_payment.',
    'To remove a payment recorded by mistake use delete_customer_payment.',
  ].join('\n'),
  method: 'POST',
  path: '/customerpayments/{customer_payment_id}/refunds',
  input: newRefundInput,
  output,
  safety: {
    canDuplicate: true,

    turn: ({ customer_payment_id }) => [`payment:${customer_payment_id}`],
    async preflight({ customer_payment_id, ...given }, zoho): Promise<NewRefundFacts> {
      const [payment, refunds, accounts] = await allInOrder([
        currentPayment(zoho, customer_payment_id),
        refundsOf(zoho, customer_payment_id),
        bankAccounts(zoho),
      ]);
      checkDecimals({ amount: given.amount }, payment);
      const amount = given.amount ?? payment.unused_amount;
      if (amount === undefined) throw unusedNotTold();
      // A negative unused amount cannot be refunded either.
      if (amount <= 0 || (payment.unused_amount ?? 1) <= 0) throw nothingRefundable(payment);
      const { refund_mode = DEFAULT_MODE } = given;
      const {
        existing,
        account_name: _,
        ...facts
      } = await refundFacts({ payment, refunds, accounts }, { ...given, refund_mode, amount }, zoho);
      const to = payment.customer_name ? ` to ${quoted(payment.customer_name, 40)}` : '';
      return {
        ...facts,
        question: { ...facts.question, title: `Refund ${money(amount, payment)}${to}` },
        duplicates: { ...facts.duplicates, makes: 'refund' },
        lost: {
          ...facts.lost,
          before: { existing, amount, of: ofPayment(payment), left: leftOf(payment), in_base: facts.policy.rate?.result },
        },
        amount,
      };
    },
    look: (attempt, zoho) => lookForRefund(attempt, String(attempt.input['customer_payment_id']), zoho),
    contradiction: ({ payment_refund }, { input, body, before }) =>
      otherRefund(payment_refund, body, { payment_id: String(input['customer_payment_id']), existing: before['existing'] }),
    undo: ({ payment_refund }, { customer_payment_id }) =>
      payment_refund?.payment_refund_id === undefined
        ? undefined
        : { tool: 'delete_customer_payment_refund', arguments: { customer_payment_id, refund_id: payment_refund.payment_refund_id } },
  },
  // The mode is always sent, so that Zoho records the mode that the user confirmed.
  parts: ({ customer_payment_id: _, refund_mode = DEFAULT_MODE, ...given }, { amount }) => ({ body: { ...given, refund_mode, amount } }),

  result: (body): z.output<typeof output> => ({ payment_refund: refundOf(body) }),
  report: ({ payment_refund }, { customer_payment_id, amount }, facts) => {
    if (payment_refund === undefined) return unseen('refund');
    const left = facts?.before.left && leftAfter(facts.before.left, payment_refund.amount);
    return createReport(
      [
        `Recorded ${aboutRefund(payment_refund, { ...facts?.before.of, payment_id: customer_payment_id })}.`,
        ...attention({ amount: amount ?? facts?.before.amount }, { ...facts?.before.of, amount: payment_refund.amount }),
        aboutLeft(left, facts?.before.of),
        inBase(facts?.before),
        notChecked(facts?.not_checked ?? []),
      ],
      [toolCall('get_customer_payment', { payment_id: customer_payment_id }, 'unused amount')],
      { ...left },
    );
  },
});

function unusedNotTold(): InputError {
  return new InputError('Zoho does not show the unused amount of this payment, so `amount` is required.', {
    code: 'invalid_arguments',
    next: 'Ask the user for the amount, and call again with it.',
  });
}

function nothingRefundable(payment: Payment): RefusedError {
  const applied = (payment.invoices ?? []).length > 0;
  return new RefusedError(`This payment has no unused amount, so nothing can be refunded.${applied ? ' It is applied to invoices.' : ''}`, {
    code: 'nothing_refundable',
    next: applied
      ? {
          say: 'Ask the user whether to un-apply money from an invoice first, with update_customer_payment.',
          tool: 'update_customer_payment',
          without: 'Ask the user whether to un-apply money from an invoice first.',
        }
      : 'Tell the user.',
  });
}
