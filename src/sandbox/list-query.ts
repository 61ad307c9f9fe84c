import { invalidValue, tooLong } from './errors.ts';
import { parseMills } from './money.ts';
import { isDate } from './org-time.ts';
import type { SqlValue } from './store.ts';

/** Zoho's lists have up to 200 rows a page, and 200 is the default (Zoho docs, live recordings). */
const MAX_PER_PAGE = 200;
const MAX_TEXT = 100;

export interface Page {
  page: number;
  per_page: number;
  offset: number;
}

/** Reads the page. More than 200 rows a page become 200 (guess). A value that is not a positive integer is refused (guess). */
export function readPage(query: URLSearchParams): Page {
  const page = wholeNumber(query, 'page', 1);
  const per_page = Math.min(MAX_PER_PAGE, wholeNumber(query, 'per_page', MAX_PER_PAGE));
  return { page, per_page, offset: (page - 1) * per_page };
}

/** `rows` is the number of rows found when the query asks for one row more than the page. */
export function pageContext(page: Page, rows: number, rest: Record<string, unknown>): Record<string, unknown> {
  return { page: page.page, per_page: page.per_page, has_more_page: rows > page.per_page, ...rest };
}

export interface Sort {
  column: string;
  order: 'A' | 'D';
}

export function readSort(query: URLSearchParams, columns: Record<string, string>, usual: Sort): Sort {
  const column = given(query, 'sort_column') ?? usual.column;
  if (!Object.hasOwn(columns, column)) throw invalidValue('sort_column');
  const order = given(query, 'sort_order') ?? usual.order;
  if (order !== 'A' && order !== 'D') throw invalidValue('sort_order');
  return { column, order };
}

/** Filters joined by AND. Unknown parameters are not read, because Zoho ignores misspelled parameters without an error. */
export class Where {
  readonly clauses: string[] = [];
  readonly values: SqlValue[] = [];

  add(clause: string, ...values: SqlValue[]): void {
    this.clauses.push(clause);
    this.values.push(...values);
  }

  get sql(): string {
    return this.clauses.length === 0 ? '' : `WHERE ${this.clauses.join(' AND ')}`;
  }
}

/** Filters by name, name_startswith and name_contains, case-insensitive (guess). */
export function textFilter(where: Where, query: URLSearchParams, name: string, column: string): void {
  const exact = textParameter(query, name);
  if (exact !== undefined) where.add(`${column} = ? COLLATE NOCASE`, exact);
  const start = textParameter(query, `${name}_startswith`);
  if (start !== undefined) where.add(`${column} LIKE ? ESCAPE '\\'`, `${escapeLike(start)}%`);
  const part = textParameter(query, `${name}_contains`);
  if (part !== undefined) where.add(`${column} LIKE ? ESCAPE '\\'`, `%${escapeLike(part)}%`);
}

/** Filters by search_text in several columns. */
export function searchFilter(where: Where, query: URLSearchParams, columns: string[]): void {
  const text = textParameter(query, 'search_text');
  if (text === undefined) return;
  const pattern = `%${escapeLike(text)}%`;
  where.add(`(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(' OR ')})`, ...columns.map(() => pattern));
}

const NUMBER_VARIANTS: [string, string][] = [
  ['', '='],
  ['_less_than', '<'],
  ['_less_equals', '<='],
  ['_greater_than', '>'],
  ['_greater_equals', '>='],
];

export function moneyFilter(where: Where, query: URLSearchParams, name: string, column: string): void {
  for (const [suffix, operator] of NUMBER_VARIANTS) {
    const text = given(query, name + suffix);
    if (text === undefined) continue;
    const mills = parseMills(text, 3);
    if (mills === undefined) throw invalidValue(name + suffix);
    where.add(`${column} ${operator} ?`, mills);
  }
}

const DATE_VARIANTS: [string, string][] = [
  ['_start', '>='],
  ['_end', '<='],
  ['_before', '<'],
  ['_after', '>'],
];

export function dateFilter(where: Where, query: URLSearchParams, name: string, column: string, variants: boolean): void {
  for (const [suffix, operator] of [['', '='] as [string, string], ...(variants ? DATE_VARIANTS : [])]) {
    const text = given(query, name + suffix);
    if (text === undefined) continue;
    if (!isDate(text)) throw invalidValue(name + suffix);
    where.add(`${column} ${operator} ?`, text);
  }
}

/** The table's value for the parameter. Refuses a parameter that is not one of the table's keys. */
export function choice<T>(query: URLSearchParams, name: string, choices: Record<string, T>): T | undefined {
  const text = given(query, name);
  if (text === undefined) return undefined;
  const chosen = Object.hasOwn(choices, text) ? choices[text] : undefined;
  if (chosen === undefined) throw invalidValue(name);
  return chosen;
}

export function textParameter(query: URLSearchParams, name: string): string | undefined {
  const text = given(query, name);
  if (text !== undefined && text.length > MAX_TEXT) throw tooLong(name, MAX_TEXT);
  return text;
}

/** The parameter's value. An empty parameter counts as missing (guess). */
export function given(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) || undefined;
}

function wholeNumber(query: URLSearchParams, name: string, usual: number): number {
  const text = given(query, name);
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalidValue(name);
  return Number(text);
}

function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}
