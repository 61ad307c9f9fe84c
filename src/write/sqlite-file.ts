import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { DatabaseSync, StatementSyncInstance } from '@photostructure/sqlite';
import { AccessError, BusyError, oneLine, type Changed } from '../errors.ts';
import { identityOf } from '../zoho/os-lock.ts';

/** One private SQLite file that several processes share: durable transactions that wait their turn without blocking the event loop. */

export type SqlValue = string | number | null | Uint8Array;

/** What the file is, so that no other SQLite file and no later layout is taken for it. */
export interface Layout {
  readonly applicationId: number;
  readonly version: number;
  readonly tables: readonly string[];
  /** Indexes that older files lack, by name. */
  readonly added: Readonly<Record<string, string>>;
  /**
   * Reads one row: an `id` that no other file has, a `position` that never goes back, and whether what is newest is there (0 or 1:
   * `whole`).
   */
  readonly mark: string;
  /** Fills a new file. */
  create(exec: (sql: string) => void): void;
}

export interface FileOptions {
  /** False only in tests of other things: what was written last may then be lost with the power. */
  readonly durable: boolean;
  /** How long to wait for other processes. A transaction of ours takes a few milliseconds; compacting a large file, seconds. */
  readonly patienceMs: number;
}

type Database = InstanceType<typeof DatabaseSync>;

/** SQLite's own wait blocks the event loop, so it is short, and repeated asynchronously. */
const BUSY_TIMEOUT_MS = 50;

// Primary result codes: https://sqlite.org/rescode.html
const BUSY = [5, 6];
const DAMAGED = [11, 26];
const UNUSABLE = [3, 8, 10, 13, 14, 23];

/** Errors of `all` come without their code, only with SQLite's own words for it. */
const codeOf: Record<string, number> = {
  'database is locked': 5,
  'database table is locked': 6,
  'database disk image is malformed': 11,
  'file is not a database': 26,
  'attempt to write a readonly database': 8,
  'disk I/O error': 10,
  'database or disk is full': 13,
  'unable to open database file': 14,
};

interface Mark {
  readonly id: string;
  readonly position: number;
  readonly whole: number;
}

type Connect = (path: string, options?: { readonly readOnly?: boolean; readonly timeout?: number }) => Database;

/** A file that looks wrong for so long, while nobody writes to it, is wrong. */
const STEADY_MS = 300;

export class SqliteFile {
  readonly #database: Database;
  readonly #file: string;
  readonly #mark: string;
  readonly #connect: Connect;
  readonly #patienceMs: number;
  readonly #statements = new Map<string, StatementSyncInstance>();
  /** The file that is open and what lies beside it. SQLite keeps all of them until the last connection is closed. */
  readonly #opened: string;
  readonly #id: string;
  /** Of the file itself, without its log. */
  #lowest: number;

  private constructor(database: Database, file: string, { mark }: Layout, connect: Connect, patienceMs: number) {
    this.#database = database;
    this.#file = file;
    this.#mark = mark;
    this.#connect = connect;
    this.#patienceMs = patienceMs;
    this.#opened = identitiesOf(file);
    this.#id = this.#own().id;
    try {
      this.#lowest = this.#onDisk().position;
    } catch {
      // Whoever writes first is told.
      this.#lowest = 0;
    }
  }

