import { InputError } from '../errors.ts';
import { DAY_MS } from '../time.ts';

/** Days of the calendar, `yyyy-mm-dd`: compared as they stand. */

/** From one day to another, both in it; open where an end is missing. */
export interface Days {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** What is no day is given back as it stands. */
export function daysAfter(day: string, days: number): string {
  const after = new Date(Date.parse(day) + days * DAY_MS);
  return Number.isFinite(after.getTime()) ? after.toISOString().slice(0, 10) : day;
}

/** For what has a date, the newest first. */
export function newestFirst(a: { readonly date?: unknown }, b: { readonly date?: unknown }): number {
  const [one, other] = [String(a.date ?? ''), String(b.date ?? '')];
  return one === other ? 0 : one < other ? 1 : -1;
}

/** How many days later the second is; less than 0 where it is earlier. NaN where one is no day, which is neither near nor far. */
export function daysFrom(day: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(day)) / DAY_MS);
}

export function isWithin(day: string | undefined, { start, end }: Days): boolean {
  if (start === undefined && end === undefined) return true;
  return day !== undefined && (start === undefined || day >= start) && (end === undefined || day <= end);
}

/** The range that two arguments name. */
export function daysOf({
  date_start,
  date_end,
}: {
  readonly date_start?: string | undefined;
  readonly date_end?: string | undefined;
}): Days {
  if (date_start === undefined || date_end === undefined || date_start <= date_end) return { start: date_start, end: date_end };
  throw new InputError(`date_start ${date_start} is after date_end ${date_end}.`, {
    code: 'invalid_arguments',
    next: `Call again with date_start ${date_end} and date_end ${date_start}, if that is the range that is meant.`,
  });
}

/** The same range as arguments. */
export function asArguments({ start, end }: Days): { readonly date_start?: string; readonly date_end?: string } {
  return { ...(start !== undefined && { date_start: start }), ...(end !== undefined && { date_end: end }) };
}

/** `2026-06-01 to 2026-06-30`. */
export function aboutDays({ start, end }: Days): string {
  if (start === end) return start ?? 'all dates';
  if (end === undefined) return `from ${start} on`;
  return start === undefined ? `up to ${end}` : `${start} to ${end}`;
}
