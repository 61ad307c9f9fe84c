import { beforeAll, describe, expect, it } from 'vitest';
import { openTeamMemory } from '../../src/postgres/open.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { booksOf, fault, held, isWaiting, release, seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { errorOf, harness } from '../support/harness.ts';
import { tamperAt } from '../support/postgres-journal.ts';
import { onServer, startServer, testServer, type TestServer } from '../support/postgres.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Several servers with one database and one Zoho. */

let postgres: TestServer;
beforeAll(async () => {
  postgres = await testServer();
});

const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'A1' };

async function team(url: string): Promise<{ sandbox: Sandbox; replica(): ReturnType<typeof harness> }> {
  const sandbox = await startSandbox({});
  closers.push(() => sandbox.close());
  return {
    sandbox,
    async replica() {
      const memory = await openTeamMemory(url);
      const server = await harness({ on: sandbox, openJournal: memory.openJournal, openTurns: memory.openTurns });
      closers.push(async () => {
        await server.close();
        await memory.close();
      });
      return server;
    },
  };
}

describe('two servers with one database', () => {
  it('record a payment once if both get the same call at once', async () => {
    const { sandbox, replica } = await team(await postgres.createDatabase());
    const servers = [await replica(), await replica()];
    const results = await Promise.all(
      servers.map((server) => server.call('create_customer_payment', { ...payment, idempotency_key: 'receipt 17' })),
    );
    expect(results.map(({ structuredContent }) => structuredContent['outcome'])).toEqual(['recorded', 'recorded']);
    expect(results.map(({ structuredContent }) => structuredContent['replayed']).toSorted()).toEqual([false, true]);
    expect(await writesTo({ sandbox })).toHaveLength(1);
  });

  it('a server that lost its turn to the other one sends nothing', async () => {
    const url = await postgres.createDatabase();
    const { sandbox, replica } = await team(url);
    const [slow, fast] = [await replica(), await replica()];
    const before = (await booksOf(sandbox)).counts.payments;
    await fault(sandbox, { ...held, match: { method: 'GET' }, times: 1 });
    const stopped = slow.call('create_customer_payment', { ...payment, idempotency_key: 'slow' });
    await isWaiting(sandbox, 'GET');
    // As if the server were stopped for longer than a minute: the database ends its connection.
    await onServer(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
    const done = await fast.call('create_customer_payment', { ...payment, amount: 300, reference_number: 'B2', idempotency_key: 'fast' });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded' });
    await release(sandbox);
    expect(errorOf(await stopped)).toMatchObject({ code: 'turn_lost', changed: 'no' });
    expect((await booksOf(sandbox)).counts.payments).toBe(before + 1);
  });

  it('refuses writes after the database lost the last ones (a restore), before anything is sent', async () => {
    const url = await postgres.createDatabase();
    const { sandbox, replica } = await team(url);
    const server = await replica();
    await server.call('create_customer_payment', { ...payment, idempotency_key: 'first' });
    await tamperAt(
      `${url}#${sandbox.organization_id}`,
      'DELETE FROM events WHERE seq > 1',
      "UPDATE entries SET last_seq = 1, state = 'claimed'",
      'UPDATE journal SET head_seq = 1, head_hash = (SELECT hash FROM events WHERE seq = 1)',
    );
    const next = await server.call('create_customer_payment', { ...payment, customer_id: seed.bowman, amount: 1, idempotency_key: 'next' });
    expect(errorOf(next)).toMatchObject({ code: 'journal_replaced', changed: 'no' });
    expect(await writesTo({ sandbox })).toHaveLength(1);
  });
});

describe('without its database, a server', () => {
  it('refuses writes before anything is sent, reads, and writes again when the database is back', async () => {
    const own = await startServer();
    closers.push(() => own.close());
    const { sandbox, replica } = await team(await own.createDatabase());
    const server = await replica();
    expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
    await own.kill();
    const refused = await server.call('create_customer_payment', { ...payment, amount: 7, reference_number: 'C3' });
    expect(errorOf(refused)).toMatchObject({ code: 'database_unavailable', changed: 'no' });
    expect(await writesTo({ sandbox })).toHaveLength(1);
    expect((await server.call('list_customer_payments', {})).isError).not.toBe(true);
    await own.start();
    const again = await server.call('create_customer_payment', { ...payment, amount: 7, reference_number: 'C3' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded' });
  });

  it('settles later what was sent before the database went away', async () => {
    const own = await startServer();
    closers.push(() => own.close());
    const { sandbox, replica } = await team(await own.createDatabase());
    const server = await replica();
    await fault(sandbox, { ...held, match: { method: 'POST', path: '^/customerpayments$' }, times: 1 });
    const calling = server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    await isWaiting(sandbox, 'POST');
    await own.kill();
    await release(sandbox);
    // Zoho recorded the payment, so the caller gets its answer, although the journal could not note it.
    expect((await calling).structuredContent).toMatchObject({ outcome: 'recorded' });
    await own.start();
    const again = await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo({ sandbox })).toHaveLength(1);
  });
});
