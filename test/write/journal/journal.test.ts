import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/write/journal/hash-chain.ts';
import { openSqliteJournal } from '../../../src/write/journal/sqlite.ts';
import { longJournal } from '../../support/long-journal.ts';
import { claimOf, journalContract } from './journal-contract.ts';

let folder: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoho-journal-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const place = (): string => join(folder, `${(count += 1)}`, 'journal.sqlite');

/** Runs SQL on the file without the journal, after it removed the triggers. */
function past(file: string, ...sql: string[]): void {
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all() as { name: string }[])
    database.exec(`DROP TRIGGER ${name}`);
  for (const statement of sql) database.exec(statement);
  database.close();
}

describe('the journal on SQLite', () => {
  journalContract({
    name: 'sqlite',
    place,
    open: (file, now) => openSqliteJournal(file, now && { now }),
    tamper: async (file, ...sql) => past(file, ...sql),
  });
});

describe('the file of the journal', () => {
  // Windows has no file modes. There, the user's profile folder keeps other users out.
  it.skipIf(process.platform === 'win32')('can be read only by its owner, and so can its folder', async () => {
    const file = join(folder, 'state', 'deeper', 'journal.sqlite');
    const journal = await openSqliteJournal(file);
    await journal.claim(claimOf(), []);
    const modes = () =>
      readdirSync(join(folder, 'state', 'deeper'))
        .toSorted()
        .map((name) => [name, statSync(join(folder, 'state', 'deeper', name)).mode & 0o777]);
    const owners = ['journal.sqlite', 'journal.sqlite-shm', 'journal.sqlite-wal'].map((name) => [name, 0o600]);
    expect(modes()).toEqual(owners);
    for (const dir of ['state', join('state', 'deeper')]) expect(statSync(join(folder, dir)).mode & 0o777).toBe(0o700);
    // Files that others can read become private again.
    for (const [name] of owners) chmodSync(join(folder, 'state', 'deeper', String(name)), 0o644);
    const second = await openSqliteJournal(file);
    expect(modes()).toEqual(owners);
    await Promise.all([journal.close(), second.close()]);
  });

  it('is created only once if several connections find it missing', async () => {
    const file = place();
    const journals = await Promise.all(Array.from({ length: 10 }, () => openSqliteJournal(file)));
    const secrets = await Promise.all(journals.map((journal) => journal.secret()));
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(1);
    await Promise.all(journals.map((journal) => journal.close()));
    expect(readdirSync(join(file, '..')).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('survives a power cut, because every write is on the disk before it is acknowledged', async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    const { entry } = (await journal.claim(claimOf(), [])) as { entry: { id: string } };
    // A power cut would leave both files as they are now, not closed.
    const copy = join(folder, `${(count += 1)}.sqlite`);
    copyFileSync(file, copy);
    copyFileSync(`${file}-wal`, `${copy}-wal`);
    const after = await openSqliteJournal(copy);
    expect((await after.find(entry.id))?.state).toBe('claimed');
    await Promise.all([journal.close(), after.close()]);
  });

  it.each([
    ['empty', (file: string) => writeFileSync(file, '')],
    ['text', (file: string) => writeFileSync(file, 'these are no books '.repeat(100))],
    [
      "another program's",
      (file: string) => {
        rmSync(file);
        past(file, 'CREATE TABLE t (x)');
      },
    ],
    ['cut off', (file: string) => truncateSync(file, 3000)],
    ['without one of its tables', (file: string) => past(file, 'DROP TABLE events')],
  ])('is refused and left unchanged if it is %s', async (_, damage) => {
    const file = place();
    await (await openSqliteJournal(file)).close();
    for (const beside of ['-wal', '-shm']) rmSync(`${file}${beside}`, { force: true });
    damage(file);
    const before = readFileSync(file);
    await expect(openSqliteJournal(file)).rejects.toMatchObject({ name: 'AccessError', code: 'journal_damaged', changed: 'no' });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is checked by verify, which reports damage in the middle of the file', async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    past(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    // The damage hits the older entries, not the names of tables and the newest event, which are read when the file is opened.
    const { size } = statSync(file);
    for (let round = 0; round < 50; round += 1) await journal.claim(claimOf(), []);
    await journal.close();
    past(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
    const bytes = readFileSync(file);
    bytes.fill(0xa5, size, size + 4 * 4096);
    const broken = join(folder, `${(count += 1)}.sqlite`);
    writeFileSync(broken, bytes, { mode: 0o600 });
    const after = await openSqliteJournal(broken);
    expect((await after.verify()).problems.join('\n')).toMatch(/The file is damaged/);
    await after.close();
  });

  it('is refused if a newer version wrote it', async () => {
    const file = place();
    await (await openSqliteJournal(file)).close();
    past(file, 'PRAGMA user_version = 2');
    await expect(openSqliteJournal(file)).rejects.toMatchObject({ name: 'AccessError', code: 'journal_too_new' });
  });

  it('causes an error if it cannot be created', async () => {
    const blocked = join(folder, 'a file');
    writeFileSync(blocked, '');
    await expect(openSqliteJournal(join(blocked, 'journal.sqlite'))).rejects.toMatchObject({
      name: 'AccessError',
      code: 'journal_unusable',
    });
    expect(existsSync(join(blocked, 'journal.sqlite'))).toBe(false);
  });

  it('does not allow anybody to change or remove an event', async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    await journal.claim(claimOf(), []);
    const database = new DatabaseSync(file);
    for (const sql of ["UPDATE events SET type = 'x'", "UPDATE events SET data = '{}'", 'DELETE FROM events'])
      expect(() => database.exec(sql)).toThrow('an event is never');
    database.close();
    await journal.close();
  });
});

describe('a call that waits for the file of the journal', () => {
  it('does not block the event loop, and continues when the file is free', async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
      if (ticks === 3) other.exec('COMMIT');
    }, 5);
    expect((await journal.claim(claimOf(), [])).kind).toBe('claimed');
    clearInterval(ticking);
    expect(ticks).toBeGreaterThanOrEqual(3);
    other.close();
    await journal.close();
  });

  it('waits only a short time while another call searches a long journal by any condition', async () => {
    const file = place();
    await longJournal(file, 5_000);
    const journal = await openSqliteJournal(file);
    for (const [filter, found] of [
      [{ reference_number: 'none' }, 0],
      [{ amount: '7' }, 1],
      [{ record: '17' }, 0],
      [{ id: 'l_none' }, 0],
      [{ id: 'w_17' }, 1],
      [{ state: 'recorded' }, 0],
      [{ endpoint: 'none' }, 0],
      [{ customer_id: '903000000000099', amount: '17.00' }, 1],
    ] as const) {
      let turns = 0;
      const count = () => {
        turns += 1;
        next = setImmediate(count);
      };
      let next = setImmediate(count);
      expect(await journal.list({ ...filter, limit: 3 }), JSON.stringify(filter)).toHaveLength(found);
      clearImmediate(next);
      // The 15,000 events are not read in one step.
      expect(turns, JSON.stringify(filter)).toBeGreaterThan(3);
    }
    await journal.close();
  });

  it('fails with journal_busy if it waits too long', async () => {
    const file = place();
    const journal = await openSqliteJournal(file, { patienceMs: 200 });
    const { entry } = (await journal.claim(claimOf(), [])) as { entry: { id: string } };
    await journal.add(entry.id, { type: 'sent', zohoTime: '2026-07-01T10:00:00.000Z' });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const [claim, add, read] = await Promise.allSettled([
      journal.claim(claimOf(), []),
      journal.add(entry.id, { type: 'not_recorded', reason: 'x' }),
      journal.find(entry.id),
    ]);
    expect(claim).toMatchObject({ status: 'rejected', reason: { name: 'BusyError', code: 'journal_busy', changed: 'no' } });
    // This step may belong to a write that Zoho already has, so something may have changed.
    expect(add).toMatchObject({ status: 'rejected', reason: { code: 'journal_busy', changed: 'unknown' } });
    expect(read).toMatchObject({ status: 'fulfilled', value: { state: 'sent' } });
    other.exec('COMMIT');
    other.close();
    await journal.close();
  });

  it('fails if the journal is closed meanwhile', async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const waiting = journal.claim(claimOf(), []);
    await journal.close();
    await journal.close();
    await expect(waiting).rejects.toThrow('closed');
    await expect(journal.find('w_0')).rejects.toThrow('closed');
    other.close();
  });
});

