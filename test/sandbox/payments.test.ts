import { describe, expect, it } from 'vitest';
import { type Body, SEED, accountBalance, amount, contact, createPayment, invoice, refusal, zoho } from './harness.ts';

const CREATED = 'The payment from the customer has been recorded';
const UPDATED = 'The details of the payment received from the customer have been updated';

describe('recording a payment in the sandbox', () => {
  it('pays the invoice, keeps the remaining money as unused, updates the account, and returns the payment', async () => {
    const z = await zoho();
    const before = { customer: await contact(z, SEED.bowman), account: await accountBalance(z, SEED.checking) };
    const answer = await z.call('POST', '/customerpayments', {
      customer_id: SEED.bowman,
      payment_mode: 'check',
      amount: 500,
      date: '2026-07-01',
      reference_number: '4711',
      account_id: SEED.checking,
      bank_charges: 2.5,
      invoices: [{ invoice_id: SEED.open450, amount_applied: 450 }],
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ code: 0, message: CREATED });
    const payment = answer.body['payment'] as Body;
    expect(answer.headers.get('location')).toBe(`/api/v3/customerpayments/${payment['payment_id'] as string}`);
    expect(payment).toMatchObject({
      customer_name: 'Bowman Furniture',
      amount: 500,
      unused_amount: 50,
      bank_charges: 2.5,
      account_name: 'Business Checking',
      payment_refunds: [],
      invoices: [{ invoice_id: SEED.open450, invoice_number: 'INV-385', amount_applied: 450, total: 450, balance: 0 }],
    });
    expect(await invoice(z, SEED.open450)).toMatchObject({
      status: 'paid',
      balance: 0,
      payment_made: 450,
      last_payment_date: '2026-07-01',
    });
    const after = { customer: await contact(z, SEED.bowman), account: await accountBalance(z, SEED.checking) };
    expect(after.account).toBeCloseTo(before.account + 497.5, 6);
    expect(after.customer['outstanding_receivable_amount']).toBeCloseTo(amount(before.customer, 'outstanding_receivable_amount') - 450, 6);
    expect(after.customer['unused_credits_receivable_amount']).toBeCloseTo(
      amount(before.customer, 'unused_credits_receivable_amount') + 50,
      6,
    );
    expect((await z.get(`/customerpayments/${payment['payment_id'] as string}`)).body['payment']).toEqual(payment);
    await z.books();
  });

  it('needs no invoices, mode, date or account: the default is an advance in cash, today, in Undeposited Funds', async () => {
    const z = await zoho({ now: () => new Date('2026-08-03T16:00:00Z') });
    const answer = await z.call('POST', '/customerpayments', { customer_id: SEED.bowman, amount: '75.5' });
    expect(answer.body['payment']).toMatchObject({
      amount: 75.5,
      unused_amount: 75.5,
      payment_mode: 'cash',
      date: '2026-08-03',
      account_id: SEED.undeposited,
      account_name: 'Undeposited Funds',
      invoices: [],
      custom_fields: [],
      custom_field_hash: {},
      reference_number: '',
    });
  });

  it('gives payments consecutive numbers, as strings', async () => {
    const z = await zoho();
    const first = await createPayment(z, { amount: 1 });
    const second = await createPayment(z, { amount: 1 });
    expect(Number(second['payment_number'])).toBe(Number(first['payment_number']) + 1);
    expect(typeof second['payment_number']).toBe('string');
  });

  it("accepts the sample request of Zoho's documents, except for values that belong to other books", async () => {
    const z = await zoho();
    const payment = await createPayment(z, {
      payment_form: 'cash',
      exchange_rate: 1,
      bank_charges: 10,
      amount: 450,
      location_id: '460000000038080',
      account_id: ' ',
      invoice_id: SEED.open450,
      amount_applied: 450,
      tax_amount_withheld: 0,
      contact_persons: ['982000000870911'],
      custom_fields: [{ label: 'Receipt Book No', value: 129890 }],
      invoices: [{ invoice_id: SEED.sampleInvoice, amount_applied: 50 }],
    });
    expect(payment).toMatchObject({ unused_amount: 400, custom_field_hash: { cf_receipt_book_no: '129890' } });
    expect((await invoice(z, SEED.open450))['balance']).toBe(450);
  });

  it('turns a paid draft into a sent invoice, so that the customer owes its balance', async () => {
    const z = await zoho();
    const before = await contact(z, SEED.bowman);
    const payment = await createPayment(z, { amount: 100, invoices: [{ invoice_id: SEED.draft, amount_applied: 100 }] });
    expect(await invoice(z, SEED.draft)).toMatchObject({ status: 'partially_paid', balance: 200 });
    expect((await contact(z, SEED.bowman))['outstanding_receivable_amount']).toBeCloseTo(
      amount(before, 'outstanding_receivable_amount') + 200,
      6,
    );
    await z.call('DELETE', `/customerpayments/${payment['payment_id'] as string}`);
    expect(await invoice(z, SEED.draft)).toMatchObject({ status: 'sent', balance: 300 });
    await z.books();
  });

  it('reduces the invoice by withheld tax in addition to the amount', async () => {
    const z = await zoho();
    await createPayment(z, { amount: 400, tax_amount_withheld: 50, invoices: [{ invoice_id: SEED.open450, amount_applied: 400 }] });
    expect(await invoice(z, SEED.open450)).toMatchObject({ status: 'paid', balance: 0 });
    await z.books();
  });

  const good = { customer_id: SEED.bowman, payment_mode: 'cash', amount: 100, date: '2026-07-01' };
  const refused: [string, Body, number, number, string | RegExp][] = [
    ['a payment without a customer', { customer_id: undefined }, 400, 3004, /Customer field can neither be blank/],
    ['an unknown customer', { customer_id: '712345000000999999' }, 400, 3004, /Customer/],
    ['a vendor', { customer_id: SEED.vendor }, 400, 3004, /Customer/],
    ['a payment without an amount', { amount: undefined }, 400, 90001, /amount/],
    ['an amount of zero', { amount: 0 }, 400, 2, 'Invalid value passed for amount'],
    ['a negative amount', { amount: -5 }, 400, 2, 'Invalid value passed for amount'],
    ['an amount in words', { amount: 'ten' }, 400, 2, 'Invalid value passed for amount'],
    ['a date that does not exist', { date: '2026-02-30' }, 400, 2, 'Invalid value passed for date'],
    ['a date in another format', { date: '07/01/2026' }, 400, 2, 'Invalid value passed for date'],
    [
      'a reference of 51 characters',
      { reference_number: 'x'.repeat(51) },
      400,
      15,
      'Please ensure that the "reference_number" has less than 50 characters.',
    ],
    ['a mode of 101 characters', { payment_mode: 'x'.repeat(101) }, 400, 15, /payment_mode/],
    ['a description that is not text', { description: { a: 1 } }, 400, 2, /description/],
    ['a description of 2001 characters', { description: 'x'.repeat(2001) }, 400, 15, /description/],
    ['invoices that are not a list', { invoices: {} }, 400, 2, 'Invalid value passed for invoices'],
    ['an unknown invoice', { invoices: [{ invoice_id: '1', amount_applied: 1 }] }, 404, 1002, 'Invoice does not exist.'],
    ["another customer's invoice", { invoices: [{ invoice_id: SEED.acmeOpen, amount_applied: 1 }] }, 400, 3004, /Customer/],
    [
      'more than the balance of the invoice',
      { amount: 900, invoices: [{ invoice_id: SEED.open450, amount_applied: 450.01 }] },
      400,
      24016,
      'The amount entered is more than the balance due for the selected invoices.',
    ],
    ['a paid invoice', { invoices: [{ invoice_id: '712345000000079383', amount_applied: 1 }] }, 400, 24016, /balance due/],
    ['a void invoice', { invoices: [{ invoice_id: SEED.void, amount_applied: 1 }] }, 400, 90008, /void/],
    [
      'more money for invoices than the payment has',
      { invoices: [{ invoice_id: SEED.open450, amount_applied: 100.01 }] },
      400,
      90005,
      /applied/,
    ],
    ['an exchange rate of zero', { exchange_rate: 0 }, 400, 2, /exchange_rate/],
    ['an unknown account', { account_id: '1' }, 400, 90010, /account_id/],
    ['a closed account', { account_id: SEED.closedAccount }, 400, 90010, /account_id/],
    ['dollars into a euro account', { account_id: SEED.euroAccount }, 400, 90009, /currency/],
    ['bank charges above the amount', { bank_charges: 101 }, 400, 2, /bank_charges/],
    ['an unknown location', { location_id: '77' }, 400, 2, /location_id/],
    ['an unknown custom field', { custom_fields: [{ label: 'nope', value: 1 }] }, 400, 2, /custom_fields/],
    ['an unknown retainer invoice', { retainerinvoice_id: '982000000567114' }, 404, 1002, /Retainer/],
    ['contact persons that are not ids', { contact_persons: ['me'] }, 400, 2, /contact_persons/],
  ];
  it.each(refused)('refuses %s and changes nothing', async (_, changes, status, code, message) => {
    const z = await zoho();
    const before = await z.books();
    const answer = await z.call('POST', '/customerpayments', { ...good, ...changes });
    expect(refusal(answer)).toEqual([status, code, typeof message === 'string' ? message : expect.stringMatching(message)]);
    expect(await z.books()).toEqual(before);
  });
});

