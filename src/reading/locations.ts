import * as z from 'zod';
import { defineOperation, type Reader } from '../endpoint.ts';
import { ifServed } from './if-allowed.ts';
import { many, withoutEmpty } from '../records/zoho-shapes.ts';

const text = z.string().optional();

/** The locations of the organization, if it has that feature. Not a tool: the server uses it to look up names. */
export const listLocations = defineOperation({
  name: 'list_locations',
  module: 'settings',
  path: '/locations',
  input: z.strictObject({}),
  output: z.looseObject({ locations: z.array(z.looseObject({ location_id: text, location_name: text })).optional() }),
  result: (body) => ({ locations: many(body, 'locations')?.map(withoutEmpty) }),
});

/** The location's name. Undefined if Zoho does not show it. The list is cached, so a repeated look-up needs no call. */
export async function locationName(location_id: string | undefined, zoho: Reader): Promise<string | undefined> {
  if (location_id === undefined) return undefined;
  const found = await ifServed(zoho.settled.read(listLocations, {}));
  return found?.locations?.find((one) => one.location_id === location_id)?.location_name;
}
