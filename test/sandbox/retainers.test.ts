import { describe, expect, it } from 'vitest';
import { type Body, type Zoho, SEED, contact, createPayment, refusal, zoho } from './harness.ts';

const RETAINER = { id: SEED.retainer, amount: 750 };

async function retainer(z: Zoho, id: string = RETAINER.id): Promise<Body> {
  const rows = (await z.get('/retainerinvoices')).body['retainerinvoices'] as Body[];
  return rows.find((row) => row['retainerinvoice_id'] === id) ?? {};
}

const pay = (z: Zoho, body: Body) =>
  z.call('POST', '/customerpayments', {
    customer_id: SEED.bowman,
    payment_mode: 'cash',
    date: '2026-07-01',
    retainerinvoice_id: RETAINER.id,
    ...body,
  });

describe('retainer invoices in the sandbox', () => {
  it('are listed with their balance, newest first', async () => {
    const z = await zoho();
    const { body } = await z.get('/retainerinvoices?filter_by=Status.Unpaid&per_page=1');
    expect(body).toMatchObject({
      retainerinvoices: [{ retainerinvoice_number: 'RET-00002', currency_code: 'EUR', balance: 1500, status: 'sent' }],
      page_context: {
        report_name: 'Retainer Invoices',
        applied_filter: 'Status.Unpaid',
        has_more_page: true,
        sort_column: 'created_time',
        sort_order: 'D',
      },
    });
    expect((await z.get('/retainerinvoices?filter_by=Status.Paid')).body['retainerinvoices']).toEqual([]);
    expect(await retainer(z)).toMatchObject({ retainerinvoice_number: 'RET-00001', customer_id: SEED.bowman, total: 750, balance: 750 });
  });

  it('are paid in full, and this amount stays unused until it is applied or refunded', async () => {
    const z = await zoho();
    const { unused_credits_receivable_amount: before } = await contact(z, SEED.bowman);
    const payment = await createPayment(z, { retainerinvoice_id: RETAINER.id, amount: 750 });
    expect(payment).toMatchObject({ amount: 750, unused_amount: 750, invoices: [] });
    expect(await retainer(z)).toMatchObject({ status: 'paid', balance: 0, last_payment_date: '2026-07-01' });
    expect((await contact(z, SEED.bowman))['unused_credits_receivable_amount']).toBe(Number(before) + 750);
    expect((await z.get('/customerpayments?amount=750&date=2026-07-01')).body['customerpayments']).toMatchObject([
      { payment_type: 'Retainer Payment' },
    ]);
    const applied = await z.call('PUT', `/customerpayments/${String(payment['payment_id'])}`, {
      invoices: [{ invoice_id: SEED.open450, amount_applied: 450 }],
    });
    expect(applied.body['payment']).toMatchObject({ unused_amount: 300 });
    await z.books();
  });

  it('cannot be paid partly, twice, or by another customer', async () => {
    const z = await zoho();
    expect(refusal(await pay(z, { amount: 749.99 }))).toEqual([
      400,
      9521,
      'Partial payment for retainer invoice is not allowed. Please record the full payment',
    ]);
    expect(refusal(await pay(z, { amount: 750.01 })).slice(0, 2)).toEqual([400, 24016]);
    expect(refusal(await pay(z, { amount: 750, customer_id: SEED.acme })).slice(0, 2)).toEqual([400, 3004]);
    expect(refusal(await pay(z, { amount: 750, retainerinvoice_id: '982000000567114' }))).toEqual([
      404,
      1002,
      'Retainer Invoice does not exist.',
    ]);
    await z.books();
    expect((await pay(z, { amount: 750 })).status).toBe(201);
    expect(refusal(await pay(z, { amount: 750 })).slice(0, 2)).toEqual([400, 24016]);
    await z.books();
  });

  it('fix the amount of their payment, and are unpaid again when the payment is deleted', async () => {
    const z = await zoho();
    const path = `/customerpayments/${String((await createPayment(z, { retainerinvoice_id: RETAINER.id, amount: 750 }))['payment_id'])}`;
    const change = (body: Body) => z.call('PUT', path, body);
    expect(refusal(await change({ amount: 700 }))).toEqual([
      400,
      9523,
      'Payment amount made to retainer invoice cannot be changed. You could instead delete it and add it back',
    ]);
    expect(refusal(await change({ customer_id: SEED.acme })).slice(0, 2)).toEqual([400, 90007]);
    expect(refusal(await change({ retainerinvoice_id: '712345000000079402' })).slice(0, 2)).toEqual([400, 2]);
    expect((await change({ amount: 750, retainerinvoice_id: RETAINER.id, description: 'the same' })).status).toBe(200);
    expect(refusal(await z.call('PUT', `/customerpayments/${SEED.advance}`, { retainerinvoice_id: RETAINER.id })).slice(0, 2)).toEqual([
      400, 2,
    ]);
    expect((await z.call('DELETE', path)).status).toBe(200);
    expect(await retainer(z)).toMatchObject({ status: 'sent', balance: 750, last_payment_date: '' });
    await z.books();
  });
});
