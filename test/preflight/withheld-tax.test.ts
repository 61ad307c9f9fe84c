import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/json.ts';
import { altered } from '../support/altered.ts';
import { booksOf, forgetRequests, seed, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { textOf, type Harness, type HarnessOptions, type ToolResult, errorOf } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Tax that a customer withheld. Together with the money it closes the invoice, but it is not part of the payment's amount. */

const start = servers();

const cash = { customer_id: seed.bowman, payment_mode: 'cash', date: '2026-06-05' };
type Row = Json & { invoice_id: string; amount_applied: number };
type Payment = Json & { payment_id: string; invoices?: Row[] };
const paymentIn = ({ structuredContent }: ToolResult) => structuredContent['payment'] as Payment;

async function ok(server: Harness, tool: string, args: Json): Promise<ToolResult> {
  const result = await server.call(tool, args);
  expect(result.isError, textOf(result)).toBeFalsy();
  expect((await booksOf(server.sandbox)).problems).toEqual([]);
  return result;
}

const undoOf = ({ structuredContent }: ToolResult) => structuredContent['undo'] as { tool: string; arguments: Json } | undefined;
const rowsOf = async (server: Harness, payment_id: string) =>
  (paymentIn(await ok(server, 'get_customer_payment', { payment_id })).invoices ?? []).map(
    ({ invoice_id, amount_applied, tax_amount_withheld = 0 }) => ({ invoice_id, amount_applied, tax_amount_withheld }),
  );
const balanceOf = async (server: Harness, invoice_id: string) =>
  ((await ok(server, 'get_invoice', { invoice_id })).structuredContent['invoice'] as Json)['balance'];

/** A payment of 1000: 405 is applied to INV-385, and 45 of tax is withheld on it. */
const taxed = [{ invoice_id: seed.openInvoice, amount_applied: 405, tax_amount_withheld: 45 }];
const recorded = async (server: Harness, more: Json = {}) =>
  paymentIn(await ok(server, 'create_customer_payment', { ...cash, amount: 1000, invoices: taxed, ...more }));

/** A server with a user who says yes to every question. */
async function asking(options: HarnessOptions = {}): Promise<{ server: Harness; asked: string[] }> {
  const asked: string[] = [];
  const server = await start({
    confirm: 'ask',
    person: (question) => (asked.push(question), { action: 'accept', content: { approve: true } }),
    ...options,
  });
  return { server, asked };
}

describe('a payment that closes an invoice together with withheld tax', () => {
  it.each<[string, Json]>([
    ['the description changes', { description: 'by courier' }],
    ['another invoice is added', { invoices: [{ invoice_id: seed.overdueInvoice, amount_applied: 500 }] }],
    ['the row of the invoice is sent again', { invoices: taxed }],
    ['the row of the invoice is sent again without its tax', { invoices: [{ invoice_id: seed.openInvoice, amount_applied: 405 }] }],
    [
      'the whole list of invoices is sent',
      { replace_invoices: true, invoices: [...taxed, { invoice_id: seed.overdueInvoice, amount_applied: 595 }] },
    ],
  ])('can be changed later: %s', async (_, change) => {
    const server = await start();
    const { payment_id } = await recorded(server);
    expect(await balanceOf(server, seed.openInvoice)).toBe(0);
    await ok(server, 'update_customer_payment', { payment_id, ...change });
    expect(await balanceOf(server, seed.openInvoice)).toBe(0);
    expect((await rowsOf(server, payment_id))[0]).toEqual(taxed[0]);
  });

  it('cannot apply more than the balance that remains after money and tax', async () => {
    const server = await start();
    for (const [amount_applied, tax_amount_withheld] of [
      [405, 45.01],
      [450, 0.01],
      [0.01, 450],
    ]) {
      const result = await server.call('create_customer_payment', {
        ...cash,
        amount: 1000,
        invoices: [{ invoice_id: seed.openInvoice, amount_applied, tax_amount_withheld }],
      });
      expect(errorOf(result), textOf(result)).toMatchObject({ code: 'more_than_balance' });
    }
    const forAll = await server.call('create_customer_payment', {
      ...cash,
      amount: 1000,
      tax_amount_withheld: 45.01,
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 405 }],
    });
    expect(errorOf(forAll), textOf(forAll)).toMatchObject({ code: 'more_than_balance' });
    expect(await writesTo(server)).toEqual([]);
  });
});

