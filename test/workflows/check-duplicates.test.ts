import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { seed } from '../support/books.ts';
import { harness, textOf, type Harness, type ToolResult } from '../support/harness.ts';

/** Finds payments recorded twice, and ranks payments that are only similar lower. */

interface Group {
  readonly likelihood: string;
  readonly why: string;
  readonly customer_name: string;
  readonly amount: number;
  readonly currency_code?: string;
  readonly payments: { readonly payment_id: string; readonly refunded_in_full?: boolean }[];
}

const acme = '712345000000090009';
const acmeCorporation = '712345000000090011';
const lindner = '712345000000090061';

let server: Harness;
beforeEach(async () => {
  server = await harness({
    sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') },
  });
});
afterEach(() => server.close());

const ok = (result: ToolResult) => {
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|null|\[object/);
  return result;
};
const check = async (args: Record<string, unknown> = {}) => ok(await server.call('check_duplicates', args));
const groupsIn = (result: ToolResult) => result.structuredContent['groups'] as Group[];
const idsIn = (result: ToolResult) => groupsIn(result).map(({ payments }) => payments.map(({ payment_id }) => payment_id));

async function recorded(args: Record<string, unknown>): Promise<string> {
  const attempt = { payment_mode: 'check', ...args };
  const first = await server.call('create_customer_payment', attempt);
  const again = [...textOf(first).matchAll(/payment #\d+ \(id (\d+)\)/g)].map(([, id]) => id);
  const result = first.isError ? ok(await server.call('create_customer_payment', { ...attempt, allow_duplicate_of: again })) : first;
  return (result.structuredContent['payment'] as { payment_id: string }).payment_id;
}

describe('check_duplicates', () => {
  it('ranks possible duplicates, and gives the reasons', async () => {
    const sameReference = [
      await recorded({ customer_id: acme, amount: 321.5, date: '2026-06-20', reference_number: 'CHQ-77' }),
      await recorded({ customer_id: acme, amount: 321.5, date: '2026-06-23', reference_number: 'chq-77', payment_mode: 'cash' }),
    ];
    const sameDay = [
      await recorded({ customer_id: lindner, amount: 210.25, date: '2026-06-24', exchange_rate: 1.1 }),
      await recorded({ customer_id: lindner, amount: 210.25, date: '2026-06-24', exchange_rate: 1.1, reference_number: 'SEPA-1' }),
    ];
    const near = [
      await recorded({ customer_id: seed.bowman, amount: 77.7, date: '2026-06-10' }),
      await recorded({ customer_id: seed.bowman, amount: 77.7, date: '2026-06-17' }),
    ];
    const otherReferences = [
      await recorded({ customer_id: seed.bowman, amount: 99.9, date: '2026-06-10', reference_number: '1' }),
      await recorded({ customer_id: seed.bowman, amount: 99.9, date: '2026-06-10', reference_number: '2' }),
    ];
    // Not payments far apart, of another customer with a similar name, or with another amount.
    await recorded({ customer_id: seed.bowman, amount: 55.5, date: '2026-06-01' });
    await recorded({ customer_id: seed.bowman, amount: 55.5, date: '2026-06-09' });
    await recorded({ customer_id: acmeCorporation, amount: 321.5, date: '2026-06-20', reference_number: 'CHQ-77' });
    await recorded({ customer_id: acme, amount: 321.51, date: '2026-06-20', reference_number: 'CHQ-77' });

    const result = await check();
    expect(
      groupsIn(result).map(({ likelihood, why, customer_name, amount, currency_code }) => [
        likelihood,
        why,
        customer_name,
        amount,
        currency_code,
      ]),
    ).toEqual([
      ['very likely', '3 days apart, same reference, neither has an invoice, different modes', 'Acme Corp', 321.5, 'USD'],
      ['likely', 'same day, a reference is missing, neither has an invoice', 'Möbelhaus Lindner GmbH', 210.25, 'EUR'],
      ['possible', '7 days apart, a reference is missing, neither has an invoice', 'Bowman Furniture', 77.7, 'USD'],
      ['less likely', 'same day, different references, neither has an invoice', 'Bowman Furniture', 99.9, 'USD'],
    ]);
    expect(idsIn(result)).toEqual([sameReference, sameDay, near, otherReferences]);
    const text = textOf(result);
    expect(text).toMatch(/^Checked \d+ payments of all customers, from 2026-04-02 on: 4 groups/);
    expect(text).toContain(`very likely: "Acme Corp" (id ${acme}), USD 321.50, 2 payments: 3 days apart`);
    expect(text).toMatch(
      new RegExp(
        `^- 2026-06-23 \\| #\\d+ \\(id ${sameReference[1]}\\) \\| recorded 2026-07-01 22:00 ` +
          '\\| cash \\| ref "chq-77" \\| unused USD 321.50$',
        'm',
      ),
    );
    // The next steps suggest calls that read, but no call that deletes, because the user decides about deletions.
    expect(text).toContain(
      `Next: get_customer_payment {"payment_id":"${sameReference[0]}"} · get_customer_payment {"payment_id":"${sameReference[1]}"}`,
    );
    expect(text).toContain('Delete only a payment that the user calls a mistake');
    expect(text).not.toMatch(/delete_customer_payment \{/);
  });

  it('checks one customer, uses the given number of days, and finds a pair if only one payment of it is in the range', async () => {
    const [first, second] = [
      await recorded({ customer_id: seed.bowman, amount: 55.5, date: '2026-06-01' }),
      await recorded({ customer_id: seed.bowman, amount: 55.5, date: '2026-06-09' }),
    ];
    const of = async (args: Record<string, unknown>) => idsIn(await check(args));
    expect(await of({ customer: 'Bowman Furniture' })).toEqual([]);
    expect(await of({ customer: 'Bowman Furniture', days_apart: 8 })).toEqual([[first, second]]);
    expect(await of({ customer: 'Bowman Furniture', days_apart: 8, date_start: '2026-06-02' })).toEqual([[first, second]]);
    expect(await of({ days_apart: 8, date_start: '2026-06-01', date_end: '2026-06-02' })).toEqual([[first, second]]);
    expect(await of({ days_apart: 8, date_start: '2026-06-02', date_end: '2026-06-08' })).toEqual([]);
    expect(await of({ customer: acme, days_apart: 8 })).toEqual([]);
    expect(textOf(await check({ customer: 'Bowman Furniture', date_start: '2031-01-01' }))).toBe(
      'Found no payments of "Bowman Furniture" (id 903000000000099), from 2031-01-01 on: nothing could be checked. ' +
        'Call again with other dates.',
    );
    const none = textOf(await check({ customer: 'Bowman Furniture' }));
    expect(none.replace(/\d+ payments/, 'N payments')).toBe(
      'Checked N payments of "Bowman Furniture" (id 903000000000099), all dates: ' +
        'no possible duplicates (same customer and amount, at most 7 days apart or the same reference).',
    );
  });

  it('finds payments with the same reference even if their dates are far apart', async () => {
    const pair = [
      await recorded({ customer_id: acme, amount: 10, date: '2026-04-10', reference_number: 'X-1' }),
      await recorded({ customer_id: acme, amount: 10, date: '2026-06-10', reference_number: 'X-1' }),
    ];
    const result = await check();
    expect(idsIn(result)).toEqual([pair]);
    expect(groupsIn(result)[0]).toMatchObject({
      likelihood: 'possible',
      why: expect.stringContaining('61 days apart, same reference') as string,
    });
  });

  it('marks payments that were refunded in full, and ranks them last', async () => {
    const kept = await recorded({ customer_id: acme, amount: 64, date: '2026-06-20', reference_number: 'T-1' });
    const given = await recorded({ customer_id: acme, amount: 64, date: '2026-06-20', reference_number: 'T-1' });
    ok(
      await server.call('create_customer_payment_refund', {
        customer_payment_id: given,
        amount: 64,
        date: '2026-06-21',
        from_account_id: seed.pettyCash,
      }),
    );
    await recorded({ customer_id: acme, amount: 65, date: '2026-06-01', reference_number: 'A' });
    await recorded({ customer_id: acme, amount: 65, date: '2026-06-01', reference_number: 'B' });
    const result = await check();
    expect(groupsIn(result).map(({ likelihood, amount }) => [likelihood, amount])).toEqual([
      ['less likely', 65],
      ['settled', 64],
    ]);
    expect(groupsIn(result)[1]?.payments).toMatchObject([{ payment_id: kept }, { payment_id: given, refunded_in_full: true }]);
    expect(textOf(result)).toMatch(new RegExp(`\\(id ${given}\\).*\\| refunded in full$`, 'm'));
    expect(textOf(result)).toContain('the others were refunded in full');
  });

  it('does not treat a partial refund as a full one, at any exchange rate and with either name of the invoices field', async () => {
    const rows = [
      // EUR 95 of 100 were refunded after the euro had risen.
      {
        payment_id: '9030000000001',
        amount: 100,
        bcy_amount: 110,
        unused_amount: 5,
        bcy_unused_amount: 5.5,
        bcy_refunded_amount: 114,
        invoice_numbers: '',
      },
      // In the documented shape: the rest is applied to an invoice.
      {
        payment_id: '9030000000002',
        amount: 100,
        bcy_amount: 110,
        unused_amount: 0,
        bcy_unused_amount: 0,
        bcy_refunded_amount: 11,
        invoice_number: 'INV-9',
      },
    ].map((row) => ({ ...row, customer_id: acme, customer_name: 'Acme Corp', date: '2026-06-20', payment_mode: 'cash' }));
    const zoho = await altered(server.sandbox, {
      body: (body, _, path) =>
        path === '/customerpayments'
          ? { code: 0, customerpayments: rows, page_context: { has_more_page: false, sort_column: 'date', sort_order: 'D' } }
          : body,
    });
    const other = await harness({ on: server.sandbox, at: zoho });
    const result = ok(await other.call('check_duplicates', { date_start: '2026-06-01' }));
    await other.close();
    await zoho.close();
    expect(textOf(result)).not.toContain('refunded in full');
    expect(groupsIn(result)).toMatchObject([{ likelihood: 'likely' }]);
    expect(textOf(result)).toContain('INV-9');
  });

  it('says which days it did not check, if it also had to stop in the days before the range', async () => {
    const dayOf = (n: number) => new Date(Date.UTC(2026, 5, 30) - n * 86_400_000).toISOString().slice(0, 10);
    const zoho = await altered(server.sandbox, {
      body(body, query, path) {
        if (path !== '/customerpayments') return body;
        const page = Number(query.get('page'));
        // 150 payments a day, back from 30 June. In ascending order, the dates are long ago.
        const rows = Array.from({ length: 200 }, (_, i) => ({
          payment_id: String(page * 200 + i),
          customer_id: String(page * 200 + i),
          amount: 1,
          date: query.get('sort_order') === 'D' ? dayOf(Math.floor(((page - 1) * 200 + i) / 150)) : '2001-01-01',
        }));
        return {
          code: 0,
          customerpayments: rows,
          page_context: { has_more_page: true, sort_column: 'date', sort_order: query.get('sort_order') },
        };
      },
    });
    const other = await harness({ on: server.sandbox, at: zoho });
    // 50 pages hold 66 days: back to 25 April.
    const result = ok(await other.call('check_duplicates', { date_start: '2026-04-28', date_end: '2026-06-30', days_apart: 7 }));
    await other.close();
    await zoho.close();
    expect(textOf(result)).toMatch(/Not checked: 2026-04-21 to 2026-04-2\d\./);
  });

  it('puts three similar payments into one group, and limits the size of groups', async () => {
    for (let day = 1; day <= 25; day += 1)
      await recorded({ customer_id: acme, amount: 5, date: `2026-06-${String(day).padStart(2, '0')}`, reference_number: `K-${day}` });
    const result = await check();
    expect(groupsIn(result)).toMatchObject([{ likelihood: 'less likely', amount: 5, more: 5 }]);
    expect(groupsIn(result)[0]?.payments).toHaveLength(20);
    expect(textOf(result)).toContain('25 payments: ');
    expect(textOf(result)).toContain('- and 5 more');
  });

  it("asks for a date if the scopes hide today's date, and for a customer if several customers fit the name", async () => {
    const one = await harness({ sandbox: { scopes: ['ZohoBooks.customerpayments.READ'] } });
    const undated = await one.call('check_duplicates', {});
    expect(undated.isError).toBe(true);
    expect(textOf(undated)).toContain('Next: Call again with `date_start`');
    ok(await one.call('check_duplicates', { date_start: '2026-06-01' }));
    await one.close();
    const which = await server.call('check_duplicates', { customer: 'Acme' });
    expect(textOf(which)).toContain('(ambiguous_customer');
    const backwards = await server.call('check_duplicates', { date_start: '2026-06-02', date_end: '2026-06-01' });
    expect(textOf(backwards)).toContain('is after date_end');
  });
});
