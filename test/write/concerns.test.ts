import { describe, expect, it, onTestFinished } from 'vitest';
import { concernCodes } from '../../src/concern.ts';
import { PolicyError, readPolicy, type Policy } from '../../src/write/policy.ts';
import { booksOf, fault, seed } from '../support/books.ts';
import { harness, kinds, textOf, type Harness, type HarnessOptions, type PersonAnswer } from '../support/harness.ts';

/** The codes of concerns, which are the reasons to ask the user: in the results of writes, and in the policy. */

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness(options);
  onTestFinished(() => server.close());
  return server;
}

const overpaid = {
  customer_id: seed.bowman,
  payment_mode: 'cash',
  amount: 460,
  date: '2026-06-05',
  invoices: [{ invoice_id: seed.openInvoice, amount_applied: 450 }],
};
const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const errorOf = (result: { structuredContent: Record<string, unknown> }) =>
  result.structuredContent['error'] as { code: string; message: string };

describe('the result of a recorded write shows how the user approved the write, and with which concerns', () => {
  it.each(kinds)('approved in a window of the host (%s)', async (kind) => {
    const server = await start({ kind, confirm: 'ask', person: () => yes });
    const { structuredContent } = await server.call('create_customer_payment', overpaid);
    expect(structuredContent).toMatchObject({
      outcome: 'recorded',
      asked: 'window',
      concerns: [{ code: 'overpaid', text: 'USD 10.00 of the payment is not applied to any invoice' }],
    });
  });

  it('approved by a second call', async () => {
    const server = await start({ confirm: 'ask' });
    const { approval } = (await server.call('create_customer_payment', overpaid)).structuredContent;
    const { structuredContent } = await server.call('create_customer_payment', { ...overpaid, approval });
    expect(structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call', concerns: [{ code: 'overpaid' }] });
  });

  it('was not asked, because there is no concern', async () => {
    const server = await start({ confirm: 'ask', person: () => yes });
    const { structuredContent } = await server.call('create_customer_payment', { ...overpaid, amount: 450 });
    expect(structuredContent).toMatchObject({ outcome: 'recorded', asked: 'nobody', concerns: [] });
  });

  it('was not asked, because of host mode; the text says so, and a replay says it too', async () => {
    const server = await start({ confirm: 'host', person: () => expect.unreachable('host mode never asks') });
    const first = await server.call('create_customer_payment', { ...overpaid, idempotency_key: 'k' });
    const again = await server.call('create_customer_payment', { ...overpaid, idempotency_key: 'k' });
    for (const result of [first, again]) {
      expect(result.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'nobody', concerns: [{ code: 'overpaid' }] });
      expect(textOf(result)).toContain('The user was not asked, although USD 10.00 of the payment is not applied to any invoice.');
    }
  });

  it('approved, and the write was found after its answer was lost', async () => {
    const server = await start({ confirm: 'ask', person: () => yes });
    await fault(server.sandbox, { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_after' });
    expect((await server.call('create_customer_payment', overpaid)).structuredContent).toMatchObject({
      outcome: 'recorded',
      asked: 'window',
      concerns: [{ code: 'overpaid' }],
    });
  });
});

describe('the result of a write that is not recorded or unknown also shows the approval and the concerns', () => {
  const overpays = [{ code: 'overpaid' }];
  const strict = { confirm: 'strict' } as const;
  const ask = (person?: HarnessOptions['person']) => ({ confirm: 'ask', ...(person && { person }) }) as const;
  const lost = { match: { method: 'POST', path: '^/books/v3/customerpayments$' }, fault: 'drop_before' };

  it.each<[string, HarnessOptions, Record<string, unknown>, string, object]>([
    ['for wrong arguments', ask(), { ...overpaid, amount: -1 }, 'invalid_arguments', { asked: 'nobody', concerns: [] }],
    [
      'for a refusal before the concerns are collected',
      ask(),
      { ...overpaid, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 451 }] },
      'more_than_balance',
      { asked: 'nobody', concerns: [] },
    ],
    ['for a preview', ask(), overpaid, 'approval_needed', { asked: 'nobody', concerns: overpays }],
    [
      'for a question that the user declines',
      ask(() => ({ action: 'decline' })),
      overpaid,
      'declined',
      { asked: 'window', concerns: overpays },
    ],
    [
      'for a question that the user closes',
      ask(() => ({ action: 'cancel' })),
      overpaid,
      'not_confirmed',
      { asked: 'window', concerns: overpays },
    ],
    ['for a client that cannot ask', strict, overpaid, 'consent_unavailable', { asked: 'nobody', concerns: overpays }],
    [
      'for a concern that the policy refuses',
      { confirm: 'host', policy: { refuse: ['overpaid'] } },
      overpaid,
      'against_policy',
      { asked: 'nobody', concerns: overpays },
    ],
    [
      'for a limit of the policy',
      { confirm: 'host', policy: { max_amount: { per_day: { USD: 1 } } } },
      overpaid,
      'against_policy',
      { asked: 'nobody', concerns: overpays },
    ],
  ])('%s', async (_, options, args, code, judged) => {
    const server = await start(options);
    const { structuredContent } = await server.call('create_customer_payment', args);
    expect(structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code }, ...judged });
  });

  it('for a possible duplicate', async () => {
    const server = await start({ confirm: 'host' });
    await server.call('create_customer_payment', { ...overpaid, invoices: undefined, reference_number: '1' });
    const { structuredContent } = await server.call('create_customer_payment', overpaid);
    expect(structuredContent).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'suspected_duplicate' },
      asked: 'nobody',
      concerns: [{ code: 'overpaid' }, { code: 'duplicate' }],
    });
  });

  it('for an unknown outcome, and for another write that could be the same payment', async () => {
    const server = await start({ ...ask(() => yes), timings: { lookMs: 0 } });
    await fault(server.sandbox, lost);
    expect((await server.call('create_customer_payment', overpaid)).structuredContent).toMatchObject({
      outcome: 'unknown',
      asked: 'window',
      concerns: overpays,
    });
    expect((await server.call('create_customer_payment', overpaid)).structuredContent).toMatchObject({
      outcome: 'unknown',
      asked: 'window',
      concerns: overpays,
    });
    const other = await server.call('create_customer_payment', { ...overpaid, reference_number: 'other' });
    expect(other.structuredContent).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'unresolved_write' },
      asked: 'nobody',
      concerns: [],
    });
  });

  it('for a write that a person settled at the command line', async () => {
    const server = await start({ confirm: 'host', timings: { lookMs: 0 } });
    await fault(server.sandbox, lost);
    const { write_id } = (await server.call('create_customer_payment', overpaid)).structuredContent;
    expect(
      await server.opened.settle(
        String(write_id),
        { id: seed.samplePayment, result: { payment: { payment_id: seed.samplePayment } } },
        { force: true },
      ),
    ).toMatchObject({ kind: 'settled' });
    expect((await server.call('create_customer_payment', overpaid)).structuredContent).toMatchObject({
      outcome: 'recorded',
      asked: 'terminal',
      concerns: overpays,
    });
  });
});

