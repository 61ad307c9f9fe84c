import { tooManyPerDay, tooManyPerMinute } from './errors.ts';
import { orgDate, secondsToOrgMidnight } from './org-time.ts';
import type { Store } from './store.ts';

/** Zoho's limits (Zoho docs, plan Professional). Every one can be changed, the windows included, so that tests need not wait. */
export interface Limits {
  /** requests per minute of the organization */
  per_minute: number;
  /** how long that minute is, in milliseconds */
  minute_ms: number;
  /** requests per day of the organization */
  per_day: number;
  /** requests in process at once, per sandbox process */
  concurrent: number;
  /** access tokens one refresh token may ask for in one window */
  access_tokens: number;
  /** how long that window is, in milliseconds */
  access_tokens_window_ms: number;
  /** access tokens of one refresh token alive at once; the oldest dies silently */
  live_access_tokens: number;
  /** life of an access token, in seconds */
  access_token_seconds: number;
  /** life of a grant code, in seconds */
  code_seconds: number;
}

export const ZOHO_LIMITS: Readonly<Limits> = {
  per_minute: 100,
  minute_ms: 60_000,
  per_day: 5000,
  concurrent: 10,
  access_tokens: 10,
  access_tokens_window_ms: 600_000,
  live_access_tokens: 10,
  access_token_seconds: 3600,
  code_seconds: 120,
};

/** Takes over the known names with finite numbers above zero; returns the names it did not know or could not use. */
export function changeLimits(limits: Limits, changes: Record<string, unknown>): string[] {
  const refused: string[] = [];
  for (const [name, value] of Object.entries(changes)) {
    if (name in ZOHO_LIMITS && typeof value === 'number' && Number.isFinite(value) && value >= 0) {
      limits[name as keyof Limits] = value;
    } else {
      refused.push(name);
    }
  }
  return refused;
}

interface Counter {
  window_start: number;
  count: number;
}

/** Counts one call against the minute and the day. Both counters are in the books, so every process serving them counts together. */
export function countCall(store: Store, limits: Limits, now: number): void {
  const minute = countIn(store, 'minute', now, (start) => now >= start + limits.minute_ms || now < start);
  if (minute > limits.per_minute) throw tooManyPerMinute();
  const today = orgDate(now);
  const day = countIn(store, 'day', now, (start) => orgDate(start) !== today);
  if (day > limits.per_day) throw tooManyPerDay(limits.per_day);
}

function countIn(store: Store, name: string, now: number, over: (start: number) => boolean): number {
  const counter = store.get<Counter>('SELECT window_start, count FROM counters WHERE name = ?', name);
  const count = counter && !over(counter.window_start) ? counter.count + 1 : 1;
  const start = counter && count > 1 ? counter.window_start : now;
  store.run(
    'INSERT INTO counters (name, window_start, count) VALUES (?, ?, ?) ' +
      'ON CONFLICT (name) DO UPDATE SET window_start = excluded.window_start, count = excluded.count',
    name,
    start,
    count,
  );
  return count;
}

/** The daily quota as every Books reply carries it; reset is seconds until the organization's midnight (live recording). */
export function quotaHeaders(store: Store, limits: Limits, now: number): Record<string, string> {
  const counter = store.get<Counter>("SELECT window_start, count FROM counters WHERE name = 'day'");
  const used = counter && orgDate(counter.window_start) === orgDate(now) ? counter.count : 0;
  return {
    'x-rate-limit-limit': String(limits.per_day),
    'x-rate-limit-remaining': String(Math.max(0, limits.per_day - used)),
    'x-rate-limit-reset': String(secondsToOrgMidnight(now)),
  };
}
