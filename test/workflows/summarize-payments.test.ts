import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { fault, forgetRequests, held, isWaiting, release, requestsTo, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness, textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Compares totals with the books: read from their file and added up in whole numbers of the smallest unit. */

const roomy = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 };

interface Row {
  readonly date: string;
  readonly mode: string;
  readonly account_id: string;
  readonly customer_id: string;
  readonly currency_code: string;
  readonly amount: number;
  readonly refunded: number;
  readonly unused: number;
  readonly rate: number;
}

/** The books hold thousandths, and rates in 10^-10. Zoho gives each amount in dollars, exact to the cent. */
function cents(thousandths: number, rate: number): bigint {
  const exact = BigInt(thousandths) * BigInt(rate);
  return (exact + 10n ** 11n / 2n) / 10n ** 11n;
}
const dollars = (cents: bigint) => Number(cents) / 100;

interface Control {
  count: number;
  bcy_amount: number;
  bcy_refunded_amount: number;
  bcy_unused_amount: number;
}

function controlOf(rows: readonly Row[]): Control {
  const total = (pick: (row: Row) => number) => dollars(rows.reduce((sum, row) => sum + cents(pick(row), row.rate), 0n));
  return {
    count: rows.length,
    bcy_amount: total((row) => row.amount),
    bcy_refunded_amount: total((row) => row.refunded),
    bcy_unused_amount: total((row) => row.unused),
  };
}

const own = (rows: readonly Row[]) => ({
  amount: rows.reduce((sum, row) => sum + row.amount, 0) / 1000,
  unused_amount: rows.reduce((sum, row) => sum + row.unused, 0) / 1000,
});