describe('withheld tax that is more than the money', () => {
  it.each<[string, Json]>([
    ['on the row', { amount: 1, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 1, tax_amount_withheld: 449 }] }],
    ['on the whole payment', { amount: 1, tax_amount_withheld: 449, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 1 }] }],
  ])('is a reason to ask: tax %s', async (_, payment) => {
    const { server, asked } = await asking();
    expect((await ok(server, 'create_customer_payment', { ...cash, ...payment })).structuredContent).toMatchObject({
      asked: 'window',
      concerns: [{ code: 'tax_withheld' }],
    });
    expect(asked[0]).toContain('You are asked because the withheld tax of USD 449.00 is more than the money applied to the invoice.');
  });

  it('is a reason to ask, but only once, if a change replaces money by tax', async () => {
    const { server } = await asking();
    const { payment_id } = await recorded(server);
    const change = async (row: Json) => (await ok(server, 'update_customer_payment', { payment_id, ...row })).structuredContent['concerns'];
    expect(await change({ invoices: [{ invoice_id: seed.openInvoice, amount_applied: 200, tax_amount_withheld: 250 }] })).toMatchObject([
      { code: 'unapplied' },
      { code: 'tax_withheld' },
    ]);
    expect(await change({ invoices: [{ invoice_id: seed.openInvoice, amount_applied: 200 }], description: 'x' })).toEqual([]);
    expect(await change({ tax_amount_withheld: 250, description: 'y' })).toEqual([]);
  });
});

describe('money that is replaced by withheld tax', () => {
  it.each<[string, Json]>([
    ['half of the money', { invoices: [{ invoice_id: seed.openInvoice, amount_applied: 225, tax_amount_withheld: 225 }] }],
    [
      'money that is moved to another invoice',
      {
        invoices: [
          { invoice_id: seed.openInvoice, amount_applied: 225, tax_amount_withheld: 225 },
          { invoice_id: seed.overdueInvoice, amount_applied: 225 },
        ],
      },
    ],
  ])('is un-applied from the invoice after a question: %s', async (_, change) => {
    const { server, asked } = await asking();
    const { payment_id } = paymentIn(
      await ok(server, 'create_customer_payment', {
        ...cash,
        amount: 450,
        invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
      }),
    );
    expect((await ok(server, 'update_customer_payment', { payment_id, ...change })).structuredContent).toMatchObject({
      asked: 'window',
      concerns: [{ code: 'unapplied' }],
    });
    expect(asked.at(-1)).toContain('On invoice "INV-385", USD 225.00 less of the payment is applied, and the withheld tax becomes larger');
  });
});

