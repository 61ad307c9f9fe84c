import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/cli/config.ts';
import { toolsFor } from '../../src/cli/enabled-tools.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { isWrite } from '../../src/workflow.ts';
import { recordCustomerPayment } from '../../src/workflows/record-customer-payment.ts';
import { writeText } from '../../src/cli/render.ts';
import type { Person } from '../../src/write/confirm.ts';
import { perform } from '../../src/write/perform.ts';
import { NONE_OF_THESE } from '../../src/write/repeated-call.ts';
import type { Performed } from '../../src/write/types.ts';
import { altered } from '../support/altered.ts';
import { booksOf, fault, forgetRequests, requestsTo, seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import {
  everyTool,
  kinds,
  textOf,
  type Harness,
  type HarnessOptions,
  type PersonAnswer,
  type ToolResult,
  errorOf,
} from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** "Bowman paid 450 in cash today for INV-385": records the right payment from everyday words, or asks a question. */

const start = servers();

const cash = { payment_mode: 'cash', date: '2026-06-30' };
const posts = { method: 'POST', path: '^/customerpayments$' };

const record = (server: Harness, args: Record<string, unknown>) => server.call('record_customer_payment', { ...cash, ...args });
const sentBy = async (server: Harness) => (await writesTo(server)).map(({ body }) => body as Record<string, unknown>);
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const which = (id: string): PersonAnswer => ({ action: 'accept', content: { which: id } });

async function recorded(server: Harness, args: Record<string, unknown>): Promise<ToolResult> {
  const result = await record(server, args);
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|\[object/);
  expect((await booksOf(server.sandbox)).problems).toEqual([]);
  return result;
}

async function refused(server: Harness, args: Record<string, unknown>, code: string): Promise<string> {
  const result = await record(server, args);
  expect(result.structuredContent, textOf(result)).toMatchObject({ error: { code, changed: 'no' }, outcome: 'not_recorded' });
  expect(await writesTo(server)).toEqual([]);
  return textOf(result);
}

const acme = { corp: '712345000000090009', corporation: '712345000000090011', uk: '712345000000090013', co: '712345000000090015' };

describe.each(kinds)('if several customers fit the name, record_customer_payment, called by the client of the %s', (kind) => {
  it('asks through the client, and uses the chosen customer in the next question', async () => {
    const asked: string[] = [];
    const server = await start({
      kind,
      confirm: 'ask',
      person: (question) => {
        asked.push(question);
        return asked.length === 1 ? which(seed.bowman) : yes;
      },
    });
    // More than all open invoices, so the user is asked about the rest.
    const result = await recorded(server, { customer: 'Bowman', amount: 3000, allocate: 'oldest_first' });
    expect(asked[0]).toMatch(
      /^4 customers have a name like "Bowman"\. Which one is it\?\n1\. "Bowman & Sons Furniture", .+\n5\. None of these$/s,
    );
    expect(asked[1]).toMatch(/^Record a payment of USD 3000\.00 from "Bowman Furniture"\?\n/);
    expect(asked[1]).toContain('You are asked because USD 914.50 of the payment is not applied to any invoice.');
    expect(asked).toHaveLength(2);
    expect(result.structuredContent).toMatchObject({ payment: { amount: 3000, unused_amount: 914.5 } });
    expect(await sentBy(server)).toMatchObject([{ customer_id: seed.bowman }]);
  });

  it('names the chosen customer in the answer and in the journal, and says that the customer is inactive', async () => {
    const asked: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: (question) => (asked.push(question), which(acme.co)) });
    const result = await recorded(server, { customer: 'Akme', amount: 12, allocate: 'as_credit' });
    expect(asked).toHaveLength(1);
    const chose = `The user chose the customer with the id ${acme.co} for "Akme".`;
    expect(textOf(result)).toContain(`${chose}\nThis customer is inactive in Zoho Books.`);
    const entry = (await server.opened.road.journal.find(result.structuredContent['write_id'] as string))!;
    const shown = writeText(entry, { zone: undefined, retryAt: undefined });
    expect(shown).toEqual(
      expect.arrayContaining([chose, 'Nobody was asked to confirm.', `  Customer: "Acme Co" (id ${acme.co}), inactive`]),
    );
  });

  it('returns a numbered list of candidates that shows how they differ, if the client cannot ask', async () => {
    const server = await start({ kind });
    const text = await refused(server, { customer: 'Acme', amount: 10, allocate: 'as_credit' }, 'ambiguous_customer');
    expect(text).toContain(
      `1. "Acme Corp", "Phoenix", USD 3822.75 open, last paid USD 670.00 on 2026-06-14 (id ${acme.corp}); ` +
        '2. "ACME Corp. (UK)", "Leeds", EUR 2306.35 open,',
    );
    expect(text).toContain('Never pick one yourself.');
  });

  it.each<[string, PersonAnswer, string]>([
    ['none of these', which(NONE_OF_THESE), 'none_chosen'],
    ['no', { action: 'decline' }, 'declined'],
    ['nothing', { action: 'cancel' }, 'none_chosen'],
  ])('records nothing if the user answers %s', async (_, answer, code) => {
    const server = await start({ kind, confirm: 'ask', person: () => answer });
    await refused(server, { customer: 'Bowman', amount: 10, allocate: 'as_credit' }, code);
  });

  it('records nothing if the answer is a choice that was not offered', async () => {
    const asked: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: (question) => (asked.push(question), which(acme.corp)) });
    const result = await record(server, { customer: 'Bowman', amount: 10, allocate: 'as_credit' });
    expect(result.isError).toBe(true);
    expect(await writesTo(server)).toEqual([]);
    expect(asked).toHaveLength(1);
  }, 10_000);
});

