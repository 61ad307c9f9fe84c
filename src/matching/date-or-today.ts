import type { Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { organizationToday, whyNoToday } from '../reading/organization.ts';

/** The date given, or the day it is where the organization is. `field` is the argument that tells it otherwise. */
export async function dateOrToday(date: string | undefined, zoho: Reader, field = 'date'): Promise<string> {
  const today = date ?? (await organizationToday(zoho));
  if (today !== undefined) return today;
  throw new InputError(`What day it is where the organization is cannot be seen (${await whyNoToday(zoho)}).`, {
    code: 'date_needed',
    next: `Call again with \`${field}\`; ask the user for it if they did not say.`,
  });
}
