import { amountReader, decimalOf, type Decimal } from './amount-column.ts';
import { headerRank, type Role } from './column-names.ts';
import type { Delimiter } from './csv.ts';
import { dateReader } from './date-column.ts';
import { cellInvoices } from './invoice-cell.ts';
import { cellsOf, signedAmounts } from './statement-lines.ts';
import { readTable, type ColumnMap, type Table, type TableRow } from './table.ts';
import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** The rows of a CSV text as payments to record. */

export interface FilePayment {
  /** From 1 at the first row below the header. */
  readonly row: number;
  /** As they are in the text. */
  readonly cells: readonly string[];
  /** Arguments of `record_customer_payment`. */
  readonly payment: Readonly<Record<string, unknown>>;
  /** The row's own idempotency key. */
  readonly key?: string | undefined;
  /** Ids of payments that are no duplicates of this row. */
  readonly allowDuplicateOf: readonly string[];
  /** Why the row cannot be recorded, if the text alone shows it. */
  readonly problem?: string | undefined;
}

export interface PaymentTable extends Pick<Table, 'header' | 'columns'> {
  readonly rows: readonly FilePayment[];
}

export interface PaymentTableOptions {
  readonly columns?: ColumnMap | undefined;
  /** Values for all rows, in place of a column. */
  readonly constants?: ColumnMap | undefined;
  readonly decimal?: Decimal | undefined;
  readonly date_format?: string | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** The roles that come first take a column that several roles fit. */
export const paymentRoles = [
  'key',
  'allow_duplicate_of',
  'currency',
  'date',
  'paid_in',
  'paid_out',
  'bank_charges',
  'exchange_rate',
  'amount',
  'balance',
  'direction',
  'invoices',
  'payment_mode',
  'allocate',
  'customer',
  'account',
  'reference',
  'description',
] as const satisfies readonly Role[];

/** A payment needs an amount, and a customer or an invoice that shows the customer. */
export const neededRoles = [
  ['amount', 'paid_in'],
  ['customer', 'invoices'],
] as const satisfies readonly (readonly Role[])[];

export async function paymentRows(csv: string, options: PaymentTableOptions = {}): Promise<PaymentTable> {
  const { columns, constants = {}, decimal, date_format, delimiter } = options;
  const read = await readTable(csv, {
    roles: paymentRoles.filter((role) => !(role in constants)),
    isHeader: (found) => neededRoles.every((roles) => roles.some((role) => found.has(role) || role in constants)),
    example: { customer: 'Name', amount: 'Amount' },
    columns,
    delimiter,
  });
  const table = withCurrencyNames(read);
  if (table.rows.length === 0) throw unreadableCsv('There is no row below the header.', 'Call again with rows.');
  const cell = cellsOf(table);
  const text = (row: TableRow, role: Role) => oneSpaced(constants[role] ?? cell(row, role));
  const all = (role: Role) => table.rows.map((row) => text(row, role));
  const readers: Readers = {
    amount: signedAmounts(table, table.rows, decimal, columns),
    day: dateReader(all('date'), date_format),
    charges: amountReader(all('bank_charges'), decimal),
    rate: amountReader(all('exchange_rate'), decimal),
    decimal: decimal ?? decimalOf((['amount', 'paid_in', 'paid_out'] as const).flatMap(all)),
    text,
    isDated: table.columns.has('date') || 'date' in constants,
  };
  const rows = table.rows.map((row) => paymentOfRow(row, readers));
  return { header: table.header, columns: table.columns, rows: withKeysTold(rows) };
}

/** How the cells of a row are read. */
interface Readers {
  amount: ReturnType<typeof signedAmounts>;
  day: ReturnType<typeof dateReader>;
  charges: ReturnType<typeof amountReader>;
  rate: ReturnType<typeof amountReader>;
  /** The decimal sign of the file, if its amounts show it. */
  readonly decimal: Decimal | undefined;
  text(row: TableRow, role: Role): string;
  readonly isDated: boolean;
}

function paymentOfRow(row: TableRow, { text, ...read }: Readers): FilePayment {
  const told = read.amount(row);
  const currency = (told?.currency ?? text(row, 'currency')) || undefined;
  const date = read.day(text(row, 'date'));
  const [charges, rate] = [read.charges(text(row, 'bank_charges')), read.rate(text(row, 'exchange_rate'))];
  const unread = (['bank_charges', 'exchange_rate'] as const).find(
    (role) => text(row, role) !== '' && (role === 'bank_charges' ? charges : rate) === undefined,
  );
  const invoices = cellInvoices(text(row, 'invoices'), read.decimal);
  const problem =
    told === undefined
      ? 'It has no amount that can be read.'
      : told.amount < 0
        ? 'It is money out. Only incoming money can be recorded.'
        : read.isDated && date === undefined
          ? `It has no date that can be read${text(row, 'date') === '' ? '' : `: ${cellText(text(row, 'date'))}`}.`
          : unread !== undefined
            ? `Its ${unread} ${cellText(text(row, unread))} cannot be read.`
            : typeof invoices === 'string'
              ? invoices
              : undefined;
  const payment = {
    customer: text(row, 'customer') || undefined,
    amount: told?.amount,
    currency,
    payment_mode: text(row, 'payment_mode') || undefined,
    date,
    invoices: typeof invoices === 'string' || invoices.length === 0 ? undefined : invoices,
    allocate: text(row, 'allocate').toLowerCase().replaceAll(/[ -]/g, '_') || undefined,
    account: text(row, 'account') || undefined,
    reference_number: text(row, 'reference') || undefined,
    description: text(row, 'description') || undefined,
    exchange_rate: rate?.amount,
    bank_charges: charges?.amount || undefined,
  };
  return {
    row: row.line,
    cells: row.cells,
    payment: Object.fromEntries(Object.entries(payment).filter(([, value]) => value !== undefined)),
    key: text(row, 'key') || undefined,
    allowDuplicateOf: text(row, 'allow_duplicate_of').match(/\d+/g) ?? [],
    problem,
  };
}

/** Marks rows that repeat the key of an earlier row, because both would count as the same payment. */
function withKeysTold(rows: readonly FilePayment[]): FilePayment[] {
  const first = new Map<string, number>();
  return rows.map((one) => {
    const { row, key } = one;
    const earlier = key === undefined ? undefined : first.get(key);
    if (key !== undefined && earlier === undefined) first.set(key, row);
    return earlier === undefined ? one : { ...one, problem: one.problem ?? `It has the same key as row ${earlier}.` };
  });
}

/** A column of currencies may hold names, which the workflow understands too. Ignoring it would mean guessing the currency. */
function withCurrencyNames(table: Table): Table {
  const taken = new Set([...table.columns.values()].flat());
  const named = table.header.findIndex((name, index) => headerRank('currency', name) !== undefined && !taken.has(index));
  if (table.columns.has('currency') || named === -1) return table;
  return { ...table, columns: new Map([...table.columns, ['currency', [named]]]) };
}

/** Normalizes blanks, so that repeated blanks do not make a different row. */
const oneSpaced = (cell: string): string => cell.normalize('NFC').replaceAll(/\s+/g, ' ').trim();
