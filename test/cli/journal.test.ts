import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { writeText } from '../../src/cli/render.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';
import { fault } from '../support/books.ts';
import { command, folder, run, serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** `journal list` and `journal show` of the built program. */

const FIXTURE = fileURLToPath(new URL('../fixtures/journal-layout-1.sqlite', import.meta.url));

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const newSettings = () => ({ ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: folder() });
const payment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'CLI-1' };
const structured = (result: Json) => result['structuredContent'] as Json;

/** A folder for a journal, without a login. */
function alone(): { settings: Record<string, string>; file: string } {
  const base = folder();
  const dir = join(base, 'www.zohoapis.com-10234695');
  mkdirSync(dir, { mode: 0o700 });
  return { settings: { ZOHO_PAYMENTS_STATE_DIR: base }, file: join(dir, 'journal.sqlite') };
}

function oldJournal(): Record<string, string> {
  const { settings, file } = alone();
  copyFileSync(FIXTURE, file);
  return settings;
}

describe('journal list', () => {
  it("shows times in the organization's time zone, even if Zoho cannot be reached later", async () => {
    const settings = newSettings();
    const server = await serving([], settings);
    const { write_id } = structured(await server.call('create_customer_payment', { ...payment, idempotency_key: 'k 1' }));
    const line = new RegExp(
      `^${write_id} \\| \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d -0[45]:00 \\| recorded \\| .* \\| key "k 1" \\| reference "CLI-1"\\n`,
    );
    const { stdout } = await run(['journal', 'list'], settings);
    expect(stdout).toMatch(line);
    expect(stdout).toMatch(/\nTimes are in America\/New_York\.$/);
    const unreachable = { ...settings, ZOHO_ACCOUNTS_URL: 'http://127.0.0.1:9' };
    expect((await run(['journal', 'list'], unreachable)).stdout).toBe(stdout);
  });

  it('finds writes by key, reference, amount, record, customer, outcome, tool and day', async () => {
    const settings = oldJournal();
    const found = async (...options: string[]) =>
      (await run(['journal', 'list', ...options], settings)).stdout.split('\n').flatMap((line) => line.match(/^w_\w+/)?.[0] ?? []);
    const [unknown, refund, change, create] = ['w_61fac4833c68ff53', 'w_e21008826fda285c', 'w_3d52b2f3702a4337', 'w_3fc99e3a24c4ce5a'];
    for (const [options, expected] of [
      [[], [unknown, refund, change, create]],
      [['--key', 'recorded before'], [create]],
      [['--reference', 'check 4410'], [unknown]],
      [
        ['--amount', '120.00'],
        [change, create],
      ],
      [['--record', '712345000000101624'], [refund]],
      [['--customer', '903000000000099', '--tool', 'refund_customer_payment'], [refund]],
      [['--outcome', 'unknown'], [unknown]],
      [['--since', '2026-12-01'], []],
      [
        ['--limit', '2', '--page', '2'],
        [change, create],
      ],
      [['--limit', '1', '--page', `recorded:${change}`], [create]],
    ] as const)
      expect(await found(...options), options.join(' ')).toEqual(expected);
    expect((await run(['journal', 'list', '--limit', '2'], settings)).stdout).toContain(`\nFor older writes add --page recorded:${refund}`);
    expect((await run(['journal', 'list', '--since', '2026-12-01'], settings)).stdout).toBe('No writes match.');
  });

  it('prints with --json one JSON document, with the same fields as list_writes', async () => {
    const { writes, ...rest } = JSON.parse((await run(['journal', 'list', '--json', '--limit', '2'], oldJournal())).stdout) as Json;
    expect(rest).toEqual({ has_more: true, next_page: 'recorded:w_e21008826fda285c', time_zone: 'UTC' });
    expect(writes).toMatchObject([
      {
        write_id: 'w_61fac4833c68ff53',
        outcome: 'unknown',
        idempotency_key: 'unknown before',
        reference_number: '4410',
        amount: 970,
        currency_code: 'USD',
      },
      { write_id: 'w_e21008826fda285c', outcome: 'recorded', amount: 20, undo: { tool: 'delete_customer_payment_refund' } },
    ]);
  });

  it.each([
    [['--amount', 'much'], '--amount must be a number'],
    [['--amount', '0'], '--amount must be more than 0'],
    [['--record', 'INV-1'], '--record must be the id of a record in Zoho Books (digits only)'],
    [['--outcome', 'lost'], '--outcome must be one of recorded, not_recorded, unknown'],
    [['--tool', 'pay'], '--tool must be one of create_customer_payment'],
    [['--since', '2026-02-30'], '--since must be a calendar date'],
    [['--reference', ' '], '--reference is empty'],
    [['--key', ''], '--key must not be empty'],
    [['--amount', ' '], '--amount must not be " "'],
    [['--outcome', 'null'], '--outcome must not be "null"'],
    [['--limit', '0'], '--limit must be at least 1'],
    [['--page', 'last'], '--page must be the page that the previous list shows, or a page number'],
    [['--limit', 'all'], '--limit must be a whole number, not "all"'],
    [['--reference', ' ', '--amount', '0'], '--reference is empty: omit it or give a value; --amount must be more than 0; see'],
  ])('refuses %j with a one-line error', async (options, message) => {
    const { code, stdout, stderr } = await run(['journal', 'list', ...options], oldJournal());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(stderr).toContain(`; see \`${command} journal list --help\``);
  });
});

