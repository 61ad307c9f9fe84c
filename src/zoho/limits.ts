import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusyError } from '../errors.ts';
import { HOUR_MS, MINUTE_MS } from '../time.ts';
import { endOf } from './call-end.ts';
import type { Shared, Sql } from './shared-state.ts';

/**
 * Enforces Zoho's rate limits for all processes of this machine together: calls per minute, calls at once, and calls per day.
 * Calls queue in order of arrival, approved writes before reads. Source: Zoho Books API introduction, and recordings of its
 * `x-rate-limit-*` headers. No recording has a Retry-After, but it is respected if it comes.
 */

export interface LimitsOptions {
  readonly shared: Shared;
  /** Zoho allows 100 per minute for the whole organization. */
  readonly perMinute?: number | undefined;
  /** Zoho allows 5 at once in the free plan, 10 in other plans. */
  readonly concurrent?: number | undefined;
  readonly minuteMs?: number | undefined;
  /** The longest wait in the queue, even if the call has a later deadline. Hosts cancel a call after 60 s. */
  readonly patienceMs?: number | undefined;
  /** The first pause of all calls after Zoho's code 1070. After code 44 it is ten times as long. Each further refusal doubles it. */
  readonly pauseMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/** The priority in the queue: approved writes go before reads. */
export type Rank = 'write' | 'read';

export interface Place {
  /** Must be called after every call. If Zoho refused the call for a limit, returns the time until which all calls pause. */
  leave(reply?: Reply): Promise<number | undefined>;
}

/** The facts of an answer that the limits need. */
export interface Reply {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly refused?: Why | undefined;
}

/** Zoho's code of the reached limit. 44: calls per minute. 45: calls per day. 1070: calls at once. */
export type Why = '44' | '45' | '1070';

export interface Limits {
  /**
   * Waits for a place among the calls to Zoho, until the deadline of `signal`. Throws BusyError with `retryAt` if no place is free in
   * time: immediately if that is known, for example when the day is used up.
   */
  enter(rank: Rank, signal?: AbortSignal): Promise<Place>;
  quota(): Promise<Quota>;
}

/** Times are ISO 8601. */
export interface Quota {
  readonly minute: { readonly most: number; readonly used: number; readonly left: number };
  readonly concurrent: { readonly most: number; readonly used: number };
  /** From Zoho's last answer; undefined before the first answer. */
  readonly day?: { readonly most?: number; readonly remaining: number; readonly resets_at: string; readonly as_of: string };
  /** No process calls Zoho before this time. */
  readonly paused_until?: string;
}

/** The lease of a place. A call that takes longer belongs to a dead process, because every exchange ends after 20 s. */
const LEASE_MS = 30_000;
/** A waiting call must renew its place in the queue within this time. Otherwise the place is removed. */
const GONE_MS = 3_000;
/** The time that a call has after its deadline to end by itself. */
const OVERDUE_MS = 1_000;
/** The pause when the calls of the day are used up, if Zoho never said when the day ends. */
const DAY_PAUSE_MS = HOUR_MS;
const LONGEST_PAUSE_MS = MINUTE_MS;
/** 24 hours, and one more hour for the change from daylight saving time. */
const LONGEST_DAY_MS = 25 * HOUR_MS;
/** Finished calls are counted in slots of one sixtieth of Zoho's minute. */
const SLOTS = 60;
const COUNT_DONE = 'INSERT INTO done (slot, calls) VALUES (?, 1) ON CONFLICT (slot) DO UPDATE SET calls = calls + 1';

const ranks: Record<Rank, number> = { write: 0, read: 1 };

interface Waiting {
  readonly id: string;
  readonly rank: Rank;
  readonly since: number;
  /** Arrival and deadline by the monotonic clock. */
  readonly entered: number;
  readonly end: number;
  /** The limit that the call waits for, and the earliest end of the wait, as computed last. */
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
    // Zoho refuses all calls that were in flight together, so they count as one refusal.
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