describe('record_customer_payment by customer name', () => {
  it.each([
    ['Summit Office Interior', '712345000000090019'],
    ['summit office  INTERIORS', '712345000000090017'],
    ['Riverbend Cafe', '712345000000090021'],
    ['Riverbend Café & Bakery', '712345000000090023'],
    ['Acme Corp', acme.corp],
    ['Acme Corporation', acme.corporation],
    ['Bowman Furniture', seed.bowman],
    // Nobody types the line break in this name, or the invisible characters in the next.
    ['Harbor Light Interiors', '712345000000090081'],
    ['شركة النخيل للأثاث (Al Nakheel Furniture)', '712345000000090079'],
  ])('%s: uses the customer with exactly this name', async (customer, customer_id) => {
    const server = await start();
    await recorded(server, { customer, amount: 10, allocate: 'as_credit' });
    expect(await sentBy(server)).toMatchObject([{ customer_id, amount: 10 }]);
  });

  it.each([
    ['Summit Office', ['Summit Office Interior', 'Summit Office Interiors']],
    ['Riverbend', ['Riverbend Cafe', 'Riverbend Café & Bakery']],
    ['Acme Co', ['Acme Co', 'Acme Corp', 'Acme Corporation', 'ACME Corp. (UK)']],
    ['Akme Corp', ['Acme Co', 'Acme Corp', 'Acme Corporation', 'ACME Corp. (UK)']],
    // The user does not mean text in the middle of a word.
    ['akeside', ['Lakeside School District']],
    // Vendors are not offered, also if Zoho lists them among customers.
    ['Bowman Timber Supply', ['Bowman Furnishings', 'Bowman Furniture', 'Bowman & Sons Furniture', 'Bowmann Furniture Ltd']],
  ])('%s: asks which customer is meant', async (customer, names) => {
    const server = await start();
    const text = await refused(server, { customer, amount: 10, allocate: 'as_credit' }, 'ambiguous_customer');
    expect([...text.matchAll(/\d\. ("[^"]*"), /g)].map(([, name]) => name).toSorted()).toEqual(
      names.map((name) => JSON.stringify(name)).toSorted(),
    );
    if (names.includes('Acme Co')) expect(text).toContain(`inactive (id ${acme.co})`);
  });

  it('picks no customer if another name has the same words in a different order', async () => {
    const sandbox = await startSandbox();
    const renamed = new Map([
      [acme.corp, 'John Smith & Sons'],
      [acme.uk, 'Smith, John'],
    ]);
    const zoho = await altered(sandbox, {
      query: (query) => {
        for (const name of ['contact_name_contains', 'contact_name_startswith']) query.delete(name);
      },
      body(body, query, path) {
        if (path !== '/contacts') return body;
        const rows = (body['contacts'] as { contact_id: string; contact_name: string }[]).map((row) => ({
          ...row,
          contact_name: renamed.get(row.contact_id) ?? row.contact_name,
        }));
        const has = (name: string) =>
          name.toLowerCase().includes(query.get('contact_name_contains')?.toLowerCase() ?? '') &&
          name.toLowerCase().startsWith(query.get('contact_name_startswith')?.toLowerCase() ?? '');
        return { ...body, contacts: rows.filter(({ contact_name }) => has(contact_name)) };
      },
    });
    const server = await start({ on: sandbox, at: zoho });
    closers.push(
      () => sandbox.close(),
      () => zoho.close(),
    );
    const text = textOf(await server.call('customer_statement', { customer: 'John Smith' }));
    expect(text).toContain('2 customers have a name like "John Smith"');
    expect(text).toContain('"Smith, John"');
  });

  it('shows similar names for an unknown name, the most similar name first', async () => {
    const server = await start();
    expect(await refused(server, { customer: 'Bowmen Furniture', amount: 10, allocate: 'as_credit' }, 'ambiguous_customer')).toMatch(
      /No customer is called "Bowmen Furniture"\. Is it one of these\? 1\. "Bowman Furniture", /,
    );
  });

  it('refuses the id of a vendor, and returns a clear error for a name to which no name is similar', async () => {
    const server = await start();
    await refused(server, { customer: '712345000000095001', amount: 10, allocate: 'as_credit' }, 'no_such_customer');
    await refused(server, { customer: 'Xyzzy', amount: 10, allocate: 'as_credit' }, 'no_such_customer');
    await refused(server, { customer: '-', amount: 10, invoices: ['INV-385'] }, 'invoice_of_another_customer');
  });
});

describe('record_customer_payment with invoices', () => {
  it.each([
    [{ customer: 'Bowman', invoices: ['INV-385'] }],
    [{ customer: 'Bowman', invoices: [{ invoice: 'inv-385' }] }],
    [{ invoices: ['INV-385'] }],
    [{ customer: seed.bowman, invoices: ['385'] }],
    [{ customer: 'Bowman Furniture', invoices: [seed.openInvoice] }],
  ])('finds customer and invoice by %j', async (args) => {
    const server = await start();
    const result = await recorded(server, { ...args, amount: 450 });
    expect(await sentBy(server)).toEqual([
      { customer_id: seed.bowman, ...cash, amount: 450, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] },
    ]);
    expect(textOf(result)).toContain(`Applied: INV-385 (id ${seed.openInvoice}) USD 450.00, now paid.`);
  });

  it('finds several invoices by "384" alone, and one invoice by "384" with the customer', async () => {
    const server = await start();
    const text = await refused(server, { amount: 50, invoices: ['384'] }, 'ambiguous_invoice');
    expect(text).toContain('INV-384 of "Bowman Furniture"');
    expect(text).toContain('INV-000384 of "Pine Street Dental"');
    await recorded(server, { customer: 'Bowman', amount: 50, invoices: ['384'] });
    expect(await sentBy(server)).toMatchObject([{ invoices: [{ invoice_id: seed.sampleInvoice, amount_applied: 50 }] }]);
  });

  it("does not simply pick the invoice that is on Zoho's first page, if several invoices fit", async () => {
    const sandbox = await startSandbox();
    const numbers = [...Array.from({ length: 199 }, (_, i) => `INV-7${i}`), 'INV-7', 'OLD-7'];
    const zoho = await altered(sandbox, {
      body(body, query, path) {
        if (path !== '/invoices') return body;
        const [page, exact] = [Number(query.get('page')), query.get('invoice_number')];
        const rows = numbers.map((invoice_number, i) => ({
          invoice_id: String(712345000000400000 + i * 1000),
          invoice_number,
          customer_id: seed.bowman,
          customer_name: 'Bowman Furniture',
          status: 'sent',
          balance: 50,
          total: 50,
          date: '2026-06-01',
        }));
        const found = rows.filter(({ invoice_number }) => exact === null || invoice_number === exact);
        return {
          code: 0,
          invoices: found.slice((page - 1) * 200, page * 200),
          page_context: { page, per_page: 200, has_more_page: found.length > page * 200 },
        };
      },
    });
    const server = await start({ on: sandbox, at: zoho });
    closers.push(
      () => sandbox.close(),
      () => zoho.close(),
    );
    const text = textOf(await server.call('find_payments', { invoice: '7' }));
    expect(text).toContain('ambiguous_invoice');
    expect(text).toContain('OLD-7');
  });

  it("never picks another customer's invoice, even if the names are very similar", async () => {
    const server = await start();
    expect(await refused(server, { customer: 'Acme', amount: 10, invoices: ['INV-385'] }, 'invoice_of_another_customer')).toContain(
      'belongs to "Bowman Furniture"',
    );
    // Open invoices of Acme Corp, whose name begins like Acme Co.
    await refused(server, { customer: 'Acme Co', amount: 10, invoices: ['INV-395'] }, 'invoice_of_another_customer');
    expect(await refused(server, { amount: 10, invoices: ['INV-395', 'INV-385'] }, 'invoice_of_another_customer')).toContain(
      'several customers',
    );
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['a paid invoice', { invoices: ['INV-383'] }, 'invoice_paid', 'already paid'],
    ['a draft', { invoices: ['INV-387'] }, 'invoice_not_open', 'still a draft'],
    ['a void invoice', { invoices: ['INV-388'] }, 'invoice_not_open', 'void'],
    ['an invoice that does not exist', { invoices: ['INV-38500'] }, 'no_such_invoice', 'Ask the user'],
    ['a number that is as long as an id', { invoices: ['2026000384'] }, 'no_such_invoice', 'Ask the user'],
    ['the same invoice twice', { invoices: ['INV-385', seed.openInvoice] }, 'invalid_arguments', 'named twice'],
    ['more than the balance', { invoices: [{ invoice: 'INV-385', amount: 451 }], amount: 500 }, 'more_than_balance', 'USD 450.00 open'],
    [
      'more than the payment',
      { invoices: [{ invoice: 'INV-385', amount: 400 }], amount: 300 },
      'applied_more_than_amount',
      'more than the payment',
    ],
    ['invoices together with allocate', { invoices: ['INV-385'], allocate: 'as_credit' }, 'invalid_arguments', 'Both'],
  ])('refuses %s', async (_, args, code, words) => {
    const server = await start();
    expect(await refused(server, { customer: 'Bowman', amount: 100, ...args }, code)).toContain(words);
  });

  it('refuses a call without customer and invoices', async () => {
    const server = await start();
    await refused(server, { amount: 10, allocate: 'as_credit' }, 'invalid_arguments');
  });

  it('asks for the purpose of the payment if the customer has open invoices; otherwise records a credit', async () => {
    const server = await start();
    const text = await refused(server, { customer: 'Bowman Furniture', amount: 100 }, 'allocation_needed');
    expect(text).toContain(`INV-384 (id ${seed.sampleInvoice}) USD 50.00 open, due 2016-07-05; INV-900079`);
    const result = await recorded(server, { customer: 'Acme Corporation', amount: 100 });
    expect(result.structuredContent).toMatchObject({ payment: { unused_amount: 100 } });
  });

  it('with oldest_first, pays each balance until the payment is used up', async () => {
    const server = await start();
    const result = await recorded(server, { customer: 'Bowman Furniture', amount: 400, allocate: 'oldest_first' });
    expect(await sentBy(server)).toMatchObject([
      {
        invoices: [
          { invoice_id: seed.sampleInvoice, amount_applied: 50 },
          { amount_applied: 305 },
          { invoice_id: seed.overdueInvoice, amount_applied: 45 },
        ],
      },
    ]);
    expect(textOf(result)).toContain('USD 1235.50 still open');
  });

  it('with as_credit, applies nothing', async () => {
    const server = await start();
    await recorded(server, { customer: 'Bowman Furniture', amount: 400, allocate: 'as_credit' });
    expect(await sentBy(server)).toEqual([{ customer_id: seed.bowman, ...cash, amount: 400 }]);
  });

  it('applies exactly the amounts that are given for each invoice', async () => {
    const server = await start();
    await recorded(server, {
      customer: 'Bowman',
      amount: 300.3,
      invoices: [
        { invoice: 'INV-385', amount: 100.1 },
        { invoice: 'INV-386', amount: 200.2 },
      ],
    });
    expect(await sentBy(server)).toMatchObject([
      {
        invoices: [
          { invoice_id: seed.openInvoice, amount_applied: 100.1 },
          { invoice_id: seed.overdueInvoice, amount_applied: 200.2 },
        ],
      },
    ]);
  });

  it('applies the given amounts first, in any position, and the remaining money to the other balances', async () => {
    const server = await start();
    await recorded(server, { customer: 'Bowman Furniture', amount: 500, invoices: ['INV-385', { invoice: 'INV-386', amount: 300 }] });
    expect(await sentBy(server)).toMatchObject([
      {
        invoices: [
          { invoice_id: seed.openInvoice, amount_applied: 200 },
          { invoice_id: seed.overdueInvoice, amount_applied: 300 },
        ],
      },
    ]);
  });

  it("applies nothing to an invoice that is not in the customer's currency", async () => {
    const sandbox = await startSandbox();
    const zoho = await altered(sandbox, {
      body: (body, _, path) =>
        path === '/invoices'
          ? { ...body, invoices: (body['invoices'] as object[]).map((row) => ({ ...row, currency_code: 'EUR' })) }
          : body,
    });
    const server = await start({ on: sandbox, at: zoho });
    closers.push(
      () => sandbox.close(),
      () => zoho.close(),
    );
    expect(await refused(server, { customer: seed.bowman, amount: 50, allocate: 'oldest_first' }, 'invoice_currency')).toContain(
      'is in EUR, the payment in USD',
    );
  });

  it('asks if the payment is more than the balances, and records nothing if the user declines', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: asked.length > 1 } }),
    });
    const args = { customer: 'Bowman', amount: 500, invoices: ['INV-385'] };
    await refused(server, args, 'declined');
    expect(asked[0]).toContain('Apply USD 450.00 to Invoice "INV-385": USD 450.00 open before, USD 0.00 after');
    expect(asked[0]).toContain('Not applied, stays as unused credit: USD 50.00');
    // The server remembers the no for this write, even if another tool or other arguments ask for the same.
    for (const same of [
      args,
      { ...args, reference_number: 'said otherwise' },
      { ...args, customer: seed.bowman },
      { ...args, invoices: ['inv-385'] },
    ])
      await refused(server, same, 'declined');
    expect(asked).toHaveLength(1);
    await recorded(server, { ...args, amount: 501 });
  });
});

