import { readAmount, sum } from '../money.ts';
import type { PaymentRow } from './payments.ts';

/** Exact sums of payments, each in one currency. */

/** Amounts in the base currency, then in the payments' own currency. Sums in the own currency make sense only if all payments share it. */
const names = ['bcy_amount', 'bcy_refunded_amount', 'bcy_unused_amount', 'amount', 'unused_amount'] as const;

type Name = (typeof names)[number];

/** A sum includes only payments whose amount is known. The sum is omitted if no amount is known, because an unknown amount is not 0. */
export type Totals = {
  readonly count: number;
  /** For each sum, the number of payments without the amount. The sum does not include them. */ readonly not_told?: {
    readonly [name in Name]?: number;
  };
} & { readonly [name in Name]?: number };

export const emptyTotals: Totals = { count: 0 };

export function totalsOf(row: PaymentRow): Totals {
  return made(
    1,
    (name) => readAmount(row[name]),
    (name) => (readAmount(row[name]) === undefined ? 1 : 0),
  );
}

export function plus(one: Totals, other: Totals): Totals {
  if (one.count === 0) return other;
  const both = (name: Name) => [one[name], other[name]].filter((amount) => amount !== undefined);
  return made(
    one.count + other.count,
    (name) => (both(name).length === 0 ? undefined : sum(both(name))),
    (name) => countNotTold(one, name) + countNotTold(other, name),
  );
}

export const countNotTold = ({ not_told }: Totals, name: Name): number => not_told?.[name] ?? 0;

function made(count: number, amount: (name: Name) => number | undefined, missing: (name: Name) => number): Totals {
  const amounts = names.map((name) => [name, amount(name)] as const).filter(([, value]) => value !== undefined);
  const not_told = names.map((name) => [name, missing(name)] as const).filter(([, payments]) => payments > 0);
  return { count, ...Object.fromEntries(amounts), ...(not_told.length > 0 && { not_told: Object.fromEntries(not_told) }) };
}

/** Removes the amounts in the payments' own currencies. */
export function inBaseOnly({ amount: _, unused_amount: __, not_told = {}, ...totals }: Totals): Totals {
  const { amount: ___, unused_amount: ____, ...inBase } = not_told;
  return { ...totals, ...(Object.keys(inBase).length > 0 && { not_told: inBase }) };
}
