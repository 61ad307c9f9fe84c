import { MARK, oneLine } from '../foreign-text.ts';

/** Names as people type them, or as they were shown, against names as they stand in the books. */

/** Without case, doubled spaces and what cannot be seen. */
export function folded(name: unknown): string {
  return oneLine(String(name ?? ''), Infinity)
    .replaceAll(MARK, '')
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** Letters that do not come apart into a letter and its accent. */
const PLAIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  æ: 'ae',
  œ: 'oe',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
  ħ: 'h',
  ŧ: 't',
};
/** How they are written on a keyboard without them. */
const SPELLED_OUT: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' };

/** Only of scripts in which an accent is an accent: elsewhere a mark is a vowel, or makes another letter. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]\p{Mn}*)\p{Mn}/gu;

const withLetters = (text: string, letters: Readonly<Record<string, string>>) => text.replace(/[^\0-\x7F]/gu, (one) => letters[one] ?? one);

/** A folded name without its accents: `muller` for `müller`. */
export const plainLetters = (name: string): string => withLetters(name.normalize('NFKD').replace(ACCENTS, '').normalize('NFC'), PLAIN);

/** `mueller` for `müller`. */
const spelledOut = (name: string): string => plainLetters(withLetters(name, SPELLED_OUT));

/** The same for `müller`, `mueller` and `muller`; and for `joe` another than for `jo`. */
const collapsed = (name: string): string =>
  plainLetters(name)
    .replace(/([aou])e(?=[bcdfghj-np-tvwxz])/g, '$1')
    .replaceAll('aa', 'a');

/** Whether two names are the same but for case, spaces and accents. */
export function isSameName(one: unknown, other: unknown): boolean {
  const [a, b] = [folded(one), folded(other)];
  return plainLetters(a) === plainLetters(b) || spelledOut(a) === spelledOut(b) || collapsed(a) === collapsed(b);
}

/** Whether a name begins so, but for case, spaces and accents. */
export const startsSo = (name: unknown, typed: string): boolean => anyForm(name, typed, (whole, part) => whole.startsWith(part));

/** Whether it stands in a name, but for case, spaces and accents. */
export const isPartOf = (typed: string, name: unknown): boolean => anyForm(name, typed, (whole, part) => whole.includes(part));

function anyForm(name: unknown, typed: string, compare: (name: string, typed: string) => boolean): boolean {
  const [whole, part] = [folded(name), folded(typed)];
  return compare(plainLetters(whole), plainLetters(part)) || compare(spelledOut(whole), spelledOut(part));
}

/** Every word of `typed` is in `name`, as its word or the beginning of one. Accents do not matter. What has no words fits nothing. */
export function fits(typed: string, name: unknown): boolean {
  return everyWord(typed, name, (word, sought) => startsSo(word, sought) || isSameName(word, sought));
}

function everyWord(typed: string, name: unknown, fitsWord: (word: string, sought: string) => boolean): boolean {
  const words = wordsIn(folded(name));
  const sought = wordsIn(folded(typed));
  return sought.length > 0 && sought.every((one) => words.some((word) => fitsWord(word, one)));
}

/** The words of a text, without what stands between them. */
export const wordsIn = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean);

/** Zoho's ids are 11 to 19 digits; shorter numbers are what people call things by. */
export const isId = (text: string): boolean => /^\d{10,25}$/.test(text);

/**
 * Of several, the one called exactly so; or the one called so but for its accents, where none begins so with just these; or the only one
 * there is.
 */
export function exactOrOnly<T>(typed: string, all: readonly T[], nameOf: (one: T) => unknown): T | undefined {
  const exact = all.filter((one) => folded(nameOf(one)) === folded(typed));
  if (exact.length > 0) return exact.length === 1 ? exact[0] : undefined;
  const same = all.filter((one) => isSameName(nameOf(one), typed));
  const asTyped = all.some((one) => !same.includes(one) && everyWord(typed, nameOf(one), (word, sought) => word.startsWith(sought)));
  const left = same.length > 0 && !asTyped ? same : all;
  return left.length === 1 ? left[0] : undefined;
}
