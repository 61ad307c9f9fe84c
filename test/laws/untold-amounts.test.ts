import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/json.ts';
import { altered } from '../support/altered.ts';
import { forgetRequests, seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { textOf, type Harness, type HarnessOptions, type ToolResult, errorOf } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** If Zoho does not send an amount, no text says 0, paid, or a made-up figure. Amounts in another JSON type are read. */

const start = servers();
const sandboxOf = { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') };

/** Returns the value to send in place of a field's value; undefined removes the field. */
type Change = (name: string, value: unknown, record: Json) => unknown;

function changed(value: unknown, change: Change): unknown {
  if (Array.isArray(value)) return value.map((item) => changed(item, change));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Json;
  return Object.fromEntries(Object.entries(record).map(([name, item]) => [name, change(name, changed(item, change), record)]));
}

/** Starts the server on a Zoho whose answers are changed. */
async function startAt(change: Change | ((text: string) => string), options: HarnessOptions = {}, where: RegExp = /./): Promise<Harness> {
  const on = await startSandbox(sandboxOf);
  const isText = change.length === 1;
  const at = await altered(on, {
    body: (body, _query, path) =>
      !where.test(path) ? body : isText ? (change as (text: string) => string)(JSON.stringify(body)) : changed(body, change as Change),
  });
  closers.push(
    () => on.close(),
    () => at.close(),
  );
  return await start({ on, at, ...options });
}

const without =
  (names: RegExp, untold: unknown): Change =>
  (name, value) =>
    names.test(name) ? untold : value;
const ok = (result: ToolResult) => {
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|null|\[object/);
  return textOf(result);
};

/** JSON values that are not amounts. The first one removes the field. */
const values = [undefined, null, '', '-', '1,450.00', '4.5e2', 'NaN', '0x10', true, {}, { value: 450 }, [450]];
/** A value of each sort, for tests that need several calls. */
const some = [undefined, null, '1,450.00', '4.5e2'];

const cash = { payment_mode: 'cash', date: '2026-06-30' };

describe.each(values)('if Zoho sends a balance of %j', (untold) => {
  const at = () => startAt(without(/^balance$/, untold));

  it('it is shown as unknown', async () => {
    const server = await at();
    for (const text of [
      ok(await server.call('get_invoice', { invoice_id: seed.openInvoice })),
      ok(await server.call('list_invoices', { customer_id: seed.bowman })),
    ]) {
      expect(text).toContain('balance an unknown amount');
      expect(text).not.toContain('USD 0.00');
    }
  });

  it('for an invoice that is paid by name, the server asks how much to apply to it', async () => {
    const server = await at();
    const result = await server.call('record_customer_payment', { ...cash, amount: 450, invoices: ['INV-385'] });
    expect(errorOf(result)).toMatchObject({ code: 'balance_not_told', changed: 'no' });
    expect(textOf(result)).toContain('"INV-385"');
    expect(textOf(result)).toMatch(/Ask the user for the amount/);
    expect(await writesTo(server)).toEqual([]);
  });

  it('the server cannot apply "oldest first"', async () => {
    const server = await at();
    const result = await server.call('record_customer_payment', {
      ...cash,
      customer: 'Bowman Furniture',
      amount: 10,
      allocate: 'oldest_first',
    });
    expect(errorOf(result)).toMatchObject({ code: 'balance_not_told', changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
  });
});

describe.each(some)('if Zoho sends %j', (untold) => {
  it('as a balance, the question names the missing check, and the payment can be recorded if its amount is given', async () => {
    const asked: string[] = [];
    const server = await startAt(without(/^balance$/, untold), {
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    });
    const text = ok(
      await server.call('record_customer_payment', { ...cash, amount: 450, invoices: [{ invoice: 'INV-385', amount: 450 }] }),
    );
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('Apply USD 450.00 to Invoice "INV-385"\n');
    expect(asked[0]).toContain('the balance of invoice "INV-385" (Zoho does not show it)');
    expect(asked[0]).not.toContain('USD 0.00');
    expect(text).not.toMatch(/now paid|USD 0\.00/);
    expect((await writesTo(server)).map(({ body }) => body)).toMatchObject([
      { invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] },
    ]);
  });

  it('as open and unused amounts, a statement does not say that nothing is owed or unused', async () => {
    const server = await startAt(without(/balance|unused|outstanding/, untold));
    const result = await server.call('customer_statement', { customer: 'Bowman Furniture' });
    const text = ok(result);
    expect(text).not.toMatch(/owes|no unused credit[.;]|USD 0\.00/);
    expect(text).toContain('has 4 open invoices of unknown balance; no known unused credit.');
    expect(text).toContain('Not in the totals: 4 open invoices, because Zoho gives no balance.');
    expect(text).toMatch(/Not in the totals: \d+ payments, because Zoho gives no unused amount\./);
    expect(result.structuredContent).toMatchObject({ open: { count: 4, balance_not_told: 4 } });
  });

  it('as one of several balances, the totals say which amounts are missing', async () => {
    const server = await startAt((name, value, { invoice_number }) =>
      name === 'balance' && invoice_number === 'INV-386' ? untold : value,
    );
    const result = await server.call('customer_statement', { customer: 'Bowman Furniture' });
    const text = ok(result);
    expect(text).toContain('owes USD 805.00 on 4 open invoices');
    expect(text).toContain('Not in the totals: 1 open invoice, because Zoho gives no balance.');
    expect(text).not.toContain("Zoho's own figure: USD 2085.50 owed");
    expect(result.structuredContent).toMatchObject({ open: { count: 4, totals: [{ amount: 805, count: 3 }], balance_not_told: 1 } });
  });

  it('as the unused amount, a refund without an amount is refused, and a refund with an amount needs an approval', async () => {
    const asked: string[] = [];
    const server = await startAt(without(/^unused_amount$/, untold), {
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'decline' }),
    });
    for (const [tool, args] of [
      [
        'create_customer_payment_refund',
        { customer_payment_id: seed.paymentWithUnused, from_account_id: seed.pettyCash, date: '2026-06-30' },
      ],
      ['refund_customer_payment', { payment: seed.paymentWithUnused, account: 'Petty Cash' }],
    ] as const) {
      const result = await server.call(tool, args);
      expect(errorOf(result), textOf(result)).toMatchObject({ changed: 'no' });
      expect(textOf(result)).toContain('Zoho does not show the unused amount of this payment');
    }
    expect(asked).toEqual([]);
    await server.call('refund_customer_payment', { payment: seed.paymentWithUnused, account: 'Petty Cash', amount: 5 });
    expect(asked[0]).toContain('how much can be refunded (Zoho does not show it)');
    expect(await writesTo(server)).toEqual([]);
  });

  it('as amounts of payments, sums and comparisons omit them, and say how many', async () => {
    const change: Change = (name, value, { payment_number }) =>
      /^(bcy_)?(amount|unused_amount|refunded_amount)$/.test(name) && Number(payment_number) % 2 === 0 ? untold : value;
    const server = await startAt(change);
    const june = { date_start: '2026-06-01', date_end: '2026-06-30' };
    const plain = await start({ on: server.sandbox });
    const all = (await plain.call('summarize_payments', june)).structuredContent['total'] as { count: number; bcy_amount: number };
    const result = await server.call('summarize_payments', june);
    const { not_told, ...total } = result.structuredContent['total'] as {
      count: number;
      bcy_amount: number;
      not_told: Record<string, number>;
    };
    expect(total.count).toBe(all.count);
    expect(total.bcy_amount).toBeGreaterThan(0);
    expect(total.bcy_amount).toBeLessThan(all.bcy_amount);
    expect(ok(result)).toContain(`Zoho gives no amount for ${not_told['bcy_amount']} payments`);

    const twice = await server.call('check_duplicates', june);
    expect(twice.structuredContent).toMatchObject({ not_compared: not_told['bcy_amount'] });
    expect(ok(twice)).toContain(`Not compared: ${not_told['bcy_amount']} payments, because Zoho gives no amount, customer or date.`);

    const found = await server.call('find_payments', { customer: 'Bowman Furniture', amount: 600 });
    expect(found.structuredContent['not_compared']).toBeGreaterThan(0);
    expect(ok(found)).not.toContain('USD 0.00');
    const unused = await server.call('find_payments', { customer: 'Bowman Furniture', unused_only: true });
    expect(unused.structuredContent['not_compared']).toBeGreaterThan(0);
    const list = ok(await server.call('find_payments', { customer: 'Bowman Furniture' }));
    expect(list).toContain('an unknown amount');
    expect(list).toContain('unused amount unknown');
  });

  it.each(['customer_id', 'date'])('as the %s of payments, the payments are counted as not compared', async (field) => {
    const server = await startAt(
      (name, value, { payment_number }) =>
        name === field && Number(payment_number) % 2 === 0
          ? untold === '4.5e2'
            ? '06/07/2026 x'
            : untold === '1,450.00' && field === 'customer_id'
              ? {}
              : untold
          : value,
      {},
      /^\/customerpayments$/,
    );
    const result = await server.call('check_duplicates', { date_start: '2026-06-01', date_end: '2026-06-30' });
    // A text in place of an id counts as an id that no other payment has.
    if (field === 'customer_id' && untold === '4.5e2') return void ok(result);
    expect(result.structuredContent['not_compared']).toBeGreaterThan(0);
    expect(ok(result)).toMatch(/Not compared: \d+ payments, because Zoho gives no/);
  });

  it('as the amount of a payment, an update invents no number', async () => {
    const asked: string[] = [];
    const server = await startAt(without(/^(amount|unused_amount)$/, untold), {
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    });
    ok(await server.call('update_customer_payment', { payment_id: seed.samplePayment, description: 'seen' }));
    ok(
      await server.call('update_customer_payment', {
        payment_id: seed.paymentWithUnused,
        invoices: [{ invoice_id: seed.openInvoice, amount_applied: 100 }],
      }),
    );
    expect(asked.at(-1)).toContain('the unused amount afterwards (Zoho does not show the amounts of the payment)');
    expect(asked.join('\n')).not.toContain('USD 0.00 of');
  });

  it('as the amount that a customer owes, the choice among customers says so', async () => {
    const server = await startAt(without(/^outstanding_receivable_amount$/, untold));
    expect(textOf(await server.call('customer_statement', { customer: 'Acme' }))).toContain('"Phoenix", an unknown amount open,');
    for (const text of [
      ok(await server.call('get_contact', { contact_id: seed.bowman })),
      ok(await server.call('list_contacts', { contact_name_contains: 'Bowman' })),
    ])
      expect(text).toContain('outstanding an unknown amount');
  });

  it('as amounts of refunds, totals omit them', async () => {
    const server = await startAt(without(/^amount(_[bf]cy)?$/, untold), {}, /refunds/);
    const result = await server.call('find_refunds', { date_start: '2026-06-01', date_end: '2026-06-30' });
    expect(result.structuredContent).toMatchObject({ totals: [] });
    expect(ok(result)).toContain('an unknown amount');
    expect(
      (await server.call('find_refunds', { date_start: '2026-06-01', date_end: '2026-06-30', amount: 5 })).structuredContent[
        'not_compared'
      ],
    ).toBeGreaterThan(0);
  });
});

describe('suggestions while a user types or opens a menu', () => {
  it.each(values)('show an invoice with a balance of %j as possibly open', async (untold) => {
    const server = await startAt(without(/^balance$/, untold));
    const { completion } = await server.client.complete({
      ref: { type: 'ref/resource', uri: 'zoho-books://invoices/{invoice_id}' },
      argument: { name: 'invoice_id', value: '' },
    });
    expect(completion.values).toContain(seed.openInvoice);
  });

  it.each(some)('show a payment with an amount of %j as a payment with an unknown amount', async (untold) => {
    const server = await startAt(without(/^amount$/, untold));
    const titles = (await server.client.listResources()).resources.map(({ title }) => title ?? '').filter((title) => /#\d+/.test(title));
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) expect(title).toContain('an unknown amount');
  });
});

describe('the due date of an invoice', () => {
  it.each(['22.06.2026', '06/22/2026', 'soon'])('(%j) counts as unknown: no age is shown, and the invoice is not overdue', async (due) => {
    const server = await startAt((name, value, { invoice_number }) => (name === 'due_date' && invoice_number === 'INV-386' ? due : value));
    const text = ok(await server.call('customer_statement', { customer: 'Bowman Furniture' }));
    expect(text).toContain('Age unknown: 1 open invoice, because Zoho gives no due date.');
    expect(text).toContain('61-90: USD 305.00 (1)');
  });
});

describe('an unused amount of 0 or less', () => {
  it.each([0, -3, '-3.00', '0.00'])('(%j) cannot be refunded, and the user is not asked', async (unused) => {
    const asked: string[] = [];
    const server = await startAt(without(/^unused_amount$/, unused), {
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    });
    const direct = { customer_payment_id: seed.paymentWithUnused, from_account_id: seed.pettyCash, date: '2026-06-30' };
    const byName = { payment: seed.paymentWithUnused, account: 'Petty Cash' };
    for (const amount of [undefined, 2]) {
      for (const result of [
        await server.call('create_customer_payment_refund', { ...direct, ...(amount && { amount }) }),
        await server.call('refund_customer_payment', { ...byName, ...(amount && { amount }) }),
      ]) {
        expect(errorOf(result), textOf(result)).toMatchObject({ code: 'nothing_refundable', changed: 'no' });
      }
    }
    expect(asked).toEqual([]);
    expect(await writesTo(server)).toEqual([]);
  });
});

/** The same records with amounts as text, ids as numbers, dates in another format, and flags as text. */
const inOtherTypes = (text: string) =>
  text
    .replaceAll(/"((?:bcy_)?\w*(?:amount|balance|total|outstanding|unused|refunded|withheld)\w*)":(-?\d+(?:\.\d+)?)(?=[,}])/g, '"$1":"$2"')
    .replaceAll(/"(\w*_id)":"(\d+)"/g, '"$1":$2')
    .replaceAll(/"((?:due_)?date)":"(\d{4})-(\d\d)-(\d\d)"/g, '"$1":"$2/$3/$4"')
    .replaceAll(/"has_more_page":(true|false)/g, '"has_more_page":"$1"');
