import { readAmount, type Currency } from '../money.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { standingOn, standsOn, withheldOn, type AppliedRow } from './applied.ts';
import type { Payment, Refund } from './fields.ts';
import { readRefundAmount } from './read-row.ts';
import { hasCutText, quoted, plain, idText, lines, money, listWithin } from './text.ts';

/** Texts about records for `content`: short, one fact per line, ids next to names, text from records quoted. */

/** A record's name: `"Acme Corp"`. If the name is not known, its id: `customer 903…`. */
export function recordName(
  what: 'customer' | 'contact' | 'account' | 'location' | 'organization',
  name: unknown,
  id: unknown,
  max?: number,
): string {
  const known = quoted(name, max);
  return known === '""' ? `${what} ${idText(id)}` : known;
}

/** A record's name and id: `"Acme Corp" (id 903…)`. If one of them is not known: `customer 903…` or `"Acme Corp"`. */
export function recordNameAndId(...[what, name, id, max]: Parameters<typeof recordName>): string {
  const known = quoted(name, max) !== '""' && idText(id) !== idText(undefined);
  return `${recordName(what, name, id, max)}${known ? ` (id ${idText(id)})` : ''}`;
}

/** `"Petty Cash" (id 3000…)`, or `id 3000…` if the name is not known. */
export const idWithName = (id: unknown, name: unknown): string => `${name ? `${quoted(name, 40)} (id ${idText(id)})` : `id ${idText(id)}`}`;

const LABELS: Readonly<Record<string, string>> = {
  account_id: 'Account',
  from_account_id: 'Account',
  location_id: 'Location',
  bank_charges: 'Bank charges',
  bank_charges_account_id: 'Account for bank charges',
  tax_amount_withheld: 'Tax withheld',
  tax_account_id: 'Account for tax withheld',
};

/** A label that people understand, or the field's own name. */
export const fieldLabel = (name: string): string => LABELS[name] ?? name;

/** Tags by their ids: this server has no access to their names. */
export const tagsInWords = (tags: readonly { readonly tag_id: string; readonly tag_option_id: string }[]): string =>
  tags.map(({ tag_id, tag_option_id }) => `tag ${tag_id}, option ${tag_option_id}`).join('; ') || 'none';

/** `payment #4 (id 26081…): USD 450.00 from "Acme Corp" (id …), 2026-06-09, cash, reference "…"`. */
export function aboutPayment(payment: Payment): string {
  const { payment_id, payment_number, customer_name, customer_id, date, payment_mode, reference_number } = payment;
  return [
    `payment ${payment_number ? `#${plain(payment_number)} ` : ''}(id ${idText(payment_id)}): ${money(payment.amount, payment)}`,
    ` from ${recordNameAndId('customer', customer_name, customer_id)}`,
    ...[date, payment_mode].filter(Boolean).map((word) => `, ${plain(word)}`),
    reference_number ? `, reference ${quoted(reference_number)}` : '',
  ].join('');
}

/** Bytes for the text about a record below its first line. With the first line and the next steps, the report stays short. */
const ROOM = 900;

/** How much of each part of a payment is shown. */
interface ShownSizes {
  /** Bytes for the whole text, for the custom fields, and for the refunds. */
  readonly room: number;
  readonly fields: number;
  readonly refunds: number;
  /** Characters of the description, and of each custom field's value. */
  readonly description: number;
  readonly value: number;
}

/** Short texts. They leave room for the call that reads the full text. */
const SHORT: ShownSizes = { room: ROOM, fields: 200, refunds: 150, description: 100, value: 45 };
/** Characters of a long text if the call asks for the whole record. */
export const WHOLE_TEXT = 10_000;

/** A line with a long text. */
export function longText(label: string, value: unknown): string {
  return value === undefined ? '' : `${label}: ${quoted(value, WHOLE_TEXT)}.`;
}

/** Bytes of a record if the call asks for the whole record: the same as for a list. */
const WHOLE_ROOM = 19_000;
const WHOLE: ShownSizes = {
  room: WHOLE_ROOM,
  fields: WHOLE_ROOM,
  refunds: WHOLE_ROOM,
  description: WHOLE_TEXT,
  value: WHOLE_TEXT,
};

/** Shows a record's facts in one line, and tells whether the line is cut. `whole`: the call asks for the whole record. */
export function factLine(facts: readonly (string | undefined)[], whole: boolean): { readonly line: string; readonly isCut: boolean } {
  const known = facts.filter((fact) => fact !== undefined);
  const line = `${listWithin(known, whole ? WHOLE_ROOM : ROOM)}.`;
  return { line, isCut: hasCutText(line) || line !== `${known.join('; ')}.` };
}

/** Lines about applied invoices, unused amount and refunds. A value that the answer does not show has no line. */
export function aboutAllocation(payment: Payment): string[] {
  return allocation(payment, [], SHORT);
}

