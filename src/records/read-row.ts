import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';

/**
 * Fields of Zoho's rows, read before they are compared: whatever type they come in, the same id, day or amount reads the same.
 * Undefined is "not told by Zoho": such a field is never equal to another, and never different from it either.
 */

/** Of a refund, in its payment's currency. The amount in the base currency stands for it only where the row has no other. */
export function readRefundAmount({ amount, amount_fcy, amount_bcy }: Json): number | undefined {
  return readAmount(amount === undefined ? (amount_fcy === undefined ? amount_bcy : amount_fcy) : amount);
}

/** An id as a string of its digits. A number above 2^53 has lost some, so it tells none. */
export function readId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?$/;

/**
 * A day of the calendar as `yyyy-mm-dd`, also where it is written 2026/06/22, or with a time, of which it is the day as written.
 * Only with the year first: 06/07/2026 is June in one country and July in another.
 */
export function readDay(value: unknown): string | undefined {
  const [, year = '', , month = '', day = ''] = YEAR_FIRST.exec(typeof value === 'string' ? value.trim() : '') ?? [];
  const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${written}T00:00:00Z`);
  // The 31st of June parses as the 1st of July.
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === written ? written : undefined;
}

/** A text that is not empty, as it stands. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Yes or no, also as text. */
export function readFlag(value: unknown): boolean | undefined {
  return value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined;
}

/** Of what may be undefined, not told: false where one is, else undefined where one is. */
export function every(marks: readonly (boolean | undefined)[]): boolean | undefined {
  return marks.includes(false) ? false : marks.includes(undefined) ? undefined : true;
}

/** Only a moment in full: without a zone it could be any hour of two days. */
export function instantOf(value: unknown): number | undefined {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value) ? Date.parse(value) : NaN;
  return Number.isFinite(time) ? time : undefined;
}
