import type { Reader } from '../endpoint.ts';
import type { Json } from '../json.ts';
import { allRefunds, PER_PAGE, isCutShort, isLast } from './whole-lists.ts';

/** All refunds of one payment. */

const MOST_REFUND_PAGES = 50;

/** Reads all pages of a payment's refunds; a payment has few refunds. `all`: true if the last page was reached. */
export async function refundsOf(
  zoho: Reader,
  customer_payment_id: string,
): Promise<{ readonly rows: readonly Json[]; readonly all: boolean }> {
  const rows: Json[] = [];
  for (let page = 1; page <= MOST_REFUND_PAGES; page += 1) {
    const answer = await zoho.read(allRefunds, { customer_payment_id, page, per_page: PER_PAGE });
    rows.push(...answer.rows);
    if (isCutShort(answer)) break;
    if (isLast(answer)) return { rows, all: true };
  }
  return { rows, all: false };
}
