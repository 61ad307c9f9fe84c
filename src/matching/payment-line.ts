import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { money, plain, quoted, idText } from '../records/text.ts';
import { only, withoutEmpty } from '../records/zoho-shapes.ts';
import { inCurrency } from './currencies.ts';
import type { PaidInvoice } from './invoices-of-payments.ts';
import type { PaymentRow } from './payments.ts';

/** A payment from a list in the form that workflows show, without empty fields. */

export interface ShownPayment extends Json {
  readonly payment_id?: string;
  readonly customer_id?: string | undefined;
  readonly currency_code?: string | undefined;
  readonly amount?: number | undefined;
  /** The invoices with their ids, which `invoice_numbers` does not have. Omitted if no id is known. */
  readonly invoices?: readonly PaidInvoice[] | undefined;
  /** Names of the amounts that Zoho does not give. An amount that is not in this list and not shown is 0. */
  readonly not_told?: readonly string[];
}

const fields = [
  'payment_id',
  'payment_number',
  'date',
  'customer_id',
  'customer_name',
  'amount',
  'payment_mode',
  'reference_number',
  'invoice_numbers',
] as const;

export function shownPayment(row: PaymentRow, currency_code: string | undefined): ShownPayment {
  const { bcy_refunded_amount } = row;
  const refunded = readAmount(bcy_refunded_amount);
  const not_told = [
    row.amount === undefined && 'amount',
    row.unused_amount === undefined && 'unused_amount',
    refunded === undefined && bcy_refunded_amount !== undefined && 'bcy_refunded_amount',
  ].filter((name) => name !== false);
  return withoutEmpty({
    ...only(row, fields),
    currency_code,
    unused_amount: row.unused_amount || undefined,
    bcy_refunded_amount: refunded || undefined,
    refunded_in_full: isRefundedInFull(row) || undefined,
    not_told,
  });
}

/** True if the whole payment was refunded: nothing is applied to an invoice or left as credit. */
export function isRefundedInFull(row: PaymentRow): boolean {
  // The amounts cannot be compared: each amount is converted to the base currency at the rate of its own day.
  return (readAmount(row['bcy_refunded_amount']) ?? 0) > 0 && row.unused_amount === 0 && row['invoice_numbers'] === '';
}

/** `2026-06-18 | #491 (id …) | USD 600.00 | check | ref "4471" | INV-383 | unused USD 100.00`. */
export function paymentLine(payment: ShownPayment, base: string | undefined, ...more: readonly (string | false | undefined)[]): string {
  const { payment_id, currency_code, unused_amount: unused, bcy_refunded_amount: refunded, invoices, not_told = [] } = payment;
  const cell = (name: string, as: (value: unknown) => string) => payment[name] !== undefined && as(payment[name]);
  return [
    cell('date', plain),
    `${payment['payment_number'] === undefined ? 'payment' : `#${plain(payment['payment_number'])}`} (id ${idText(payment_id)})`,
    ...more,
    cell('payment_mode', plain),
    cell('reference_number', (reference) => `ref ${quoted(reference, 50)}`),
    invoices !== undefined && invoices.length <= MOST_WITH_IDS ? invoices.map(withItsId).join(', ') : cell('invoice_numbers', aboutNumbers),
    unused !== undefined && `unused ${inCurrency(unused, currency_code)}`,
    not_told.includes('unused_amount') && 'unused amount unknown',
    not_told.includes('bcy_refunded_amount') && 'refunded amount unknown',
    refunded !== undefined &&
      (payment['refunded_in_full'] === true
        ? 'refunded in full'
        : `refunded ${base === undefined ? `${money(refunded, {})} in base currency` : money(refunded, { currency_code: base })}`),
  ]
    .filter(Boolean)
    .join(' | ');
}

/** The most invoices that a line shows with ids. More of these long ids would hide the rest of the line. */
const MOST_WITH_IDS = 2;

const withItsId = ({ invoice_number, invoice_id }: PaidInvoice): string =>
  `${plain(invoice_number)}${invoice_id === undefined ? '' : ` (id ${idText(invoice_id)})`}`;

const MOST_NUMBERS = 5;

function aboutNumbers(numbers: unknown): string {
  const all = String(numbers).split(', ');
  return [
    ...all.slice(0, MOST_NUMBERS).map((number) => plain(number)),
    ...(all.length > MOST_NUMBERS ? [`and ${all.length - MOST_NUMBERS} more`] : []),
  ].join(', ');
}
