import { randomBytes } from 'node:crypto';
import { AccessError, type Changed } from '../errors.ts';
import type { HeldTurn, Journal, Verdict } from '../write/journal/journal.ts';
import { SqlJournal, type Dialect, type JournalStore, type ReadSteps } from '../write/journal/sql-journal.ts';
import { sqlRow, type Steps } from '../write/journal/statements.ts';
import type { DatabaseSession, TeamDatabase } from './database.ts';
import { turnLost } from './turns.ts';

/** The journal of one organization in PostgreSQL. Any number of servers may have it open. */

export interface PostgresJournalOptions {
  /** For tests that depend on the time. Milliseconds since 1970. Default: the clock of the database. */
  readonly now?: (() => number) | undefined;
}

/** Opens the journal of an organization, or creates it. It ends with the database's connections, so `close` does nothing. */
export async function openPostgresJournal(
  database: TeamDatabase,
  organization: string,
  { now }: PostgresJournalOptions = {},
): Promise<Journal> {
  const beginning = randomBytes(32).toString('hex');
  await database.journal.use(async (connection) => {
    await connection.begin('READ COMMITTED', organization);
    await connection.rows(
      `INSERT INTO journal (secret, head_seq, head_hash, checkpoint_seq, checkpoint_hash) VALUES (?, 0, ?, 0, ?)
        ON CONFLICT (organization) DO NOTHING`,
      [randomBytes(32), beginning, beginning],
    );
    await connection.commit();
  });
  const store = new PostgresStore(database, organization, now);
  // The first transaction learns the time.
  await store.read(() => sqlRow('SELECT head_seq FROM journal'));
  return new SqlJournal(store);
}

/** The database's clock. It ends a list of statements, so that it is read after the wait for a lock. */
const CLOCK = '(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now';

class PostgresStore implements JournalStore {
  readonly dialect: Dialect = {
    textsOf: 'SELECT jsonb_array_elements_text(?::jsonb)',
    dataContains: 'strpos(data, ?) > 0',
    listOfClaim: 'list',
    unsettledEntries: 'entries',
  };
  readonly #database: TeamDatabase;
  readonly #organization: string;
  readonly #clock: DatabaseClock;
  /** The last known length of the chain. */
  #head = 0;

  constructor(database: TeamDatabase, organization: string, now: (() => number) | undefined) {
    this.#database = database;
    this.#organization = organization;
    this.#clock = new DatabaseClock(now);
  }

  now(): number {
    return this.#clock.now();
  }

  /** The row of the journal is locked first, so one transaction of an organization writes at a time, and each sees all earlier ones. */
  async write<T>(steps: (at: string) => Steps<T>, changed: Changed = 'no'): Promise<T> {
    return await this.#database.journal.use(async (connection) => {
      const [row] = await connection.begin(
        'READ COMMITTED',
        this.#organization,
        'SELECT FROM journal FOR UPDATE',
        `SELECT head_seq AS head, ${CLOCK} FROM journal`,
      );
      // If the write may be in Zoho already, its outcome is noted even in an older copy, if that has the entry.
      if (changed === 'no' && (row === undefined || Number(row['head']) < this.#head)) throw lostWrites();
      const result = await connection.run(steps(this.#clock.isoAt(row?.['now'])), changed);
      const [{ head } = {}] = await connection.commit('SELECT head_seq AS head FROM journal', changed);
      this.#head = Math.max(this.#head, Number(head));
      return result;
    });
  }

  readonly read: ReadSteps = async (steps) =>
    await this.#database.journal.use(async (connection) => await (await this.#snapshot(connection))(steps));

  async verify(check: (read: ReadSteps) => Promise<Verdict>): Promise<Verdict> {
    return await this.#database.journal.use(async (connection) => await check(await this.#snapshot(connection)));
  }

  /** `write` itself compares the journal with what this server has seen of it. */
  async refuseUnlessIntact(): Promise<void> {}

  /** Locks the epochs against a change until the end of the transaction. So the note `sent` comes before the next holder's reads. */
  *refuseLostTurn(held: HeldTurn): Steps<void> {
    for (const [slot, epoch] of held) {
      const row = yield* sqlRow<{ epoch: number }>('SELECT epoch FROM turns WHERE slot = ? FOR SHARE', slot);
      if (row?.epoch !== epoch) throw turnLost();
    }
  }

  /** The database removes deleted data in the background (autovacuum). */
  async compact(): Promise<void> {}

  async close(): Promise<void> {}

  async #snapshot(connection: DatabaseSession): Promise<ReadSteps> {
    const [row] = await connection.begin('REPEATABLE READ READ ONLY', this.#organization, `SELECT ${CLOCK}`);
    this.#clock.isoAt(row?.['now']);
    return async (steps) => await connection.run(steps());
  }
}

/**
 * The time by the database's clock, between two answers of the database: its last answer, and the time that has passed since by this
 * process's monotonic clock. The answer was on its way for a while, so this time is never ahead.
 */
class DatabaseClock {
  readonly now: () => number;
  #answer = { now: 0, ticks: 0 };

  constructor(now: (() => number) | undefined) {
    this.now = now ?? (() => Math.floor(this.#answer.now + performance.now() - this.#answer.ticks));
  }

  /** Takes an answer of the database. Returns its time in ISO 8601. */
  isoAt(now: unknown): string {
    this.#answer = { now: Number(now), ticks: performance.now() };
    return new Date(this.now()).toISOString();
  }
}

function lostWrites(): AccessError {
  return new AccessError("The journal in the database was changed while this server was running: it lacks this server's last writes.", {
    code: 'journal_replaced',
    next:
      'bring back the newest state of the database (a restore or a failover has lost writes), and then start the server again. ' +
      'Until then this server records nothing, because it cannot check what was recorded before.',
  });
}
