import { describe, expect, it } from 'vitest';
import { changeSeen, type ChangeSeen } from '../../src/records/same-as-sent.ts';
import { bookkeeper } from '../simulate/template.ts';
import { fault, seed } from '../support/books.ts';
import { textOf, type Harness, type HarnessOptions } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** If the answer to a change was lost, only the values that the change sets decide about its outcome. */

type Json = Record<string, unknown>;
const start = servers();
const checking = '712345000000000361';
const row = (amount_applied: number, tax_amount_withheld?: number) => ({
  invoice_id: seed.openInvoice,
  amount_applied,
  ...(tax_amount_withheld !== undefined && { tax_amount_withheld }),
});

describe('after a lost change, the server recognizes in the record', () => {
  it.each<[what: string, body: Json, was: Json, is: Json, seen: ChangeSeen]>([
    ['a change that was made', { amount: 2 }, { amount: 1 }, { amount: 2 }, 'as sent'],
    ['a change that was not made', { amount: 2 }, { amount: 1 }, { amount: 1 }, 'as before'],
    ['a different change', { amount: 2 }, { amount: 1 }, { amount: 3 }, 'otherwise'],
    [
      'one half of the change',
      { amount: 2, date: '2026-06-02' },
      { amount: 1, date: '2026-06-01' },
      { amount: 2, date: '2026-06-01' },
      'otherwise',
    ],
    ['that there is nothing to change', { amount: 2 }, { amount: 2 }, { amount: 2 }, 'no difference'],
    ['nothing about a field that Zoho never shows', { tags: [] }, {}, {}, 'not told'],
    [
      'nothing about a field that Zoho never shows, with a field that does not change',
      { tags: [], amount: 2 },
      { amount: 2 },
      { amount: 2 },
      'not told',
    ],
    ['a changed field, with a field that Zoho never shows', { tags: [], amount: 2 }, { amount: 1 }, { amount: 2 }, 'as sent'],
    ['nothing about a field that this answer does not show', { account_id: '1' }, {}, {}, 'not told'],
    ['a field that only the later answer shows', { account_id: '1' }, {}, { account_id: '1' }, 'as sent; perhaps it was the same before'],
    ['nothing about a field that the later answer does not show', { bank_charges: 0 }, { bank_charges: 5 }, {}, 'not told'],
    ['a text that was cleared', { description: '' }, { description: 'x' }, {}, 'as sent'],
    ['a text that was not set', { description: 'x' }, {}, {}, 'as before'],
    ['tax that was added', { invoices: [row(200, 50)] }, { invoices: [row(200, 20)] }, { invoices: [row(200, 50)] }, 'as sent'],
    [
      'tax that was added to an invoice without visible tax',
      { invoices: [row(200, 50)] },
      { invoices: [row(200)] },
      { invoices: [row(200, 50)] },
      'as sent; perhaps it was the same before',
    ],
    [
      'nothing about tax that Zoho does not show',
      { invoices: [row(200, 50)] },
      { invoices: [row(200)] },
      { invoices: [row(200)] },
      'not told',
    ],
    ['an invoice that was added', { invoices: [row(200)] }, { invoices: [] }, { invoices: [row(200)] }, 'as sent'],
    [
      'a first custom field',
      { custom_fields: [{ label: 'a', value: '1' }] },
      {},
      { custom_fields: [{ label: 'a', value: '1' }] },
      'as sent',
    ],
    [
      'nothing about custom fields that the later answer does not show',
      { custom_fields: [{ label: 'a', value: '' }] },
      { custom_fields: [{ label: 'a', value: '1' }] },
      {},
      'not told',
    ],
  ])('%s', (_, body, was, is, seen) => {
    expect(changeSeen(body, was, is)).toBe(seen);
  });
});

const documented = { sandbox: { shapes: 'documented' } } as const;
const taxed = { invoices: [row(200, 50)] };
const cases: [what: string, options: HarnessOptions, tool: string, args: Json][] = [
  [
    "a refund's account, in the documented shape",
    documented,
    'update_customer_payment_refund',
    { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund, from_account_id: checking },
  ],
  [
    "a payment's account, in the documented shape",
    documented,
    'update_customer_payment',
    { payment_id: seed.paymentWithUnused, account_id: checking },
  ],
  [
    "a refund's payment_form",
    {},
    'update_customer_payment_refund',
    { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund, payment_form: 'x' },
  ],
  ['tags', {}, 'update_customer_payment', { payment_id: seed.paymentWithUnused, tags: [{ tag_id: '11', tag_option_id: '21' }] }],
  [
    'tags and an unchanged mode',
    {},
    'update_customer_payment',
    { payment_id: seed.paymentWithUnused, tags: [{ tag_id: '11', tag_option_id: '21' }], payment_mode: 'check' },
  ],
];

/** The state long after a restart. */
function longAfter(server: Harness): void {
  server.opened.road.sentHere.clear();
  Object.assign(server.opened.road.timings, { graceMs: -1e9 });
}

describe.each(cases)('a lost change of %s', (_, options, tool, args) => {
  it.each(['drop_after', 'drop_before'])(
    'that Zoho does not show keeps an unknown outcome if the payment has changed in the meantime (%s)',
    async (how) => {
      const server = await start({ timings: { lookMs: 0 }, ...options });
      const byHand = await bookkeeper(server.sandbox);
      await fault(server.sandbox, { match: { method: 'PUT' }, fault: how });
      const lost = await server.call(tool, args);
      expect(lost.structuredContent['outcome'], textOf(lost)).toBe('unknown');
      await new Promise((passed) => setTimeout(passed, 1_000));
      await byHand('PUT', `/customerpayments/${seed.paymentWithUnused}`, { description: 'by hand' });
      longAfter(server);
      await server.opened.resolveAll(() => undefined);
      expect((await server.opened.road.journal.list({ limit: 1 }))[0]?.state).toBe('unknown');
    },
  );
});

describe('a lost change that added withheld tax to an invoice', () => {
  it.each(['drop_after', 'drop_before'])('is reported correctly (%s)', async (how) => {
    const server = await start({ timings: { lookMs: 0 } });
    const { payment } = (
      await server.call('create_customer_payment', {
        customer_id: seed.bowman,
        payment_mode: 'cash',
        amount: 300,
        date: '2026-06-05',
        invoices: [row(200)],
      })
    ).structuredContent as { payment: { payment_id: string } };
    await fault(server.sandbox, { match: { method: 'PUT' }, fault: how });
    const { outcome } = (await server.call('update_customer_payment', { payment_id: payment.payment_id, ...taxed })).structuredContent;
    // The search right after the call may already find it.
    expect(how === 'drop_after' ? ['unknown', 'recorded'] : ['unknown']).toContain(outcome);
    longAfter(server);
    await server.opened.resolveAll(() => undefined);
    const state = (await server.opened.road.journal.list({ limit: 1 }))[0]?.state;
    expect(how === 'drop_after' ? ['unknown', 'recorded'] : ['unknown', 'not_recorded']).toContain(state);
  });
});
