import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { listOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { AccessError } from '../errors.ts';
import type { Json } from '../json.ts';
import { customerNamed } from '../matching/customers.ts';
import { daysFrom, newestFirst } from '../matching/date-range.ts';
import { openInvoices, type Invoice } from '../matching/invoices.ts';
import { currencyTotals, paymentCurrencies, type CurrencyTotal } from '../matching/payment-currencies.ts';
import { paymentsOfCustomer, type PaymentRow } from '../matching/payments.ts';
import { customer } from '../matching/shared-arguments.ts';
import { subtract, sum, readAmount, type Currency } from '../money.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import { organizationToday } from '../reading/organization.ts';
import { refundsOf } from '../reading/refunds-of-payment.ts';
import { allContacts, allInvoices, allPayments, allRefunds } from '../reading/whole-lists.ts';
import { recordNameAndId } from '../records/describe.ts';
import { readDay, readRefundAmount } from '../records/read-row.ts';
import { money, plain, quoted, idText } from '../records/text.ts';
import { withoutEmpty } from '../records/zoho-shapes.ts';
import { toolCall, createReport } from '../report.ts';
import { defineReadWorkflow } from '../workflow.ts';

/** Limits of the rows shown. Records above a limit are only counted and added up. */
const MOST_INVOICES = 80;
const MOST_CREDITS = 20;
const LAST = 10;
const MOST_PAYMENTS = 4_000;

/** Age groups, each with its highest number of days past due. */
const AGES: readonly (readonly [name: string, upTo: number])[] = [
  ['current', 0],
  ['1-30', 30],
  ['31-60', 60],
  ['61-90', 90],
  ['over 90', Infinity],
];

const text = z.string().optional();

export const customerStatement = defineReadWorkflow({
  name: 'customer_statement',
  title: 'Statement of a customer',
  description:
    'Show what a customer owes: open invoices by age, unused credit, last payments and refunds. ' +
    'Use it before saying whether a customer has paid.',
  input: z.strictObject({ customer }),
  output: z.looseObject({
    customer_id: text,
    currency_code: text,
    invoices: z.array(z.looseObject({ invoice_id: text })).optional(),
    credits: z.array(z.looseObject({ payment_id: text })).optional(),
  }),
  reads: [allContacts, getContact, allInvoices, allPayments, getCustomerPayment, allRefunds, listOrganizations],

  async run({ customer }, { zoho, progress }): Promise<Statement> {
    const contact = await customerNamed(customer, zoho);
    const { contact_id } = contact;
    const goOn = (found: number) => {
      progress(`Searched ${found} payments.`);
      return found < MOST_PAYMENTS;
    };
    const [today, invoices, payments] = await Promise.all([
      organizationToday(zoho),
      ifAllowed(openInvoices(contact_id, zoho.recent)),
      ifAllowed(
        paymentsOfCustomer(contact_id, zoho.recent, goOn).then(async ({ rows: all, ofNobody }) => ({
          all,
          ofNobody,
          ...(await lastOf(all, zoho)),
        })),
      ),
    ]);
    if (invoices === undefined && payments === undefined) throw nothingAllowed();
    // If the scopes do not show the customer, the name comes from an invoice or a payment.
    const own = invoices?.filter((invoice) => invoice.customer_id === contact_id);
    const named = [...(own ?? []), ...(payments?.all ?? [])].find(({ customer_name }) => customer_name !== undefined);
    const [paid] = payments?.all ?? [];
    const currency_code =
      contact.currency_code ?? own?.[0]?.currency_code ?? (paid && (await paymentCurrencies([paid], zoho)).get(paid.payment_id));
    const credits = (payments?.all ?? []).filter(({ unused_amount }) => unused_amount !== undefined && unused_amount > 0);
    const unusedNotTold = (payments?.all ?? []).filter(({ unused_amount }) => unused_amount === undefined).length;
    const aged = (own ?? []).map((invoice) => agedOf(invoice, currency_code, today));
    return {
      customer_id: contact_id,
      ...withoutEmpty({
        customer_name: contact.contact_name ?? named?.customer_name,
        currency_code,
        date: today,
        ...(invoices && {
          open: {
            count: aged.length,
            totals: currencyTotals(aged.map(balanceOf)),
            balance_not_told: aged.filter(({ balance }) => balance === undefined).length || undefined,
            customer_not_told: invoices.length - aged.length || undefined,
            age_not_told: today === undefined ? undefined : aged.filter(({ age }) => age === undefined).length || undefined,
          },
          ages: agesOf(aged),
          invoices: aged.slice(0, MOST_INVOICES),
        }),
        ...(payments && {
          credit: {
            count: credits.length,
            total: sum(credits.map((row) => row.unused_amount ?? 0)),
            not_told: unusedNotTold || undefined,
            customer_not_told: payments.ofNobody || undefined,
          },
          credits: credits.slice(0, MOST_CREDITS).map(creditOf),
          last: payments.last,
          refunds_not_looked_at: payments.refunds_not_looked_at || undefined,
          payments_looked_through: payments.all.length >= MOST_PAYMENTS ? payments.all.length : undefined,
        }),
        outstanding_by_zoho: readAmount(contact['outstanding_receivable_amount']),
        unused_credits_by_zoho: readAmount(contact['unused_credits_receivable_amount']),
        not_shown: [
          contact.contact_name === undefined && "Zoho's own figure of what is owed (needs the scope ZohoBooks.contacts.READ)",
          invoices === undefined && 'open invoices (needs the scope ZohoBooks.invoices.READ)',
          payments === undefined && 'payments, refunds and unused credit (needs the scope ZohoBooks.customerpayments.READ)',
          today === undefined && 'the age of the invoices (needs the scope ZohoBooks.settings.READ)',
        ].filter((reason) => reason !== false),
      }),
    };
  },

  report({
    customer_id,
    customer_name,
    currency_code,
    date,
    open,
    ages,
    invoices = [],
    credit,
    credits = [],
    last = [],
    refunds_not_looked_at: unseen = 0,
    payments_looked_through: part,
    not_shown = [],
    ...rest
  }) {
    const currency = { currency_code };
    const moreInvoices = (open?.count ?? 0) - invoices.length;
    const moreCredits = (credit?.count ?? 0) - credits.length;
    return createReport(
      [
        `Statement of ${recordNameAndId('customer', customer_name, customer_id)}${date === undefined ? '' : `, ${date}`}: ${[
          open &&
            (open.count === 0
              ? open.customer_not_told === undefined
                ? 'owes nothing on invoices'
                : 'owes nothing on the invoices that surely belong to this customer'
              : aboutOpen(open)),
          credit &&
            (credit.count === 0
              ? `no ${(credit.not_told ?? credit.customer_not_told) === undefined ? '' : 'known '}unused credit`
              : `has ${money(credit.total, currency)} unused on ${credit.count} payment${credit.count === 1 ? '' : 's'}`),
        ]
          .filter(Boolean)
          .join('; ')}.`,
        leftOut(open?.balance_not_told, 'open invoice', 'balance'),
        leftOut(open?.customer_not_told, 'open invoice', 'customer'),
        leftOut(credit?.not_told, 'payment', 'unused amount'),
        leftOut(credit?.customer_not_told, 'payment', 'customer'),
        differs(
          (open?.count === 0 || open?.totals !== undefined) && (open.balance_not_told ?? open.customer_not_told) === undefined
            ? open
            : undefined,
          rest.outstanding_by_zoho,
          currency,
          'owed',
          'credit notes, an opening balance or journal entries',
        ),
        differs(
          credit &&
            (credit.not_told ?? credit.customer_not_told) === undefined && {
              totals: [{ currency_code: currency_code ?? '', amount: credit.total }],
            },
          rest.unused_credits_by_zoho,
          currency,
          'unused credit',
          'credit notes or retainers',
        ),
        ages &&
          ages.length > 0 &&
          `Days past due: ${ages.map((age) => `${age.age}: ${money(age.amount, age)} (${age.count})`).join(', ')}.`,
        open?.age_not_told !== undefined &&
          `Age unknown: ${open.age_not_told} open invoice${open.age_not_told === 1 ? '' : 's'}, because Zoho gives no due date.`,
        invoices.length > 0 && 'Open invoices:',
        ...invoices.map(invoiceLine),
        moreInvoices > 0 && `and ${moreInvoices} newer invoices (in the totals above).`,
        credits.length > 0 && 'Unused credit:',
        ...credits.map((row) => creditLine(row, currency)),
        moreCredits > 0 && `and ${moreCredits} older payments (in the total above).`,
        last.length > 0 && 'Last payments and refunds:',
        ...last.map((row) => lastLine(row, currency)),
        part !== undefined &&
          `Incomplete: only the newest ${part} payments were searched. Older payments may have unused credit or refunds too.`,
        unseen > 0 && `Refunds of ${unseen} payments whose last change is older were not read. find_refunds finds these refunds.`,
        not_shown.length > 0 && `Not shown: ${not_shown.join('; ')}.`,
        currency_code === undefined && 'The currency is unknown.',
      ],
      [
        // Without arguments, because the user decides which credit goes to which invoice.
        invoices.length > 0 &&
          credits.length > 0 && {
            say: 'to apply credit: update_customer_payment with payment_id and invoices',
            tool: 'update_customer_payment',
          },
        credits.length > 0 && { say: 'to refund credit: refund_customer_payment', tool: 'refund_customer_payment' },
        unseen > 0 && toolCall('find_refunds', { customer: customer_id }),
      ],
    );
  },
});

type Statement = {
  readonly customer_id: string;
  readonly customer_name?: string;
  readonly currency_code?: string;
  readonly date?: string;
  readonly open?: Open;
  readonly ages?: readonly (CurrencyTotal & { readonly age: string })[];
  readonly invoices?: Aged[];
  readonly credit?: {
    readonly count: number;
    readonly total: number;
    /** Number of payments without an unused amount from Zoho. */ readonly not_told?: number | undefined;
    readonly customer_not_told?: number | undefined;
  };
  readonly credits?: ReturnType<typeof creditOf>[];
  readonly last?: readonly Json[];
  readonly refunds_not_looked_at?: number;
  readonly payments_looked_through?: number;
  readonly outstanding_by_zoho?: unknown;
  readonly unused_credits_by_zoho?: unknown;
  readonly not_shown?: readonly string[];
};

interface Open {
  readonly count: number;
  /** Omitted if no currency is known. */
  readonly totals?: readonly CurrencyTotal[];
  /** Number of invoices without a balance from Zoho. `count` includes them, the totals do not. */
  readonly balance_not_told?: number | undefined;
  /** Number of invoices that Zoho listed without a customer. `count` does not include them. */
  readonly customer_not_told?: number | undefined;
  /** Number of invoices without a due date from Zoho. They are in no age group. */
  readonly age_not_told?: number | undefined;
}

interface Aged extends Json {
  readonly invoice_id: string;
  readonly balance?: number | undefined;
  readonly currency_code?: string | undefined;
  readonly age?: string | undefined;
}

function agedOf(
  { invoice_id, invoice_number, date, due_date, balance, ...invoice }: Invoice,
  currency: string | undefined,
  today: string | undefined,
): Aged {
  const due = String(due_date || date || '');
  const days = today === undefined || !/^\d{4}-\d\d-\d\d$/.test(due) ? undefined : daysFrom(due, today);
  const age = days === undefined ? undefined : AGES.find(([, upTo]) => days <= upTo)?.[0];
  return {
    invoice_id,
    invoice_number,
    date,
    due_date: due || undefined,
    days_past_due: days === undefined ? undefined : Math.max(0, days),
    age,
    total: readAmount(invoice['total']),
    balance,
    currency_code: invoice.currency_code ?? currency,
  };
}

/** Says how many records the totals do not include, and which value is missing. */
function leftOut(count: number | undefined, record: string, what: string): string {
  return count === undefined ? '' : `Not in the totals: ${count} ${record}${count === 1 ? '' : 's'}, because Zoho gives no ${what}.`;
}

function aboutOpen({ count, totals = [], balance_not_told = 0 }: Open): string {
  const uncounted = count - balance_not_told - totals.reduce((counted, total) => counted + total.count, 0);
  if (balance_not_told === count) return `has ${count} open invoice${count === 1 ? '' : 's'} of unknown balance`;
  const amounts = totals.map((total) => ` ${money(total.amount, total)}`).join(' and');
  const some = uncounted === count ? '' : `${uncounted} of them `;
  const untold = uncounted === 0 ? '' : `, ${some}in an unknown currency`;
  return `owes${amounts} on ${count} open invoice${count === 1 ? '' : 's'}${untold}`;
}

const balanceOf = ({ currency_code, balance }: Aged) => ({ currency_code, amount: balance });

function agesOf(aged: readonly Aged[]): (CurrencyTotal & { age: string })[] {
  return AGES.flatMap(([age]) =>
    currencyTotals(aged.filter((invoice) => invoice.age === age).map(balanceOf)).map((total) => ({ age, ...total })),
  );
}

function creditOf({ payment_id, payment_number, date, amount, unused_amount }: PaymentRow) {
  return { payment_id, payment_number, date, amount, unused_amount };
}

/**
 * Returns the latest payments and refunds, newest first. A refund changes its payment, so the payments with the latest changes have the
 * latest refunds.
 */
async function lastOf(payments: readonly PaymentRow[], zoho: Reader): Promise<{ last: Json[]; refunds_not_looked_at: number }> {
  const refunded = payments
    // If Zoho's list does not give the refunded amount, the payment may have refunds.
    .filter((row) => readAmount(row['bcy_refunded_amount']) !== 0)
    .toSorted((a, b) => Date.parse(String(b['last_modified_time'])) - Date.parse(String(a['last_modified_time'])));
  const opened = refunded.slice(0, LAST);
  const refunds = await Promise.all(
    opened.map(async ({ payment_id, payment_number }) =>
      (await refundsOf(zoho.recent, payment_id)).rows.map(({ payment_refund_id: refund_id, refund_mode: mode, ...refund }) => ({
        refund_id,
        payment_id,
        payment_number,
        date: readDay(refund['date']),
        amount: readRefundAmount(refund),
        mode,
        reference_number: refund['reference_number'],
      })),
    ),
  );
  const paid = payments.map(({ payment_id, payment_number, date, amount, payment_mode: mode, reference_number, invoice_numbers }) => ({
    payment_id,
    payment_number,
    date,
    amount,
    mode,
    invoice_numbers,
    reference_number,
  }));
  const last = [...refunds.flat(), ...paid].toSorted(newestFirst).slice(0, LAST);
  return { last, refunds_not_looked_at: refunded.length - opened.length };
}

function invoiceLine({ invoice_number, invoice_id, due_date, days_past_due: days, balance, total, ...invoice }: Aged): string {
  return [
    `${plain(invoice_number ?? 'invoice')} (id ${idText(invoice_id)})`,
    due_date === undefined
      ? undefined
      : `due ${plain(due_date)}${Number(days ?? 0) > 0 ? `, ${String(days)} day${days === 1 ? '' : 's'} past due` : ''}`,
    `${money(balance, invoice)} open${total === balance ? '' : ` of ${money(total, invoice)}`}`,
  ]
    .filter(Boolean)
    .join(' | ');
}

function creditLine({ payment_id, payment_number, date, amount, unused_amount }: ReturnType<typeof creditOf>, currency: Currency): string {
  return (
    `payment #${plain(payment_number ?? '?')} (id ${idText(payment_id)}) | ${plain(date)} | ` +
    `${money(unused_amount, currency)} unused of ${money(amount, currency)}`
  );
}

function lastLine(
  { refund_id, payment_id, payment_number, date, amount, mode, invoice_numbers, reference_number }: Json,
  currency: Currency,
): string {
  const payment = `payment #${plain(payment_number ?? '?')} (id ${idText(payment_id)})`;
  return [
    plain(date),
    refund_id === undefined ? payment : `refund (refund_id ${idText(refund_id)}) of ${payment}`,
    money(amount, currency),
    mode !== undefined && plain(mode),
    invoice_numbers !== undefined && `for ${plain(invoice_numbers, 60)}`,
    reference_number !== undefined && `ref ${quoted(reference_number, 50)}`,
  ]
    .filter(Boolean)
    .join(' | ');
}

/** Reports a difference between our total and Zoho's own total. Empty if both are equal or cannot be compared. */
function differs(
  own: false | { readonly totals?: readonly { readonly currency_code: string; readonly amount: number }[] } | undefined,
  zoho: unknown,
  currency: Currency,
  what: string,
  why: string,
): string {
  const [total, other] = (own || undefined)?.totals ?? [];
  const isOther = other !== undefined || (total !== undefined && total.currency_code !== currency.currency_code);
  if (!own || typeof zoho !== 'number' || isOther || (total?.amount ?? 0) === zoho) return '';
  const more = subtract(zoho, total?.amount ?? 0);
  return (
    `Zoho's own figure: ${money(zoho, currency)} ${what}, ` +
    `${money(Math.abs(more), currency)} ${more > 0 ? 'more' : 'less'} than above. Possible reason: ${why}.`
  );
}

function nothingAllowed(): AccessError {
  return new AccessError('This login can see neither invoices nor payments.', {
    code: 'scope_missing',
    next: 'log in again with the scopes ZohoBooks.invoices.READ and ZohoBooks.customerpayments.READ.',
  });
}
