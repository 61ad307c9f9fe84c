import { daysFrom } from '../date-range.ts';
import { folded } from '../same-name.ts';
import type { StatementLine } from '../../statement/statement-lines.ts';
import {
  amountKey,
  grouped,
  isIssued,
  sameCurrency,
  type BookRecord,
  type StatementBooks,
  type Candidate,
  type MatchedLine,
  type ReadLine,
} from './books.ts';
import { invoiceMatches, type InvoiceMatch } from './invoice-matches.ts';
import { nameFinder } from './names-in-text.ts';
import { numberFinder } from './numbers-in-text.ts';
import { recordMatches, type RecordPair } from './record-pairs.ts';

/**
 * Matches the lines of a bank statement with the payments, refunds and open invoices of the books. A wrong match is worse than
 * none: if two records or two invoices fit equally, the line is only likely.
 */

export interface Matched {
  readonly lines: MatchedLine[];
  /**
   * Records between the first and the last day of the statement that no line shows: those of its account, and those in the lines'
   * currencies whose account is not known.
   */
  readonly unmatched: readonly BookRecord[];
}

const MOST_CANDIDATES = 3;

/** `days`: by how much the dates of a line and of its record may differ. */
export function matchLines(lines: readonly StatementLine[], books: StatementBooks, days: number): Matched {
  const [findNames, findNumbers] = [nameFinder(payersOf(books)), numberFinder()];
  const read = lines.map((line): ReadLine => {
    const texts = [line.name, line.text, line.reference].filter((text) => text !== undefined);
    return { line, names: findNames(texts), numbers: findNumbers(texts, line) };
  });
  const { pairs, chosen, isSure } = recordMatches(read, books, days);
  const openOf = grouped(books.invoices, ({ customer_id, balance }) => `${customer_id} ${amountKey(balance)}`);
  /** An open invoice of the same amount: the line may be its payment, and the one that is recorded another. */
  const isForInvoice = (i: number, { by, record }: RecordPair) => {
    const open = openOf.get(`${books.records[record]!.customer_id} ${amountKey(lines[i]!.amount)}`) ?? [];
    return by === 'name' && open.some((invoice) => isIssued(books.invoices[invoice]!, lines[i]!.date));
  };
  const recorded = new Set(chosen.flatMap((pair, i) => (pair !== undefined && isSure(i) && !isForInvoice(i, pair) ? [i] : [])));
  const taken = new Set([...recorded].map((i) => chosen[i]!.record));
  const invoices = invoiceMatches(
    read.filter(({ line }, i) => line.amount > 0 && !recorded.has(i)),
    books,
    new Set([...taken].map((record) => books.records[record]!.currency_code)),
  );
  const nearest = nearestRecordOf(books.records);
  const matched = read.map((one, i): MatchedLine => {
    const own = chosen[i];
    if (own !== undefined && recorded.has(i)) return { ...lineOf(one), status: 'recorded', ...ofRecord(books, own) };
    const left = pairs[i]!.filter(({ record }) => !taken.has(record));
    const { fits, candidates = [] }: Partial<InvoiceMatch> = invoices.get(one) ?? {};
    // If a recorded payment may be this line, the money is not for an invoice.
    const known = left.filter(({ by }) => by !== 'nothing');
    if (fits !== undefined && known.length === 0) return { ...lineOf(one), status: 'fits', ...fits };
    const sorted = own === undefined ? left : [own, ...left.filter((pair) => pair !== own)];
    // The line is called a possible advance only if nothing else is known.
    const possible = fits === undefined ? candidates : [fits, ...candidates];
    const isKnown = sorted.length > 0 || possible.some(({ invoices }) => invoices !== undefined);
    const others = possible.filter(({ invoices }) => !isKnown || invoices !== undefined);
    const all = [...sorted.map((pair) => ofRecord(books, pair)), ...others];
    const [first] = all;
    if (first !== undefined) {
      const reason = all.length > 1 ? 'several fit, or none is certain' : first.reason;
      return { ...lineOf(one), status: 'likely', candidates: all.slice(0, MOST_CANDIDATES), reason };
    }
    return { ...lineOf(one), status: 'unknown', reason: nearest(one.line) };
  });
  const shown = new Set(matched.flatMap(({ status }, i) => (status === 'recorded' || status === 'likely' ? [chosen[i]?.record] : [])));
  const dates = lines.map(({ date }) => date).toSorted();
  const currencies = new Set(lines.map(({ currency }) => currency));
  const isMissing = ({ date, account, currency_code }: BookRecord) =>
    date >= (dates[0] ?? '') &&
    date <= (dates.at(-1) ?? '') &&
    (account === 'this' || (account === 'unknown' && [...currencies].some((one) => sameCurrency(one, currency_code))));
  return { lines: matched, unmatched: books.records.filter((record, i) => isMissing(record) && !shown.has(i)) };
}

/** A vendor of the same name as a customer is the same company. */
function payersOf({ contacts }: StatementBooks) {
  const customers = new Set(contacts.filter(({ is_customer }) => is_customer).map(({ contact_name }) => folded(contact_name)));
  return contacts.filter(({ is_customer, contact_name }) => is_customer || !customers.has(folded(contact_name)));
}

const lineOf = ({ line }: ReadLine) => ({ line: line.line });

function ofRecord({ records }: StatementBooks, { record, reason }: RecordPair): Candidate {
  const { payment_id, refund_id, customer_id, customer_name } = records[record]!;
  return { payment_id, ...(refund_id !== undefined && { refund_id }), customer_id, customer_name, reason };
}

/** The reason for a line that nothing fits. It names the nearest record with the same amount, if there is one. */
function nearestRecordOf(records: readonly BookRecord[]): (line: StatementLine) => string {
  const byAmount = grouped(records, ({ refund_id, amount }) => `${refund_id === undefined} ${amountKey(amount)}`);
  return ({ amount, date }) => {
    const what = amount > 0 ? 'payment' : 'refund';
    const same = (byAmount.get(`${amount > 0} ${amountKey(amount)}`) ?? []).map((i) => Math.abs(daysFrom(date, records[i]!.date)));
    const [nearest] = same.toSorted((a, b) => a - b);
    if (nearest !== undefined)
      return `no name or number fits; the nearest ${what} of this amount is ${nearest === 1 ? '1 day' : `${nearest} days`} away`;
    return amount > 0 ? 'no customer, invoice or payment fits' : 'money out, and no refund of this amount';
  };
}
