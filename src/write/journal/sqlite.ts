import { randomBytes } from 'node:crypto';
import type { Changed } from '../../errors.ts';
import type { SqliteFile } from '../../machine/sqlite-file.ts';
import { isDamage, JournalFile, type FileOptions, type Layout } from './file.ts';
import type { Journal, Verdict } from './journal.ts';
import {
  holdsIntent,
  holdsKey,
  madeRecord,
  SqlJournal,
  unsettled,
  untold,
  type Dialect,
  type JournalStore,
  type ReadSteps,
} from './sql-journal.ts';
import type { Steps } from './statements.ts';

/**
 * The journal for the processes of one person, in one SQLite file. The data may name customers, so the file is private, and its data is
 * never in an error message or a log.
 */

export interface SqliteJournalOptions extends Partial<FileOptions> {
  /** For tests that depend on the time. Milliseconds since 1970. */
  readonly now?: () => number;
}

/** SQL: the list of writes that an entry belongs to, from the data of its claim. */
const listOfClaim = "CASE WHEN json_valid(data) THEN json_extract(data, '$.facts.listed.list') END";

const layout: Layout = {
  // "zpmj"
  applicationId: 0x7a706d6a,
  version: 1,
  tables: ['journal', 'events', 'entries', 'blocks', 'notes'],
  // Files of versions before 0.2 do not have these.
  added: {
    untold_entries: `CREATE INDEX untold_entries ON entries (first_seq) WHERE ${untold}`,
    entries_of_key: 'CREATE INDEX entries_of_key ON entries (key_digest, first_seq) WHERE key_digest IS NOT NULL',
    claims_of_list: `CREATE INDEX claims_of_list ON events (${listOfClaim}) WHERE type = 'claimed'`,
    entries_of_customer: 'CREATE INDEX entries_of_customer ON entries (customer_id, first_seq) WHERE customer_id IS NOT NULL',
  },
  mark:
    'SELECT hex(secret) AS id, head_seq AS position, ' +
    'head_seq = 0 OR EXISTS (SELECT 1 FROM events WHERE seq = head_seq AND hash = head_hash) AS whole FROM journal',
  create(exec) {
    exec(`
      CREATE TABLE journal (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        secret BLOB NOT NULL,
        head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL,
        checkpoint_seq INTEGER NOT NULL, checkpoint_hash TEXT NOT NULL
      ) STRICT;
      CREATE TABLE events (
        seq INTEGER PRIMARY KEY, entry TEXT, type TEXT NOT NULL, at TEXT NOT NULL,
        data TEXT, salt BLOB, digest TEXT NOT NULL, hash TEXT NOT NULL
      ) STRICT;
      CREATE INDEX events_of_entry ON events (entry, seq) WHERE entry IS NOT NULL;
      CREATE TABLE entries (
        id TEXT PRIMARY KEY, first_seq INTEGER NOT NULL UNIQUE, last_seq INTEGER NOT NULL,
        scope TEXT NOT NULL, endpoint TEXT NOT NULL, intent TEXT NOT NULL, key_digest TEXT, approval_digest TEXT, customer_id TEXT,
        kind TEXT, currency TEXT, amount TEXT, makes TEXT,
        state TEXT NOT NULL CHECK (state IN ('claimed', 'sent', 'recorded', 'not_recorded', 'unknown')),
        delivered INTEGER NOT NULL, claimed_at TEXT NOT NULL, sent_at TEXT, settled_at TEXT, zoho_id TEXT
      ) STRICT;
      CREATE UNIQUE INDEX one_per_key ON entries (scope, key_digest) WHERE ${holdsKey};
      CREATE UNIQUE INDEX one_per_intent ON entries (scope, intent) WHERE ${holdsIntent};
      CREATE UNIQUE INDEX one_per_approval ON entries (approval_digest) WHERE approval_digest IS NOT NULL;
      CREATE UNIQUE INDEX one_per_record ON entries (makes, zoho_id) WHERE ${madeRecord};
      CREATE INDEX entries_of_intent ON entries (scope, intent, first_seq);
      CREATE INDEX unsettled_entries ON entries (first_seq) WHERE ${unsettled};
      CREATE INDEX entries_by_time ON entries (claimed_at);
      CREATE TABLE blocks (
        entry TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE, block TEXT NOT NULL,
        PRIMARY KEY (block, entry)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX blocks_of_entry ON blocks (entry);
      CREATE TABLE notes (seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, intent TEXT NOT NULL, type TEXT NOT NULL, at TEXT NOT NULL) STRICT;
      CREATE INDEX notes_of_intent ON notes (scope, intent, type);
      CREATE TRIGGER events_are_only_emptied BEFORE UPDATE ON events
        WHEN new.data IS NOT NULL OR new.salt IS NOT NULL OR new.seq <> old.seq OR new.entry IS NOT old.entry
          OR new.type <> old.type OR new.at <> old.at OR new.digest <> old.digest OR new.hash <> old.hash
        BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
      CREATE TRIGGER events_go_only_behind_the_checkpoint BEFORE DELETE ON events
        WHEN old.seq > (SELECT checkpoint_seq FROM journal)
        BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
    `);
    // The chain starts with a random hash, so that nobody can copy an event of one journal into another journal.
    const beginning = randomBytes(32).toString('hex');
    exec(`INSERT INTO journal VALUES (1, x'${randomBytes(32).toString('hex')}', 0, '${beginning}', 0, '${beginning}')`);
  },
};

