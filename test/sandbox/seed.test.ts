import { describe, expect, it } from 'vitest';
import { type Body, SEED, type Zoho, zoho } from './harness.ts';

async function allPayments(z: Zoho): Promise<Body[]> {
  const pages = await Promise.all([1, 2, 3].map((page) => z.get(`/customerpayments?page=${page}`)));
  return pages.flatMap(({ body }) => body['customerpayments'] as Body[]);
}

describe('the practice books', () => {
  it('have correct balances and are the same every time', async () => {
    const [one, two] = [await zoho(), await zoho()];
    const books = await one.books();
    expect(await two.books()).toEqual(books);
    expect(await allPayments(two)).toEqual(await allPayments(one));
    expect(books['counts']).toMatchObject({ vendors: 3 });
    expect((books['counts'] as Body)['customers']).toBeGreaterThanOrEqual(40);
    expect(Object.keys(books['totals'] as Body)).toEqual(expect.arrayContaining(['USD', 'EUR', 'JPY']));
  });

  it("contain the sample payment of Zoho's documents under its own ids", async () => {
    const z = await zoho();
    const { body } = await z.get(`/customerpayments/${SEED.samplePayment}`);
    expect(body['payment']).toMatchObject({
      payment_number: '2',
      amount: 450,
      unused_amount: 0,
      bank_charges: 10,
      customer_id: SEED.bowman,
      invoices: [{ invoice_id: SEED.sampleInvoice, invoice_number: 'INV-384', total: 450, amount_applied: 400, balance: 50 }],
      payment_refunds: [{ payment_refund_id: SEED.sampleRefund, amount_fcy: 50 }],
    });
    const { body: refund } = await z.get(`/customerpayments/${SEED.samplePayment}/refunds/${SEED.sampleRefund}`);
    expect(refund['payment_refund']).toMatchObject({ from_account_id: '3000000000385', from_account_name: 'Petty Cash' });
  });

  it('can be listed completely, with names instead of ids', async () => {
    const z = await zoho();
    const { payments, refunds } = (await z.control('GET', '/records')).body as Record<string, Body>;
    expect(payments?.[SEED.samplePayment]).toEqual({
      number: '2',
      customer: 'Bowman Furniture',
      currency: 'USD',
      amount: 450,
      mode: 'cash',
      date: '2016-06-05',
      account: 'Undeposited Funds',
      reference: 'INV-384',
      description: 'Payment has been added to INV-384',
      rate: 1,
      bank_charges: 10,
      applied: { 'INV-384': 400 },
      fields: { cf_receipt_book_no: '129890' },
    });
    expect(refunds?.[SEED.sampleRefund]).toEqual({
      payment: '2',
      customer: 'Bowman Furniture',
      currency: 'USD',
      amount: 50,
      mode: 'cash',
      date: '2016-06-05',
      account: 'Petty Cash',
      reference: 'INV-384',
      description: '',
      rate: 1,
    });
    const { counts } = await z.books();
    expect(counts).toMatchObject({ payments: Object.keys(payments ?? {}).length, refunds: Object.keys(refunds ?? {}).length });
  });

  it('contain the records that demos and tests use', async () => {
    const z = await zoho();
    const payment = async (id: string): Promise<unknown> => (await z.get(`/customerpayments/${id}`)).body['payment'];
    expect(await payment(SEED.excess100)).toMatchObject({ customer_id: SEED.bowman, amount: 600, unused_amount: 100, payment_refunds: [] });
    expect(await payment(SEED.advance)).toMatchObject({ customer_id: SEED.bowman, amount: 250, unused_amount: 250, invoices: [] });
    expect(await payment(SEED.mixed)).toMatchObject({
      customer_id: SEED.acme,
      amount: 1000,
      unused_amount: 180,
      payment_refunds: [{ amount_fcy: 120 }],
    });
    expect(await payment(SEED.euroExcess)).toMatchObject({ customer_id: SEED.lindner, currency_code: 'EUR', unused_amount: 109.5 });
    expect(await payment(SEED.yenExcess)).toMatchObject({ customer_id: SEED.aoyama, currency_code: 'JPY', unused_amount: 20_000 });
    const open = async (id: string): Promise<unknown> => (await z.get(`/invoices/${id}`)).body['invoice'];
    expect(await open(SEED.open450)).toMatchObject({ customer_id: SEED.bowman, invoice_number: 'INV-385', status: 'sent', balance: 450 });
    expect(await open(SEED.overdue)).toMatchObject({ status: 'overdue', balance: 1280.5 });
    expect(await open(SEED.draft)).toMatchObject({ status: 'draft', balance: 300 });
    expect(await open(SEED.void)).toMatchObject({ status: 'void', balance: 0 });
    expect(await open(SEED.acmeOpen)).toMatchObject({ customer_id: SEED.acme, balance: 2400 });
    expect(await open(SEED.euroOpen)).toMatchObject({ customer_id: SEED.lindner, balance: 1190 });
    expect(await open(SEED.yenOpen)).toMatchObject({ customer_id: SEED.aoyama, balance: 120_000 });
  });

  it('contain overpayments, refunds, payments for several invoices, and texts that break careless programs', async () => {
    const z = await zoho();
    const payments = await allPayments(z);
    expect(payments.length).toBeGreaterThan(400);
    expect(payments.filter((row) => Number(row['unused_amount']) > 0).length).toBeGreaterThan(20);
    expect(payments.filter((row) => Number(row['bcy_refunded_amount']) > 0).length).toBeGreaterThan(10);
    expect(payments.filter((row) => (row['invoice_numbers'] as string).includes(', ')).length).toBeGreaterThan(10);
    const text = JSON.stringify(payments);
    for (const awkward of ['Ignore previous instructions', '🎉', String.raw`\n`, '\u202E', '<script>']) expect(text).toContain(awkward);
    const dates = payments.map((row) => row['date'] as string).filter((date) => date > '2017');
    expect(dates.every((date) => date >= '2025-07-01' && date <= '2026-06-30')).toBe(true);
  });
});