describe('the erasure of a customer', () => {
  it("leaves no byte of the customer's data in the files", async () => {
    const file = place();
    const journal = await openSqliteJournal(file);
    const second = await openSqliteJournal(file);
    const name = 'Zebulon Quartermaine';
    const id = '712345000000090777';
    // Enough data to fill pages, and to be split and moved by the data of the other customer.
    for (let round = 0; round < 40; round += 1) {
      const mine = round % 2 === 0;
      const claim = claimOf({
        customer_id: mine ? id : '5',
        arguments: { note: (mine ? name : 'Benton').repeat(1 + (round % 7) * 60) },
        request: { method: 'POST', path: '/', scope: '' },
        facts: {},
        key: `${mine ? name : 'Benton'} ${round}`,
        blocks: [`create:${mine ? id : '5'}:${round}`],
      });
      const claimed = await journal.claim(claim, []);
      if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
      await second.add(claimed.entry.id, { type: 'sent', zohoTime: '2026-07-01T10:00:00.000Z' });
      await journal.note({
        scope: 's',
        endpoint: 'e',
        intent: 'i',
        type: 'asked',
        reason: mine ? name : 'Benton',
        customer_id: mine ? id : '5',
      });
      await second.add(claimed.entry.id, {
        type: 'recorded',
        answer: { result: { name: mine ? name : 'Benton' }, report: { lines: [mine ? name : 'Benton'], next: [] } },
      });
    }
    const bytes = () =>
      ['', '-wal', '-shm'].map((end) => (existsSync(file + end) ? readFileSync(file + end).toString('latin1') : '')).join('');
    expect(bytes()).toContain(name);
    expect(await journal.erase(id)).toBe(20);
    expect(bytes()).not.toContain(name);
    expect(bytes()).not.toContain(id);
    expect(bytes()).toContain('Benton');
    expect((await second.verify()).problems).toEqual([]);
    await Promise.all([journal.close(), second.close()]);
  });
});

describe('canonical JSON', () => {
  it('is the same text for equal values, with the names in any order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }, undefined], a: 'é\u2028"', 10: null, 9: 0.1 })).toBe(
      '{"9":0.1,"10":null,"a":"é\u2028\\"","b":[{"d":1},null]}',
    );
    expect(canonicalJson({ x: { z: 1, y: 2 } })).toBe(canonicalJson({ x: { y: 2, z: 1 } }));
    expect(canonicalJson(JSON.parse('{"__proto__":{"b":1,"a":2}}'))).toBe('{"__proto__":{"a":2,"b":1}}');
  });
});
