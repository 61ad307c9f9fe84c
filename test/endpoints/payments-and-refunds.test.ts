import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { endpoints } from '../../src/catalogue.ts';
import { isRead } from '../../src/endpoint.ts';
import { booksOf, requestsTo, seed, type BooksReport } from '../support/books.ts';
import { harness, kinds, textOf, type Harness, type ToolResult } from '../support/harness.ts';
import { recordedZoho, recordings, type RecordedZoho } from '../support/recorded.ts';

type Payment = Record<string, unknown> & { payment_id: string; invoices?: Record<string, unknown>[] };
const paymentIn = (result: ToolResult) => result.structuredContent['payment'] as Payment;
const refundIn = (result: ToolResult) => result.structuredContent['payment_refund'] as Record<string, unknown>;

const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };

/** Amounts with more decimals than a dollar has, by field. */
const tooFine: Record<string, unknown> = {
  amount: 1.005,
  bank_charges: 1.005,
  tax_amount_withheld: 1.005,
  invoices: [
    { invoice_id: seed.openInvoice, amount_applied: 1 },
    { invoice_id: seed.overdueInvoice, amount_applied: 1, tax_amount_withheld: 1.005 },
  ],
};

/** The other arguments of the tools that take amounts. */
const otherArguments: Record<string, Record<string, unknown>> = {
  create_customer_payment: payment,
  update_customer_payment: { payment_id: seed.samplePayment },
  update_customer_payment_using_custom_field: {
    unique_identifier_key: 'cf_external_reference',
    unique_identifier_value: 'EXT-2',
    upsert: true,
    ...payment,
  },
  create_customer_payment_refund: { amount: 1, date: '2026-06-06', from_account_id: seed.pettyCash },
  update_customer_payment_refund: { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund },
};

