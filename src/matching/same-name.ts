import { MARK, oneLine } from '../foreign-text.ts';

/** Names as people type them, or as they were shown, against names as they stand in the books. */

/** Without case, doubled spaces and what cannot be seen; accents stay, they tell names apart. */
export function folded(name: unknown): string {
  return oneLine(String(name ?? ''), Infinity)
    .replaceAll(MARK, '')
    .normalize('NFKC')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** Every word of `typed` is in `name`, as its word or the beginning of one. What has no words fits nothing. */
export function fits(typed: string, name: unknown): boolean {
  const words = wordsIn(folded(name));
  const sought = wordsIn(folded(typed));
  return sought.length > 0 && sought.every((word) => words.some((one) => one.startsWith(word)));
}

/** The words of a text, without what stands between them. */
export const wordsIn = (text: string): string[] => text.split(/[^\p{L}\p{M}\p{N}]+/u).filter(Boolean);

/** Zoho's ids are 11 to 19 digits; shorter numbers are what people call things by. */
export const isId = (text: string): boolean => /^\d{10,25}$/.test(text);

/** Of several, the one called exactly so, or the only one there is. */
export function exactOrOnly<T>(typed: string, all: readonly T[], nameOf: (one: T) => unknown): T | undefined {
  const exact = all.filter((one) => folded(nameOf(one)) === folded(typed));
  const left = exact.length > 0 ? exact : all;
  return left.length === 1 ? left[0] : undefined;
}
