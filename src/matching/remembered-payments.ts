import type { Reader } from '../endpoint.ts';
import { allInvoicePayments, type Query } from '../reading/whole-lists.ts';
import { readDay, readId } from '../records/read-row.ts';
import { plain } from '../records/text.ts';
import { only } from '../records/zoho-shapes.ts';
import { unlikeness } from './alike-names.ts';
import { referenceFilter, SLIP_OFF, slipFilters } from './alike-references.ts';
import { inCurrency } from './currencies.ts';
import { customersLike } from './customers-like.ts';
import { vendorsCalled, type Customer } from './customers.ts';
import { newestFirst, type Days } from './date-range.ts';
import { invoiceNamed, type Invoice } from './invoices.ts';
import { halvesOf, longestWord } from './name-parts.ts';
import {
  amountsAround,
  conditionsOf,
  daysAround,
  matchOf,
  tellsMore,
  wantedWithout,
  type Condition,
  type Wanted,
} from './payment-match.ts';
import { modeFilter } from './payment-modes.ts';
import {
  emptySearch,
  fittingAllBut,
  newestBy,
  queryOf,
  see,
  take,
  type AllButOne,
  type Filters,
  type FoundPayment,
  type RowsRead,
  type SearchState,
} from './payment-search.ts';
import { paymentsBetween } from './payments-between.ts';
import type { PaymentRow } from './payments.ts';

/** Searches Zoho for payments that a person remembers approximately: with Zoho's filters, or among the payments of an invoice. */

const MOST_PAGES_SEARCHED = 10;
/** The most payments shown that have only a similar reference. */
const MOST_NEAR = 5;

interface RememberedBy {
  readonly customer?: string | undefined;
  readonly invoice?: string | undefined;
  readonly limit: number;
}

interface SearchContext {
  readonly zoho: Reader;
  progress(message: string): void;
}

/** The payments found, and the customers and filters of the search. */
interface Outcome {
  readonly found: SearchState;
  readonly near: readonly FoundPayment[];
  /** True if there may be more payments with a similar reference than `near` has. */
  readonly nearInPart?: boolean;
  readonly others: readonly AllButOne[];
  readonly picked_by: readonly Condition[];
  readonly currencies: ReadonlyMap<string, string>;
  readonly customers?: readonly Customer[];
  /** Vendors with this name, if no customer has it. */
  readonly vendors?: readonly Customer[];
  readonly invoice?: FoundInvoice;
}

/** Returns up to `limit` payments, best match first. If none fits: similar payments, or payments that fit all conditions but one. */
export async function rememberedPayments(asked: RememberedBy, wanted: Wanted, context: SearchContext): Promise<Outcome> {
  return await (asked.invoice === undefined ? byFilters(asked, wanted, context) : byInvoice(asked, asked.invoice, wanted, context));
}

/** Finds the customers that may be meant, and builds Zoho's filters. */
async function filtersFor({ customer }: RememberedBy, { amount, reference, text, mode }: Wanted, { zoho }: SearchContext) {
  const likely = customer === undefined ? undefined : await customersLike(customer, zoho);
  const { least, most } = amountsAround(amount ?? 0);
  const filters: Filters = {
    ...(likely && { customer: likely.where }),
    ...(amount !== undefined && { amount: { amount_greater_equals: least, amount_less_equals: most } }),
    ...(reference !== undefined && { reference: { reference_number_contains: referenceFilter(reference) } }),
    ...(text !== undefined && { text: { search_text: text } }),
    ...(mode !== undefined && { payment_mode: { payment_mode_contains: modeFilter(mode) } }),
  };
  return { customers: likely?.customers, filters };
}

