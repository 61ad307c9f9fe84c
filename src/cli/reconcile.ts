import { basename } from 'node:path';
import { inQuotes, oneLine } from '../foreign-text.ts';
import { daysFrom } from '../matching/date-range.ts';
import { isSameName } from '../matching/same-name.ts';
import { formatMoney } from '../money.ts';
import type { Role } from '../statement/column-names.ts';
import { paymentRoles, paymentRows } from '../statement/payment-rows.ts';
import { statementRoles, statementTable, type StatementLine } from '../statement/statement-lines.ts';
import type { Table } from '../statement/table.ts';
import { UnreadableError } from '../statement/unreadable-csv.ts';
import { matchStatement, USUAL_DAYS } from '../workflows/match-statement.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { checkNamedColumns, columnsLine, csvText, unreadableFile, type CsvOptions } from './csv-file.ts';
import { rowsText, rowTable } from './import-rows.ts';
import { createLog } from './log.ts';
import { print } from './print.ts';
import { Progress } from './progress.ts';
import { ResultsFile } from './results-file.ts';

/** Compares a file with the books in both directions. Changes nothing. */

export interface ReconcileCommand {
  readonly file: string;
  readonly csv: CsvOptions;
  readonly encoding?: string | undefined;
  readonly account?: string | undefined;
  readonly days?: number | undefined;
  readonly results?: string | undefined;
}

export const reconcileRoles: readonly Role[] = [...new Set<Role>([...statementRoles, ...paymentRoles])];

const RECONCILE_COLUMNS = ['row', 'status', 'payment_id', 'message'];

/** The exit code if something does not agree. */
const DIFFERS = 3;

type Status = 'recorded' | 'missing' | 'different' | 'not_in_file' | 'unread';

const says: Readonly<Record<Status, string>> = {
  recorded: 'recorded',
  missing: 'MISSING',
  different: 'DIFFERENT',
  not_in_file: 'NOT IN THE FILE',
  unread: 'NOT READ',
};

interface ReconciledRow {
  /** Undefined for a record that no row shows. */
  readonly row?: number | undefined;
  readonly status: Status;
  readonly payment_id?: string | undefined;
  readonly message: string;
}

export async function runReconcile(command: ReconcileCommand, config: Config): Promise<void> {
  const { lines, unread, table } = await readLines(command);
  const results =
    command.results === undefined ? undefined : new ResultsFile(command.results, command.file, RECONCILE_COLUMNS, originalColumns(table));
  print(`${oneLine(basename(command.file))}: ${rowsText(lines.length)}. ${columnsLine(table)}`);
  const connection = connect(config, createLog(config.log));
  try {
    const zoho = await connection.reader(undefined);
    const progress = new Progress(connection.quota);
    progress.say('Reading the books.');
    const matched = await matchStatement
      .run({ lines: [...lines], account: command.account, days: command.days }, { zoho, progress: (doing) => progress.say(doing) })
      .finally(() => progress.clear());
    const findings = [...findingsOf(matched, command.days ?? USUAL_DAYS), ...unread].toSorted(
      (a, b) => (a.row ?? Infinity) - (b.row ?? Infinity),
    );
    for (const line of rowTable(findings.map(({ row, status, message }) => [row === undefined ? '-' : String(row), says[status], message])))
      print(line);
    print('');
    const cellsOf = new Map(table.rows.map(({ line, cells }) => [line, cells]));
    results?.end(
      findings.map(({ row, status, payment_id = '', message }) => [
        String(row ?? ''),
        status,
        payment_id,
        message,
        ...(cellsOf.get(row ?? 0) ?? []),
      ]),
    );
    if (results?.trouble !== undefined) process.stderr.write(`The results file could not be written (${results.trouble}).\n`);
    conclude(findings, matched.partial ?? []);
  } finally {
    await connection.close();
  }
}