  /** Takes a place and returns undefined. Or queues the call and returns a function: the number of calls ahead gives the expected wait. */
  const tryEnter = (sql: Sql, { id, rank, since }: Waiting): ((ahead: number) => Line) | undefined => {
    const at = now();
    // A time in the future was noted before the clock was set back.
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

  /** The time when this number of places of the minute is free again, if all calls start as early as possible. */
  const freeAt = (places: number, done: readonly CallsOfSlot[], at: number): number => {
    const rounds = Math.floor((places - 1) / perMinute);
    let left = places - rounds * perMinute;
    const last = done.find(({ calls }) => (left -= calls) <= 0);
    // Calls in flight have not ended yet, so their minute begins later.
    const first = last === undefined ? at + minuteMs : ((last.slot + 1) * minuteMs) / SLOTS + minuteMs;
    return first + rounds * minuteMs;
  };

  /** The calls that count now. A call counts until a minute after its end, because Zoho may count it from its end on. */
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

  /** Removes a call from the queue. Returns true if it was still there. */
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
    // For 44 it is known when places of the minute are free again. For 1070 it is not known when other calls get their answers, so a call
    // waits until its deadline. At the deadline the call ends with its own error; this code ends only calls that do not end by then.
    return why === '44' ? wait > left : left <= -OVERDUE_MS;
  };

  /** Serves the first waiting call of this process. Only this call waits in the queue of all processes; the others wait behind it. */
  const serve = async (waiting: Waiting): Promise<void> => {
    const wait = await shared.write((sql) => tryEnter(sql, waiting)).catch((error: unknown) => ({ error }));
    if (wait === undefined) {
      const place = placeOf(waiting.id);
      if (isLeft(waiting)) waiting.admit(place);
      // The call was aborted meanwhile.
      else await place.leave().catch(() => undefined);
    } else if ('error' in wait) {
      if (isLeft(waiting)) waiting.fail(wait.error);
    } else {
      // Also checks the calls behind it: a call that cannot get a place in time fails now, so that its caller can retry soon.
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
    // Set in the same tick in which the queue became empty, so that the next call starts the loop again.
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
        // Ignore the number if its day is over.
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

/** Adds the time of the next free place to the error of a call whose deadline passed in the queue. */
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
      return new BusyError("Zoho's calls for this minute are used up, or Zoho asked for a pause.", {
        code: 'minute_limit',
        next: `Make the same call again after ${at}.`,
        retryAt: new Date(until),
      });
    case '1070':
      return new BusyError('There are too many calls to Zoho at once, from this machine or other programs.', {
        code: 'concurrency_limit',
        next: 'Make the same call again in a little while.',
        retryAt: new Date(until),
      });
  }
}

/** The error if the day is used up, until the organization's midnight. */
export function dayUsedUp(until: number, zoho?: BusyError['zoho']): BusyError {
  return new BusyError("The organization has used up Zoho's calls for today.", {
    code: 'day_limit',
    next:
      `Tell the user: calls are possible again at ${iso(until)}, at midnight in the organization's time zone. ` +
      'Until then the server does not call Zoho.',
    retryAt: new Date(until),
    zoho,
  });
}

/** The wait in Zoho's `Retry-After` header (seconds or a date), in milliseconds; 0 without the header. */
function retryAfter(headers: Readonly<Record<string, string | string[] | undefined>>, at: number): number {
  const told = String(headers['retry-after'] ?? '');
  const ms = /^\d+$/.test(told) ? Number(told) * 1000 : Date.parse(told) - at;
  return ms > 0 ? ms : 0;
}

/** Stores the calls left today. `x-rate-limit-reset` is in whole seconds from now. */
function noteDay(sql: Sql, headers: Readonly<Record<string, string | string[] | undefined>>, at: number): void {
  const told = ['limit', 'remaining', 'reset'].map((name) => Math.trunc(Number(headers[`x-rate-limit-${name}`] ?? NaN))) as [
    number,
    number,
    number,
  ];
  const [most, remaining, reset] = told.map((value) => (Number.isSafeInteger(value) ? value : undefined));
  // Ignore other values, which a gateway may send.
  if (remaining === undefined || reset === undefined || reset < 0 || reset * 1000 >= LONGEST_DAY_MS) return;
  sql.run(
    'INSERT OR REPLACE INTO day (one, most, remaining, resets_at, seen_at) VALUES (1, ?, ?, ?, ?)',
    most ?? null,
    remaining,
    Math.ceil((at + reset * 1000 + 1) / 1000) * 1000,
    at,
  );
}

/** True if the process still runs. The places of a dead process become free at once. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
