import * as z from 'zod';
import { defineRead } from '../endpoint.ts';
import { many } from './shape.ts';

const text = z.string().optional();
const output = z.looseObject({
  organizations: z.array(z.looseObject({ organization_id: text, name: text, time_zone: text, currency_code: text, price_precision: z.number().optional() })).optional(),
});

/** The organizations of these credentials, for time zone and base currency. Not a tool yet: preflights read it. */
export const listOrganizations = defineRead({
  name: 'list_organizations',
  title: 'List organizations',
  description: 'The organizations of these credentials.',
  module: 'settings',
  path: '/organizations',
  input: z.strictObject({}),
  output,
  result: (body): z.output<typeof output> => {
    const organizations = many(body, 'organizations');
    return organizations ? { organizations } : {};
  },
  text: ({ organizations = [] }) => `${organizations.length} organizations.`,
});