/** Like `aboutAllocation`, plus account, charges, rate and custom fields, as on the payment's page in Zoho. `whole`: nothing is cut. */
export function aboutWhole(payment: Payment, whole = false): string[] {
  const sizes = whole ? WHOLE : SHORT;
  const { account_name, account_id, bank_charges, exchange_rate, custom_fields, unused_amount } = payment;
  const fields = (Array.isArray(custom_fields) ? (custom_fields as unknown[]) : []).map((field) =>
    aboutCustomField(field as Record<string, unknown>, sizes),
  );
  return allocation(
    payment,
    lines(
      [
        unused_amount === undefined && 'Unused: not shown by Zoho.',
        (account_name ?? account_id) !== undefined &&
          `Account: ${account_name === undefined ? '' : `${quoted(account_name, 40)} `}(id ${idText(account_id)}).`,
        payment['location_id'] !== undefined && `Location: ${idWithName(payment['location_id'], payment['location_name'])}.`,
        bank_charges !== undefined && readAmount(bank_charges) !== 0 && `Bank charges: ${money(bank_charges, payment)}.`,
        Number(exchange_rate ?? 1) !== 1 && `Exchange rate: ${typeof exchange_rate === 'number' ? exchange_rate : plain(exchange_rate)}.`,
      ]
        .filter(Boolean)
        .join(' '),
      fields.length > 0 && `Custom fields: ${listWithin(fields, sizes.fields)}.`,
    ),
    sizes,
  );
}

/** Like `aboutWhole`, for a payment of a retainer invoice. Its amount is not called unused, because it pays the retainer invoice. */
export function aboutRetainerPayment(payment: Payment, retainerinvoice_id: string, retainer_number: unknown): string[] {
  const { invoices = [] } = payment;
  const name =
    retainer_number === undefined ? `with id ${retainerinvoice_id}` : `${quoted(retainer_number, 40)} (id ${retainerinvoice_id})`;
  return [
    `Paid: retainer invoice ${name}, ${money(payment.amount, payment)}. The money can be applied to the customer's invoices later.`,
    ...aboutWhole({ ...payment, unused_amount: 0, invoices: invoices.length > 0 ? invoices : undefined }),
  ];
}

/** The call that reads the full texts. Undefined if neither `shown` (lines about the current payment) nor `others` have cut texts. */
export function readCut(payment: Payment, shown: readonly string[], others: readonly string[] = []): Step | undefined {
  const { payment_id } = payment;
  const whole = aboutWhole(payment, true);
  const isCut = others.some(hasCutText) || shown.some((line) => !whole.includes(line));
  return payment_id === undefined || !isCut ? undefined : wholeRecord('get_customer_payment', { payment_id });
}

/** The call that reads a record without cuts. */
export const wholeRecord = (tool: string, id: Readonly<Record<string, unknown>>): Step =>
  toolCall(tool, { ...id, whole: true }, 'for the full text');

function aboutCustomField({ label, api_name, value, customfield_id }: Record<string, unknown>, sizes: ShownSizes): string {
  const shown = typeof value === 'object' ? JSON.stringify(value) : value;
  const id = customfield_id === undefined ? '' : ` (customfield_id ${idText(customfield_id)})`;
  return `${quoted(label ?? api_name, 40)} = ${quoted(shown, sizes.value)}${id}`;
}

/** Lines about a payment. `details` come first; invoices get the remaining bytes, because the structured content has all of them. */
function allocation(payment: Payment, details: readonly string[], sizes: ShownSizes): string[] {
  const { invoices, unused_amount, payment_refunds: refunds = [], description } = payment;
  const rest = lines(
    unused_amount !== undefined && unused_amount !== 0 && `Unused (can be applied or refunded): ${money(unused_amount, payment)}.`,
    withheldOnNoInvoice(payment),
    refunds.length > 0 &&
      `Refunds: ${listWithin(
        refunds.map((refund) => `${money(readRefundAmount(refund), payment)} (refund_id ${idText(refund.payment_refund_id)})`),
        sizes.refunds,
      )}.`,
    ...details,
    description !== undefined && `Description: ${quoted(description, sizes.description)}.`,
  );
  if (invoices === undefined) return rest;
  const room = sizes.room - Buffer.byteLength(rest.join('\n'));
  return lines(
    invoices.length === 0
      ? 'Applied to no invoice.'
      : `Applied: ${listWithin(
          invoices.map((row) => aboutApplied(row, payment)),
          room,
        )}.`,
    ...rest,
  );
}

/** Tax withheld on the whole payment, if no invoice's row has withheld tax. */
function withheldOnNoInvoice(payment: Payment): string {
  const { tax_amount_withheld, invoices = [] } = payment;
  const onPayment = withheldOn({ tax_amount_withheld });
  const onInvoices = invoices.some((row) => withheldOn(row) !== 0);
  return onInvoices || onPayment === 0 ? '' : `Tax withheld: ${money(onPayment, payment)}.`;
}

