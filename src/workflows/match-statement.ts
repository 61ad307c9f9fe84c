import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { InputError } from '../errors.ts';
import { asJson } from '../foreign-text.ts';
import { accountFilter, type SeenAccount } from '../matching/account-filter.ts';
import { inCurrency } from '../matching/currencies.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { words } from '../matching/shared-arguments.ts';
import type { AppliedAmount, BookRecord, Candidate, MatchedLine } from '../matching/statement/books.ts';
import { matchLines } from '../matching/statement/match-lines.ts';
import { readBooks } from '../matching/statement/read-books.ts';
import { isExact } from '../money.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { allContacts, allInvoices, allPayments, allRefunds } from '../reading/whole-lists.ts';
import { recordNameAndId } from '../records/describe.ts';
import { date } from '../records/fields.ts';
import { TEXT_CAP } from '../records/list-results.ts';
import { idText, lines as linesOf, listWithin, plain, quoted } from '../records/text.ts';
import { createReport } from '../report.ts';
import { columnMap } from '../statement/column-map.ts';
import { aboutSkipped, statementLines, statementRoles, type SkippedRow, type StatementLine } from '../statement/statement-lines.ts';
import { defineReadWorkflow } from '../workflow.ts';

const MOST_LINES = 200;
const MOST_CSV = 200_000;
/** Default for the number of days by which dates may differ. */
export const USUAL_DAYS = 5;

const text = z.string().max(500).optional();

const input = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        date,
        amount: z
          .number()
          .refine((amount) => amount !== 0 && isExact(amount), 'must not be 0, and have at most 15 digits')
          .describe('Negative: money out.'),
        text,
        name: text,
        reference: text,
        currency: z
          .string()
          .regex(/^[A-Za-z]{3}$/, 'must be a code such as USD')
          .toUpperCase()
          .optional(),
      }),
    )
    .min(1)
    .max(MOST_LINES)
    .optional(),
  csv: z.string().min(1).max(MOST_CSV).optional().describe('Instead of `lines`: the statement as CSV.'),
  columns: z.string().max(500).optional().describe('If headers are not recognized: date=Day,amount=3 (header or number).'),
  date_format: z.string().max(20).optional().describe('Such as DD/MM/YYYY.'),
  decimal: z.enum(['.', ',']).optional(),
  account: words.optional().describe('Bank account, name or id.'),
  days: z.int().min(0).max(30).optional().describe('Days by which dates may differ, default 5.'),
  rows_of: z.array(z.int().min(1)).min(1).optional().describe('Line numbers. Shows their ready `rows`.'),
});
type Given = z.output<typeof input>;

export const matchStatement = defineReadWorkflow({
  name: 'match_statement',
  title: 'Match a bank statement',
  description:
    'Find which lines of a bank statement (at most 200) are already recorded, and which open invoices the other lines pay. Status per ' +
    'line: recorded, fits (ready as `rows` for record_customer_payments), likely (ask the user) or unknown. Also shows payments without a line.',
  input,
  output: z.looseObject({ lines: z.array(z.looseObject({})).optional(), rows: z.array(z.looseObject({})).optional() }),
  reads: [allPayments, allRefunds, allContacts, allInvoices, allBankAccounts, getCustomerPaymentRefund],

  async run(given, { zoho, progress }): Promise<Result> {
    const { lines: told, skipped } = await linesGiven(given);
    const days = told.map(({ date }) => date).toSorted();
    const account = given.account === undefined ? undefined : await accountFilter(given.account, zoho);
    const tolerance = given.days ?? USUAL_DAYS;
    const books = await readBooks({ days: { start: days[0] ?? '', end: days.at(-1) ?? '' }, tolerance, account }, { zoho, progress });
    const own = await account?.found();
    const currency = own && (await currencyOf(own, zoho));
    const lines = told.map((line) => (line.currency === undefined && currency !== undefined ? { ...line, currency } : line));
    progress('Matching the lines.');
    const { lines: found, unmatched } = matchLines(lines, books, tolerance);
    const matched = found.map((one, i) => ({ ...lines[i]!, ...one }));
    const count = (status: MatchedLine['status']) => matched.filter((line) => line.status === status).length;
    return {
      lines: matched,
      counts: { recorded: count('recorded'), fits: count('fits'), likely: count('likely'), unknown: count('unknown') },
      rows: matched.flatMap((line) => (line.status === 'fits' ? [readyRow(line, own)] : [])),
      unmatched: unmatched.map(shownRecord),
      ...(skipped.length > 0 && { skipped }),
      ...(books.missing.length > 0 && { partial: books.missing }),
      ...(own && { account: own }),
    };
  },

  report({ lines, counts, rows, unmatched, skipped = [], partial = [], account }, { rows_of }) {
    const about = linesOf(
      `${lines.length} line${lines.length === 1 ? '' : 's'}${account ? ` of ${recordNameAndId('account', account.account_name, account.account_id, 40)}` : ''}: ` +
        Object.entries(counts)
          .map(([status, count]) => `${count} ${status}`)
          .join(', ') +
        '.',
      partial.length > 0 &&
        `Partial: not everything could be read. Lines that need the missing data are never “fits”. Missing: ${listWithin(partial, 400)}.`,
      skipped.length > 0 && `Skipped rows: ${listWithin(skipped.map(aboutSkipped), 400)}.`,
    );
    if (rows_of !== undefined) return createReport([...about, ...readyRows(rows, rows_of)]);
    const below = linesOf(
      unmatched.length > 0 &&
        `Dated within the statement, but in no line (${unmatched.length}): ${listWithin(unmatched.map(unmatchedText), 1500)}.`,
    );
    return createReport(
      [...about, ...shownLines(lines, TEXT_CAP - bytesOf([...about, ...below])), ...below],
      [
        rows.length > 0 && {
          say: 'once the user agrees, record_customer_payments takes the `rows` of the lines that fit',
          tool: 'record_customer_payments',
        },
        rows.length > 0 &&
          account === undefined && {
            say: 'these rows name no deposit account, because the call has no `account`: Zoho would use Undeposited Funds',
          },
        rows.length > 0 && { say: 'the same call with rows_of shows the rows of these lines', tool: 'match_statement' },
        counts.likely > 0 && { say: 'ask the user about the likely lines: never pick a candidate yourself' },
      ],
    );
  },
});

