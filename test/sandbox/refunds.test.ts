import { describe, expect, it } from 'vitest';
import { type Body, SEED, accountBalance, amount, contact, refusal, zoho } from './harness.ts';

const good = { date: '2026-07-02', amount: 40, from_account_id: SEED.pettyCash };

describe('a refund in the sandbox', () => {
  it("reduces the unused amount of the payment, the customer's credits and the account, and is in the list of refunds", async () => {
    const z = await zoho();
    const before = { customer: await contact(z, SEED.bowman), petty: await accountBalance(z, SEED.pettyCash) };
    const path = `/customerpayments/${SEED.excess100}/refunds`;
    const answer = await z.call('POST', path, {
      ...good,
      amount: '40.00',
      refund_mode: 'Cash',
      reference_number: 'R-1',
      description: 'overpaid',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      code: 0,
      message: 'The refund information for this payment has been saved.',
      payment_refund: {
        payment_id: SEED.excess100,
        date: '2026-07-02',
        refund_mode: 'Cash',
        reference_number: 'R-1',
        amount: 40,
        exchange_rate: 1,
        from_account_id: SEED.pettyCash,
        from_account_name: 'Petty Cash',
        description: 'overpaid',
      },
    });
    const refund = answer.body['payment_refund'] as Body;
    const id = refund['payment_refund_id'] as string;
    const item = {
      payment_refund_id: id,
      payment_id: SEED.excess100,
      date: '2026-07-02',
      refund_mode: 'Cash',
      reference_number: 'R-1',
      payment_number: '3',
      customer_name: 'Bowman Furniture',
      description: 'overpaid',
      amount_bcy: 40,
      amount_fcy: 40,
    };
    expect((await z.get(`/customerpayments/${SEED.excess100}`)).body['payment']).toMatchObject({
      amount: 600,
      unused_amount: 60,
      payment_refunds: [item],
    });
    expect((await z.get(path)).body).toMatchObject({
      code: 0,
      payment_refunds: [item],
      page_context: { page: 1, per_page: 200, has_more_page: false, sort_order: 'D' },
    });
    expect((await z.get(`${path}/${id}`)).body['payment_refund']).toEqual(refund);
    expect(await accountBalance(z, SEED.pettyCash)).toBeCloseTo(before.petty - 40, 6);
    const customer = await contact(z, SEED.bowman);
    expect(customer['unused_credits_receivable_amount']).toBeCloseTo(amount(before.customer, 'unused_credits_receivable_amount') - 40, 6);
    expect(customer['outstanding_receivable_amount']).toBe(before.customer['outstanding_receivable_amount']);
    await z.books();
  });

  it('can be changed partly, and moved to another account', async () => {
    const z = await zoho();
    const path = `/customerpayments/${SEED.mixed}/refunds/712345000000079601`;
    const before = { checking: await accountBalance(z, SEED.checking), petty: await accountBalance(z, SEED.pettyCash) };
    const answer = await z.call('PUT', path, { amount: 150, from_account_id: SEED.pettyCash });
    expect([answer.status, answer.body['message']]).toEqual([200, 'The refund information has been saved.']);
    expect(answer.body['payment_refund']).toMatchObject({
      amount: 150,
      refund_mode: 'banktransfer',
      date: '2026-06-15',
      from_account_name: 'Petty Cash',
    });
    expect((await z.get(`/customerpayments/${SEED.mixed}`)).body['payment']).toMatchObject({ unused_amount: 150 });
    expect(await accountBalance(z, SEED.checking)).toBeCloseTo(before.checking + 120, 6);
    expect(await accountBalance(z, SEED.pettyCash)).toBeCloseTo(before.petty - 150, 6);
    // At most the unused amount plus the refund's own amount.
    expect((await z.call('PUT', path, { amount: 300.01 })).body['code']).toBe(90002);
    expect((await z.call('PUT', path, { amount: 300 })).status).toBe(200);
    await z.books();
  });

  it('can be deleted, and then its payment can be deleted too', async () => {
    const z = await zoho();
    const payment = `/customerpayments/${SEED.samplePayment}`;
    expect((await z.call('DELETE', payment)).body['code']).toBe(90004);
    const answer = await z.call('DELETE', `${payment}/refunds/${SEED.sampleRefund}`);
    expect([answer.status, answer.body]).toEqual([200, { code: 0, message: 'The refund has been deleted.' }]);
    expect((await z.get(payment)).body['payment']).toMatchObject({ unused_amount: 50, payment_refunds: [] });
    expect((await z.get(`${payment}/refunds`)).body['payment_refunds']).toEqual([]);
    expect((await z.call('DELETE', payment)).status).toBe(200);
    await z.books();
  });

  it('is in a list with pages', async () => {
    const z = await zoho();
    const path = `/customerpayments/${SEED.advance}/refunds`;
    for (let count = 1; count <= 5; count += 1) await z.call('POST', path, { ...good, amount: count });
    const { body } = await z.get(`${path}?per_page=2&page=2`);
    expect((body['payment_refunds'] as Body[]).map((row) => row['amount_fcy'])).toEqual([3, 2]);
    expect(body['page_context']).toMatchObject({ page: 2, per_page: 2, has_more_page: true });
    await z.books();
  });

  it('can be recorded in euros and in yen', async () => {
    const z = await zoho();
    const euro = await z.call('POST', `/customerpayments/${SEED.euroExcess}/refunds`, {
      ...good,
      amount: 109.5,
      exchange_rate: 1.1,
      from_account_id: SEED.euroAccount,
    });
    expect(euro.status).toBe(201);
    const list = (await z.get(`/customerpayments/${SEED.euroExcess}/refunds`)).body['payment_refunds'] as Body[];
    expect(list[0]).toMatchObject({ amount_fcy: 109.5, amount_bcy: 120.45 });
    const before = await accountBalance(z, SEED.checking);
    const yen = await z.call('POST', `/customerpayments/${SEED.yenExcess}/refunds`, {
      ...good,
      amount: 20_000,
      exchange_rate: 0.0067,
      from_account_id: SEED.checking,
    });
    expect(yen.status).toBe(201);
    expect(await accountBalance(z, SEED.checking)).toBeCloseTo(before - 134, 6);
    expect((await z.call('POST', `/customerpayments/${SEED.yenExcess}/refunds`, { ...good, amount: 1 })).body['code']).toBe(90003);
    await z.books();
  });

  const refused: [string, string, Body, number][] = [
    ['more than the unused amount', SEED.excess100, { amount: 100.01 }, 90002],
    ['an amount that is applied to invoices', SEED.twoInvoices, { amount: 1 }, 90003],
    ['from a payment that is fully used and refunded', SEED.samplePayment, { amount: 1 }, 90003],
    ['without an amount', SEED.excess100, { amount: undefined }, 90001],
    ['without a date', SEED.excess100, { date: undefined }, 90001],
    ['without an account', SEED.excess100, { from_account_id: ' ' }, 90001],
    ['from an unknown account', SEED.excess100, { from_account_id: '1' }, 90010],
    ['from a closed account', SEED.excess100, { from_account_id: SEED.closedAccount }, 90010],
    ['dollars out of a euro account', SEED.excess100, { from_account_id: SEED.euroAccount }, 90009],
    ['nothing', SEED.excess100, { amount: 0 }, 2],
    ['a negative amount', SEED.excess100, { amount: -1 }, 2],
    ['on a date that does not exist', SEED.excess100, { date: '2026-13-01' }, 2],
    ['with a mode of 51 characters', SEED.excess100, { refund_mode: 'x'.repeat(51) }, 15],
    ['with a reference of 51 characters', SEED.excess100, { reference_number: 'x'.repeat(51) }, 15],
    ['with a description of 2001 characters', SEED.excess100, { description: 'x'.repeat(2001) }, 15],
  ];
  it.each(refused)('is refused: %s', async (_, payment, changes, code) => {
    const z = await zoho();
    const before = await z.books();
    const answer = await z.call('POST', `/customerpayments/${payment}/refunds`, { ...good, ...changes });
    expect(refusal(answer)).toEqual([400, code, expect.any(String)]);
    expect(await z.books()).toEqual(before);
  });

  it('is refused if the payment is unknown', async () => {
    const z = await zoho();
    expect((await z.call('POST', '/customerpayments/712345000000999999/refunds', good)).body['code']).toBe(1002);
  });
});
