import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { NONE_OF_THESE } from '../../src/write/repeated-call.ts';
import { booksOf, fault, forgetRequests, held, isWaiting, release, requestsTo, seed, writesTo } from '../support/books.ts';
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
import { servers } from '../support/servers.ts';

/** "They overpaid, send the rest back from petty cash." */

const start = servers();

const out = { account: 'Petty Cash', date: '2026-06-30' };
/** A payment of 250 by Bowman Furniture, not applied to any invoice. */
const advance = '712345000000079504';
/** A payment of 500 by Acme Corp, all applied to two invoices. */
const applied = '712345000000079505';

const refund = (server: Harness, args: Record<string, unknown>) => server.call('refund_customer_payment', { ...out, ...args });
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const which = (id: string): PersonAnswer => ({ action: 'accept', content: { which: id } });
const answers =
  (asked: string[], ...given: PersonAnswer[]) =>
  (question: string): PersonAnswer => (asked.push(question), given[asked.length - 1] ?? { action: 'cancel' });

async function refunded(server: Harness, args: Record<string, unknown>): Promise<ToolResult> {
  const result = await refund(server, args);
  expect(result.isError, textOf(result)).toBeFalsy();
  expect(textOf(result)).not.toMatch(/undefined|NaN|\[object/);
  expect((await booksOf(server.sandbox)).problems).toEqual([]);
  return result;
}

async function refused(server: Harness, args: Record<string, unknown>, code: string): Promise<string> {
  const result = await refund(server, args);
  expect(result.structuredContent, textOf(result)).toMatchObject({ error: { code, changed: 'no' }, outcome: 'not_recorded' });
  expect(await writesTo(server)).toEqual([]);
  return textOf(result);
}

async function sentTo(server: Harness, payment_id: string, body: Record<string, unknown>): Promise<void> {
  expect((await writesTo(server)).map(({ path, body }) => ({ path, body }))).toMatchObject([
    { path: `/books/v3/customerpayments/${payment_id}/refunds`, body },
  ]);
}

describe.each(kinds)('refund_customer_payment, called by the client of the %s', (kind) => {
  it('asks for the customer, then the payment, then the confirmation', async () => {
    const asked: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: answers(asked, which(seed.bowman), which(seed.paymentWithUnused), yes) });
    await refunded(server, { customer: 'Bowman' });
    expect(asked.map((question) => question.split('\n')[0])).toEqual([
      '4 customers have a name like "Bowman". Which one is it?',
      'Several payments of "Bowman Furniture" (id 903000000000099) have an unused amount. Which one should be refunded?',
      'Refund USD 100.00 to "Bowman Furniture"?',
    ]);
    expect(asked[2]).toContain('Account: "Petty Cash" (id 3000000000385)');
    await sentTo(server, seed.paymentWithUnused, { amount: 100, from_account_id: seed.pettyCash, date: '2026-06-30' });
  });

  it.each<[string, PersonAnswer[], string]>([
    ['the user chooses none of the customers', [which(NONE_OF_THESE)], 'none_chosen'],
    ['the user chooses none of the payments', [which(seed.bowman), which(NONE_OF_THESE)], 'none_chosen'],
    ['the user declines to choose the customer', [{ action: 'decline' }], 'declined'],
    ['the user declines the refund', [which(seed.bowman), which(advance), { action: 'decline' }], 'declined'],
    ['the user closes the question', [which(seed.bowman), which(advance), { action: 'cancel' }], 'not_confirmed'],
    ['the user chooses a payment that was not offered', [which(seed.bowman), which(applied)], 'ambiguous_payment'],
  ])('%s: records no refund', async (_, given, code) => {
    const asked: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: answers(asked, ...given) });
    const result = await refund(server, { customer: 'Bowman' });
    expect(result.isError).toBe(true);
    // A client of the newest protocol revision checks an answer against the choices itself.
    if (code !== 'ambiguous_payment') expect(errorOf(result)).toMatchObject({ code, changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
  });

  it('gives a client that cannot ask the list of payments, and then the preview', async () => {
    const server = await start({ kind, confirm: 'ask' });
    const text = await refused(server, { customer: 'Bowman Furniture' }, 'ambiguous_payment');
    expect(text).toContain(
      `1. payment #4 of 2026-06-22, USD 250.00, unused USD 250.00 (id ${advance}); ` +
        `2. payment #3 of 2026-06-18, USD 600.00, unused USD 100.00 (id ${seed.paymentWithUnused}); ` +
        '3. payment #146',
    );
    const args = { customer: 'Bowman Furniture', payment: advance };
    const preview = await refund(server, args);
    expect(textOf(preview)).toMatch(/^Refund USD 250\.00 to "Bowman Furniture"\?/);
    expect(errorOf(preview).code).toBe('approval_needed');
    expect(await writesTo(server)).toEqual([]);
    await refunded(server, { ...args, approval: preview.structuredContent['approval'] });
    await sentTo(server, advance, { amount: 250 });
  });
});

