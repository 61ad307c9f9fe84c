import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { fault, forgetRequests, noFaults, requestsTo, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness, textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Searches with a typing error: similar references, payments that fit without one condition, and the number of payments searched. */

type Found = Record<string, unknown> & { payment_id: string; why?: string; near?: true };
interface Other {
  without: string;
  matches: number;
  in_part?: true;
  payments: Found[];
}
const foundIn = (result: ToolResult) => result.structuredContent['payments'] as Found[];
const nearIn = (result: ToolResult) => (result.structuredContent['near'] ?? []) as Found[];
const othersIn = (result: ToolResult) => (result.structuredContent['without'] ?? []) as Other[];
const without = (result: ToolResult, condition: string) => othersIn(result).find((one) => one.without === condition);
const idsOf = (payments: readonly Found[] = []) => payments.map(({ payment_id }) => payment_id);
const roomy = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 };
const another = servers();

let server: Harness;
const find = async (args: Record<string, unknown>, on = server) => {
  const result = await on.call('find_payments', args);
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|null|\[object/);
  return result;
};
async function recorded(args: Record<string, unknown>, on = server): Promise<string> {
  const result = await on.call('create_customer_payment', { payment_mode: 'check', customer_id: seed.bowman, ...args });
  expect(result.isError, textOf(result)).toBeFalsy();
  return (result.structuredContent['payment'] as { payment_id: string }).payment_id;
}
const lists = async ({ sandbox }: Harness) => (await requestsTo(sandbox)).filter(({ path }) => path.endsWith('/customerpayments')).length;

beforeAll(async () => {
  server = await harness({ sandbox: { limits: roomy } });
});
afterAll(() => server.close());

