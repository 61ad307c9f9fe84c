import { afterEach, describe, expect, it } from 'vitest';
import { leastScopes } from '../../src/catalogue.ts';
import { altered } from '../support/altered.ts';
import { fault, forgetRequests, requestsTo, seed, writesTo } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions, type ToolResult, errorOf } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Arguments for ids accept the names and numbers that people use. */

const open: { close(): Promise<unknown> }[] = [];
async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness(options);
  open.push(server);
  await server.client.listTools();
  return server;
}
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

const EURO_PAYMENT = '712345000000079507';
const CHECKING = '712345000000000361';
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20' };
const sampleRefund = { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund };
const invoices = (invoice_id: string) => [{ invoice_id, amount_applied: 10 }];
const allScopes = ['customerpayments.ALL', 'contacts.READ', 'invoices.READ', 'banking.READ', 'settings.READ'].map((s) => `ZohoBooks.${s}`);
const without = (scope: string) => ({ sandbox: { scopes: allScopes.filter((one) => !one.includes(scope)) } });

async function done(server: Harness, tool: string, args: Record<string, unknown>): Promise<ToolResult> {
  const result = await server.call(tool, args);
  expect(result.isError ?? false, textOf(result)).toBe(false);
  return result;
}

describe('if a call contains names, the request to Zoho contains the ids', () => {
  it.each<[tool: string, args: Record<string, unknown>, body: Record<string, unknown>]>([
    ['create_customer_payment', { ...payment, account_id: 'Petty Cash' }, { account_id: seed.pettyCash }],
    ['create_customer_payment', { ...payment, account_id: ' petty  cash ' }, { account_id: seed.pettyCash }],
    ['create_customer_payment', { ...payment, account_id: 'checking' }, { account_id: CHECKING }],
    ['create_customer_payment', { ...payment, account_id: seed.pettyCash }, { account_id: seed.pettyCash }],
    ['create_customer_payment', { ...payment, location_id: 'head office' }, { location_id: '460000000038080' }],
    [
      'create_customer_payment',
      { ...payment, account_id: 'Petty Cash', invoices: [...invoices('INV-385'), ...invoices(seed.overdueInvoice)] },
      {
        account_id: seed.pettyCash,
        invoices: [
          { invoice_id: seed.openInvoice, amount_applied: 10 },
          { invoice_id: seed.overdueInvoice, amount_applied: 10 },
        ],
      },
    ],
    ['create_customer_payment', { ...payment, invoices: invoices('inv-385') }, { invoices: invoices(seed.openInvoice) }],
    ['create_customer_payment', { ...payment, invoices: invoices('385') }, { invoices: invoices(seed.openInvoice) }],
    ['create_customer_payment', { ...payment, amount: 750, retainerinvoice_id: 'ret-00001' }, { retainerinvoice_id: seed.retainer }],
    [
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, account_id: 'Business Checking', invoices: invoices('INV-385') },
      { account_id: CHECKING, invoices: expect.arrayContaining([expect.objectContaining({ invoice_id: seed.openInvoice })]) },
    ],
    [
      'update_customer_payment_using_custom_field',
      { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'E-1', upsert: true, ...payment, account_id: 'Savings' },
      { account_id: '712345000000000364' },
    ],
    ['create_customer_payment_refund', { ...refund, from_account_id: 'Petty Cash' }, { from_account_id: seed.pettyCash }],
    ['update_customer_payment_refund', { ...sampleRefund, from_account_id: 'Business Checking' }, { from_account_id: CHECKING }],
  ])('in %s %j', async (tool, args, body) => {
    const server = await start();
    await done(server, tool, args);
    expect((await writesTo(server)).map((one) => one.body)).toEqual([expect.objectContaining(body)]);
  });

  it.each(['bank_charges_account_id', 'tax_account_id'])('in %s, by a name in the chart of accounts', async (name) => {
    const server = await start({ sandbox: { scopes: [...allScopes, 'ZohoBooks.accountants.READ'] } });
    await done(server, 'create_customer_payment', { ...payment, [name]: 'bank fees' });
    await done(server, 'update_customer_payment', { payment_id: seed.paymentWithUnused, [name]: 'Bank Fees and Charges' });
    const id = '712345000000000442';
    expect((await writesTo(server)).map(({ body }) => body)).toEqual([
      expect.objectContaining({ [name]: id }),
      expect.objectContaining({ [name]: id }),
    ]);
  });
});

