import { existsSync, renameSync } from 'node:fs';
import { AccessError } from '../errors.ts';
import { ENTRY_COLUMNS, EVENT_COLUMNS, verifyTables, type ReadSteps } from '../write/journal/sql-journal.ts';
import { withStillJournal } from '../write/journal/sqlite.ts';
import { sqlRow, sqlRows } from '../write/journal/statements.ts';
import type { DatabaseSession, TeamDatabase } from './database.ts';
import { openPostgresJournal } from './journal.ts';

/** Takes over a journal from its SQLite file, with its chain of events, its secret and its unsettled writes. */

export interface Imported {
  readonly events: number;
  readonly entries: number;
  /** The new name of the file. */
  readonly kept: string;
}

/**
 * Copies the journal into the empty journal of the organization, in one transaction. No process can write to the file meanwhile. Then the
 * file is renamed: a server that still has it open notices that, and records nothing more.
 */
export async function importJournal(file: string, database: TeamDatabase, organization: string): Promise<Imported> {
  if (!existsSync(file)) throw notImported(`there is no file ${file}`, 'give the path of the file journal.sqlite.');
  await openPostgresJournal(database, organization);
  return await withStillJournal(file, async (read) => {
    const { problems, ...counts } = await verifyTables(read);
    if (problems.length > 0)
      throw notImported('it is damaged', 'run zoho-payments-mcp journal verify, and restore the file from a backup.');
    const other = await read(() =>
      sqlRow('SELECT 1 FROM entries WHERE substr(scope, 1, ?) <> ?', organization.length + 1, `${organization}/`),
    );
    if (other !== undefined) throw notImported(`it is not the journal of organization ${organization}`, 'set ZOHO_ORGANIZATION_ID.');
    await database.journal.use(async (connection) => {
      const [target] = await connection.begin('READ COMMITTED', organization, 'SELECT head_seq FROM journal FOR UPDATE');
      if (target?.['head_seq'] !== 0)
        throw notImported('the journal in the database is not empty', 'import a journal before the first write of the organization.');
      await copy(read, connection);
      const copied = await verifyTables(async (steps) => await connection.run(steps()));
      if (copied.problems.length > 0) throw new Error(`The copy is damaged: ${copied.problems[0]}`);
      await connection.commit();
    });
    const kept = `${file}.imported`;
    for (const suffix of ['', '-wal', '-shm']) renameSync(`${file}${suffix}`, `${kept}${suffix}`);
    return { ...counts, kept };
  });
}

const JOURNAL_COLUMNS = 'secret, head_seq, head_hash, checkpoint_seq, checkpoint_hash';

/** Each table with its columns, and the column by which it is read in parts. Only unsettled entries block records, so these rows are few. */
const tables = [
  ['events', EVENT_COLUMNS, 'seq'],
  ['entries', ENTRY_COLUMNS, 'first_seq'],
  ['notes', 'seq, scope, intent, type, at', 'seq'],
  ['blocks', 'entry, block', undefined],
] as const;

type CopiedRow = Readonly<Record<string, unknown>>;

async function copy(read: ReadSteps, connection: DatabaseSession): Promise<void> {
  const head = await read(() => sqlRow<CopiedRow>(`SELECT ${JOURNAL_COLUMNS} FROM journal`));
  await connection.rows(`UPDATE journal SET (${JOURNAL_COLUMNS}) = (?, ?, ?, ?, ?)`, Object.values(head ?? {}));
  for (const [table, columns, place] of tables) {
    const insert = `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${table}, ?)`;
    const page = (after: number) =>
      place === undefined
        ? sqlRows<CopiedRow>(`SELECT ${columns} FROM ${table}`)
        : sqlRows<CopiedRow>(`SELECT ${columns} FROM ${table} WHERE ${place} > ? ORDER BY ${place} LIMIT 500`, after);
    for (let after = 0; ;) {
      const rows = await read(() => page(after));
      await connection.rows(insert, [JSON.stringify(rows, binaryAsHex)]);
      if (place === undefined || rows.length === 0) break;
      after = Number(rows.at(-1)?.[place]);
    }
  }
}

/** Binary data as PostgreSQL reads it from text. */
function binaryAsHex(this: unknown, name: string, value: unknown): unknown {
  const own = (this as CopiedRow)[name];
  return own instanceof Uint8Array ? `\\x${Buffer.from(own).toString('hex')}` : value;
}

function notImported(why: string, next: string): AccessError {
  return new AccessError(`The journal was not imported: ${why}.`, { code: 'journal_unusable', next });
}
