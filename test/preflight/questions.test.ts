import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/json.ts';
import type { Policy } from '../../src/write/policy.ts';
import { altered } from '../support/altered.ts';
import { fault, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { kinds, textOf, type Harness, type HarnessOptions, type ToolResult } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Questions and results tell what is recorded and what changes. Both agree with the sandbox's records. */

const start = servers();

const { bowman, openInvoice, overdueInvoice, pettyCash, paymentWithUnused, samplePayment, sampleRefund } = seed;
const savings = '712345000000000364';
const yen = { customer_id: seed.aoyamaInYen, exchange_rate: 0.0067 };
const field = '46000000012845';
const cash = { customer_id: bowman, payment_mode: 'cash', date: '2026-06-05' };
const words = 'Sent by courier, as agreed on the phone with the accountant of the customer. '.repeat(5).trim();
const roomy = { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') };

/** A server that asks about every amount, with a user who says yes. */
async function asking(options: HarnessOptions = {}): Promise<{ server: Harness; asked: string[] }> {
  const asked: string[] = [];
  const server = await start({
    sandbox: roomy,
    confirm: 'ask',
    policy: { ask_above: { '*': 0.001 } } as Policy,
    person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    ...options,
  });
  return { server, asked };
}

async function ok(server: Harness, tool: string, args: Json): Promise<ToolResult> {
  const result = await server.call(tool, args);
  expect(result.isError, textOf(result)).toBeFalsy();
  return result;
}

const recordOf = async (server: Harness, tool: string, args: Json, key: string) =>
  (await ok(server, tool, args)).structuredContent[key] as Json;
const paymentOf = (server: Harness, payment_id: string) => recordOf(server, 'get_customer_payment', { payment_id }, 'payment');
const balanceOf = async (server: Harness, invoice_id: string) =>
  (await recordOf(server, 'get_invoice', { invoice_id }, 'invoice'))['balance'] as number;
const idOf = ({ structuredContent }: ToolResult) => String((structuredContent['payment'] as Json)['payment_id']);

/** Bowman's payment of 1000: 405 and 45 of withheld tax on INV-385, 100 on INV-386, 495 unused. */
const applied = [
  { invoice_id: openInvoice, amount_applied: 405, tax_amount_withheld: 45 },
  { invoice_id: overdueInvoice, amount_applied: 100 },
];
const paid = (server: Harness, more: Json = {}) =>
  ok(server, 'create_customer_payment', { ...cash, amount: 1000, invoices: applied, ...more }).then(idOf);

interface Row {
  readonly what: string;
  /** Prepares the records and returns the call. */
  readonly call: (server: Harness) => Promise<readonly [tool: string, args: Json]>;
  /** Texts in the question. */
  readonly asks: readonly string[];
  /** Texts in the result. */
  readonly says?: readonly string[];
  /** Structured facts in the result. */
  readonly after?: Json;
}

const rows: readonly Row[] = [
  {
    what: 'a new payment, with values that Zoho adds',
    call: async () => [
      'create_customer_payment',
      {
        ...cash,
        amount: 460,
        bank_charges: 5,
        reference_number: 'R-1',
        description: words,
        tags: [{ tag_id: '11', tag_option_id: '12' }],
        contact_persons: ['13'],
        custom_fields: [{ api_name: 'cf_receipt_book_no', value: '77' }],
        invoices: [{ invoice_id: openInvoice, amount_applied: 450 }],
      },
    ],
    asks: [
      'Customer: "Bowman Furniture" (id 903000000000099)',
      'Date: 2026-06-05, mode: "cash"',
      'Reference: "R-1"',
      'Account: not given, so Zoho uses Undeposited Funds',
      'custom field "Receipt Book No": "77"',
      'to Invoice "INV-385": USD 450.00 open before, USD 0.00 after, so it is paid',
      'Bank charges: USD 5.00',
      'Account for bank charges: not given, so Zoho chooses one',
      'Tags: tag 11, option 12',
      'Thank-you mail to: contact person 13',
      `…" (${words.length} characters)`,
      'Not applied, stays as unused credit: USD 10.00',
    ],
    says: ['Account: "Undeposited Funds" (id '],
  },
  {
    what: 'a payment with names, in a foreign currency',
    call: async () => [
      'record_customer_payment',
      {
        customer: yen.customer_id,
        amount: 12800,
        payment_mode: 'check',
        allocate: 'as_credit',
        account: 'Petty Cash',
        exchange_rate: 0.0067,
      },
    ],
    asks: [
      'Date: 2026-07-01, mode: "check"',
      'Account: "Petty Cash" (id 3000000000385)',
      'Exchange rate: 0.0067 USD per JPY, which makes USD 85.76',
    ],
  },
  {
    what: 'a new payment by a unique custom field',
    call: async () => [
      'update_customer_payment_using_custom_field',
      { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'EXT-9', upsert: true, ...cash, amount: 77 },
    ],
    asks: ['Account: not given, so Zoho uses Undeposited Funds', 'cf_external_reference: "EXT-9"', 'stays as unused credit: USD 77.00'],
  },
  {
    what: 'a change of accounts, fields and texts',
    call: async (server) => {
      const payment_id = await paid(server, { custom_fields: [{ customfield_id: field, value: '77' }] });
      return [
        'update_customer_payment',
        {
          payment_id,
          amount: 1010,
          account_id: pettyCash,
          bank_charges: 5,
          custom_fields: [{ label: 'Receipt Book No', value: '78' }],
          tags: [{ tag_id: '11', tag_option_id: '12' }],
        },
      ];
    },
    asks: [
      'Account: "Undeposited Funds" (id 712345000000000358) → "Petty Cash" (id 3000000000385)',
      'Bank charges: USD 0.00 → USD 5.00',
      'custom field "Receipt Book No": "77" → "78"',
      'tags are replaced by: tag 11, option 12',
    ],
  },
  {
    what: 'a move of a payment to another customer',
    call: async (server) => [
      'update_customer_payment',
      { payment_id: await paid(server, { invoices: [], amount: 1001 }), customer_id: '712345000000090009' },
    ],
    asks: ['customer_id: "Bowman Furniture" (id 903000000000099) → "Acme Corp" (id 712345000000090009)'],
  },
  {
    what: 'money un-applied from one of two invoices, after a refund',
    call: async (server) => {
      const payment_id = await paid(server);
      await ok(server, 'create_customer_payment_refund', {
        customer_payment_id: payment_id,
        amount: 95,
        date: '2026-06-20',
        from_account_id: pettyCash,
      });
      return [
        'update_customer_payment',
        { payment_id, invoices: [{ invoice_id: openInvoice, amount_applied: 0, tax_amount_withheld: 0 }] },
      ];
    },
    asks: [
      'Un-apply USD 450.00 from invoice "INV-385": paid before, USD 450.00 open after',
      'Unused afterwards: USD 805.00; refunded in total: USD 95.00',
    ],
    says: [`Open again: INV-385 (id ${openInvoice}) USD 450.00.`],
    after: { invoices: [{ invoice_id: openInvoice, invoice_number: 'INV-385', balance: 450 }] },
  },
  {
    what: 'money partly un-applied, by a unique custom field',
    call: async (server) => {
      await paid(server, { custom_fields: [{ api_name: 'cf_external_reference', value: 'EXT-8' }] });
      return [
        'update_customer_payment_using_custom_field',
        {
          unique_identifier_key: 'cf_external_reference',
          unique_identifier_value: 'EXT-8',
          invoices: [{ invoice_id: overdueInvoice, amount_applied: 30 }],
        },
      ];
    },
    asks: ['from invoice "INV-386": USD 1180.50 open before, USD 1250.50 open after'],
    says: [`Open again: INV-386 (id ${overdueInvoice}) USD 1250.50.`],
    after: { invoices: [{ invoice_id: overdueInvoice, balance: 1250.5 }] },
  },
  {
    what: 'a new amount of a payment with an exchange rate',
    call: async (server) => {
      const made = await ok(server, 'create_customer_payment', { ...cash, ...yen, amount: 12800 });
      return ['update_customer_payment', { payment_id: idOf(made), amount: 13000 }];
    },
    asks: ['amount: JPY 12800 → JPY 13000', 'Exchange rate as before: 0.0067', 'Unused afterwards: JPY 13000'],
  },
  {
    what: 'the deletion of a payment',
    call: async (server) => ['delete_customer_payment', { payment_id: await paid(server) }],
    asks: [
      'Un-apply USD 405.00 and USD 45.00 tax withheld from invoice "INV-385": paid before, USD 450.00 open after',
      'Un-apply USD 100.00 from invoice "INV-386": USD 1180.50 open before, USD 1280.50 open after',
      'Unused credit that is also deleted: USD 495.00',
    ],
    says: [`Open again: INV-385 (id ${openInvoice}) USD 450.00; INV-386 (id ${overdueInvoice}) USD 1280.50.`],
    after: {
      invoices: [
        { invoice_id: openInvoice, balance: 450 },
        { invoice_id: overdueInvoice, balance: 1280.5 },
      ],
    },
  },
  {
    what: 'the deletion of two payments that are applied to one invoice',
    call: async (server) => {
      const first = await paid(server);
      const second = await ok(server, 'create_customer_payment', {
        ...cash,
        amount: 200,
        reference_number: 'second',
        invoices: [{ invoice_id: overdueInvoice, amount_applied: 180.5 }],
      });
      return ['bulk_delete_customer_payments', { payment_id: [first, idOf(second)] }];
    },
    asks: [
      'applied INV-386 USD 180.50, unused USD 19.50',
      'Un-apply USD 280.50 from invoice "INV-386": USD 1000.00 open before, USD 1280.50 open after',
    ],
    says: [`Open again: INV-386 (id ${overdueInvoice}) USD 1280.50.`],
    after: {
      invoices: [
        { invoice_id: openInvoice, balance: 450 },
        { invoice_id: overdueInvoice, balance: 1280.5 },
      ],
    },
  },
  {
    what: 'a refund without a mode',
    call: async () => [
      'create_customer_payment_refund',
      { customer_payment_id: paymentWithUnused, amount: 40, date: '2026-06-20', from_account_id: pettyCash, reference_number: 'R-2' },
    ],
    asks: [
      'Date: 2026-06-20, mode: "cash", reference: "R-2"',
      'Refundable: USD 100.00; unused afterwards: USD 60.00; refunded in total: USD 40.00',
      'Account: "Petty Cash" (id 3000000000385)',
    ],
    says: ['Unused amount now: USD 60.00; refunded in total: USD 40.00.'],
    after: { unused_amount: 60, refunded_amount: 40 },
  },
  {
    what: 'a refund of the whole unused amount, with names',
    call: async () => ['refund_customer_payment', { payment: paymentWithUnused, account: 'Petty Cash' }],
    asks: ['Date: 2026-07-01, mode: "cash"', 'unused afterwards: USD 0.00; refunded in total: USD 100.00'],
    says: ['Unused amount now: USD 0.00; refunded in total: USD 100.00.'],
    after: { unused_amount: 0, refunded_amount: 100 },
  },
  {
    what: 'a change of a refund',
    call: async (server) => {
      const { structuredContent } = await ok(server, 'create_customer_payment_refund', {
        customer_payment_id: paymentWithUnused,
        amount: 40,
        date: '2026-06-20',
        from_account_id: pettyCash,
        refund_mode: 'check',
        reference_number: 'R-2',
      });
      const refund_id = (structuredContent['payment_refund'] as Json)['payment_refund_id'];
      return [
        'update_customer_payment_refund',
        { customer_payment_id: paymentWithUnused, refund_id, amount: 30, from_account_id: savings },
      ];
    },
    asks: [
      'amount: USD 40.00 → USD 30.00',
      `Account: "Petty Cash" (id ${pettyCash}) → "Savings" (id ${savings})`,
      'Date: 2026-06-20, mode: "check", reference: "R-2"',
      'unused afterwards: USD 70.00; refunded in total: USD 30.00',
    ],
    says: [
      `from_account_id: "Petty Cash" (id ${pettyCash}) → "Savings" (id ${savings})`,
      'Unused amount now: USD 70.00; refunded in total: USD 30.00.',
    ],
    after: { unused_amount: 70, refunded_amount: 30 },
  },
  {
    what: 'the deletion of a refund',
    call: async () => ['delete_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: sampleRefund }],
    asks: ['Added to the unused amount: ', 'Unused afterwards: USD '],
    says: ['Unused amount now: USD '],
  },
];

/** Ids of records that have names. */
const named: readonly (readonly [id: string, name: string])[] = [
  [bowman, 'Bowman Furniture'],
  [pettyCash, 'Petty Cash'],
  [savings, 'Savings'],
  ['712345000000000358', 'Undeposited Funds'],
  ['712345000000090009', 'Acme Corp'],
];

describe('the question and the result show all values before and after', () => {
  it.each(rows)('$what', async ({ call, asks, says = [], after }) => {
    const { server, asked } = await asking();
    const [tool, args] = await call(server);
    asked.length = 0;
    const result = await ok(server, tool, args);
    const [question = '', ...more] = asked;
    expect(more).toEqual([]);
    for (const line of asks) expect(question).toContain(line);
    // The text for the state afterwards is never used for the state before.
    expect(question).not.toMatch(/now paid|still open/);
    for (const line of question.split('\n')) for (const [id, name] of named) if (line.includes(id)) expect(line).toContain(name);
    for (const line of [...says, 'The user confirmed this.']) expect(textOf(result)).toContain(line);
    if (after !== undefined) expect(result.structuredContent['after']).toMatchObject(after);
    await agreesWithBooks(server, question, result);
  });

  it('of a change to custom fields, even if the scopes do not allow a check of the fields', async () => {
    const scopes = ['customerpayments.ALL', 'invoices.READ', 'banking.READ', 'contacts.READ'].map((scope) => `ZohoBooks.${scope}`);
    const { server, asked } = await asking({ sandbox: { ...roomy, scopes } });
    const payment_id = await paid(server, { custom_fields: [{ customfield_id: field, value: '77' }] });
    await ok(server, 'update_custom_fields_in_customer_payment', {
      customer_payment_id: payment_id,
      custom_fields: [
        { customfield_id: field, value: '78' },
        { customfield_id: '712345000000012841', value: 'E' },
      ],
    });
    expect(asked.at(-1)).toContain(`custom field "${field}": "77" → "78"`);
    expect(asked.at(-1)).toContain('custom field "712345000000012841": nothing → "E"');
  });
});

/** Compares reported balances and amounts with the sandbox's records. */
async function agreesWithBooks(server: Harness, question: string, { structuredContent }: ToolResult): Promise<void> {
  const numbers: Record<string, string> = { 'INV-385': openInvoice, 'INV-386': overdueInvoice };
  for (const [, number = '', after] of question.matchAll(/nvoice "(INV-38[56])".*?USD ([\d.]+) (?:open )?after/g))
    expect(await balanceOf(server, numbers[number]!), number).toBe(Number(after));
  const { invoices = [], unused_amount } = (structuredContent['after'] ?? {}) as { invoices?: Json[]; unused_amount?: number };
  for (const { invoice_id, balance } of invoices) expect(await balanceOf(server, String(invoice_id))).toBe(balance);
  if (unused_amount === undefined) return;
  const refund = (structuredContent['payment_refund'] ?? structuredContent) as Json;
  const payment = await paymentOf(server, String(refund['payment_id'] ?? structuredContent['customer_payment_id']));
  expect(payment['unused_amount'] ?? 0).toBe(unused_amount);
}

it('an invoice is not reported as open again if less money but more withheld tax is applied to it', async () => {
  const { server, asked } = await asking();
  const payment_id = await paid(server);
  const result = await ok(server, 'update_customer_payment', {
    payment_id,
    invoices: [{ invoice_id: openInvoice, amount_applied: 225, tax_amount_withheld: 225 }],
  });
  expect(asked.at(-1)).toContain('On invoice "INV-385", USD 180.00 less of the payment is applied, and the withheld tax becomes larger');
  expect(textOf(result)).not.toContain('Open again');
  expect(result.structuredContent).not.toHaveProperty('after');
});

describe('the confirmation of the user', () => {
  const overpaid = { ...cash, amount: 460, invoices: [{ invoice_id: openInvoice, amount_applied: 450 }], idempotency_key: 'k' };

  it.each(kinds)(
    'is in the result if the user was asked, and is marked as earlier if the answer is from the journal (%s)',
    async (kind) => {
      const { server } = await asking({ kind });
      expect(textOf(await ok(server, 'create_customer_payment', overpaid))).toContain('\nThe user confirmed this.');
      const again = textOf(await ok(server, 'create_customer_payment', overpaid));
      expect(again).toContain('The user confirmed it earlier.');
      expect(again).not.toContain('The user confirmed this.');
    },
  );

  it('is in the result of a write that was found after its answer was lost', async () => {
    const { server } = await asking();
    await fault(server.sandbox, { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_after' });
    expect(textOf(await ok(server, 'create_customer_payment', overpaid))).toContain('The user confirmed this.');
  });

  it('is not in the result of a second call, which the user may have allowed without reading', async () => {
    const server = await start({ sandbox: roomy, confirm: 'ask' });
    const { approval } = (await server.call('create_customer_payment', overpaid)).structuredContent;
    const text = textOf(await ok(server, 'create_customer_payment', { ...overpaid, approval }));
    expect(text).toContain('A second call approved it.');
    expect(text).not.toContain('confirmed');
  });

  it('is not in the result if nobody was asked', async () => {
    const server = await start({ sandbox: roomy, confirm: 'host' });
    for (const args of [overpaid, { ...overpaid, amount: 5, invoices: [], idempotency_key: 'l' }])
      expect(textOf(await ok(server, 'create_customer_payment', args))).not.toMatch(/confirmed|approved/);
  });
});

describe('a value that Zoho does not show', () => {
  /** Removes fields of payments and their rows. */
  async function without(names: RegExp, options: HarnessOptions = {}) {
    const on = await startSandbox(roomy);
    const drop = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(drop)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).flatMap(([name, item]) => (names.test(name) ? [] : [[name, drop(item)]])))
          : value;
    const at = await altered(on, { body: (body, _query, path) => (path.startsWith('/customerpayments') ? drop(body) : body) });
    closers.push(on.close, at.close);
    return await asking({ on, at, ...options });
  }

  it('is never calculated: the balance of an invoice', async () => {
    const { server, asked } = await without(/^(balance|balance_amount)$/);
    const payment_id = await paid(server);
    const result = await ok(server, 'delete_customer_payment', { payment_id });
    expect(asked.at(-1)).toContain('Zoho does not show its balance');
    expect(textOf(result)).toContain(`Open again: INV-385 (id ${openInvoice}) an unknown amount`);
    expect(JSON.stringify(result.structuredContent['after'])).not.toContain('balance');
  });

  it('is never calculated: the unused amount after a refund', async () => {
    const { server, asked } = await without(/^unused_amount$/);
    const result = await ok(server, 'create_customer_payment_refund', {
      customer_payment_id: paymentWithUnused,
      amount: 40,
      date: '2026-06-20',
      from_account_id: pettyCash,
    });
    expect(asked.at(-1)).not.toMatch(/unused afterwards|refunded in total/);
    expect(textOf(result)).toContain('Unused amount now: an unknown amount.');
    expect(result.structuredContent).not.toHaveProperty('after');
  });

  it('is a reason to ask: the invoices of a payment that is to be deleted', async () => {
    const { server, asked } = await without(/^invoices$/);
    const result = await ok(server, 'delete_customer_payment', { payment_id: paymentWithUnused });
    expect(asked.at(-1)).toContain('Not checked: which invoices become open again');
    expect(textOf(result)).not.toContain('Open again');
  });

  it('is not reported as empty: the account, the mode and the date of a payment', async () => {
    const { server, asked } = await without(/^(account_id|account_name|payment_mode|date)$/);
    await ok(server, 'update_customer_payment', { payment_id: samplePayment, account_id: pettyCash, payment_mode: 'check', amount: 460 });
    expect(asked.at(-1)).toContain('Account: not shown by Zoho → "Petty Cash" (id 3000000000385)');
    expect(asked.at(-1)).toContain('payment_mode: not shown by Zoho → "check"');
  });

  it('is not reported as empty, and is checked if possible: a payment that Zoho does not find by its custom field', async () => {
    const on = await startSandbox(roomy);
    // Like a Zoho that ignores the filter.
    const at = await altered(on, { query: (query) => query.delete('cf_external_reference') });
    closers.push(on.close, at.close);
    const { server, asked } = await asking({ on, at });
    await paid(server, { custom_fields: [{ api_name: 'cf_external_reference', value: 'EXT-7' }] });
    const change = { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'EXT-7' };
    // The proxy in front of the sandbox drops the headers that name the payment, so the call changes nothing.
    await server.call('update_customer_payment_using_custom_field', {
      ...change,
      account_id: pettyCash,
      description: 'x',
      custom_fields: [{ api_name: 'cf_receipt_book_no', value: '9' }],
      invoices: [{ invoice_id: overdueInvoice, amount_applied: 20 }],
      replace_invoices: true,
    });
    for (const line of [
      'Account: not shown by Zoho → "Petty Cash" (id 3000000000385)',
      'description: not shown by Zoho → "x"',
      'custom field "Receipt Book No": "9"',
      'to Invoice "INV-386"',
      'Un-apply it from every other invoice',
      'which payment has this value',
    ])
      expect(asked.at(-1)).toContain(line);
    expect(asked.at(-1)).not.toContain('nothing');
    const late = await server.call('update_customer_payment_using_custom_field', { ...change, date: '2031-01-01' });
    expect(late.structuredContent).toMatchObject({ error: { code: 'date_in_future' } });
  });
});