/** Opens the journal, or creates it. Any number of processes, and of connections in one process, may have it open. */
export async function openSqliteJournal(
  file: string,
  { durable = true, patienceMs = 10_000, now = () => Date.now() }: SqliteJournalOptions = {},
): Promise<Journal> {
  const open = () => JournalFile.open(file, layout, { durable, patienceMs });
  return new SqlJournal(new SqliteStore(await open(), open, now));
}

/** Runs reads of a journal while no process can write to it. */
export async function withStillJournal<T>(file: string, work: (read: ReadSteps) => Promise<T>): Promise<T> {
  const view = await JournalFile.open(file, layout, { durable: true, patienceMs: 10_000 });
  try {
    await view.hold('BEGIN IMMEDIATE');
    return await work(async (steps) => runOn(view, steps()));
  } finally {
    view.close();
  }
}

class SqliteStore implements JournalStore {
  readonly dialect: Dialect = {
    textsOf: 'SELECT value FROM json_each(?)',
    dataContains: 'instr(data, ?) > 0',
    listOfClaim,
    // Few entries are unsettled. Without INDEXED BY, SQLite would read all entries of a customer.
    unsettledEntries: 'entries INDEXED BY unsettled_entries',
  };
  readonly now: () => number;
  readonly #file: JournalFile;
  /** Opens another connection, for long reads that must not block this one. */
  readonly #another: () => Promise<JournalFile>;

  constructor(file: JournalFile, another: () => Promise<JournalFile>, now: () => number) {
    this.#file = file;
    this.#another = another;
    this.now = now;
  }

  async write<T>(steps: (at: string) => Steps<T>, changed?: Changed): Promise<T> {
    return await this.#file.write(() => runOn(this.#file, steps(new Date(this.now()).toISOString())), changed);
  }

  readonly read: ReadSteps = async (steps) => await this.#file.read(() => runOn(this.#file, steps()));

  async verify(check: (read: ReadSteps) => Promise<Verdict>): Promise<Verdict> {
    let file: JournalFile | undefined;
    try {
      const view = (file = await this.#another());
      await view.hold();
      const verdict = await check(async (steps) => runOn(view, steps()));
      const damage = view
        .all<{ integrity_check: string }>('PRAGMA integrity_check(20)')
        .map((row) => row.integrity_check)
        .filter((line) => line !== 'ok');
      return { ...verdict, problems: [...verdict.problems, ...damage.map((line) => `The file is damaged: ${line}`)] };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { events: 0, entries: 0, problems: [`The file is damaged: ${error.message}`] };
    } finally {
      file?.close();
    }
  }

  async refuseUnlessIntact(): Promise<void> {
    await this.#file.refuseUnlessIntact();
  }

  /** The turn is a lock of the operating system, which its holder keeps until it ends. So it cannot be lost. */
  *refuseLostTurn(): Steps<void> {}

  async compact(): Promise<void> {
    await this.#file.compact();
  }

  async close(): Promise<void> {
    this.#file.close();
  }
}

/** Runs all steps at once. */
function runOn<T>(file: SqliteFile, steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next(file.all(step.value.sql, ...step.value.values));
  return step.value;
}
