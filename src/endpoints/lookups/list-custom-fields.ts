import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { isObject, type Json } from '../../json.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { plain, quoted, idText } from '../../records/text.ts';
import { many } from '../../records/zoho-shapes.ts';

const text = z.string().optional();
const input = z.strictObject({});
const output = z.looseObject({
  fields: z.array(z.looseObject({ customfield_id: text, label: text, api_name: text, is_unique: z.boolean().optional() })).optional(),
});

/** Zoho serves this path but does not document it. */
export const listCustomFields = defineRead({
  name: 'list_custom_fields',
  title: 'List custom fields of payments',
  description: 'Custom fields of payments: customfield_id, api_name, type, whether values must be unique, allowed values.',
  module: 'settings',
  path: '/settings/fields',
  input,
  output,
  parts: () => ({ query: { entity: 'customer_payment', filter_custom_fields: true } }),
  ...listing({
    input,
    keys: ['fields'],
    what: 'custom field',
    none: 'Payments have no custom fields.',
    usual: ['customfield_id', 'label', 'api_name', 'data_type', 'is_unique', 'is_mandatory', 'is_active', 'values'],
    row: withCustomFieldId,
    line: () => line,
  }),
});

/** Every custom field, not limited to the size of an answer. Checks search them all. */
export const allCustomFields = defineRead({
  ...listCustomFields,
  result: (body) => ({ fields: many(body, 'fields')?.map(withCustomFieldId) }),
});

/** Renames `field_id` to `customfield_id`, the name used in a payment. */
function withCustomFieldId({ field_id, ...row }: Json): Json {
  return { ...row, customfield_id: row['customfield_id'] ?? field_id };
}

function line(row: Json): string {
  const { values } = row;
  const choices = Array.isArray(values)
    ? values.map((value: unknown) => quoted(isObject(value) ? (value['name'] ?? value['value']) : value, 40))
    : [];
  return joined(
    ifPresent(row['label'], (label) => quoted(label, 60)),
    ifPresent(row['api_name'], plain),
    ifPresent(row['data_type'], plain),
    row['is_unique'] === true && 'unique',
    row['is_mandatory'] === true && 'mandatory',
    choices.length > 0 && `one of ${choices.slice(0, 20).join(', ')}${choices.length > 20 ? `, and ${choices.length - 20} more` : ''}`,
    row['is_active'] === false && 'inactive',
    `customfield_id ${idText(row['customfield_id'])}`,
  );
}
