import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { isBankWordApart } from '../../../src/matching/statement/bank-words.ts';
import type { BookRecord, StatementBooks, MatchedLine, OpenInvoice } from '../../../src/matching/statement/books.ts';
import { matchLines } from '../../../src/matching/statement/match-lines.ts';
import { CONNECTING, LEGAL } from '../../../src/matching/statement/names-in-text.ts';
import { readBooks } from '../../../src/matching/statement/read-books.ts';
import type { StatementLine } from '../../../src/statement/statement-lines.ts';
import { harness } from '../../support/harness.ts';
import { statementOf, subscriptionsOf, type Truth } from './generated.ts';

/** Statements made from the practice books. Lines reported as recorded or fitting must always be right, and most matches must be found. */

let books: StatementBooks;
beforeAll(async () => {
  const server = await harness({
    sandbox: { limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 }, now: () => new Date('2026-07-02T02:00:00Z') },
  });
  books = await readBooks(
    { days: { start: '2025-07-01', end: '2026-07-01' }, tolerance: 5, account: undefined },
    { zoho: server.zoho, progress: () => undefined },
  );
  await server.close();
});

const idsOf = (invoices: readonly { readonly invoice_id: string }[] = []) =>
  invoices
    .map(({ invoice_id }) => invoice_id)
    .toSorted()
    .join();

/**
 * A line that equals another may have its record or invoices. Of several payments of one customer and amount that are all shown, no matter
 * which line has which.
 */
function isRight(found: MatchedLine, truth: Truth, all: readonly Truth[]): boolean {
  const same = (other: Truth) => JSON.stringify({ ...other.line, line: 0 }) === JSON.stringify({ ...truth.line, line: 0 });
  const isOf = ({ record }: Truth) => record?.payment_id === found.payment_id && record?.refund_id === found.refund_id;
  const shown = all.find(isOf)?.record;
  const isAlike = ({ record }: Truth) =>
    record !== undefined && record.customer_id === shown?.customer_id && record.amount === shown?.amount;
  if (found.status === 'recorded') return isOf(truth) || isAlike(truth) || all.filter(same).some(isOf);
  return all.filter(same).some(({ invoices = [] }) => invoices.length > 0 && idsOf(invoices) === idsOf(found.invoices));
}

function judged(statement: readonly Truth[], lines: readonly MatchedLine[]) {
  const wrong = statement.flatMap((truth, i) => {
    const found = lines[i]!;
    return (found.status === 'recorded' || found.status === 'fits') && !isRight(found, truth, statement)
      ? [{ truth: { ...truth, names: truth.record?.customer_name }, found }]
      : [];
  });
  const count = (status: string, is: (truth: Truth) => boolean) => ({
    there: statement.filter(is).length,
    found: statement.filter((truth, i) => is(truth) && lines[i]!.status === status).length,
  });
  return {
    wrong,
    recorded: count('recorded', ({ record }) => record !== undefined),
    fits: count('fits', ({ invoices }) => invoices !== undefined),
  };
}

const shiftedDay = (day: string, by: number) => new Date(Date.parse(day) + by * 86_400_000).toISOString().slice(0, 10);

