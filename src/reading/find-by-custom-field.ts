import * as z from 'zod';
import { defineOperation, type Reader } from '../endpoint.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { AccessError, BusyError, PaymentsError } from '../errors.ts';
import { many } from '../records/zoho-shapes.ts';

/** Lists payments with the filter `cf_…=value`. Zoho accepts this filter for contacts, but does not document it for payments. */
const listByCustomField = defineOperation({
  name: listCustomerPayments.name,
  path: listCustomerPayments.path,
  input: z.strictObject({ key: z.string(), value: z.string() }),
  output: z.looseObject({ rows: z.array(z.looseObject({ payment_id: z.unknown().optional() })).optional() }),
  // Two rows are enough: they mean that several payments have the value, or that Zoho ignored the filter.
  parts: ({ key, value }) => ({ query: { [key]: value, per_page: 2 } }),
  result: (body) => ({ rows: many(body, 'customerpayments', 'customer_payments') }),
});

/** The result of a search by a custom field. */
export type FoundByCustomField =
  | { readonly kind: 'payment'; readonly payment_id: string }
  | { readonly kind: 'none' }
  /** Zoho ignored or refused the filter, so it is not known which payment has the value. */
  | { readonly kind: 'ignored' | 'refused' };

/** True if a payment may have the value although the search did not find it. */
export const isUnseen = ({ kind }: FoundByCustomField): boolean => kind === 'ignored' || kind === 'refused';

/**
 * Finds the payment whose unique custom field has this value. Zoho ignores unknown filters and returns all payments, so an answer counts
 * only if it has exactly one row and this row has the value. Zoho may also refuse the filter.
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

/** Returns `refused` if Zoho refused the filter. Rethrows an error that may be temporary, or that is about access to the list itself. */
async function refusedFilter(error: unknown, zoho: Reader): Promise<'refused'> {
  if (!(error instanceof PaymentsError) || error instanceof BusyError || isOfCredentials(error)) throw error;
  // An access error can also concern the list itself. In this case the read without the filter throws too.
  if (error instanceof AccessError) await zoho.recent.read(listCustomerPayments, { per_page: 1 });
  return 'refused';
}

/** Zoho's codes for a bad token, a missing scope and a wrong organization: every call with this login fails. */
const isOfCredentials = ({ zoho }: PaymentsError): boolean => ['14', '57', '6041'].includes(String(zoho?.code));
