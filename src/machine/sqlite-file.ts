import { existsSync, statSync, writeFileSync, type BigIntStats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSync, StatementSyncInstance } from '@photostructure/sqlite';

/** A private SQLite file that several processes share. They wait for each other without blocking the event loop. */

export type SqlValue = string | number | null | Uint8Array;
export type Database = InstanceType<typeof DatabaseSync>;
export type Connect = (path: string, options?: { readonly readOnly?: boolean; readonly timeout?: number }) => Database;

/** SQLite's own wait blocks the event loop, so it is short. `whenFree` repeats it asynchronously. */
const BUSY_TIMEOUT_MS = 50;

/** Loads SQLite (native code) only if it is needed, and returns a function that opens connections. */
export async function loadSqlite(): Promise<Connect> {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  return (path, options) => new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, ...options });
}

/** An open connection whose statements are prepared once. */
export class SqliteFile {
  readonly database: Database;
  readonly #statements = new Map<string, StatementSyncInstance>();

  constructor(database: Database) {
    this.database = database;
  }

  get<R>(sql: string, ...values: SqlValue[]): R | undefined {
    return this.#prepared(sql).get(...values) as R | undefined;
  }

  all<R>(sql: string, ...values: SqlValue[]): R[] {
    return this.#prepared(sql).all(...values) as R[];
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.#prepared(sql).run(...values);
  }

  close(): void {
    if (!this.database.isOpen) return;
    // Without a rollback, an open transaction lasts until the connection's statements are garbage-collected.
    if (this.database.isTransaction) this.database.exec('ROLLBACK');
    this.#statements.clear();
    this.database.close();
  }

  #prepared(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.database.prepare(sql)));
    return statement;
  }
}

/** Runs synchronous work as one transaction. */
export function inTransaction<T>(database: Database, begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
  database.exec(begin);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Runs a step, and retries while another connection blocks it. Throws SQLite's own error after `patienceMs`. */
export async function whenFree<T>(step: () => T, patienceMs: number): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return step();
    } catch (error) {
      if (troubleOf(error) !== 'busy' || performance.now() > giveUpAt) throw error;
    }
    await sleep(1 + Math.random() * Math.min(50, 5 * 2 ** attempt));
  }
}

/** Why SQLite failed: another connection blocks the file, the file is damaged, or the disk or its permissions do not allow it. */
export type Trouble = 'busy' | 'damaged' | 'unusable';

// Primary result codes: https://sqlite.org/rescode.html. Errors of `all` have no code, only SQLite's message.
const troubles: readonly { readonly trouble: Trouble; readonly codes: readonly number[]; readonly words: RegExp }[] = [
  { trouble: 'busy', codes: [5, 6], words: /^database (table )?is locked$/ },
  { trouble: 'damaged', codes: [11, 26], words: /^(database disk image is malformed|file is not a database)$/ },
  {
    trouble: 'unusable',
    codes: [3, 8, 10, 13, 14, 23],
    words: /^(attempt to write a readonly database|disk I\/O error|database or disk is full|unable to open database file)$/,
  },
];

/** The kind of problem with the file; undefined for every other error. */
export function troubleOf(error: unknown): Trouble | undefined {
  if (!(error instanceof Error)) return undefined;
  // The low byte of an extended code is the primary code.
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  return troubles.find(({ codes, words }) => (code === undefined ? words.test(error.message) : codes.includes(code)))?.trouble;
}

/**
 * Creates the file so that only its owner can access it. SQLite would give others access. Never opens an existing file: to close it would
 * release the locks that this process holds on it (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled).
 */
export function makePrivate(path: string): void {
  if (!existsSync(path)) writeFileSync(path, '', { flag: 'a', mode: 0o600 });
}

/** The identity of the file at a path (device and inode), read without opening it. Undefined if there is no file. */
export function identityOf(path: string): string | undefined {
  const stat = statOf(path);
  return stat?.isFile() ? `${stat.dev}-${stat.ino}` : undefined;
}

/** Undefined if the file is missing or cannot be read. */
export function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
