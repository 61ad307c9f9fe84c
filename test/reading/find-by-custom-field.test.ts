import { describe, expect, it, onTestFinished } from 'vitest';
import { booksOf, fault, noFaults, seed, writesTo } from '../support/books.ts';
import { clocks } from '../support/clocks.ts';
import { harness, textOf, type Harness, type HarnessOptions, errorOf } from '../support/harness.ts';

/** Zoho does not document the filter by a custom field for payments, so it may refuse the filter in different ways. */

const key = 'cf_external_reference';
const byHand = { unique_identifier_key: key, unique_identifier_value: 'R 1' };
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 33, date: '2026-06-20' };
const filtered = { method: 'GET', path: '^/customerpayments$', query: { [key]: true } };

const refusals: readonly [what: string, answer: Record<string, unknown>][] = [
  ['400 with 2', { status: 400, code: 2 }],
  ['400 with 15', { status: 400, code: 15 }],
  ['400 with an unknown code', { status: 400, code: 108_999 }],
  ['200 with an error code', { status: 200, code: 7 }],
  ['403', { status: 403, code: 1017 }],
  ['404 with 5', { status: 404, code: 5 }],
  ['404 with 1002', { status: 404, code: 1002 }],
  ['405', { status: 405, code: 37 }],
  ['422', { status: 422, code: 422 }],
];

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness({ timings: { lookMs: 600 }, ...options });
  onTestFinished(() => server.close());
  return server;
}

const refuse = (server: Harness, answer: Record<string, unknown>) =>
  fault(server.sandbox, { match: filtered, fault: 'status', message: 'Invalid parameter', times: 99, ...answer });
const lose = (server: Harness, kind = 'drop_before') =>
  fault(server.sandbox, { match: { method: 'PUT', path: '^/customerpayments$' }, fault: kind });
const named = (server: Harness, payment_id: string = seed.paymentWithUnused) =>
  server.call('update_customer_payment', { payment_id, custom_fields: [{ api_name: key, value: 'R 1' }] });

describe.each(refusals)('if Zoho refuses a filter with %s', (_, answer) => {
  it('a change is still made, and the user is asked because a check is missing', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (message) => {
        asked.push(message);
        return { action: 'accept', content: { approve: true } };
      },
    });
    await named(server);
    await refuse(server, answer);
    const result = await server.call('update_customer_payment_using_custom_field', { ...byHand, description: 'changed' });
    expect(result.structuredContent, textOf(result)).toMatchObject({
      outcome: 'recorded',
      asked: 'window',
      payment: { payment_id: seed.paymentWithUnused, description: 'changed' },
      concerns: [{ code: 'not_checked' }],
    });
    expect(asked.join('\n')).toContain('which payment has this value');
    expect(result.structuredContent['undo']).toBeUndefined();
  });

  it('a new payment is still recorded once', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (message) => {
        asked.push(message);
        return { action: 'accept', content: { approve: true } };
      },
    });
    await refuse(server, answer);
    const before = (await booksOf(server.sandbox)).counts.payments;
    const args = { ...byHand, ...payment, upsert: true };
    const result = await server.call('update_customer_payment_using_custom_field', args);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', concerns: [{ code: 'not_checked' }] });
    expect(asked.join('\n')).toContain(`whether a payment already has this ${key}`);
    expect(textOf(result)).toContain('Recorded or updated payment');
    // The payment may have existed before, so there is no undo.
    expect(result.structuredContent['undo']).toBeUndefined();
    expect((await booksOf(server.sandbox)).counts.payments).toBe(before + 1);
  });

  it('a lost write keeps an unknown outcome, and is not sent again', async () => {
    const server = await start();
    await named(server);
    await refuse(server, answer);
    for (const args of [
      { ...byHand, description: 'changed' },
      { ...byHand, unique_identifier_value: 'R 2', ...payment, upsert: true },
    ]) {
      const sent = (await writesTo(server)).length;
      await lose(server);
      const lost = await server.call('update_customer_payment_using_custom_field', args);
      expect(errorOf(lost).code, textOf(lost)).toBe('outcome_unknown');
      expect(errorOf(await server.call('update_customer_payment_using_custom_field', args)).code).toBe('outcome_unknown');
      expect(await writesTo(server)).toHaveLength(sent + 1);
    }
  });

  it('the configured unique field stays in use, and no write is sent again', async () => {
    const server = await start({ uniqueField: key });
    await refuse(server, answer);
    for (const amount of [1, 2]) {
      const made = await server.call('create_customer_payment', { ...payment, amount });
      expect(made.structuredContent, textOf(made)).toMatchObject({ outcome: 'recorded', concerns: [] });
    }
    await lose(server);
    expect(errorOf(await server.call('create_customer_payment', payment)).code).toBe('outcome_unknown');
    const writes = await writesTo(server);
    expect(writes.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT']);
    expect(new Set(writes.map(({ headers }) => headers['x-unique-identifier-value'])).size).toBe(3);
  });

  it('after the filter worked once, a lost payment is found by its other fields, and is not sent again', async () => {
    const server = await start({ uniqueField: key });
    await server.call('create_customer_payment', { ...payment, amount: 1 });
    await refuse(server, answer);
    await lose(server, 'drop_after');
    const found = await server.call('create_customer_payment', { ...payment, amount: 2 });
    expect(found.structuredContent, textOf(found)).toMatchObject({ outcome: 'recorded' });
    await lose(server);
    const lost = await server.call('create_customer_payment', payment);
    expect(errorOf(lost).code).toBe('outcome_unknown');
    expect(await writesTo(server)).toHaveLength(3);
    // When Zoho accepts the filter again, it proves that the payment does not exist.
    await noFaults(server.sandbox);
    expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
    expect(await writesTo(server)).toHaveLength(4);
  });
});

