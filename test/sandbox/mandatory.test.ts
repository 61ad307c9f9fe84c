import { expect, it } from 'vitest';
import { SEED, createPayment, refusal, zoho } from './harness.ts';

const body = { customer_id: SEED.bowman, payment_mode: 'cash', amount: 42, date: '2026-07-01' };
const filled = { custom_fields: [{ label: 'Receipt Book No', value: 'A 7' }], location_id: '460000000038090' };

it('the sandbox refuses a new or changed payment without a mandatory field', async () => {
  const z = await zoho();
  const { payment_id } = await createPayment(z, { amount: 1 });
  expect((await z.control('POST', '/mandatory', { custom_fields: ['cf_receipt_book_no'], location: true })).status).toBe(200);
  expect((await z.get('/settings/fields?entity=customer_payment')).body['fields']).toMatchObject([
    { api_name: 'cf_external_reference', is_mandatory: false },
    { api_name: 'cf_receipt_book_no', is_mandatory: true },
  ]);
  const before = await z.books();
  for (const [method, path] of [
    ['POST', '/customerpayments'],
    ['PUT', `/customerpayments/${payment_id as string}`],
  ] as const) {
    expect(refusal(await z.call(method, path, body))).toEqual([400, 90001, 'Please enter a value for Location.']);
    const { location_id } = filled;
    expect(refusal(await z.call(method, path, { ...body, location_id }))).toEqual([
      400,
      90001,
      'Please enter a value for Receipt Book No.',
    ]);
  }
  expect(await z.books()).toEqual(before);
  expect((await z.call('POST', '/customerpayments', { ...body, ...filled })).status).toBe(201);
  expect((await z.call('PUT', `/customerpayments/${payment_id as string}`, filled)).status).toBe(200);
});

it.each([[['cf_x']], [{ custom_fields: 'cf_x' }], [{ location: 1 }], [{ locations: true }]])(
  'the sandbox refuses %j as a setting for mandatory fields',
  async (value) => {
    const z = await zoho();
    expect((await z.control('POST', '/mandatory', value)).status).toBe(400);
  },
);

it('the sandbox lists locations and the chart of accounts', async () => {
  const z = await zoho({ scopes: ['ZohoBooks.settings.READ', 'ZohoBooks.accountants.READ'] });
  expect((await z.get('/locations')).body['locations']).toMatchObject([
    { location_id: '460000000038080', location_name: 'Head Office' },
    { location_id: '460000000038090', location_name: 'Burlington Showroom' },
  ]);
  const names = ((await z.get('/chartofaccounts')).body['chartofaccounts'] as { account_name: string }[]).map((row) => row.account_name);
  expect(names).toEqual(expect.arrayContaining(['Bank Fees and Charges', 'Advance Tax', 'Petty Cash']));
  expect((await (await zoho()).get('/chartofaccounts')).status).toBe(401);
});
