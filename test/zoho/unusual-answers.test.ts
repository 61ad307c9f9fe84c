import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/catalogue.ts';
import { getCustomerPayment } from '../../src/endpoints/payments/get-customer-payment.ts';
import type { Json } from '../../src/json.ts';
import { jsonSchemaOf } from '../../src/mcp/json-schema.ts';
import { parseJson } from '../../src/zoho/response-body.ts';
import { worded } from '../support/worded.ts';

/** Answers with the keys that we read, and any values. */
const body = fc.oneof(
  fc.dictionary(
    fc.constantFrom(
      'payment',
      'customerpayments',
      'customer_payments',
      'payment_refund',
      'payment_refunds',
      'page_context',
      'message',
      'contact',
      'contacts',
      'invoice',
      'invoices',
      'payments',
      'bankaccounts',
      'currencies',
      'fields',
      'organizations',
    ),
    fc.oneof(
      fc.jsonValue(),
      fc.dictionary(
        fc.constantFrom(
          'payment_id',
          'amount',
          'unused_amount',
          'invoices',
          'date',
          'page',
          'payment_refund_id',
          'currency_code',
          'price_precision',
          'contact_id',
          'contact_name',
          'contact_type',
          'notes',
          'billing_address',
          'total',
          'balance',
          'has_more_page',
        ),
        fc.oneof(fc.jsonValue(), fc.double()),
      ),
      fc.array(
        fc.dictionary(
          fc.constantFrom(
            'payment_id',
            'amount',
            'invoice_id',
            'amount_applied',
            'payment_refund_id',
            'customer_name',
            'currency_code',
            'price_precision',
            'total',
            'balance',
            'date',
            'status',
            'contact_id',
            'contact_name',
            'company_name',
            'outstanding_receivable_amount',
            'billing_address',
            'account_name',
            'is_active',
            'exchange_rate',
            'values',
            'name',
          ),
          fc.jsonValue(),
        ),
      ),
    ),
  ),
  fc.dictionary(fc.string(), fc.jsonValue()),
) as fc.Arbitrary<Json>;

const inputs: Record<string, Json> = {
  bulk_delete_customer_payments: { payment_id: ['1', '2'] },
  update_custom_fields_in_customer_payment: { customer_payment_id: '1', custom_fields: [{ customfield_id: '2', value: 'x' }] },
};

describe('if Zoho adds, drops or changes the type of fields, a success stays a success', () => {
  it.each(endpoints.map((endpoint) => [endpoint.name, endpoint] as const))('in the answer to %s', (name, endpoint) => {
    const valid = new Ajv2020().compile(jsonSchemaOf(endpoint.output, 'output'));
    const input = inputs[name] ?? { payment_id: '1', customer_payment_id: '1', refund_id: '2' };
    fc.assert(
      fc.property(body, body, (sent, earlier) => {
        const result = endpoint.result(sent, input);
        const { payment = {} } = getCustomerPayment.result(earlier, { payment_id: '1' });
        const facts = {
          title: 'x',
          lines: [],
          ask: [],
          blocks: [],
          not_checked: ['x'],
          before: { payment, payments: [payment], refund: payment },
          payment,
        };
        expect(valid(result), JSON.stringify(valid.errors)).toBe(true);
        expect(worded(endpoint.report(result, input))).toBeTypeOf('string');
        expect(worded(endpoint.report(result, input, facts))).toBeTypeOf('string');
      }),
      { numRuns: 100 },
    );
  });
});

describe('an amount that Zoho sent as text', () => {
  const amountOf = (amount: unknown) => getCustomerPayment.result({ payment: { amount } }, { payment_id: '1' }).payment?.amount;

  it('is read only if it is a plain decimal', () => {
    expect(['450.10', '-3', '0'].map(amountOf)).toEqual([450.1, -3, 0]);
    expect(['0x10', '1e3', '0b1', 'Infinity', '1,000', '.5', '5.', ''].map(amountOf)).toEqual(Array(8).fill(undefined));
  });
});

describe('an id keeps all its digits', () => {
  it('even if the answer contains a field twice, of which the last value counts', () => {
    expect(parseJson('{"payment_id": 1234567890123456789, "code": 1, "code": 0, "payment_id": 1234567890123456781}')).toEqual({
      payment_id: '1234567890123456781',
      code: 0,
    });
    expect(parseJson('{"code": 1, "code": 0}')).toEqual({ code: 0 });
  });

  it('even if Zoho sends it without quotes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 19n }), fc.string(), (id, text) => {
        const parsed = parseJson(`{"payment_id": ${id}, "text": ${JSON.stringify(text)}, "amount": 149.97}`) as Json;
        expect(String(parsed['payment_id'])).toBe(String(id));
        expect(parsed['text']).toBe(text);
        expect(parsed['amount']).toBe(149.97);
      }),
    );
  });
});
