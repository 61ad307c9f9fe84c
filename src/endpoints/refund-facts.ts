import { concern } from '../concern.ts';
import { UNKNOWN_CURRENCY, type Facts, type Reader } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { sum } from '../money.ts';
import { existingRefunds, refundsAlike, refundsOf, refundsPage, type Existing, type Likeness } from './alike.ts';
import { readAmount, readId } from './read-row.ts';
import { checkAccount, checkDate } from './checks.ts';
import { checkExchangeRate } from './exchange-rate.ts';
import type { Payment, Refund } from './fields.ts';
import { allBankAccounts } from './list-bank-accounts.ts';
import { checkDecimals } from './shape.ts';
import { allRefunds } from './whole-list.ts';
import { aboutPayment, money, quoted } from './words.ts';

/** What giving money back would do. */

interface Given {
  readonly amount: number;
  readonly date: string;
  readonly from_account_id: string;
  readonly refund_mode?: string | undefined;
  readonly reference_number?: string | undefined;
  readonly exchange_rate?: number | undefined;
  readonly description?: string | undefined;
}

const GIVES_BACK = concern('refund', 'it gives money back');

/** What a refund's text says of its payment, kept with the write: a refund tells neither its currency nor whose it is. */
export function ofPayment({ payment_number, customer_name, currency_code, price_precision }: Payment): Payment {
  return { payment_number, customer_name, currency_code, price_precision };
}

/** What it reads besides the payment. */
export const refundReads = (payment_id: string) =>
  [
    [allRefunds, refundsPage(payment_id)],
    [allBankAccounts, {}],
  ] as const;

/** `earlier`: the refund as it stands, when it is changed instead of made. */
export async function refundFacts(
  payment: Payment,
  given: Given,
  zoho: Reader,
  earlier?: Refund,
): Promise<Omit<Facts, 'title' | 'before'> & { readonly existing: Existing }> {
  const { amount, date, from_account_id, refund_mode, reference_number } = given;
  const notes = { lines: [] as string[], not_checked: [] as string[] };
  checkDecimals({ amount }, payment);
  // Not every documented shape tells what is unused; then Zoho alone can judge.
  const given_back = earlier === undefined ? 0 : earlier.amount;
  const refundable = payment.unused_amount === undefined || given_back === undefined ? undefined : sum([payment.unused_amount, given_back]);
  if (refundable === undefined) notes.not_checked.push('how much can be refunded: Zoho does not tell');
  else if (amount > refundable) throw overRefund(amount, refundable, payment);
  await checkDate(date, zoho, notes);
  const refunds = await refundsOf(zoho, String(payment.payment_id));
  const mode = refund_mode === undefined ? '' : `, mode: ${quoted(refund_mode, 50)}`;
  const reference = reference_number === undefined ? '' : `, reference: ${quoted(reference_number, 50)}`;
  notes.lines.push(
    `Out of ${aboutPayment(payment)}`,
    ...(refundable === undefined
      ? []
      : [`Refundable: ${money(refundable, payment)}; left unused afterwards: ${money(sum([refundable, -amount]), payment)}`]),
    `Date: ${date}${mode}${reference}`,
  );
  const rate = await checkExchangeRate(
    given.exchange_rate,
    {
      currency_code: payment.currency_code,
      amount,
      standing: [{ rate: payment['exchange_rate'], of: 'of the payment' }],
      ...(earlier === undefined && { ifMissing: 'is 1' }),
    },
    zoho,
    notes,
  );
  if (given.description !== undefined) notes.lines.push(`Description: ${quoted(given.description, 200)}`);
  // As documented, a refund that is changed does not tell its account.
  if (from_account_id === '') notes.not_checked.push('the account it came from: Zoho does not tell');
  else await checkAccount('from_account_id', from_account_id, payment, zoho, notes);
  const wanted = { amount, date, reference_number: reference_number ?? earlier?.reference_number };
  const more = Math.max(0, sum([amount, -(earlier?.amount ?? 0)]));
  const likeness = newLikeness(refunds, wanted, payment, earlier);
  notes.not_checked.push(...likeness.not_checked);
  return {
    ...notes,
    ask: [GIVES_BACK],
    alike: likeness.alike,
    ...(more > 0 && {
      money: {
        kind: 'refund' as const,
        currency: payment.currency_code ?? UNKNOWN_CURRENCY,
        amount,
        adds: more,
        customer_id: payment.customer_id,
      },
    }),
    rate,
    customer_id: payment.customer_id,
    uses: { from_account_id, date },
    blocks: [`payment:${payment.payment_id}`],
    existing: existingRefunds(refunds),
  };
}

function overRefund(amount: number, refundable: number, payment: Payment): RefusedError {
  const rows = (payment.invoices ?? []).map((row) => row.amount_applied);
  const applied = rows.every((amount) => amount !== undefined) ? sum(rows) : undefined;
  const explained =
    applied === undefined || applied > 0
      ? ` ${money(applied, payment)} of it is applied to invoices and must be un-applied before it can be refunded.`
      : '';
  return new RefusedError(
    `${money(amount, payment)} is more than the ${money(refundable, payment)} that can be refunded of this payment.${explained}`,
    {
      code: 'more_than_refundable',
      next:
        refundable > 0
          ? `Ask the user for an amount up to ${money(refundable, payment)}.`
          : 'Tell the user that nothing of this payment can be refunded as it stands.',
    },
  );
}

/** Refunds that look like this one; of a change only those that the refund did not look like before. */
function newLikeness(
  { rows, all }: Awaited<ReturnType<typeof refundsOf>>,
  wanted: Parameters<typeof refundsAlike>[1],
  payment: Payment,
  earlier: Refund | undefined,
): Likeness {
  const others = {
    rows: rows.filter((row) => earlier === undefined || readId(row['payment_refund_id']) !== earlier.payment_refund_id),
    all,
  };
  const inBase = readAmount(payment['exchange_rate'] ?? 1) === 1;
  const now = refundsAlike(others, wanted, inBase);
  const { amount, date, reference_number } = earlier ?? {};
  if (amount === undefined || date === undefined) return now;
  if (amount === wanted.amount && date === wanted.date && reference_number === wanted.reference_number)
    return { alike: [], not_checked: [] };
  const before = new Set(refundsAlike(others, { amount, date, reference_number }, inBase).alike.map(({ id }) => id));
  return { ...now, alike: now.alike.filter(({ id }) => !before.has(id)) };
}