/** Calls every tool over MCP, with the sandbox over HTTP, and checks the books through the sandbox's own interface. */
describe.each(kinds)('the thirteen tools with the client of the %s', (kind) => {
  let server: Harness;
  let before: BooksReport;
  const ok = async (name: string, args: Record<string, unknown> = {}) => {
    const result = await server.call(name, args);
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(textOf(result)).not.toMatch(/undefined|NaN|\[object/);
    return result;
  };
  const recorded = async (extra: Record<string, unknown> = {}) => paymentIn(await ok('create_customer_payment', { ...payment, ...extra }));
  const invoiceOf = async (id: string, invoice: string) =>
    paymentIn(await ok('get_customer_payment', { payment_id: id })).invoices?.find((row) => row['invoice_id'] === invoice);

  beforeEach(async () => {
    server = await harness({ kind });
    // The older client validates structured content only after it has listed the schemas.
    await server.client.listTools();
    before = await booksOf(server.sandbox);
  });
  afterEach(() => server.close());
  const balanced = async () => {
    const books = await booksOf(server.sandbox);
    expect(books.problems).toEqual([]);
    return books;
  };

  it('create_customer_payment records a payment, applies it to an invoice and reports both', async () => {
    const result = await ok('create_customer_payment', {
      ...payment,
      reference_number: 'R-1',
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
    });
    const { payment_id } = paymentIn(result);
    expect(paymentIn(result)).toMatchObject({
      amount: 450,
      unused_amount: 0,
      currency_code: 'USD',
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450, balance: 0 }],
    });
    expect(textOf(result)).toContain(`(id ${payment_id}): USD 450.00 from "Bowman Furniture"`);
    expect(textOf(result)).toContain(`Applied: INV-385 (id ${seed.openInvoice}) USD 450.00, now paid.`);
    expect(textOf(result)).toContain(`to undo: delete_customer_payment {"payment_id":"${payment_id}"}`);
    expect((await balanced()).counts.payments).toBe(before.counts.payments + 1);
  });

  it('create_customer_payment without invoices records an advance in one request', async () => {
    expect(await recorded()).toMatchObject({ unused_amount: 450 });
    const writes = (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      { method: 'POST', path: '/books/v3/customerpayments', body: payment },
    ]);
    await balanced();
  });

  it('list_customer_payments finds a payment, shows the usual fields, and works page by page', async () => {
    const { payment_id } = await recorded({ reference_number: 'FIND-ME' });
    const found = await ok('list_customer_payments', { reference_number: 'FIND-ME' });
    expect(found.structuredContent['customerpayments']).toEqual([
      {
        payment_id,
        payment_number: expect.any(String),
        date: '2026-06-05',
        customer_id: seed.bowman,
        customer_name: 'Bowman Furniture',
        amount: 450,
        unused_amount: 450,
        payment_mode: 'cash',
        reference_number: 'FIND-ME',
      },
    ]);
    expect(textOf(found)).toContain(`| id ${payment_id}`);

    const first = await ok('list_customer_payments', { per_page: 3 });
    expect(first.structuredContent).toMatchObject({ page_context: { page: 1, per_page: 3, has_more_page: true } });
    expect(textOf(first)).toMatch(/^3 customer payments on page 1, more follow:\n(.|\n)*\nMore follow: call again with page: 2\.$/);
    expect(textOf(await ok('list_customer_payments', { page: 999 }))).toBe('Page 999 is past the end: it is empty.');
    expect(textOf(await ok('list_customer_payment_refunds', { customer_payment_id: payment_id }))).toBe('This payment has no refunds.');
    const ids = async (page: number) =>
      ((await ok('list_customer_payments', { per_page: 3, page })).structuredContent['customerpayments'] as Payment[]).map(
        (row) => row.payment_id,
      );
    expect(new Set([...(await ids(1)), ...(await ids(2))]).size).toBe(6);
  });

  it('list_customer_payments shows the requested fields', async () => {
    const { structuredContent } = await ok('list_customer_payments', {
      customer_id: seed.bowman,
      per_page: 1,
      fields: ['payment_id', 'account_name', 'no_such_field'],
    });
    expect(structuredContent).toMatchObject({
      customerpayments: [{ payment_id: expect.any(String), account_name: expect.any(String) }],
      unknown_fields: ['no_such_field'],
    });
    const all = await ok('list_customer_payments', { customer_id: seed.bowman, per_page: 1, fields: ['all'] });
    expect(Object.keys((all.structuredContent['customerpayments'] as object[])[0] ?? {}).length).toBeGreaterThan(15);
  });

  it('list_customer_payments stays below its size limit and says how to see the rest', async () => {
    const result = await ok('list_customer_payments', { per_page: 200, fields: ['all'] });
    const { rows_shown, rows_on_page } = result.structuredContent['cut'] as { rows_shown: number; rows_on_page: number };
    expect(rows_on_page).toBe(200);
    // The limit is for the whole answer, because hosts count text and structured content.
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(50_000);
    expect(Buffer.byteLength(textOf(result))).toBeLessThanOrEqual(20_000);
    expect(textOf(result)).toContain(`the first ${rows_shown} of the 200 rows of page 1`);
    expect(textOf(result)).toContain(`per_page: ${rows_shown}`);
  });

  it('get_customer_payment shows all details of a payment, and shows a link to its receipt if accept is pdf', async () => {
    const result = await ok('get_customer_payment', { payment_id: seed.samplePayment, accept: 'pdf' });
    expect(paymentIn(result)).toMatchObject({
      payment_id: seed.samplePayment,
      amount: 450,
      customer_name: 'Bowman Furniture',
      payment_refunds: [{ payment_refund_id: seed.sampleRefund }],
    });
    expect(result.content.at(-1)).toMatchObject({
      type: 'resource_link',
      uri: `zoho-books://customerpayments/${seed.samplePayment}/pdf`,
      mimeType: 'application/pdf',
    });
    expect(result.content[0]?.text?.split('\n').slice(1)).toEqual([
      `Applied: INV-384 (id ${seed.sampleInvoice}) USD 400.00, USD 50.00 still open.`,
      `Refunds: USD 50.00 (refund_id ${seed.sampleRefund}).`,
      'Account: "Undeposited Funds" (id 712345000000000358). Bank charges: USD 10.00.',
      'Custom fields: "Receipt Book No" = "129890" (customfield_id 46000000012845).',
      'Description: "Payment has been added to INV-384".',
    ]);
  });

  it('update_customer_payment changes only the fields in the call', async () => {
    const { payment_id } = await recorded({ reference_number: 'R-2' });
    const result = await ok('update_customer_payment', { payment_id, description: 'by courier' });
    expect(paymentIn(result)).toMatchObject({ amount: 450, unused_amount: 450 });
    expect(textOf(result)).toContain('description: nothing → "by courier"');
    expect((await requestsTo(server.sandbox)).at(-1)?.body).toEqual({ description: 'by courier' });
  });

  it('update_customer_payment changes only the invoices in the call: a row sets the new total, and other invoices do not change', async () => {
    const { payment_id } = await recorded({
      amount: 1000,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 400, tax_amount_withheld: 10 }],
    });
    const standing = await invoiceOf(payment_id, seed.openInvoice);
    expect(standing?.['invoice_payment_id']).toEqual(expect.any(String));
    await ok('update_customer_payment', { payment_id, invoices: [{ invoice_id: seed.overdueInvoice, amount_applied: 500 }] });
    expect((await requestsTo(server.sandbox)).at(-1)?.body).toEqual({
      invoices: [
        {
          invoice_id: seed.openInvoice,
          invoice_payment_id: standing?.['invoice_payment_id'],
          amount_applied: 400,
          tax_amount_withheld: 10,
        },
        { invoice_id: seed.overdueInvoice, amount_applied: 500 },
      ],
    });
    expect(await invoiceOf(payment_id, seed.openInvoice)).toMatchObject({ amount_applied: 400 });
    expect(await invoiceOf(payment_id, seed.overdueInvoice)).toMatchObject({ amount_applied: 500 });

    const less = await ok('update_customer_payment', { payment_id, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 100 }] });
    expect(textOf(less)).toContain('applied to INV-385: USD 400.00 → USD 100.00');
    expect(paymentIn(less)).toMatchObject({ unused_amount: 400 });

    await ok('update_customer_payment', { payment_id, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 0 }] });
    expect(await invoiceOf(payment_id, seed.openInvoice)).toBeUndefined();
    expect(await invoiceOf(payment_id, seed.overdueInvoice)).toMatchObject({ amount_applied: 500 });

    const whole = await ok('update_customer_payment', {
      payment_id,
      replace_invoices: true,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
    });
    expect(paymentIn(whole)).toMatchObject({ unused_amount: 550, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] });
    expect(await invoiceOf(payment_id, seed.overdueInvoice)).toBeUndefined();
    await balanced();
  });

  it('update_customer_payment refuses a call without changes, or with the same invoice twice', async () => {
    const nothing = await server.call('update_customer_payment', { payment_id: seed.samplePayment });
    expect(textOf(nothing)).toContain('names nothing to change');
    const row = { invoice_id: seed.openInvoice, amount_applied: 1 };
    const twice = await server.call('update_customer_payment', { payment_id: seed.samplePayment, invoices: [row, row] });
    expect(textOf(twice)).toContain('the same invoice more than once');
    expect(await booksOf(server.sandbox)).toEqual(before);
  });

  it('update_customer_payment_using_custom_field updates a payment, keeps its other invoices, and records a new payment with upsert', async () => {
    const key = { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'EXT-1' };
    const missing = await server.call('update_customer_payment_using_custom_field', { ...key, description: 'x' });
    expect(textOf(missing)).toContain('No payment has cf_external_reference "EXT-1"');
    const alone = await server.call('update_customer_payment_using_custom_field', { ...key, upsert: true });
    expect(textOf(alone)).toContain('A new payment needs customer_id, amount, date and payment_mode.');

    const made = await ok('update_customer_payment_using_custom_field', {
      ...key,
      upsert: true,
      ...payment,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 100 }],
    });
    const { payment_id } = paymentIn(made);
    expect((await booksOf(server.sandbox)).counts.payments).toBe(before.counts.payments + 1);

    const changed = await ok('update_customer_payment_using_custom_field', {
      ...key,
      invoices: [{ invoice_id: seed.overdueInvoice, amount_applied: 50 }],
    });
    expect(paymentIn(changed)).toMatchObject({ payment_id, unused_amount: 300 });
    expect(await invoiceOf(payment_id, seed.openInvoice)).toMatchObject({ amount_applied: 100 });
    // The field is unique, so a second row shows that Zoho ignored the filter.
    expect((await requestsTo(server.sandbox)).find(({ query }) => query['cf_external_reference'])?.query).toMatchObject({
      cf_external_reference: 'EXT-1',
      per_page: '2',
    });
    expect((await requestsTo(server.sandbox)).find(({ method }) => method === 'PUT')?.headers).toMatchObject({
      'x-unique-identifier-key': 'cf_external_reference',
      'x-unique-identifier-value': 'EXT-1',
      'x-upsert': 'true',
    });
    expect((await balanced()).counts.payments).toBe(before.counts.payments + 1);
  });

  it('update_custom_fields_in_customer_payment sets a field', async () => {
    const { payment_id } = await recorded();
    await ok('update_custom_fields_in_customer_payment', {
      customer_payment_id: payment_id,
      custom_fields: [{ customfield_id: '46000000012845', value: '77' }],
    });
    expect(paymentIn(await ok('get_customer_payment', { payment_id }))).toMatchObject({
      custom_fields: [{ customfield_id: '46000000012845', value: '77' }],
    });
  });

  it('the refund tools record, list, show, change and delete a refund, and the unused amount changes accordingly', async () => {
    const { payment_id: customer_payment_id } = await recorded({ amount: 500 });
    const made = await ok('create_customer_payment_refund', {
      customer_payment_id,
      date: '2026-06-06',
      amount: 50,
      from_account_id: seed.pettyCash,
      refund_mode: 'cash',
    });
    const refund_id = refundIn(made)['payment_refund_id'];
    expect(refundIn(made)).toMatchObject({ amount: 50, from_account_id: seed.pettyCash });
    expect(textOf(made)).toContain(
      `to undo: delete_customer_payment_refund {"customer_payment_id":"${customer_payment_id}","refund_id":"${refund_id}"}`,
    );
    expect(paymentIn(await ok('get_customer_payment', { payment_id: customer_payment_id }))).toMatchObject({ unused_amount: 450 });

    const listed = await ok('list_customer_payment_refunds', { customer_payment_id });
    expect(listed.structuredContent['payment_refunds']).toMatchObject([
      { payment_refund_id: refund_id, amount_fcy: 50, date: '2026-06-06' },
    ]);
    const got = await ok('get_customer_payment_refund', { customer_payment_id, refund_id });
    expect(refundIn(got)).toMatchObject({ payment_refund_id: refund_id, amount: 50 });

    const updated = await ok('update_customer_payment_refund', { customer_payment_id, refund_id, amount: 70.5 });
    expect(refundIn(updated)).toMatchObject({ amount: 70.5, date: '2026-06-06' });
    // Fields that Zoho documents as required are sent with their current values.
    expect((await requestsTo(server.sandbox)).at(-1)?.body).toEqual({ date: '2026-06-06', amount: 70.5, from_account_id: seed.pettyCash });
    expect((await balanced()).counts.refunds).toBe(before.counts.refunds + 1);

    await ok('delete_customer_payment_refund', { customer_payment_id, refund_id });
    expect(paymentIn(await ok('get_customer_payment', { payment_id: customer_payment_id }))).toMatchObject({ unused_amount: 500 });
    expect((await balanced()).counts.refunds).toBe(before.counts.refunds);
  });

  it('delete_customer_payment opens the invoice again and reports what was deleted', async () => {
    const { payment_id } = await recorded({ invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }] });
    const result = await ok('delete_customer_payment', { payment_id });
    expect(result.structuredContent).toMatchObject({ payment_id, deleted: true, outcome: 'recorded' });
    expect(textOf(result)).toContain('USD 450.00 from "Bowman Furniture"');
    expect(textOf(result)).toMatch(
      new RegExp(
        /\nBefore it was deleted: applied INV-385 USD 450\.00\.\n/.source +
          /Next: to undo: create_customer_payment .*\(does not restore payment_id, payment_number\)$/.source,
      ),
    );
    expect(await balanced()).toEqual(before);
    const again = await server.call('delete_customer_payment', { payment_id });
    expect(again.structuredContent).toMatchObject({ error: { code: 'not_found', changed: 'no' } });
  });

  it('bulk_delete_customer_payments deletes all payments in one request', async () => {
    const ids = [
      (await recorded({ invoices: [{ invoice_id: seed.openInvoice, amount_applied: 400 }] })).payment_id,
      (await recorded({ amount: 2 })).payment_id,
    ];
    const result = await ok('bulk_delete_customer_payments', { payment_id: [...ids, ids[0]] });
    expect(result.structuredContent).toMatchObject({ deleted: ids, outcome: 'recorded' });
    expect(textOf(result).split('\n')[0]).toBe('The user was not asked, although it deletes records.');
    expect(textOf(result).split('\n').slice(2)).toEqual([
      expect.stringMatching(/Before it was deleted: applied INV-385 USD 400\.00, unused USD 50\.00\.$/),
      expect.stringMatching(/Before it was deleted: applied to no invoice, unused USD 2\.00\.$/),
      'No single call can undo this: each payment must be recorded again.',
    ]);
    expect(await balanced()).toEqual(before);
    const deletions = (await requestsTo(server.sandbox)).filter(({ method }) => method === 'DELETE');
    expect(deletions.map(({ query }) => query)).toMatchObject([{ payment_id: ids.join(','), bulk_delete: 'true' }]);
  });

  it('the tools refuse amounts with more decimals than the currency allows, and do not round', async () => {
    const yen = await server.call('create_customer_payment', { ...payment, customer_id: seed.aoyamaInYen, amount: 450.5 });
    expect(textOf(yen)).toContain('amount 450.5 has more decimals than JPY allows (0).');
    expect(textOf(yen)).toContain('Ask the user for the exact amount without decimals');
    const cents = await server.call('create_customer_payment', {
      ...payment,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 0.001 }],
    });
    expect(textOf(cents)).toContain('invoices[0].amount_applied 0.001 has more decimals than USD allows (2).');
    const refund = await server.call('create_customer_payment_refund', {
      customer_payment_id: seed.paymentWithUnused,
      amount: 1.005,
      date: '2026-06-06',
      from_account_id: seed.pettyCash,
    });
    expect(refund.structuredContent).toMatchObject({ error: { code: 'too_many_decimals', changed: 'no' } });
    expect((await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it.each(
    endpoints
      .filter((endpoint) => !isRead(endpoint) && Object.keys(endpoint.input.shape).some((field) => field in tooFine))
      .map(({ name, input }) => [name, input.shape] as const),
  )('%s refuses too many decimals in every amount', async (name, shape) => {
    const { payment_id } = await recorded();
    const writes = async () => (await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET').length;
    const already = await writes();
    const args = { ...otherArguments[name], ...(name === 'create_customer_payment_refund' && { customer_payment_id: payment_id }) };
    for (const [field, value] of Object.entries(tooFine).filter(([field]) => field in shape)) {
      const result = await server.call(name, { ...args, [field]: value });
      expect(result.structuredContent, `${field}: ${textOf(result)}`).toMatchObject({
        error: { code: 'too_many_decimals', changed: 'no' },
      });
    }
    expect(await writes()).toBe(already);
  });

  it('the tools refuse unknown arguments before any request to Zoho', async () => {
    const result = await server.call('list_customer_payments', { customer: 'Bowman' });
    expect(result.isError).toBe(true);
    expect(textOf(result).replace(/r_[0-9a-f]{8}/, 'REQUEST')).toBe(
      'The arguments are not valid: customer is not an argument (did you mean customer_id?).\n' +
        'Nothing was changed.\nNext: Correct them and call again.\n(invalid_arguments, REQUEST)',
    );
    expect(await requestsTo(server.sandbox)).toEqual([]);
  });
});

describe('a login with few scopes', () => {
  it('can record a payment, and the result names the checks that could not be made', async () => {
    const server = await harness({ sandbox: { scopes: ['ZohoBooks.customerpayments.ALL'] } });
    const result = await server.call('create_customer_payment', payment);
    expect(result.isError).toBeFalsy();
    expect(textOf(result)).toContain(
      'Not checked: the customer and the decimals of the currency (needs the scope ZohoBooks.contacts.READ); ' +
        'that the date is not in the future (needs the scope ZohoBooks.settings.READ).',
    );
    await server.close();
  });

  it('causes a warning if Zoho recorded a different amount than the call', async () => {
    const server = await harness({ sandbox: { scopes: ['ZohoBooks.customerpayments.ALL'] } });
    const rounded = await server.call('create_customer_payment', { ...payment, amount: 1.005 });
    expect(paymentIn(rounded)).toMatchObject({ amount: 1.01 });
    expect(textOf(rounded).split('\n')[2]).toBe('Attention: the call asked for 1.005, but Zoho recorded USD 1.01. Tell the user.');
    const exact = await server.call('create_customer_payment', { ...payment, amount: 1.02 });
    expect(textOf(exact)).not.toContain('Attention');
    await server.close();
  });
});

describe('a payment identified by a custom field that Zoho does not filter by', () => {
  it('keeps its invoices if the server cannot read them', async () => {
    const server = await harness();
    // Zoho ignores a filter that it does not know, and returns all payments.
    const args = {
      unique_identifier_key: 'cf_unknown_here',
      unique_identifier_value: 'x',
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 1 }],
    };
    const result = await server.call('update_customer_payment_using_custom_field', args);
    expect(result.structuredContent).toMatchObject({ error: { code: 'cannot_merge_invoices', changed: 'no' } });
    expect((await requestsTo(server.sandbox)).filter(({ method }) => method === 'PUT')).toEqual([]);
    await server.close();
  });
});

