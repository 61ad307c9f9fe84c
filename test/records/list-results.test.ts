import { describe, expect, it } from 'vitest';
import { listCustomerPayments } from '../../src/endpoints/payments/list-customer-payments.ts';
import { listCustomerPaymentRefunds } from '../../src/endpoints/refunds/list-customer-payment-refunds.ts';
import type { Json } from '../../src/json.ts';
import { worded } from '../support/worded.ts';

/** Lists from answers that Zoho may send: shown rows, cuts, and the lines about them. */

type Input = Parameters<typeof listCustomerPayments.result>[1];

function listed(rows: Json[], input: Input = {}, page_context: unknown = { page: 1, per_page: 50, has_more_page: false }) {
  const result = listCustomerPayments.result({ customerpayments: rows, page_context }, input);
  return { result, text: worded(listCustomerPayments.report(result, input)) };
}

const rows = (count: number, more: Json = {}) =>
  Array.from({ length: count }, (_, i): Json => ({ payment_id: String(i + 1), amount: 1, ...more }));

describe('a page of a list that is too long', () => {
  const long = 'x'.repeat(100_000);

  it('shows its first row with shortened texts', () => {
    for (const more of [
      { description: long },
      { applied_invoices: Array.from({ length: 5000 }, () => ({ invoice_id: '1', note: 'long enough' })) },
    ]) {
      const { result, text } = listed(rows(3, more), { fields: ['all'] });
      expect(result.customerpayments).toMatchObject([{ payment_id: '1', amount: 1 }]);
      expect(result.cut).toMatchObject({ rows_shown: 1, rows_on_page: 3 });
      expect(JSON.stringify(result).length + text.length).toBeLessThan(50_000);
      expect(text).toContain('1 of 3 customer payments:');
      expect(text).toContain('so these values are cut');
      expect(text).not.toContain('match');
    }
    expect(listed(rows(1, { description: long })).text).toMatch(/^1 customer payment:(.|\n)*so these values are cut/);
  });

  it('counts structured content and text together', () => {
    const { result, text } = listed(
      rows(200, { customer_name: 'A "quoted" name', description: 'd'.repeat(60), reference_number: 'r'.repeat(40) }),
      { fields: ['all'] },
    );
    expect(result.cut?.rows_shown).toBeGreaterThan(50);
    expect(result.cut?.rows_shown).toBeLessThan(200);
    expect(Buffer.byteLength(JSON.stringify({ content: [{ type: 'text', text }], structuredContent: result }))).toBeLessThan(50_000);
    expect(text).toMatch(new RegExp(`^${result.cut?.rows_shown} of 200 customer payments:`));
  });
});

describe('the hint that more pages follow', () => {
  it('names the next page if Zoho does not say whether more pages follow', () => {
    const maybe = 'Zoho did not say whether more follow: try page: ';
    expect(listed(rows(50), {}, null).text).toContain(`${maybe}2.`);
    expect(listed(rows(3), { page: 4, per_page: 3 }, { page: 4 }).text).toContain(`${maybe}5.`);
    expect(listed(rows(49), {}, null).text).not.toContain('more follow');
    expect(listed(rows(50)).text).not.toContain('more follow');
    const refunds = listCustomerPaymentRefunds.result(
      { payment_refunds: [{ payment_refund_id: '1' }] },
      { customer_payment_id: '1', per_page: 1 },
    );
    expect(worded(listCustomerPaymentRefunds.report(refunds, { customer_payment_id: '1', per_page: 1 }))).toContain(`${maybe}2.`);
  });
});

describe('the line above the rows', () => {
  it('shows the page number if there are several pages', () => {
    const more = { has_more_page: true };
    expect(listed(rows(2)).text).toMatch(/^2 customer payments:\n/);
    expect(listed(rows(2), {}, more).text).toMatch(/^2 customer payments on page 1, more follow:\n/);
    expect(listed(rows(1), { page: 2 }).text).toMatch(/^1 customer payment on page 2:\n/);
  });

  it('is different for a page after the last page and for a search without matches', () => {
    expect(listed([]).text).toBe('No customer payments match.');
    expect(listed([], { page: 3 }).text).toBe('Page 3 is past the end: it is empty.');
    const none = listCustomerPaymentRefunds.result({ payment_refunds: [] }, { customer_payment_id: '1' });
    expect(worded(listCustomerPaymentRefunds.report(none, { customer_payment_id: '1' }))).toBe('This payment has no refunds.');
  });
});

describe('a customer in a list', () => {
  it('is shown with id only in the first row of each list', () => {
    const some = [
      { payment_id: '1', customer_id: '71', customer_name: 'A', unused_amount: 0 },
      { payment_id: '2', customer_id: '71', customer_name: 'A' },
      { payment_id: '3', customer_id: '72', unused_amount: 0 },
    ];
    for (const { text } of [listed(some), listed(some)]) {
      expect(text.split('\n').slice(1)).toEqual([
        '"A" (customer_id 71) | an unknown amount | id 1',
        '"A" | an unknown amount | unused an unknown amount | id 2',
        '(customer_id 72) | an unknown amount | id 3',
      ]);
    }
  });
});

describe('a row of a list', () => {
  it('shows only its own properties, not inherited ones', () => {
    const { result, text } = listed(rows(1), { fields: ['amount', 'toString', '__proto__', 'constructor'] });
    expect(result).toMatchObject({ customerpayments: [{ amount: 1 }], unknown_fields: ['toString', '__proto__', 'constructor'] });
    expect(text).not.toContain('undefined');
  });

  it('shows an amount that is sent as text, or "an unknown amount" if it cannot be read', () => {
    expect(listed(rows(1, { bcy_refunded_amount: '5.00' })).text).toContain('refunded 5 (base)');
    for (const bcy_refunded_amount of ['= "5"', '1,450.00', '4.5e2', true])
      expect(listed(rows(1, { bcy_refunded_amount })).text).toContain('refunded an unknown amount (base)');
    expect(listed(rows(1, { unused_amount: '0.00', bcy_refunded_amount: '0.00' })).text).not.toMatch(/unused|refunded/);
  });
});
