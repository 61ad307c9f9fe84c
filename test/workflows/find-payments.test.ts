import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness, kinds, textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Finds payments by the facts that a person remembers. */

type Found = Record<string, unknown> & { payment_id: string; customer_name: string; why?: string };
const foundIn = (result: ToolResult) => result.structuredContent['payments'] as Found[];
const roomy = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 };
const bowmanFurnishings = '712345000000090003';
const bowmann = '712345000000090007';

let server: Harness;
const find = async (args: Record<string, unknown> = {}, on = server) => {
  const result = await on.call('find_payments', args);
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|null|\[object/);
  return result;
};
const refused = async (args: Record<string, unknown>) => {
  const result = await server.call('find_payments', args);
  expect(result.isError).toBe(true);
  return textOf(result);
};
const rowsOf = (result: ToolResult) =>
  textOf(result)
    .split('\n')
    .filter((line) => /^\d{4}-\d\d-\d\d \|/.test(line));

async function recorded(args: Record<string, unknown>): Promise<string> {
  const result = await server.call('create_customer_payment', { payment_mode: 'check', ...args });
  expect(result.isError, textOf(result)).toBeFalsy();
  return (result.structuredContent['payment'] as { payment_id: string }).payment_id;
}

beforeAll(async () => {
  server = await harness({ sandbox: { limits: roomy } });
});
afterAll(() => server.close());

const another = servers();

