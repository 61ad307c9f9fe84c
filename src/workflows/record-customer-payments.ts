import * as z from 'zod';
import { paymentListReads } from '../preflight/payment-lists.ts';
import { quiet } from '../records/fields.ts';
import { defineWriteList } from '../workflow.ts';
import { payerOf, recordCustomerPayment, type Given } from './record-customer-payment.ts';

const text = z.string().optional();

const MOST_LIST_ROWS = 75;

/** Removes the descriptions, because models already read them with record_customer_payment. */
const undescribed = (shape: z.ZodRawShape): z.ZodRawShape =>
  Object.fromEntries(
    Object.entries(shape).map(([name, field]) => [name, (field as z.ZodType).meta({ description: undefined } as Record<string, unknown>)]),
  );

const row = z.strictObject({
  ...undescribed(recordCustomerPayment.input.shape),
  idempotency_key: z.string().min(1).max(200).optional(),
  allow_duplicate_of: z.array(z.string()).optional(),
  // The ready rows of match_statement have the number of their line.
  line: quiet(z.int().optional()),
});

export const recordCustomerPayments = defineWriteList({
  name: 'record_customer_payments',
  title: 'Record a list of payments',
  description:
    'Record up to 75 customer payments with one call. The server checks all rows, then asks the user once. ' +
    'If one row cannot be recorded, nothing is recorded, unless `only_good_rows` is true. If rows are `not_started`, make the same call again.',
  input: z.strictObject({
    rows: z.array(row).min(1).max(MOST_LIST_ROWS).describe('Arguments of record_customer_payment.'),
    only_good_rows: z.boolean().optional(),
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
  listReads: (count, zoho) => paymentListReads(count, (given, reader) => payerOf(given as Given, reader, {}), zoho),
});
