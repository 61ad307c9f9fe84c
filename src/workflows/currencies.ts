import type { Reader } from '../endpoint.ts';
import { ifAllowed } from '../endpoints/allowed.ts';
import { getContact } from '../endpoints/get-contact.ts';
import { getCustomerPayment } from '../endpoints/get-customer-payment.ts';
import { allContacts, pagesOf } from '../endpoints/whole-list.ts';
import { sum } from '../money.ts';
import type { PaymentRow } from './payments.ts';

/** The currencies of what lists show without one. */

/** As many are sooner asked for one by one than on further pages of all customers. */
const FEW = 5;

/** The currency of each of these payments, by payment id: its customer's, or where customers cannot be seen its own. */
export async function currenciesOf(payments: readonly PaymentRow[], zoho: Reader): Promise<ReadonlyMap<string, string>> {
  const customers = await currenciesOfCustomers(new Set(payments.flatMap(({ customer_id }) => customer_id ?? [])), zoho);
  const told = await Promise.all(
    payments.map(async ({ payment_id, customer_id }): Promise<[string, string | undefined]> => {
      const currency = customers.get(customer_id ?? '') ?? (await zoho.recent(getCustomerPayment, { payment_id })).payment?.currency_code;
      return [payment_id, currency];
    }),
  );
  return new Map(told.filter((one): one is [string, string] => one[1] !== undefined));
}

async function currenciesOfCustomers(wanted: ReadonlySet<string>, zoho: Reader): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const missing = () => [...wanted].filter((id) => !found.has(id));
  const oneByOne = async () => {
    await Promise.all(
      missing().map(async (contact_id) => {
        const currency = (await zoho.recent(getContact, { contact_id })).contact?.currency_code;
        if (currency !== undefined) found.set(contact_id, currency);
      }),
    );
  };
  const look = async () => {
    if (wanted.size <= 1) return await oneByOne();
    for await (const { rows, last } of pagesOf(allContacts, { contact_type: 'customer' }, zoho.recent)) {
      for (const { contact_id, currency_code } of rows) if (wanted.has(String(contact_id)) && typeof currency_code === 'string') found.set(String(contact_id), currency_code);
      if (last || missing().length === 0) return;
      if (missing().length <= FEW) return await oneByOne();
    }
  };
  await ifAllowed(look());
  return found;
}

interface InCurrency {
  readonly currency_code?: string | undefined;
  readonly amount: number;
}

export interface Total {
  readonly currency_code: string;
  readonly amount: number;
  readonly count: number;
}

/** A total for each currency; what has none that is known is in no total. */
export function totalsOf(rows: readonly InCurrency[]): Total[] {
  const known = [...new Set(rows.flatMap(({ currency_code }) => currency_code ?? []))].toSorted();
  return known.map((currency_code) => {
    const amounts = rows.filter((row) => row.currency_code === currency_code).map(({ amount }) => amount);
    return { currency_code, amount: sum(amounts), count: amounts.length };
  });
}
