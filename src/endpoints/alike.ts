import * as z from 'zod';
import { defineRead, type Json, type Reader } from '../endpoint.ts';
import { BusyError } from '../errors.ts';
import { listCustomerPaymentRefunds } from './list-customer-payment-refunds.ts';
import { listCustomerPayments } from './list-customer-payments.ts';
import { isObject, many } from './shape.ts';
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
const PER_PAGE = 200;

const listed = z.looseObject({ rows: z.array(z.looseObject({})), page_context: z.looseObject({}).optional() });

/** The list as Zoho sends it: whole rows, not cut for display. An answer without a list is not an empty one. */
function listing(body: Json, ...keys: string[]): z.output<typeof listed> {
  const rows = many(body, ...keys);
  if (rows === undefined) throw new BusyError("Zoho's answer held no list, so what is there already cannot be seen.", { code: 'no_record', next: 'Make the same call again in a little while.' });
  const context = body['page_context'];
  return { rows, ...(isObject(context) && { page_context: context }) };
}

const { name, title, description, path } = listCustomerPayments;
const paymentsOf = defineRead({
  name,
  title,
  description,
  path,
  input: z.strictObject({ customer_id: z.string(), page: z.number(), amount: z.number().optional() }),
  output: listed,
  parts: (input) => ({ query: { ...input, sort_column: 'created_time', sort_order: 'D', per_page: PER_PAGE } }),
  result: (body) => listing(body, 'customerpayments', 'customer_payments'),
  text: () => '',
});
const allRefunds = defineRead({
  name: listCustomerPaymentRefunds.name,
  title: listCustomerPaymentRefunds.title,
  description: listCustomerPaymentRefunds.description,
  path: listCustomerPaymentRefunds.path,
  input: z.strictObject({ customer_payment_id: z.string(), page: z.number() }),
  output: listed,
  parts: ({ page }) => ({ query: { page, per_page: PER_PAGE } }),
  result: (body) => listing(body, 'payment_refunds', 'payment_refund'),
  text: () => '',
});

/** Zoho says so, or the page is not full. */
const isLast = ({ rows, page_context }: z.output<typeof listed>) => page_context?.['has_more_page'] === false || rows.length < PER_PAGE;

/** A customer's payments, newest by created_time: pages until `known` shows, or until the end. */
export async function newestPayments(zoho: Reader, customer_id: string, known?: ReadonlySet<string>): Promise<{ readonly rows: readonly Row[]; readonly all: boolean }> {
  const rows: Row[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await zoho.read(paymentsOf, { customer_id, page });
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
  const older = all ? [] : (await zoho.read(paymentsOf, { customer_id, amount, page: 1 })).rows.map((row): Row => ({ ...row, payment_id: String(row['payment_id']) }));
  const found = new Map([...rows, ...older].map((row) => [String(row.payment_id), row]));
  return [...found.values()]
    .filter((row) => row['customer_id'] === customer_id && Number(row['amount']) === amount)
    .filter((row) => row['date'] === date || (reference_number !== undefined && row['reference_number'] === reference_number))
    .map((row) => ({ id: String(row.payment_id), text: aboutRow(row) }))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

function aboutRow(row: Row): string {
  const reference = row['reference_number'] === undefined ? '' : `, reference ${quoted(row['reference_number'], 50)}`;
  return `payment #${plain(row['payment_number'] ?? '?')} (id ${told(row.payment_id)}) of ${money(row['amount'], {})}, ${plain(row['date'])}${reference}`;
}

/** Refunds of a payment: pages to the end, since one payment has few. */
export async function refundsOf(zoho: Reader, customer_payment_id: string): Promise<Json[]> {
  const rows: Json[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await zoho.read(allRefunds, { customer_payment_id, page });
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
