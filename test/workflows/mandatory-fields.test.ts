import { afterEach, describe, expect, it } from 'vitest';
import { fault, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions, errorOf } from '../support/harness.ts';

/** Custom fields and the location of a payment, also if the organization makes them mandatory. */

let server: Harness;
afterEach(() => server.close());
async function start(mandatory?: Record<string, unknown>, options: HarnessOptions = {}): Promise<void> {
  server = await harness(options);
  await server.client.listTools();
  if (mandatory) await fetch(`${server.sandbox.url}/__sandbox/mandatory`, { method: 'POST', body: JSON.stringify(mandatory) });
}

const bowman = { customer: 'Bowman Furniture', amount: 30, payment_mode: 'cash', date: '2026-06-30', allocate: 'as_credit' };
const created = { customer_id: seed.bowman, amount: 30, payment_mode: 'cash', date: '2026-06-30' };
const upsert = { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'E-1', upsert: true, ...created };
const receipt = { api_name: 'cf_receipt_book_no', value: 'A 7' };
const SHOWROOM = '460000000038090';
const writes = async () => (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET');

async function done(tool: string, args: Record<string, unknown>): Promise<void> {
  const result = await server.call(tool, args);
  expect(result.isError ?? false, textOf(result)).toBe(false);
}

describe('record_customer_payment', () => {
  it.each([
    ['custom fields by label', { custom_fields: [{ label: 'Receipt Book No', value: 'A 7' }] }],
    ['custom fields by api_name', { custom_fields: [receipt, { api_name: 'cf_external_reference', value: 'E 1' }] }],
    ['custom fields by id', { custom_fields: [{ customfield_id: '46000000012845', value: 'A 7' }] }],
    ['a location by id', { location_id: SHOWROOM }],
  ])('accepts %s', async (_, more) => {
    await start();
    await done('record_customer_payment', { ...bowman, ...more });
    expect((await writes()).map(({ body }) => body)).toEqual([expect.objectContaining(more)]);
  });

  it('accepts a location by name, and lists the other locations if the name is unknown', async () => {
    await start();
    const wrong = await server.call('record_customer_payment', { ...bowman, location_id: 'Boston' });
    expect(errorOf(wrong)).toMatchObject({ code: 'no_such_location', changed: 'no' });
    expect(textOf(wrong)).toContain(`"Burlington Showroom" (id ${SHOWROOM})`);
    await done('record_customer_payment', { ...bowman, location_id: 'showroom' });
    expect((await writes()).map(({ body }) => body)).toMatchObject([{ location_id: SHOWROOM }]);
  });

  it.each(['receipt book no', 'cf_receipt_book_no', ' Receipt  Book No'])(
    'accepts a custom field by its label, written as %j',
    async (label) => {
      await start();
      await done('record_customer_payment', { ...bowman, custom_fields: [{ label, value: 'A 7' }] });
      expect((await writes()).map(({ body }) => body)).toMatchObject([{ custom_fields: [{ label: 'Receipt Book No', value: 'A 7' }] }]);
    },
  );

  it('refuses a custom field without a name', async () => {
    await start();
    const result = await server.call('record_customer_payment', { ...bowman, custom_fields: [{ value: 'x' }] });
    expect(errorOf(result)).toMatchObject({ code: 'no_such_custom_field', changed: 'no' });
    expect(textOf(result)).toContain('custom_fields[0] does not name a field');
  });

  it('shows the location in the question', async () => {
    const asked: string[] = [];
    const person = (question: string) => {
      asked.push(question);
      return { action: 'accept' as const, content: { approve: true } };
    };
    await start(undefined, { confirm: 'ask', policy: { ask_above: { USD: 1 } }, person });
    await done('record_customer_payment', { ...bowman, location_id: 'showroom' });
    expect(asked.join()).toContain(`Location: "Burlington Showroom" (id ${SHOWROOM})`);
  });

  it('refuses a custom field that does not exist', async () => {
    await start();
    const result = await server.call('record_customer_payment', { ...bowman, custom_fields: [{ label: 'Shop', value: 'x' }] });
    expect(errorOf(result)).toMatchObject({ code: 'no_such_custom_field', changed: 'no' });
    expect(textOf(result)).toContain('"Receipt Book No" ("cf_receipt_book_no"');
    expect(await writes()).toEqual([]);
  });
});

describe('if mandatory fields are missing', () => {
  it.each([
    ['record_customer_payment', bowman],
    ['create_customer_payment', created],
    ['update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'x' }],
    ['update_customer_payment_using_custom_field', upsert],
  ])('%s refuses the payment and names the missing fields, then records the payment with these fields', async (tool, args) => {
    await start({ custom_fields: ['cf_receipt_book_no'], location: true });
    const location = await server.call(tool, args);
    expect(errorOf(location), textOf(location)).toMatchObject({ code: 'refused_by_zoho', changed: 'no' });
    expect(errorOf(location).next).toContain(`call again with its id as location_id: "Head Office" (id 460000000038080), `);
    expect(errorOf(location).next).toMatch(/^Payments must have the custom field "Receipt Book No": /);
    // Both in one step, because both are needed.
    expect(errorOf(location).next.split('; otherwise ')[0]).toMatch(/custom_fields: .* location_id: /);
    const field = await server.call(tool, { ...args, location_id: 'showroom' });
    expect(errorOf(field), textOf(field)).toMatchObject({ code: 'refused_by_zoho', changed: 'no' });
    expect(errorOf(field).next).toContain('call again with custom_fields: [{"api_name":"cf_receipt_book_no","value":"…"}]');
    expect(errorOf(field).next).not.toContain('location');
    await done(tool, { ...args, location_id: 'showroom', custom_fields: [receipt] });
  });

  it('one step names all missing fields, and no field that has a value in the call or in the payment', async () => {
    await start({ custom_fields: ['cf_receipt_book_no', 'cf_external_reference'] });
    const location_id = SHOWROOM;
    const neither = await server.call('record_customer_payment', { ...bowman, location_id });
    expect(errorOf(neither).next).toContain('the custom fields "External Reference" and "Receipt Book No": ask the user for the values');
    const one = await server.call('record_customer_payment', { ...bowman, location_id, custom_fields: [receipt] });
    expect(errorOf(one).next).toContain('the custom field "External Reference": ');
    // The custom field that identifies the payment has a value.
    const upserted = await server.call('update_customer_payment_using_custom_field', { ...upsert, location_id });
    expect(errorOf(upserted).next).toContain('the custom field "Receipt Book No": ');
    // The sample payment has a receipt number.
    const changed = await server.call('update_customer_payment', { payment_id: seed.samplePayment, description: 'x', location_id });
    expect(errorOf(changed).next).toContain('the custom field "External Reference": ');
  });

  it("and the scope for settings is missing, the error shows Zoho's own message", async () => {
    const scopes = ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ', 'ZohoBooks.invoices.READ'];
    await start({ custom_fields: ['cf_receipt_book_no'] }, { sandbox: { scopes } });
    const result = await server.call('record_customer_payment', bowman);
    expect(errorOf(result)).toMatchObject({
      code: 'refused_by_zoho',
      next: 'Tell the user what Zoho says, and call again as the user decides.',
    });
    expect(textOf(result)).toContain('Please enter a value for Receipt Book No.');
  });

  it("and the server cannot read which fields are missing, the error shows Zoho's own message", async () => {
    await start({ custom_fields: ['cf_receipt_book_no'] });
    await fault(server.sandbox, { match: { path: '/settings/fields' }, fault: 'status', status: 500, times: 9 });
    const result = await server.call('record_customer_payment', bowman);
    expect(errorOf(result)).toMatchObject({ code: 'refused_by_zoho', changed: 'no' });
  });
});
