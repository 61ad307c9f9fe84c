import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadTool } from '../endpoint.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import type { Json } from '../json.ts';
import { organizationTimeZone } from '../reading/organization.ts';
import { isTimeZone } from '../time-zone.ts';
import { DAY_MS } from '../time.ts';
import type { Target, Wire } from './zoho-connection.ts';

/** Stores the organization's time zone beside its journal, so that the journal's times can be shown without Zoho. */

const fileIn = (dir: string) => join(dir, 'time-zone');

/** The last time zone that Zoho reported; undefined if there was none. */
export function notedTimeZone(dir: string): string | undefined {
  try {
    const noted = readFileSync(fileIn(dir), 'utf8').trim();
    return isTimeZone(noted) ? noted : undefined;
  } catch {
    return undefined;
  }
}

/** The longest time that a list of writes waits for the time zone. */
const PATIENCE_MS = 3_000;

/** The organization's time zone. Reads it from Zoho once a day. If Zoho does not answer: the noted time zone, or undefined. */
export async function timeZoneOf({ zoho, dir }: Pick<Wire, 'zoho' | 'dir'>): Promise<string | undefined> {
  const noted = notedTimeZone(dir);
  if (noted !== undefined && Date.now() - statSync(fileIn(dir)).mtimeMs < DAY_MS) return noted;
  // The answer is stored by `noteTimeZone`.
  return (await organizationTimeZone(zoho.until(AbortSignal.timeout(PATIENCE_MS))).catch(() => undefined)) ?? noted;
}

/** Stores the time zone if this answer of Zoho names it: the operator may read the journal before anybody lists the writes. */
export function noteTimeZone({ path }: ReadTool, result: Json, { dir, organizationId }: Pick<Target, 'dir' | 'organizationId'>): void {
  if (path !== allOrganizations.path) return;
  const { organizations = [] } = result as { organizations?: readonly { organization_id?: unknown; time_zone?: unknown }[] };
  const zone = organizations.find(({ organization_id }) => organization_id === organizationId)?.time_zone;
  if (typeof zone !== 'string' || !isTimeZone(zone)) return;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(fileIn(dir), `${zone}\n`, { mode: 0o600 });
  } catch {
    // Not stored: the next answer is stored.
  }
}