describe('an existing payment that the server cannot find because of a refused filter', () => {
  it('is changed by an upsert, and the answer does not count as a contradiction', async () => {
    const server = await start();
    const made = await server.call('create_customer_payment', payment);
    const { payment_id } = made.structuredContent['payment'] as { payment_id: string };
    await named(server, payment_id);
    await refuse(server, { status: 400, code: 2 });
    const result = await server.call('update_customer_payment_using_custom_field', { ...byHand, ...payment, amount: 34, upsert: true });
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded', payment: { payment_id, amount: 34 } });
    expect(result.structuredContent['undo']).toBeUndefined();
  });

  it('may have been changed if no new payment appears', async () => {
    const ahead = clocks();
    const server = await start({ timings: { lookMs: 0 }, sandbox: { now: () => new Date(Date.now()) } });
    await named(server);
    await refuse(server, { status: 400, code: 2 });
    await lose(server);
    const args = { ...byHand, ...payment, upsert: true };
    expect(errorOf(await server.call('update_customer_payment_using_custom_field', args)).code).toBe('outcome_unknown');
    ahead.wall += 6 * 60_000;
    ahead.ticks += 6 * 60_000;
    expect(errorOf(await server.call('update_customer_payment_using_custom_field', args)).code).toBe('outcome_unknown');
  });

  it('keeps its invoices, unless the call contains the whole list', async () => {
    const server = await start();
    await refuse(server, { status: 400, code: 2 });
    const args = { ...byHand, ...payment, upsert: true, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 33 }] };
    expect(errorOf(await server.call('update_customer_payment_using_custom_field', args)).code).toBe('cannot_merge_invoices');
    const whole = await server.call('update_customer_payment_using_custom_field', { ...args, replace_invoices: true });
    expect(whole.structuredContent, textOf(whole)).toMatchObject({ outcome: 'recorded' });
  });
});

describe('an error of the search that is not a refused filter', () => {
  it.each([
    ['a missing scope', { status: 401, code: 57 }, 'scope_missing'],
    ['a wrong organization', { status: 400, code: 6041 }, 'wrong_organization'],
    ['a temporary failure', { status: 500 }, 'zoho_unavailable'],
    ['a rate limit', { status: 429, code: 45 }, 'day_limit'],
  ])('ends the call before any write: %s', async (_, answer, code) => {
    const server = await start();
    await refuse(server, answer);
    const result = await server.call('update_customer_payment_using_custom_field', { ...byHand, description: 'x' });
    expect(errorOf(result)).toMatchObject({ code, changed: 'no' });
    expect(await writesTo(server)).toEqual([]);
  });

  it('ends the call if Zoho has no list of payments at this address', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { method: 'GET' }, fault: 'status', status: 404, code: 5, times: 99 });
    const result = await server.call('update_customer_payment_using_custom_field', { ...byHand, description: 'x' });
    expect(errorOf(result)).toMatchObject({ code: 'wrong_address', changed: 'no' });
  });
});
