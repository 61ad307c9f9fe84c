import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bareReference, isSameReference } from '../../src/records/same-reference.ts';
import { bookkeeper } from '../simulate/template.ts';
import { altered } from '../support/altered.ts';
import { booksOf, fault, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Possible duplicates: money that may already be recorded is never recorded again without a question, even if it is hard to recognize. */

type Json = Record<string, unknown>;
type Change = Parameters<typeof altered>[1]['body'];

async function start(options: HarnessOptions & { readonly change?: Change } = {}) {
  const sandbox = await startSandbox();
  const at = options.change && (await altered(sandbox, { body: options.change }));
  const server = await harness({ on: sandbox, timings: { lookMs: 0 }, ...options, ...(at && { at }) });
  onTestFinished(async () => {
    await server.close();
    await at?.close();
    await sandbox.close();
  });
  const before = (await booksOf(sandbox)).counts;
  return {
    server,
    sandbox,
    byHand: await bookkeeper(sandbox),
    recorded: async () => (await booksOf(sandbox)).counts.payments - before.payments,
    refunded: async () => (await booksOf(sandbox)).counts.refunds - before.refunds,
    sent: async () =>
      (await requestsTo(sandbox)).filter(({ method, headers }) => method !== 'GET' && headers['user-agent'] !== 'bookkeeper'),
  };
}

const errorOf = ({ structuredContent }: ToolResult) =>
  structuredContent['error'] as { code: string; message: string; next: string } | undefined;
const idOf = ({ structuredContent }: ToolResult) => (structuredContent['payment'] as { payment_id: string }).payment_id;
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 993.67, date: '2026-11-10' };
const pay = async (server: Harness, more: Json = {}) => await server.call('create_customer_payment', { ...payment, ...more });

