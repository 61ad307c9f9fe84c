import { comparable } from '../foreign-text.ts';

/** Names as people type them, or as they were shown, against names as they stand in the books. */

/** A name in small letters, without doubled spaces and invisible characters. */
export function folded(name: unknown): string {
  return comparable(String(name ?? '')).toLowerCase();
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

const isPlain = (text: string): boolean => /^[\0-\x7F]*$/.test(text);

const withLetters = (text: string, letters: Readonly<Record<string, string>>) => text.replace(/[^\0-\x7F]/gu, (one) => letters[one] ?? one);

/** A folded name without its accents: `muller` for `müller`. */
export const plainLetters = (name: string): string =>
  isPlain(name) ? name : withLetters(name.normalize('NFKD').replace(ACCENTS, '').normalize('NFC'), PLAIN);

/** A folded name in the ways of writing that may be meant. */
interface Forms {
  readonly plain: string;
  /** `mueller` for `müller`. */
  readonly spelledOut: string;
  /** The same for `müller`, `mueller` and `muller`; and for `joe` another than for `jo`. */
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

/** A folded name in the form that `müller`, `mueller` and `muller` share. */
export const collapsed = (name: string): string => formsOf(name).collapsed;

const isSame = (a: Forms, b: Forms): boolean => a.plain === b.plain || a.spelledOut === b.spelledOut || a.collapsed === b.collapsed;

const beginsWith = (name: Forms, typed: Forms): boolean =>
  name.plain.startsWith(typed.plain) || name.spelledOut.startsWith(typed.spelledOut);

/** Whether two names are the same but for case, spaces and accents. */
export const isSameName = (one: unknown, other: unknown): boolean => isSame(formsOf(folded(one)), formsOf(folded(other)));

/** Whether a name begins so, but for case, spaces and accents. */
export const startsSo = (name: unknown, typed: string): boolean => beginsWith(formsOf(folded(name)), formsOf(folded(typed)));

/** Whether it stands in a name, but for case, spaces and accents. */
export function isPartOf(typed: string, name: unknown): boolean {
  const [whole, part] = [formsOf(folded(name)), formsOf(folded(typed))];
  return whole.plain.includes(part.plain) || whole.spelledOut.includes(part.spelledOut);
}

/**
 * Whether every word of `typed` is a word of `name`, or the beginning of one. Accents and apostrophes do not matter. A text without words
 * fits nothing.
 */
export function fits(typed: string, name: unknown): boolean {
  const [whole, part] = [folded(name), folded(typed)];
  const words = [...new Set([...wordsIn(whole), ...wordsIn(closedUp(whole))])].map(formsOf);
  return [part, closedUp(part)].some((said) => {
    const sought = wordsIn(said).map(formsOf);
    return sought.length > 0 && sought.every((one) => words.some((word) => beginsWith(word, one) || isSame(word, one)));
  });
}

/** Without apostrophes: `omalley` for `o'malley`. */
export const closedUp = (text: string): string => text.replace(/(?<=\p{L})['’ʼ‘`´](?=\p{L})/gu, '');

/** The same with the accents as they are. */
function fitsAsSpelled(typed: string, name: unknown): boolean {
  const [words, sought] = [wordsIn(folded(name)), wordsIn(folded(typed))];
  return sought.length > 0 && sought.every((one) => words.some((word) => word.startsWith(one)));
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
  const asTyped = all.some((one) => !same.includes(one) && fitsAsSpelled(typed, nameOf(one)));
  const left = same.length > 0 && !asTyped ? same : all;
  return left.length === 1 ? left[0] : undefined;
}
