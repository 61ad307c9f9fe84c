import { comparable } from '../foreign-text.ts';

/** Compares names that people type, or that a tool has shown, with the names in the books. */

/** A name in lower case, without double spaces and invisible characters. */
export function folded(name: unknown): string {
  return comparable(String(name ?? '')).toLowerCase();
}

/** Letters that Unicode does not split into a letter and an accent. */
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
/** The usual spelling of these letters on a keyboard that does not have them. */
const SPELLED_OUT: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', å: 'aa', ø: 'oe', æ: 'ae' };

/** Accents in Latin, Greek and Cyrillic. In other scripts, a mark is a vowel or changes the letter. */
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]\p{Mn}*)\p{Mn}/gu;

const isPlain = (text: string): boolean => /^[\0-\x7F]*$/.test(text);

const withLetters = (text: string, letters: Readonly<Record<string, string>>) => text.replace(/[^\0-\x7F]/gu, (one) => letters[one] ?? one);

/** A folded name without its accents: `muller` for `müller`. */
export const plainLetters = (name: string): string =>
  isPlain(name) ? name : withLetters(name.normalize('NFKD').replace(ACCENTS, '').normalize('NFC'), PLAIN);

/** The possible spellings of a folded name. */
interface Forms {
  readonly plain: string;
  /** Special letters as two letters: `mueller` for `müller`. */
  readonly spelledOut: string;
  /** Equal for `müller`, `mueller` and `muller`, but different for `joe` and `jo`. */
  readonly collapsed: string;
}

function formsOf(name: string): Forms {
  const plain = plainLetters(name);
  return {
    plain,
    spelledOut: isPlain(name) ? name : plainLetters(withLetters(name, SPELLED_OUT)),
    collapsed: plain.replace(/([aou])e(?=[bcdfghj-np-tvwxz])/g, '$1').replaceAll('aa', 'a'),
  };
}

const isSame = (a: Forms, b: Forms): boolean => a.plain === b.plain || a.spelledOut === b.spelledOut || a.collapsed === b.collapsed;

const beginsWith = (name: Forms, typed: Forms): boolean =>
  name.plain.startsWith(typed.plain) || name.spelledOut.startsWith(typed.spelledOut);

/** True if two names are equal, ignoring case, spaces and accents. */
export const isSameName = (one: unknown, other: unknown): boolean => isSame(formsOf(folded(one)), formsOf(folded(other)));

/** True if a name begins with the text, ignoring case, spaces and accents. */
export const startsSo = (name: unknown, typed: string): boolean => beginsWith(formsOf(folded(name)), formsOf(folded(typed)));

/** True if a name contains the text, ignoring case, spaces and accents. */
export function isPartOf(typed: string, name: unknown): boolean {
  const [whole, part] = [formsOf(folded(name)), formsOf(folded(typed))];
  return whole.plain.includes(part.plain) || whole.spelledOut.includes(part.spelledOut);
}

/**
 * True if every word of `typed` is a word of `name`, or the beginning of a word. Ignores accents and apostrophes. Text without words fits
 * nothing.
 */
export function fits(typed: string, name: unknown): boolean {
  const [whole, part] = [folded(name), folded(typed)];
  const words = [...new Set([...wordsIn(whole), ...wordsIn(closedUp(whole))])].map(formsOf);
  return [part, closedUp(part)].some((said) => {
    const sought = wordsIn(said).map(formsOf);
    return sought.length > 0 && sought.every((one) => words.some((word) => beginsWith(word, one) || isSame(word, one)));
  });
}

/** Removes apostrophes: `omalley` for `o'malley`. */
const closedUp = (text: string): string => text.replace(/(?<=\p{L})['’ʼ‘`´](?=\p{L})/gu, '');

/** The same as `fits`, but accents must be equal. */
function fitsAsSpelled(typed: string, name: unknown): boolean {
  const [words, sought] = [wordsIn(folded(name)), wordsIn(folded(typed))];
  return sought.length > 0 && sought.every((one) => words.some((word) => word.startsWith(one)));
}

/** The words of a text, without the characters between them. */
export const wordsIn = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean);

/** True if the text looks like one of Zoho's ids, which have 11 to 19 digits. Shorter numbers are names that people use. */
export const isId = (text: string): boolean => /^\d{10,25}$/.test(text);

/**
 * Picks one item: the item with exactly this name; or the item with this name in other accents, if no other name begins with the typed
 * text; or the only item. Undefined otherwise.
 */
export function exactOrOnly<T>(typed: string, all: readonly T[], nameOf: (one: T) => unknown): T | undefined {
  const exact = all.filter((one) => folded(nameOf(one)) === folded(typed));
  if (exact.length > 0) return exact.length === 1 ? exact[0] : undefined;
  const same = all.filter((one) => isSameName(nameOf(one), typed));
  const asTyped = all.some((one) => !same.includes(one) && fitsAsSpelled(typed, nameOf(one)));
  const left = same.length > 0 && !asTyped ? same : all;
  return left.length === 1 ? left[0] : undefined;
}