describe('a payment whose reference', () => {
  const day = { date: '2026-06-20' };
  const known = { customer: 'Bowman Furniture', amount: 812.5, ...day };
  let id: string;
  beforeAll(async () => {
    id = await recorded({ amount: 812.5, reference_number: '91358', ...day });
  });

  it.each([
    ['one wrong digit', '91858'],
    ['a wrong first digit', '81358'],
    ['a wrong last digit', '91357'],
    ['two swapped digits', '91538'],
    ['the first two digits swapped', '19358'],
    ['the middle two digits swapped, which changes both halves', '93158'],
    ['a missing digit', '9158'],
    ['a doubled digit', '911358'],
    ['an additional digit', '916358'],
    ['a word before it and a wrong digit', 'check 91858'],
    ['another form of the word and two swapped digits', 'CHQ-91538'],
    ['a label and a wrong digit', 'ref: 91858'],
    ['spaces and a wrong digit', '91 858'],
    ['other words around it and a wrong digit', 'Bowman 91858'],
  ])('was given with %s is found as similar if the other conditions fit', async (_, reference) => {
    const result = await find({ ...known, reference });
    expect(foundIn(result)).toMatchObject([{ payment_id: id, near: true }]);
    expect(foundIn(result)[0]?.why).toMatch(/^same name, same amount, same day, similar reference: /);
    expect(textOf(result)).toMatch(
      /^No payment has exactly the reference ".*"; these have a similar one and match all other conditions\.\n1 payment found/,
    );
    // The same with fewer conditions.
    for (const less of [{ customer: 'Bowman' }, { amount: 812.5 }, day, { date_start: '2026-06-15', date_end: '2026-06-25' }])
      expect(idsOf(foundIn(await find({ ...less, reference }))), JSON.stringify(less)).toEqual([id]);
  });

  it.each([
    ['one wrong digit', '91858'],
    ['the first two digits swapped', '19358'],
    ['the middle two digits swapped', '93158'],
    ['a missing digit', '9158'],
    ['a doubled digit', '911358'],
    ['a word before it and a wrong digit', 'check 91858'],
  ])('was given with %s is shown as similar, not as found, if no other condition is given', async (_, reference) => {
    for (const more of [{}, { payment_mode: 'check' }, { unused_only: true }]) {
      const result = await find({ reference, ...more });
      expect(foundIn(result)).toEqual([]);
      expect(result.structuredContent['matches']).toBe(0);
      expect(idsOf(nearIn(result)), JSON.stringify(more)).toContain(id);
      expect(textOf(result)).toMatch(/^No payment matches: reference with /);
      expect(textOf(result)).toContain('Payments with only a similar reference; perhaps none of them is the right payment:\n2026-06-20 | ');
      expect(textOf(result)).toContain('Next: ask the user who paid, how much or when, and call again with the answer.');
    }
  });

  it.each([
    ['a word before it', 'check 91358'],
    ['a label', 'ref: 91358'],
    ['a prefix', 'CHK-91358'],
    ['spaces in it', '91 358'],
    ['zeros before it', '0091358'],
    ['other words around it', 'Bowman 91358 June'],
  ])('was given with %s is found without other conditions, as a reference that is written differently', async (_, reference) => {
    expect(foundIn(await find({ reference }))).toMatchObject([
      { payment_id: id, near: true, why: 'similar reference: written differently' },
    ]);
    expect(textOf(await find({ reference }))).toMatch(/^No payment has exactly the reference ".*"; these have a similar one\.\n/);
  });

  it.each([
    ['check 55071', '55071', 201],
    ['CHK-55071', '55017', 401],
    ['Chq. 55 071', '55081', 12_801],
    ['5507l', '55071', 1601],
    ['O5507I', '055071', 3201],
    ['deposit of June, check 55071', 'check 55017', 6401],
  ])('is %j is similar to the searched reference %j', async (reference_number, reference, amount) => {
    const one = await recorded({ amount, reference_number, date: '2026-06-21' });
    const [first] = foundIn(await find({ customer: 'Bowman Furniture', amount, reference }));
    expect(first).toMatchObject({ payment_id: one, near: true });
  });

  it.each([
    ['two wrong digits', '91846'],
    ['two missing digits', '915'],
    ['another word', 'ADVANCE'],
    ['only two digits, too few to compare', '93'],
  ])('was given as %s is not found as similar', async (_, reference) => {
    const result = await find({ ...known, reference: `${reference}${reference === '93' ? '#' : ''}` });
    expect(foundIn(result)).toEqual([]);
    expect(without(result, 'reference')).toMatchObject({ matches: 1, payments: [{ payment_id: id }] });
  });

  it('is exactly equal comes first, before payments with other differences, in one list', async () => {
    const exact = await recorded({ amount: 990, reference_number: '61234', date: '2026-06-14' });
    const slip = await recorded({ amount: 1000, reference_number: '61235', date: '2026-06-18' });
    await forgetRequests(server.sandbox);
    const both = await find({ customer: 'Bowman Furniture', amount: 1000, date: '2026-06-18', reference: '61234' });
    expect(foundIn(both).map(({ payment_id, near }) => [payment_id, near])).toEqual([
      [exact, undefined],
      [slip, true],
    ]);
    expect(textOf(both)).toMatch(/^2 payments found, best match first:/);
    expect(await lists(server)).toBe(1);
    // With only a customer, Zoho filters by exactly this reference.
    expect(idsOf(foundIn(await find({ customer: 'Bowman Furniture', reference: '61234' })))).toEqual([exact]);
    expect(await lists(server)).toBe(2);
  });

  it('is similar is found even if it is old and many newer payments exist', async () => {
    const one = await another({ sandbox: { payments: 12_000, limits: roomy } });
    const old = await recorded({ amount: 77.7, reference_number: 'XK-400318', date: '2016-02-03' }, one);
    await forgetRequests(one.sandbox);
    const result = await find({ customer: 'Bowman Furniture', reference: 'XK-400381' }, one);
    expect(foundIn(result)).toMatchObject([{ payment_id: old, near: true }]);
    expect(await lists(one)).toBeLessThanOrEqual(7);
  });

  it.each([
    ['customer', { customer: 'Kestrel Architects', amount: 812.5 }, 'customer'],
    ['customer name, to which no name is similar', { customer: 'Xyzzy Nobody', ...day }, 'customer'],
    ['amount', { customer: 'Bowman Furniture', amount: 431 }, 'amount'],
    ['date', { customer: 'Bowman Furniture', date: '2026-01-09' }, 'date'],
    ['invoice', { customer: 'Bowman Furniture', invoice: 'INV-384', amount: 812.5 }, 'invoice'],
  ])('has a typing error is also found if one more condition is wrong: %s', async (_, wrong, condition) => {
    const result = await find({ ...wrong, reference: '91368' });
    expect(foundIn(result)).toEqual([]);
    expect(without(result, condition)).toMatchObject({ matches: 1, payments: [{ payment_id: id, near: true }] });
    expect(textOf(result)).toMatch(/\n1 fits if the search ignores `\w+`:\n2026-06-20 .*similar reference: one character differs\n/);
    expect(textOf(result)).not.toContain(' either.');
  });

  it('is similar is shown without the conditions that do not fit', async () => {
    const result = await find({ customer: 'Bowman Furniture', amount: 812.5, reference: '91368' });
    expect(foundIn(result)).toMatchObject([{ payment_id: id, near: true }]);
    expect(textOf(result)).not.toContain('Nothing fits');
  });

  it('is similar does not hide the payment of another customer with exactly this reference', async () => {
    const other = await recorded({ customer_id: '712345000000090009', amount: 812.5, reference_number: '91858', ...day });
    const result = await find({ ...known, reference: '91858' });
    expect(foundIn(result)).toMatchObject([{ payment_id: id, near: true }]);
    expect(without(result, 'customer')).toMatchObject({
      matches: 1,
      payments: [{ payment_id: other, why: 'same amount, same day, same reference' }],
    });
    expect(textOf(result)).toMatch(/\n1 fits if the search ignores `customer`:\n2026-06-20 \| .*"Acme Corp"/);
  });
});

