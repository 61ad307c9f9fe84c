import { describe, expect, it } from 'vitest';
import { isMode, modeFilter } from '../../src/matching/payment-modes.ts';
import { requestsTo, seed } from '../support/books.ts';
import { textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** Payment modes in everyday words are recorded as Zoho's own mode if there is one. */

const start = servers();
const payment = { customer_id: seed.bowman, date: '2026-06-30', amount: 12.34 };
const refund = { account: 'Petty Cash', date: '2026-06-30', amount: 5, payment: seed.paymentWithUnused };

const spellings: [string, string[]][] = [
  ['check', ['check', 'Check', 'CHECKS', 'cheque', 'Cheque', ' cheque ', 'chèque', 'by cheque', 'Chq.']],
  ['cash', ['cash', 'Cash', 'CASH', 'in cash', 'cash payment']],
  ['creditcard', ['creditcard', 'CreditCard', 'Credit Card', 'credit-card', 'credit_card', 'card', 'by card', 'CC', 'Credit\u00a0Card']],
  ['banktransfer', ['banktransfer', 'Bank Transfer', 'bank-transfer', 'bank  transfer', 'wire', 'Wire Transfer', 'via bank transfer']],
  ['bankremittance', ['Bank Remittance', 'bankremittance']],
  ['autotransaction', ['Auto Transaction', 'autotransaction']],
  ['others', ['others', 'Other', 'other']],
];
/** Text that may be the organization's own mode. */
const kept = [
  'Direct Deposit',
  'Bankueberweisung',
  'Überweisung',
  'PayPal',
  'Debit Card',
  'ACH',
  'Gift card',
  'Check 4471',
  'e-check',
  'Store Credit',
];

const writesOf = async (server: Harness) =>
  (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET').map(({ body }) => body as Record<string, unknown>);
const ok = (result: ToolResult) => (expect(result.isError, textOf(result)).toBeFalsy(), result);

describe('the payment mode of a write', () => {
  it("is sent as Zoho's own mode if there is one, and otherwise unchanged", async () => {
    const server = await start({ sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 } } });
    const said = [...spellings.flatMap(([mode, all]) => all.map((one) => [one, mode] as const)), ...kept.map((one) => [one, one] as const)];
    for (const [i, [payment_mode]] of said.entries()) {
      ok(await server.call('create_customer_payment', { ...payment, amount: 100 + i, payment_mode }));
    }
    expect((await writesOf(server)).map((body) => body['payment_mode'])).toEqual(said.map(([, mode]) => mode));
  });

  it('is sent in the same way by a workflow, a change, an update by custom field and a refund', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      policy: { ask_above: { USD: 1 } },
      person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    });
    const result = ok(
      await server.call('record_customer_payment', {
        customer: 'Bowman Furniture',
        amount: 7,
        date: '2026-06-30',
        payment_mode: 'Cheque',
        allocate: 'as_credit',
      }),
    );
    expect(asked[0]).toContain('mode: "check"');
    expect(textOf(result)).toContain(', check');
    const { payment_id } = result.structuredContent['payment'] as { payment_id: string };
    ok(await server.call('update_customer_payment', { payment_id, payment_mode: 'Bank Transfer' }));
    ok(await server.call('refund_customer_payment', { ...refund, refund_mode: 'Cheque' }));
    ok(
      await server.call('create_customer_payment_refund', {
        customer_payment_id: seed.paymentWithUnused,
        from_account_id: seed.pettyCash,
        date: '2026-06-29',
        amount: 6,
        refund_mode: 'wire transfer',
      }),
    );
    ok(
      await server.call('update_customer_payment_refund', {
        customer_payment_id: seed.samplePayment,
        refund_id: seed.sampleRefund,
        refund_mode: 'Card',
      }),
    );
    ok(
      await server.call('update_customer_payment_using_custom_field', {
        unique_identifier_key: 'cf_external_reference',
        unique_identifier_value: 'ACME-2026-0608',
        payment_mode: 'Cheque',
      }),
    );
    expect((await writesOf(server)).map((body) => body['payment_mode'] ?? body['refund_mode'])).toEqual([
      'check',
      'banktransfer',
      'check',
      'banktransfer',
      'creditcard',
      'check',
    ]);
  });

  it('does not make a repeated write different if only its spelling differs', async () => {
    const server = await start();
    const args = { customer: 'Bowman Furniture', amount: 7, date: '2026-06-30', allocate: 'as_credit', idempotency_key: 'one' };
    ok(await server.call('record_customer_payment', { ...args, payment_mode: 'check' }));
    const again = ok(await server.call('record_customer_payment', { ...args, payment_mode: 'Cheque' }));
    expect(again.structuredContent).toMatchObject({ replayed: true });
    expect(await writesOf(server)).toHaveLength(1);
  });
});

describe('the payment mode in a filter', () => {
  it.each(spellings)('(%s) finds payments that were recorded with any of %j', async (mode, said) => {
    const server = await start();
    ok(await server.call('create_customer_payment', { ...payment, payment_mode: mode }));
    ok(await server.call('create_customer_payment', { ...payment, amount: 12.35, payment_mode: mode === 'cash' ? 'check' : 'cash' }));
    for (const payment_mode of said) {
      const modes = async (tool: string, args: Record<string, unknown>) => {
        const { structuredContent } = ok(await server.call(tool, { ...args, payment_mode }));
        return ((structuredContent['payments'] ?? structuredContent['customerpayments']) as { payment_mode: string }[]).map(
          (row) => row.payment_mode,
        );
      };
      expect(await modes('find_payments', { customer: 'Bowman Furniture', amount: 12.34 }), payment_mode).toEqual([mode]);
      const listed = await modes('list_customer_payments', { customer_id: seed.bowman, date: '2026-06-30' });
      if (mode !== 'autotransaction' && mode !== 'others') expect(new Set(listed), payment_mode).toEqual(new Set([mode]));
    }
  });

  it.each([
    ...spellings.flatMap(([, all]) => all.map((said) => [said, all] as const)),
    ['netbanking', ['Net Banking', 'net-banking']],
    ['Direct Deposit', ['directdeposit', 'Direct deposit']],
  ] as const)("(%s) is never narrower in Zoho's filter than in this program", (said, written) => {
    for (const mode of [...written, 'Wire', 'CC', 'chq', 'Auto Transaction', 'Net Banking', 'DIRECT  DEPOSIT']) {
      const atZoho = mode.toLowerCase().includes(modeFilter(said));
      expect({ mode, here: isMode(said, mode) && !atZoho }).toEqual({ mode, here: false });
    }
    for (const mode of written.filter((one) => !/wire|cc|chq|è/i.test(one))) expect(isMode(said, mode), mode).toBe(true);
  });

  it("finds refunds by any name of the mode, and the organization's own mode by its name", async () => {
    const server = await start();
    ok(await server.call('refund_customer_payment', { ...refund, refund_mode: 'check' }));
    ok(await server.call('refund_customer_payment', { ...refund, amount: 6, refund_mode: 'Store Credit' }));
    const amounts = async (refund_mode: string) =>
      (
        (await server.call('find_refunds', { customer: 'Bowman Furniture', refund_mode })).structuredContent['refunds'] as {
          amount: number;
        }[]
      )
        .map(({ amount }) => amount)
        .filter((amount) => amount === 5 || amount === 6);
    expect(await amounts('Cheque')).toEqual([5]);
    expect(await amounts('store credit')).toEqual([6]);
  });
});
