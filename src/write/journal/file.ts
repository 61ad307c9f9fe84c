import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { AccessError, BusyError, type Changed } from '../../errors.ts';
import { oneLine } from '../../foreign-text.ts';
import {
  identityOf,
  inTransaction,
  loadSqlite,
  SqliteFile,
  statOf,
  troubleOf,
  whenFree,
  type Connect,
  type Database,
} from '../../machine/sqlite-file.ts';

/** The journal's SQLite file: durable transactions, and nothing is written once it is not the file at its path any more. */

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

interface FileMark {
  readonly id: string;
  readonly position: number;
  readonly whole: number;
}

/** A file that looks wrong for so long, while nobody writes to it, is wrong. */
const STEADY_MS = 300;

export class JournalFile extends SqliteFile {
  readonly #file: string;
  readonly #mark: string;
  readonly #connect: Connect;
  readonly #patienceMs: number;
  /** The file that is open and what lies beside it. SQLite keeps all of them until the last connection is closed. */
  readonly #opened: string;
  readonly #id: string;
  /** Of the file itself, without its log. */
  #lowest: number;

  private constructor(database: Database, file: string, { mark }: Layout, connect: Connect, patienceMs: number) {
    super(database);
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
  static async open(file: string, layout: Layout, options: FileOptions): Promise<JournalFile> {
    const connect = await loadSqlite();
    let database: Database | undefined;
    try {
      if (!existsSync(file)) {
        // SQLite would put what is in the log into the new file. Looked at twice, since another process may be making it.
        if (existsSync(`${file}-wal`) && !existsSync(file)) throw damaged(file, 'it is gone, and its write-ahead log is there');
        create(file, layout, options, connect);
      }
      closeToOthers(file);
      if (statSync(file).size === 0) throw damaged(file, 'it is empty');
      const opened = (database = connect(file));
      await whenFree(() => check(opened, file, layout), options.patienceMs);
      await whenFree(() => opened.exec(pragmas(options)), options.patienceMs);
      await whenFree(() => addMissingIndexes(opened, layout), options.patienceMs);
      return await whenFree(() => new JournalFile(opened, file, layout, connect, options.patienceMs), options.patienceMs);
    } catch (error) {
      database?.close();
      throw explained(error, file, 'no');
    }
  }

  /**
   * Runs synchronous work as one transaction: others see all of it or nothing, and it is on the disk when this resolves. The work
   * is run again when the file was busy. `changed`: what an error says of the books. What can still be refused (`no`) is, where
   * the file is not the one at its path any more; what has happened is written down wherever that is possible.
   */
  write<T>(work: () => T, changed: Changed = 'no'): Promise<T> {
    const refuseUnlessInPlace = changed === 'no' ? () => this.#refuseUnlessInPlace() : () => {};
    return this.#whenFree(() => {
      const result = inTransaction(this.database, 'BEGIN IMMEDIATE', () => {
        refuseUnlessInPlace();
        return work();
      });
      refuseUnlessInPlace();
      return result;
    }, changed);
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
    return this.#whenFree(() => inTransaction(this.database, 'BEGIN', work));
  }

  /** Opens a view of this moment that stays while others write. For a connection that is used for nothing else. */
  async hold(): Promise<void> {
    await this.#whenFree(() => {
      if (!this.database.isTransaction) this.database.exec('BEGIN');
      this.get('SELECT count(*) FROM sqlite_schema');
    });
  }

  /** Rewrites the file, so that nothing of what was removed is left in it or in its write-ahead log. */
  async compact(): Promise<void> {
    await this.#whenFree(() => this.database.exec('VACUUM'));
    await this.#whenFree(() => {
      // Does not throw when others are in the way, but says so.
      if (this.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy !== 0) throw new Error('database is locked');
      this.#lowest = this.#onDisk().position;
    });
  }

  #refuseUnlessInPlace(): void {
    const now = identitiesOf(this.#file);
    if (now !== this.#opened)
      throw replaced(
        this.#file,
        now.startsWith('gone') ? 'it is no longer there' : 'another file is in its place, or in that of its write-ahead log',
      );
  }

  #own(): FileMark {
    return this.get<FileMark>(this.#mark) ?? refuseEmptyFile();
  }

  /** The file alone: `immutable` leaves its log aside, and takes no locks. */
  #onDisk(): FileMark {
    const url = pathToFileURL(this.#file);
    url.searchParams.set('immutable', '1');
    return this.#look(url.href);
  }

  #look(path: string): FileMark {
    let database: Database | undefined;
    try {
      database = this.#connect(path, { readOnly: true, timeout: 0 });
      // Not by a statement of its own: the connection would stay open until that is collected.
      const seen: FileMark[] = [];
      database.function('seen', (id: string, position: number, whole: number) => seen.push({ id, position, whole }));
      database.exec(`SELECT seen(id, position, whole) FROM (${this.#mark})`);
      return seen[0] ?? refuseEmptyFile();
    } catch (error) {
      if (troubleOf(error) === 'busy' || !(error instanceof Error)) throw error;
      throw replaced(this.#file, `it cannot be read any more (${oneLine(error.message)})`, error);
    } finally {
      database?.close();
    }
  }

  async #whenFree<T>(step: () => T, changed: Changed = 'no'): Promise<T> {
    try {
      return await whenFree(() => {
        if (!this.database.isOpen) throw new Error('The journal is closed.');
        return step();
      }, this.#patienceMs);
    } catch (error) {
      throw explained(error, this.#file, changed);
    }
  }
}

/** Whether SQLite could not make sense of the file. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Error && (troubleOf(error) === 'damaged' || (error instanceof AccessError && error.code === 'journal_damaged'));
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

function closeToOthers(file: string): void {
  if (process.platform === 'win32') return;
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) !== 0) chmodSync(path, 0o600);
  }
}

/** Of the file and of what lies beside it; `gone` for what is not there or cannot be looked at. */
function identitiesOf(file: string): string {
  return [file, `${file}-wal`, `${file}-shm`].map((path) => identityOf(path) ?? 'gone').join(' ');
}

function refuseEmptyFile(): never {
  throw new Error('nothing is in it');
}

/** Looks again while the file is being written to: whoever copies its log into it, or compacts it, leaves half of that to be seen. */
async function onceSteady(file: string, patienceMs: number, look: () => Promise<void>): Promise<void> {
  const began = Date.now();
  let steadySince = began;
  for (let written = statOf(file)?.mtimeNs; ;) {
    try {
      return await look();
    } catch (error) {
      const now = Date.now();
      const writtenNow = statOf(file)?.mtimeNs;
      if (writtenNow !== written) [written, steadySince] = [writtenNow, now];
      const replacedOrHalf = error instanceof AccessError && error.code === 'journal_replaced';
      if (!replacedOrHalf || now - steadySince > STEADY_MS || now - began > patienceMs) throw error;
    }
    await sleep(20);
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
        next: 'start the newer version; both cannot share a journal.',
      },
    );
  }
  if (!tables.every((name) => has(database, 'table', name))) throw damaged(file, 'parts of it are missing');
}