describe('an answer of Zoho without the requested record', () => {
  const empty = {
    'GET /customerpayments': [200, { code: 0, message: 'success' }],
    'GET /customerpayments/ID': [200, { code: 0, message: 'success' }],
    'POST /customerpayments': [201, { code: 0, message: 'ok' }],
  } as const;
  let zoho: RecordedZoho;
  let server: Harness;
  beforeAll(async () => {
    zoho = await recordedZoho({ ...recordings['as recorded live'], ...empty });
    server = await harness({ at: zoho });
  });
  afterAll(async () => {
    await server.close();
    await zoho.close();
  });

  it('is not treated as an empty list or as a payment without fields', async () => {
    expect(textOf(await server.call('list_customer_payments'))).toContain('contained no list of customer payments. Some may still exist.');
    expect(textOf(await server.call('get_customer_payment', { payment_id: '1' }))).toContain('contained no payment');
  });

  it('leaves the outcome of a new payment unknown, and the server then searches for the payment', async () => {
    const silent = await recordedZoho({ ...recordings['as recorded live'], 'POST /customerpayments': [201, { code: 0, message: 'ok' }] });
    const other = await harness({ at: silent });
    const result = await other.call('create_customer_payment', payment);
    expect(result.structuredContent).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' } });
    // The recorded list is from another customer, so it does not prove that the payment is missing.
    expect(textOf(result)).toContain('had no payment of this customer');
    expect(silent.calls.filter((call) => call === 'POST /customerpayments')).toHaveLength(1);
    await other.close();
    await silent.close();
  });

  it('stops a write that needs the record', async () => {
    const result = await server.call('update_customer_payment', { payment_id: '1', invoices: [{ invoice_id: '2', amount_applied: 1 }] });
    expect(result.structuredContent).toMatchObject({ error: { code: 'no_record', changed: 'no' } });
    expect(zoho.calls).not.toContain('PUT /customerpayments/1');
  });
});
