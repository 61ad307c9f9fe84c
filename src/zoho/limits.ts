import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusyError } from '../errors.ts';
import { HOUR_MS, MINUTE_MS } from '../time.ts';
import { endOf } from './call-end.ts';
import type { Shared, Sql } from './shared-state.ts';

/**
 * Zoho's limits, kept by all processes of this machine together: calls a minute, calls at once, and what is left of the day.
 * Calls go in the order they came, approved writes before reads. Source: Zoho Books API introduction, and recordings of its
 * `x-rate-limit-*` headers; none of them shows a Retry-After, which is heeded where there is one.
 */

export interface LimitsOptions {
  readonly shared: Shared;
  /** Zoho allows 100 a minute to the whole organization. */
  readonly perMinute?: number | undefined;
  /** Zoho allows 5 at once in the free plan, 10 in others. */
  readonly concurrent?: number | undefined;
  readonly minuteMs?: number | undefined;
  /** The longest that a call waits for its place, whatever time it has itself. Hosts give up after 60 s. */
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
  /**
   * Waits for a place among the calls to Zoho, as long as the call of `signal` has. Throws BusyError with `retryAt` when none comes in
   * time: at once where that is known, as when the day is used up.
   */
  enter(rank: Rank, signal?: AbortSignal): Promise<Place>;
  quota(): Promise<Quota>;
}

/** Times are ISO 8601. */
export interface Quota {
  readonly minute: { readonly most: number; readonly used: number; readonly left: number };
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
/** A call has ended by itself by then, if it does. */
const OVERDUE_MS = 1_000;
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
  /** By the monotonic clock: when it came, and when its call ends. */
  readonly entered: number;
  readonly end: number;
  /** What it waits for, and until when at the earliest, as it was last seen. */
  line?: Line;
  readonly admit: (place: Place) => void;
  readonly fail: (error: unknown) => void;
}

interface Line {
  readonly why: Why;
  readonly until: number;
}

