import { readFileSync } from 'node:fs';
import { plainHeader, type Role } from '../statement/column-names.ts';
import { delimiters, type Delimiter } from '../statement/csv.ts';
import type { Decimal } from '../statement/amount-column.ts';
import type { ColumnMap, Table } from '../statement/table.ts';
import { UnreadableError } from '../statement/unreadable-csv.ts';
import { inQuotes, oneLine } from '../foreign-text.ts';
import { ProblemError } from './cli-error.ts';

/** Reads a CSV file with the options of the command line. */

export interface CsvOptions {
  readonly columns?: ColumnMap | undefined;
  /** Values for all rows: `payment_mode:=cash`. */
  readonly constants?: ColumnMap | undefined;
  readonly decimal?: Decimal | undefined;
  readonly date_format?: string | undefined;
  readonly delimiter?: Delimiter | undefined;
}

export interface CsvFlags {
  readonly columns?: string | undefined;
  readonly decimal?: string | undefined;
  readonly 'date-format'?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly encoding?: string | undefined;
}

/** Names of tool arguments that also name a column. */
const ALIASES: Readonly<Record<string, Role>> = {
  invoice: 'invoices',
  idempotency_key: 'key',
  reference_number: 'reference',
  mode: 'payment_mode',
};

/** Checks the options. `roles`: what a column can hold for this command. */
export function csvOptions({ columns, decimal, delimiter, ...flags }: CsvFlags, roles: readonly Role[]): CsvOptions {
  if (decimal !== undefined && decimal !== '.' && decimal !== ',') throw new ProblemError('--decimal takes "." or ","');
  const sign = delimiter === '\\t' || delimiter === 'tab' ? '\t' : delimiter;
  const known = delimiters.find((one) => one === sign);
  if (delimiter !== undefined && known === undefined) throw new ProblemError('--delimiter takes one of , ; | or tab');
  return { ...columnOptions(columns, roles), decimal, delimiter: known, date_format: flags['date-format'] };
}

/** Reads `customer=Name,amount=Betrag,payment_mode:=cash`. A header may contain commas. */
function columnOptions(written: string | undefined, roles: readonly Role[]): Pick<CsvOptions, 'columns' | 'constants'> {
  const columns: Partial<Record<Role, string>> = {};
  const constants: Partial<Record<Role, string>> = {};
  for (const part of written?.split(/,(?=\s*\w+\s*:?=)/) ?? []) {
    const [, name = '', sign, value = ''] = /^\s*(\w+)\s*(:?=)\s*(.*?)\s*$/s.exec(part) ?? [];
    const role = ALIASES[name] ?? roles.find((one) => one === name);
    if (sign === undefined || value === '')
      throw new ProblemError(`--columns takes NAME=HEADER pairs, such as customer=Name,amount=Betrag, not ${inQuotes(part, 60)}`);
    if (role === undefined || !roles.includes(role))
      throw new ProblemError(`--columns names ${inQuotes(name, 60)}; the columns are ${roles.join(', ')}`);
    (sign === ':=' ? constants : columns)[role] = value;
  }
  return { columns, constants };
}

/** Returns the text of a file. `encoding` overrides the encoding that a BOM shows. Default: UTF-8. */
export function csvText(file: string, encoding: string | undefined): string {
  const bytes = bytesOfFile(file);
  const label =
    encoding ?? (bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8');
  const decoder = decoderOf(label);
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ProblemError(
      `${inQuotes(file, 400)} is not ${label} text: name its encoding, such as --encoding latin1 for many banks and older spreadsheets`,
      { cause },
    );
  }
}

function bytesOfFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ProblemError(`${inQuotes(file, 400)} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown'})`, { cause });
  }
}

function decoderOf(label: string): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch (cause) {
    throw new ProblemError(`--encoding ${inQuotes(label, 40)} is not known: use utf-8, latin1, utf-16le or the like`, { cause });
  }
}

const OPTIONS = {
  columns: 'name the columns with --columns, such as --columns customer=Name,amount=Betrag',
  decimal: 'choose the sign with --decimal . or --decimal ,',
  date_format: 'choose the order with --date-format DD/MM/YYYY, MM/DD/YYYY or YYYY-MM-DD',
} as const;

/** The error for a text that cannot be read. It names the option of the command line that helps. */
export function unreadableFile(error: UnreadableError): ProblemError {
  const { shownMessage, settledBy } = error;
  const next = settledBy === undefined ? '' : ` Correct the file, or ${OPTIONS[settledBy]}`;
  return new ProblemError(`${shownMessage}${next}`, { cause: error });
}

/** Throws if the file has no column that the user named. */
export function checkNamedColumns({ columns = {} }: CsvOptions, { header }: Pick<Table, 'header'>): void {
  const isThere = (name: string) =>
    header.some((one) => plainHeader(one) === plainHeader(name)) || (/^\d+$/.test(name) && Number(name) <= header.length);
  const strange = header.length === 0 ? undefined : Object.entries(columns).find(([, name]) => !isThere(name));
  if (strange === undefined) return;
  const names = header.map((name) => inQuotes(name, 40)).join(', ');
  throw new ProblemError(`there is no column ${inQuotes(strange[1], 60)}; the columns are ${names}`);
}

/** One line that says what each column holds, and which columns are not used. */
export function columnsLine({ columns, header }: Pick<Table, 'columns' | 'header'>): string {
  const nameOf = (index: number) => inQuotes(header[index] ?? `${index + 1}`, 40);
  const used = [...columns].map(([role, [index = 0]]) => `${role} = ${nameOf(index)}`);
  const taken = new Set([...columns.values()].map(([index]) => index));
  const unused = header.flatMap((name, index) => (taken.has(index) || name === '' ? [] : [nameOf(index)]));
  return oneLine(`Columns: ${used.join(', ')}.${unused.length === 0 ? '' : ` Not used: ${unused.join(', ')}.`}`, 2_000);
}
