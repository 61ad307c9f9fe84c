import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { readAmount } from '../money.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { allContacts, isLast, PER_PAGE } from '../reading/whole-lists.ts';
import { readId } from '../records/read-row.ts';
import { money } from '../records/text.ts';

/** Finds the currency of payments. Rows of Zoho's list have no currency; a payment has its customer's currency. */

/** Currency codes by customer_id. */
export type Currencies = ReadonlyMap<string, string>;

/** Up to this many missing customers are read one by one. */
const MOST_READ_SINGLY = 2;
const MOST_CONTACT_PAGES = 25;

/** Returns the currencies of these customers. Best effort: omits customers that Zoho or the scopes do not show. */
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

/** Formats an amount, and says so if its currency is unknown. */
export function inCurrency(amount: unknown, currency_code: string | undefined): string {
  const unknown = currency_code === undefined && readAmount(amount) !== undefined ? ' (currency unknown)' : '';
  return `${money(amount, { currency_code })}${unknown}`;
}

/** Explains an unknown currency. */
export const CURRENCY_NOT_KNOWN = 'To show an unknown currency, the login needs the scope (permission) ZohoBooks.contacts.READ.';
