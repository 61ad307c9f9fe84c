import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Claimed, Journal } from '../../../src/write/journal/journal.ts';
import { openSqliteJournal } from '../../../src/write/journal/sqlite.ts';
import { requestsTo, seed } from '../../support/books.ts';
import { closers } from '../../support/closers.ts';
import { harness } from '../../support/harness.ts';
import { folder } from '../../support/program.ts';
import { claimOf } from './journal-contract.ts';

/** The journal's file is removed or changed while a server has it open. In every case, the server sends no more writes. */

/** Runs a script in another process. To open and close the file in this process would release SQLite's locks on it. */
function elsewhere(script: string, ...args: string[]): void {
  execFileSync(process.execPath, ['-e', `const fs = require('node:fs'); const [file, other] = process.argv.slice(1); ${script}`, ...args]);
}

const garbage = (end: string) => (file: string) =>
  elsewhere(`fs.writeFileSync(file + '${end}', Buffer.alloc(fs.statSync(file + '${end}').size, 'x'))`, file);
const cut =
  (bytes: number, end = '') =>
  (file: string) =>
    elsewhere(`fs.truncateSync(file + '${end}', ${bytes})`, file);

/** Creates a second journal in a folder beside it. */
async function anotherJournal(file: string): Promise<string> {
  const other = join(dirname(file), 'another', 'journal.sqlite');
  const journal = await openSqliteJournal(other);
  await journal.claim(claimOf(), []);
  await journal.close();
  return other;
}

// Windows does not let an open file be moved or deleted.
const onWindows = process.platform === 'win32';
type Way = readonly [name: string, take: (file: string) => void | Promise<void>];
/** One of the journal's files is no longer the file that the server opened. */
const removed: readonly Way[] = onWindows
  ? []
  : [
      ['deleted', (file) => rmSync(file)],
      ['deleted with its -wal and -shm files', (file) => ['', '-wal', '-shm'].forEach((end) => rmSync(file + end))],
      ['deleted with its folder', (file) => rmSync(dirname(file), { recursive: true })],
      ['moved away', (file) => renameSync(file, `${file}.old`)],
      [
        'moved away with its folder, and an empty folder takes its place',
        (file) => {
          renameSync(dirname(file), `${dirname(file)}.old`);
          mkdirSync(dirname(file));
        },
      ],
      [
        'replaced by a copy of itself',
        (file) => elsewhere('fs.copyFileSync(file, other); fs.renameSync(other, file)', file, `${file}.copy`),
      ],
      ['replaced by another journal', async (file) => renameSync(await anotherJournal(file), file)],
      [
        'replaced by a folder',
        (file) => {
          rmSync(file);
          mkdirSync(file);
        },
      ],
      ['left without its write-ahead log', (file) => rmSync(`${file}-wal`)],
      [
        'given another write-ahead log',
        (file) => elsewhere('fs.copyFileSync(file, other); fs.renameSync(other, file)', `${file}-wal`, `${file}.copy`),
      ],
      ['left without its shared memory', (file) => rmSync(`${file}-shm`)],
    ];
/** The content of the journal's files is changed in place. */
const overwritten: readonly Way[] = [
  ['overwritten with other bytes', garbage('')],
  [
    'overwritten with another journal',
    async (file) => elsewhere('fs.writeFileSync(file, fs.readFileSync(other))', file, await anotherJournal(file)),
  ],
  [
    'overwritten with an older copy of itself',
    (file) => elsewhere('fs.writeFileSync(file, fs.readFileSync(other))', file, `${file}.before`),
  ],
  ['emptied', cut(0)],
  ['cut off inside its first page', cut(3000)],
  ['cut off after a page', cut(8192)],
  ['cut off before its last page', (file) => elsewhere('fs.truncateSync(file, fs.statSync(file).size - 4096)', file)],
  ['changed: its write-ahead log is overwritten', garbage('-wal')],
  ['changed: its write-ahead log is emptied', cut(0, '-wal')],
  ['changed: its write-ahead log is cut off', cut(5000, '-wal')],
];
const ways: readonly Way[] = [...removed, ...overwritten];

async function ready(): Promise<{ journal: Journal; file: string }> {
  const file = join(folder(), 'state', 'journal.sqlite');
  const journal = await openSqliteJournal(file);
  closers.push(() => journal.close().catch(() => undefined));
  elsewhere('fs.copyFileSync(file, other)', file, `${file}.before`);
  // Some events must be in the file and some in its log.
  for (let count = 0; count < 3; count += 1) await journal.claim(claimOf(), []);
  await journal.prune('2000-01-01T00:00:00.000Z');
  await journal.claim(claimOf(), []);
  return { journal, file };
}

