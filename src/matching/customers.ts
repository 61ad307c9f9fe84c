import { distance } from 'fastest-levenshtein';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { InputError, WhichError, type Choice } from '../errors.ts';
import type { Json } from '../json.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import { allContacts, allPayments, isLast, PER_PAGE } from '../reading/whole-lists.ts';
import { recordName } from '../records/describe.ts';
import { readId } from '../records/read-row.ts';
import { money, plain, quoted } from '../records/text.ts';
import { exactOrOnly, fits, folded, isId, wordsIn } from './same-name.ts';

/** From a name to the one customer who is called so. Nobody is picked where several could be meant. */

export interface Customer extends Json {
  readonly contact_id: string;
  readonly contact_name?: string | undefined;
  readonly currency_code?: string | undefined;
}

/** Looked at closely enough to tell them apart; a longer list is too long to choose from. */
const MOST_CUSTOMER_CHOICES = 5;
const NEAR = 10;

/** The customer of this name or id. `chosen` is what the person answered when they were asked which one. */
export async function customerNamed(typed: string, zoho: Reader, chosen?: string): Promise<Customer> {
  if (isId(typed)) return await customerOfId(typed, zoho);
  const { called, all } = await calledLike(typed, zoho);
  const active = called.filter(isActive);
  const found = active.length > 0 ? called.filter((row) => isActive(row) || isCalled(typed, row)) : called;
  const one = found.find(({ contact_id }) => contact_id === chosen) ?? meantBy(typed, found, all);
  if (one !== undefined) return one;
  const near = found.length > 0 ? found : await nearest(typed, zoho);
  // Zoho looks for the characters as they stand, line breaks and invisible ones among them.
  const exact = found.length > 0 ? [] : near.filter((row) => isCalled(typed, row));
  const named = near.find(({ contact_id }) => contact_id === chosen) ?? meantBy(typed, exact, true);
  if (named !== undefined) return named;
  if (near.length === 0)
    throw new InputError(`No customer is called ${quoted(typed)}.`, {
      code: 'no_such_customer',
      next: 'Ask the user for the name as it stands in Zoho Books.',
    });
  const question =
    found.length > 1
      ? `${found.length} customers are called something like ${quoted(typed)}. Which one is it?`
      : `No customer is called ${quoted(typed)}. Is it one of these?`;
  throw new WhichError(question, {
    field: 'customer',
    choices: await choicesOf(near.slice(0, MOST_CUSTOMER_CHOICES), zoho),
    more: Math.max(0, near.length - MOST_CUSTOMER_CHOICES),
  });
}

/** Whether a customer other than this one is called exactly so: "Acme Corp" fits Acme Corporation too, and is not it. */
export async function isAnother(
  typed: string,
  { customer_id, customer_name }: { readonly customer_id?: string | undefined; readonly customer_name?: string | undefined },
  zoho: Reader,
): Promise<boolean> {
  if (isId(typed) || folded(typed) === folded(customer_name)) return false;
  const called = await ifAllowed(searchCustomers({ contact_name_contains: onOneLine(typed) }, zoho));
  return called?.some((row) => isCalled(typed, row) && row.contact_id !== customer_id) ?? false;
}

/**
 * Everybody in whose name it stands, or whose name its words fit in whatever order. Zoho finds what stands in a name just so:
 * it is asked for the longest word, and where too many share that for the whole, which may not be `all` who are meant.
 */
async function calledLike(typed: string, zoho: Reader): Promise<{ readonly called: readonly Customer[]; readonly all: boolean }> {
  const { found, all } = await customersFound({ contact_name_contains: longestWord(typed) || onOneLine(typed) }, zoho);
  const rows = all ? found : await searchCustomers({ contact_name_contains: onOneLine(typed) }, zoho);
  return { called: rows.filter(({ contact_name }) => folded(contact_name).includes(folded(typed)) || fits(typed, contact_name)), all };
}

