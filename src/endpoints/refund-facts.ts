import { UNKNOWN_CURRENCY, type Facts, type Reader } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { sum } from '../money.ts';
import { refundsAlike, refundsOf, refundsPage } from './alike.ts';
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

export const GIVES_BACK = 'it gives money back';

/** What a refund's text says of its payment, kept with the write: a refund tells neither its currency nor whose it is. */
export function ofPayment({ payment_number, customer_name, currency_code, price_precision }: Payment): Payment {
  return { payment_number, customer_name, currency_code, price_precision };
}

/** What it reads besides the payment. */
export const refundReads = (payment_id: string) => [[allRefunds, refundsPage(payment_id)], [allBankAccounts, {}]] as const;

/** `earlier`: the refund as it stands, when it is changed instead of made. */
export async function refundFacts(payment: Payment, given: Given, zoho: Reader, earlier?: Refund): Promise<Omit<Facts, 'title' | 'before'> & { readonly existing: readonly string[] }> {
  const { amount, date, from_account_id, refund_mode, reference_number } = given;
  const notes = { lines: [] as string[], not_checked: [] as string[] };
  checkDecimals({ amount }, payment);
  // Not every documented shape tells what is unused; then Zoho alone can judge.
  const refundable = payment.unused_amount === undefined ? undefined : sum([payment.unused_amount, earlier?.amount ?? 0]);
  if (refundable === undefined) notes.not_checked.push('how much can be refunded: Zoho does not tell');
  else if (amount > refundable) throw overRefund(amount, refundable, payment);
  await checkDate(date, zoho, notes);
  const rows = await refundsOf(zoho, String(payment.payment_id));
  notes.lines.push(
    `Out of ${aboutPayment(payment)}`,
    ...(refundable === undefined ? [] : [`Refundable: ${money(refundable, payment)}; left unused afterwards: ${money(sum([refundable, -amount]), payment)}`]),
    `Date: ${date}${refund_mode === undefined ? '' : `, mode: ${quoted(refund_mode, 50)}`}${reference_number === undefined ? '' : `, reference: ${quoted(reference_number, 50)}`}`,
  );
  const rate = await checkExchangeRate(
    given.exchange_rate,
    {
      currency_code: payment.currency_code,
      amount,
      standing: [{ rate: earlier?.['exchange_rate'], of: 'on the refund now' }, { rate: payment['exchange_rate'], of: 'of the payment' }],
      ...(earlier === undefined && { ifMissing: 'is 1' }),
    },
    zoho,
    notes,
  );
  if (given.description !== undefined) notes.lines.push(`Description: ${quoted(given.description, 200)}`);
  // As documented, a refund that is changed does not tell its account.
  if (from_account_id === '') notes.not_checked.push('the account it came from: Zoho does not tell');
  else await checkAccount('from_account_id', from_account_id, payment, zoho, notes);
  return {
    ...notes,
    ask: [GIVES_BACK],
    alike: refundsAlike(rows.filter((row) => row['payment_refund_id'] !== earlier?.payment_refund_id), { amount, date, reference_number }),
    money: { kind: 'refund', currency: payment.currency_code ?? UNKNOWN_CURRENCY, amount: earlier === undefined ? amount : Math.max(0, sum([amount, -(earlier.amount ?? 0)])) },
    rate,
    customer_id: payment.customer_id,
    uses: { from_account_id, date },
    blocks: [`payment:${payment.payment_id}`],
    existing: rows.map((row) => String(row['payment_refund_id'])),
  };
}

function overRefund(amount: number, refundable: number, payment: Payment): RefusedError {
  const applied = sum((payment.invoices ?? []).map((row) => row.amount_applied ?? 0));
  const explained = applied > 0 ? ` ${money(applied, payment)} of it is applied to invoices and must be un-applied with update_customer_payment before it can be refunded.` : '';
  return new RefusedError(`${money(amount, payment)} is more than the ${money(refundable, payment)} that can be refunded of this payment.${explained}`, {
    code: 'more_than_refundable',
    next: refundable > 0 ? `Ask the user for an amount up to ${money(refundable, payment)}.` : 'Tell the user that nothing of this payment can be refunded as it stands.',
  });
}
