import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';

/**
 * Reads fields of Zoho's rows for comparison: the same id, day or amount always gives the same value, whatever its type in the answer.
 * Undefined means that Zoho does not show the value: the value is then neither equal to another value nor different from it.
 */

/** A refund's amount in its payment's currency. Uses the amount in the base currency only if the row has no other amount. */
export function readRefundAmount({ amount, amount_fcy, amount_bcy }: Json): number | undefined {
  return readAmount(amount === undefined ? (amount_fcy === undefined ? amount_bcy : amount_fcy) : amount);
}

/** An id as a string of digits. Undefined for a number above 2^53, because it has lost digits. */
export function readId(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? String(value) : undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  return text === '' ? undefined : text;
}

const YEAR_FIRST = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?$/;

/**
 * A date as `yyyy-mm-dd`. Also reads 2026/06/22, and a date with a time, without converting its time zone.
 * The year must come first: 06/07/2026 is June in one country and July in another.
 */
export function readDay(value: unknown): string | undefined {
  const [, year = '', , month = '', day = ''] = YEAR_FIRST.exec(typeof value === 'string' ? value.trim() : '') ?? [];
  const written = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${written}T00:00:00Z`);
  // JavaScript reads the 31st of June as the 1st of July.
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === written ? written : undefined;
}

/** A non-empty text, unchanged. */
export function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** A boolean, also from "true" or "false". */
export function readFlag(value: unknown): boolean | undefined {
  return value === true || value === 'true' ? true : value === false || value === 'false' ? false : undefined;
}

/** Logical AND of values that may be unknown: false if one is false, otherwise undefined if one is undefined. */
export function every(marks: readonly (boolean | undefined)[]): boolean | undefined {
  return marks.includes(false) ? false : marks.includes(undefined) ? undefined : true;
}

/** Milliseconds since 1970 of a date with time. Undefined for a date without a time. */
export function instantOf(value: unknown): number | undefined {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(value) ? Date.parse(value) : NaN;
  return Number.isFinite(time) ? time : undefined;
}
