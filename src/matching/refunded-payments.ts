import { readAmount } from '../money.ts';
import type { WholePage } from '../reading/whole-lists.ts';
import { readDay } from '../records/read-row.ts';
import { daysAfter } from './date-range.ts';
import type { PaymentRow } from './payments.ts';

/** Payments with refunds, in the list of payments by their last change: a refund changes its payment. */

export const byLastChange = { sort_column: 'last_modified_time', sort_order: 'D' } as const;

/** False if there is none. If the list does not tell, there may be one. */
export function hasRefunds(row: PaymentRow): boolean {
  return readAmount(row['bcy_refunded_amount']) !== 0;
}

/** Whether the payments that follow changed even earlier. */
export function isByLastChange({ page_context }: WholePage): boolean {
  return page_context?.['sort_column'] === byLastChange.sort_column && page_context['sort_order'] === byLastChange.sort_order;
}

/** The day of the last change, in the organization's time zone. */
export function dayOfChange(row: PaymentRow | undefined): string | undefined {
  return readDay(row?.['last_modified_time']);
}

/** Somebody may have dated a refund ahead of the day they recorded it. */
const DATED_AHEAD_DAYS = 31;

/** The first day on which a refund of `date` may have been recorded. */
export const firstDayOfChange = (date: string): string => daysAfter(date, -DATED_AHEAD_DAYS);
