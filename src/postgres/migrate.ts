import pg from 'pg';
import { AccessError } from '../errors.ts';
import { databaseError, unusableDatabase } from './errors.ts';
import { migrations, SERVER_ROLE } from './schema.ts';

/** Creates and updates the tables, and checks their version. */

export interface Migrated {
  /** The version before: the number of migrations that had been run. */
  readonly from: number;
  readonly to: number;
}

/** Identifies this program's migrations among the advisory locks of the database ("zpmm"). */
const LOCK = 0x7a706d6d;

/** Runs the missing migrations in one transaction. If several programs do this at once, the others wait for the first. */
export async function migrate(url: string, all = migrations): Promise<Migrated> {
  const client = new pg.Client({ connectionString: url, application_name: 'zoho-payments-mcp migrate' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${LOCK}); CREATE SCHEMA IF NOT EXISTS zoho_payments`);
    await client.query(
      'CREATE TABLE IF NOT EXISTS zoho_payments.migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())',
    );
    const from = Number((await client.query<{ count: string }>('SELECT count(*) FROM zoho_payments.migrations')).rows[0]?.count);
    if (from > all.length) throw tooNew(from, all.length);
    if (from < all.length) await client.query(role);
    for (const [index, sql] of all.entries()) {
      if (index < from) continue;
      await client.query(sql);
      await client.query('INSERT INTO zoho_payments.migrations (version) VALUES ($1)', [index + 1]);
    }
    await client.query(`GRANT USAGE ON SCHEMA zoho_payments TO ${SERVER_ROLE}; GRANT SELECT ON zoho_payments.migrations TO ${SERVER_ROLE}`);
    await client.query('COMMIT');
    return { from, to: all.length };
  } catch (error) {
    if (error instanceof AccessError) throw error;
    if (error instanceof pg.DatabaseError && error.code === '42501') {
      throw unusableDatabase(`its user may not create the tables or the role ${SERVER_ROLE}`, {
        next:
          `run zoho-payments-mcp migrate as a user who may create schemas and roles; or let an administrator first run ` +
          `CREATE ROLE ${SERVER_ROLE} and GRANT ${SERVER_ROLE} TO the user of DATABASE_URL.`,
        cause: error,
      });
    }
    throw databaseError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Roles belong to all databases of a server, so another database's migration may create the role at the same time. */
const role = `DO $$
  BEGIN
    BEGIN
      IF to_regrole('${SERVER_ROLE}') IS NULL THEN CREATE ROLE ${SERVER_ROLE}; END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
    IF NOT pg_has_role('${SERVER_ROLE}', 'MEMBER') THEN GRANT ${SERVER_ROLE} TO CURRENT_USER; END IF;
  END $$`;

/** Throws AccessError unless all migrations of this version have been run, and no newer ones. `version`: the number of those that have. */
export function refuseOtherVersion(version: number, known = migrations.length): void {
  if (version > known) throw tooNew(version, known);
  if (version < known)
    throw unusableDatabase(`its tables have version ${version}, and this program needs version ${known}`, {
      next: 'run zoho-payments-mcp migrate.',
    });
}

function tooNew(version: number, known: number): AccessError {
  return new AccessError(`The tables in the database are of a newer version of this program (${version}; this program knows ${known}).`, {
    code: 'journal_too_new',
    next: 'start the newer version.',
  });
}
