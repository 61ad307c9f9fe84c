import type { Reader } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { sum } from '../money.ts';
import { currenciesOf } from './currencies.ts';
import type { Customer } from './customers.ts';
import type { PaymentRow } from './payments.ts';

/**
 * Returns the currency of each payment, by payment id: the customer's, or the payment's own if the scopes do not show customers.
 * `known`: a customer that was already read.
 */
export async function paymentCurrencies(
  payments: readonly PaymentRow[],
  zoho: Reader,
  known?: Customer,
): Promise<ReadonlyMap<string, string>> {
  const { contact_id = '', currency_code = '' } = known ?? {};
  const customers =
    currency_code === ''
      ? await currenciesOf(
          payments.map(({ customer_id }) => customer_id),
          zoho,
        )
      : new Map([[contact_id, currency_code]]);
  const told = await Promise.all(
    payments.map(async ({ payment_id, customer_id }): Promise<[string, string | undefined]> => {
      const currency =
        customers.get(customer_id ?? '') ?? (await zoho.recent.read(getCustomerPayment, { payment_id })).payment?.currency_code;
      return [payment_id, currency];
    }),
  );
  return new Map(told.filter((one): one is [string, string] => one[1] !== undefined));
}

interface InCurrency {
  readonly currency_code?: string | undefined;
  readonly amount?: number | undefined;
}

export interface CurrencyTotal {
  readonly currency_code: string;
  readonly amount: number;
  readonly count: number;
}

/** Returns a total for each currency. Rows without an amount or a known currency are in no total. */
export function currencyTotals(rows: readonly InCurrency[]): CurrencyTotal[] {
  const known = [...new Set(rows.flatMap(({ currency_code }) => currency_code ?? []))].toSorted();
  return known
    .map((currency_code) => {
      const amounts = rows.flatMap((row) => (row.currency_code === currency_code && row.amount !== undefined ? [row.amount] : []));
      return { currency_code, amount: sum(amounts), count: amounts.length };
    })
    .filter(({ count }) => count > 0);
}