const withTimes = (text: string) =>
  inOtherTypes(text).replaceAll(/"((?:due_)?date)":"(\d{4})\/(\d\d)\/(\d\d)"/g, '"$1":"$2-$3-$4T10:15:00"');

describe.each([
  ['numbers as text, ids as numbers, 2026/06/22', inOtherTypes],
  ['numbers as text, ids as numbers, dates with times', withTimes],
])('if the same records have values of other types: %s', (_, types) => {
  const june = { date_start: '2026-06-01', date_end: '2026-06-30' };
  it.each<[string, Json]>([
    ['customer_statement', { customer: 'Bowman Furniture' }],
    ['customer_statement', { customer: seed.bowman }],
    ['summarize_payments', { ...june, group_by: ['customer', 'month'] }],
    ['check_duplicates', june],
    ['find_payments', { customer: 'Bowman', amount: 600, date: '2026-06-18' }],
    ['find_payments', { invoice: 'INV-384' }],
    ['find_refunds', { ...june, account: 'Petty Cash' }],
    ['find_refunds', { customer: 'Juniper Yoga Studio' }],
  ])('%s %j returns the same answer', async (tool, args) => {
    const server = await startAt(types);
    const plain = await start({ on: server.sandbox });
    expect(ok(await server.call(tool, args))).toBe(ok(await plain.call(tool, args)));
  });

  it('a write with names sends the same request', async () => {
    const bodies = [];
    for (const change of [types, (text: string) => text]) {
      const server = await startAt(change);
      ok(await server.call('record_customer_payment', { ...cash, customer: 'Bowman Furniture', amount: 2000, allocate: 'oldest_first' }));
      await server.call('refund_customer_payment', {
        account: 'Petty Cash',
        date: '2026-06-30',
        customer: 'Bowman Furniture',
        amount: 250,
      });
      bodies.push((await writesTo(server)).map(({ body, path }) => ({ path, body })));
      await forgetRequests(server.sandbox);
    }
    expect(bodies[0]).toHaveLength(2);
    expect(bodies[0]).toEqual(bodies[1]);
  });
});

describe('a list without a known end', () => {
  it('is read after an empty page if Zoho says that more pages follow, and open invoices stay unknown', async () => {
    const empty: Change = (name, value, record) =>
      name === 'invoices' && Array.isArray(value) && 'page_context' in record ? [] : name === 'has_more_page' ? 'true' : value;
    const server = await startAt(empty, {}, /^\/invoices$/);
    const result = await server.call('record_customer_payment', {
      ...cash,
      customer: 'Bowman Furniture',
      amount: 10,
      allocate: 'oldest_first',
    });
    expect(errorOf(result)).toMatchObject({ code: 'no_record', changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
    expect(textOf(await server.call('customer_statement', { customer: 'Bowman Furniture' }))).not.toContain('owes nothing');
  });
});
