import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { isObject, type Json } from '../json.ts';
import { readAmount, subtract, sum } from '../money.ts';
import { sharing, type ListReads } from '../reader.ts';
import { allCurrencies } from '../reading/all-currencies.ts';
import { ifServed } from '../reading/if-allowed.ts';
import {
  allContacts,
  allInvoices,
  allPayments,
  isCutShort,
  isLast,
  PER_PAGE,
  type Query,
  type WholeList,
  type WholePage,
} from '../reading/whole-lists.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { settledBy, withTaxOfPayment, type AppliedRow } from '../records/applied.ts';
import { readId } from '../records/read-row.ts';
import { areAlike, byCreation, comparedPayment, isSortedByCreation, type PaymentToMake } from './look-alikes.ts';

/**
 * Reads for the rows of a list of new payments. A few whole lists (customers, open invoices, payments) replace the reads of each single row.
 * Everything that these lists do not show is read from Zoho.
 */

/** Rows of a list: all rows, or the rows of the first pages. */
interface Rows {
  readonly rows: readonly Json[];
  readonly whole: boolean;
}

/** Payments, newest first. If older payments are missing, `since` is set: no payment is missing that was created at or after it. */
type NewestRows = Rows & { readonly since?: string | undefined };

/** The amount that payments of this list settle, by invoice id. */
type Effects = Map<string, number>;

/** `count`: how many rows the list has. `customerOf`: the customer that the arguments of a call name. */
export function paymentListReads(count: number, customerOf: (row: Json, zoho: Reader) => Promise<string>, zoho: Reader): ListReads {
  // A list with more pages costs more than one read for each row. Payments get fewer pages, because too long a list is read for nothing.
  const most = Math.max(3, Math.ceil(count / 4));
  const mostOfPayments = Math.max(3, Math.ceil(count / 8));
  let tooManyInvoices = false;
  const readOpenInvoices = async (): Promise<Rows> => {
    // The balances in this list already include everything that was recorded before.
    recorded = new Map();
    if (tooManyInvoices) return NO_ROWS;
    const open = await pagesWithin(allInvoices, { status: 'unpaid', sort_column: 'date', sort_order: 'A' }, most, zoho);
    tooManyInvoices = !open.whole;
    return open.whole ? open : NO_ROWS;
  };

  const customers = once(() => customersWithDecimals(most, zoho));
  let openInvoices = once(readOpenInvoices);
  let payments = once(() => newestPaymentsOfAll(mostOfPayments, zoho));
  // Data that a payment changes is read again after each payment.
  const lasting = sharing(zoho);
  let changing = sharing(zoho);
  let planned: Effects = new Map();
  let recorded: Effects = new Map();

  const invoicesFor = async (input: Json): Promise<Json> => {
    const open = await openInvoices();
    const listed = open.whole ? listedInvoices(input, open.rows) : undefined;
    const page = listed ?? ((await changing.read(allInvoices, input)) as WholePage);
    return { ...page, rows: page.rows.map((row) => less(row, listed === undefined ? [planned] : [planned, recorded])) };
  };
  const invoiceOf = async (input: Json): Promise<Json> => {
    const row = (await openInvoices()).rows.find(
      ({ invoice_id, balance }) => readId(invoice_id) === input['invoice_id'] && balance !== undefined,
    );
    if (row !== undefined)
      return getInvoice.result({ invoice: less(row, [planned, recorded]) }, { invoice_id: String(input['invoice_id']) });
    const { invoice, ...rest } = await changing.read(getInvoice, input as { invoice_id: string });
    return { ...rest, ...(invoice && { invoice: less(invoice, [planned]) }) };
  };
  const contactOf = async (input: Json): Promise<Json> => {
    // If the scopes do not allow the list, the record itself may still be allowed. Otherwise the check names the missing scope.
    const { rows } = await customers().catch(() => NO_ROWS);
    const row = rows.find(({ contact_id }) => readId(contact_id) === input['contact_id']);
    const isTold = row?.['currency_code'] !== undefined && row['price_precision'] !== undefined && row['contact_type'] !== undefined;
    return isTold
      ? getContact.result({ contact: row }, { contact_id: String(input['contact_id']) })
      : await lasting.read(getContact, input as { contact_id: string });
  };
  const customersFor = async (input: Json): Promise<Json> => {
    const isWhole = Object.keys(input).every((name) => ['contact_type', 'page', 'per_page'].includes(name));
    if (!isWhole || input['contact_type'] !== 'customer' || input['page'] !== 1) return await lasting.read(allContacts, input);
    const { rows, whole } = await customers();
    return asOnePage(rows, { has_more_page: !whole });
  };
  const paymentsFor = async (input: Json): Promise<Json> => {
    const { customer_id, amount, page } = input;
    const newest = page === 1 && customer_id !== undefined ? await payments() : undefined;
    if (newest === undefined) return await changing.read(allPayments, input);
    const own = newest.rows.filter((row) => (readId(row['customer_id']) ?? customer_id) === customer_id);
    if (amount === undefined) return asOnePage(own, { has_more_page: !newest.whole, ...SORTED }, newest.whole ? undefined : newest.since);
    const found = (await lasting.read(allPayments, input)) as WholePage;
    const known = new Set(found.rows.map(({ payment_id }) => readId(payment_id)));
    const since = own.filter((row) => readAmount(row['amount']) === amount && !known.has(readId(row['payment_id'])));
    return { ...found, rows: [...since, ...found.rows] };
  };
  const retainersFor = async (): Promise<Json> => {
    const { retainerinvoices = [], ...rest } = await changing.read(listRetainerInvoices, {});
    return { ...rest, retainerinvoices: retainerinvoices.map((row) => less(row, [planned], row.retainerinvoice_id)) };
  };
  const answers = new Map<object, (input: Json) => Promise<Json>>([
    [allContacts, customersFor],
    [getContact, contactOf],
    [allInvoices, invoicesFor],
    [getInvoice, invoiceOf],
    [allPayments, paymentsFor],
    [listRetainerInvoices, retainersFor],
  ]);

  const reader: Reader = {
    ...zoho,
    get recent() {
      return reader;
    },
    async read(endpoint, input) {
      return (await (answers.get(endpoint)?.(input as Json) ?? lasting.read(endpoint, input))) as never;
    },
  };
  return {
    zoho: reader,
    alike: (row, other) => areAlike(row as unknown as PaymentToMake, other as unknown as PaymentToMake),
    async refresh() {
      const known = payments;
      changing = sharing(zoho);
      planned = new Map();
      openInvoices = once(readOpenInvoices);
      payments = once(async () => {
        const before = await known();
        return before === undefined ? undefined : await paymentsCreatedSince(before, most, zoho);
      });
      await payments();
    },
    async prepare(rows) {
      // In larger books, each row needs its own read.
      const newest = await payments().catch(() => undefined);
      if (newest?.whole !== false) return;
      await Promise.allSettled(
        rows.map(async (row) => {
          const customer_id = await customerOf(row, reader);
          await lasting.read(allPayments, { customer_id, amount: row['amount'], page: 1, ...byCreation });
        }),
      );
    },
    planned: (input) => addEffects(planned, input),
    async recorded(input, payment) {
      addEffects(recorded, input);
      changing = sharing(zoho);
      const known = await payments();
      if (known !== undefined) payments = once(async () => ({ ...known, rows: [payment, ...known.rows] }));
    },
  };
}

