import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DeclinedError, InternalError, PaymentsError, type BusyError } from '../errors.ts';
import { inQuotes, oneLine } from '../foreign-text.ts';
import { readArguments } from '../mcp/arguments.ts';
import { formatMoney, sum } from '../money.ts';
import { guessedColumns } from '../statement/guess-columns.ts';
import { neededRoles, paymentRows, type FilePayment, type PaymentTable } from '../statement/payment-rows.ts';
import type { ColumnMap } from '../statement/table.ts';
import { UnreadableError } from '../statement/unreadable-csv.ts';
import { recordCustomerPayment } from '../workflows/record-customer-payment.ts';
import { recordCustomerPayments } from '../workflows/record-customer-payments.ts';
import type { Counted } from '../write/journal/journal.ts';
import type { ListPlan, PlannedRow, RowCall, RowOutcome } from '../write/list-types.ts';
import { performList } from '../write/perform-list.ts';
import { refusedTool } from '../write/policy.ts';
import type { Road } from '../write/types.ts';
import type { Zoho } from '../zoho/client.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { checkNamedColumns, columnsLine, csvText, unreadableFile, type CsvOptions } from './csv-file.ts';
import { modeInFile } from './file-modes.ts';
import {
  importQuestion,
  NOT_STARTED,
  planLine,
  planTable,
  IMPORT_COLUMNS,
  rowsText,
  stateOfRow,
  unusableRow,
  type PlanLine,
  type RowState,
} from './import-rows.ts';
import { createLog } from './log.ts';
import { onlyImport } from './one-import.ts';
import { print } from './print.ts';
import { Progress } from './progress.ts';
import { ask, isTerminal } from './prompt.ts';
import { problemOf } from './render.ts';
import { ResultsFile } from './results-file.ts';
import { usable } from './state-dir.ts';

/** Records the payments of a CSV file: shows a plan, asks, then records each row as `record_customer_payments` does. */

export interface ImportCommand {
  readonly file: string;
  readonly csv: CsvOptions;
  readonly encoding?: string | undefined;
  /** Payment modes that the organization added in Zoho Books. */
  readonly modes: readonly string[];
  readonly dryRun: boolean;
  /** True if nobody is asked. */
  readonly yes: boolean;
  /** True if the command waits for Zoho's rate limits, also for the limit of the day. */
  readonly wait: boolean;
  readonly results?: string | undefined;
}

/** The error if the command was used correctly, but nothing may be sent. */
const refusal = (message: string, cause?: unknown): ProblemError => new ProblemError(message, { exitCode: 3, cause });

export async function runImport(command: ImportCommand, config: Config): Promise<void> {
  refuseBeforehand(command, config);
  const table = await readPayments(command);
  const results = resultsFile(command, table);
  print(`${oneLine(basename(command.file))}: ${rowsText(table.rows.length)}. ${columnsLine(table)}`);
  const ending = new AbortController();
  const end = () => {
    if (ending.signal.aborted) process.exit(CANCELLED);
    ending.abort(importCancelled());
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  const connection = connect(config, createLog(config.log));
  try {
    const dir = usable((await connection.wire()).dir);
    const lock = await onlyImport(dir, ending.signal, () =>
      process.stderr.write('Another import of these books is running. Waiting until it ends.\n'),
    );
    try {
      const { road } = await connection.road();
      const progress = new Progress(connection.quota);
      await new Import(command, table, results, progress, ending.signal).run(dir, command.dryRun ? unableToSend(road) : road);
    } finally {
      lock.leave();
    }
  } catch (error) {
    if (error instanceof PaymentsError) throw refusal(problemOf(error).message, error);
    throw error;
  } finally {
    await connection.close();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, end);
  }
}

const CANCELLED = 130;

const importCancelled = (): ProblemError => new ProblemError('cancelled: nothing was recorded', { exitCode: CANCELLED });