describe('refund_customer_payment', () => {
  it.each([
    ['the only payment with an unused amount', { customer: 'Möbelhaus', account: 'Euro' }, '712345000000079507', 109.5],
    ['the only payment with a large enough unused amount', { customer: 'Bowman Furniture', amount: 240.5 }, advance, 240.5],
    ['the payment with this number', { payment: '#3' }, seed.paymentWithUnused, 100],
    ['the payment with this number in everyday words', { payment: 'payment 3', amount: 20 }, seed.paymentWithUnused, 20],
    ['the payment with this number and customer', { customer: 'Bowman Furniture', payment: '4' }, advance, 250],
    ['the payment with this id', { payment: advance }, advance, 250],
  ])('refunds %s', async (_, args, payment_id, amount) => {
    const server = await start();
    await refunded(server, args);
    await sentTo(server, payment_id, { amount });
  });

  it.each<[string, Record<string, unknown>, string, string]>([
    ['the payment number of another customer', { customer: 'Bowman Furniture', payment: '6' }, 'no_such_payment', 'of this customer'],
    ['a payment number that does not exist', { payment: '99999' }, 'no_such_payment', '#99999'],
    ['a call without customer and payment', {}, 'invalid_arguments', 'The customer is missing'],
    ['a name that several customers have', { customer: 'Acme Co' }, 'ambiguous_customer', 'Acme Corp'],
    [
      'an amount above the unused amount of every payment',
      { customer: 'Bowman Furniture', amount: 251 },
      'more_than_refundable',
      'No payment of this customer has USD 251.00 unused. Unused amounts: payment #4',
    ],
    [
      'an amount above the unused amount of this payment',
      { payment: advance, amount: 251 },
      'more_than_refundable',
      'USD 251.00 is more than that',
    ],
    ['a closed account', { payment: advance, account: 'Old Checking' }, 'no_such_account', '"Petty Cash" (id 3000000000385)'],
    ['an account in another currency', { payment: advance, account: 'Euro' }, 'account_currency', 'Ask the user for an account in USD.'],
    ['a customer who never paid', { customer: '712345000000090015' }, 'nothing_refundable', 'no payment'],
  ])('refuses %s', async (_, args, code, words) => {
    const server = await start();
    expect(await refused(server, args, code)).toContain(words);
  });
});

describe('refund_customer_payment with a payment number', () => {
  it.each([seed.paymentWithUnused, '3', '#3'])(
    "does not refund another customer's payment to the named customer: payment %s",
    async (payment) => {
      const server = await start();
      expect(await refused(server, { customer: 'Acme Corp', payment, amount: 5 }, 'no_such_payment')).toMatch(
        /"Acme Corp"|of this customer/,
      );
      expect(textOf(await refunded(server, { customer: 'Bowman Furniture', payment, amount: 5 }))).toContain('"Bowman Furniture"');
    },
  );

  it("recognizes another customer's payment by the name on the payment, if the scopes hide customers", async () => {
    const scopes = ['customerpayments.ALL', 'banking.READ', 'settings.READ'].map((one) => `ZohoBooks.${one}`);
    const server = await start({ sandbox: { scopes } });
    await refused(server, { customer: 'Acme Corp', payment: seed.paymentWithUnused, amount: 5 }, 'no_such_payment');
    await refunded(server, { customer: 'Bowman', payment: seed.paymentWithUnused, amount: 5 });
  });

  it.each(['Payment no. 3', 'payment #3.', 'No. 3', '(3)', 'PAYMENT 3'])('accepts the number in the form %s', async (payment) => {
    const server = await start();
    expect(textOf(await refunded(server, { payment, amount: 5 }))).toContain(`payment #3 (id ${seed.paymentWithUnused})`);
  });
});

