import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import type { Json } from '../json.ts';
import { accountFilter, type AccountFilter } from '../matching/account-filter.ts';
import { inCurrency } from '../matching/currencies.ts';
import { customerNamed } from '../matching/customers.ts';
import { aboutDays, daysOf, isWithin, newestFirst } from '../matching/date-range.ts';
import { fittingRows } from '../matching/fit-rows.ts';
import { currencyTotals, paymentCurrencies, type CurrencyTotal } from '../matching/payment-currencies.ts';
import { isMode } from '../matching/payment-modes.ts';
import { asPayment, type PaymentRow } from '../matching/payments.ts';
import { byLastChange, dayOfChange, firstDayOfChange, hasRefunds, isByLastChange } from '../matching/refunded-payments.ts';
import { groupName, refundGroups, refundsBy, type RefundGroup } from '../matching/refund-groups.ts';
import { folded, isId } from '../matching/same-name.ts';
import { customer, words } from '../matching/shared-arguments.ts';
import { refundsOf } from '../reading/refunds-of-payment.ts';
import { allContacts, allPayments, allRefunds, pagesOf, PER_PAGE } from '../reading/whole-lists.ts';
import { recordNameAndId } from '../records/describe.ts';
import { amount, date } from '../records/fields.ts';
import { every, readDay, readId, readRefundAmount, readText } from '../records/read-row.ts';
import { hasCutText, lines, money, plain, quoted, idText } from '../records/text.ts';
import { withoutEmpty } from '../records/zoho-shapes.ts';
import { toolCall, createReport } from '../report.ts';
import { defineReadWorkflow, type ReadContext } from '../workflow.ts';

/** Limits of one call: pages of 200 payments that it reads, and payments and refunds that it opens. */
const MOST_PAGES_LOOKED_THROUGH = 20;
const MOST_OPENED = 60;
/** Up to this many refunds are opened to show their accounts, even if the call did not ask for accounts. */
const MOST_OPENED_UNASKED = 5;
const MOST_ROWS = 200;
const MOST_REFUND_GROUPS = 200;

const text = z.string().optional();

const input = z.strictObject({
  customer: customer.optional(),
  date_start: date.optional(),
  date_end: date.optional(),
  amount: amount.optional(),
  refund_mode: words.optional(),
  reference_number: words.optional(),
  account: words.optional(),
  group_by: z.array(z.enum(refundsBy)).min(1).max(2).optional(),
  skip: z.int().min(0).optional(),
});
type Given = z.output<typeof input>;