const refused = { name: 'AccessError', code: 'journal_replaced', changed: 'no' };

describe('if a journal is removed or changed while it is open', () => {
  it.each(ways)('(%s), it refuses every claim', async (_, take) => {
    const { journal, file } = await ready();
    await take(file);
    await expect(journal.claim(claimOf(), [])).rejects.toMatchObject(refused);
    await expect(journal.claim(claimOf(), [])).rejects.toMatchObject(refused);
  });

  it.runIf(!onWindows).each(removed)('(%s) after a claim, it refuses to note `sent` or a question', async (_, take) => {
    const { journal, file } = await ready();
    const { entry } = (await journal.claim(claimOf(), [])) as Extract<Claimed, { kind: 'claimed' }>;
    await take(file);
    await expect(journal.add(entry.id, { type: 'sent', zohoTime: '2026-07-01T10:00:00.000Z' })).rejects.toMatchObject(refused);
    await expect(journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'asked', reason: 'why' })).rejects.toMatchObject(refused);
  });

  it.runIf(!onWindows)('it still notes the outcome of a write, and works again when the file is back', async () => {
    const { journal, file } = await ready();
    const { entry } = (await journal.claim(claimOf(), [])) as Extract<Claimed, { kind: 'claimed' }>;
    await journal.add(entry.id, { type: 'sent', zohoTime: '2026-07-01T10:00:00.000Z' });
    renameSync(file, `${file}.old`);
    expect((await journal.add(entry.id, { type: 'not_recorded', reason: 'Zoho refused it.' })).state).toBe('not_recorded');
    await expect(journal.claim(claimOf(), [])).rejects.toMatchObject(refused);
    renameSync(`${file}.old`, file);
    expect((await journal.claim(claimOf(), [])).kind).toBe('claimed');
    expect((await journal.verify()).problems).toEqual([]);
  });

  it('it is not created again beside the log of a deleted journal', async () => {
    const { journal, file } = await ready();
    const gone = join(folder(), 'journal.sqlite');
    copyFileSync(`${file}-wal`, `${gone}-wal`);
    await expect(openSqliteJournal(gone)).rejects.toMatchObject({ name: 'AccessError', code: 'journal_damaged', changed: 'no' });
    expect(existsSync(gone)).toBe(false);
    await journal.close();
  });
});

describe('a journal that other connections use at the same time', () => {
  it('never counts as removed or changed', async () => {
    const { journal, file } = await ready();
    const others = await Promise.all([openSqliteJournal(file), openSqliteJournal(file)]);
    const old = new Date(Date.now() + 3600_000).toISOString();
    await Promise.all([
      ...[journal, ...others].map(async (one) => {
        for (let count = 0; count < 40; count += 1)
          expect((await one.claim(claimOf({ facts: { filler: 'x'.repeat(20_000) } }), [])).kind).toBe('claimed');
      }),
      (async () => {
        // Each pruning compacts the file and its log.
        for (let count = 0; count < 10; count += 1) await others[0].prune(old);
      })(),
      (async () => {
        for (let count = 0; count < 10; count += 1) await (await openSqliteJournal(file)).close();
      })(),
    ]);
    expect((await journal.verify()).problems).toEqual([]);
    await Promise.all(others.map((other) => other.close()));
  });
});

describe('a server whose journal was removed or changed', () => {
  it.each(ways)('(%s) sends nothing, and says that nothing was changed', async (_, take) => {
    const server = await harness();
    closers.push(() => server.close().catch(() => undefined));
    const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
    const file = join(server.dir, 'journal.sqlite');
    elsewhere('fs.copyFileSync(file, other)', file, `${file}.before`);
    await server.call('create_customer_payment', payment);
    // Some events must be in the file and some in its log.
    await server.opened.road.journal.prune('2000-01-01T00:00:00.000Z');
    await server.call('create_customer_payment', { ...payment, amount: 452 });
    const before = (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET').length;
    await take(file);
    const { structuredContent } = await server.call('create_customer_payment', { ...payment, amount: 451, reference_number: 'other' });
    expect(structuredContent).toMatchObject({
      outcome: 'not_recorded',
      error: { changed: 'no', code: expect.stringMatching(/^(journal|state_dir)_/) as string },
    });
    expect((await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET')).toHaveLength(before);
  });
});
