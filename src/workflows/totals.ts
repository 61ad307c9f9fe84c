import type { Json } from '../endpoint.ts';
import { sum } from '../money.ts';
import type { PaymentRow } from './payments.ts';

/** Sums of payments: exact, and of one currency each. */

/** In the base currency; then in the payments' own, which means something only where they share it. */
const names = ['bcy_amount', 'bcy_refunded_amount', 'bcy_unused_amount', 'amount', 'unused_amount'] as const;

/** A sum is left out where one of its payments does not tell what to add: what is not told is not 0. */
export type Totals = { readonly count: number } & { readonly [name in (typeof names)[number]]?: number };

export const nothing: Totals = { count: 0 };

export function totalsOf(row: PaymentRow): Totals {
  // Where Zoho does not tell what is unused, the row has 0.
  const { bcy_unused_amount, unused_amount, ...rest } = row;
  const told: Json = { ...rest, bcy_unused_amount, unused_amount: bcy_unused_amount === undefined ? undefined : unused_amount };
  return withNumbers(1, (name) => (told[name] === undefined ? NaN : Number(told[name])));
}

export function plus(one: Totals, other: Totals): Totals {
  if (one.count === 0) return other;
  return withNumbers(one.count + other.count, (name) => (one[name] === undefined || other[name] === undefined ? NaN : sum([one[name], other[name]])));
}

function withNumbers(count: number, of: (name: (typeof names)[number]) => number): Totals {
  return { count, ...Object.fromEntries(names.map((name) => [name, of(name)] as const).filter(([, value]) => Number.isFinite(value))) };
}

/** Without the amounts in the payments' own currencies. */
export function inBaseOnly({ amount: _, unused_amount: __, ...totals }: Totals): Totals {
  return totals;
}
