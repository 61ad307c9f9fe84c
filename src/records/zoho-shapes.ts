import type { Shown } from '../endpoint.ts';
import { isObject, type Json } from '../json.ts';
import { readAmount } from '../money.ts';

/** Converts Zoho's answers, in their documented and recorded shapes, to the one shape that the tools report. */

/** The object under the first of `keys` that holds an object. If a key holds an array, its first object. */
export function one(body: Json, ...keys: string[]): Json | undefined {
  for (const key of keys) {
    const value = body[key];
    const candidate = Array.isArray(value) ? value.find(isObject) : value;
    if (isObject(candidate)) return candidate;
  }
  return undefined;
}

/** The objects in the array under the first of `keys` that holds an array. Undefined if no key does, which is not an empty list. */
export function many(body: Json, ...keys: string[]): Json[] | undefined {
  for (const key of keys) {
    const value = body[key];
    if (Array.isArray(value)) return value.filter(isObject);
  }
  return undefined;
}

/** Tells whether an answer shows the record with this id. Any of `records` may be this record. */
export function shownAs(id: string, field: string, records: readonly (Json | undefined)[]): Shown {
  const there = records.filter((record) => record !== undefined);
  if (there.length === 0) return 'none';
  const ids = there.map((record) => record[field]).filter((value) => !isEmpty(value));
  if (ids.length === 0) return 'unnamed';
  return ids.some((value) => String(value) === id) ? 'asked' : 'another';
}

/** Tells whether a list belongs to the record with this id, that is, whether no row names another record in `field`. */
export function listedFor(id: string, field: string, rows: readonly Json[] | undefined): Shown {
  if (rows === undefined) return 'none';
  return rows.every((row) => isEmpty(row[field]) || String(row[field]) === id) ? 'asked' : 'another';
}

/** A record with only the named fields. */
export function only<T extends Json, K extends keyof T & string>(record: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(record, name)).map((name) => [name, record[name]])) as Pick<T, K>;
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === null || value === undefined) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}

/** Removes empty values at any depth, because Zoho sends "" and [] for fields that are not set. */
export function withoutEmpty<T extends Json>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> };
export function withoutEmpty(record: Json): Json {
  return Object.fromEntries(
    Object.entries(record)
      .map(([name, value]): [string, unknown] => {
        if (isObject(value)) return [name, withoutEmpty(value)];
        if (Array.isArray(value)) return [name, value.map((item) => (isObject(item) ? withoutEmpty(item) : item))];
        return [name, value];
      })
      .filter(([, value]) => !isEmpty(value)),
  );
}

/** Texts that Zoho clears if they are sent empty. A missing text counts as empty, because Zoho omits texts that are not set. */
export const CLEARED = new Set(['reference_number', 'description']);

/** Fields of a payment that reports omit: fields of the printed receipt, or of features that are switched off. */
const presentation = new RegExp(
  '^(template_(id|name|type)|page_(width|height)|orientation|can_send_.*|is_payment_details_required|' +
    'is_client_review_settings_enabled|is_early_payment_discount_applicable|is_ondc_channel|is_pre_gst|is_paid_via_check|' +
    'locked_actions|lock_details|rounding_mode|custom_field_hash|currency_symbol|payment_number_(pre|suf)fix)$',
);

/** A payment as Zoho sends it. */
export const onePayment = (body: Json): Json | undefined => one(body, 'payment', 'customerpayment', 'customer_payment');

/** A payment as the tools report it. */
export function paymentOf(body: Json): Json | undefined {
  const found = onePayment(body);
  if (found === undefined) return undefined;
  const { custom_fields, ...payment } = withoutEmpty(found);
  const shown = Object.fromEntries(Object.entries(payment).filter(([name]) => !presentation.test(name)));
  return {
    ...shown,
    // An empty list means "applied to nothing"; a missing list means "unknown". A row that is not an object stays as a row without values.
    invoices: Array.isArray(found['invoices']) ? found['invoices'].map((row) => (isObject(row) ? appliedInvoiceOf(row) : {})) : undefined,
    ...(Array.isArray(custom_fields) && { custom_fields: custom_fields.filter(isObject).map(customFieldOf) }),
  };
}

function customFieldOf({ customfield_id, api_name, label, value, data_type }: Json): Json {
  return withoutEmpty({ customfield_id, api_name, label, value, data_type });
}

function appliedInvoiceOf({ invoice_amount, balance_amount, ...row }: Json): Json {
  const {
    invoice_id,
    invoice_payment_id,
    invoice_number,
    amount_applied,
    tax_amount_withheld,
    discount_amount,
    total,
    balance,
    date,
    due_date,
  } = row;
  return withoutEmpty({
    invoice_id,
    invoice_number,
    invoice_payment_id,
    amount_applied,
    // A value that cannot be read as an amount is kept, because without it the tax would count as 0.
    tax_amount_withheld: readAmount(tax_amount_withheld) === 0 ? undefined : (readAmount(tax_amount_withheld) ?? tax_amount_withheld),
    discount_amount: readAmount(discount_amount) === 0 ? undefined : (readAmount(discount_amount) ?? discount_amount),
    // Zoho documents invoice_amount and balance_amount, but sends total and balance.
    total: total ?? invoice_amount,
    balance: balance ?? balance_amount,
    date,
    due_date,
  });
}

/**
 * One refund, from `payment_refund` (Zoho's older page) or `payment_refunds` (OpenAPI). If `refund_id` is given, the refund with this id; a
 * single refund without an id also counts. Otherwise the only refund in the answer.
 */
export function refundOf(body: Json, refund_id?: string): Json | undefined {
  const all = refundsIn(body);
  const found = all.find((refund) => refund_id !== undefined && String(refund['payment_refund_id']) === refund_id) ?? onlyOne(all);
  const another = refund_id !== undefined && String(found?.['payment_refund_id'] ?? refund_id) !== refund_id;
  return found === undefined || another ? undefined : withoutEmpty(found);
}

/** All refunds in an answer about one refund. */
export function refundsIn(body: Json): Json[] {
  const one = body['payment_refund'];
  return isObject(one) ? [one] : (many(body, 'payment_refunds', 'payment_refund') ?? []);
}

function onlyOne<T>(all: readonly T[]): T | undefined {
  return all.length === 1 ? all[0] : undefined;
}
