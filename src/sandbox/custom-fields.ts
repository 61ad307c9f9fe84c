import { type Json, isObject } from './body.ts';
import { duplicateUnique, invalidValue, tooLong } from './errors.ts';
import type { Store } from './store.ts';

export interface CustomFieldRow {
  id: string;
  api_name: string;
  label: string;
  place: number;
  data_type: string;
  is_unique: number;
}

export interface CustomValueRow extends CustomFieldRow {
  payment_id: string;
  value: string;
}

export interface CustomValue {
  field: CustomFieldRow;
  value: string;
}

/** Text fields hold 255 characters (guess). */
const MAX_TEXT = 255;

export function customFields(store: Store): CustomFieldRow[] {
  return store.all<CustomFieldRow>('SELECT * FROM custom_fields ORDER BY place');
}

/** Reads `[{customfield_id | api_name | label, value}]`. All three names are in use (Zoho docs, live recordings). */
export function readCustomValues(store: Store, list: unknown): CustomValue[] {
  if (!Array.isArray(list) || !list.every(isObject)) throw invalidValue('custom_fields');
  const known = customFields(store);
  return list.map((item) => {
    const field = known.find((candidate) => names(item, candidate));
    if (!field) throw invalidValue('custom_fields');
    const value = item['value'] ?? '';
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw invalidValue(field.label);
    if (String(value).length > MAX_TEXT) throw tooLong(field.label, MAX_TEXT);
    return { field, value: String(value) };
  });
}

function names(item: Json, field: CustomFieldRow): boolean {
  if (item['customfield_id'] !== undefined) return String(item['customfield_id']) === field.id;
  if (item['api_name'] !== undefined) return item['api_name'] === field.api_name;
  return item['label'] === field.label;
}

/** Sets the given fields and keeps the others. An empty value clears a field. */
export function writeCustomValues(store: Store, paymentId: string, values: CustomValue[]): void {
  for (const { field, value } of values) {
    if (value === '') {
      store.run('DELETE FROM custom_values WHERE payment_id = ? AND field_id = ?', paymentId, field.id);
      continue;
    }
    const holder = field.is_unique ? paymentWithValue(store, field, value) : undefined;
    if (holder !== undefined && holder !== paymentId) throw duplicateUnique(field.label, value);
    store.run(
      'INSERT INTO custom_values (payment_id, field_id, value) VALUES (?, ?, ?) ' +
        'ON CONFLICT (payment_id, field_id) DO UPDATE SET value = excluded.value',
      paymentId,
      field.id,
      value,
    );
  }
}

export function paymentWithValue(store: Store, field: CustomFieldRow, value: string): string | undefined {
  return store.get<{ payment_id: string }>('SELECT payment_id FROM custom_values WHERE field_id = ? AND value = ?', field.id, value)
    ?.payment_id;
}

/** The values of several payments in one query, by payment id. */
export function customValuesOf(store: Store, paymentIds: string[]): Map<string, CustomValueRow[]> {
  const rows = store.all<CustomValueRow>(
    `SELECT v.payment_id, v.value, f.* FROM custom_values v JOIN custom_fields f ON f.id = v.field_id
     WHERE v.payment_id IN (SELECT value FROM json_each(?)) ORDER BY f.place`,
    JSON.stringify(paymentIds),
  );
  const groups = new Map<string, CustomValueRow[]>();
  for (const row of rows) {
    const group = groups.get(row.payment_id);
    if (group) group.push(row);
    else groups.set(row.payment_id, [row]);
  }
  return groups;
}

/** Zoho repeats the values as single keys: cf_x is formatted, cf_x_unformatted is not. */
export function customFieldHash(values: CustomValueRow[]): Record<string, string> {
  const hash: Record<string, string> = {};
  for (const { api_name, value } of values) {
    hash[api_name] = value;
    hash[`${api_name}_unformatted`] = value;
  }
  return hash;
}
