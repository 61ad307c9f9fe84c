import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync, type StatementSyncInstance } from '@photostructure/sqlite';

export type SqlValue = string | number | null;

/** How long one attempt may block the event loop. SQLite waits synchronously, so each wait is short and the retries are asynchronous. */
const BUSY_TIMEOUT_MS = 50;
/** The longest wait for the write lock: another process may be seeding 100,000 payments in one transaction. */
const GIVE_UP_MS = 60_000;
const SQLITE_BUSY = 5;

/** The books' SQLite file: cached prepared statements, and transactions that wait for the write lock without blocking. */
export class Store {
  private readonly database: InstanceType<typeof DatabaseSync>;
  private readonly statements = new Map<string, StatementSyncInstance>();
  private stopped = false;

  private constructor(database: InstanceType<typeof DatabaseSync>) {
    this.database = database;
  }

  static async open(file: string): Promise<Store> {
    if (file === 'memory') return new Store(new DatabaseSync(':memory:'));
    createPrivately(file);
    const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
    await whenFree(
      () => database.exec('PRAGMA journal_mode = WAL'),
      () => false,
    );
    // With NORMAL, a power failure loses at most the last transactions and never consistency. That is enough for practice data.
    database.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    return new Store(database);
  }

  get<Row>(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.prepared(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SqlValue[]): Row[] {
    return this.prepared(sql).all(...values) as Row[];
  }

  run(sql: string, ...values: SqlValue[]): number {
    return this.prepared(sql).run(...values).changes;
  }

  exec(sql: string): void {
    this.database.exec(sql);
  }

  /** Runs synchronous work as one write transaction. Other processes and requests see all of its changes or none. */
  async transaction<T>(work: () => T): Promise<T> {
    return await whenFree(
      // There must be no await here: another request would begin a transaction inside this transaction.
      () => {
        this.database.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          this.database.exec('COMMIT');
          return result;
        } catch (error) {
          if (this.database.isTransaction) this.database.exec('ROLLBACK');
          throw error;
        }
      },
      () => this.stopped,
    );
  }

  /** Runs work in a savepoint. Its changes are rolled back if it throws or if `keep` is false. Earlier changes stay. */
  attempt<T>(keep: boolean, work: () => T): T {
    this.database.exec('SAVEPOINT attempt');
    let done = false;
    try {
      const result = work();
      done = keep;
      return result;
    } finally {
      if (!done) this.database.exec('ROLLBACK TO attempt');
      this.database.exec('RELEASE attempt');
    }
  }

  /** The next number of a named sequence. */
  next(sequence: string): number {
    const row = this.get<{ value: number }>('UPDATE sequences SET value = value + 1 WHERE name = ? RETURNING value', sequence);
    if (!row) throw new Error(`Sequence ${sequence} does not exist`);
    return row.value;
  }

  /** Ends all waits for the write lock. */
  stop(): void {
    this.stopped = true;
  }

  close(): void {
    this.stopped = true;
    this.statements.clear();
    if (this.database.isOpen) this.database.close();
  }

  private prepared(sql: string): StatementSyncInstance {
    const known = this.statements.get(sql);
    if (known) return known;
    // List filters can produce many different SQL texts, so a full cache is emptied instead of growing.
    if (this.statements.size > 500) this.statements.clear();
    const statement = this.database.prepare(sql);
    this.statements.set(sql, statement);
    return statement;
  }
}

/** Creates the file with private permissions: SQLite's default lets everyone read it, and it holds tokens. */
function createPrivately(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  closeSync(openSync(file, 'a', 0o600));
}

async function whenFree<T>(step: () => T, stopped: () => boolean): Promise<T> {
  const giveUpAt = Date.now() + GIVE_UP_MS;
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) || stopped() || Date.now() > giveUpAt) throw error;
    }
    await sleep(2 + Math.random() * 20);
  }
}

function isBusy(error: unknown): boolean {
  // Extended codes such as SQLITE_BUSY_SNAPSHOT have the primary code in the low byte.
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === SQLITE_BUSY;
}