/** A line as it was read, with its match. */
type ShownLine = StatementLine & MatchedLine;

type Result = {
  readonly lines: ShownLine[];
  readonly counts: Readonly<Record<MatchedLine['status'], number>>;
  /** The lines that fit, as arguments of record_customer_payment. */
  readonly rows: ReadyRow[];
  readonly unmatched: readonly ShownRecord[];
  readonly skipped?: readonly SkippedRow[];
  /** What could not be read. */
  readonly partial?: readonly string[];
  readonly account?: SeenAccount;
};

async function linesGiven({ lines, csv, columns, date_format, decimal }: Given) {
  if ((lines === undefined) === (csv === undefined))
    throw new InputError(
      `${lines === undefined ? 'Neither' : 'Both'} \`lines\` ${lines === undefined ? 'nor' : 'and'} \`csv\` ${lines === undefined ? 'is' : 'are'} given.`,
      {
        code: 'invalid_arguments',
        next: 'Call again with one of them.',
      },
    );
  if (csv === undefined) return { lines: (lines ?? []).map((line, i): StatementLine => ({ line: i + 1, ...line })), skipped: [] };
  const read = await statementLines(csv, {
    columns: columns === undefined ? undefined : columnMap(columns, statementRoles),
    date_format,
    decimal,
  });
  if (read.lines.length <= MOST_LINES) return read;
  throw new InputError(`The statement has ${read.lines.length} lines, and one call takes at most ${MOST_LINES}.`, {
    code: 'invalid_arguments',
    next: 'Split the statement by days, and call again for each part.',
  });
}

async function currencyOf({ account_id }: SeenAccount, zoho: Reader): Promise<string | undefined> {
  const { bankaccounts = [] } = (await ifServed(zoho.recent.read(allBankAccounts, {}))) ?? {};
  return bankaccounts.find((one) => one.account_id === account_id)?.currency_code;
}

/** The arguments of record_customer_payment, with the number of the line. */
type ReadyRow = {
  readonly line: number;
  readonly customer: string | undefined;
  readonly amount: number;
  readonly date: string;
  readonly payment_mode: 'check' | 'banktransfer';
  readonly invoices: readonly { readonly invoice: string; readonly amount: number }[];
  readonly currency?: string;
  readonly account?: string;
  readonly reference_number?: string;
};

const MOST_REFERENCE = 50;

function readyRow(
  { line, amount, date, text, reference, currency, customer_id, invoices = [] }: ShownLine,
  account: SeenAccount | undefined,
): ReadyRow {
  const isCheque = /\b(?:check|cheque|chq|scheck)\b/i.test(`${text} ${reference}`);
  return {
    line,
    customer: customer_id,
    amount,
    date,
    payment_mode: isCheque ? 'check' : 'banktransfer',
    invoices: invoices.map((one) => ({ invoice: one.invoice_id, amount: one.amount })),
    ...(currency !== undefined && { currency }),
    ...(account && { account: account.account_id }),
    ...(reference !== undefined && reference.length <= MOST_REFERENCE && { reference_number: reference }),
  };
}

