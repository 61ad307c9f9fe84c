import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** Reads dates as banks and spreadsheets write them. All cells of a column have the same order of day, month and year. */

const orders = ['YMD', 'DMY', 'MDY'] as const;
type DateOrder = (typeof orders)[number];

/** Reads the cells of one column as `yyyy-mm-dd`. Undefined for a cell without a date. */
export type DateReader = (cell: string) => string | undefined;

/** Returns a reader for these dates. Throws if a cell depends on the order and no cell shows it. `format`: such as "DD.MM.YYYY". */
export function dateReader(cells: readonly string[], format?: string): DateReader {
  const order = format === undefined ? settledOrder(cells) : orderOf(format);
  return (cell) => readDate(cell, order);
}

function orderOf(format: string): DateOrder {
  const letters = [...new Set(format.toUpperCase().replaceAll(/[^DMY]/g, ''))].join('');
  const order = orders.find((one) => one === letters);
  if (order !== undefined) return order;
  throw unreadableCsv(
    `The date format ${cellText(format)} is not known.`,
    'Call again with `date_format`: "DD/MM/YYYY", "MM/DD/YYYY" or "YYYY-MM-DD".',
    'date_format',
  );
}

function settledOrder(cells: readonly string[]): DateOrder {
  const next = 'Ask the user which part is the day, and call again with `date_format`: "DD/MM/YYYY", "MM/DD/YYYY" or "YYYY-MM-DD".';
  const readable = cells.filter((cell) => orders.some((order) => readDate(cell, order) !== undefined));
  const possible = orders.filter((order) => {
    const days = readable.map((cell) => readDate(cell, order));
    return days.every((day) => day !== undefined) && isOneFile(days);
  });
  const [first, ...others] = possible;
  if (first === undefined) throw unreadableCsv('The dates of the column are written in different ways.', next, 'date_format');
  const unclear = readable.find((cell) => others.some((order) => readDate(cell, order) !== readDate(cell, first)));
  if (unclear === undefined) return first;
  throw unreadableCsv(
    `The date ${cellText(unclear)} can be read in two ways, and no other date in the column shows which way is right.`,
    next,
    'date_format',
  );
}

const MOST_YEARS = 10;

/** Read in a wrong order, days become years that are far apart. */
function isOneFile(days: readonly string[]): boolean {
  const years = days.map((day) => Number(day.slice(0, 4)));
  return years.length === 0 || Math.max(...years) - Math.min(...years) <= MOST_YEARS;
}

/** The first letters of the months, without accents. A later entry of a language may not be another month's. */
const MONTHS = [
  'jan ene gen sty',
  'feb fev fevr lut',
  'mar mrz marz mars maart mrt',
  'apr avr abr kwi',
  'may mai mag mei maj',
  'jun juin giu cze',
  'jul juil lug lip',
  'aug aout ago sie',
  'sep set wrz',
  'oct okt out ott paz',
  'nov lis',
  'dec dez dic dici gru',
].map((names) => names.split(' '));

/** 1 to 12; undefined for another word. */
function monthCalled(word: string): number | undefined {
  const plain = word.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/[łŁ]/g, 'l').toLowerCase();
  // "juin" and "juil" share three letters, so four are compared first.
  const found = [4, 3].map((length) => MONTHS.findIndex((names) => names.includes(plain.slice(0, length)))).find((i) => i !== -1);
  return found === undefined ? undefined : found + 1;
}

function readDate(cell: string, order: DateOrder): string | undefined {
  const text = cell
    .normalize('NFKC')
    .replace(/[T ,]+\d{1,2}:\d{2}.*$/, '')
    .trim();
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (compact !== null) return dayOf(compact[1], compact[2], compact[3]);
  const words = text.match(/\p{L}[\p{L}\p{M}]*/gu) ?? [];
  const month = words.map(monthCalled).find((one) => one !== undefined);
  if (month !== undefined) {
    const [first, second, ...others] = text.match(/\d+/g) ?? [];
    if (first === undefined || second === undefined || others.length > 0) return undefined;
    const [year, day] = first.length === 4 ? [first, second] : [second, first];
    return dayOf(year, String(month), day);
  }
  const [, a = '', separator, b, c = ''] = /^(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})\.?$/.exec(text.replaceAll(/([-/.]) /g, '$1')) ?? [];
  if (separator === undefined) return undefined;
  // Four digits are a year, whatever the order of the others. A short year comes first only with hyphens.
  const own = a.length === 4 ? 'YMD' : order;
  if (own === 'YMD' ? a.length === 2 && separator !== '-' : c.length !== 4 && c.length !== 2) return undefined;
  return own === 'YMD' ? dayOf(a, b, c) : own === 'DMY' ? dayOf(c, b, a) : dayOf(c, a, b);
}

/** Undefined if the calendar has no such day. Two digits are a year from 1970 to 2069. */
function dayOf(year = '', month = '', day = ''): string | undefined {
  if ((year.length !== 4 && year.length !== 2) || month.length > 2 || day.length > 2) return undefined;
  const whole = year.length === 4 ? year : `${Number(year) < 70 ? 20 : 19}${year}`;
  const written = `${whole}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const time = Date.parse(`${written}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === written ? written : undefined;
}