describe('if no payment fits all conditions', () => {
  let id: string;
  beforeAll(async () => {
    id = await recorded({
      customer_id: '712345000000090007',
      amount: 540,
      reference_number: 'ZX-70001',
      date: '2026-03-12',
      description: 'For the loft',
    });
  });
  const all = {
    customer: 'Bowmann Furniture Ltd',
    amount: 540,
    date: '2026-03-12',
    reference: 'ZX-70001',
    text: 'the loft',
    payment_mode: 'check',
    unused_only: true,
  };

  it.each([
    ['customer', { customer: 'Acme Corp' }],
    ['customer', { customer: 'Xyzzy Nobody' }],
    ['amount', { amount: 777 }],
    ['date', { date: '2026-05-20' }],
    ['reference', { reference: 'QQ-12' }],
    ['text', { text: 'the attic' }],
    ['payment_mode', { payment_mode: 'cash' }],
  ])('shows the payments that fit all conditions except %s: called with %j', async (condition, wrong) => {
    const result = await find({ ...all, ...wrong });
    expect(foundIn(result)).toEqual([]);
    expect(without(result, condition)).toMatchObject({ matches: 1, payments: [{ payment_id: id }] });
    expect(textOf(result)).toContain(`1 fits if the search ignores \`${condition}\`:\n2026-03-12 | `);
    for (const { without: other, matches } of othersIn(result)) if (other !== condition) expect(matches, other).toBe(0);
  });

  it.each([
    [
      'range of days',
      { customer: 'Bowmann Furniture Ltd', amount: 540, date_start: '2026-05-01', date_end: '2026-05-31' },
      'date',
      'the dates',
    ],
    ['number', { customer: 'Bowmann Furniture Ltd', amount: 540, number: '99999' }, 'number', '`number`'],
    ['unused amount', { customer: 'Acme Corp', amount: 500, date: '2026-06-08', unused_only: true }, 'unused_only', '`unused_only`'],
    ['invoice', { invoice: 'INV-384', amount: 540, date: '2026-03-12' }, 'invoice', '`invoice`'],
    ['amount applied to an invoice', { invoice: 'INV-384', amount: 541 }, 'amount', '`amount`'],
  ])('shows the payments that fit all conditions except the %s', async (_, args, condition, named) => {
    const result = await find(args);
    expect(foundIn(result)).toEqual([]);
    expect(without(result, condition)?.matches).toBeGreaterThan(0);
    expect(textOf(result)).toContain(` if the search ignores ${named}`);
  });

  it('reports for each condition the payments that fit without it, or that there are none', async () => {
    const result = await find({ ...all, amount: 777 });
    expect(
      othersIn(result)
        .map((one) => one.without)
        .toSorted(),
    ).toEqual(['amount', 'customer', 'date', 'payment_mode', 'reference', 'text', 'unused_only'].toSorted());
    expect(textOf(result)).toContain(
      'If the search ignores `unused_only`, `payment_mode`, `reference`, `text`, `date` or `customer`, nothing fits.',
    );
  });

  it.each([
    [450, 'two digits swapped'],
    [5.4, 'decimal point moved'],
    [54, 'decimal point moved'],
    [54_000, 'decimal point moved'],
    [5540, 'one digit fewer'],
  ])('reports an amount of %d as similar to 540: %s', async (amount, slip) => {
    const result = await find({ customer: 'Bowmann Furniture Ltd', amount, date: '2026-03-12' });
    expect(foundIn(result)).toEqual([]);
    expect(without(result, 'amount')?.payments[0]).toMatchObject({ payment_id: id, why: `same name, same day, similar amount: ${slip}` });
  });

  it('shows an amount with a typing error before other amounts', async () => {
    await recorded({ customer_id: '712345000000090007', amount: 480, date: '2026-03-13' });
    const result = await find({ customer: 'Bowmann Furniture Ltd', amount: 450, date: '2026-03-12' });
    expect(idsOf(without(result, 'amount')?.payments)[0]).toBe(id);
  });

  it('reads one list for each condition that Zoho filters by, and none for payments that were already read', async () => {
    const one = await another({ on: server.sandbox });
    await forgetRequests(server.sandbox);
    await find({ customer: 'Bowmann Furniture Ltd', amount: 777, date: '2026-03-12' }, one);
    // With all conditions, without the customer, and without the amount. The first list already covers the search without the date.
    expect(await lists(server)).toBe(3);
    await forgetRequests(server.sandbox);
    await find({ customer: 'Xyzzy' }, one);
    expect(await lists(server)).toBe(0);
  });

  it('answers even if Zoho refuses the additional searches', async () => {
    const sandbox = await startSandbox({ limits: roomy });
    closers.push(() => sandbox.close());
    const one = await another({ on: sandbox });
    await fault(sandbox, { match: { method: 'GET', path: '/customerpayments' }, fault: 'status', status: 503, skip: 1, times: 99 });
    const result = await find({ customer: 'Bowmann Furniture Ltd', amount: 777, date: '2026-03-12' }, one);
    await noFaults(sandbox);
    expect(textOf(result)).toMatch(/^No payment matches: /);
    expect(
      othersIn(result)
        .filter(({ in_part }) => in_part)
        .map((other) => other.without),
    ).toEqual(['amount', 'customer']);
    expect(textOf(result)).toContain(
      'If the search ignores `amount` or `customer`, none of the newest payments fits; older payments were not searched.',
    );
  });
});

