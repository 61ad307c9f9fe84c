import { beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/postgres/migrate.ts';
import { openTeamMemory } from '../../src/postgres/open.ts';
import { migrations } from '../../src/postgres/schema.ts';
import { closedPort } from '../support/closed-port.ts';
import { closers } from '../support/closers.ts';
import { startPooler } from '../support/pooler.ts';
import { onServer, testServer, type TestServer } from '../support/postgres.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});

describe('the self-test of the database at the start', () => {
  it('accepts a database with the tables of this version', async () => {
    const memory = await openTeamMemory(await server.createDatabase());
    await memory.close();
  });

  it.each([1, 2, 5])('refuses a pooler in transaction mode with %i sessions of the database', async (sessions) => {
    const pooler = await startPooler(await server.createDatabase(), sessions);
    closers.push(() => pooler.close());
    await expect(openTeamMemory(pooler.url)).rejects.toMatchObject({
      name: 'AccessError',
      code: 'database_unusable',
      message: expect.stringContaining('pooler in transaction mode') as string,
    });
  });

  it('refuses a database without tables', async () => {
    await expect(openTeamMemory(await server.createEmptyDatabase())).rejects.toMatchObject({
      code: 'database_unusable',
      next: [{ say: expect.stringContaining('zoho-payments-mcp migrate') as string }],
    });
  });

  it.each([
    ['an older version', 'DELETE FROM zoho_payments.migrations', 'database_unusable'],
    ['a newer version', 'INSERT INTO zoho_payments.migrations (version) VALUES (99)', 'journal_too_new'],
  ])('refuses tables of %s', async (_, sql, code) => {
    const url = await server.createDatabase();
    await onServer(url, sql);
    await expect(openTeamMemory(url)).rejects.toMatchObject({ name: 'AccessError', code });
  });

  it('refuses a database in which row-level security does not apply to the server', async () => {
    const url = await server.createDatabase();
    await onServer(url, 'ALTER TABLE zoho_payments.entries DISABLE ROW LEVEL SECURITY');
    await expect(openTeamMemory(url)).rejects.toMatchObject({
      code: 'database_unusable',
      message: expect.stringContaining('row-level security') as string,
    });
  });

  it('says that the database does not answer if it is away', async () => {
    await expect(openTeamMemory(`postgres://postgres@127.0.0.1:${await closedPort()}/away`)).rejects.toMatchObject({
      name: 'BusyError',
      code: 'database_unavailable',
      changed: 'no',
    });
  });

  it('says what is wrong if the login is refused', async () => {
    const url = new URL(await server.createDatabase());
    url.username = 'nobody_of_this_name';
    await expect(openTeamMemory(url.href)).rejects.toMatchObject({ name: 'AccessError', code: 'database_unusable' });
  });
});

describe('migrate', () => {
  it('creates the tables, and does nothing the second time', async () => {
    const url = await server.createEmptyDatabase();
    expect(await migrate(url)).toEqual({ from: 0, to: migrations.length });
    expect(await migrate(url)).toEqual({ from: migrations.length, to: migrations.length });
    await (await openTeamMemory(url)).close();
  });

  it('can be run by several programs at once', async () => {
    const url = await server.createEmptyDatabase();
    const done = await Promise.all(Array.from({ length: 4 }, () => migrate(url)));
    expect(done.filter(({ from }) => from === 0)).toHaveLength(1);
  });

  it('runs only the migrations that are missing, each once', async () => {
    const url = await server.createDatabase();
    const added = 'CREATE TABLE zoho_payments.later (x integer)';
    expect(await migrate(url, [...migrations, added])).toEqual({ from: migrations.length, to: migrations.length + 1 });
    expect(await migrate(url, [...migrations, added])).toMatchObject({ from: migrations.length + 1 });
    // This version is now the older one.
    await expect(migrate(url)).rejects.toMatchObject({ code: 'journal_too_new' });
  });

  it('changes nothing if one migration fails', async () => {
    const url = await server.createDatabase();
    const wrong = ['CREATE TABLE zoho_payments.later (x integer)', 'CREATE TABEL'];
    await expect(migrate(url, [...migrations, ...wrong])).rejects.toMatchObject({ code: 'database_unusable' });
    expect((await onServer(url, "SELECT to_regclass('zoho_payments.later') AS later"))[0]?.rows).toEqual([{ later: null }]);
  });

  it('needs no superuser, and says what an administrator must do if rights are missing', async () => {
    const url = await server.createEmptyDatabase();
    const database = new URL(url).pathname.slice(1);
    await onServer(url, 'DROP ROLE IF EXISTS plain', 'CREATE ROLE plain LOGIN', `GRANT CREATE ON DATABASE ${database} TO plain`);
    const plain = new URL(url);
    plain.username = 'plain';
    // The role of the server exists already, but this user is no member of it.
    await expect(migrate(plain.href)).rejects.toMatchObject({
      code: 'database_unusable',
      next: [{ say: expect.stringContaining('GRANT zoho_payments_server TO') as string }],
    });
    await onServer(url, 'GRANT zoho_payments_server TO plain');
    expect(await migrate(plain.href)).toMatchObject({ from: 0 });
    await (await openTeamMemory(plain.href)).close();
  });
});
