import { distance } from 'fastest-levenshtein';
import type { Json, Reader } from '../endpoint.ts';
import { ifAllowed } from '../endpoints/allowed.ts';
import { getContact } from '../endpoints/get-contact.ts';
import { allContacts, allPayments, PER_PAGE } from '../endpoints/whole-list.ts';
import { money, plain, quoted } from '../endpoints/words.ts';
import { InputError, WhichError, type Choice } from '../errors.ts';
import { folded, isId, onlyOne } from './same-name.ts';

/** From a name to the one customer who is called so. Nobody is picked where several could be meant. */

export interface Customer extends Json {
  readonly contact_id: string;
  readonly contact_name?: string | undefined;
  readonly currency_code?: string | undefined;
}

/** Looked at closely enough to tell them apart; a longer list is too long to choose from. */
const MOST_CHOICES = 5;
const NEAR = 10;

/** The customer of this name or id. `chosen` is what the person answered when they were asked which one. */
export async function customerNamed(typed: string, zoho: Reader, chosen?: string): Promise<Customer> {
  if (isId(typed)) return await customerOfId(typed, zoho);
  const called = await searchCustomers({ contact_name_contains: typed.slice(0, 100) }, zoho);
  const active = called.filter((row) => row['status'] !== 'inactive');
  const found = active.length > 0 ? active : called;
  const one = found.find(({ contact_id }) => contact_id === chosen) ?? onlyOne(typed, found, (row) => row.contact_name);
  if (one !== undefined) return one;
  const near = found.length > 0 ? found : await nearest(typed, zoho);
  const named = near.find(({ contact_id }) => contact_id === chosen);
  if (named !== undefined) return named;
  if (near.length === 0) throw new InputError(`No customer is called ${quoted(typed)}.`, { code: 'no_such_customer', next: 'Ask the user for the name as it stands in Zoho Books.' });
  const question = found.length > 0 ? `${found.length} customers are called something like ${quoted(typed)}. Which one is it?` : `No customer is called ${quoted(typed)}. Is it one of these?`;
  throw new WhichError(question, { field: 'customer', choices: await choicesOf(near.slice(0, MOST_CHOICES), zoho), more: Math.max(0, near.length - MOST_CHOICES) });
}

/** By id also where the scopes do not show customers; who it is then tells whatever is read of them. */
async function customerOfId(contact_id: string, zoho: Reader): Promise<Customer> {
  const found = await ifAllowed(zoho.recent(getContact, { contact_id }));
  if (found === undefined) return { contact_id };
  const { contact } = found;
  if (contact?.contact_id === contact_id && (contact.contact_type ?? 'customer') === 'customer') return contact as Customer;
  throw new InputError(`There is no customer with the id ${contact_id}.`, { code: 'no_such_customer', next: 'Call again with the name of the customer.' });
}

/** Those that Zoho finds, 200 at most. It lets some vendors through its own filter. */
export async function searchCustomers(query: Json, zoho: Reader): Promise<Customer[]> {
  const { rows } = await zoho.recent(allContacts, { contact_type: 'customer', ...query, page: 1, per_page: PER_PAGE });
  return rows.filter((row) => (row['contact_type'] ?? 'customer') === 'customer').map((row) => ({ ...row, contact_id: String(row['contact_id']) }));
}

/** For a name that nobody has: those who share its longest word or begin alike, the most similar first. */
async function nearest(typed: string, zoho: Reader): Promise<Customer[]> {
  const [longest = ''] = typed.split(/[^\p{L}\p{M}\p{N}]+/u).toSorted((a, b) => b.length - a.length);
  const start = [...typed.trim()].slice(0, 3).join('');
  if (longest === '') return [];
  const rows = (await Promise.all([searchCustomers({ contact_name_contains: longest }, zoho), searchCustomers({ contact_name_startswith: start }, zoho)])).flat();
  const far = new Map(rows.map((row) => [row.contact_id, { row, distance: distance(folded(typed), folded(row.contact_name).slice(0, 100)) }]));
  return [...far.values()].toSorted((a, b) => a.distance - b.distance).slice(0, NEAR).map(({ row }) => row);
}

/** What tells them apart: where they are, what they owe, when they last paid. */
async function choicesOf(customers: readonly Customer[], zoho: Reader): Promise<Choice[]> {
  return await Promise.all(
    customers.map(async (row) => {
      const { contact_id } = row;
      const [detail, last] = await Promise.all([
        ifAllowed(zoho.recent(getContact, { contact_id })),
        ifAllowed(zoho.recent(allPayments, { customer_id: contact_id, sort_column: 'date', sort_order: 'D', page: 1, per_page: 1 })),
      ]);
      const { city } = (detail?.contact?.['billing_address'] ?? {}) as { city?: unknown };
      const paid = last?.rows.find(({ customer_id }) => customer_id === contact_id);
      const parts = [
        quoted(row.contact_name, 60),
        city ? plain(city) : undefined,
        `${money(row['outstanding_receivable_amount'] ?? 0, row)} open`,
        paid === undefined ? 'no payment yet' : `last paid ${money(paid['amount'], row)} on ${plain(paid['date'])}`,
        row['status'] === 'inactive' ? 'inactive' : undefined,
      ];
      return { id: contact_id, text: parts.filter(Boolean).join(', ') };
    }),
  );
}
