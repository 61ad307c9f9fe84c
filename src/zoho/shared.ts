import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { BusyError } from '../errors.ts';
import { isBusy, makePrivate, osLocks, type OsLock } from './os-lock.ts';

/**
 * What the processes of one connection share on this machine: its access token, and how much of Zoho's limits is used. A small
 * file that nobody misses: damaged, it is made anew; where there can be none, each process keeps to itself.
 */
export interface Shared {
  /** Synchronous work as one transaction. Run again when another process was in the way. */
  write<T>(work: (sql: Sql) => T): Promise<T>;
  /** Runs `work` while no other process does. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

type Value = string | number | null;

export interface Sql {
  get<R>(sql: string, ...values: Value[]): R | undefined;
  all<R>(sql: string, ...values: Value[]): R[];
  run(sql: string, ...values: Value[]): void;
}

// Times are milliseconds since 1970.
const TABLES = `
  CREATE TABLE IF NOT EXISTS tokens (credentials TEXT PRIMARY KEY, access_token TEXT, expires_at INTEGER, throttled_until INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS token_requests (credentials TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS scopes_missing (scope TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS calls (id TEXT PRIMARY KEY, pid INTEGER NOT NULL, entered INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS done (slot INTEGER PRIMARY KEY, calls INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS waiting (id TEXT PRIMARY KEY, rank INTEGER NOT NULL, since INTEGER NOT NULL, seen INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS pauses (code TEXT PRIMARY KEY, until INTEGER NOT NULL, times INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS day (
    one INTEGER PRIMARY KEY CHECK (one = 1), most INTEGER, remaining INTEGER NOT NULL,
    resets_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
  ) STRICT;`;
const VERSION = 1;

/** A transaction takes well under a millisecond: whoever waits longer waits for a process that is stopped. */
const PATIENCE_MS = 5_000;
/**
 * By then the exchange with Zoho's accounts server that another process makes is over or given up; or the process is stopped, and nobody
 * waits for it.
 */
const ALONE_PATIENCE_MS = 22_000;

/** Opens it beside `file`, or for this process alone in `memory`. */
export async function openShared(file: string): Promise<Shared> {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  const open = (path: string) => {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // Nothing here needs to outlive a power cut.
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; ${TABLES} COMMIT`);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  if (file === 'memory') return sharedOn(open(':memory:'), () => open(':memory:'), undefined);
  const path = `${file}.v${VERSION}.sqlite`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = (await osLocks())(`${file}.lock`);
  const openFile = () => {
    makePrivate(path);
    return open(path);
  };
  /** What cannot be used is made anew; and where that cannot be, this process keeps to itself. */
  const again = () => {
    try {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      return openFile();
    } catch {
      return open(':memory:');
    }
  };
  try {
    const database = await untilFree(openFile, PATIENCE_MS).catch((error: unknown) => {
      if (!isUnusable(error)) throw error;
      return again();
    });
    return sharedOn(database, again, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Damaged, or on a disk that is full or gone. */
const isUnusable = (error: unknown): boolean =>
  /malformed|not a database|disk I\/O|disk is full|readonly|unable to open|no such table|no column/i.test(String(error));

/** `again` opens another in place of one that cannot be used any more. */
function sharedOn(opened: DatabaseSyncInstance, again: () => DatabaseSyncInstance, lock: OsLock | undefined): Shared {
  let database = opened;
  const statements = new Map<string, StatementSyncInstance>();
  const prepared = (sql: string): StatementSyncInstance => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const sql: Sql = {
    get: <R>(text: string, ...values: Value[]) => prepared(text).get(...values) as R | undefined,
    all: <R>(text: string, ...values: Value[]) => prepared(text).all(...values) as R[],
    run: (text, ...values) => void prepared(text).run(...values),
  };
  const transaction = <T>(work: (sql: Sql) => T): T => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work(sql);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    async write(work) {
      try {
        return await untilFree(() => transaction(work), PATIENCE_MS);
      } catch (error) {
        if (!isUnusable(error) || !database.isOpen) throw error;
        statements.clear();
        database.close();
        database = again();
        return transaction(work);
      }
    },
    alone(work) {
      // Within the process one after the other: the lock does not tell its own callers apart.
      const mine = last.then(async () => {
        const taken =
          lock !== undefined &&
          (await untilFree(() => lock.tryTake() || Promise.reject(new Error('database is locked')), ALONE_PATIENCE_MS).catch(() => false));
        try {
          return await work();
        } finally {
          if (taken) lock.free();
        }
      });
      last = mine.catch(() => undefined);
      return mine;
    },
    close() {
      statements.clear();
      if (database.isOpen) database.close();
      lock?.close();
    },
  };
}

async function untilFree<T>(step: () => T | Promise<T>, patienceMs: number): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (performance.now() > giveUpAt) throw heldUp(error);
    }
    await sleep(1 + Math.random() * Math.min(40, 4 * 2 ** attempt));
  }
}

function heldUp(cause: unknown): BusyError {
  return new BusyError('Another process of this server on this machine holds the connection to Zoho and does not go on.', {
    code: 'connection_held',
    next: 'Make the same call again in a little while; if it stays so, end the other hosts that run this server.',
    cause,
  });
}
