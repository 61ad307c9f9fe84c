import type { Reader } from '../endpoint.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { readAmount } from '../money.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { allInvoices, pagesOf, PER_PAGE, type Query } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import {
  bareInvoiceNumber,
  lastDigits,
  numberDistance,
  numberForms,
  numberKey,
  numberToLookFor,
  tidyNumber,
} from '../records/invoice-number.ts';
import { readDay, readId, readText } from '../records/read-row.ts';
import { money, plain, quoted } from '../records/text.ts';
import { customerNamed } from './customers.ts';
import { fits, folded, isId } from './same-name.ts';

/** Finds invoices by number, in the forms that people use. */

export interface Invoice extends Json {
  readonly invoice_id: string;
  readonly invoice_number?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly currency_code?: string | undefined;
  readonly status?: string | undefined;
  /** Undefined if Zoho does not give it. The invoice then counts neither as paid nor as open. */
  readonly balance?: number | undefined;
}

/** Other kinds of records that a number may mean. */
interface AlsoMeant {
  /** Retainer invoices are allowed too. */
  readonly retainers?: boolean;
}

/**
 * Returns the invoice with this number or id. If several fit, `customer` decides. An exact number has priority over another spelling. An
 * invoice whose number has more or fewer zeros is only a candidate in the error.
 */
export async function invoiceNamed(
  typed: string,
  customer: string | undefined,
  zoho: Reader,
  { retainers = false }: AlsoMeant = {},
): Promise<Invoice> {
  const ofId = isId(typed) ? await invoiceOfId(typed, zoho) : undefined;
  if (ofId !== undefined) return ofId;
  if (bareInvoiceNumber(typed) === '') throw await noSuchInvoice(typed, [], customer, zoho);
  // Text that names a retainer invoice means no other invoice, except an invoice whose own number begins with the same letters.
  const isRetainer = isRetainerNumber(typed);
  const meant = isRetainer ? numberForms(typed).filter(isRetainerNumber) : numberForms(typed);
  const asRetainer = async () => {
    const found = fitting(await retainerInvoices(zoho), typed, numberForms(typed), isRetainer);
    const one = onlyFitting(found, customer);
    if (one === undefined && found.length > 1) throw severalInvoices(typed, found);
    return one;
  };
  const early = isRetainer ? await asRetainer() : undefined;
  if (early !== undefined) return retainerAllowed(early, retainers);
  const number = numberToLookFor(typed);
  const exactly = async () =>
    (await searchInvoices({ invoice_number: number }, typed, zoho)).filter((row) => folded(row.invoice_number) === folded(number));
  // A space in the text may be a space or a hyphen in the number. The search by digits finds both.
  const same = meant.includes(number) ? await exactly() : [];
  if (same[0] !== undefined && same.length === 1) return same[0];
  const alike = await numbersWith(typed, same, zoho).catch(async (error: unknown) => {
    const instead = await exactly();
    if (instead.length === 0) throw error;
    return instead;
  });
  const found = fitting(alike, typed, meant, !isRetainer);
  const one = onlyFitting(found, customer);
  if (one !== undefined) return one;
  if (found.length > 1) throw severalInvoices(typed, found);
  const retainer = isRetainer ? undefined : await asRetainer();
  if (retainer !== undefined) return retainerAllowed(retainer, retainers);
  throw await noSuchInvoice(typed, alike, customer, zoho);
}

/** Invoices whose number contains the last digits of this number. */
async function numbersWith(typed: string, same: readonly Invoice[], zoho: Reader): Promise<readonly Invoice[]> {
  const bare = bareInvoiceNumber(typed);
  // Without leading zeros, because the text may have more of them than the number.
  const digits = /0*(\d{3,})(?!.*\d)/.exec(bare)?.[1] ?? /\d+(?!.*\d)/.exec(bare)?.[0];
  return digits === undefined ? same : await searchInvoices({ invoice_number_contains: digits.slice(0, 100) }, typed, zoho);
}

/**
 * The invoices that have the number. A number exactly as typed has priority over another spelling. `forms`: the possible readings of the
 * typed number.
 */
export function fitting(rows: readonly Invoice[], typed: string, forms: readonly string[], byDigits = true): readonly Invoice[] {
  const bare = bareInvoiceNumber(typed);
  const ways: ((number: unknown) => boolean)[] = [
    ...forms.flatMap((said) => [
      (number: unknown) => folded(number) === folded(said),
      (number: unknown) => numberKey(number) === numberKey(said),
    ]),
    // "384" for INV-384 and INV-000384: people often say only the last digits.
    (number) =>
      byDigits &&
      /^\d+$/.test(bare) &&
      (lastDigits(number) === bare || (!bare.startsWith('0') && BigInt(lastDigits(number) ?? '-1') === BigInt(bare))),
  ];
  const found = ways.map((isSo) => rows.filter(({ invoice_number }) => isSo(invoice_number))).find((fit) => fit.length > 0) ?? [];
  return found.length > 0 ? found : rows.filter(({ invoice_id }) => invoice_id === typed);
}

