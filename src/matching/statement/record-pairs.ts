import { subtract } from '../../money.ts';
import { bareReference } from '../../records/same-reference.ts';
import { money } from '../../records/text.ts';
import { daysFrom } from '../date-range.ts';
import { cheapestMatches, type Possible } from './assignment.ts';
import { amountKey, grouped, isEqualLine, sameCurrency, type BookRecord, type StatementBooks, type ReadLine } from './books.ts';
import { nameLevels } from './names-in-text.ts';

/** Compares the lines of a statement with recorded payments and refunds, and decides which matches are sure. */

/** A line and a record that may be the same money. `line` and `record` are indices. */
export interface RecordPair extends Possible {
  readonly days: number;
  /** The evidence beside the amount: a reference or invoice number, the name of one customer, or nothing. */
  readonly by: 'number' | 'name' | 'nothing';
  /** True if name or number, date and account fit. Another pair may fit as well. */
  readonly fits: boolean;
  /** The same, or the payment was recorded longer before the line than dates may differ. */
  readonly mayFit: boolean;
  /** The same, or the name in the text may be the beginning of the customer's. */
  readonly isRival: boolean;
  readonly reason: string;
}

/** The cost of a line without a record. It is low enough that a line does not take a record from another line that fits it. */
const UNMATCHED = 1200;
const LIKELY = 1000;
/** A payment may be recorded this many days before the bank shows it. Then the match is only likely, and the line is not a new payment. */
export const MOST_DAYS_BY_NAME = 20;
/** A reference in the text finds a payment of the same amount whose date differs by up to this many days. */
const MOST_DAYS_BY_NUMBER = 45;

export interface RecordMatches {
  /** The pairs of each line, the best first. */
  readonly pairs: readonly (readonly RecordPair[])[];
  /** The best match of each line. */
  readonly chosen: readonly (RecordPair | undefined)[];
  /** Whether the chosen pair is sure: it fits, and no other fits as well. */
  readonly isSure: (line: number) => boolean;
}

export function recordMatches(lines: readonly ReadLine[], books: StatementBooks, days: number): RecordMatches {
  const { records } = books;
  const byAmount = grouped(records, (record) => `${record.refund_id === undefined} ${amountKey(record.amount)}`);
  const byCustomer = grouped(records, (record) => record.customer_id);
  const pairs = lines.map((line, i) => {
    const same = byAmount.get(`${line.line.amount > 0} ${amountKey(line.line.amount)}`) ?? [];
    const theirs = line.names.top >= nameLevels.cut ? line.names.best.flatMap((id) => byCustomer.get(id) ?? []) : [];
    return [
      ...same.flatMap((record) => pairOf(line, i, books, record, days) ?? []),
      ...theirs.flatMap((record) => shortPair(line, i, records[record]!, record, days) ?? []),
    ].toSorted((a, b) => a.cost - b.cost || a.record - b.record);
  });
  const matches = cheapestMatches(pairs.flat(), UNMATCHED);
  const chosen = pairs.map((some, i) => some.find(({ record }) => record === matches.get(i)));
  const unsure = unsureLines(lines, records, pairs, chosen);
  return { pairs, chosen, isSure: (line) => chosen[line]?.fits === true && !unsure.has(line) };
}

/** A pair with the same amount. Undefined if the line names somebody else, or the dates are too far apart. */
function pairOf(
  { line: { date, currency }, names, numbers }: ReadLine,
  line: number,
  books: StatementBooks,
  at: number,
  most: number,
): RecordPair | undefined {
  const record = books.records[at]!;
  const { customer_id, invoice_numbers } = record;
  const days = Math.abs(daysFrom(date, record.date));
  if (days > MOST_DAYS_BY_NUMBER || !sameCurrency(currency, record.currency_code)) return undefined;
  const level = names.level(customer_id);
  const isTop = level === names.top;
  const certainties = new Set(invoice_numbers.map((number) => numbers.invoice(number)));
  const hasReference = numbers.reference(record.reference_number);
  const isNumbered =
    hasReference ||
    certainties.has('exact') ||
    certainties.has('sure') ||
    (certainties.has('long') && (level > 0 || !names.hasOtherWords)) ||
    (certainties.has('bare') && isTop && level > 0);
  const isNamed = isTop && level >= nameLevels.alike && names.best.length === 1;
  // The text may be the beginning of this customer's name, or of several names.
  const mayBeNamed = (isTop && level >= nameLevels.longer) || names.cut.includes(customer_id ?? '');
  if (days > most && !isNumbered && !(isNamed && days <= MOST_DAYS_BY_NAME)) return undefined;
  // The line names somebody else.
  if (!isNumbered && !mayBeNamed && (names.isAnother(customer_id) || (names.top >= nameLevels.cut && !isTop))) return undefined;
  const by = isNumbered ? 'number' : mayBeNamed ? 'name' : 'nothing';
  const isOther =
    (invoice_numbers.length > 0 && numbers.otherInvoice(invoice_numbers) === 'other') ||
    (!hasReference && isOtherCheque(record, numbers.cheque));
  const isPlausible = (isNumbered || isNamed) && isTop && !names.isAnother(customer_id) && !isOther && record.account !== 'another';
  const fits = isPlausible && days <= most && books.isComplete(date);
  const mayFit = fits || (isPlausible && record.date < date);
  const isRival = mayFit || (mayBeNamed && !isOther && record.account !== 'another' && days <= most);
  const parts = [
    'same amount',
    days === 0 ? 'same day' : `${days} day${days === 1 ? '' : 's'} apart`,
    hasReference ? 'same reference' : isNumbered && 'same invoice number',
    level >= nameLevels.core
      ? 'same name'
      : level >= nameLevels.alike
        ? 'similar name'
        : level === 0 && !isNumbered && 'no name to compare',
    isOther && 'other number',
    mayBeNamed && !isTop ? 'the name may be cut' : names.isAnother(customer_id) && 'another name',
    level === nameLevels.longer && 'the name goes on',
    record.account === 'another' ? 'in another account' : record.account === 'undeposited' && 'in Undeposited Funds',
  ];
  const far = Math.min(100, (100 * days * days) / Math.max(1, most * most));
  // Of equal lines, the first takes the record.
  const cost = (fits ? 0 : LIKELY) + (isNumbered ? 0 : 40) + 10 * (nameLevels.full - level) + (isOther ? 40 : 0) + far + line / 1e6;
  return { line, record: at, cost, days, by, fits, mayFit, isRival, reason: parts.filter(Boolean).join(', ') };
}

