import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTeamMemory } from '../../src/postgres/open.ts';
import { closers } from '../support/closers.ts';
import { testServer, type TestServer } from '../support/postgres.ts';
import { folder, run, serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';
import { claimOf } from '../write/journal/journal-contract.ts';

/** The commands of the built program that use a team's database. */

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});

const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'CLI-1' };

async function settings(url: string) {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  return { sandbox, env: { ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: folder(), DATABASE_URL: url } };
}

describe('the program with a database', () => {
  it('creates the tables, takes over the journal of a file, and works on it', async () => {
    const { env } = await settings(await server.createEmptyDatabase());
    const stdio = await serving([], env);
    const { write_id } = (await stdio.call('create_customer_payment', payment))['structuredContent'] as Json;
    const dir = readdirSync(env.ZOHO_PAYMENTS_STATE_DIR).find((name) => name.startsWith('127.0.0.1')) ?? '';
    const file = join(env.ZOHO_PAYMENTS_STATE_DIR, dir, 'journal.sqlite');

    const early = await run(['journal', 'list', '--database'], env);
    expect(early).toMatchObject({ code: 1, stdout: '' });
    expect(early.stderr).toMatch(/zoho-payments-mcp.* migrate/);
    expect((await run(['migrate'], env)).stdout).toBe('the tables were updated from version 0 to version 1');
    expect((await run(['migrate'], env)).stdout).toBe('the tables are up to date (version 1)');

    const local = await run(['journal', 'show', write_id], env);
    const imported = await run(['journal', 'import', file], env);
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('imported 1 write with 4 events') as string });
    expect(existsSync(file)).toBe(false);
    expect((await run(['journal', 'show', write_id, '--database'], env)).stdout).toBe(local.stdout);
    expect((await run(['journal', 'list', '--database'], env)).stdout).toContain(`${write_id} | `);
    expect((await run(['journal', 'verify', '--database'], env)).stdout).toBe('intact: 4 events, 1 write');
    expect((await run(['journal', 'export', '--database'], env)).stdout.split('\n')).toHaveLength(4);
    expect((await run(['journal', 'prune', '--customer', payment.customer_id, '--database'], env)).stdout).toContain('from 1 write');
    expect((await run(['journal', 'import', `${file}.imported`], env)).stderr).toContain('not empty');
    // The server that still has the file open records nothing more.
    const after = (await stdio.call('create_customer_payment', { ...payment, amount: 3 }))['structuredContent'] as Json;
    expect(after).toMatchObject({ error: { code: 'journal_replaced', changed: 'no' } });
  });

  it('settles the unsettled writes of a team', async () => {
    const url = await server.createDatabase();
    const { sandbox, env } = await settings(url);
    const memory = await openTeamMemory(url);
    closers.push(() => memory.close());
    const journal = await memory.openJournal('', sandbox.organization_id);
    const claimed = await journal.claim(claimOf({ scope: `${sandbox.organization_id}/somebody` }), []);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    expect((await run(['journal', 'resolve', '--database'], env)).stdout).toMatch(/\| not_recorded \|[^]*no write is unresolved/);
    expect(await journal.find(claimed.entry.id)).toMatchObject({ state: 'not_recorded', reason: 'It was never sent.' });
  });

  it.each([
    [['migrate'], {}, /set DATABASE_URL/],
    [['migrate'], { DATABASE_URL: 'mysql://x' }, /set DATABASE_URL/],
    [['journal', 'list', '--database'], {}, /set DATABASE_URL/],
    [['journal', 'list', '--database', '--sandbox'], { DATABASE_URL: 'postgres://x' }, /omit --sandbox/],
    [['journal', 'import'], { DATABASE_URL: 'postgres://x' }, /needs the file/],
  ])('refuses %j with the settings %j', async (args, env, why) => {
    const { code, stderr } = await run(args, env);
    expect(code).toBe(2);
    expect(stderr).toMatch(why);
  });
});
