import type { Attempt, Minted, Reader, Seen, Upsert } from '../endpoint.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { findByCustomField, isUnseen } from '../reading/find-by-custom-field.ts';
import { isAsSent } from '../records/same-as-sent.ts';
import { lookForPayment } from './find-lost-write.ts';

/** A new payment as Zoho's upsert by a custom field that it keeps unique. */
export const uniqueUpsert: Upsert = {
  async unusable(key, request, zoho) {
    const { fields } = await zoho.settled.read(allCustomFields, {});
    const known = fields?.find(({ api_name }) => api_name === key);
    if (known === undefined) return 'payments have no such custom field';
    if (known.is_unique !== true) return 'it accepts duplicate values';
    const { custom_fields = [] } = request.body as { custom_fields?: { customfield_id?: string; api_name?: string; label?: string }[] };
    const given = custom_fields.some(
      ({ customfield_id, api_name, label }) =>
        api_name === key ||
        (label !== undefined && label === known.label) ||
        (customfield_id !== undefined && customfield_id === known.customfield_id),
    );
    return given ? 'the call sets it itself, and it is this server that sets it' : undefined;
  },
  request(request, { key, value }) {
    const { custom_fields = [], ...body } = request.body as { custom_fields?: object[] };
    return {
      method: 'PUT',
      path: '/customerpayments',
      scope: 'ZohoBooks.customerpayments.UPDATE',
      headers: { 'X-Unique-Identifier-Key': key, 'X-Unique-Identifier-Value': value, 'X-Upsert': 'true' },
      body: { ...body, custom_fields: [...custom_fields, { api_name: key, value }] },
    };
  },
  async finds(payment_id, { key, value }, zoho) {
    const found = await findByCustomField(key, value, zoho);
    return found === 'refused' ? found : found === payment_id;
  },
};

/** Exact: the payment that carries the value, or none. Where Zoho does not tell, it is looked for like any other. */
export async function lookByUniqueField(attempt: Attempt, { key, value }: Minted, zoho: Reader): Promise<Seen> {
  const found = await findByCustomField(key, value, zoho);
  if (found === 'none') return { seen: 'not there', exactly: true };
  if (isUnseen(found)) return await lookForPayment(attempt, String(attempt.input['customer_id']), zoho);
  const { payment = {} } = await zoho.read(getCustomerPayment, { payment_id: found });
  if (isAsSent(attempt.body, payment)) return { seen: 'there', zoho_id: found, result: { payment } };
  return { seen: 'unclear', why: 'The payment was changed since it was recorded.', candidates: [{ id: found, text: `payment ${found}` }] };
}