describe('a second payment', () => {
  it.each([
    ['the same date', { reference_number: 'A-1' }, { reference_number: 'A-2' }],
    [
      'the same reference in another case, eight days later',
      { reference_number: 'TRF-7731' },
      { reference_number: 'trf-7731', date: '2026-11-18' },
    ],
    [
      'the same reference with a space, the next day',
      { reference_number: 'TRF-7731' },
      { reference_number: 'TRF 7731', date: '2026-11-11' },
    ],
    ['the same reference and a space after it', { reference_number: 'TRF-7731' }, { reference_number: 'TRF-7731 ', date: '2026-11-12' }],
    ['the same number after a word', { reference_number: '7731' }, { reference_number: 'Check 7731', date: '2026-11-11' }],
    ['the same number, half a year later', { reference_number: 'cheque no. 7731' }, { reference_number: '#7731', date: '2026-05-11' }],
    ['no reference, the next day', { reference_number: 'TRF-7731' }, { date: '2026-11-11' }],
    ['a date one week after a payment without a reference', {}, { reference_number: 'TRF-7731', date: '2026-11-17' }],
    ['a reference that is only the word "Check"', { reference_number: 'TRF-7731' }, { reference_number: 'Check', date: '2026-11-11' }],
  ])('is a possible duplicate of the first payment if it has %s', async (_, first, second) => {
    const { server, recorded } = await start();
    const id = idOf(await pay(server, first));
    const again = await pay(server, { date: '2026-11-10', ...second });
    expect(errorOf(again), textOf(again)).toMatchObject({
      code: 'suspected_duplicate',
      message: expect.stringMatching(/#\d+ \(id \d+\) of [A-Z]{3} 993\.6\d, /) as string,
      next: expect.stringContaining(`["${id}"]`) as string,
    });
    expect(await recorded()).toBe(1);
    expect((await pay(server, { ...second, allow_duplicate_of: [id] })).structuredContent).toMatchObject({
      outcome: 'recorded',
      concerns: [{ code: 'duplicate' }],
    });
  });

  it.each([
    [
      'it has another reference, the next day',
      { reference_number: 'Rent 2026-10' },
      { reference_number: 'Rent 2026-11', date: '2026-11-11' },
    ],
    ['it has no reference and is eight days later', { reference_number: 'TRF-7731' }, { date: '2026-11-18' }],
    ['its amount is different', { reference_number: 'A' }, { reference_number: 'A', amount: 993.66 }],
    ['its customer is different', { reference_number: 'A' }, { reference_number: 'A', customer_id: '712345000000090003' }],
  ])('is not a possible duplicate if %s', async (_, first, second) => {
    const { server } = await start({ confirm: 'strict' });
    await pay(server, first);
    expect((await pay(server, second)).structuredContent).toMatchObject({ outcome: 'recorded', concerns: [] });
  });

  it('that the policy refuses by name: the error names it, and its id is data', async () => {
    const { server, recorded } = await start({ policy: { refuse: ['duplicate'] } });
    const id = idOf(await pay(server));
    for (const more of [{}, { allow_duplicate_of: [id] }]) {
      const refused = await pay(server, { reference_number: 'B', ...more });
      expect(errorOf(refused), textOf(refused)).toMatchObject({ code: 'against_policy', duplicates: [id] });
      const row = `Already recorded: payment #\\d+ \\(id ${id}\\) of USD 993\\.67, 2026-11-10\\.`;
      expect(errorOf(refused)?.message).toMatch(new RegExp(`^The policy refuses this, because .* \\(duplicate\\)\\. ${row}$`));
    }
    expect(await recorded()).toBe(1);
  });

  it('is a possible duplicate if its reference contains the same number, with any words around it', () => {
    const decorated = fc.tuple(
      fc.constantFrom('', 'Check ', 'cheque no. ', 'TRF-', 'Transfer: ', 'Bank transfer ref ', '#', 'REF/', 'Wire-', '00'),
      fc.stringMatching(/^(0|[1-9][0-9]{0,11})$/),
      fc.constantFrom('', ' ', '.', ' -'),
    );
    fc.assert(fc.property(decorated, ([before, number, after]) => bareReference(`${before}${number}${after}`) === number));
    fc.assert(fc.property(fc.string(), (text) => bareReference(bareReference(text)) === bareReference(text) || bareReference(text) === ''));
    expect(bareReference('I D 7731')).toBe('7731');
    for (const nothing of ['', ' ', 'Check', 'check no.', 'I D', '---', undefined, null, {}]) expect(bareReference(nothing)).toBe('');
    for (const word of [
      'eCheck',
      'e-check',
      'Checks',
      'CHKS',
      'Bank draft',
      'Money order',
      "Cashier's check",
      'Cashier’s cheque',
      'Wire transfer ID',
      'ACH trace no.',
      'Ref. nº',
      'n°',
      '№',
      'Card payment',
      'Direct deposit',
      'E-Transfer',
      'Virement n°',
      'Überweisung',
      'Transferencia núm',
      'Bonifico',
    ]) {
      expect([word, bareReference(`${word} 7731`)]).toEqual([word, '7731']);
      expect([word, bareReference(word)]).toEqual([word, '']);
    }
    for (const [one, other] of [
      ['INV-00384', 'INV-384'],
      ['Cheque A-007', 'A-7'],
      ['R-7731/01', 'R-7731/1'],
      ['TxnID 7731', '7731'],
      ['chequeno7731', '#7731'],
      ['Your ref 7731', '007731'],
      ['Inv. 7731', 'Invoice 7731'],
      ['1-01', '101'],
    ])
      expect([one, other, isSameReference(one, other)]).toEqual([one, other, true]);
    for (const [one, other] of [
      ['A-100', 'A-1'],
      ['A-10', 'A-1'],
      ['', ''],
      ['Check', 'Wire'],
      ['0', 'A'],
    ])
      expect([one, other, isSameReference(one, other)]).toEqual([one, other, false]);
    for (const name of ['Referral 5', 'Checkers Inc 5', 'Cashmere 5', 'Northern 5', 'Idaho 5', 'E-12', 'Transit 5', 'Mobil 5'])
      expect([name, bareReference(name)]).not.toEqual([name, bareReference('5')]);
    expect(bareReference('A-12')).not.toBe(bareReference('B-12'));
    expect(bareReference('Jan 2026')).not.toBe(bareReference('Feb 2026'));
  });
});

/** Rows of Zoho's list that have a value in another type, or lack it. `comparable`: whether a duplicate can still be recognized. */
const types: [name: string, change: (row: Json) => Json, comparable: boolean][] = [
  ['customer_id as a number', (row) => ({ ...row, customer_id: `number ${String(row['customer_id'])}` }), true],
  ['without customer_id', ({ customer_id: _, ...row }) => row, false],
  ['payment_id as a number', (row) => ({ ...row, payment_id: `number ${String(row['payment_id'])}` }), true],
  ['a date with slashes', (row) => ({ ...row, date: String(row['date']).replaceAll('-', '/') }), true],
  ['a date with a time', (row) => ({ ...row, date: `${String(row['date'])}T00:00:00-0400` }), true],
  ['a date with the day first', (row) => ({ ...row, date: String(row['date']).split('-').toReversed().join('/') }), false],
  ['without a date', ({ date: _, ...row }) => row, false],
  ['an amount as text', (row) => ({ ...row, amount: String(row['amount']) }), true],
  ['an amount with a comma', (row) => ({ ...row, amount: `1,${String(row['amount'])}` }), false],
  [
    'an amount with a floating-point error',
    (row) => ({ ...row, amount: String(row['amount']) === '993.67' ? 993.6700000000001 : row['amount'] }),
    true,
  ],
  ['without an amount', (row) => ({ ...row, amount: null }), false],
  ['a created_time that is not a date', (row) => ({ ...row, created_time: 'today' }), true],
  ['without created_time', ({ created_time: _, ...row }) => row, true],
];
const changingList =
  (change: (row: Json) => Json): Change =>
  (body, _query, path, method) =>
    method === 'GET' && path === '/customerpayments' && Array.isArray(body['customerpayments'])
      ? { ...body, customerpayments: (body['customerpayments'] as Json[]).map(change) }
      : body;

describe("if a row of Zoho's list has values of another type", () => {
  it.each(types)('(%s), the server finds a possible duplicate or reports that it was not checked', async (_, change, comparable) => {
    const { server, byHand, recorded } = await start({ confirm: 'strict', change: changingList(change) });
    await byHand('POST', '/customerpayments', { ...payment, payment_mode: 'check' });
    const again = await pay(server);
    expect(errorOf(again)?.code, textOf(again)).toBe(comparable ? 'suspected_duplicate' : 'consent_unavailable');
    expect(await recorded()).toBe(1);
  });

  it.each(types)('(%s), the server finds a payment after a lost answer or its outcome stays unknown', async (_, change) => {
    // The user approves only the first payment.
    let approves = true;
    const { server, sandbox, recorded } = await start({
      change: changingList(change),
      confirm: 'ask',
      person: () => (approves ? { action: 'accept', content: { approve: true } } : { action: 'decline' }),
    });
    await fault(sandbox, { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_after' });
    const first = await pay(server, { idempotency_key: 'k' });
    expect(['recorded', 'unknown']).toContain(first.structuredContent['outcome']);
    approves = false;
    expect((await pay(server, { idempotency_key: 'other', date: '2026-11-12' })).structuredContent['outcome']).toBe('not_recorded');
    expect(await recorded()).toBe(1);
  });

  const refundRows: [string, (row: Json) => Json][] = [
    ['amount_fcy as text', (row) => ({ ...row, amount_fcy: Number(row['amount_fcy']).toFixed(2) })],
    ['a date with slashes', (row) => ({ ...row, date: String(row['date']).replaceAll('-', '/') })],
    ['the id as a number', (row) => ({ ...row, payment_refund_id: `number ${String(row['payment_refund_id'])}` })],
    ['only amount_bcy', ({ amount_fcy: _, ...row }) => row],
  ];
  const changingRefunds =
    (change: (row: Json) => Json): Change =>
    (body, _query, path, method) =>
      method === 'GET' && path.endsWith('/refunds') && Array.isArray(body['payment_refunds'])
        ? { ...body, payment_refunds: (body['payment_refunds'] as Json[]).map(change) }
        : body;
  const refund = { customer_payment_id: seed.paymentWithUnused, amount: 2, date: '2026-06-22', from_account_id: seed.pettyCash };

  it.each(refundRows)('(%s), the server finds a refund that is a possible duplicate', async (_, change) => {
    const { server, byHand, refunded } = await start({ change: changingRefunds(change) });
    await byHand('POST', `/customerpayments/${seed.paymentWithUnused}/refunds`, {
      amount: 2,
      date: '2026-06-22',
      from_account_id: seed.pettyCash,
    });
    expect(errorOf(await server.call('create_customer_payment_refund', refund))?.code).toBe('suspected_duplicate');
    expect(await refunded()).toBe(1);
  });

  it.each(refundRows)('(%s), the server finds a refund after a lost answer', async (_, change) => {
    const { server, sandbox, refunded } = await start({ change: changingRefunds(change) });
    await fault(sandbox, { match: { method: 'POST', path: '/refunds$' }, fault: 'drop_after' });
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent['outcome']).toBe('recorded');
    expect(await refunded()).toBe(1);
  });

  it.each([
    ['payments', '/customerpayments', 'customerpayments'],
    ['refunds', `/customerpayments/${seed.paymentWithUnused}/refunds`, 'payment_refunds'],
  ])('and the list of %s never ends, the outcome stays unknown', async (_, list, key) => {
    const { server, sandbox } = await start({
      change: (body, _query, path, method) =>
        method === 'GET' && path === list && Array.isArray(body[key])
          ? { ...body, [key]: [], page_context: { ...(body['page_context'] as Json), has_more_page: true } }
          : body,
    });
    await fault(sandbox, { match: { method: 'POST', path: `^/books/v3${list}$` }, fault: 'drop_before' });
    const call = () => (key === 'payment_refunds' ? server.call('create_customer_payment_refund', refund) : pay(server));
    expect((await call()).structuredContent['outcome']).toBe('unknown');
    server.opened.road.sentHere.clear();
    Object.assign(server.opened.road.timings, { graceMs: -1e9 });
    expect((await call()).structuredContent['outcome']).toBe('unknown');
  });
});

describe('if Zoho reports success but shows another record', () => {
  const answers: [string, (payment: Json) => Json][] = [
    [
      "another customer's payment",
      (payment) => ({ ...payment, payment_id: seed.samplePayment, customer_id: '712345000000090003', customer_name: 'Acme Corp' }),
    ],
    ['a payment that existed before', (payment) => ({ ...payment, payment_id: seed.paymentWithUnused })],
    ['another amount', (payment) => ({ ...payment, amount: 1 })],
    ['another customer as a number', (payment) => ({ ...payment, customer_id: 'number 712345000000090003' })],
  ];

  it.each(answers)('(%s), the server finds the real payment, and the undo names it', async (_, change) => {
    const { server, recorded } = await start({
      change: (body, _query, path, method) =>
        method === 'POST' && path === '/customerpayments' ? { ...body, payment: change(body['payment'] as Json) } : body,
    });
    const { structuredContent } = await pay(server);
    expect(structuredContent).toMatchObject({ outcome: 'recorded', payment: { customer_id: seed.bowman, amount: 993.67 } });
    const { tool, arguments: args } = structuredContent['undo'] as { tool: string; arguments: Json };
    expect(args['payment_id']).toBe((structuredContent['payment'] as Json)['payment_id']);
    expect((await server.call(tool, args)).structuredContent['outcome']).toBe('recorded');
    expect(await recorded()).toBe(0);
  });

  it.each<[string, (payment: Json) => Json | undefined]>([
    ['another id', (payment) => ({ ...payment, payment_id: seed.samplePayment })],
    ['another customer', (payment) => ({ ...payment, customer_id: '712345000000090003' })],
    ['no id', ({ payment_id: _, ...payment }) => payment],
    ['no payment', () => undefined],
  ])('(for an update: %s), the server finds the update by a search', async (_, change) => {
    const { server } = await start({
      change: (body, _query, path, method) =>
        method === 'PUT' && path.startsWith('/customerpayments/') ? { ...body, payment: change(body['payment'] as Json) } : body,
    });
    const { structuredContent } = await server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'new' });
    expect(structuredContent).toMatchObject({ outcome: 'recorded', payment: { payment_id: seed.paymentWithUnused, description: 'new' } });
  });

  const messageOnly: [string, string, Json][] = [
    ['DELETE', 'delete_customer_payment', { payment_id: seed.paymentWithUnused }],
    ['DELETE', 'bulk_delete_customer_payments', { payment_id: [seed.paymentWithUnused] }],
    ['DELETE', 'delete_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund }],
    [
      'PUT',
      'update_custom_fields_in_customer_payment',
      { customer_payment_id: seed.paymentWithUnused, custom_fields: [{ customfield_id: '46000000012845', value: '7' }] },
    ],
    [
      'PUT',
      'update_customer_payment_refund',
      { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund, description: 'new' },
    ],
  ];
  it.each(messageOnly)('after a %s by %s that Zoho did not carry out, the outcome is unknown', async (method, tool, args) => {
    const { server, sandbox } = await start({
      change: (body, _query, _path, how) =>
        how === method ? { code: 0, message: 'success', payment: { payment_id: seed.samplePayment, amount: 1 } } : body,
    });
    await fault(sandbox, { match: { method }, fault: 'status', status: 200 });
    const { structuredContent } = await server.call(tool, args);
    expect(structuredContent).toMatchObject({
      outcome: 'unknown',
      error: { message: expect.stringMatching(/answer (shows a record|does not show which refund)/) as unknown },
    });
  });

  it('(another refund), the server finds the real refund, and the undo does not name the other refund', async () => {
    const { server, refunded } = await start({
      change: (body, _query, path, method) =>
        method === 'POST' && path.endsWith('/refunds')
          ? { ...body, payment_refunds: undefined, payment_refund: { payment_refund_id: seed.sampleRefund, amount: 50 } }
          : body,
    });
    const { structuredContent } = await server.call('create_customer_payment_refund', {
      customer_payment_id: seed.paymentWithUnused,
      amount: 2,
      date: '2026-06-22',
      from_account_id: seed.pettyCash,
    });
    expect(structuredContent).toMatchObject({ outcome: 'recorded', payment_refund: { amount: 2 } });
    expect(structuredContent['undo']).not.toMatchObject({ arguments: { refund_id: seed.sampleRefund } });
    expect(await refunded()).toBe(1);
  });
});

describe('a change is judged by the record after the change', () => {
  it.each<[string, Json]>([
    ['reference', { reference_number: 'TRF-1' }],
    ['date', { date: '2026-11-11' }],
  ])('a new payment waits for a change of the %s, and is compared with the changed payment', async (_, change) => {
    const { server, sandbox } = await start();
    const id = idOf(await pay(server, { reference_number: 'A', date: '2026-01-01' }));
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'delay', delay_ms: 800 });
    const changing = server.call('update_customer_payment', { payment_id: id, ...change });
    await expect.poll(async () => (await requestsTo(sandbox)).some(({ method }) => method === 'PUT')).toBe(true);
    const other = await pay(server, { reference_number: 'trf 1', date: '2026-11-11' });
    expect((await changing).structuredContent['outcome']).toBe('recorded');
    expect(errorOf(other)).toMatchObject({ code: 'suspected_duplicate', next: expect.stringContaining(id) as string });
  });

  it('a payment that is increased to the amount of another payment is a possible duplicate', async () => {
    const { server, sent } = await start();
    const first = idOf(await pay(server, { amount: 700 }));
    const second = idOf(await pay(server, { amount: 699.99 }));
    const raised = await server.call('update_customer_payment', { payment_id: second, amount: 700 });
    expect(errorOf(raised)).toMatchObject({ code: 'suspected_duplicate', next: expect.stringContaining(first) as string });
    expect(await sent()).toHaveLength(2);
    const meant = await server.call('update_customer_payment', { payment_id: second, amount: 700, allow_duplicate_of: [first] });
    expect(meant.structuredContent).toMatchObject({ outcome: 'recorded', concerns: [{ code: 'duplicate' }] });
    // After that, a change is no concern if it does not make the payment more similar to the other payment.
    expect((await server.call('update_customer_payment', { payment_id: second, description: 'x' })).structuredContent).toMatchObject({
      outcome: 'recorded',
      concerns: [],
    });
  });

  it.each<[string, Json]>([
    ['moved to the date of another payment', { date: '2026-11-10' }],
    ['given the reference of another payment', { reference_number: 'trf 1' }],
  ])('a payment that is %s is a possible duplicate', async (_, change) => {
    const { server } = await start();
    const first = idOf(await pay(server, { reference_number: 'TRF-1' }));
    const second = idOf(await pay(server, { reference_number: 'TRF-2', date: '2026-09-01' }));
    expect(errorOf(await server.call('update_customer_payment', { payment_id: second, ...change }))).toMatchObject({
      code: 'suspected_duplicate',
      next: expect.stringContaining(first) as string,
    });
  });

  it('a payment that is moved to the customer of another payment is a possible duplicate', async () => {
    const { server } = await start();
    const first = idOf(await pay(server));
    const second = idOf(await pay(server, { customer_id: '712345000000090003' }));
    expect(errorOf(await server.call('update_customer_payment', { payment_id: second, customer_id: seed.bowman }))).toMatchObject({
      code: 'suspected_duplicate',
      next: expect.stringContaining(first) as string,
    });
  });

  it('the server asks the user if a payment is increased far above the amount that is applied to invoices', async () => {
    const { server } = await start({ confirm: 'strict' });
    const id = idOf(await pay(server, { amount: 100, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 100 }] }));
    const raised = await server.call('update_customer_payment', { payment_id: id, amount: 1_000_000 });
    expect(errorOf(raised)?.code).toBe('consent_unavailable');
  });

  it('the limit for one write compares the whole amount, and the limit for a day only the increase', async () => {
    const { server } = await start({
      policy: { max_amount: { per_write: { USD: 500 }, per_day: { USD: 450 } }, ask_above: { USD: 420 } },
      confirm: 'strict',
    });
    const id = idOf(await pay(server, { amount: 400 }));
    const to = async (amount: number) => errorOf(await server.call('update_customer_payment', { payment_id: id, amount }))?.code;
    expect(await to(501)).toBe('against_policy');
    expect(await to(430)).toBe('consent_unavailable');
    expect(await to(410)).toBeUndefined();
    expect(errorOf(await pay(server, { amount: 45, date: '2026-01-01' }))?.code).toBe('against_policy');
    expect(errorOf(await pay(server, { amount: 40, date: '2026-01-01' }))?.code).toBeUndefined();
  });

  it('an increased refund is judged by its whole amount, and is compared with other refunds', async () => {
    const { server } = await start({ policy: { max_amount: { per_write: { USD: 50 } } } });
    const refund = async (amount: number) =>
      (
        await server.call('create_customer_payment_refund', {
          customer_payment_id: seed.paymentWithUnused,
          amount,
          date: '2026-06-22',
          from_account_id: seed.pettyCash,
        })
      ).structuredContent['payment_refund'] as Json;
    const [one, other] = [await refund(20), await refund(19)];
    const to = async (amount: number) =>
      errorOf(
        await server.call('update_customer_payment_refund', {
          customer_payment_id: seed.paymentWithUnused,
          refund_id: other['payment_refund_id'],
          amount,
        }),
      );
    expect((await to(51))?.code).toBe('against_policy');
    expect(await to(20)).toMatchObject({
      code: 'suspected_duplicate',
      next: expect.stringContaining(String(one['payment_refund_id'])) as string,
    });
  });
});

