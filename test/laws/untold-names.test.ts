import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/json.ts';
import { seedCustomers } from '../../src/sandbox/seed-customers.ts';
import type { Policy } from '../../src/write/policy.ts';
import { altered } from '../support/altered.ts';
import { seed } from '../support/books.ts';
import { textOf, type Harness } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** A record without a known name is shown by its id, never by an empty name. */

const start = servers('file');
const options = { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') };
const { bowman, pettyCash } = seed;
const cash = { payment_mode: 'cash', date: '2026-06-30' };
const nobody = '712345000000090001';
const another = seedCustomers().find(({ id, type }) => id !== bowman && type === 'customer')!.id;

/** The user is asked about every amount and declines, so nothing is written. */
const asking = (asked: string[]) => ({
  confirm: 'ask' as const,
  policy: { ask_above: { '*': 1 } } as Policy,
  person: (question: string) => (asked.push(question), { action: 'decline' as const }),
});

type Call = readonly [tool: string, args: Json];

/** The questions to the user and the texts for the model. */
async function textsOf(server: Harness, asked: string[], [tool, args]: Call): Promise<string> {
  asked.length = 0;
  const text = textOf(await server.call(tool, args));
  return [...asked, text].join('\n');
}

/** Lines with an empty name. Calls to copy are excluded: an empty text in them clears a field. */
const emptyNames = (text: string) => text.split('\n').filter((line) => !line.startsWith('Next: ') && /(^|[^:])""(?!\w)/.test(line));

describe('without the scope ZohoBooks.contacts.READ', () => {
  const asked: string[] = [];
  let server: Harness;
  beforeAll(async () => {
    server = await start({
      sandbox: { ...options, scopes: ['customerpayments.ALL', 'invoices.READ', 'banking.READ'].map((scope) => `ZohoBooks.${scope}`) },
      ...asking(asked),
    });
  });

  it.each<readonly [...Call, says: string]>([
    ['check_duplicates', { customer: bowman }, `of "Bowman Furniture" (id ${bowman})`],
    [
      'check_duplicates',
      { customer: bowman, date_start: '2010-01-01', date_end: '2010-01-02' },
      `Found no payments of customer ${bowman}, `,
    ],
    ['summarize_payments', { customer: bowman }, `Payments of "Bowman Furniture" (id ${bowman}): `],
    ['summarize_payments', { customer: nobody, date_start: '2010-01-01', date_end: '2010-01-02' }, `Payments of customer ${nobody} `],
    ['customer_statement', { customer: bowman }, `Statement of "Bowman Furniture" (id ${bowman}): `],
    ['customer_statement', { customer: nobody }, `Statement of customer ${nobody}: `],
    ['find_payments', { customer: nobody }, `Customers searched: customer ${nobody}.`],
    ['find_payments', { customer: bowman }, `"Bowman Furniture" (id ${bowman})`],
    ['find_refunds', { customer: bowman }, `"Bowman Furniture" (id ${bowman})`],
    [
      'refund_customer_payment',
      { customer: nobody, account: pettyCash },
      `There is no payment of customer ${nobody} that could be refunded.`,
    ],
    [
      'refund_customer_payment',
      { customer: bowman, account: pettyCash },
      `Several payments of "Bowman Furniture" (id ${bowman}) have an unused amount.`,
    ],
    ['create_customer_payment', { customer_id: bowman, amount: 9, ...cash }, `from customer ${bowman}`],
    ['update_customer_payment', { payment_id: seed.samplePayment, customer_id: nobody }, `another customer, ${nobody}`],
  ])('%s %j says %s', async (tool, args, says) => {
    const text = await textsOf(server, asked, [tool, args]);
    expect(text).toContain(says);
    expect(emptyNames(text)).toEqual([]);
  });
});

/** The fields that hold names. */
const names = /^(contact_name|customer_name|company_name|account_name|from_account_name|name|invoice_number|retainerinvoice_number)$/;

function nameless(value: unknown, untold: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => nameless(item, untold));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, names.test(name) ? untold : nameless(item, untold)]));
}

const close: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(close.map((end) => end()))));

