import { copyFileSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bookkeeper } from '../../simulate/template.ts';
import { booksOf, seed } from '../../support/books.ts';
import { harness, textOf, type HarnessOptions } from '../../support/harness.ts';
import { startSandbox } from '../../support/sandbox.ts';

/**
 * A journal that version 0.1.0 wrote, with the layout and rules of that version: a payment, a change and a refund that were recorded, a
 * deletion that the user declined, and a payment whose answer was lost. Users who upgrade have such journals.
 */
const FILE = fileURLToPath(new URL('../../fixtures/journal-layout-1.sqlite', import.meta.url));

const recorded = {
  customer_id: seed.bowman,
  payment_mode: 'cash',
  amount: 120,
  date: '2026-06-01',
  reference_number: 'OLD-1',
  idempotency_key: 'recorded before',
};
const unknown = {
  customer_id: seed.bowman,
  payment_mode: 'check',
  amount: 970,
  date: '2026-06-10',
  reference_number: '4410',
  idempotency_key: 'unknown before',
};
const SENT = Date.parse('2026-11-30T04:48:56.138Z');

async function upgraded({ now, ...options }: { now?: () => Date } & Pick<HarnessOptions, 'policy'> = {}) {
  const sandbox = await startSandbox(now && { now });
  const dir = mkdtempSync(join(tmpdir(), 'old-journal-'));
  copyFileSync(FILE, join(dir, 'journal.sqlite'));
  const server = await harness({ ...options, on: sandbox, stateDir: dir });
  onTestFinished(async () => {
    await server.close();
    await sandbox.close();
  });
  return { server, sandbox, journal: server.opened.road.journal, payments: async () => (await booksOf(sandbox)).counts.payments };
}

describe('a journal that an earlier version wrote', () => {
  it('is undamaged, and its recorded writes are replayed', async () => {
    const { server, journal, payments } = await upgraded();
    const before = await payments();
    expect(await journal.verify()).toMatchObject({ entries: 4, problems: [] });
    const again = await server.call('create_customer_payment', recorded);
    expect(again.structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: true,
      payment: { amount: 120 },
      undo: { tool: 'delete_customer_payment' },
    });
    // In version 0.1.0, the text of an answer contained the next steps.
    expect(textOf(again).match(/^Next: .*$/gm)).toEqual([expect.stringMatching(/^Next: to undo: delete_customer_payment \{/)]);
    expect(await payments()).toBe(before);
  });

  it('can be searched by key, reference, amount and record', async () => {
    const { server } = await upgraded();
    const found = async (args: Record<string, unknown>) =>
      ((await server.call('list_writes', args)).structuredContent['writes'] as Record<string, unknown>[]).map(({ tool }) => tool);
    const [create, change, refund] = ['create_customer_payment', 'update_customer_payment', 'create_customer_payment_refund'];
    const made = '712345000000101623';
    expect(await found({ idempotency_key: 'unknown before' })).toEqual([create]);
    expect(await found({ reference_number: 'old 1' })).toEqual([change, create]);
    expect(await found({ reference_number: 'check 4410', outcome: 'unknown' })).toEqual([create]);
    expect(await found({ amount: '120.00' })).toEqual([change, create]);
    expect(await found({ amount: 20 })).toEqual([refund]);
    expect(await found({ record: made })).toEqual([refund, change, create]);
    expect(await found({ record: '712345000000101624' })).toEqual([refund]);
    // This payment existed before. The journal notes it with each new payment of the customer, but that must not match.
    expect(await found({ record: '9030000079467' })).toEqual([]);
    expect(await found({ since: '2026-11-29' })).toHaveLength(4);
    expect(await found({ since: '2026-11-30' })).toEqual([]);
    const { structuredContent } = await server.call('list_writes', { idempotency_key: 'unknown before' });
    expect((structuredContent['writes'] as Record<string, unknown>[])[0]).toMatchObject({
      at: '2026-11-29T23:48:56.137-05:00',
      idempotency_key: 'unknown before',
      reference_number: '4410',
      amount: 970,
      currency_code: 'USD',
      next: [{ tool: 'create_customer_payment', arguments: unknown }, {}],
    });
  });

  it('suggests no tool that is now switched off', async () => {
    const { server } = await upgraded({ policy: { allowed_tools: ['create_customer_payment'] } });
    const again = await server.call('create_customer_payment', recorded);
    expect(textOf(again)).toContain('This was already recorded');
    expect(JSON.stringify(again)).not.toContain('delete_customer_payment');
  });

  it('still blocks a payment that is similar to its unknown write', async () => {
    const { server, payments } = await upgraded({ now: () => new Date(SENT + 60_000) });
    const before = await payments();
    const { idempotency_key: _, ...other } = { ...unknown, reference_number: 'other', date: '2026-06-12' };
    const refused = await server.call('create_customer_payment', other);
    expect(refused.structuredContent['error']).toMatchObject({ code: 'unresolved_write', changed: 'no' });
    expect(await payments()).toBe(before);
  });

  it('lets a call with the same key find its unknown write, and undo this write', async () => {
    const { server, sandbox, payments } = await upgraded();
    const byHand = await bookkeeper(sandbox);
    for (const { idempotency_key: _, ...body } of [recorded, unknown]) await byHand('POST', '/customerpayments', body);
    const before = await payments();
    const found = await server.call('create_customer_payment', unknown);
    expect(found.structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: true,
      payment: { amount: 970, reference_number: '4410' },
    });
    const { tool, arguments: args } = found.structuredContent['undo'] as { tool: string; arguments: Record<string, unknown> };
    expect((await server.call(tool, args)).structuredContent).toMatchObject({ outcome: 'recorded', deleted: true });
    expect(await payments()).toBe(before - 1);
  });
});
