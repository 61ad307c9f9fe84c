import * as z from 'zod';
import { defineWrite } from '../endpoint.ts';
import { id, type Payment } from './fields.ts';
import { standingPayment } from './standing.ts';
import { aboutPayment, lines } from './words.ts';

const output = z.looseObject({ payment_id: z.array(z.string()).optional(), deleted: z.boolean().optional() });

/** As many as one request line carries safely. */
const MOST = 100;

export const bulkDeleteCustomerPayments = defineWrite({
  name: 'bulk_delete_customer_payments',
  title: 'Delete several customer payments',
  description: 'Delete payments that were recorded by mistake, all at once; their invoices are open again. Cannot be undone. For one payment use delete_customer_payment.',
  method: 'DELETE',
  path: '/customerpayments',
  input: z.strictObject({ payment_id: z.array(id).min(1).max(MOST).describe('The ids, each once.') }),
  output,
  async preflight({ payment_id }, zoho) {
    const before: Payment[] = [];
    // One after the other: Zoho allows few calls at once, and the order of the list is the order of the report.
    for (const one of new Set(payment_id)) before.push(await standingPayment(zoho, one));
    return { before };
  },
  parts: ({ payment_id }) => ({ query: { payment_id: [...new Set(payment_id)].join(','), bulk_delete: true } }),
  result: (_body, { payment_id }): z.output<typeof output> => ({ payment_id: [...new Set(payment_id)], deleted: true }),
  text: ({ payment_id: ids = [] }, _input, facts) =>
    lines(`Deleted ${ids.length} payments:`, ...ids.map((payment_id, i) => `- ${aboutPayment({ ...facts?.before[i], payment_id })}`)),
});