describe('withheld tax is shown', () => {
  it('in question and result of a new payment, in its details, and in question and result of its deletion, also with the bulk tool', async () => {
    const { server, asked } = await asking();
    const receipt = textOf(await ok(server, 'create_customer_payment', { ...cash, amount: 1000, invoices: taxed }));
    expect(asked[0]).toContain('Apply USD 405.00 and USD 45.00 tax withheld to Invoice "INV-385": USD 450.00 open before, USD 0.00 after');
    expect(receipt).toContain(`INV-385 (id ${seed.openInvoice}) USD 405.00 and USD 45.00 tax withheld, now paid`);
    const [, payment_id = ''] = /\(id (\d+)\)/.exec(receipt) ?? [];
    expect(textOf(await ok(server, 'get_customer_payment', { payment_id }))).toContain('USD 405.00 and USD 45.00 tax withheld, now paid');
    const deleted = textOf(await ok(server, 'delete_customer_payment', { payment_id }));
    expect(asked.at(-1)).toContain('Un-apply USD 405.00 and USD 45.00 tax withheld from invoice "INV-385"');
    expect(deleted).toContain('Before it was deleted: applied INV-385 USD 405.00 and USD 45.00 tax withheld');

    const again = await recorded(server, { amount: 900 });
    const bulk = textOf(await ok(server, 'bulk_delete_customer_payments', { payment_id: [again.payment_id] }));
    expect(asked.at(-1)).toContain('Un-apply USD 405.00 and USD 45.00 tax withheld from invoice "INV-385"');
    expect(bulk).toContain('applied INV-385 USD 405.00 and USD 45.00 tax withheld');
  });

  it('if it belongs to the whole payment', async () => {
    const server = await start();
    const result = await ok(server, 'create_customer_payment', { ...cash, amount: 100, tax_amount_withheld: 7 });
    expect(textOf(result)).toContain('Tax withheld: USD 7.00.');
  });

  it('in the money that a change un-applies from an invoice, and in the changed values', async () => {
    const { server, asked } = await asking();
    const { payment_id } = await recorded(server);
    const less = textOf(
      await ok(server, 'update_customer_payment', {
        payment_id,
        invoices: [{ invoice_id: seed.openInvoice, amount_applied: 400, tax_amount_withheld: 20 }],
      }),
    );
    expect(asked.at(-1)).toContain('Un-apply USD 30.00 from invoice "INV-385"');
    expect(less).toContain('applied to INV-385: USD 405.00 → USD 400.00');
    expect(less).toContain('tax withheld on INV-385: USD 45.00 → USD 20.00');
    await ok(server, 'update_customer_payment', { payment_id, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 0 }] });
    expect(asked.at(-1)).toContain('Un-apply USD 420.00 from invoice "INV-385"');
    expect(await balanceOf(server, seed.openInvoice)).toBe(450);
  });

  it('and an answer of Zoho without the tax causes a note', async () => {
    const on = await startSandbox();
    const at = await altered(on, {
      body: ({ payment, ...body }) =>
        payment === undefined
          ? body
          : {
              ...body,
              payment: {
                ...(payment as Payment),
                invoices: (payment as Payment).invoices?.map(({ tax_amount_withheld: _, ...row }) => row),
              },
            },
    });
    closers.push(
      () => on.close(),
      () => at.close(),
    );
    const server = await start({ on, at });
    const text = textOf(await server.call('create_customer_payment', { ...cash, amount: 1000, invoices: taxed }));
    expect(text).toContain(
      `Attention: the call asked for 45 as tax withheld on invoice ${seed.openInvoice}, but Zoho recorded USD 0.00. Tell the user.`,
    );
  });
});