export const findRefunds = defineReadWorkflow({
  name: 'find_refunds',
  title: 'Find refunds',
  description: 'Find refunds: when, to whom, why and from which account; totals per currency. Omits refunds of credit notes.',
  input,
  output: z.looseObject({ refunds: z.array(z.looseObject({ payment_id: text, refund_id: text })).optional() }),
  reads: [allPayments, allRefunds, allContacts, getContact, allBankAccounts, getCustomerPayment, getCustomerPaymentRefund],

  async run(given, { zoho, progress }): Promise<Result> {
    daysOf(given);
    const [whose, from] = await Promise.all([
      given.customer === undefined ? undefined : customerNamed(given.customer, zoho),
      given.account === undefined ? undefined : accountFilter(given.account, zoho),
    ]);
    const { refunds: found, ...looked } = await lookThrough(given, { customer_id: whose?.contact_id, from }, { zoho, progress });
    // Not before all refunds are read: the name may belong to a closed account that appears only in a later part.
    if (looked.next_skip === undefined && (given.skip ?? 0) === 0) await from?.found();
    const payments = new Map(found.map(({ payment }) => [payment.payment_id, payment]));
    const [currencies, opened] = await Promise.all([
      paymentCurrencies([...payments.values()], zoho, whose),
      !needsAccounts(given) && given.group_by === undefined && found.length <= MOST_OPENED_UNASKED
        ? Promise.all(found.map((refund) => withAccount(refund, zoho)))
        : found,
    ]);
    const all = opened.map((refund) => rowOf(refund, currencies)).toSorted(newestFirst);
    const { group_by } = given;
    const groups = group_by && refundGroups(all, group_by);
    const shown = groups && fittingRows(groups.slice(0, MOST_REFUND_GROUPS), ({ group }) => groupLine(group, group_by));
    const refunds = groups ? [] : fittingRows(all.slice(0, MOST_ROWS), lineOf);
    const others = groups?.slice(shown?.length) ?? [];
    const theirs = others.flatMap((other) => other.refunds);
    const { account_not_told, not_compared, next_skip } = looked;
    const isAll = others.length === 0 && (groups !== undefined || refunds.length === all.length);
    const complete = isAll && (given.skip ?? 0) === 0 && (account_not_told ?? not_compared ?? next_skip) === undefined;
    return {
      count: all.length,
      totals: currencyTotals(all),
      ...(shown ? { groups: shown.map(({ group }) => group) } : { refunds }),
      ...(others.length > 0 && { others: { groups: others.length, count: theirs.length, totals: currencyTotals(theirs) } }),
      ...(given.account !== undefined && all.length > 0 && { accounts: accountsOf(all) }),
      ...(complete && { complete: true as const }),
      ...looked,
    };
  },

  report(result, given) {
    const { count, totals, refunds: rows = [], groups, accounts = [], others, complete, ...looked } = result;
    const [first] = rows;
    const last = rows.at(-1);
    const { group_by, ...ungrouped } = given;
    const cut = groups === undefined && rows.length < count;
    return createReport(
      [
        count === 0 ? `No refund matches${refundsSought(given)}.` : `${aboutRefunds(count, totals)}.`,
        accounts.length > 0 &&
          `Account ${quoted(given.account, 40)}: ` +
            `${accounts.map((one) => recordNameAndId('account', one.account_name, one.account_id, 40)).join(', ')}.`,
        ...(groups ?? []).map((group) => groupLine(group, group_by)),
        others && `${others.groups} smaller groups | ${aboutRefunds(others.count, others.totals)}`,
        ...rows.map(lineOf),
        others && 'To see the smaller groups, call again for a shorter range or for one customer.',
        cut &&
          `Only the newest ${rows.length} are shown. For older refunds call again with ${
            last?.date === undefined ? 'a shorter range' : `date_end: ${JSON.stringify(last.date)}`
          }.`,
        rows.length > MOST_OPENED_UNASKED && given.account === undefined && 'Accounts are shown only in short lists, or with `account`.',
        [complete && count > 0 && (groups ? 'Complete: every group is shown.' : 'Complete: every refund is shown.'), NO_CREDIT_NOTES]
          .filter(Boolean)
          .join(' '),
        ...aboutLook(looked),
      ],
      [
        looked.next_skip !== undefined && toolCall('find_refunds', { ...given, skip: looked.next_skip }, 'to continue'),
        group_by !== undefined && count > 0 && toolCall('find_refunds', ungrouped, 'to list each refund'),
        rows.some((row) => hasCutText(lineOf(row))) && CUT_TEXTS,
        first && toolCall('get_customer_payment', { payment_id: first.payment_id }, "the first refund's payment"),
      ],
    );
  },
});

const groupLine = (group: RefundGroup, by: Given['group_by'] = []) =>
  `${groupName(group, by)} | ${aboutRefunds(group.count, group.totals)}`;

/** `4 refunds: EUR 283.02 (1), USD 1393.62 (3)`. */
function aboutRefunds(count: number, totals: readonly CurrencyTotal[]): string {
  const uncounted = count - totals.reduce((counted, total) => counted + total.count, 0);
  const amounts = [
    ...totals.map((total) => `${money(total.amount, total)} (${total.count})`),
    ...(uncounted > 0 ? [`${uncounted} of unknown amount or currency`] : []),
  ];
  return `${count} refund${count === 1 ? '' : 's'}: ${amounts.join(', ')}`;
}

/** This note is always shown, because a customer without refunds here may have refunds of credit notes. */
const NO_CREDIT_NOTES = 'Refunds of credit notes are not included.';

const CUT_TEXTS = {
  say: 'texts with "(N characters)" are cut: get_customer_payment_refund, or get_customer_payment with whole: true, shows the full texts',
  tool: 'get_customer_payment_refund',
};

interface FoundRefund {
  readonly payment: PaymentRow;
  readonly refund: Json;
}

/** How much the search covered, so that the reader does not take a part of the refunds for all refunds. */
type SearchExtent = {
  readonly payments_looked_through: number;
  /** The day on which the last read payment was changed. Set if payments with earlier changes were not read. */
  readonly changed_since?: string;
  /** The `skip` for the next call, if this call could not read all payments. */
  readonly next_skip?: number;
  /** Number of refunds whose account Zoho does not give, so that it could not be compared with the requested account. */
  readonly account_not_told?: number;
  /** Number of refunds that could not be compared, because Zoho does not give the amount, date or mode. */
  readonly not_compared?: number;
};