const shownRecord = ({ payment_id, refund_id, customer_id, customer_name, date, amount, currency_code }: BookRecord) => ({
  payment_id,
  ...(refund_id !== undefined && { refund_id }),
  customer_id,
  customer_name,
  date,
  amount,
  currency_code,
});
type ShownRecord = ReturnType<typeof shownRecord>;

const unmatchedText = ({ payment_id, refund_id, customer_name, customer_id, date, amount, currency_code }: ShownRecord): string =>
  `${refund_id === undefined ? `payment (id ${idText(payment_id)})` : `refund (id ${idText(refund_id)})`} ` +
  `${date} ${inCurrency(amount, currency_code)} of ${recordNameAndId('customer', customer_name, customer_id, 30)}`;

/** The requested rows as JSON, as many as fit into the answer. */
function readyRows(rows: readonly ReadyRow[], asked: readonly number[]): string[] {
  const wanted = rows.filter(({ line }) => asked.includes(line));
  const shown = fittingRows(wanted, asJson);
  const without = asked.filter((line) => !rows.some((row) => row.line === line));
  return linesOf(
    shown.length > 0 && 'Ready rows, one JSON object each:',
    ...shown.map((row) => asJson(row)),
    shown.length < wanted.length &&
      `No room for lines ${wanted
        .slice(shown.length)
        .map(({ line }) => line)
        .join(', ')}: ask for them with another call.`,
    without.length > 0 && `Only lines that fit have a ready row, so these have none: ${listWithin(without.map(String), 200)}.`,
  );
}

const bytesOf = (lines: readonly string[]): number => lines.reduce((bytes, one) => bytes + Buffer.byteLength(one) + 1, 0);

/** One text for each line, as long as the answer allows. All lines are shortened in the same way. */
function shownLines(lines: readonly ShownLine[], room: number): string[] {
  const levels = [wholeText, shortText(40), shortText(24), shortText(12), shortText(0)];
  const texts = levels.map((say) => lines.map(say));
  return texts.find((some) => bytesOf(some) <= room) ?? texts.at(-1) ?? [];
}

const saysOf = ({ name, text, reference }: StatementLine): string => [name, text, reference].filter(Boolean).join(' ');

function wholeText(line: ShownLine): string {
  const { candidates = [] } = line;
  const says = saysOf(line);
  return [
    `${line.line} | ${line.date} ${inAmount(line)}${says === '' ? '' : ` ${quoted(says, 80)}`}`,
    [line.status, targetOf(line)].filter(Boolean).join(': '),
    ...(candidates.length === 0 ? [line.reason] : candidates.map((one) => [targetOf(one), one.reason].filter(Boolean).join(', '))),
  ].join(' | ');
}

/** The line with at most this many characters of each text. */
const shortText =
  (most: number) =>
  (line: ShownLine): string => {
    const [first] = line.candidates ?? [];
    const says = firstLetters(saysOf(line), most);
    return [
      `${line.line} | ${inAmount(line)}${says === '' ? '' : ` ${says}`}`,
      [line.status, shortTarget(first ?? line, most)].filter(Boolean).join(': '),
    ].join(' | ');
  };

/** The beginning of the text, quoted. A cut text is shown without its length. */
function firstLetters(text: string, most: number): string {
  const letters = [...text];
  return text === '' || most === 0 ? '' : quoted(letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text, most);
}

const inAmount = ({ amount, currency }: StatementLine): string => (currency === undefined ? String(amount) : inCurrency(amount, currency));

/** `payment (id …) of "Acme Corp" (id …)`. */
function targetOf({ payment_id, refund_id, customer_id, customer_name, invoices }: Candidate): string {
  const record =
    refund_id !== undefined ? `refund (id ${idText(refund_id)})` : payment_id !== undefined ? `payment (id ${idText(payment_id)})` : '';
  const customer =
    customer_id === undefined && customer_name === undefined ? '' : recordNameAndId('customer', customer_name, customer_id, 40);
  return [record, customer, invoices && listWithin(invoices.map(invoiceText), 300)].filter(Boolean).join(', ');
}

const invoiceText = ({ invoice_number, invoice_id, amount }: AppliedAmount): string =>
  `${plain(invoice_number)} (id ${idText(invoice_id)}) ${amount}`;

function shortTarget({ payment_id, refund_id, customer_name, invoices = [] }: Candidate, most: number): string {
  if (refund_id !== undefined) return `refund ${idText(refund_id)}`;
  if (payment_id !== undefined) return `payment ${idText(payment_id)}`;
  const [first, ...others] = invoices;
  if (first !== undefined) return `${plain(first.invoice_number, 20)}${others.length > 0 ? ` and ${others.length} more` : ''}`;
  return firstLetters(customer_name ?? '', most);
}
