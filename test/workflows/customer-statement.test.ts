import { describe, expect, it } from 'vitest';
import { forgetRequests, requestsTo, seed } from '../support/books.ts';
import { kinds, textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { recordedZoho, recordings } from '../support/recorded.ts';
import { servers } from '../support/servers.ts';

/** The statement of a customer: open invoices, unused credit, last payments and refunds. */

const start = servers();

async function statement(server: Harness, customer: string): Promise<ToolResult> {
  const result = await server.call('customer_statement', { customer });
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|\[object/);
  return result;
}

/** 1 July 2026 in New York, and already 2 July in Europe. */
const now = () => new Date('2026-07-02T02:00:00Z');

describe.each(kinds)('customer_statement, called by the client of the %s', (kind) => {
  it('shows open invoices by age, unused credit, last payments and refunds, without drafts and void invoices', async () => {
    const server = await start({ kind, sandbox: { now } });
    const result = await statement(server, 'bowman furniture');
    expect(result.structuredContent).toMatchObject({
      customer_id: seed.bowman,
      currency_code: 'USD',
      date: '2026-07-01',
      open: { count: 4, totals: [{ currency_code: 'USD', amount: 2085.5 }] },
      credit: { count: 3, total: 400.4 },
      outstanding_by_zoho: 2085.5,
    });
    expect(textOf(result).split('\n').slice(0, 8)).toEqual([
      'Statement of "Bowman Furniture" (id 903000000000099), 2026-07-01: ' +
        'owes USD 2085.50 on 4 open invoices; has USD 400.40 unused on 3 payments.',
      'Days past due: current: USD 450.00 (1), 61-90: USD 1585.50 (2), over 90: USD 50.00 (1).',
      'Open invoices:',
      'INV-384 (id 90300000079426) | due 2016-07-05, 3648 days past due | USD 50.00 open of USD 450.00',
      expect.stringMatching(/^INV-900079 \(id \d+\) \| due 2026-04-27, 65 days past due \| USD 305\.00 open$/),
      'INV-386 (id 712345000000079386) | due 2026-05-01, 61 days past due | USD 1280.50 open',
      'INV-385 (id 712345000000079385) | due 2030-06-30 | USD 450.00 open',
      'Unused credit:',
    ]);
    expect(result.structuredContent['last']).toHaveLength(10);
    expect(textOf(result)).toContain(
      '2026-03-25 | refund (refund_id 712345000000101120) of payment #359 (id 712345000000101118) | USD 150.35 | banktransfer',
    );
    expect(textOf(result)).not.toContain('INV-387');
    expect(textOf(result)).not.toContain('INV-388');
    expect(textOf(result)).not.toContain('Zoho itself');
  });
});

describe('the age of an invoice', () => {
  it.each([
    ['2026-05-01T12:00:00Z', 'current: USD 1730.50 (2)'],
    ['2026-05-02T12:00:00Z', '1-30: USD 1585.50 (2)'],
    ['2026-05-31T12:00:00Z', '1-30: USD 1280.50 (1)'],
    ['2026-06-01T12:00:00Z', '31-60: USD 1585.50 (2)'],
    ['2026-07-01T03:00:00Z', '31-60: USD 1280.50 (1)'],
    ['2026-07-01T12:00:00Z', '61-90: USD 1585.50 (2)'],
    ['2026-07-31T12:00:00Z', 'over 90: USD 1635.50 (3)'],
  ])('is the number of days past its due date: %s, %s', async (at, age) => {
    const server = await start({ sandbox: { now: () => new Date(at) } });
    expect(textOf(await statement(server, seed.bowman))).toContain(age);
  });
});

it("customer_statement shows amounts in the customer's currency", async () => {
  const server = await start();
  expect(textOf(await statement(server, 'Möbelhaus'))).toContain(
    'owes EUR 3094.19 on 3 open invoices; has EUR 109.50 unused on 1 payment.',
  );
  const yen = textOf(await statement(server, '青山デザイン'));
  expect(yen).toMatch(/has JPY \d+ unused/);
  expect(yen).not.toMatch(/USD|EUR/);
});

it('customer_statement offers no complete call to apply or refund credit, because the user chooses the credit and the invoice', async () => {
  const server = await start();
  const result = await statement(server, 'Möbelhaus');
  expect(textOf(result)).toContain('has EUR 109.50 unused');
  expect(result.structuredContent['next']).toEqual([
    { say: 'to apply credit: update_customer_payment with payment_id and invoices', tool: 'update_customer_payment' },
    { say: 'to refund credit: refund_customer_payment', tool: 'refund_customer_payment' },
  ]);
  expect(textOf(result).split('\n').at(-1)).toBe(
    'Next: to apply credit: update_customer_payment with payment_id and invoices · to refund credit: refund_customer_payment',
  );
});

it('customer_statement shows text from records as data', async () => {
  const server = await start();
  const text = textOf(await statement(server, 'Sunny Side'));
  expect(text).toContain(String.raw`ref "\"50%_off\" 🎉 \\ '"`);
  expect(text.split('\n').filter((line) => line.startsWith('Next:'))).toHaveLength(1);
});

it('customer_statement asks if several customers fit a name, and offers similar names if no customer fits', async () => {
  const server = await start();
  expect((await server.call('customer_statement', { customer: 'Summit' })).structuredContent).toMatchObject({
    error: { code: 'ambiguous_customer' },
  });
  const nobody = await server.call('customer_statement', { customer: 'Kestral Architects' });
  expect(nobody.structuredContent).toMatchObject({ error: { code: 'ambiguous_customer' } });
  expect(textOf(nobody)).toContain('"Kestrel Architects", "Chicago"');
});

describe('customer_statement, if the scopes hide data', () => {
  it('lists the hidden data under "Not shown"', async () => {
    const server = await start({ sandbox: { scopes: ['ZohoBooks.customerpayments.READ'] } });
    const result = await statement(server, seed.bowman);
    expect(textOf(result)).toContain('has USD 400.40 unused on 3 payments.');
    expect(textOf(result)).toContain(
      "Not shown: Zoho's own figure of what is owed (needs the scope ZohoBooks.contacts.READ); " +
        'open invoices (needs the scope ZohoBooks.invoices.READ); ' +
        'the age of the invoices (needs the scope ZohoBooks.settings.READ).',
    );
    expect(textOf(result)).not.toMatch(/owes|past due/);
  });

  it('returns an error if the scopes hide everything', async () => {
    const server = await start({ sandbox: { scopes: ['ZohoBooks.contacts.READ'] } });
    expect((await server.call('customer_statement', { customer: seed.bowman })).structuredContent).toMatchObject({
      error: { code: 'scope_missing', changed: 'no' },
    });
  });
});

describe("customer_statement, compared with Zoho's own totals", () => {
  const contact = {
    contact_id: seed.bowman,
    contact_name: 'Bowman Furniture',
    contact_type: 'customer',
    currency_code: 'USD',
    outstanding_receivable_amount: 80.1,
    unused_credits_receivable_amount: 30,
  };
  const invoice = {
    customer_id: seed.bowman,
    status: 'sent',
    total: 60,
    balance: 60.2,
    date: '2026-06-01',
    due_date: '2026-06-01',
    invoice_number: 'INV-1',
    currency_code: 'USD',
  };
  const at = async (invoices: object[], payments: object[] = []) => {
    const zoho = await recordedZoho({
      ...recordings['as on the older refunds page'],
      'GET /contacts/ID': [200, { code: 0, contact }],
      'GET /invoices': [200, { code: 0, invoices }],
      'GET /customerpayments': [200, { code: 0, customerpayments: payments }],
    });
    const server = await start({ at: zoho });
    return { server, close: () => zoho.close() };
  };

  it("shows Zoho's totals next to its own, with the exact difference", async () => {
    const { server, close } = await at([
      { ...invoice, invoice_id: '1' },
      { ...invoice, invoice_id: '2', balance: 40.1 },
    ]);
    const text = textOf(await statement(server, seed.bowman));
    expect(text).toContain('owes USD 100.30 on 2 open invoices');
    expect(text).toContain(
      "Zoho's own figure: USD 80.10 owed, USD 20.20 less than above. Possible reason: credit notes, an opening balance or journal entries.",
    );
    expect(text).toContain("Zoho's own figure: USD 30.00 unused credit, USD 30.00 more than above");
    await close();
  });

  it("ignores other customers' records, drafts and void invoices, even if Zoho returns them", async () => {
    const strangers = [
      { ...invoice, invoice_id: '1', customer_id: '42' },
      { ...invoice, invoice_id: '2', status: 'draft' },
      { ...invoice, invoice_id: '3', status: 'void' },
    ];
    const { server, close } = await at(strangers, [
      { payment_id: '7', customer_id: '42', amount: 5, unused_amount: 5, date: '2026-06-01' },
    ]);
    expect(textOf(await statement(server, seed.bowman))).toMatch(/owes nothing on invoices; no unused credit\.\n/);
    await close();
  });

  it('does not add amounts in different currencies', async () => {
    const { server, close } = await at([
      { ...invoice, invoice_id: '1', balance: 10 },
      { ...invoice, invoice_id: '2', balance: 20, currency_code: 'EUR' },
    ]);
    expect(textOf(await statement(server, seed.bowman))).toContain('owes EUR 20.00 and USD 10.00 on 2 open invoices');
    await close();
  });

  it('counts invoices in an unknown currency, and does not omit them', async () => {
    const { currency_code: _, ...bare } = { ...invoice, invoice_id: '1' };
    const zoho = await recordedZoho({
      ...recordings['as on the older refunds page'],
      'GET /contacts/ID': [200, { code: 0, contact: { ...contact, currency_code: '' } }],
      'GET /invoices': [200, { code: 0, invoices: [bare] }],
      'GET /customerpayments': [200, { code: 0, customerpayments: [] }],
    });
    const server = await start({ at: zoho });
    const text = textOf(await statement(server, seed.bowman));
    expect(text).toContain('owes on 1 open invoice, in an unknown currency;');
    expect(text).not.toMatch(/Zoho's own figure: .* owed/);
    await zoho.close();
  });

  it('says what a long statement does not show, and includes it in the totals', async () => {
    const many = Array.from({ length: 150 }, (_, n) => ({
      ...invoice,
      invoice_id: String(10_000_000_000 + n),
      invoice_number: `請求書-${'長'.repeat(30)}-${n}`,
    }));
    const payments = Array.from({ length: 150 }, (_, n) => ({
      payment_id: String(20_000_000_000 + n),
      payment_number: String(n),
      customer_id: seed.bowman,
      amount: 5,
      unused_amount: 5,
      date: '2026-06-01',
      reference_number: '長'.repeat(50),
      bcy_refunded_amount: 1,
      last_modified_time: '2026-06-01T00:00:00-0400',
    }));
    const { server, close } = await at(many, payments);
    const result = await statement(server, seed.bowman);
    expect(Buffer.byteLength(textOf(result))).toBeLessThan(20_000);
    expect(textOf(result)).toContain('owes USD 9030.00 on 150 open invoices; has USD 750.00 unused on 150 payments.');
    expect(textOf(result)).toContain('and 70 newer invoices (in the totals above).');
    expect(textOf(result)).toContain('and 130 older payments (in the total above).');
    expect(textOf(result)).toContain('Refunds of 140 payments whose last change is older were not read. find_refunds finds these refunds.');
    await close();
  });
});

it('customer_statement answers a repeated call from the cache until something is written', async () => {
  const server = await start();
  await statement(server, 'Bowman Furniture');
  await forgetRequests(server.sandbox);
  await statement(server, 'Bowman Furniture');
  expect(await requestsTo(server.sandbox)).toEqual([]);
  await server.call('create_customer_payment_refund', {
    customer_payment_id: seed.paymentWithUnused,
    from_account_id: seed.pettyCash,
    date: '2026-07-02',
    amount: 30,
  });
  const after = await statement(server, 'Bowman Furniture');
  expect(textOf(after)).toContain('has USD 370.40 unused');
  expect(textOf(after)).toContain('2026-07-02 | refund');
});
