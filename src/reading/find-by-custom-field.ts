import * as z from 'zod';
import { defineOperation, type Reader } from '../endpoint.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { many } from '../records/zoho-shapes.ts';

/** The list by one filter that Zoho takes (`cf_…=value`, seen on contacts) but does not document for payments. */
const listByCustomField = defineOperation({
  name: listCustomerPayments.name,
  path: listCustomerPayments.path,
  input: z.strictObject({ key: z.string(), value: z.string() }),
  output: z.looseObject({ rows: z.array(z.looseObject({ payment_id: z.unknown().optional() })).optional() }),
  // A second row is enough to know that more than one has the value, or that Zoho ignored the filter.
  parts: ({ key, value }) => ({ query: { [key]: value, per_page: 2 } }),
  result: (body) => ({ rows: many(body, 'customerpayments', 'customer_payments') }),
});

/**
 * The id of the payment whose unique custom field has this value. Zoho ignores filters it does not know and returns
 * everything, so an answer counts only when every row in it has the value: else nobody can tell.
 */
export async function findByCustomField(key: string, value: string, zoho: Reader): Promise<string | 'none' | 'cannot tell'> {
  const { rows } = await zoho.read(listByCustomField, { key, value });
  if (rows === undefined) return 'cannot tell';
  const [first] = rows;
  if (first === undefined) return 'none';
  const onlyMatch = rows.length === 1 && String(first[key]) === value;
  return onlyMatch ? String(first.payment_id) : 'cannot tell';
}
