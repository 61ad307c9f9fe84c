import { subtract } from '../money.ts';
import { readText } from '../records/read-row.ts';
import { unlikeness } from './alike-names.ts';
import { referenceLikeness } from './alike-references.ts';
import { inCurrency } from './currencies.ts';
import { daysAfter, daysFrom, isWithin, type Days } from './date-range.ts';
import { isMode } from './payment-modes.ts';
import { isNumbered, type PaymentRow } from './payments.ts';
import { isPartOf } from './same-name.ts';

/** Compares a payment with the facts that a person remembers approximately. Returns the distance and the reasons. */

export interface Wanted {
  readonly name?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly amount?: number | undefined;
  readonly day?: string | undefined;
  readonly days: Days;
  /** The payment's own number. */
  readonly number?: string | undefined;
  readonly reference?: string | undefined;
  readonly text?: string | undefined;
  readonly mode?: string | undefined;
  readonly unusedOnly?: boolean | undefined;
  /** Ids of the payments that are applied to the invoice asked for. */
  readonly applied?: ReadonlySet<string> | undefined;
}

/** The conditions, by argument name; each function tells whether the condition is given. A range of days counts as a date. */
const remembered = {
  unused_only: ({ unusedOnly }) => unusedOnly === true,
  payment_mode: ({ mode }) => mode !== undefined,
  reference: ({ reference }) => reference !== undefined,
  text: ({ text }) => text !== undefined,
  date: ({ day, days }) => (day ?? days.start ?? days.end) !== undefined,
  amount: ({ amount }) => amount !== undefined,
  number: ({ number }) => number !== undefined,
  invoice: ({ applied }) => applied !== undefined,
  customer: ({ name, customer_id }) => (name ?? customer_id) !== undefined,
} satisfies Record<string, (wanted: Wanted) => boolean>;
export type Condition = keyof typeof remembered;

/** All conditions. The conditions that people most often remember wrongly come first. */
const conditions = Object.keys(remembered) as Condition[];
export const conditionsOf = (wanted: Wanted): Condition[] => conditions.filter((name) => remembered[name](wanted));

const forgotten: Record<Condition, Partial<Wanted>> = {
  unused_only: { unusedOnly: undefined },
  payment_mode: { mode: undefined },
  reference: { reference: undefined },
  text: { text: undefined },
  date: { day: undefined, days: {} },
  amount: { amount: undefined },
  number: { number: undefined },
  invoice: { applied: undefined },
  customer: { name: undefined, customer_id: undefined },
};
export const wantedWithout = (condition: Condition, wanted: Wanted): Wanted => ({ ...wanted, ...forgotten[condition] });

/** True if another condition than the reference identifies a payment. A similar reference is not enough: many payments have one. */
export const tellsMore = (wanted: Wanted): boolean =>
  conditionsOf(wanted).some((name) => !['reference', 'payment_mode', 'unused_only'].includes(name));

export interface Match {
  /** The difference from what the user remembers. 0 if there is none. */
  readonly off: number;
  readonly why: readonly string[];
  /** Set if the reference is only similar to the remembered reference, not equal. */
  readonly near?: true;
}

const MOST_DAYS_OFF = 7;

/** The largest allowed difference of an amount: 5 percent, but at least 1. */
const tolerance = (amount: number) => Math.max(1, Math.floor(amount * 5) / 100);

export function amountsAround(amount: number): { readonly least: number; readonly most: number } {
  return { least: Math.max(0, subtract(amount, tolerance(amount))), most: subtract(amount, -tolerance(amount)) };
}

export function daysAround(day: string): Days {
  return { start: daysAfter(day, -MOST_DAYS_OFF), end: daysAfter(day, MOST_DAYS_OFF) };
}

/** True if Zoho does not give a value to compare. The payment may be the right one or not. */
export function isIncomparablePayment(row: PaymentRow, { amount, unusedOnly, mode }: Wanted): boolean {
  return (
    (amount !== undefined && row.amount === undefined) ||
    (unusedOnly === true && row.unused_amount === undefined) ||
    (mode !== undefined && readText(row.payment_mode) === undefined)
  );
}

/** The result for one condition. Undefined if the condition was not given, false if the payment does not fit. */
type Mark = { readonly off: number; readonly why: string; readonly near?: true } | false | undefined;

export function matchOf(row: PaymentRow, wanted: Wanted, currency_code?: string): Match | undefined {
  if (!isWithin(row.date, wanted.day === undefined ? wanted.days : daysAround(wanted.day))) return undefined;
  if (wanted.customer_id !== undefined && row.customer_id !== undefined && row.customer_id !== wanted.customer_id) return undefined;
  if (wanted.applied?.has(row.payment_id) === false) return undefined;
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
  return {
    off: asked.reduce((off, mark) => off + mark.off, 0),
    why: asked.map(({ why }) => why).filter(Boolean),
    ...(asked.some(({ near }) => near) && { near: true as const }),
  };
}

function nameMark({ customer_name }: PaymentRow, { name }: Wanted): Mark {
  if (name === undefined) return undefined;
  const off = unlikeness(name, customer_name);
  if (off === undefined) return false;
  return { off, why: off === 0 ? 'same name' : off < 0.5 ? 'name fits' : 'similar name' };
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

function numberMark(row: PaymentRow, { number }: Wanted): Mark {
  if (number === undefined) return undefined;
  return isNumbered(row, number) && { off: 0, why: 'same number' };
}

function referenceMark({ reference_number }: PaymentRow, { reference }: Wanted): Mark {
  if (reference === undefined) return undefined;
  return referenceLikeness(reference, reference_number) ?? false;
}

function textMark(row: PaymentRow, { text }: Wanted): Mark {
  if (text === undefined) return undefined;
  const places = ['reference_number', 'customer_name', 'description'].filter((name) => isPartOf(text, row[name]));
  return places.length > 0 && { off: 0, why: `text in ${places.join(' and ').replaceAll('_', ' ')}` };
}

function modeMark({ payment_mode }: PaymentRow, { mode }: Wanted): Mark {
  if (mode === undefined) return undefined;
  return isMode(mode, payment_mode) && { off: 0, why: '' };
}

function unusedMark({ unused_amount }: PaymentRow, { unusedOnly }: Wanted): Mark {
  if (unusedOnly !== true) return undefined;
  return unused_amount !== undefined && unused_amount > 0 && { off: 0, why: '' };
}
