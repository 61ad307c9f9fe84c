import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { DAY_MS } from '../time.ts';
import { isSettled } from '../write/journal/entry-state.ts';
import type { Entry, Journal } from '../write/journal/journal.ts';
import { baseDirOf, stateOf } from './account.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import type { Connection } from './connection.ts';
import { createLog } from './log.ts';
import { print } from './print.ts';

/** The journal from the command line: what was written, whether it is whole, and what a person knows better than it. */

export interface JournalCommand {
  readonly verb: string | undefined;
  readonly id: string | undefined;
  readonly recorded?: string | undefined;
  readonly notRecorded?: boolean | undefined;
  readonly force?: boolean | undefined;
  readonly before?: string | undefined;
  readonly customer?: string | undefined;
  readonly limit?: number | undefined;
}

const KEPT_DAYS = 7;

export async function runJournal(command: JournalCommand, config: Config): Promise<void> {
  const { openSqliteJournal } = await import('../write/journal/sqlite.ts');
  const { journalFile } = await import('../write/open-road.ts');
  const file = journalFile(await stateOf(config).catch((error: unknown) => onlyFolder(config, error)));
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
    const entry = await namedEntry(journal, command);
    print(JSON.stringify(entry, null, 2));
    for await (const event of journal.events()) if (event.entry === entry.id) print(JSON.stringify(event));
  },
  /** By a person who has looked in Zoho Books; without a word of theirs, by looking now. */
  async resolve(journal: Journal, command: JournalCommand, config: Config) {
    const { recorded, notRecorded, force = false } = command;
    const named = command.id === undefined ? undefined : await namedEntry(journal, command);
    if (recorded === undefined && notRecorded !== true) return await lookNow(journal, named, config);
    const entry = named ?? (await namedEntry(journal, command));
    if (isSettled(entry.state)) throw new ProblemError(`it is settled already, and stays so: ${lineOf(entry)}`, { exitCode: 1 });
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
        throw new ProblemError(`this write may still be carried out: ${settled.against}. Try again later, or decide now with --force`, {
          exitCode: 1,
        });
      if (settled.against !== undefined) process.stderr.write(`decided with --force, although ${settled.against}\n`);
      print(lineOf(settled.entry));
    } finally {
      await connection.close();
    }
  },
  async verify(journal: Journal) {
    const { events, entries, problems } = await journal.verify();
    for (const problem of problems) print(problem);
    if (problems.length > 0)
      throw new ProblemError(`the journal is not whole: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, {
        exitCode: 1,
      });
    print(`whole: ${events} events, ${entries} writes`);
  },
  async prune(journal: Journal, { before, customer }: JournalCommand) {
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
  async export(journal: Journal) {
    for await (const event of journal.events()) print(JSON.stringify(event));
  },
};

export const journalVerbs: readonly string[] = Object.keys(verbs);

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
async function lookNow(journal: Journal, named: Entry | undefined, config: Config): Promise<void> {
  const before = named === undefined ? await journal.unsettled() : [named];
  const connection = connect(config, createLog(config.log));
  try {
    await connection.resolveLeftovers((message) => process.stderr.write(`${message}\n`));
  } finally {
    await connection.close();
  }
  for (const { id } of before) print(lineOf((await journal.find(id))!));
  const left = (await journal.unsettled()).filter(({ id }) => named === undefined || id === named.id);
  print(left.length === 0 ? 'nothing is unresolved' : `${left.length} unresolved`);
  if (left.length > 0) process.exitCode = 1;
}

async function namedEntry(journal: Journal, { id }: JournalCommand): Promise<Entry> {
  const entry = id === undefined ? undefined : await journal.find(id);
  if (entry === undefined)
    throw new ProblemError(id === undefined ? 'name a write, as list shows them' : `there is no write ${id}`, { exitCode: 1 });
  return entry;
}

function lineOf({ id, claimedAt, state, endpoint, facts, zoho_id, reason }: Entry): string {
  const { title } = facts as { title?: string };
  return [id, claimedAt, state, title ?? endpoint, zoho_id && `Zoho id ${zoho_id}`, reason].filter(Boolean).join(' | ');
}
