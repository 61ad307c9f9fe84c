import type { Reader } from '../endpoint.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import type { Currency } from '../money.ts';
import { quoted } from '../records/text.ts';
import { isTimeZone } from '../time-zone.ts';
import { ifServed } from './if-allowed.ts';

/** The organization's settings, and today's date in its time zone. */

/** The organization's settings. Undefined if the scopes do not allow the read. */
export async function organizationOf(
  zoho: Reader,
): Promise<(Currency & { name?: string | undefined; time_zone?: string | undefined }) | undefined> {
  const found = await ifServed(zoho.settled.read(allOrganizations, {}));
  return found?.organizations?.find(({ organization_id }) => organization_id === zoho.organizationId);
}

/** The date, `yyyy-mm-dd`, in a time zone at `now`. */
function todayIn(timeZone: string, now: number): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(now);
}

/** The organization's time zone. Undefined if the scopes do not allow the read or this machine does not know the zone. */
export async function organizationTimeZone(zoho: Reader): Promise<string | undefined> {
  const zone = (await organizationOf(zoho))?.time_zone;
  return zone !== undefined && isTimeZone(zone) ? zone : undefined;
}

/** Today's date for the organization, by Zoho's clock. Undefined if the time zone or Zoho's time is not known. */
export async function organizationToday(zoho: Reader): Promise<string | undefined> {
  const zone = await organizationTimeZone(zoho);
  const now = zoho.clock();
  return zone === undefined || now === undefined ? undefined : todayIn(zone, now.notAfter);
}

/** The reason why `organizationToday` is undefined. */
export async function whyNoToday(zoho: Reader): Promise<string> {
  const zone = (await organizationOf(zoho))?.time_zone;
  if (zone === undefined) return 'needs the scope ZohoBooks.settings.READ';
  return isTimeZone(zone) ? 'Zoho does not send its time' : `this machine does not know the time zone ${quoted(zone)}`;
}
