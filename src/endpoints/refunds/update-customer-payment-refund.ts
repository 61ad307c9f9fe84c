import * as z from 'zod';
import { defineWrite, type Facts } from '../../endpoint.ts';
import { InputError } from '../../errors.ts';
import { subtract, type Currency } from '../../money.ts';
import { bankAccounts } from '../../preflight/checks.ts';
import { otherRefund } from '../../preflight/contradiction.ts';
import { inBase, type InBase } from '../../preflight/exchange-rate.ts';
import { lookForRefundChange } from '../../preflight/find-lost-write.ts';
import { ofPayment, refundFacts } from '../../preflight/refund-facts.ts';
import { fieldsBack, undoWith } from '../../preflight/undo.ts';
import { allInOrder } from '../../reader.ts';
import { currentPayment, currentRefund } from '../../reading/current-record.ts';
import { refundsOf } from '../../reading/refunds-of-payment.ts';
import { aboutLeft, leftAfter, leftOf, type LeftOfPayment } from '../../records/afterwards.ts';
import { aboutRefund, attention, fieldLabel, idWithName, unseen } from '../../records/describe.ts';
import { id, refundFields, writtenRefund, type Payment, type Refund } from '../../records/fields.ts';
import { money, notChecked, quoted } from '../../records/text.ts';
import { refuseNoChange } from '../../records/update-body.ts';
import { refundOf } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';

const output = z.looseObject({ payment_refund: writtenRefund.optional() });

const input = z.strictObject({ customer_payment_id: id, refund_id: id, ...z.object(refundFields).partial().shape });

/** Zoho documents these fields as required on every update. If the call omits one, its current value is sent. */
const required = ['date', 'amount', 'from_account_id'] as const;

interface RefundChangeFacts extends Facts {
  readonly lost: Facts['lost'] & {
    readonly before: InBase & { readonly refund: Refund; readonly of: Payment; readonly left: LeftOfPayment };
  };
}

export const updateCustomerPaymentRefund = defineWrite({
  name: 'update_customer_payment_refund',
  title: 'Update a refund',
  description:
    'Correct a recorded refund. Omitted fields do not change. ' +
    'get_customer_payment_refund shows the current values. The user is asked to confirm.',
  method: 'PUT',
  path: '/customerpayments/{customer_payment_id}/refunds/{refund_id}',
  input,
  output,
  safety: {
    canDuplicate: true,

    turn: ({ customer_payment_id }) => [`payment:${customer_payment_id}`],
    async preflight({ customer_payment_id, refund_id, ...given }, zoho): Promise<RefundChangeFacts> {
      refuseNoChange(given);
      const [refund, payment, refunds, accounts] = await allInOrder([
        currentRefund(zoho, customer_payment_id, refund_id),
        // Zoho does not show the currency on the refund, only on its payment.
        currentPayment(zoho, customer_payment_id),
        refundsOf(zoho, customer_payment_id),
        bankAccounts(zoho),
      ]);
      const { date = '', amount, from_account_id = '' } = { ...refund, ...given };
      if (amount === undefined) throw refundAmountNotTold();
      const {
        existing: _,
        account_name,
        ...facts
      } = await refundFacts({ payment, refunds, accounts, earlier: refund }, { ...given, date, amount, from_account_id }, zoho);
      const after: Refund = { ...given, from_account_name: account_name };
      const changes = Object.keys(given).map(
        (name) => `${fieldLabel(name)}: ${asWritten(name, refund, payment)} → ${asWritten(name, after, payment)}`,
      );
      return {
        ...facts,
        question: {
          ...facts.question,
          title: `Change the refund of ${money(refund.amount, payment)} (refund_id ${refund_id})`,
          lines: [...facts.question.lines, ...changes],
          sealed: { refund },
        },
        lost: { ...facts.lost, before: { refund, of: ofPayment(payment), left: leftOf(payment), in_base: facts.policy.rate?.result } },
      };
    },
    look: (attempt, zoho) =>
      lookForRefundChange(attempt, String(attempt.input['customer_payment_id']), String(attempt.input['refund_id']), zoho),
    contradiction: ({ payment_refund }, { input, body, before }) =>
      otherRefund(payment_refund, body, { standing: before['refund'] as Refund, payment_id: String(input['customer_payment_id']) }),
    undo: (_result, { customer_payment_id, refund_id, ...given }, { refund }) => {
      const names = Object.keys(given).filter((name) => given[name as keyof typeof given] !== undefined);
      const fields = fieldsBack(names, refund);
      return undoWith({ name: 'update_customer_payment_refund', input }, ['customer_payment_id', 'refund_id'], {
        ...fields,
        arguments: { customer_payment_id, refund_id, ...fields.arguments },
      });
    },
  },
  parts: ({ customer_payment_id: _, refund_id: __, ...given }, { lost }) => {
    const { refund } = lost.before;
    const standing = Object.fromEntries(required.filter((name) => refund[name] !== undefined).map((name) => [name, refund[name]]));
    return { body: { ...standing, ...given } };
  },

  result: (body, { refund_id }): z.output<typeof output> => ({ payment_refund: refundOf(body, refund_id) }),
  report: ({ payment_refund }, { customer_payment_id, refund_id, ...given }, facts) => {
    if (payment_refund === undefined) return unseen('refund');
    const before = facts?.before.refund;
    const shown = (name: string, record: Refund | undefined) => asWritten(name, record, facts?.before.of);
    const more =
      payment_refund.amount === undefined || before?.amount === undefined ? undefined : subtract(payment_refund.amount, before.amount);
    const left = facts?.before.left && leftAfter(facts.before.left, more);
    const refund = { payment_refund_id: refund_id, ...payment_refund };
    const payment = { ...facts?.before.of, payment_id: customer_payment_id };
    return createReport(
      [
        `Updated ${aboutRefund(refund, payment)}.`,
        ...attention(given, { ...facts?.before.of, amount: payment_refund.amount }),
        ...Object.keys(given)
          .filter((name) => payment_refund[name] !== undefined && before?.[name] !== payment_refund[name])
          .map((name) => `${name}: ${shown(name, before)} → ${shown(name, payment_refund)}`),
        aboutLeft(left, facts?.before.of),
        inBase(facts?.before),
        notChecked(facts?.not_checked ?? []),
      ],
      [toolCall('get_customer_payment', { payment_id: customer_payment_id }, 'unused amount')],
      { ...left },
    );
  },
});

function refundAmountNotTold(): InputError {
  return new InputError('Zoho does not show the amount of this refund, but needs it with every change.', {
    code: 'invalid_arguments',
    next: 'Ask the user for the current amount, and call again with `amount` too.',
  });
}

/** Fields that every refund has. If Zoho shows no value, the value is unknown, not empty. */
const ALWAYS_THERE = new Set(['date', 'amount', 'from_account_id', 'refund_mode', 'exchange_rate']);

function asWritten(name: string, refund: Refund = {}, currency: Currency = {}): string {
  const value = refund[name];
  if (value === undefined && ALWAYS_THERE.has(name)) return 'not shown by Zoho';
  if (value === undefined || value === '') return 'nothing';
  if (name === 'from_account_id') return idWithName(value, refund['from_account_name']);
  return name === 'amount' ? money(value, currency) : quoted(value);
}