describe('statements made from the practice books', () => {
  it('have no wrong match, and most matches are found', () => {
    const totals = { recorded: { there: 0, found: 0 }, fits: { there: 0, found: 0 } };
    const all: unknown[] = [];
    for (let seed = 0; seed < 30; seed += 1) {
      const statement = statementOf(books, seed, { start: `2026-0${1 + (seed % 6)}-01`, days: 30 });
      const { wrong, recorded, fits } = judged(
        statement,
        matchLines(
          statement.map(({ line }) => line),
          books,
          5,
        ).lines,
      );
      all.push(...wrong);
      for (const [total, one] of [
        [totals.recorded, recorded],
        [totals.fits, fits],
      ] as const) {
        total.there += one.there;
        total.found += one.found;
      }
    }
    expect(all).toEqual([]);
    expect(totals.recorded.there).toBeGreaterThan(900);
    expect(totals.recorded.found / totals.recorded.there).toBeGreaterThan(0.95);
    expect(totals.fits.found / totals.fits.there).toBeGreaterThan(0.72);
  });

  it('of customers who pay the same again and again have no wrong match either', () => {
    const all: unknown[] = [];
    const recorded = { there: 0, found: 0 };
    for (let seed = 0; seed < 60; seed += 1) {
      const { books: some, statement } = subscriptionsOf(seed);
      const one = judged(
        statement,
        matchLines(
          statement.map(({ line }) => line),
          some,
          5,
        ).lines,
      );
      all.push(...one.wrong);
      recorded.there += one.recorded.there;
      recorded.found += one.recorded.found;
    }
    expect(all).toEqual([]);
    // Most of these lines cannot be told apart.
    expect(recorded.found).toBeGreaterThan(recorded.there / 4);
  });

  it('have the same matches in any order of lines and records', () => {
    const statement = statementOf(books, 7, { start: '2026-06-01', days: 30 }).map(({ line }) => line);
    const byLine = (lines: readonly MatchedLine[]) =>
      new Map(
        lines.map(({ line, status, payment_id, refund_id, invoices }) => [
          line,
          { status, payment_id, refund_id, invoices: idsOf(invoices) },
        ]),
      );
    const one = byLine(matchLines(statement, books, 5).lines);
    const turned = {
      ...books,
      records: books.records.toReversed(),
      invoices: books.invoices.toReversed(),
      contacts: books.contacts.toReversed(),
    };
    const isEqual = (a: StatementLine, b: StatementLine) => JSON.stringify({ ...a, line: 0 }) === JSON.stringify({ ...b, line: 0 });
    const single = statement.filter((line) => statement.filter((other) => isEqual(line, other)).length === 1);
    const other = byLine(matchLines(statement.toReversed(), turned, 5).lines);
    expect(single.map(({ line }) => other.get(line))).toEqual(single.map(({ line }) => one.get(line)));
  });

  it('take seconds with 200 lines and 20,000 payments', () => {
    const statement = statementOf(books, 3, { start: '2026-03-01', days: 30 }).map(({ line }) => line);
    const records = Array.from({ length: 40 }, (_, copy) =>
      books.records.map((record) => ({
        ...record,
        payment_id: `${record.payment_id}${copy}`,
        date: copy === 0 ? record.date : shiftedDay('2026-03-01', copy % 30),
        amount: copy % 2 === 1 ? record.amount : record.amount + copy,
      })),
    ).flat();
    const lines = [...statement, ...statement].slice(0, 200);
    const started = performance.now();
    const { lines: matched } = matchLines(lines, { ...books, records }, 5);
    expect(records.length).toBeGreaterThan(20_000);
    expect(matched).toHaveLength(200);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('a line', () => {
  const acme = { contact_id: '1', contact_name: 'Acme Corp', is_customer: true };
  const bowman = { contact_id: '2', contact_name: 'Bowman Furniture', is_customer: true };
  const furnishings = { contact_id: '3', contact_name: 'Bowman Furnishings', is_customer: true };
  const timber = { contact_id: '4', contact_name: 'Bowman Timber Supply', is_customer: false };
  const lindner = { contact_id: '5', contact_name: 'Möbelhaus Lindner GmbH', is_customer: true };
  const contacts = [acme, bowman, furnishings, timber, lindner];
  const payment = (
    of: { contact_id: string; contact_name: string },
    amount: number,
    date: string,
    more: Partial<BookRecord> = {},
  ): BookRecord => ({
    payment_id: `${of.contact_id}-${amount}-${date}`,
    customer_id: of.contact_id,
    customer_name: of.contact_name,
    date,
    amount,
    currency_code: 'USD',
    invoice_numbers: [],
    account: 'unknown',
    ...more,
  });
  const invoice = (of: { contact_id: string; contact_name: string }, number: string, balance: number): OpenInvoice => ({
    invoice_id: `id ${number}`,
    invoice_number: number,
    customer_id: of.contact_id,
    customer_name: of.contact_name,
    balance,
    currency_code: 'USD',
  });
  const made = (
    records: readonly BookRecord[],
    invoices: readonly OpenInvoice[] = [],
    more: Partial<StatementBooks> = {},
  ): StatementBooks => ({
    records,
    invoices,
    contacts,
    unclear: new Set(),
    isComplete: () => true,
    ...more,
  });
  type Given = [date: string, amount: number, text: string, more?: Partial<StatementLine>];
  const match = (given: readonly Given[], some: StatementBooks, days = 5) =>
    matchLines(
      given.map(([date, amount, text, more], i) => ({ line: i + 1, date, amount, text, ...more })),
      some,
      days,
    );
  const short = ({ lines }: ReturnType<typeof match>) =>
    lines.map(({ status, payment_id, refund_id, invoices }) =>
      [status, refund_id ?? payment_id ?? (invoices?.map((one) => one.invoice_number).join('+') || undefined)].filter(Boolean).join(' '),
    );
  const [p600, q600] = [payment(bowman, 600, '2026-06-18'), payment(bowman, 600, '2026-06-20')];
  const cheque = payment(bowman, 600, '2026-06-18', { reference_number: '4471', payment_mode: 'check' });

  it.each<[string, readonly Given[], StatementBooks, string[]]>([
    ['with a name that the bank cut', [['2026-06-19', 600, 'BOWMAN FURNIT*INV384 0605']], made([p600]), [`recorded ${p600.payment_id}`]],
    ['with a name that two have when it is cut', [['2026-06-19', 600, 'BOWMAN FURN']], made([p600]), ['likely']],
    ['with the full another name customer', [['2026-06-18', 600, 'BOWMAN FURNISHINGS']], made([p600]), ['likely']],
    [
      'with the full name of a vendor',
      [['2026-06-18', 600, 'Bowman Timber Supply INV-385']],
      made([p600], [invoice(bowman, 'INV-385', 600)]),
      ['likely'],
    ],
    [
      'with umlauts spelled out',
      [['2026-06-18', 600, 'MOEBELHAUS LINDNER']],
      made([payment(lindner, 600, '2026-06-18')]),
      ['recorded 5-600-2026-06-18'],
    ],
    ['with a cheque number alone', [['2026-06-20', 600, 'DEPOSIT CHECK 4471']], made([cheque]), [`recorded ${cheque.payment_id}`]],
    ['with another cheque number', [['2026-06-20', 600, 'BOWMAN FURNITURE CHECK 4472']], made([cheque]), ['likely']],
    ['without a name', [['2026-06-18', 600, 'DEPOSIT']], made([p600]), ['likely']],
    ['too many days off', [['2026-06-28', 600, 'BOWMAN FURNITURE']], made([p600]), ['likely']],
    ['of another currency', [['2026-06-18', 600, 'BOWMAN FURNITURE', { currency: 'EUR' }]], made([p600]), ['likely']],
    ['of a payment into another account', [['2026-06-18', 600, 'BOWMAN FURNITURE']], made([{ ...p600, account: 'another' }]), ['likely']],
    ['that two payments fit', [['2026-06-19', 600, 'BOWMAN FURNITURE']], made([p600, q600]), ['likely']],
    [
      'whose second payment is another line',
      [
        ['2026-06-21', 600, 'BOWMAN FURNITURE'],
        ['2026-06-18', 600, 'BOWMAN FURNITURE'],
      ],
      made([p600, q600]),
      [`recorded ${q600.payment_id}`, `recorded ${p600.payment_id}`],
    ],
    [
      'whose payment another line fits',
      [
        ['2026-06-19', 600, 'BOWMAN FURNITURE'],
        ['2026-06-20', 600, 'BOWMAN FURNITURE'],
      ],
      made([p600]),
      ['likely', 'likely'],
    ],
    [
      'that equals another, with one payment',
      [
        ['2026-06-19', 600, 'BOWMAN FURNITURE'],
        ['2026-06-19', 600, 'BOWMAN FURNITURE'],
      ],
      made([p600]),
      [`recorded ${p600.payment_id}`, 'likely'],
    ],
    [
      'of a payment, with an open invoice of the amount',
      [['2026-06-22', 600, 'BOWMAN FURNITURE']],
      made([p600], [invoice(bowman, 'INV-9', 600)]),
      ['likely'],
    ],
    ['for an invoice by its number', [['2026-06-18', 450, 'INV384']], made([], [invoice(bowman, 'INV-384', 450)]), ['fits INV-384']],
    [
      'for an invoice whose number with zeros is another one',
      [['2026-06-18', 450, 'INV-397']],
      made([], [invoice(bowman, 'INV-000397', 450), invoice(acme, 'INV-397', 450)]),
      ['fits INV-397'],
    ],
    [
      'for two invoices of which one has no prefix',
      [
        ['2026-06-18', 450, 'ACME CORP INV-384, 385'],
        ['2026-06-18', 700, 'BOWMAN FURNITURE RE 2026-17 UND 2026-18'],
      ],
      made(
        [],
        [invoice(acme, 'INV-384', 200), invoice(acme, 'INV-385', 250), invoice(bowman, '2026-17', 300), invoice(bowman, '2026-18', 400)],
      ),
      ['fits INV-384+INV-385', 'fits 2026-17+2026-18'],
    ],
    [
      'with a cheque number that an invoice has too',
      [['2026-06-18', 450, 'CHECK NO 385']],
      made([], [invoice(bowman, 'INV-385', 450)]),
      ['likely'],
    ],
    [
      'for an invoice that was issued later, unless it is named',
      [
        ['2026-06-18', 450, 'ACME CORP'],
        ['2026-06-18', 500, 'ACME CORP INV-2'],
      ],
      made(
        [],
        [
          { ...invoice(acme, 'INV-1', 450), date: '2026-06-19' },
          { ...invoice(acme, 'INV-2', 500), date: '2026-06-19' },
        ],
      ),
      ['likely', 'fits INV-2'],
    ],
    [
      'for an invoice by its number, with the another name',
      [['2026-06-18', 450, 'ACME CORP INV384']],
      made([], [invoice(bowman, 'INV-384', 450)]),
      ['likely'],
    ],
    [
      'for the one invoice of this amount',
      [['2026-06-18', 450, 'Acme Corp']],
      made([], [invoice(acme, 'INV-1', 450), invoice(acme, 'INV-2', 451)]),
      ['fits INV-1'],
    ],
    [
      'for one of two invoices of this amount',
      [['2026-06-18', 450, 'Acme Corp']],
      made([], [invoice(acme, 'INV-1', 450), invoice(acme, 'INV-2', 450)]),
      ['likely'],
    ],
    [
      'for one of them by its number, and the other',
      [
        ['2026-06-18', 450, 'Acme Corp'],
        ['2026-06-19', 450, 'Acme Corp INV-1'],
      ],
      made([], [invoice(acme, 'INV-1', 450), invoice(acme, 'INV-2', 450)]),
      ['fits INV-2', 'fits INV-1'],
    ],
    [
      'for an invoice, or two others',
      [['2026-06-18', 450, 'Acme Corp']],
      made([], [invoice(acme, 'INV-1', 450), invoice(acme, 'INV-2', 200), invoice(acme, 'INV-3', 250)]),
      ['likely'],
    ],
    [
      'for several invoices by their numbers',
      [['2026-06-18', 450, 'Acme Corp INV-2, 3 INV-3']],
      made([], [invoice(acme, 'INV-1', 100), invoice(acme, 'INV-2', 200), invoice(acme, 'INV-3', 250)]),
      ['fits INV-2+INV-3'],
    ],
    [
      'for all that is open',
      [['2026-06-18', 450, 'Acme Corp']],
      made([], [invoice(acme, 'INV-2', 200), invoice(acme, 'INV-3', 250)]),
      ['fits INV-3+INV-2'],
    ],
    [
      'for an invoice that its number contradicts',
      [['2026-06-18', 450, 'Acme Corp INV-7']],
      made([], [invoice(acme, 'INV-1', 450)]),
      ['likely'],
    ],
    ['less a fee', [['2026-06-18', 435, 'Acme Corp INV-1']], made([], [invoice(acme, 'INV-1', 450)]), ['likely']],
    ['less withheld tax', [['2026-06-18', 405, 'Acme Corp']], made([], [invoice(acme, 'INV-1', 450)]), ['likely']],
    ['that may be an advance', [['2026-06-18', 9999, 'Acme Corp']], made([]), ['likely']],
    ['of a stranger', [['2026-06-18', 9999, 'ZEBRA']], made([]), ['unknown']],
    [
      'for an invoice, if not everything was read',
      [['2026-06-18', 450, 'Acme Corp INV-1']],
      made([], [invoice(acme, 'INV-1', 450)], { isComplete: () => false }),
      ['likely'],
    ],
    [
      'for an invoice, if another has no known balance',
      [['2026-06-18', 450, 'Acme Corp']],
      made([], [invoice(acme, 'INV-1', 450)], { unclear: new Set(['1']) }),
      ['likely'],
    ],
    [
      'of a refund',
      [['2026-06-18', -50, 'REFUND BOWMAN FURNITURE']],
      made([payment(bowman, 50, '2026-06-17', { refund_id: 'r' }), payment(bowman, 50, '2026-06-18')]),
      ['recorded r'],
    ],
    ['of bank charges', [['2026-06-18', -9.9, 'BANK FEE']], made([p600], [invoice(acme, 'INV-1', 9.9)]), ['unknown']],
  ])('%s', (_, given, some, expected) => {
    expect(short(match(given, some))).toEqual(expected);
  });

  const ohio = { contact_id: '11', contact_name: 'Acme Corporation of Ohio', is_customer: true };
  const [dental, deli] = ['Pine Street Dental', 'Pine Street Deli'].map((contact_name, i) => ({
    contact_id: `${12 + i}`,
    contact_name,
    is_customer: true,
  }));
  const [cafe, bakery] = ['Riverbend Cafe', 'Riverbend Café & Bakery'].map((contact_name, i) => ({
    contact_id: `${14 + i}`,
    contact_name,
    is_customer: true,
  }));
  const [yoga, marlow, granite] = ['Juniper Yoga Studio', 'Marlow Property Management', 'Granite State Credit Union'].map(
    (contact_name, i) => ({ contact_id: `${16 + i}`, contact_name, is_customer: true }),
  );
  const town = { contacts: [acme, ohio, dental!, deli!, cafe!, bakery!, yoga!, marlow!, granite!, bowman] };
  /** The status of each line, and the record or invoices of each candidate: "likely: 1 INV-1". */
  const detailed = ({ lines }: ReturnType<typeof match>) =>
    lines.map(({ status, candidates, ...own }) => {
      const shown = (candidates ?? (status === 'unknown' ? [] : [own])).map(({ payment_id, customer_id, invoices = [] }) =>
        [payment_id ?? customer_id, ...invoices.map((one) => `${one.invoice_number}=${one.amount}`)].join(' '),
      );
      return [status, ...shown].join(': ');
    });
  const paid = (of: { contact_id: string; contact_name: string }, more: Partial<BookRecord> = {}) => payment(of, 500, '2026-06-18', more);
  const open = invoice;

  it.each<[string, readonly Given[], StatementBooks, string[]]>([
    [
      'may be the beginning of the name of another customer, who paid',
      [['2026-06-18', 500, 'ACME CORP']],
      made([paid(ohio)], [], town),
      ['likely: 11-500-2026-06-18'],
    ],
    [
      'may be the beginning of the name of another customer, and both paid',
      [['2026-06-18', 500, 'ACME CORP']],
      made([paid(acme), paid(ohio)], [], town),
      ['likely: 1-500-2026-06-18: 11-500-2026-06-18'],
    ],
    [
      'may be the beginning of the name of another customer, whose payment another line shows',
      [
        ['2026-06-18', 500, 'ACME CORP'],
        ['2026-06-18', 500, 'ACME CORPORATION OF OHIO'],
      ],
      made([paid(acme), paid(ohio)], [], town),
      ['recorded: 1-500-2026-06-18', 'recorded: 11-500-2026-06-18'],
    ],
    [
      'is another one that the text has in full',
      [['2026-06-18', 500, 'ACME CORPORATION OF OHIO']],
      made([paid(acme)], [open(acme, 'INV-1', 500)], town),
      ['likely: 11'],
    ],
    [
      'may be the beginning of the name of another customer, who has the invoice',
      [['2026-06-18', 500, 'RIVERBEND CAFE']],
      made([], [open(bakery!, 'INV-1', 500)], town),
      ['likely: 15 INV-1=500'],
    ],
    [
      'may be the beginning of the name of another customer, and both have an invoice',
      [['2026-06-18', 500, 'RIVERBEND CAFE']],
      made([], [open(bakery!, 'INV-1', 500), open(cafe!, 'INV-2', 500)], town),
      ['likely: 15 INV-1=500: 14 INV-2=500'],
    ],
    [
      'goes on after "&" or "and", where the bank cut it',
      [
        ['2026-06-18', 500, 'MOBILE DEPOSIT RIVERBEND CAFE & '],
        ['2026-06-18', 300, 'RIVERBEND CAFE AND BAK CCD'],
        ['2026-06-18', 700, 'RIVERBEND CAFE AND'],
      ],
      made([paid(bakery!)], [open(bakery!, 'INV-1', 300), open(cafe!, 'INV-2', 700)], town),
      ['recorded: 15-500-2026-06-18', 'fits: 15 INV-1=300', 'likely: 15'],
    ],
    [
      'is cut so that two customers have it, and one of them has the amount',
      [
        ['2026-06-18', 500, 'PINE STREET DE'],
        ['2026-06-18', 300, 'PINE STREET DE'],
      ],
      made([paid(deli!)], [open(dental!, 'INV-1', 300)], town),
      ['likely: 13-500-2026-06-18', 'likely: 12 INV-1=300'],
    ],
    [
      'is cut so that two customers have it, with an invoice number',
      [['2026-06-18', 300, 'PINE STREET DE/384']],
      made([], [open(dental!, 'INV-384', 300)], town),
      ['fits: 12 INV-384=300'],
    ],
    [
      'has a short word where the name goes on, which may be the beginning of another name',
      [
        ['2026-06-18', 300, 'ORIG CO NAME:PINE STREET PART       ORIG ID:15'],
        ['2026-06-18', 200, 'ORIG CO NAME:GRANITE STATE FIN       ORIG ID:15'],
      ],
      made([], [open(dental!, 'INV-1', 300), open(granite!, 'INV-2', 200)], town),
      ['likely: 12 INV-1=300', 'likely: 18 INV-2=200'],
    ],
    [
      "has the name without its last word, in front of a bank's field",
      [['2026-06-18', 300, 'ORIG CO NAME:PINE STREET DEN       ORIG ID:15 DESC DATE:260529']],
      made([], [open(dental!, 'INV-1', 300)], town),
      ['fits: 12 INV-1=300'],
    ],
    [
      'has another word where the name goes on',
      [
        ['2026-06-18', 500, 'JUNIPER YOGA TEACHERS'],
        ['2026-06-18', 300, 'ACH CREDIT PINE STREET DENIM CO'],
        ['2026-06-18', 200, 'GRANITE STATE CREDIT CARD SVC'],
      ],
      made([paid(yoga!)], [open(dental!, 'INV-1', 300), open(granite!, 'INV-2', 200)], town),
      ['likely: 16-500-2026-06-18', 'likely: 12 INV-1=300', 'likely: 18 INV-2=200'],
    ],
    [
      'has other words behind it or in front of it',
      [
        ['2026-06-18', 500, 'ACH CREDIT BOWMAN FURNITURE REPAIR INC'],
        ['2026-06-18', 300, 'FRIENDS OF JUNIPER YOGA STUDIO'],
        ['2026-06-18', 200, 'PINE STREET DENTAL LAB'],
        ['2026-06-18', 100, 'WIRE FROM NEW ACME CORP'],
      ],
      made([paid(bowman)], [open(yoga!, 'INV-1', 300), open(dental!, 'INV-2', 200), open(acme, 'INV-3', 100)], town),
      ['likely: 2-500-2026-06-18', 'likely: 16 INV-1=300', 'likely: 12 INV-2=200', 'likely: 1 INV-3=100'],
    ],
    [
      'has words of the bank and of the invoice behind it, an abbreviation or initials',
      [
        ['2026-06-18', 500, 'BOWMAN FURNITURE LLC DES:AP PYMT ID:99120'],
        ['2026-06-18', 300, 'MARLOW PROPERTY MGMT JUNE'],
        ['2026-06-18', 200, 'VENDOR GRANITE STATE CU VENDOR PMT'],
        ['2026-06-18', 100, 'JUNIPER YOGA STUDIO/CHAIRS'],
      ],
      made([paid(bowman)], [open(marlow!, 'INV-1', 300), open(granite!, 'INV-2', 200), open(yoga!, 'INV-3', 100)], town),
      ['recorded: 2-500-2026-06-18', 'fits: 17 INV-1=300', 'fits: 18 INV-2=200', 'fits: 16 INV-3=100'],
    ],
  ])('with a name that %s', (_, given, some, expected) => {
    expect(detailed(match(given, some))).toEqual(expected);
  });

  it('with any other word behind a name, or in place of its last word, is at most likely', () => {
    const some = made([paid(yoga!)], [open(yoga!, 'INV-1', 300)], town);
    const isFree = (word: string) => !isBankWordApart(word, false) && !LEGAL.has(word) && !CONNECTING.has(word) && !word.startsWith('st');
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{4,9}$/).filter(isFree), fc.constantFrom(500, 300), (word, amount) => {
        const texts = [
          `ACH CREDIT JUNIPER YOGA STUDIO ${word} PAYMENT`,
          `JUNIPER YOGA ${word} PAYMENT`,
          `WIRE FROM ${word} JUNIPER YOGA STUDIO`,
        ];
        for (const text of texts) expect(match([['2026-06-18', amount, text]], some).lines[0]).toMatchObject({ status: 'likely' });
      }),
      { numRuns: 500 },
    );
  });

  const numbered = (number: string) => paid(bowman, { invoice_numbers: [number] });
  it.each<[string, readonly Given[], StatementBooks, string[]]>([
    [
      'of two digits after a word for invoice',
      [['2026-06-18', 500, 'Rechnung 84', { name: 'Bowman Furniture' }]],
      made([numbered('INV-000084')]),
      ['recorded: 2-500-2026-06-18'],
    ],
    [
      'of two digits after another word for invoice',
      [['2026-06-18', 500, 'BOWMAN FURNITURE INV NO 084']],
      made([], [open(bowman, '000084', 500)]),
      ['fits: 2 000084=500'],
    ],
    [
      'of two digits that is another one',
      [['2026-06-18', 500, 'Rechnung 85', { name: 'Bowman Furniture' }]],
      made([numbered('INV-000084')]),
      ['likely: 2-500-2026-06-18'],
    ],
    [
      'that the bank cut',
      [['2026-06-18', 500, 'ACH CREDIT BOWMAN FURNITURE INV442-']],
      made([numbered('INV-000442-1')]),
      ['recorded: 2-500-2026-06-18'],
    ],
    [
      'that the bank cut within its digits',
      [['2026-06-18', 500, 'ACH CREDIT BOWMAN FURNITURE INV-0003']],
      made([numbered('INV-000384')]),
      ['recorded: 2-500-2026-06-18'],
    ],
    [
      'with a space in it',
      [
        ['2026-06-18', 500, 'BOWMAN FURNITURE INV-00 0384'],
        ['2026-06-18', 300, 'ACME CORP/9 00023'],
      ],
      made([numbered('INV-000384')], [open(acme, 'INV-900023', 300), open(acme, 'INV-900024', 300)]),
      ['recorded: 2-500-2026-06-18', 'fits: 1 INV-900023=300'],
    ],
    [
      'of an invoice that is paid',
      [
        ['2026-06-18', 500, 'ACME CORP INV-7'],
        ['2026-06-18', 300, 'BOWMAN FURNITURE 383'],
        ['2026-06-18', 200, 'Möbelhaus Lindner GmbH 900021'],
      ],
      made(
        [payment(bowman, 900, '2026-06-10', { invoice_numbers: ['INV-383'] })],
        [open(acme, 'INV-1', 500), open(bowman, 'INV-384', 300), open(lindner, 'INV-900023', 200)],
      ),
      ['likely: 1 INV-1=500', 'likely: 2 INV-384=300', 'likely: 5 INV-900023=200'],
    ],
    [
      'that is the number of a paid invoice but for zeros',
      [
        ['2026-06-18', 500, 'ACME CORP INV-397'],
        ['2026-06-18', 300, 'INV-398'],
        ['2026-06-18', 200, 'ACME CORP INV-399'],
      ],
      made(
        [
          payment(acme, 900, '2026-06-10', { invoice_numbers: ['INV-397'] }),
          payment(bowman, 800, '2026-06-10', { invoice_numbers: ['INV-398', 'INV-399'] }),
        ],
        [open(acme, 'INV-000397', 500), open(acme, 'INV-000398', 300), open(acme, 'INV-000399', 200)],
      ),
      ['likely: 1 INV-000397=500', 'likely: 1 INV-000398=300', 'fits: 1 INV-000399=200'],
    ],
    [
      'that means something else, by a stranger',
      [
        ['2026-06-18', 500, 'EBAY ORDER 900060'],
        ['2026-06-18', 600, 'REBATE CLAIM NO 900061'],
        ['2026-06-18', 300, 'GULF LUMBER CREDIT MEMO INV 158'],
        ['2026-06-18', 400, 'Rechnung 159', { name: 'Kestrel Bau GmbH' }],
      ],
      made(
        [],
        [open(bowman, 'INV-900060', 500), open(bowman, 'INV-900061', 600), open(acme, 'INV-000158', 300), open(acme, 'INV-000159', 400)],
      ),
      ['likely: 2 INV-900060=500', 'likely: 2 INV-900061=600', 'likely: 1 INV-000158=300', 'likely: 1 INV-000159=400'],
    ],
    [
      'in full, by a third party, or without a name',
      [
        ['2026-06-18', 500, 'PRAIRIE CAPITAL INV-900060'],
        ['2026-06-18', 300, 'ACH CREDIT 900061 PAYMENT'],
      ],
      made([], [open(bowman, 'INV-900060', 500), open(acme, 'INV-900061', 300)]),
      ['fits: 2 INV-900060=500', 'fits: 1 INV-900061=300'],
    ],
    [
      'and the customer paid twice',
      [
        ['2026-06-18', 500, 'BOWMAN FURNITURE INV384'],
        ['2026-06-20', 500, 'BOWMAN FURNITURE'],
      ],
      made([numbered('INV-384')]),
      ['likely: 2-500-2026-06-18', 'likely: 2-500-2026-06-18'],
    ],
  ])('with a number %s', (_, given, some, expected) => {
    expect(detailed(match(given, some))).toEqual(expected);
  });

  it.each<[string, readonly Given[], StatementBooks, string[]]>([
    [
      'and its rest, without a number',
      [
        ['2026-06-18', 300, 'ACME CORP INV-1 PART 1'],
        ['2026-06-25', 200, 'ACME CORP'],
      ],
      made([], [open(acme, 'INV-1', 500)]),
      ['fits: 1 INV-1=300', 'fits: 1 INV-1=200'],
    ],
    [
      'and two possible rests',
      [
        ['2026-06-18', 300, 'ACME CORP INV-1'],
        ['2026-06-24', 200, 'ACME CORP'],
        ['2026-06-25', 200, 'ACME CORP'],
      ],
      made([], [open(acme, 'INV-1', 500)]),
      ['likely: 1 INV-1=300', 'likely: 1', 'likely: 1'],
    ],
    [
      'and another that together are more than is open',
      [
        ['2026-06-18', 300, 'ACME CORP INV-1'],
        ['2026-06-25', 400, 'ACME CORP INV-1'],
        ['2026-06-26', 100, 'ACME CORP INV-1'],
      ],
      made([], [open(acme, 'INV-1', 500)]),
      ['likely: 1 INV-1=300', 'likely: 1 INV-1=200', 'likely: 1'],
    ],
    [
      'and a line that pays all',
      [
        ['2026-06-18', 500, 'ACME CORP INV-1'],
        ['2026-06-25', 100, 'ACME CORP INV-1'],
      ],
      made([], [open(acme, 'INV-1', 500)]),
      ['fits: 1 INV-1=500', 'likely: 1'],
    ],
  ])('with a part of an invoice %s', (_, given, some, expected) => {
    expect(detailed(match(given, some))).toEqual(expected);
  });

  it('of a payment in Undeposited Funds is its deposit, and the payment is not missed in the statement', () => {
    const undeposited = paid(bowman, { account: 'undeposited' });
    const { lines, unmatched } = match([['2026-06-18', 500, 'BOWMAN FURNITURE']], made([undeposited]));
    expect(lines).toMatchObject([{ status: 'recorded', reason: 'same amount, same day, same name, in Undeposited Funds' }]);
    expect(unmatched).toEqual([]);
    expect(match([['2026-06-18', 1, 'X']], made([undeposited])).unmatched).toEqual([]);
  });

  it.each<[string, (string | undefined)[], number[]]>([
    ['in euros', ['EUR', 'EUR'], [8, 9, 10]],
    ['in euros and dollars', ['EUR', 'USD'], [7, 8, 9, 10]],
    ['of which one has no currency', ['EUR', undefined], [7, 8, 9, 10]],
  ])('leaves records of its account, and others in the currencies of the lines: lines %s', (_, currencies, amounts) => {
    const records = [
      payment(acme, 7, '2026-06-18', { currency_code: 'USD' }),
      payment(acme, 8, '2026-06-18', { currency_code: 'EUR' }),
      payment(acme, 9, '2026-06-18', { currency_code: undefined }),
      payment(acme, 10, '2026-06-18', { currency_code: 'GBP', account: 'this' }),
    ];
    const { unmatched } = match(
      currencies.map((currency) => ['2026-06-18', 1, 'X', { currency }]),
      made(records),
    );
    expect(unmatched.map(({ amount }) => amount)).toEqual(amounts);
  });

  it.each<[string, string | undefined, Partial<BookRecord>, string]>([
    ['without a currency', undefined, {}, 'likely'],
    ['with its currency', 'EUR', {}, 'fits'],
    ['without a currency, if another line shows a payment in its currency', undefined, { amount: 500 }, 'fits'],
  ])('of an invoice in another currency than the base currency, %s', (_, currency, shown, status) => {
    const euros = payment(bowman, 7, '2026-06-18', { currency_code: 'EUR', base_amount: 8, ...shown });
    const invoice = { ...open(acme, 'INV-384', 300), currency_code: 'EUR' };
    const { lines } = match(
      [
        ['2026-06-18', 300, 'ACME CORP INV-384', { currency }],
        ['2026-06-18', 500, 'BOWMAN FURNITURE', { currency }],
      ],
      made([euros], [invoice]),
    );
    expect(lines[0]?.status).toBe(status);
  });

  it('tells how far away the nearest payment of the amount is', () => {
    const reason = (date: string) => match([[date, 600, 'ZEBRA']], made([p600])).lines[0]!.reason;
    expect(reason('2026-08-08')).toBe('no name or number fits; the nearest payment of this amount is 51 days away');
  });

  it('says why it is likely, and tries only so many combinations', () => {
    const many = Array.from({ length: 60 }, (_, i) => invoice(acme, `INV-${i + 1}`, 100 + i));
    const reasons = (given: Given, some: StatementBooks) => match([given], some).lines[0]!.candidates?.map(({ reason }) => reason);
    expect(reasons(['2026-06-18', 435, 'Acme Corp INV-1'], made([], [invoice(acme, 'INV-1', 450)]))).toEqual([
      'USD 15.00 less than is open: a bank fee?',
    ]);
    expect(reasons(['2026-06-18', 405, 'Acme Corp'], made([], [invoice(acme, 'INV-1', 450)]))).toEqual([
      'USD 45.00 less than is open: tax withheld or a bank fee?',
    ]);
    expect(reasons(['2026-06-18', 259, 'Acme Corp'], made([], many))?.[0]).toBe(
      '2 invoices of this amount; not every combination was tried',
    );
    expect(reasons(['2026-06-18', 659.5, 'Acme Corp'], made([], many))?.[0]).toBe(
      'no open invoice is of this amount, as far as combinations were tried: an advance, or a partial payment?',
    );
  });

  it('leaves the records of its days that no line shows', () => {
    const { unmatched } = match(
      [
        ['2026-06-18', 1, 'X'],
        ['2026-06-21', 600, 'BOWMAN FURNITURE'],
      ],
      made([q600, payment(acme, 7, '2026-06-19'), payment(acme, 8, '2026-06-22'), payment(acme, 9, '2026-06-19', { account: 'another' })]),
    );
    expect(unmatched.map(({ amount }) => amount)).toEqual([7]);
  });
});
