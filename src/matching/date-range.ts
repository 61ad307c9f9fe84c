import { InputError } from '../errors.ts';
import { DAY_MS } from '../time.ts';

/** Calendar days as text, `yyyy-mm-dd`. They compare correctly as text. */

/** A range of days, including both ends. If `start` or `end` is omitted, the range has no limit on that side. */
export interface Days {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

/** Adds days to a day. Returns text that is no day unchanged. */
export function daysAfter(day: string, days: number): string {
  const after = new Date(Date.parse(day) + days * DAY_MS);
  return Number.isFinite(after.getTime()) ? after.toISOString().slice(0, 10) : day;
}

/** Sort order: newest date first. */
export function newestFirst(a: { readonly date?: unknown }, b: { readonly date?: unknown }): number {
  const [one, other] = [String(a.date ?? ''), String(b.date ?? '')];
  return one === other ? 0 : one < other ? 1 : -1;
}

/** Days from the first to the second day, negative if the second is earlier. NaN if either is no day. */
export function daysFrom(day: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(day)) / DAY_MS);
}

export function isWithin(day: string | undefined, { start, end }: Days): boolean {
  if (start === undefined && end === undefined) return true;
  return day !== undefined && (start === undefined || day >= start) && (end === undefined || day <= end);
}

/** The range of the two arguments. Throws if the start is after the end. */
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
    next: `Call again with date_start ${date_end} and date_end ${date_start}, if the user means that range.`,
  });
}

/** Turns a range back into the two arguments. */
export function asArguments({ start, end }: Days): { readonly date_start?: string; readonly date_end?: string } {
  return { ...(start !== undefined && { date_start: start }), ...(end !== undefined && { date_end: end }) };
}

/** Describes a range: `2026-06-01 to 2026-06-30`. */
export function aboutDays({ start, end }: Days): string {
  if (start === end) return start ?? 'all dates';
  if (end === undefined) return `from ${start} on`;
  return start === undefined ? `up to ${end}` : `${start} to ${end}`;
}