describe('a payment in another currency', () => {
  it('is recorded at the given exchange rate, or at 1 if no rate is given', async () => {
    const z = await zoho();
    const given = await createPayment(z, {
      customer_id: SEED.lindner,
      amount: 190,
      exchange_rate: '1.1',
      account_id: SEED.euroAccount,
      invoices: [{ invoice_id: SEED.euroOpen, amount_applied: 190 }],
    });
    expect(given).toMatchObject({ currency_code: 'EUR', currency_symbol: '€', exchange_rate: 1.1, price_precision: 2 });
    await createPayment(z, { customer_id: SEED.lindner, amount: 7, reference_number: 'rateless' });
    const items = (await z.get(`/customerpayments?customer_id=${SEED.lindner}&date=2026-07-01&sort_column=created_time&sort_order=A`)).body[
      'customerpayments'
    ] as Body[];
    expect(items.map((item) => item['bcy_amount'])).toEqual([209, 7]);
    expect((await invoice(z, SEED.euroOpen))['balance']).toBe(1000);
    await z.books();
  });

  it('is added to an account in the base currency at its base value', async () => {
    const z = await zoho();
    const before = await accountBalance(z, SEED.checking);
    await createPayment(z, {
      customer_id: SEED.aoyama,
      amount: 20_000,
      exchange_rate: 0.0067,
      account_id: SEED.checking,
      invoices: [{ invoice_id: SEED.yenOpen, amount_applied: 20_000 }],
    });
    expect(await accountBalance(z, SEED.checking)).toBeCloseTo(before + 134, 6);
    expect(await invoice(z, SEED.yenOpen)).toMatchObject({ currency_code: 'JPY', balance: 100_000, price_precision: 0 });
    await z.books();
  });

  it('is rounded half up to the decimals of the currency', async () => {
    const z = await zoho();
    expect((await createPayment(z, { amount: 10.005 }))['amount']).toBe(10.01);
    expect((await createPayment(z, { amount: '149.974' }))['amount']).toBe(149.97);
    expect((await createPayment(z, { customer_id: SEED.aoyama, amount: 1000.5 }))['amount']).toBe(1001);
  });
});

