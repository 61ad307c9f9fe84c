import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.ts';
import type { Json } from '../../src/json.ts';
import { altered } from '../support/altered.ts';
import { seed } from '../support/books.ts';
import { textOf, type Harness } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';
import { errorLines } from '../support/worded.ts';

/** A cut text shows its length, and the answer names the call that shows the full text. */

const start = servers('file');
const long = `${'Paid in three parts, see the mail of the 4th. '.repeat(35)}THE END`;
/** A value of the greatest length that a custom field allows. */
const value = `${'Page 7 '.repeat(20)}THE END`;
const cutMark = `…" (${long.length.toLocaleString('en')} characters)`;
const options = { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') };
const close: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(close.map((end) => end()))));

let server: Harness;
let payment_id: string;
let refund_id: string;
const call = async (tool: string, args: Json): Promise<string> => {
  const result = await server.call(tool, args);
  expect(result.isError, textOf(result)).toBeFalsy();
  return textOf(result);
};
/** Makes the call that the answer offers for the full text. */
async function rest(text: string): Promise<string> {
  const [, tool = '', args = '{}'] = /for the full text: (\w+) (\{[^}]*\})/.exec(text) ?? [];
  expect(tool, text).not.toBe('');
  return await call(tool, JSON.parse(args) as Json);
}

beforeAll(async () => {
  const on = await startSandbox(options);
  // Adds notes to invoices and customers, because the sandbox has none.
  const at = await altered(on, {
    body: (body, _query, path) => {
      const noted = /^\/invoices\/\d+$/.test(path) ? 'invoice' : /^\/contacts\/\d+$/.test(path) ? 'contact' : undefined;
      return noted === undefined ? body : { ...body, [noted]: { ...(body[noted] as Json), notes: long } };
    },
  });
  close.push(on.close, at.close);
  server = await start({ on, at, confirm: 'host' });
  const made = await server.call('create_customer_payment', {
    customer_id: seed.bowman,
    payment_mode: 'cash',
    date: '2026-06-05',
    amount: 777,
    reference_number: 'LONG-1',
    description: long,
    custom_fields: [{ api_name: 'cf_receipt_book_no', value }],
  });
  payment_id = String((made.structuredContent['payment'] as Json)['payment_id']);
  const refunded = await server.call('create_customer_payment_refund', {
    customer_payment_id: payment_id,
    amount: 7,
    date: '2026-06-20',
    from_account_id: seed.pettyCash,
    description: long,
  });
  refund_id = String((refunded.structuredContent['payment_refund'] as Json)['payment_refund_id']);
});

describe('a shortened text shows its full length, and the suggested call shows the full text', () => {
  it.each<[tool: string, args: () => Json]>([
    ['get_customer_payment', () => ({ payment_id })],
    ['update_customer_payment', () => ({ payment_id, reference_number: 'LONG-2' })],
    [
      'update_custom_fields_in_customer_payment',
      () => ({ customer_payment_id: payment_id, custom_fields: [{ customfield_id: '46000000012845', value }] }),
    ],
    ['get_invoice', () => ({ invoice_id: seed.openInvoice })],
    ['get_contact', () => ({ contact_id: seed.bowman })],
  ])('in %s', async (tool, args) => {
    const text = await call(tool, args());
    expect(text).toMatch(/…" \([\d,]+ characters\)/);
    expect(text).not.toContain('THE END');
    const whole = await rest(text);
    expect(whole).toContain('THE END');
    expect(whole).not.toMatch(/characters\)|for the full text/);
  });

  it('in the answer for a new payment', async () => {
    const text = await call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      date: '2026-06-05',
      amount: 778,
      description: long,
    });
    expect(text).toContain(cutMark);
    expect(await rest(text)).toContain('THE END');
  });

  it('in the rows of a list, with `fields`', async () => {
    for (const [tool, args] of [
      ['list_customer_payments', { customer_id: seed.bowman, amount: 777, fields: ['payment_id', 'description'] }],
      ['list_customer_payment_refunds', { customer_payment_id: payment_id, fields: ['description'] }],
    ] as const)
      expect(await call(tool, args)).toContain('THE END');
    const text = await call('list_customer_payment_refunds', { customer_payment_id: payment_id });
    expect(text).toContain(cutMark);
    expect(text).toContain('Texts marked "(… characters)" are cut: to read them in full, list their fields in `fields`.');
    expect(text).not.toContain('THE END');
  });

  it('in a refund, which get_customer_payment_refund shows in full', async () => {
    expect(await call('get_customer_payment_refund', { customer_payment_id: payment_id, refund_id })).toContain('THE END');
    const text = await call('find_refunds', { customer: seed.bowman, date_start: '2026-06-20', date_end: '2026-06-20' });
    expect(text).toContain(cutMark);
    expect(text).toMatch(/Next: .*get_customer_payment_refund, or get_customer_payment with whole: true, shows the full texts/);
  });

  it('in a payment with many invoices', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      invoice_id: `71234500000007${1000 + i}`,
      invoice_number: `INV-${1000 + i}`,
      amount_applied: 1,
    }));
    const on = await startSandbox(options);
    const at = await altered(on, {
      body: (body, _query, path) =>
        /^\/customerpayments\/\d+$/.test(path) ? { ...body, payment: { ...(body['payment'] as Json), invoices: rows } } : body,
    });
    close.push(on.close, at.close);
    server = await start({ on, at });
    const text = await call('get_customer_payment', { payment_id: seed.paymentWithUnused });
    expect(text).toMatch(/INV-1000 .*; and \d+ more\./);
    expect(await rest(text)).toMatch(/INV-1059 \(id \d+\) USD 1\.00\./);
  });
});

describe('an answer without shortened texts', () => {
  it('does not mention shortened texts', async () => {
    const plain = await start({ sandbox: options });
    for (const [tool, args] of [
      ['get_customer_payment', { payment_id: seed.samplePayment }],
      ['get_contact', { contact_id: seed.bowman }],
      ['get_invoice', { invoice_id: seed.openInvoice }],
      ['list_customer_payments', { customer_id: seed.bowman }],
      ['find_payments', { customer: 'Bowman Furniture' }],
      ['find_refunds', { customer: 'Bowman Furniture' }],
    ] as const)
      expect(textOf(await plain.call(tool, args)), tool).not.toMatch(/characters|what is cut|for the full text/);
  });
});

describe('an error with a shortened message', () => {
  it('shows the full length of the message', () => {
    const error = new InputError('x'.repeat(1500), { code: 'invalid_arguments', next: 'y', zoho: { code: 1, message: 'z'.repeat(300) } });
    expect(errorLines(error)).toMatch(/^x{999}… \(1,500 characters\) Zoho says: "z{199}…" \(Zoho code 1\)\./);
  });
});