describe('after an unknown outcome', () => {
  it('of an increase, a payment of the added amount is refused, and later is a possible duplicate', async () => {
    const { server, sandbox } = await start();
    const id = idOf(await pay(server, { amount: 500, reference_number: 'A' }));
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_after' });
    await fault(sandbox, { match: { method: 'GET', path: `/${id}$` }, fault: 'status', status: 503, times: 6, skip: 2 });
    expect((await server.call('update_customer_payment', { payment_id: id, amount: 600 })).structuredContent['outcome']).toBe('unknown');
    expect(errorOf(await pay(server, { amount: 100, reference_number: 'B' }))?.code).toMatch(/unresolved_write|zoho_unavailable/);
    await server.opened.resolveAll(() => undefined);
    expect(errorOf(await pay(server, { amount: 100, reference_number: 'B' }))?.code).toBe('suspected_duplicate');
  });

  it('of a payment, an increase by the same amount is refused', async () => {
    const { server, sandbox } = await start();
    const id = idOf(await pay(server, { amount: 500, reference_number: 'A' }));
    await fault(sandbox, { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_before' });
    expect((await pay(server, { amount: 100, reference_number: 'B' })).structuredContent['outcome']).toBe('unknown');
    expect(errorOf(await server.call('update_customer_payment', { payment_id: id, amount: 600 }))?.code).toBe('unresolved_write');
  });

  it('of an increased refund, a refund of the added amount is a possible duplicate', async () => {
    const { server, sandbox } = await start();
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-22', from_account_id: seed.pettyCash };
    const { payment_refund } = (await server.call('create_customer_payment_refund', { ...refund, amount: 10, reference_number: '1' }))
      .structuredContent as { payment_refund: { payment_refund_id: string } };
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_after' });
    await fault(sandbox, {
      match: { method: 'GET', path: `/refunds/${payment_refund.payment_refund_id}$` },
      fault: 'status',
      status: 503,
      times: 3,
      skip: 1,
    });
    expect(
      (
        await server.call('update_customer_payment_refund', {
          customer_payment_id: seed.paymentWithUnused,
          refund_id: payment_refund.payment_refund_id,
          amount: 20,
        })
      ).structuredContent['outcome'],
    ).toBe('unknown');
    expect(
      errorOf(await server.call('create_customer_payment_refund', { ...refund, amount: 10, date: '2026-01-01', reference_number: '2' }))
        ?.code,
    ).toBe('suspected_duplicate');
  });

  it('of a changed refund, other refunds and the payment can still be changed', async () => {
    const { server, sandbox } = await start();
    const refund = async (amount: number) =>
      (
        (
          await server.call('create_customer_payment_refund', {
            customer_payment_id: seed.paymentWithUnused,
            amount,
            date: '2026-06-22',
            from_account_id: seed.pettyCash,
          })
        ).structuredContent['payment_refund'] as Json
      )['payment_refund_id'];
    const [one, other] = [await refund(20), await refund(19)];
    const change = async (refund_id: unknown, description: string) =>
      await server.call('update_customer_payment_refund', { customer_payment_id: seed.paymentWithUnused, refund_id, description });
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_after' });
    await fault(sandbox, { match: { method: 'GET', path: `/refunds/${String(one)}$` }, fault: 'status', status: 503, times: 3, skip: 1 });
    expect((await change(one, 'one')).structuredContent['outcome']).toBe('unknown');
    await server.opened.resolveAll(() => undefined);
    expect((await change(other, 'other')).structuredContent).toMatchObject({ outcome: 'recorded', concerns: [{ code: 'refund' }] });
    expect(
      (await server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'x' })).structuredContent,
    ).toMatchObject({ outcome: 'recorded', concerns: [] });
    expect(errorOf(await change(one, 'two'))).toMatchObject({
      code: 'suspected_duplicate',
      message: expect.stringContaining(`change of refund ${String(one)}`) as string,
    });
  });

  const lost = { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_after' };
  const hidden = { match: { method: 'GET', path: '^/books/v3/customerpayments$' }, fault: 'status', status: 503, times: 3 };
  const changed = { amount: 970, reference_number: 'Check 4410 b', date: '2026-01-02' };

  it.each<[string, string, Json]>([
    ['create_customer_payment', 'create_customer_payment', { ...payment, ...changed }],
    [
      'record_customer_payment',
      'record_customer_payment',
      { customer: 'Bowman Furniture', payment_mode: 'check', ...changed, allocate: 'as_credit' },
    ],
    ['with another key', 'create_customer_payment', { ...payment, ...changed, idempotency_key: 'another' }],
  ])('of a payment, a repeated call with changes is refused, and the error names the first payment (%s)', async (_, tool, args) => {
    const { server, sandbox, recorded } = await start();
    await fault(sandbox, lost);
    await fault(sandbox, { ...hidden, skip: 1 });
    expect((await pay(server, { amount: 970, reference_number: '4410' })).structuredContent['outcome']).toBe('unknown');
    const repeat = await server.call(tool, args);
    const found = (await server.opened.road.journal.list({ limit: 1 }))[0]?.zoho_id;
    expect(errorOf(repeat), textOf(repeat)).toMatchObject({
      code: 'suspected_duplicate',
      message: expect.stringContaining(String(found)) as string,
    });
    expect(errorOf(await server.call(tool, args))?.code).toBe('suspected_duplicate');
    expect(await recorded()).toBe(1);
    const meant = await server.call(tool, { ...args, allow_duplicate_of: [found] });
    expect(meant.structuredContent, textOf(meant)).toMatchObject({
      outcome: 'recorded',
      concerns: expect.arrayContaining([expect.objectContaining({ code: 'duplicate' })]) as unknown,
    });
    // The caller has named the first payment, so the next payment is compared as usual.
    expect((await pay(server, { amount: 970, reference_number: 'third', date: '2026-03-03' })).structuredContent).toMatchObject({
      outcome: 'recorded',
      concerns: [],
    });
  });

  it('of a payment that was settled in the meantime, a repeated call with changes is refused', async () => {
    const { server, sandbox } = await start();
    await fault(sandbox, lost);
    await fault(sandbox, { ...hidden, skip: 1 });
    await pay(server, { amount: 970, reference_number: '4410' });
    await server.opened.resolveAll(() => undefined);
    expect(errorOf(await pay(server, changed))?.code).toBe('suspected_duplicate');
  });

  it('of a refund, another refund of the same amount is a possible duplicate', async () => {
    const { server, sandbox, refunded } = await start();
    const refund = {
      customer_payment_id: seed.paymentWithUnused,
      amount: 2,
      date: '2026-06-22',
      from_account_id: seed.pettyCash,
      reference_number: '1',
    };
    await fault(sandbox, { match: { method: 'POST', path: '/refunds$' }, fault: 'drop_after' });
    await fault(sandbox, { match: { method: 'GET', path: '/refunds$' }, fault: 'status', status: 503, times: 3, skip: 1 });
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent['outcome']).toBe('unknown');
    expect(
      errorOf(await server.call('create_customer_payment_refund', { ...refund, date: '2026-01-01', reference_number: '2' }))?.code,
    ).toBe('suspected_duplicate');
    expect(await refunded()).toBe(1);
  });

  it('of a change, another change of the same payment is a possible duplicate', async () => {
    const { server, sandbox } = await start();
    await fault(sandbox, { match: { method: 'PUT' }, fault: 'drop_after' });
    await fault(sandbox, {
      match: { method: 'GET', path: `/${seed.paymentWithUnused}$` },
      fault: 'status',
      status: 503,
      times: 3,
      skip: 1,
    });
    const change = async (description: string, more: Json = {}) =>
      await server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description, ...more });
    expect((await change('one')).structuredContent['outcome']).toBe('unknown');
    expect(errorOf(await change('two'))).toMatchObject({
      code: 'suspected_duplicate',
      message: expect.stringContaining(seed.paymentWithUnused) as string,
    });
    expect((await change('two', { allow_duplicate_of: [seed.paymentWithUnused] })).structuredContent['outcome']).toBe('recorded');
    expect((await change('three')).structuredContent['outcome']).toBe('recorded');
  });
});
