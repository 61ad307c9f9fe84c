import type { Json, Reader } from '../endpoint.ts';
import { allPayments, pagesOf } from '../endpoints/whole-list.ts';
import { quoted } from '../endpoints/words.ts';
import { InputError } from '../errors.ts';
import { newestFirst } from './days.ts';
import { folded } from './same-name.ts';

/** Payments as the list shows them. */

export interface PaymentRow extends Json {
  readonly payment_id: string;
  readonly payment_number?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly date?: string | undefined;
  readonly payment_mode?: string | undefined;
  readonly reference_number?: string | undefined;
  readonly amount: number;
  readonly unused_amount: number;
}

export function asPayment(row: Json): PaymentRow {
  const number = (value: unknown) => (Number.isFinite(Number(value ?? 0)) ? Number(value ?? 0) : 0);
  // `invoice_numbers` live, `invoice_number` in the documentation.
  return { ...row, invoice_numbers: row['invoice_numbers'] ?? row['invoice_number'], payment_id: String(row['payment_id']), amount: number(row['amount']), unused_amount: number(row['unused_amount']) };
}

/** A customer's payments, newest first. Zoho ignores filters it does not know, so whose they are is looked at too. */
export async function paymentsOfCustomer(customer_id: string, read: Reader['read'], goOn: (found: number) => boolean = () => true): Promise<PaymentRow[]> {
  const found: PaymentRow[] = [];
  for await (const { rows } of pagesOf(allPayments, { customer_id, sort_column: 'date', sort_order: 'D' }, read)) {
    found.push(...rows.map(asPayment).filter((row) => row.customer_id === customer_id));
    if (!goOn(found.length)) break;
  }
  return found.toSorted(newestFirst);
}

/** Zoho has no filter for payment numbers: so many of the newest are looked through. */
const MOST_PAGES = 10;

/** `#491`, `payment 491` and `491` are the same. */
export const bareNumber = (typed: string): string => folded(typed).replace(/^(payment\s*)?#?\s*/, '');

/** The id of the payment with this number, such as `491` or `#491`. */
export async function paymentNumbered(typed: string, customer_id: string | undefined, zoho: Reader): Promise<string> {
  const number = bareNumber(typed);
  let pages = 0;
  for await (const { rows, last } of pagesOf(allPayments, { customer_id, sort_column: 'created_time', sort_order: 'D' }, zoho.recent)) {
    const found = rows.map(asPayment).find((row) => folded(row.payment_number) === number && (customer_id === undefined || row.customer_id === customer_id));
    if (found !== undefined) return found.payment_id;
    pages += 1;
    if (last || pages >= MOST_PAGES) break;
  }
  throw new InputError(`No payment ${quoted(`#${number}`, 40)}${customer_id === undefined ? '' : ' of this customer'} was found${pages >= MOST_PAGES ? ' among the 2,000 newest' : ''}.`, {
    code: 'no_such_payment',
    next: 'Look with find_payments, by customer, amount or date.',
  });
}