/** Each cheque is a payment of its own. */
const isOtherCheque = ({ payment_mode, reference_number }: BookRecord, cheque: string | undefined): boolean =>
  cheque !== undefined &&
  payment_mode === 'check' &&
  /^\d+$/.test(bareReference(reference_number)) &&
  bareReference(reference_number) !== cheque;

/** A pair with a payment of somewhat more, because the bank may have kept a fee, or of the same amount in the base currency. */
function shortPair(
  { line: { date, amount, currency }, names }: ReadLine,
  line: number,
  record: BookRecord,
  at: number,
  most: number,
): RecordPair | undefined {
  const days = Math.abs(daysFrom(date, record.date));
  const isKind = amount > 0 === (record.refund_id === undefined);
  if (days > most || !isKind || names.isAnother(record.customer_id)) return undefined;
  const less = subtract(record.amount, Math.abs(amount));
  const isConverted = !sameCurrency(currency, record.currency_code) && record.base_amount === Math.abs(amount);
  if (!isConverted && !(sameCurrency(currency, record.currency_code) && isFee(less, record.amount))) return undefined;
  const reason = isConverted ? 'same amount in the base currency' : `${money(less, record)} less than the payment: a bank fee?`;
  return { line, record: at, cost: LIKELY + 100 + days, days, by: 'name', fits: false, mayFit: false, isRival: false, reason };
}

/** True if the difference may be a bank fee. */
export const isFee = (less: number, of: number): boolean => less > 0 && less <= 60 && less <= Math.max(of / 20, Math.min(30, of / 5));

/**
 * Lines whose match is not the only one: a record is free that fits as well, or a line without a match fits the record as well; or one of
 * these could take the record of another such line. Lines that take each other's records in turn are sure all the same: all of them are
 * recorded. A record from before the statement that no line shows was on an earlier statement, unless the dates fit.
 */
function unsureLines(
  lines: readonly ReadLine[],
  records: readonly BookRecord[],
  pairs: readonly (readonly RecordPair[])[],
  chosen: readonly (RecordPair | undefined)[],
): ReadonlySet<number> {
  const sure = chosen.map((pair) => (pair?.fits ? pair : undefined));
  const taken = new Map(sure.flatMap((pair) => (pair === undefined ? [] : [[pair.record, pair] as const])));
  const rivals = pairs.map((some) => some.filter(({ isRival }) => isRival));
  const [first = ''] = lines.map(({ line }) => line.date).toSorted();
  const unsure = new Set<number>();
  const isAsGood = (other: RecordPair, than: RecordPair) => other.by === 'number' || than.by === 'name';
  for (const [i, some] of rivals.entries()) {
    const own = sure[i];
    for (const pair of some) {
      const rival = taken.get(pair.record);
      const isFree = rival === undefined && (pair.fits || records[pair.record]!.date >= first);
      if (own !== undefined && isFree && isAsGood(pair, own)) unsure.add(i);
      // If another line of the customer fits, the customer may have paid twice: then a number is not enough.
      const isContest = rival !== undefined && (pair.fits || (pair.mayFit && isAsGood(pair, rival)));
      if (own === undefined && isContest && !isEqualLine(lines[i]!, lines[rival.line]!)) unsure.add(rival.line);
    }
  }
  for (let before = -1; before !== unsure.size;) {
    before = unsure.size;
    for (const [i, own] of sure.entries()) {
      if (own === undefined || unsure.has(i)) continue;
      const mayTake = rivals[i]!.some((pair) => {
        const rival = taken.get(pair.record);
        return rival !== undefined && rival !== own && unsure.has(rival.line) && isAsGood(pair, own);
      });
      if (mayTake) unsure.add(i);
    }
  }
  return unsure;
}
