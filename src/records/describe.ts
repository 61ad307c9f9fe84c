import { readAmount, type Currency } from '../money.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { standingOn, standsOn, withheldOn, type AppliedRow } from './applied.ts';
import type { Payment, Refund } from './fields.ts';
import { readRefundAmount } from './read-row.ts';
import { hasCutText, quoted, plain, idText, lines, money, listWithin } from './text.ts';

/** How records read in `content`: short, one line a fact, ids next to names, foreign text quoted. */

/** A record by its name: `"Acme Corp"`. One whose name is not known by its id: `customer 903…`. */
export function recordName(
  what: 'customer' | 'contact' | 'account' | 'location' | 'organization',
  name: unknown,
  id: unknown,
  max?: number,
): string {
  const known = quoted(name, max);
  return known === '""' ? `${what} ${idText(id)}` : known;
}

/** A record by its name and id: `"Acme Corp" (id 903…)`, or `customer 903…`. */
export function recordNameAndId(...[what, name, id, max]: Parameters<typeof recordName>): string {
  const known = quoted(name, max) !== '""' && idText(id) !== idText(undefined);
  return `${recordName(what, name, id, max)}${known ? ` (id ${idText(id)})` : ''}`;
}

/** `"Petty Cash" (id 3000…)`; of what is known by its id alone `id 3000…`. */
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

/** A field in a person's words, where its own name is a program's. */
export const fieldLabel = (name: string): string => LABELS[name] ?? name;

/** Tags as a call names them. Zoho tells their names nowhere that this server may read. */
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

/** Bytes for all that is said of a record under its first line: with that and the calls offered it stays a short read. */
const ROOM = 900;

/** How much of each part of a payment is shown. */
interface ShownSizes {
  /** Bytes of all of it, of its custom fields, and of its refunds. */
  readonly room: number;
  readonly fields: number;
  readonly refunds: number;
  /** Characters of its description, and of the value of a custom field. */
  readonly description: number;
  readonly value: number;
}

/** The call that reads what is cut needs room as well. */
const SHORT: ShownSizes = { room: ROOM, fields: 200, refunds: 150, description: 100, value: 45 };
/** Characters of a long text where a record is asked for. */
export const WHOLE_TEXT = 10_000;

/** A long text as a line of its own. */
export function longText(label: string, value: unknown): string {
  return value === undefined ? '' : `${label}: ${quoted(value, WHOLE_TEXT)}.`;
}

/** Bytes of a record that is asked for whole: as much as a list may hold. */
const WHOLE_ROOM = 19_000;
const WHOLE: ShownSizes = {
  room: WHOLE_ROOM,
  fields: WHOLE_ROOM,
  refunds: WHOLE_ROOM,
  description: WHOLE_TEXT,
  value: WHOLE_TEXT,
};

/** Facts of a record in one line, and whether anything of them is cut. `whole`: a record that is asked for whole. */
export function factLine(facts: readonly (string | undefined)[], whole: boolean): { readonly line: string; readonly isCut: boolean } {
  const known = facts.filter((fact) => fact !== undefined);
  const line = `${listWithin(known, whole ? WHOLE_ROOM : ROOM)}.`;
  return { line, isCut: hasCutText(line) || line !== `${known.join('; ')}.` };
}

/** What it is applied to, what is left, what went back; nothing about what the answer does not show. */
export function aboutAllocation(payment: Payment): string[] {
  return allocation(payment, [], SHORT);
}

/** The same, with account, charges, rate and custom fields: what a person sees on the payment's page. `whole`: with nothing cut. */
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
        unused_amount === undefined && 'Unused: not told by Zoho.',
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

/** The same for a payment of a retainer invoice. Its money is not called unused: the retainer invoice asked for it. */
export function aboutRetainerPayment(payment: Payment, retainerinvoice_id: string, retainer_number: unknown): string[] {
  const { invoices = [] } = payment;
  const name =
    retainer_number === undefined ? `with id ${retainerinvoice_id}` : `${quoted(retainer_number, 40)} (id ${retainerinvoice_id})`;
  return [
    `Paid: retainer invoice ${name}, ${money(payment.amount, payment)}. The money can be applied to an invoice of the customer later.`,
    ...aboutWhole({ ...payment, unused_amount: 0, invoices: invoices.length > 0 ? invoices : undefined }),
  ];
}

/** The call that reads the texts that are cut in `shown`, lines about the payment as it stands, or in `others`. None if nothing is cut. */
export function readCut(payment: Payment, shown: readonly string[], others: readonly string[] = []): Step | undefined {
  const { payment_id } = payment;
  const whole = aboutWhole(payment, true);
  const isCut = others.some(hasCutText) || shown.some((line) => !whole.includes(line));
  return payment_id === undefined || !isCut ? undefined : wholeRecord('get_customer_payment', { payment_id });
}

/** The call that reads a record with nothing cut. */
export const wholeRecord = (tool: string, id: Readonly<Record<string, unknown>>): Step =>
  toolCall(tool, { ...id, whole: true }, 'to read what is cut');

function aboutCustomField({ label, api_name, value, customfield_id }: Record<string, unknown>, sizes: ShownSizes): string {
  const shown = typeof value === 'object' ? JSON.stringify(value) : value;
  const id = customfield_id === undefined ? '' : ` (customfield_id ${idText(customfield_id)})`;
  return `${quoted(label ?? api_name, 40)} = ${quoted(shown, sizes.value)}${id}`;
}

/** The invoices get what room the rest leaves: there can be many, and the structured result has them all. */
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

/** Tax withheld on the payment as a whole, where no invoice's row has it. */
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

/** `applied INV-385 USD 400.00` and `unused USD 50.00`, as far as Zoho tells. */
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

/** What deleting a payment sets free. `saysOpen`: what is open again is said already. */
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

/** Said where Zoho recorded another amount than was asked for: it rounds, and nobody asked it to. */
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
          { asked: row.amount_applied, is: standsOn(standing, row.invoice_id)?.amount_applied, on: ` on invoice ${row.invoice_id}` },
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
        `Attention: ${asked} was asked${on}, Zoho recorded ${money(is, recorded)}. Tell the user.`,
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

/** A success whose answer held no record: said as it is, not as a record without fields. */
export function unseen(what: keyof typeof lists): Report {
  const tool = lists[what];
  return createReport([`Zoho reported success, but its answer held no ${what}.`], [{ say: `look with ${tool}`, tool }]);
}

const lists = {
  payment: 'list_customer_payments',
  refund: 'list_customer_payment_refunds',
  customer: 'list_contacts',
  invoice: 'list_invoices',
} as const;
