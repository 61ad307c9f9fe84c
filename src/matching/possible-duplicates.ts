import { bareReference } from '../records/same-reference.ts';
import { daysFrom } from './date-range.ts';
import { isRefundedInFull } from './payment-line.ts';
import type { PaymentRow } from './payments.ts';
import { folded } from './same-name.ts';

/** Finds possible duplicates: payments with the same customer and amount that also have nearby dates or the same reference number. */

/** From the most to the least likely duplicate. `settled`: at most one payment of the group is not refunded in full. */
export const likelihoods = ['very likely', 'likely', 'possible', 'less likely', 'settled'] as const;

export interface DuplicateGroup {
  readonly payments: readonly PaymentRow[];
  readonly likelihood: (typeof likelihoods)[number];
  readonly why: readonly string[];
}

/**
 * Groups possible duplicates. All `rows` have the same customer and amount. Only neighbours by date or by reference are compared, because
 * some customers pay the same amount a thousand times.
 */
export function duplicateGroups(rows: readonly PaymentRow[], nearDays: number): DuplicateGroup[] {
  const byDate = rows.toSorted((a, b) => compareText(a.date, b.date) || compareText(referenceOf(a), referenceOf(b)));
  const byReference = rows.toSorted((a, b) => compareText(referenceOf(a), referenceOf(b)) || compareText(a.date, b.date));
  const pairs = [...neighbours(byDate), ...neighbours(byReference)].filter(([a, b]) => daysApart(a, b) <= nearDays || sameReference(a, b));
  const groups = new Map(rows.map((row) => [row, { payments: [row], pairs: [] as Pair[] }]));
  for (const pair of pairs) {
    const one = groups.get(pair[0])!;
    const other = groups.get(pair[1])!;
    one.pairs.push(pair);
    if (one === other) continue;
    const [large, small] = one.payments.length < other.payments.length ? [other, one] : [one, other];
    large.payments.push(...small.payments);
    large.pairs.push(...small.pairs);
    for (const row of small.payments) groups.set(row, large);
  }
  const found = [...new Set(groups.values())].filter(({ payments }) => payments.length > 1);
  return found.map(({ payments, pairs }) =>
    judgedGroup(
      payments.toSorted(
        (a, b) =>
          compareText(a.date, b.date) || compareText(a['created_time'], b['created_time']) || compareText(a.payment_id, b.payment_id),
      ),
      pairs.map(([a, b]) => judgedPair(a, b, nearDays)),
    ),
  );
}

type Pair = readonly [PaymentRow, PaymentRow];

const neighbours = (rows: readonly PaymentRow[]) => rows.slice(1).map((row, i): Pair => [rows[i]!, row]);
const compareText = (a: unknown, b: unknown) => (String(a ?? '') === String(b ?? '') ? 0 : String(a ?? '') < String(b ?? '') ? -1 : 1);
const referenceOf = ({ reference_number }: PaymentRow) => bareReference(reference_number);
const sameReference = (a: PaymentRow, b: PaymentRow) => referenceOf(a) !== '' && referenceOf(a) === referenceOf(b);

function daysApart(a: PaymentRow, b: PaymentRow): number {
  return a.date === undefined || b.date === undefined ? Infinity : Math.abs(daysFrom(a.date, b.date));
}

/** Rates a group by its two most similar payments. */
function judgedGroup(
  payments: readonly PaymentRow[],
  pairs: readonly { readonly rank: number; readonly why: readonly string[] }[],
): DuplicateGroup {
  const { rank = 3, why = [] } = pairs.toSorted((a, b) => a.rank - b.rank)[0] ?? {};
  const kept = payments.filter((payment) => !isRefundedInFull(payment)).length;
  if (kept > 1) return { payments, likelihood: likelihoods[rank] ?? 'less likely', why };
  return { payments, likelihood: 'settled', why: [...why, kept === 0 ? 'all were refunded in full' : 'the others were refunded in full'] };
}

function judgedPair(a: PaymentRow, b: PaymentRow, nearDays: number): { readonly rank: number; readonly why: string[] } {
  const days = daysApart(a, b);
  const same = sameReference(a, b);
  const differ = !same && referenceOf(a) !== '' && referenceOf(b) !== '';
  const [mine, theirs] = [a, b].map((row) => String(row['invoice_numbers'] ?? ''));
  const otherInvoices = mine !== '' && theirs !== '' && mine !== theirs;
  const rank = (differ ? 3 : same ? (days <= nearDays ? 0 : 2) : days === 0 ? 1 : 2) + (otherInvoices ? 1 : 0);
  const why = [
    days === 0 ? 'same day' : `${days} day${days === 1 ? '' : 's'} apart`,
    same ? 'same reference' : differ ? 'different references' : 'a reference is missing',
    otherInvoices
      ? 'different invoices'
      : mine !== theirs
        ? 'one has no invoice'
        : mine === ''
          ? 'neither has an invoice'
          : 'same invoices',
    folded(a.payment_mode) !== folded(b.payment_mode) && 'different modes',
  ].filter((word) => word !== false);
  return { rank: Math.min(rank, 3), why };
}