/** Two processes may be at it at once, so it is looked at again inside the transaction. */
function addMissingIndexes(database: Database, { added }: Layout): void {
  const missing = () => Object.entries(added).filter(([name]) => !has(database, 'index', name));
  if (missing().length === 0) return;
  inTransaction(database, 'BEGIN IMMEDIATE', () => {
    for (const [, sql] of missing()) database.exec(sql);
  });
}

function has(database: Database, type: 'table' | 'index', name: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE type = ? AND name = ?').get(type, name) !== undefined;
}

/** SQLite's and the system's errors, as errors that say who must act. They never quote what is stored. */
function explained(error: unknown, file: string, changed: Changed): unknown {
  if (!(error instanceof Error)) return error;
  const trouble = troubleOf(error);
  if (trouble === 'busy') return busy(file, changed, error);
  if (trouble === 'damaged') return damaged(file, error.message, changed, error);
  if (trouble === 'unusable' || 'syscall' in error) {
    return new AccessError(`The journal ${file} cannot be used: ${oneLine(error.message)}.`, {
      code: 'journal_unusable',
      changed,
      next: 'check that the folder exists, belongs to this user, is on a local disk and has room.',
      cause: error,
    });
  }
  return error;
}

function damaged(file: string, why: string, changed: Changed = 'no', cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} cannot be read: ${oneLine(why)}.`, {
    code: 'journal_damaged',
    changed,
    next: 'bring it back from a backup. Without it nobody knows what was written before, so do not simply remove it.',
    cause,
  });
}

function replaced(file: string, why: string, cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} is not as this server opened it: ${why}.`, {
    code: 'journal_replaced',
    next:
      'put the journal back as it was, from a backup if need be, and then start the server again. ' +
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
