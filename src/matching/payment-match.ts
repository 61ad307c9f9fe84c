import { subtract } from '../money.ts';
import { unlikeness } from './alike-names.ts';
import { inCurrency } from './currencies.ts';
import { daysAfter, daysFrom, isWithin, type Days } from './date-range.ts';
import { isMode } from './payment-modes.ts';
import type { PaymentRow } from './payments.ts';
import { folded, isPartOf } from './same-name.ts';

/** Whether a payment is one that a person remembers roughly, how far off it is, and why it was taken. */

export interface Wanted {
  readonly name?: string | undefined;
  readonly amount?: number | undefined;
  readonly day?: string | undefined;
  readonly days: Days;
  /** Of the payment itself. */
  readonly number?: string | undefined;
  readonly reference?: string | undefined;
  readonly text?: string | undefined;
  readonly mode?: string | undefined;
  readonly unusedOnly?: boolean | undefined;
}

export interface Match {
  /** 0 where everything is as remembered. */
  readonly off: number;
  readonly why: readonly string[];
}

const MOST_DAYS_OFF = 7;

/** As far as an amount may be off: a twentieth, and 1 at least. */
const tolerance = (amount: number) => Math.max(1, Math.floor(amount * 5) / 100);

export function amountsAround(amount: number): { readonly least: number; readonly most: number } {
  return { least: Math.max(0, subtract(amount, tolerance(amount))), most: subtract(amount, -tolerance(amount)) };
}

export function daysAround(day: string): Days {
  return { start: daysAfter(day, -MOST_DAYS_OFF), end: daysAfter(day, MOST_DAYS_OFF) };
}

/** Zoho does not tell what would have to be compared: it may be the one, or not. */
export function isIncomparablePayment(row: PaymentRow, { amount, unusedOnly }: Wanted): boolean {
  return (amount !== undefined && row.amount === undefined) || (unusedOnly === true && row.unused_amount === undefined);
}

/** Undefined for what was not asked, false for what is another payment. */
type Mark = { readonly off: number; readonly why: string } | false | undefined;

export function matchOf(row: PaymentRow, wanted: Wanted, currency_code?: string): Match | undefined {
  if (!isWithin(row.date, wanted.day === undefined ? wanted.days : daysAround(wanted.day))) return undefined;
  const marks = [
    nameMark(row, wanted),
    amountMark(row, wanted, currency_code),
    dayMark(row, wanted),
    numberMark(row, wanted),
    referenceMark(row, wanted),
    textMark(row, wanted),
    modeMark(row, wanted),
    unusedMark(row, wanted),
  ];
  if (marks.includes(false)) return undefined;
  const asked = marks.filter((mark) => mark !== undefined && mark !== false);
  return { off: asked.reduce((off, mark) => off + mark.off, 0), why: asked.map(({ why }) => why).filter(Boolean) };
}

function nameMark({ customer_name }: PaymentRow, { name }: Wanted): Mark {
  if (name === undefined) return undefined;
  const off = unlikeness(name, customer_name);
  if (off === undefined) return false;
  return { off, why: off === 0 ? 'name as given' : off < 0.5 ? 'name fits' : 'name alike' };
}

function amountMark(row: PaymentRow, { amount }: Wanted, currency_code: string | undefined): Mark {
  if (amount === undefined) return undefined;
  if (row.amount === undefined) return false;
  const more = subtract(row.amount, amount);
  if (more === 0) return { off: 0, why: 'same amount' };
  if (Math.abs(more) > tolerance(amount)) return false;
  return {
    off: 0.1 + Math.abs(more) / tolerance(amount),
    why: `${inCurrency(Math.abs(more), currency_code)} ${more > 0 ? 'more' : 'less'}`,
  };
}

function dayMark({ date }: PaymentRow, { day }: Wanted): Mark {
  if (day === undefined || date === undefined) return undefined;
  const later = daysFrom(day, date);
  if (later === 0) return { off: 0, why: 'same day' };
  const days = Math.abs(later);
  return { off: 0.1 + days / MOST_DAYS_OFF, why: `${days} day${days === 1 ? '' : 's'} ${later > 0 ? 'later' : 'earlier'}` };
}

function numberMark({ payment_number }: PaymentRow, { number }: Wanted): Mark {
  if (number === undefined) return undefined;
  return folded(payment_number) === number && { off: 0, why: 'same number' };
}

function referenceMark({ reference_number }: PaymentRow, { reference }: Wanted): Mark {
  if (reference === undefined) return undefined;
  if (folded(reference_number) === folded(reference)) return { off: 0, why: 'same reference' };
  return folded(reference_number).includes(folded(reference)) && { off: 0.5, why: 'in its reference' };
}

function textMark(row: PaymentRow, { text }: Wanted): Mark {
  if (text === undefined) return undefined;
  const places = ['reference_number', 'customer_name', 'description'].filter((name) => isPartOf(text, row[name]));
  return places.length > 0 && { off: 0, why: `text in its ${places.join(' and ').replaceAll('_', ' ')}` };
}

function modeMark({ payment_mode }: PaymentRow, { mode }: Wanted): Mark {
  if (mode === undefined) return undefined;
  return isMode(mode, payment_mode) && { off: 0, why: '' };
}

function unusedMark({ unused_amount }: PaymentRow, { unusedOnly }: Wanted): Mark {
  if (unusedOnly !== true) return undefined;
  return unused_amount !== undefined && unused_amount > 0 && { off: 0, why: '' };
}
