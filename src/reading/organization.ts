import type { Reader } from '../endpoint.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import type { Currency } from '../money.ts';
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

/** Undefined where the scopes do not show the time zone. */
export async function organizationToday(zoho: Reader): Promise<string | undefined> {
  const organization = await organizationOf(zoho);
  const now = zoho.clock();
  return organization?.time_zone === undefined || now === undefined ? undefined : todayIn(organization.time_zone, now.notAfter);
}

/** Why the organization's today is not known. */
export async function whyNoToday(zoho: Reader): Promise<string> {
  return (await organizationOf(zoho))?.time_zone === undefined ? 'needs the scope ZohoBooks.settings.READ' : 'Zoho does not tell its time';
}
