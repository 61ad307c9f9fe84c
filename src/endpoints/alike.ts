import type { Json, Reader } from '../endpoint.ts';
import { allPayments, allRefunds, isLast, PER_PAGE } from './whole-list.ts';
import { aboutRefund, money, plain, quoted, told } from './words.ts';

/** Records that are there already: their ids, to tell later what is new, and those that look like the one to be made. */

type Row = Json & { readonly payment_id?: string | undefined };

export interface Existing {
  /** The newest ids; every one when `all`. */
  readonly ids: readonly string[];
  readonly all: boolean;
  /** When the oldest of them was created: what is older and not among them is not new. */
  readonly since?: string | undefined;
}

export interface Alike {
  readonly id: string;
  readonly text: string;
}

const MOST_PAGES = 50;
const byCreation = { sort_column: 'created_time', sort_order: 'D', per_page: PER_PAGE };

/** The question for a page of a customer's payments, newest first. */
export const newestOf = (customer_id: string, page = 1) => ({ customer_id, page, ...byCreation });

/** A customer's payments, newest by created_time: pages until `known` shows, or until the end. */
export async function newestPayments(zoho: Reader, customer_id: string, known?: ReadonlySet<string>): Promise<{ readonly rows: readonly Row[]; readonly all: boolean }> {
  const rows: Row[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await zoho.read(allPayments, newestOf(customer_id, page));
    // Zoho ignores filters it does not know: whose payment it is is checked here too.
    const own = answer.rows.map((row): Row => ({ ...row, payment_id: String(row['payment_id']) })).filter((row) => row['customer_id'] === undefined || row['customer_id'] === customer_id);
    rows.push(...own);
    if (isLast(answer)) return { rows, all: true };
    // Only what Zoho confirms it sorted by tells that everything further back is older.
    const sorted = answer.page_context?.['sort_column'] === 'created_time' && answer.page_context['sort_order'] === 'D';
    const reached = known === undefined ? page === 1 : own.some((row) => known.has(String(row.payment_id)));
    if (sorted && reached) return { rows, all: false };
  }
  return { rows, all: false };
}

export function existing({ rows, all }: { readonly rows: readonly Row[]; readonly all: boolean }): Existing {
  const oldest = rows.at(-1)?.['created_time'];
  return { ids: rows.map((row) => String(row.payment_id)), all, ...(typeof oldest === 'string' && { since: oldest }) };
}

/** Payments of the customer that are not among those that existed. */
export async function paymentsSince(zoho: Reader, customer_id: string, { ids, all, since }: Existing): Promise<string[]> {
  const known = new Set(ids);
  const { rows } = await newestPayments(zoho, customer_id, known);
  const isNew = (row: Row) => all || since === undefined || Date.parse(String(row['created_time'])) > Date.parse(since);
  return rows.filter((row) => !known.has(String(row.payment_id)) && isNew(row)).map((row) => String(row.payment_id));
}

/** Same customer and amount, and the same date or reference number: whoever recorded it. */
export async function paymentsAlike(
  zoho: Reader,
  { customer_id, amount, date, reference_number }: { customer_id: string; amount: number; date: string; reference_number?: string | undefined },
  { rows, all }: { rows: readonly Row[]; all: boolean },
): Promise<Alike[]> {
  // Older payments than the newest page holds are found by their amount.
  const older = all ? [] : (await zoho.read(allPayments, { customer_id, amount, page: 1, ...byCreation })).rows.map((row): Row => ({ ...row, payment_id: String(row['payment_id']) }));
  const found = new Map([...rows, ...older].map((row) => [String(row.payment_id), row]));
  return [...found.values()]
    .filter((row) => row['customer_id'] === customer_id && Number(row['amount']) === amount)
    .filter((row) => row['date'] === date || (reference_number !== undefined && row['reference_number'] === reference_number))
    .map((row) => ({ id: String(row.payment_id), text: aboutRow(row) }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function aboutRow(row: Row): string {
  const reference = row['reference_number'] === undefined || row['reference_number'] === '' ? '' : `, reference ${quoted(row['reference_number'], 50)}`;
  return `payment #${plain(row['payment_number'] ?? '?')} (id ${told(row.payment_id)}) of ${money(row['amount'], {})}, ${plain(row['date'])}${reference}`;
}

export const refundsPage = (customer_payment_id: string, page = 1) => ({ customer_payment_id, page, per_page: PER_PAGE });

/** Refunds of a payment: pages to the end, since one payment has few. */
export async function refundsOf(zoho: Reader, customer_payment_id: string): Promise<Json[]> {
  const rows: Json[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await zoho.read(allRefunds, refundsPage(customer_payment_id, page));
    rows.push(...answer.rows.map((row) => ({ ...row, payment_refund_id: String(row['payment_refund_id']) })));
    if (isLast(answer)) return rows;
  }
  return rows;
}

export function refundsAlike(rows: readonly Json[], { amount, date, reference_number }: { amount: number; date: string; reference_number?: string | undefined }): Alike[] {
  return rows
    .filter((row) => (row['amount_fcy'] ?? row['amount_bcy']) === amount)
    .filter((row) => row['date'] === date || (reference_number !== undefined && row['reference_number'] === reference_number))
    .map((row) => ({ id: String(row['payment_refund_id']), text: aboutRefund({ ...row, amount: Number(row['amount_fcy'] ?? row['amount_bcy']) }) }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