describe.each([undefined, null, ''])('if Zoho sends %j as every name', (untold) => {
  const asked: string[] = [];
  let server: Harness;
  beforeAll(async () => {
    const on = await startSandbox(options);
    const plain = await start({ on });
    const twin = { customer_id: bowman, amount: 77.77, ...cash };
    const { structuredContent } = await plain.call('create_customer_payment', twin);
    await plain.call('create_customer_payment', { ...twin, allow_duplicate_of: [(structuredContent['payment'] as Json)['payment_id']] });
    const at = await altered(on, { body: (body) => nameless(body, untold) });
    close.push(on.close, at.close);
    server = await start({ on, at, ...asking(asked) });
  });

  it.each<readonly [...Call, says: string]>([
    ['get_contact', { contact_id: bowman }, `Customer (id ${bowman}), USD`],
    ['list_contacts', {}, `customer ${bowman} | `],
    ['get_invoice', { invoice_id: seed.openInvoice }, `customer (customer_id ${bowman})`],
    ['list_invoices', { customer_id: bowman }, `(customer_id ${bowman})`],
    ['get_customer_payment', { payment_id: seed.samplePayment }, `from customer ${bowman}, `],
    ['list_customer_payments', { customer_id: bowman }, `(customer_id ${bowman})`],
    ['list_bank_accounts', {}, `account ${pettyCash} | `],
    ['list_organizations', {}, 'organization '],
    ['list_customer_payment_refunds', { customer_payment_id: seed.samplePayment }, seed.sampleRefund],
    ['get_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund }, `account id ${pettyCash}`],
    ['check_duplicates', { date_start: '2026-06-01' }, `likely: customer ${bowman}, `],
    ['check_duplicates', { customer: bowman }, `of customer ${bowman}`],
    ['summarize_payments', { customer: bowman }, `of customer ${bowman}`],
    ['summarize_payments', { group_by: ['customer'] }, `customer ${bowman} | `],
    ['summarize_payments', { group_by: ['account'] }, `account ${pettyCash} | `],
    ['customer_statement', { customer: bowman }, `Statement of customer ${bowman}, `],
    ['find_payments', { customer: bowman, amount: 600 }, ` | customer ${bowman} | `],
    ['find_payments', { customer: bowman, amount: 1_234_567 }, `Customers searched: customer ${bowman}.`],
    ['find_payments', { invoice: seed.openInvoice }, `of customer ${bowman}.`],
    ['find_refunds', { customer: bowman }, `customer ${bowman} | `],
    ['find_refunds', { customer: bowman, date_start: '2016-06-01', date_end: '2016-06-30' }, `from account ${pettyCash}`],
    [
      'record_customer_payment',
      { customer: bowman, amount: 450, invoices: [{ invoice: seed.openInvoice }], ...cash },
      `from customer ${bowman}`,
    ],
    ['record_customer_payment', { amount: 9, account: 'Vault', allocate: 'as_credit', customer: bowman, ...cash }, `account ${pettyCash}`],
    [
      'record_customer_payment',
      { customer: another, amount: 9, invoices: [{ invoice: seed.openInvoice }], ...cash },
      `belongs to customer ${bowman}, not to "${another}"`,
    ],
    ['refund_customer_payment', { payment: seed.paymentWithUnused, amount: 500, account: pettyCash }, `of customer ${bowman} `],
    ['refund_customer_payment', { customer: bowman, account: pettyCash }, `Several payments of customer ${bowman} have an unused amount.`],
    ['create_customer_payment', { customer_id: bowman, amount: 9, account_id: pettyCash, ...cash }, `from customer ${bowman}`],
    ['create_customer_payment', { customer_id: bowman, amount: 9, account_id: '1', ...cash }, `account ${pettyCash}`],
    [
      'create_customer_payment',
      { customer_id: another, amount: 9, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 9 }], ...cash },
      `belongs to another customer, customer ${bowman}`,
    ],
    [
      'create_customer_payment',
      { customer_id: bowman, amount: 449, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 449 }], ...cash },
      `to Invoice "${seed.openInvoice}"`,
    ],
    [
      'create_customer_payment',
      { customer_id: bowman, amount: 750, retainerinvoice_id: seed.retainer, ...cash },
      `Pays Retainer invoice "${seed.retainer}" in full`,
    ],
    ['update_customer_payment', { payment_id: seed.paymentWithUnused, customer_id: seed.bowman, amount: 601 }, `from customer ${bowman}`],
    [
      'update_customer_payment',
      { payment_id: seed.samplePayment, invoices: [{ invoice_id: seed.sampleInvoice, amount_applied: 1 }] },
      `invoice "${seed.sampleInvoice}"`,
    ],
    ['delete_customer_payment', { payment_id: seed.paymentWithUnused }, `from customer ${bowman}`],
    [
      'create_customer_payment_refund',
      { customer_payment_id: seed.paymentWithUnused, from_account_id: pettyCash, date: '2026-06-30' },
      `Account: id ${pettyCash}`,
    ],
    [
      'delete_customer_payment_refund',
      { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund },
      `from customer ${bowman}`,
    ],
  ])('%s %j says %s', async (tool, args, says) => {
    const text = await textsOf(server, asked, [tool, args]);
    expect(text).toContain(says);
    expect(emptyNames(text)).toEqual([]);
  });

  it('recent payments are suggested with the id of the customer', async () => {
    const { resources } = await server.client.listResources();
    expect(resources.map(({ title }) => title)).toContainEqual(expect.stringContaining(`customer ${bowman}`));
  });
});
