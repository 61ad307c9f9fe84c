import { isObject } from './body.ts';
import { customFields, customValuesOf } from './custom-fields.ts';
import { required } from './errors.ts';
import type { PaymentRow } from './rows.ts';
import type { Call } from './world.ts';

/** The fields of payments that the organization made mandatory under Settings. Default: none. */
export interface Mandatory {
  /** api_names of custom fields */
  custom_fields: string[];
  location: boolean;
}

/** Applies the given settings. Returns a message if they are invalid. */
export function changeMandatory(mandatory: Mandatory, value: unknown): string | undefined {
  if (!isObject(value)) return 'mandatory must be a JSON object with custom_fields and location';
  const { custom_fields = mandatory.custom_fields, location = mandatory.location, ...rest } = value;
  if (!Array.isArray(custom_fields) || !custom_fields.every((name) => typeof name === 'string'))
    return 'custom_fields must be an array of api_names';
  if (typeof location !== 'boolean' || Object.keys(rest).length > 0) return 'location must be true or false, and no other keys are allowed';
  Object.assign(mandatory, { custom_fields, location });
  return undefined;
}

/** Refuses a payment without a mandatory field. For updates this is a guess, from Zoho's behaviour with invoices. */
export function requireMandatory(call: Call, payment: PaymentRow): void {
  const { store, world } = call;
  const { custom_fields, location } = world.mandatory;
  if (location && payment.location_id === '') throw required('Location');
  if (custom_fields.length === 0) return;
  const held = new Set((customValuesOf(store, [payment.id]).get(payment.id) ?? []).map(({ api_name }) => api_name));
  const missing = customFields(store).find(({ api_name }) => custom_fields.includes(api_name) && !held.has(api_name));
  if (missing) throw required(missing.label);
}
