import type { Allocation } from './allocations.ts';
import { type Json, dateField, idField, moneyField, objectsField, rateField, textField } from './body.ts';
import { type CustomValue, readCustomValues } from './custom-fields.ts';
import { invalidValue, required } from './errors.ts';
import type { CurrencyRow, CustomerRow } from './rows.ts';
import { LOCATIONS } from './seed-ids.ts';
import type { Store } from './store.ts';
import type { Call } from './world.ts';

/** The fields of a payment's body. Undefined: the body omits the field, so an update keeps the value and a new payment gets the default. */
export interface PaymentInput {
  mode: string | undefined;
  amount: number | undefined;
  date: string | undefined;
  reference_number: string | undefined;
  description: string | undefined;
  allocations: Allocation[] | undefined;
  rate: number | undefined;
  bank_charges: number | undefined;
  bank_charges_account_id: string | undefined;
  tax_withheld: number | undefined;
  tax_account_id: string | undefined;
  account_id: string | undefined;
  location_id: string | undefined;
  tags: string | undefined;
  retainer_id: string | undefined;
  customValues: CustomValue[] | undefined;
}

/** The customer that the body names. Undefined if missing, unknown, or a vendor. */
export function customerFrom(store: Store, body: Json): CustomerRow | undefined {
  const id = body['customer_id'];
  if (typeof id !== 'string' && typeof id !== 'number') return undefined;
  return store.get<CustomerRow>("SELECT * FROM customers WHERE id = ? AND contact_type = 'customer'", String(id).trim());
}

/**
 * Reads the body and refuses wrong types, formats and lengths. The caller checks the values against the books. Top-level invoice_id and
 * amount_applied are mistakes in the docs and are ignored.
 */
export function readPayment(call: Call, body: Json, currency: CurrencyRow): PaymentInput {
  const { precision } = currency;
  const input: PaymentInput = {
    mode: textField(body, 'payment_mode', 100) || undefined,
    amount: moneyField(body, 'amount', precision),
    date: dateField(body, 'date'),
    // Zoho's docs allow 100 characters; live recordings show 50.
    reference_number: textField(body, 'reference_number', call.world.shapes === 'live' ? 50 : 100),
    description: textField(body, 'description', 2000),
    allocations: objectsField(body, 'invoices')?.map((row) => readAllocation(row, precision)),
    rate: rateField(body, 'exchange_rate'),
    bank_charges: moneyField(body, 'bank_charges', precision),
    bank_charges_account_id: idField(body, 'bank_charges_account_id'),
    tax_withheld: moneyField(body, 'tax_amount_withheld', precision),
    tax_account_id: idField(body, 'tax_account_id'),
    account_id: idField(body, 'account_id'),
    location_id: idField(body, 'location_id'),
    tags: body['tags'] === undefined ? undefined : JSON.stringify(objectsField(body, 'tags') ?? []),
    retainer_id: idField(body, 'retainerinvoice_id'),
    customValues: body['custom_fields'] === undefined ? undefined : readCustomValues(call.store, body['custom_fields']),
  };
  if (input.location_id !== undefined && !LOCATIONS.has(input.location_id)) throw invalidValue('location_id');
  const persons = body['contact_persons'];
  if (persons !== undefined && !(Array.isArray(persons) && persons.every((id) => /^\d+$/.test(String(id))))) {
    throw invalidValue('contact_persons');
  }
  return input;
}

function readAllocation(row: Json, precision: number): Allocation {
  const invoice_id = idField(row, 'invoice_id');
  if (invoice_id === undefined) throw required('invoice_id');
  const amount = moneyField(row, 'amount_applied', precision);
  if (amount === undefined) throw required('amount_applied');
  return { invoice_id, amount, tax_withheld: moneyField(row, 'tax_amount_withheld', precision) ?? 0 };
}

/** Modes are free text per organization. filter_by treats "Credit Card" and "creditcard" as equal. */
export function modeKey(mode: string): string {
  return mode.toLowerCase().replaceAll(/[\s_-]/g, '');
}