describe('in host mode the server never asks the user', () => {
  it('if several customers fit: the error lists the candidates', async () => {
    const server = await start({ confirm: 'host', person: () => expect.unreachable('host mode never asks') });
    const result = await server.call('record_customer_payment', {
      customer: 'Bowman',
      amount: 10,
      payment_mode: 'cash',
      allocate: 'as_credit',
    });
    expect(errorOf(result)).toMatchObject({
      code: 'ambiguous_customer',
      message: expect.stringMatching(/1\. "Bowman .*2\. "Bowman /) as string,
    });
  });

  it('if several payments fit: the call fails', async () => {
    const server = await start({ confirm: 'host', person: () => expect.unreachable('host mode never asks') });
    await server.call('create_customer_payment', { ...overpaid, amount: 33, invoices: undefined, reference_number: 'other' });
    const result = await server.call('refund_customer_payment', { customer: 'Bowman Furniture', amount: 5, account: 'Petty Cash' });
    expect(errorOf(result).code).toBe('ambiguous_payment');
  });
});

describe("a concern in the policy's", () => {
  const calls: Record<string, [tool: string, args: Record<string, unknown>]> = {
    overpaid: ['create_customer_payment', overpaid],
    refund: ['create_customer_payment_refund', refund],
    tax_withheld: [
      'create_customer_payment',
      { ...overpaid, amount: 1, invoices: [{ invoice_id: seed.openInvoice, amount_applied: 1, tax_amount_withheld: 449 }] },
    ],
    deletion: ['delete_customer_payment', { payment_id: seed.paymentWithUnused }],
    unapplied: ['update_customer_payment', { payment_id: seed.paymentWithUnused, invoices: [], replace_invoices: true }],
    amount_lowered: ['update_customer_payment', { payment_id: seed.paymentWithUnused, amount: 590 }],
  };

  it.each(Object.entries(calls))('refuse list (%s) ends the call in every mode, and nothing is sent', async (code, [tool, args]) => {
    for (const confirm of ['ask', 'host', 'strict'] as const) {
      const server = await start({
        confirm,
        person: () => yes,
        policy: { refuse: [code], ...(code !== 'deletion' && { accept: [code] }) } as Policy,
      });
      const before = await booksOf(server.sandbox);
      expect(errorOf(await server.call(tool, args)), confirm).toMatchObject({
        code: 'against_policy',
        message: expect.stringContaining(`(${code})`) as string,
      });
      expect(await booksOf(server.sandbox)).toEqual(before);
    }
  });

  it.each(Object.entries(calls).filter(([code]) => code !== 'deletion'))(
    'accept list (%s) causes no question, and the result names the concern',
    async (code, [tool, args]) => {
      const server = await start({ confirm: 'strict', person: () => expect.unreachable('accepted'), policy: { accept: [code] } as Policy });
      const result = await server.call(tool, args);
      expect(result.structuredContent, textOf(result)).toMatchObject({
        outcome: 'recorded',
        asked: 'nobody',
        concerns: expect.arrayContaining([expect.objectContaining({ code })]) as unknown,
      });
    },
  );

  it('accept list is not in the question, but other concerns are', async () => {
    const questions: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: (question) => (questions.push(question), yes),
      policy: { accept: ['overpaid'], ask_above: { '*': 400 } } as Policy,
    });
    const { structuredContent } = await server.call('create_customer_payment', overpaid);
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain('You are asked because the amount is above USD 400.00.');
    expect(structuredContent).toMatchObject({ asked: 'window', concerns: [{ code: 'overpaid' }, { code: 'above_limit' }] });
  });
});