/** The only invoice, or the customer's only invoice. Undefined if several are left. */
export function onlyFitting(found: readonly Invoice[], customer: string | undefined): Invoice | undefined {
  const theirs = found.filter((row) => customer !== undefined && isInvoiceOf(row, customer));
  const left = theirs.length > 0 ? theirs : found;
  return left.length === 1 ? left[0] : undefined;
}

/** True if the text names a retainer invoice. Zoho's numbers for them begin with RET. */
export const isRetainerNumber = (typed: string): boolean => /^ret(?![a-z])|retainer/i.test(tidyNumber(typed));

/** The newest retainer invoices, as `Invoice`. Empty if the organization has none or the scopes do not show them. */
async function retainerInvoices(zoho: Reader): Promise<readonly Invoice[]> {
  const { retainerinvoices = [] } = (await ifServed(zoho.read(listRetainerInvoices, {}))) ?? {};
  return retainerinvoices.map(asRetainer);
}

export const asRetainer = (row: {
  readonly retainerinvoice_id?: string | undefined;
  readonly retainerinvoice_number?: string | undefined;
}) => asInvoice({ ...row, invoice_id: row.retainerinvoice_id, invoice_number: row.retainerinvoice_number });

/** The id of a retainer invoice. Undefined for other invoices. */
export const retainerId = (invoice: Invoice | undefined): string | undefined => readId(invoice?.['retainerinvoice_id']);

function retainerAllowed(retainer: Invoice, retainers: boolean): Invoice {
  if (retainers) return retainer;
  const { invoice_number, customer_id, customer_name, balance } = retainer;
  const paid = balance !== undefined && balance <= 0;
  const state = paid
    ? `${money(retainer['total'], retainer)}, paid on ${plain(retainer['last_payment_date'])}`
    : `${money(balance, retainer)} open`;
  throw new InputError(
    `${quoted(invoice_number, 40)} is a retainer invoice, of ${recordNameAndId('customer', customer_name, customer_id, 40)}: ` +
      `${state}.`,
    {
      code: 'no_such_invoice',
      next: paid
        ? { say: 'its payment', tool: 'find_payments', arguments: { customer: customer_id, amount: readAmount(retainer['total']) } }
        : 'Give the number of another invoice. A retainer invoice is paid with record_customer_payment, ' +
          'or with retainerinvoice_id of create_customer_payment.',
    },
  );
}

