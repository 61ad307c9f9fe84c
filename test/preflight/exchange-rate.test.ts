import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { altered } from '../support/altered.ts';
import { requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';

/**
 * Every write compares its exchange rate with the known rates. The sandbox has 1.0842 for EUR and 0.0067 for JPY, and USD is its base
 * currency.
 */

const lindnerInEuros = '712345000000090061';
const inEuros = { customer_id: lindnerInEuros, payment_mode: 'cash', amount: 100, date: '2026-06-25' };
const inYen = { customer_id: seed.aoyamaInYen, payment_mode: 'banktransfer', amount: 120_000, date: '2026-06-25' };
const yenInvoice = { invoices: [{ invoice_id: '712345000000079399', amount_applied: 120_000 }] };
/** Payments of EUR 1000 and JPY 100,000, each with an unused amount. */
const euroPayment = '712345000000079507';
const yenPayment = '712345000000079508';
const euroAccount = '712345000000000367';

interface Asking extends Harness {
  readonly questions: string[];
}

async function asking(options: HarnessOptions = {}, action: 'accept' | 'decline' = 'accept'): Promise<Asking> {
  const questions: string[] = [];
  const answer = action === 'accept' ? ({ action, content: { approve: true } } as const) : ({ action } as const);
  const server = await harness({ confirm: 'ask', person: (question) => (questions.push(question), answer), ...options });
  onTestFinished(() => server.close());
  return { ...server, questions };
}

const codeOf = ({ structuredContent }: { structuredContent: Record<string, unknown> }) =>
  (structuredContent['error'] as { code: string } | undefined)?.code;
const writesOf = async ({ sandbox }: Harness) => (await requestsTo(sandbox)).filter(({ method }) => method !== 'GET');

/** A payment with a unique value, for the update by custom field. */
async function named(server: Harness, payment_id: string): Promise<{ unique_identifier_key: string; unique_identifier_value: string }> {
  const value = `rate-${payment_id}`;
  await server.call('update_customer_payment', { payment_id, custom_fields: [{ api_name: 'cf_external_reference', value }] });
  return { unique_identifier_key: 'cf_external_reference', unique_identifier_value: value };
}

it.each([
  ['the organization', '/organizations', 'organizations'],
  ['the customer', '/contacts/', 'contact'],
])('the server asks about a payment without a rate if Zoho does not show the currency of %s', async (_, path, key) => {
  const sandbox = await startSandbox();
  const without = ({ currency_code: _code, ...record }: Record<string, unknown>) => record;
  const at = await altered(sandbox, {
    body: (body, _query, asked) => {
      const told = body[key] as Record<string, unknown> | Record<string, unknown>[] | undefined;
      return !asked.startsWith(path) || told === undefined
        ? body
        : { ...body, [key]: Array.isArray(told) ? told.map(without) : without(told) };
    },
  });
  const server = await harness({ on: sandbox, at, confirm: 'strict' });
  onTestFinished(async () => {
    await server.close();
    await at.close();
    await sandbox.close();
  });
  const { structuredContent } = await server.call('create_customer_payment', inEuros);
  expect(structuredContent).toMatchObject({ error: { code: 'consent_unavailable' } });
  expect(JSON.stringify(structuredContent['concerns'])).toContain('this was not checked: the exchange rate');
});

describe('the server asks, and shows both results, if the rate is far from every known rate or is close to 1 divided by a known rate', () => {
  it.each<[what: string, tool: string, args: Record<string, unknown>, given: string, known: string]>([
    [
      'yen for a dollar instead of dollars for a yen',
      'create_customer_payment',
      { ...inYen, exchange_rate: 149.3 },
      'USD 17916000.00',
      'USD 804.00',
    ],
    [
      'yen for a dollar, applied to an invoice',
      'create_customer_payment',
      { ...inYen, ...yenInvoice, exchange_rate: 149.3 },
      'USD 17916000.00',
      'USD 804.00',
    ],
    [
      'yen for a dollar, with names',
      'record_customer_payment',
      {
        customer: seed.aoyamaInYen,
        payment_mode: 'cash',
        date: '2026-06-25',
        amount: 120_000,
        invoices: [{ invoice: 'INV-399' }],
        exchange_rate: 149.3,
      },
      'USD 17916000.00',
      'USD 804.00',
    ],
    ['1 divided by the known rate', 'create_customer_payment', { ...inEuros, exchange_rate: 0.9224 }, 'USD 92.24', 'USD 108.42'],
    ['one digit too many', 'create_customer_payment', { ...inEuros, exchange_rate: 10.842 }, 'USD 1084.20', 'USD 108.42'],
    [
      'slightly more than 20% above the known rate',
      'create_customer_payment',
      { ...inEuros, exchange_rate: 1.30105 },
      'USD 130.11',
      'USD 108.42',
    ],
    ['a rate of exactly 1', 'create_customer_payment', { ...inEuros, exchange_rate: 1 }, 'USD 100.00', 'USD 108.42'],
    ['an update', 'update_customer_payment', { payment_id: euroPayment, exchange_rate: 1000 }, 'USD 1000000.00', 'USD 1084.20'],
    ['an update to exactly 1', 'update_customer_payment', { payment_id: euroPayment, exchange_rate: 1 }, 'USD 1000.00', 'USD 1084.20'],
    [
      'an update of rate and amount',
      'update_customer_payment',
      { payment_id: yenPayment, amount: 120_000, exchange_rate: 149.3 },
      'USD 17916000.00',
      'USD 804.00',
    ],
    [
      'a refund',
      'create_customer_payment_refund',
      { customer_payment_id: euroPayment, amount: 50, date: '2026-06-25', from_account_id: euroAccount, exchange_rate: 0.9224 },
      'USD 46.12',
      'USD 54.21',
    ],
    [
      'a refund without a rate, for which Zoho uses 1',
      'create_customer_payment_refund',
      { customer_payment_id: euroPayment, amount: 50, date: '2026-06-25', from_account_id: euroAccount },
      'USD 50.00',
      'USD 54.21',
    ],
    [
      'a refund with names',
      'refund_customer_payment',
      { payment: euroPayment, amount: 50, date: '2026-06-25', account: euroAccount, exchange_rate: 10.842 },
      'USD 542.10',
      'USD 54.21',
    ],
  ])('%s: %s', async (_, tool, args, given, known) => {
    const server = await asking({}, 'decline');
    const result = await server.call(tool, args);
    expect(codeOf(result), textOf(result)).toBe('declined');
    expect(server.questions).toHaveLength(1);
    const because = server.questions[0]!.split('\n').at(-1)!;
    expect(because).toContain('exchange rate');
    expect(because).toContain(given);
    expect(because).toContain(known);
    expect(await writesOf(server)).toEqual([]);
  });

  it('an update by custom field, and the change of a refund', async () => {
    const server = await asking();
    const name = await named(server, euroPayment);
    const made = await server.call('create_customer_payment_refund', {
      customer_payment_id: euroPayment,
      amount: 50,
      date: '2026-06-25',
      from_account_id: euroAccount,
      exchange_rate: 1.08,
    });
    expect(made.isError, textOf(made)).toBeFalsy();
    expect(textOf(made)).toContain('USD 54.00');
    const { payment_refund_id } = made.structuredContent['payment_refund'] as { payment_refund_id: string };
    expect(server.questions.splice(0).filter((question) => question.split('\n').at(-1)!.includes('exchange rate'))).toEqual([]);
    await server.call('update_customer_payment_using_custom_field', { ...name, exchange_rate: 108.42 });
    await server.call('update_customer_payment_refund', {
      customer_payment_id: euroPayment,
      refund_id: payment_refund_id,
      exchange_rate: 0.92,
    });
    expect(server.questions.map((question) => question.split('\n').at(-1))).toEqual([
      expect.stringMatching(/exchange rate 108\.42 .*USD 108420\.00.*USD 1084\.20/),
      expect.stringMatching(/exchange rate 0\.92 .*may be inverted.*USD 46\.00.*USD 54\.21/),
    ]);
  });
});

describe('the server shows the result of a plausible rate, and does not ask', () => {
  it.each<[what: string, tool: string, args: Record<string, unknown>, result: string]>([
    ["the currency's rate", 'create_customer_payment', { ...inYen, exchange_rate: 0.0067 }, 'USD 804.00'],
    [
      'a plausible rate, applied to an invoice',
      'create_customer_payment',
      { ...inYen, ...yenInvoice, exchange_rate: 0.0067 },
      'USD 804.00',
    ],
    ['slightly less than 20% above the known rate', 'create_customer_payment', { ...inEuros, exchange_rate: 1.30103 }, 'USD 130.10'],
    ['slightly less than 20% below the known rate', 'create_customer_payment', { ...inYen, exchange_rate: 0.00537 }, 'USD 644.40'],
    ['an update', 'update_customer_payment', { payment_id: euroPayment, exchange_rate: 1.12 }, 'USD 1120.00'],
  ])('%s: %s', async (_, tool, args, shown) => {
    const server = await asking();
    const result = await server.call(tool, args);
    expect(result.structuredContent, textOf(result)).toMatchObject({ outcome: 'recorded' });
    expect(server.questions).toEqual([]);
    expect(textOf(result)).toContain(shown);
  });

  it("but a rate that is close to the payment's current rate is still checked, because both may be wrong", async () => {
    const server = await asking();
    for (const exchange_rate of [2, 2.05]) {
      expect((await server.call('update_customer_payment', { payment_id: euroPayment, exchange_rate })).isError).toBeFalsy();
      expect(server.questions.splice(0)).toHaveLength(1);
    }
  });

  it('and the policy can say how much a rate may differ', async () => {
    const wide = await asking({ policy: { exchange_rate_tolerance: 0.5 } });
    expect((await wide.call('create_customer_payment', { ...inEuros, exchange_rate: 1.5 })).isError).toBeFalsy();
    expect(wide.questions).toEqual([]);
    const narrow = await asking({ policy: { exchange_rate_tolerance: 0.01 } }, 'decline');
    expect(codeOf(await narrow.call('create_customer_payment', { ...inEuros, exchange_rate: 1.1 }))).toBe('declined');
    expect(narrow.questions[0]).toContain('more than 1 %');
  });
});

describe('an amount in the base currency', () => {
  it.each<[string, Record<string, unknown>]>([
    ['create_customer_payment', { customer_id: seed.bowman, payment_mode: 'cash', amount: 10, date: '2026-06-25' }],
    ['update_customer_payment', { payment_id: seed.paymentWithUnused }],
    [
      'create_customer_payment_refund',
      { customer_payment_id: seed.paymentWithUnused, date: '2026-06-25', from_account_id: seed.pettyCash },
    ],
    ['update_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund }],
  ])('has the rate 1 in %s: other rates are refused, and the rate 1 needs no call', async (tool, args) => {
    const server = await asking();
    const refused = await server.call(tool, { ...args, exchange_rate: 1.08 });
    expect(codeOf(refused), textOf(refused)).toBe('exchange_rate_of_base');
    expect(await writesOf(server)).toEqual([]);
    const result = await server.call(tool, { ...args, exchange_rate: 1 });
    expect(result.isError, textOf(result)).toBeFalsy();
    expect((await requestsTo(server.sandbox)).map(({ path }) => path)).not.toContain('/books/v3/settings/currencies');
  });
});

describe('if no known rate exists', () => {
  /** Zoho's answers about the currencies. */
  const unknown: [what: string, currencies: unknown, rates: (row: Record<string, unknown>) => unknown][] = [
    ['Zoho has no rate', 'as they are', () => 0],
    ['the rate is not a number', 'as they are', () => 'n/a'],
    ['Zoho returns no list of currencies', undefined, () => 0],
  ];
  it.each(unknown)('(%s), the server asks because the rate was not checked', async (_, currencies, rate) => {
    const sandbox = await startSandbox();
    const zoho = await altered(sandbox, {
      body: (body, __, path) => {
        if (path !== '/settings/currencies') return body;
        return {
          ...body,
          currencies: currencies && (body['currencies'] as Record<string, unknown>[]).map((row) => ({ ...row, exchange_rate: rate(row) })),
        };
      },
    });
    const server = await asking({ on: sandbox, at: zoho }, 'decline');
    onTestFinished(async () => {
      await zoho.close();
      await sandbox.close();
    });
    const advance = await server.call('create_customer_payment', { ...inYen, exchange_rate: 149.3 });
    expect(codeOf(advance), textOf(advance)).toBe('declined');
    expect(server.questions[0]).toContain(
      'this was not checked: the exchange rate (Zoho Books has no rate for JPY, and there is no invoice to compare it with)',
    );
    const applied = await server.call('create_customer_payment', { ...inYen, ...yenInvoice, exchange_rate: 149.3 });
    expect(codeOf(applied)).toBe('declined');
    expect(server.questions[1]).toMatch(/exchange rate 149\.3 .*USD 804\.00/);
    expect(server.questions[1]).not.toContain('not checked');
  });

  it('the server also reads a rate that Zoho sends as text', async () => {
    const sandbox = await startSandbox();
    const zoho = await altered(sandbox, {
      body: (body, _, path) =>
        path === '/settings/currencies'
          ? {
              ...body,
              currencies: (body['currencies'] as Record<string, unknown>[]).map((row) => ({
                ...row,
                exchange_rate: String(row['exchange_rate']),
              })),
            }
          : body,
    });
    const server = await asking({ on: sandbox, at: zoho }, 'decline');
    onTestFinished(async () => {
      await zoho.close();
      await sandbox.close();
    });
    await server.call('create_customer_payment', { ...inYen, exchange_rate: 149.3 });
    expect(server.questions[0]).toContain('USD 804.00');
  });

  it('the question names the missing scopes, if they hide the rates', async () => {
    const server = await asking(
      { sandbox: { scopes: ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.contacts.READ', 'ZohoBooks.invoices.READ'] } },
      'decline',
    );
    await server.call('create_customer_payment', { ...inYen, exchange_rate: 0.0067 });
    await server.call('update_customer_payment', { payment_id: yenPayment, exchange_rate: 0.0067 });
    for (const question of server.questions) expect(question).toContain('this was not checked: the exchange rate (needs the scope');
    expect(server.questions).toHaveLength(2);
  });
});

describe('with any rates', () => {
  // The same rule in its simplest form: the quotient of two rates.
  const times = (a: number, b: number) => Math.max(a / b, b / a);
  const isOdd = (given: number, known: number, tolerance = 0.2) => {
    const isFar = Math.abs(given - known) / known > tolerance;
    const isReciprocal = times(known, 1 / known) > 1.0202 && times(given, 1 / known) < times(given, known);
    return given === 1 || isFar || isReciprocal;
  };

  it('the server asks if the rate is exactly 1, differs by more than 20%, or is closer to 1 divided by a known rate', async () => {
    const server = await asking({ sandbox: { limits: { per_minute: 100_000 } } }, 'decline');
    let n = 0;
    const rate = fc.oneof(
      fc.double({ min: 0.5, max: 2, noNaN: true }),
      fc.double({ min: 0.0001, max: 10_000, noNaN: true }),
      fc.constantFrom(1, 1.0842, 0.9224, 0.92, 1.3, 1.31, 0.87, 0.86, 10.842, 0.10842, 108.42),
    );
    await fc.assert(
      fc.asyncProperty(
        rate.map((value) => Number(value.toPrecision(6))),
        async (exchange_rate) => {
          server.questions.length = 0;
          // Each call has another amount, because a declined question is not asked again.
          n += 1;
          await server.call('create_customer_payment', { ...inEuros, amount: 700_000 + n, exchange_rate });
          expect(server.questions.length > 0, `${exchange_rate}`).toBe(isOdd(exchange_rate, 1.0842));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a rate with many digits', () => {
  it('is refused with an explanation if it has more than 15 significant digits', async () => {
    const server = await asking();
    const result = await server.call('create_customer_payment', { ...inEuros, exchange_rate: 1.08421234567890123 });
    expect(codeOf(result)).toBe('invalid_arguments');
    expect(textOf(result)).toContain('exchange_rate');
    expect(textOf(result)).toContain('more than 15 significant digits');
    expect(await writesOf(server)).toEqual([]);
  });

  it('loses no digit in the result', async () => {
    const server = await asking({}, 'decline');
    await server.call('create_customer_payment', { ...inYen, amount: 100_000_000_000_000, exchange_rate: 0.1234567890125 });
    expect(server.questions[0]).toContain('USD 12345678901250.00');
  });
});
