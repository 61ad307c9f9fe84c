import * as z from 'zod';
import type { ReadOperation, Reader } from '../endpoint.ts';
import { listInvoicePayments } from '../endpoints/lookups/list-invoice-payments.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { listCustomerPaymentRefunds } from '../endpoints/refunds/list-customer-payment-refunds.ts';
import { BusyError } from '../errors.ts';
import { isObject, type Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { readFlag } from '../records/read-row.ts';
import { many } from '../records/zoho-shapes.ts';

/** Lists for searches, not for display: complete rows as Zoho sends them, 200 a page. */

const output = z.looseObject({
  rows: z.array(z.looseObject({})),
  unreadable: z.number().optional(),
  page_context: z.looseObject({}).optional(),
});

export type WholePage = z.output<typeof output>;
export type WholeList = ReadOperation<string, z.ZodObject, typeof output>;
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const PER_PAGE = 200;

function wholeList(
  of: Pick<ReadOperation, 'name' | 'path' | 'module'> & { readonly shows?: ReadOperation['shows'] | undefined },
  ...keys: string[]
): WholeList {
  const { name, path, module, shows } = of;
  return {
    method: 'GET',
    name,
    path,
    ...(module !== undefined && { module }),
    ...(shows !== undefined && { shows }),
    input: z.looseObject({}),
    output,
    result: (body) => wholePageOf(body, ...keys),
  };
}

/** Reads one page. Throws if the answer has no list, because a missing list is not an empty list. */
function wholePageOf(body: Json, ...keys: string[]): WholePage {
  const rows = many(body, ...keys);
  if (rows === undefined)
    throw new BusyError("Zoho's answer contained no list, so the server cannot see the existing records.", {
      code: 'no_record',
      next: 'Make the same call again in a little while.',
    });
  const context = body['page_context'];
  // A row that is not an object may be any record, so it is counted.
  const unreadable = (keys.map((key) => body[key]).find((value) => Array.isArray(value)) as unknown[]).length - rows.length;
  return { rows, ...(unreadable > 0 && { unreadable }), ...(isObject(context) && { page_context: context }) };
}

export const allPayments = wholeList(listCustomerPayments, 'customerpayments', 'customer_payments');
export const allRefunds = wholeList(listCustomerPaymentRefunds, 'payment_refunds', 'payment_refund');
export const allContacts = wholeList({ name: 'list_contacts', path: '/contacts', module: 'contacts' }, 'contacts');
export const allInvoices = wholeList({ name: 'list_invoices', path: '/invoices', module: 'invoices' }, 'invoices');
/** This list has no pages. */
export const allInvoicePayments = wholeList(
  {
    name: 'list_invoice_payments',
    path: '/invoices/{invoice_id}/payments',
    module: 'invoices',
    shows: listInvoicePayments.shows,
  },
  'payments',
);

/**
 * True for the last page: `has_more_page` is false, or it is missing and the page is not full. A page is not the last if `has_more_page`
 * cannot be read, or if the page has no rows but says that more rows follow.
 */
export function isLast({ rows, page_context }: WholePage): boolean {
  const told = page_context?.['has_more_page'] ?? undefined;
  const perPage = Math.min(PER_PAGE, readAmount(page_context?.['per_page']) || PER_PAGE);
  return told === undefined ? rows.length < perPage : readFlag(told) === false;
}

/** After this many empty pages in a row the server stops with an error, even if Zoho says that more follow. */
const MOST_EMPTY = 3;

/** Yields page after page from `first` to the last page. The caller may stop earlier. */
export async function* pagesOf(
  list: WholeList,
  query: Query,
  zoho: Reader,
  first = 1,
): AsyncGenerator<WholePage & { readonly last: boolean }> {
  let empty = 0;
  for (let page = first; ; page += 1) {
    const answer = await zoho.read(list, { ...query, page, per_page: PER_PAGE });
    const last = isLast(answer);
    empty = answer.rows.length === 0 ? empty + 1 : 0;
    if (!last && empty >= MOST_EMPTY) throw withoutEnd();
    yield { ...answer, last };
    if (last) return;
  }
}

function withoutEnd(): BusyError {
  return new BusyError('Zoho says that more rows follow, but its pages are empty, so the server cannot see the rest.', {
    code: 'no_record',
    next: 'Make the same call again in a little while.',
  });
}

/** True if records are missing from the page: it has no rows but says that more rows follow, or some rows are not records. */
export const isCutShort = (page: WholePage): boolean => (page.rows.length === 0 && !isLast(page)) || page.unreadable !== undefined;
