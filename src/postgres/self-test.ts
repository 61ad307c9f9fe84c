import { randomBytes, randomInt } from 'node:crypto';
import { SECOND_MS } from '../time.ts';
import type { DatabaseSession, TeamDatabase } from './database.ts';
import { unusableDatabase } from './errors.ts';
import { refuseOtherVersion } from './migrate.ts';

/** Checks at the start that the database does what the server relies on. */

/** A notification takes milliseconds. */
const NOTIFY_MS = 3 * SECOND_MS;

/** Throws AccessError (`database_unusable`, `journal_too_new`) if the server must not use this database. */
export async function refuseUnusableDatabase({ journal }: TeamDatabase): Promise<void> {
  await journal.use(async (one) => {
    // First, because behind such a pooler every other answer may come from a different session.
    await journal.use(async (two) => await refuseTransactionPooler(one, two));
    const [state] = await one.rows<{ version: number; secured: boolean; standby: boolean }>(
      `SELECT (SELECT count(*) FROM zoho_payments.migrations) AS version,
        (SELECT bool_and(row_security_active(c.oid)) FROM pg_class c
          WHERE relnamespace = 'zoho_payments'::regnamespace AND relkind = 'r' AND relname <> 'migrations') AS secured,
        pg_is_in_recovery() AS standby`,
    );
    refuseOtherVersion(Number(state?.version));
    if (state?.standby === true)
      throw unusableDatabase('it is a read-only standby', { next: 'set DATABASE_URL to the address of the primary server.' });
    if (state?.secured !== true) {
      throw unusableDatabase('row-level security does not apply to this server', {
        next: 'remove BYPASSRLS, SUPERUSER and the ownership of tables from the role zoho_payments_server.',
      });
    }
  });
}

/**
 * A transaction pooler gives the statements of one connection to several sessions of the database. Then locks of a session exclude nobody,
 * and notifications get lost, both without an error. So both are tried.
 */
async function refuseTransactionPooler(one: DatabaseSession, two: DatabaseSession): Promise<void> {
  const key = randomInt(2 ** 31);
  const channel = `zoho_payments_${randomBytes(8).toString('hex')}`;
  const heard = new Promise<boolean>((resolve) => {
    one.onNotice((name) => name === channel && resolve(true));
    setTimeout(() => resolve(false), NOTIFY_MS).unref();
  });
  await one.rows('SELECT pg_advisory_lock(?)', [key]);
  await one.rows(`LISTEN ${channel}`);
  const [both] = await two.rows<{ locked: boolean }>('SELECT pg_try_advisory_lock(?) AS locked', [key]);
  await two.rows(`NOTIFY ${channel}`);
  const isPooled = both?.locked !== false || !(await heard);
  await two.rows('SELECT pg_advisory_unlock_all()');
  await one.rows(`UNLISTEN ${channel}`);
  await one.rows('SELECT pg_advisory_unlock_all()');
  if (isPooled) {
    throw unusableDatabase('a connection pooler in transaction mode is in front of it', {
      next: "set DATABASE_URL to the address of the database itself, or set the pooler to session mode. This server has its own connections' limit.",
    });
  }
}
