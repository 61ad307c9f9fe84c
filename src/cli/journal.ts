import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { PaymentsError } from '../errors.ts';
import { asIndentedJson, asJson, oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { WritesWanted } from '../mcp/list-writes.ts';
import { zoneLine } from '../mcp/render.ts';
import { startedByName, type Started } from '../started.ts';
import { timeText } from '../time-zone.ts';
import { DAY_MS } from '../time.ts';
import { silent } from '../trace.ts';
import { isSettled } from '../write/journal/entry-state.ts';
import type { Entry, Journal } from '../write/journal/journal.ts';
import { graceEnds, ordinaryTimings } from '../write/timings.ts';
import { baseDirOf, stateOf } from './account.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { createLog } from './log.ts';
import { notedTimeZone } from './noted-time-zone.ts';
import { print } from './print.ts';
import { writeLine, writeText } from './render.ts';

/** The journal from the command line: what was written, whether it is whole, and what a person knows better than it. */

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
}

/** What the verbs work on. */
interface OpenJournal {
  readonly journal: Journal;
  readonly config: Config;
  /** Where it is. */
  readonly dir: string;
  readonly started: Started;
}

const KEPT_DAYS = 7;

export async function runJournal(command: JournalCommand, config: Config, started: Started = startedByName): Promise<void> {
  const { openSqliteJournal } = await import('../write/journal/sqlite.ts');
  const { journalFile } = await import('../write/open-road.ts');
  if (config.sandbox === 'memory')
    throw new ProblemError('--sandbox=memory keeps no journal; --sandbox alone shows that of the practice books that are kept', {
      exitCode: 1,
    });
  const dir = await stateOf(config).catch((error: unknown) => onlyFolder(config, error));
  const file = journalFile(dir);
  if (!existsSync(file)) throw new ProblemError(`there is no journal at ${file}: nothing was written yet`, { exitCode: 1 });
  const journal = await openSqliteJournal(file);
  try {
    await verbs[command.verb as keyof typeof verbs]?.({ journal, config, dir, started }, command);
  } finally {
    await journal.close();
  }
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
    if (last !== undefined) print(`For older ones add --page ${pageAfter(last)}`);
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
    print(asIndentedJson(entry));
    for await (const event of journal.events()) if (event.entry === entry.id) print(asJson(event));
  },
  /** By a person who has looked in Zoho Books; without a word of theirs, by looking now. */
  async resolve({ journal, config, dir }: OpenJournal, command: JournalCommand) {
    const zone = notedTimeZone(dir);
    const local = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (moment) => timeText(moment, zone));
    const { recorded, notRecorded, force = false } = command;
    const named = command.id === undefined ? undefined : await namedEntry(journal, command);
    if (recorded === undefined && notRecorded !== true) return await lookNow({ journal, config, dir }, named);
    const entry = named ?? (await namedEntry(journal, command));
    if (isSettled(entry.state)) throw new ProblemError(`it is settled already, and stays so: ${writeLine(entry, zone)}`, { exitCode: 1 });
    const connection = connect(config, createLog(config.log));
    try {
      const record = recorded === undefined ? undefined : { id: recorded, result: await seen(recorded, entry, connection) };
      const settled = await (await connection.road()).settle(entry.id, record, { force });
      if (settled.kind === 'another')
        throw new ProblemError(
          `${recorded} is not what this write recorded: ${settled.why}${settled.canForce ? '. If it is, say so with --force' : ''}`,
          { exitCode: 1 },
        );
      if (settled.kind === 'in hand')
        throw new ProblemError('a running server still works on this write: try again in a minute', { exitCode: 1 });
      if (settled.kind === 'too early')
        throw new ProblemError(
          `this write may still be carried out: ${local(settled.against)}. Try again later, or decide now with --force`,
          {
            exitCode: 1,
          },
        );
      if (settled.against !== undefined) process.stderr.write(`decided with --force, although ${local(settled.against)}\n`);
      print(writeLine(settled.entry, zone));
    } finally {
      await connection.close();
    }
  },
  async verify({ journal }: OpenJournal) {
    const { events, entries, problems } = await journal.verify();
    for (const problem of problems) print(problem);
    if (problems.length > 0)
      throw new ProblemError(`the journal is not whole: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, {
        exitCode: 1,
      });
    print(`whole: ${events} events, ${entries} writes`);
  },
  async prune({ journal }: OpenJournal, { before, customer }: JournalCommand) {
    if (customer !== undefined) {
      print(`${await journal.erase(customer)} writes emptied of what is known of customer ${customer}`);
      const kept = (await journal.unsettled()).filter(({ customer_id }) => customer_id === customer).length;
      if (kept > 0)
        throw new ProblemError(
          `of that customer ${kept} ${kept === 1 ? 'write is' : 'writes are'} kept, ` +
            'since it is not known whether carried out: run `zoho-payments-mcp journal resolve` first',
          { exitCode: 1 },
        );
      return;
    }
    if (before === undefined)
      throw new ProblemError('prune takes --before YYYY-MM-DD, or --customer ID to remove what is known of a customer', { exitCode: 2 });
    // Younger entries still keep keys, approvals and the day's limits.
    if (Date.parse(before) > Date.now() - KEPT_DAYS * DAY_MS)
      throw new ProblemError(`prune keeps the last ${KEPT_DAYS} days`, { exitCode: 2 });
    print(`${await journal.prune(`${before}T00:00:00.000Z`)} writes forgotten`);
  },
  async export({ journal }: OpenJournal) {
    for await (const event of journal.events()) print(asJson(event));
  },
};

const retryAt = (entry: Entry): Date | undefined => (isSettled(entry.state) ? undefined : graceEnds(entry, ordinaryTimings));

/** As it was noted; Zoho is asked where it never was. */
async function timeZoneFor({ config, dir }: OpenJournal): Promise<string | undefined> {
  const noted = notedTimeZone(dir);
  if (noted !== undefined) return noted;
  const connection = connect(config, silent);
  try {
    return await connection.timeZone();
  } catch {
    // The journal can be read also while nothing connects.
    return undefined;
  } finally {
    await connection.close();
  }
}

/** The journal can be read also when nobody is logged in any more, where there is just one. */
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
        'name one with ZOHO_ORGANIZATION_ID and the settings it was written with',
      { exitCode: 1, cause: error },
    );
  return join(base, only);
}

/** A word of a person is taken for which record it is, not for whether there is one. */
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

/** Looks for all that are unsettled; of one that is named only that is told. */
async function lookNow({ journal, config, dir }: Omit<OpenJournal, 'started'>, named: Entry | undefined): Promise<void> {
  const before = named === undefined ? await journal.unsettled() : [named];
  const connection = connect(config, createLog(config.log));
  try {
    await connection.resolveLeftovers((message) => process.stderr.write(`${message}\n`));
  } finally {
    await connection.close();
  }
  for (const { id } of before) print(writeLine((await journal.find(id))!, notedTimeZone(dir)));
  const left = (await journal.unsettled()).filter(({ id }) => named === undefined || id === named.id);
  print(left.length === 0 ? 'nothing is unresolved' : `${left.length} unresolved`);
  if (left.length > 0) process.exitCode = 1;
}

async function namedEntry(journal: Journal, { id }: JournalCommand): Promise<Entry> {
  const entry = id === undefined ? undefined : await journal.find(id.trim());
  if (entry !== undefined) return entry;
  const isZohos = id !== undefined && /^\d+$/.test(id.trim());
  throw new ProblemError(
    id === undefined
      ? 'name a write, as list shows them'
      : `there is no write ${oneLine(id, 100)}${isZohos ? `; journal list --record ${id.trim()} finds those about a record of Zoho` : ''}`,
    { exitCode: 1 },
  );
}