export function createLimits({
  shared,
  perMinute = 100,
  concurrent = 5,
  minuteMs = MINUTE_MS,
  patienceMs = 45_000,
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
        if (reply.refused !== undefined) return pauseFor(sql, reply.refused, at, retryAfter(reply.headers, at));
        sql.run('DELETE FROM pauses WHERE until <= ?', at);
        return undefined;
      });
      wake();
      return until;
    },
  });

  const pauseFor = (sql: Sql, why: Why, at: number, asked: number): number => {
    const earlier = sql.get<{ until: number; times: number }>('SELECT until, times FROM pauses WHERE code = ?', why);
    // Calls that were on their way together are refused together.
    if (earlier !== undefined && earlier.until > at) return earlier.until;
    const times = (earlier?.times ?? 0) + 1;
    const own = Math.min(LONGEST_PAUSE_MS, pauseMs * (why === '44' ? 10 : 1) * 2 ** (times - 1)) * (0.75 + Math.random() / 2);
    const pause = Math.max(own, Math.min(LONGEST_PAUSE_MS, asked));
    const day = asked > 0 ? Math.min(asked, LONGEST_DAY_MS) : DAY_PAUSE_MS;
    const midnight = sql.get<{ resets_at: number }>('SELECT resets_at FROM day WHERE resets_at > ?', at)?.resets_at ?? at + day;
    const until = why === '45' ? midnight : Math.ceil(at + pause);
    sql.run('INSERT OR REPLACE INTO pauses (code, until, times) VALUES (?, ?, ?)', why, until, times);
    return until;
  };

  /** Goes ahead, or stands in line: then it says what whoever has so many before it in this process waits for. */
  const tryEnter = (sql: Sql, { id, rank, since }: Waiting): ((ahead: number) => Line) | undefined => {
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
    if (pause !== undefined) return () => ({ why: pause.code as Why, until: pause.until });
    return (ahead) => {
      const taken = counted.minute + before + ahead + 1 - perMinute;
      return taken > 0 ? { why: '44', until: freeAt(taken, counted.done, at) } : { why: '1070', until: at };
    };
  };

  /** When so many places of the minute are free again, if everyone goes as soon as they can. */
  const freeAt = (places: number, done: readonly CallsOfSlot[], at: number): number => {
    const rounds = Math.floor((places - 1) / perMinute);
    let left = places - rounds * perMinute;
    const last = done.find(({ calls }) => (left -= calls) <= 0);
    // Those that are on their way have yet to leave.
    const first = last === undefined ? at + minuteMs : ((last.slot + 1) * minuteMs) / SLOTS + minuteMs;
    return first + rounds * minuteMs;
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
    const done = sql.all<CallsOfSlot>('SELECT slot, calls FROM done ORDER BY slot');
    return { minute: done.reduce((sum, { calls }) => sum + calls, 0) + atOnce, atOnce, done };
  };

  /** Out of the queue, if it is still in it. */
  const isLeft = (waiting: Waiting): boolean => {
    const index = queue.indexOf(waiting);
    if (index >= 0) queue.splice(index, 1);
    return index >= 0;
  };

  const leaveLine = async ({ id }: Waiting) =>
    void (await shared.write((sql) => sql.run('DELETE FROM waiting WHERE id = ?', id)).catch(() => undefined));

  const isTooLate = ({ end, entered }: Waiting, { why, until }: Line): boolean => {
    const patient = entered + patienceMs - performance.now();
    const left = end - performance.now();
    const wait = until - now();
    if (why === '45' || patient <= 0 || wait > patient) return true;
    // When a minute's places are free is known; when others have their answers is not, so that is waited for to the end. A call that ends
    // by itself says so in its own words: only what does not is ended here.
    return why === '44' ? wait > left : left <= -OVERDUE_MS;
  };

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
    } else {
      // Those behind it too: whoever gets no place in time hears of it now, and can come back in time.
      for (const [ahead, one] of [...queue].entries()) {
        one.line = wait(ahead);
        if (!isTooLate(one, one.line)) continue;
        if (one === waiting) void leaveLine(one);
        if (isLeft(one)) one.fail(comeBack(one.line));
      }
      if (queue[0] !== waiting) return;
      const soonest = Math.min(...queue.map(({ entered }) => entered + patienceMs)) - performance.now();
      const long = Math.max(0, Math.min(GONE_MS / 2, wait(0).until - now(), soonest));
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
          reject(withRetryAt(signal?.reason, waiting.line) as Error);
          void leaveLine(waiting);
        };
        const waiting: Waiting = {
          id: randomUUID(),
          rank,
          since,
          entered: performance.now(),
          end: endOf(signal),
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
        // What was left of a day that is over says nothing of this one.
        const day = sql.get<{ most: number | null; remaining: number; resets_at: number; seen_at: number }>(
          'SELECT * FROM day WHERE resets_at > ?',
          at,
        );
        const pause = sql.get<{ until: number | null }>('SELECT max(until) AS until FROM pauses WHERE until > ?', at)?.until;
        return {
          minute: { most: perMinute, used: minute, left: Math.max(0, perMinute - minute) },
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

interface CallsOfSlot {
  readonly slot: number;
  readonly calls: number;
}

/** Its time ended while it waited in the line: when it would have had its place is known. */
function withRetryAt(reason: unknown, line: Line | undefined): unknown {
  if (!(reason instanceof BusyError) || line === undefined || line.until <= (reason.retryAt?.getTime() ?? 0)) return reason;
  const { message, code } = reason;
  const next = `Make the same call again after ${iso(line.until)}.`;
  return new BusyError(message, { code, next, retryAt: new Date(line.until), cause: reason });
}

function comeBack({ why, until }: Line): BusyError {
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

/** How many milliseconds Zoho asks to wait, told in seconds or as a date; 0 where it does not. */
function retryAfter(headers: Readonly<Record<string, string | string[] | undefined>>, at: number): number {
  const told = String(headers['retry-after'] ?? '');
  const ms = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - at;
  return ms > 0 ? ms : 0;
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
