import { describe, expect, it } from 'vitest';
import { fault, seed } from '../support/books.ts';
import type { HarnessOptions, ToolResult } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** The facts about a retry in errors, for programs. */

const start = servers('file');
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 41, date: '2026-06-20' };
const errorOf = ({ structuredContent }: ToolResult) =>
  structuredContent['error'] as { code: string; retry: string; retry_at?: string; next: string };

describe('the field `retry` of an error', () => {
  it('says same_call after an unknown outcome, from the end of the grace period by both clocks', async () => {
    const server = await start({ timings: { lookMs: 0 } });
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    const before = Date.now();
    const { code, retry, retry_at } = errorOf(await server.call('create_customer_payment', payment));
    expect({ code, retry }).toEqual({ code: 'outcome_unknown', retry: 'same_call' });
    expect(retry_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(retry_at ?? '')).toBeGreaterThan(before + 5 * 60_000 + 5_000);
    // Another write that it blocks waits as long.
    const other = errorOf(await server.call('create_customer_payment', { ...payment, reference_number: 'other' }));
    expect(other).toMatchObject({ code: 'unresolved_write', retry: 'same_call', retry_at });
  });

  it("says same_call after Zoho's rate limit, from the end of the limit", async () => {
    const server = await start();
    await fault(server.sandbox, { match: { method: 'GET' }, fault: 'status', status: 429, code: 45, message: 'x', times: 99 });
    const { code, retry, retry_at } = errorOf(await server.call('list_customer_payments'));
    expect({ code, retry }).toEqual({ code: 'day_limit', retry: 'same_call' });
    expect(Date.parse(retry_at ?? '')).toBeGreaterThan(Date.now());
  });

  it.each<[code: string, retry: string, options: HarnessOptions, tool: string, args: Record<string, unknown>]>([
    ['invalid_arguments', 'corrected_call', {}, 'create_customer_payment', {}],
    [
      'more_than_refundable',
      'corrected_call',
      {},
      'refund_customer_payment',
      { payment: seed.paymentWithUnused, amount: 590, account: 'Petty Cash' },
    ],
    ['approval_needed', 'corrected_call', { confirm: 'ask' }, 'delete_customer_payment', { payment_id: seed.paymentWithUnused }],
    ['consent_unavailable', 'never', { confirm: 'strict' }, 'delete_customer_payment', { payment_id: seed.paymentWithUnused }],
    ['against_policy', 'never', { policy: { max_amount: { per_write: { USD: 1 } } } }, 'create_customer_payment', payment],
  ])('of %s is %s', async (code, retry, options, tool, args) => {
    const server = await start(options);
    const error = errorOf(await server.call(tool, args));
    expect(error).toMatchObject({ code, retry });
    expect(error).not.toHaveProperty('retry_at');
  });

  it('says corrected_call for a possible duplicate, and the error contains the existing ids as data', async () => {
    const server = await start();
    await server.call('create_customer_payment', payment);
    const again = await server.call('create_customer_payment', payment);
    expect(errorOf(again)).toMatchObject({ code: 'suspected_duplicate', retry: 'corrected_call' });
    expect(again.structuredContent['next']).toEqual([
      { say: expect.stringContaining('allow_duplicate_of') as string, arguments: { allow_duplicate_of: [expect.stringMatching(/^\d+$/)] } },
    ]);
  });
});
