import type { Reader } from '../../endpoint.ts';
import { getCustomerPaymentRefund } from '../../endpoints/refunds/get-customer-payment-refund.ts';
import type { Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { ifAllowed } from '../../reading/if-allowed.ts';
import { refundsOf } from '../../reading/refunds-of-payment.ts';
import { allContacts, allInvoices, allPayments, isCutShort, isLast, pagesOf, PER_PAGE, type WholeList } from '../../reading/whole-lists.ts';
import { readDay, readId, readRefundAmount, readText } from '../../records/read-row.ts';
import type { AccountFilter } from '../account-filter.ts';
import { daysAfter, isWithin, type Days } from '../date-range.ts';
import { asInvoice, isOpen, isUnclear } from '../invoices.ts';
import { paymentsBetween } from '../payments-between.ts';
import { asPayment, type PaymentRow } from '../payments.ts';
import { byLastChange, dayOfChange, firstDayOfChange, hasRefunds, isByLastChange } from '../refunded-payments.ts';
import { folded } from '../same-name.ts';
import { MOST_DAYS_BY_NAME } from './record-pairs.ts';
import type { BookRecord, StatementBooks, OpenInvoice } from './books.ts';

/** Reads the books that a statement is compared with, from whole lists. */

const MOST_PAGES_OF_PAYMENTS = 50;
const MOST_PAGES = 25;
const MOST_REFUNDED = 60;

export interface ReadBooks extends StatementBooks {
  /** What could not be read, in words. Empty if everything was. */
  readonly missing: readonly string[];
}

interface Where {
  /** From the first to the last day of the statement. */
  readonly days: Days & { readonly start: string; readonly end: string };
  /** By how much the dates of a line and of its record may differ. */
  readonly tolerance: number;
  readonly account: AccountFilter | undefined;
}

interface Reading {
  readonly zoho: Reader;
  readonly progress: (message: string) => void;
}

export async function readBooks({ days, tolerance, account }: Where, { zoho, progress }: Reading): Promise<ReadBooks> {
  const missing: string[] = [];
  const miss = (what: string | false) => void (what !== false && missing.push(what));
  const before = Math.max(tolerance, MOST_DAYS_BY_NAME);
  const wide = { start: daysAfter(days.start, -before), end: daysAfter(days.end, tolerance) };
  const [contacts, invoices, payments] = await Promise.all([
    allRows(allContacts, {}, zoho.recent),
    allRows(allInvoices, { status: 'unpaid' }, zoho),
    allPaymentsOf(wide, { zoho, progress }),
  ]);
  miss(!contacts.all && 'all names of customers and vendors');
  miss(!invoices.all && 'all open invoices');
  progress('Read the customers, the open invoices and the payments.');
  const people = contacts.rows.flatMap((row) => {
    const [contact_id, contact_name] = [readId(row['contact_id']), readText(row['contact_name'])];
    if (contact_id === undefined || contact_name === undefined) return [];
    const is_customer = (row['contact_type'] ?? 'customer') === 'customer';
    return [
      { contact_id, contact_name, company_name: readText(row['company_name']), currency_code: readText(row['currency_code']), is_customer },
    ];
  });
  const currencies = new Map(people.map(({ contact_id, currency_code }) => [contact_id, currency_code]));
  const currencyOf = (row: { readonly customer_id?: string | undefined }) => currencies.get(row.customer_id ?? '');

  const known = payments.rows.flatMap((row) => recordOf(row, account, currencyOf(row)) ?? []);
  const untold = payments.rows.length - known.length + payments.undated;
  miss(payments.left !== undefined && `payments from ${payments.left.start} to ${payments.left.end}`);
  miss(untold > 0 && `${untold} payment${untold === 1 ? '' : 's'} for which Zoho does not give the amount or the date`);
  const refunds = await refundsWithin({ start: daysAfter(days.start, -tolerance), end: wide.end }, account, currencyOf, { zoho, progress });
  miss(!refunds.all && 'all refunds');

  const open = invoices.rows.map(asInvoice).filter(isOpen);
  const unclear = open.filter(isUnclear);
  const isAnybodys = unclear.some(({ customer_id }) => customer_id === undefined);
  miss(
    unclear.length > 0 &&
      `${unclear.length} open invoice${unclear.length === 1 ? '' : 's'} for which Zoho does not give the balance or the customer`,
  );
  const isWhole = contacts.all && invoices.all && untold === 0 && !isAnybodys;
  return {
    records: [...known, ...refunds.records],
    invoices: open.flatMap((invoice) => openInvoiceOf(invoice) ?? []),
    contacts: people,
    unclear: new Set(unclear.flatMap(({ customer_id }) => customer_id ?? [])),
    isComplete: (date) =>
      isWhole && [-before, tolerance].every((shift) => isWithin(daysAfter(date, shift), payments.covered)) && refunds.all,
    missing,
  };
}

/** Returns the rows that a few calls show. Returns no rows if the scopes do not allow the list. */
async function allRows(list: WholeList, query: Json, zoho: Reader): Promise<{ readonly rows: readonly Json[]; readonly all: boolean }> {
  const rows: Json[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await ifAllowed(zoho.read(list, { ...query, page, per_page: PER_PAGE }));
    if (answer === undefined) break;
    rows.push(...answer.rows);
    if (isCutShort(answer)) break;
    if (isLast(answer)) return { rows, all: true };
  }
  return { rows, all: false };
}

async function allPaymentsOf(days: Days, { zoho, progress }: Reading) {
  const rows: PaymentRow[] = [];
  let [undated, covered, left]: [number, Days, Days | undefined] = [0, days, undefined];
  for await (const stretch of paymentsBetween(days, {}, { zoho, progress, mostPages: MOST_PAGES_OF_PAYMENTS })) {
    rows.push(...stretch.rows);
    undated += stretch.undated.length;
    ({ covered = days, left } = stretch);
  }
  return { rows, undated, covered, left };
}

/** Undefined if Zoho does not tell what has to be compared. */
function recordOf(row: PaymentRow, account: AccountFilter | undefined, currency_code: string | undefined): BookRecord | undefined {
  const { payment_id, customer_id, customer_name, date, amount } = row;
  if (payment_id === '' || date === undefined || amount === undefined) return undefined;
  return {
    payment_id,
    customer_id,
    customer_name,
    date,
    amount,
    currency_code,
    base_amount: readAmount(row['bcy_amount']),
    reference_number: readText(row['reference_number']),
    payment_mode: readText(row['payment_mode']),
    invoice_numbers: (readText(row['invoice_numbers']) ?? '').split(', ').filter(Boolean),
    account: comparedAccount(row, account),
  };
}

const UNDEPOSITED = 'undeposited funds';

function comparedAccount(row: Json, account: AccountFilter | undefined): BookRecord['account'] {
  const isIn = account?.isIn(row);
  if (isIn === undefined) return 'unknown';
  if (isIn) return 'this';
  return folded(row['account_name']) === UNDEPOSITED ? 'undeposited' : 'another';
}

function openInvoiceOf({
  invoice_id,
  invoice_number = '',
  customer_id,
  customer_name,
  balance,
  currency_code,
  ...row
}: ReturnType<typeof asInvoice>): OpenInvoice | undefined {
  if (customer_id === undefined || balance === undefined || invoice_id === '') return undefined;
  return { invoice_id, invoice_number, customer_id, customer_name, balance, date: readDay(row['date']), currency_code };
}

/** The refunds of these days. Only payments that have refunds and changed since then are opened. */
async function refundsWithin(
  days: { readonly start: string; readonly end: string },
  account: AccountFilter | undefined,
  currencyOf: (row: PaymentRow) => string | undefined,
  { zoho, progress }: Reading,
): Promise<{ readonly records: readonly BookRecord[]; readonly all: boolean }> {
  const earliest = firstDayOfChange(days.start);
  const isTooOld = (row: PaymentRow | undefined) => (dayOfChange(row) ?? earliest) < earliest;
  const records: BookRecord[] = [];
  const opened = new Set<string>();
  let [all, pages] = [true, 0];
  for await (const page of pagesOf(allPayments, byLastChange, zoho)) {
    const rows = page.rows.map(asPayment);
    const refunded = rows.filter((row) => hasRefunds(row) && !isTooOld(row) && row.payment_id !== '' && !opened.has(row.payment_id));
    const now = refunded.slice(0, MOST_REFUNDED - opened.size);
    for (const { payment_id } of now) opened.add(payment_id);
    const found = await Promise.all(
      now.map(async (payment) => {
        const refunds = await refundsOf(zoho, payment.payment_id);
        all &&= refunds.all;
        return await Promise.all(
          refunds.rows
            .filter((refund) => isWithin(readDay(refund['date']), days))
            .map((refund) => refundRecordOf(refund, payment, account, currencyOf(payment), zoho)),
        );
      }),
    );
    records.push(...found.flat(2).filter((refund) => refund !== undefined));
    all &&= !found.flat().includes(undefined);
    pages += 1;
    progress(`Looked for refunds in ${opened.size} payments.`);
    if (isByLastChange(page) && isTooOld(rows.at(-1))) break;
    if (now.length < refunded.length || (pages >= MOST_PAGES_OF_PAYMENTS && !page.last)) return { records, all: false };
  }
  return { records, all };
}

/** Undefined if Zoho does not tell what has to be compared. Lists of refunds show no account. */
async function refundRecordOf(
  refund: Json,
  { payment_id, customer_id, customer_name }: PaymentRow,
  account: AccountFilter | undefined,
  currency_code: string | undefined,
  zoho: Reader,
): Promise<BookRecord | undefined> {
  const [refund_id, date, amount] = [readId(refund['payment_refund_id']), readDay(refund['date']), readRefundAmount(refund)];
  if (refund_id === undefined || date === undefined || amount === undefined) return undefined;
  const { payment_refund = {} } =
    account === undefined ? {} : await zoho.read(getCustomerPaymentRefund, { customer_payment_id: payment_id, refund_id });
  const from = { account_id: payment_refund['from_account_id'], account_name: payment_refund['from_account_name'] };
  return {
    payment_id,
    refund_id,
    customer_id,
    customer_name,
    date,
    amount,
    currency_code,
    reference_number: readText(refund['reference_number']),
    payment_mode: readText(refund['refund_mode']),
    invoice_numbers: [],
    account: comparedAccount(from, account),
  };
}
