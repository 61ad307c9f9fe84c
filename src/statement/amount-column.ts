import { MAX_DIGITS } from '../money.ts';
import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** Reads amounts as banks and spreadsheets write them. All cells of a column have the same decimal sign, and together they show which. */

export type Decimal = '.' | ',';

export interface ReadAmount {
  /** Less than 0 with a minus, or in brackets. */
  readonly amount: number;
  /** The bank's mark beside the amount: CR, DR and the like. */
  readonly mark?: 'in' | 'out';
  /** An ISO code or a sign of one currency beside the amount. */
  readonly currency?: string;
}

/** Reads the cells of one column. Undefined for a cell without an amount. */
export type AmountReader = (cell: string) => ReadAmount | undefined;

/** Returns a reader for these amounts. Throws if a cell depends on the decimal sign and no cell shows it. */
export function amountReader(cells: readonly string[], decimal?: Decimal): AmountReader {
  const settled = decimal ?? decimalOf(cells) ?? '.';
  return (cell) => {
    const written = writtenAmount(cell);
    const value = written && valueOf(written.digits, settled);
    if (written === undefined || value === undefined) return undefined;
    const { digits: _, negative, ...rest } = written;
    return { amount: negative && value !== 0 ? -value : value, ...rest };
  };
}

/**
 * The decimal sign of these amounts. Undefined if no amount depends on it. Throws if amounts depend on it and none shows it, or if amounts
 * have different signs.
 */
export function decimalOf(cells: readonly string[]): Decimal | undefined {
  const either: string[] = [];
  const only = new Map<Decimal, string>();
  for (const cell of cells) {
    const digits = writtenAmount(cell)?.digits;
    if (digits === undefined) continue;
    const [point, comma] = [valueOf(digits, '.'), valueOf(digits, ',')];
    if (point !== undefined && comma === undefined) only.set('.', only.get('.') ?? cell);
    else if (comma !== undefined && point === undefined) only.set(',', only.get(',') ?? cell);
    else if (point !== comma) either.push(cell);
  }
  const [point, comma] = [only.get('.'), only.get(',')];
  const next = 'Ask the user which sign separates the decimals, and call again with `decimal`: "." or ",".';
  if (point !== undefined && comma !== undefined)
    throw unreadableCsv(`The amounts ${cellText(point)} and ${cellText(comma)} have different decimal signs.`, next, 'decimal');
  if ((point ?? comma) === undefined && either[0] !== undefined)
    throw unreadableCsv(
      `The amount ${cellText(either[0])} can be read in two ways, and no other amount in the column shows which way is right.`,
      next,
      'decimal',
    );
  return comma !== undefined ? ',' : point !== undefined ? '.' : undefined;
}

interface WrittenAmount extends Omit<ReadAmount, 'amount'> {
  readonly digits: string;
  readonly negative: boolean;
}

const MARKS: Readonly<Record<string, 'in' | 'out'>> = { cr: 'in', c: 'in', h: 'in', dr: 'out', d: 'out', s: 'out' };
const SIGNS: Readonly<Record<string, string>> = { '€': 'EUR', '£': 'GBP' };

/** The digits with their separators, and the text around them. */
function writtenAmount(cell: string): WrittenAmount | undefined {
  const text = cell
    .normalize('NFKC')
    .replaceAll(/[\p{Pd}\u2212]/gu, '-')
    // Swiss banks write "50.-" for 50.00.
    .replace(/(?<=\d)[.,] ?--?$/, '')
    .trim();
  const [, before = '', digits = '', after = ''] = /^([^\d.,]*)([.,]?\d(?:[\d.,'’ ]*\d)?)(\D*)$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const around = `${before} ${after}`;
  const brackets = /\(/.test(before) && /\)/.test(after);
  const minus = around.split('-').length - 1;
  const word = around.replaceAll(/[()+-]/g, ' ').trim();
  const [, first, unit, last] = /^(?:(cr|dr)\b\.?)? *(.*?) *(?:\b(cr|dr|c|d|h|s)\.?)?$/i.exec(word) ?? [];
  const mark = MARKS[(last ?? first ?? '').toLowerCase()];
  if (minus + Number(brackets) > 1 || (!brackets && /[()]/.test(around)) || !isUnit(unit ?? '')) return undefined;
  const currency = SIGNS[unit ?? ''] ?? /^[A-Z]{3}$/.exec(unit ?? '')?.[0];
  return { digits, negative: minus > 0 || brackets, ...(mark && { mark }), ...(currency && { currency }) };
}

/** Nothing, or a code or sign of a currency: "USD", "R$", "Rs.", "zł". Other words make the cell a text. */
const isUnit = (unit: string): boolean => /^(?:[\p{L}\p{Sc}]{0,4}\.?)$/u.test(unit);

/** How whole numbers and decimals look with this decimal sign, by the sign between thousands. India groups by two digits. */
const patternsOf = (decimal: Decimal) =>
  [decimal === '.' ? ',' : '.', "'", '’', ' '].map((group) => {
    const whole = `\\d+|[1-9]\\d{0,2}(?:[${group}]\\d{3})+|[1-9]\\d?(?:[${group}]\\d{2})+[${group}]\\d{3}`;
    return { group, pattern: new RegExp(`^(${whole})?(?:[${decimal}](\\d+))?$`, 'u') };
  });
const patterns = { '.': patternsOf('.'), ',': patternsOf(',') };

/** The value with this decimal sign. Undefined if the digits do not fit it. */
function valueOf(digits: string, decimal: Decimal): number | undefined {
  for (const { group, pattern } of patterns[decimal]) {
    const [match, integer = '', fraction = ''] = pattern.exec(digits) ?? [];
    if (match === undefined) continue;
    const plain = `${integer.replaceAll(group, '')}.${fraction}`;
    const significant = plain.replace(/^0+/, '').replace('.', '').replace(/^0+/, '');
    return significant.length <= MAX_DIGITS ? Number(plain) : undefined;
  }
  return undefined;
}
