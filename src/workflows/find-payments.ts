import * as z from 'zod';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { listOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { InputError } from '../errors.ts';
import { unlikeness } from '../matching/alike-names.ts';
import { CURRENCY_NOT_KNOWN, currenciesOf, inCurrency } from '../matching/currencies.ts';
import { customersLike } from '../matching/customers-like.ts';
import type { Customer } from '../matching/customers.ts';
import { aboutDays, asArguments, daysOf, newestFirst, type Days } from '../matching/date-range.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { aboutInvoice, invoiceNamed, type Invoice } from '../matching/invoices.ts';
import { paymentLine, shownPayment, type ShownPayment } from '../matching/payment-line.ts';
import { amountsAround, daysAround, isIncomparablePayment, matchOf, type Match, type Wanted } from '../matching/payment-match.ts';
import { modeFilter } from '../matching/payment-modes.ts';
import { paymentsBetween } from '../matching/payments-between.ts';
import { bareNumber, type PaymentRow } from '../matching/payments.ts';
import { isId } from '../matching/same-name.ts';
import { words } from '../matching/shared-arguments.ts';
import { readAmount } from '../money.ts';
import { organizationOf } from '../reading/organization.ts';
import { allContacts, allInvoicePayments, allInvoices, allPayments, type Query } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import { amount, date } from '../records/fields.ts';
import { readDay, readId } from '../records/read-row.ts';
import { hasCutText, plain, quoted } from '../records/text.ts';
import { only } from '../records/zoho-shapes.ts';
import { toolCall, createReport, type Step } from '../report.ts';
import { defineReadWorkflow, type ReadContext } from '../workflow.ts';

const MOST_PAGES_SEARCHED = 10;
const USUAL_LIMIT = 10;
const MOST_OTHERS = 5;

const input = z.strictObject({
  customer: words.optional(),
  amount: amount.optional(),
  date: date.optional(),
  date_start: date.optional(),
  date_end: date.optional(),
  number: words.optional(),
  invoice: words.optional(),
  reference: words.optional(),
  text: words.optional(),
  payment_mode: words.optional(),
  unused_only: z.boolean().optional(),
  limit: z.int().min(1).max(50).optional(),
});
type Given = z.output<typeof input>;

const output = z.looseObject({ payments: z.array(z.looseObject({})).optional() });

export const findPayments = defineReadWorkflow({
  name: 'find_payments',
  title: 'Find payments',
  description:
    'Find payments by what is remembered: customer (roughly: names alike are all searched), about what `amount`, ' +
    'around what `date`, payment number, invoice or cheque number (`reference`). Best match first, with why.',
  input,
  output,
  reads: [allPayments, allContacts, getContact, allInvoices, getInvoice, allInvoicePayments, listOrganizations],
  async run(given, context): Promise<Result> {
    const wanted = wantedOf(given);
    const { found, currencies, customers, invoice } = await (given.invoice === undefined
      ? byFilters(given, wanted, context)
      : byInvoice(given, given.invoice, wanted, context));
    const { zoho } = context;
    const unknown = found.best.map(({ row }) => row.customer_id).filter((customer) => customer !== undefined && !currencies.has(customer));
    const [others, organization] = await Promise.all([
      currenciesOf(unknown, zoho),
      found.best.some(({ row }) => (readAmount(row['bcy_refunded_amount']) ?? 0) > 0) ? organizationOf(zoho) : undefined,
    ]);
    const shown = found.best.map(({ row, why }) => {
      const currency = currencies.get(String(row.customer_id)) ?? others.get(String(row.customer_id));
      return { ...shownPayment(row, currency), why: [...(matchOf(row, wanted, currency)?.why ?? []), ...why].join(', ') || undefined };
    });
    const base_currency = organization?.currency_code;
    return {
      payments: fittingRows(shown, (payment) => lineOf(payment, base_currency)),
      matches: found.count,
      looked_through: found.looked,
      ...(found.incomparable > 0 && { not_compared: found.incomparable }),
      ...(found.stopped && { newest_only: true }),
      ...(found.left && { not_looked_through: asArguments(found.left) }),
      ...(base_currency !== undefined && { base_currency }),
      ...(customers &&
        (found.count === 0 || customers.length > 1) && {
          customers: customers.slice(0, 10).map(({ contact_id, contact_name }) => ({ contact_id, contact_name })),
        }),
      ...(invoice && { invoice }),
    };
  },
  report(
    { payments, matches, looked_through, not_compared = 0, newest_only, not_looked_through, base_currency, customers, invoice },
    given,
  ) {
    const left = not_looked_through && daysOf(not_looked_through);
    const { date: _, date_start: __, date_end: ___, ...undated } = given;
    const rest = left && `Not looked through: ${aboutDays(left)}.`;
    const untold =
      not_compared > 0 &&
      `Not compared: ${not_compared} payment${not_compared === 1 ? '' : 's'} of which Zoho does not tell the amount or the date.`;
    const more = left && toolCall('find_payments', { ...undated, ...not_looked_through });
    if (payments.length === 0) {
      const others = [...(more ? [more] : []), ...looser(given)];
      return createReport(
        [
          customers?.length === 0
            ? `No customer is called anything like ${quoted(given.customer)}.`
            : `No payment matches: ${soughtOf(given)}.`,
          invoice && `Invoice ${aboutInvoice(invoice)}, of ${recordName('customer', invoice.customer_name, invoice.customer_id, 60)}.`,
          customers !== undefined &&
            customers.length > 0 &&
            `Customers looked at: ${customers.map((one) => recordNameAndId('customer', one.contact_name, one.contact_id, 60)).join(', ')}.`,
          `Looked through ${looked_through} payment${looked_through === 1 ? '' : 's'} that came near.`,
          untold,
          rest,
        ],
        [...(others.length > 0 ? others : customers?.length === 0 ? [ASK_FOR_NAME] : [])],
      );
    }
    const [first] = payments;
    const cut = payments.find((payment) => hasCutText(lineOf(payment, base_currency)));
    const others = (customers ?? [])
      .filter(({ contact_id }) => !payments.some(({ customer_id }) => customer_id === contact_id))
      .slice(0, MOST_OTHERS);
    const all = `${payments.length} payment${payments.length === 1 ? '' : 's'}`;
    return createReport(
      [
        newest_only
          ? `The newest ${all} that match as well as any, older ones may too:`
          : payments.length < matches
            ? `The best ${all} of ${matches} that match:`
            : `${all} found, best match first:`,
        ...payments.map((payment) => lineOf(payment, base_currency)),
        others.length > 0 &&
          `Customers called alike: ${others.map((one) => recordNameAndId('customer', one.contact_name, one.contact_id, 60)).join(', ')}.`,
        payments.some(({ currency_code }) => currency_code === undefined) && CURRENCY_NOT_KNOWN,
        untold,
        rest,
      ],
      [
        toolCall('get_customer_payment', { payment_id: first?.payment_id }),
        more,
        matches > payments.length && (given.limit ?? USUAL_LIMIT) < 50 && toolCall('find_payments', { ...given, limit: 50 }),
        cut && toolCall('get_customer_payment', { payment_id: cut.payment_id, whole: true }, 'to read what is cut'),
      ],
    );
  },
});

type Result = {
  readonly payments: ShownPayment[];
  readonly matches: number;
  readonly looked_through: number;
  readonly not_compared?: number;
  readonly newest_only?: true;
  readonly not_looked_through?: { readonly date_start?: string; readonly date_end?: string };
  readonly base_currency?: string;
  readonly customers?: readonly Customer[];
  readonly invoice?: Pick<Invoice, (typeof invoiceFields)[number]>;
};

function lineOf(payment: ShownPayment, base: string | undefined): string {
  const { amount, currency_code, customer_id, customer_name, why } = payment;
  const whose = recordNameAndId('customer', customer_name, customer_id, 60);
  return `${paymentLine(payment, base, inCurrency(amount, currency_code), whose)}${why === undefined ? '' : ` | ${String(why)}`}`;
}

function wantedOf({
  customer,
  amount,
  date,
  number,
  reference,
  text,
  payment_mode: mode,
  unused_only: unusedOnly,
  ...given
}: Given): Wanted {
  const days = daysOf(given);
  if (date !== undefined && (days.start ?? days.end) !== undefined) {
    throw new InputError('Both `date` and a range are given.', {
      code: 'invalid_arguments',
      next: 'Call again with date, which finds payments some days around it too, or with date_start and date_end.',
    });
  }
  return {
    name: customer === undefined || isId(customer) ? undefined : customer,
    amount,
    day: date,
    days,
    number: number && bareNumber(number),
    reference,
    text,
    mode,
    unusedOnly,
  };
}

/** The best so far: no more are kept than are shown. */
interface SearchState {
  best: readonly (Match & { readonly row: PaymentRow })[];
  count: number;
  looked: number;
  /** Of which Zoho does not tell what would have to be compared. */
  incomparable: number;
  /** Not to the end: as many as are wanted are as good as can be, and those behind are older. */
  stopped: boolean;
  left?: Days | undefined;
}

interface Outcome {
  readonly found: SearchState;
  readonly currencies: ReadonlyMap<string, string>;
  readonly customers?: readonly Customer[];
  readonly invoice?: Pick<Invoice, (typeof invoiceFields)[number]>;
}

function take(found: SearchState, rows: readonly PaymentRow[], wanted: Wanted, limit: number): void {
  const known = new Set(found.best.map(({ row }) => row.payment_id));
  const matching = rows.flatMap((row) => {
    const match = known.has(row.payment_id) ? undefined : matchOf(row, wanted);
    return match === undefined ? [] : [{ off: match.off, why: [], row }];
  });
  found.looked += rows.length;
  found.incomparable += rows.filter((row) => isIncomparablePayment(row, wanted)).length;
  found.count += matching.length;
  found.best = [...found.best, ...matching].toSorted((a, b) => a.off - b.off || newestFirst(a.row, b.row)).slice(0, limit);
}

async function byFilters({ customer, limit = USUAL_LIMIT }: Given, wanted: Wanted, { zoho, progress }: ReadContext): Promise<Outcome> {
  const { amount, day, reference, text, mode } = wanted;
  const likely = customer === undefined ? undefined : await customersLike(customer, zoho);
  const customers = likely?.customers;
  const found: SearchState = { best: [], count: 0, looked: 0, incomparable: 0, stopped: false };
  const currencies = new Map(
    customers?.flatMap(({ contact_id, currency_code }) => (currency_code === undefined ? [] : [[contact_id, currency_code]])),
  );
  if (customers?.length === 0) return { found, currencies, customers };
  const { least, most } = amountsAround(amount ?? 0);
  const where = {
    ...likely?.where,
    ...(reference !== undefined && { reference_number_contains: reference }),
    ...(text !== undefined && { search_text: text }),
    ...(mode !== undefined && { payment_mode_contains: modeFilter(mode) }),
  };
  const near = { ...where, ...(amount !== undefined && { amount_greater_equals: least, amount_less_equals: most }) };
  // Off by no more than any of them can be.
  const best =
    customers === undefined || wanted.name === undefined
      ? 0
      : Math.min(...customers.map(({ contact_name }) => unlikeness(wanted.name!, contact_name) ?? 1));
  const look = async (days: Days, where: Query) => {
    for await (const { rows, undated, left } of paymentsBetween(days, where, {
      zoho: zoho.recent,
      progress,
      mostPages: MOST_PAGES_SEARCHED,
      newestFirst: true,
    })) {
      take(found, rows, wanted, limit);
      found.incomparable += undated;
      found.left = left;
      if (wanted.number !== undefined && found.count > 0) return void (found.left = undefined);
      if (found.best.length === limit && found.best.every(({ off }) => off <= best)) return void (found.stopped = true);
    }
  };
  // Of a day, all customers' payments: those around it are many, so they are looked at only where the day does not fill the answer.
  const broad = day !== undefined && likely === undefined && amount === undefined && reference === undefined;
  if (broad) await look({ start: day, end: day }, near);
  if (!found.stopped) await look(day === undefined ? wanted.days : daysAround(day), near);
  // What is just as remembered is not missed among the many that are nearly so.
  if (found.left !== undefined && !broad && (amount ?? day) !== undefined) {
    const { left } = found;
    await look(day === undefined ? left : { start: day, end: day }, { ...where, ...(amount !== undefined && { amount }) });
    found.left ??= left;
  }
  return { found, currencies, ...(customers && { customers }) };
}

const invoiceFields = ['invoice_id', 'invoice_number', 'customer_id', 'customer_name', 'currency_code', 'status', 'balance'] as const;

/** What is applied to the invoice; the rest of what is remembered is compared. */
async function byInvoice(
  { customer, limit = USUAL_LIMIT }: Given,
  typed: string,
  wanted: Wanted,
  { zoho, progress }: ReadContext,
): Promise<Outcome> {
  const whole = await invoiceNamed(typed, customer, zoho.recent);
  const { invoice_id, invoice_number, customer_id, currency_code } = whole;
  const { rows: applied } = await zoho.recent.read(allInvoicePayments, { invoice_id });
  const amounts = new Map(
    applied.flatMap((row) => (readId(row['payment_id']) === undefined ? [] : [[readId(row['payment_id']) ?? '', row['amount']] as const])),
  );
  const dates = applied.map((row) => readDay(row['date']));
  // With a date that Zoho does not tell, the payment may be of any.
  const told = dates.filter((day) => day !== undefined).toSorted();
  const days = told.length === dates.length ? { start: told[0], end: told.at(-1) } : {};
  const found: SearchState = { best: [], count: 0, looked: 0, incomparable: 0, stopped: false };
  const currencies = new Map(customer_id === undefined || currency_code === undefined ? [] : [[customer_id, currency_code]]);
  if (amounts.size > 0) {
    for await (const { rows, left } of paymentsBetween(
      days,
      { customer_id },
      { zoho: zoho.recent, progress, mostPages: MOST_PAGES_SEARCHED, newestFirst: true },
    )) {
      const theirs = rows.filter(
        (row) => amounts.has(row.payment_id) && (customer === undefined || !isId(customer) || row.customer_id === customer),
      );
      take(found, theirs, wanted, limit);
      found.left = left;
      if (found.looked === amounts.size) break;
    }
  }
  const number = plain(invoice_number ?? invoice_id);
  found.best = found.best.map((match) => ({
    ...match,
    why: [`${inCurrency(amounts.get(match.row.payment_id), currency_code)} applied to ${number}`],
  }));
  return { found, currencies, invoice: only(whole, invoiceFields) };
}

/** What was looked for, as it was understood. */
function soughtOf(given: Given): string {
  const { customer, amount, date, number, invoice, reference, text, payment_mode, unused_only } = given;
  const { least, most } = amountsAround(amount ?? 0);
  const days = date === undefined ? daysOf(given) : daysAround(date);
  const parts = [
    customer !== undefined && `customer ${quoted(customer, 60)}`,
    amount !== undefined && `amount ${least} to ${most}`,
    (days.start ?? days.end) !== undefined && aboutDays(days),
    number !== undefined && `number ${quoted(number, 40)}`,
    invoice !== undefined && `applied to invoice ${quoted(invoice, 40)}`,
    reference !== undefined && `reference with ${quoted(reference, 50)}`,
    text !== undefined && `text ${quoted(text, 50)}`,
    payment_mode !== undefined && `mode ${quoted(payment_mode, 40)}`,
    unused_only === true && 'something unused',
  ].filter(Boolean);
  return parts.length === 0 ? 'there is none' : parts.join(', ');
}

const ASK_FOR_NAME: Step = { say: 'ask the user for the name as it stands in Zoho Books.' };

/** The same without one of the things that were remembered, those first that are easily remembered wrong. */
function looser(given: Given): Step[] {
  const without = (...names: string[]) => {
    const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name)));
    return Object.keys(rest).length < Object.keys(given).length && Object.keys(rest).some((name) => name !== 'limit')
      ? [toolCall('find_payments', rest)]
      : [];
  };
  return [
    without('unused_only'),
    without('payment_mode'),
    without('reference', 'text'),
    without('date', 'date_start', 'date_end'),
    without('amount'),
    without('customer'),
  ].flat();
}
