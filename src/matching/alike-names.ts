import { distance } from 'fastest-levenshtein';
import { fits, folded, isPartOf, isSameName, plainLetters, wordsIn } from './same-name.ts';

/** Fuzzy match of names. Only for searches that look at several records. */

/** The distance of two names: 0 if they are equal, larger if they are less similar. Undefined if they are different. */
export function unlikeness(typed: string, name: unknown): number | undefined {
  if (folded(typed) === folded(name)) return 0;
  if (isSameName(typed, name) || fits(typed, name)) return 0.25;
  const leading = leadingWord(typed);
  // In a script without spaces, any part of the text counts as a word.
  if (UNSPACED.test(leading) && isPartOf(leading, name)) return 0.5;
  return wordsIn(bare(name)).some((word) => isNear(bare(leading), word)) ? 0.5 : undefined;
}

/** The first word that is no article and not short. In similar names this word is nearly the same. */
export const leadingWord = (typed: string): string => telling(typed)[0] ?? '';

/**
 * Parts for Zoho's `contains` that similar names share: the beginning of each of the first two words, and the end of the first word, for
 * the case of a typing error at its beginning.
 */
export function stems(typed: string): string[] {
  const words = telling(typed).map((word) => [...word]);
  return [
    ...new Set(
      [...words.slice(0, 2).map((word) => word.slice(0, STEM)), ...words.slice(0, 1).map((word) => word.slice(-STEM))].map((part) =>
        part.join(''),
      ),
    ),
  ];
}

/** Scripts that write words without spaces. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const STEM = 4;
const SMALL = /^(the|and|der|die|das|les|los)$/;

/** The words that distinguish names. Short words and articles count only if there are no other words. */
function telling(typed: string): string[] {
  const words = wordsIn(folded(typed));
  const long = words.filter((word) => [...word].length > 2 && !SMALL.test(word));
  return long.length > 0 ? long : words;
}

function isNear(typed: string, word: string): boolean {
  if (typed.length < STEM || word.length < STEM) return typed === word;
  return word.startsWith(typed) || typed.startsWith(word) || distance(typed, word) <= (typed.length > STEM ? 2 : 1);
}

const bare = (name: unknown) => plainLetters(folded(name));
