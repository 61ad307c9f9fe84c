import * as z from 'zod';
import { concern } from '../../concern.ts';
import { defineWrite, type Facts, type Reader } from '../../endpoint.ts';
import { RefusedError } from '../../errors.ts';
import { moreThanMessage } from '../../preflight/contradiction.ts';
import { isGone } from '../../preflight/find-lost-write.ts';
import { accountOfCharges, customFieldsOf, discountsLost, tagsOf, undoWith } from '../../preflight/undo.ts';
import { standingPayment } from '../../reading/current-record.ts';
import { aboutAllocation, aboutPayment, aboutReleased } from '../../records/describe.ts';
import { id, type Payment } from '../../records/fields.ts';
import { readAmount } from '../../records/read-row.ts';
import { only } from '../../records/zoho-shapes.ts';
import { report, type Undo } from '../../report.ts';
import { createCustomerPayment } from './create-customer-payment.ts';
import { getCustomerPayment } from './get-customer-payment.ts';

const output = z.looseObject({ payment_id: z.string().optional(), deleted: z.boolean().optional() });

export const DESTROYS = concern('deletion', 'it deletes a record');

interface GoneFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: { readonly payment: Payment } };
}

export const deleteCustomerPayment = defineWrite({
  name: 'delete_customer_payment',
  title: 'Delete a customer payment',
  description: [
    'Delete a payment that was recorded by mistake; its invoices are open again. The user is asked.',
    'Money that went back to the customer is a refund: use create_customer_payment_refund.',
  ].join('\n'),
  method: 'DELETE',
  path: '/customerpayments/{payment_id}',
  input: z.strictObject({ payment_id: id }),
  output,
  safety: {
    turn: ({ payment_id }) => [`payment:${payment_id}`],
    async preflight({ payment_id }, zoho): Promise<GoneFacts> {
      const payment = await standingPayment(zoho, payment_id);
      refuseUndeletable(payment);
      return {
        question: {
          title: `Delete ${aboutPayment(payment)}`,
          lines: aboutAllocation(payment).split('\n').filter(Boolean),
          ask: [DESTROYS],
          not_checked: [],
          sealed: { payment },
        },
        policy: { customer_id: payment.customer_id },
        duplicates: {},
        lost: { touches: { payments: [payment_id] }, before: { payment } },
      };
    },
    look: async ({ input }, zoho) => {
      const payment_id = String(input['payment_id']);
      return (await isDeleted(zoho, payment_id)) ? { seen: 'there', result: { payment_id, deleted: true } } : { seen: 'not there' };
    },
    contradiction: (_result, { answer }) => moreThanMessage(answer),
    undo: (_result, _input, { payment }) => recreating(payment),
  },

  result: (_body, { payment_id }): z.output<typeof output> => ({ payment_id, deleted: true }),
  report: (_result, { payment_id }, facts) =>
    report([
      `Deleted ${aboutPayment({ ...facts?.before.payment, payment_id })}.`,
      facts?.before.payment && aboutReleased(facts.before.payment),
    ]),
});

export function isDeleted(zoho: Reader, payment_id: string): Promise<boolean> {
  return isGone(zoho.read(getCustomerPayment, { payment_id }));
}

/** Zoho refuses to delete what a bank line or a refund rests on; said before anyone is asked. */
export function refuseUndeletable(payment: Payment): void {
  const { payment_refunds = [], imported_transactions } = payment;
  if (payment_refunds.length > 0) {
    throw new RefusedError(`Money of ${aboutPayment(payment)} was refunded, so it cannot be deleted.`, {
      code: 'payment_has_refunds',
      next: {
        say: 'Tell the user; its refunds would have to be deleted first, with delete_customer_payment_refund.',
        tool: 'delete_customer_payment_refund',
        without: 'Tell the user; its refunds would have to be deleted first.',
      },
    });
  }
  if (Array.isArray(imported_transactions) && imported_transactions.length > 0) {
    throw new RefusedError(`${aboutPayment(payment)} is matched with a bank transaction, so it cannot be deleted.`, {
      code: 'payment_bank_matched',
      next: 'Tell the user; it has to be unmatched in Zoho Books first.',
    });
  }
}

/** What records the payment again, under a new id. */
export function recreating(payment: Payment): Undo | undefined {
  const { invoices = [], bank_charges, tax_amount_withheld } = payment;
  const applied = invoices.map((row) => ({
    invoice_id: row.invoice_id,
    amount_applied: row.amount_applied,
    ...(row['tax_amount_withheld'] !== undefined && { tax_amount_withheld: row['tax_amount_withheld'] }),
  }));
  const { custom_fields, not_restored } = customFieldsOf(payment);
  const tags = tagsOf(payment);
  const set = only(payment, [
    'customer_id',
    'payment_mode',
    'amount',
    'date',
    'reference_number',
    'description',
    'exchange_rate',
    'account_id',
    'bank_charges_account_id',
    'tax_account_id',
    'location_id',
  ]);
  const documents = Array.isArray(payment['documents']) && payment['documents'].length > 0;
  return undoWith(createCustomerPayment, [], {
    arguments: {
      ...set,
      bank_charges: readAmount(bank_charges) || undefined,
      tax_amount_withheld: readAmount(tax_amount_withheld) || undefined,
      ...(tags.length > 0 && { tags }),
      ...(custom_fields.length > 0 && { custom_fields }),
      ...(applied.length > 0 && { invoices: applied }),
    },
    not_restored: [
      'payment_id',
      'payment_number',
      ...(payment.invoices === undefined ? ['invoices'] : []),
      ...(['account_id', 'exchange_rate'] as const).filter((name) => payment[name] === undefined),
      ...(['bank_charges', 'tax_amount_withheld'] as const).filter(
        (name) => payment[name] !== undefined && readAmount(payment[name]) === undefined,
      ),
      ...discountsLost(invoices),
      ...accountOfCharges(payment),
      ...(documents ? ['documents'] : []),
      ...not_restored,
    ],
  });
}