describe('reads accept an invoice number instead of the id', () => {
  it.each([
    ['get_invoice', 'INV-385'],
    ['get_invoice', '385'],
    ['get_invoice', seed.openInvoice],
    ['list_invoice_payments', 'inv-384'],
  ])('in %s %s', async (tool, invoice_id) => {
    const server = await start();
    const byId = await done(server, tool, { invoice_id: tool === 'get_invoice' ? seed.openInvoice : seed.sampleInvoice });
    expect(textOf(await done(server, tool, { invoice_id }))).toBe(textOf(byId));
  });

  it('in the URI of a resource', async () => {
    const server = await start();
    const { contents } = await server.client.readResource({ uri: 'zoho-books://invoices/INV-385' });
    expect(JSON.parse(contents[0]?.text ?? '')).toMatchObject({ invoice: { invoice_id: seed.openInvoice } });
  });
});

it('a number that is as long as an id is tried first as an id, then as an invoice number', async () => {
  const sandbox = await startSandbox();
  const at = await altered(sandbox, {
    query: (query) => query.get('invoice_number') === '2026000385' && query.set('invoice_number', 'INV-385'),
    body: (body) => JSON.parse(JSON.stringify(body).replaceAll('"INV-385"', '"2026000385"')) as unknown,
  });
  open.push(sandbox, at);
  const server = await start({ on: sandbox, at });
  expect(textOf(await done(server, 'get_invoice', { invoice_id: '2026000385' }))).toContain(`(id ${seed.openInvoice})`);
  await done(server, 'create_customer_payment', { ...payment, invoices: invoices('2026000385') });
  expect((await writesTo(server)).map(({ body }) => body)).toMatchObject([{ invoices: invoices(seed.openInvoice) }]);
  const unknown = await server.call('get_invoice', { invoice_id: '2026000999' });
  expect(textOf(unknown)).toContain('There is no invoice with the id 2026000999.');
});

