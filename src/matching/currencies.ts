import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { readAmount } from '../money.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { allContacts, isLast, PER_PAGE } from '../reading/whole-lists.ts';
import { readId } from '../records/read-row.ts';
import { money } from '../records/text.ts';

/** Rows of payments do not tell their currency; it is their customer's. */

/** By customer_id. */
export type Currencies = ReadonlyMap<string, string>;

/** Asked for one by one where no more are missing. */
const MOST_READ_SINGLY = 2;
const MOST_CONTACT_PAGES = 25;

/** Of as many of the customers as Zoho and the scopes show. */
export async function currenciesOf(customers: Iterable<string | undefined>, zoho: Reader): Promise<Currencies> {
  const missing = new Set(customers);
  missing.delete(undefined);
  const found = new Map<string, string>();
  const note = (contact_id: unknown, currency_code: unknown) => {
    const id = readId(contact_id) ?? '';
    if (missing.delete(id) && typeof currency_code === 'string' && currency_code !== '') found.set(id, currency_code);
  };
  for (let page = 1; missing.size > MOST_READ_SINGLY && page <= MOST_CONTACT_PAGES; page += 1) {
    const answer = await ifServed(zoho.recent.read(allContacts, { contact_type: 'customer', page, per_page: PER_PAGE }));
    for (const { contact_id, currency_code } of answer?.rows ?? []) note(contact_id, currency_code);
    if (answer === undefined || isLast(answer)) return found;
  }
  const few = [...missing]
    .slice(0, MOST_READ_SINGLY)
    .map(async (contact_id) => await ifServed(zoho.recent.read(getContact, { contact_id: String(contact_id) })));
  for (const answer of await Promise.all(few)) note(answer?.contact?.contact_id, answer?.contact?.currency_code);
  return found;
}

/** An amount in a currency that may not be known, which is then said. */
export function inCurrency(amount: unknown, currency_code: string | undefined): string {
  const unknown = currency_code === undefined && readAmount(amount) !== undefined ? ' (currency not known)' : '';
  return `${money(amount, { currency_code })}${unknown}`;
}

/** Why, where it is not known. */
export const CURRENCY_NOT_KNOWN = "A currency that is not known is the customer's: seeing it needs the scope ZohoBooks.contacts.READ.";