describe('the number of payments searched', () => {
  const looked = (result: ToolResult) => result.structuredContent['looked_through'];

  it("counts each payment that Zoho returned once, and the text names Zoho's filters", async () => {
    const one = await another({ sandbox: { limits: roomy } });
    const none = await find({ customer: 'Kestrel Architects', amount: 1_234_567 }, one);
    const { payments } = (await find({ customer: 'Kestrel Architects', limit: 50 }, one)).structuredContent as { payments: unknown[] };
    // No payment has a similar amount. Without the amount, all payments of the customer were compared.
    expect(looked(none)).toBe(payments.length);
    expect(textOf(none)).toContain(
      `Searched ${payments.length} payments, which Zoho filtered by customer and amount (in some searches only by a part of these conditions).`,
    );
    expect(textOf(await find({ number: '99999' }, one))).toMatch(/\nSearched 490 payments\.\n?/);
    expect(looked(await find({ number: '99999' }, one))).toBe(490);
  });

  it('counts a payment once if two searches or two pages return it', async () => {
    const sandbox = await startSandbox({ payments: 3_000, limits: roomy });
    closers.push(() => sandbox.close());
    // First the day, then the days around it, which include the day.
    const one = await another({ on: sandbox });
    const range = { date_start: '2026-03-03', date_end: '2026-03-17' };
    const { total } = (await one.call('summarize_payments', range)).structuredContent as { total: { count: number } };
    const wide = await find({ date: '2026-03-10', limit: 50 }, one);
    expect(wide.structuredContent).toMatchObject({ matches: total.count, looked_through: total.count });
  });

  it('includes payments without a date, and reports that their date was not compared', async () => {
    const sandbox = await startSandbox({ limits: roomy });
    closers.push(() => sandbox.close());
    const undated = await altered(sandbox, {
      body: (body, _query, path) =>
        path === '/customerpayments'
          ? {
              ...body,
              customerpayments: (body['customerpayments'] as object[]).map((row, i) => (i % 2 === 0 ? { ...row, date: '' } : row)),
            }
          : body,
    });
    closers.push(() => undated.close());
    const one = await another({ on: sandbox, at: undated });
    const { payments } = (await find({ customer: 'Kestrel Architects', limit: 50 }, one)).structuredContent as { payments: Found[] };
    const result = await find({ customer: 'Kestrel Architects', date_start: '2010-01-01', date_end: '2030-01-01', limit: 50 }, one);
    expect(looked(result)).toBe(payments.length);
    expect(result.structuredContent['not_compared']).toBe(payments.filter(({ date }) => date === undefined).length);
  });

  it('is the number of payments of the invoice if an invoice is given', async () => {
    expect(looked(await find({ invoice: 'INV-384' }))).toBe(1);
    expect(looked(await find({ invoice: 'INV-385' }))).toBe(0);
  });
});

