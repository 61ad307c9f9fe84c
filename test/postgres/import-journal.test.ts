import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTeamMemory, type TeamMemory } from '../../src/postgres/open.ts';
import type { Journal, JournalEvent } from '../../src/write/journal/journal.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';
import { closers } from '../support/closers.ts';
import { testServer, type TestServer } from '../support/postgres.ts';
import { folder } from '../support/program.ts';
import { claimOf } from '../write/journal/journal-contract.ts';

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});

async function memory(): Promise<TeamMemory> {
  const opened = await openTeamMemory(await server.createDatabase());
  closers.push(() => opened.close());
  return opened;
}

const own = { scope: '10/local' };

/** A journal of organization 10 with entries in several states, a note, an erased entry, and a pruned beginning. */
async function story(): Promise<string> {
  const file = join(folder(), 'journal.sqlite');
  let now = Date.parse('2026-01-01T00:00:00Z');
  const journal = await openSqliteJournal(file, { now: () => now });
  const claimed = async (some: Parameters<typeof claimOf>[0]) => {
    const claim = await journal.claim(claimOf({ ...own, ...some }), []);
    if (claim.kind !== 'claimed') throw new Error(claim.kind);
    return claim.entry.id;
  };
  const old = await claimed({});
  await journal.add(old, { type: 'not_recorded', reason: 'old' });
  now = Date.parse('2026-06-01T00:00:00Z');
  expect(await journal.prune('2026-03-01T00:00:00Z')).toBe(1);
  const done = await claimed({ key: 'k', approval: 'a', customer_id: '77', arguments: { customer_id: '77', note: 'ž "\\u0000" \u0000' } });
  await journal.add(done, { type: 'sent' });
  await journal.add(done, { type: 'recorded', answer: { result: {}, report: { lines: [], next: [] } } });
  const erased = await claimed({});
  await journal.add(erased, { type: 'not_recorded', reason: 'x' });
  await journal.erase('903000000000099');
  const open = await claimed({ blocks: ['payment:1', 'payment:2'] });
  await journal.add(open, { type: 'sent' });
  await journal.note({ scope: own.scope, endpoint: 'e', intent: 'i', type: 'declined', reason: 'no' });
  await journal.close();
  return file;
}

const contents = async (journal: Journal) => {
  const events: JournalEvent[] = [];
  for await (const event of journal.events()) events.push(event);
  return { events, secret: await journal.secret(), entries: await journal.list({ limit: 100 }), verdict: await journal.verify() };
};

describe('the import of a journal from SQLite', () => {
  it('takes over every event, entry and note, and the chain continues', async () => {
    const file = await story();
    const sqlite = await openSqliteJournal(file);
    const before = await contents(sqlite);
    await sqlite.close();
    const team = await memory();
    const { kept, ...counts } = await team.importJournal(file, '10');
    expect(counts).toEqual({ events: before.verdict.events, entries: before.verdict.entries });
    const journal = await team.openJournal('', '10');
    expect(await contents(journal)).toEqual(before);
    // What was claimed before cannot be claimed again.
    expect(await journal.claim(claimOf({ ...own, key: 'k' }), [])).toMatchObject({ kind: 'known', by: 'key' });
    expect(await journal.claim(claimOf({ ...own, approval: 'a' }), [])).toMatchObject({ kind: 'known', by: 'approval' });
    expect(await journal.claim(claimOf({ ...own, blocks: ['payment:2'] }), [])).toMatchObject({ kind: 'blocked' });
    expect((await journal.claim(claimOf(own), [])).kind).toBe('claimed');
    expect((await journal.verify()).problems).toEqual([]);
    // The file stays readable under its new name.
    const old = await openSqliteJournal(kept);
    expect(await contents(old)).toEqual(before);
    await old.close();
  });

  it('takes over a journal of an earlier version', async () => {
    const file = join(folder(), 'journal.sqlite');
    copyFileSync(fileURLToPath(new URL('../fixtures/journal-layout-1.sqlite', import.meta.url)), file);
    const team = await memory();
    await team.importJournal(file, '10234695');
    const journal = await team.openJournal('', '10234695');
    expect((await journal.list({ limit: 10 })).length).toBeGreaterThan(3);
  });

  it('stops a server that still uses the file', async () => {
    const file = await story();
    const running = await openSqliteJournal(file);
    closers.push(() => running.close());
    await (await memory()).importJournal(file, '10');
    await expect(running.claim(claimOf(own), [])).rejects.toMatchObject({ code: 'journal_replaced', changed: 'no' });
  });

  it.each<[string, string, (team: TeamMemory, file: string) => unknown]>([
    ['of another organization', '11', () => undefined],
    ['that does not exist', '10', () => undefined],
    [
      'into a journal that is not empty',
      '10',
      async (team) => (await team.openJournal('', '10')).note({ ...own, endpoint: 'e', intent: 'i', type: 'asked', reason: 'x' }),
    ],
  ])('refuses a journal %s, and leaves both journals unchanged', async (what, organization, prepare) => {
    const file = await story();
    const team = await memory();
    await prepare(team, file);
    const wanted = what === 'that does not exist' ? `${file}.none` : file;
    await expect(team.importJournal(wanted, organization)).rejects.toMatchObject({ name: 'AccessError', code: 'journal_unusable' });
    const journal = await team.openJournal('', organization);
    expect((await journal.verify()).events).toBe(what === 'into a journal that is not empty' ? 1 : 0);
    const still = await openSqliteJournal(file);
    expect((await still.verify()).problems).toEqual([]);
    await still.close();
  });
});