describe('if a name fits no record or several records', () => {
  it.each<[tool: string, args: Record<string, unknown>, code: string, offered: string[]]>([
    [
      'create_customer_payment',
      { ...payment, account_id: 'Main Account' },
      'no_such_account',
      [`"Petty Cash" (id ${seed.pettyCash})`, 'account_id'],
    ],
    [
      'create_customer_payment',
      { ...payment, account_id: 'Old Checking' },
      'no_such_account',
      ['"Old Checking', 'is closed.', `"Business Checking" (id ${CHECKING})`],
    ],
    ['create_customer_payment', { ...payment, account_id: '1' }, 'no_such_account', [`"Petty Cash" (${seed.pettyCash})`]],
    ['create_customer_payment_refund', { ...refund, from_account_id: 'Till' }, 'no_such_account', [seed.pettyCash, 'from_account_id']],
    ['update_customer_payment_refund', { ...sampleRefund, from_account_id: 'Till' }, 'no_such_account', [seed.pettyCash]],
    [
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, account_id: 'Till' },
      'no_such_account',
      [seed.pettyCash, 'account_id'],
    ],
    ['create_customer_payment', { ...payment, invoices: invoices('ACME-385') }, 'no_such_invoice', [`INV-385`, `(id ${seed.openInvoice})`]],
    ['update_customer_payment', { payment_id: EURO_PAYMENT, invoices: invoices('X-1000000') }, 'no_such_invoice', ['Ask the user']],
    ['get_invoice', { invoice_id: 'ACME-385' }, 'no_such_invoice', [`(id ${seed.openInvoice})`]],
    ['get_invoice', { invoice_id: 'INV-46' }, 'no_such_invoice', ['which of these is meant, if any: INV-000046 of']],
    [
      'get_invoice',
      { invoice_id: '000385' },
      'no_such_invoice',
      ['There is no invoice "000385".', 'which of these is meant, if any: INV-385 of'],
    ],
    ['get_invoice', { invoice_id: 'RET-1' }, 'no_such_invoice', ['There is no retainer invoice "RET-1".', 'if any: RET-00001 of']],
    ['list_invoice_payments', { invoice_id: 'nothing' }, 'no_such_invoice', ['Ask the user']],
    ['create_customer_payment', { ...payment, invoices: invoices('1') }, 'no_such_invoice', []],
    [
      'create_customer_payment',
      { ...payment, location_id: 'Boston' },
      'no_such_location',
      ['"Head Office" (id 460000000038080)', 'location_id'],
    ],
    ['create_customer_payment', { ...payment, location_id: '&' }, 'no_such_location', []],
    [
      'create_customer_payment',
      { ...payment, retainerinvoice_id: 'RET-9' },
      'no_such_retainer',
      [`RET-00001 (id ${seed.retainer})`, 'retainerinvoice_id'],
    ],
    ['create_customer_payment', { ...payment, retainerinvoice_id: '1' }, 'no_such_retainer', []],
    ['create_customer_payment', { ...payment, account_id: '  ' }, 'invalid_arguments', ['account_id must not be empty']],
  ])('%s %j ends with %s, and nothing is written', async (tool, args, code, offered) => {
    const server = await start();
    const result = await server.call(tool, args);
    expect(errorOf(result), textOf(result)).toMatchObject({ code, changed: 'no' });
    for (const text of offered) expect(textOf(result)).toContain(text);
    expect(await writesTo(server)).toEqual([]);
  });

  it('the answer lists several accounts or invoices with their ids', async () => {
    const sandbox = await startSandbox();
    const at = await altered(sandbox, {
      query: (query) => {
        if ((query.get('invoice_number') ?? query.get('invoice_number_contains')) === null) return;
        query.delete('invoice_number');
        query.set('invoice_number_contains', 'INV-38');
      },
      body: (body, _, path) =>
        JSON.parse(
          JSON.stringify(body)
            .replaceAll('"Savings"', '"Petty Cash"')
            .replaceAll(/"invoice_number":"INV-38[56]"/g, path === '/invoices' ? '"invoice_number":"INV-9"' : '$&'),
        ) as unknown,
    });
    open.push(sandbox, at);
    const server = await start({ on: sandbox, at });
    const accounts = await server.call('create_customer_payment', { ...payment, account_id: 'Petty Cash' });
    expect(errorOf(accounts)).toMatchObject({ code: 'ambiguous_account' });
    for (const id of [seed.pettyCash, '712345000000000364']) expect(textOf(accounts)).toContain(`"Petty Cash" (id ${id})`);
    const several = await server.call('create_customer_payment', { ...payment, invoices: invoices('INV-9') });
    expect(errorOf(several), textOf(several)).toMatchObject({ code: 'ambiguous_invoice' });
    for (const id of [seed.openInvoice, seed.overdueInvoice]) expect(textOf(several)).toContain(`(id ${id})`);
    expect(errorOf(several).next).toContain('its id as invoices[0].invoice_id');
    expect(await writesTo(server)).toEqual([]);
  });
});

it.each<[tool: string, args: Record<string, unknown>, scope: string, field: string, byId: Record<string, unknown>]>([
  ['create_customer_payment', { ...payment, account_id: 'Petty Cash' }, 'banking', 'account_id', { account_id: seed.pettyCash }],
  [
    'create_customer_payment',
    { ...payment, invoices: invoices('INV-385') },
    'invoices',
    'invoices[0].invoice_id',
    { invoices: invoices(seed.openInvoice) },
  ],
  [
    'create_customer_payment',
    { ...payment, bank_charges_account_id: 'Bank Fees' },
    'accountants',
    'bank_charges_account_id',
    { bank_charges_account_id: '712345000000000442' },
  ],
  [
    'create_customer_payment_refund',
    { ...refund, from_account_id: 'Cash' },
    'banking',
    'from_account_id',
    { from_account_id: seed.pettyCash },
  ],
])('without the scope, %s %j names the missing scope and accepts the id', async (tool, args, scope, field, byId) => {
  const server = await start(without(scope));
  const result = await server.call(tool, args);
  expect(errorOf(result), textOf(result)).toMatchObject({ code: 'scope_missing', changed: 'no' });
  expect(textOf(result)).toContain(`ZohoBooks.${scope}.READ`);
  expect(textOf(result)).toContain(`call again with the id as ${field}`);
  // `login` does not request every scope.
  const inLogin = leastScopes({ readOnly: false }).includes(`ZohoBooks.${scope}.READ`);
  expect(textOf(result).includes('run `zoho-payments-mcp login`')).toBe(inLogin);
  if (!inLogin) expect(textOf(result)).toContain('ZOHO_REFRESH_TOKEN to a token that includes this scope (login does not ask for it)');
  await done(server, tool, { ...args, ...byId });
});

