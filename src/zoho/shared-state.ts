import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { BusyError } from '../errors.ts';
import { osLocks, type OsLock } from '../machine/os-lock.ts';
import { inTransaction, loadSqlite, makePrivate, SqliteFile, troubleOf, whenFree } from '../machine/sqlite-file.ts';

/**
 * State that the processes of one connection share on this machine: the access token, and the used part of Zoho's limits. The state can be
 * lost without harm, so a damaged file is replaced. If no file is possible, each process works alone.
 */
export interface Shared {
  /** Runs synchronous work as one transaction. Runs it again if another process blocked it. */
  write<T>(work: (sql: Sql) => T): Promise<T>;
  /** Runs `work` while no other process does. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  close(): void;
}

export type Sql = Pick<SqliteFile, 'get' | 'all' | 'run'>;

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

/** A transaction takes less than a millisecond, so a longer wait means that the other process is suspended. */
const FILE_PATIENCE_MS = 5_000;
/**
 * In this time another process ends its exchange with Zoho's accounts server. If it does not, it is suspended, and this process continues
 * without the lock.
 */
const ALONE_PATIENCE_MS = 22_000;

/** Opens the state in a file whose name begins with `file`, or in `memory` for this process alone. */
export async function openShared(file: string): Promise<Shared> {
  const connect = await loadSqlite();
  const open = (path: string) => {
    const database = connect(path);
    try {
      // Nothing here must survive a power failure.
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; ${TABLES} COMMIT`);
      return new SqliteFile(database);
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
  /** Replaces an unusable file. If that fails, uses memory. */
  const again = () => {
    try {
      for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
      return openFile();
    } catch {
      return open(':memory:');
    }
  };
  try {
    const opened = await untilFree(openFile).catch((error: unknown) => {
      if (!isUnusable(error)) throw error;
      return again();
    });
    return sharedOn(opened, again, lock);
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** True if the file is damaged, if the disk is full or missing, or if the tables differ (for which SQLite has no own result code). */
function isUnusable(error: unknown): boolean {
  const trouble = troubleOf(error);
  return trouble === 'damaged' || trouble === 'unusable' || /no such table|no column/.test(String(error));
}

/** `again` opens a replacement for an unusable file. */
function sharedOn(opened: SqliteFile, again: () => SqliteFile, lock: OsLock | undefined): Shared {
  let file = opened;
  const transaction = <T>(work: (sql: Sql) => T): T => inTransaction(file.database, 'BEGIN IMMEDIATE', () => work(file));
  let last: Promise<unknown> = Promise.resolve();
  return {
    async write(work) {
      try {
        return await untilFree(() => transaction(work));
      } catch (error) {
        if (!isUnusable(error) || !file.database.isOpen) throw error;
        file.close();
        file = again();
        return transaction(work);
      }
    },
    alone(work) {
      // Callers of this process run one after the other, because the lock excludes only other processes.
      const mine = last.then(async () => {
        const taken = await lock?.take(ALONE_PATIENCE_MS).then(
          () => true,
          () => false,
        );
        try {
          return await work();
        } finally {
          if (taken) lock?.free();
        }
      });
      last = mine.catch(() => undefined);
      return mine;
    },
    close() {
      file.close();
      lock?.close();
    },
  };
}

async function untilFree<T>(step: () => T): Promise<T> {
  return await whenFree(step, FILE_PATIENCE_MS).catch((error: unknown) => {
    throw troubleOf(error) === 'busy' ? heldUp(error) : error;
  });
}

function heldUp(cause: unknown): BusyError {
  return new BusyError('Another process of this server on this machine blocks the connection to Zoho and does not respond.', {
    code: 'connection_held',
    next: 'Make the same call again in a little while',
    ifItStays: 'close the other programs (hosts) that run this server',
    cause,
  });
}