describe('journal show', () => {
  it('prints sentences: the write, who made it, the amount, the time, who was asked, the outcome, the undo', async () => {
    const settings = newSettings();
    const server = await serving([], { ...settings, ZOHO_PAYMENTS_CONFIRM: 'host' });
    const call = {
      customer: 'Bowman Furniture',
      amount: 71,
      payment_mode: 'cash',
      date: '2026-06-05',
      reference_number: 'S-1',
      allocate: 'as_credit',
    };
    const { write_id, payment: made } = structured(await server.call('record_customer_payment', { ...call, idempotency_key: 'k 2' }));
    const { code, stdout, stderr } = await run(['journal', 'show', write_id], settings);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d -0[45]:00`;
    for (const line of [
      /Record a payment of USD 71\.00 from "Bowman Furniture"\./,
      new RegExp(`This is the write ${write_id}\\. record_customer_payment was called, which called create_customer_payment\\.`),
      new RegExp(`It was made in the organization ${sandbox.organization_id} by the caller "local", with the idempotency_key "k 2"\\.`),
      /The amount is USD 71\.00\./,
      /The reference number is "S-1"\./,
      new RegExp(`It began at ${when}, was sent at ${when}, and was settled at ${when}\\.`),
      /Nobody was asked to confirm\./,
      /The request:/,
      / {2}Customer: "Bowman Furniture" \(id 903000000000099\)/,
      new RegExp(`It is recorded in Zoho as payment ${made.payment_id}\\.`),
      /The answer.*:/,
      / {2}Recorded payment .*/,
      new RegExp(`To undo it: delete_customer_payment \\{"payment_id":"${made.payment_id}"\\}`),
      /Times are in America\/New_York\./,
    ])
      expect(stdout).toMatch(new RegExp(`^${line.source}$`, 'm'));
    // JSON only with --json.
    expect(stdout).not.toMatch(/^\{/m);
    const json = (await run(['journal', 'show', write_id, '--json'], settings)).stdout;
    const { events, ...entry } = JSON.parse(json) as { events: Json[] };
    expect(entry).toMatchObject({ id: write_id, state: 'recorded', outcome: 'recorded', key: 'k 2', time_zone: 'UTC' });
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['claimed', 'sent', 'recorded']));
    expect(events.every((event) => event['entry'] === write_id)).toBe(true);
  });

  it('says why an outcome is unknown, and when and how a person can settle it', async () => {
    const settings = newSettings();
    const server = await serving([], settings);
    await fault(sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { write_id } = structured(await server.call('create_customer_payment', { ...payment, amount: 72 }));
    const { stdout } = await run(['journal', 'show', ` ${write_id} `], settings);
    expect(stdout).toMatch(/^It is not known whether it was recorded in Zoho\. The answer from Zoho was lost/m);
    expect(stdout).toMatch(
      new RegExp(
        `^From \\S+ \\S+ -0[45]:00 on, \`${command} journal resolve ${write_id}\` searches for it in Zoho and notes the outcome\\.$`,
        'm',
      ),
    );
    expect(stdout).not.toContain('To undo it');
  });

  it('says that --sandbox=memory keeps no journal', async () => {
    const { code, stderr } = await run(['journal', 'list', '--sandbox=memory'], newSettings());
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('--sandbox=memory keeps no journal') as string });
  });

  it('says who was asked, also for a write of an earlier version', async () => {
    const settings = oldJournal();
    expect((await run(['journal', 'show', 'w_e21008826fda285c'], settings)).stdout).toContain(
      'The user was asked because it gives money back, and agreed.\n',
    );
    expect((await run(['journal', 'show', 'w_3fc99e3a24c4ce5a'], settings)).stdout).toContain('No confirmation was needed.\n');
  });

  it('does not say that a person allowed a second call', async () => {
    const { file } = alone();
    copyFileSync(FIXTURE, file);
    const journal = await openSqliteJournal(file);
    const entry = (await journal.find('w_e21008826fda285c'))!;
    await journal.close();
    const facts = { ...entry.facts, asked: 'call', concerns: [], because: ['it is a refund'] };
    expect(writeText({ ...entry, facts }, { zone: undefined, retryAt: undefined })).toContain(
      'The server gave a preview for the user, and a second call approved it; the reason: it is a refund.',
    );
  });

  it.each([
    ['w_nope', 'there is no write w_nope\n'],
    [
      '712345000000101623',
      'there is no write 712345000000101623; journal list --record 712345000000101623 lists the writes of a Zoho record\n',
    ],
    ['w_\u001b[31m', 'there is no write w_\uFFFD[31m\n'],
    ['', 'there is no write \n'],
  ])('says that no write has the id %j', async (id, message) => {
    expect(await run(['journal', 'show', id], oldJournal())).toEqual({ code: 1, stdout: '', stderr: `zoho-payments-mcp: ${message}` });
  });

  it('asks for the id if it is omitted', async () => {
    const stderr = 'zoho-payments-mcp: give the id of a write: journal list shows the ids\n';
    expect(await run(['journal', 'show'], oldJournal())).toMatchObject({ code: 2, stderr });
  });
});

