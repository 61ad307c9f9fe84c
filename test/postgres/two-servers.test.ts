import { expect, it } from 'vitest';
import { writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { testServer } from '../support/postgres.ts';
import { folder, settingsFor, start, type Json } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Two servers over HTTP, each with its own folder, with one journal in PostgreSQL. */

async function twoServers() {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  const url = await (await testServer()).createDatabase();
  const settings = () => ({ ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: folder(), DATABASE_URL: url });
  const servers = [start(['serve', '--http', '--port', '0'], settings()), start(['serve', '--http', '--port', '0'], settings())];
  const urls = await Promise.all(
    servers.map(async (server) => {
      const found = () => /http:\S+\/mcp/.exec(server.stderr())?.[0];
      await expect.poll(found, { timeout: 20_000 }).toBeDefined();
      return found()!;
    }),
  );
  return { sandbox, urls };
}

async function call(url: string, name: string, args: object): Promise<Json> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  const text = await answer.text();
  return (JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as { result: Json }).result['structuredContent'];
}

const payment = { customer: 'Bowman Furniture', amount: 5, payment_mode: 'cash', allocate: 'as_credit', idempotency_key: 'once' };

it('record the same call once, whichever server gets it', async () => {
  const { sandbox, urls } = await twoServers();
  const answers = await Promise.all([...urls, ...urls].map((url) => call(url, 'record_customer_payment', payment)));
  expect(new Set(answers.map(({ outcome }) => outcome as string))).toEqual(new Set(['recorded']));
  expect(new Set(answers.map(({ write_id }) => write_id as string)).size).toBe(1);
  expect(await writesTo({ sandbox })).toHaveLength(1);
});

it('accept an approval of the other server once', async () => {
  const { sandbox, urls } = await twoServers();
  const [one, other] = urls as [string, string];
  const odd = { ...payment, amount: 450, allocate: undefined, invoices: [{ invoice: 'INV-384', amount: 50 }] };
  const asked = await call(one, 'record_customer_payment', odd);
  expect(asked).toMatchObject({ error: { code: 'approval_needed' } });
  const approved = { ...odd, approval: asked['approval'] as string };
  const answers = await Promise.all([other, one].map((url) => call(url, 'record_customer_payment', approved)));
  expect(answers.map(({ outcome }) => outcome as string)).toEqual(['recorded', 'recorded']);
  // A used approval gets the answer of its write.
  expect(await call(one, 'record_customer_payment', { ...approved, idempotency_key: 'twice' })).toMatchObject({ replayed: true });
  expect(await writesTo({ sandbox })).toHaveLength(1);
});
