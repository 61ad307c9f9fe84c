import type { Journal } from '../write/journal/journal.ts';
import type { Turns } from '../write/turn.ts';
import { openDatabase, type TeamDatabaseOptions } from './database.ts';
import type { Imported } from './import-journal.ts';
import { openPostgresJournal } from './journal.ts';
import { refuseUnusableDatabase } from './self-test.ts';
import { openPostgresTurns } from './turns.ts';

/** The memory that the servers of a team share. `openJournal` and `openTurns` are options of the road; they use no file. */
export interface TeamMemory {
  openJournal(file: string, organization: string): Promise<Journal>;
  openTurns(dir: string, organization: string): Promise<Turns>;
  /** Takes over a journal from an SQLite file. */
  importJournal(file: string, organization: string): Promise<Imported>;
  close(): Promise<void>;
}

/** Connects to the database, and checks it. Throws AccessError or BusyError if the server cannot use it. */
export async function openTeamMemory(url: string, options: TeamDatabaseOptions = {}): Promise<TeamMemory> {
  const database = openDatabase(url, options);
  try {
    await refuseUnusableDatabase(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return {
    openJournal: (_file, organization) => openPostgresJournal(database, organization),
    openTurns: async (_dir, organization) => openPostgresTurns(database, organization),
    importJournal: async (file, organization) => await (await import('./import-journal.ts')).importJournal(file, database, organization),
    close: () => database.close(),
  };
}
