import type { Reader } from '../endpoint.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import type { Query } from '../reading/whole-lists.ts';
import { stems, unlikeness } from './alike-names.ts';
import { customerNamed, searchCustomers, type Customer } from './customers.ts';
import { isId } from './same-name.ts';

/** Everybody who may be meant by a name, where looking at several does no harm. */

export interface Likely {
  /** Undefined where the scopes do not show them. */
  readonly customers: readonly Customer[] | undefined;
  /** Finds their payments, and maybe some of others. */
  readonly where: Query;
}

export async function customersLike(typed: string, zoho: Reader): Promise<Likely> {
  if (isId(typed)) {
    const one = await ifAllowed(customerNamed(typed, zoho));
    return { customers: one && [one], where: { customer_id: typed } };
  }
  for (const stem of stems(typed)) {
    const found = await ifAllowed(searchCustomers({ contact_name_contains: stem }, zoho));
    const customers = found?.filter(({ contact_name }) => unlikeness(typed, contact_name) !== undefined);
    // One question for all of them, by what their names share.
    if (customers === undefined || customers.length > 1) return { customers, where: { customer_name_contains: stem } };
    if (customers[0] !== undefined) return { customers, where: { customer_id: customers[0].contact_id } };
  }
  return { customers: [], where: {} };
}