  /** Opens the file, or makes it with its folder. Never makes a new one in place of one that cannot be read. */
  static async open(file: string, layout: Layout, options: FileOptions): Promise<SqliteFile> {
    // Native code, loaded only by those who have something to write down.
    const { DatabaseSync } = await import('@photostructure/sqlite');
    const connect: Connect = (path, connection = {}) => new DatabaseSync(path, connection);
    let database: Database | undefined;
    try {
      if (!existsSync(file)) {
        // SQLite would put what is in the log into the new file. Looked at twice, since another process may be making it.
        if (existsSync(`${file}-wal`) && !existsSync(file)) throw damaged(file, 'it is gone, and its write-ahead log is there');
        create(file, layout, options, connect);
      }
      makePrivate(file);
      if (statSync(file).size === 0) throw damaged(file, 'it is empty');
      const opened = (database = connect(file, { timeout: BUSY_TIMEOUT_MS }));
      await whenFree(() => check(opened, file, layout), options.patienceMs);
      await whenFree(() => opened.exec(pragmas(options)), options.patienceMs);
      await whenFree(() => complete(opened, layout), options.patienceMs);
      return await whenFree(() => new SqliteFile(opened, file, layout, connect, options.patienceMs), options.patienceMs);
    } catch (error) {
      database?.close();
      throw explained(error, file, 'no');
    }
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

  /**
   * Runs synchronous work as one transaction: others see all of it or nothing, and it is on the disk when this resolves. The work
   * is run again when the file was busy. `changed`: what an error says of the books. What can still be refused (`no`) is, where
   * the file is not the one at its path any more; what has happened is written down wherever that is possible.
   */
  write<T>(work: () => T, changed: Changed = 'no'): Promise<T> {
    if (changed !== 'no') return this.#transaction('BEGIN IMMEDIATE', work, changed);
    return this.#transaction(
      'BEGIN IMMEDIATE',
      () => {
        this.#refuseUnlessInPlace();
        return work();
      },
      changed,
      () => this.#refuseUnlessInPlace(),
    );
  }

