import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { PaymentsError } from '../errors.ts';
import { asIndentedJson, asJson, oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { TeamMemory } from '../postgres/open.ts';
import type { WritesWanted } from '../mcp/list-writes.ts';
import { zoneLine } from '../mcp/render.ts';
import { startedByName, type Started } from '../started.ts';
import { timeText } from '../time-zone.ts';
import { DAY_MS } from '../time.ts';
import { silent } from '../trace.ts';
import { isSettled } from '../write/journal/entry-state.ts';
import type { Entry, Journal, JournalEvent } from '../write/journal/journal.ts';
import { graceEnds, ordinaryTimings } from '../write/timings.ts';
import { baseDirOf, stateOf } from './account.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { createLog } from './log.ts';
import { notedTimeZone } from './noted-time-zone.ts';
import { print } from './print.ts';
import { ask, isTerminal } from './prompt.ts';
import { unresolvedHints, writeLine, writeText } from './render.ts';

/** The commands that show, check and correct the journal. */

export interface JournalCommand {
  readonly verb: string | undefined;
  readonly id: string | undefined;
  readonly recorded?: string | undefined;
  readonly notRecorded?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly before?: string | undefined;
  readonly customer?: string | undefined;
  readonly list?: WritesWanted | undefined;
  readonly json: boolean;
  /** Whether to use the journal in the database. */
  readonly database?: boolean | undefined;
}

/** The open journal, for all subcommands. */
interface OpenJournal {
  readonly journal: Journal;
  readonly config: Config;
  /** The journal's folder. */
  readonly dir: string;
  readonly started: Started;
  /** The database, if the journal is there. */
  readonly memory?: TeamMemory | undefined;
}

const KEPT_DAYS = 7;

export async function runJournal(command: JournalCommand, config: Config, started: Started = startedByName): Promise<void> {
  // Wrong options are an error even if there is no journal yet.
  if (command.verb === 'prune' && command.customer === undefined) dayToPrune(command);
  const open = command.database === true ? await openInDatabase(config) : await openInFile(config);
  try {
    await verbs[command.verb as keyof typeof verbs]?.({ ...open, config, started }, command);
  } finally {
    await open.journal.close();
    await open.memory?.close();
  }
}

type OpenedIn = Pick<OpenJournal, 'journal' | 'dir' | 'memory'>;

async function openInDatabase(config: Config): Promise<OpenedIn> {
  const { openMemory } = await import('./database.ts');
  const { memory, organization } = await openMemory(config);
  return { memory, journal: await memory.openJournal('', organization), dir: await stateOf(config).catch(() => baseDirOf(config)) };
}

async function openInFile(config: Config): Promise<OpenedIn> {
  const { openSqliteJournal } = await import('../write/journal/sqlite.ts');
  const { journalFile } = await import('../write/open-road.ts');
  if (config.sandbox === 'memory')
    throw new ProblemError('--sandbox=memory keeps no journal; use --sandbox for the journal of the practice books that are kept', {
      exitCode: 1,
    });
  const dir = await stateOf(config).catch((error: unknown) => onlyFolder(config, error));
  const file = journalFile(dir);
  if (!existsSync(file)) throw new ProblemError(`there is no journal at ${file}: nothing was recorded yet`, { exitCode: 1 });
  return { journal: await openSqliteJournal(file), dir };
}

const verbs = {
  async list(open: OpenJournal, { list = {}, json }: JournalCommand) {
    const { listWrites, journaled, pageAfter, pageOfWrites } = await import('../mcp/list-writes.ts');
    const { journal, started } = open;
    const zone = await timeZoneFor(open);
    if (json) {
      const known = { journal: async () => journal, timeZone: async () => zone, graceEnds: async (entry: Entry) => retryAt(entry) };
      const { result } = await listWrites.run(list, known, { offered: new Set(journaled.keys()), started });
      return print(asIndentedJson(result));
    }
    const { entries, last } = await pageOfWrites(journal, list, zone);
    for (const entry of entries) print(writeLine(entry, zone));
    print(entries.length === 0 ? 'No writes match.' : zoneLine(zone));
    if (last !== undefined) print(`For older writes add --page ${pageAfter(last)}`);
  },
  async show(open: OpenJournal, command: JournalCommand) {
    const { journal, started } = open;
    const entry = await namedEntry(journal, command);
    if (!command.json) {
      const { deletionOf, deletionsAfter } = await import('../write/deleted-since.ts');
      const deletedBy = deletionOf(entry, await deletionsAfter([entry], journal));
      const shown = { zone: await timeZoneFor(open), retryAt: retryAt(entry), deletedBy, here: started.here };
      for (const text of writeText(entry, shown)) print(text);
      return;
    }
    const { outcomeOfState } = await import('../mcp/list-writes.ts');
    const events: JournalEvent[] = [];
    for await (const event of journal.events()) if (event.entry === entry.id) events.push(event);
    // The times are not changed, because `journal export` prints the same events.
    print(asIndentedJson({ ...entry, outcome: outcomeOfState[entry.state], time_zone: 'UTC', events }));
  },
  /** Settles writes: as the person decides who looked in Zoho Books, or else with a search in Zoho now. */
  async resolve(open: OpenJournal, command: JournalCommand) {
    const { journal, config, memory } = open;
    const zone = await timeZoneFor(open);
    const local = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => timeText(moment, zone));
    const { recorded, notRecorded, force = false } = command;
    const named = command.id === undefined ? undefined : await namedEntry(journal, command);
    if (recorded === undefined && notRecorded !== true) return await lookNow(open, named);
    const entry = named ?? (await namedEntry(journal, command));
    if (isSettled(entry.state))
      throw new ProblemError(`the outcome of this write is known already and cannot be changed: ${writeLine(entry, zone)}`, {
        exitCode: 1,
      });
    if (force && isTerminal()) await confirmForce();
    const connection = connect(config, createLog(config.log), memory);
    try {
      const record = recorded === undefined ? undefined : { id: recorded, result: await seen(recorded, entry, connection) };
      const settled = await (await connection.road()).settle(entry.id, record, { force });
      if (settled.kind === 'another')
        throw new ProblemError(
          `this write did not make ${recorded}: ${settled.why}${settled.canForce ? '. If you are sure that it did, add --force' : ''}`,
          { exitCode: 1 },
        );
      if (settled.kind === 'in hand')
        throw new ProblemError('a running server is still working on this write: try again in a minute', { exitCode: 1 });
      if (settled.kind === 'too early')
        throw new ProblemError(
          `Zoho may still carry out this write: ${local(settled.against)}. Try again ${afterTime(retryAt(entry), zone)}, ` +
            'or add --force to decide now, which is final',
          {
            exitCode: 1,
          },
        );
      if (settled.against !== undefined) process.stderr.write(`decided with --force, although: ${local(settled.against)}\n`);
      print(writeLine(settled.entry, zone));
      print('This is final: the outcome of this write cannot be changed again.');
    } finally {
      await connection.close();
    }
  },
  async verify({ journal }: OpenJournal) {
    const { events, entries, problems } = await journal.verify();
    for (const problem of problems) print(problem);
    if (problems.length > 0)
      throw new ProblemError(
        `the journal is damaged or was changed: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`,
        {
          exitCode: 1,
        },
      );
    print(`intact: ${counted(events, 'event')}, ${counted(entries, 'write')}`);
  },
  async prune({ journal }: OpenJournal, { before, customer }: JournalCommand) {
    if (customer !== undefined) {
      print(`removed the data of customer ${customer} from ${counted(await journal.erase(customer), 'write')}`);
      const kept = (await journal.unsettled()).filter(({ customer_id }) => customer_id === customer).length;
      if (kept > 0)
        throw new ProblemError(
          `${kept} ${kept === 1 ? 'write of that customer stays' : 'writes of that customer stay'} unchanged, ` +
            'because the outcome is unknown: run `zoho-payments-mcp journal resolve` first',
          { exitCode: 1 },
        );
      return;
    }
    print(`deleted ${counted(await journal.prune(`${dayToPrune({ before })}T00:00:00.000Z`), 'write')}`);
  },
  async export({ journal }: OpenJournal) {
    for await (const event of journal.events()) print(asJson(event));
  },
};