type Result = SearchExtent & {
  readonly count: number;
  readonly totals: CurrencyTotal[];
  /** Newest first. Omitted if there are groups. */
  readonly refunds?: RefundRow[];
  readonly groups?: RefundGroup[];
  /** The accounts that fit the requested account. */
  readonly accounts?: FoundAccount[];
  /** Sum of the groups that are not shown. */
  readonly others?: { readonly groups: number; readonly count: number; readonly totals: CurrencyTotal[] };
  /** Set if every refund that matches is shown, alone or in a group. */
  readonly complete?: true;
};

/** Reads the list of payments, last changed first, and opens only the payments that have refunds. */
async function lookThrough(
  given: Given,
  { customer_id, from }: { readonly customer_id: string | undefined; readonly from: AccountFilter | undefined },
  { zoho, progress }: ReadContext,
): Promise<SearchExtent & { readonly refunds: readonly FoundRefund[] }> {
  const { skip = 0, date_start } = given;
  const refunds: FoundRefund[] = [];
  const seen = new Set<string>();
  let [at, looked, opened, accountless, incomparable] = [skip, 0, 0, 0, 0];
  // A payment that was last changed before this day has no later refund.
  const earliest = date_start && firstDayOfChange(date_start);
  const tooOld = (row: PaymentRow | undefined) => earliest !== undefined && (dayOfChange(row) ?? earliest) < earliest;
  const query = { customer_id, ...byLastChange };
  for await (const page of pagesOf(allPayments, query, zoho, Math.floor(skip / PER_PAGE) + 1)) {
    const rows = page.rows.slice(at % PER_PAGE).map(asPayment);
    const refunded = rows.filter(
      (row) =>
        hasRefunds(row) &&
        !tooOld(row) &&
        !seen.has(row.payment_id) &&
        (customer_id === undefined || row.customer_id === undefined || row.customer_id === customer_id),
    );
    const now = refunded.slice(0, MOST_OPENED - opened);
    const all = (
      await Promise.all(now.map(async (payment) => (await refundsOf(zoho, payment.payment_id)).rows.map((refund) => ({ payment, refund }))))
    ).flat();
    const found = all.filter((one) => isWanted(one, given) === true);
    incomparable += all.filter((one) => isWanted(one, given) === undefined).length;
    const detailed = needsAccounts(given) ? await Promise.all(found.map((one) => withAccount(one, zoho))) : found;
    const isFrom = ({ refund }: FoundRefund) =>
      from === undefined || from.isIn({ account_id: refund['from_account_id'], account_name: refund['from_account_name'] });
    const marks = detailed.map((one) => ({ one, isIt: isFrom(one) }));
    refunds.push(...marks.flatMap(({ one, isIt }) => (isIt === true ? [one] : [])));
    accountless += marks.filter(({ isIt }) => isIt === undefined).length;
    opened += now.length + (needsAccounts(given) ? found.length : 0);
    for (const { payment_id } of now) seen.add(payment_id);

    const cutOff = refunded[now.length];
    const done = cutOff === undefined ? rows : rows.slice(0, rows.indexOf(cutOff));
    looked += done.length;
    // Counts whole pages, because Zoho may return a page with fewer rows.
    at = cutOff === undefined ? at - (at % PER_PAGE) + PER_PAGE : at + done.length;
    progress(`Searched ${looked} payments.`);
    const seenSoFar = {
      refunds,
      payments_looked_through: looked,
      ...(accountless > 0 && { account_not_told: accountless }),
      ...(incomparable > 0 && { not_compared: incomparable }),
    };
    if (cutOff === undefined && page.last) return seenSoFar;
    const changed_since = isByLastChange(page) ? dayOfChange(done.at(-1)) : undefined;
    const since = changed_since === undefined ? {} : { changed_since };
    if (changed_since !== undefined && tooOld(done.at(-1))) return { ...seenSoFar, ...since };
    if (cutOff !== undefined || opened >= MOST_OPENED || at - skip >= MOST_PAGES_LOOKED_THROUGH * PER_PAGE)
      return { ...seenSoFar, ...since, next_skip: at };
  }
  return { refunds, payments_looked_through: looked };
}

/** True if the refund meets all conditions. Undefined if Zoho does not give a value to compare. No reference counts as an empty one. */
function isWanted(
  { refund }: FoundRefund,
  { date_start, date_end, amount: wanted, refund_mode, reference_number }: Given,
): boolean | undefined {
  const [day, told, mode] = [readDay(refund['date']), readRefundAmount(refund), readText(refund['refund_mode'])];
  return every([
    (date_start ?? date_end) === undefined || (day === undefined ? undefined : isWithin(day, { start: date_start, end: date_end })),
    wanted === undefined || (told === undefined ? undefined : told === wanted),
    refund_mode === undefined || (mode === undefined ? undefined : isMode(refund_mode, mode)),
    reference_number === undefined || folded(refund['reference_number']).includes(folded(reference_number)),
  ]);
}

