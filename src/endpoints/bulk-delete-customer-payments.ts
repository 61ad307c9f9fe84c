import * as z from 'zod';
import { defineWrite, type Facts } from '../endpoint.ts';
import { isDeleted, recreating, refuseUndeletable } from './delete-customer-payment.ts';
import { id, type Payment } from './fields.ts';
import { standingPayment } from './standing.ts';
import { aboutAllocation, aboutPayment, aboutReleased, lines } from './words.ts';

const output = z.looseObject({ payment_id: z.array(z.string()).optional(), deleted: z.boolean().optional() });

/** Each is read before anyone is asked, and Zoho allows a hundred calls a minute to the whole organization. */
const MOST = 25;

interface AllGoneFacts extends Facts {
  readonly before: { readonly payments: readonly Payment[] };
}

export const bulkDeleteCustomerPayments = defineWrite({
  name: 'bulk_delete_customer_payments',
  title: 'Delete several customer payments',
  description: 'Delete payments that were recorded by mistake, all at once; their invoices are open again. The user is asked. For one payment use delete_customer_payment.',
  method: 'DELETE',
  path: '/customerpayments',
  input: z.strictObject({ payment_id: z.array(id).min(1).max(MOST).describe('The ids, each once.') }),
  output,

  turn: ({ payment_id }) => payment_id.map((one) => `payment:${one}`),
  async preflight({ payment_id }, zoho): Promise<AllGoneFacts> {
    const payments: Payment[] = [];
    // One after the other: Zoho allows few calls at once, and the order of the list is the order of the report.
    for (const one of new Set(payment_id)) payments.push(await standingPayment(zoho, one));
    payments.forEach(refuseUndeletable);
    return {
      title: `Delete ${payments.length} customer payments`,
      lines: payments.map((payment) => `${aboutPayment(payment)}. ${aboutAllocation(payment).replaceAll('\n', ' ')}`),
      ask: ['it deletes records'],
      not_checked: [],
      blocks: payments.map((payment) => `payment:${payment.payment_id}`),
      before: { payments },
    };
  },
  parts: ({ payment_id }) => ({ query: { payment_id: [...new Set(payment_id)].join(','), bulk_delete: true } }),
  async look({ input }, zoho) {
    const ids = [...new Set(input['payment_id'] as string[])];
    const deleted: string[] = [];
    for (const one of ids) if (await isDeleted(zoho, one)) deleted.push(one);
    if (deleted.length === ids.length) return { seen: 'there', result: { payment_id: ids, deleted: true } };
    if (deleted.length === 0) return { seen: 'not there' };
    const kept = ids.filter((one) => !deleted.includes(one));
    return { seen: 'unclear', why: `Deleted: ${deleted.join(', ')}. Kept so far: ${kept.join(', ')}.`, candidates: [] };
  },
  // One call takes back one payment; the others are named in the report.
  undo: (_result, _input, { before: { payments } }) => (payments.length === 1 ? recreating(payments[0]!) : undefined),

  result: (_body, { payment_id }): z.output<typeof output> => ({ payment_id: [...new Set(payment_id)], deleted: true }),
  text: ({ payment_id: ids = [] }, _input, facts) =>
    lines(
      `Deleted ${ids.length} payment${ids.length === 1 ? '' : 's'}:`,
      ...ids.map((payment_id, i) => {
        const before = facts?.before.payments[i];
        return `- ${[`${aboutPayment({ ...before, payment_id })}.`, before && aboutReleased(before)].filter(Boolean).join(' ')}`;
      }),
    ),
});
