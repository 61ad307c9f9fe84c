import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusyError } from '../errors.ts';
import { HOUR_MS, MINUTE_MS } from '../time.ts';
import type { Shared, Sql } from './shared-state.ts';

/**
 * Zoho's limits, kept by all processes of this machine together: calls a minute, calls at once, and what is left of the day.
 * Calls go in the order they came, approved writes before reads. Source: Zoho Books API introduction, and recordings of its
 * `x-rate-limit-*` headers; it sends no Retry-After.
 */

export interface LimitsOptions {
  readonly shared: Shared;
  /** Zoho allows 100 a minute to the whole organization. */
  readonly perMinute?: number | undefined;
  /** Zoho allows 5 at once in the free plan, 10 in others. */
  readonly concurrent?: number | undefined;
  readonly minuteMs?: number | undefined;
  /** How long a call waits for its place before it is told to come back. */
  readonly patienceMs?: number | undefined;
  /** First pause of everyone after Zoho's 1070; ten times as long after 44. Doubled each time in a row. */
  readonly pauseMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/** Writes that were approved go before reads. */
export type Rank = 'write' | 'read';

export interface Place {
  /** Must be called, whatever became of the call. After Zoho's own refusal for a limit it tells until when everyone pauses. */
  leave(reply?: Reply): Promise<number | undefined>;
}

/** What an answer tells of the limits. */
export interface Reply {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly refused?: Why | undefined;
}

/** The limit that is in the way, by Zoho's code: calls of this minute, calls of the day, calls at once. */
export type Why = '44' | '45' | '1070';

export interface Limits {
  /** Waits for a place among the calls to Zoho. Throws BusyError when none comes in time, at once when the day is used up. */
  enter(rank: Rank, signal?: AbortSignal): Promise<Place>;
  quota(): Promise<Quota>;
}

/** Times are ISO 8601. */
export interface Quota {
  readonly minute: { readonly most: number; readonly used: number };
  readonly concurrent: { readonly most: number; readonly used: number };
  /** As Zoho told with its last answer; undefined before the first. */
  readonly day?: { readonly most?: number; readonly remaining: number; readonly resets_at: string; readonly as_of: string };
  /** Nobody calls before then. */
  readonly paused_until?: string;
}

/** A call that takes longer has lost its process: an exchange is given up after 20 s. */
const LEASE_MS = 30_000;
/** Whoever waits says so that often; who does not is gone. */
const GONE_MS = 3_000;
/** When Zoho says that the day is used up, and never said when it ends. */
const DAY_PAUSE_MS = HOUR_MS;
const LONGEST_PAUSE_MS = MINUTE_MS;
/** With the hour that a clock change adds. */
const LONGEST_DAY_MS = 25 * HOUR_MS;
/** What was done is counted in slots of a sixtieth of Zoho's minute. */
const SLOTS = 60;
const COUNT_DONE = 'INSERT INTO done (slot, calls) VALUES (?, 1) ON CONFLICT (slot) DO UPDATE SET calls = calls + 1';

const ranks: Record<Rank, number> = { write: 0, read: 1 };

interface Waiting {
  readonly id: string;
  readonly rank: Rank;
  readonly since: number;
  readonly admit: (place: Place) => void;
  readonly fail: (error: unknown) => void;
}

export function createLimits({
  shared,
  perMinute = 100,
  concurrent = 5,
  minuteMs = MINUTE_MS,
  patienceMs = 20_000,
  pauseMs = 500,
  now = Date.now,
}: LimitsOptions): Limits {
  const queue: Waiting[] = [];
  const slotOf = (at: number) => Math.floor((at * SLOTS) / minuteMs);
  let serving = false;
  let wake = () => {};

  const placeOf = (id: string): Place => ({
    async leave(reply) {
      const until = await shared.write((sql) => {
        const at = now();
        sql.run('DELETE FROM calls WHERE id = ?', id);
        sql.run(COUNT_DONE, slotOf(at));
        if (reply === undefined) return undefined;
        noteDay(sql, reply.headers, at);
        if (reply.refused !== undefined) return pauseFor(sql, reply.refused, at);
        sql.run('DELETE FROM pauses WHERE until <= ?', at);
        return undefined;
      });
      wake();
      return until;
    },
  });

  const pauseFor = (sql: Sql, why: Why, at: number): number => {
    const earlier = sql.get<{ until: number; times: number }>('SELECT until, times FROM pauses WHERE code = ?', why);
    // Calls that were on their way together are refused together.
    if (earlier !== undefined && earlier.until > at) return earlier.until;
    const times = (earlier?.times ?? 0) + 1;
    const pause = Math.min(LONGEST_PAUSE_MS, pauseMs * (why === '44' ? 10 : 1) * 2 ** (times - 1)) * (0.75 + Math.random() / 2);
    const midnight = sql.get<{ resets_at: number }>('SELECT resets_at FROM day WHERE resets_at > ?', at)?.resets_at ?? at + DAY_PAUSE_MS;
    const until = why === '45' ? midnight : Math.ceil(at + pause);
    sql.run('INSERT OR REPLACE INTO pauses (code, until, times) VALUES (?, ?, ?)', why, until, times);
    return until;
  };

  /** Goes ahead, or stands in line and says what for and until when at the earliest. */
  const tryEnter = (sql: Sql, { id, rank, since }: Waiting): { readonly why: Why; readonly until: number } | undefined => {
    const at = now();
    // What lies further ahead than it ever can is of a clock that was set back since.
    sql.run('DELETE FROM waiting WHERE seen <= ? OR seen > ?', at - GONE_MS, at + GONE_MS);
    sql.run("DELETE FROM pauses WHERE until > ? + iif(code = '45', ?, ?)", at, LONGEST_DAY_MS, 2 * LONGEST_PAUSE_MS);
    const pause = sql.get<{ code: string; until: number }>(
      'SELECT code, until FROM pauses WHERE until > ? ORDER BY until DESC LIMIT 1',
      at,
    );
    const counted = countedBy(sql, at);
    const before =
      sql.get<{ n: number }>(
        'SELECT count(*) AS n FROM waiting WHERE id <> ?1 AND (rank, since, id) < (?2, ?3, ?1)',
        id,
        ranks[rank],
        since,
      )?.n ?? 0;
    if (pause === undefined && Math.min(perMinute - counted.minute, concurrent - counted.atOnce) > before) {
      sql.run('DELETE FROM waiting WHERE id = ?', id);
      sql.run('INSERT INTO calls (id, pid, entered) VALUES (?, ?, ?)', id, process.pid, at);
      return undefined;
    }
    sql.run('INSERT OR REPLACE INTO waiting (id, rank, since, seen) VALUES (?, ?, ?, ?)', id, ranks[rank], since, at);
    if (pause !== undefined) return { why: pause.code as Why, until: pause.until };
    if (counted.minute >= perMinute) return { why: '44', until: counted.freeAt };
    return { why: '1070', until: at };
  };

  /** A call counts until a minute after it left: Zoho may have begun to count it only then. */
  const countedBy = (sql: Sql, at: number) => {
    let atOnce = 0;
    for (const { id, pid, entered } of sql.all<{ id: string; pid: number; entered: number }>('SELECT * FROM calls')) {
      if (entered > at - LEASE_MS && entered <= at + LEASE_MS && (pid === process.pid || isAlive(pid))) {
        atOnce += 1;
        continue;
      }
      sql.run('DELETE FROM calls WHERE id = ?', id);
      sql.run(COUNT_DONE, slotOf(at));
    }
    sql.run('DELETE FROM done WHERE slot < ? OR slot > ?', slotOf(at - minuteMs), slotOf(at) + 1);
    const { calls, oldest } = sql.get<{ calls: number; oldest: number | null }>(
      'SELECT coalesce(sum(calls), 0) AS calls, min(slot) AS oldest FROM done',
    )!;
    return { minute: calls + atOnce, atOnce, freeAt: (((oldest ?? slotOf(at)) + 1) * minuteMs) / SLOTS + minuteMs };
  };

  /** Out of the queue, if it is still in it. */
  const isLeft = (waiting: Waiting): boolean => {
    const index = queue.indexOf(waiting);
    if (index >= 0) queue.splice(index, 1);
    return index >= 0;
  };

  const leaveLine = async ({ id }: Waiting) =>
    void (await shared.write((sql) => sql.run('DELETE FROM waiting WHERE id = ?', id)).catch(() => undefined));

  /** One of this process stands in the line of all processes; the others stand behind it here. */
  const serve = async (waiting: Waiting): Promise<void> => {
    const wait = await shared.write((sql) => tryEnter(sql, waiting)).catch((error: unknown) => ({ error }));
    if (wait === undefined) {
      const place = placeOf(waiting.id);
      if (isLeft(waiting)) waiting.admit(place);
      // Whoever wanted it is gone.
      else await place.leave().catch(() => undefined);
    } else if ('error' in wait) {
      if (isLeft(waiting)) waiting.fail(wait.error);
    } else if (wait.why === '45' || Math.max(wait.until, now()) - waiting.since > patienceMs) {
      void leaveLine(waiting);
      if (isLeft(waiting)) waiting.fail(comeBack(wait.why, wait.until));
    } else {
      const long = Math.max(0, Math.min(GONE_MS / 2, wait.until - now()));
      await Promise.race([sleep(long + 5 + Math.random() * 25), new Promise<void>((resolve) => (wake = resolve))]);
    }
  };

  const serveAll = async () => {
    if (serving) return wake();
    serving = true;
    for (let waiting; (waiting = queue[0]) !== undefined;) {
      try {
        await serve(waiting);
      } catch (error) {
        if (isLeft(waiting)) waiting.fail(error);
      }
    }
    // In the same tick in which nobody was left: whoever comes next begins anew.
    serving = false;
  };

  return {
    enter(rank, signal) {
      return new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        const since = now();
        const abort = () => {
          if (!isLeft(waiting)) return;
          reject(signal?.reason as Error);
          void leaveLine(waiting);
        };
        const waiting: Waiting = {
          id: randomUUID(),
          rank,
          since,
          admit: (place) => (signal?.removeEventListener('abort', abort), resolve(place)),
          fail: (error) => (signal?.removeEventListener('abort', abort), reject(error as Error)),
        };
        signal?.addEventListener('abort', abort, { once: true });
        const behind = queue.findIndex((other) => ranks[other.rank] > ranks[rank]);
        queue.splice(behind < 0 ? queue.length : behind, 0, waiting);
        void serveAll();
      });
    },

