import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints } from '../../src/catalogue.ts';
import { isRead } from '../../src/endpoint.ts';
import { harness, kinds, textOf, type Harness } from '../support/harness.ts';
import { NEW_ID, recordedZoho, recordings, type RecordedZoho } from '../support/recorded.ts';

/** The values of required arguments in these tests, by name. */
const given: Record<string, unknown> = {
  payment_id: '9030000079467',
  customer_payment_id: '9030000079467',
  refund_id: '3000000003017',
  contact_id: '903000000000099',
  customer_id: '903000000000099',
  invoice_id: '90300000079426',
  from_account_id: '3000000000385',
  payment_mode: 'cash',
  amount: 8,
  date: '2016-06-05',
  description: 'x',
  unique_identifier_key: 'cf_unique',
  unique_identifier_value: 'x',
};
/** The same for arguments that are lists. They name other records, because a deletion removes them for later tests. */
const givenLists: Record<string, readonly unknown[]> = {
  payment_id: ['9030000079468', '9030000079469'],
  custom_fields: [{ customfield_id: '46000000012845', value: '129890' }],
};

/** A tool's required arguments, plus an amount for new records and a description for updates. */
async function argumentsFor(name: string, { client }: Harness): Promise<Record<string, unknown>> {
  const { inputSchema } = (await client.listTools()).tools.find((tool) => tool.name === name)!;
  const { required = [], properties } = inputSchema as { required?: string[]; properties: Record<string, { type?: string }> };
  const { method } = endpoints.find((endpoint) => endpoint.name === name)!;
  const optional = { GET: [], DELETE: [], POST: ['amount'], PUT: ['description'] }[method].filter((argument) => argument in properties);
  return Object.fromEntries(
    [...new Set([...required, ...optional])].map((argument) => {
      const values = properties[argument]?.type === 'array' ? givenLists : given;
      expect(values, `a value for ${argument} is missing above`).toHaveProperty(argument);
      return [argument, values[argument]];
    }),
  );
}

describe.each(Object.entries(recordings))('with the recorded answers of Zoho %s', (_title, answers) => {
  describe.each(kinds)('and the client of the %s', (kind) => {
    let zoho: RecordedZoho;
    let server: Harness;
    beforeAll(async () => {
      zoho = await recordedZoho(answers);
      server = await harness({ kind, at: zoho });
      // The older client validates structured content only after it has listed the schemas.
      await server.client.listTools();
    });
    afterAll(async () => {
      await server.close();
      await zoho.close();
    });

    it.each(endpoints.map(({ name }) => name))('%s succeeds', async (name) => {
      const endpoint = endpoints.find((endpoint) => endpoint.name === name)!;
      const call = `${endpoint.method} ${endpoint.path.replaceAll(/\{\w+\}/g, 'ID')}`;
      expect(Object.keys(answers), 'an answer is missing in test/support/recorded.ts').toContain(call);
      const result = await server.call(name, await argumentsFor(name, server));
      expect(
        result.structuredContent,
        'the answer has another id than the request: see idFields in test/support/recorded.ts',
      ).not.toMatchObject({
        error: { code: expect.stringMatching(/^(another|no)_record$/) },
      });
      expect(textOf(result)).not.toContain('undefined');
      expect(result.isError, textOf(result)).toBeFalsy();
      // Reads may follow a write.
      expect(zoho.calls.findLast((call) => isRead(endpoint) || !call.startsWith('GET'))?.replaceAll(/\/\d+/g, '/ID')).toBe(call);
    });
  });
});

describe("two different forms of Zoho's answer give the same result", () => {
  async function asked(answers: (typeof recordings)[keyof typeof recordings], name: string) {
    const zoho = await recordedZoho(answers);
    const server = await harness({ at: zoho });
    const { structuredContent } = await server.call(name, await argumentsFor(name, server));
    await server.close();
    await zoho.close();
    return structuredContent;
  }

  it('if one refund is under `payment_refund`', async () => {
    const documented = await asked(recordings['as documented (OpenAPI)'], 'create_customer_payment_refund');
    const older = await asked(recordings['as on the older refunds page'], 'create_customer_payment_refund');
    expect(documented).toMatchObject({ payment_refund: { payment_refund_id: NEW_ID, amount: 8 } });
    expect(older).toMatchObject({ payment_refund: { payment_refund_id: NEW_ID, amount: 8, from_account_name: 'Petty Cash' } });
  });

  it('if a list is under `customerpayments`, and invoices are under `invoice_numbers`', async () => {
    const documented = await asked(recordings['as documented (OpenAPI)'], 'list_customer_payments');
    const live = await asked(recordings['as recorded live'], 'list_customer_payments');
    expect(documented).toEqual({
      customerpayments: [
        {
          payment_id: '9030000079467',
          payment_number: '2',
          date: '2016-06-05',
          payment_mode: 'cash',
          amount: 450,
          invoice_numbers: 'INV-384',
        },
      ],
    });
    expect(live).toMatchObject({
      customerpayments: [{ payment_id: '260815000000114002', invoice_numbers: 'INV-000002' }],
      page_context: { page: 1, has_more_page: false },
    });
  });

  it('with the same names of fields for customers and invoices, and ids as text', async () => {
    const [documented, live] = [recordings['as documented (OpenAPI)'], recordings['as recorded live']];
    expect(await asked(documented, 'list_contacts')).toMatchObject({
      contacts: [
        { contact_id: '460000000026049', contact_name: 'Bowman and Co', currency_code: 'USD', outstanding_receivable_amount: 250 },
      ],
    });
    expect(await asked(live, 'list_contacts')).toMatchObject({
      contacts: [
        { contact_id: '260815000000097001', contact_name: 'Acme Corp', currency_code: 'USD', outstanding_receivable_amount: 149.97 },
      ],
    });
    expect(await asked(documented, 'list_invoices')).toMatchObject({
      invoices: [{ invoice_id: '982000000567114', customer_id: '982000000567001', balance: 40.6 }],
    });
    expect(await asked(live, 'list_invoices')).toMatchObject({
      invoices: [{ invoice_id: '260815000000104012', customer_id: '260815000000097001', balance: 100 }],
    });
    expect(await asked(live, 'list_custom_fields')).toMatchObject({
      fields: [{ customfield_id: '46000000012845', api_name: 'cf_receipt_book_no', is_unique: false }],
    });
  });

  it('with total and balance of an applied invoice, and without empty fields or fields about printing', async () => {
    const documented = await asked(recordings['as documented (OpenAPI)'], 'get_customer_payment');
    const live = await asked(recordings['as recorded live'], 'get_customer_payment');
    expect(documented).toMatchObject({
      payment: { invoices: [{ invoice_id: '90300000079426', amount_applied: 450, total: 450, balance: 0 }] },
    });
    expect(live).toMatchObject({
      payment: {
        unused_amount: 8,
        invoices: [{ invoice_id: '260815000000132001', invoice_payment_id: '260815000000110032', total: 100, balance: 0 }],
      },
    });
    expect(Object.keys(live['payment'] as object).filter((name) => /template|page_|orientation|description|card_type/.test(name))).toEqual(
      [],
    );
  });
});
