import { expect, it } from 'vitest';
import { allContacts, allInvoices, pagesOf } from '../src/reading/whole-lists.ts';
import { forgetRequests, requestsTo } from './support/books.ts';
import { harness, textOf } from './support/harness.ts';
it.each([0, 1000, 5000])(
  'calls in books of %i',
  async (payments) => {
    const server = await harness({
      sandbox: { ...(payments && { payments }), limits: { per_minute: 100000 } as any },
      timings: { wholeCallMs: 300_000, beforeClaimMs: 100_000 },
    });
    const contacts: any[] = [];
    for await (const page of pagesOf(allContacts, { contact_type: 'customer' }, server.zoho)) contacts.push(...page.rows);
    const invoices: any[] = [];
    for await (const page of pagesOf(allInvoices, { status: 'unpaid' }, server.zoho)) invoices.push(...page.rows);
    const customers = contacts.filter((one) => one.contact_type === 'customer' && one.status === 'active' && one.currency_code === 'USD');
    console.log(payments, contacts.length, customers.length, 'open invoices', invoices.length);
    const count = async (what: string, rows: any[]) => {
      await forgetRequests(server.sandbox);
      const result = await server.call('record_customer_payments', { rows, idempotency_key: what });
      const all = (await requestsTo(server.sandbox)).map(
        ({ method, path, query }: any) => `${method} ${path.replace('/books/v3/', '').replaceAll(/\d{9,}/g, 'ID')}`,
      );
      console.log(
        payments,
        what,
        rows.length,
        (result.structuredContent as any).outcome,
        all.length,
        JSON.stringify(Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((x) => x === one).length]))),
      );
      if ((result.structuredContent as any).outcome !== 'recorded') console.log(textOf(result).slice(0, 1500));
    };
    const base = { payment_mode: 'cash', date: '2026-06-30' };
    await count(
      'credit',
      Array.from({ length: 50 }, (_, i) => ({
        ...base,
        customer: customers[i % customers.length].contact_name,
        amount: 1000.5 + i,
        allocate: 'as_credit',
      })),
    );
    const open = invoices.filter(
      (one) => one.currency_code === 'USD' && one.status !== 'draft' && customers.some((c) => c.contact_id === one.customer_id),
    );
    await count(
      'invoices',
      open.slice(0, 50).map((one) => ({ ...base, amount: one.balance, invoices: [{ invoice: one.invoice_number }] })),
    );
    await count(
      'oldest',
      open.slice(50, 100).map((one, i) => ({ ...base, customer: one.customer_name, amount: 11.25 + i, allocate: 'oldest_first' })),
    );
    await server.close();
  },
  300_000,
);
