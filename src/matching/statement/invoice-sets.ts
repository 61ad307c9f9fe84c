import { decimalsOf } from '../../money.ts';

/** Finds several invoices that one payment pays: sets whose balances add up to exactly the amount. */

interface Balance {
  readonly invoice_id: string;
  readonly balance: number;
}

const MOST_IN_SET = 6;
const MOST_TRIES = 20_000;
const MOST_SETS = 3;

/** The first sets found, smaller sets first. `cut`: there may be others, because not every set was tried. */
export function setsWorth<T extends Balance>(
  amount: number,
  invoices: readonly T[],
): { readonly sets: readonly (readonly T[])[]; readonly cut: boolean } {
  const decimals = Math.max(decimalsOf(amount), ...invoices.map(({ balance }) => decimalsOf(balance)));
  // Whole units add up exactly.
  const unitsOf = (value: number) => Number(value.toFixed(decimals).replace('.', ''));
  const whole = unitsOf(amount);
  const all = invoices
    .map((invoice) => ({ invoice, units: unitsOf(invoice.balance) }))
    .filter(({ units }) => units > 0 && units <= whole)
    .toSorted((a, b) => b.units - a.units || (a.invoice.invoice_id < b.invoice.invoice_id ? -1 : 1));
  // The sum of all balances from each index on. If it is less than the rest, no set fits.
  const rests = all.map((_, from) => all.slice(from).reduce((sum, { units }) => sum + units, 0));
  const sets: T[][] = [];
  let steps = 0;
  const look = (from: number, left: number, chosen: readonly T[], size: number): void => {
    if (left === 0 && chosen.length === size) sets.push([...chosen]);
    if (chosen.length === size) return;
    for (let i = from; i < all.length && rests[i]! >= left && steps < MOST_TRIES && sets.length < MOST_SETS; i += 1) {
      steps += 1;
      const { invoice, units } = all[i]!;
      if (units <= left) look(i + 1, left - units, [...chosen, invoice], size);
    }
  };
  for (let size = 1; size <= Math.min(MOST_IN_SET, all.length); size += 1) look(0, whole, [], size);
  const smallest = all.slice(-MOST_IN_SET - 1).reduce((sum, { units }) => sum + units, 0);
  const isLargerPossible = all.length > MOST_IN_SET && smallest <= whole;
  return { sets, cut: steps >= MOST_TRIES || sets.length >= MOST_SETS || isLargerPossible };
}
