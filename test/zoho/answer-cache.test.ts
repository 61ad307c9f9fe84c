import { afterEach, describe, expect, it } from 'vitest';
import { toRequest } from '../../src/endpoint.ts';
import { getContact } from '../../src/endpoints/lookups/get-contact.ts';
import { getInvoice } from '../../src/endpoints/lookups/get-invoice.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { allPayments } from '../../src/reading/whole-lists.ts';
import { fault, forgetRequests, held, isWaiting, release, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';

/** Repeated reads of a conversation come from the cache, but never from before one of our writes. */

const open: Harness[] = [];
async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness(options);
  open.push(server);
  return server;
}
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const pathsTo = async ({ sandbox }: Harness) =>
  (await requestsTo(sandbox)).map(({ method, path }) => `${method} ${path.replace('/books/v3', '')}`);
const bowman = { contact_id: seed.bowman };
const invoice = { invoice_id: seed.openInvoice };
const payment = {
  customer_id: seed.bowman,
  payment_mode: 'cash',
  amount: 450,
  date: '2026-06-05',
  invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
};

describe('an answer in the cache', () => {
  it('is used for every call with the same read; other reads go to Zoho', async () => {
    const { zoho, ...server } = await start();
    const answers = await Promise.all([
      zoho.recent.read(getContact, bowman),
      zoho.until(new AbortController().signal).recent.read(getContact, bowman),
    ]);
    expect(answers[0]).toBe(answers[1]);
    await zoho.recent.read(getContact, bowman);
    expect(await pathsTo({ zoho, ...server })).toEqual([`GET /contacts/${seed.bowman}`]);
    await zoho.read(getContact, bowman);
    expect(await pathsTo({ zoho, ...server })).toHaveLength(2);
  });

  it('is used only for the same request in the same form', async () => {
    const { zoho } = await start();
    const query = { customer_id: seed.bowman, page: 1, per_page: 5 };
    const [shown, whole] = [await zoho.recent.read(listCustomerPayments, query), await zoho.recent.read(allPayments, query)];
    expect(shown).toHaveProperty('customerpayments');
    expect(whole).toHaveProperty('rows');
    const other = await zoho.recent.read(allPayments, { ...query, customer_id: '712345000000090009' });
    expect(new Set(other.rows.map(({ customer_id }) => customer_id))).toEqual(new Set(['712345000000090009']));
  });

  it('is removed by every write, also by a refused write or a lost write', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    const { zoho } = server;
    const balance = async () => (await zoho.recent.read(getInvoice, invoice)).invoice?.balance;
    expect(await balance()).toBe(450);
    await server.call('create_customer_payment', payment);
    expect(await balance()).toBe(0);

    for (const [kind, rest] of [
      ['status', { status: 400, code: 2 }],
      ['drop_before', {}],
    ] as const) {
      await zoho.recent.read(getContact, bowman);
      await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: kind, ...rest });
      await server.call('create_customer_payment', { ...payment, invoices: undefined, amount: kind.length });
      await forgetRequests(server.sandbox);
      await zoho.recent.read(getContact, bowman);
      expect(await pathsTo(server), kind).toHaveLength(1);
    }
  });

  it('is not stored if its read was still in flight during a write', async () => {
    const server = await start();
    const { zoho } = server;
    // Zoho makes the answer before the write; it arrives after the write.
    await fault(server.sandbox, { match: { method: 'GET', path: '/invoices' }, ...held, after: true });
    const before = zoho.recent.read(getInvoice, invoice);
    await isWaiting(server.sandbox, 'GET');
    await zoho.send(toRequest(createCustomerPayment, payment));
    const after = zoho.recent.read(getInvoice, invoice);
    await release(server.sandbox);
    expect((await before).invoice?.balance).toBe(450);
    expect((await after).invoice?.balance).toBe(0);
  });

  it('is not stored if the read failed', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { path: '/contacts' }, fault: 'status', status: 500, times: 3 });
    await expect(server.zoho.recent.read(getContact, bowman)).rejects.toMatchObject({ code: 'zoho_unavailable' });
    await expect(server.zoho.recent.read(getContact, bowman)).resolves.toMatchObject({ contact: bowman });
  });

  it('still reaches the other callers if one caller cancels', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { path: '/contacts' }, fault: 'delay', delay_ms: 200 });
    const stop = new AbortController();
    const [one, other] = [server.zoho.until(stop.signal).recent.read(getContact, bowman), server.zoho.recent.read(getContact, bowman)];
    stop.abort(new Error('gone'));
    await expect(one).rejects.toThrow('gone');
    await expect(other).resolves.toMatchObject({ contact: bowman });
    expect(await pathsTo(server)).toHaveLength(1);
  });

  it('is removed when newer answers need its space, the oldest first', async () => {
    const server = await start({ sandbox: { limits: { per_minute: 1000 } } });
    const page = (n: number) => server.zoho.recent.read(allPayments, { page: n, per_page: 1 });
    for (let n = 1; n <= 60; n += 1) await page(n);
    await forgetRequests(server.sandbox);
    for (let n = 60; n > 10; n -= 1) await page(n);
    expect(await pathsTo(server)).toEqual([]);
    await page(1);
    expect(await pathsTo(server)).toHaveLength(1);
  });
});

it('a write reads its facts from Zoho, not from the cache', async () => {
  const server = await start();
  const statement = async () => textOf(await server.call('customer_statement', { customer: 'Bowman Furniture' }));
  const record = (amount: number) =>
    server.call('record_customer_payment', {
      customer: 'Bowman Furniture',
      payment_mode: 'cash',
      date: '2026-06-30',
      amount,
      invoices: [{ invoice: 'INV-385', amount }],
    });
  expect(await statement()).toContain('INV-385');
  expect((await record(451)).structuredContent).toMatchObject({ error: { code: 'more_than_balance' } });
  // Meanwhile another user records a payment for the invoice.
  const other = await start({ on: server.sandbox });
  await other.call('create_customer_payment', payment);
  expect(await statement()).toContain('INV-385');
  expect((await record(450)).structuredContent).toMatchObject({ error: { code: 'invoice_paid', changed: 'no' } });
});