function refuseBeforehand({ yes, dryRun }: ImportCommand, { policy, readOnly }: Config): void {
  if (yes && policy.allow_unattended !== true) throw refusal('the policy does not allow --yes: this needs "allow_unattended": true');
  if (!yes && !dryRun && !isTerminal())
    throw new ProblemError('there is no terminal, so nobody can be asked: use --dry-run to see the plan, or --yes if the policy allows it');
  if (dryRun) return;
  if (readOnly) throw refusal('the settings allow only reading (ZOHO_PAYMENTS_READ_ONLY): only --dry-run is possible');
  const refused = refusedTool(policy, recordCustomerPayments.name);
  if (refused !== undefined) throw refusal(refused.message, refused);
}

/** Reads the file. Asks about columns that are not recognized. */
async function readPayments(command: ImportCommand): Promise<PaymentTable> {
  const text = csvText(command.file, command.encoding);
  const options = { ...command.csv };
  const read = async () => await paymentRows(text, options);
  let table = await read().catch(async (error: unknown) => {
    if (!(error instanceof UnreadableError)) throw error;
    // If the header is recognized without the columns that the user named, then one of these columns does not exist.
    const known = await paymentRows(text, { ...options, columns: undefined }).catch(() => undefined);
    if (known !== undefined) checkNamedColumns(options, known);
    const guessed = error.settledBy === 'columns' ? await guessedColumns(text, missingRoles(options), options.delimiter) : undefined;
    if (guessed === undefined) throw unreadableFile(error);
    options.columns = { ...options.columns, ...(await agreedGuess(guessed, error)) };
    return await read().catch((again: unknown) => {
      throw again instanceof UnreadableError ? unreadableFile(again) : again;
    });
  });
  checkNamedColumns(options, table);
  if (!table.columns.has('payment_mode') && options.constants?.payment_mode === undefined) {
    options.constants = { ...options.constants, payment_mode: await askedMode() };
    table = await read();
  }
  const { payment_mode: mode } = options.constants ?? {};
  if (mode !== undefined) modeInFile(mode, command.modes, 'for all rows');
  return table;
}

/** The needed roles for which the user named no column. */
const missingRoles = ({ columns = {}, constants = {} }: CsvOptions) =>
  neededRoles.filter((roles) => !roles.some((role) => role in columns || role in constants));

async function agreedGuess(guessed: ColumnMap, error: UnreadableError): Promise<ColumnMap> {
  const option = `--columns ${JSON.stringify(
    Object.entries(guessed)
      .map(([role, name]) => `${role}=${oneLine(name, 60)}`)
      .join(','),
  )}`;
  if (!isTerminal()) throw new ProblemError(`${error.shownMessage} The best guess is ${option}`, { cause: error });
  print(error.shownMessage);
  for (const [role, name] of Object.entries(guessed)) print(`  ${role} may be the column ${inQuotes(name, 60)}`);
  if (isYes(await askedAt('Is that right? (yes/no) '))) return guessed;
  throw new ProblemError('name the columns with --columns, such as --columns customer=Name,amount=Betrag');
}

async function askedMode(): Promise<string> {
  if (!isTerminal())
    throw new ProblemError(
      'no column has the payment mode: name it with --columns payment_mode=HEADER, ' +
        'or name one mode for all rows with --columns payment_mode:=banktransfer',
    );
  const mode = await askedAt(
    'No column has the payment mode. Which payment mode do all rows have (cash, check, banktransfer, creditcard, …)? ',
  );
  if (mode === '') throw new ProblemError('a payment needs a payment mode');
  return mode;
}

const askedAt = async (question: string): Promise<string> =>
  await ask(question).catch((error: unknown) => {
    throw error instanceof ProblemError ? importCancelled() : error;
  });

const isYes = (answer: string): boolean => ['y', 'yes'].includes(answer.toLowerCase());