/** Reads an invoice by id. Undefined if no invoice has this id: the text may be an invoice number that is as long as an id. */
async function invoiceOfId(invoice_id: string, zoho: Reader): Promise<Invoice | undefined> {
  try {
    const { invoice } = await zoho.read(getInvoice, { invoice_id });
    return invoice?.invoice_id === invoice_id ? asInvoice(invoice) : undefined;
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** True if the invoice is this customer's. `customer`: name or id. */
export function isInvoiceOf({ customer_id, customer_name }: Pick<Invoice, 'customer_id' | 'customer_name'>, customer: string): boolean {
  return isId(customer) ? customer === customer_id || customer === folded(customer_name) : fits(customer, customer_name);
}

/** True if the invoice is open, or may be open because Zoho does not give its balance. */
export const isOpen = ({ balance = 1, status }: Invoice): boolean => balance > 0 && status !== 'draft' && status !== 'void';

/** Returns the open invoices of a customer, oldest first. Includes invoices for which Zoho gives no balance or no customer. */
export async function openInvoices(customer_id: string, zoho: Reader): Promise<Invoice[]> {
  const open: Invoice[] = [];
  for await (const { rows } of pagesOf(allInvoices, { customer_id, status: 'unpaid', sort_column: 'date', sort_order: 'A' }, zoho)) {
    open.push(...rows.map(asInvoice).filter((row) => (row.customer_id ?? customer_id) === customer_id && isOpen(row)));
  }
  return open.toSorted(
    (a, b) =>
      compareNaturally(a['date'], b['date']) ||
      compareNaturally(a['due_date'], b['due_date']) ||
      compareNaturally(a.invoice_number, b.invoice_number),
  );
}

const compareNaturally = (a: unknown, b: unknown) => String(a ?? '').localeCompare(String(b ?? ''), 'en', { numeric: true });

/**
 * Invoices that the preflight need not read again. Leaves out invoices whose balance the list omits: the preflight reads their records,
 * which may have the balance.
 */
export const knownInvoices = (invoices: readonly Invoice[]) =>
  invoices
    .filter(({ balance }) => balance !== undefined)
    .map((invoice) => ({ endpoint: getInvoice, input: { invoice_id: invoice.invoice_id }, result: { invoice } }));

/** True if Zoho gives no customer or no balance, so an allocation cannot be worked out. */
export const isUnclear = ({ customer_id, balance }: Invoice): boolean => customer_id === undefined || balance === undefined;

export function aboutInvoice(invoice: Invoice): string {
  const { invoice_number, invoice_id, due_date, balance } = invoice;
  const due = due_date === undefined ? '' : `, due ${plain(due_date)}`;
  return `${plain(invoice_number || 'invoice')} (id ${invoice_id}) ${money(balance, invoice)} open${due}`;
}

/** The most pages that are searched for a number. */
const MOST_INVOICE_PAGES = 5;

/** All invoices that Zoho finds. Throws if there are too many, because the right one may be among those not read. */
async function searchInvoices(query: Query, typed: string, zoho: Reader): Promise<Invoice[]> {
  const found: Invoice[] = [];
  for await (const { rows, last } of pagesOf(allInvoices, query, zoho)) {
    found.push(...rows.map(asInvoice));
    if (!last && found.length >= MOST_INVOICE_PAGES * PER_PAGE) throw tooManyInvoices(typed);
  }
  return found;
}

export function asInvoice(row: Json): Invoice {
  const { date, due_date } = row;
  return {
    ...row,
    invoice_id: readId(row['invoice_id']) ?? '',
    customer_id: readId(row['customer_id']),
    customer_name: readText(row['customer_name']),
    balance: readAmount(row['balance']),
    date: readDay(date),
    // Text that is no day stays unchanged. It must not count as no due date, because an invoice without a due date is due on its own date.
    due_date: readDay(due_date) ?? due_date,
  };
}

const invoiceName = ({ invoice_number, invoice_id, customer_name, customer_id }: Invoice) =>
  `${plain(invoice_number || 'invoice')} of ${recordName('customer', customer_name, customer_id, 40)} (id ${invoice_id})`;

function tooManyInvoices(typed: string): InputError {
  return new InputError(`More than ${MOST_INVOICE_PAGES * PER_PAGE} invoices have ${quoted(typed, 40)} in their number.`, {
    code: 'ambiguous_invoice',
    next: 'Ask the user for the full invoice number, then call again with it.',
  });
}

function severalInvoices(typed: string, same: readonly Invoice[]): InputError {
  const more = same.length > 5 ? `, and ${same.length - 5} more` : '';
  return new InputError(`Several invoices end in ${quoted(typed, 40)}: ${same.slice(0, 5).map(invoiceName).join(', ')}${more}.`, {
    code: 'ambiguous_invoice',
    next: 'Ask the user which one, then call again with its full number and `customer`. Never pick one yourself.',
  });
}

/**
 * The error offers invoices with a similar number, otherwise open invoices; if a customer is named, only invoices of this customer. If the
 * text names a retainer invoice, the error offers retainer invoices.
 */
async function noSuchInvoice(typed: string, alike: readonly Invoice[], customer: string | undefined, zoho: Reader): Promise<InputError> {
  const isRetainer = isRetainerNumber(typed);
  const retainers = isRetainer ? await retainerInvoices(zoho) : [];
  const ofCustomer = (rows: readonly Invoice[]) => (customer === undefined ? rows : rows.filter((row) => isInvoiceOf(row, customer)));
  const theirs = ofCustomer(retainers.length > 0 ? retainers : alike);
  const open = theirs.length > 0 || customer === undefined ? [] : await openOf(customer, zoho);
  const far = ({ invoice_number }: Invoice) => numberDistance(typed, invoice_number);
  const near = [...theirs, ...open].toSorted((a, b) => far(a) - far(b));
  const offered = near.slice(0, 5).map(invoiceName);
  return new InputError(`There is no ${isRetainer ? 'retainer ' : ''}invoice ${quoted(typed, 40)}.`, {
    code: 'no_such_invoice',
    next:
      offered.length === 0
        ? 'Ask the user for the invoice number.'
        : `Ask the user which of these is meant, if any: ${offered.join(', ')}.`,
  });
}

/** The open invoices of the customer with this name. Empty if the name does not fit exactly one customer. */
async function openOf(customer: string, zoho: Reader): Promise<readonly Invoice[]> {
  try {
    return await openInvoices((await customerNamed(customer, zoho)).contact_id, zoho);
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}
