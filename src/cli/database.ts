import type { TeamMemory } from '../postgres/open.ts';
import { accountOf } from './account.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { print } from './print.ts';

/** The commands that use the database of a team, and its servers. */

export async function runMigrate(config: Config): Promise<void> {
  const { migrate } = await import('../postgres/migrate.ts');
  const { from, to } = await migrate(urlOf(config));
  print(from === to ? `the tables are up to date (version ${to})` : `the tables were updated from version ${from} to version ${to}`);
}

/** Takes over the journal of this file. */
export async function runJournalImport(file: string, config: Config): Promise<void> {
  const { memory, organization } = await openMemory(config);
  try {
    const { events, entries, kept } = await memory.importJournal(file, organization);
    print(`imported ${entries} ${entries === 1 ? 'write' : 'writes'} with ${events} events; the file is now ${kept}`);
  } finally {
    await memory.close();
  }
}

/** Connects to the database, for the organization of the settings or of the login. */
export async function openMemory(config: Config): Promise<{ readonly memory: TeamMemory; readonly organization: string }> {
  const url = urlOf(config);
  if (config.sandbox !== false)
    throw new ProblemError('the practice books have no journal in the database: omit --sandbox', { exitCode: 2 });
  const organization = config.organizationId ?? (await accountOf(config)).organizationId;
  const { openTeamMemory } = await import('../postgres/open.ts');
  return { memory: await openTeamMemory(url, { connections: 2, turns: 2 }), organization };
}

/** The journal and turns of a server over HTTP. Undefined without a database. Practice books have a journal of their own. */
export async function openServersMemory({ databaseUrl, sandbox }: Config): Promise<TeamMemory | undefined> {
  if (databaseUrl === undefined || sandbox !== false) return undefined;
  const { openTeamMemory } = await import('../postgres/open.ts');
  return await openTeamMemory(databaseUrl);
}

function urlOf({ databaseUrl }: Config): string {
  if (databaseUrl !== undefined) return databaseUrl;
  throw new ProblemError('set DATABASE_URL to the address of a PostgreSQL database, such as postgres://user@host/name', {
    exitCode: 2,
  });
}
