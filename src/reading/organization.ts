import type { Reader } from '../endpoint.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import type { Currency } from '../money.ts';
import { quoted } from '../records/text.ts';
import { isTimeZone } from '../time-zone.ts';
import { ifServed } from './if-allowed.ts';

/** The organization: its settings, and what day it is there. */

/** The organization's own settings; undefined where the scopes do not show them. */
export async function organizationOf(
  zoho: Reader,
): Promise<(Currency & { name?: string | undefined; time_zone?: string | undefined }) | undefined> {
  const found = await ifServed(zoho.settled.read(allOrganizations, {}));
  return found?.organizations?.find(({ organization_id }) => organization_id === zoho.organizationId);
}

/** The day it is where the organization is, by Zoho's clock. */
function todayIn(timeZone: string, now: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
}

/** Undefined where the scopes do not show the time zone, or this machine does not know it. */
export async function organizationTimeZone(zoho: Reader): Promise<string | undefined> {
  const zone = (await organizationOf(zoho))?.time_zone;
  return zone !== undefined && isTimeZone(zone) ? zone : undefined;
}

/** Undefined where the time zone or Zoho's time is not known. */
export async function organizationToday(zoho: Reader): Promise<string | undefined> {
  const zone = await organizationTimeZone(zoho);
  const now = zoho.clock();
  return zone === undefined || now === undefined ? undefined : todayIn(zone, now.notAfter);
}

/** Why the organization's today is not known. */
export async function whyNoToday(zoho: Reader): Promise<string> {
  const zone = (await organizationOf(zoho))?.time_zone;
  if (zone === undefined) return 'needs the scope ZohoBooks.settings.READ';
  return isTimeZone(zone) ? 'Zoho does not tell its time' : `the time zone ${quoted(zone)} is not known here`;
}
