import { beforeAll, describe, expect, it } from 'vitest';
import { openJournalAt } from '../support/postgres-journal.ts';
import { closers } from '../support/closers.ts';
import { onServer, testServer, type TestServer } from '../support/postgres.ts';
import { claimOf } from '../write/journal/journal-contract.ts';

/** The rows of one organization are not visible to another. Each test tries it past the server's own code. */

const tables = ['journal', 'events', 'entries', 'blocks', 'notes', 'turns'];
let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});

/** A database with rows of the organizations 10 and 20 in every table. */
async function databaseOfTwo(): Promise<string> {
  const url = await server.createDatabase();
  for (const organization of ['10', '20']) {
    const journal = await openJournalAt(`${url}#${organization}`);
    closers.push(() => journal.close());
    await journal.claim(claimOf({ key: 'k' }), []);
    await journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'asked', reason: 'why' });
    await onServer(url, `INSERT INTO zoho_payments.turns VALUES ('${organization}', 1, 1, 'x')`);
  }
  return url;
}

/** Runs a statement as the server would, for an organization. */
async function asServer(url: string, organization: string | undefined, sql: string, role = 'zoho_payments_server') {
  const setting = organization === undefined ? [] : [`SET LOCAL zoho_payments.organization = '${organization}'`];
  const results = await onServer(url, 'BEGIN', `SET LOCAL ROLE ${role}`, ...setting, sql);
  return results.at(-1)!;
}

/** The organizations whose rows organization 20 sees. */
async function seen(url: string, schema: string, table: string, role?: string): Promise<string[]> {
  const { rows } = await asServer(url, '20', `SELECT DISTINCT organization FROM ${schema}.${table} ORDER BY 1`, role);
  return (rows as { organization: string }[]).map(({ organization }) => organization);
}

describe.each(tables)('the table %s', (table) => {
  it('shows only the rows of the own organization, directly and through its view', async () => {
    const url = await databaseOfTwo();
    expect(await seen(url, 'zoho_payments', table)).toEqual(['20']);
    expect(await seen(url, 'zoho_payments_session', table)).toEqual(['20']);
  });

  it('is still separated if one of the two walls is removed, but not without both', async () => {
    const url = await databaseOfTwo();
    await onServer(url, `ALTER TABLE zoho_payments.${table} DISABLE ROW LEVEL SECURITY`);
    expect(await seen(url, 'zoho_payments_session', table)).toEqual(['20']);
    await onServer(
      url,
      `ALTER TABLE zoho_payments.${table} ENABLE ROW LEVEL SECURITY`,
      `CREATE OR REPLACE VIEW zoho_payments_session.${table} WITH (security_invoker = true) AS SELECT * FROM zoho_payments.${table}`,
    );
    expect(await seen(url, 'zoho_payments_session', table)).toEqual(['20']);
    await onServer(url, `ALTER TABLE zoho_payments.${table} DISABLE ROW LEVEL SECURITY`);
    expect(await seen(url, 'zoho_payments_session', table)).toEqual(['10', '20']);
  });

  it('is separated even for the owner of the table', async () => {
    const url = await databaseOfTwo();
    const owner = 'owner_of_tables';
    await onServer(url, `DROP ROLE IF EXISTS ${owner}`, `CREATE ROLE ${owner}`, `GRANT USAGE ON SCHEMA zoho_payments TO ${owner}`);
    await onServer(url, `ALTER TABLE zoho_payments.${table} OWNER TO ${owner}`);
    expect(await seen(url, 'zoho_payments', table, owner)).toEqual(['20']);
    await onServer(url, `ALTER TABLE zoho_payments.${table} OWNER TO postgres`, `REVOKE ALL ON SCHEMA zoho_payments FROM ${owner}`);
  });

  it('cannot be read without an organization', async () => {
    const url = await databaseOfTwo();
    for (const schema of ['zoho_payments', 'zoho_payments_session'])
      await expect(asServer(url, undefined, `SELECT * FROM ${schema}.${table}`)).rejects.toThrow('zoho_payments.organization');
  });

  it('does not allow the server to change rows of another organization, or the walls', async () => {
    const url = await databaseOfTwo();
    const others = `UPDATE zoho_payments.${table} SET organization = organization WHERE organization = '10'`;
    expect((await asServer(url, '20', others)).rowCount).toBe(0);
    for (const sql of [
      `UPDATE zoho_payments.${table} SET organization = '10'`,
      `ALTER TABLE zoho_payments.${table} DISABLE ROW LEVEL SECURITY`,
      `TRUNCATE zoho_payments.${table} CASCADE`,
      `DROP TABLE zoho_payments.${table} CASCADE`,
    ])
      await expect(asServer(url, '20', sql), sql).rejects.toThrow(/security policy|denied|owner|never changed/);
  });
});

it('two organizations have the same keys, and do not find each other by them', async () => {
  const url = await databaseOfTwo();
  const journal = await openJournalAt(`${url}#10`);
  closers.push(() => journal.close());
  expect(await journal.list({ limit: 10 })).toHaveLength(1);
  expect(await journal.verify()).toEqual({ events: 2, entries: 1, problems: [] });
});