async function byFilters(asked: RememberedBy, wanted: Wanted, context: SearchContext): Promise<Outcome> {
  const { limit } = asked;
  const { zoho, progress } = context;
  const { amount, day, reference } = wanted;
  const { customers, filters: all } = await filtersFor(asked, wanted, context);
  // An amount together with a customer or a date leaves few payments. Similar references are found among them without a filter.
  const { reference: _, ...fewer } = all;
  const filters = amount !== undefined && (all.customer ?? day) !== undefined ? fewer : all;
  const found = emptySearch();
  const currencies = new Map(
    customers?.flatMap(({ contact_id, currency_code }) => (currency_code === undefined ? [] : [[contact_id, currency_code]])),
  );
  const picked_by = Object.keys(filters) as Condition[];
  const outcome = { found, near: [], others: [], picked_by, currencies, ...(customers && { customers }) };
  const rowsWithout = async (condition: Condition): Promise<RowsRead> => {
    const isNearSought = reference !== undefined && condition !== 'reference' && tellsMore(wantedWithout(condition, wanted));
    // Zoho filtered by exactly this reference, so payments with similar references were not read yet.
    if (isNearSought && 'reference' in all && (condition in filters || condition === 'date' || 'reference' in filters))
      return await withNearReference(reference, condition, all, wanted, context);
    if (!(condition in filters || condition === 'date')) return { rows: [...found.seen.values()], part: found.left !== undefined };
    const read = await newestBy(queryOf(all, condition), wantedWithout(condition, wanted), context);
    if (condition !== 'reference' || reference === undefined || !read.part) return read;
    // There are too many payments to read them all, so similar references are searched by their parts.
    const alike = await nearReference(reference, all, wanted, context);
    return { ...read, rows: onceEach([...read.rows, ...alike.rows]) };
  };
  if (customers?.length === 0) {
    const [others, vendors] = await Promise.all([
      fittingWithout(['customer'], { found, wanted, limit, rowsWithout }),
      vendorsCalled(String(asked.customer), zoho),
    ]);
    return { ...outcome, vendors, picked_by: picked_by.filter((condition) => condition !== 'customer'), others };
  }
  const query = queryOf(filters);
  // The smallest possible distance of a payment: the distance of the most similar customer name.
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
      found.incomparable += see(found, undated).length;
      found.left = left;
      if (wanted.number !== undefined && found.count > 0) return void (found.left = undefined);
      // Not with `unusedOnly`, because the payment with the largest unused amount may be the oldest.
      if (wanted.unusedOnly !== true && found.best.length === limit && found.best.every(({ off }) => off <= best))
        return void (found.stopped = true);
    }
  };
  // All customers together have many payments around a day. These are read only if the payments of the day itself do not fill the answer.
  const broad = day !== undefined && filters.customer === undefined && amount === undefined && reference === undefined;
  if (broad) await look({ start: day, end: day }, query);
  if (!found.stopped) await look(day === undefined ? wanted.days : daysAround(day), query);
  // Zoho's text search may distinguish accents, so also search for parts of the word.
  const word = longestWord(wanted.text ?? '');
  if (found.count === 0 && !/\d/.test(word)) {
    const read = await Promise.all(halvesOf(word).map(async (search_text) => await newestBy({ ...query, search_text }, wanted, context)));
    for (const { rows } of read) take(found, rows, wanted, limit);
  }
  // The search ended early because too many payments are similar. An exact match must still be found, so search for it alone.
  if (found.left !== undefined && !broad && (amount ?? day) !== undefined) {
    const { left } = found;
    await look(day === undefined ? left : { start: day, end: day }, {
      ...queryOf(all, 'amount'),
      ...(amount !== undefined && { amount }),
    });
    found.left ??= left;
  }
  if ((found.best[0]?.off ?? SLIP_OFF) < SLIP_OFF) return outcome;
  if (reference === undefined || tellsMore(wanted))
    return { ...outcome, others: await fittingWithout(conditionsOf(wanted), { found, wanted, limit, rowsWithout }) };
  const alike = await nearReference(reference, filters, wanted, context);
  take(found, alike.rows, wanted, limit);
  if (found.count > 0) return outcome;
  const near = alike.rows.flatMap((row) => {
    const match = matchOf(row, wanted);
    return match === undefined ? [] : [{ ...match, why: [], row }];
  });
  const rest = conditionsOf(wanted).filter((condition) => condition !== 'reference');
  return {
    ...outcome,
    near: near.toSorted((a, b) => newestFirst(a.row, b.row)).slice(0, MOST_NEAR),
    nearInPart: alike.part || near.length > MOST_NEAR,
    others: await fittingWithout(rest, { found, wanted, limit, rowsWithout }),
  };
}

/** Payments that Zoho finds by parts of the reference. One typing error leaves at least one of the parts unchanged. */
async function nearReference(reference: string, filters: Filters, wanted: Wanted, context: SearchContext): Promise<RowsRead> {
  const parts = slipFilters(reference).map((part) => ({ ...queryOf(filters, 'reference'), reference_number_contains: part }));
  const found = await Promise.all(parts.map(async (query) => await newestBy(query, wanted, context)));
  return { rows: onceEach(found.flatMap(({ rows }) => rows)), part: found.some(({ part }) => part) };
}

/**
 * The payments to compare if one condition is ignored, including payments with a similar reference. If the other conditions leave too
 * many payments, returns only payments that Zoho finds by parts of the reference.
 */
