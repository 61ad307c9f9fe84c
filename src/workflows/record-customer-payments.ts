import * as z from 'zod';
import { paymentListReads } from '../preflight/payment-lists.ts';
import { defineWriteList } from '../workflow.ts';
import { recordCustomerPayment } from './record-customer-payment.ts';

const text = z.string().optional();

const MOST_ROWS = 75;

const row = recordCustomerPayment.input.extend({
  idempotency_key: z.string().min(1).max(200).optional(),
  allow_duplicate_of: z.array(z.string()).optional(),
});

export const recordCustomerPayments = defineWriteList({
  name: 'record_customer_payments',
  title: 'Record a list of payments',
  description:
    'Record up to 75 customer payments at once, such as the lines of a bank statement. All rows are checked first, then the user is asked ' +
    'once. If a row cannot be recorded, nothing is, unless `only_good_rows`. Rows not sent in time are `not_started`: make the same call again.',
  input: z.strictObject({
    rows: z.array(row).min(1).max(MOST_ROWS).describe('Arguments as of record_customer_payment.'),
    only_good_rows: z.boolean().optional().describe('Record the rows that can be recorded.'),
  }),
  output: z.looseObject({
    rows: z
      .array(z.looseObject({ row: z.number().optional(), outcome: text, payment_id: text, error: z.looseObject({}).optional() }))
      .optional(),
    totals: z.looseObject({}).optional(),
    undo_list: z.array(z.looseObject({})).optional(),
  }),
  reads: recordCustomerPayment.reads,
  row: recordCustomerPayment,
  listReads: paymentListReads,
});
