import type { Store } from './store.ts';

/** A payment in words for a person, without values that follow from the others. */
export interface PaymentRecord {
  number: string;
  customer: string;
  currency: string;
  amount: number;
  mode: string;
  date: string;
  account: string;
  reference: string;
  description: string;
  rate: number;
  bank_charges: number;
  /** applied amounts by invoice number */
  applied: Record<string, number>;
  /** custom field values by API name */
  fields: Record<string, string>;
}

/** A refund, with the number of its payment. */
export interface RefundRecord extends Omit<PaymentRecord, 'number' | 'bank_charges' | 'applied' | 'fields'> {
  payment: string;
}

export interface Records {
  payments: Record<string, PaymentRecord>;
  refunds: Record<string, RefundRecord>;
}

const common = (
  row: string,
) => `'customer', p.customer_name, 'currency', p.currency_code, 'amount', ${row}.amount / 1000.0, 'mode', ${row}.mode, 'date', ${row}.date,
  'account', a.name, 'reference', ${row}.reference_number, 'description', ${row}.description, 'rate', ${row}.rate / 1e10`;

const PAYMENTS = `SELECT p.id, json_object('number', CAST(p.number AS TEXT), ${common('p')}, 'bank_charges', p.bank_charges / 1000.0,
  'applied', (SELECT json_group_object(i.number, b.amount / 1000.0)
    FROM applications b JOIN invoices i ON i.id = b.invoice_id WHERE b.payment_id = p.id),
  'fields', (SELECT json_group_object(f.api_name, v.value)
    FROM custom_values v JOIN custom_fields f ON f.id = v.field_id WHERE v.payment_id = p.id)) AS record
  FROM payments p JOIN accounts a ON a.id = p.account_id`;

const REFUNDS = `SELECT r.id, json_object('payment', CAST(p.number AS TEXT), ${common('r')}) AS record
  FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN accounts a ON a.id = r.account_id`;

/** Every payment and refund by id, to compare with an earlier state. */
export function recordsOf(store: Store): Records {
  const all = (sql: string) =>
    Object.fromEntries(store.all<{ id: string; record: string }>(sql).map(({ id, record }) => [id, JSON.parse(record)]));
  return { payments: all(PAYMENTS), refunds: all(REFUNDS) } as Records;
}
