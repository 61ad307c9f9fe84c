import type { Attempt, Minted, Reader, Seen, Upsert } from '../endpoint.ts';
import { allCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { findByCustomField } from '../reading/find-by-custom-field.ts';
import { isAsSent } from '../records/same-as-sent.ts';
import { lookForPayment } from './find-lost-write.ts';

/** Sends a new payment as an upsert by a unique custom field. */
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
    return given ? 'the call gives this field a value, but the server itself fills this field' : undefined;
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
    return found.kind === 'refused' ? 'refused' : found.kind === 'payment' && found.payment_id === payment_id;
  },
};

/** Looks for the payment with the unique value. If Zoho does not show which payment has it, looks for the payment by its other values. */
export async function lookByUniqueField(attempt: Attempt, { key, value }: Minted, zoho: Reader): Promise<Seen> {
  const found = await findByCustomField(key, value, zoho);
  if (found.kind === 'none') return { seen: 'not there', exactly: true };
  if (found.kind !== 'payment') return await lookForPayment(attempt, String(attempt.input['customer_id']), zoho);
  const { payment_id } = found;
  const { payment = {} } = await zoho.read(getCustomerPayment, { payment_id });
  if (isAsSent(attempt.body, payment)) return { seen: 'there', zoho_id: payment_id, result: { payment } };
  const candidate = { id: payment_id, text: `payment ${payment_id}` };
  return { seen: 'unclear', why: 'The payment was changed since it was recorded.', candidates: [candidate] };
}
