import * as z from 'zod';
import { defineRead } from '../endpoint.ts';
import { many } from './shape.ts';

const text = z.string().optional();
const output = z.looseObject({
  fields: z.array(z.looseObject({ field_id: text, customfield_id: text, label: text, api_name: text, is_unique: z.boolean().optional() })).optional(),
});

/** Custom fields of payments. Zoho serves this without documenting it. Not a tool yet: preflights read it. */
export const listCustomFields = defineRead({
  name: 'list_custom_fields',
  title: 'List custom fields of payments',
  description: 'Custom fields that payments have, with their ids and API names.',
  module: 'settings',
  path: '/settings/fields',
  input: z.strictObject({}),
  output,
  parts: () => ({ query: { entity: 'customer_payment', filter_custom_fields: true } }),
  result: (body): z.output<typeof output> => {
    const fields = many(body, 'fields');
    return fields ? { fields } : {};
  },
  text: ({ fields = [] }) => `${fields.length} custom fields.`,
});
