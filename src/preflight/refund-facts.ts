import { concern } from '../concern.ts';
import { UNKNOWN_CURRENCY, type Facts, type Reader } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { sum, readAmount } from '../money.ts';
import { allInOrder } from '../reader.ts';
import type { refundsOf } from '../reading/refunds-of-payment.ts';
import { leftAfter, leftInWords, leftOf } from '../records/afterwards.ts';
import { aboutPayment } from '../records/describe.ts';
import type { Payment, Refund } from '../records/fields.ts';
import { readId } from '../records/read-row.ts';
import { money, quoted } from '../records/text.ts';
import { checkDecimals, checkAccount, checkDate, joinNotes, type BankAccounts } from './checks.ts';
import { checkExchangeRate } from './exchange-rate.ts';
import { existingRefunds, refundsAlike, type Existing, type Likeness } from './look-alikes.ts';

/** The preflight of refunds. */

interface RefundInput {
  readonly amount: number;
  readonly date: string;
  readonly from_account_id: string;
  readonly refund_mode?: string | undefined;
  readonly reference_number?: string | undefined;
  readonly exchange_rate?: number | undefined;
  readonly description?: string | undefined;
  readonly payment_form?: string | undefined;
}

const IS_REFUND = concern('refund', 'it is a refund');

/** The payment's fields for texts about its refund. The journal keeps these fields, because a refund has no currency and no customer. */
export function ofPayment({ payment_number, customer_name, currency_code, price_precision }: Payment): Payment {
  return { payment_number, customer_name, currency_code, price_precision };
}

/** The records that must be read before a refund is checked. */
interface RefundReads {
  readonly payment: Payment;
  readonly refunds: Awaited<ReturnType<typeof refundsOf>>;
  readonly accounts: BankAccounts;
  /** The refund before the change, if an existing refund is changed. */
  readonly earlier?: Refund;
}

interface RefundFacts extends Pick<Facts, 'policy' | 'duplicates'> {
  readonly question: Omit<Facts['question'], 'title'>;
  readonly lost: Omit<Facts['lost'], 'before'>;
  readonly existing: Existing;
  /** Name of the account that the refund is paid from. */
  readonly account_name: string | undefined;
}

/** The facts of a refund: its effect on the payment, and possible duplicates. */
export async function refundFacts(
  { payment, refunds, accounts, earlier }: RefundReads,
  given: RefundInput,
  zoho: Reader,
): Promise<RefundFacts> {
  const { amount, date, from_account_id, refund_mode, reference_number } = given;
  checkDecimals({ amount }, payment);
  // Not every documented answer shows the unused amount. If it is missing, only Zoho can refuse a refund that is too high.
  const given_back = earlier === undefined ? 0 : earlier.amount;
  const refundable = payment.unused_amount === undefined || given_back === undefined ? undefined : sum([payment.unused_amount, given_back]);
  if (refundable !== undefined && amount > refundable) throw overRefund(amount, refundable, payment);
  const [dated, rated, account] = await allInOrder([
    checkDate(date, zoho),
    checkExchangeRate(
      given.exchange_rate,
      {
        currency_code: payment.currency_code,
        amount,
        standing: [{ rate: payment['exchange_rate'], of: 'of the payment' }],
        ...(earlier === undefined && { ifMissing: 'is 1' }),
      },
      zoho,
    ),
    // The documented answer for a refund does not show its account.
    from_account_id === ''
      ? { not_checked: ['the account that pays the refund (Zoho does not show the account)'], name: undefined }
      : checkAccount('from_account_id', from_account_id, { accounts, currency: payment }, zoho),
  ]);
  const wanted = { amount, date, reference_number: reference_number ?? earlier?.reference_number };
  const more = sum([amount, -(earlier?.amount ?? 0)]);
  // The mode after the write, also if a change does not set the mode. A new refund always has a mode.
  const mode = refund_mode ?? earlier?.refund_mode;
  const reference = reference_number ?? earlier?.reference_number;
  const { refunded_amount } = leftAfter(leftOf(payment), given_back === undefined ? undefined : more);
  const { alike, ...likeness } = newRefundLikeness(refunds, wanted, payment, earlier);
  return {
    question: {
      ...joinNotes(
        refundable === undefined && { not_checked: ['how much can be refunded (Zoho does not show it)'] },
        dated,
        {
          lines: [
            `From ${aboutPayment(payment)}`,
            ...(refundable === undefined
              ? []
              : [
                  `Refundable: ${money(refundable, payment)}; ` +
                    `unused afterwards: ${leftInWords({ unused_amount: sum([refundable, -amount]), refunded_amount }, payment)}`,
                ]),
            [`Date: ${date}`, mode && `mode: ${quoted(mode, 50)}`, reference && `reference: ${quoted(reference, 50)}`]
              .filter(Boolean)
              .join(', '),
          ],
        },
        rated,
        given.description !== undefined && { lines: [`Description: ${quoted(given.description, 200)}`] },
        given.payment_form !== undefined && { lines: [`payment_form: ${quoted(given.payment_form, 100)}`] },
        account,
        likeness,
      ),
      ask: [IS_REFUND],
    },
    policy: {
      ...(more > 0 && {
        money: {
          kind: 'refund' as const,
          currency: payment.currency_code ?? UNKNOWN_CURRENCY,
          amount,
          adds: more,
          customer_id: payment.customer_id,
        },
      }),
      rate: rated.rate,
      customer_id: payment.customer_id,
      uses: { from_account_id, date },
    },
    duplicates: { alike },
    lost: { touches: { payments: [String(payment.payment_id)] } },
    existing: existingRefunds(refunds),
    account_name: account.name,
  };
}

function overRefund(amount: number, refundable: number, payment: Payment): RefusedError {
  const rows = (payment.invoices ?? []).map((row) => row.amount_applied);
  const applied = rows.every((amount) => amount !== undefined) ? sum(rows) : undefined;
  const isApplied = applied === undefined || applied > 0;
  const explained = isApplied
    ? ` ${money(applied, payment)} of it is applied to invoices and must be un-applied before it can be refunded.`
    : '';
  return new RefusedError(
    `${money(amount, payment)} is more than the ${money(refundable, payment)} that can be refunded from this payment.${explained}`,
    {
      code: 'more_than_refundable',
      next: [
        refundable > 0
          ? `Ask the user for an amount up to ${money(refundable, payment)}`
          : 'Tell the user that nothing can be refunded from this payment now',
        ...(isApplied ? [{ say: 'un-apply more first, with update_customer_payment', tool: 'update_customer_payment' }] : []),
      ],
    },
  );
}

/** Possible duplicates of the refund. For a change, excludes records that were possible duplicates even before the change. */
function newRefundLikeness(
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
  const { currency_code, price_precision } = payment;
  const now = refundsAlike(others, { ...wanted, currency: { currency_code, price_precision } }, inBase);
  const { amount, date, reference_number } = earlier ?? {};
  if (amount === undefined || date === undefined) return now;
  if (amount === wanted.amount && date === wanted.date && reference_number === wanted.reference_number)
    return { alike: [], not_checked: [] };
  const before = new Set(refundsAlike(others, { amount, date, reference_number }, inBase).alike.map(({ id }) => id));
  return { ...now, alike: now.alike.filter(({ id }) => !before.has(id)) };
}
