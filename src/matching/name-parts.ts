import { wordsIn } from './same-name.ts';

/** Parts of names for Zoho's `contains`, which may treat a letter with and without its accent as different letters. */

/** The longest word, because it distinguishes names best. */
export function longestWord(typed: string): string {
  const [longest = ''] = wordsIn(typed.normalize('NFKC')).toSorted((a, b) => b.length - a.length);
  return longest.slice(0, 100);
}

/** Parts of a word. If the word in the books differs by only one accent, it contains one of these parts exactly. */
export function halvesOf(word: string): string[] {
  if (/[^\0-\x7F]/.test(word)) return word.split(/[^\0-\x7F]+/).filter((part) => part.length > 2);
  if (word.length < 4) return [];
  const middle = word.length >> 1;
  // Does not cut between "u" and "e": "ue" may be another spelling of the one letter "ü".
  const cut = /^(?:[aou]e|aa)/i.test(word.slice(middle - 1)) ? middle + 1 : middle;
  return [word.slice(0, cut), word.slice(cut)];
}
