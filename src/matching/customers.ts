import { distance } from 'fastest-levenshtein';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { InputError, WhichError, type Choice } from '../errors.ts';
import type { Json } from '../json.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import { allContacts, allPayments, isLast, PER_PAGE } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import { readId } from '../records/read-row.ts';
import { money, plain, quoted } from '../records/text.ts';
import { leadingWord, unlikeness } from './alike-names.ts';
import { halvesOf, longestWord } from './name-parts.ts';
import { exactOrOnly, fits, folded, isId, isPartOf, isSameName, plainLetters, startsSo } from './same-name.ts';

/** Finds the customer with a name, e-mail address or id. If several customers fit, the user must choose. */

export interface Customer extends Json {
  readonly contact_id: string;
  readonly contact_name?: string | undefined;
  readonly currency_code?: string | undefined;
}

/** The most customers that a question offers. Each customer needs two reads, and people cannot choose well from a longer list. */
const MOST_CUSTOMER_CHOICES = 5;
const NEAR = 10;

/**
 * Returns the customer with this name, e-mail address or id. Throws `WhichError` if several fit. `chosen`: the id that the user chose in
 * answer to the question.
 */
export async function customerNamed(typed: string, zoho: Reader, chosen?: string): Promise<Customer> {
  if (isId(typed))
    return await customerOfId(typed, zoho).catch(async (error: unknown) => {
      const named = isNoneSuch(error) ? await customerCalled(typed, zoho) : undefined;
      if (named === undefined) throw error;
      return named;
    });
  const { called, all, near: nearest } = await calledLike(typed, zoho);
  const address = addressIn(typed);
  const found =
    address === undefined || called.some((row) => isCalled(typed, row)) ? ownOrActive(typed, called) : await withAddress(address, zoho);
  const one = found.find(({ contact_id }) => contact_id === chosen) ?? meantBy(typed, found, all);
  if (one !== undefined) return one;
  const near = found.length > 0 ? found : await (address === undefined ? nearest() : nearAddress(address, zoho));
  // Zoho compares all characters, including line breaks and invisible characters, so an equal name may be among the similar names.
  const exact = found.length > 0 ? [] : near.filter((row) => isCalled(typed, row));
  const named = near.find(({ contact_id }) => contact_id === chosen) ?? meantBy(typed, exact, true);
  if (named !== undefined) return named;
  const vendors = found.length > 0 ? [] : await vendorsCalled(typed, zoho);
  if (near.length === 0) throw vendors.length > 0 ? noCustomerBut(vendors) : noCustomer(typed);
  const which =
    address !== undefined && found.length > 1 ? `have the e-mail address ${quoted(address)}` : `have a name like ${quoted(typed)}`;
  const question =
    found.length > 1
      ? `${found.length} customers ${which}. Which one is it?`
      : `${nobody(typed)} ${aboutVendors(vendors)}Is it one of these?`;
  throw new WhichError(question, {
    field: 'customer',
    choices: await choicesOf(near.slice(0, MOST_CUSTOMER_CHOICES), address !== undefined, zoho),
    more: Math.max(0, near.length - MOST_CUSTOMER_CHOICES),
  });
}

const isNoneSuch = (error: unknown): boolean =>
  error instanceof InputError && (error.code === 'not_found' || error.code === 'no_such_customer');

/** The only customer with exactly this name. It may look like an id, because some customers are named by their phone number. */
async function customerCalled(typed: string, zoho: Reader): Promise<Customer | undefined> {
  const { called } = (await ifAllowed(calledLike(typed, zoho))) ?? { called: [] };
  const [one, ...others] = called.filter((row) => isCalled(typed, row));
  return others.length === 0 ? one : undefined;
}

/** Removes inactive customers if an active one fits. Keeps a customer with exactly this name. */
function ownOrActive(typed: string, called: readonly Customer[]): readonly Customer[] {
  return called.some(isActive) ? called.filter((row) => isActive(row) || isCalled(typed, row)) : called;
}

const NEW_CUSTOMER = 'A new customer must first be created in Zoho Books.';

const nobody = (typed: string) =>
  `No customer ${addressIn(typed) === undefined ? 'is called' : 'has the name or the e-mail address'} ${quoted(typed)}.`;

const noCustomer = (typed: string) =>
  new InputError(nobody(typed), {
    code: 'no_such_customer',
    next: `Ask the user for the exact name in Zoho Books. ${NEW_CUSTOMER}`,
  });

const noCustomerBut = (vendors: readonly Customer[]) =>
  new InputError(aboutVendors(vendors).trim(), { code: 'not_a_customer', next: `Ask the user which customer paid. ${NEW_CUSTOMER}` });