describe('a refund of money that is applied to invoices', () => {
  /** The calls in `Next:`, unchanged. */
  const steps = (text: string) =>
    [...text.matchAll(/(update_customer_payment|refund_customer_payment) (\{.*?\})(?=, then|\.\n)/g)].map(([, tool = '', args = '']) => ({
      tool,
      args: JSON.parse(args) as Record<string, unknown>,
    }));

  it.each([
    ['the whole payment for two invoices', { payment: applied }, 500, 0],
    ['a part of the payment, which un-applies the last invoice first', { payment: applied, amount: 400 }, 400, 0],
    ['more than the unused amount', { payment: '3', amount: 300 }, 300, 0],
    ['the remaining money of a payment that was partly refunded before', { payment: '2' }, 400, 0],
    ['a customer without unused amounts', { customer: 'Acme Corporation', amount: 10 }, 10, 0],
  ])('%s: suggests calls that work without changes', async (_, args, amount, left) => {
    const server = await start();
    const result = await refund(server, args);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('Ask the user whether to un-apply; if so: update_customer_payment');
    const named = steps(textOf(result));
    expect(named.map(({ tool }) => tool)).toEqual(['update_customer_payment', 'refund_customer_payment']);
    for (const { tool, args } of named) {
      const done = await server.call(tool, args);
      expect(done.isError, textOf(done)).toBeFalsy();
    }
    const [update, given] = await writesTo(server);
    expect(update).toMatchObject({ method: 'PUT' });
    expect(given?.body).toMatchObject({ amount, from_account_id: seed.pettyCash, date: '2026-06-30' });
    const payment_id = String(named[0]?.args['payment_id']);
    const after = (await server.call('get_customer_payment', { payment_id })).structuredContent['payment'] as Record<string, unknown>;
    expect(after['unused_amount'] ?? 0).toBe(left);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });

  it('suggests no un-apply if the refund is more than the payment', async () => {
    const server = await start();
    const text = await refused(server, { payment: applied, amount: 501 }, 'nothing_refundable');
    expect(text).toContain('Next: Tell the user.');
  });
});

