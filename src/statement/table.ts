import { csvRows, delimiters, type Delimiter } from './csv.ts';
import { headerRank, plainHeader, type Role } from './column-names.ts';
import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** CSV text as a table: which row is the header, and which column holds what. */

export interface TableRow {
  /** From 1 at the first row below the header. */
  readonly line: number;
  /** As they are in the text, without blanks around them. */
  readonly cells: readonly string[];
}

export interface Table {
  /** Empty if the text has no header. */
  readonly header: readonly string[];
  readonly rows: readonly TableRow[];
  /** The columns that hold each role, from 0; the best first. */
  readonly columns: ReadonlyMap<Role, readonly number[]>;
  readonly delimiter: Delimiter;
}

/** The column of each role: its header, or its number from 1. */
export type ColumnMap = Readonly<Partial<Record<Role, string>>>;

interface TableOptions {
  /** What to look for. A role that comes first takes a column that both fit. */
  readonly roles: readonly Role[];
  /** Whether these roles make a row the header. */
  readonly isHeader: (found: ReadonlySet<Role>) => boolean;
  /** Headers of the roles that are needed, for the error if there is no header. */
  readonly example: ColumnMap;
  readonly columns?: ColumnMap | undefined;
  readonly delimiter?: Delimiter | undefined;
}

/** The header is within so many rows. */
const MOST_LINES_BEFORE = 50;

export async function readTable(text: string, options: TableOptions): Promise<Table> {
  const tables: Table[] = [];
  let firstRow: readonly string[] = [];
  for (const delimiter of options.delimiter === undefined ? delimiters : [options.delimiter]) {
    const rows = (await csvRows(text, delimiter)) ?? [];
    if ((rows[0]?.length ?? 0) > firstRow.length) firstRow = rows[0] ?? [];
    const table = tableIn(rows, delimiter, options);
    if (table !== undefined) tables.push(table);
  }
  // A wrong delimiter leaves several columns in one cell.
  const [best] = tables.toSorted((a, b) => b.columns.size - a.columns.size || widthOf(b) - widthOf(a));
  if (best !== undefined) return best;
  const example = Object.entries(options.example)
    .map(([role, name]) => `${role}=${name}`)
    .join(',');
  throw unreadableCsv(
    `No row has column headers that are recognized. The first row is: ${firstRow.slice(0, 12).map(cellText).join(', ') || 'empty'}.`,
    `Call again with \`columns\`: the header or the number (from 1) of each column, such as ${example}.`,
    'columns',
  );
}

const widthOf = ({ rows }: Table): number => rows[0]?.cells.length ?? 0;

function tableIn(rows: readonly (readonly string[])[], delimiter: Delimiter, options: TableOptions): Table | undefined {
  const { columns: map = {} } = options;
  const asked = Object.keys(map) as Role[];
  const isHeader = (found: ReadonlySet<Role>) => options.isHeader(found) && asked.every((role) => found.has(role));
  const isByNumber = Object.values(map).some(isNumber);
  const named = rows.slice(0, MOST_LINES_BEFORE).findIndex((row) => isHeader(new Set(columnsOf(row, [], options).keys())));
  // Columns by number need no header: the first row is one only if it has no digit.
  const start = isByNumber ? (rows[0]?.some((cell) => /\d/.test(cell)) ? -1 : 0) : named;
  if (start === -1 && (!isByNumber || (rows[0]?.length ?? 0) < 2)) return undefined;
  const header = rows[start] ?? [];
  const below = rows.slice(start + 1);
  const columns = columnsOf(header, below, options);
  if (!isHeader(new Set(columns.keys()))) return undefined;
  return { header, columns, delimiter, rows: below.map((cells, i) => ({ line: i + 1, cells })) };
}

const isNumber = (name: string): boolean => /^[1-9]\d?$/.test(name.trim());

/** `below`: the rows under the header, if it is decided. */
function columnsOf(
  header: readonly string[],
  below: readonly (readonly string[])[],
  { roles, columns: map = {} }: TableOptions,
): ReadonlyMap<Role, readonly number[]> {
  const columns = new Map<Role, readonly number[]>();
  const taken = new Set<number>();
  for (const [role, name] of Object.entries(map) as [Role, string][]) {
    const named = header.findIndex((cell) => plainHeader(cell) === plainHeader(name) && plainHeader(name) !== '');
    const index = named === -1 && isNumber(name) ? Number(name) - 1 : named;
    if (index === -1) continue;
    columns.set(role, [index]);
    taken.add(index);
  }
  for (const role of roles) {
    if (role in map) continue;
    const found = header
      .map((cell, index) => ({ index, rank: headerRank(role, cell) }))
      .filter(({ index, rank }) => rank !== undefined && !taken.has(index) && holds(role, index, below))
      .toSorted((a, b) => a.rank! - b.rank!)
      .map(({ index }) => index);
    if (found.length === 0) continue;
    columns.set(role, found);
    // Other date columns, such as the value date, cannot hold another role either.
    for (const index of found) taken.add(index);
  }
  return columns;
}

const DIRECTION: Readonly<Record<'in' | 'out', ReadonlySet<string>>> = {
  in: new Set(
    'cr c credit in h haben gutschrift bij crediet abono haber ingreso avere accredito uznanie wplyw credito entrada kredit eingang deposit incoming'.split(
      ' ',
    ),
  ),
  out: new Set(
    'dr d debit out s soll lastschrift af debet cargo debe gasto dare addebito obciazenie wyplata debito saida ausgang withdrawal outgoing'.split(
      ' ',
    ),
  ),
};

/** Money in or money out, by a word that banks write for it. */
export function directionOf(word: string): 'in' | 'out' | undefined {
  const plain = plainHeader(word);
  return DIRECTION.in.has(plain) ? 'in' : DIRECTION.out.has(plain) ? 'out' : undefined;
}

/** True if the cells can have this role. Needed for headers that mean several things. */
function holds(role: Role, column: number, below: readonly (readonly string[])[]): boolean {
  const cells = below.map((row) => row[column] ?? '').filter(Boolean);
  if (role === 'direction') return cells.length > 0 && cells.every((cell) => directionOf(cell) !== undefined);
  if (role === 'currency') return cells.every((cell) => /^[A-Za-z]{3}$/.test(cell));
  return true;
}
