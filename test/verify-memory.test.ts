import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import type { Json } from '../src/endpoint.ts';
import { canonical, digestOf, hashOf } from '../src/write/chain.ts';
import { claimedRow, nextRow, type Row } from '../src/write/entry.ts';
import { openSqliteJournal } from '../src/write/journal-sqlite.ts';
import type { Happening } from '../src/write/journal.ts';
import { claimOf } from './journal-contract.ts';
import { folder } from './support/program.ts';

/** A journal of many writes, made in one transaction: through the journal itself it would take minutes. */
async function journalOf(file: string, writes: number): Promise<void> {
  await (await openSqliteJournal(file)).close();
  const database = new DatabaseSync(file);
  const head = database.prepare('SELECT head_seq AS seq, head_hash AS hash FROM journal').get() as { seq: number; hash: string };
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  const insert = database.prepare('INSERT INTO events (seq, entry, type, at, data, salt, digest, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const append = (entry: string, type: string, at: string, data: Json): number => {
    const text = canonical(data);
    const salt = randomBytes(16);
    const link = { seq: head.seq + 1, entry, type, at, digest: digestOf(salt, text) };
    head.hash = hashOf(head.hash, link);
    head.seq = link.seq;
    insert.run(link.seq, entry, type, at, text, salt, link.digest, head.hash);
    return link.seq;
  };
  for (let count = 0; count < writes; count += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + count * 1000).toISOString();
    const id = `w_${count}`;
    const claim = claimOf({ key: `key ${count}` });
    let row: Row = claimedRow(id, append(id, 'claimed', at, claim as unknown as Json), at, claim);
    const happenings: Happening[] = [{ type: 'sent', zohoTime: at }, { type: 'not_recorded', reason: 'Zoho refused it.' }];
    for (const happening of happenings) {
      const { type, ...rest } = happening;
      row = nextRow(row, append(id, type, at, rest), at, happening);
    }
    const names = Object.keys(row) as (keyof Row)[];
    database.prepare(`INSERT INTO entries (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`).run(...names.map((name) => row[name]));
  }
  database.prepare('UPDATE journal SET head_seq = ?, head_hash = ?').run(head.seq, head.hash);
  database.exec('COMMIT');
  database.close();
}

it('verify takes no more memory for a long journal than for a short one', { timeout: 60_000 }, async () => {
  const source = pathToFileURL(join(import.meta.dirname, '../src/write/journal-sqlite.ts')).href;
  const script = `
    import { openSqliteJournal } from ${JSON.stringify(source)};
    const journal = await openSqliteJournal(process.argv[1]);
    console.log(JSON.stringify(await journal.verify()));
    await journal.close();`;
  const verify = (file: string) => promisify(execFile)(process.execPath, [`--max-old-space-size=${HEAP_MB}`, '--import', 'tsx', '--input-type=module', '-e', script, file]);
  const [short, long] = [join(folder(), 'journal.sqlite'), join(folder(), 'journal.sqlite')];
  await Promise.all([journalOf(short, 100), journalOf(long, WRITES)]);
  for (const [file, writes] of [[short, 100], [long, WRITES]] as const) {
    expect(JSON.parse((await verify(file)).stdout)).toEqual({ events: writes * 3, entries: writes, problems: [] });
  }
});

/** Enough for the program and a page of events, and too little for all rows of the long journal. */
const HEAP_MB = 24;
const WRITES = 12_000;