describe('refund_customer_payment records one request once', () => {
  const args = { customer: 'Bowman Furniture', amount: 240 };

  it('it answers the same call and idempotency key from the journal, although the remaining unused amount is now too small', async () => {
    const server = await start();
    await refunded(server, { ...args, idempotency_key: 'k' });
    await forgetRequests(server.sandbox);
    const again = await refunded(server, { ...args, idempotency_key: 'k' });
    expect(again.structuredContent).toMatchObject({ replayed: true, outcome: 'recorded' });
    expect(await requestsTo(server.sandbox)).toEqual([]);
    expect(textOf(await refund(server, { ...args, account: 'Savings', idempotency_key: 'k' }))).toContain('its account was different');
  });

  it('it finds a refund whose answer was lost, if the call is repeated', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, {
      match: { method: 'GET', path: '^/customerpayments/\\d+/refunds' },
      fault: 'status',
      status: 503,
      skip: 1,
      times: 99,
    });
    await fault(server.sandbox, { match: { method: 'POST', path: '/refunds$' }, fault: 'drop_after' });
    const { refunds } = (await booksOf(server.sandbox)).counts;
    expect((await refund(server, args)).structuredContent).toMatchObject({ outcome: 'unknown' });
    await fetch(`${server.sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
    expect((await refunded(server, args)).structuredContent).toMatchObject({ outcome: 'recorded', payment_refund: { amount: 240 } });
    expect(await writesTo(server)).toHaveLength(1);
    expect((await booksOf(server.sandbox)).counts.refunds).toBe(refunds + 1);
  });

  it('it records one refund for two identical calls at the same time', async () => {
    const server = await start();
    const both = await Promise.all([refund(server, args), refund(server, args)]);
    expect(both.map(({ structuredContent }) => structuredContent['replayed']).toSorted()).toEqual([false, true]);
    expect(await writesTo(server)).toHaveLength(1);
  });
});

describe('refund_customer_payment on two servers with one journal', () => {
  const args = { customer: 'Möbelhaus', account: 'Euro' };
  const gaveBack = { method: 'POST', path: '/refunds$' };

  it('waits for an identical call that is in flight, although no unused amount remains', async () => {
    const first = await start();
    const second = await start({ on: first.sandbox, stateDir: first.dir });
    await fault(first.sandbox, { match: gaveBack, ...held, after: true });
    const under = refund(first, args);
    await isWaiting(first.sandbox, 'POST');
    const waits = refunded(second, args);
    await sleep(300);
    await release(first.sandbox);
    const again = await waits;
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true, payment_refund: { amount: 109.5 } });
    expect((await under).structuredContent).toMatchObject({ outcome: 'recorded', replayed: false });
    expect(await writesTo(first)).toHaveLength(1);
  });

  it.each([
    ['the user must choose one', undefined],
    ['no unused amount is large enough', 900_000_000],
  ])('says how many payments of a long list it does not show: %s', async (_, amount) => {
    const server = await start();
    for (let day = 10; day < 23; day += 1) {
      expect(
        (
          await server.call('create_customer_payment', {
            customer_id: '712345000000090009',
            amount: 123_456_789.01 + day,
            payment_mode: 'cash',
            date: `2026-06-${day}`,
          })
        ).isError,
      ).toBeFalsy();
    }
    const text = textOf(await refund(server, { customer: '712345000000090009', amount }));
    expect(text).toMatch(/\(id \d{18}\); and 6 more\.$/m);
  });

  it('does not choose the payment from cached data', async () => {
    const server = await start();
    const acme = '712345000000090009';
    await refused(server, { customer: acme, amount: 300 }, 'more_than_refundable');
    const other = await start({ on: server.sandbox });
    expect(
      (await other.call('create_customer_payment', { customer_id: acme, amount: 50, payment_mode: 'cash', date: '2026-06-29' })).isError,
    ).toBeFalsy();
    await forgetRequests(server.sandbox);
    // With cached data, the call would refund 180, the only unused amount in the cache.
    const result = await refund(server, { customer: acme });
    expect(await writesTo(server)).toEqual([]);
    expect(errorOf(result).changed).toBe('no');
    await refused(server, { customer: acme, payment: '#6', amount: 181 }, 'more_than_refundable');
  });

  it('does not settle the write of another call, if that call chose another payment in the meantime', async () => {
    const first = await start();
    const second = await start({ on: first.sandbox, stateDir: first.dir });
    await first.call('customer_statement', { customer: 'Möbelhaus' });
    const contacts = { method: 'GET', path: '^/contacts$' };
    await fault(first.sandbox, { match: contacts, ...held });
    await fault(first.sandbox, { match: gaveBack, ...held, after: true });
    // The late call reads the journal before the other call is sent, and the customer's payments afterwards.
    const late = refund(second, args);
    await isWaiting(first.sandbox, 'GET');
    const under = refund(first, args);
    await isWaiting(first.sandbox, 'POST');
    await release(first.sandbox, contacts);
    expect((await late).structuredContent).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' } });
    await release(first.sandbox);
    const result = await under;
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', replayed: false });
    const entry = await first.opened.road.journal.find(String(result.structuredContent['write_id']));
    expect(entry).toMatchObject({ state: 'recorded' });
    expect(entry).not.toHaveProperty('reason');
    expect(await writesTo(first)).toHaveLength(1);
  });
});

describe('the policy for refund_customer_payment', () => {
  it.each<[string, HarnessOptions['policy']]>([
    ['a tool that is not allowed', { allowed_tools: ['create_customer_payment_refund'] }],
    ['an amount above the limit', { max_amount: { per_write: { USD: 99 } } }],
    ['more refunds than the limit of this hour', { max_refunds_per_hour: 0 }],
    ['an account that is not allowed', { allowed_from_account_ids: ['712345000000000361'] }],
    ['a date that is too early', { earliest_date: '2026-07-01' }],
  ])('forbids %s', async (_, policy) => {
    const server = await start({ policy, tools: everyTool });
    await refused(server, { payment: '3' }, 'against_policy');
  });

  it.each([{ account: 'Petty Cash' }, { account: seed.pettyCash }])('forbids %j before the user is asked which payment', async (args) => {
    const asked: string[] = [];
    const policy = { allowed_from_account_ids: ['712345000000000361'] };
    const server = await start({ policy, confirm: 'ask', person: answers(asked) });
    expect(await refused(server, { customer: 'Bowman', ...args }, 'against_policy')).toContain(
      `The policy does not allow refunds out of "Petty Cash" (id ${seed.pettyCash}). It allows only "Business Checking" (id 712345000000000361).`,
    );
    expect(asked).toEqual([]);
  });

  it('allows what it lists, but strict mode still needs a confirmation', async () => {
    const server = await start({ policy: { allowed_tools: ['refund_customer_payment'], allowed_from_account_ids: [seed.pettyCash] } });
    await refunded(server, { payment: '3' });
    const strict = await start({ confirm: 'strict' });
    await refused(strict, { payment: '3' }, 'consent_unavailable');
  });
});
