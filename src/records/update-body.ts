import type { Json } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { readAmount, sum, type Currency } from '../money.ts';
import { settledBy, standingOn, standsOn, withheldOn, type Standing } from './applied.ts';
import { lines, money, plain, quoted, UNTOLD_AMOUNT } from './describe.ts';
import type { Payment } from './fields.ts';
import { isObject } from './zoho-shapes.ts';

/** What an update sends and what it changed. */

interface AppliedRow {
  readonly invoice_id: string;
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}

interface Given {
  invoices?: readonly AppliedRow[] | undefined;
  replace_invoices?: boolean | undefined;
}

/** The body of a payment's PUT: the changed fields, and the whole list of invoices where any is named. */
export function changesOf<T extends Given>(
  { invoices, replace_invoices = false, ...fields }: T,
  before: Payment | undefined,
): Record<string, unknown> {
  if (invoices === undefined) {
    if (replace_invoices)
      throw invalid(
        '`replace_invoices` needs `invoices`, the list to replace with.',
        'Send `invoices` too, [] to un-apply all, or leave `replace_invoices` out.',
      );
    return fields;
  }
  refuseSameInvoiceTwice(invoices);
  const kept = replace_invoices || before === undefined ? [] : rowsKept(before, invoices);
  const named = invoices.filter((row) => settledBy(row) > 0).map((row) => ({ ...standing(before, row), ...row }));
  return { ...fields, invoices: [...kept, ...named].map(withoutUndefined) };
}

/** Each row would be checked as if it were the only one of its invoice. */
export function refuseSameInvoiceTwice(rows: readonly AppliedRow[]): void {
  if (new Set(rows.map((row) => row.invoice_id)).size === rows.length) return;
  throw invalid('`invoices` names the same invoice more than once.', 'Send one row per invoice, with the total to be applied to it.');
}

/**
 * The rows that stay. Zoho replaces the set by what is sent, so they must be sent too, with their `invoice_payment_id`; and
 * what cannot be seen cannot be sent, so nothing is sent then.
 */
function rowsKept(before: Payment, rows: readonly AppliedRow[]): Json[] {
  const named = new Set(rows.map((row) => row.invoice_id));
  if (before.invoices === undefined) throw cannotSee();
  return before.invoices.flatMap(({ invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount }) => {
    if (invoice_id === undefined) throw cannotSee();
    if (named.has(invoice_id)) return [];
    if (amount_applied === undefined || withheldOn({ tax_amount_withheld }) === undefined) throw cannotSee();
    return [{ invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount }];
  });
}

/** What a named row keeps of how its invoice stands. Zoho may hold several rows of one invoice: they become the first, with the total. */
function standing(before: Payment | undefined, { invoice_id }: AppliedRow): Json {
  const rows = (before?.invoices ?? []).filter((row) => row.invoice_id === invoice_id);
  const total = (name: string) => {
    const amounts = rows.map((row) => (row[name] === undefined ? 0 : readAmount(row[name])));
    if (!amounts.every((amount) => amount !== undefined)) throw cannotSee();
    return sum(amounts) || undefined;
  };
  return {
    invoice_payment_id: rows[0]?.['invoice_payment_id'],
    tax_amount_withheld: total('tax_amount_withheld'),
    discount_amount: total('discount_amount'),
  };
}

function withoutUndefined(row: Json): Json {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function invalid(message: string, next: string): InputError {
  return new InputError(message, { code: 'invalid_arguments', next });
}

function cannotSee(): InputError {
  return new InputError("Zoho's answer did not show what the payment is applied to, so `invoices` could un-apply others.", {
    code: 'cannot_merge_invoices',
    next: 'Make the same call again in a little while, or send the whole list with replace_invoices: true.',
  });
}

export function namesAnything(fields: Record<string, unknown>): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}

/** An update that names nothing to change is a mistake, not a success. */
export function refuseNoChange(fields: Record<string, unknown>): void {
  if (namesAnything(fields)) return;
  throw invalid('The call names nothing to change.', 'Call again with the fields to change and their new values.');
}

/** Compared whether sent or not: one change may move another field. */
const compared = [
  'amount',
  'unused_amount',
  'date',
  'payment_mode',
  'reference_number',
  'description',
  'account_name',
  'customer_name',
  'exchange_rate',
];
const amounts = new Set(['amount', 'unused_amount', 'bank_charges', 'tax_amount_withheld']);

