import { bareReference, isSameReference } from '../records/same-reference.ts';
import { folded, wordsIn } from './same-name.ts';
import { slipOf } from './slips.ts';

/** Compares reference numbers. Allows other words in front of the number, other spaces, or one typing error in the number. */

export interface ReferenceLikeness {
  readonly off: number;
  readonly why: string;
  readonly near?: true;
}

/** The distance of a typing error. It is larger than all other distances together, so payments with exactly this reference come first. */
export const SLIP_OFF = 10;

/** Compares two references. Undefined if they are different. */
export function referenceLikeness(typed: string, reference: unknown): ReferenceLikeness | undefined {
  const [sought, told] = [folded(typed), folded(reference)];
  if (told === '' || sought === '') return undefined;
  if (told === sought) return { off: 0, why: 'same reference' };
  const [mine, theirs] = [soughtNumbers(typed), [bareReference(reference), ...numbersIn(reference)].filter(isTelling)];
  if (isSameReference(typed, reference) || mine.includes(bareReference(reference)))
    return { off: 0.1, why: 'similar reference: written differently', near: true };
  if (told.includes(sought) || wordsIn(told).includes(folded(referenceFilter(typed)))) return { off: 0.5, why: 'part of the reference' };
  if (mine.some((one) => theirs.some((other) => inDigits(one) === inDigits(other))))
    return { off: SLIP_OFF, why: 'similar reference: a letter that looks like a digit', near: true };
  const slip = mine.flatMap((one) => theirs.map((other) => slipOf(one, other))).find((found) => found !== undefined);
  return slip && { off: SLIP_OFF, why: `similar reference: ${referenceSlips[slip]}`, near: true };
}

const referenceSlips = {
  'one off': 'one character differs',
  'one less': 'one character fewer',
  'one more': 'one character more',
  'two swapped': 'two characters swapped',
} as const;

const numbersIn = (reference: unknown) => wordsIn(folded(reference)).filter((word) => /\d/.test(word));

/** True if the text is long enough. A shorter text differs from too many other texts by only one typing error. */
const isTelling = (text: string) => text.length >= (/\d/.test(text) ? 3 : 5);

/** The bare reference, and its number if it has exactly one number. If it has several, one of them does not identify the reference. */
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

/** Text for Zoho's `contains` that all spellings of this reference share: its end, without the words and zeros in front. */
export function referenceFilter(typed: string): string {
  const bare = bareReference(typed);
  let filter = typed;
  for (let from = 1; from < typed.length; from += 1) {
    const rest = typed.slice(from);
    if (bare !== '' && bareReference(rest) === bare && /^[\p{L}\p{N}]/u.test(rest)) filter = rest;
  }
  return filter;
}

/** Texts for Zoho's `contains`. A reference with one typing error contains at least one of them. Empty if they would be too short. */
export function slipFilters(typed: string): string[] {
  const number = [...(soughtNumbers(typed).at(-1) ?? '')];
  const half = number.length >> 1;
  if (half < 2) return [];
  const [first, last] = [number.slice(0, half), number.slice(half)];
  const swapped = [...first.slice(0, -1), last[0], first.at(-1), ...last.slice(1)];
  return [first, last, swapped].map((part) => part.join(''));
}
