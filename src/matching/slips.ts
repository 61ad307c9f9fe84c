import { decimalsOf } from '../money.ts';

/** Slips that people make when they read or type a number. */

/** The one slip between `typed` and `told`, the text in the books. Undefined if they are the same, or more than one slip apart. */
export function slipOf(typed: string, told: string): Slip | undefined {
  const [one, other] = [[...typed], [...told]];
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end)) end += 1;
  const [mine, theirs] = [one.slice(start, one.length - end), other.slice(start, other.length - end)];
  if (mine.length + theirs.length === 1) return theirs.length === 1 ? 'one more' : 'one less';
  if (mine.length === 1 && theirs.length === 1) return 'one off';
  const isSwap = mine.length === 2 && theirs.length === 2 && mine[0] === theirs[1] && mine[1] === theirs[0];
  return isSwap ? 'two swapped' : undefined;
}

type Slip = 'one off' | 'one less' | 'one more' | 'two swapped';

/** The slip that may have turned one amount into the other, in words. One other digit does not count: many amounts are that near. */
export function amountSlip(typed: number, told: number): string | undefined {
  if (typed === 0 || told === 0 || typed === told) return undefined;
  const times = Number((Math.max(typed, told) / Math.min(typed, told)).toPrecision(12));
  if ([10, 100, 1000].includes(times)) return 'decimal point elsewhere';
  const decimals = Math.max(decimalsOf(typed), decimalsOf(told));
  const [one, other] = [typed, told].map((amount) => amount.toFixed(decimals).replace('.', ''));
  const slip = slipOf(one ?? '', other ?? '');
  return slip === undefined || slip === 'one off' ? undefined : amountSlips[slip];
}

const amountSlips = { 'one less': 'one digit less', 'one more': 'one digit more', 'two swapped': 'two digits swapped' } as const;
