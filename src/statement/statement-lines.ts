import { amountReader, type AmountReader, type Decimal, type ReadAmount } from './amount-column.ts';
import { headerRank, type Role } from './column-names.ts';
import type { Delimiter } from './csv.ts';
import { dateReader } from './date-column.ts';
import { directionOf, readTable, type ColumnMap, type Table, type TableRow } from './table.ts';
import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** The lines of a bank statement in CSV text. */

export type StatementLine = {
  /** From 1 at the first row below the header. */
  readonly line: number;
  readonly date: string;
  /** Less than 0 is money out. */
  readonly amount: number;
  readonly text?: string | undefined;
  readonly name?: string | undefined;
  readonly reference?: string | undefined;
  readonly currency?: string | undefined;
};

/** A row that is not a line of the statement, such as a total. */
export interface SkippedRow {
  readonly line: number;
  readonly why: string;
  /** True if the row has a date or an amount that cannot be read. Then it may still be a line. */
  readonly isUnread?: boolean;
}

interface StatementOptions {
  readonly columns?: ColumnMap | undefined;
  readonly date_format?: string | undefined;
  readonly decimal?: Decimal | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** `date` comes before the others, so that "Valuta" is a date if it holds dates; a `payer` is no `name`. */
export const statementRoles = [
  'currency',
  'date',
  'paid_in',
  'paid_out',
  'amount',
  'balance',
  'direction',
  'payer',
  'payee',
  'name',
  'reference',
  'text',
] as const satisfies readonly Role[];

interface ReadStatement {
  readonly lines: readonly StatementLine[];
  readonly skipped: readonly SkippedRow[];
}

export async function statementLines(csv: string, options: StatementOptions = {}): Promise<ReadStatement> {
  const { lines, skipped } = await statementTable(csv, options);
  return { lines, skipped };
}

/** The lines, with the table that they come from. */
export async function statementTable(
  csv: string,
  { columns, date_format, decimal, delimiter }: StatementOptions = {},
): Promise<ReadStatement & { readonly table: Table }> {
  const table = await readTable(csv, {
    roles: statementRoles,
    isHeader: (found) => found.has('date') && (['amount', 'paid_in', 'paid_out'] as const).some((role) => found.has(role)),
    example: { date: 'Date', amount: 'Amount' },
    columns,
    delimiter,
  });
  const cell = cellsOf(table);
  const isMoney = (row: TableRow) => ['amount', 'paid_in', 'paid_out'].some((role) => /\d/.test(cell(row, role as Role)));
  const readDay = dateReader(
    table.rows.filter(isMoney).map((row) => cell(row, 'date')),
    date_format,
  );
  const dated = table.rows.filter((row) => readDay(cell(row, 'date')) !== undefined);
  const readAmount = signedAmounts(table, dated, decimal, columns);
  const others = otherTexts(table, dated);
  const lines: StatementLine[] = [];
  const skipped: SkippedRow[] = [];
  for (const row of table.rows) {
    const [date, told] = [readDay(cell(row, 'date')), readAmount(row)];
    const isUnread = date === undefined ? /\d/.test(cell(row, 'date')) : isMoney(row);
    const skip = (what: string) =>
      skipped.push({ line: row.line, ...(isUnread ? { why: `its ${what} cannot be read`, isUnread } : { why: `no ${what}` }) });
    if (date === undefined) skip('date');
    else if (told === undefined) skip('amount');
    else if (told.amount === 0) skipped.push({ line: row.line, why: 'an amount of 0' });
    else lines.push({ line: row.line, date, ...told, ...textsOf(table, row, others, told.amount) });
  }
  if (lines.length > 0) return { lines, skipped, table };
  throw unreadableCsv('No row of the text has a date and an amount that can be read.', 'Call again with `columns`, or with `lines`.');
}

/** The cell of a row for this role, or an empty text. */
export const cellsOf =
  ({ columns }: Table) =>
  ({ cells }: TableRow, role: Role): string =>
    cells[columns.get(role)?.[0] ?? -1] ?? '';

export interface SignedAmount {
  readonly amount: number;
  readonly currency?: string;
}

/** Reads the amount of a row, with its sign, from the columns that the table has. */
export function signedAmounts(
  table: Table,
  rows: readonly TableRow[],
  decimal: Decimal | undefined,
  map: ColumnMap = {},
): (row: TableRow) => SignedAmount | undefined {
  const { columns } = table;
  const cell = cellsOf(table);
  const isSplit = map.amount === undefined && (!columns.has('amount') || (columns.has('paid_in') && columns.has('paid_out')));
  const roles = isSplit ? (['paid_in', 'paid_out'] as const) : (['amount'] as const);
  const read = amountReader(
    rows.flatMap((row) => roles.map((role) => cell(row, role))),
    decimal,
  );
  const own = currencyIn(columns, table.header, roles);
  const withCurrency = (row: TableRow, amount: number, told?: string): SignedAmount => {
    const currency = cell(row, 'currency').toUpperCase() || (told ?? own);
    return { amount, ...(currency && { currency }) };
  };
  if (isSplit) return splitAmounts(rows, cell, read, withCurrency);
  const told = rows.flatMap((row) => read(cell(row, 'amount')) ?? []).filter(({ amount }) => amount !== 0);
  const marked = told.filter(({ mark }) => mark !== undefined).length;
  const bare = told.find(({ mark, amount }) => mark === undefined && amount > 0);
  if (marked > 0 && bare !== undefined)
    throw unreadableCsv(
      'Some amounts are marked CR or DR and others are not. It is unclear if the others are money in or money out.',
      'Ask the user, and call again with `lines`.',
    );
  const isSigned = told.some(({ amount }) => amount < 0);
  const unclear = isSigned || marked > 0 ? undefined : unclearDirection(table, rows);
  if (unclear !== undefined)
    throw unreadableCsv(
      `It is unclear if a row with ${cellText(unclear)} is money in or money out.`,
      'Ask the user, and call again with `lines`, in which money out is negative.',
    );
  return (row) => {
    const one = read(cell(row, 'amount'));
    if (one === undefined) return undefined;
    const direction = one.mark ?? (isSigned ? undefined : directionOf(cell(row, 'direction')));
    return withCurrency(row, direction === undefined ? one.amount : Math.abs(one.amount) * (direction === 'in' ? 1 : -1), one.currency);
  };
}

/** Returns a word that shows no direction, in a column that shows the direction of other rows. */
function unclearDirection({ columns, header }: Table, rows: readonly TableRow[]): string | undefined {
  const named = columns.get('direction') ?? header.flatMap((name, index) => (headerRank('direction', name) === undefined ? [] : [index]));
  const words = named.map((index) => rows.map(({ cells }) => cells[index] ?? ''));
  const telling = words.filter((column) => columns.has('direction') || column.some((word) => directionOf(word) === 'out'));
  return telling.flat().find((word) => directionOf(word) === undefined);
}

/** `Amount (EUR)`. */
function currencyIn(columns: Table['columns'], header: readonly string[], roles: readonly Role[]): string | undefined {
  const codes = roles.map(
    (role) => /\b(EUR|USD|GBP|INR|CHF|PLN|BRL|JPY|CAD|AUD|SEK|NOK|DKK|CZK)\b/.exec(header[columns.get(role)?.[0] ?? -1] ?? '')?.[1],
  );
  return codes.find((code) => code !== undefined);
}

/** Reads separate columns for money in and money out. Some banks write a minus before every amount paid out. */
function splitAmounts(
  rows: readonly TableRow[],
  cell: (row: TableRow, role: Role) => string,
  read: AmountReader,
  withCurrency: (row: TableRow, amount: number, told?: string) => SignedAmount,
): (row: TableRow) => SignedAmount | undefined {
  const told = (row: TableRow, role: Role): ReadAmount | undefined => {
    const one = read(cell(row, role));
    return one?.amount === 0 ? undefined : one;
  };
  const out = rows.flatMap((row) => told(row, 'paid_out') ?? []);
  const minusIsOut = out.length > 0 && out.every(({ amount }) => amount < 0);
  return (row) => {
    const [paidIn, paidOut] = [told(row, 'paid_in'), told(row, 'paid_out')];
    if (paidIn !== undefined && paidOut !== undefined) return undefined;
    if (paidOut !== undefined) return withCurrency(row, minusIsOut ? paidOut.amount : -paidOut.amount, paidOut.currency);
    if (paidIn !== undefined) return withCurrency(row, paidIn.amount, paidIn.currency);
    const zero = read(cell(row, 'paid_in')) ?? read(cell(row, 'paid_out'));
    return zero && withCurrency(row, 0);
  };
}

/** The name is the payer's for money in, and the payee's for money out. All columns of text are joined, also those without a known header. */
function textsOf(
  { columns }: Table,
  { cells }: TableRow,
  others: readonly number[],
  amount: number,
): Pick<StatementLine, 'text' | 'name' | 'reference'> {
  const all = (role: Role) => textsIn(cells, columns.get(role) ?? []);
  const [name] = [...all(amount > 0 ? 'payer' : 'payee'), ...all('name')];
  const text = [...all('text'), ...textsIn(cells, others)].join(' ');
  const [reference] = all('reference');
  return { ...(text && { text }), ...(name && { name }), ...(reference && { reference }) };
}

const textsIn = (cells: readonly string[], columns: readonly number[]): string[] =>
  columns.map((column) => cells[column] ?? '').filter(Boolean);

/** Columns of texts that have no role. A column with the same text in every row, such as the account name, says nothing about a row. */
function otherTexts({ columns }: Table, rows: readonly TableRow[]): number[] {
  const taken = new Set([...columns.values()].flat());
  return Array.from({ length: Math.max(0, ...rows.map(({ cells }) => cells.length)) }, (_, column) => column).filter((column) => {
    const cells = new Set(rows.map((row) => row.cells[column] ?? ''));
    return !taken.has(column) && (cells.size > 1 || rows.length === 1) && [...cells].some((cell) => /\p{L}{3}/u.test(cell));
  });
}

/** A row that was skipped, in words. */
export const aboutSkipped = ({ line, why }: SkippedRow): string => `line ${line} (${why})`;
