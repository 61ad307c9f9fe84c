import { describe, expect, it } from 'vitest';
import { type Body, type Zoho, SEED, refusal, zoho } from './harness.ts';

const bankLines = async (z: Zoho) => ((await z.get(`/customerpayments/${SEED.advance}`)).body['payment'] as Body)['imported_transactions'];

describe('a payment that is matched with a bank transaction', () => {
  it('shows the transaction, and cannot be deleted until it is unmatched', async () => {
    const z = await zoho();
    const before = await z.books();
    expect(await bankLines(z)).toEqual([]);
    expect((await z.control('POST', '/match', { payment_id: SEED.advance })).status).toBe(200);
    expect(await bankLines(z)).toEqual([
      expect.objectContaining({
        imported_transaction_id: expect.stringMatching(/^\d{18}$/) as string,
        amount: 250,
        status: 'matched',
        account_id: SEED.checking,
      }),
    ]);

    expect(refusal(await z.call('DELETE', `/customerpayments/${SEED.advance}`)).slice(0, 2)).toEqual([400, 90011]);
    // In a bulk deletion, one refusal refuses all.
    expect(
      refusal(await z.call('DELETE', `/customerpayments?bulk_delete=true&payment_id=${SEED.excess100},${SEED.advance}`)).slice(0, 2),
    ).toEqual([400, 90011]);
    expect(await z.books()).toEqual(before);

    expect((await z.control('POST', '/unmatch', { payment_id: SEED.advance })).status).toBe(200);
    expect(await bankLines(z)).toEqual([]);
    expect((await z.call('DELETE', `/customerpayments?bulk_delete=true&payment_id=${SEED.excess100},${SEED.advance}`)).status).toBe(200);
    await z.books();
  });

  it('can be matched only once, and only if it exists', async () => {
    const z = await zoho();
    await z.control('POST', '/match', { payment_id: SEED.advance });
    for (const [path, body] of [
      ['/match', { payment_id: SEED.advance }],
      ['/match', { payment_id: '1' }],
      ['/match', 'x'],
      ['/unmatch', { payment_id: SEED.excess100 }],
    ] as const) {
      expect((await z.control('POST', path, body)).status, path).toBe(400);
    }
  });
});