describe('record_customer_payment with mode, account and date', () => {
  it('requires the exchange rate for a foreign currency', async () => {
    const server = await start();
    expect(await refused(server, { customer: 'Möbelhaus', amount: 100, allocate: 'as_credit' }, 'exchange_rate_missing')).toContain(
      'USD per EUR',
    );
    await recorded(server, { customer: 'Möbelhaus', amount: 100, allocate: 'as_credit', exchange_rate: 1.08 });
    expect(await sentBy(server)).toMatchObject([{ exchange_rate: 1.08 }]);
  });

  it("compares the given currency with the customer's currency, and asks about a rate of 1", async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const text = await refused(
      server,
      { customer: 'Möbelhaus', amount: 100, currency: 'USD', allocate: 'as_credit', exchange_rate: 1.08 },
      'wrong_currency',
    );
    expect(text).toContain("this customer's currency in Zoho is EUR");
    await recorded(server, { customer: 'Möbelhaus', amount: 100, currency: 'eur', allocate: 'as_credit', exchange_rate: 1.08 });
    expect(asked).toEqual([]);
    await recorded(server, { customer: 'Möbelhaus', amount: 101, allocate: 'as_credit', exchange_rate: 1 });
    expect(asked[0]).toContain('an exchange rate of exactly 1 is rarely right');
  });

  it("uses today in the organization's time zone if no date is given", async () => {
    const server = await start({ sandbox: { now: () => new Date('2026-07-02T03:59:00Z') } });
    await recorded(server, { customer: 'Bowman Furniture', amount: 10, allocate: 'as_credit', date: undefined });
    expect(await sentBy(server)).toMatchObject([{ date: '2026-07-01' }]);
    const later = await start({ sandbox: { now: () => new Date('2026-07-02T04:01:00Z') } });
    await recorded(later, { customer: 'Bowman Furniture', amount: 10, allocate: 'as_credit', date: undefined });
    expect(await sentBy(later)).toMatchObject([{ date: '2026-07-02' }]);
  });

  it("does not guess today's date", async () => {
    const server = await start({
      sandbox: { scopes: ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ', 'ZohoBooks.invoices.READ'] },
    });
    await refused(server, { customer: 'Bowman Furniture', amount: 10, allocate: 'as_credit', date: undefined }, 'date_needed');
  });

  it('compares the given currency with the invoice if the scopes hide customers; without an invoice it reports "not checked"', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (question) => (asked.push(question), { action: 'decline' }),
      sandbox: { scopes: ['customerpayments.ALL', 'invoices.READ', 'banking.READ', 'settings.READ'].map((one) => `ZohoBooks.${one}`) },
    });
    await refused(server, { amount: 10, currency: 'euros', invoices: ['INV-385'] }, 'wrong_currency');
    await refused(server, { customer: seed.aoyamaInYen, amount: 1000, currency: 'USD', allocate: 'as_credit' }, 'declined');
    expect(asked.at(-1)).toContain('Not checked: that the customer pays in "USD", as the user said');
    await refused(server, { customer: seed.bowman, amount: 10, currency: '$', invoices: ['INV-385'] }, 'declined');
    expect(asked.at(-1)).not.toContain('as the user said');
  });

  it('finds the account by name, and does not guess if the account is closed or several accounts fit', async () => {
    const server = await start();
    const args = { customer: 'Bowman Furniture', amount: 10, allocate: 'as_credit' };
    expect(await refused(server, { ...args, account: 'Old Checking' }, 'no_such_account')).toContain(
      `"Business Checking" (id 712345000000000361)`,
    );
    await refused(server, { ...args, account: '712345000000000370' }, 'account_closed');
    await refused(server, { ...args, account: '&' }, 'no_such_account');
    await recorded(server, { ...args, account: 'petty cash' });
    expect(await sentBy(server)).toMatchObject([{ account_id: seed.pettyCash }]);
  });

  it('accepts a customer id even if the scopes hide customers', async () => {
    const server = await start({ sandbox: { scopes: ['ZohoBooks.customerpayments.ALL'] } });
    const result = await recorded(server, { customer: seed.bowman, amount: 10, allocate: 'as_credit' });
    expect(textOf(result)).toContain('Not checked: the customer');
  });
});