/** One thing as it read before and reads now; `sent` is undefined where the call did not name it. */
interface Reading {
  readonly name: string;
  readonly was: unknown;
  readonly is: unknown;
  readonly sent: unknown;
}

/**
 * One line per thing that is different afterwards. `given` is what the call named: with it every field sent is accounted
 * for, also where it reads as before or where the answer does not show it, so that nothing false need be said of the rest.
 */
export function aboutChanges(before: Payment, after: Payment, given: Record<string, unknown> = {}): string[] {
  const { invoices, replace_invoices: _, custom_fields, ...sent } = given;
  const fields = [...new Set([...Object.keys(sent), ...compared])].map((name): Reading => ({
    name,
    was: before[name],
    is: after[name],
    sent: sent[name],
  }));
  const customFields = (Array.isArray(custom_fields) ? custom_fields : []).filter(isObject).map((field): Reading => ({
    name: `custom field ${quoted(field['label'] ?? field['api_name'] ?? field['customfield_id'], 40)}`,
    was: customValue(before, field),
    is: customValue(after, field),
    sent: field['value'],
  }));
  const readings = [...fields, ...customFields];
  const applied = appliedChanges(before, after);
  const same = readings.filter((reading) => isTold(reading) && isSame(reading) && reading.sent !== undefined).map(({ name }) => name);
  const hidden = readings.filter((reading) => !isTold(reading) && reading.sent !== undefined).map(({ name }) => name);
  if (invoices !== undefined && applied.length === 0) (before.invoices && after.invoices ? same : hidden).push('invoices');
  return [
    ...readings
      .filter((reading) => isTold(reading) && !isSame(reading))
      .map(({ name, was, is }) => `${name}: ${inWords(name, was, before)} → ${inWords(name, is, after)}`),
    ...applied,
    lines(
      same.length > 0 && `As before: ${same.join(', ')}.`,
      hidden.length > 0 && `Sent, but not in Zoho's answer: ${hidden.join(', ')}.`,
    ),
  ].filter(Boolean);
}

/** Whether the answer tells how it reads now. It leaves out what is empty, so a field is empty only if it was sent empty. */
function isTold({ is, sent }: Reading): boolean {
  return is !== undefined || sent === '' || (Array.isArray(sent) && sent.length === 0);
}

function isSame({ name, was, is }: Reading): boolean {
  if (amounts.has(name) && readAmount(was) !== undefined && readAmount(was) === readAmount(is)) return true;
  return JSON.stringify(was) === JSON.stringify(is);
}

/** A value of a payment's field, as it is shown. */
export function inWords(name: string, value: unknown, currency: Currency): string {
  if (value === undefined) return name === 'amount' || name === 'unused_amount' ? UNTOLD_AMOUNT : 'nothing';
  if (amounts.has(name)) return money(value, currency);
  return typeof value === 'object' ? quoted(JSON.stringify(value), 200) : quoted(value);
}

function customValue(payment: Payment, wanted: Json): unknown {
  const fields = Array.isArray(payment['custom_fields']) ? payment['custom_fields'].filter(isObject) : [];
  return fields.find((field) =>
    ['customfield_id', 'api_name', 'label'].some((name) => wanted[name] !== undefined && String(field[name]) === wanted[name]),
  )?.['value'];
}

/** Nothing where either side does not show what it is applied to. */
function appliedChanges(before: Payment, after: Payment): string[] {
  if (before.invoices === undefined || after.invoices === undefined) return [];
  const [was, is] = [standingOn(before), standingOn(after)];
  const names = new Map(
    [...before.invoices, ...after.invoices].map(({ invoice_id, invoice_number }) => [
      String(invoice_id),
      plain(invoice_number ?? `invoice ${invoice_id ?? 'not told'}`),
    ]),
  );
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
    const name = names.get(id) ?? 'an invoice not told';
    return (['amount_applied', 'tax_amount_withheld'] as const)
      .map((part) => ({
        what: part === 'amount_applied' ? 'applied to' : 'tax withheld on',
        from: on(was, id, part, before),
        to: on(is, id, part, after),
      }))
      .filter(({ from, to }) => from !== to)
      .map(({ what, from, to }) => `${what} ${name}: ${from} → ${to}`);
  });
}

function on(standing: ReadonlyMap<string, Standing | undefined>, id: string, part: keyof Standing, payment: Payment): string {
  return money(standsOn(standing, id)?.[part], payment);
}
