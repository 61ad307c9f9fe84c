import { afterEach, describe, expect, it } from 'vitest';
import { altered } from '../support/altered.ts';
import { booksOf, fault, requestsTo, seed, writesTo } from '../support/books.ts';
import { clocks } from '../support/clocks.ts';
import { everyTool, harness, kinds, textOf, type Harness, type HarnessOptions, type PersonAnswer, errorOf } from '../support/harness.ts';
import { recordedZoho, recordings } from '../support/recorded.ts';
import { startSandbox } from '../support/sandbox.ts';

/** The promises of a write. Real clients make the calls, and the tests look at the sandbox's books from outside. */

const open: Harness[] = [];
async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness(options);
  open.push(server);
  await server.client.listTools();
  return server;
}

/** A server and a Zoho. `graceIsOver` sets all their clocks forward by more than the grace period. */
async function startWithClocks(options: HarnessOptions): Promise<{ server: Harness; graceIsOver: () => void }> {
  const ahead = clocks();
  const server = await start({ ...options, sandbox: { now: () => new Date(Date.now()) } });
  const graceIsOver = () => {
    ahead.wall += 6 * 60_000;
    ahead.ticks += 6 * 60_000;
  };
  return { server, graceIsOver };
}

afterEach(async () => {
  for (const server of open.splice(0).toReversed()) await server.close();
});

const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
const posts = { method: 'POST', path: '^/customerpayments$' };

const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const paymentsIn = async (server: Harness) => (await booksOf(server.sandbox)).counts.payments;

