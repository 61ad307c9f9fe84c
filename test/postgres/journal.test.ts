import { beforeAll, describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../src/time.ts';
import { clocks } from '../support/clocks.ts';
import { closers } from '../support/closers.ts';
import { openJournalAt, tamperAt } from '../support/postgres-journal.ts';
import { testServer } from '../support/postgres.ts';
import { claimOf, journalContract } from '../write/journal/journal-contract.ts';

let url: string;
let count = 0;
beforeAll(async () => {
  url = await (await testServer()).createDatabase();
});

describe('the journal on PostgreSQL', () => {
  journalContract({
    name: 'postgres',
    // The journals of all tests are in one database, so these tests also show that organizations do not see each other's rows.
    place: () => `${url}#organization ${(count += 1)}`,
    open: openJournalAt,
    tamper: tamperAt,
  });

  it("notes and tells the database's time, whatever this machine's clock shows", async () => {
    const ahead = clocks();
    const journal = await openJournalAt(`${url}#clock`);
    closers.push(() => journal.close());
    const truth = Date.now();
    ahead.wall = 60 * MINUTE_MS;
    const claimed = await journal.claim(claimOf(), []);
    if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
    for (const told of [Date.parse(claimed.entry.claimedAt), journal.now()]) expect(Math.abs(told - truth)).toBeLessThan(MINUTE_MS);
    // Between two answers of the database, its time passes by the monotonic clock.
    const before = journal.now();
    ahead.ticks = 2 * MINUTE_MS;
    expect(journal.now() - before).toBeGreaterThanOrEqual(2 * MINUTE_MS);
    await journal.find('w_0');
    expect(journal.now() - before).toBeLessThan(MINUTE_MS);
  });
});
