import type { Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { organizationToday, whyNoToday } from '../reading/organization.ts';

/** Returns the given date, or today in the organization's time zone. `field`: the argument that an error asks for. */
export async function dateOrToday(date: string | undefined, zoho: Reader, field = 'date'): Promise<string> {
  const today = date ?? (await organizationToday(zoho));
  if (today !== undefined) return today;
  throw new InputError(`Today's date at the organization is unknown (${await whyNoToday(zoho)}).`, {
    code: 'date_needed',
    next: `Call again with \`${field}\`. If the user gave no date, ask them.`,
  });
}
