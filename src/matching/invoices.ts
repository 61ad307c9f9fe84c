import type { Reader } from '../endpoint.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { allInvoices, pagesOf, PER_PAGE, type Query } from '../reading/whole-lists.ts';
import { recordName } from '../records/describe.ts';
import { readDay, readId, readText } from '../records/read-row.ts';
import { money, plain, quoted } from '../records/text.ts';
import { fits, folded, isId } from './same-name.ts';

/** Invoices by the numbers that people know them by. */

export interface Invoice extends Json {
  readonly invoice_id: string;
  readonly invoice_number?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly currency_code?: string | undefined;
  readonly status?: string | undefined;
  /** Undefined where Zoho does not tell it: neither paid nor open then. */
  readonly balance?: number | undefined;
}

/**
 * The invoice of this number or id. Where several could be meant, those of `customer` are.
 */
export async function invoiceNamed(typed: string, customer: string | undefined, zoho: Reader): Promise<Invoice> {
  const ofId = isId(typed) ? await invoiceOfId(typed, zoho) : undefined;
  if (ofId !== undefined) return ofId;
  const exact = (await searchInvoices({ invoice_number: typed }, typed, zoho)).filter(
    ({ invoice_number }) => folded(invoice_number) === folded(typed),
  );
  if (exact[0] !== undefined && exact.length === 1) return exact[0];
  // "384" for INV-000384: the digits at the end are what people say.
  const said = /\d+$/.exec(typed)?.[0];
  const alike = said === undefined ? [] : await searchInvoices({ invoice_number_contains: said }, typed, zoho);
  const same = alike.filter(
    ({ invoice_number }) =>
      trailing(invoice_number) === BigInt(said ?? 0) && (/^\d+$/.test(typed) || prefix(invoice_number) === prefix(typed)),
  );
  const theirs = same.filter((row) => customer !== undefined && isInvoiceOf(row, customer));
  const [one, ...others] = theirs.length > 0 ? theirs : same;
  if (one !== undefined && others.length === 0) return one;
  throw same.length > 1 ? severalInvoices(typed, same) : noSuchInvoice(typed, same.length > 0 ? same : alike);
}

/** Some number their invoices as long as Zoho its records: what is no id may be such a number. */
async function invoiceOfId(invoice_id: string, zoho: Reader): Promise<Invoice | undefined> {
  try {
    const { invoice } = await zoho.read(getInvoice, { invoice_id });
    return invoice?.invoice_id === invoice_id ? asInvoice(invoice) : undefined;
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Whether it is this customer's, by name or id. */
export function isInvoiceOf({ customer_id, customer_name }: Invoice, customer: string): boolean {
  return isId(customer) ? customer === customer_id : fits(customer, customer_name);
}

/** What a customer has open, oldest first; also what may be open, and what may be the customer's, since Zoho does not tell. */
export async function openInvoices(customer_id: string, zoho: Reader): Promise<Invoice[]> {
  const open: Invoice[] = [];
  for await (const { rows } of pagesOf(allInvoices, { customer_id, status: 'unpaid', sort_column: 'date', sort_order: 'A' }, zoho)) {
    open.push(
      ...rows
        .map(asInvoice)
        .filter(
          (row) =>
            (row.customer_id ?? customer_id) === customer_id && (row.balance ?? 1) > 0 && row.status !== 'draft' && row.status !== 'void',
        ),
    );
  }
  return open.toSorted(
    (a, b) =>
      compareNaturally(a['date'], b['date']) ||
      compareNaturally(a['due_date'], b['due_date']) ||
      compareNaturally(a.invoice_number, b.invoice_number),
  );
}

const compareNaturally = (a: unknown, b: unknown) => String(a ?? '').localeCompare(String(b ?? ''), 'en', { numeric: true });

/** Zoho does not tell whose it is, or how much is open: nothing can be worked out from it. */
export const isUnclear = ({ customer_id, balance }: Invoice): boolean => customer_id === undefined || balance === undefined;

export function aboutInvoice(invoice: Invoice): string {
  const { invoice_number, invoice_id, due_date, balance } = invoice;
  const due = due_date === undefined ? '' : `, due ${plain(due_date)}`;
  return `${plain(invoice_number || 'invoice')} (id ${invoice_id}) ${money(balance, invoice)} open${due}`;
}

/** Pages that are looked through for a number. */
const MOST_INVOICE_PAGES = 5;

/** All that Zoho finds: one that is not seen may be the one that is meant. */
async function searchInvoices(query: Query, typed: string, zoho: Reader): Promise<Invoice[]> {
  const found: Invoice[] = [];
  for await (const { rows, last } of pagesOf(allInvoices, query, zoho)) {
    found.push(...rows.map(asInvoice));
    if (!last && found.length >= MOST_INVOICE_PAGES * PER_PAGE) throw tooManyInvoices(typed);
  }
  return found;
}

function asInvoice(row: Json): Invoice {
  const { date, due_date } = row;
  return {
    ...row,
    invoice_id: readId(row['invoice_id']) ?? '',
    customer_id: readId(row['customer_id']),
    customer_name: readText(row['customer_name']),
    balance: readAmount(row['balance']),
    date: readDay(date),
    // One that does not read as a day stays as it is: it is not the same as none, where an invoice is due on its date.
    due_date: readDay(due_date) ?? due_date,
  };
}

function trailing(invoice_number: unknown): bigint | undefined {
  const digits = /\d+$/.exec(String(invoice_number ?? ''))?.[0];
  return digits === undefined ? undefined : BigInt(digits);
}

const prefix = (text: unknown) => folded(text).replace(/[^\p{L}]+\d*$/u, '');

const invoiceName = ({ invoice_number, invoice_id, customer_name, customer_id }: Invoice) =>
  `${plain(invoice_number || 'invoice')} of ${recordName('customer', customer_name, customer_id, 40)} (id ${invoice_id})`;

function tooManyInvoices(typed: string): InputError {
  return new InputError(`More than ${MOST_INVOICE_PAGES * PER_PAGE} invoices have ${quoted(typed, 40)} in their number.`, {
    code: 'ambiguous_invoice',
    next: 'Ask the user for its whole number, then call again with it.',
  });
}

function severalInvoices(typed: string, same: readonly Invoice[]): InputError {
  const more = same.length > 5 ? `, and ${same.length - 5} more` : '';
  return new InputError(`Several invoices end in ${quoted(typed, 40)}: ${same.slice(0, 5).map(invoiceName).join(', ')}${more}.`, {
    code: 'ambiguous_invoice',
    next: 'Ask the user which one, then call again with its whole number and `customer`. Never pick one yourself.',
  });
}

function noSuchInvoice(typed: string, near: readonly Invoice[]): InputError {
  const offered = near.slice(0, 5).map(invoiceName);
  return new InputError(`There is no invoice ${quoted(typed, 40)}.`, {
    code: 'no_such_invoice',
    next: offered.length === 0 ? 'Ask the user for its number.' : `Ask the user whether one of these is meant: ${offered.join(', ')}.`,
  });
}