/** `"Bowman Timber Supply" (id …) is a vendor, not a customer. ` */
export function aboutVendors(vendors: readonly Customer[]): string {
  const names = vendors.slice(0, 3).map(({ contact_name, contact_id }) => recordNameAndId('contact', contact_name, contact_id, 60));
  return names.length === 0 ? '' : `${names.join(' and ')} ${names.length === 1 ? 'is a vendor, not a customer' : 'are vendors'}. `;
}

/** True if the name means another customer: the words "Acme Corp" also fit Acme Corporation, but may be the name of another customer. */
export async function isAnother(
  typed: string,
  { customer_id, customer_name }: { readonly customer_id?: string | undefined; readonly customer_name?: string | undefined },
  zoho: Reader,
): Promise<boolean> {
  if (isId(typed) || folded(typed) === folded(customer_name)) return false;
  const found = await ifAllowed(calledLike(typed, zoho));
  const same = (name: unknown) => isSameName(typed, name);
  return (
    found?.called.some(
      (row) => row.contact_id !== customer_id && (isCalled(typed, row) || (same(row.contact_name) && !same(customer_name))),
    ) ?? false
  );
}

/** The e-mail address in a text, as in `Ann Lee <ann@lee.example>`. */
export const addressIn = (typed: string): string | undefined =>
  /(?<=^|[\s<("'[]|mailto:)[^\s<>()[\]"',;:@]+@[^\s<>()[\]"',;:@?]*[^\s<>()[\]"',;:@?.]/.exec(folded(typed))?.[0];

/** Replaces an e-mail address by the customer's id. Returns other text unchanged. */
export async function withoutAddress(customer: string | undefined, zoho: Reader, chosen?: string): Promise<string | undefined> {
  return customer === undefined || addressIn(customer) === undefined ? customer : (await customerNamed(customer, zoho, chosen)).contact_id;
}

/** The customers with exactly this address. If any of them is active, only the active ones. */
async function withAddress(address: string, zoho: Reader): Promise<readonly Customer[]> {
  const whole = await customersFound({}, zoho);
  const { found } = whole.all ? whole : await customersFound({ email_contains: address.slice(0, 100) }, zoho);
  const theirs = found.filter(({ email }) => folded(email) === address);
  return theirs.some(isActive) ? theirs.filter(isActive) : theirs;
}

/** Customers whose e-mail address differs in at most two letters, and customers with the same domain if there are only a few. */
async function nearAddress(address: string, zoho: Reader): Promise<readonly Customer[]> {
  const domain = address.slice(address.lastIndexOf('@'));
  const whole = await customersFound({}, zoho);
  const { found } = whole.all ? whole : await customersFound({ email_contains: domain.slice(0, 100) }, zoho);
  const neighbours = found.filter(({ email }) => folded(email).endsWith(domain));
  return [
    ...new Set([
      ...found.filter(({ email }) => distance(folded(email).slice(0, 100), address) <= 2),
      ...(neighbours.length > MOST_CUSTOMER_CHOICES ? [] : neighbours),
    ]),
  ].slice(0, NEAR);
}

/** Customers found by a name, and customers with a similar name for the case that no customer has this name. */
interface Called {
  /** Customers whose name contains the text, or contains its words in any order. */
  readonly called: readonly Customer[];
  /** True if no other customer can fit. */
  readonly all: boolean;
  /** Customers whose name has the same longest word, the same beginning or a similar first word. Most similar first. */
  near(): Promise<readonly Customer[]>;
}

/**
 * Zoho's `contains` is exact and may distinguish accents. So the server reads all customers if they fit on one page. Otherwise it searches
 * for the longest word. If no customer has exactly this name, it also searches for the halves of the word, because an accent can be wrong
 * in only one half. If too many customers share the word, it also searches for the full text; other customers may then fit too.
 */
async function calledLike(typed: string, zoho: Reader, contact_type: ContactType = 'customer'): Promise<Called> {
  const longest = longestWord(typed);
  const ofNames = (rows: readonly Customer[]) =>
    rows.filter(({ contact_name }) => isPartOf(typed, contact_name) || fits(typed, contact_name));
  const find = async (contains: string) => await customersFound({ contact_name_contains: contains }, zoho, contact_type);
  const start = [...typed.trim()].slice(0, 3).join('');
  const whole = await customersFound({}, zoho, contact_type);
  const isAlike = ({ contact_name }: Customer) => unlikeness(typed, contact_name) !== undefined;
  const near = async () => {
    if (longest === '') return [];
    const leading = leadingWord(typed);
    if (whole.all)
      return bySimilarity(
        typed,
        whole.found.filter((row) => isPartOf(longest, row.contact_name) || startsSo(row.contact_name, start) || isAlike(row)),
      );
    const [sharing, beginning, ...halves] = await Promise.all([
      find(longest),
      customersFound({ contact_name_startswith: start }, zoho, contact_type),
      ...[...halvesOf(longest), ...(folded(longest) === leading ? [] : halvesOf(leading))].map(find),
    ]);
    return bySimilarity(typed, [...sharing.found, ...beginning.found, ...halves.flatMap(({ found }) => found).filter(isAlike)]);
  };
  if (whole.all) return { called: ofNames(whole.found), all: true, near };
  const byWord = await find(longest || onOneLine(typed));
  if (byWord.all && byWord.found.some((row) => isCalled(typed, row))) return { called: ofNames(byWord.found), all: true, near };
  const others = await Promise.all([...halvesOf(longest), ...(byWord.all ? [] : [onOneLine(typed)])].map(find));
  const rows = new Map([byWord, ...others].flatMap(({ found }) => found).map((row) => [row.contact_id, row]));
  return { called: ofNames([...rows.values()]), all: byWord.all, near };
}

/** Vendors with this name, for the case that no customer has this name. */
export async function vendorsCalled(typed: string, zoho: Reader): Promise<readonly Customer[]> {
  const { called } = (await ifAllowed(calledLike(typed, zoho, 'vendor'))) ?? { called: [] };
  const fitting = called.filter(({ contact_name }) => fits(typed, contact_name));
  const one = exactOrOnly(typed, fitting, (row) => row.contact_name);
  return one === undefined ? fitting : [one];
}

/**
 * The customer with exactly this name; or the only customer that the words fit, if `found` is complete (`all`). An inactive customer does
 * not count if an active customer fits.
 */
function meantBy(typed: string, found: readonly Customer[], all: boolean): Customer | undefined {
  const one = exactOrOnly(typed, found, (row) => row.contact_name);
  const address = addressIn(typed);
  const isMeant = (row: Customer) => isCalled(typed, row) || (all && fits(typed, row.contact_name)) || folded(row['email']) === address;
  if (one === undefined || !isMeant(one)) return undefined;
  return isActive(one) || !found.some(isActive) ? one : undefined;
}

const isActive = (row: Customer): boolean => row['status'] !== 'inactive';

const onOneLine = (typed: string): string => typed.replaceAll(/\s+/g, ' ').trim().slice(0, 100);

const isCalled = (typed: string, { contact_name }: Customer): boolean => folded(contact_name) === folded(typed);

/** Reads a customer by id. If the scopes do not show customers, returns only the id; the name then comes from other records. */
async function customerOfId(contact_id: string, zoho: Reader): Promise<Customer> {
  const found = await ifAllowed(zoho.recent.read(getContact, { contact_id }));
  if (found === undefined) return { contact_id };
  const { contact } = found;
  const isIt = contact?.contact_id === contact_id;
  if (isIt && (contact.contact_type ?? 'customer') === 'customer') return contact as Customer;
  const vendor = isIt && contact.contact_type === 'vendor' ? ` ${aboutVendors([contact as Customer]).trim()}` : '';
  throw new InputError(`There is no customer with the id ${contact_id}.${vendor}`, {
    code: 'no_such_customer',
    next: 'Call again with the name of the customer.',
  });
}

type ContactType = 'customer' | 'vendor';

/** The contacts that Zoho finds, at most 200. `all`: there are no more. Zoho's own filter lets some vendors through, so checks the type. */
export async function customersFound(
  query: Json,
  zoho: Reader,
  contact_type: ContactType = 'customer',
): Promise<{ readonly found: Customer[]; readonly all: boolean }> {
  const page = await zoho.recent.read(allContacts, { contact_type, ...query, page: 1, per_page: PER_PAGE });
  const ofType = page.rows.filter((row) => (row['contact_type'] ?? 'customer') === contact_type);
  return {
    found: ofType.flatMap((row) =>
      readId(row['contact_id']) === undefined ? [] : [{ ...row, contact_id: readId(row['contact_id']) ?? '' }],
    ),
    all: isLast(page),
  };
}

function bySimilarity(typed: string, rows: readonly Customer[]): Customer[] {
  const bare = (name: unknown) => plainLetters(folded(name)).slice(0, 100);
  const far = new Map(rows.map((row) => [row.contact_id, { row, distance: distance(bare(typed), bare(row.contact_name)) }]));
  return [...far.values()]
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, NEAR)
    .map(({ row }) => row);
}

/** Describes the customers for the question, so that the user can tell them apart: city, open amount, last payment. */
async function choicesOf(customers: readonly Customer[], byAddress: boolean, zoho: Reader): Promise<Choice[]> {
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
        byAddress && row['email'] ? quoted(row['email'], 60) : undefined,
        city ? plain(city) : undefined,
        `${money(row['outstanding_receivable_amount'], row)} open`,
        paid === undefined ? 'no payment yet' : `last paid ${money(paid['amount'], row)} on ${plain(paid['date'])}`,
        row['status'] === 'inactive' ? 'inactive' : undefined,
      ];
      return { id: contact_id, text: parts.filter(Boolean).join(', ') };
    }),
  );
}
