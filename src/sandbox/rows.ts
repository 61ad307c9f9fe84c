import type { Store } from './store.ts';

/** Rows of the books' tables. Amounts are in mills, rates scaled by 10^10, times in epoch milliseconds. */

export interface CurrencyRow {
  id: string;
  code: string;
  name: string;
  symbol: string;
  precision: number;
  rate: number;
  is_base: number;
}

export interface AccountRow {
  id: string;
  name: string;
  type: string;
  bank_name: string;
  currency_code: string;
  is_active: number;
  opening: number;
  balance: number;
}

export interface CustomerRow {
  id: string;
  name: string;
  company_name: string;
  contact_type: string;
  leaks: number;
  status: string;
  first_name: string;
  last_name: string;
  email: string;
  phone: string;
  address: string;
  city: string;
  country: string;
  notes: string;
  currency_code: string;
  payment_terms: number;
  outstanding: number;
  unused_credits: number;
  created_at: number;
  modified_at: number;
}

export interface InvoiceRow {
  seq: number;
  id: string;
  number: string;
  customer_id: string;
  customer_name: string;
  reference_number: string;
  item_name: string;
  date: string;
  due_date: string;
  currency_code: string;
  rate: number;
  total: number;
  balance: number;
  stage: 'draft' | 'sent' | 'void';
  last_payment_date: string;
  created_at: number;
  modified_at: number;
}

export interface RetainerRow {
  seq: number;
  id: string;
  number: string;
  customer_id: string;
  date: string;
  currency_code: string;
  total: number;
  balance: number;
  created_at: number;
  modified_at: number;
}

export interface PaymentRow {
  seq: number;
  id: string;
  number: number;
  customer_id: string;
  customer_name: string;
  currency_code: string;
  mode: string;
  mode_key: string;
  date: string;
  reference_number: string;
  description: string;
  amount: number;
  applied: number;
  refunded: number;
  unused: number;
  rate: number;
  bank_charges: number;
  bank_charges_account_id: string;
  tax_withheld: number;
  tax_account_id: string;
  account_id: string;
  deposited: number;
  location_id: string;
  tags: string;
  /** the id of the retainer invoice that this payment pays, or '' */
  retainer_id: string;
  /** the id of the matched bank transaction, or '' */
  bank_line_id: string;
  created_at: number;
  modified_at: number;
}

export interface ApplicationRow {
  id: string;
  payment_id: string;
  invoice_id: string;
  amount: number;
  tax_withheld: number;
  apply_date: string;
}

export interface RefundRow {
  seq: number;
  id: string;
  payment_id: string;
  date: string;
  mode: string;
  reference_number: string;
  description: string;
  payment_form: string;
  amount: number;
  rate: number;
  account_id: string;
  withdrawn: number;
  created_at: number;
  modified_at: number;
}

export function currencyOf(store: Store, code: string): CurrencyRow {
  const currency = store.get<CurrencyRow>('SELECT * FROM currencies WHERE code = ?', code);
  if (!currency) throw new Error(`Currency ${code} does not exist`);
  return currency;
}

export function baseCurrency(store: Store): CurrencyRow {
  const currency = store.get<CurrencyRow>('SELECT * FROM currencies WHERE is_base = 1');
  if (!currency) throw new Error('The books have no base currency');
  return currency;
}

export function accountOf(store: Store, id: string): AccountRow | undefined {
  return store.get<AccountRow>('SELECT * FROM accounts WHERE id = ?', id);
}