describe('journal prune', () => {
  it.each([
    [[], 'prune needs --before YYYY-MM-DD'],
    [['--before', '2099-01-01'], 'prune cannot delete writes of the last 7 days'],
  ])('refuses %j as a wrong use, even if there is no journal', async (options, message) => {
    const { code, stderr } = await run(['journal', 'prune', ...options], { ZOHO_PAYMENTS_STATE_DIR: folder() });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) as string });
  });
});

describe('text from records at a terminal', () => {
  it('contains no control characters and hides nothing, in list, show and export', async () => {
    const { settings, file } = alone();
    const nasty = 'A\u001b[2J\u009b31m\u202e\u200b\nB';
    const journal = await openSqliteJournal(file);
    const claimed = await journal.claim(
      {
        scope: `1${nasty}/local`,
        endpoint: 'create_customer_payment',
        intent: 'i',
        key: nasty,
        arguments: { amount: 5, reference_number: nasty },
        request: { method: 'POST', path: '/customerpayments', scope: '' },
        blocks: [],
        before: { payment: { currency_code: nasty } },
        facts: { title: nasty, lines: [nasty], asked: 'window', concerns: [{ code: 'refund', text: nasty }] },
      },
      [],
    );
    const { id } = (claimed as { entry: { id: string } }).entry;
    await journal.add(id, { type: 'sent' });
    const undo = { tool: 'delete_customer_payment', arguments: { payment_id: nasty }, not_restored: [nasty] };
    await journal.add(id, { type: 'recorded', answer: { result: {}, report: { lines: [nasty], next: [], undo } } });
    await journal.close();
    for (const args of [['list'], ['list', '--json'], ['show', id], ['show', id, '--json'], ['export']]) {
      const { code, stdout } = await run(['journal', ...args], settings);
      expect(code, args.join(' ')).toBe(0);
      expect(stdout.replaceAll('\n', ''), args.join(' ')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      if (args.includes('--json')) expect(stdout).toContain(String.raw`A\u001b[2J\u009b31m\u202e\u200b\nB`);
    }
  });
});
