import { randomBytes } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';
import { claimedRow, nextRow, type EntryRow } from '../../src/write/journal/entry-state.ts';
import { canonicalJson, hashOf, saltedDigest } from '../../src/write/journal/hash-chain.ts';
import type { Claim, Happening } from '../../src/write/journal/journal.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';

/** Fills a journal with many writes in one transaction. Through the journal's own code this would take minutes. */
export async function longJournal(file: string, writes: number): Promise<void> {
  await (await openSqliteJournal(file)).close();
  const database = new DatabaseSync(file);
  const head = database.prepare('SELECT head_seq AS seq, head_hash AS hash FROM journal').get() as { seq: number; hash: string };
  database.exec('PRAGMA synchronous = OFF; BEGIN');
  const insert = database.prepare('INSERT INTO events (seq, entry, type, at, data, salt, digest, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const append = (entry: string, type: string, at: string, data: object): number => {
    const text = canonicalJson(data);
    const salt = randomBytes(16);
    const link = { seq: head.seq + 1, entry, type, at, digest: saltedDigest(salt, text) };
    head.hash = hashOf(head.hash, link);
    head.seq = link.seq;
    insert.run(link.seq, entry, type, at, text, salt, link.digest, head.hash);
    return link.seq;
  };
  for (let count = 0; count < writes; count += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + count * 1000).toISOString();
    const id = `w_${count}`;
    const claim: Claim = {
      scope: '10/local',
      endpoint: 'create_customer_payment',
      intent: `intent ${count}`,
      key: `key ${count}`,
      arguments: { customer_id: '903000000000099', amount: count },
      request: {
        method: 'POST',
        path: '/customerpayments',
        scope: 'ZohoBooks.customerpayments.CREATE',
        body: { customer_id: '903000000000099', amount: count },
      },
      blocks: [`create:${count}`],
      customer_id: '903000000000099',
      before: {},
      facts: {},
    };
    let row: EntryRow = claimedRow(id, append(id, 'claimed', at, claim), at, claim);
    const happenings: Happening[] = [
      { type: 'sent', zohoTime: at },
      { type: 'not_recorded', reason: 'Zoho refused it.' },
    ];
    for (const happening of happenings) {
      const { type, ...rest } = happening;
      row = nextRow(row, append(id, type, at, rest), at, happening);
    }
    const names = Object.keys(row) as (keyof EntryRow)[];
    database
      .prepare(`INSERT INTO entries (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
      .run(...names.map((name) => row[name]));
  }
  database.prepare('UPDATE journal SET head_seq = ?, head_hash = ?').run(head.seq, head.hash);
  database.exec('COMMIT');
  database.close();
}
