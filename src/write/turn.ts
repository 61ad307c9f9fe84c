import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessError, BusyError, PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { orAborted } from '../machine/or-aborted.ts';
import { osLocks, type OsLock } from '../machine/os-lock.ts';

/**
 * Turns: writes that touch the same payment, or for a new payment the same customer, go one after the other across all
 * processes of this machine. A turn is an operating-system lock on one of 64 files.
 */
export interface Turns {
  /** Waits for all of `names`. `what` is told to those who wait in vain: a tool's name, nothing of a customer. */
  take(
    names: readonly string[],
    what: string,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Turn>;
  close(): void;
}

export interface Turn {
  leave(): void;
}

const FILES = 64;
/** Less than a write may take before its claim: whoever waits in vain is still told for whom. */
const DEFAULT_TIMEOUT_MS = 12_000;

/** Which lock file a name means. Two names may share one: then they take turns without need, never without a lock. */
function fileOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % FILES;
}

export async function openTurns(dir: string): Promise<Turns> {
  const openLock = await osLocks();
  inStateDir(() => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  const locks = new Map<number, OsLock>();
  const queue = createQueue();
  let closed = false;

  const lockOf = (file: number): OsLock => {
    // Whoever still waits would take a lock that nobody ever gives back.
    if (closed) throw closing();
    const known = locks.get(file);
    if (known?.isInPlace()) return known;
    // Removed while nobody here held it. The turns' own folder is made again, and no more than that: without the one it is in, there is no
    // journal either.
    known?.close();
    locks.delete(file);
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    const lock = openLock(lockPath(dir, file));
    locks.set(file, lock);
    return lock;
  };

  /** Within the process first come, first served; between processes by trying, since an operating-system lock has no queue. */
  const takeFile = async (file: number, what: string, deadline: AbortSignal): Promise<() => void> => {
    const place = queue.stand(file);
    try {
      await orAborted(place.reached, deadline);
      while (!inStateDir(() => taken(lockOf(file)))) await sleep(5 + Math.random() * 25, undefined, { signal: deadline });
      tellHolder(dir, file, what);
      return () => {
        try {
          locks.get(file)?.free();
        } finally {
          place.leave();
        }
      };
    } catch (error) {
      place.leave();
      throw error;
    }
  };

  return {
    async take(names, what, { timeoutMs = DEFAULT_TIMEOUT_MS, signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      // In one order for everyone, so that no two can wait for each other.
      const files = [...new Set(names.map(fileOf))].toSorted((a, b) => a - b);
      const held: (() => void)[] = [];
      const leave = () => {
        for (const release of held.splice(0).toReversed()) release();
      };
      for (const file of files) {
        try {
          held.push(await takeFile(file, what, deadline));
        } catch (error) {
          leave();
          signal?.throwIfAborted();
          throw timeout.aborted ? stillHeld(dir, file, timeoutMs) : error;
        }
      }
      return { leave };
    },
    close() {
      closed = true;
      for (const lock of locks.values()) lock.close();
      locks.clear();
    },
  };
}

/** Taken, and still in place: it may have been removed just before. */
function taken(lock: OsLock): boolean {
  if (!lock.tryTake()) return false;
  if (lock.isInPlace()) return true;
  lock.free();
  return false;
}

/**
 * Runs a step on the folder for this server's state, without which nothing is written. What the disk refuses becomes an AccessError
 * (`state_dir_unusable`).
 */
export function inStateDir<T>(step: () => T, next = 'check that the folder is there, belongs to this user and has room.'): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof PaymentsError) throw cause;
    throw new AccessError(
      `The folder for this server's state cannot be used: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`,
      {
        code: 'state_dir_unusable',
        next,
        cause,
      },
    );
  }
}

const lockPath = (dir: string, file: number) => join(dir, `${String(file).padStart(2, '0')}.lock`);
const holderPath = (dir: string, file: number) => join(dir, `${String(file).padStart(2, '0')}.holder`);

/** For those who wait in vain. That it cannot be written (a full disk) keeps nobody from the turn. */
function tellHolder(dir: string, file: number, what: string): void {
  try {
    writeFileSync(holderPath(dir, file), JSON.stringify({ pid: process.pid, what, since: new Date().toISOString() }), { mode: 0o600 });
  } catch {
    // They are told "another process" then.
  }
}

function stillHeld(dir: string, file: number, timeoutMs: number): BusyError {
  let who = 'another process';
  try {
    const { pid, what, since } = JSON.parse(readFileSync(holderPath(dir, file), 'utf8')) as { pid: number; what: string; since: string };
    who = `process ${pid} (${what}, since ${since})`;
  } catch {
    // Whoever holds it has not said so yet.
  }
  return new BusyError(
    `Another write to the same payment or customer is not finished after ${timeoutMs / 1000} s; ${who} holds the turn.`,
    {
      code: 'turn_busy',
      next: 'Make the same call again in a little while.',
    },
  );
}

function closing(): BusyError {
  return new BusyError('This server is about to end, and begins nothing any more.', {
    code: 'server_ending',
    next: 'Make the same call again when it is back.',
  });
}

function createQueue() {
  const tails = new Map<number, Promise<void>>();
  return {
    /** A place behind all who stand there. `leave` passes on, also before the place was reached. */
    stand(file: number): { readonly reached: Promise<void>; leave(): void } {
      const reached = tails.get(file) ?? Promise.resolve();
      let leave = () => {};
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      const tail = Promise.all([reached, left]).then(() => undefined);
      tails.set(file, tail);
      void tail.finally(() => tails.get(file) === tail && tails.delete(file));
      return { reached, leave };
    },
  };
}
