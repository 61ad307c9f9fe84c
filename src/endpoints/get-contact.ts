import * as z from 'zod';
import { defineRead } from '../endpoint.ts';
import { id } from './fields.ts';
import { one, withoutEmpty } from './shape.ts';
import { plain, quoted, told } from './words.ts';

const text = z.string().optional();
const output = z.looseObject({
  contact: z.looseObject({ contact_id: text, contact_name: text, contact_type: text, currency_code: text, price_precision: z.number().optional() }).optional(),
});

/** A customer, for the currency and its decimals before money is recorded. Not a tool yet: preflights read it. */
export const getContact = defineRead({
  name: 'get_contact',
  title: 'Get a customer',
  description: 'One customer: name, currency, balances.',
  module: 'contacts',
  path: '/contacts/{contact_id}',
  input: z.strictObject({ contact_id: id }),
  output,
  result: (body): z.output<typeof output> => ({ contact: withoutEmpty(one(body, 'contact') ?? {}) }),
  text: ({ contact = {} }) => `${quoted(contact.contact_name)} (id ${told(contact.contact_id)}), ${contact.currency_code === undefined ? 'currency not told' : plain(contact.currency_code)}.`,
});
