import { inQuotes } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { readAmount, formatMoney, precisionOf, type Currency } from '../money.ts';
import { ownModes } from './payment-mode.ts';

/** Values of a record as text: quoted where they could pose as words of ours, exact where they are money. */

/** Text from a record, quoted and cut so that it cannot pose as our words. What is cut says how long it is. */
export function quoted(text: unknown, max = 80): string {
  return inQuotes(String(text ?? ''), max);
}

/** Whether a text that is quoted in a line is cut. Foreign text cannot say so, since quotes within it are escaped. */
export const hasCutText = (line: string): boolean => /…" \([\d,]+ characters\)/.test(line);

/** Words of Zoho's own, for modes of payment and the state of a record. */
const ZOHOS_WORDS = new Set([
  ...ownModes,
  ...'paypal stripe draft viewed overdue unpaid partially_paid active inactive closed vendor'.split(' '),
]);

/** A number, a date or a word of Zoho's as it stands; whatever could say more is quoted. */
export function plain(text: unknown, max = 40): string {
  const word = String(text ?? '');
  const digits = word.replace(/\D/g, '').length;
  const letters = word.replace(/[^a-z]/gi, '').length;
  const saysNothing = /^[\w.,#/-]+$/.test(word) && (letters <= Math.max(4, digits) || ZOHOS_WORDS.has(word.toLowerCase()));
  return word.length <= max && saysNothing ? word : quoted(word, max);
}

/** An id as it stands. */
export function idText(id: unknown): string {
  return id === undefined || id === '' ? 'not told' : plain(id);
}

/** Those lines that apply. */
export const lines = (...parts: readonly (string | false | undefined)[]): string[] =>
  parts.filter((part): part is string => typeof part === 'string' && part !== '');

/** Said in place of an amount that Zoho does not send, or sends as something that does not read as one. */
export const UNTOLD_AMOUNT = 'an amount not told by Zoho';

/** `USD 450.00`, in the currency of the record, or of a row as Zoho sent it. */
export function money(told: unknown, { currency_code, price_precision }: Currency | Json): string {
  const amount = readAmount(told);
  if (amount === undefined) return UNTOLD_AMOUNT;
  const code = typeof currency_code === 'string' ? plain(currency_code, 10) : undefined;
  return formatMoney(amount, code, precisionOf(code, price_precision));
}

/** As many as there is room for, one at least; the others are counted. */
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
