import * as z from 'zod';
import { defineOperation, type Reader } from '../endpoint.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { AccessError, BusyError, PaymentsError } from '../errors.ts';
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

/** What a search by a custom field came to. */
export type FoundByCustomField =
  | { readonly kind: 'payment'; readonly payment_id: string }
  | { readonly kind: 'none' }
  /** Zoho did not tell which payment has the value: it ignored the filter, or refused it. */
  | { readonly kind: 'ignored' | 'refused' };

/** Whether a payment may have the value although the search did not show it. */
export const isUnseen = ({ kind }: FoundByCustomField): boolean => kind === 'ignored' || kind === 'refused';

/**
 * The payment whose unique custom field has this value. Zoho ignores filters it does not know and returns everything, so an answer
 * counts only when every row in it has the value. Zoho may also refuse the filter.
 */
export async function findByCustomField(key: string, value: string, zoho: Reader): Promise<FoundByCustomField> {
  const found = await zoho.read(listByCustomField, { key, value }).catch((error: unknown) => refusedFilter(error, zoho));
  if (found === 'refused') return { kind: 'refused' };
  const { rows } = found;
  if (rows === undefined) return { kind: 'ignored' };
  const [first] = rows;
  if (first === undefined) return { kind: 'none' };
  const onlyMatch = rows.length === 1 && String(first[key]) === value;
  return onlyMatch ? { kind: 'payment', payment_id: String(first.payment_id) } : { kind: 'ignored' };
}

/** Throws an error that is no refusal of the filter: one that may pass, or one about access to the list itself. */
async function refusedFilter(error: unknown, zoho: Reader): Promise<'refused'> {
  if (!(error instanceof PaymentsError) || error instanceof BusyError || isOfCredentials(error)) throw error;
  // Such an answer can also mean that there is no list at all, or no right to it: the list without the filter tells.
  if (error instanceof AccessError) await zoho.recent.read(listCustomerPayments, { per_page: 1 });
  return 'refused';
}

/** Zoho's codes for a bad token, a missing scope and a foreign organization: no call is served with these credentials. */
const isOfCredentials = ({ zoho }: PaymentsError): boolean => ['14', '57', '6041'].includes(String(zoho?.code));
