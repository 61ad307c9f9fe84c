import type { Json } from '../endpoint.ts';
import { sum } from '../money.ts';
import { readAmount, readDay, readId } from './read-row.ts';
import { isObject } from './shape.ts';

/** Whether a record is what was sent, field by field. */

/** Sent, and not told again by Zoho, or only under settings of the organization. */
const notTold = new Set(['payment_form', 'contact_persons', 'location_id', 'retainerinvoice_id', 'tags', 'bank_charges_account_id', 'tax_account_id']);

export function isAsSent(body: unknown, record: Json): boolean {
  if (!isObject(body)) return false;
  return Object.entries(body).every(([name, sent]) => notTold.has(name) || isSame(name, sent, record[name]));
}

/** Whether any of it can be seen in a record afterwards. */
export function isSeen(body: unknown): boolean {
  return isObject(body) && Object.keys(body).some((name) => !notTold.has(name));
}

/** What was sent is there as it stood before: nothing to see of it. */
export function isAsBefore(body: unknown, before: Json, record: Json): boolean {
  if (!isObject(body)) return false;
  return Object.keys(body).every((name) => notTold.has(name) || isSame(name, before[name], record[name]));
}

function isSame(name: string, sent: unknown, found: unknown): boolean {
  if (name === 'invoices') return sameInvoices(sent, found);
  if (name === 'custom_fields') return hasCustomFields(sent, found);
  if (typeof sent === 'number' || typeof found === 'number') return isEmpty(sent) || isEmpty(found) ? amountOf(sent) === amountOf(found) : readAmount(sent) !== undefined && readAmount(sent) === readAmount(found);
  if (name === 'date') return readDay(sent) !== undefined && readDay(sent) === readDay(found);
  // Zoho trims texts, leaves empty ones out, and writes modes its own way ("Cash", "cash").
  const plain = (value: unknown) => String(value ?? '').trim().replace(/\s+/g, ' ');
  return name === 'payment_mode' || name === 'refund_mode' ? plain(sent).toLowerCase() === plain(found).toLowerCase() : plain(sent) === plain(found);
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '';
/** What is left out is 0. */
const amountOf = (value: unknown): number | undefined => (isEmpty(value) ? 0 : readAmount(value));

function sameInvoices(sent: unknown, found: unknown): boolean {
  // An answer that does not tell is not an empty list.
  if (!Array.isArray(sent) || !Array.isArray(found)) return false;
  const [wanted, there] = [sent, found].map(applied);
  return wanted !== undefined && there !== undefined && wanted.size === there.size && [...wanted].every(([id, row]) => isSameRow(row, there.get(id)));
}

interface Applied {
  readonly amount: number;
  /** Undefined where no row tells it. */
  readonly withheld: number | undefined;
}

/** What is applied to each invoice and withheld from it. Undefined where a row cannot be read. */
function applied(rows: readonly unknown[]): Map<string, Applied> | undefined {
  const totals = new Map<string, Applied>();
  for (const row of rows) {
    const { invoice_id, amount_applied, tax_amount_withheld } = (isObject(row) ? row : {}) as Json;
    const [id, amount, withheld] = [readId(invoice_id), amountOf(amount_applied), amountOf(tax_amount_withheld)];
    if (id === undefined || amount === undefined || withheld === undefined) return undefined;
    const before = totals.get(id) ?? { amount: 0, withheld: undefined };
    totals.set(id, { amount: sum([before.amount, amount]), withheld: isEmpty(tax_amount_withheld) ? before.withheld : sum([before.withheld ?? 0, withheld]) });
  }
  // A row of nothing is no row.
  return new Map([...totals].filter(([, { amount, withheld = 0 }]) => amount !== 0 || withheld !== 0));
}

function isSameRow(sent: Applied, found: Applied | undefined): boolean {
  return found !== undefined && sent.amount === found.amount && (sent.withheld === undefined || found.withheld === undefined || sent.withheld === found.withheld);
}

export function hasCustomFields(sent: unknown, found: unknown): boolean {
  const known = (Array.isArray(found) ? found : []).filter(isObject);
  return (Array.isArray(sent) ? sent : []).filter(isObject).every((field) => {
    const match = known.find((one) => (['customfield_id', 'api_name', 'label'] as const).some((name) => field[name] !== undefined && String(field[name]) === String(one[name])));
    return String(match?.['value'] ?? '') === String(field['value'] ?? '');
  });
}