let dir: string;
let sandbox: Sandbox;
let server: Harness;
let books: readonly Row[];
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'zoho-books-'));
  const data = join(dir, 'books.sqlite');
  sandbox = await startSandbox({ data, payments: 21_000, limits: roomy });
  server = await harness({ on: sandbox });
  const file = new DatabaseSync(data, { readOnly: true });
  books = file
    .prepare('SELECT date, mode, account_id, customer_id, currency_code, amount, refunded, unused, rate FROM payments')
    .all() as Row[];
  file.close();
});
afterAll(async () => {
  await server.close();
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

const another = servers();

const ok = (result: ToolResult) => {
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|null|\[object/);
  return result.structuredContent as {
    total: Control;
    groups?: (Control & Record<string, unknown>)[];
    others?: Control & { groups: number };
    covers: Record<string, string>;
    not_counted?: Record<string, string>;
    not_compared?: number;
    complete?: true;
    account?: { account_id: string; account_name: string };
  };
};
const summarize = async (args: Record<string, unknown>, on = server) => ok(await on.call('summarize_payments', args));
const between = (start: string, end: string) => books.filter(({ date }) => date >= start && date <= end);
const november = { date_start: '2025-11-01', date_end: '2025-11-30' };

describe('summarize_payments', () => {
  it('adds up the payments of any date range, exact to the cent', async () => {
    for (const [date_start, date_end] of [
      ['2026-06-01', '2026-06-30'],
      ['2025-11-03', '2025-11-30'],
      ['2025-07-01', '2025-07-15'],
      ['2016-01-01', '2016-12-31'],
      ['2026-02-28', '2026-02-28'],
      ['2017-01-01', '2017-12-31'],
    ] as const) {
      const { total, covers, not_counted } = await summarize({ date_start, date_end });
      const control = controlOf(between(date_start, date_end));
      expect(total).toEqual(control.count === 0 ? { count: 0 } : control);
      expect(covers).toEqual({ date_start, date_end });
      expect(not_counted).toBeUndefined();
    }
    expect((await summarize({ date_end: '2025-07-20' })).total).toEqual(controlOf(between('0000', '2025-07-20')));
    expect((await summarize({ date_start: '2026-06-20' })).total).toEqual(controlOf(between('2026-06-20', '9999')));
  });

  it.each([
    ['mode', ({ payment_mode }: Record<string, unknown>) => String(payment_mode).toLowerCase(), ({ mode }: Row) => mode.toLowerCase()],
    ['account', ({ account_id }: Record<string, unknown>) => String(account_id), ({ account_id }: Row) => account_id],
    ['month', ({ month }: Record<string, unknown>) => String(month), ({ date }: Row) => date.slice(0, 7)],
    ['customer', ({ customer_id }: Record<string, unknown>) => String(customer_id), ({ customer_id }: Row) => customer_id],
    ['currency', ({ currency_code }: Record<string, unknown>) => String(currency_code), ({ currency_code }: Row) => currency_code],
  ])('by %s: makes each group exact to the cent, and the groups add up to the total', async (group_by, keyOf, inBooks) => {
    const { total, groups = [] } = await summarize({ ...november, group_by });
    const rows = between('2025-11-01', '2025-11-30');
    const keys = new Set(rows.map(inBooks));
    expect(new Set(groups.map(keyOf))).toEqual(keys);
    expect(groups).toHaveLength(keys.size);
    for (const group of groups) {
      const those = rows.filter((row) => inBooks(row) === keyOf(group));
      expect(group).toMatchObject(controlOf(those));
      if (group_by === 'currency' || group_by === 'customer')
        expect(group).toMatchObject({ ...own(those), currency_code: those[0]?.currency_code });
      else expect(group).not.toHaveProperty('amount');
    }
    expect(total).toEqual(controlOf(rows));
  });

  it('groups by two fields together, and never adds different currencies', async () => {
    const { groups = [] } = await summarize({ date_start: '2025-11-01', date_end: '2025-12-15', group_by: ['month', 'currency'] });
    expect(groups.map(({ month, currency_code }) => `${month} ${currency_code}`).toSorted()).toEqual([
      '2025-11 EUR',
      '2025-11 JPY',
      '2025-11 USD',
      '2025-12 EUR',
      '2025-12 JPY',
      '2025-12 USD',
    ]);
    const yen = books.filter(({ date, currency_code }) => date.startsWith('2025-11') && currency_code === 'JPY');
    const group = groups.find(({ month, currency_code }) => month === '2025-11' && currency_code === 'JPY');
    expect(group).toMatchObject({ ...controlOf(yen), ...own(yen) });
    const text = textOf(await server.call('summarize_payments', { ...november, group_by: ['currency'] }));
    expect(text).toMatch(/^JPY \d+(, unused JPY \d+)? \| \d+ payments \| USD \d+\.\d\d/m);
    expect(text).not.toMatch(/^USD.*USD.*USD.*USD/m);
  });

  it('adds up the payments of one customer, found by name, and does not guess if several customers fit', async () => {
    const { total } = await summarize({ customer: 'Bowman Furniture', ...november });
    expect(total).toEqual(controlOf(between('2025-11-01', '2025-11-30').filter(({ customer_id }) => customer_id === seed.bowman)));
    const which = await server.call('summarize_payments', { customer: 'Bowman' });
    expect(which.isError).toBe(true);
    expect(textOf(which)).toContain('(ambiguous_customer');
  });

  describe('for one account or one mode', () => {
    const rows = () => between('2025-11-01', '2025-11-30');
    const checking = '712345000000000361';

    it.each([
      ['the whole name', 'Business Checking'],
      ['a part of the name in another case', 'business check'],
      ['the id', checking],
    ])('finds the account by %s, and is exact to the cent', async (_, account) => {
      const result = await server.call('summarize_payments', { ...november, account });
      expect(ok(result)).toMatchObject({
        total: controlOf(rows().filter(({ account_id }) => account_id === checking)),
        account: { account_id: checking, account_name: 'Business Checking' },
        complete: true,
      });
      expect(textOf(result)).toMatch(
        /^Payments into "Business Checking" \(id 712345000000000361\) 2025-11-01 to 2025-11-30: \d+ payments \| USD /,
      );
      // find_payments has no such filter and would find other payments too.
      expect(textOf(result)).not.toContain('find_payments');
    });

    it.each([
      ['Bank transfer', 'banktransfer'],
      ['CREDIT CARD', 'creditcard'],
      ['cheque', 'check'],
    ])('finds the mode by %s, and is exact to the cent', async (payment_mode, mode) => {
      const result = await server.call('summarize_payments', { ...november, payment_mode, group_by: ['mode'] });
      const control = controlOf(rows().filter((row) => row.mode.toLowerCase() === mode));
      expect(control.count).toBeGreaterThan(0);
      expect(ok(result)).toMatchObject({ total: control, groups: [{ payment_mode: mode, ...control }] });
      expect(textOf(result)).toContain(`Payments by ${JSON.stringify(payment_mode)} 2025-11-01 to 2025-11-30: ${control.count} payments`);
      expect(textOf(result)).toContain(`find_payments {"payment_mode":${JSON.stringify(payment_mode)},"date_start":"2025-11-01"`);
    });

    it('combines an account, a mode, a customer and groups', async () => {
      const args = { customer: 'Bowman Furniture', account: 'Checking', payment_mode: 'check', date_start: '2025-07-01' };
      const { total, groups = [] } = await summarize({ ...args, group_by: ['month'] });
      const those = between('2025-07-01', '9999').filter(
        ({ customer_id, account_id, mode }) => customer_id === seed.bowman && account_id === checking && mode === 'check',
      );
      expect(those.length).toBeGreaterThan(1);
      expect(total).toEqual(controlOf(those));
      expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(those.length);
    });

    it('returns an empty total for an account without payments, and candidates for an unknown name', async () => {
      expect((await summarize({ date_start: '2017-01-01', date_end: '2017-12-31', account: 'Savings' })).total).toEqual({ count: 0 });
      const pigeon = { date_start: '2026-05-01', account: 'checking' };
      for (const account of ['checking', checking]) {
        const none = textOf(await server.call('summarize_payments', { ...pigeon, account, payment_mode: 'pigeon' }));
        expect(none).toContain(
          `Payments by "pigeon" into "Business Checking" (id ${checking}) from 2026-05-01 on: none.\nComplete: nothing was left out.`,
        );
        expect(none).toContain(
          `the modes in use: summarize_payments {"date_start":"2026-05-01","account":"${account}","group_by":["mode"]}`,
        );
      }
      const wrong = await server.call('summarize_payments', { ...november, account: 'Chequing' });
      expect(wrong.structuredContent).toMatchObject({ error: { code: 'no_such_account', changed: 'no' } });
      expect(textOf(wrong)).toContain(`"Business Checking" (id ${checking})`);
      expect(textOf(await server.call('summarize_payments', { account: ' ' }))).toContain('account must not be empty');
    });

    it('finds a closed account by the rows of payments, even if the scopes hide accounts', async () => {
      const closed = await altered(sandbox, {
        body: (body, _query, path) =>
          path === '/bankaccounts'
            ? { ...body, bankaccounts: (body['bankaccounts'] as object[]).map((row) => ({ ...row, is_active: false })) }
            : body,
      });
      closers.push(() => closed.close());
      const those = controlOf(rows().filter(({ account_id }) => account_id === checking));
      expect((await summarize({ ...november, account: 'checking' }, await another({ on: sandbox, at: closed }))).total).toEqual(those);
      const scopes = ['ZohoBooks.customerpayments.READ'];
      const unlisted = await another({ sandbox: { scopes, limits: roomy } });
      const { account } = await summarize({ ...november, account: 'Petty Cash' }, unlisted);
      expect(account).toEqual({ account_id: seed.pettyCash, account_name: 'Petty Cash' });
      const none = await unlisted.call('summarize_payments', { ...november, account: 'Xyzzy' });
      expect(none.structuredContent).toMatchObject({ error: { code: 'no_such_account' } });
    });

    it('counts payments without an account or mode separately, not in the totals', async () => {
      const untold = await altered(sandbox, {
        body: (body, _query, path) =>
          path === '/customerpayments'
            ? {
                ...body,
                customerpayments: (body['customerpayments'] as { account_id: string; payment_mode: string }[]).map((row) => ({
                  ...row,
                  ...(row.account_id === checking && { account_id: '', account_name: '' }),
                  ...(row.payment_mode === 'cash' && { payment_mode: null }),
                })),
              }
            : body,
      });
      closers.push(() => untold.close());
      const one = await another({ on: sandbox, at: untold });
      const result = await one.call('summarize_payments', { ...november, account: 'Petty Cash' });
      const [petty, lost] = [seed.pettyCash, checking].map((id) => controlOf(rows().filter(({ account_id }) => account_id === id)));
      expect(ok(result).total).toEqual(petty?.count === 0 ? { count: 0 } : petty);
      expect(ok(result)).toMatchObject({ not_compared: lost?.count });
      expect(ok(result).complete).toBeUndefined();
      expect(textOf(result)).toContain(`Not counted: ${lost?.count} payments, because Zoho gives no account.`);
      const cash = await one.call('summarize_payments', { ...november, payment_mode: 'cash' });
      const untoldCash = rows().filter(({ mode }) => mode === 'cash').length;
      expect(ok(cash)).toMatchObject({ total: { count: 0 }, not_compared: untoldCash });
      expect(textOf(cash)).toContain(`Not counted: ${untoldCash} payments, because Zoho gives no mode.`);
    });
  });

  it('says only if it is true that every payment is counted and every group is shown', async () => {
    const whole = await server.call('summarize_payments', november);
    expect(ok(whole).complete).toBe(true);
    expect(textOf(whole)).toContain('\nComplete: every payment is counted.\n');
    const grouped = await server.call('summarize_payments', { ...november, group_by: ['mode', 'month'] });
    expect(textOf(grouped)).toContain('\nComplete: every payment is counted and every group is shown.\n');
    const part = await server.call('summarize_payments', {});
    expect(ok(part)).not.toHaveProperty('complete');
    expect(textOf(part)).not.toContain('Complete');
  });

  it('says which whole days an incomplete total covers, and offers a call for the other days', async () => {
    const parts: Control[] = [];
    let args: Record<string, unknown> = { group_by: ['month'] };
    for (;;) {
      const result = await server.call('summarize_payments', args);
      const { total, covers, not_counted } = ok(result);
      expect(total).toEqual(controlOf(between(covers['date_start'] ?? '0000', covers['date_end'] ?? '9999')));
      parts.push(total);
      if (not_counted === undefined) break;
      expect(textOf(result)).toContain(`Incomplete: there are more payments than one call can add up. Not counted: `);
      args = JSON.parse(/summarize_payments (\{.*?\})/.exec(textOf(result))?.[1] ?? '') as Record<string, unknown>;
    }
    expect(parts.length).toBe(3);
    const whole = controlOf(books);
    expect(parts.reduce((sum, { count }) => sum + count, 0)).toBe(whole.count);
    expect(Math.round(parts.reduce((sum, { bcy_amount }) => sum + bcy_amount, 0) * 100)).toBe(Math.round(whole.bcy_amount * 100));
  });

  it('reports progress after each page', async () => {
    const heard: string[] = [];
    const client = server.ownClient as { callTool(call: object, options: object): Promise<unknown> };
    await client.callTool(
      { name: 'summarize_payments', arguments: { date_start: '2026-06-01' } },
      { onprogress: ({ message = '' }) => void heard.push(message) },
    );
    expect(heard.length).toBeGreaterThanOrEqual(5);
    expect(heard.slice(0, 3)).toEqual([200, 400, 600].map((count) => `Searched ${count} payments.`));
  });

  it('stops reading when the client cancels the call', async () => {
    await forgetRequests(sandbox);
    await fault(sandbox, { match: { method: 'GET', path: '/customerpayments' }, ...held });
    const stop = new AbortController();
    const client = server.ownClient as { callTool(call: object, options: object): Promise<unknown> };
    const call = client.callTool({ name: 'summarize_payments', arguments: {} }, { signal: stop.signal }).catch((error: unknown) => error);
    await isWaiting(sandbox, 'GET');
    const then = (await requestsTo(sandbox)).length;
    stop.abort();
    expect(await call).toBeInstanceOf(Error);
    await release(sandbox);
    await sleep(300);
    expect((await requestsTo(sandbox)).length).toBe(then);
  });

  it('adds up the groups that it does not show', async () => {
    const many = await altered(sandbox, {
      body: (body, query, path) => {
        if (path !== '/customerpayments') return body;
        const rows = (body['customerpayments'] as Record<string, unknown>[]).map((row, i) => ({
          ...row,
          account_id: `7${query.get('page')}${String(i).padStart(5, '0')}`,
          account_name: `Account ${query.get('page')} ${i}`,
        }));
        return { ...body, customerpayments: rows };
      },
    });
    closers.push(() => many.close());
    const result = await (await another({ on: sandbox, at: many })).call('summarize_payments', { ...november, group_by: ['account'] });
    const { total, groups = [], others: rest } = ok(result);
    const control = controlOf(between('2025-11-01', '2025-11-30'));
    expect(total).toEqual(control);
    expect(groups.length).toBeLessThanOrEqual(200);
    expect(groups.length + (rest?.groups ?? 0)).toBe(control.count);
    expect(groups.reduce((sum, { count }) => sum + count, rest?.count ?? 0)).toBe(control.count);
    expect(Math.round(groups.reduce((sum, group) => sum + group.bcy_amount, rest?.bcy_amount ?? 0) * 100)).toBe(
      Math.round(control.bcy_amount * 100),
    );
    expect(textOf(result)).toMatch(/^\d+ smaller groups \| \d+ payments/m);
    expect(textOf(result)).toContain('To see the smaller groups, call again for a shorter range or for one customer.');
    expect(textOf(result)).not.toContain('Complete');
    expect(Buffer.byteLength(textOf(result))).toBeLessThan(20_000);
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(50_000);
  });

  it('counts a payment once if it moves to the next page during the search', async () => {
    const small = await startSandbox({ limits: roomy });
    closers.push(() => small.close());
    const writing = await another({ on: small });
    const range = { date_start: '2025-08-01' };
    const before = await summarize(range, writing);
    const moving = await altered(small, {
      async body(body, query, path) {
        if (path === '/customerpayments' && query.get('page') === '1')
          ok(
            await writing.call('create_customer_payment', {
              customer_id: seed.bowman,
              amount: 1,
              payment_mode: 'cash',
              date: '2026-06-30',
            }),
          );
        return body;
      },
    });
    closers.push(() => moving.close());
    expect((await summarize(range, await another({ on: small, at: moving }))).total).toEqual(before.total);
  });

  it('reads to the end if Zoho does not confirm the sort order, and ignores payments outside the filter', async () => {
    const small = await startSandbox({ limits: roomy });
    closers.push(() => small.close());
    const unsorted = await altered(small, {
      query: (query, path) =>
        void (path === '/customerpayments' && (query.delete('sort_column'), query.set('sort_column', 'amount'), query.delete('date'))),
      body: (body) => ({ ...body, page_context: { page: 1 } }),
    });
    closers.push(() => unsorted.close());
    const [as, is] = [await another({ on: small }), await another({ on: small, at: unsorted })];
    for (const range of [november, { date_start: '2025-09-10', date_end: '2025-09-10' }, { date_end: '2025-08-15' }]) {
      expect((await summarize(range, is)).total).toEqual((await summarize(range, as)).total);
    }
  });

  it('names the values that the scopes or Zoho do not show, and does not guess', async () => {
    const scopes = ['ZohoBooks.customerpayments.READ'];
    const text = textOf(
      await (await another({ sandbox: { scopes, limits: roomy } })).call('summarize_payments', { ...november, group_by: ['currency'] }),
    );
    expect(text).toContain('in base currency');
    expect(text).toContain('currency unknown');
    expect(text).toContain('ZohoBooks.contacts.READ');
    expect(text).toContain('ZohoBooks.settings.READ');
    expect(text).not.toMatch(/USD|EUR|JPY/);
    const documented = await (
      await another({ sandbox: { shapes: 'documented', limits: roomy } })
    ).call('summarize_payments', { ...november, group_by: ['mode'] });
    expect(ok(documented).total).not.toHaveProperty('bcy_refunded_amount');
    expect(textOf(documented)).toContain('no refunded amount for ');
  });

  it('refuses a range that ends before it begins', async () => {
    const result = await server.call('summarize_payments', { date_start: '2026-06-30', date_end: '2026-06-01' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('date_start 2026-06-30 is after date_end 2026-06-01.');
  });
});
