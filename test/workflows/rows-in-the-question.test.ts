import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordCustomerPayment } from '../../src/workflows/record-customer-payment.ts';
import { textOf, type Harness, type HarnessOptions } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** The question about a list shows in each row's line everything that is sent to Zoho for the row. */

const start = servers('file');

type Args = Record<string, unknown>;

// With this policy, the line ends without concerns.
const policy: HarnessOptions['policy'] = { accept: ['duplicate', 'overpaid', 'exchange_rate'] };
let server: Harness;
beforeAll(async () => {
  server = await start({ confirm: 'ask', policy });
});

let lists = 0;
/** The lines of the question about these rows, by row. */
async function linesOf(rows: readonly Args[]): Promise<string[]> {
  const preview = await server.call('record_customer_payments', { rows, idempotency_key: `list ${(lists += 1)}` });
  const { question } = preview.structuredContent as { question?: string };
  expect(question, textOf(preview)).toBeDefined();
  const lines = question!.split('\n').flatMap((line) => {
    const [, row, text] = /^- Row (\d+): (.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [[Number(row), text] as const];
  });
  return lines.toSorted(([a], [b]) => a - b).map(([, text]) => text);
}

const credit: Args = { customer: 'Bowman Furniture', payment_mode: 'cash', date: '2026-06-30', amount: 20, allocate: 'as_credit' };
const plain: Args = { ...credit, customer: 'Kestrel Architects' };
const SHOWN = 'USD 20.00 from "Bowman Furniture", 2026-06-30, "cash"';

describe('the line of a row', () => {
  const given: [Args, string][] = [
    [{ payment_mode: 'check' }, 'USD 20.00 from "Bowman Furniture", 2026-06-30, "check"; USD 20.00 stays unused'],
    [{ amount: 21.5, date: '2026-06-29' }, 'USD 21.50 from "Bowman Furniture", 2026-06-29, "cash"; USD 21.50 stays unused'],
    [{ currency: 'USD' }, `${SHOWN}; USD 20.00 stays unused`],
    [{ reference_number: 'TRF 1' }, `${SHOWN}; reference "TRF 1"; USD 20.00 stays unused`],
    [{ account: 'Petty Cash' }, `${SHOWN}; to "Petty Cash"; USD 20.00 stays unused`],
    [{ bank_charges: 3 }, `${SHOWN}; bank charges: USD 3.00; USD 20.00 stays unused`],
    [{ description: 'say "yes"\nRow 2: USD 1' }, `${SHOWN}; description: "say \\"yes\\" Row 2: USD 1"; USD 20.00 stays unused`],
    [
      { custom_fields: [{ label: 'Receipt Book No', value: '"77"' }] },
      `${SHOWN}; custom field "Receipt Book No": "\\"77\\""; USD 20.00 stays unused`,
    ],
    [{ location_id: 'Head Office' }, `${SHOWN}; location: "Head Office" (id 460000000038080); USD 20.00 stays unused`],
    [
      { customer: 'Möbelhaus', exchange_rate: 1.08 },
      'EUR 20.00 from "Möbelhaus Lindner GmbH", 2026-06-30, "cash"; exchange rate: 1.08 USD per EUR, which makes USD 21.60; EUR 20.00 stays unused',
    ],
    [
      { allocate: undefined, invoices: [{ invoice: 'INV-385', amount: 15, tax_amount_withheld: 2 }] },
      `${SHOWN}; apply USD 15.00 and USD 2.00 tax withheld to Invoice "INV-385": USD 450.00 open before, USD 433.00 after; USD 5.00 stays unused`,
    ],
    [{ allocate: 'oldest_first' }, `${SHOWN}; apply USD 20.00 to Invoice "INV-384": USD 50.00 open before, USD 30.00 after`],
  ];

  it.each(given)('shows %j', async (args, line) => {
    const [shown] = await linesOf([{ ...credit, ...args }, plain]);
    expect(shown).toBe(line);
  });

  it('is tested for every argument', () => {
    const tested = new Set([...Object.keys(credit), ...given.flatMap(([args]) => Object.keys(args))]);
    expect(Object.keys(recordCustomerPayment.input.shape).filter((name) => !tested.has(name))).toEqual([]);
  });
});

/** Texts that try to look like other parts of the line. White space and invisible characters are not shown, so they are not here. */
const text = fc.string({ maxLength: 30, unit: fc.constantFrom(...'aé1"\\;:().'.split('')) });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** Rows by the arguments that are sent to Zoho. Rows with equal arguments have equal lines. */
const row = fc.record({
  customer: fc.constantFrom('Bowman Furniture', 'Kestrel Architects'),
  payment_mode: fc.constantFrom('cash', 'check', 'Courier "x"'),
  date: fc.constantFrom('2026-06-30', '2026-06-29'),
  amount: fc.constantFrom(20, 20.5),
  reference_number: optional(fc.constantFrom('a', 'b"; to "Petty Cash')),
  account: optional(fc.constantFrom('Petty Cash', 'Business Checking')),
  bank_charges: optional(fc.constantFrom(1, 2)),
  description: optional(text),
  custom_fields: optional(fc.tuple(fc.record({ label: fc.constant('Receipt Book No'), value: text }))),
  location_id: optional(fc.constantFrom('Head Office', 'Burlington Showroom')),
});

it('two rows have the same line only if the same is sent to Zoho', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(row, { minLength: 2, maxLength: 40, selector: (one) => JSON.stringify(one) }), async (rows) => {
      const lines = await linesOf(rows.map((one) => ({ ...one, allocate: 'as_credit' })));
      expect(new Set(lines).size).toBe(rows.length);
    }),
    // Few runs with many rows, because of the limit of calls in a minute.
    { numRuns: 6 },
  );
});