describe('record_customer_payment records one request once', () => {
  const args = { customer: 'Bowman Furniture', amount: 400, allocate: 'oldest_first' };

  it('it answers the same call and idempotency key from the journal, even after the balances have changed', async () => {
    const server = await start();
    const first = await recorded(server, { ...args, idempotency_key: 'receipt 17' });
    await recorded(server, { customer: 'Bowman', amount: 1235.5, invoices: ['INV-386'] });
    await forgetRequests(server.sandbox);
    const again = await recorded(server, { ...args, idempotency_key: 'receipt 17' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true, payment: first.structuredContent['payment'] });
    expect(await requestsTo(server.sandbox)).toEqual([]);
  });

  it('it treats a repeated call without a key as a possible duplicate', async () => {
    const server = await start();
    await recorded(server, args);
    const again = await record(server, args);
    expect(errorOf(again)).toMatchObject({ code: 'suspected_duplicate', changed: 'no' });
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('it finds a payment whose answer was lost, and a second call finds the same payment', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, {
      match: { method: 'GET', path: '^/customerpayments$', query: { sort_column: 'created_time' } },
      fault: 'status',
      status: 503,
      skip: 1,
      times: 99,
    });
    await fault(server.sandbox, { match: posts, fault: 'drop_after' });
    const { payments } = (await booksOf(server.sandbox)).counts;
    const lost = await record(server, args);
    expect(lost.structuredContent).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown', changed: 'unknown' } });
    await fetch(`${server.sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
    // The plan would be different now. The intent is the digest of the arguments, not of the plan.
    const found = await recorded(server, args);
    expect(found.structuredContent).toMatchObject({ outcome: 'recorded', payment: { amount: 400 } });
    expect(await writesTo(server)).toHaveLength(1);
    expect((await booksOf(server.sandbox)).counts.payments).toBe(payments + 1);
  });

  it('it refuses the same key for another request, and names the arguments that changed', async () => {
    const server = await start();
    await recorded(server, { ...args, idempotency_key: 'k' });
    const other = await record(server, { ...args, customer: 'Bowman Furnishings', allocate: 'as_credit', idempotency_key: 'k' });
    expect(errorOf(other)).toMatchObject({ code: 'key_reused', changed: 'no' });
    expect(textOf(other)).toContain('its allocate, customer were different');
    const endpoint = await server.call('create_customer_payment', { customer_id: seed.bowman, ...cash, amount: 400, idempotency_key: 'k' });
    expect(textOf(endpoint)).toContain('it was a call of record_customer_payment');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('list_writes finds the payment by the name of the called tool or of the endpoint, and says so if a tool has no writes', async () => {
    const server = await start();
    await recorded(server, args);
    for (const tool of ['record_customer_payment', 'create_customer_payment']) {
      expect((await server.call('list_writes', { tool })).structuredContent['writes'], tool).toMatchObject([
        { outcome: 'recorded', tool: 'create_customer_payment' },
      ]);
    }
    expect((await server.call('list_writes', { tool: 'refund_customer_payment' })).structuredContent['writes']).toEqual([]);
    const strange = await server.call('list_writes', { tool: 'record_payment' });
    expect(errorOf(strange)).toMatchObject({ code: 'invalid_arguments' });
    expect(textOf(strange)).toContain('record_customer_payment');
    expect(errorOf(await server.call('list_writes', { customer_id: 'Bowman' }))).toMatchObject({ code: 'invalid_arguments' });
  });

  it('it keeps the chosen customer if the approved write was not sent and the server asks again', async () => {
    const server = await start();
    const call = {
      endpoint: createCustomerPayment,
      workflow: recordCustomerPayment,
      input: { ...cash, customer: 'Bowman', amount: 3000, allocate: 'oldest_first' },
      allowDuplicateOf: [],
    };
    const { road } = server.opened;
    const go = async (person: Omit<Person, 'canBeAsked'>, fenceMs = road.timings.fenceMs) =>
      await perform({ ...call, person: { canBeAsked: true, ...person } }, { ...road, mode: 'ask', timings: { ...road.timings, fenceMs } });
    const asked = (performed: Performed) => (performed as { state: string }).state;
    const chosen = await go({ choice: seed.bowman, state: asked(await go({})) });
    const approved = { answer: 'approved', state: asked(chosen) } as const;
    await expect(go(approved, -1)).rejects.toMatchObject({ changed: 'no' });
    const again = await go(approved);
    expect(again.kind).toBe('ask');
    expect((await go({ answer: 'approved', state: asked(again) })).kind).toBe('done');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('it records one payment for two identical calls at the same time', async () => {
    const server = await start();
    const both = await Promise.all([record(server, args), record(server, args)]);
    expect(both.map(({ structuredContent }) => structuredContent['replayed']).toSorted()).toEqual([false, true]);
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('it sees payments that others recorded in the meantime, because it uses no cached data', async () => {
    const server = await start();
    await refused(server, { customer: 'Bowman Furniture', amount: 100 }, 'allocation_needed');
    const other = await start({ on: server.sandbox });
    await recorded(other, { customer: 'Bowman Furniture', amount: 50, invoices: ['INV-384'] });
    await recorded(server, { customer: 'Bowman Furniture', amount: 100, allocate: 'oldest_first' });
    expect((await sentBy(server))[1]).toMatchObject({ invoices: [{ amount_applied: 100 }] });
    expect((await sentBy(server))[1]).not.toMatchObject({ invoices: [{ invoice_id: seed.sampleInvoice }] });
  });
});

describe('the policy applies to record_customer_payment', () => {
  const args = { customer: 'Bowman Furniture', amount: 100, allocate: 'as_credit' };

  it.each<[string, HarnessOptions['policy'], Record<string, unknown>]>([
    ['a tool that is not allowed', { allowed_tools: ['create_customer_payment'] }, {}],
    ['writes in read-only mode', { read_only: true }, {}],
    ['an amount above the limit', { max_amount: { per_write: { USD: 99 } } }, {}],
    ['an amount above the limit of a day', { max_amount: { per_day: { USD: 99 } } }, {}],
    ['a date that is too early', { earliest_date: '2026-07-01' }, {}],
    ['an account that is not allowed, given by name', { allowed_account_ids: ['712345000000000361'] }, { account: 'Petty Cash' }],
    ['a call without an account', { allowed_account_ids: ['712345000000000361'] }, {}],
  ])('refuses %s', async (_, policy, more) => {
    const server = await start({ policy, tools: everyTool });
    await refused(server, { ...args, ...more }, 'against_policy');
  });

  it('allows the listed tool, and the listed account by name', async () => {
    const server = await start({
      policy: { allowed_tools: ['record_customer_payment'], allowed_account_ids: [seed.pettyCash] },
      tools: everyTool,
    });
    await recorded(server, { ...args, account: 'petty' });
    expect(
      errorOf(await server.call('create_customer_payment', { customer_id: seed.bowman, ...cash, amount: 7, account_id: seed.pettyCash })),
    ).toMatchObject({ code: 'against_policy' });
  });

  it('offers neither this tool nor the refund tool in read-only mode', () => {
    const named = (policy: object, readOnly = false) =>
      toolsFor({ ...readConfig({}), readOnly, policy })
        .workflows.filter(isWrite)
        .map(({ name }) => name);
    expect(named({})).toEqual(['record_customer_payment', 'record_customer_payments', 'refund_customer_payment']);
    expect(named({}, true)).toEqual([]);
    expect(named({ read_only: true })).toEqual([]);
    expect(named({ allowed_tools: ['refund_customer_payment'] })).toEqual(['refund_customer_payment']);
  });

  it('in strict mode records nothing that needs a confirmation if no user can confirm', async () => {
    const server = await start({ confirm: 'strict' });
    await refused(server, { customer: 'Bowman', amount: 500, invoices: ['INV-385'] }, 'consent_unavailable');
    await refused(server, { customer: 'Bowman', amount: 500, allocate: 'as_credit' }, 'ambiguous_customer');
  });

  it('a client that cannot ask gets the preview, and its approval is valid only for this payment', async () => {
    const server = await start({ confirm: 'ask' });
    const args = { customer: 'Bowman', amount: 500, invoices: ['INV-385'] };
    const preview = await record(server, args);
    expect(errorOf(preview).code).toBe('approval_needed');
    const { approval } = preview.structuredContent as { approval: string };
    expect(errorOf(await record(server, { ...args, amount: 501, approval })).code).toBe('approval_needed');
    expect(await writesTo(server)).toEqual([]);
    await recorded(server, { ...args, approval });
  });
});
