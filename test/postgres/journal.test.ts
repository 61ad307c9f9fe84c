import { beforeAll, describe } from 'vitest';
import { openJournalAt, tamperAt } from '../support/postgres-journal.ts';
import { testServer } from '../support/postgres.ts';
import { journalContract } from '../write/journal/journal-contract.ts';

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
});
