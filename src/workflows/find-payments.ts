import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { listOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { InputError } from '../errors.ts';
import { CURRENCY_NOT_KNOWN, currenciesOf, inCurrency } from '../matching/currencies.ts';
import { aboutVendors, customerNamed, withoutAddress, type Customer } from '../matching/customers.ts';
import { aboutDays, asArguments, daysOf } from '../matching/date-range.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { invoicesOfPayments } from '../matching/invoices-of-payments.ts';
import { aboutInvoice } from '../matching/invoices.ts';
import { paymentLine, shownPayment, type ShownPayment } from '../matching/payment-line.ts';
import { amountsAround, daysAround, matchOf, wantedWithout, type Condition, type Wanted } from '../matching/payment-match.ts';
import type { FoundPayment } from '../matching/payment-search.ts';
import { bareNumber } from '../matching/payments.ts';
import { rememberedPayments, type FoundInvoice } from '../matching/remembered-payments.ts';
import { isId } from '../matching/same-name.ts';
import { words } from '../matching/shared-arguments.ts';
import { readAmount } from '../money.ts';
import { organizationOf } from '../reading/organization.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { allContacts, allInvoicePayments, allInvoices, allPayments } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import { amount, date } from '../records/fields.ts';
import { readText } from '../records/read-row.ts';
import { hasCutText, lines, quoted } from '../records/text.ts';
import { toolCall, createReport, type Step } from '../report.ts';
import { defineReadWorkflow } from '../workflow.ts';

const USUAL_LIMIT = 10;
const MOST_OTHERS = 5;
const MOST_CUSTOMERS_NAMED = 10;

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
  descriptions: z.boolean().optional(),
  limit: z.int().min(1).max(50).optional(),
});
type Given = z.output<typeof input>;

const output = z.looseObject({ payments: z.array(z.looseObject({})).optional() });