describe('a call with names is as safe as a call with ids', () => {
  const byName = { ...payment, account_id: 'Petty Cash', invoices: invoices('INV-385') };

  it('because the journal keeps the ids that were sent and the names of the call', async () => {
    const server = await start();
    const { structuredContent } = await done(server, 'create_customer_payment', byName);
    const entry = await server.opened.road.journal.find(String(structuredContent['write_id']));
    expect(entry).toMatchObject({
      arguments: { account_id: seed.pettyCash, invoices: invoices(seed.openInvoice) },
      facts: { called: { tool: 'create_customer_payment', arguments: byName } },
    });
  });

  it('because a repeated call with its key is answered from the journal, even if the names fit other records now', async () => {
    const server = await start();
    const first = await done(server, 'create_customer_payment', { ...byName, idempotency_key: 'k' });
    await forgetRequests(server.sandbox);
    const again = await done(server, 'create_customer_payment', { ...byName, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ replayed: true, payment: first.structuredContent['payment'] });
    expect(await requestsTo(server.sandbox)).toEqual([]);
    const other = await server.call('create_customer_payment', { ...byName, account_id: 'Savings', idempotency_key: 'k' });
    expect(errorOf(other)).toMatchObject({ code: 'key_reused' });
    expect(textOf(other)).toContain('its account_id was different');
  });

  it('because a repeated call after a lost answer is recognized, even if Zoho cannot find the names any more', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const first = await server.call('create_customer_payment', byName);
    expect(first.structuredContent, textOf(first)).toMatchObject({ outcome: 'unknown' });
    await fault(server.sandbox, { match: { method: 'GET', path: '/bankaccounts' }, fault: 'status', status: 500, times: 50 });
    await fault(server.sandbox, { match: { method: 'GET', path: '^/invoices' }, fault: 'status', status: 500, times: 50 });
    const again = await server.call('create_customer_payment', byName);
    const { write_id } = first.structuredContent;
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'unknown', write_id });
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('because the same call with ids is a new call, and a possible duplicate', async () => {
    const server = await start();
    await done(server, 'create_customer_payment', byName);
    const byId = await server.call('create_customer_payment', { ...byName, account_id: seed.pettyCash });
    expect(errorOf(byId)).toMatchObject({ code: 'suspected_duplicate' });
  });

  it('because the question shows name and id, and the user approves the id', async () => {
    const asked: string[] = [];
    const person = (question: string) => {
      asked.push(question);
      return { action: 'accept', content: { approve: true } } as const;
    };
    const server = await start({ confirm: 'ask', person });
    await done(server, 'create_customer_payment_refund', { ...refund, from_account_id: 'petty cash' });
    expect(asked).toEqual([expect.stringContaining(`"Petty Cash" (id ${seed.pettyCash})`)]);
    expect((await writesTo(server)).map(({ body }) => body)).toMatchObject([{ from_account_id: seed.pettyCash }]);
  });

  it.each<[policy: NonNullable<HarnessOptions['policy']>, tool: string, args: Record<string, unknown>, refused: boolean]>([
    [{ allowed_account_ids: [CHECKING] }, 'create_customer_payment', { ...payment, account_id: 'Petty Cash' }, true],
    [{ allowed_account_ids: [CHECKING] }, 'create_customer_payment', { ...payment, account_id: 'Business Checking' }, false],
    [
      { allowed_account_ids: [CHECKING] },
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, account_id: 'Petty Cash' },
      true,
    ],
    [{ allowed_from_account_ids: [CHECKING] }, 'create_customer_payment_refund', { ...refund, from_account_id: 'Petty Cash' }, true],
    [{ allowed_from_account_ids: [CHECKING] }, 'update_customer_payment_refund', { ...sampleRefund, from_account_id: 'petty' }, true],
    [{ allowed_from_account_ids: [CHECKING] }, 'create_customer_payment_refund', { ...refund, from_account_id: 'checking' }, false],
  ])("because the policy compares the account's id: %j %s %j", async (policy, tool, args, refused) => {
    const server = await start({ policy });
    const result = await server.call(tool, args);
    expect(refused ? errorOf(result)?.code : (result.isError ?? false), textOf(result)).toBe(refused ? 'against_policy' : false);
    expect(await writesTo(server)).toHaveLength(refused ? 0 : 1);
  });
});
