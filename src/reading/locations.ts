import * as z from 'zod';
import { defineOperation, type Reader } from '../endpoint.ts';
import { ifServed } from './if-allowed.ts';
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

/** Undefined where it is not shown. A name that was looked up just before costs no other read. */
export async function locationName(location_id: string | undefined, zoho: Reader): Promise<string | undefined> {
  if (location_id === undefined) return undefined;
  const found = await ifServed(zoho.settled.read(listLocations, {}));
  return found?.locations?.find((one) => one.location_id === location_id)?.location_name;
}
