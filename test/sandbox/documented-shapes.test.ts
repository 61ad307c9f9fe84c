import { expect, it } from 'vitest';
import { type Body, SEED, zoho } from './harness.ts';

const DETAIL = [
  'payment_id',
  'payment_mode',
  'amount',
  'amount_refunded',
  'bank_charges',
  'date',
  'status',
  'reference_number',
  'description',
  'customer_id',
  'customer_name',
  'email',
  'invoices',
  'currency_code',
  'currency_symbol',
  'location_id',
  'location_name',
  'custom_fields',
];
const REFUND = [
  'payment_refund_id',
  'payment_id',
  'date',
  'refund_mode',
  'reference_number',
  'amount',
  'exchange_rate',
  'payment_form',
  'description',
];

it("the sandbox shows the sample payment as Zoho's documents do, except for impossible values", async () => {
  const z = await zoho({ shapes: 'documented' });
  const { body } = await z.get(`/customerpayments/${SEED.samplePayment}`);
  expect(body['message']).toBe('success');
  expect(body['payment']).toEqual({
    payment_id: '9030000079467',
    payment_mode: 'cash',
    amount: 450,
    amount_refunded: 50,
    bank_charges: 10,
    date: '2016-06-05',
    status: 'success',
    reference_number: 'INV-384',
    description: 'Payment has been added to INV-384',
    customer_id: '903000000000099',
    customer_name: 'Bowman Furniture',
    email: 'benjamin.george@bowmanfurniture.com',
    // The documents say: 450 applied and 0 unused, and also 50 refunded of the same 450.
    invoices: [
      {
        invoice_id: '90300000079426',
        invoice_number: 'INV-384',
        date: '2016-06-05',
        invoice_amount: 450,
        amount_applied: 400,
        balance_amount: 50,
      },
    ],
    currency_code: 'USD',
    currency_symbol: '$',
    location_id: '460000000038080',
    location_name: 'Head Office',
    custom_fields: [{ index: 2, value: '129890', label: 'Receipt Book No', data_type: 'text' }],
  });
});

it('all thirteen calls return the documented status, message and keys', async () => {
  const z = await zoho({ shapes: 'documented' });
  const create = await z.call('POST', '/customerpayments', {
    customer_id: SEED.bowman,
    payment_mode: 'cash',
    amount: 450,
    date: '2016-06-05',
    reference_number: 'x'.repeat(100),
  });
  expect([create.status, create.body['message']]).toEqual([201, 'The payment has been created.']);
  expect(Object.keys(create.body['payment'] as Body)).toEqual(DETAIL);
  const id = (create.body['payment'] as Body)['payment_id'] as string;
  const path = `/customerpayments/${id}`;

  const list = await z.get('/customerpayments?customer_id=903000000000099&date=2016-06-05');
  expect(Object.keys(list.body)).toEqual(['code', 'message', 'customer_payments', 'page_context']);
  expect(list.body['page_context']).toBeNull();
  expect(Object.keys((list.body['customer_payments'] as Body[])[0] ?? {})).toEqual([
    'payment_id',
    'payment_number',
    'invoice_number',
    'date',
    'payment_mode',
    'amount',
    'bcy_amount',
    'location_id',
    'location_name',
  ]);

  const update = await z.call('PUT', path, { description: 'x' });
  expect([update.status, update.body['message']]).toEqual([200, 'The payment details have been updated.']);
  const unique = { 'X-Unique-Identifier-Key': 'cf_external_reference', 'X-Unique-Identifier-Value': 'ACME-2026-0608' };
  const byField = await z.call('PUT', '/customerpayments', { description: 'y' }, unique);
  expect([byField.status, byField.body['message']]).toEqual([200, 'The payment details have been updated.']);
  const fields = await z.call('PUT', `/customerpayment/${id}/customfields`, [{ customfield_id: '46000000012845', value: 129890 }]);
  expect([fields.status, fields.body]).toEqual([200, { code: 0, message: 'Custom Fields Updated Successfully' }]);

  const refund = await z.call('POST', `${path}/refunds`, {
    date: '2016-06-05',
    amount: 10,
    from_account_id: SEED.pettyCash,
    reference_number: 'INV-384',
    payment_form: 'cash',
  });
  expect([refund.status, refund.body['message']]).toEqual([200, 'The refund information for this payment has been saved.']);
  const [made] = refund.body['payment_refunds'] as Body[];
  expect(Object.keys(made ?? {})).toEqual(REFUND);
  const refundPath = `${path}/refunds/${made?.['payment_refund_id'] as string}`;
  const refunds = await z.get(`${path}/refunds`);
  expect(refunds.body).toMatchObject({
    message: 'The list of refunds of the customer is displayed successfully.',
    payment_refunds: [{ payment_id: id, amount_bcy: 10, amount_fcy: 10 }],
    page_context: { report_name: 'Customer Payments Refund', sort_column: 'created_time', sort_order: 'D' },
  });
  expect((await z.get(refundPath)).body).toEqual({
    code: 0,
    message: 'The details of the refund are displayed successfully.',
    payment_refunds: [made],
  });
  const changed = await z.call('PUT', refundPath, { amount: 11 });
  expect([changed.status, changed.body['message']]).toEqual([200, 'The refund information has been saved.']);
  expect((await z.call('DELETE', refundPath)).body).toEqual({ code: 0, message: 'The refund has been deleted.' });

  expect((await z.call('DELETE', path)).body).toEqual({ code: 0, message: 'The payment has been deleted.' });
  expect((await z.call('DELETE', `/customerpayments?payment_id=${SEED.advance}&bulk_delete=true`)).body['message']).toBe(
    'The selected customer payments have been deleted.',
  );
  await z.books();
});
