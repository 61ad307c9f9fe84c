import { describe, expect, it } from 'vitest';
import { type Body, SEED, type Zoho, createPayment, refusal, zoho } from './harness.ts';

async function list(z: Zoho, parameters: Record<string, string> = {}): Promise<Body[]> {
  const { status, body } = await z.get(`/customerpayments?${new URLSearchParams(parameters)}`);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body['customerpayments'] as Body[];
}

async function everything(z: Zoho, parameters: Record<string, string> = {}): Promise<Body[]> {
  const rows: Body[] = [];
  for (let page = 1; ; page += 1) {
    const { body } = await z.get(`/customerpayments?${new URLSearchParams({ ...parameters, page: String(page) })}`);
    rows.push(...(body['customerpayments'] as Body[]));
    if ((body['page_context'] as Body)['has_more_page'] !== true) return rows;
  }
}

const ids = (rows: Body[]): unknown[] => rows.map((row) => row['payment_id']);

describe('the list of payments', () => {
  it('has the recorded keys and page_context', async () => {
    const z = await zoho();
    const { body } = await z.get('/customerpayments');
    expect(Object.keys(body)).toEqual(['code', 'message', 'customerpayments', 'page_context']);
    expect(body['page_context']).toEqual({
      page: 1,
      per_page: 200,
      has_more_page: true,
      report_name: 'Payments Received',
      applied_filter: 'PaymentMode.All',
      custom_fields: [],
      sort_column: 'date',
      sort_order: 'D',
    });
    const twoInvoices = (await list(z, { customer_id: SEED.acme, amount: '500' })).find((row) => row['payment_id'] === SEED.twoInvoices);
    expect(twoInvoices).toMatchObject({
      payment_number: '5',
      invoice_numbers: 'INV-392, INV-393',
      date: '2026-06-08',
      payment_mode: 'creditcard',
      amount: 500,
      bcy_amount: 500,
      unused_amount: 0,
      payment_type: 'Invoice Payment',
      payment_status: 'paid',
      applied_invoices: [],
      cf_external_reference: 'ACME-2026-0608',
      custom_field_hash: { cf_external_reference: 'ACME-2026-0608', cf_external_reference_unformatted: 'ACME-2026-0608' },
    });
    const [mixed] = await list(z, { reference_number: 'TRF-778812' });
    expect(mixed).toMatchObject({ unused_amount: 180, bcy_refunded_amount: 120 });
  });

  it('shows every payment exactly once on its pages', async () => {
    const z = await zoho();
    const counts = (await z.books())['counts'] as Body;
    const all = await everything(z);
    expect(all.length).toBe(counts['payments']);
    expect(all.length).toBeGreaterThan(400);
    expect(new Set(ids(all)).size).toBe(all.length);
    const small = await everything(z, { per_page: '37' });
    expect(ids(small)).toEqual(ids(all));
    expect(await list(z, { page: '99' })).toEqual([]);
  });

  it('returns at most 200 rows per page and refuses invalid pages', async () => {
    const z = await zoho();
    expect(await list(z, { per_page: '1000' })).toHaveLength(200);
    for (const wrong of [{ per_page: '0' }, { per_page: 'x' }, { page: '-1' }, { page: '1.5' }]) {
      expect((await z.get(`/customerpayments?${new URLSearchParams(wrong)}`)).body['code']).toBe(2);
    }
  });

  it('says that more pages follow only if that is true', async () => {
    const z = await zoho();
    const { length } = await everything(z);
    const more = async (per: number, page: number): Promise<unknown> =>
      ((await z.get(`/customerpayments?per_page=${per}&page=${page}`)).body['page_context'] as Body)['has_more_page'];
    expect(await more(length % 7 === 0 ? 7 : 10, 1)).toBe(true);
    const divisor = [2, 5, 7, 10].find((candidate) => length % candidate === 0) ?? 1;
    expect(await more(divisor, length / divisor)).toBe(false);
    expect(await more(divisor, length / divisor - 1)).toBe(true);
  });

  it('ignores unknown and empty parameters without an error', async () => {
    const z = await zoho();
    const all = await list(z);
    expect(await list(z, { custmer_name: 'Bowman', date_start: '2030-01-01', amount_less: '1', customer_name: '' })).toEqual(all);
  });

  it('sorts by every column, ascending and descending', async () => {
    const z = await zoho();
    const columns: Record<string, string> = {
      date: 'date',
      created_time: 'created_time',
      last_modified_time: 'last_modified_time',
      amount: 'amount',
      total: 'amount',
      unused_amount: 'unused_amount',
      payment_number: 'payment_number',
    };
    for (const [column, key] of Object.entries(columns)) {
      const values = async (order: string): Promise<unknown[]> =>
        (await everything(z, { sort_column: column, sort_order: order })).map((row) =>
          key === 'payment_number'
            ? Number(row[key])
            : key.endsWith('time')
              ? Date.parse((row[key] as string).replace(/(..)$/, ':$1'))
              : row[key],
        );
      const ascending = await values('A');
      expect(ascending, column).toEqual(
        ascending.toSorted((left, right) => ((left as number) < (right as number) ? -1 : left === right ? 0 : 1)),
      );
      expect(await values('D'), column).toEqual(ascending.toReversed());
    }
    const names = (await list(z, { sort_column: 'customer_name', sort_order: 'A', per_page: '5' })).map((row) => row['customer_name']);
    expect(names[0]).toBe('<b>Northgate</b> Supplies');
    expect((await z.get('/customerpayments?sort_column=shoe_size')).body['code']).toBe(2);
    expect((await z.get('/customerpayments?sort_order=up')).body['code']).toBe(2);
  });
});

