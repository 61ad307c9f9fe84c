import { inQuotes } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { readAmount, formatMoney, precisionOf, type Currency } from '../money.ts';
import { ownModes } from './payment-mode.ts';

/** Shows values of records as text. Quotes text that could look like the server's own words; shows amounts exactly. */

/** Text from a record, in quotes, so that it cannot look like the server's own words. A cut text shows its full length. */
export function quoted(text: unknown, max = 80): string {
  return inQuotes(String(text ?? ''), max);
}

/** True if a quoted text in the line is cut. Text from a record cannot imitate this mark, because quotes in the text are escaped. */
export const hasCutText = (line: string): boolean => /…" \([\d,]+ characters\)/.test(line);

/** Zoho's own words for payment modes and for the status of a record. */
const ZOHOS_WORDS = new Set([
  ...ownModes,
  ...'paypal stripe draft viewed overdue unpaid partially_paid active inactive closed vendor'.split(' '),
]);

/** A number, a date or one of Zoho's own words, unchanged. Any other text is quoted. */
export function plain(text: unknown, max = 40): string {
  const word = String(text ?? '');
  const digits = word.replace(/\D/g, '').length;
  const letters = word.replace(/[^a-z]/gi, '').length;
  const saysNothing = /^[\w.,#/-]+$/.test(word) && (letters <= Math.max(4, digits) || ZOHOS_WORDS.has(word.toLowerCase()));
  return word.length <= max && saysNothing ? word : quoted(word, max);
}

/** An id, or `unknown`. */
export function idText(id: unknown): string {
  return id === undefined || id === '' ? 'unknown' : plain(id);
}

/** The lines that are not empty or false. */
export const lines = (...parts: readonly (string | false | undefined)[]): string[] =>
  parts.filter((part): part is string => typeof part === 'string' && part !== '');

/** The text for an amount that Zoho does not send, or that cannot be read. */
export const UNTOLD_AMOUNT = 'an unknown amount';

/** `USD 450.00`, in the currency of the record, or of a row of Zoho's answer. */
export function money(told: unknown, { currency_code, price_precision }: Currency | Json): string {
  const amount = readAmount(told);
  if (amount === undefined) return UNTOLD_AMOUNT;
  const code = typeof currency_code === 'string' ? plain(currency_code, 10) : undefined;
  return formatMoney(amount, code, precisionOf(code, price_precision));
}

/** Joins as many items as fit into `bytes`, but at least one. Counts the other items. */
export function listWithin(items: readonly string[], bytes: number): string {
  let left = bytes;
  const shown = items.filter((item, i) => {
    left -= Buffer.byteLength(item) + 2;
    return left >= 0 || i === 0;
  });
  const more = items.length - shown.length;
  return `${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

export function notChecked(what: readonly string[]): string {
  return what.length === 0 ? '' : `Not checked: ${what.join('; ')}.`;
}