describe('changing a payment in the sandbox', () => {
  it('keeps the fields that the request omits', async () => {
    let now = Date.parse('2026-07-01T12:00:00Z');
    const z = await zoho({ now: () => new Date(now) });
    const payment = await createPayment(z, {
      amount: 500,
      bank_charges: 3,
      reference_number: 'keep',
      invoices: [{ invoice_id: SEED.open450, amount_applied: 450 }],
    });
    now += 60_000;
    const answer = await z.call('PUT', `/customerpayments/${payment['payment_id'] as string}`, { description: 'new words' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ code: 0, message: UPDATED });
    expect(answer.body['payment']).toEqual({ ...payment, description: 'new words', updated_time: '2026-07-01T08:01:00-0400' });
    await z.books();
  });

  it('replaces the whole list of invoices by the list in the request: invoices are kept, changed, added and un-applied', async () => {
    const z = await zoho();
    const payment = await createPayment(z, {
      amount: 600,
      invoices: [
        { invoice_id: SEED.open450, amount_applied: 450 },
        { invoice_id: SEED.overdue, amount_applied: 100 },
      ],
    });
    const path = `/customerpayments/${payment['payment_id'] as string}`;
    const row = (payment['invoices'] as Body[])[1]?.['invoice_payment_id'] as string;
    const changed = (await z.call('PUT', path, { invoices: [{ invoice_id: SEED.overdue, amount_applied: 300 }] })).body['payment'] as Body;
    expect(changed).toMatchObject({
      amount: 600,
      unused_amount: 300,
      invoices: [{ invoice_id: SEED.overdue, amount_applied: 300, invoice_payment_id: row }],
    });
    expect(await invoice(z, SEED.open450)).toMatchObject({ balance: 450, status: 'sent', last_payment_date: '' });
    expect(await invoice(z, SEED.overdue)).toMatchObject({ balance: 980.5, status: 'partially_paid' });
    const none = (await z.call('PUT', path, { invoices: [] })).body['payment'] as Body;
    expect(none).toMatchObject({ unused_amount: 600, invoices: [] });
    expect(await invoice(z, SEED.overdue)).toMatchObject({ balance: 1280.5, status: 'overdue' });
    await z.books();
  });

  it('can apply an advance later', async () => {
    const z = await zoho();
    const answer = await z.call('PUT', `/customerpayments/${SEED.advance}`, {
      invoices: [{ invoice_id: SEED.open450, amount_applied: 250 }],
    });
    expect(answer.body['payment']).toMatchObject({ amount: 250, unused_amount: 0 });
    expect((await invoice(z, SEED.open450))['balance']).toBe(200);
    await z.books();
  });

  it('can apply more to an invoice, up to its balance plus the amount that the payment already applies to it', async () => {
    const z = await zoho();
    const payment = await createPayment(z, { amount: 1000, invoices: [{ invoice_id: SEED.open450, amount_applied: 400 }] });
    const path = `/customerpayments/${payment['payment_id'] as string}`;
    expect((await z.call('PUT', path, { invoices: [{ invoice_id: SEED.open450, amount_applied: 450 }] })).status).toBe(200);
    expect((await z.call('PUT', path, { invoices: [{ invoice_id: SEED.open450, amount_applied: 450.01 }] })).body['code']).toBe(24016);
    await z.books();
  });

  it('updates balances after a new amount, new charges and a new account', async () => {
    const z = await zoho();
    const payment = await createPayment(z, { amount: 100, account_id: SEED.checking });
    const before = { checking: await accountBalance(z, SEED.checking), petty: await accountBalance(z, SEED.pettyCash) };
    await z.call('PUT', `/customerpayments/${payment['payment_id'] as string}`, {
      amount: 80,
      bank_charges: 5,
      account_id: SEED.pettyCash,
    });
    expect(await accountBalance(z, SEED.checking)).toBeCloseTo(before.checking - 100, 6);
    expect(await accountBalance(z, SEED.pettyCash)).toBeCloseTo(before.petty + 75, 6);
    await z.books();
  });

  it('refuses an amount below the sum of applied and refunded money', async () => {
    const z = await zoho();
    const path = `/customerpayments/${SEED.mixed}`;
    expect(refusal(await z.call('PUT', path, { amount: 819.99 }))).toEqual([
      400,
      90006,
      expect.stringMatching(/applied to invoices and refunded/),
    ]);
    expect((await z.call('PUT', path, { amount: 820 })).body['payment']).toMatchObject({ amount: 820, unused_amount: 0 });
    expect((await z.call('PUT', path, { invoices: [{ invoice_id: SEED.acmeOpen, amount_applied: 820.01 }] })).body['code']).toBe(90005);
    expect((await z.call('PUT', path, { invoices: [{ invoice_id: SEED.acmeOpen, amount_applied: 700.01 }] })).body['code']).toBe(90006);
    await z.books();
  });

  it('allows another customer only if nothing is applied or refunded', async () => {
    const z = await zoho();
    expect((await z.call('PUT', `/customerpayments/${SEED.excess100}`, { customer_id: SEED.acme })).body['code']).toBe(90007);
    expect((await z.call('PUT', `/customerpayments/${SEED.advance}`, { customer_id: SEED.lindner })).body['code']).toBe(3004);
    expect((await z.call('PUT', `/customerpayments/${SEED.advance}`, { customer_id: '' })).body['code']).toBe(3004);
    const moved = await z.call('PUT', `/customerpayments/${SEED.advance}`, {
      customer_id: SEED.acme,
      invoices: [{ invoice_id: SEED.acmeOpen, amount_applied: 250 }],
    });
    expect(moved.body['payment']).toMatchObject({ customer_name: 'Acme Corp', unused_amount: 0 });
    await z.books();
  });

  it('updates the date of the last payment on its invoices', async () => {
    const z = await zoho();
    await z.call('PUT', `/customerpayments/${SEED.excess100}`, { date: '2026-06-20' });
    expect((await invoice(z, '712345000000079383'))['last_payment_date']).toBe('2026-06-20');
  });
});

