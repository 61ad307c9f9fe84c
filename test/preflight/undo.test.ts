import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endpoints } from '../../src/catalogue.ts';
import { getContact } from '../../src/endpoints/lookups/get-contact.ts';
import { getInvoice } from '../../src/endpoints/lookups/get-invoice.ts';
import { allBankAccounts } from '../../src/endpoints/lookups/list-bank-accounts.ts';
import { getCustomerPayment } from '../../src/endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../../src/endpoints/refunds/get-customer-payment-refund.ts';
import type { Json } from '../../src/json.ts';
import { allRefunds } from '../../src/reading/whole-lists.ts';
import type { Undo } from '../../src/report.ts';
import { booksOf, fault, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions, type ToolResult } from '../support/harness.ts';

/** After a write and its undo call, everything is as before, or the undo names the fields that are not. */

const acme = '712345000000090009';
const lindner = '712345000000090061';
const checking = '712345000000000361';
const euroAccount = '712345000000000367';
const location = '460000000038080';
const uniqueField = '712345000000012841';
const plainField = '46000000012845';
/** One payment of each kind: partly refunded, with unused amount, an advance, on two invoices and without reference, in euros, in yen. */
const [refunded, withUnused, advance, two, euros, yen] = [
  seed.samplePayment,
  seed.paymentWithUnused,
  '712345000000079504',
  '712345000000079505',
  '712345000000079507',
  '712345000000079508',
] as const;
const INVOICES = ['90300000079426', ...[381, 383, 385, 386, 392, 393, 395, 396, 397, 398, 399].map((number) => `712345000000079${number}`)];

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness({ sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000 } }, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Fields with ids and numbers of records, and times. */
const FRESH = /^(payment_id|payment_number|payment_refund_id|invoice_payment_id|created_time|updated_time|last_modified_time)$/;

function compared(value: unknown, but: ReadonlySet<string>): unknown {
  if (Array.isArray(value))
    return value.map((item) => compared(item, but)).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !FRESH.test(name) && !but.has(name) && !but.has(name.replace(/_name$/, '_id')))
      .map(([name, item]) => [name, compared(item, but)]),
  );
}

/** Everything that Zoho shows of the payment and the records that it changes. */
async function shown({ zoho, sandbox }: Harness, payment_id: string | undefined, customers: readonly string[]): Promise<Json> {
  const refunds = payment_id === undefined ? [] : (await zoho.read(allRefunds, { customer_payment_id: payment_id })).rows;
  const { problems, counts } = await booksOf(sandbox);
  return {
    payment: payment_id && (await zoho.read(getCustomerPayment, { payment_id })).payment,
    refunds: await Promise.all(
      refunds.map(
        async (row) =>
          (await zoho.read(getCustomerPaymentRefund, { customer_payment_id: payment_id!, refund_id: String(row['payment_refund_id']) }))
            .payment_refund,
      ),
    ),
    invoices: await Promise.all(INVOICES.map(async (invoice_id) => (await zoho.read(getInvoice, { invoice_id })).invoice)),
    customers: await Promise.all(customers.map(async (contact_id) => (await zoho.read(getContact, { contact_id })).contact)),
    accounts: (await zoho.read(allBankAccounts, {})).bankaccounts,
    counts,
    problems,
  };
}

const undoOf = ({ structuredContent }: ToolResult) =>
  structuredContent['undo'] as (Undo & { readonly not_restored?: readonly string[] }) | undefined;
const paymentIdOf = ({ structuredContent }: ToolResult) =>
  (structuredContent['payment'] as { payment_id?: string } | undefined)?.payment_id;

const parses = ({ tool, arguments: args }: Undo) => endpoints.find(({ name }) => name === tool)!.input.safeParse(args).success;

/** Values that no write can restore or Zoho does not show. */
const MAY_BE_LOST = /^(payment_id|payment_number|refund_id|payment_form|location_id|bank_charges_account_id|tax_account_id)$/;

interface Case {
  readonly tool: string;
  readonly args: Json;
  /** The payment to compare before and after. */
  readonly payment?: string | undefined;
  readonly customers: readonly string[];
}

