import type { Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { allPayments, isLast, PER_PAGE, type Query, type WholePage } from '../reading/whole-lists.ts';
import { readDay } from '../records/read-row.ts';
import { daysAfter, daysFrom, isWithin, type Days } from './date-range.ts';
import { asPayment, type PaymentRow } from './payments.ts';

/**
 * Reads the payments of a range of days. Zoho can filter by one day, but not by a range. So this code reads the list sorted by date, from
 * the page where the range begins to the page where it ends. The sort order begins with the newest or the oldest payment, whichever is
 * closer to the range.
 */

/** The payments of the range on one page. */
export interface Stretch {
  readonly rows: readonly PaymentRow[];
  /** Payments without a date from Zoho. If there is a range, they are not in `rows`, because they may be outside the range. */
  readonly undated: readonly PaymentRow[];
  /** In the last stretch: days that were not read, because there are more payments than one call may read. */
  readonly left?: Days;
  /** Together with `left`: the days that were read completely. */
  readonly covered?: Days;
}

interface RangeOptions {
  readonly zoho: Reader;
  readonly progress: (message: string) => void;
  /** The most pages to read in the range. To find the first page of the range takes a few more reads. */
  readonly mostPages: number;
  /** True for callers that stop before the end and need the newest payments. */
  readonly newestFirst?: boolean;
}

type Order = 'A' | 'D';

export async function* paymentsBetween(
  days: Days,
  where: Query,
  { zoho, progress, mostPages, newestFirst = false }: RangeOptions,
): AsyncGenerator<Stretch> {
  const { start = '', end = '~' } = days;
  const oneDay = start === end;
  const probed = new Map<string, WholePage>();
  const pageAt = async (order: Order, page: number): Promise<WholePage> => {
    const name = `${order}${page}`;
    const answer =
      probed.get(name) ??
      (await zoho.read(allPayments, {
        ...where,
        ...(oneDay && { date: start }),
        sort_column: 'date',
        sort_order: order,
        page,
        per_page: PER_PAGE,
      }));
    probed.set(name, answer);
    return answer;
  };
  /** True if the last payment of the page lies in the range, or beyond it in sort order. */
  const reaches = (order: Order, answer: WholePage): boolean => {
    const last = lastDay(answer);
    return isLast(answer) || last === undefined || (order === 'D' ? last <= end : last >= start);
  };
  /**
   * Finds the first page that reaches the range. Page 1 does not reach it. The search alternates between two guesses: the page expected for
   * evenly spread payments, and doubling or halving. So it is fast even if payments are spread unevenly.
   */
  const firstPage = async (order: Order): Promise<number> => {
    const goal = order === 'D' ? end : start;
    const one = await pageAt(order, 1);
    let before = { page: 1, day: lastDay(one) };
    let after: typeof before | undefined;
    for (let even = true; after === undefined || after.page - before.page > 1; even = !even) {
      const [from, to] = after === undefined ? [{ page: 0, day: firstDay(one) }, before] : [before, after];
      const expected = even ? pageOn(goal, from, to) : undefined;
      const page =
        after === undefined
          ? clamp(expected ?? before.page * 2, before.page + 1, before.page * MOST_AHEAD)
          : clamp(expected ?? (before.page + after.page) >> 1, before.page + 1, after.page - 1);
      const answer = await pageAt(order, page);
      const first = firstDay(answer);
      if (!reaches(order, answer)) before = { page, day: lastDay(answer) };
      // The page begins before the range and ends in it.
      else if (first !== undefined && (order === 'D' ? first > end : first < start)) return page;
      else after = { page, day: lastDay(answer) };
    }
    return after.page;
  };
  const begin = async (): Promise<readonly [Order, number]> => {
    if (days.start === undefined && days.end !== undefined && !newestFirst) return ['A', 1];
    const newest = await pageAt('D', 1);
    if (oneDay || !isSorted(newest, 'D') || reaches('D', newest)) return ['D', 1];
    if (newestFirst) return ['D', await firstPage('D')];
    const oldest = await pageAt('A', 1);
    if (!isSorted(oldest, 'A')) return ['D', await firstPage('D')];
    if (reaches('A', oldest)) return ['A', 1];
    const order = daysFrom(end, firstDay(newest) ?? end) <= daysFrom(firstDay(oldest) ?? start, start) ? 'D' : 'A';
    return [order, await firstPage(order)];
  };

  const [order, first] = await begin();
  let looked = 0;
  let earlier = new Set<string>();
  for (let page = first, pages = 1; ; page += 1, pages += 1) {
    const answer = await pageAt(order, page);
    probed.delete(`${order}${page}`);
    looked += answer.rows.length;
    progress(`Searched ${looked} payments.`);
    const all = answer.rows.map(asPayment);
    // If a payment is recorded during the search, the last payment of a page appears again on the next page.
    const isNew = ({ payment_id }: PaymentRow) => payment_id === '' || !earlier.has(payment_id);
    const rows = all.filter((row) => isNew(row) && isWithin(row.date, days) && isPaymentOf(row, where));
    const undated = isWithin(undefined, days) ? [] : all.filter((row) => row.date === undefined && isNew(row) && isPaymentOf(row, where));
    earlier = new Set(all.map(({ payment_id }) => payment_id));
    // Only a sort order that Zoho confirms proves that no more payments of the range follow.
    const sorted = isSorted(answer, order);
    const last = lastDay(answer);
    const through = sorted && last !== undefined && (order === 'D' ? last < start : last > end);
    if (isLast(answer) || through) return yield { rows, undated };
    // Stop only between two days, so that each day was read completely.
    if (pages >= mostPages && sorted && firstDay(answer) !== last) {
      const whole = rows.filter(({ date }) => date !== last);
      if (order === 'D')
        return yield {
          rows: whole,
          undated,
          left: { start: days.start, end: last },
          covered: { start: daysAfter(last ?? start, 1), end: days.end },
        };
      return yield {
        rows: whole,
        undated,
        left: { start: last, end: days.end },
        covered: { start: days.start, end: daysAfter(last ?? end, -1) },
      };
    }
    if (pages >= (sorted ? 2 : 1) * mostPages) throw tooManyPayments(looked);
    yield { rows, undated };
  }
}

const MOST_AHEAD = 64;

const clamp = (page: number, least: number, most: number) => Math.max(least, Math.min(most, page));

interface KnownPage {
  readonly page: number;
  readonly day: string | undefined;
}

/** The page where a day is expected, by interpolation between the last days of two pages. */
function pageOn(day: string, from: KnownPage, to: KnownPage): number | undefined {
  if (from.day === undefined || to.day === undefined || from.day === to.day) return undefined;
  return from.page + Math.ceil((daysFrom(from.day, day) / daysFrom(from.day, to.day)) * (to.page - from.page));
}

/** The first and the last date on a page. */
const firstDay = ({ rows }: WholePage) => rows.map((row) => readDay(row['date'])).find((day) => day !== undefined);
const lastDay = ({ rows }: WholePage) => rows.map((row) => readDay(row['date'])).findLast((day) => day !== undefined);

function isSorted({ page_context }: WholePage, order: Order): boolean {
  return page_context?.['sort_column'] === 'date' && page_context['sort_order'] === order;
}

/** Zoho ignores filters that it does not know. */
function isPaymentOf({ customer_id }: PaymentRow, where: Query): boolean {
  return where['customer_id'] === undefined || customer_id === undefined || customer_id === where['customer_id'];
}

function tooManyPayments(looked: number): InputError {
  return new InputError(`There are too many payments for one call: it stopped after ${looked}.`, {
    code: 'too_many_payments',
    next: 'Call again for one customer, or for a shorter range.',
  });
}