describe('deleting payments in the sandbox', () => {
  it('restores balances and statuses', async () => {
    const z = await zoho();
    const before = {
      invoice: await invoice(z, SEED.open450),
      customer: await contact(z, SEED.bowman),
      account: await accountBalance(z, SEED.undeposited),
    };
    const payment = await createPayment(z, { amount: 470, invoices: [{ invoice_id: SEED.open450, amount_applied: 450 }] });
    const path = `/customerpayments/${payment['payment_id'] as string}`;
    const answer = await z.call('DELETE', path);
    expect([answer.status, answer.body]).toEqual([200, { code: 0, message: 'The payment has been deleted.' }]);
    expect((await z.get(path)).body['code']).toBe(1002);
    expect((await z.call('DELETE', path)).body['code']).toBe(1002);
    expect(await invoice(z, SEED.open450)).toMatchObject({ status: before.invoice['status'], balance: 450, last_payment_date: '' });
    expect(await accountBalance(z, SEED.undeposited)).toBeCloseTo(before.account, 6);
    const customer = await contact(z, SEED.bowman);
    for (const key of ['outstanding_receivable_amount', 'unused_credits_receivable_amount'])
      expect(customer[key]).toBeCloseTo(amount(before.customer, key), 6);
    await z.books();
  });

  it('is refused for a refunded payment', async () => {
    const z = await zoho();
    expect(refusal(await z.call('DELETE', `/customerpayments/${SEED.samplePayment}`))).toEqual([
      400,
      90004,
      expect.stringMatching(/refunded/),
    ]);
  });

  it('deletes several payments in one call, or none of them', async () => {
    const z = await zoho();
    const before = await z.books();
    const bulk = (ids: string[], rest = '&bulk_delete=true'): ReturnType<typeof z.call> =>
      z.call('DELETE', `/customerpayments?payment_id=${ids.join(',')}${rest}`);
    expect((await bulk([SEED.excess100, SEED.samplePayment])).body['code']).toBe(90004);
    expect((await bulk([SEED.excess100, '712345000000999999'])).body['code']).toBe(1002);
    expect((await bulk([SEED.excess100, 'abc'])).body['code']).toBe(2);
    expect((await bulk([SEED.excess100], '')).body['code']).toBe(2);
    expect((await bulk([])).body['code']).toBe(90001);
    expect((await z.call('DELETE', '/customerpayments')).body['code']).toBe(2);
    expect(await z.books()).toEqual(before);
    const answer = await bulk([SEED.excess100, SEED.advance, SEED.advance]);
    expect([answer.status, answer.body]).toEqual([200, { code: 0, message: 'The selected customer payments have been deleted.' }]);
    expect(amount((await z.books())['counts'] as Body, 'payments')).toBe(amount(before['counts'] as Body, 'payments') - 2);
  });
});