/** Makes a write and its undo. Returns false if the write was refused. */
async function thereAndBack(server: Harness, { tool, args, payment, customers }: Case): Promise<boolean> {
  const before = await shown(server, payment, customers);
  const written = await server.call(tool, args);
  const what = `${tool} ${JSON.stringify(args)}\n${textOf(written)}`;
  if (written.isError) {
    expect(written.structuredContent['outcome'], what).toBe('not_recorded');
    return false;
  }
  const undo = undoOf(written);
  // There is no undo if nothing can be restored.
  if (undo === undefined) {
    const fields = Object.keys(args).filter(
      (name) => !['payment_id', 'customer_payment_id', 'refund_id', 'unique_identifier_key', 'unique_identifier_value'].includes(name),
    );
    expect(
      fields.filter((name) => !MAY_BE_LOST.test(name)),
      what,
    ).toEqual([]);
    return true;
  }
  expect(parses(undo), `${what}\n${JSON.stringify(undo)}`).toBe(true);
  const lost = undo.not_restored ?? [];
  expect(
    lost.filter((name) => !MAY_BE_LOST.test(name)),
    what,
  ).toEqual([]);
  expect(textOf(written), what).toContain(`to undo: ${undo.tool} `);
  for (const name of lost) expect(textOf(written), what).toContain(name);

  const undone = await server.call(undo.tool, undo.arguments);
  expect(undone.structuredContent, `${what}\n${JSON.stringify(undo)}\n${textOf(undone)}`).toMatchObject({
    outcome: 'recorded',
    replayed: false,
  });
  const after = await shown(
    server,
    tool === 'delete_customer_payment' || tool === 'bulk_delete_customer_payments' ? paymentIdOf(undone) : payment,
    customers,
  );
  const but = new Set(lost);
  expect(compared(after, but), `${what}\n${JSON.stringify(undo)}`).toEqual(compared(before, but));
  return true;
}

const optional = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) =>
  fc.record(fields, { requiredKeys: [] }).filter((given) => Object.keys(given).length > 0) as fc.Arbitrary<Json>;
const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcXYZ0189-·é"') });
const emptyOr = (text: fc.Arbitrary<string>) => fc.oneof({ weight: 4, arbitrary: text }, fc.constant(''));
const cents = (most: number) => fc.integer({ min: 0, max: most * 100 }).map((n) => n / 100);
const day = fc.constantFrom('2026-06-01', '2026-06-10', '2026-06-29');

const customFields = fc.uniqueArray(
  fc.oneof(
    fc.record({ customfield_id: fc.constant(plainField), value: emptyOr(word) }),
    fc.record({ api_name: fc.constant('cf_receipt_book_no'), value: emptyOr(word) }),
    fc.record({ label: fc.constant('Receipt Book No'), value: emptyOr(word) }),
    fc.record({ customfield_id: fc.constant(uniqueField), value: word }),
    fc.record({ label: fc.constant('External Reference'), value: emptyOr(word) }),
  ),
  {
    minLength: 1,
    maxLength: 2,
    selector: (field) =>
      'customfield_id' in field ? field.customfield_id === plainField : 'api_name' in field || field.label.startsWith('R'),
  },
);
const tags = fc.array(fc.record({ tag_id: fc.constantFrom('11', '12'), tag_option_id: fc.constantFrom('21', '22') }), { maxLength: 2 });

/** Fields of any payment. Withheld tax of rows is generated elsewhere. */
const common = {
  payment_mode: fc.constantFrom('cash', 'check', 'Bank Remittance'),
  date: day,
  reference_number: emptyOr(word),
  description: emptyOr(word),
  payment_form: word,
  bank_charges: fc.oneof(fc.constant(0), cents(5)),
  bank_charges_account_id: fc.constantFrom(seed.pettyCash, checking),
  tax_account_id: fc.constant('712345000000000388'),
  location_id: fc.constant(location),
  custom_fields: customFields,
  tags,
};

