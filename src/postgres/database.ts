import pg from 'pg';
import type { Changed } from '../errors.ts';
import { SECOND_MS } from '../time.ts';
import type { Steps } from '../write/journal/statements.ts';
import { databaseError, isBroken } from './errors.ts';
import { SERVER_ROLE } from './schema.ts';

/**
 * The connections of one server to its database. Turns have connections of their own: a call that holds its turn needs another connection
 * for the journal, so with one pool the calls could wait for each other for ever.
 */
export interface TeamDatabase {
  readonly journal: Connections;
  readonly turns: Connections;
  readonly silenceMs: number;
  close(): Promise<void>;
}

export interface TeamDatabaseOptions {
  /** The most connections for the journal. */
  readonly connections?: number;
  /** The most connections for turns, and so the most writes that this server has under way at once. */
  readonly turns?: number;
  /**
   * The database ends a turn's connection after this time without a statement, so that a stopped server does not hold its turns for ever.
   * A held turn sends a statement four times in this time.
   */
  readonly silenceMs?: number;
}

/** A statement of a transaction takes milliseconds. A longer time means that the database is overloaded or blocked. */
const STATEMENT_MS = 10 * SECOND_MS;
/** The wait for other writes of the same organization. */
const LOCK_MS = 5 * SECOND_MS;
/** The longest wait for an answer, for connections that were cut without a word. */
const REPLY_MS = 15 * SECOND_MS;

export function openDatabase(
  url: string,
  { connections = 5, turns = 10, silenceMs = 60 * SECOND_MS }: TeamDatabaseOptions = {},
): TeamDatabase {
  const journal = new Connections(url, connections, [
    `SET statement_timeout = ${STATEMENT_MS}`,
    `SET lock_timeout = ${LOCK_MS}`,
    `SET idle_in_transaction_session_timeout = ${STATEMENT_MS}`,
  ]);
  const ofTurns = new Connections(url, turns, [
    `SET idle_session_timeout = ${silenceMs}`,
    // A call that was cancelled cuts its connection. Without this check, the connection would stay in the queue for the lock.
    `SET client_connection_check_interval = ${SECOND_MS}`,
  ]);
  return {
    journal,
    turns: ofTurns,
    silenceMs,
    close: async () => void (await Promise.all([journal.close(), ofTurns.close()])),
  };
}

/** A bounded pool of connections, each in the role of the server. */
export class Connections {
  readonly #pool: pg.Pool;

  constructor(url: string, most: number, settings: readonly string[]) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: most,
      connectionTimeoutMillis: REPLY_MS,
      query_timeout: REPLY_MS,
      keepAlive: true,
      application_name: 'zoho-payments-mcp',
      types: { getTypeParser: typeParser as typeof pg.types.getTypeParser },
      onConnect: async (client) => {
        await client.query(
          [
            `SET ROLE ${SERVER_ROLE}`,
            'SET search_path = zoho_payments_session',
            // A committed transaction must survive a crash of the database. Stronger settings of the operator stay.
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')",
            ...settings,
          ].join('; '),
        );
      },
    });
    // A connection that breaks while nobody uses it is replaced at the next use.
    this.#pool.on('error', () => undefined);
  }

  async connect(): Promise<DatabaseSession> {
    try {
      return new DatabaseSession(await this.#pool.connect());
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** Uses a connection for the time of `work`. */
  async use<T>(work: (connection: DatabaseSession) => Promise<T>): Promise<T> {
    const connection = await this.connect();
    try {
      return await work(connection);
    } finally {
      await connection.free();
    }
  }

  async close(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
  }
}

/** A connection that is in use. */
export class DatabaseSession {
  readonly #client: pg.PoolClient;
  #broken = false;
  #inTransaction = false;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // Without a listener, a connection that breaks between two statements would end the process.
    client.on('error', this.#onError);
  }

  readonly #onError = () => void (this.#broken = true);

  onNotice(listener: (channel: string) => void): void {
    this.#client.on('notification', ({ channel }) => listener(channel));
  }

  /** Runs a statement whose parameters are written as `?`. */
  async rows<R>(sql: string, values: readonly unknown[] = [], changed: Changed = 'no', replyMs = REPLY_MS): Promise<R[]> {
    return (await this.#query({ text: withNumbers(sql), values: [...values], query_timeout: replyMs }, changed)).rows as R[];
  }

  /** Runs several statements without parameters in one round trip. Returns the rows of each. */
  async batch(sql: string, changed: Changed = 'no', replyMs = REPLY_MS): Promise<Record<string, unknown>[][]> {
    const results = (await this.#query({ text: sql, query_timeout: replyMs }, changed)) as unknown;
    return [results].flat().map((result) => (result as pg.QueryResult<Record<string, unknown>>).rows);
  }

  async run<T>(steps: Steps<T>, changed: Changed = 'no'): Promise<T> {
    let step = steps.next();
    while (!step.done) step = steps.next(await this.rows(step.value.sql, step.value.values, changed));
    return step.value;
  }

  /**
   * Begins a transaction of an organization. `first`: statements that run at once after the beginning. Returns the rows of the last of
   * them.
   */
  async begin(mode: 'READ COMMITTED' | 'REPEATABLE READ READ ONLY', organization: string, ...first: string[]) {
    this.#inTransaction = true;
    const setting = `SET LOCAL zoho_payments.organization = ${pg.escapeLiteral(organization)}`;
    return (await this.batch([`BEGIN ISOLATION LEVEL ${mode}`, setting, ...first].join('; '))).at(-1) ?? [];
  }

  /** Commits. If this throws, the transaction may have been committed or not. `last`: a statement that runs just before. Returns its rows. */
  async commit(last = 'SELECT', changed: Changed = 'no') {
    const [rows = []] = await this.batch(`${last}; COMMIT`, changed);
    this.#inTransaction = false;
    return rows;
  }

  /** Cuts the connection at once. The database then rolls back its transaction and frees its locks. */
  cut(): void {
    this.#broken = true;
  }

  /** Gives the connection back, and rolls back an open transaction. */
  async free(): Promise<void> {
    if (this.#inTransaction && !this.#broken) await this.#query({ text: 'ROLLBACK' }, 'no').catch(() => this.cut());
    this.#client.removeAllListeners('notification');
    this.#client.release(this.#broken);
    this.#client.off('error', this.#onError);
  }

  async #query(query: pg.QueryConfig & { query_timeout?: number }, changed: Changed): Promise<pg.QueryResult> {
    try {
      return await this.#client.query(query);
    } catch (error) {
      if (isBroken(error)) this.#broken = true;
      throw databaseError(error, changed);
    }
  }
}

const INT8 = 20;

/** Sequence numbers and counts are far below 2^53. */
function typeParser(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}

const texts = new Map<string, string>();

/** The statement with the parameters as PostgreSQL writes them: `$1`, `$2`, … */
function withNumbers(sql: string): string {
  let text = texts.get(sql);
  if (text === undefined) {
    let count = 0;
    texts.set(sql, (text = sql.replace(/\?/g, () => `$${(count += 1)}`)));
  }
  return text;
}
