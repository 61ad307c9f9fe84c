import type { Reader } from '../endpoint.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import type { Query } from '../reading/whole-lists.ts';
import { stems, unlikeness } from './alike-names.ts';
import { addressIn, customerNamed, customersFound, type Customer } from './customers.ts';
import { halvesOf, longestWord } from './name-parts.ts';
import { isId, isPartOf } from './same-name.ts';

/** Finds all customers that a name may mean. Only for searches, where several customers do no harm. */

export interface Likely {
  /** Undefined if the scopes do not show customers. */
  readonly customers: readonly Customer[] | undefined;
  /** Filters that find the payments of these customers, and perhaps payments of other customers. */
  readonly where: Query;
}

/** True if the text is an id or an e-mail address, so it means one customer and names need no comparison. */
const isOneCustomer = (typed: string): boolean => isId(typed) || addressIn(typed) !== undefined;

export async function customersLike(typed: string, zoho: Reader): Promise<Likely> {
  if (isId(typed)) {
    const one = await ifAllowed(customerNamed(typed, zoho));
    return { customers: one && [one], where: { customer_id: one?.contact_id ?? typed } };
  }
  if (isOneCustomer(typed)) {
    const one = await customerNamed(typed, zoho);
    return { customers: [one], where: { customer_id: one.contact_id } };
  }
  const found = await ifAllowed(candidatesFor(typed, zoho));
  if (found === undefined) return { customers: undefined, where: { customer_name_contains: stems(typed)[0] } };
  const customers = likeliest(typed, found);
  if (customers[0] === undefined) return { customers, where: {} };
  if (customers.length === 1) return { customers, where: { customer_id: customers[0].contact_id } };
  // One request for all of them, by the text that their names share.
  return { customers, where: { customer_name_contains: sharedPart(customers.map(({ contact_name = '' }) => contact_name.toLowerCase())) } };
}

/** Customers that the name fits, and customers with a similar name: they share the first stem of the name that any customer has. */
function likeliest(typed: string, found: readonly Customer[]): readonly Customer[] {
  const off = new Map(found.map((row) => [row, unlikeness(typed, row.contact_name)]));
  const sharing = stems(typed)
    .map((stem) => found.filter((row) => off.get(row) !== undefined && isPartOf(stem, row.contact_name)))
    .find((rows) => rows.length > 0);
  return found.filter((row) => (off.get(row) ?? 1) < 0.5 || sharing?.includes(row));
}

/** All customers if they fit on one page, otherwise the customers whose names contain a part of this name. */
async function candidatesFor(typed: string, zoho: Reader): Promise<readonly Customer[]> {
  const whole = await customersFound({}, zoho);
  if (whole.all) return whole.found;
  const parts = [...new Set([...stems(typed), ...halvesOf(longestWord(typed))])];
  const found = await Promise.all(parts.map(async (part) => await customersFound({ contact_name_contains: part }, zoho)));
  return [...new Map(found.flatMap((one) => one.found).map((row) => [row.contact_id, row])).values()];
}

/** The longest plain text that all the names contain. Undefined if it is too short for a search. */
function sharedPart([first = '', ...others]: readonly string[]): string | undefined {
  for (let length = first.length; length > 2; length -= 1)
    for (let start = 0; start + length <= first.length; start += 1) {
      const part = first.slice(start, start + length);
      if (/^[\w-]+$/.test(part) && others.every((name) => name.includes(part))) return part;
    }
  return undefined;
}
