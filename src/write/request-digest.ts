import type { ZohoRequest } from '../endpoint.ts';
import type { Json } from '../json.ts';
import { digestOf } from './seal.ts';

/** Recognizes a request that the user declined, even from another tool or in other words, so that the user is not asked again so soon. */

/** A digest of the effect of a request. Requests with the same effect have the same digest. */
export function requestDigest({ method, path, query, body }: ZohoRequest): string {
  const deleted = method === 'DELETE' ? (/^\/customerpayments\/(\d+)$/.exec(path)?.[1] ?? query?.['payment_id']) : undefined;
  if (deleted !== undefined) return digestOf(['declined', method, String(deleted).split(',').toSorted()]);
  const { description: _, reference_number: __, payment_form: ___, ...material } = (Array.isArray(body) ? { body } : (body ?? {})) as Json;
  return digestOf(['declined', method, path, query, withoutDefaults(material)]);
}

function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, item]): [string, unknown] => [
    name,
    MODES.has(name) ? String(item).toLowerCase() : withoutDefaults(item),
  ]);
  return Object.fromEntries(fields.filter(([name, item]) => !isDefault(name, item)));
}

const MODES = new Set(['payment_mode', 'refund_mode']);

/** True if Zoho would use this value for an omitted field. An empty list of invoices is not a default: it un-applies the payment. */
function isDefault(name: string, value: unknown): boolean {
  if (name === 'exchange_rate') return value === 1;
  if (name === 'refund_mode') return value === 'cash';
  if (Array.isArray(value)) return value.length === 0 && name !== 'invoices';
  return value === '' || value === 0 || value === undefined;
}
