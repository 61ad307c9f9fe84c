import { existsSync } from 'node:fs';
import type { Entry, Journal } from '../write/journal.ts';
import { stateOf } from './account.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { createLog } from './log.ts';
import { ProblemError } from './problem.ts';

/** The journal from the command line: what was written, whether it is whole, and what a person knows better than it. */

export interface JournalCommand {
  readonly verb: string | undefined;
  readonly id: string | undefined;
  readonly recorded?: string | undefined;
  readonly notRecorded?: boolean | undefined;
  readonly before?: string | undefined;
  readonly customer?: string | undefined;
  readonly limit?: number | undefined;
}

const KEPT_DAYS = 7;

const print = (line: string) => void process.stdout.write(`${line}\n`);

export async function runJournal(command: JournalCommand, config: Config): Promise<void> {
  const { openSqliteJournal } = await import('../write/journal-sqlite.ts');
  const { journalFile } = await import('../write/road.ts');
  const file = journalFile(await stateOf(config));
  if (!existsSync(file)) throw new ProblemError(`there is no journal at ${file}: nothing was written yet`, { exitCode: 1 });
  const journal = await openSqliteJournal(file);
  try {
    await verbs[command.verb as keyof typeof verbs]?.(journal, command, config);
  } finally {
    await journal.close();
  }
}

const verbs = {
  async list(journal: Journal, { limit = 50 }: JournalCommand) {
    for (const entry of await journal.list({ limit })) print(lineOf(entry));
  },
  async show(journal: Journal, command: JournalCommand) {
    const entry = await entryOf(journal, command);
    print(JSON.stringify(entry, null, 2));
    for await (const event of journal.events()) if (event.entry === entry.id) print(JSON.stringify(event));
  },
  /** By a person who has looked in Zoho Books; without a word of theirs, by looking now. */
  async resolve(journal: Journal, command: JournalCommand, config: Config) {
    const { recorded, notRecorded } = command;
    if (recorded === undefined && notRecorded !== true) return await lookNow(journal, config);
    const entry = await entryOf(journal, command);
    const connection = connect(config, createLog(config.log));
    try {
      const settled = await connection.settle(entry.id, recorded);
      if (settled === undefined) throw new ProblemError('a running server still has this write in hand, or it was sent so lately that Zoho may still carry it out: try again in a few minutes', { exitCode: 1 });
      print(lineOf(settled));
    } finally {
      await connection.close();
    }
  },
  async verify(journal: Journal) {
    const { events, entries, problems } = await journal.verify();
    for (const problem of problems) print(problem);
    if (problems.length > 0) throw new ProblemError(`the journal is not whole: ${problems.length} problems`, { exitCode: 1 });
    print(`whole: ${events} events, ${entries} writes`);
  },
  async prune(journal: Journal, { before, customer }: JournalCommand) {
    if (customer !== undefined) return print(`${await journal.erase(customer)} writes emptied of what is known of customer ${customer}`);
    if (before === undefined) throw new ProblemError('prune takes --before YYYY-MM-DD, or --customer ID to remove what is known of a customer', { exitCode: 2 });
    // Younger entries still keep keys, approvals and the day's limits.
    if (Date.parse(before) > Date.now() - KEPT_DAYS * 24 * 3600_000) throw new ProblemError(`prune keeps the last ${KEPT_DAYS} days`, { exitCode: 2 });
    print(`${await journal.prune(`${before}T00:00:00.000Z`)} writes forgotten`);
  },
  async export(journal: Journal) {
    for await (const event of journal.events()) print(JSON.stringify(event));
  },
};

export const journalVerbs: readonly string[] = Object.keys(verbs);

async function lookNow(journal: Journal, config: Config): Promise<void> {
  const connection = connect(config, createLog(config.log));
  try {
    await connection.resolveLeftovers((message) => process.stderr.write(`${message}\n`));
  } finally {
    await connection.close();
  }
  const left = await journal.unsettled();
  print(left.length === 0 ? 'nothing is unresolved' : `${left.length} unresolved:`);
  for (const entry of left) print(lineOf(entry));
}

async function entryOf(journal: Journal, { id }: JournalCommand): Promise<Entry> {
  const entry = id === undefined ? undefined : await journal.find(id);
  if (entry === undefined) throw new ProblemError(id === undefined ? 'name a write, as list shows them' : `there is no write ${id}`, { exitCode: 1 });
  return entry;
}

function lineOf({ id, claimedAt, state, endpoint, facts, zoho_id, reason }: Entry): string {
  const { title } = facts as { title?: string };
  return [id, claimedAt, state, title ?? endpoint, zoho_id && `Zoho id ${zoho_id}`, reason].filter(Boolean).join(' | ');
}