  /**
   * Throws AccessError (`journal_replaced`) unless what lies at the path is the file that is open, as a connection that knows
   * nothing of it yet would read it. What this connection reads and writes would not tell: a deleted file takes writes until it is closed.
   */
  async refuseUnlessIntact(): Promise<void> {
    await this.#whenFree(() => this.#refuseUnlessInPlace());
    await onceSteady(this.#file, this.#patienceMs, () =>
      this.#whenFree(() => {
        const onDisk = this.#onDisk();
        if (onDisk.id !== this.#id) throw replaced(this.#file, 'another one was written over it');
        if (onDisk.position < this.#lowest) throw replaced(this.#file, 'an older copy was written over it');
        if (onDisk.whole === 0) throw replaced(this.#file, 'a part of it is missing');
        this.#lowest = onDisk.position;
        // Last: opened as usual, an empty file would cost the log beside it.
        const own = this.#own();
        if (own.whole === 0) throw damaged(this.#file, 'what was written last is missing');
        const withLog = this.#look(this.#file);
        if (own.id !== this.#id || withLog.id !== this.#id || withLog.position < own.position || withLog.whole === 0)
          throw replaced(this.#file, 'something else was written over its write-ahead log');
      }),
    );
  }

  /** Reads of one moment. */
  read<T>(work: () => T): Promise<T> {
    return this.#transaction('BEGIN', work, 'no');
  }

  /** Opens a view of this moment that stays while others write. For a connection that is used for nothing else. */
  async hold(): Promise<void> {
    await this.#whenFree(() => {
      if (!this.#database.isTransaction) this.#database.exec('BEGIN');
      this.get('SELECT count(*) FROM sqlite_schema');
    });
  }

  /** Rewrites the file, so that nothing of what was removed is left in it or in its write-ahead log. */
  async compact(): Promise<void> {
    await this.#whenFree(() => this.#database.exec('VACUUM'));
    const giveUpAt = Date.now() + this.#patienceMs;
    for (;;) {
      const done = await this.#whenFree(() => this.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)'));
      if (done?.busy === 0) {
        this.#lowest = this.#onDisk().position;
        return;
      }
      if (Date.now() > giveUpAt) throw busy(this.#file, 'no');
      await sleep(50);
    }
  }

  close(): void {
    if (!this.#database.isOpen) return;
    // A view that is held would outlive the connection, for as long as its statements wait to be collected.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#statements.clear();
    this.#database.close();
  }

  #refuseUnlessInPlace(): void {
    const now = identitiesOf(this.#file);
    if (now !== this.#opened)
      throw replaced(
        this.#file,
        now.startsWith('gone') ? 'it is no longer there' : 'another file is in its place, or in that of its write-ahead log',
      );
  }

  #own(): Mark {
    return this.get<Mark>(this.#mark) ?? nothing();
  }

  /** The file alone: `immutable` leaves its log aside, and takes no locks. */
  #onDisk(): Mark {
    const url = pathToFileURL(this.#file);
    url.searchParams.set('immutable', '1');
    return this.#look(url.href);
  }

  #look(path: string): Mark {
    let database: Database | undefined;
    try {
      database = this.#connect(path, { readOnly: true, timeout: 0 });
      // Not by a statement of its own: the connection would stay open until that is collected.
      const seen: Mark[] = [];
      database.function('seen', (id: string, position: number, whole: number) => seen.push({ id, position, whole }));
      database.exec(`SELECT seen(id, position, whole) FROM (${this.#mark})`);
      return seen[0] ?? nothing();
    } catch (error) {
      if (is(BUSY, error) || !(error instanceof Error)) throw error;
      throw replaced(this.#file, `it cannot be read any more (${oneLine(error.message)})`, error);
    } finally {
      database?.close();
    }
  }

  async #transaction<T>(begin: string, work: () => T, changed: Changed, committed?: () => void): Promise<T> {
    return await this.#whenFree(() => {
      this.#database.exec(begin);
      try {
        const result = work();
        this.#database.exec('COMMIT');
        committed?.();
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    }, changed);
  }

  async #whenFree<T>(step: () => T, changed: Changed = 'no'): Promise<T> {
    try {
      return await whenFree(() => {
        if (!this.#database.isOpen) throw new Error('The journal is closed.');
        return step();
      }, this.#patienceMs);
    } catch (error) {
      throw explained(error, this.#file, changed);
    }
  }

  #prepared(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (statement === undefined) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

/** Whether SQLite could not make sense of the file. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Error && (is(DAMAGED, error) || (error instanceof AccessError && error.code === 'journal_damaged'));
}

function pragmas({ durable }: FileOptions): string {
  return [
    'PRAGMA journal_mode = WAL',
    `PRAGMA synchronous = ${durable ? 'FULL' : 'OFF'}`,
    // On macOS an ordinary fsync leaves data in the drive's cache.
    `PRAGMA fullfsync = ${durable ? 'ON' : 'OFF'}`,
    'PRAGMA foreign_keys = ON',
    'PRAGMA secure_delete = ON',
  ].join(';');
}

/**
 * Makes the file under another name and then gives it its own, so that nobody ever sees half of it and an empty file is always a
 * damaged one. Whoever comes second finds the first one's. The file is never opened by anything but SQLite: closing it would
 * release the locks of this process's other connections (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled).
 */
function create(file: string, layout: Layout, { durable }: FileOptions, connect: (path: string) => Database): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    // SQLite would make it readable by everyone; what stands beside it (-wal, -shm) takes its mode.
    closeSync(openSync(draft, 'wx', 0o600));
    const database = connect(draft);
    try {
      database.exec(`PRAGMA journal_mode = MEMORY; PRAGMA synchronous = ${durable ? 'FULL' : 'OFF'}; BEGIN`);
      layout.create((sql) => database.exec(sql));
      for (const sql of Object.values(layout.added)) database.exec(sql);
      database.exec(
        `PRAGMA application_id = ${layout.applicationId}; PRAGMA user_version = ${layout.version}; COMMIT; PRAGMA journal_mode = WAL`,
      );
    } finally {
      database.close();
    }
    linkSync(draft, file);
    if (durable) flushFolder(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A new name in a folder survives a power cut only once the folder is on the disk. Windows does so by itself, and opens no folders. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function makePrivate(file: string): void {
  if (process.platform === 'win32') return;
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) chmodSync(path, 0o600);
  }
}

/** Of the file and of what lies beside it; `gone` for what is not there or cannot be looked at. */
function identitiesOf(file: string): string {
  const of = (path: string) => {
    try {
      return identityOf(path) ?? 'gone';
    } catch {
      return 'gone';
    }
  };
  return [file, `${file}-wal`, `${file}-shm`].map(of).join(' ');
}

function nothing(): never {
  throw new Error('nothing is in it');
}

/** Looks again while the file is being written to: whoever copies its log into it, or compacts it, leaves half of that to be seen. */
async function onceSteady(file: string, patienceMs: number, look: () => Promise<void>): Promise<void> {
  const began = Date.now();
  let steadySince = began;
  for (let written = writtenAt(file); ;) {
    try {
      return await look();
    } catch (error) {
      const now = Date.now();
      const writtenNow = writtenAt(file);
      if (writtenNow !== written) [written, steadySince] = [writtenNow, now];
      const replacedOrHalf = error instanceof AccessError && error.code === 'journal_replaced';
      if (!replacedOrHalf || now - steadySince > STEADY_MS || now - began > patienceMs) throw error;
    }
    await sleep(20);
  }
}

function writtenAt(file: string): bigint | undefined {
  try {
    return statSync(file, { bigint: true }).mtimeNs;
  } catch {
    return undefined;
  }
}

function check(database: Database, file: string, { applicationId, version, tables }: Layout): void {
  const { application_id } = database.prepare('PRAGMA application_id').get() as { application_id: number };
  const { user_version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (application_id !== applicationId) throw damaged(file, 'it is an SQLite file, but not one of this program');
  if (user_version > version) {
    throw new AccessError(
      `The journal ${file} was written by a newer version of this program (layout ${user_version}; this one knows ${version}).`,
      {
        code: 'journal_too_new',
        next: 'Ask the operator to start the newer version; both cannot share a journal.',
      },
    );
  }
  for (const table of tables) {
    if (database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(table) === undefined)
      throw damaged(file, 'parts of it are missing');
  }
}

/** Two processes may be at it at once, so it is looked at again inside the transaction. */
function complete(database: Database, { added }: Layout): void {
  const missing = () =>
    Object.entries(added).filter(
      ([name]) => database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?").get(name) === undefined,
    );
  if (missing().length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const [, sql] of missing()) database.exec(sql);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

async function whenFree<T>(step: () => T, patienceMs: number): Promise<T> {
  const giveUpAt = Date.now() + patienceMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return step();
    } catch (error) {
      if (!is(BUSY, error) || Date.now() > giveUpAt) throw error;
    }
    await sleep(1 + Math.random() * Math.min(50, 5 * 2 ** attempt));
  }
}

function is(codes: readonly number[], error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Extended codes keep the primary one in the low byte.
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : codeOf[error.message];
  return code !== undefined && codes.includes(code);
}

/** SQLite's and the system's errors, as errors that say who must act. They never quote what is stored. */
function explained(error: unknown, file: string, changed: Changed): unknown {
  if (!(error instanceof Error)) return error;
  if (is(BUSY, error)) return busy(file, changed, error);
  if (is(DAMAGED, error)) return damaged(file, error.message, changed, error);
  if (is(UNUSABLE, error) || 'syscall' in error) {
    return new AccessError(`The journal ${file} cannot be used: ${oneLine(error.message)}.`, {
      code: 'journal_unusable',
      changed,
      next: 'Ask the operator to check that the folder exists, belongs to this user, is on a local disk and has room.',
      cause: error,
    });
  }
  return error;
}

function damaged(file: string, why: string, changed: Changed = 'no', cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} cannot be read: ${oneLine(why)}.`, {
    code: 'journal_damaged',
    changed,
    next: 'Ask the operator to bring it back from a backup. Without it nobody knows what was written before, so do not simply remove it.',
    cause,
  });
}

function replaced(file: string, why: string, cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} is not as this server opened it: ${why}.`, {
    code: 'journal_replaced',
    next:
      'Ask the operator to put the journal back as it was, from a backup if need be, and then to start the server again. ' +
      'Until then nothing is written: nobody could look up what was written before.',
    cause,
  });
}

function busy(file: string, changed: Changed, cause?: unknown): BusyError {
  return new BusyError(`The journal ${file} is kept busy by other processes.`, {
    code: 'journal_busy',
    changed,
    next: changed === 'no' ? 'Make the same call again in a moment.' : 'Look first whether it was carried out.',
    cause,
  });
}
