import * as z from 'zod';
import { defineOperation } from '../endpoint.ts';
import { many, withoutEmpty } from '../records/zoho-shapes.ts';

const text = z.string().optional();

/** The locations of the organization, where it has that feature. Not a tool: names are looked up in it. */
export const listLocations = defineOperation({
  name: 'list_locations',
  module: 'settings',
  path: '/locations',
  input: z.strictObject({}),
  output: z.looseObject({ locations: z.array(z.looseObject({ location_id: text, location_name: text })).optional() }),
  result: (body) => ({ locations: many(body, 'locations')?.map(withoutEmpty) }),
});
