import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startedAs, startedAsExtension } from '../../src/cli/how-started.ts';
import type { Started } from '../../src/started.ts';
import { localTime } from '../../src/time-zone.ts';
import type { Json } from '../../src/json.ts';
import { altered } from '../support/altered.ts';
import { fault, forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions, errorOf } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** The list of writes: times in the organization's time zone, filters, pages. */

const start = servers();

const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'TRF-0771' };
const posts = { method: 'POST', path: '^/customerpayments$' };

async function listed(server: Harness, args: Json = {}) {
  const { structuredContent } = await server.call('list_writes', args);
  return { ...structuredContent, writes: structuredContent['writes'] as (Json & { write_id: string })[] };
}
const idsOf = async (server: Harness, args: Json) => (await listed(server, args)).writes.map(({ write_id }) => write_id);

/** A Zoho that shows this organization, or none. */
async function inZone(time_zone: string | undefined, options: HarnessOptions = {}): Promise<Harness> {
  const sandbox = await startSandbox();
  const zoho = await altered(sandbox, {
    body: (body, _, path) =>
      path !== '/organizations'
        ? body
        : { ...body, organizations: (body['organizations'] as Json[]).map(({ time_zone: _zone, ...rest }) => ({ ...rest, time_zone })) },
  });
  const server = await harness({ ...options, on: sandbox, at: zoho });
  onTestFinished(async () => {
    await server.close();
    await zoho.close();
    await sandbox.close();
  });
  return server;
}

