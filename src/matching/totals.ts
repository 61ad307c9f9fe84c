import { readAmount, sum } from '../money.ts';
import type { PaymentRow } from './payments.ts';

/** Sums of payments: exact, and of one currency each. */

/** In the base currency; then in the payments' own, which means something only where they share it. */
const names = ['bcy_amount', 'bcy_refunded_amount', 'bcy_unused_amount', 'amount', 'unused_amount'] as const;

type Name = (typeof names)[number];

/** A sum is of the payments that tell what to add, and left out where none does: what is not told is not 0. */
export type Totals = {
  readonly count: number;
  /** Of how many payments Zoho does not tell it: they are in no sum. */ readonly not_told?: { readonly [name in Name]?: number };
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

/** Without the amounts in the payments' own currencies. */
export function inBaseOnly({ amount: _, unused_amount: __, not_told = {}, ...totals }: Totals): Totals {
  const { amount: ___, unused_amount: ____, ...inBase } = not_told;
  return { ...totals, ...(Object.keys(inBase).length > 0 && { not_told: inBase }) };
}
