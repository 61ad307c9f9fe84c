import { describe, expect, it } from 'vitest';
import { type Body, SEED, createPayment, refusal, zoho } from './harness.ts';

const key = { 'X-Unique-Identifier-Key': 'cf_external_reference' };
const body = { customer_id: SEED.bowman, payment_mode: 'cash', amount: 42, date: '2026-07-01' };

describe('custom fields', () => {
  it('are listed with the properties that a client needs', async () => {
    const z = await zoho();
    const fields = (await z.get('/settings/fields?entity=customer_payment&filter_custom_fields=true')).body['fields'] as Body[];
    expect(fields.map(({ label, api_name, data_type, is_unique }) => ({ label, api_name, data_type, is_unique }))).toEqual([
      { label: 'External Reference', api_name: 'cf_external_reference', data_type: 'text', is_unique: true },
      { label: 'Receipt Book No', api_name: 'cf_receipt_book_no', data_type: 'text', is_unique: false },
    ]);
    expect((await z.get('/settings/fields?entity=invoice')).body['fields']).toEqual([]);
  });

  it('can be identified by label, api_name or customfield_id', async () => {
    const z = await zoho();
    for (const name of [{ label: 'Receipt Book No' }, { api_name: 'cf_receipt_book_no' }, { customfield_id: SEED.receiptBook }]) {
      const payment = await createPayment(z, { amount: 1, custom_fields: [{ ...name, value: 'A 7' }] });
      expect(payment['custom_fields']).toEqual([
        expect.objectContaining({
          customfield_id: SEED.receiptBook,
          api_name: 'cf_receipt_book_no',
          label: 'Receipt Book No',
          index: 2,
          value: 'A 7',
          data_type: 'text',
        }),
      ]);
    }
  });

  it('refuse a duplicate of a unique value with 400 code 120303', async () => {
    const z = await zoho();
    const custom_fields = [{ api_name: 'cf_external_reference', value: 'E-1' }];
    const payment = await createPayment(z, { amount: 1, custom_fields });
    const before = await z.books();
    expect(refusal(await z.call('POST', '/customerpayments', { ...body, custom_fields }))).toEqual([
      400,
      120303,
      expect.stringMatching(/has been added already$/),
    ]);
    expect((await z.call('PUT', `/customerpayments/${SEED.advance}`, { custom_fields })).body['code']).toBe(120303);
    expect(await z.books()).toEqual(before);
    // The payment can keep its own value, and a deleted value can be used again.
    const path = `/customerpayments/${payment['payment_id'] as string}`;
    expect((await z.call('PUT', path, { custom_fields })).status).toBe(200);
    expect((await z.call('DELETE', path)).status).toBe(200);
    expect((await z.call('POST', '/customerpayments', { ...body, custom_fields })).status).toBe(201);
  });

  it('can be set by a separate call with an array as its body', async () => {
    const z = await zoho();
    const path = `/customerpayment/${SEED.samplePayment}/customfields`;
    const answer = await z.call('PUT', path, [{ customfield_id: SEED.externalReference, value: 'X-9' }]);
    expect([answer.status, answer.body]).toEqual([200, { code: 0, message: 'Custom Fields Updated Successfully' }]);
    const payment = (await z.get(`/customerpayments/${SEED.samplePayment}`)).body['payment'] as Body;
    expect(payment['custom_field_hash']).toMatchObject({ cf_external_reference: 'X-9', cf_receipt_book_no: '129890' });
    await z.call('PUT', path, [{ customfield_id: SEED.externalReference, value: '' }]);
    const cleared = (await z.get(`/customerpayments/${SEED.samplePayment}`)).body['payment'] as Body;
    expect(cleared['custom_field_hash']).not.toHaveProperty('cf_external_reference');
    expect((await z.call('PUT', path, { custom_fields: [] })).body['code']).toBe(2);
    expect((await z.call('PUT', path, [{ customfield_id: '1', value: 'x' }])).body['code']).toBe(2);
    expect((await z.call('PUT', path, [{ customfield_id: SEED.receiptBook, value: 'x'.repeat(256) }])).body['code']).toBe(15);
    expect((await z.call('PUT', '/customerpayment/712345000000999999/customfields', [])).body['code']).toBe(1002);
  });
});

describe('a payment that is identified by a unique custom field', () => {
  it('can be updated', async () => {
    const z = await zoho();
    const answer = await z.call(
      'PUT',
      '/customerpayments',
      { description: 'found' },
      { ...key, 'X-Unique-Identifier-Value': 'ACME-2026-0608' },
    );
    expect(answer.status).toBe(200);
    expect(answer.body['payment']).toMatchObject({ payment_id: SEED.twoInvoices, description: 'found', amount: 500 });
    await z.books();
  });

  it('is created by an upsert, and is updated if the upsert is repeated', async () => {
    const z = await zoho();
    const headers = { ...key, 'X-Unique-Identifier-Value': 'NEW-1', 'X-Upsert': 'true' };
    const first = await z.call('PUT', '/customerpayments', body, headers);
    expect(first.status).toBe(201);
    const payment = first.body['payment'] as Body;
    expect(first.headers.get('location')).toContain(payment['payment_id'] as string);
    expect(payment['custom_field_hash']).toMatchObject({ cf_external_reference: 'NEW-1' });
    const count = ((await z.books())['counts'] as Body)['payments'];
    const second = await z.call('PUT', '/customerpayments', { ...body, amount: 43 }, headers);
    expect([second.status, (second.body['payment'] as Body)['payment_id'], (second.body['payment'] as Body)['amount']]).toEqual([
      200,
      payment['payment_id'],
      43,
    ]);
    expect(((await z.books())['counts'] as Body)['payments']).toBe(count);
  });

  it('causes an error if it does not exist and the call is not an upsert', async () => {
    const z = await zoho();
    for (const upsert of [{}, { 'X-Upsert': 'false' }] as Record<string, string>[]) {
      const answer = await z.call('PUT', '/customerpayments', body, { ...key, 'X-Unique-Identifier-Value': 'NOPE', ...upsert });
      expect(answer.body['code']).toBe(1002);
    }
    await z.books();
  });

  it('needs both headers, and a field with unique values', async () => {
    const z = await zoho();
    expect((await z.call('PUT', '/customerpayments', body)).body['code']).toBe(90001);
    expect((await z.call('PUT', '/customerpayments', body, key)).body['code']).toBe(90001);
    for (const name of ['cf_receipt_book_no', 'cf_unknown']) {
      const headers = { 'X-Unique-Identifier-Key': name, 'X-Unique-Identifier-Value': '1' };
      expect(refusal(await z.call('PUT', '/customerpayments', body, headers))).toEqual([
        400,
        2,
        'Invalid value passed for X-Unique-Identifier-Key',
      ]);
    }
  });

  it('must follow the rules for new payments if an upsert creates it', async () => {
    const z = await zoho();
    const headers = { ...key, 'X-Unique-Identifier-Value': 'NEW-2', 'X-Upsert': 'true' };
    expect((await z.call('PUT', '/customerpayments', { amount: 3 }, headers)).body['code']).toBe(3004);
    await z.books();
  });
});
