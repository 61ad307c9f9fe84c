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

/** From a name to the one customer who is called so. Nobody is picked where several could be meant. */

export interface Customer extends Json {
  readonly contact_id: string;
  readonly contact_name?: string | undefined;
  readonly currency_code?: string | undefined;
}

/** Looked at closely enough to tell them apart; a longer list is too long to choose from. */
const MOST_CUSTOMER_CHOICES = 5;
const NEAR = 10;

/** The customer of this name, e-mail address or id. `chosen` is what the person answered when they were asked which one. */
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
  // Zoho looks for the characters as they stand, line breaks and invisible ones among them.
  const exact = found.length > 0 ? [] : near.filter((row) => isCalled(typed, row));
  const named = near.find(({ contact_id }) => contact_id === chosen) ?? meantBy(typed, exact, true);
  if (named !== undefined) return named;
  const vendors = found.length > 0 ? [] : await vendorsCalled(typed, zoho);
  if (near.length === 0) throw vendors.length > 0 ? noCustomerBut(vendors) : noCustomer(typed);
  const which =
    address !== undefined && found.length > 1 ? `have the e-mail address ${quoted(address)}` : `are called something like ${quoted(typed)}`;
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

/** The only one of exactly this name, which may look like an id: some are called by their phone number. */
async function customerCalled(typed: string, zoho: Reader): Promise<Customer | undefined> {
  const { called } = (await ifAllowed(calledLike(typed, zoho))) ?? { called: [] };
  const [one, ...others] = called.filter((row) => isCalled(typed, row));
  return others.length === 0 ? one : undefined;
}

/** None who is inactive where others are not, unless called exactly so. */
function ownOrActive(typed: string, called: readonly Customer[]): readonly Customer[] {
  return called.some(isActive) ? called.filter((row) => isActive(row) || isCalled(typed, row)) : called;
}

const NEW_CUSTOMER = 'A new customer is created in Zoho Books first, not here.';

const nobody = (typed: string) =>
  `No customer ${addressIn(typed) === undefined ? 'is called' : 'has the name or the e-mail address'} ${quoted(typed)}.`;

const noCustomer = (typed: string) =>
  new InputError(nobody(typed), {
    code: 'no_such_customer',
    next: `Ask the user for the name as it stands in Zoho Books. ${NEW_CUSTOMER}`,
  });

const noCustomerBut = (vendors: readonly Customer[]) =>
  new InputError(aboutVendors(vendors).trim(), { code: 'not_a_customer', next: `Check with the user who paid. ${NEW_CUSTOMER}` });

/** `"Bowman Timber Supply" (id …) is a vendor, not a customer. ` */
export function aboutVendors(vendors: readonly Customer[]): string {
  const names = vendors.slice(0, 3).map(({ contact_name, contact_id }) => recordNameAndId('contact', contact_name, contact_id, 60));
  return names.length === 0 ? '' : `${names.join(' and ')} ${names.length === 1 ? 'is a vendor, not a customer' : 'are vendors'}. `;
}

/** Whether a customer other than this one is meant by name: "Acme Corp" fits Acme Corporation too, and is not it. */
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

/** The e-mail address that a text is or holds, as in `Ann Lee <ann@lee.example>`. */
export const addressIn = (typed: string): string | undefined =>
  /(?<=^|[\s<("'[]|mailto:)[^\s<>()[\]"',;:@]+@[^\s<>()[\]"',;:@?]*[^\s<>()[\]"',;:@?.]/.exec(folded(typed))?.[0];

/** Whom an e-mail address means, as an id; what is none stays as it is. */
export async function withoutAddress(customer: string | undefined, zoho: Reader, chosen?: string): Promise<string | undefined> {
  return customer === undefined || addressIn(customer) === undefined ? customer : (await customerNamed(customer, zoho, chosen)).contact_id;
}

/** Those of exactly this address; active ones where there are any. */
async function withAddress(address: string, zoho: Reader): Promise<readonly Customer[]> {
  const whole = await customersFound({}, zoho);
  const { found } = whole.all ? whole : await customersFound({ email_contains: address.slice(0, 100) }, zoho);
  const theirs = found.filter(({ email }) => folded(email) === address);
  return theirs.some(isActive) ? theirs.filter(isActive) : theirs;
}

/** Those whose address is a few letters off, and those of the same domain where that is not everybody's. */
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

/** Customers by a name, and more for one that nobody has. */
interface Called {
  /** In whose name it stands, or whose name its words fit in whatever order. */
  readonly called: readonly Customer[];
  /** Whether nobody else can be meant. */
  readonly all: boolean;
  /** Those who share its longest word, begin alike or have a word like its first, the most similar first. */
  near(): Promise<readonly Customer[]>;
}

/**
 * Zoho finds what stands in a name just so, maybe also by accents. So the list is read where one page holds it, and a longer one is asked
 * for the longest word; where nobody is called exactly so, also for its halves, since an accent that was left out is in one of them only.
 * Where too many share the word it is asked for the whole, which may not be `all` who are meant.
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

/** Vendors of this name, where it is nobody's who pays. */
export async function vendorsCalled(typed: string, zoho: Reader): Promise<readonly Customer[]> {
  const { called } = (await ifAllowed(calledLike(typed, zoho, 'vendor'))) ?? { called: [] };
  const fitting = called.filter(({ contact_name }) => fits(typed, contact_name));
  const one = exactOrOnly(typed, fitting, (row) => row.contact_name);
  return one === undefined ? fitting : [one];
}

/** Called exactly so, or the only one of `all` whom the words fit; but none who is inactive where others are not. */
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

/** By id also where the scopes do not show customers; who it is then tells whatever is read of them. */
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

/** Those that Zoho finds, 200 at most, and whether they are `all`. Zoho lets some vendors through its own filter. */
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

/** What tells them apart: where they are, what they owe, when they last paid. */
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
