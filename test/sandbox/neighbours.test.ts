import { describe, expect, it } from 'vitest';
import { type Body, SEED, type Zoho, zoho } from './harness.ts';

async function rows(z: Zoho, path: string, key: string): Promise<Body[]> {
  const { status, body } = await z.get(path);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body[key] as Body[];
}

describe('contacts in the sandbox', () => {
  it('are found by a name and its variants, among similar names', async () => {
    const z = await zoho();
    const names = async (query: string): Promise<unknown[]> =>
      (await rows(z, `/contacts?${query}`, 'contacts')).map((row) => row['contact_name']);
    expect(await names('contact_name=bowman%20furniture')).toEqual(['Bowman Furniture']);
    expect(await names('contact_name_startswith=Bowman&contact_type=customer')).toEqual([
      'Bowman & Sons Furniture',
      'Bowman Furnishings',
      'Bowman Furniture',
      'Bowman Timber Supply',
      'Bowmann Furniture Ltd',
    ]);
    expect((await names('contact_name_contains=Acme')).length).toBeGreaterThan(3);
    expect(await names('email=benjamin.george@bowmanfurniture.com')).toEqual(['Bowman Furniture']);
    expect(await names('search_text=month%20end')).toEqual(['Bowman Furniture']);
    expect(await names('filter_by=Status.Inactive')).toEqual(['Acme Co']);
  });

  it('include some vendors for contact_type=customer, as in Zoho', async () => {
    const z = await zoho();
    const types = (await rows(z, '/contacts?contact_type=customer', 'contacts')).map((row) => row['contact_type']);
    expect(types.filter((type) => type === 'vendor')).toHaveLength(2);
    expect((await rows(z, '/contacts?contact_type=vendor', 'contacts')).length).toBe(3);
  });

  it('can be read one by one with their details', async () => {
    const z = await zoho();
    expect((await z.get(`/contacts/${SEED.aoyama}`)).body['contact']).toMatchObject({
      contact_id: SEED.aoyama,
      currency_code: 'JPY',
      price_precision: 0,
      is_bcy_only_contact: false,
      has_transaction: true,
    });
  });

  it('come in pages and in the requested order', async () => {
    const z = await zoho();
    const { body } = await z.get('/contacts?per_page=10&sort_column=outstanding_receivable_amount&sort_order=D');
    const amounts = (body['contacts'] as Body[]).map((row) => row['outstanding_receivable_amount'] as number);
    expect(amounts).toEqual(amounts.toSorted((left, right) => right - left));
    expect(body['page_context']).toMatchObject({
      page: 1,
      per_page: 10,
      has_more_page: true,
      report_name: 'Contacts',
      applied_filter: 'Status.All',
    });
  });
});

describe('invoices in the sandbox', () => {
  it('exist in every status, and the status filter finds each of them', async () => {
    const z = await zoho();
    for (const status of ['draft', 'sent', 'overdue', 'partially_paid', 'paid', 'void']) {
      const found = await rows(z, `/invoices?status=${status}`, 'invoices');
      expect(found.length, status).toBeGreaterThan(0);
      expect(new Set(found.map((row) => row['status'])), status).toEqual(new Set([status]));
    }
    const unpaid = await rows(z, `/invoices?status=unpaid&customer_id=${SEED.bowman}`, 'invoices');
    expect(unpaid.map((row) => row['invoice_number'])).toEqual(expect.arrayContaining(['INV-384', 'INV-385', 'INV-386']));
    for (const row of unpaid) expect(row['balance']).toBeGreaterThan(0);
    expect((await rows(z, '/invoices?filter_by=Status.Void', 'invoices')).length).toBeGreaterThan(0);
    expect((await z.get('/invoices?status=lost')).body['code']).toBe(2);
  });

  it('are found by number, customer, amounts and dates', async () => {
    const z = await zoho();
    const numbers = async (query: string): Promise<unknown[]> =>
      (await rows(z, `/invoices?${query}`, 'invoices')).map((row) => row['invoice_number']);
    expect(await numbers('invoice_number=INV-384')).toEqual(['INV-384']);
    expect(await numbers('customer_name=Bowman%20Furniture&balance=450')).toEqual(['INV-385']);
    expect(await numbers('total=450&date_end=2016-12-31')).toEqual(['INV-384']);
    expect(await numbers('due_date_before=2016-07-01')).toEqual(['INV-382']);
    expect(await numbers('balance_greater_equals=1280.5&balance_less_equals=1280.5&status=overdue&search_text=INV-386')).toEqual([
      'INV-386',
    ]);
  });

  it('can be read with their details but without payments, which are in a separate list', async () => {
    const z = await zoho();
    const { body } = await z.get(`/invoices/${SEED.sampleInvoice}`);
    expect(body['invoice']).toMatchObject({
      invoice_number: 'INV-384',
      total: 450,
      balance: 50,
      payment_made: 400,
      status: 'partially_paid',
      last_payment_date: '2016-06-05',
    });
    expect(body['invoice']).not.toHaveProperty('payments');
    expect(await rows(z, `/invoices/${SEED.sampleInvoice}/payments`, 'payments')).toMatchObject([
      { payment_id: SEED.samplePayment, payment_number: 2, amount: 400, is_single_invoice_payment: true },
    ]);
    const [one] = await rows(z, '/invoices/712345000000079392/payments', 'payments');
    expect(one).toMatchObject({ payment_id: SEED.twoInvoices, amount: 149.97, is_single_invoice_payment: false });
  });
});

it('bank accounts of the sandbox include Petty Cash, Undeposited Funds and accounts in other currencies', async () => {
  const z = await zoho();
  const accounts = await rows(z, '/bankaccounts', 'bankaccounts');
  expect(accounts).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ account_id: SEED.pettyCash, account_name: 'Petty Cash', account_type: 'cash', currency_code: 'USD' }),
      expect.objectContaining({ account_name: 'Undeposited Funds' }),
      expect.objectContaining({ account_id: SEED.euroAccount, currency_code: 'EUR' }),
    ]),
  );
  const active = await rows(z, '/bankaccounts?filter_by=Status.Active', 'bankaccounts');
  expect(active).toHaveLength(accounts.length - 1);
});

it('currencies of the sandbox show their decimals, and one of them is the base currency', async () => {
  const z = await zoho();
  const currencies = await rows(z, '/settings/currencies', 'currencies');
  expect(currencies.map((row) => [row['currency_code'], row['price_precision'], row['is_base_currency']])).toEqual([
    ['EUR', 2, false],
    ['JPY', 0, false],
    ['USD', 2, true],
  ]);
  expect(await rows(z, '/settings/currencies?filter_by=Currencies.ExcludeBaseCurrency', 'currencies')).toHaveLength(2);
});
