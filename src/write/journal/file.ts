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

/** The journal's SQLite file: durable transactions. Refuses writes as soon as the file at the path is missing or another file. */

/** Describes the file, so that the program recognizes another SQLite file or a later layout. */
export interface Layout {
  readonly applicationId: number;
  readonly version: number;
  readonly tables: readonly string[];
  /** Indexes that older files lack, by name. */
  readonly added: Readonly<Record<string, string>>;
  /**
   * A query for one row: an `id` that no other file has, a `position` that never decreases, and `whole`: 1 if the newest event exists,
   * otherwise 0.
   */
  readonly mark: string;
  /** Fills a new file. */
  create(exec: (sql: string) => void): void;
}

export interface FileOptions {
  /** False only in tests that do not test durability: a power cut may then lose the last transactions. */
  readonly durable: boolean;
  /** The longest wait for other processes. A transaction of this program takes milliseconds; compacting a large file takes seconds. */
  readonly patienceMs: number;
}

interface FileMark {
  readonly id: string;
  readonly position: number;
  readonly whole: number;
}

/** If the file looks wrong for this time, while no process writes to it, it counts as damaged or replaced. */
const STEADY_MS = 300;

export class JournalFile extends SqliteFile {
  readonly #file: string;
  readonly #mark: string;
  readonly #connect: Connect;
  readonly #patienceMs: number;
  /** Identities of the open file and of the files beside it (-wal, -shm). SQLite keeps these files until the last connection is closed. */
  readonly #opened: string;
  readonly #id: string;
  /** The last known position of the file itself, without its write-ahead log. */
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
      // Not reported here: the first write reports the problem.
      this.#lowest = 0;
    }
  }

  /** Opens the file, or creates it with its folder. Never replaces a file that cannot be read. */
  static async open(file: string, layout: Layout, options: FileOptions): Promise<JournalFile> {
    const connect = await loadSqlite();
    let database: Database | undefined;
    try {
      if (!existsSync(file)) {
        // SQLite would apply the old log to a new file. The file is checked twice, because another process may be creating it now.
        if (existsSync(`${file}-wal`) && !existsSync(file)) throw damaged(file, 'it is missing, but its write-ahead log is there');
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
   * Runs synchronous work as one transaction: others see all of it or nothing, and it is on the disk when the promise resolves. If the file
   * was busy, the work runs again. `changed`: what an error says about the books. With `no`, the work is refused (`journal_replaced`) if
   * another file is at the path. Other values mean that something has already happened in Zoho, so the work is done even then, if possible.
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
   * Throws AccessError (`journal_replaced`) unless the file at the path is the open file, and a new connection would read its full content.
   * The open connection alone would not notice a problem: a deleted file accepts writes until it is closed.
   */
  async refuseUnlessIntact(): Promise<void> {
    await this.#whenFree(() => this.#refuseUnlessInPlace());
    await onceSteady(this.#file, this.#patienceMs, () =>
      this.#whenFree(() => {
        const onDisk = this.#onDisk();
        if (onDisk.id !== this.#id) throw replaced(this.#file, 'another journal was written over it');
        if (onDisk.position < this.#lowest) throw replaced(this.#file, 'an older copy was written over it');
        if (onDisk.whole === 0) throw replaced(this.#file, 'a part of it is missing');
        this.#lowest = onDisk.position;
        // This check comes last, because to open an empty file in the usual way would delete the log beside it.
        const own = this.#own();
        if (own.whole === 0) throw damaged(this.#file, 'its last event is missing');
        const withLog = this.#look(this.#file);
        if (own.id !== this.#id || withLog.id !== this.#id || withLog.position < own.position || withLog.whole === 0)
          throw replaced(this.#file, 'other data was written over its write-ahead log');
      }),
    );
  }

  /** Runs reads in one snapshot. */
  read<T>(work: () => T): Promise<T> {
    return this.#whenFree(() => inTransaction(this.database, 'BEGIN', work));
  }

  /**
   * Opens a snapshot that does not change while others write. With `BEGIN IMMEDIATE`, others cannot write. The connection must not be used
   * for anything else.
   */
  async hold(begin: 'BEGIN' | 'BEGIN IMMEDIATE' = 'BEGIN'): Promise<void> {
    await this.#whenFree(() => {
      if (!this.database.isTransaction) this.database.exec(begin);
      this.get('SELECT count(*) FROM sqlite_schema');
    });
  }

  /** Rewrites the file, so that no removed data is left in it or in its write-ahead log. */
  async compact(): Promise<void> {
    await this.#whenFree(() => this.database.exec('VACUUM'));
    await this.#whenFree(() => {
      // If other connections block this statement, it does not throw but returns `busy`.
      if (this.get<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')?.busy !== 0) throw new Error('database is locked');
      this.#lowest = this.#onDisk().position;
    });
  }

  #refuseUnlessInPlace(): void {
    const now = identitiesOf(this.#file);
    if (now !== this.#opened)
      throw replaced(
        this.#file,
        now.startsWith('gone') ? 'it is no longer there' : 'another file is in its place or in the place of its write-ahead log',
      );
  }

  #own(): FileMark {
    return this.get<FileMark>(this.#mark) ?? refuseEmptyFile();
  }

  /** Reads the file without its log: `immutable` ignores the log and takes no locks. */
  #onDisk(): FileMark {
    const url = pathToFileURL(this.#file);
    url.searchParams.set('immutable', '1');
    return this.#look(url.href);
  }

  #look(path: string): FileMark {
    let database: Database | undefined;
    try {
      database = this.#connect(path, { readOnly: true, timeout: 0 });
      // A function instead of a prepared statement, which would keep the connection open until it is garbage-collected.
      const seen: FileMark[] = [];
      database.function('seen', (id: string, position: number, whole: number) => seen.push({ id, position, whole }));
      database.exec(`SELECT seen(id, position, whole) FROM (${this.#mark})`);
      return seen[0] ?? refuseEmptyFile();
    } catch (error) {
      if (troubleOf(error) === 'busy' || !(error instanceof Error)) throw error;
      throw replaced(this.#file, `it can no longer be read (${oneLine(error.message)})`, error);
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

/** True if SQLite could not read the file because the file is damaged. */
export function isDamage(error: unknown): error is Error {
  return error instanceof Error && (troubleOf(error) === 'damaged' || (error instanceof AccessError && error.code === 'journal_damaged'));
}

function pragmas({ durable }: FileOptions): string {
  return [
    'PRAGMA journal_mode = WAL',
    `PRAGMA synchronous = ${durable ? 'FULL' : 'OFF'}`,
    // On macOS, an ordinary fsync leaves data in the drive's cache.
    `PRAGMA fullfsync = ${durable ? 'ON' : 'OFF'}`,
    'PRAGMA foreign_keys = ON',
    'PRAGMA secure_delete = ON',
  ].join(';');
}

/**
 * Creates the file under a temporary name and then links it to its final name. So no process ever sees an incomplete file, and an empty
 * file is always damaged. If two processes do this at once, the second uses the file of the first. Only SQLite may open the file: if other
 * code closed it, that would release the locks of this process's other connections
 * (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled).
 */
function create(file: string, layout: Layout, { durable }: FileOptions, connect: (path: string) => Database): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    // SQLite would make the file readable by everyone. The files beside it (-wal, -shm) get the same mode.
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

/**
 * Writes a folder to the disk, so that a new name in the folder survives a power cut. Windows does this by itself, and cannot open folders.
 */
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

/** The identities of the file and of the files beside it (-wal, -shm); `gone` for a file that is missing or cannot be read. */
function identitiesOf(file: string): string {
  return [file, `${file}-wal`, `${file}-shm`].map((path) => identityOf(path) ?? 'gone').join(' ');
}

function refuseEmptyFile(): never {
  throw new Error('it has no content');
}

/**
 * Repeats `look` while another process writes to the file: while that process copies the log into the file, or compacts it, the file is
 * incomplete for a moment.
 */
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
      `The journal ${file} was written by a newer version of this program (layout ${user_version}; this version knows ${version}).`,
      {
        code: 'journal_too_new',
        next: 'start the newer version; the two versions cannot share a journal.',
      },
    );
  }
  if (!tables.every((name) => has(database, 'table', name))) throw damaged(file, 'parts of it are missing');
}

/** Adds indexes that an older file lacks. Two processes may do this at once, so the transaction checks again. */
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

/** Turns errors of SQLite and the system into errors that say who must act. The new texts never quote stored data. */
function explained(error: unknown, file: string, changed: Changed): unknown {
  if (!(error instanceof Error)) return error;
  const trouble = troubleOf(error);
  if (trouble === 'busy') return busy(file, changed, error);
  if (trouble === 'damaged') return damaged(file, error.message, changed, error);
  if (trouble === 'unusable' || 'syscall' in error) {
    return new AccessError(`The journal ${file} cannot be used: ${oneLine(error.message)}.`, {
      code: 'journal_unusable',
      changed,
      next: 'check that the folder exists, belongs to this user, is on a local disk and has free space.',
      cause: error,
    });
  }
  return error;
}

function damaged(file: string, why: string, changed: Changed = 'no', cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} cannot be read: ${oneLine(why)}.`, {
    code: 'journal_damaged',
    changed,
    next: 'restore it from a backup. Do not just remove it: only the journal shows what this server recorded before.',
    cause,
  });
}

function replaced(file: string, why: string, cause?: unknown): AccessError {
  return new AccessError(`The journal ${file} was changed while this server had it open: ${why}.`, {
    code: 'journal_replaced',
    next:
      'restore the journal, from a backup if necessary, and then start the server again. ' +
      'Until then this server records nothing, because it cannot check what was recorded before.',
    cause,
  });
}

function busy(file: string, changed: Changed, cause?: unknown): BusyError {
  return new BusyError(`Other processes keep the journal ${file} locked.`, {
    code: 'journal_busy',
    changed,
    next: changed === 'no' ? 'Make the same call again in a moment.' : 'Check whether Zoho carried out the write.',
    cause,
  });
}
