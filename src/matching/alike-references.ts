import { bareReference, isSameReference } from '../records/same-reference.ts';
import { folded, wordsIn } from './same-name.ts';
import { slipOf } from './slips.ts';

/** Reference numbers as people remember them: with other words in front, other spaces, or one slip in the number. */

export interface ReferenceLikeness {
  readonly off: number;
  readonly why: string;
  readonly near?: true;
}

/** More than all else can be off: a payment with just this reference comes before one with a slip in it, whatever else is off. */
export const SLIP_OFF = 10;

/** Undefined where it is another. */
export function referenceLikeness(typed: string, reference: unknown): ReferenceLikeness | undefined {
  const [sought, told] = [folded(typed), folded(reference)];
  if (told === '' || sought === '') return undefined;
  if (told === sought) return { off: 0, why: 'same reference' };
  const [mine, theirs] = [soughtNumbers(typed), [bareReference(reference), ...numbersIn(reference)].filter(isTelling)];
  if (isSameReference(typed, reference) || mine.includes(bareReference(reference)))
    return { off: 0.1, why: 'near reference: written another way', near: true };
  if (told.includes(sought) || wordsIn(told).includes(folded(referenceFilter(typed)))) return { off: 0.5, why: 'in its reference' };
  if (mine.some((one) => theirs.some((other) => inDigits(one) === inDigits(other))))
    return { off: SLIP_OFF, why: 'near reference: a letter that looks like a digit', near: true };
  const slip = mine.flatMap((one) => theirs.map((other) => slipOf(one, other))).find((found) => found !== undefined);
  return slip && { off: SLIP_OFF, why: `near reference: ${referenceSlips[slip]}`, near: true };
}

const referenceSlips = {
  'one off': 'one character other',
  'one less': 'one character less',
  'one more': 'one character more',
  'two swapped': 'two characters swapped',
} as const;

const numbersIn = (reference: unknown) => wordsIn(folded(reference)).filter((word) => /\d/.test(word));

/** Shorter ones are one slip away from too many others. */
const isTelling = (text: string) => text.length >= (/\d/.test(text) ? 3 : 5);

/** What is looked for: the reference bare, and its number where it has one. Of several numbers none stands for the whole. */
function soughtNumbers(typed: string): string[] {
  const numbers = numbersIn(typed);
  return [bareReference(typed), ...(numbers.length === 1 ? numbers.map(bareReference) : [])].filter(isTelling);
}

const inDigits = (text: string) =>
  /\d/.test(text)
    ? text
        .replaceAll('o', '0')
        .replaceAll(/[il]/g, '1')
        .replace(/^0+(?=\d+$)/, '')
    : text;

/** What stands in every reference that is the same, for Zoho's `contains`: the end of it, without words and zeros in front. */
export function referenceFilter(typed: string): string {
  const bare = bareReference(typed);
  let filter = typed;
  for (let from = 1; from < typed.length; from += 1) {
    const rest = typed.slice(from);
    if (bare !== '' && bareReference(rest) === bare && /^[\p{L}\p{N}]/u.test(rest)) filter = rest;
  }
  return filter;
}

/** One of them at least stands in a reference that is one slip off; none where they are too short to tell references apart. */
export function slipFilters(typed: string): string[] {
  const number = [...(soughtNumbers(typed).at(-1) ?? '')];
  const half = number.length >> 1;
  if (half < 2) return [];
  const [first, last] = [number.slice(0, half), number.slice(half)];
  const swapped = [...first.slice(0, -1), last[0], first.at(-1), ...last.slice(1)];
  return [first, last, swapped].map((part) => part.join(''));
}