const NO_ROWS: Rows = { rows: [], whole: false };

const SORTED = { sort_column: byCreation.sort_column, sort_order: byCreation.sort_order };

/** The rows in the form of Zoho's own answer. */
const asOnePage = (rows: readonly Json[], page_context: Json, since?: string): WholePage => ({
  rows: [...rows],
  page_context: { page: 1, per_page: PER_PAGE, ...page_context },
  ...(since !== undefined && { since }),
});

/** Does the work at the first call and caches the result. A failure is not cached. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let doing: Promise<T> | undefined;
  return () => {
    const mine = (doing ??= work());
    mine.catch(() => doing === mine && (doing = undefined));
    return mine;
  };
}

/** Reads a list of at most `most` pages. `whole` is true if the end of the list was reached. */
async function pagesWithin(list: WholeList, query: Query, most: number, zoho: Reader): Promise<Rows> {
  const rows: Json[] = [];
  for (let page = 1; page <= most; page += 1) {
    const answer = await zoho.read(list, { ...query, page, per_page: PER_PAGE });
    rows.push(...answer.rows);
    if (isCutShort(answer)) break;
    if (isLast(answer)) return { rows, whole: true };
  }
  return { rows, whole: false };
}

/** Reads the customers with the decimals of their currencies. The list of customers alone does not show the decimals. */
async function customersWithDecimals(most: number, zoho: Reader): Promise<Rows> {
  const { rows, whole } = await pagesWithin(allContacts, { contact_type: 'customer' }, most, zoho);
  const currencies = (await ifServed(zoho.settled.read(allCurrencies, {})))?.currencies ?? [];
  const decimals = new Map(currencies.map((row) => [row.currency_code, row['price_precision']]));
  return {
    rows: rows.map((row) => ({ ...row, price_precision: row['price_precision'] ?? decimals.get(row['currency_code'] as string) })),
    whole,
  };
}

