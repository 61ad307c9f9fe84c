import { readAmount } from '../money.ts';
import type { WholePage } from '../reading/whole-lists.ts';
import { readDay } from '../records/read-row.ts';
import { daysAfter } from './date-range.ts';
import type { PaymentRow } from './payments.ts';

/** Finds payments with refunds in the list of payments by last change. A refund changes its payment, so this order finds it. */

export const byLastChange = { sort_column: 'last_modified_time', sort_order: 'D' } as const;

/** True if the payment has refunds, or if the list does not show whether it has. */
export function hasRefunds(row: PaymentRow): boolean {
  return readAmount(row['bcy_refunded_amount']) !== 0;
}

/** True if Zoho confirms the sort order. Then all later rows were changed earlier than these. */
export function isByLastChange({ page_context }: WholePage): boolean {
  return page_context?.['sort_column'] === byLastChange.sort_column && page_context['sort_order'] === byLastChange.sort_order;
}

/** The day a payment was last changed. Zoho gives times in the organization's time zone. */
export function dayOfChange(row: PaymentRow | undefined): string | undefined {
  return readDay(row?.['last_modified_time']);
}

/** A refund may have a date that is up to this many days after the day on which it was recorded. */
const DATED_AHEAD_DAYS = 31;

/** The first day on which a refund with this date may have been recorded. */
export const firstDayOfChange = (date: string): string => daysAfter(date, -DATED_AHEAD_DAYS);