const invoicesOf = (...ids: string[]) =>
  fc.uniqueArray(fc.record({ invoice_id: fc.constantFrom(...ids), amount_applied: fc.constantFrom(0, 10, 25.5, 49) }), {
    selector: ({ invoice_id }) => invoice_id,
    minLength: 1,
    maxLength: ids.length,
  });

const changed: readonly { readonly payment: string; readonly customer: string; readonly fields: fc.Arbitrary<Json> }[] = [
  {
    payment: refunded,
    customer: seed.bowman,
    fields: optional({
      ...common,
      amount: fc.constantFrom(450, 470.5),
      account_id: fc.constantFrom(seed.pettyCash, checking),
      exchange_rate: fc.constant(1),
    }),
  },
  {
    payment: withUnused,
    customer: seed.bowman,
    fields: optional({
      ...common,
      amount: fc.constantFrom(560, 700),
      invoices: invoicesOf(seed.openInvoice, seed.overdueInvoice),
      replace_invoices: fc.boolean(),
    }),
  },
  {
    payment: advance,
    customer: seed.bowman,
    fields: optional({
      ...common,
      amount: fc.constantFrom(200, 900),
      tax_amount_withheld: fc.constantFrom(0, 3),
      account_id: fc.constantFrom(seed.pettyCash, checking),
    }),
  },
  { payment: advance, customer: seed.bowman, fields: optional({ ...common, invoices: invoicesOf(seed.openInvoice, seed.overdueInvoice) }) },
  {
    payment: advance,
    customer: seed.bowman,
    fields: fc.record({ customer_id: fc.constant(acme), reference_number: word }, { requiredKeys: ['customer_id'] }) as fc.Arbitrary<Json>,
  },
  {
    payment: two,
    customer: acme,
    fields: optional({
      ...common,
      invoices: invoicesOf('712345000000079392', '712345000000079393', '712345000000079395'),
      replace_invoices: fc.boolean(),
    }),
  },
  {
    payment: euros,
    customer: lindner,
    fields: optional({
      ...common,
      exchange_rate: fc.constantFrom(1.1, 1, 1000, 0.9224),
      account_id: fc.constantFrom(euroAccount, checking),
      invoices: invoicesOf('712345000000079397'),
    }),
  },
  {
    payment: yen,
    customer: seed.aoyamaInYen,
    fields: optional({
      payment_mode: common.payment_mode,
      reference_number: common.reference_number,
      exchange_rate: fc.constantFrom(0.007, 149.3),
      amount: fc.constantFrom(90_000, 120_000),
    }),
  },
];

const RUNS = 10;
/** Expects few refusals, because otherwise the property proves little. */
const mostly = (done: number, runs: number) => expect(done, 'carried out').toBeGreaterThan(runs / 3);