function conclude(findings: readonly ReconciledRow[], partial: readonly string[]): void {
  const counts = (Object.keys(says) as Status[])
    .map((status) => [status, findings.filter((one) => one.status === status).length] as const)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${says[status].toLowerCase()}`);
  print(`${counts.join(', ')}.`);
  if (partial.length > 0)
    throw new ProblemError(`not everything could be read, so not everything is compared. Missing: ${oneLine(partial.join(', '), 400)}`, {
      exitCode: DIFFERS,
    });
  if (findings.some(({ status }) => status !== 'recorded'))
    throw new ProblemError('the file and the books do not agree', { exitCode: DIFFERS });
  print('The file and the books agree.');
}

interface ReadFile {
  readonly lines: readonly StatementLine[];
  readonly unread: readonly ReconciledRow[];
  readonly table: Pick<Table, 'header' | 'columns'> & { readonly rows: readonly Table['rows'][number][] };
}

/** A file with a column for payment modes, invoices or keys is a file of payments. Any other file is a bank statement. */
async function readLines({ file, encoding, csv }: ReconcileCommand): Promise<ReadFile> {
  const text = csvText(file, encoding);
  try {
    const payments = await paymentRows(text, csv).catch((error: unknown) => {
      if (error instanceof UnreadableError) return undefined;
      throw error;
    });
    const isOfPayments = (['payment_mode', 'invoices', 'key'] as const).some((role) => payments?.columns.has(role));
    if (payments !== undefined && isOfPayments && payments.columns.has('date')) {
      checkNamedColumns(csv, payments);
      return linesOfPayments(payments);
    }
    const { lines, skipped, table } = await statementTable(text, csv);
    checkNamedColumns(csv, table);
    return {
      lines,
      unread: skipped.flatMap(({ line, why, isUnread }) =>
        isUnread ? [{ row: line, status: 'unread' as const, message: `${why}.` }] : [],
      ),
      table,
    };
  } catch (error) {
    throw error instanceof UnreadableError ? unreadableFile(error) : error;
  }
}

function linesOfPayments({ rows, header, columns }: Awaited<ReturnType<typeof paymentRows>>): ReadFile {
  const table = { header, columns, rows: rows.map(({ row, cells }) => ({ line: row, cells })) };
  const unread = rows.flatMap(({ row, problem, payment }): ReconciledRow[] =>
    typeof payment['date'] === 'string' && typeof payment['amount'] === 'number'
      ? []
      : [{ row, status: 'unread', message: problem ?? 'It has no date or no amount.' }],
  );
  const unreadRows = new Set(unread.map(({ row }) => row));
  const lines = rows
    .filter(({ row }) => !unreadRows.has(row))
    .map(({ row, payment }): StatementLine => {
      const {
        customer,
        currency,
        date,
        amount,
        invoices = [],
        reference_number,
        description,
      } = payment as {
        readonly customer?: string;
        readonly currency?: string;
        readonly date: string;
        readonly amount: number;
        readonly invoices?: readonly { readonly invoice: string }[];
        readonly reference_number?: string;
        readonly description?: string;
      };
      const text = [...invoices.map(({ invoice }) => invoice), description].filter(Boolean).join(' ');
      return { line: row, date, amount, name: customer, text: text || undefined, reference: reference_number, currency };
    });
  return { lines, unread, table };
}

const originalColumns = ({ header, rows }: ReadFile['table']): string[] => {
  const width = Math.max(header.length, ...rows.map(({ cells }) => cells.length));
  return Array.from({ length: width }, (_, i) => header[i] || `column ${i + 1}`);
};

type MatchedStatement = Awaited<ReturnType<typeof matchStatement.run>>;
type StatementMatch = MatchedStatement['lines'][number];
type UnmatchedRecord = MatchedStatement['unmatched'][number];

function findingsOf({ lines, unmatched }: MatchedStatement, days: number): ReconciledRow[] {
  const left = new Set(unmatched);
  const findings = lines.map((line): ReconciledRow => {
    if (line.status === 'recorded') return { row: line.line, status: 'recorded', payment_id: line.payment_id, message: recordText(line) };
    const likely = line.candidates?.find(({ payment_id }) => payment_id !== undefined);
    if (likely !== undefined)
      return {
        row: line.line,
        status: 'different',
        payment_id: likely.payment_id,
        message: `It may be ${recordText(likely)}, but that is not certain: ${asSentence(likely.reason)}`,
      };
    const near = nearestRecord(line, left, days);
    if (near === undefined) return { row: line.line, status: 'missing', message: missingText(line) };
    left.delete(near);
    const inBooks = `${formatMoney(near.amount, near.currency_code)} on ${near.date}`;
    return { row: line.line, status: 'different', payment_id: near.payment_id, message: `The books have ${recordText(near)}: ${inBooks}.` };
  });
  return [
    ...findings,
    ...[...left].map((record): ReconciledRow => {
      const { customer_name = '', amount, currency_code, date, payment_id } = record;
      const message = `${recordText(record)} of ${inQuotes(customer_name, 60)}: ${formatMoney(amount, currency_code)} on ${date}.`;
      return { status: 'not_in_file', payment_id, message };
    }),
  ];
}

interface RecordIds {
  readonly payment_id?: string | undefined;
  readonly refund_id?: string | undefined;
}

const recordText = ({ payment_id = '', refund_id }: RecordIds): string =>
  refund_id === undefined ? `payment ${payment_id}` : `refund ${refund_id} of payment ${payment_id}`;

const asSentence = (reason: string): string => oneLine(reason, 300).replace(/(?<![.?!])$/, '.');

function missingText({ status, invoices = [], reason }: StatementMatch): string {
  const pays = invoices.map(({ invoice_number }) => inQuotes(invoice_number, 40)).join(', ');
  return status === 'fits' && pays !== '' ? `It would pay invoice ${pays}.` : asSentence(reason);
}

/** The record of the same customer with the nearest date that no row shows. It has a different amount. */
function nearestRecord(line: StatementMatch, left: ReadonlySet<UnmatchedRecord>, days: number): UnmatchedRecord | undefined {
  const ids = new Set([line, ...(line.candidates ?? [])].map(({ customer_id }) => customer_id).filter((id) => id !== undefined));
  const distance = ({ date }: UnmatchedRecord) => Math.abs(daysFrom(line.date, date));
  return [...left]
    .filter(
      (record) =>
        line.amount > 0 === (record.refund_id === undefined) &&
        (ids.has(record.customer_id ?? '') || (line.name !== undefined && isSameName(line.name, record.customer_name))) &&
        distance(record) <= days,
    )
    .toSorted((a, b) => distance(a) - distance(b))[0];
}