export const findPayments = defineReadWorkflow({
  name: 'find_payments',
  title: 'Find payments',
  description:
    'Find payments by what the user remembers: customer (also similar names), approximate `amount` and `date`, ' +
    'payment number, invoice, or `reference` such as a cheque number (also similar). Best match first, with reasons.',
  input,
  output,
  reads: [allPayments, allContacts, getContact, allInvoices, getInvoice, listRetainerInvoices, allInvoicePayments, listOrganizations],
  async run(named, context): Promise<Result> {
    const { zoho } = context;
    const given = { ...named, customer: await asIdOrName(named.customer, zoho) };
    const wanted = wantedOf(given);
    const {
      found,
      near,
      nearInPart,
      others,
      currencies,
      customers,
      vendors = [],
      invoice,
      picked_by,
    } = await rememberedPayments({ ...given, limit: given.limit ?? USUAL_LIMIT }, wanted, context);
    const all = [...found.best, ...near, ...others.flatMap(({ best }) => best)];
    const unknown = all.map(({ row }) => row.customer_id).filter((customer) => customer !== undefined && !currencies.has(customer));
    const [theirs, organization, paid] = await Promise.all([
      currenciesOf(unknown, zoho),
      all.some(({ row }) => (readAmount(row['bcy_refunded_amount']) ?? 0) > 0) ? organizationOf(zoho) : undefined,
      invoicesOfPayments(
        all.map(({ row }) => row),
        invoice === undefined ? [] : [invoice],
        zoho,
      ),
    ]);
    const base_currency = organization?.currency_code;
    const shownAs =
      (as: Wanted) =>
      ({ row, why }: FoundPayment): ShownFound => {
        const currency = currencies.get(String(row.customer_id)) ?? theirs.get(String(row.customer_id));
        const match = matchOf(row, as, currency);
        return {
          ...shownPayment(row, currency),
          ...(paid.has(row) && { invoices: paid.get(row) }),
          ...(given.descriptions && readText(row['description']) !== undefined && { description: row['description'] }),
          ...(match?.near && { near: true }),
          why: [...(match?.why ?? []), ...why].join(', ') || undefined,
        };
      };
    const [payments, alike] = [found.best.map(shownAs(wanted)), near.map(shownAs(wanted))];
    const without = others.map(({ best, count, ...other }) => ({
      without: other.without,
      matches: count,
      ...(other.part && { in_part: true as const }),
      payments: best.map(shownAs(wantedWithout(other.without, wanted))),
    }));
    // The size limit applies to all lists together, because they are one answer.
    const fitting = new Set(
      fittingRows([...payments, ...alike, ...without.flatMap((one) => one.payments)], (payment) => lineOf(payment, base_currency)),
    );
    const fits = (payment: ShownFound) => fitting.has(payment);
    return {
      payments: payments.filter(fits),
      matches: found.count,
      ...(alike.length > 0 && { near: alike.filter(fits) }),
      ...(nearInPart && { near_in_part: true as const }),
      ...(without.length > 0 && { without: without.map((one) => ({ ...one, payments: one.payments.filter(fits) })) }),
      looked_through: found.seen.size,
      ...(picked_by.length > 0 && { picked_by }),
      ...(found.incomparable > 0 && { not_compared: found.incomparable }),
      ...(found.stopped && { newest_only: true }),
      ...(found.left && { not_looked_through: asArguments(found.left) }),
      ...(base_currency !== undefined && { base_currency }),
      ...(customers &&
        (found.count === 0 || customers.length > 1) && {
          customers: customers.slice(0, MOST_CUSTOMERS_NAMED).map(({ contact_id, contact_name }) => ({ contact_id, contact_name })),
          ...(customers.length > MOST_CUSTOMERS_NAMED && { more_customers: customers.length - MOST_CUSTOMERS_NAMED }),
        }),
      ...(vendors.length > 0 && { vendors: vendors.map(({ contact_id, contact_name }) => ({ contact_id, contact_name })) }),
      ...(invoice && { invoice }),
    };
  },
  report(
    {
      payments,
      matches,
      near = [],
      near_in_part,
      without = [],
      looked_through,
      picked_by = [],
      not_compared = 0,
      newest_only,
      not_looked_through,
      base_currency,
      customers,
      more_customers = 0,
      vendors,
      invoice,
    },
    given,
  ) {
    const left = not_looked_through && daysOf(not_looked_through);
    const { date: _, date_start: __, date_end: ___, ...undated } = given;
    const rest = left && `Not searched: ${aboutDays(left)}.`;
    const untold =
      not_compared > 0 &&
      `Not compared: ${not_compared} payment${not_compared === 1 ? '' : 's'}, because Zoho gives no amount, date or mode.`;
    const more = left && toolCall('find_payments', { ...undated, ...not_looked_through });
    const rows = (some: readonly ShownFound[]) => some.map((payment) => lineOf(payment, base_currency));
    const all = [...payments, ...near, ...without.flatMap((one) => one.payments)];
    const noCurrency = all.some(({ currency_code }) => currency_code === undefined) && CURRENCY_NOT_KNOWN;
    const others = aboutOthers(without, given, payments.length > 0, rows);
    if (payments.length === 0) {
      const steps = [...(more ? [more] : []), ...looser(given)];
      return createReport(
        [
          customers?.length === 0
            ? `No customer has a name like ${quoted(given.customer)}. ${aboutVendors(vendors ?? [])}`.trim()
            : `No payment matches: ${soughtOf(given)}.`,
          near.length > 0 && 'Payments with only a similar reference; perhaps none of them is the right payment:',
          ...rows(near),
          near_in_part && 'There may be more matches: too many payments contain a part of this reference, so not all were read.',
          invoice && `Invoice ${aboutInvoice(invoice)}, of ${recordName('customer', invoice.customer_name, invoice.customer_id, 60)}.`,
          customers !== undefined &&
            customers.length > 0 &&
            `Customers searched: ${customers.map((one) => recordNameAndId('customer', one.contact_name, one.contact_id, 60)).join(', ')}${
              more_customers > 0 ? `, and ${more_customers} more` : ''
            }.`,
          ...others,
          `Searched ${looked_through} payment${looked_through === 1 ? '' : 's'}${aboutPicked(picked_by, without.length > 0)}.`,
          noCurrency,
          untold,
          rest,
        ],
        [
          (near.length > 0 || (given.reference !== undefined && steps.length === 0)) && ASK_FOR_MORE,
          ...(steps.length > 0 ? steps : customers?.length === 0 ? [ASK_FOR_NAME] : []),
        ],
      );
    }
    const [first] = payments;
    const cut = payments.find((payment) => hasCutText(lineOf(payment, base_currency)));
    const alike = (customers ?? [])
      .filter(({ contact_id }) => !payments.some(({ customer_id }) => customer_id === contact_id))
      .slice(0, MOST_OTHERS);
    const shown = `${payments.length} payment${payments.length === 1 ? '' : 's'}`;
    const isMoreAsked = Object.keys(given).some((name) => !['reference', 'limit', 'descriptions'].includes(name));
    const order = given.unused_only ? 'best match first, then by unused amount' : 'best match first';
    return createReport(
      [
        payments.every((payment) => payment.near) &&
          `No payment has exactly the reference ${quoted(given.reference, 50)}; ` +
            `these have a similar one${isMoreAsked ? ' and match all other conditions' : ''}.`,
        newest_only
          ? `The newest ${shown} that fit equally well; there may be older ones:`
          : payments.length < matches
            ? `The best ${shown} of ${matches} that match${given.unused_only ? `, ${order}` : ''}:`
            : `${shown} found, ${order}:`,
        ...rows(payments),
        ...others,
        alike.length > 0 &&
          'Customers with similar names: ' +
            `${alike.map((one) => recordNameAndId('customer', one.contact_name, one.contact_id, 60)).join(', ')}.`,
        noCurrency,
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

type ShownFound = ShownPayment & { readonly why?: string | undefined; readonly near?: true };

interface Without {
  readonly without: Condition;
  readonly matches: number;
  readonly in_part?: true;
  readonly payments: readonly ShownFound[];
}

/** Lists the payments that fit if one condition is ignored. If nothing was found, also names the conditions that make no difference. */
function aboutOthers(
  without: readonly Without[],
  given: Given,
  isAnyFound: boolean,
  rows: (some: readonly ShownFound[]) => string[],
): string[] {
  const nameOf = (condition: Condition) => (condition === 'date' && given.date === undefined ? 'the dates' : `\`${condition}\``);
  const none = without.filter(({ matches }) => matches === 0);
  const named = (some: readonly Without[]) =>
    enumerated(
      some.map((one) => nameOf(one.without)),
      'or',
    );
  const [part, whole] = [none.filter(({ in_part }) => in_part), none.filter(({ in_part }) => !in_part)];
  const either = none.length < without.length ? '' : ' either';
  return lines(
    ...without.flatMap(({ without: condition, matches, in_part, payments }) =>
      matches === 0
        ? []
        : [
            `${matches}${in_part ? ' of the newest searched' : ''} fit${matches === 1 ? 's' : ''} ` +
              `if the search ignores ${nameOf(condition)}${payments.length < matches ? `, the best ${payments.length}` : ''}:`,
            ...rows(payments),
          ],
    ),
    !isAnyFound && whole.length > 0 && `If the search ignores ${named(whole)}, nothing fits${either}.`,
    !isAnyFound &&
      part.length > 0 &&
      `If the search ignores ${named(part)}, none of the newest payments fits${either}; older payments were not searched.`,
  );
}

const enumerated = (all: readonly string[], word: 'and' | 'or') =>
  all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} ${word} ${all.at(-1)}`;

/** Names the conditions by which Zoho filtered. Zoho excluded all other payments, so the search covers these payments too. */
function aboutPicked(by: readonly string[], without: boolean): string {
  if (by.length === 0) return '';
  const partly = without && by.length > 1 ? ' (in some searches only by a part of these conditions)' : '';
  return `, which Zoho filtered by ${enumerated(by, 'and')}${partly}`;
}

type Result = {
  readonly payments: ShownFound[];
  readonly matches: number;
  /** Payments with a similar reference, if the call has no other condition that identifies a payment. */
  readonly near?: ShownFound[];
  readonly near_in_part?: true;
  /** If nothing fits all conditions: for each condition, the payments that fit if this condition is ignored. */
  readonly without?: Without[];
  /** Number of payments that were compared. Each is counted once. */
  readonly looked_through: number;
  /** Conditions that Zoho filtered by. Zoho itself excluded all other payments. */
  readonly picked_by?: readonly Condition[];
  readonly not_compared?: number;
  readonly newest_only?: true;
  readonly not_looked_through?: { readonly date_start?: string; readonly date_end?: string };
  readonly base_currency?: string;
  readonly customers?: readonly Customer[];
  /** Number of customers searched that `customers` does not list. */
  readonly more_customers?: number;
  /** Vendors with this name, if no customer has it. */
  readonly vendors?: readonly Customer[];
  readonly invoice?: FoundInvoice;
};

function lineOf(payment: ShownFound, base: string | undefined): string {
  const { amount, currency_code, customer_id, customer_name, description, why } = payment;
  const whose = recordNameAndId('customer', customer_name, customer_id, 60);
  return [
    paymentLine(payment, base, inCurrency(amount, currency_code), whose),
    ...(description === undefined ? [] : [`says ${quoted(description, 200)}`]),
    ...(why === undefined ? [] : [why]),
  ].join(' | ');
}

/** Turns an e-mail address into an id. Text that looks like an id may be a name, so it is looked up. */
async function asIdOrName(customer: string | undefined, zoho: Reader): Promise<string | undefined> {
  if (customer === undefined || !isId(customer)) return await withoutAddress(customer, zoho);
  return (await customerNamed(customer, zoho)).contact_id;
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
      next: 'Call again with date (also finds nearby dates), or with date_start and date_end.',
    });
  }
  return {
    ...(customer !== undefined && (isId(customer) ? { customer_id: customer } : { name: customer })),
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

/** The conditions of the search as the server understood them, for the report. */
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
    unused_only === true && 'with an unused amount',
  ].filter(Boolean);
  return parts.length === 0 ? 'there are none' : parts.join(', ');
}

const ASK_FOR_NAME: Step = { say: 'ask the user for the exact name in Zoho Books.' };
const ASK_FOR_MORE: Step = { say: 'ask the user who paid, how much or when, and call again with the answer.' };

/** Steps with the same search, each without one condition. The conditions that people most often remember wrongly come first. */
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
    without('reference'),
    without('text'),
    without('date', 'date_start', 'date_end'),
    without('amount'),
    without('customer'),
  ].flat();
}