    async quota() {
      return await shared.write((sql) => {
        const at = now();
        const { minute, atOnce } = countedBy(sql, at);
        const day = sql.get<{ most: number | null; remaining: number; resets_at: number; seen_at: number }>('SELECT * FROM day');
        const pause = sql.get<{ until: number | null }>('SELECT max(until) AS until FROM pauses WHERE until > ?', at)?.until;
        return {
          minute: { most: perMinute, used: minute },
          concurrent: { most: concurrent, used: atOnce },
          ...(day && {
            day: {
              ...(day.most !== null && { most: day.most }),
              remaining: day.remaining,
              resets_at: iso(day.resets_at),
              as_of: iso(day.seen_at),
            },
          }),
          ...(pause != null && { paused_until: iso(pause) }),
        };
      });
    },
  };
}

const iso = (at: number) => new Date(at).toISOString();

function comeBack(why: Why, until: number): BusyError {
  const at = iso(until);
  switch (why) {
    case '45':
      return dayUsedUp(until);
    case '44':
      return new BusyError("Zoho's calls of this minute are used up, or Zoho asked everyone to pause.", {
        code: 'minute_limit',
        next: `Make the same call again after ${at}.`,
        retryAt: new Date(until),
      });
    case '1070':
      return new BusyError('Too many calls to Zoho at once, from this machine or from elsewhere.', {
        code: 'concurrency_limit',
        next: 'Make the same call again in a little while.',
        retryAt: new Date(until),
      });
  }
}

