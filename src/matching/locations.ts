import type { Reader } from '../endpoint.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { listLocations } from '../reading/locations.ts';
import { idCalled, orGiveId } from './id-called.ts';

/** Returns the id of the location with this name. `field`: the argument with the name. */
export async function locationNamed(typed: string, field: string, zoho: Reader): Promise<string> {
  if (/^\d+$/.test(typed)) return typed;
  // Zoho may refuse the list to an organization without locations.
  const { locations = [] } = (await orGiveId(ifServed(zoho.settled.read(listLocations, {})), field)) ?? {};
  return idCalled(
    typed,
    locations.map(({ location_id: id, location_name: name }) => ({ id, name })),
    { what: 'location', kind: 'location', field },
  );
}
