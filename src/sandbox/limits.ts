import { tooManyPerDay, tooManyPerMinute } from './errors.ts';
import { orgDate, secondsToOrgMidnight } from './org-time.ts';
import type { Store } from './store.ts';

/** Zoho's limits (Zoho docs, plan Professional). All of them can be changed, and the windows too, so that tests need not wait. */
export interface Limits {
  /** requests per minute of the organization */
  per_minute: number;
  /** the length of this minute, in milliseconds */
  minute_ms: number;
  /** requests per day of the organization */
  per_day: number;
  /** requests in process at once, per sandbox process */
  concurrent: number;
  /** how many access tokens one refresh token can get in one window */
  access_tokens: number;
  /** the length of this window, in milliseconds */
  access_tokens_window_ms: number;
  /** valid access tokens per refresh token; one more token ends the oldest token without notice */
  live_access_tokens: number;
  /** lifetime of an access token, in seconds */
  access_token_seconds: number;
  /** lifetime of a grant code, in seconds */
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

/** Applies the changes to known limits with finite numbers of zero or more. Returns the names that it refused. */
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

/** Counts one call for the minute and the day. The counters are in the books, so all processes that serve the books share them. */
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

/** The daily quota headers of every Books reply. Reset is in seconds until midnight at the organization (live recording). */
export function quotaHeaders(store: Store, limits: Limits, now: number): Record<string, string> {
  const counter = store.get<Counter>("SELECT window_start, count FROM counters WHERE name = 'day'");
  const used = counter && orgDate(counter.window_start) === orgDate(now) ? counter.count : 0;
  return {
    'x-rate-limit-limit': String(limits.per_day),
    'x-rate-limit-remaining': String(Math.max(0, limits.per_day - used)),
    'x-rate-limit-reset': String(secondsToOrgMidnight(now)),
  };
}
