import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AccessError, BusyError, PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { orAborted } from '../machine/or-aborted.ts';
import { osLocks, type OsLock } from '../machine/os-lock.ts';
import type { HeldTurn } from './journal/journal.ts';
import { createTurnQueue } from './turn-queue.ts';

/**
 * Turns: locks that all processes share. Writes to the same payment run one after the other, and so do new payments of the same customer.
 * On one machine, a turn is an operating-system lock on one of 64 files; src/postgres/turns.ts has the turns of a team.
 */
export interface Turns {
  /**
   * Waits for the locks of all `names`. Throws BusyError (`turn_busy`, `server_ending`) or AccessError (`state_dir_unusable`). `what`: the
   * tool's name, without a customer's data. The errors of calls that time out while they wait for this turn show it.
   */
  take(
    names: readonly string[],
    what: string,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal | undefined },
  ): Promise<Turn>;
  close(): void;
}

export interface Turn {
  /** For the note `sent`, so that a holder that has lost its turn sends nothing. */
  readonly held: HeldTurn;
  leave(): void;
}

/** An operating-system lock is kept until its process ends, so this turn is never lost. */
const NEVER_LOST: HeldTurn = new Map();

const FILES = 64;
/** Shorter than the time limit before the claim, so that a call that waits too long can still say which process has the lock. */
export const TURN_TIMEOUT_MS = 12_000;

/** The lock file of a name. Two names may share a file: their writes then wait for each other without need, but always have a lock. */
function fileOf(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0) % FILES;
}

export async function openTurns(dir: string): Promise<Turns> {
  const openLock = await osLocks();
  inStateDir(() => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  const locks = new Map<number, OsLock>();
  const queue = createTurnQueue();
  let closed = false;

  const lockOf = (file: number): OsLock => {
    // Without this check, a call that still waits would take a lock after `close`, and nothing would release it.
    if (closed) throw turnsClosed();
    const known = locks.get(file);
    if (known?.isInPlace()) return known;
    // The file was removed while this process did not hold its lock. The folder of the turns is made again, but not its parent folder: if
    // the parent folder is missing, the journal is missing too.
    known?.close();
    locks.delete(file);
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    const lock = openLock(lockPath(dir, file));
    locks.set(file, lock);
    return lock;
  };

  /** Waits for one lock: in a queue within the process. Between processes it polls, because an operating-system lock has no queue. */
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
    async take(names, what, { timeoutMs = TURN_TIMEOUT_MS, signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      // Always in the same order, so that no two calls can wait for each other (deadlock).
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
      return { held: NEVER_LOST, leave };
    },
    close() {
      closed = true;
      for (const lock of locks.values()) lock.close();
      locks.clear();
    },
  };
}

/** Tries to take the lock. False too if its file was removed just before: such a lock protects nothing. */
function taken(lock: OsLock): boolean {
  if (!lock.tryTake()) return false;
  if (lock.isInPlace()) return true;
  lock.free();
  return false;
}

/**
 * Runs a step that uses the folder for this server's state. Every error except a PaymentsError becomes an AccessError
 * (`state_dir_unusable`), because no write is sent without this folder.
 */
export function inStateDir<T>(step: () => T, next = 'check that the folder exists, belongs to this user and has free space.'): T {
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

/** Notes which process holds a lock, for the errors of calls that time out. The turn is taken even if the note fails (disk full). */
function tellHolder(dir: string, file: number, what: string): void {
  try {
    writeFileSync(holderPath(dir, file), JSON.stringify({ pid: process.pid, what, since: new Date().toISOString() }), { mode: 0o600 });
  } catch {
    // Without the note, the error of other calls says "another process".
  }
}

function stillHeld(dir: string, file: number, timeoutMs: number): BusyError {
  let who: string | undefined;
  try {
    const { pid, what, since } = JSON.parse(readFileSync(holderPath(dir, file), 'utf8')) as { pid: number; what: string; since: string };
    who = `process ${pid} (${what}, since ${since})`;
  } catch {
    // The holder has not written its note yet.
  }
  return turnBusy(who, timeoutMs);
}

/** `who`: the process that holds the lock, and its tool. */
export function turnBusy(who: string | undefined, timeoutMs: number): BusyError {
  return new BusyError(
    `Another write to the same payment or customer is not finished after ${timeoutMs / 1000} s; ${who ?? 'another process'} holds the lock.`,
    {
      code: 'turn_busy',
      next: 'Make the same call again in a little while.',
    },
  );
}

export function turnsClosed(): BusyError {
  return new BusyError('This server is shutting down and starts no more writes.', {
    code: 'server_ending',
    next: 'Make the same call again when the server is back.',
  });
}
