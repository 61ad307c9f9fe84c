import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { listOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { CURRENCY_NOT_KNOWN, currenciesOf, inCurrency } from '../matching/currencies.ts';
import { customerNamed } from '../matching/customers.ts';
import { dateOrToday } from '../matching/date-or-today.ts';
import { aboutDays, asArguments, daysAfter, daysOf, isWithin, type Days } from '../matching/date-range.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { paymentLine, shownPayment, type ShownPayment } from '../matching/payment-line.ts';
import { paymentsBetween } from '../matching/payments-between.ts';
import type { PaymentRow } from '../matching/payments.ts';
import { likelihoods, duplicateGroups, type DuplicateGroup } from '../matching/possible-duplicates.ts';
import { customer } from '../matching/shared-arguments.ts';
import { readAmount } from '../money.ts';
import { organizationOf } from '../reading/organization.ts';
import { allContacts, allPayments } from '../reading/whole-lists.ts';
import { recordNameAndId } from '../records/describe.ts';
import { date } from '../records/fields.ts';
import { lines } from '../records/text.ts';
import { only } from '../records/zoho-shapes.ts';
import { toolCall, createReport } from '../report.ts';
import { defineReadWorkflow } from '../workflow.ts';

const MOST_PAGES_COMPARED = 50;
const MOST_DUPLICATE_GROUPS = 50;
const USUAL_RANGE_DAYS = 90;
const USUAL_DAYS_APART = 7;

const input = z.strictObject({
  customer: customer.optional(),
  date_start: date.optional().describe('Default: 90 days before date_end; no limit with `customer`.'),
  date_end: date.optional(),
  days_apart: z.int().min(0).max(90).optional().describe('Default 7.'),
});

const output = z.looseObject({ groups: z.array(z.looseObject({})).optional() });

export const checkDuplicates = defineReadWorkflow({
  name: 'check_duplicates',
  title: 'Check for payments recorded twice',
  description:
    'Find possible duplicates: payments with the same customer and amount that also have nearby dates or the same reference. ' +
    'Shows groups, the likeliest first, with reasons. "Did Acme pay twice?"',
  input,
  output,
  reads: [allPayments, allContacts, getContact, listOrganizations],
  async run({ customer, days_apart = USUAL_DAYS_APART, ...given }, { zoho, progress }): Promise<Result> {
    const [whose, days] = await Promise.all([
      customer === undefined ? undefined : customerNamed(customer, zoho),
      customer === undefined ? rangeOf(daysOf(given), zoho) : daysOf(given),
    ]);
    const alike = new Map<string, PaymentRow[]>();
    let customer_name = whose?.contact_name;
    let looked = 0;
    let notCompared = 0;
    let left: Days | undefined;
    // A few more days on each side, because a duplicate may lie just outside the range.
    const wide = { start: days.start && daysAfter(days.start, -days_apart), end: days.end && daysAfter(days.end, days_apart) };
    for await (const stretch of paymentsBetween(wide, whose === undefined ? {} : { customer_id: whose.contact_id }, {
      zoho,
      progress,
      mostPages: MOST_PAGES_COMPARED,
    })) {
      for (const row of stretch.rows) {
        if (isWithin(row.date, days)) looked += 1;
        const { customer_id, amount, date } = row;
        if (customer_id === whose?.contact_id) customer_name ??= row.customer_name;
        if (customer_id === undefined || amount === undefined || date === undefined) {
          if (date === undefined || isWithin(date, days)) notCompared += 1;
          continue;
        }
        const key = JSON.stringify([customer_id, amount]);
        const others = alike.get(key);
        if (others === undefined) alike.set(key, [only(row, kept)]);
        else others.push(only(row, kept));
      }
      notCompared += stretch.undated.length;
      ({ left } = stretch);
    }
    const found = [...alike.values()]
      .flatMap((rows) => duplicateGroups(rows, days_apart))
      .filter(({ payments }) => payments.some(({ date }) => isWithin(date, days)));
    const sorted = found.toSorted(likeliestFirst).slice(0, MOST_DUPLICATE_GROUPS);
    const [currencies, organization] = await Promise.all([
      currenciesOf(
        sorted.map(({ payments: [first] }) => first?.customer_id),
        zoho,
      ),
      sorted.some(({ payments }) => payments.some((row) => (readAmount(row['bcy_refunded_amount']) ?? 0) > 0))
        ? organizationOf(zoho)
        : undefined,
    ]);
    const base = organization?.currency_code;
    const shown = fittingRows(
      sorted.map((group) => shownGroup(group, currencies)),
      (group) => groupLines(group, base).join('\n'),
    );
    return {
      groups: shown,
      found: found.length,
      looked_through: looked,
      ...(notCompared > 0 && { not_compared: notCompared }),
      range: asArguments(days),
      days_apart,
      ...(left && { not_looked_through: asArguments(left) }),
      ...(base !== undefined && { base_currency: base }),
      ...(whose && { customer: { customer_id: whose.contact_id, customer_name } }),
    };
  },
  report({ groups, found, looked_through, not_compared = 0, range, days_apart, not_looked_through, base_currency, customer }, given) {
    const rest = not_looked_through && daysOf(not_looked_through);
    const [first] = groups;
    const whose = customer ? `of ${recordNameAndId('customer', customer.customer_name, customer.customer_id, 60)}` : 'of all customers';
    const rule = `same customer and amount, at most ${days_apart} day${days_apart === 1 ? '' : 's'} apart or the same reference`;
    const none = `no possible duplicates${not_compared > 0 ? ' among those compared' : ''} (${rule}).`;
    const likeliest = found > groups.length ? `, the likeliest ${groups.length}` : '';
    const some = `${found} group${found === 1 ? '' : 's'} (${rule})${likeliest}:`;
    return createReport(
      [
        looked_through === 0 &&
          not_compared === 0 &&
          `Found no payments ${whose}, ${aboutDays(daysOf(range))}: nothing could be checked. Call again with other dates.`,
        looked_through > 0 &&
          `Checked ${looked_through} payment${looked_through === 1 ? '' : 's'} ${whose}, ${aboutDays(daysOf(range))}: ` +
            (found === 0 ? none : some),
        ...groups.flatMap((group) => groupLines(group, base_currency)),
        not_compared > 0 &&
          `Not compared: ${not_compared} payment${not_compared === 1 ? '' : 's'}, because Zoho gives no amount, customer or date.`,
        rest && `Not checked: ${aboutDays(rest)}.`,
        groups.some(({ currency_code }) => currency_code === undefined) && CURRENCY_NOT_KNOWN,
        first &&
          'All of them may be real: compare them (created_by shows who recorded each) and ask the user. ' +
            'Delete only a payment that the user calls a mistake.',
      ],
      [
        ...(first?.payments ?? []).slice(0, 2).map(({ payment_id }) => toolCall('get_customer_payment', { payment_id })),
        not_looked_through && toolCall('check_duplicates', { ...given, ...not_looked_through }),
        found > groups.length && customer === undefined && { say: 'call again for one customer or a shorter range to see the others' },
      ],
    );
  },
});

async function rangeOf({ start, end }: Days, zoho: Reader): Promise<Days> {
  return { start: start ?? daysAfter(await dateOrToday(end, zoho, 'date_start'), -USUAL_RANGE_DAYS), end };
}

/** The fields that are compared or shown. Other fields are dropped, because one call holds thousands of payments. */
const kept = [
  'payment_id',
  'payment_number',
  'date',
  'customer_id',
  'customer_name',
  'amount',
  'unused_amount',
  'bcy_amount',
  'bcy_refunded_amount',
  'payment_mode',
  'reference_number',
  'invoice_numbers',
  'created_time',
] as const;

function likeliestFirst(a: DuplicateGroup, b: DuplicateGroup): number {
  const newest = ({ payments }: DuplicateGroup) => payments.at(-1)?.date ?? '';
  return likelihoods.indexOf(a.likelihood) - likelihoods.indexOf(b.likelihood) || (newest(a) < newest(b) ? 1 : -1);
}

type ShownGroup = {
  readonly likelihood: string;
  readonly why: string;
  readonly customer_id: string | undefined;
  readonly customer_name: string | undefined;
  readonly amount: number | undefined;
  readonly currency_code: string | undefined;
  readonly payments: readonly ShownPayment[];
  /** Number of payments that are not shown. */
  readonly more?: number;
};

type Result = {
  readonly groups: ShownGroup[];
  readonly found: number;
  readonly looked_through: number;
  /** Number of payments without an amount, a customer or a date from Zoho. */
  readonly not_compared?: number;
  readonly range: { readonly date_start?: string; readonly date_end?: string };
  readonly days_apart: number;
  readonly not_looked_through?: { readonly date_start?: string; readonly date_end?: string };
  readonly base_currency?: string;
  readonly customer?: { readonly customer_id: string; readonly customer_name: string | undefined };
};

const MOST_OF_A_GROUP = 20;

function shownGroup({ payments, likelihood, why }: DuplicateGroup, currencies: ReadonlyMap<string, string>): ShownGroup {
  const { customer_id, customer_name, amount } = payments[0] ?? {};
  const currency_code = currencies.get(String(customer_id));
  const shown = payments.slice(0, MOST_OF_A_GROUP).map((row) => {
    const { customer_id: _, customer_name: __, amount: ___, currency_code: ____, ...rest } = shownPayment(row, currency_code);
    return { ...rest, ...(row['created_time'] !== undefined && { created_time: row['created_time'] }) };
  });
  const more = payments.length - shown.length;
  return { likelihood, why: why.join(', '), customer_id, customer_name, amount, currency_code, payments: shown, ...(more > 0 && { more }) };
}

function groupLines(
  { likelihood, why, customer_id, customer_name, amount, currency_code, payments, more = 0 }: ShownGroup,
  base: string | undefined,
): string[] {
  const customer = recordNameAndId('customer', customer_name, customer_id, 60);
  return lines(
    `${likelihood}: ${customer}, ${inCurrency(amount, currency_code)}, ${payments.length + more} payments: ${why}`,
    ...payments.map((payment) => `- ${paymentLine({ ...payment, currency_code }, base, `recorded ${moment(payment['created_time'])}`)}`),
    more > 0 && `- and ${more} more`,
  );
}

/** Formats a time as `2026-06-09 09:47`, in the organization's time zone. */
function moment(created_time: unknown): string {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)/.exec(String(created_time)) ?? [];
  return day === undefined ? 'at an unknown time' : `${day} ${time}`;
}