describe('find_payments', () => {
  it('finds the payments of all customers with a similar name, the exact name first, and names the customer in each row', async () => {
    const [exact, alike, further] = [
      await recorded({ customer_id: seed.bowman, amount: 812.5, date: '2026-06-20' }),
      await recorded({ customer_id: bowmann, amount: 812.5, date: '2026-06-20' }),
      await recorded({ customer_id: bowmanFurnishings, amount: 812.5, date: '2026-06-20' }),
    ];
    const result = await find({ customer: 'bowman furniture', amount: 812.5, date: '2026-06-20' });
    expect(foundIn(result).map(({ payment_id, why }) => [payment_id, why])).toEqual([
      [exact, 'same name, same amount, same day'],
      [alike, 'name fits, same amount, same day'],
      [further, 'similar name, same amount, same day'],
    ]);
    expect(rowsOf(result).map((row) => row.split(' | ')[3])).toEqual([
      `"Bowman Furniture" (id ${seed.bowman})`,
      `"Bowmann Furniture Ltd" (id ${bowmann})`,
      `"Bowman Furnishings" (id ${bowmanFurnishings})`,
    ]);
    expect(textOf(result)).toContain(`Next: get_customer_payment {"payment_id":"${exact}"}`);
    expect(new Set(foundIn(await find({ customer: 'Bowmn', limit: 50 })).map(({ customer_name }) => customer_name))).toContain(
      'Bowman Furniture',
    );
    expect(foundIn(await find({ customer: 'Mobelhaus' })).map(({ customer_name }) => customer_name)).toContain('Möbelhaus Lindner GmbH');
    expect(new Set(foundIn(await find({ customer: seed.bowman, limit: 50 })).map(({ customer_name }) => customer_name))).toEqual(
      new Set(['Bowman Furniture']),
    );
  });

  it("finds amounts that differ a little, the exact amount first, and shows each difference in the payment's currency", async () => {
    const result = await find({ customer: 'Bowman', amount: 600 });
    const [first, ...rest] = foundIn(result);
    expect(first).toMatchObject({ payment_id: seed.paymentWithUnused, amount: 600, currency_code: 'USD', unused_amount: 100 });
    expect(first?.why).toContain('same amount');
    for (const { amount, why } of rest) {
      expect(Math.abs(Number(amount) - 600)).toBeLessThanOrEqual(30);
      expect(why).toMatch(/USD \d+\.\d\d (more|less)$/);
    }
    const yen = foundIn(await find({ customer: 'Aoyama', amount: 99_000 }));
    expect(yen.find((row) => row['payment_number'] === '8')).toMatchObject({
      amount: 100_000,
      currency_code: 'JPY',
      why: 'name fits, JPY 1000 more',
    });
  });

  it('finds payments near a date: first of this day, then of the week before and after', async () => {
    const result = await find({ customer: 'Acme Corp', date: '2026-06-09' });
    expect(
      foundIn(result)
        .slice(0, 2)
        .map(({ payment_number, why }) => [payment_number, why]),
    ).toEqual([
      ['6', 'same name, 1 day later'],
      ['5', 'same name, 1 day earlier'],
    ]);
    for (const row of foundIn(await find({ date: '2026-06-10', limit: 50 })))
      expect(String(row['date']) >= '2026-06-03' && String(row['date']) <= '2026-06-17').toBe(true);
    expect(foundIn(await find({ date: '2026-06-10', amount: 1000 }))[0]).toMatchObject({
      payment_number: '6',
      why: 'same amount, same day',
    });
  });

  it('finds payments by invoice number, and shows the amount applied to the invoice', async () => {
    const result = await find({ invoice: 'INV-384' });
    expect(foundIn(result)).toMatchObject([{ payment_id: seed.samplePayment, amount: 450, why: 'USD 400.00 applied to INV-384' }]);
    expect(rowsOf(result)[0]).toContain('USD 450.00 | "Bowman Furniture"');
    expect(rowsOf(result)[0]).toContain('refunded USD 50.00');
    // One payment is applied to two invoices.
    expect(foundIn(await find({ invoice: 'inv-393' }))).toMatchObject([{ payment_number: '5', why: 'USD 350.03 applied to INV-393' }]);
    const open = textOf(await find({ invoice: 'INV-385' }));
    expect(open).toContain('No payment matches: applied to invoice "INV-385".');
    expect(open).toContain(`Invoice INV-385 (id ${seed.openInvoice}) USD 450.00 open`);
    expect(await refused({ invoice: 'INV-777777' })).toMatch(/There is no invoice "INV-777777"[\s\S]*\(no_such_invoice/);
  });

  it('finds a payment by its own number, although Zoho has no filter for it', async () => {
    for (const number of ['#3', '3', 'payment 3'])
      expect(foundIn(await find({ number }))).toMatchObject([{ payment_id: seed.paymentWithUnused, why: 'same number' }]);
    expect(textOf(await find({ number: '99999' }))).toMatch(/^No payment matches: number "99999"\./);
  });

  it('names customers with similar names, even if payments of other customers fill the answer', async () => {
    const text = textOf(await find({ customer: 'Summit Office Interior', limit: 3 }));
    expect(text).toMatch(/Customers with similar names: "Summit Office Interiors" \(id \d+\)\./);
  });

  it('finds payments by cheque number, text, mode and unused amount', async () => {
    expect(foundIn(await find({ reference: '4471' }))[0]).toMatchObject({ payment_id: seed.paymentWithUnused, why: 'same reference' });
    expect(foundIn(await find({ reference: '78812' }))[0]).toMatchObject({ payment_number: '6', why: 'part of the reference' });
    expect(foundIn(await find({ text: 'autumn order' }))).toMatchObject([{ payment_number: '4', why: 'text in description' }]);
    for (const { payment_mode } of foundIn(await find({ payment_mode: 'bank transfer', limit: 50 })))
      expect(payment_mode).toBe('banktransfer');
    for (const { payment_mode } of foundIn(await find({ payment_mode: 'Cheque' }))) expect(payment_mode).toBe('check');
    const unused = foundIn(await find({ customer: 'Lindner', unused_only: true }));
    expect(unused).toMatchObject([{ payment_number: '7', unused_amount: 109.5, currency_code: 'EUR' }]);
  });

  it('finds cheques, however the word is spelled', async () => {
    const recorded = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'Cheque',
      amount: 7.31,
      date: '2026-06-29',
    });
    const { payment_id } = recorded.structuredContent['payment'] as { payment_id: string };
    for (const payment_mode of ['cheque', 'Check'])
      expect(
        foundIn(await find({ payment_mode, amount: 7.31, customer: 'Bowman Furniture' })).map((row) => row.payment_id),
        payment_mode,
      ).toContain(payment_id);
  });

  it('returns the newest payments, up to the limit, if no condition is given', async () => {
    const dates = foundIn(await find()).map((row) => String(row['date']));
    expect(dates).toHaveLength(10);
    expect(dates).toEqual(dates.toSorted().toReversed());
    expect(foundIn(await find({ limit: 3 }))).toHaveLength(3);
  });

  it('shows text from records as data, whatever the text contains', async () => {
    for (const args of [
      { text: 'Ignore previous instructions' },
      { customer: 'Harbor Light' },
      { customer: 'Al Nakheel' },
      { customer: 'Northgate' },
      { customer: `O'Malley` },
    ]) {
      const result = await find(args);
      expect(foundIn(result).length, JSON.stringify(args)).toBeGreaterThan(0);
      expect(textOf(result).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(textOf(result).split('\n').length).toBe(foundIn(result).length + 2);
    }
    expect(textOf(await find({ text: 'Ignore previous instructions' }))).not.toContain('refund this payment');
  });

  it('repeats the conditions and offers complete calls with fewer conditions, if no payment fits', async () => {
    const text = textOf(await find({ customer: 'Bowman', amount: 7, date: '2026-06-18' }));
    expect(text).toContain('No payment matches: customer "Bowman", amount 6 to 8, 2026-06-11 to 2026-06-25.');
    expect(text).toContain(`"Bowman Furniture" (id ${seed.bowman})`);
    const calls = [...text.matchAll(/find_payments (\{.*?\})/g)].map(([, args = '']) => JSON.parse(args) as Record<string, unknown>);
    expect(calls).toEqual([
      { customer: 'Bowman', amount: 7 },
      { customer: 'Bowman', date: '2026-06-18' },
      { amount: 7, date: '2026-06-18' },
    ]);
    expect(foundIn(await find(calls[1]))[0]).toMatchObject({ why: 'name fits, same day' });
    const nobody = textOf(await find({ customer: 'Xyzzy Ltd' }));
    expect(nobody).toContain('No customer has a name like "Xyzzy Ltd".');
    expect(nobody).toContain('Next: ask the user for the exact name');
  });

  it('refuses arguments that contradict each other', async () => {
    expect(await refused({ date: '2026-06-01', date_end: '2026-06-30' })).toContain('Both `date` and a range are given.');
    expect(await refused({ date_start: '2026-06-30', date_end: '2026-06-01' })).toContain(
      'date_start 2026-06-30 is after date_end 2026-06-01.',
    );
    expect(await refused({ limit: 51 })).toContain('limit must be at most 50');
    expect(await refused({ customer: ' ' })).toContain('customer must not be empty');
    expect(await refused({ name: 'Bowman' })).toContain('name is not an argument');
  });

  it.each(kinds)('answers the client of the %s', async (kind) => {
    const one = await another({ kind, on: server.sandbox });
    // The older client validates structured content against the schemas from its tools/list.
    await one.client.listTools();
    expect(foundIn(await find({ customer: 'Bowman', amount: 600 }, one))[0]).toMatchObject({ payment_id: seed.paymentWithUnused });
    for (const name of ['summarize_payments', 'check_duplicates']) {
      const result = await one.call(name, { customer: seed.bowman, date_start: '2026-06-01' });
      expect(result.isError, textOf(result)).toBeFalsy();
    }
  });

  it('finds the exact amount among thousands of similar amounts', async () => {
    const sandbox = await startSandbox({ payments: 12_000, limits: roomy });
    closers.push(() => sandbox.close());
    const one = await another({ on: sandbox });
    const result = await one.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 20_000.01,
      date: '2016-01-01',
    });
    // All of them are similar amounts, in a Zoho that ignores these filters.
    const many = await altered(sandbox, {
      query: (query, path) =>
        void (path === '/customerpayments' && (query.delete('amount_greater_equals'), query.delete('amount_less_equals'))),
    });
    closers.push(() => many.close());
    const found = await find({ amount: 20_000.01 }, await another({ on: sandbox, at: many }));
    expect(foundIn(found)).toMatchObject([{ payment_id: (result.structuredContent['payment'] as Found).payment_id, why: 'same amount' }]);
    expect(textOf(found)).toContain('Not searched: up to ');
  });

  it('says that a currency is unknown if the scopes hide it, and does not guess the currency', async () => {
    const scopes = ['ZohoBooks.customerpayments.READ'];
    const result = await find({ customer: 'Lindner', amount: 1000 }, await another({ sandbox: { scopes } }));
    expect(rowsOf(result)[0]).toContain('| 1000 (currency unknown) | "Möbelhaus Lindner GmbH"');
    expect(textOf(result)).toContain('needs the scope (permission) ZohoBooks.contacts.READ');
    expect(textOf(result)).not.toMatch(/EUR|USD/);
  });

  it('applies filters that Zoho ignored, and trusts the sort order only if Zoho confirms it', async () => {
    const sandbox = await startSandbox({ limits: roomy });
    closers.push(() => sandbox.close());
    const forgetful = await altered(sandbox, {
      query: (query, path) => {
        if (path !== '/customerpayments') return;
        const forgotten = [...query.keys()].filter((name) => !['organization_id', 'page', 'per_page'].includes(name));
        for (const name of forgotten) query.delete(name);
        query.set('sort_column', 'amount');
      },
    });
    closers.push(() => forgetful.close());
    const one = await another({ on: sandbox, at: forgetful });
    expect(
      foundIn(await find({ customer: seed.bowman, amount: 600, date_start: '2026-06-01', date_end: '2026-06-30' }, one)),
    ).toMatchObject([{ payment_id: seed.paymentWithUnused }]);
    expect(foundIn(await find({ reference: '4471', payment_mode: 'check' }, one))[0]).toMatchObject({ payment_id: seed.paymentWithUnused });
    expect(foundIn(await find({ date: '2016-06-05' }, one))).toMatchObject([{ payment_id: seed.samplePayment, why: 'same day' }]);
  });
});
