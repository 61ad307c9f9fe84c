import pg from 'pg';
import { openDatabase } from '../../src/postgres/database.ts';
import { openPostgresJournal } from '../../src/postgres/journal.ts';
import type { Journal } from '../../src/write/journal/journal.ts';
import { onServer } from './postgres.ts';

/** Journals in a test database. A place is `<url>#<organization>`. */

const partsOf = (place: string) => place.split('#') as [url: string, organization: string];

/** Opens a journal with connections of its own, which end with it. */
export async function openJournalAt(place: string, now?: () => number): Promise<Journal> {
  const [url, organization] = partsOf(place);
  const database = openDatabase(url, { connections: 3 });
  const journal = await openPostgresJournal(database, organization, { now });
  journal.close = () => database.close();
  return journal;
}

/** Runs statements on the rows of one organization, without the triggers and foreign keys. */
export async function tamperAt(place: string, ...sql: string[]): Promise<void> {
  const [url, organization] = partsOf(place);
  await onServer(
    url,
    'BEGIN',
    'SET LOCAL session_replication_role = replica',
    'SET LOCAL ROLE zoho_payments_server',
    'SET LOCAL search_path = zoho_payments_session',
    `SET LOCAL zoho_payments.organization = ${pg.escapeLiteral(organization)}`,
    // A server may just write.
    'SELECT FROM journal FOR UPDATE',
    ...sql,
    'COMMIT',
  );
}