function resultsFile({ file, results, dryRun }: ImportCommand, { header, rows }: PaymentTable): ResultsFile | undefined {
  if (dryRun && results === undefined) return undefined;
  const width = Math.max(header.length, ...rows.map(({ cells }) => cells.length));
  const original = Array.from({ length: width }, (_, i) => header[i] || `column ${i + 1}`);
  return new ResultsFile(results ?? `${file.replace(/\.[^./\\]*$/, '')}.results.csv`, file, IMPORT_COLUMNS, original);
}

/** A dry run must not send anything, not even repeat a write that an earlier run sent. */
function unableToSend(road: Road): Road {
  const without = (zoho: Zoho): Zoho => ({
    ...zoho,
    until: (signal) => without(zoho.until(signal)),
    send: () => Promise.reject(new InternalError('no', new Error('A dry run sends nothing.'))),
  });
  return { ...road, zoho: without(road.zoho) };
}

/** One run of the command. */
class Import {
  readonly #command: ImportCommand;
  readonly #rows: readonly FilePayment[];
  readonly #calls: readonly RowCall[];
  /** The header of the column with the payment modes. */
  readonly #modeColumn: string;
  readonly #results: ResultsFile | undefined;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  /** By row number. */
  readonly #states = new Map<number, RowState>();
  readonly #recorded = new Map<number, Extract<RowOutcome, { outcome: 'recorded' }>>();
  #isSending = false;
  #isPlanShown = false;
  /** Why nothing was sent, or why the run stopped. */
  #ended: ProblemError | undefined;

  constructor(
    command: ImportCommand,
    { rows, header, columns }: PaymentTable,
    results: ResultsFile | undefined,
    progress: Progress,
    signal: AbortSignal,
  ) {
    this.#command = command;
    this.#rows = rows;
    this.#results = results;
    this.#progress = progress;
    this.#signal = signal;
    this.#modeColumn = header[columns.get('payment_mode')?.[0] ?? -1] ?? '';
    this.#calls = rows.flatMap((row) => this.#callOf(row) ?? []);
  }