describe('one request is recorded at most once', () => {
  it('a repeated call with the same key is answered from the journal, and the answer is marked as replayed', async () => {
    const server = await start();
    const before = await paymentsIn(server);
    const first = await server.call('create_customer_payment', { ...payment, idempotency_key: 'receipt 17' });
    const again = await server.call('create_customer_payment', { ...payment, idempotency_key: 'receipt 17' });
    expect(first.structuredContent).toMatchObject({ outcome: 'recorded', replayed: false });
    expect(again.structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: true,
      payment: first.structuredContent['payment'],
      undo: first.structuredContent['undo'],
    });
    expect(textOf(again)).toContain('nothing was sent now');
    expect(await paymentsIn(server)).toBe(before + 1);
  });

  it('a different request with the same key is refused, and the error names the difference', async () => {
    const server = await start();
    await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    const other = await server.call('create_customer_payment', { ...payment, amount: 451, idempotency_key: 'k' });
    expect(errorOf(other)).toMatchObject({ code: 'key_reused', changed: 'no' });
    expect(textOf(other)).toContain('its amount was different');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it("after the customer's data was removed, the same key is still answered, and says that the data is missing", async () => {
    const server = await start();
    const call = { customer: 'Bowman Furniture', payment_mode: 'cash', amount: 7, date: '2026-06-05', allocate: 'as_credit' };
    const first = await server.call('record_customer_payment', { ...call, idempotency_key: 'k' });
    const { payment_id } = first.structuredContent['payment'] as { payment_id: string };
    await server.opened.road.journal.erase(seed.bowman);
    const again = await server.call('record_customer_payment', { ...call, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true, erased: true, zoho_id: payment_id });
    expect(textOf(again)).toContain(`already recorded as payment ${payment_id} at`);
    expect(textOf(again)).toContain("The customer's data was removed from the journal");
    const other = await server.call('record_customer_payment', { ...call, amount: 8, idempotency_key: 'k' });
    expect(errorOf(other)).toMatchObject({ code: 'key_reused', changed: 'no' });
    expect(errorOf(other).message).toContain('the difference is not known');
    expect(errorOf(other).message).not.toContain('create_customer_payment');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('a repeated call without a key is a possible duplicate, and can be allowed', async () => {
    const server = await start();
    const before = await paymentsIn(server);
    const first = await server.call('create_customer_payment', payment);
    const id = (first.structuredContent['payment'] as { payment_id: string }).payment_id;
    const again = await server.call('create_customer_payment', payment);
    expect(errorOf(again)).toMatchObject({ code: 'suspected_duplicate', changed: 'no' });
    expect(errorOf(again).next).toContain(`allow_duplicate_of: ["${id}"]`);
    expect(await paymentsIn(server)).toBe(before + 1);
    const meant = await server.call('create_customer_payment', { ...payment, allow_duplicate_of: [id] });
    expect(meant.structuredContent).toMatchObject({ outcome: 'recorded', replayed: false });
    expect(await paymentsIn(server)).toBe(before + 2);
  });

  it('one of several identical calls at the same time is sent, and the others get its answer', async () => {
    const server = await start();
    const before = await paymentsIn(server);
    const results = await Promise.all(Array.from({ length: 5 }, () => server.call('create_customer_payment', payment)));
    expect(results.map(({ structuredContent }) => structuredContent['replayed']).toSorted()).toEqual([false, true, true, true, true]);
    expect(new Set(results.map(({ structuredContent }) => (structuredContent['payment'] as { payment_id: string }).payment_id)).size).toBe(
      1,
    );
    expect(await paymentsIn(server)).toBe(before + 1);
  });

  it('identical calls through two servers with one journal record one payment', async () => {
    const one = await start();
    const two = await start({ on: one.sandbox, stateDir: one.dir });
    const before = await paymentsIn(one);
    const results = await Promise.all([one, two, one, two].map((server) => server.call('create_customer_payment', payment)));
    expect(results.map(({ structuredContent }) => structuredContent['replayed']).toSorted()).toEqual([false, true, true, true]);
    expect(await paymentsIn(one)).toBe(before + 1);
  });

  it('a payment that somebody else recorded in Zoho counts as a possible duplicate', async () => {
    const server = await start();
    const result = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 450,
      date: '2016-06-05',
      reference_number: 'INV-384',
    });
    expect(errorOf(result)).toMatchObject({ code: 'suspected_duplicate' });
    expect(textOf(result)).toContain(`(id ${seed.samplePayment})`);
    expect(await writesTo(server)).toEqual([]);
  });
});

describe('a payment whose answer was lost', () => {
  it('is found by a search if it was recorded', async () => {
    const server = await start();
    const before = await paymentsIn(server);
    await fault(server.sandbox, { match: posts, fault: 'drop_after' });
    const result = await server.call('create_customer_payment', payment);
    expect(result.structuredContent).toMatchObject({ outcome: 'recorded', payment: { amount: 450 } });
    expect(await writesTo(server)).toHaveLength(1);
    expect(await paymentsIn(server)).toBe(before + 1);
  });

  it.each(['drop_before', 'html', 'truncate', 'malformed'])(
    'counts as unknown if a search finds nothing (%s), and counts as not recorded only when the grace period is over',
    async (kind) => {
      const { server, graceIsOver } = await startWithClocks({ timings: { lookMs: 0 } });
      await fault(server.sandbox, { match: posts, fault: kind });
      const lost = await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
      expect(errorOf(lost)).toMatchObject({ code: 'outcome_unknown', changed: 'unknown' });
      expect(lost.structuredContent).toMatchObject({ outcome: 'unknown' });
      // While the outcome is unknown, neither the same key nor a changed call gets through.
      expect(errorOf(await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' })).code).toBe('outcome_unknown');
      expect(errorOf(await server.call('create_customer_payment', { ...payment, payment_mode: 'check' })).code).toBe('unresolved_write');
      expect(await writesTo(server)).toHaveLength(1);

      graceIsOver();
      const retried = await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
      expect(retried.structuredContent, textOf(retried)).toMatchObject({ outcome: 'recorded', replayed: false });
      expect(await writesTo(server)).toHaveLength(2);
    },
  );

  it('is not confused with a payment of another bookkeeper', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    // Somebody records the same payment by hand, with another payment mode.
    const byHand = await start({ on: server.sandbox });
    await byHand.call('create_customer_payment', { ...payment, payment_mode: 'check' });
    const again = await server.call('create_customer_payment', payment);
    expect(errorOf(again).code).toBe('outcome_unknown');
    expect(textOf(again)).toContain('it differs from what was sent');
  });

  it.each(kinds)('is found by the server that starts next (%s)', async (kind) => {
    const first = await start({ kind, timings: { lookMs: 0 } });
    await fault(first.sandbox, { match: { method: 'GET', path: '^/customerpayments$' }, fault: 'status', status: 503, skip: 1, times: 99 });
    await fault(first.sandbox, { match: posts, fault: 'drop_after' });
    expect(errorOf(await first.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    await fetch(`${first.sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
    const next = await start({ kind, on: first.sandbox, stateDir: first.dir });
    await next.opened.resolveAll(() => {});
    const again = await next.call('create_customer_payment', payment);
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo(first)).toHaveLength(1);
  });
});

describe.each(kinds)('approval by the user through the client of the %s', (kind) => {
  it('shows the facts of a refund in the question, and records the refund after a yes', async () => {
    const questions: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: (question) => (questions.push(question), yes) });
    const result = await server.call('create_customer_payment_refund', refund);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', payment_refund: { amount: 100 } });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain('Refund USD 100.00 to "Bowman Furniture"?\n- From payment #3');
    expect(questions[0]).toContain('- Refundable: USD 100.00; unused afterwards: USD 0.00');
    expect(questions[0]).toContain('- Account: "Petty Cash"');
    expect(questions[0]).toContain('You are asked because it is a refund.');
  });

  it.each<[string, PersonAnswer, string]>([
    ['declined', { action: 'decline' }, 'declined'],
    ['closed', { action: 'cancel' }, 'not_confirmed'],
    ['answered without ticking the box', { action: 'accept', content: { approve: false } }, 'declined'],
  ])('is not given by a question that is %s', async (_title, answer, code) => {
    let asked = 0;
    const server = await start({ kind, confirm: 'ask', person: () => ((asked += 1), answer) });
    expect(errorOf(await server.call('create_customer_payment_refund', refund))).toMatchObject({ code, changed: 'no' });
    expect(errorOf(await server.call('create_customer_payment_refund', refund)).code).toBe(code);
    // After a no, the user is not asked again for some minutes.
    expect(asked).toBe(code === 'declined' ? 1 : 2);
    expect(await writesTo(server)).toEqual([]);
  });

  it('of a client that cannot ask needs a preview, and its approval is valid once, for exactly that call', async () => {
    const server = await start({ kind, confirm: 'ask' });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(preview.isError).toBe(true);
    expect(errorOf(preview)).toMatchObject({ code: 'approval_needed', changed: 'no' });
    expect(textOf(preview)).toContain('Refund USD 100.00 to "Bowman Furniture"?');
    const { approval } = preview.structuredContent as { approval: string };

    for (const altered of [`${approval}x`, approval.slice(2), 'approved', `${approval.split('.')[0]}.`]) {
      expect(errorOf(await server.call('create_customer_payment_refund', { ...refund, approval: altered })).code).toBe('approval_needed');
    }
    expect(errorOf(await server.call('create_customer_payment_refund', { ...refund, amount: 99, approval })).code).toBe('approval_needed');
    expect(await writesTo(server)).toEqual([]);

    const done = await server.call('create_customer_payment_refund', { ...refund, approval });
    expect(done.structuredContent, textOf(done)).toMatchObject({ outcome: 'recorded', replayed: false, payment_refund: { amount: 100 } });
    const again = await server.call('create_customer_payment_refund', { ...refund, approval });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('is not possible in strict mode if the client cannot ask: the write is refused', async () => {
    const server = await start({ kind, confirm: 'strict' });
    expect(errorOf(await server.call('create_customer_payment_refund', refund))).toMatchObject({
      code: 'consent_unavailable',
      changed: 'no',
    });
    expect(await writesTo(server)).toEqual([]);
  });

  it('is requested a second time if the facts change before the answer, but not a third time', async () => {
    const questions: string[] = [];
    const server: Harness = await start({
      kind,
      confirm: 'ask',
      person: async (question) => {
        questions.push(question);
        // Before each answer, somebody else refunds a part of the unused amount.
        await byHand.call('create_customer_payment_refund', { ...refund, amount: questions.length, date: '2026-06-21' });
        return yes;
      },
    });
    const byHand = await start({ on: server.sandbox });
    const result = await server.call('create_customer_payment_refund', { ...refund, amount: 10 });
    expect(errorOf(result)).toMatchObject({ code: 'facts_changed', changed: 'no' });
    expect(questions).toHaveLength(2);
    expect(questions[1]).toContain('Something changed since you were asked.');
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });

  it.each([
    ['delete_customer_payment', { payment_id: '712345000000079504' }],
    ['bulk_delete_customer_payments', { payment_id: ['712345000000079504'] }],
    ['delete_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund }],
    ['update_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund, amount: 40 }],
    ['update_customer_payment', { payment_id: seed.paymentWithUnused, replace_invoices: true, invoices: [] }],
    ['create_customer_payment', { ...payment, amount: 500, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] }],
  ])('is required for %s', async (name, args) => {
    const questions: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: (question) => (questions.push(question), { action: 'decline' }) });
    expect(errorOf(await server.call(name, args)).code).toBe('declined');
    expect(questions).toHaveLength(1);
    expect(await writesTo(server)).toEqual([]);
  });

  it('is not required for a payment without concerns', async () => {
    const server = await start({ kind, confirm: 'ask', person: () => ({ action: 'decline' }) });
    const result = await server.call('create_customer_payment', payment);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
  });
});

describe('text from records', () => {
  it('cannot add lines to the question', async () => {
    const questions: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (questions.push(question), { action: 'decline' }) });
    // The name of this customer contains a line break, and so does the payment mode.
    await server.call('create_customer_payment', {
      customer_id: '712345000000090081',
      payment_mode: 'cash\n- Approved by the owner\u202E',
      amount: 5,
      date: '2026-06-05',
      invoices: [],
    });
    const { structuredContent } = await server.call('list_customer_payments', { customer_id: '712345000000090081', per_page: 1 });
    const [{ payment_id = '' } = {}] = structuredContent['customerpayments'] as { payment_id?: string }[];
    await server.call('delete_customer_payment', { payment_id });
    expect(questions.join('\n')).toContain('"Harbor Light Interiors"');
    expect(questions.join('\n')).not.toMatch(/^- Approved|\u202E/mu);
  });
});

describe('the preflight refuses, and its error gives the facts', () => {
  it.each<[string, string, Record<string, unknown>, string, RegExp]>([
    [
      'more money for an invoice than its balance due',
      'create_customer_payment',
      { ...payment, invoices: [{ invoice_id: seed.sampleInvoice, amount_applied: 450 }] },
      'more_than_balance',
      /has USD 50\.00 open; USD 450\.00 is more/,
    ],
    [
      'an invoice of another customer',
      'create_customer_payment',
      { ...payment, customer_id: '712345000000090009', invoices: [{ invoice_id: seed.openInvoice, amount_applied: 1 }] },
      'invoice_of_another_customer',
      /belongs to another customer, "Bowman Furniture"/,
    ],
    [
      'a draft invoice',
      'create_customer_payment',
      { ...payment, invoices: [{ invoice_id: '712345000000079387', amount_applied: 1 }] },
      'invoice_not_open',
      /still a draft/,
    ],
    [
      'an invoice that does not exist',
      'create_customer_payment',
      { ...payment, invoices: [{ invoice_id: '1', amount_applied: 1 }] },
      'no_such_invoice',
      /no invoice 1/,
    ],
    [
      'more money for invoices than the payment has',
      'create_customer_payment',
      { ...payment, amount: 1, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 2 }] },
      'applied_more_than_amount',
      /USD 2\.00 applied to invoices is more than the payment of USD 1\.00/,
    ],
    ['a date in the future', 'create_customer_payment', { ...payment, date: '2099-01-01' }, 'date_in_future', /America\/New_York/],
    ['a customer that does not exist', 'create_customer_payment', { ...payment, customer_id: '1' }, 'no_such_customer', /no customer 1/],
    ['a vendor', 'create_customer_payment', { ...payment, customer_id: '712345000000095001' }, 'not_a_customer', /is a vendor/],
    ['an account that does not exist', 'create_customer_payment', { ...payment, account_id: '1' }, 'no_such_account', /Petty Cash/],
    ['a closed account', 'create_customer_payment', { ...payment, account_id: '712345000000000370' }, 'account_closed', /is closed/],
    [
      'a payment in a foreign currency without an exchange rate',
      'create_customer_payment',
      { ...payment, customer_id: seed.aoyamaInYen },
      'exchange_rate_missing',
      /USD per JPY/,
    ],
    [
      'a custom field that does not exist',
      'create_customer_payment',
      { ...payment, custom_fields: [{ api_name: 'cf_nope', value: 'x' }] },
      'no_such_custom_field',
      /cf_external_reference/,
    ],
    [
      'part of a retainer invoice',
      'create_customer_payment',
      { ...payment, retainerinvoice_id: seed.retainer },
      'retainer_in_part',
      /can only be paid in full: USD 750\.00 is open, the payment is USD 450\.00/,
    ],
    [
      'a retainer invoice of another customer',
      'create_customer_payment',
      { ...payment, customer_id: '712345000000090009', amount: 750, retainerinvoice_id: seed.retainer },
      'retainer_of_another_customer',
      /"RET-00001" belongs to another customer/,
    ],
    [
      'a retainer invoice that does not exist',
      'create_customer_payment',
      { ...payment, retainerinvoice_id: '1' },
      'no_such_retainer',
      /no retainer invoice 1/,
    ],
    [
      'a refund above the unused amount',
      'create_customer_payment_refund',
      { ...refund, amount: 101 },
      'more_than_refundable',
      /USD 101\.00 is more than the USD 100\.00 .* USD 500\.00 of it is applied to invoices/,
    ],
    [
      'a refund of a payment without an unused amount',
      'create_customer_payment_refund',
      { ...refund, customer_payment_id: seed.samplePayment },
      'nothing_refundable',
      /applied to invoices/,
    ],
    [
      'the deletion of a payment that has a refund',
      'delete_customer_payment',
      { payment_id: seed.samplePayment },
      'payment_has_refunds',
      /because it has a refund \(refund_id \d+\): payment #/,
    ],
  ])('%s', async (_title, name, args, code, words) => {
    const server = await start();
    const result = await server.call(name, args);
    expect(errorOf(result), textOf(result)).toMatchObject({ code, changed: 'no' });
    expect(textOf(result) + errorOf(result).next).toMatch(words);
    expect(await writesTo(server)).toEqual([]);
  });

  it('asks the user about a retainer invoice that the scopes hide, and then Zoho decides', async () => {
    const questions: string[] = [];
    const person = (question: string) => (questions.push(question), yes);
    for (const scopes of [['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ', 'ZohoBooks.settings.READ'], undefined]) {
      const server = await start({ confirm: 'ask', person, sandbox: { ...(scopes && { scopes }) } });
      const result = await server.call('create_customer_payment', { ...payment, amount: 750, retainerinvoice_id: seed.retainer });
      expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', payment: { unused_amount: 750 } });
    }
    expect(questions).toEqual([
      expect.stringContaining(`this was not checked: the retainer invoice ${seed.retainer} (needs the scope ZohoBooks.invoices.READ)`),
    ]);
  });
});

describe('a payment that is matched with a bank transaction', () => {
  const other = '712345000000079504';
  const bank = async (server: Harness, change: 'match' | 'unmatch') =>
    expect(
      (
        await fetch(`${server.sandbox.url}/__sandbox/${change}`, {
          method: 'POST',
          body: JSON.stringify({ payment_id: seed.paymentWithUnused }),
        })
      ).status,
    ).toBe(200);

  it.each([
    ['delete_customer_payment', { payment_id: seed.paymentWithUnused }],
    ['bulk_delete_customer_payments', { payment_id: [other, seed.paymentWithUnused] }],
  ])('%s: is refused before the user is asked, and is deleted after it was unmatched', async (tool, args) => {
    const questions: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (questions.push(question), yes) });
    await bank(server, 'match');
    const refused = await server.call(tool, args);
    expect(errorOf(refused), textOf(refused)).toMatchObject({
      code: 'payment_bank_matched',
      changed: 'no',
      next: expect.stringContaining('unmatch it in Zoho Books') as string,
    });
    expect(textOf(refused)).toContain('Bowman Furniture');
    expect(questions).toEqual([]);
    expect(await writesTo(server)).toEqual([]);

    await bank(server, 'unmatch');
    expect((await server.call(tool, args)).structuredContent).toMatchObject({ outcome: 'recorded' });
    expect(questions).toHaveLength(1);
  });

  it('is not deleted if it is matched before the user answers, because Zoho refuses', async () => {
    const server: Harness = await start({
      confirm: 'ask',
      person: async () => (await bank(server, 'match'), yes),
      sandbox: { shapes: 'documented' },
    });
    const before = await paymentsIn(server);
    const result = await server.call('bulk_delete_customer_payments', { payment_id: [other, seed.paymentWithUnused] });
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'refused_by_zoho', changed: 'no' });
    expect(await paymentsIn(server)).toBe(before);
  });
});

describe('the policy', () => {
  it.each<[string, HarnessOptions['policy'], string, Record<string, unknown>]>([
    ['read_only', { read_only: true }, 'create_customer_payment', payment],
    ['allowed_tools', { allowed_tools: ['create_customer_payment'] }, 'create_customer_payment_refund', refund],
    ['max_amount.per_write', { max_amount: { per_write: { USD: 449.99 } } }, 'create_customer_payment', payment],
    ['max_amount.per_day', { max_amount: { per_day: { USD: 449.99 } } }, 'create_customer_payment', payment],
    ['allowed_account_ids', { allowed_account_ids: ['712345000000000361'] }, 'create_customer_payment', payment],
    ['allowed_from_account_ids', { allowed_from_account_ids: ['712345000000000361'] }, 'create_customer_payment_refund', refund],
    ['earliest_date', { earliest_date: '2026-06-06' }, 'create_customer_payment', payment],
    ['bulk_delete_max', { bulk_delete_max: 1 }, 'bulk_delete_customer_payments', { payment_id: ['1', '2'] }],
    ['max_refunds_per_hour', { max_refunds_per_hour: 0 }, 'create_customer_payment_refund', refund],
  ])('limits every call: %s', async (rule, policy, name, args) => {
    const server = await start({ policy, tools: everyTool });
    const result = await server.call(name, args);
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'against_policy', changed: 'no' });
    expect(errorOf(result).next).toContain(`(${rule})`);
    expect(await writesTo(server)).toEqual([]);
  });

  it('counts new and increased refunds, and no other change of a refund', async () => {
    const server = await start({ policy: { max_refunds_per_hour: 2, max_amount: { per_write: { USD: 15 } } } });
    const { payment_refund } = (await server.call('create_customer_payment_refund', { ...refund, amount: 10 })).structuredContent as {
      payment_refund: { payment_refund_id: string };
    };
    const change = async (args: object) =>
      (
        await server.call('update_customer_payment_refund', {
          customer_payment_id: refund.customer_payment_id,
          refund_id: payment_refund.payment_refund_id,
          ...args,
        })
      ).structuredContent['outcome'];
    expect([
      await change({ description: 'one' }),
      await change({ description: 'two' }),
      await change({ amount: 9 }),
      await change({ amount: 10 }),
      await change({ amount: 11 }),
    ]).toEqual(['recorded', 'recorded', 'recorded', 'recorded', 'not_recorded']);
  });

  it('makes the server ask the user above an amount', async () => {
    const questions: string[] = [];
    const server = await start({
      confirm: 'ask',
      policy: { ask_above: { USD: 400 } },
      person: (question) => (questions.push(question), yes),
    });
    expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
    expect((await server.call('create_customer_payment', { ...payment, amount: 400 })).structuredContent).toMatchObject({
      outcome: 'recorded',
    });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain('the amount is above USD 400.00');
  });

  it('counts exact amounts, also those of unknown writes, but not of writes that were not recorded', async () => {
    const server = await start({ policy: { max_amount: { per_day: { USD: 900.3 } } }, timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: posts, fault: 'status', status: 400, code: 24016, message: 'no' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('more_than_balance');
    expect((await server.call('create_customer_payment', { ...payment, amount: 450.1 })).isError).toBeFalsy();
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', { ...payment, amount: 450.2 })).code).toBe('outcome_unknown');
    expect(errorOf(await server.call('create_customer_payment', { ...payment, amount: 0.01 })).code).toBe('against_policy');
  });
});

describe('with a unique custom field, the server', () => {
  const unique = { uniqueField: 'cf_external_reference', timings: { lookMs: 3_000 } };

  it('sends a new payment as an upsert with its own random id', async () => {
    const server = await start(unique);
    const before = await paymentsIn(server);
    const result = await server.call('create_customer_payment', { ...payment, idempotency_key: 'secret to Zoho' });
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
    const [sent, ...more] = await writesTo(server);
    expect(more).toEqual([]);
    expect(sent).toMatchObject({ method: 'PUT', path: '/books/v3/customerpayments' });
    expect(sent?.headers['x-unique-identifier-value']).toMatch(/^[\da-f-]{36}$/);
    expect(JSON.stringify(sent)).not.toContain('secret to Zoho');
    expect(await paymentsIn(server)).toBe(before + 1);
  });

  it('does not send a lost write again before it has proof that the field works', async () => {
    const server = await start({ ...unique, timings: { lookMs: 600 } });
    await fault(server.sandbox, { match: { method: 'PUT', path: '^/customerpayments$' }, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('refuses a call that sets this field itself', async () => {
    const server = await start(unique);
    for (const field of [
      { api_name: 'cf_external_reference' },
      { label: 'External Reference' },
      { customfield_id: '712345000000012841' },
    ]) {
      expect(errorOf(await server.call('create_customer_payment', { ...payment, custom_fields: [{ ...field, value: 'mine' }] })).code).toBe(
        'unique_field_unusable',
      );
    }
    expect(await writesTo(server)).toEqual([]);
  });

  it('treats an earlier write that is settled during a call as a possible duplicate of this call', async () => {
    const server = await start({ ...unique, timings: { lookMs: 0 } });
    await server.call('create_customer_payment', { ...payment, amount: 1 });
    const before = await paymentsIn(server);
    await fault(server.sandbox, { match: { method: 'PUT', path: '^/customerpayments$' }, fault: 'drop_before', times: 2 });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    // A changed call is another intent. The first write is sent again and recorded, and is then a possible duplicate of this call.
    expect(errorOf(await server.call('create_customer_payment', { ...payment, description: 'in other words' })).code).toBe(
      'suspected_duplicate',
    );
    expect(await paymentsIn(server)).toBe(before + 1);
  });

  it('as long as a copy may still arrive, does not delete a payment that was sent twice', async () => {
    const { server, graceIsOver } = await startWithClocks({ uniqueField: unique.uniqueField });
    await server.call('create_customer_payment', { ...payment, amount: 1 });
    await fault(server.sandbox, { match: { method: 'PUT', path: '^/customerpayments$' }, fault: 'drop_before' });
    const { structuredContent } = await server.call('create_customer_payment', payment);
    const { payment_id } = structuredContent['payment'] as { payment_id: string };
    expect(errorOf(await server.call('delete_customer_payment', { payment_id }))).toMatchObject({ code: 'copy_on_its_way', changed: 'no' });
    graceIsOver();
    expect((await server.call('delete_customer_payment', { payment_id })).structuredContent).toMatchObject({ outcome: 'recorded' });
  });

  it.each(['drop_before', 'drop_after', 'malformed'])(
    'sends a lost payment (%s) again after a search, and records it once',
    async (kind) => {
      const server = await start(unique);
      await server.call('create_customer_payment', { ...payment, amount: 1 });
      const before = await paymentsIn(server);
      await fault(server.sandbox, { match: { method: 'PUT', path: '^/customerpayments$' }, fault: kind });
      const result = await server.call('create_customer_payment', payment);
      expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
      expect(await paymentsIn(server)).toBe(before + 1);
      const values = (await writesTo(server)).slice(1).map(({ headers }) => headers['x-unique-identifier-value']);
      expect(new Set(values).size).toBe(1);
    },
  );

  it.each([
    ['cf_nope', 'payments have no such custom field'],
    ['cf_receipt_book_no', 'it accepts duplicate values'],
  ])('refuses the field %s: %s', async (uniqueField, why) => {
    const server = await start({ uniqueField });
    const result = await server.call('create_customer_payment', payment);
    expect(errorOf(result)).toMatchObject({ code: 'unique_field_unusable', changed: 'no' });
    expect(textOf(result)).toContain(why);
    expect(await writesTo(server)).toEqual([]);
  });
});

describe('the check for possible duplicates', () => {
  it('finds a possible duplicate among more payments than one page shows', async () => {
    const server = await start({ sandbox: { limits: { per_minute: 10_000 } } });
    const ids: string[] = [];
    for (let i = 1; i <= 60; i += 1) {
      const { structuredContent } = await server.call('create_customer_payment', { ...payment, amount: i, description: 'x'.repeat(900) });
      ids.push((structuredContent['payment'] as { payment_id: string }).payment_id);
    }
    const other = await start({ on: server.sandbox });
    const again = await other.call('create_customer_payment', { ...payment, amount: 1 });
    expect(errorOf(again).code).toBe('suspected_duplicate');
    expect(textOf(again)).toContain(`(id ${ids[0]})`);
  });

  it('does not treat an answer without a list as an empty list', async () => {
    const zoho = await recordedZoho({
      ...recordings['as recorded live'],
      'GET /customerpayments': [200, { code: 0, message: 'success', payments: [] }],
    });
    const server = await start({ at: zoho });
    expect(errorOf(await server.call('create_customer_payment', { ...payment, date: '2016-06-05' }))).toMatchObject({
      code: 'no_record',
      changed: 'no',
    });
    expect(zoho.calls).not.toContain('POST /customerpayments');
    await zoho.close();
  });
});

describe('after the user declined a write', () => {
  const over = { ...payment, amount: 460, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] };
  const give = { ...refund, amount: 10 };
  it.each<[string, Record<string, unknown>, string, Record<string, unknown>]>([
    [
      'delete_customer_payment',
      { payment_id: '712345000000079504' },
      'bulk_delete_customer_payments',
      { payment_id: ['712345000000079504'] },
    ],
    ['create_customer_payment_refund', give, 'create_customer_payment_refund', { ...give, refund_mode: 'cash' }],
    ['create_customer_payment_refund', give, 'create_customer_payment_refund', { ...give, payment_form: 'x', exchange_rate: 1 }],
    [
      'create_customer_payment',
      over,
      'create_customer_payment',
      { ...over, bank_charges: 0, tags: [], description: 'x', reference_number: 'y' },
    ],
    ['create_customer_payment', over, 'create_customer_payment', { ...over, payment_mode: 'Cash' }],
    ['create_customer_payment', over, 'create_customer_payment', { ...over, invoices: [{ ...over.invoices[0], tax_amount_withheld: 0 }] }],
  ])('the server does not ask again about the same write in other words: %s %j, then %s %j', async (tool, args, then, again) => {
    const questions: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (questions.push(question), { action: 'decline' }) });
    expect(errorOf(await server.call(tool, args)).code).toBe('declined');
    expect(errorOf(await server.call(then, again)).code).toBe('declined');
    expect(questions).toHaveLength(1);
  });

  it('the server still asks about a different write', async () => {
    const questions: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (questions.push(question), { action: 'decline' }) });
    for (const args of [
      give,
      { ...give, amount: 11 },
      { ...give, refund_mode: 'check' },
      { ...give, from_account_id: '712345000000000361' },
    ])
      await server.call('create_customer_payment_refund', args);
    expect(questions).toHaveLength(4);
  });
});

describe('an update of a payment', () => {
  it.each([
    [
      'moves the payment to another customer',
      { customer_id: '712345000000090009' },
      'it moves the payment to another customer, "Acme Corp"',
    ],
    ['lowers the received amount', { amount: 240 }, 'it lowers the received amount'],
  ])('needs consent if it %s', async (_title, change, why) => {
    const questions: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (questions.push(question), { action: 'decline' }) });
    expect(errorOf(await server.call('update_customer_payment', { payment_id: '712345000000079504', ...change })).code).toBe('declined');
    expect(questions[0]).toContain(why);
  });

  it('is refused if the other customer has another currency', async () => {
    const server = await start();
    expect(
      errorOf(await server.call('update_customer_payment', { payment_id: '712345000000079504', customer_id: seed.aoyamaInYen })).code,
    ).toBe('customer_currency');
  });
});

describe('a recorded write', () => {
  it('is replayed even if a later policy would refuse it', async () => {
    const server = await start();
    const first = await server.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    const stricter = await start({ on: server.sandbox, stateDir: server.dir, policy: { read_only: true }, tools: everyTool });
    const again = await stricter.call('create_customer_payment', { ...payment, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true, payment: first.structuredContent['payment'] });
  });
});

describe('a record that was deleted later by this server', () => {
  const created = ({ structuredContent }: { structuredContent: Record<string, unknown> }) =>
    structuredContent['undo'] as { tool: string; arguments: Record<string, unknown> };

  it.each([
    ['payment', 'create_customer_payment', payment],
    ['refund', 'create_customer_payment_refund', refund],
  ])('is named as deleted in the replay, without an undo: %s', async (_, tool, args) => {
    const server = await start();
    const { tool: back, arguments: which } = created(await server.call(tool, { ...args, idempotency_key: 'k' }));
    const { write_id } = (await server.call(back, which)).structuredContent;
    const again = await server.call(tool, { ...args, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true, deleted_by: write_id });
    expect(again.structuredContent['undo']).toBeUndefined();
    expect(textOf(again)).toMatch(
      new RegExp(
        /This was already recorded at \S+ \S+ UTC and deleted later, at \S+ \S+ UTC .*nothing was sent now\. /.source +
          /To record it again, use another idempotency_key\.$/.source,
      ),
    );
    expect((await server.call(tool, { ...args, idempotency_key: 'another' })).structuredContent).toMatchObject({
      outcome: 'recorded',
      replayed: false,
    });
  });
});

it('a payment that was deleted after the clock was set back is reported as deleted', async () => {
  const local = clocks();
  const server = await start();
  const args = { ...payment, idempotency_key: 'k' };
  local.wall = 30 * 60_000;
  const { payment: made } = (await server.call('create_customer_payment', args)).structuredContent as { payment: { payment_id: string } };
  local.wall = 0;
  const { write_id } = (await server.call('delete_customer_payment', { payment_id: made.payment_id })).structuredContent;
  expect((await server.call('create_customer_payment', args)).structuredContent).toMatchObject({ replayed: true, deleted_by: write_id });
});

it.each([
  ['documented', {}, ['account_id', 'exchange_rate']],
  ['live', { bank_charges: '1,002.00' }, ['bank_charges']],
] as const)('the undo of a deletion names the fields that Zoho does not show (%s)', async (shapes, odd, names) => {
  const on = await startSandbox({ shapes });
  const at = await altered(on, {
    body: ({ payment: told, ...body }) => (told === undefined ? body : { ...body, payment: { ...told, ...odd } }),
  });
  const server = await start({ on, at });
  const { payment: made } = (await server.call('create_customer_payment', payment)).structuredContent as {
    payment: { payment_id: string };
  };
  const { undo } = (await server.call('delete_customer_payment', { payment_id: made.payment_id })).structuredContent as {
    undo: { not_restored: string[] };
  };
  expect(undo.not_restored).toEqual(expect.arrayContaining([...names]));
  await at.close();
  await on.close();
});

it('the replay of a payment names a deletion that a person settled', async () => {
  const server = await start({ timings: { lookMs: 0 } });
  const args = { ...payment, idempotency_key: 'k' };
  const { payment: made } = (await server.call('create_customer_payment', args)).structuredContent as { payment: { payment_id: string } };
  await fault(server.sandbox, { match: { method: 'DELETE' }, fault: 'drop_before' });
  const { write_id } = (await server.call('delete_customer_payment', { payment_id: made.payment_id })).structuredContent;
  expect(await server.opened.settle(String(write_id), { id: made.payment_id, result: {} })).toMatchObject({ kind: 'settled' });
  expect((await server.call('create_customer_payment', args)).structuredContent).toMatchObject({ replayed: true, deleted_by: write_id });
});

describe('a lost change of a field that Zoho does not show', () => {
  const change = { payment_id: seed.paymentWithUnused, tags: [] };
  const puts = { method: 'PUT', path: '^/customerpayments/' };

  it.each(['drop_after', 'drop_before'])('makes the server ask the user if the payment has changed in the meantime (%s)', async (lost) => {
    const questions: string[] = [];
    const server = await start({
      confirm: 'ask',
      timings: { lookMs: 0 },
      person: (question) => (questions.push(question), { action: 'accept', content: { which: seed.paymentWithUnused } }),
    });
    await fault(server.sandbox, { match: puts, fault: lost });
    expect(errorOf(await server.call('update_customer_payment', change)).code).toBe('outcome_unknown');
    const other = await start({ on: server.sandbox });
    await new Promise((passed) => setTimeout(passed, 1_000));
    if (lost === 'drop_before') await other.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'by hand' });
    const again = await server.call('update_customer_payment', change);
    expect(questions[0]).toContain('as it is now');
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', asked: 'window' });
  });
});

describe('an unknown write that a search cannot settle', () => {
  it.each(kinds)('makes the server ask the user (%s)', async (kind) => {
    const questions: string[] = [];
    const server: Harness = await start({
      kind,
      confirm: 'ask',
      timings: { lookMs: 0 },
      person: (question) => (questions.push(question), { action: 'accept', content: { which: made } }),
    });
    await fault(server.sandbox, { match: posts, fault: 'drop_before' });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    const byHand = await start({ on: server.sandbox });
    const { structuredContent } = await byHand.call('create_customer_payment', { ...payment, payment_mode: 'check' });
    const made = (structuredContent['payment'] as { payment_id: string }).payment_id;

    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(`(id ${made})`);
    expect(await server.opened.road.journal.unsettled()).toEqual([]);
  });
});

describe('an approval that was used for a write that was not sent', () => {
  it('is refused, and the server shows a new preview', async () => {
    const server = await start({ confirm: 'ask', limits: { pauseMs: 1 } });
    const preview = await server.call('create_customer_payment_refund', refund);
    const { approval } = preview.structuredContent as { approval: string };
    await fault(server.sandbox, { match: { method: 'POST', path: '/refunds$' }, fault: 'rate_limit', times: 3 });
    expect(errorOf(await server.call('create_customer_payment_refund', { ...refund, approval }))).toMatchObject({
      code: 'minute_limit',
      changed: 'no',
    });
    const again = await server.call('create_customer_payment_refund', { ...refund, approval });
    expect(errorOf(again).code).toBe('approval_needed');
    const { approval: fresh } = again.structuredContent as { approval: string };
    expect(fresh).not.toBe(approval);
    expect((await server.call('create_customer_payment_refund', { ...refund, approval: fresh })).structuredContent).toMatchObject({
      outcome: 'recorded',
    });
  });
});

describe('several payments in one deletion', () => {
  const two = [seed.samplePayment, '712345000000079504'];
  const byHand = (server: Harness, payment_id: string) =>
    start({ on: server.sandbox }).then((other) => other.call('delete_customer_payment', { payment_id }));
  const deletes = { method: 'DELETE', path: '^/customerpayments$' };

  it('are checked one by one: the answer names the payments that Zoho did not delete', async () => {
    const server = await start();
    await server.call('delete_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund });
    // Zoho gave this answer to a request that deleted only one of the payments.
    await fault(server.sandbox, {
      match: deletes,
      fault: 'status',
      status: 200,
      code: 0,
      message: 'The selected customer payments have been deleted.',
    });
    await fault(server.sandbox, {
      match: { method: 'GET', path: `/customerpayments/${two[1]}` },
      fault: 'status',
      status: 404,
      code: 1002,
      message: 'Payment does not exist.',
      skip: 1,
    });
    const result = await server.call('bulk_delete_customer_payments', { payment_id: two });
    expect(result.structuredContent, textOf(result)).toMatchObject({
      outcome: 'recorded',
      deleted: [two[1]],
      kept: [two[0]],
      undo: { tool: 'create_customer_payment' },
    });
    expect(textOf(result)).toMatch(/NOT deleted, still there: payment/);
  });

  it('have an unknown outcome if Zoho deleted none of them, even if Zoho reports success', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await server.call('delete_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund });
    await fault(server.sandbox, { match: deletes, fault: 'status', status: 200, code: 0 });
    expect(errorOf(await server.call('bulk_delete_customer_payments', { payment_id: two })).code).toBe('outcome_unknown');
  });

  it('are settled one by one after a lost answer, and none stays blocked for ever', async () => {
    const { server, graceIsOver } = await startWithClocks({ timings: { lookMs: 0 } });
    await server.call('delete_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund });
    await fault(server.sandbox, { match: deletes, fault: 'drop_before' });
    expect(errorOf(await server.call('bulk_delete_customer_payments', { payment_id: two })).code).toBe('outcome_unknown');
    await byHand(server, two[1]!);
    expect(errorOf(await server.call('delete_customer_payment', { payment_id: two[0] })).code).toBe('unresolved_write');
    graceIsOver();
    const again = await server.call('bulk_delete_customer_payments', { payment_id: two });
    expect(again.structuredContent, textOf(again)).toMatchObject({
      outcome: 'recorded',
      replayed: true,
      deleted: [two[1]],
      kept: [two[0]],
    });
    expect((await server.call('delete_customer_payment', { payment_id: two[0] })).structuredContent).toMatchObject({ outcome: 'recorded' });
  });
});

describe('a change of a payment that is identified by a unique value', () => {
  it('is refused if the value belongs to another payment when the lock is free', async () => {
    const server = await start();
    const [first, second] = ['712345000000079504', seed.paymentWithUnused];
    const named = (payment_id: string, value: string) =>
      server.call('update_customer_payment', { payment_id, custom_fields: [{ api_name: 'cf_external_reference', value }] });
    await named(first, 'V-1');
    // The test holds the turn of the first payment, while the value moves to the second payment.
    const turn = await server.opened.road.turns.take([`payment:${first}`], 'test');
    const waiting = server.call('update_customer_payment_using_custom_field', {
      unique_identifier_key: 'cf_external_reference',
      unique_identifier_value: 'V-1',
      description: 'moved',
    });
    const found = async () => (await requestsTo(server.sandbox)).find(({ query }) => query['cf_external_reference'] === 'V-1')?.status;
    await expect.poll(found).toBe(200);
    const byHand = await start({ on: server.sandbox });
    await byHand.call('update_customer_payment', {
      payment_id: first,
      custom_fields: [{ api_name: 'cf_external_reference', value: 'V-2' }],
    });
    await byHand.call('update_customer_payment', {
      payment_id: second,
      custom_fields: [{ api_name: 'cf_external_reference', value: 'V-1' }],
    });
    turn.leave();
    expect(errorOf(await waiting)).toMatchObject({ code: 'payment_changed', changed: 'no' });
  });
});

describe('after a write', () => {
  it('list_writes shows the write, its outcome and its undo, and shows unresolved writes first', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    const done = await server.call('create_customer_payment', payment);
    await fault(server.sandbox, { match: { method: 'PUT' }, fault: 'drop_before' });
    await server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'x' });
    const { structuredContent } = await server.call('list_writes');
    expect(structuredContent['writes']).toMatchObject([
      { tool: 'update_customer_payment', outcome: 'unknown' },
      { tool: 'create_customer_payment', outcome: 'recorded', undo: done.structuredContent['undo'] },
    ]);
    expect((await server.opened.road.journal.verify()).problems).toEqual([]);
  });

  it('the undo of this write restores the books', async () => {
    const server = await start();
    const before = await booksOf(server.sandbox);
    const made = await server.call('create_customer_payment', {
      ...payment,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
    });
    const { tool, arguments: args } = made.structuredContent['undo'] as { tool: string; arguments: Record<string, unknown> };
    const undone = await server.call(tool, args);
    expect(undone.structuredContent, textOf(undone)).toMatchObject({ outcome: 'recorded' });
    expect(await booksOf(server.sandbox)).toEqual(before);
    const { tool: redo, arguments: again } = undone.structuredContent['undo'] as { tool: string; arguments: Record<string, unknown> };
    expect((await server.call(redo, again)).structuredContent).toMatchObject({
      outcome: 'recorded',
      payment: { amount: 450, unused_amount: 0 },
    });
  });
});

describe("a payment whose answer is broken but contains the record's id", () => {
  it('is found by this id among similar payments', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    const byHand = await start({ on: server.sandbox });
    // Zoho records the payment and answers 201 with a Location and an incomplete body. Before the server searches for it, an identical payment appears.
    await fault(server.sandbox, { match: posts, fault: 'malformed', after: true });
    await fault(server.sandbox, { match: { method: 'GET', path: '^/customerpayments$' }, fault: 'status', status: 503, skip: 1, times: 3 });
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    const [made] = (await writesTo(server)).map(({ applied }) => applied[0]);
    const other = await byHand.call('create_customer_payment', { ...payment, allow_duplicate_of: [made ?? ''] });
    expect(other.structuredContent, textOf(other)).toMatchObject({ outcome: 'recorded' });
    const again = await server.call('create_customer_payment', payment);
    expect(again.structuredContent, textOf(again)).toMatchObject({ outcome: 'recorded', replayed: true, payment: { payment_id: made } });
  });
});

describe('calls that recorded nothing', () => {
  it('are in the journal as notes without an entry, if they were refused or declined', async () => {
    const server = await start({ confirm: 'ask', person: () => ({ action: 'decline' }) });
    await server.call('create_customer_payment', { ...payment, date: '2099-01-01' });
    await server.call('create_customer_payment_refund', refund);
    const types: string[] = [];
    for await (const event of server.opened.road.journal.events()) types.push(event.type);
    expect(types).toEqual(['refused', 'asked', 'declined']);
    expect(await server.opened.road.journal.list({ limit: 10 })).toEqual([]);
  });
});