describe('the undo of a write with withheld tax', () => {
  it('restores money and tax on every invoice', async () => {
    const share = fc.record({
      amount_applied: fc.integer({ min: 0, max: 200 }),
      tax_amount_withheld: fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }),
    });
    const rows = fc
      .array(fc.tuple(fc.constantFrom(seed.openInvoice, seed.overdueInvoice), share), { minLength: 1, maxLength: 2 })
      .map((all) =>
        [...new Map(all)].map(([invoice_id, row]) => ({
          invoice_id,
          amount_applied: row.amount_applied,
          ...(row.tax_amount_withheld !== undefined && { tax_amount_withheld: row.tax_amount_withheld }),
        })),
      );
    const server = await start({ sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 } } });
    let [day, undone] = [0, 0];
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.boolean(), async (first, second, replace_invoices) => {
        day += 1;
        const date = new Date(Date.UTC(2020, 0, day)).toISOString().slice(0, 10);
        const { payment_id } = paymentIn(
          await ok(server, 'create_customer_payment', {
            ...cash,
            date,
            amount: 400,
            invoices: first.filter((row) => row.amount_applied > 0),
          }),
        );
        const before = (await rowsOf(server, payment_id)).toSorted((a, b) => (a.invoice_id < b.invoice_id ? -1 : 1));
        const change = await server.call('update_customer_payment', { payment_id, replace_invoices, invoices: second });
        if (!change.isError) {
          const undo = undoOf(change);
          await ok(server, undo?.tool ?? 'no undo', undo?.arguments ?? {});
          undone += 1;
          expect((await rowsOf(server, payment_id)).toSorted((a, b) => (a.invoice_id < b.invoice_id ? -1 : 1))).toEqual(before);
        }
        const gone = undoOf(await ok(server, 'delete_customer_payment', { payment_id }));
        expect(gone?.tool).toBe('create_customer_payment');
      }),
      { numRuns: 15 },
    );
    expect(undone).toBeGreaterThan(5);
  });

  it('contains the tax if the write was a deletion', async () => {
    const server = await start();
    const { payment_id } = await recorded(server);
    const undo = undoOf(await ok(server, 'delete_customer_payment', { payment_id }));
    expect(undo?.arguments['invoices']).toEqual(taxed);
    const again = paymentIn(await ok(server, undo!.tool, undo!.arguments));
    expect(await rowsOf(server, again.payment_id)).toEqual(taxed);
  });
});

describe('record_customer_payment with withheld tax', () => {
  const record = (server: Harness, args: Json) =>
    server.call('record_customer_payment', { payment_mode: 'cash', date: '2026-06-05', ...args });

  it.each<[Json, Row[]]>([
    [{ amount: 405, invoices: [{ invoice: 'INV-385', tax_amount_withheld: 45 }] }, taxed],
    [
      { amount: 500, invoices: [{ invoice: 'INV-385', tax_amount_withheld: 45 }, 'INV-386'] },
      [...taxed, { invoice_id: seed.overdueInvoice, amount_applied: 95 }],
    ],
    [{ amount: 400, invoices: [{ invoice: 'INV-385', tax_amount_withheld: 45 }] }, [{ ...taxed[0]!, amount_applied: 400 }]],
    [
      { amount: 405, invoices: [{ invoice: 'INV-385', amount: 100, tax_amount_withheld: 10 }, 'INV-386'] },
      [
        { invoice_id: seed.openInvoice, amount_applied: 100, tax_amount_withheld: 10 },
        { invoice_id: seed.overdueInvoice, amount_applied: 305 },
      ],
    ],
    [{ amount: 450, invoices: [{ invoice: 'INV-385', tax_amount_withheld: 0 }] }, [{ invoice_id: seed.openInvoice, amount_applied: 450 }]],
  ])('applies the balance minus the tax, at most the amount of the payment: %j', async (args, invoices) => {
    const server = await start();
    const result = await record(server, args);
    expect(result.isError, textOf(result)).toBeFalsy();
    expect((await writesTo(server)).map(({ body }) => (body as Json)['invoices'])).toEqual([invoices]);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });

  it('closes an invoice with 90% in money and 10% withheld, and the payment can be changed later', async () => {
    const server = await start();
    const { payment_id } = paymentIn(
      await record(server, { amount: 1152.45, invoices: [{ invoice: 'INV-386', tax_amount_withheld: 128.05 }] }),
    );
    expect(await balanceOf(server, seed.overdueInvoice)).toBe(0);
    await forgetRequests(server.sandbox);
    await ok(server, 'update_customer_payment', { payment_id, description: 'tax certificate came', invoices: [] });
  });

  it('refuses a tax that is more than the balance', async () => {
    const server = await start();
    const result = await record(server, { amount: 10, invoices: [{ invoice: 'INV-385', tax_amount_withheld: 451 }] });
    expect(errorOf(result), textOf(result)).toMatchObject({ code: 'more_than_balance' });
  });
});