  async run(dir: string, road: Road): Promise<void> {
    const { wait } = this.#command;
    try {
      if (this.#calls.length > 0) {
        const performed = await performList(
          {
            workflow: recordCustomerPayments,
            rows: this.#calls,
            // The folder is named after data center and organization. The file name is not part of the key, because another file may have
            // the same row.
            key: `import/${basename(dir)}`,
            onlyGoodRows: true,
            person: { canBeAsked: false },
            unlimited: true,
            signal: this.#signal,
            agree: async (plan) => await this.#agree(plan),
            ...(wait && { wait: async (limit: BusyError) => await this.#waitFor(limit) }),
            progress: (doing, row, of) => this.#step(doing, row, of),
            done: (row, outcome) => this.#done(row, outcome),
          },
          road,
        );
        if (performed.kind !== 'list') throw new InternalError('no', new Error('At the command line, the user answers questions at once.'));
        for (const [i, outcome] of performed.rows.entries()) this.#note(this.#calls[i]!.number!, outcome);
      }
    } catch (error) {
      if (this.#signal.aborted) this.#ended = this.#cancelled();
      else if (this.#ended === undefined) this.#ended = asRefusal(error);
    }
    this.#progress.clear();
    if (!this.#isPlanShown && this.#ended === undefined) this.#showPlan(planLines(this.#rows, this.#states));
    if (!this.#command.dryRun || this.#command.results !== undefined) this.#results?.end(this.#lines());
    this.#report();
  }

  /** Returns the call of a row. Undefined if the file alone shows that the row cannot be recorded. */
  #callOf({ row, payment, key, allowDuplicateOf, problem }: FilePayment): RowCall | undefined {
    try {
      if (problem !== undefined) throw new ProblemError(problem);
      return { number: row, input: readArguments(recordCustomerPayment.input, this.#withMode(payment)), key, allowDuplicateOf };
    } catch (error) {
      if (!(error instanceof PaymentsError) && !(error instanceof ProblemError)) throw error;
      this.#states.set(row, unusableRow(error.message.replace(/^The arguments are not valid: /, '')));
      return undefined;
    }
  }

  #withMode(payment: FilePayment['payment']): FilePayment['payment'] {
    const { payment_mode: mode } = payment;
    if (typeof mode !== 'string') return payment;
    return { ...payment, payment_mode: modeInFile(mode, this.#command.modes, `in the column ${inQuotes(this.#modeColumn, 40)}`) };
  }

  #step(doing: 'Checking' | 'Recording', row: number, of: number): void {
    if (doing === 'Recording' && !this.#isSending) {
      this.#isSending = true;
      this.#results?.begin(this.#lines().filter((_, i) => this.#states.has(this.#rows[i]!.row)));
    }
    this.#progress.step(doing, row, of);
  }

  #done(row: number, outcome: RowOutcome): void {
    this.#note(row, outcome);
    if (this.#isSending) this.#results?.add(this.#lineOf(this.#rows.find((one) => one.row === row)!));
  }

  #note(row: number, outcome: RowOutcome): void {
    this.#states.set(row, stateOfRow(outcome));
    if (outcome.outcome === 'recorded') this.#recorded.set(row, outcome);
  }

  async #waitFor(limit: BusyError): Promise<void> {
    const until = limit.retryAt?.getTime() ?? Date.now() + WAIT_MS;
    this.#progress.wait(`${limit.shownMessage} The import waits until ${new Date(until).toISOString()}.`);
    await sleep(Math.max(0, until - Date.now()), undefined, { signal: this.#signal });
  }

  /** Shows the plan and asks the user. Returns who agreed, or undefined if nobody did. */
  async #agree({ title, rows, about }: ListPlan): Promise<'terminal' | 'nobody' | undefined> {
    const planned = new Map(this.#calls.map(({ number }, i) => [number!, rows[i]!]));
    for (const [row, { outcome }] of planned) if (outcome !== undefined) this.#note(row, outcome);
    const lines = planLines(this.#rows, this.#states, planned);
    this.#progress.clear();
    this.#showPlan(lines);
    const { dryRun, yes } = this.#command;
    const bad = lines.filter(({ standing }) => standing === 'PROBLEM').length;
    if (bad > 0) return this.#end(`nothing was recorded: ${rowsText(bad)} cannot be recorded. Correct them, and run the command again`);
    const limit = rows
      .map(({ outcome }) => outcome && 'error' in outcome && outcome.error)
      .find((error) => error && LIMITS.has(error.code));
    if (limit)
      return this.#end(`nothing was recorded: not every row could be checked. ${limit.shownMessage} Run the command again with --wait`);
    const concerns = about.filter(({ code }) => code !== 'list');
    if (yes && concerns.length > 0)
      return this.#end(
        `nothing was recorded, because a person must decide: ${concerns
          .slice(0, 10)
          .map(({ code, text }) => `${oneLine(text, 300)} (${code})`)
          .join('; ')}${concerns.length > 10 ? `; and ${concerns.length - 10} more` : ''}`,
      );
    for (const line of importQuestion(title, lines)) print(line);
    if (dryRun) return undefined;
    if (yes) return 'nobody';
    const answer = await ask('Record them? (yes/no) ', { signal: this.#signal }).catch((error: unknown) => {
      throw error instanceof ProblemError ? importCancelled() : error;
    });
    return isYes(answer) ? 'terminal' : this.#end('nothing was recorded, because you did not agree');
  }

  #end(why: string): undefined {
    this.#ended = refusal(why);
    return undefined;
  }

  #showPlan(lines: readonly PlanLine[]): void {
    this.#isPlanShown = true;
    for (const line of planTable(lines)) print(line);
    print('');
  }

  #lines(): string[][] {
    return this.#rows.map((row) => this.#lineOf(row));
  }

  #lineOf({ row, cells }: FilePayment): string[] {
    const { outcome, payment_id = '', code = '', message = '' } = this.#stateOf(row);
    return [String(row), outcome, payment_id, code, message, ...cells];
  }

  #stateOf(row: number): RowState {
    return this.#states.get(row) ?? NOT_STARTED;
  }

  #cancelled(): ProblemError {
    if (!this.#isSending) return importCancelled();
    const count = this.#recorded.size;
    return new ProblemError(`cancelled: ${count} of ${rowsText(this.#rows.length)} are recorded. Run the same command again to continue`, {
      exitCode: CANCELLED,
    });
  }

  /** Prints what was recorded. Throws unless every row is recorded. */
  #report(): void {
    const { dryRun } = this.#command;
    const states = this.#rows.map(({ row }) => ({ row, ...this.#stateOf(row) }));
    if (this.#isSending) {
      const fresh = [...this.#recorded.values()].filter(({ done }) => !done.replayed);
      const totals = totalsText(fresh.flatMap(({ counted }) => counted ?? []));
      const already = this.#recorded.size - fresh.length;
      print(
        `Recorded ${rowsText(fresh.length)}${totals === '' ? '' : `, ${totals} in all`}.` +
          (already === 0 ? '' : ` Recorded by an earlier run: ${rowsText(already)}.`),
      );
      for (const { row, outcome, code = '', message = '' } of states)
        if (outcome !== 'recorded' && code !== '') print(`Row ${row}: ${OUTCOMES[outcome]} (${code}). ${message}`);
    }
    const trouble = this.#results?.trouble;
    if (trouble !== undefined)
      process.stderr.write(`The results file could not be written (${trouble}). The journal has every payment.
`);
    else if (this.#results !== undefined) print(`Results: ${this.#results.path}`);
    if (this.#ended !== undefined) throw this.#ended;
    const count = (outcome: RowState['outcome']) => states.filter((state) => state.outcome === outcome).length;
    const unknown = count('unknown');
    const open = count('not_recorded') + count('not_started');
    if (dryRun) {
      const isPossible = states.every(({ outcome, code }) => outcome === 'recorded' || (outcome === 'not_started' && code === undefined));
      if (isPossible) return;
      throw refusal('not every row can be recorded now');
    }
    if (unknown > 0)
      throw new ProblemError(`the outcome of ${rowsText(unknown)} is unknown. Run the same command again in five minutes`, { exitCode: 5 });
    if (open > 0 && this.#isSending)
      throw new ProblemError(`${rowsText(open)} ${open === 1 ? 'is' : 'are'} not recorded. Run the same command again to continue`, {
        exitCode: 4,
      });
    if (open > 0) throw refusal(`nothing was recorded: ${rowsText(open)} cannot be recorded now`);
    if (!this.#isSending) print('Every row is recorded already.');
  }
}

const WAIT_MS = 5_000;

/** Codes of errors that every further row would get too. */
const LIMITS: ReadonlySet<string> = new Set(['minute_limit', 'day_limit', 'took_too_long']);

const OUTCOMES: Readonly<Record<RowState['outcome'], string>> = {
  recorded: 'recorded',
  not_recorded: 'not recorded',
  unknown: 'outcome unknown',
  not_started: 'not sent yet',
};

function planLines(
  rows: readonly FilePayment[],
  states: ReadonlyMap<number, RowState>,
  planned: ReadonlyMap<number, PlannedRow> = new Map(),
): PlanLine[] {
  return rows.map(({ row }) => planLine(row, planned.get(row) ?? { attention: [] }, states.get(row) ?? NOT_STARTED));
}

/** The error as a refusal. Undefined for a normal dry run, in which `performList` throws because nobody agreed. */
function asRefusal(error: unknown): ProblemError | undefined {
  if (error instanceof DeclinedError) return undefined;
  if (error instanceof ProblemError) return error;
  if (error instanceof PaymentsError) return refusal(problemOf(error).message, error);
  throw error;
}

function totalsText(counted: readonly Counted[]): string {
  const currencies = [...new Set(counted.map(({ currency }) => currency))];
  return currencies
    .map((code) => formatMoney(sum(counted.filter(({ currency }) => currency === code).map(({ amount }) => Number(amount))), code))
    .join(' and ');
}
