import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { organizationTimeZone } from '../reading/organization.ts';
import { isTimeZone } from '../time-zone.ts';
import { DAY_MS } from '../time.ts';
import type { Wire } from './zoho-connection.ts';

/** Keeps the organization's time zone beside its journal, so that times can be shown while Zoho cannot be reached. */

const fileIn = (dir: string) => join(dir, 'time-zone');

/** The time zone that Zoho told last; undefined if it never told one. */
export function notedTimeZone(dir: string): string | undefined {
  try {
    const noted = readFileSync(fileIn(dir), 'utf8').trim();
    return isTimeZone(noted) ? noted : undefined;
  } catch {
    return undefined;
  }
}

/** The longest that a list of writes waits for the time zone. */
const PATIENCE_MS = 3_000;

/** Asks Zoho once a day. Undefined if neither Zoho nor the note tells it. */
export async function timeZoneOf({ zoho, dir }: Pick<Wire, 'zoho' | 'dir'>): Promise<string | undefined> {
  const noted = notedTimeZone(dir);
  if (noted !== undefined && Date.now() - statSync(fileIn(dir)).mtimeMs < DAY_MS) return noted;
  const told = await organizationTimeZone(zoho.until(AbortSignal.timeout(PATIENCE_MS))).catch(() => undefined);
  if (told === undefined) return noted;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(fileIn(dir), `${told}\n`, { mode: 0o600 });
  } catch {
    // It is asked for again.
  }
  return told;
}
