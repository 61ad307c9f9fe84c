/** Change this number whenever the layout or the seed changes. A file with another number is rebuilt: it holds only practice data. */
export const LAYOUT = '2';

/** Tables that a reset empties. It keeps the OAuth tables and meta, so that connected clients keep their credentials. */
export const BOOK_TABLES = [
  'custom_values',
  'refunds',
  'applications',
  'payments',
  'invoices',
  'retainers',
  'customers',
  'accounts',
  'custom_fields',
  'currencies',
  'sequences',
  'counters',
];

export const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS clients (client_id TEXT PRIMARY KEY, client_secret TEXT NOT NULL, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refresh_tokens (
  token TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, origin TEXT NOT NULL, created_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS access_tokens (
  token TEXT PRIMARY KEY, refresh_token TEXT NOT NULL, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS access_tokens_of ON access_tokens (refresh_token);
CREATE TABLE IF NOT EXISTS grant_codes (
  code TEXT PRIMARY KEY, client_id TEXT NOT NULL, scope TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  with_refresh INTEGER NOT NULL, expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token_requests (
  refresh_token TEXT PRIMARY KEY, window_start INTEGER NOT NULL, count INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, window_start INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS currencies (
  id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, symbol TEXT NOT NULL, precision INTEGER NOT NULL,
  rate INTEGER NOT NULL, is_base INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, bank_name TEXT NOT NULL, currency_code TEXT NOT NULL,
  is_active INTEGER NOT NULL, opening INTEGER NOT NULL, balance INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS customers (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, company_name TEXT NOT NULL, contact_type TEXT NOT NULL, leaks INTEGER NOT NULL,
  status TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL,
  address TEXT NOT NULL, city TEXT NOT NULL, country TEXT NOT NULL, notes TEXT NOT NULL,
  currency_code TEXT NOT NULL, payment_terms INTEGER NOT NULL,
  outstanding INTEGER NOT NULL, unused_credits INTEGER NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS invoices (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL REFERENCES customers (id),
  customer_name TEXT NOT NULL, reference_number TEXT NOT NULL, item_name TEXT NOT NULL, date TEXT NOT NULL, due_date TEXT NOT NULL,
  currency_code TEXT NOT NULL, rate INTEGER NOT NULL, total INTEGER NOT NULL, balance INTEGER NOT NULL,
  stage TEXT NOT NULL CHECK (stage IN ('draft', 'sent', 'void')),
  last_payment_date TEXT NOT NULL, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS invoices_of ON invoices (customer_id);
CREATE INDEX IF NOT EXISTS invoices_by_created ON invoices (created_at);
CREATE INDEX IF NOT EXISTS invoices_by_date ON invoices (date);
CREATE TABLE IF NOT EXISTS retainers (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL REFERENCES customers (id),
  date TEXT NOT NULL, currency_code TEXT NOT NULL, total INTEGER NOT NULL, balance INTEGER NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS payments (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, number INTEGER NOT NULL UNIQUE,
  customer_id TEXT NOT NULL REFERENCES customers (id), customer_name TEXT NOT NULL, currency_code TEXT NOT NULL,
  mode TEXT NOT NULL, mode_key TEXT NOT NULL, date TEXT NOT NULL, reference_number TEXT NOT NULL, description TEXT NOT NULL,
  amount INTEGER NOT NULL, applied INTEGER NOT NULL, refunded INTEGER NOT NULL, unused INTEGER NOT NULL,
  rate INTEGER NOT NULL, bank_charges INTEGER NOT NULL, bank_charges_account_id TEXT NOT NULL,
  tax_withheld INTEGER NOT NULL, tax_account_id TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id), deposited INTEGER NOT NULL, location_id TEXT NOT NULL, tags TEXT NOT NULL,
  retainer_id TEXT NOT NULL DEFAULT '', bank_line_id TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_by_date ON payments (date);
CREATE INDEX IF NOT EXISTS payments_by_created ON payments (created_at);
CREATE INDEX IF NOT EXISTS payments_by_modified ON payments (modified_at);
CREATE INDEX IF NOT EXISTS payments_by_amount ON payments (amount);
CREATE INDEX IF NOT EXISTS payments_by_customer_name ON payments (customer_name COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS payments_by_reference ON payments (reference_number COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS payments_of ON payments (customer_id, date);
CREATE TABLE IF NOT EXISTS applications (
  id TEXT PRIMARY KEY, payment_id TEXT NOT NULL REFERENCES payments (id), invoice_id TEXT NOT NULL REFERENCES invoices (id),
  amount INTEGER NOT NULL, tax_withheld INTEGER NOT NULL, apply_date TEXT NOT NULL, UNIQUE (payment_id, invoice_id)
);
CREATE INDEX IF NOT EXISTS applications_to ON applications (invoice_id);
CREATE TABLE IF NOT EXISTS refunds (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL REFERENCES payments (id), date TEXT NOT NULL,
  mode TEXT NOT NULL, reference_number TEXT NOT NULL, description TEXT NOT NULL, payment_form TEXT NOT NULL, amount INTEGER NOT NULL,
  rate INTEGER NOT NULL, account_id TEXT NOT NULL REFERENCES accounts (id), withdrawn INTEGER NOT NULL,
  created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (payment_id);
CREATE TABLE IF NOT EXISTS custom_fields (
  id TEXT PRIMARY KEY, api_name TEXT NOT NULL UNIQUE, label TEXT NOT NULL, place INTEGER NOT NULL,
  data_type TEXT NOT NULL, is_unique INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS custom_values (
  payment_id TEXT NOT NULL REFERENCES payments (id), field_id TEXT NOT NULL REFERENCES custom_fields (id), value TEXT NOT NULL,
  PRIMARY KEY (payment_id, field_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS custom_values_by_value ON custom_values (field_id, value);
`;
