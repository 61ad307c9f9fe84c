import { isObject, type Json } from '../json.ts';
import type { Payment } from './fields.ts';
import { quoted } from './text.ts';

/** Custom fields of payments, and the names that identify them. */

/** The names of a custom field. If a call gives several of them, Zoho uses the first. */
export const CUSTOM_FIELD_NAMES = ['customfield_id', 'api_name', 'label'] as const;

export type CustomFieldNames = { readonly [name in (typeof CUSTOM_FIELD_NAMES)[number]]?: string | undefined };

/** The name that Zoho uses, and its value. */
export function nameGiven(names: CustomFieldNames): readonly [name: keyof CustomFieldNames, called: string | undefined] {
  const name = CUSTOM_FIELD_NAMES.find((one) => names[one] !== undefined) ?? 'label';
  return [name, names[name]];
}

/** The custom fields that a record shows. */
export function customFieldsIn(record: Json | undefined): Json[] {
  const fields = record?.['custom_fields'];
  return (Array.isArray(fields) ? fields : []).filter(isObject);
}

/** The value of the custom field that has one of these names. */
export function customFieldValue(payment: Payment, names: Json): unknown {
  return customFieldsIn(payment).find((field) =>
    CUSTOM_FIELD_NAMES.some((name) => names[name] !== undefined && String(field[name]) === names[name]),
  )?.['value'];
}

/** A value of any type as quoted text. */
export const anyValue = (value: unknown): string => (typeof value === 'object' ? quoted(JSON.stringify(value), 200) : quoted(value));

/** `custom field "Till" (customfield_id 46…)`: the label, and the id if the call names it. */
export function customFieldName({ customfield_id, api_name, label: given }: CustomFieldNames, label = given): string {
  if (label === undefined) return `custom field ${quoted(api_name ?? customfield_id, 40)}`;
  return `custom field ${quoted(label, 40)}${customfield_id === undefined ? '' : ` (customfield_id ${customfield_id})`}`;
}

/** The current value. A field that is not found may still exist, because Zoho may not show the names that the call gave. */
export function customFieldInWords(payment: Payment, names: CustomFieldNames): string {
  const value = customFieldValue(payment, { ...names });
  if (value !== undefined) return anyValue(value);
  const given = CUSTOM_FIELD_NAMES.filter((name) => names[name] !== undefined);
  const isShown = given.some((name) => customFieldsIn(payment).every((field) => field[name] !== undefined));
  return isShown ? 'nothing' : 'not shown by Zoho';
}