describe('the receipt of the sandbox', () => {
  it('is a PDF if the parameter or the Accept header asks for it', async () => {
    const z = await zoho();
    const token = await z.token();
    const url = `${z.sandbox.api_base_url}/customerpayments/${SEED.samplePayment}?organization_id=${z.sandbox.organization_id}`;
    const headers = { authorization: `Zoho-oauthtoken ${token}` };
    for (const response of [
      await fetch(`${url}&accept=pdf`, { headers }),
      await fetch(url, { headers: { ...headers, accept: 'application/pdf' } }),
    ]) {
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/pdf');
      const file = Buffer.from(await response.arrayBuffer()).toString('latin1');
      expect(file.startsWith('%PDF-1.')).toBe(true);
      expect(file.endsWith('%%EOF\n')).toBe(true);
      const start = Number(/startxref\n(\d+)\n/.exec(file)?.[1]);
      expect(file.slice(start, start + 4)).toBe('xref');
      const [, offset = ''] = /xref\n0 6\n.{20}(\d{10})/s.exec(file) ?? [];
      expect(file.slice(Number(offset), Number(offset) + 7)).toBe('1 0 obj');
      expect(file).toContain('Amount received: USD 450.00');
      expect(file).toMatch(/\(SANDBOX - not a real receipt\) Tj\nT\* \(\) Tj\nT\* \(PAYMENT RECEIPT\) Tj/);
    }
    expect(
      (await fetch(`${url}&accept=json`, { headers: { ...headers, accept: 'application/pdf' } })).headers.get('content-type'),
    ).toContain('json');
    expect((await z.get('/customerpayments/712345000000999999?accept=pdf')).body['code']).toBe(1002);
  });
});