describe('the undo restores a changed payment', () => {
  it.each(changed)('$payment after any change', async ({ payment, customer, fields }) => {
    const server = await start();
    let done = 0;
    await fc.assert(
      fc.asyncProperty(fields, async (given) => {
        if (
          await thereAndBack(server, {
            tool: 'update_customer_payment',
            args: { payment_id: payment, ...given },
            payment,
            customers: [customer, acme],
          })
        )
          done += 1;
      }),
      { numRuns: RUNS },
    );
    mostly(done, RUNS);
  });

  it.each(changed.slice(1, 4))('$payment after any change by its unique custom field', async ({ payment, customer, fields }) => {
    const server = await start();
    const name = { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'V 1' };
    await server.call('update_customer_payment', {
      payment_id: payment,
      custom_fields: [{ api_name: 'cf_external_reference', value: 'V 1' }],
    });
    let done = 0;
    await fc.assert(
      fc.asyncProperty(fields, async (given) => {
        if (
          await thereAndBack(server, {
            tool: 'update_customer_payment_using_custom_field',
            args: { ...name, ...given },
            payment,
            customers: [customer],
          })
        )
          done += 1;
      }),
      { numRuns: RUNS },
    );
    mostly(done, RUNS);
  });

  it.each([refunded, two, advance])('%s after any change of its custom fields', async (payment) => {
    const server = await start();
    const byId = fc.uniqueArray(fc.record({ customfield_id: fc.constantFrom(plainField, uniqueField), value: emptyOr(word) }), {
      minLength: 1,
      maxLength: 2,
      selector: ({ customfield_id }) => customfield_id,
    });
    await fc.assert(
      fc.asyncProperty(byId, async (custom_fields) => {
        expect(
          await thereAndBack(server, {
            tool: 'update_custom_fields_in_customer_payment',
            args: { customer_payment_id: payment, custom_fields },
            payment,
            customers: [seed.bowman],
          }),
        ).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('without a reference: it removes the new reference', async () => {
    const server = await start();
    const updated = await server.call('update_customer_payment', {
      payment_id: two,
      payment_mode: 'check',
      reference_number: 'R 1',
      date: '2026-06-29',
    });
    expect(undoOf(updated)).toEqual({
      tool: 'update_customer_payment',
      arguments: { payment_id: two, payment_mode: 'creditcard', reference_number: '', date: '2026-06-08' },
    });
    expect(textOf(updated)).toMatch(/^Next: to undo: update_customer_payment \{"payment_id":"712345000000079505".*"reference_number":""/m);
  });
});

const amount = fc.integer({ min: 10_000, max: 44_900 }).map((n) => n / 100);
const made = (more: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record(
    { ...common, reference_number: word, amount, account_id: fc.constantFrom(checking, seed.pettyCash), ...more },
    { requiredKeys: ['payment_mode', 'date', 'reference_number', 'amount'] },
  );
const newPayments: readonly { readonly customer: string; readonly fields: fc.Arbitrary<Json> }[] = [
  {
    customer: seed.bowman,
    fields: made({
      invoices: invoicesOf(seed.openInvoice, seed.overdueInvoice).map((rows) => rows.filter(({ amount_applied }) => amount_applied > 0)),
    }),
  },
  {
    customer: lindner,
    fields: made({ account_id: fc.constant(euroAccount), exchange_rate: fc.constantFrom(1, 1.1, 1.0842) }).map((given): Json => ({
      exchange_rate: 1.08,
      ...(given as Json),
    })),
  },
];

describe('the undo restores the books after a new payment and a deleted payment', () => {
  it.each(newPayments)('of customer $customer', async ({ customer, fields }) => {
    const server = await start();
    let [done, deleted, n] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(fields, fc.boolean(), async (given, several) => {
        n += 1;
        const args = {
          customer_id: customer,
          ...given,
          reference_number: `${String(given['reference_number'])} ${n}`,
          amount: Number(given['amount']) + n * 500,
        };
        if (!(await thereAndBack(server, { tool: 'create_customer_payment', args, customers: [customer] }))) return;
        done += 1;
        const created = await server.call('create_customer_payment', { ...args, reference_number: `${n} again` });
        const payment = paymentIdOf(created)!;
        const removal = several
          ? { tool: 'bulk_delete_customer_payments', args: { payment_id: [payment] } }
          : { tool: 'delete_customer_payment', args: { payment_id: payment } };
        if (await thereAndBack(server, { ...removal, payment, customers: [customer] })) deleted += 1;
      }),
      { numRuns: RUNS },
    );
    mostly(done, RUNS);
    expect(deleted).toBe(done);
  });

  it('that was created by an upsert', async () => {
    const server = await start();
    const args = {
      unique_identifier_key: 'cf_external_reference',
      unique_identifier_value: 'new',
      upsert: true,
      customer_id: seed.bowman,
      amount: 33,
      date: '2026-06-20',
      payment_mode: 'cash',
    };
    expect(await thereAndBack(server, { tool: 'update_customer_payment_using_custom_field', args, customers: [seed.bowman] })).toBe(true);
  });

  it('but does not delete a payment that Zoho did not show before its change', async () => {
    const server = await start();
    await server.call('update_customer_payment', {
      payment_id: two,
      custom_fields: [{ api_name: 'cf_external_reference', value: 'hidden' }],
    });
    // Zoho ignores a filter that it does not know, and returns every payment.
    await fault(server.sandbox, { match: { method: 'GET', path: '^/customerpayments$' }, fault: 'status', status: 200, code: 0, times: 9 });
    const changed = await server.call('update_customer_payment_using_custom_field', {
      unique_identifier_key: 'cf_external_reference',
      unique_identifier_value: 'hidden',
      description: 'x',
    });
    expect(changed.structuredContent, textOf(changed)).toMatchObject({ outcome: 'recorded' });
    expect(undoOf(changed)).toBeUndefined();
    expect(textOf(changed)).toMatch(/^Updated payment/m);
    expect(textOf(changed)).not.toContain('delete_customer_payment');
  });
});

const refundFields = {
  date: day,
  from_account_id: fc.constantFrom(seed.pettyCash, checking),
  refund_mode: fc.constantFrom('cash', 'check'),
  reference_number: emptyOr(word),
  description: emptyOr(word),
  payment_form: word,
};

describe('the undo restores the books after a refund', () => {
  it.each([
    [withUnused, 100, fc.constant(1)],
    [euros, 109.5, fc.constantFrom(1.0842, 1, 1.1)],
  ] as const)('of payment %s was recorded, changed and deleted', async (payment, most, exchange_rate) => {
    const server = await start();
    const customers = [seed.bowman, lindner];
    const fields = {
      ...refundFields,
      ...(payment === euros && { from_account_id: fc.constantFrom(euroAccount, checking) }),
      exchange_rate,
      amount: fc.integer({ min: 100, max: most * 100 }).map((n) => n / 100),
    };
    let n = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record(fields, { requiredKeys: ['date', 'from_account_id', 'amount'] }),
        optional(fields),
        async (first, second) => {
          n += 1;
          const args = { customer_payment_id: payment, ...(first as Json), reference_number: `r ${n}` };
          expect(await thereAndBack(server, { tool: 'create_customer_payment_refund', args, payment, customers })).toBe(true);
          const created = await server.call('create_customer_payment_refund', { ...args, reference_number: `again ${n}` });
          const { payment_refund_id: refund_id } = created.structuredContent['payment_refund'] as { payment_refund_id: string };
          const of = { customer_payment_id: payment, refund_id };
          expect(
            await thereAndBack(server, { tool: 'update_customer_payment_refund', args: { ...of, ...second }, payment, customers }),
          ).toBe(true);
          expect(await thereAndBack(server, { tool: 'delete_customer_payment_refund', args: of, payment, customers })).toBe(true);
          const [left] = (await server.zoho.read(allRefunds, { customer_payment_id: payment })).rows;
          await server.call('delete_customer_payment_refund', {
            customer_payment_id: payment,
            refund_id: String(left?.['payment_refund_id']),
          });
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe('if Zoho shows less, as in its documents', () => {
  it('the undo is still valid, and names the fields that it does not restore', async () => {
    const server = await start({ sandbox: { shapes: 'documented', limits: { per_minute: 1_000_000 } } });
    const updated = await server.call('update_customer_payment', {
      payment_id: refunded,
      reference_number: 'R',
      exchange_rate: 1,
      tax_account_id: '1',
      tags: [],
      custom_fields: [
        { customfield_id: plainField, value: 'x' },
        { label: 'Receipt Book No', value: 'x' },
      ],
    });
    expect(undoOf(updated), textOf(updated)).toMatchObject({
      arguments: { reference_number: 'INV-384', custom_fields: [{ label: 'Receipt Book No', value: '129890' }] },
      not_restored: ['exchange_rate', 'tax_account_id', `custom field "${plainField}"`],
    });
    const refund = await server.call('update_customer_payment_refund', {
      customer_payment_id: refunded,
      refund_id: seed.sampleRefund,
      reference_number: 'R',
      from_account_id: checking,
    });
    expect(undoOf(refund), textOf(refund)).toMatchObject({ arguments: { reference_number: 'INV-384' }, not_restored: ['from_account_id'] });
    // To record the payment again, the undo needs an account, but Zoho did not show it.
    const deleted = await server.call('delete_customer_payment_refund', { customer_payment_id: refunded, refund_id: seed.sampleRefund });
    expect(deleted.structuredContent).toMatchObject({ outcome: 'recorded' });
    expect(undoOf(deleted)).toBeUndefined();
  });
});