describe('the last day of the practice books', () => {
  const dates = async (z: Zoho) => (await allPayments(z)).map((row) => row['date'] as string).toSorted();

  it.each(['2026-06-30', '2027-02-01', '2028-02-29', '2024-12-31'])('is %s if the option says so', async (today) => {
    const z = await zoho({ today });
    const all = await dates(z);
    expect(all.at(-1)).toBe(today);
    expect((await z.books())['balanced']).toBe(true);
    // The records from Zoho's documents keep their dates.
    const { body } = await z.get(`/customerpayments/${SEED.samplePayment}`);
    expect(body['payment']).toMatchObject({ date: '2016-06-05', payment_number: '2' });
    const { body: overdue } = await z.get(`/invoices/${SEED.overdue}`);
    expect(overdue['invoice']).toMatchObject({ due_date: dayBefore(today, 60), balance: 1280.5 });
  });

  it("is by default today in the organization's time zone, and overdue invoices are overdue by a plausible number of days", async () => {
    const z = await zoho({ today: undefined, now: () => new Date('2031-03-02T03:00:00Z') });
    expect((await dates(z)).at(-1)).toBe('2031-03-01');
    const { body } = await z.get(`/invoices/${SEED.overdue}`);
    expect(body['invoice']).toMatchObject({ status: 'overdue', due_date: '2030-12-31' });
  });

  it('stays the same for existing books, and is today after a reset', async () => {
    // First before, then after midnight in New York.
    let now = new Date('2030-01-10T04:30:00Z');
    const z = await zoho({ today: undefined, now: () => now });
    expect((await dates(z)).at(-1)).toBe('2030-01-09');
    now = new Date('2030-01-10T05:10:00Z');
    expect((await dates(z)).at(-1)).toBe('2030-01-09');
    await z.control('POST', '/reset');
    expect((await dates(z)).at(-1)).toBe('2030-01-10');
  });

  it.each(['2026-02-30', 'yesterday', '30.06.2026', ''])('cannot be %j', async (today) => {
    await expect(zoho({ today })).rejects.toThrow('is not a valid date (yyyy-MM-dd)');
  });
});

const dayBefore = (date: string, days: number) => new Date(Date.parse(date) - days * 86_400_000).toISOString().slice(0, 10);