/** The day before which writes are deleted. Throws ProblemError if it is missing or too recent. */
function dayToPrune({ before }: Pick<JournalCommand, 'before'>): string {
  if (before === undefined)
    throw new ProblemError('prune needs --before YYYY-MM-DD, or --customer ID to remove the data of a customer', { exitCode: 2 });
  // Newer entries are still needed for idempotency keys, approvals and the limits of a day.
  if (Date.parse(before) > Date.now() - KEPT_DAYS * DAY_MS)
    throw new ProblemError(`prune cannot delete writes of the last ${KEPT_DAYS} days`, { exitCode: 2 });
  return before;
}

const retryAt = (entry: Entry): Date | undefined => (isSettled(entry.state) ? undefined : graceEnds(entry, ordinaryTimings));

/** The noted time zone; if none was noted, the time zone from Zoho. */
async function timeZoneFor({ config, dir }: OpenJournal): Promise<string | undefined> {
  const noted = notedTimeZone(dir);
  if (noted !== undefined) return noted;
  const connection = connect(config, silent);
  try {
    return await connection.timeZone();
  } catch {
    // The journal must be readable without a connection.
    return undefined;
  } finally {
    await connection.close();
  }
}

/** The only folder with a journal, so that the journal can be read after a logout. Rethrows `error` if there is none. */
function onlyFolder(config: Config, error: unknown): string {
  const base = baseDirOf(config);
  const folders = existsSync(base)
    ? readdirSync(base).filter((name) => name !== 'sandbox' && existsSync(join(base, name, 'journal.sqlite')))
    : [];
  const [only, another] = folders;
  if (only === undefined) throw error;
  if (another !== undefined)
    throw new ProblemError(
      `there are journals of several organizations (${folders.join(', ')}): ` +
        'choose one with ZOHO_ORGANIZATION_ID and the other ZOHO_ settings that the server used for it',
      { exitCode: 1, cause: error },
    );
  return join(base, only);
}

