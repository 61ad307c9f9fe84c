import { isObject, type Json } from '../json.ts';
import { sum, readAmount } from '../money.ts';
import { CUSTOM_FIELD_NAMES } from './custom-fields.ts';
import { asMode } from './payment-mode.ts';
import { every, readDay, readId } from './read-row.ts';
import { CLEARED } from './zoho-shapes.ts';

/** Compares a record with what was sent, field by field. */

/** Fields that Zoho does not return, or returns only with certain settings of the organization. */
const fieldsNotTold = new Set([
  'payment_form',
  'contact_persons',
  'location_id',
  'retainerinvoice_id',
  'tags',
  'bank_charges_account_id',
  'tax_account_id',
]);

export function isAsSent(body: unknown, record: Json): boolean {
  if (!isObject(body)) return false;
  return Object.entries(body).every(([name, sent]) => fieldsNotTold.has(name) || isSameValue(name, sent, record[name]));
}

/**
 * Tells whether a record shows that a change was made. Only a field that the change would have made different is evidence. A field that
 * Zoho does not show, or that had the sent value before and after, is no evidence.
 */
export type ChangeSeen = 'as sent' | 'as before' | 'otherwise' | 'not told' | 'as sent; perhaps it was the same before' | 'no difference';

export function changeSeen(body: unknown, was: Json, is: Json): ChangeSeen {
  const fields = Object.entries(isObject(body) ? body : {}).map(([name, sent]) => {
    // A payment without custom fields has no such list.
    const before = name === 'custom_fields' ? (was[name] ?? []) : was[name];
    return {
      changes: negated(isTheSame(name, sent, before)),
      asSent: isTheSame(name, sent, is[name]),
      asBefore: isTheSame(name, before, is[name]),
    };
  });
  const changed = fields.filter(({ changes }) => changes === true);
  const made = changed.filter(({ asSent }) => asSent === true);
  const unmade = changed.filter(({ asSent, asBefore }) => asSent === false && asBefore === true);
  if (fields.some(({ asSent, asBefore }) => asSent === false && asBefore !== true) || (made.length > 0 && unmade.length > 0))
    return 'otherwise';
  if (made.length > 0) return 'as sent';
  if (unmade.length > 0) return 'as before';
  if (!fields.every(({ asSent }) => asSent === true)) return 'not told';
  return fields.every(({ changes }) => changes === false) ? 'no difference' : 'as sent; perhaps it was the same before';
}

const negated = (mark: boolean | undefined): boolean | undefined => (mark === undefined ? undefined : !mark);

/** True if two values of a field are equal for Zoho. Undefined if Zoho does not show the value. */
function isTheSame(name: string, one: unknown, other: unknown): boolean | undefined {
  if (fieldsNotTold.has(name)) return undefined;
  if (!CLEARED.has(name) && (one === undefined || other === undefined)) return undefined;
  if (name === 'invoices') return every(invoiceMarks(one, other) ?? [undefined]);
  return isSameValue(name, one, other);
}

function isSameValue(name: string, sent: unknown, found: unknown): boolean {
  if (name === 'invoices') return invoiceMarks(sent, found)?.every((mark) => mark !== false) ?? false;
  if (name === 'custom_fields') return hasCustomFields(sent, found);
  if (typeof sent === 'number' || typeof found === 'number')
    return isUnset(sent) || isUnset(found)
      ? amountOf(sent) === amountOf(found)
      : readAmount(sent) !== undefined && readAmount(sent) === readAmount(found);
  if (name === 'date') return readDay(sent) !== undefined && readDay(sent) === readDay(found);
  // Zoho trims texts, omits empty texts, and changes the spelling of modes ("Cash", "cash").
  const plain = (value: unknown) =>
    String(value ?? '')
      .trim()
      .replace(/\s+/g, ' ');
  return name === 'payment_mode' || name === 'refund_mode'
    ? asMode(plain(sent)).toLowerCase() === asMode(plain(found)).toLowerCase()
    : plain(sent) === plain(found);
}

const isUnset = (value: unknown): boolean => value === undefined || value === null || value === '';
/** The amount; 0 if it is missing. */
const amountOf = (value: unknown): number | undefined => (isUnset(value) ? 0 : readAmount(value));

/** Tells for each invoice whether both lists apply the same amounts. Undefined if a list is unreadable or missing (not: empty). */
function invoiceMarks(one: unknown, other: unknown): readonly (boolean | undefined)[] | undefined {
  if (!Array.isArray(one) || !Array.isArray(other)) return undefined;
  const [here, there] = [applied(one), applied(other)];
  if (here === undefined || there === undefined) return undefined;
  return [...new Set([...here.keys(), ...there.keys()])].map((id) =>
    isSameRow(here.get(id) ?? NOTHING_APPLIED, there.get(id) ?? NOTHING_APPLIED),
  );
}

interface Applied {
  readonly amount: number;
  /** Undefined if no row shows it. */
  readonly withheld: number | undefined;
}

/** The applied amount and withheld tax of each invoice. Undefined if a row cannot be read. */
function applied(rows: readonly unknown[]): Map<string, Applied> | undefined {
  const totals = new Map<string, Applied>();
  for (const row of rows) {
    const { invoice_id, amount_applied, tax_amount_withheld } = (isObject(row) ? row : {}) as Json;
    const [id, amount, withheld] = [readId(invoice_id), amountOf(amount_applied), amountOf(tax_amount_withheld)];
    if (id === undefined || amount === undefined || withheld === undefined) return undefined;
    const before = totals.get(id) ?? { amount: 0, withheld: undefined };
    totals.set(id, {
      amount: sum([before.amount, amount]),
      withheld: isUnset(tax_amount_withheld) ? before.withheld : sum([before.withheld ?? 0, withheld]),
    });
  }
  // A row whose amounts are 0 counts as no row.
  return new Map([...totals].filter(([, { amount, withheld = 0 }]) => amount !== 0 || withheld !== 0));
}

const NOTHING_APPLIED: Applied = { amount: 0, withheld: 0 };

/** True if both rows are equal. Undefined if only one row shows tax: the other may have no tax, or Zoho may not show it. */
function isSameRow(one: Applied, other: Applied): boolean | undefined {
  if (one.amount !== other.amount) return false;
  if (one.withheld === undefined || other.withheld === undefined) return (one.withheld ?? 0) === (other.withheld ?? 0) ? true : undefined;
  return one.withheld === other.withheld;
}

export function hasCustomFields(sent: unknown, found: unknown): boolean {
  const known = (Array.isArray(found) ? found : []).filter(isObject);
  return (Array.isArray(sent) ? sent : []).filter(isObject).every((field) => {
    const match = known.find((one) =>
      CUSTOM_FIELD_NAMES.some((name) => field[name] !== undefined && String(field[name]) === String(one[name])),
    );
    return String(match?.['value'] ?? '') === String(field['value'] ?? '');
  });
}