/** Until the organization's midnight. */
export function dayUsedUp(until: number, zoho?: BusyError['zoho']): BusyError {
  return new BusyError("The organization has used up Zoho's calls for today.", {
    code: 'day_limit',
    next:
      `Tell the user; calls are possible again at ${iso(until)}, when the day ends where the organization is. ` +
      'Until then Zoho is not asked.',
    retryAt: new Date(until),
    zoho,
  });
}

/** What is left of the day: `x-rate-limit-reset` is in whole seconds from now. */
function noteDay(sql: Sql, headers: Readonly<Record<string, string | string[] | undefined>>, at: number): void {
  const told = ['limit', 'remaining', 'reset'].map((name) => Math.trunc(Number(headers[`x-rate-limit-${name}`] ?? NaN))) as [
    number,
    number,
    number,
  ];
  const [most, remaining, reset] = told.map((value) => (Number.isSafeInteger(value) ? value : undefined));
  // Whatever else a gateway may put there is no day.
  if (remaining === undefined || reset === undefined || reset < 0 || reset * 1000 >= LONGEST_DAY_MS) return;
  sql.run(
    'INSERT OR REPLACE INTO day (one, most, remaining, resets_at, seen_at) VALUES (1, ?, ?, ?, ?)',
    most ?? null,
    remaining,
    Math.ceil((at + reset * 1000 + 1) / 1000) * 1000,
    at,
  );
}

/** A process that was killed gives its places back at once. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