describe('the server refuses a policy with a mistake', () => {
  it.each([
    ['a currency that does not exist', '{"ask_above":{"USX":5}}', /ask_above.USX: must be a currency code such as USD, or "\*"/],
    ['a currency in lowercase', '{"max_amount":{"per_day":{"usd":5}}}', /usd/],
    ['__proto__ as a currency', '{"ask_above":{"__proto__":5}}', /__proto__/],
    ['__proto__ as a rule', '{"__proto__":{"read_only":false}}', /__proto__/],
    ['the same currency twice', '{"ask_above":{"USD":5,"USD":5000}}', /it has "USD" twice/],
    ['the same rule twice', '{"read_only":true,"read_only":false}', /it has "read_only" twice/],
    ['the same rule twice with the same value', '{"read_only":true,"read_only":true}', /twice/],
    ['an unknown concern', '{"refuse":["refunds"]}', /refuse.0/],
    ['deletion in accept', '{"accept":["deletion"]}', /accept.0/],
    ['an amount as text', '{"ask_above":{"USD":"5"}}', /ask_above.USD/],
    ['a negative amount', '{"ask_above":{"*":-1}}', /ask_above.\*/],
    ['no JSON', '{', /^it is not valid JSON in line 1; the usual causes: a comma after /],
  ])('%s', (_, text, message) => {
    expect(() => readPolicy(text)).toThrow(PolicyError);
    expect(() => readPolicy(text)).toThrow(message);
  });

  it('but accepts every code in refuse, and every code except deletion in accept', () => {
    expect(readPolicy(JSON.stringify({ refuse: concernCodes, accept: concernCodes.filter((code) => code !== 'deletion') }))).toMatchObject({
      refuse: concernCodes,
    });
  });
});

describe('the limit "*" in the policy', () => {
  const euros = { customer_id: '712345000000090052', payment_mode: 'cash', amount: 99_000, date: '2026-06-05', exchange_rate: 1.08 };

  it('applies to a currency that the policy does not name', async () => {
    const { currency, customer } = await foreign();
    const limits = { USD: 1_000_000, '*': 100 };
    const server = await start({ policy: { max_amount: { per_write: limits } } });
    expect(errorOf(await server.call('create_customer_payment', { ...euros, customer_id: customer }))).toMatchObject({
      code: 'against_policy',
      message: expect.stringContaining(`${currency} 100.00`) as string,
    });
    const asking = await start({ confirm: 'strict', policy: { ask_above: limits } });
    expect(errorOf(await asking.call('create_customer_payment', { ...euros, customer_id: customer })).code).toBe('consent_unavailable');
  });

  it('counts each of these currencies separately over a day', async () => {
    const { customer } = await foreign();
    const server = await start({ policy: { max_amount: { per_day: { '*': 100 } } } });
    const pay = async (customer_id: string, amount: number, more: object = {}) =>
      (await server.call('create_customer_payment', { customer_id, payment_mode: 'cash', amount, date: '2026-06-05', ...more }))
        .structuredContent['outcome'];
    expect(await pay(customer, 90, { exchange_rate: 1.08 })).toBe('recorded');
    expect(await pay(seed.bowman, 90)).toBe('recorded');
    expect(await pay(customer, 20, { exchange_rate: 1.08 })).toBe('not_recorded');
    expect(await pay(seed.bowman, 20)).toBe('not_recorded');
  });

  /** A customer whose currency is not the base currency. */
  async function foreign(): Promise<{ currency: string; customer: string }> {
    const server = await start();
    const { contacts } = (await server.call('list_contacts', { per_page: 200 })).structuredContent as {
      contacts: { contact_id: string; currency_code: string }[];
    };
    const { contact_id, currency_code } = contacts.find((one) => one.currency_code === 'EUR')!;
    return { currency: currency_code, customer: contact_id };
  }
});

it.each([
  ['{"max_amount": {"USD": 5}}', 'max_amount: there is no setting "USD"'],
  [
    '{"accept": ["deletion"]}',
    'accept.0: must not be "deletion", because a policy cannot switch off the question about a deletion; it must be one of ',
  ],
  ['{"bulk_delete_max": 26}', 'bulk_delete_max: must be at most 25'],
  ['{"earliest_date": "1 June"}', 'earliest_date: must be a calendar date, yyyy-mm-dd'],
])('the error describes the mistake in the policy %s', (text, says) => {
  expect(() => readPolicy(text)).toThrow(says);
});
