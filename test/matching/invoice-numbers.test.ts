import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { booksOf, forgetRequests, requestsTo, seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Numbers of invoices and retainer invoices, in the forms that people write. */

const start = servers();
const cash = { payment_mode: 'cash', date: '2026-06-30' };
const record = (server: Harness, args: Record<string, unknown>) => server.call('record_customer_payment', { ...cash, ...args });
const codeOf = (result: ToolResult) => (result.structuredContent['error'] as { code: string } | undefined)?.code;

/** Books whose invoices have these numbers, in a Zoho that finds only exact text. */
async function booksWith(numbers: readonly string[]): Promise<Harness> {
  const sandbox = await startSandbox();
  const rows = numbers.map((invoice_number, i) => ({
    invoice_id: [seed.openInvoice, seed.overdueInvoice][i],
    invoice_number,
    customer_id: seed.bowman,
    customer_name: 'Bowman Furniture',
    status: 'sent',
    currency_code: 'USD',
    balance: 50,
    total: 50,
    date: '2026-06-01',
    due_date: '2026-06-30',
  }));
  const zoho = await altered(sandbox, {
    body(body, query, path) {
      if (path !== '/invoices') return body;
      const [exact, part] = [query.get('invoice_number'), query.get('invoice_number_contains')];
      const invoices = rows.filter(
        ({ invoice_number }) =>
          (!exact || invoice_number.toLowerCase() === exact.toLowerCase()) &&
          (!part || invoice_number.toLowerCase().includes(part.toLowerCase())),
      );
      return { code: 0, invoices, page_context: { page: 1, per_page: 200, has_more_page: false } };
    },
  });
  const server = await start({ on: sandbox, at: zoho });
  closers.push(
    () => sandbox.close(),
    () => zoho.close(),
  );
  return server;
}

const invoiceBy = async (server: Harness, invoice: string) => {
  const result = await server.call('find_payments', { invoice });
  return (result.structuredContent['invoice'] as { invoice_number: string } | undefined)?.invoice_number ?? codeOf(result);
};

describe('an invoice is found by its number', () => {
  it.each([
    'INV-385',
    ' INV-385 ',
    'INV-385\r\n',
    '\u00a0INV-385\u00a0',
    'INV\u00a0385',
    'INV-385.',
    'INV-385,',
    'INV-385;',
    '(INV-385)',
    '[INV-385]',
    '"INV-385"',
    '“INV-385”',
    '«INV-385»',
    "'INV-385'",
    '#INV-385',
    '# INV-385',
    'inv-385',
    'Inv. 385',
    'INV 385',
    'inv385',
    'INV#385',
    'INV - 385',
    'INV\u2011385',
    'INV\u2013385',
    'INV\u2212385',
    'ＩＮＶ－３８５',
    'INV\u200b-\u2060385\ufeff',
    'INV\u00ad-385',
    'invoice INV-385',
    'Invoice: INV-385',
    'invoice #INV-385',
    'invoice no. INV-385',
    'Invoice number INV-385.',
    'no. INV-385',
    'Nr. INV-385',
    'Rechnung INV-385',
    'Rechnungs-Nr. INV-385',
    'facture n° INV-385',
    '№385',
    'invoice №385',
    'Nº385',
    'the invoice (INV-385).',
  ])('written as %j', async (invoice) => {
    const server = await start();
    const result = await record(server, { customer: 'Bowman', amount: 450, invoices: [{ invoice }] });
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(textOf(result)).toContain(`Applied: INV-385 (id ${seed.openInvoice}) USD 450.00, now paid.`);
    expect(await invoiceBy(server, invoice)).toBe('INV-385');
  });

  it.each([
    [['INV-384', '384'], '384', '384'],
    [['INV-384', '384'], 'invoice 384', '384'],
    [['INV-384', 'INV 384'], 'INV 384', 'INV 384'],
    [['INV-384', 'INV-000384'], 'INV 384', 'INV-384'],
    [['RE-2024-001', '2024-001'], 'RE 2024-001', 'RE-2024-001'],
    [['RE-2024-001'], 'Rechnung 2024-001', 'no_such_invoice'],
    [['2024/17', 'A-17'], 'invoice 2024/17', '2024/17'],
    [['2024/17'], '2024-17', '2024/17'],
    [['INV-38-4'], 'INV-384', 'no_such_invoice'],
    // People say only the last digits.
    [['INV-000384', 'INV-001384'], 'invoice 384', 'INV-000384'],
    [['INV-384', 'OLD-384'], '#384', 'ambiguous_invoice'],
    [['INV-384', 'inv384'], 'INV/384', 'ambiguous_invoice'],
    // Zeros make a different number.
    [['INV-384'], 'INV-0384', 'no_such_invoice'],
    [['INV-0384'], 'INV-384', 'no_such_invoice'],
    [['INV-384', 'INV-0384'], '0384', 'INV-0384'],
    [['INV-384'], '(-)', 'no_such_invoice'],
  ])('among %j: typed %s, found %s', async (numbers, typed, found) => {
    const server = await booksWith(numbers);
    expect(await invoiceBy(server, typed)).toBe(found);
  });

  it('but a number with other zeros is only suggested, and nothing is recorded', async () => {
    const server = await start();
    const result = await record(server, { customer: 'Bowman', amount: 450, invoices: ['INV-00385'] });
    expect(codeOf(result)).toBe('no_such_invoice');
    expect(textOf(result)).toContain('which of these is meant, if any: INV-385 of "Bowman Furniture"');
    expect(await writesTo(server)).toEqual([]);
  });

  it('in list_invoices and completions in the same forms', async () => {
    const server = await start();
    for (const invoice_number of [' INV-385.', '#inv-385', '(INV\u2011385)'])
      expect((await server.call('list_invoices', { invoice_number })).structuredContent['invoices'], invoice_number).toMatchObject([
        { invoice_id: seed.openInvoice },
      ]);
    const complete = async (value: string) =>
      (
        await (server.ownClient as Client).complete({
          ref: { type: 'ref/prompt', name: 'record_payment' },
          argument: { name: 'invoice', value },
          context: { arguments: { customer: 'Bowman Furniture' } },
        })
      ).completion.values;
    for (const typed of ['inv-385', 'INV 385', '#385', 'invoice 385', '(INV\u2011385'])
      expect(await complete(typed), typed).toEqual(['INV-385']);
    expect(await complete('ret')).toEqual(['RET-00001']);
  });
});

describe('a wrong invoice number', () => {
  const candidates = (result: ToolResult) => [...textOf(result).matchAll(/(\S+) of "([^"]+)" \(id \d+\)/g)].map(([, , name]) => name);

  it('leads to candidates of the named customer only', async () => {
    const server = await start();
    for (const [customer, invoice] of [
      ['Bowman Furniture', 'INV-399'],
      ['Bowman Furniture', 'INV-77777'],
      [seed.bowman, 'INV-39'],
      ['Acme Corp', 'INV-88'],
    ] as const) {
      const result = await record(server, { customer, amount: 5, invoices: [invoice] });
      if (codeOf(result) === 'invoice_of_another_customer') continue;
      expect(codeOf(result), textOf(result)).toBe('no_such_invoice');
      const names = candidates(result);
      expect(names.length, invoice).toBeGreaterThan(0);
      expect(new Set(names), invoice).toEqual(new Set([customer === 'Acme Corp' ? 'Acme Corp' : 'Bowman Furniture']));
    }
  });

  it('leads to candidates of the customer who has another invoice in the call', async () => {
    const server = await start();
    const result = await record(server, { amount: 500, invoices: ['INV-385', 'INV-3860'] });
    expect(codeOf(result)).toBe('no_such_invoice');
    expect(new Set(candidates(result))).toEqual(new Set(['Bowman Furniture']));
  });
});

describe('a retainer invoice', () => {
  const paid = { customer: 'Bowman Furniture', amount: 750, invoices: ['RET-00001'] };

  it.each(['RET-00001', 'ret-00001.', '#RET-00001', 'RET 00001', 'retainer RET-00001', 'Retainer invoice 1', seed.retainer])(
    'is found by %s and paid; the result names the retainer invoice and shows no unused credit',
    async (invoice) => {
      const server = await start();
      const result = await record(server, { ...paid, invoices: [{ invoice }] });
      expect(result.isError, textOf(result)).toBeFalsy();
      expect((await writesTo(server)).map(({ body }) => body)).toEqual([
        { customer_id: seed.bowman, ...cash, amount: 750, retainerinvoice_id: seed.retainer },
      ]);
      expect(textOf(result)).toContain(`Paid: retainer invoice "RET-00001" (id ${seed.retainer}), USD 750.00.`);
      expect(textOf(result)).not.toMatch(/unused|credit|no invoice|apply the rest/i);
      expect((await booksOf(server.sandbox)).problems).toEqual([]);
    },
  );

  it.each(['retainer 385', 'Retainer invoice no. 385', 'RET 385', 'retainer INV-385', 'retainer 00385'])(
    'is not another invoice with the same digits: typed as %s',
    async (invoice) => {
      const server = await start();
      const result = await record(server, { customer: 'Bowman Furniture', amount: 450, invoices: [{ invoice }] });
      expect(codeOf(result), textOf(result)).toBe('no_such_invoice');
      expect(textOf(result)).toContain('There is no retainer invoice');
      const applied = await server.call('create_customer_payment', {
        ...cash,
        customer_id: seed.bowman,
        amount: 450,
        invoices: [{ invoice_id: invoice, amount_applied: 450 }],
      });
      expect(codeOf(applied), textOf(applied)).toBe('no_such_invoice');
      expect(await writesTo(server)).toEqual([]);
    },
  );

  it('is not searched if an invoice number only begins like a retainer number', async () => {
    const server = await booksWith(['RET-77', 'INV-78']);
    expect(await invoiceBy(server, 'ret 77')).toBe('RET-77');
    expect(await invoiceBy(server, 'retainer 78')).toBe('no_such_invoice');
  });

  it('is named in the question to the user, and the call needs no customer', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      policy: { ask_above: { USD: 1 } },
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    });
    const result = await record(server, { amount: 750, invoices: ['RET-00001'] });
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(asked[0]).toContain('Pays Retainer invoice "RET-00001" in full');
    expect(asked[0]).not.toContain('unused credit');
  });

  it('is found with few calls to Zoho', async () => {
    const server = await start();
    await forgetRequests(server.sandbox);
    await record(server, paid);
    const paths = (await requestsTo(server.sandbox)).map(({ path }) => path.replace('/books/v3', '').replaceAll(/\d{9,}/g, 'ID'));
    expect(paths.filter((path) => path === '/retainerinvoices')).toHaveLength(2);
    expect(paths.filter((path) => path.startsWith('/invoices'))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['to be paid partly', { amount: 700 }, 'retainer_in_part', 'USD 750.00 is open'],
    ['to be paid with more than its balance', { amount: 800 }, 'retainer_in_part', 'can only be paid in full'],
    [
      'to be paid with a part of the payment',
      { invoices: [{ invoice: 'RET-00001', amount: 700 }] },
      'retainer_in_part',
      'USD 700.00 is given for it',
    ],
    ['to be paid together with an invoice', { invoices: ['RET-00001', 'INV-385'] }, 'invalid_arguments', 'a separate payment'],
    ['to be paid by another customer', { customer: 'Acme Corp' }, 'invoice_of_another_customer', 'belongs to "Bowman Furniture"'],
    ['to be paid together with as_credit', { allocate: 'as_credit' }, 'invalid_arguments', 'Both'],
    ['that does not exist', { invoices: ['RET-00099'] }, 'no_such_invoice', 'Ask the user'],
  ])('is refused: %s', async (_, args, code, words) => {
    const server = await start();
    const result = await record(server, { ...paid, ...args });
    expect(codeOf(result), textOf(result)).toBe(code);
    expect(textOf(result)).toContain(words);
    expect(await writesTo(server)).toEqual([]);
  });

  it('that is already paid causes an error, and its payment can be found', async () => {
    const server = await start();
    await record(server, paid);
    const again = await record(server, { ...paid, amount: 750 });
    expect(codeOf(again)).toBe('invoice_paid');
    expect(textOf(again)).toContain('Retainer invoice "RET-00001" of "Bowman Furniture" is already paid');
    const found = await server.call('find_payments', { invoice: 'RET-00001' });
    expect(textOf(found)).toContain('"RET-00001" is a retainer invoice, of "Bowman Furniture"');
    expect(textOf(found)).toContain(`find_payments {"customer":"${seed.bowman}","amount":750}`);
    const open = textOf(await server.call('find_payments', { invoice: 'RET-00002' }));
    expect(open).toContain('"RET-00002" is a retainer invoice, of "Möbelhaus Lindner GmbH"');
    expect(open).toContain(
      'A retainer invoice is paid with record_customer_payment, or with retainerinvoice_id of create_customer_payment.',
    );
    expect(open).toContain('EUR 1500.00 open');
  });

  it('given by its id to the endpoint causes the same texts', async () => {
    const server = await start();
    const result = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      ...cash,
      amount: 750,
      retainerinvoice_id: seed.retainer,
    });
    expect(textOf(result)).toContain(`Paid: retainer invoice "RET-00001" (id ${seed.retainer})`);
    expect(textOf(result)).not.toMatch(/unused|apply the rest/i);
  });

  it('causes no error in an organization without retainer invoices', async () => {
    const server = await start({
      sandbox: { scopes: ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ', 'ZohoBooks.settings.READ'] },
    });
    expect(codeOf(await record(server, paid))).toBe('scope_missing');
  });
});