/** Reads the record that the person named. The person decides which record it is, but it must exist. */
async function seen(zoho_id: string, { makes, arguments: args }: Entry, { zoho }: Connection): Promise<Json> {
  try {
    if (makes === 'payment') return await zoho.read(getCustomerPayment, { payment_id: zoho_id });
    if (makes === 'refund')
      return await zoho.read(getCustomerPaymentRefund, { customer_payment_id: String(args['customer_payment_id']), refund_id: zoho_id });
    return {};
  } catch (error) {
    if (error instanceof PaymentsError && (error.code === 'not_found' || error.code === 'invalid_value'))
      throw new ProblemError(`there is no ${makes} ${zoho_id} in Zoho Books`, { exitCode: 1, cause: error });
    throw error;
  }
}

/** At a terminal, a decision against the evidence needs a yes. */
async function confirmForce(): Promise<void> {
  print('A decision with --force is final: the outcome cannot be changed later, even if Zoho shows that it was wrong.');
  if (!/^y(es)?$/i.test(await ask('Decide now? yes or no: '))) throw new ProblemError('nothing was decided', { exitCode: 1 });
}

const afterTime = (time: Date | undefined, zone: string | undefined): string =>
  time === undefined ? 'later' : `after ${timeText(time.toISOString(), zone)}`;

/** Searches Zoho for all unsettled writes. If the person named one, prints only that one. */
async function lookNow(open: OpenJournal, named: Entry | undefined): Promise<void> {
  const { journal, config, started, memory } = open;
  const before = named === undefined ? await journal.unsettled() : [named];
  const connection = connect(config, createLog(config.log), memory);
  try {
    await connection.resolveLeftovers((message) => process.stderr.write(`${message}\n`));
  } finally {
    await connection.close();
  }
  const zone = await timeZoneFor(open);
  for (const { id } of before) print(writeLine((await journal.find(id))!, zone));
  const left = (await journal.unsettled()).filter(({ id }) => named === undefined || id === named.id);
  print(left.length === 0 ? 'no write is unresolved' : `still unresolved: ${left.length}`);
  for (const text of unresolvedHints(left, zone)) print(started.here(text));
  if (left.length > 0) process.exitCode = 1;
}

async function namedEntry(journal: Journal, { id }: JournalCommand): Promise<Entry> {
  const entry = id === undefined ? undefined : await journal.find(id.trim());
  if (entry !== undefined) return entry;
  const isZohos = id !== undefined && /^\d+$/.test(id.trim());
  throw new ProblemError(
    id === undefined
      ? 'give the id of a write: journal list shows the ids'
      : `there is no write ${oneLine(id, 100)}${isZohos ? `; journal list --record ${id.trim()} lists the writes of a Zoho record` : ''}`,
    { exitCode: id === undefined ? 2 : 1 },
  );
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