describe('find_payments with descriptions', () => {
  it('shows the descriptions as data', async () => {
    const asked = await find({ number: '4', descriptions: true });
    expect(foundIn(asked)).toMatchObject([{ description: 'Advance for the autumn order' }]);
    expect(textOf(asked)).toContain(' | says "Advance for the autumn order" | same number');
    const unasked = await find({ number: '4' });
    expect(foundIn(unasked)[0]).not.toHaveProperty('description');
    expect(textOf(unasked)).not.toContain('autumn');
    const orders = await find({ number: '10', descriptions: true });
    expect(textOf(orders)).toContain('says "Line one Line two');
    // A payment without a description shows none.
    expect(textOf(await find({ number: '5', descriptions: true }))).not.toContain('says');
  });
});

describe('find_payments with unused_only', () => {
  it('sorts by unused amount in the base currency, not by date', async () => {
    const one = await another({ sandbox: { limits: roomy } });
    const rates: Record<string, number> = { USD: 1, EUR: 1.1, JPY: 0.0067 };
    const result = await find({ unused_only: true, limit: 50 }, one);
    const inBase = foundIn(result).map(({ unused_amount, currency_code }) => Number(unused_amount) * rates[String(currency_code)]!);
    expect(inBase.length).toBe(50);
    for (const [i, amount] of inBase.entries()) if (i > 0) expect(amount, String(i)).toBeLessThan(inBase[i - 1]! * 1.15);
    const dollars = foundIn(result)
      .filter(({ currency_code }) => currency_code === 'USD')
      .map((row) => Number(row['unused_amount']));
    expect(dollars).toEqual(dollars.toSorted((a, b) => b - a));
    expect(textOf(result)).toMatch(/^The best 50 payments of \d+ that match, best match first, then by unused amount:/);
    const theirs = foundIn(await find({ customer: 'Bowman Furniture', unused_only: true }, one)).map((row) => Number(row['unused_amount']));
    expect(theirs.slice(0, 3)).toEqual([250, 100, 50.4]);
  });

  it('finds the largest unused amount even if it is on one of the oldest payments', async () => {
    const one = await another({ sandbox: { payments: 1_500, limits: roomy } });
    const oldest = await recorded({ amount: 99_999.5, date: '2015-01-02' }, one);
    expect(idsOf(foundIn(await find({ unused_only: true, limit: 1 }, one)))).toEqual([oldest]);
  });
});