const needsAccounts = ({ account, group_by = [] }: Given) => account !== undefined || group_by.includes('account');

/** Reads the refund itself, because lists of refunds have no account. */
async function withAccount({ payment, refund }: FoundRefund, zoho: Reader): Promise<FoundRefund> {
  const { payment_id: customer_payment_id } = payment;
  const { payment_refund } = await zoho.read(getCustomerPaymentRefund, {
    customer_payment_id,
    refund_id: String(refund['payment_refund_id']),
  });
  return { payment, refund: { ...refund, ...payment_refund } };
}

interface FoundAccount {
  readonly account_id: unknown;
  readonly account_name: unknown;
}

const accountsOf = (rows: readonly RefundRow[]): FoundAccount[] => [
  ...new Map(
    rows.map(({ from_account_id, from_account_name }) => [
      from_account_id,
      { account_id: from_account_id, account_name: from_account_name },
    ]),
  ).values(),
];

/** The conditions of the search as the server understood them, for the report. */
function refundsSought({ customer, amount, refund_mode, reference_number, account, ...given }: Given): string {
  const days = daysOf(given);
  const parts = lines(
    customer !== undefined && `customer ${quoted(customer, 60)}`,
    amount !== undefined && `amount ${amount}`,
    (days.start ?? days.end) !== undefined && aboutDays(days),
    refund_mode !== undefined && `mode ${quoted(refund_mode, 40)}`,
    reference_number !== undefined && `reference with ${quoted(reference_number, 50)}`,
    account !== undefined && (isId(account) ? `from account ${account}` : `from an account called ${quoted(account, 40)}`),
  );
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

type RefundRow = ReturnType<typeof rowOf>;

function rowOf({ payment, refund }: FoundRefund, currencies: ReadonlyMap<string, string>) {
  const { date, refund_mode, reference_number, description, payment_refund_id, from_account_id, from_account_name } = refund;
  const { payment_id, payment_number, customer_id, customer_name } = payment;
  return {
    ...withoutEmpty({
      date: readDay(date),
      currency_code: currencies.get(payment_id),
      customer_id,
      customer_name: customer_name ?? refund['customer_name'],
      payment_id,
      payment_number,
      refund_id: readId(payment_refund_id),
      refund_mode,
      from_account_id,
      from_account_name,
      reference_number,
      description,
      payment_invoice_numbers: payment['invoice_numbers'],
      payment_description: payment['description'],
    }),
    amount: readRefundAmount(refund),
  };
}

function lineOf(row: RefundRow): string {
  const { customer_id, from_account_id, payment_invoice_numbers: invoices } = row;
  const labelled = (name: keyof RefundRow, label: string, max: number) => row[name] !== undefined && `${label} ${quoted(row[name], max)}`;
  return [
    plain(row.date),
    inCurrency(row.amount, row.currency_code),
    recordNameAndId('customer', row.customer_name, customer_id, 40),
    `payment ${row.payment_number === undefined ? '' : `#${plain(row.payment_number)} `}(id ${idText(row.payment_id)})`,
    `refund_id ${idText(row.refund_id)}`,
    row.refund_mode !== undefined && plain(row.refund_mode),
    from_account_id !== undefined && `from ${recordNameAndId('account', row.from_account_name, from_account_id, 40)}`,
    labelled('reference_number', 'ref', 50),
    row.description !== undefined && quoted(row.description, 120),
    invoices !== undefined && `payment for ${plain(invoices, 60)}`,
    labelled('payment_description', 'payment says', 80),
    row.description === undefined && row.payment_description === undefined && row.reference_number === undefined && 'no reason noted',
  ]
    .filter(Boolean)
    .join(' | ');
}

function aboutLook({ payments_looked_through: looked, changed_since, next_skip, account_not_told, not_compared }: SearchExtent): string[] {
  const since = changed_since === undefined ? '' : ` that changed since ${changed_since}`;
  return lines(
    next_skip !== undefined && `Incomplete: only ${looked} payments${since} were searched, and there are more.`,
    next_skip === undefined && changed_since !== undefined && `Searched the ${looked} payments${since} (a refund is such a change).`,
    account_not_told !== undefined &&
      `Left out: ${account_not_told} refund${account_not_told === 1 ? '' : 's'}, because Zoho gives no account.`,
    not_compared !== undefined &&
      `Not compared: ${not_compared} refund${not_compared === 1 ? '' : 's'}, because Zoho gives no amount, date or mode.`,
  );
}
