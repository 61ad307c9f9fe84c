import { decimalsOf } from '../money.ts';

/** Typing errors that people make in numbers. */

/** The one typing error between `typed` and `told`, the text in the books. Undefined if they are equal or have more differences. */
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

/** The typing error between two amounts, in words. One different digit does not count, because too many amounts are that similar. */
export function amountSlip(typed: number, told: number): string | undefined {
  if (typed === 0 || told === 0 || typed === told) return undefined;
  const times = Number((Math.max(typed, told) / Math.min(typed, told)).toPrecision(12));
  if ([10, 100, 1000].includes(times)) return 'decimal point moved';
  const decimals = Math.max(decimalsOf(typed), decimalsOf(told));
  const [one, other] = [typed, told].map((amount) => amount.toFixed(decimals).replace('.', ''));
  const slip = slipOf(one ?? '', other ?? '');
  return slip === undefined || slip === 'one off' ? undefined : amountSlips[slip];
}

const amountSlips = { 'one less': 'one digit fewer', 'one more': 'one digit more', 'two swapped': 'two digits swapped' } as const;