describe('list_writes shows times', () => {
  it.each(['Asia/Kathmandu', 'Pacific/Kiritimati', 'America/New_York', 'US/Pacific', 'UTC'])(
    'in the time zone %s, in the text and as ISO 8601 with the offset',
    async (zone) => {
      const server = await inZone(zone);
      await server.call('create_customer_payment', payment);
      const [entry] = await server.opened.road.journal.list({ limit: 1 });
      const result = await server.call('list_writes');
      const at = localTime(entry!.claimedAt, zone);
      expect(at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
      expect(Date.parse(at)).toBe(Date.parse(entry!.claimedAt));
      expect(result.structuredContent).toMatchObject({ time_zone: zone, writes: [{ at }] });
      expect(textOf(result)).toContain(`Times are in ${zone}.`);
      expect(textOf(result)).toContain(`${at.slice(0, 10)} ${at.slice(11, 19)} ${at.slice(-6)} | recorded`);
    },
  );

  it.each([undefined, '', 'Mars/Olympus_Mons', 42])('in UTC, and the text says so, if Zoho sends %j as the time zone', async (zone) => {
    const server = await inZone(zone as string);
    expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
    const result = await server.call('list_writes');
    expect(result.structuredContent).toMatchObject({ time_zone: 'UTC', writes: [{ at: expect.stringMatching(/Z$/) as string }] });
    expect(textOf(result)).toMatch(/Times are in UTC, because the time zone of the organization is unknown\.\n\S+ \S+ UTC \| recorded/);
  });

  it('in UTC if the scopes hide the organization', async () => {
    const server = await start({ sandbox: { scopes: ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ'] } });
    await server.call('create_customer_payment', payment);
    expect(await listed(server)).toMatchObject({ time_zone: 'UTC', writes: [{ outcome: 'recorded' }] });
  });

  it('even if Zoho cannot be reached: in the cached time zone, otherwise in UTC', async () => {
    const server = await start();
    await server.call('create_customer_payment', payment);
    const away = { on: server.sandbox, at: { apiBaseUrl: 'http://127.0.0.1:9/books/v3', accountsUrl: 'http://127.0.0.1:9' } };
    expect(await listed(await start({ ...away, stateDir: server.dir }))).toMatchObject({
      time_zone: 'America/New_York',
      writes: [{ at: expect.stringMatching(/-0[45]:00$/) as string }],
    });
    rmSync(join(server.dir, 'time-zone'));
    expect(await listed(await start({ ...away, stateDir: server.dir }))).toMatchObject({ time_zone: 'UTC', writes: [{ amount: 450 }] });
  });

  it('without waiting for a Zoho that does not answer', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { path: '^/organizations' }, fault: 'delay', delay_ms: 600_000, times: 9 });
    expect(await listed(server)).toMatchObject({ time_zone: 'UTC', writes: [] });
  }, 10_000);

  it('with one call to Zoho a day', async () => {
    const server = await start();
    await listed(server);
    const second = await start({ on: server.sandbox, stateDir: server.dir });
    await forgetRequests(server.sandbox);
    await listed(second);
    await listed(second);
    expect(await requestsTo(server.sandbox)).toEqual([]);
  });

  it("and reads `since` as a day in the organization's time zone", async () => {
    const server = await inZone('Pacific/Kiritimati');
    await server.call('create_customer_payment', payment);
    const [entry] = await server.opened.road.journal.list({ limit: 1 });
    const today = localTime(entry!.claimedAt, 'Pacific/Kiritimati').slice(0, 10);
    const tomorrow = new Date(Date.parse(today) + 86_400_000).toISOString().slice(0, 10);
    expect((await listed(server, { since: today })).writes).toHaveLength(1);
    expect((await listed(server, { since: tomorrow })).writes).toEqual([]);
  });
});

describe('a filter of list_writes', () => {
  it('finds a write by key, reference, amount and record, alone and together, and each of these is a field', async () => {
    const server = await start();
    const made = await server.call('create_customer_payment', {
      ...payment,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
      idempotency_key: 'receipt 17',
    });
    const { payment_id } = made.structuredContent['payment'] as { payment_id: string };
    const { write_id: create } = made.structuredContent as { write_id: string };
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
    const refunded = (await server.call('create_customer_payment_refund', { ...refund, reference_number: 'REF/9' })).structuredContent;
    const { payment_refund_id, amount } = refunded['payment_refund'] as { payment_refund_id: string; amount: number };
    const changed = (await server.call('update_customer_payment', { payment_id, amount: 460.5 })).structuredContent['write_id'];
    const second = (await server.call('create_customer_payment', { ...payment, reference_number: undefined, amount: 31 }))
      .structuredContent as { write_id: string; payment: { payment_id: string } };
    const both = [payment_id, second.payment.payment_id];
    const deleted = (await server.call('bulk_delete_customer_payments', { payment_id: both })).structuredContent;

    expect((await listed(server)).writes).toMatchObject([
      { tool: 'bulk_delete_customer_payments', currency_code: 'USD' },
      { tool: 'create_customer_payment', amount: 31 },
      { tool: 'update_customer_payment', reference_number: 'TRF-0771', amount: 460.5, currency_code: 'USD' },
      { tool: 'create_customer_payment_refund', reference_number: 'REF/9', amount: 100, currency_code: 'USD' },
      { idempotency_key: 'receipt 17', reference_number: 'TRF-0771', amount: 450, currency_code: 'USD' },
    ]);
    // Two payments have two amounts.
    const [bulk] = (await listed(server)).writes;
    expect([bulk!['amount'], bulk!['reference_number']]).toEqual([undefined, undefined]);
    const all = [deleted['write_id'], changed, create];
    for (const [args, found] of [
      [{ idempotency_key: 'receipt 17' }, [create]],
      [{ idempotency_key: 'receipt' }, []],
      ...['TRF-0771', 'trf 771', ' TRF-771 ', 'Transfer 0771'].map((reference_number) => [{ reference_number }, all] as const),
      [{ reference_number: '0772' }, []],
      [{ reference_number: 'ref/9' }, [refunded['write_id']]],
      [{ amount: 450 }, [changed, create]],
      [{ amount: '450.00' }, [changed, create]],
      [{ amount: 460.5 }, [deleted['write_id'], changed]],
      [{ amount: '460.50' }, [deleted['write_id'], changed]],
      [{ amount: 45 }, []],
      [{ amount }, [refunded['write_id']]],
      [{ record: payment_id }, all],
      [{ record: payment_refund_id }, [refunded['write_id']]],
      [{ record: seed.paymentWithUnused }, [refunded['write_id']]],
      [{ record: second.payment.payment_id }, [deleted['write_id'], second.write_id]],
      [{ record: seed.openInvoice }, all],
      [{ record: seed.pettyCash }, []],
      [{ record: seed.bowman }, [deleted['write_id'], second.write_id, changed, refunded['write_id'], create]],
      [{ record: payment_id, amount: 450, tool: 'create_customer_payment' }, [create]],
      [{ record: payment_id, reference_number: 'REF/9' }, []],
      [{ outcome: 'not_recorded', record: payment_id }, []],
    ] as const)
      expect(await idsOf(server, args), JSON.stringify(args)).toEqual(found);
  });

  it('finds a write by its key, even if Zoho refused the write', async () => {
    const server = await start();
    const keyed = { ...payment, idempotency_key: '17' };
    await fault(server.sandbox, { match: posts, fault: 'status', status: 400, code: 1000, message: 'no' });
    await server.call('create_customer_payment', keyed);
    await server.call('create_customer_payment', keyed);
    expect((await listed(server, { idempotency_key: '17' })).writes).toMatchObject([{ outcome: 'recorded' }, { outcome: 'not_recorded' }]);
  });

  it('finds the rows of a list by the write_id of the list, and one row by its own', async () => {
    const server = await start();
    const row = (amount: number) => ({
      customer: 'Bowman Furniture',
      payment_mode: 'cash',
      date: '2026-06-05',
      amount,
      allocate: 'as_credit',
    });
    await server.call('create_customer_payment', payment);
    await fault(server.sandbox, { match: posts, fault: 'status', status: 400, times: 1 });
    const args = { rows: [row(20), row(30)], idempotency_key: 'June' };
    const { write_id, rows } = (await server.call('record_customer_payments', args)).structuredContent as {
      write_id: string;
      rows: Json[];
    };
    expect(write_id).toMatch(/^l_/);
    const ofList = await listed(server, { write_id });
    expect(ofList.writes).toMatchObject([
      { list: write_id, row: 2, outcome: 'recorded', amount: 30, write_id: rows[1]!['write_id'] },
      { list: write_id, row: 1, outcome: 'not_recorded', amount: 20 },
    ]);
    const text = textOf(await server.call('list_writes', { write_id }));
    expect(text).toContain(`| list ${write_id} | row 2 |`);
    expect(await idsOf(server, { write_id: rows[1]!['write_id'] })).toEqual([rows[1]!['write_id']]);
    // The same call again records the rest of the same list, and finds it under the same id.
    await server.call('record_customer_payments', args);
    const outcomes = (await listed(server, { write_id })).writes.map(({ row, outcome }) => `${row} ${outcome}`);
    expect(outcomes).toEqual(['1 recorded', '2 recorded', '1 not_recorded']);
    expect(await idsOf(server, { write_id: 'l_another' })).toEqual([]);
  });

  it.each([
    [{ amount: 'much' }, 'amount must be a number'],
    [{ amount: -1 }, 'amount must be more than 0'],
    [{ record: 'INV-17' }, 'record must be an id'],
    [{ reference_number: ' ' }, 'reference_number is empty'],
    [{ page: 'last' }, 'page must be `next_page` of the previous answer, or a page number'],
    [{ page: 0 }, 'page must be `next_page` of the previous answer, or a page number'],
    [{ since: '2026-13-01' }, 'since must be a calendar date'],
    [{ limit: 101 }, 'limit must be at most 100'],
  ])('is refused instead of ignored: %j', async (args, message) => {
    const server = await start();
    const error = errorOf(await server.call('list_writes', args));
    expect(error).toMatchObject({ code: 'invalid_arguments', message: expect.stringContaining(message) as string });
  });
});

describe('the pages of list_writes', () => {
  it('show each write once, back to the oldest write, even if new writes are added', async () => {
    const server = await start();
    const { journal, scope } = server.opened.road;
    const add = async (count: number) => {
      const { entry } = (await journal.claim(
        {
          scope,
          endpoint: 'create_customer_payment',
          intent: `intent ${count}`,
          arguments: { amount: count },
          request: { method: 'POST', path: '/customerpayments', scope: '' },
          blocks: [],
          before: {},
          facts: {},
        },
        [],
      )) as { entry: { id: string } };
      if (count % 50 !== 0) await journal.add(entry.id, { type: 'not_recorded', reason: 'It was not sent.' });
      return entry.id;
    };
    const added: string[] = [];
    for (let count = 1; count <= 205; count += 1) added.push(await add(count));

    const seen: string[] = [];
    let args: Json = { limit: 100 };
    for (let pages = 1; ; pages += 1) {
      const result = await server.call('list_writes', args);
      const { writes, has_more, next } = result.structuredContent as { writes: { write_id: string }[]; has_more: boolean; next: Json[] };
      seen.push(...writes.map(({ write_id }) => write_id));
      await add(1_000 + pages);
      expect(has_more).toBe(pages < 3);
      if (!has_more) break;
      expect(next[0]).toMatchObject({ tool: 'list_writes', arguments: { limit: 100 } });
      expect(textOf(result)).toContain('Next: for older writes: list_writes {"limit":100,"page":"');
      args = next[0]!['arguments'] as Json;
    }
    expect(new Set(seen).size).toBe(205);
    expect(seen.toSorted()).toEqual(added.toSorted());
    expect(seen.slice(0, 4)).toEqual([200, 150, 100, 50].map((count) => added[count - 1]));
  });

  it('can be read by number, and are empty after the last write', async () => {
    const server = await start();
    for (const amount of [11, 12, 13]) await server.call('create_customer_payment', { ...payment, amount });
    const amounts = async (page: unknown) => (await listed(server, { limit: 2, page })).writes.map(({ amount }) => amount);
    expect(await amounts(1)).toEqual([13, 12]);
    expect(await amounts('2')).toEqual([11]);
    expect(await amounts(3)).toEqual([]);
    expect(await amounts('recorded:w_0000000000000000')).toEqual([]);
  });
});

describe('an unknown write in list_writes', () => {
  it('has a call that finds its outcome, the time for this call, and a step for the operator', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    const call = {
      customer: 'Bowman Furniture',
      amount: 77,
      payment_mode: 'cash',
      date: '2026-06-05',
      allocate: 'as_credit',
      // A reference as copied from another program.
      reference_number: 'TRF\u200B 77',
    };
    const { write_id } = (await server.call('record_customer_payment', { ...call, idempotency_key: 'k 77' })).structuredContent;
    const result = await server.call('list_writes', { outcome: 'unknown' });
    const step = { tool: 'record_customer_payment', arguments: { ...call, idempotency_key: 'k 77' } };
    const operator = { say: expect.stringContaining(`journal resolve ${String(write_id)}`) as string };
    expect(result.structuredContent).toMatchObject({
      writes: [
        { write_id, outcome: 'unknown', amount: 77, retry_at: expect.stringMatching(/-0[45]:00$/) as string, next: [step, operator] },
      ],
      next: [step, { say: expect.stringContaining('journal resolve') as string }],
    });
    const { retry_at } = (result.structuredContent['writes'] as Json[])[0] as { retry_at: string };
    expect(textOf(result)).toContain(
      `to learn the outcome of ${String(write_id)}, repeat the call, not before ${retry_at.slice(0, 10)} ${retry_at.slice(11, 19)} ${retry_at.slice(-6)}; nothing is sent twice`,
    );

    // The exact call of the step: the server looks for the write by its key, but does not find it yet.
    const [settling] = result.structuredContent['next'] as [typeof step];
    const again = await server.call(settling.tool, settling.arguments);
    expect(again.structuredContent).toMatchObject({ outcome: 'unknown', write_id });
  });

  it.each<[string, Started, RegExp | undefined]>([
    [
      'started from a folder',
      { extension: false, here: (text) => text.replace('zoho-payments-mcp', 'npx books') },
      /`npx books journal resolve/,
    ],
    ['started as an extension', startedAsExtension, undefined],
  ])('names the command that works on this server: %s', async (_, started, command) => {
    const server = await start({ timings: { lookMs: 0 }, started });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    const call = { customer: 'Bowman Furniture', amount: 78, payment_mode: 'cash', date: '2026-06-05', allocate: 'as_credit' };
    await server.call('record_customer_payment', call);
    const result = await server.call('list_writes', { outcome: 'unknown' });
    const shown = textOf(result) + JSON.stringify(result.structuredContent);
    if (command === undefined) expect(shown).not.toContain('journal resolve');
    else expect([...shown.matchAll(new RegExp(command, 'g'))]).toHaveLength(3);
    expect(shown).not.toContain('`zoho-payments-mcp');
  });

  it.each([
    ['may not write', { readOnly: true }],
    ['has another set of tools', { toolsets: ['payments'] as const }],
  ])('has only a step for the operator on a server that %s', async (_, options) => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    await server.call('record_customer_payment', {
      customer: 'Bowman Furniture',
      amount: 77,
      payment_mode: 'cash',
      date: '2026-06-05',
      allocate: 'as_credit',
    });
    const other = await start({ on: server.sandbox, stateDir: server.dir, ...options });
    const result = await other.call('list_writes');
    expect((result.structuredContent['writes'] as Json[])[0]).toMatchObject({
      outcome: 'unknown',
      next: [{ say: expect.stringContaining('zoho-payments-mcp journal resolve w_') as string }],
    });
    expect(textOf(result)).not.toContain('record_customer_payment');
  });

  it.each([
    [
      'with a different command',
      startedAs({ script: '/p/x.cjs', node: '/n/node', windows: false, path: undefined }, { sandbox: false }),
      '`node /p/x.cjs journal resolve',
    ],
    ['as an extension, which has no terminal', startedAsExtension, undefined],
  ])('names the right command if the server was started %s', async (_, started, command) => {
    const server = await start({ timings: { lookMs: 0 }, started });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    await server.call('create_customer_payment', payment);
    const result = await server.call('list_writes');
    expect(JSON.stringify(result)).not.toContain('`zoho-payments-mcp');
    if (command === undefined) return expect(JSON.stringify(result)).not.toContain('journal resolve');
    expect(textOf(result)).toContain(command);
    expect(JSON.stringify(result.structuredContent['writes'])).toContain(command);
  });

  it('has no such steps when its outcome is known', async () => {
    const server = await start();
    await server.call('create_customer_payment', payment);
    const { writes } = await listed(server);
    expect(writes[0]).not.toHaveProperty('next');
    expect(writes[0]).not.toHaveProperty('retry_at');
  });
});

it('list_writes marks a payment that was deleted later, and shows no undo for it', async () => {
  const server = await start();
  const { payment: made } = (await server.call('create_customer_payment', payment)).structuredContent as { payment: Json };
  const { payment_id } = made;
  await server.call('update_customer_payment', { payment_id, description: 'Till 2' });
  await server.call('create_customer_payment', { ...payment, amount: 31 });
  const { write_id } = (await server.call('delete_customer_payment', { payment_id })).structuredContent;
  const result = await server.call('list_writes');
  const [deletion, other, change, creation] = result.structuredContent['writes'] as Json[];
  expect(deletion).toMatchObject({ undo: { tool: 'create_customer_payment' } });
  expect(deletion).not.toHaveProperty('deleted_by');
  expect(other).toMatchObject({ undo: { tool: 'delete_customer_payment' } });
  for (const one of [change, creation]) {
    expect(one).toMatchObject({ outcome: 'recorded', deleted_by: write_id });
    expect(one).not.toHaveProperty('undo');
  }
  const lines = textOf(result)
    .split('\n')
    .filter((line) => line.includes('deleted later'));
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toContain(`deleted later (${String(write_id)})`);
    expect(line).not.toContain('undo:');
  }
});
