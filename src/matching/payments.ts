import type { Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { allPayments, pagesOf } from '../reading/whole-lists.ts';
import { tidyNumber } from '../records/invoice-number.ts';
import { readDay, readId, readText } from '../records/read-row.ts';
import { quoted } from '../records/text.ts';
import { newestFirst } from './date-range.ts';

/** Reads payments from Zoho's list. */

export interface PaymentRow extends Json {
  /** Empty if Zoho gives no id. */
  readonly payment_id: string;
  readonly payment_number?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly date?: string | undefined;
  readonly payment_mode?: string | undefined;
  readonly reference_number?: string | undefined;
  readonly amount?: number | undefined;
  readonly unused_amount?: number | undefined;
}

/** Reads a row of the list. Converts each field that is compared to one type; the field is undefined if Zoho does not give it. */
export function asPayment(row: Json): PaymentRow {
  return {
    ...row,
    // Zoho sends `invoice_numbers`; its documentation says `invoice_number`.
    invoice_numbers: row['invoice_numbers'] ?? row['invoice_number'],
    payment_id: readId(row['payment_id']) ?? '',
    customer_id: readId(row['customer_id']),
    customer_name: readText(row['customer_name']),
    date: readDay(row['date']),
    amount: readAmount(row['amount']),
    unused_amount: readAmount(row['unused_amount']),
  };
}

/**
 * Returns a customer's payments, newest first. Zoho ignores filters that it does not know, so the customer of each row is checked too.
 * `ofNobody`: the number of rows without a customer.
 */
export async function paymentsOfCustomer(
  customer_id: string,
  zoho: Reader,
  goOn: (found: number) => boolean = () => true,
): Promise<{ readonly rows: PaymentRow[]; readonly ofNobody: number }> {
  const found: PaymentRow[] = [];
  let ofNobody = 0;
  for await (const { rows } of pagesOf(allPayments, { customer_id, sort_column: 'date', sort_order: 'D' }, zoho)) {
    const all = rows.map(asPayment);
    found.push(...all.filter((row) => row.customer_id === customer_id));
    ofNobody += all.filter((row) => row.customer_id === undefined).length;
    if (!goOn(found.length)) break;
  }
  return { rows: found.toSorted(newestFirst), ofNobody };
}

/** The number of pages of the newest payments that are searched for a payment number, because Zoho has no filter for it. */
const MOST_NEWEST_PAGES = 10;

/** The number without words and signs: `#491`, `Payment no. 491.` and `491` all give `491`. */
export const bareNumber = (typed: string): string =>
  tidyNumber(typed)
    .toLowerCase()
    .replace(/^payment(?![\p{L}\p{M}-])[\s:.#]*(?=.)/u, '')
    .replace(/^(?:no|nr|number)(?![\p{L}\p{M}\d-])[\s:.#]*(?=.)/u, '');

/** True if the payment has this number, in the form that `bareNumber` returns. */
export const isNumbered = ({ payment_number }: PaymentRow, number: string): boolean =>
  tidyNumber(String(payment_number ?? '')).toLowerCase() === number;

/** Returns the id of the payment with this number, such as `491` or `#491`. */
export async function paymentNumbered(typed: string, customer_id: string | undefined, zoho: Reader): Promise<string> {
  const number = bareNumber(typed);
  let pages = 0;
  for await (const { rows, last } of pagesOf(allPayments, { customer_id, sort_column: 'created_time', sort_order: 'D' }, zoho.recent)) {
    const found = rows
      .map(asPayment)
      .find((row) => isNumbered(row, number) && (customer_id === undefined || row.customer_id === customer_id));
    if (found !== undefined) return found.payment_id;
    pages += 1;
    if (last || pages >= MOST_NEWEST_PAGES) break;
  }
  const whose = customer_id === undefined ? '' : ' of this customer';
  const among = pages >= MOST_NEWEST_PAGES ? ' among the 2,000 newest' : '';
  throw new InputError(`No payment ${quoted(`#${number}`, 40)}${whose} was found${among}.`, {
    code: 'no_such_payment',
    next: { say: 'Search with find_payments by customer, amount or date.', tool: 'find_payments' },
  });
}
