import { isObject } from '../json.ts';
import { readAmount, type Currency } from '../money.ts';
import { standingOn, standsOn, type Standing } from './applied.ts';
import { anyValue, customFieldValue } from './custom-fields.ts';
import { idWithName } from './describe.ts';
import type { Payment } from './fields.ts';
import { quoted, lines, UNTOLD_AMOUNT, money, plain } from './text.ts';

/** The report of an update of a payment: one line per changed field. */

/** Fields that are compared even if they were not sent, because a change of one field may change another field. */
const comparedFields = [
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
/** Fields that hold the id of a record, each with the field in which Zoho shows the name of the record. */
export const NAME_FIELDS = {
  account_id: 'account_name',
  customer_id: 'customer_name',
  bank_charges_account_id: 'bank_charges_account_name',
  tax_account_id: 'tax_account_name',
  location_id: 'location_name',
} as const;

const amountFields = new Set(['amount', 'unused_amount', 'bank_charges', 'tax_amount_withheld']);

/** One value before and after the update. `sent` is undefined if the call did not send it. */
interface FieldChange {
  readonly name: string;
  readonly was: unknown;
  readonly is: unknown;
  readonly sent: unknown;
}

/**
 * One line per value that changed. `given`: the fields that the call sent. The lines also name each sent field that is unchanged or missing
 * in the answer, so that the report covers every sent field.
 */
export function aboutChanges(before: Payment, after: Payment, given: Record<string, unknown> = {}): string[] {
  const { invoices, replace_invoices: _, custom_fields, ...sent } = given;
  const fields = [...new Set([...Object.keys(sent), ...comparedFields])].map((name): FieldChange => ({
    name,
    was: before[name],
    is: after[name],
    sent: sent[name],
  }));
  const customFields = (Array.isArray(custom_fields) ? custom_fields : []).filter(isObject).map((field): FieldChange => ({
    name: `custom field ${quoted(field['label'] ?? field['api_name'] ?? field['customfield_id'], 40)}`,
    was: customFieldValue(before, field),
    is: customFieldValue(after, field),
    sent: field['value'],
  }));
  // A sent id is shown with its name, so the name needs no line of its own.
  const withNames = Object.entries(NAME_FIELDS).filter(([name, ofId]) => sent[name] !== undefined && after[ofId] !== undefined);
  const named = new Map<string, string>(withNames);
  const readings = [...fields.filter(({ name }) => !withNames.some(([, ofId]) => ofId === name)), ...customFields];
  const inWords = (name: string, payment: Payment) => {
    const [value, ofId] = [payment[name], named.get(name)];
    return ofId === undefined || value === undefined ? valueInWords(name, value, payment) : idWithName(value, payment[ofId]);
  };
  const applied = appliedChanges(before, after);
  const same = readings.filter((reading) => isTold(reading) && isUnchanged(reading) && reading.sent !== undefined).map(({ name }) => name);
  const hidden = readings.filter((reading) => !isTold(reading) && reading.sent !== undefined).map(({ name }) => name);
  if (invoices !== undefined && applied.length === 0) (before.invoices && after.invoices ? same : hidden).push('invoices');
  return [
    ...readings
      .filter((reading) => isTold(reading) && !isUnchanged(reading))
      .map(({ name, was, is }) =>
        named.has(name)
          ? `${name}: ${inWords(name, before)} → ${inWords(name, after)}`
          : `${name}: ${valueInWords(name, was, before)} → ${valueInWords(name, is, after)}`,
      ),
    ...applied,
    ...lines(
      same.length > 0 && `Unchanged: ${same.join(', ')}.`,
      hidden.length > 0 && `Sent, but not in Zoho's answer: ${hidden.join(', ')}.`,
    ),
  ];
}

/** True if the answer shows the new value. A missing field counts as empty if it was sent empty, because Zoho omits empty fields. */
function isTold({ is, sent }: FieldChange): boolean {
  return is !== undefined || sent === '' || (Array.isArray(sent) && sent.length === 0);
}

function isUnchanged({ name, was, is }: FieldChange): boolean {
  if (amountFields.has(name) && readAmount(was) !== undefined && readAmount(was) === readAmount(is)) return true;
  return JSON.stringify(was) === JSON.stringify(is);
}

/** The text that shows a value of a payment's field. */
export function valueInWords(name: string, value: unknown, currency: Currency): string {
  if (value === undefined) return name === 'amount' || name === 'unused_amount' ? UNTOLD_AMOUNT : 'nothing';
  if (amountFields.has(name)) return money(value, currency);
  return anyValue(value);
}

/** Changes of applied amounts. Empty if `before` or `after` does not show what the payment is applied to. */
function appliedChanges(before: Payment, after: Payment): string[] {
  if (before.invoices === undefined || after.invoices === undefined) return [];
  const [was, is] = [standingOn(before), standingOn(after)];
  const names = new Map(
    [...before.invoices, ...after.invoices].map(({ invoice_id, invoice_number }) => [
      String(invoice_id),
      plain(invoice_number ?? `invoice ${invoice_id ?? 'unknown'}`),
    ]),
  );
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
    const name = names.get(id) ?? 'an unknown invoice';
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
