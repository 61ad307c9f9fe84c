import { distance } from 'fastest-levenshtein';
import { fits, folded, isSameName, plainLetters, wordsIn } from './same-name.ts';

/** Names roughly as people remember them, where several may be meant and all are looked at. */

/** 0 for the very name, more the less it is alike, undefined where it is another. */
export function unlikeness(typed: string, name: unknown): number | undefined {
  if (folded(typed) === folded(name)) return 0;
  if (isSameName(typed, name) || fits(typed, name)) return 0.25;
  const leading = bare(leadingWord(typed));
  return wordsIn(bare(name)).some((word) => isNear(leading, word)) ? 0.5 : undefined;
}

/** The word that those who are called alike have nearly the same. */
export const leadingWord = (typed: string): string => telling(typed)[0] ?? '';

/**
 * What near-identical names share, for Zoho's `contains`: how a word begins; or how the first ends, where its beginning is typed another
 * way.
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

const STEM = 4;
const SMALL = /^(the|and|der|die|das|les|los)$/;

/** Words that tell names apart: not the small ones, unless there are no others. */
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
