import type { Reader } from '../endpoint.ts';
import { BusyError, InputError } from '../errors.ts';
import { readAmount } from '../money.ts';
import type { Query } from '../reading/whole-lists.ts';
import { SLIP_OFF } from './alike-references.ts';
import { daysFrom, newestFirst, type Days } from './date-range.ts';
import {
  wantedWithout,
  daysAround,
  isIncomparablePayment,
  matchOf,
  tellsMore,
  type Condition,
  type Match,
  type Wanted,
} from './payment-match.ts';
import { paymentsBetween } from './payments-between.ts';
import type { PaymentRow } from './payments.ts';
import { amountSlip } from './slips.ts';

/** Collects the payments that fit best, and the payments that fit all conditions except one. */

export type FoundPayment = Match & { readonly row: PaymentRow };

/** The state of a search. */
export interface SearchState {
  best: readonly FoundPayment[];
  count: number;
  /** Every payment that was read. A payment that several requests returned is in the map once. */
  readonly seen: Map<string, PaymentRow>;
  /** Number of payments that could not be compared, because Zoho does not give a value. */
  incomparable: number;
  /** True if the search ended early because enough payments fit perfectly and all other payments are older. */
  stopped: boolean;
  left?: Days | undefined;
}

export const emptySearch = (): SearchState => ({ best: [], count: 0, seen: new Map(), incomparable: 0, stopped: false });

/** Adds the rows to `seen` and returns the new ones. */
export function see({ seen }: SearchState, rows: readonly PaymentRow[]): PaymentRow[] {
  return rows.filter((row) => {
    const key = row.payment_id || JSON.stringify(row);
    const isNew = !seen.has(key);
    seen.set(key, row);
    return isNew;
  });
}

/** Keeps the payments that fit. A similar reference alone is not enough. */
export function take(found: SearchState, rows: readonly PaymentRow[], wanted: Wanted, limit: number): void {
  const fresh = see(found, rows);
  const matching = fresh.flatMap((row) => {
    const match = matchOf(row, wanted);
    return match === undefined || (match.off >= SLIP_OFF && !tellsMore(wanted)) ? [] : [{ ...match, why: [], row }];
  });
  found.incomparable += fresh.filter((row) => isIncomparablePayment(row, wanted)).length;
  found.count += matching.length;
  found.best = [...found.best, ...matching].toSorted(bestFirst(wanted)).slice(0, limit);
}

/** The unused amount, in the base currency if Zoho gives it, so that different currencies can be compared. */
const unusedIn = (row: PaymentRow): number => readAmount(row['bcy_unused_amount']) ?? row.unused_amount ?? 0;

function bestFirst({ unusedOnly }: Wanted): (a: FoundPayment, b: FoundPayment) => number {
  return (a, b) => a.off - b.off || (unusedOnly === true ? unusedIn(b.row) - unusedIn(a.row) : 0) || newestFirst(a.row, b.row);
}

/** The payments that fit if one condition is ignored. */
export interface AllButOne {
  readonly without: Condition;
  readonly best: readonly FoundPayment[];
  readonly count: number;
  /** True if older payments, which were not read, may fit too. */
  readonly part: boolean;
}

const MOST_SHOWN_WITHOUT = 3;

/** `rows`: payments found by the other conditions. The payments that are nearest to the ignored condition come first. */
export function fittingAllBut(without: Condition, rows: readonly PaymentRow[], wanted: Wanted, part: boolean): AllButOne {
  const rest = wantedWithout(without, wanted);
  const matching = rows.flatMap((row) => {
    const match = matchOf(row, rest);
    return match === undefined ? [] : [{ ...match, why: slipIn(row, without, wanted), row }];
  });
  const exact = matching.filter(({ off }) => off < SLIP_OFF);
  const fitting = exact.length > 0 || !tellsMore(rest) ? exact : matching;
  const distance = ({ row }: FoundPayment) => distanceOf(row, without, wanted);
  const sorted = fitting.toSorted((a, b) => distance(a) - distance(b) || bestFirst(rest)(a, b));
  return { without, best: sorted.slice(0, MOST_SHOWN_WITHOUT), count: fitting.length, part };
}

/** The typing error that would explain the amount, if any. */
function slipIn({ amount }: PaymentRow, without: Condition, wanted: Wanted): string[] {
  const slip = without !== 'amount' || amount === undefined ? undefined : amountSlip(wanted.amount ?? 0, amount);
  return slip === undefined ? [] : [`similar amount: ${slip}`];
}

function distanceOf(row: PaymentRow, without: Condition, wanted: Wanted): number {
  const { day, amount = 0 } = wanted;
  if (without === 'date' && day !== undefined) return row.date === undefined ? Infinity : Math.abs(daysFrom(day, row.date));
  if (without !== 'amount') return 0;
  if (slipIn(row, without, wanted).length > 0) return 0;
  return row.amount === undefined ? Infinity : Math.abs(row.amount - amount);
}

const MOST_PAGES_WITHOUT = 2;

/** Zoho's filters, by condition. */
export type Filters = Readonly<Partial<Record<Condition, Query>>>;

export const queryOf = (filters: Filters, without?: Condition): Query =>
  Object.fromEntries(Object.entries(filters).flatMap(([condition, query]) => (condition === without ? [] : Object.entries(query))));

/** Payments that were read. `part`: older payments were not read. */
export interface RowsRead {
  readonly rows: readonly PaymentRow[];
  /** Payments without a date: each may be inside or outside the range. */
  readonly undated?: readonly PaymentRow[];
  readonly part: boolean;
}

/** Returns the newest payments that Zoho finds, on a few pages. If Zoho fails, returns the payments read so far (`part`). */
export async function newestBy(
  query: Query,
  { day, days }: Wanted,
  { zoho, progress }: { readonly zoho: Reader; progress(message: string): void },
): Promise<RowsRead> {
  const [rows, undated]: [PaymentRow[], PaymentRow[]] = [[], []];
  let part = false;
  try {
    const range = day === undefined ? days : daysAround(day);
    for await (const stretch of paymentsBetween(range, query, {
      zoho: zoho.recent,
      progress,
      mostPages: MOST_PAGES_WITHOUT,
      newestFirst: true,
    })) {
      rows.push(...stretch.rows);
      undated.push(...stretch.undated);
      part = stretch.left !== undefined;
    }
  } catch (error) {
    if (!(error instanceof InputError || error instanceof BusyError)) throw error;
    part = true;
  }
  return { rows, undated, part };
}