async function withNearReference(
  reference: string,
  condition: Condition,
  { [condition]: _, ...filters }: Filters,
  wanted: Wanted,
  context: SearchContext,
): Promise<RowsRead> {
  const rest = wantedWithout(condition, wanted);
  const query = queryOf(filters, 'reference');
  const isNarrow = Object.keys(query).length > 0 || (rest.day ?? rest.days.start) !== undefined;
  const few = isNarrow ? await newestBy(query, rest, context) : undefined;
  if (few?.part === false) return few;
  const [exact, alike] = await Promise.all([newestBy(queryOf(filters), rest, context), nearReference(reference, filters, rest, context)]);
  const rows = [...(few?.rows ?? []), ...exact.rows, ...alike.rows];
  return { ...exact, rows: onceEach(rows), part: exact.part || alike.part || slipFilters(reference).length === 0 };
}

const onceEach = (rows: readonly PaymentRow[]) => [...new Map(rows.map((row) => [row.payment_id, row])).values()];

interface Fitting {
  readonly found: SearchState;
  readonly wanted: Wanted;
  readonly limit: number;
  readonly rowsWithout: (condition: Condition) => Promise<RowsRead>;
}

/** For each of these conditions, the payments that fit if it is ignored. Adds payments with a similar reference to `found`. */
async function fittingWithout(conditions: readonly Condition[], { found, wanted, limit, rowsWithout }: Fitting): Promise<AllButOne[]> {
  if (conditionsOf(wanted).length === 1) return [];
  const read = await Promise.all(conditions.map(async (condition) => ({ condition, ...(await rowsWithout(condition)) })));
  for (const { condition, rows } of read) if (condition === 'reference') take(found, rows, wanted, limit);
  for (const { rows, undated = [] } of read) {
    see(found, rows);
    found.incomparable += see(found, undated).length;
  }
  return read
    .filter(({ condition }) => condition !== 'reference' || found.count === 0)
    .map(({ condition, rows, part }) => fittingAllBut(condition, rows, wanted, part));
}

async function rowsOfAnyInvoice({ filters }: { readonly filters: Filters }, wanted: Wanted, context: SearchContext): Promise<RowsRead> {
  const rest = wantedWithout('invoice', wanted);
  return wanted.reference !== undefined && tellsMore(rest)
    ? await withNearReference(wanted.reference, 'invoice', filters, wanted, context)
    : await newestBy(queryOf(filters), rest, context);
}

const invoiceFields = ['invoice_id', 'invoice_number', 'customer_id', 'customer_name', 'currency_code', 'status', 'balance'] as const;
export type FoundInvoice = Pick<Invoice, (typeof invoiceFields)[number]>;

/** Searches among the payments that are applied to the invoice. */
async function byInvoice(asked: RememberedBy, typed: string, remembered: Wanted, context: SearchContext): Promise<Outcome> {
  const { customer, limit } = asked;
  const { zoho, progress } = context;
  const whole = await invoiceNamed(typed, customer, zoho.recent);
  const { invoice_id, invoice_number, customer_id, currency_code } = whole;
  const { rows: applied } = await zoho.recent.read(allInvoicePayments, { invoice_id });
  const amounts = new Map(
    applied.flatMap((row) => (readId(row['payment_id']) === undefined ? [] : [[readId(row['payment_id']) ?? '', row['amount']] as const])),
  );
  const dates = applied.map((row) => readDay(row['date']));
  // If a payment's date is unknown, the payment may have any date, so the search has no range.
  const told = dates.filter((day) => day !== undefined).toSorted();
  const days = told.length === dates.length ? { start: told[0], end: told.at(-1) } : {};
  const wanted = { ...remembered, applied: new Set(amounts.keys()) };
  const found = emptySearch();
  const currencies = new Map(customer_id === undefined || currency_code === undefined ? [] : [[customer_id, currency_code]]);
  if (amounts.size > 0) {
    for await (const { rows, left } of paymentsBetween(
      days,
      { customer_id },
      { zoho: zoho.recent, progress, mostPages: MOST_PAGES_SEARCHED, newestFirst: true },
    )) {
      const theirs = rows.filter((row) => amounts.has(row.payment_id));
      take(found, theirs, wanted, limit);
      found.left = left;
      if (found.seen.size === amounts.size) break;
    }
  }
  const onIt = [...found.seen.values()];
  const rowsWithout = async (condition: Condition) =>
    condition === 'invoice'
      ? await rowsOfAnyInvoice(await filtersFor(asked, wanted, context), wanted, context)
      : { rows: onIt, part: found.left !== undefined };
  const others = found.count > 0 ? [] : await fittingWithout(conditionsOf(wanted), { found, wanted, limit, rowsWithout });
  const number = plain(invoice_number ?? invoice_id);
  found.best = found.best.map((match) => ({
    ...match,
    why: [`${inCurrency(amounts.get(match.row.payment_id), currency_code)} applied to ${number}`],
  }));
  return { found, near: [], others, picked_by: [], currencies, invoice: only(whole, invoiceFields) };
}