/** Called exactly so, or the only one of `all` whom the words fit; but none who is inactive where others are not. */
function meantBy(typed: string, found: readonly Customer[], all: boolean): Customer | undefined {
  const one = exactOrOnly(typed, found, (row) => row.contact_name);
  if (one === undefined || !(isCalled(typed, one) || (all && fits(typed, one.contact_name)))) return undefined;
  return isActive(one) || !found.some(isActive) ? one : undefined;
}

const isActive = (row: Customer): boolean => row['status'] !== 'inactive';

function longestWord(typed: string): string {
  const [longest = ''] = wordsIn(typed).toSorted((a, b) => b.length - a.length);
  return longest.slice(0, 100);
}

const onOneLine = (typed: string): string => typed.replaceAll(/\s+/g, ' ').trim().slice(0, 100);

const isCalled = (typed: string, { contact_name }: Customer): boolean => folded(contact_name) === folded(typed);

/** By id also where the scopes do not show customers; who it is then tells whatever is read of them. */
async function customerOfId(contact_id: string, zoho: Reader): Promise<Customer> {
  const found = await ifAllowed(zoho.recent.read(getContact, { contact_id }));
  if (found === undefined) return { contact_id };
  const { contact } = found;
  if (contact?.contact_id === contact_id && (contact.contact_type ?? 'customer') === 'customer') return contact as Customer;
  throw new InputError(`There is no customer with the id ${contact_id}.`, {
    code: 'no_such_customer',
    next: 'Call again with the name of the customer.',
  });
}

/** Those that Zoho finds, 200 at most. */
export async function searchCustomers(query: Json, zoho: Reader): Promise<Customer[]> {
  return (await customersFound(query, zoho)).found;
}

/** The same, and whether they are `all`. Zoho lets some vendors through its own filter. */
async function customersFound(query: Json, zoho: Reader): Promise<{ readonly found: Customer[]; readonly all: boolean }> {
  const page = await zoho.recent.read(allContacts, { contact_type: 'customer', ...query, page: 1, per_page: PER_PAGE });
  const customers = page.rows.filter((row) => (row['contact_type'] ?? 'customer') === 'customer');
  return {
    found: customers.flatMap((row) =>
      readId(row['contact_id']) === undefined ? [] : [{ ...row, contact_id: readId(row['contact_id']) ?? '' }],
    ),
    all: isLast(page),
  };
}

/** For a name that nobody has: those who share its longest word or begin alike, the most similar first. */
async function nearest(typed: string, zoho: Reader): Promise<Customer[]> {
  const longest = longestWord(typed);
  const start = [...typed.trim()].slice(0, 3).join('');
  if (longest === '') return [];
  const rows = (
    await Promise.all([
      searchCustomers({ contact_name_contains: longest }, zoho),
      searchCustomers({ contact_name_startswith: start }, zoho),
    ])
  ).flat();
  const far = new Map(
    rows.map((row) => [row.contact_id, { row, distance: distance(folded(typed), folded(row.contact_name).slice(0, 100)) }]),
  );
  return [...far.values()]
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, NEAR)
    .map(({ row }) => row);
}

/** What tells them apart: where they are, what they owe, when they last paid. */
async function choicesOf(customers: readonly Customer[], zoho: Reader): Promise<Choice[]> {
  return await Promise.all(
    customers.map(async (row) => {
      const { contact_id } = row;
      const [detail, last] = await Promise.all([
        ifAllowed(zoho.recent.read(getContact, { contact_id })),
        ifAllowed(zoho.recent.read(allPayments, { customer_id: contact_id, sort_column: 'date', sort_order: 'D', page: 1, per_page: 1 })),
      ]);
      const { city } = (detail?.contact?.['billing_address'] ?? {}) as { city?: unknown };
      const paid = last?.rows.find((paid) => readId(paid['customer_id']) === contact_id);
      const parts = [
        recordName('customer', row.contact_name, contact_id, 60),
        city ? plain(city) : undefined,
        `${money(row['outstanding_receivable_amount'], row)} open`,
        paid === undefined ? 'no payment yet' : `last paid ${money(paid['amount'], row)} on ${plain(paid['date'])}`,
        row['status'] === 'inactive' ? 'inactive' : undefined,
      ];
      return { id: contact_id, text: parts.filter(Boolean).join(', ') };
    }),
  );
}
