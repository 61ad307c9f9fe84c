import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BusyError } from '../errors.ts';
import { HOUR_MS, MINUTE_MS } from '../time.ts';
import { endOf } from './call-end.ts';
import type { Shared, Sql } from './shared-state.ts';

/**
 * Keeps Zoho's rate limits for all processes of this machine together: calls per minute, calls at once, and the calls left today.
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
  /** The longest wait in the queue, even if the call has a later deadline. Hosts give up after 60 s. */
  readonly patienceMs?: number | undefined;
  /** The first pause of all calls after Zoho's code 1070; ten times as long after 44. Doubles each time in a row. */
  readonly pauseMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/** Approved writes go before reads. */
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

/** The lease of a place. A call that takes longer belongs to a dead process, because an exchange is given up after 20 s. */
const LEASE_MS = 30_000;
/** A waiting call renews its place in the queue within this time; without renewal it is removed. */
const GONE_MS = 3_000;
/** The grace for a call to end by itself after its deadline. */
const OVERDUE_MS = 1_000;
/** The pause after a used-up day if Zoho never said when the day ends. */
const DAY_PAUSE_MS = HOUR_MS;
const LONGEST_PAUSE_MS = MINUTE_MS;
/** 24 hours, and one more for a clock change. */
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
  /** The limit that it waits for, and the earliest end of the wait, as last computed. */
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
    // Calls that were in flight together are refused together: count them as one refusal.
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

  /** Takes a place and returns undefined; or queues the call and returns a function from the number of calls ahead to their wait. */
  const tryEnter = (sql: Sql, { id, rank, since }: Waiting): ((ahead: number) => Line) | undefined => {
    const at = now();
    // A time too far in the future comes from before the clock was set back.
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

  /** The time when so many places of the minute are free again, if all calls start as early as possible. */
  const freeAt = (places: number, done: readonly CallsOfSlot[], at: number): number => {
    const rounds = Math.floor((places - 1) / perMinute);
    let left = places - rounds * perMinute;
    const last = done.find(({ calls }) => (left -= calls) <= 0);
    // The calls in flight have not left yet.
    const first = last === undefined ? at + minuteMs : ((last.slot + 1) * minuteMs) / SLOTS + minuteMs;
    return first + rounds * minuteMs;
  };

  /** The calls that count now. A call counts until a minute after its end, because Zoho may start to count it only then. */
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
    // It is known when places of the minute are free again, but not when other calls get their answers, so for 1070 a call waits until its
    // deadline. At the deadline the call ends with its own error; only a call that does not end by then is ended here.
    return why === '44' ? wait > left : left <= -OVERDUE_MS;
  };

  /** Serves the first call of this process, which queues for all of them among the processes. */
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
      // Also for the calls behind it: a call that cannot get a place in time fails now, so that its caller can retry in time.
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
    // In the same tick in which the queue became empty: the next call starts the loop again.
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
        // Ignore the number of a day that is over.
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

/** The wait that Zoho asks for, in milliseconds, from seconds or a date; 0 if there is none. */
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

/** True if the process lives. The places of a dead process are free at once. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
