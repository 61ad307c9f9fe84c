import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { altered, type Altered } from '../support/altered.ts';
import { harness, textOf, type Harness } from '../support/harness.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** All payments of a range of days are found, with few pages before the range, for any distribution over the years. */

let perPage = 200;
const dayOf = (n: number) => new Date(Date.UTC(2020, 0, 1) + n * 86_400_000).toISOString().slice(0, 10);
const DAYS = 2000;

/** The day of each of several thousand payments. */
const spreads: Record<string, (i: number, count: number) => number> = {
  evenly: (i, count) => Math.floor((i * DAYS) / count),
  'more and more densely': (i, count) => Math.floor(DAYS * (i / count) ** 0.2),
  'less and less densely': (i, count) => Math.floor(DAYS * (i / count) ** 6),
  'mostly on one day': (i, count) => (i < count * 0.05 ? i : i > count * 0.95 ? DAYS - (count - i) : 700),
  'with a gap of several years': (i, count) => Math.floor((i * 100) / count) + (i > count / 2 ? 1500 : 0),
};

let sandbox: Sandbox;
let zoho: Altered;
let server: Harness;
let dates: readonly string[] = [];
let asked: string[] = [];
beforeAll(async () => {
  sandbox = await startSandbox({ limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 } });
  zoho = await altered(sandbox, {
    body(body, query, path) {
      if (path !== '/customerpayments') return body;
      const [order, page, date] = [query.get('sort_order'), Number(query.get('page')), query.get('date')];
      asked.push(`${order}${page}`);
      const ids = [...dates.keys()];
      const all = date === null ? ids : ids.filter((id) => dates[id] === date);
      if (order === 'D') all.reverse();
      const rows = all
        .slice((page - 1) * perPage, page * perPage)
        .map((id) => ({ payment_id: String(id), date: dates[id], amount: 1, bcy_amount: 1, customer_id: '7' }));
      return {
        code: 0,
        customerpayments: rows,
        page_context: { page, has_more_page: page * perPage < all.length, sort_column: 'date', sort_order: order },
      };
    },
  });
  server = await harness({ on: sandbox, at: zoho });
});
afterAll(async () => {
  await server.close();
  await zoho.close();
  await sandbox.close();
});

describe.each(Object.entries(spreads))('payments that are spread %s', (_, spread) => {
  it('are found by date, without reading a page twice, and with few pages outside the range', async () => {
    const count = 7_000;
    dates = Array.from({ length: count }, (_, i) => dayOf(spread(i, count))).toSorted();
    const day = fc.integer({ min: -50, max: DAYS + 50 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(day, day), async ([one, other]) => {
        const [date_start, date_end] = [dayOf(Math.min(one, other)), dayOf(Math.max(one, other))];
        asked = [];
        const result = await server.call('summarize_payments', { date_start, date_end });
        expect(result.isError, textOf(result)).toBeFalsy();
        const inRange = dates.filter((date) => date >= date_start && date <= date_end).length;
        expect(result.structuredContent['total']).toMatchObject({ count: inRange });
        expect(new Set(asked).size).toBe(asked.length);
        // At most two pages more than the range needs, one page from each end of the books, and twice a binary search over all pages.
        expect(asked.length).toBeLessThanOrEqual(Math.ceil(inRange / perPage) + 2 + 2 + 2 * Math.ceil(Math.log2(count / perPage)));
      }),
      { numRuns: 12, seed: 5 },
    );
  });
});

it('a page that is not full counts as the last page, unless Zoho says that there are more', async () => {
  perPage = 150;
  dates = Array.from({ length: 1000 }, (_, i) => dayOf(i)).toSorted();
  const result = await server.call('summarize_payments', {});
  perPage = 200;
  expect(result.structuredContent['total']).toMatchObject({ count: 1000 });
});
