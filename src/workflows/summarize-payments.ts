import * as z from 'zod';
import { UNKNOWN_CURRENCY, type Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { listOrganizations } from '../endpoints/lookups/list-organizations.ts';
import type { Json } from '../json.ts';
import { accountFilter, type SeenAccount } from '../matching/account-filter.ts';
import { CURRENCY_NOT_KNOWN, currenciesOf } from '../matching/currencies.ts';
import { customerNamed } from '../matching/customers.ts';
import { aboutDays, asArguments, daysOf, type Days } from '../matching/date-range.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { isMode, modeFilter } from '../matching/payment-modes.ts';
import { paymentsBetween } from '../matching/payments-between.ts';
import type { PaymentRow } from '../matching/payments.ts';
import { folded } from '../matching/same-name.ts';
import { customer, words } from '../matching/shared-arguments.ts';
import { inBaseOnly, countNotTold, emptyTotals, plus, totalsOf, type Totals } from '../matching/totals.ts';
import { organizationOf } from '../reading/organization.ts';
import { allContacts, allPayments } from '../reading/whole-lists.ts';
import { recordNameAndId } from '../records/describe.ts';
import { date } from '../records/fields.ts';
import { every, readText } from '../records/read-row.ts';
import { money, plain, quoted, UNTOLD_AMOUNT } from '../records/text.ts';
import { toolCall, createReport } from '../report.ts';
import { defineReadWorkflow } from '../workflow.ts';

const MOST_PAGES_SUMMED = 50;
const MOST_GROUPS = 200;

const by = ['customer', 'mode', 'account', 'month', 'currency'] as const;
type By = (typeof by)[number];

const input = z.strictObject({
  date_start: date.optional(),
  date_end: date.optional(),
  group_by: z.array(z.enum(by)).min(1).max(2).optional(),
  customer: customer.optional(),
  account: words.optional(),
  payment_mode: words.optional(),
});

const output = z.looseObject({ groups: z.array(z.looseObject({})).optional(), total: z.looseObject({}).optional() });

export const summarizePayments = defineReadWorkflow({
  name: 'summarize_payments',
  title: 'Add up payments',
  description:
    'Add up payments received in a date range: count, amount, refunded and unused, in the base currency. ' +
    'Grouped by customer or currency, it also shows amounts in their own currency.',
  input,
  output,
  reads: [allPayments, allContacts, getContact, allBankAccounts, listOrganizations],
  async run({ customer, account, payment_mode, group_by = [], ...given }, { zoho, progress }): Promise<Result> {
    const days = daysOf(given);
    const [organization, whose, into] = await Promise.all([
      organizationOf(zoho),
      customer === undefined ? undefined : customerNamed(customer, zoho),
      account === undefined ? undefined : accountFilter(account, zoho),
    ]);
    const base = organization?.currency_code;
    const groups = new Map<string, Group>();
    let covered: Days = days;
    let left: Days | undefined;
    let customer_name = whose?.contact_name;
    let [undated, incomparable] = [0, 0];
    const where = {
      ...(whose && { customer_id: whose.contact_id }),
      ...(payment_mode !== undefined && { payment_mode_contains: modeFilter(payment_mode) }),
    };
    for await (const stretch of paymentsBetween(days, where, {
      zoho,
      progress,
      mostPages: MOST_PAGES_SUMMED,
    })) {
      for (const row of stretch.rows) {
        if (row.customer_id === whose?.contact_id) customer_name ??= row.customer_name;
        const mode = readText(row.payment_mode);
        const isWanted = every([
          payment_mode === undefined || (mode === undefined ? undefined : isMode(payment_mode, mode)),
          into === undefined || into.isIn(row),
        ]);
        if (isWanted === undefined) incomparable += 1;
        if (isWanted !== true) continue;
        const parts = group_by.map((name) => partOf[name](row));
        add(
          groups,
          parts.map(({ key }) => key),
          Object.assign({}, ...parts.map(({ facts }) => facts)) as Json,
          totalsOf(row),
        );
      }
      undated += stretch.undated.length;
      ({ covered = days, left } = stretch);
    }
    const known = await withCurrencies([...groups.values()], group_by, base, zoho);
    const sorted = group_by.length === 0 ? [] : known.toSorted(monthsThenLargest(group_by));
    const shown = fittingRows(sorted.slice(0, MOST_GROUPS), (group) => lineOf(group, base));
    const rest = sorted.slice(shown.length);
    const total = inBaseOnly(known.map(({ totals }) => totals).reduce(plus, emptyTotals));
    const complete = left === undefined && undated + incomparable + rest.length === 0 && total.not_told === undefined;
    return {
      total,
      ...(group_by.length > 0 && { groups: shown.map(({ facts, totals }) => ({ ...facts, ...totals })) }),
      ...(rest.length > 0 && {
        others: { groups: rest.length, ...inBaseOnly(rest.map(({ totals }) => totals).reduce(plus, emptyTotals)) },
      }),
      covers: asArguments(covered),
      ...(left && { not_counted: asArguments(left) }),
      ...(undated > 0 && { undated }),
      ...(incomparable > 0 && { not_compared: incomparable }),
      ...(complete && { complete: true as const }),
      ...(base !== undefined && { base_currency: base }),
      ...(whose && { customer: { customer_id: whose.contact_id, customer_name } }),
      ...(into && { account: await into.found() }),
    };
  },
  report(
    { total, groups = [], others, covers, not_counted, undated: dateless = 0, not_compared = 0, complete, base_currency: base, ...of },
    given,
  ) {
    const { customer, account } = of;
    const { date_start: _, date_end: __, ...undated } = given;
    const { payment_mode: mode, ...modeless } = given;
    const where = (days: Days) => ((days.start ?? days.end) === undefined ? '' : ` ${aboutDays(days)}`);
    const whose = customer ? ` of ${recordNameAndId('customer', customer.customer_name, customer.customer_id, 60)}` : '';
    const how = given.payment_mode === undefined ? '' : ` by ${quoted(given.payment_mode, 40)}`;
    const into = account ? ` into ${recordNameAndId('account', account.account_name, account.account_id, 60)}` : '';
    return createReport(
      [
        `Payments${whose}${how}${into}${where(daysOf(covers))}: ${total.count === 0 ? 'none' : aboutTotals(total, base)}.`,
        ...groups.map(({ count, bcy_amount, bcy_refunded_amount, bcy_unused_amount, amount, unused_amount, not_told, ...facts }) =>
          lineOf(
            { facts, totals: { count, bcy_amount, bcy_refunded_amount, bcy_unused_amount, amount, unused_amount, not_told } as Totals },
            base,
          ),
        ),
        others && `${others.groups} smaller groups | ${aboutTotals(others, base)}`,
        others && `To see the smaller groups, call again for a shorter range${customer ? '' : ' or for one customer'}.`,
        complete && total.count === 0 && 'Complete: nothing was left out.',
        complete && total.count > 0 && `Complete: every payment is counted${groups.length > 0 ? ' and every group is shown' : ''}.`,
        not_counted && `Incomplete: there are more payments than one call can add up. Not counted: ${aboutDays(daysOf(not_counted))}.`,
        total.count > 0 && base !== undefined && `${plain(base)} is the base currency; other currencies are converted to it.`,
        total.count > 0 && '"Refunded" counts all refunds of these payments, whatever their date.',
        aboutNotTold(total),
        dateless > 0 && `Not counted: ${dateless} payment${dateless === 1 ? '' : 's'}, because Zoho gives no date.`,
        not_compared > 0 &&
          `Not counted: ${not_compared} payment${not_compared === 1 ? '' : 's'}, because Zoho gives no ${[
            given.payment_mode !== undefined && 'mode',
            account && 'account',
          ]
            .filter(Boolean)
            .join(' or ')}.`,
        groups.some(({ currency_code }) => currency_code === UNKNOWN_CURRENCY) && CURRENCY_NOT_KNOWN,
        base === undefined && total.count > 0 && 'The base currency is unknown: reading it needs the scope ZohoBooks.settings.READ.',
      ],
      [
        not_counted && toolCall('summarize_payments', { ...undated, ...not_counted }),
        total.count === 0 && mode !== undefined && toolCall('summarize_payments', { ...modeless, group_by: ['mode'] }, 'the modes in use'),
        // Not if the call names an account: find_payments cannot filter by account and would find other payments too.
        total.count > 0 &&
          account === undefined &&
          Object.keys(covers).length > 0 &&
          toolCall('find_payments', {
            ...(customer && { customer: customer.customer_id }),
            ...(given.payment_mode !== undefined && { payment_mode: given.payment_mode }),
            ...covers,
          }),
      ],
    );
  },
});

interface Group {
  readonly facts: Json;
  readonly totals: Totals;
}

type Result = {
  readonly total: Totals;
  readonly groups?: (Json & Totals)[];
  readonly others?: Totals & { readonly groups: number };
  readonly covers: { readonly date_start?: string; readonly date_end?: string };
  readonly not_counted?: { readonly date_start?: string; readonly date_end?: string };
  /** Number of payments without a date from Zoho. With a range, the totals do not include them. */
  readonly undated?: number;
  /** Number of payments without the mode or account that was asked for. The totals do not include them. */
  readonly not_compared?: number;
  /** Set if every payment is in the totals, and every group is shown. */
  readonly complete?: true;
  readonly base_currency?: string;
  readonly customer?: { readonly customer_id: string; readonly customer_name: string | undefined };
  readonly account?: SeenAccount;
};

const customerPart = ({ customer_id, customer_name }: PaymentRow) => ({
  key: customer_id ?? folded(customer_name),
  facts: { customer_id, customer_name },
});

/** The key by which a payment is grouped. A payment's currency is its customer's, which is read after all customers are known. */
const partOf: Record<By, (row: PaymentRow) => { readonly key: unknown; readonly facts: Json }> = {
  customer: customerPart,
  currency: customerPart,
  mode: ({ payment_mode }) => ({ key: folded(payment_mode), facts: { payment_mode } }),
  account: ({ account_id, account_name }) => ({ key: account_id ?? account_name, facts: { account_id, account_name } }),
  month: ({ date }) => ({ key: date?.slice(0, 7), facts: { month: date?.slice(0, 7) } }),
};

function add(groups: Map<string, Group>, keys: readonly unknown[], facts: Json, totals: Totals): void {
  const key = JSON.stringify(keys);
  const group = groups.get(key);
  groups.set(key, { facts: group?.facts ?? facts, totals: plus(group?.totals ?? emptyTotals, totals) });
}

/**
 * Adds to each group its own currency; if the currency is unknown, removes the amounts in it. If the groups are by currency, customers
 * with the same currency become one group.
 */
async function withCurrencies(
  groups: readonly Group[],
  group_by: readonly By[],
  base: string | undefined,
  zoho: Reader,
): Promise<readonly Group[]> {
  const byCustomer = group_by.includes('customer');
  if (!byCustomer && !group_by.includes('currency')) return groups.map(({ facts, totals }) => ({ facts, totals: inBaseOnly(totals) }));
  const currencies = await currenciesOf(
    groups.map(({ facts }) => facts['customer_id'] as string | undefined),
    zoho,
  );
  const merged = new Map<string, Group>();
  for (const {
    facts: { customer_id, customer_name, ...facts },
    totals,
  } of groups) {
    const currency_code = currencies.get(String(customer_id));
    // If the two amounts differ, the payments were in another currency, although the customer's currency is the base currency.
    const comparable = countNotTold(totals, 'amount') === 0 && countNotTold(totals, 'bcy_amount') === 0;
    const known = currency_code !== undefined && !(currency_code === base && comparable && totals.amount !== totals.bcy_amount);
    const named = { ...facts, ...(byCustomer && { customer_id, customer_name }), currency_code: known ? currency_code : UNKNOWN_CURRENCY };
    add(merged, Object.values(named), named, known ? totals : inBaseOnly(totals));
  }
  return [...merged.values()];
}

/** Sort order: by month, then the largest group first. */
function monthsThenLargest(group_by: readonly By[]): (a: Group, b: Group) => number {
  const month = ({ facts }: Group) => String(group_by.includes('month') ? facts['month'] : '');
  return (a, b) =>
    month(a).localeCompare(month(b), 'en') || (b.totals.bcy_amount ?? 0) - (a.totals.bcy_amount ?? 0) || b.totals.count - a.totals.count;
}

function lineOf({ facts, totals }: Group, base: string | undefined): string {
  const { month, customer_id, customer_name, payment_mode, account_id, account_name, currency_code } = facts as Record<
    string,
    string | undefined
  >;
  const unused = totals.unused_amount ? `, unused ${money(totals.unused_amount, { currency_code })}` : '';
  return [
    month !== undefined && plain(month),
    (customer_id ?? customer_name) !== undefined && recordNameAndId('customer', customer_name, customer_id, 60),
    payment_mode !== undefined && plain(payment_mode),
    (account_id ?? account_name) !== undefined && recordNameAndId('account', account_name, account_id, 60),
    currency_code !== undefined &&
      (currency_code === UNKNOWN_CURRENCY
        ? 'currency unknown'
        : currency_code !== base && `${money(totals.amount, { currency_code })}${unused}`),
    aboutTotals(totals, base),
  ]
    .filter(Boolean)
    .join(' | ');
}

/** Says which amounts the totals do not include. */
function aboutNotTold(total: Totals): string {
  const missing = (
    [
      ['bcy_amount', 'amount'],
      ['bcy_refunded_amount', 'refunded amount'],
      ['bcy_unused_amount', 'unused amount'],
    ] as const
  )
    .map(([name, what]) => ({ what, count: countNotTold(total, name) }))
    .filter(({ count }) => count > 0)
    .map(({ what, count }) => `no ${what} for ${count} payment${count === 1 ? '' : 's'}`);
  return missing.length === 0 ? '' : `Zoho gives ${missing.join(', ')}; the totals do not include them.`;
}

function aboutTotals(totals: Totals, base: string | undefined): string {
  const { count, bcy_amount, bcy_refunded_amount, bcy_unused_amount } = totals;
  const inBase = (name: 'bcy_amount' | 'bcy_refunded_amount' | 'bcy_unused_amount') => {
    const missing = countNotTold(totals, name);
    const without = missing > 0 ? ` (${missing} unknown, not included)` : '';
    return `${money(totals[name], { currency_code: base })}${base === undefined ? ' in base currency' : ''}${without}`;
  };
  return [
    `${count} payment${count === 1 ? '' : 's'}`,
    bcy_amount === undefined ? count > 0 && UNTOLD_AMOUNT : inBase('bcy_amount'),
    Boolean(bcy_refunded_amount) && `refunded ${inBase('bcy_refunded_amount')}`,
    Boolean(bcy_unused_amount) && `unused ${inBase('bcy_unused_amount')}`,
  ]
    .filter(Boolean)
    .join(' | ');
}