describe('the filters of the list of payments', () => {
  const texts: [string, string, string][] = [
    ['customer_name', 'customer_name', 'Bowman Furniture'],
    ['reference_number', 'reference_number', 'TRF-778812'],
    ['notes', 'description', 'Advance for the autumn order'],
    ['payment_mode', 'payment_mode', 'Direct Deposit'],
  ];
  it.each(texts)('find the payment by %s: exact, _startswith, _contains, case-insensitive', async (name, key, value) => {
    const z = await zoho();
    const all = await everything(z);
    const text = (row: Body): string => (row[key] as string).toLowerCase();
    const wanted = value.toLowerCase();
    const expected = (test: (row: Body) => boolean): unknown[] => ids(all.filter(test));
    expect(expected((row) => text(row) === wanted).length).toBeGreaterThan(0);
    expect(ids(await everything(z, { [name]: value.toUpperCase() }))).toEqual(expected((row) => text(row) === wanted));
    const start = value.slice(0, 5).toLowerCase();
    expect(ids(await everything(z, { [`${name}_startswith`]: start }))).toEqual(expected((row) => text(row).startsWith(start)));
    const part = value.slice(2, 7).toLowerCase();
    expect(ids(await everything(z, { [`${name}_contains`]: part }))).toEqual(expected((row) => text(row).includes(part)));
  });

  it('compare the amount: equal, less, less or equal, greater, greater or equal', async () => {
    const z = await zoho();
    const all = await everything(z);
    const pivot = 500;
    const tests: Record<string, (value: number) => boolean> = {
      amount: (value) => value === pivot,
      amount_less_than: (value) => value < pivot,
      amount_less_equals: (value) => value <= pivot,
      amount_greater_than: (value) => value > pivot,
      amount_greater_equals: (value) => value >= pivot,
    };
    for (const [name, test] of Object.entries(tests)) {
      const rows = await everything(z, { [name]: '500.00' });
      expect(ids(rows), name).toEqual(ids(all.filter((row) => test(row['amount'] as number))));
      expect(rows.length, name).toBeGreaterThan(0);
    }
    expect(refusal(await z.get('/customerpayments?amount_less_than=cheap'))).toEqual([400, 2, 'Invalid value passed for amount_less_than']);
  });

  it('find an exact date, and refuse a date that does not exist', async () => {
    const z = await zoho();
    const rows = await list(z, { date: '2016-06-05' });
    expect(ids(rows)).toEqual([SEED.samplePayment]);
    for (const date of ['2026-02-30', '05/06/2016', 'yesterday'])
      expect((await z.get(`/customerpayments?date=${date}`)).body['code']).toBe(2);
  });

  it('find the payments of a customer_id', async () => {
    const z = await zoho();
    const rows = await everything(z, { customer_id: SEED.bowman });
    expect(rows.length).toBeGreaterThan(3);
    expect(new Set(rows.map((row) => row['customer_name']))).toEqual(new Set(['Bowman Furniture']));
    expect(await list(z, { customer_id: '1' })).toEqual([]);
  });

  it('find every documented mode with filter_by', async () => {
    const z = await zoho();
    const all = await everything(z);
    const modes = [
      'Check',
      'Cash',
      'BankTransfer',
      'Paypal',
      'CreditCard',
      'GoogleCheckout',
      'Credit',
      'Authorizenet',
      'BankRemittance',
      'Payflowpro',
      'Stripe',
      'TwoCheckout',
      'Braintree',
    ];
    const seen = new Set<unknown>();
    for (const mode of modes) {
      const rows = await everything(z, { filter_by: `PaymentMode.${mode}` });
      expect(ids(rows), mode).toEqual(ids(all.filter((row) => row['payment_mode'] === mode.toLowerCase())));
      for (const id of ids(rows)) seen.add(id);
    }
    expect(ids(await everything(z, { filter_by: 'PaymentMode.Others' }))).toEqual(ids(all.filter((row) => !seen.has(row['payment_id']))));
    expect(ids(await everything(z, { filter_by: 'PaymentMode.All' }))).toEqual(ids(all));
    await createPayment(z, { amount: 1, payment_mode: 'Credit Card', reference_number: 'spaced' });
    expect((await list(z, { filter_by: 'PaymentMode.CreditCard', reference_number: 'spaced' })).length).toBe(1);
    expect((await z.get('/customerpayments?filter_by=PaymentMode.Barter')).body['code']).toBe(2);
    const { body } = await z.get('/customerpayments?filter_by=PaymentMode.Cash');
    expect((body['page_context'] as Body)['applied_filter']).toBe('PaymentMode.Cash');
  });

  it('find search_text in reference, customer and description', async () => {
    const z = await zoho();
    expect(ids(await list(z, { search_text: 'furikomi' }))).toEqual([SEED.yenExcess]);
    expect(ids(await list(z, { search_text: 'autumn order' }))).toEqual([SEED.advance]);
    expect(ids(await list(z, { search_text: 'sunny side', date: '2026-06-25', amount: '75' }))).toEqual([SEED.injection]);
    expect((await z.get(`/customerpayments?search_text=${'x'.repeat(101)}`)).body['code']).toBe(15);
    expect((await z.get(`/customerpayments?customer_name_contains=${'x'.repeat(101)}`)).body['code']).toBe(15);
  });

  it('treat %, _ and backslash as plain characters', async () => {
    const z = await zoho();
    expect(ids(await list(z, { reference_number_contains: '50%_off' }))).toEqual([SEED.injection]);
    expect(await list(z, { reference_number_contains: '5__' })).toEqual([]);
    expect(ids(await list(z, { reference_number_contains: '\\' }))).toEqual([SEED.injection]);
  });

  it('find custom fields by their API names', async () => {
    const z = await zoho();
    expect(ids(await list(z, { cf_external_reference: 'ACME-2026-0608' }))).toEqual([SEED.twoInvoices]);
  });

  it('must all be true if there are several', async () => {
    const z = await zoho();
    const rows = await everything(z, { customer_name_startswith: 'Bowman', payment_mode: 'check', amount_greater_than: '100' });
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row['customer_name']).toMatch(/^Bowman/);
      expect(row['payment_mode']).toBe('check');
      expect(row['amount']).toBeGreaterThan(100);
    }
  });
});