/** `USD 2160.00`, or `USD 2160.00 and USD 240.00 tax withheld`: both settle the invoice. */
export function settling(row: { readonly amount_applied?: unknown; readonly tax_amount_withheld?: unknown }, currency: Currency): string {
  const { amount_applied, tax_amount_withheld } = row;
  const withheld = withheldOn({ tax_amount_withheld });
  return `${money(amount_applied, currency)}${withheld === 0 ? '' : ` and ${money(withheld, currency)} tax withheld`}`;
}

/** `INV-384 (id …) USD 50.00, now paid`. */
function aboutApplied(row: NonNullable<Payment['invoices']>[number], payment: Payment): string {
  const { invoice_id, invoice_number } = row;
  const balance = readAmount(row['balance']);
  const name =
    invoice_number === undefined
      ? `id ${idText(invoice_id)}`
      : `${plain(invoice_number)}${invoice_id === undefined ? '' : ` (id ${idText(invoice_id)})`}`;
  const open = balance === undefined ? '' : balance === 0 ? ', now paid' : `, ${money(balance, payment)} still open`;
  return `${name} ${settling(row, payment)}${open}`;
}

/** `applied INV-385 USD 400.00` and `unused USD 50.00`, if Zoho shows them. */
export function appliedAndUnused(payment: Payment): string[] {
  const { invoices, unused_amount } = payment;
  const applied = (invoices ?? []).map(
    (row) => `${plain(row.invoice_number ?? `invoice ${idText(row.invoice_id)}`)} ${settling(row, payment)}`,
  );
  return lines(
    invoices && (applied.length === 0 ? 'applied to no invoice' : `applied ${listWithin(applied, 400)}`),
    unused_amount !== undefined && unused_amount !== 0 && `unused ${money(unused_amount, payment)}`,
  );
}

/** Names the invoices that the deleted payment was applied to. `saysOpen`: another line already names the reopened invoices. */
export function aboutReleased(payment: Payment, saysOpen = false): string {
  const parts = appliedAndUnused(payment);
  if (parts.length === 0) return '';
  const { length } = payment.invoices ?? [];
  const open = saysOpen ? '' : length > 1 ? ' Those invoices are open again.' : length === 1 ? ' That invoice is open again.' : '';
  return `Before it was deleted: ${parts.join(', ')}.${open}`;
}

interface RequestedAmounts {
  readonly amount?: number | undefined;
  readonly invoices?: readonly AppliedRow[] | undefined;
}

/** Warns if Zoho recorded another amount than the call sent, because Zoho rounds amounts. */
export function attention(
  { amount, invoices = [] }: RequestedAmounts,
  recorded: Currency & Pick<Payment, 'amount' | 'invoices'>,
): string[] {
  const standing = standingOn(recorded);
  const pairs = [
    { asked: amount, is: recorded.amount, on: '' },
    ...(recorded.invoices === undefined
      ? []
      : invoices.flatMap((row) => [
          { asked: row.amount_applied, is: standsOn(standing, row.invoice_id)?.amount_applied, on: ` for invoice ${row.invoice_id}` },
          {
            asked: row.tax_amount_withheld,
            is: standsOn(standing, row.invoice_id)?.tax_amount_withheld,
            on: ` as tax withheld on invoice ${row.invoice_id}`,
          },
        ])),
  ];
  return lines(
    ...pairs.map(
      ({ asked, is, on }) =>
        asked !== undefined &&
        is !== undefined &&
        asked !== is &&
        `Attention: the call asked for ${asked}${on}, but Zoho recorded ${money(is, recorded)}. Tell the user.`,
    ),
  );
}

/** `refund (refund_id …) of 50 from payment (id …), 2026-06-05, cash`. */
export function aboutRefund(refund: Refund, payment?: Payment): string {
  const { payment_refund_id, payment_id, date, refund_mode, reference_number, from_account_id } = refund;
  const account = refund['from_account_name'];
  return [
    `refund (refund_id ${idText(payment_refund_id)}) of ${money(refund.amount, payment ?? {})}`,
    ` from payment ${payment?.payment_number ? `#${plain(payment.payment_number)} ` : ''}(id ${idText(payment_id ?? payment?.payment_id)})`,
    payment?.customer_name ? ` of ${quoted(payment.customer_name)}` : '',
    ...[date, refund_mode].filter(Boolean).map((word) => `, ${plain(word)}`),
    account || from_account_id ? `, out of ${account ? `${quoted(account)} ` : ''}(account id ${idText(from_account_id)})` : '',
    reference_number ? `, reference ${quoted(reference_number)}` : '',
  ].join('');
}

/** The report if Zoho's answer is a success but has no record. A record without fields is a different case. */
export function unseen(what: keyof typeof lists): Report {
  const tool = lists[what];
  return createReport([`Zoho reported success, but its answer contained no ${what}.`], [{ say: `check with ${tool}`, tool }]);
}

const lists = {
  payment: 'list_customer_payments',
  refund: 'list_customer_payment_refunds',
  customer: 'list_contacts',
  invoice: 'list_invoices',
} as const;
