import type { RoadOptions } from '../write/open-road.ts';
import { openDatabase, type TeamDatabaseOptions } from './database.ts';
import { openPostgresJournal } from './journal.ts';
import { refuseUnusableDatabase } from './self-test.ts';
import { openPostgresTurns } from './turns.ts';

/** The memory that the servers of a team share: the journals and turns of all organizations. */
export interface TeamMemory extends Required<Pick<RoadOptions, 'openJournal' | 'openTurns'>> {
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
    close: () => database.close(),
  };
}
