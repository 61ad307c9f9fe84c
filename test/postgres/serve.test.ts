import { expect, it } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { fault, held, isWaiting, release, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { startServer, testServer } from '../support/postgres.ts';
import { addressOf, call, post, resultIn } from '../support/program-http.ts';
import { folder, run, settingsFor, start } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** The built program: several servers over HTTP with one database. */

const payment = { customer: 'Bowman Furniture', amount: 5, payment_mode: 'cash', allocate: 'as_credit', idempotency_key: 'receipt 17' };

const settings = (sandbox: Sandbox, url: string) => ({
  ...settingsFor(sandbox),
  ZOHO_PAYMENTS_CONFIRM: 'host',
  ZOHO_PAYMENTS_STATE_DIR: folder(),
  DATABASE_URL: url,
});

async function serving(settings: Record<string, string>) {
  const program = start(['serve', '--http', '--port', '0'], settings);
  return { program, url: await addressOf(program) };
}

type Served = Awaited<ReturnType<typeof serving>>;

async function books(): Promise<Sandbox> {
  const sandbox = await startSandbox({});
  closers.push(() => sandbox.close());
  return sandbox;
}

it('two servers record the same call once, and the journal command shows it', async () => {
  const sandbox = await books();
  const url = await (await testServer()).createDatabase();
  const servers = await Promise.all([0, 1].map(() => serving(settings(sandbox, url))));
  await fault(sandbox, { match: { method: 'POST', path: '/customerpayments' }, ...held, times: 1 });
  const calls = servers.map(async (server) => await resultIn(await post(server.url, call('record_customer_payment', payment))));
  await isWaiting(sandbox, 'POST');
  await release(sandbox);
  const results = (await Promise.all(calls)).map((result) => result['structuredContent']);
  expect(results.map((result) => result['outcome'])).toEqual(['recorded', 'recorded']);
  expect(results.map((result) => result['replayed']).toSorted()).toEqual([false, true]);
  expect(new Set(results.map((result) => result['write_id'])).size).toBe(1);
  expect(await writesTo({ sandbox })).toHaveLength(1);
  const { stdout } = await run(['journal', 'list', '--database'], settings(sandbox, url));
  expect(stdout).toContain(`${results[0]!['write_id']} | `);
  for (const { program } of servers) {
    program.child.kill('SIGTERM');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  }
});

it('is ready only while its database answers', async () => {
  const sandbox = await books();
  const database = await startServer();
  closers.push(() => database.close());
  const { url } = await serving(settings(sandbox, await database.createDatabase()));
  const ready = async () => (await fetch(new URL('/readyz', url))).status;
  expect(await ready()).toBe(200);
  await database.kill();
  expect(await ready()).toBe(503);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  await database.start();
  expect(await ready()).toBe(200);
});

it('does not start if the tables are missing, and names the command that creates them', async () => {
  const sandbox = await books();
  const url = await (await testServer()).createEmptyDatabase();
  const { code, stderr } = await run(['serve', '--http', '--port', '0'], settings(sandbox, url));
  expect(code).toBe(1);
  expect(stderr).toMatch(/zoho-payments-mcp.* migrate/);
});

it('an approval of one server is accepted once by the other', async () => {
  const sandbox = await books();
  const url = await (await testServer()).createDatabase();
  const env = { ...settings(sandbox, url), ZOHO_PAYMENTS_CONFIRM: 'ask' };
  const [one, other] = (await Promise.all([0, 1].map(() => serving({ ...env, ZOHO_PAYMENTS_STATE_DIR: folder() })))) as [Served, Served];
  const record = async ({ url }: Served, args: object) =>
    (await resultIn(await post(url, call('record_customer_payment', args))))['structuredContent'];
  const overpaid = { ...payment, amount: 450, allocate: undefined, invoices: [{ invoice: 'INV-384', amount: 50 }] };
  const asked = await record(one, overpaid);
  expect(asked).toMatchObject({ error: { code: 'approval_needed' } });
  const approved = { ...overpaid, approval: asked['approval'] as string };
  const answers = await Promise.all([other, one].map((server) => record(server, approved)));
  expect(answers.map(({ outcome }) => outcome as string)).toEqual(['recorded', 'recorded']);
  // A used approval gets the answer of its write.
  expect(await record(one, { ...approved, idempotency_key: 'receipt 18' })).toMatchObject({ replayed: true });
  expect(await writesTo({ sandbox })).toHaveLength(1);
});