/** The payments of all customers, or the newest pages of a longer list. Undefined if Zoho does not confirm the sort order. */
async function newestPaymentsOfAll(most: number, zoho: Reader): Promise<NewestRows | undefined> {
  const read = await newestPages(most, zoho, () => false);
  const oldest = read?.rows.at(-1);
  if (read === undefined || read.whole) return read;
  const isTold = oldest !== undefined && comparedPayment(oldest).created !== undefined;
  return isTold ? { ...read, since: String(oldest['created_time']) } : undefined;
}

/** The known payments and those that were created since. Undefined if no page shows a known payment. */
async function paymentsCreatedSince(before: NewestRows, most: number, zoho: Reader): Promise<NewestRows | undefined> {
  const known = paymentIdsIn(before.rows);
  const isKnown = ({ payment_id }: Json) => known.has(readId(payment_id));
  const read = await newestPages(most, zoho, (page) => page.some(isKnown));
  if (read === undefined || read.whole) return read;
  if (!read.rows.some(isKnown)) return undefined;
  const again = paymentIdsIn(read.rows);
  return { ...before, rows: [...read.rows, ...before.rows.filter(({ payment_id }) => !again.has(readId(payment_id)))] };
}

const paymentIdsIn = (rows: readonly Json[]) => new Set(rows.map(({ payment_id }) => readId(payment_id)));

/**
 * Reads the newest payments of all customers, page by page until the end, or until a page is `enough`. Undefined if Zoho does not confirm the
 * sort order.
 */
async function newestPages(most: number, zoho: Reader, enough: (page: readonly Json[]) => boolean): Promise<Rows | undefined> {
  const rows: Json[] = [];
  for (let page = 1; page <= most; page += 1) {
    const answer = await zoho.read(allPayments, { page, ...byCreation });
    if (isCutShort(answer) || !isSortedByCreation(answer)) return undefined;
    rows.push(...answer.rows);
    if (isLast(answer)) return { rows, whole: true };
    if (enough(answer.rows)) break;
  }
  return { rows, whole: false };
}

/** Answers a query from the list of open invoices: the open invoices of a customer, or the open invoice with exactly this number. */
function listedInvoices({ customer_id, status, invoice_number, ...rest }: Json, open: readonly Json[]): WholePage | undefined {
  const isFiltered = Object.keys(rest).some((name) => !['page', 'per_page', 'sort_column', 'sort_order'].includes(name));
  if (isFiltered || rest['page'] !== 1) return undefined;
  if (status === 'unpaid' && customer_id !== undefined && invoice_number === undefined)
    return asOnePage(
      open.filter((row) => (readId(row['customer_id']) ?? customer_id) === customer_id),
      { has_more_page: false },
    );
  const numbered = open.filter((row) => row['invoice_number'] === invoice_number);
  return status === undefined && customer_id === undefined && numbered.length === 1
    ? asOnePage(numbered, { has_more_page: false })
    : undefined;
}

/** The invoice with its balance reduced by the payments of this list. */
function less<R extends Json>(row: R, effects: readonly Effects[], id = readId(row['invoice_id'])): R {
  const balance = readAmount(row['balance']);
  const settled = sum(effects.map((one) => one.get(id ?? '') ?? 0));
  return balance === undefined || settled === 0 ? row : { ...row, balance: subtract(balance, settled) };
}

function addEffects(effects: Effects, { amount, retainerinvoice_id, invoices, tax_amount_withheld }: Json): void {
  if (retainerinvoice_id !== undefined) effects.set(String(retainerinvoice_id), Number(amount));
  const rows = (Array.isArray(invoices) ? invoices.filter(isObject) : []) as unknown as AppliedRow[];
  for (const row of withTaxOfPayment(rows, tax_amount_withheld as number | undefined))
    effects.set(row.invoice_id, sum([effects.get(row.invoice_id) ?? 0, settledBy(row)]));
}
