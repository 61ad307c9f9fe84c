import type { Json } from '../endpoint.ts';
import { isObject } from './shape.ts';

/** Whether a record is what was sent, field by field. */

/** Sent, and not told again by Zoho, or only under settings of the organization. */
const notTold = new Set(['payment_form', 'contact_persons', 'location_id', 'retainerinvoice_id', 'tags', 'bank_charges_account_id', 'tax_account_id', 'tax_amount_withheld']);

export function isAsSent(body: unknown, record: Json): boolean {
  if (!isObject(body)) return false;
  return Object.entries(body).every(([name, sent]) => notTold.has(name) || isSame(name, sent, record[name]));
}

/** What was sent is there as it stood before: nothing to see of it. */
export function isAsBefore(body: unknown, before: Json, record: Json): boolean {
  if (!isObject(body)) return false;
  return Object.keys(body).every((name) => notTold.has(name) || isSame(name, before[name], record[name]));
}

function isSame(name: string, sent: unknown, found: unknown): boolean {
  if (name === 'invoices') return sameInvoices(sent, found);
  if (name === 'custom_fields') return hasCustomFields(sent, found);
  if (typeof sent === 'number' || typeof found === 'number') return Number(sent ?? 0) === Number(found ?? 0);
  // Zoho trims texts, leaves empty ones out, and writes modes its own way ("Cash", "cash").
  const plain = (value: unknown) => String(value ?? '').trim().replace(/\s+/g, ' ');
  return name === 'payment_mode' || name === 'refund_mode' ? plain(sent).toLowerCase() === plain(found).toLowerCase() : plain(sent) === plain(found);
}

function sameInvoices(sent: unknown, found: unknown): boolean {
  const applied = (rows: unknown) =>
    (Array.isArray(rows) ? rows : [])
      .filter(isObject)
      .filter((row) => Number(row['amount_applied'] ?? 0) !== 0)
      .map((row) => `${row['invoice_id']} ${Number(row['amount_applied'])}`)
      .toSorted();
  // An answer that does not tell is not an empty list.
  return Array.isArray(found) && applied(sent).join() === applied(found).join();
}

export function hasCustomFields(sent: unknown, found: unknown): boolean {
  const known = (Array.isArray(found) ? found : []).filter(isObject);
  return (Array.isArray(sent) ? sent : []).filter(isObject).every((field) => {
    const match = known.find((one) => (['customfield_id', 'api_name', 'label'] as const).some((name) => field[name] !== undefined && field[name] === one[name]));
    return String(match?.['value'] ?? '') === String(field['value'] ?? '');
  });
}
