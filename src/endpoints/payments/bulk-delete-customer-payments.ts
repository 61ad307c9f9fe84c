import * as z from 'zod';
import { concern } from '../../concern.ts';
import { defineWrite, type Facts, type Reader } from '../../endpoint.ts';
import { OutcomeUnknownError } from '../../errors.ts';
import { moreThanMessage } from '../../preflight/contradiction.ts';
import { deletionsFacts, isDeleted, refuseUndeletable } from '../../preflight/deletion.ts';
import { recreating } from '../../preflight/payment-undo.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { aboutOpenAgain, freedInvoices, openAgain } from '../../records/afterwards.ts';
import { aboutPayment, aboutReleased } from '../../records/describe.ts';
import { id, type Payment } from '../../records/fields.ts';
import { createReport } from '../../report.ts';

const ids = z.array(z.string()).optional();
const output = z.looseObject({ deleted: ids, kept: ids, unknown: ids });

/** The most payments in one call: the preflight reads each payment, and Zoho allows the organization 100 calls a minute. */
const MOST_DELETED_AT_ONCE = 25;

interface AllGoneFacts extends Facts {
  readonly lost: Facts['lost'] & { readonly before: { readonly payments: readonly Payment[] } };
}

export const bulkDeleteCustomerPayments = defineWrite({
  name: 'bulk_delete_customer_payments',
  title: 'Delete several customer payments',
  description:
    'Delete several payments that were recorded by mistake. This reopens their invoices. ' +
    'The user is asked to confirm. For one payment use delete_customer_payment.',
  method: 'DELETE',
  path: '/customerpayments',
  input: z.strictObject({ payment_id: z.array(id).min(1).max(MOST_DELETED_AT_ONCE).describe('Ids, without repeats.') }),
  output,
  safety: {
    turn: ({ payment_id }) => payment_id.map((one) => `payment:${one}`),
    async preflight({ payment_id }, zoho): Promise<AllGoneFacts> {
      const payments = await Promise.all([...new Set(payment_id)].map((one) => currentPayment(zoho, one)));
      payments.forEach(refuseUndeletable);
      return {
        question: {
          title: `Delete ${payments.length} customer payments`,
          ...deletionsFacts(payments),
          ask: [concern('deletion', 'it deletes records')],
          sealed: { payments },
        },
        policy: {},
        duplicates: {},
        lost: { touches: { payments: payments.map((payment) => String(payment.payment_id)) }, before: { payments } },
      };
    },
    // Zoho's answer is one message for all payments, so each payment is read again.
    async each({ deleted: asked = [] }, zoho) {
      const { deleted = [], kept = [], unknown = [] } = await whatBecameOf(asked, zoho);
      if (deleted.length === 0 && unknown.length === 0)
        throw new OutcomeUnknownError('Zoho said that it deleted the payments, but all of them still exist.', {
          next: 'Check in Zoho which payments still exist.',
        });
      return { deleted, ...(kept.length > 0 && { kept }), ...(unknown.length > 0 && { unknown }) };
    },
    async look({ input }, zoho) {
      const { deleted = [], kept = [], unknown = [] } = await whatBecameOf(new Set(input['payment_id'] as string[]), zoho);
      if (unknown.length > 0) return { seen: 'unclear', why: `Zoho does not show if it deleted ${unknown.join(', ')}.`, candidates: [] };
      if (kept.length === 0) return { seen: 'there', result: { deleted } };
      if (deleted.length === 0) return { seen: 'not there' };
      return { seen: 'in part', result: { deleted, kept }, why: `Deleted: ${deleted.join(', ')}. Not deleted: ${kept.join(', ')}.` };
    },
    contradiction: (_result, { answer }) => moreThanMessage(answer),
    // One call can restore only one payment. If several were deleted, the report says that there is no undo.
    undo: ({ deleted = [] }, _input, { payments }) =>
      deleted.length === 1 ? recreating(payments.find(({ payment_id }) => payment_id === deleted[0])!) : undefined,
  },
  parts: ({ payment_id }) => ({ query: { payment_id: [...new Set(payment_id)].join(','), bulk_delete: true } }),

  result: (_body, { payment_id }): z.output<typeof output> => ({ deleted: [...new Set(payment_id)] }),
  report({ deleted = [], kept = [], unknown = [] }, _input, facts) {
    const before = (ids: readonly string[]) => facts?.before.payments?.filter(({ payment_id }) => ids.includes(String(payment_id))) ?? [];
    const freed = freedInvoices(before(deleted));
    // An invoice's new balance is not known if one of its payments may still exist.
    const doubtful = new Set(freedInvoices(before(unknown)).map(({ invoice_id }) => invoice_id));
    const known = freed.filter(({ invoice_id }) => !doubtful.has(invoice_id));
    const about = (payment_id: string) => {
      const [payment] = before([payment_id]);
      const own = new Set(payment?.invoices?.map(({ invoice_id }) => invoice_id));
      const open = aboutOpenAgain(known.filter(({ invoice_id }) => own.has(invoice_id)));
      return {
        line: aboutPayment({ ...payment, payment_id }),
        open,
        released: payment && aboutReleased(payment, open !== ''),
      };
    };
    return createReport(
      [
        `Deleted ${deleted.length} payment${deleted.length === 1 ? '' : 's'}:`,
        ...deleted.map(about).map(({ line, open, released }) => `- ${[`${line}.`, open, released].filter(Boolean).join(' ')}`),
        ...kept.map(about).map(({ line }) => `- NOT deleted, still there: ${line}.`),
        ...unknown.map(about).map(({ line }) => `- Zoho says that it deleted this payment, but the check failed: ${line}.`),
        deleted.length > 1 && 'No single call can undo this: each payment must be recorded again.',
      ],
      [],
      openAgain(known),
    );
  },
});

/** Reads each payment again: it is deleted, kept, or unknown because the read failed. */
async function whatBecameOf(payment_ids: Iterable<string>, zoho: Reader): Promise<z.output<typeof output>> {
  const looked = await Promise.all([...payment_ids].map(async (one) => ({ one, gone: await isDeleted(zoho, one).catch(() => undefined) })));
  const those = (wanted: boolean | undefined) => looked.filter(({ gone }) => gone === wanted).map(({ one }) => one);
  return { deleted: those(true), kept: those(false), unknown: those(undefined) };
}
