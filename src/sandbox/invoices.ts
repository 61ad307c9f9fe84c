import { missing, noResource } from './errors.ts';
import { Where, choice, dateFilter, given, moneyFilter, readPage, readSort, searchFilter, textFilter } from './list-query.ts';
import { listReply } from './list-reply.ts';
import { type Reply, jsonReply } from './message.ts';
import { convert, moneyNumber, rateNumber } from './money.ts';
import { orgDate, timestamp } from './org-time.ts';
import { type CurrencyRow, type InvoiceRow, type PaymentRow, baseCurrency, currencyOf } from './rows.ts';
import { type Call, isId } from './world.ts';

/** SQL for each status, from stage, balance and today's date. Partly paid has priority over overdue (guess). `?` is today. */
const STATUS: Record<string, string> = {
  draft: "stage = 'draft'",
  void: "stage = 'void'",
  paid: "stage = 'sent' AND balance = 0",
  partially_paid: "stage = 'sent' AND balance > 0 AND balance < total",
  overdue: "stage = 'sent' AND balance = total AND balance > 0 AND due_date < ?",
  sent: "stage = 'sent' AND balance = total AND balance > 0 AND due_date >= ?",
  unpaid: "stage = 'sent' AND balance > 0",
  // Customers cannot view invoices in a portal here.
  viewed: '0',
};

const FILTERS: Record<string, string> = {
  'Status.All': '1',
  'Status.Sent': STATUS['sent'] ?? '',
  'Status.Draft': STATUS['draft'] ?? '',
  'Status.OverDue': STATUS['overdue'] ?? '',
  'Status.Paid': STATUS['paid'] ?? '',
  'Status.Void': STATUS['void'] ?? '',
  'Status.Unpaid': STATUS['unpaid'] ?? '',
  'Status.PartiallyPaid': STATUS['partially_paid'] ?? '',
  'Status.Viewed': STATUS['viewed'] ?? '',
  'Date.PaymentExpectedDate': '0',
};

const SORT_COLUMNS: Record<string, string> = {
  customer_name: 'customer_name COLLATE NOCASE',
  invoice_number: 'number COLLATE NOCASE',
  date: 'date',
  due_date: 'due_date',
  total: 'total',
  balance: 'balance',
  created_time: 'created_at',
};

export function invoiceStatus(invoice: InvoiceRow, today: string): string {
  if (invoice.stage !== 'sent') return invoice.stage;
  if (invoice.balance === 0) return 'paid';
  if (invoice.balance < invoice.total) return 'partially_paid';
  return invoice.due_date < today ? 'overdue' : 'sent';
}

export function listInvoices(call: Call): Reply {
  const { query } = call.arrival;
  const today = orgDate(call.now);
  const page = readPage(query);
  const sort = readSort(query, SORT_COLUMNS, { column: 'created_time', order: 'D' });
  const where = new Where();
  const customer = given(query, 'customer_id');
  if (customer !== undefined) where.add('customer_id = ?', customer);
  textFilter(where, query, 'invoice_number', 'number');
  textFilter(where, query, 'item_name', 'item_name');
  textFilter(where, query, 'reference_number', 'reference_number');
  textFilter(where, query, 'customer_name', 'customer_name');
  const email = given(query, 'email');
  if (email !== undefined) where.add('customer_id IN (SELECT id FROM customers WHERE email = ? COLLATE NOCASE)', email);
  moneyFilter(where, query, 'total', 'total');
  moneyFilter(where, query, 'balance', 'balance');
  dateFilter(where, query, 'date', 'date', true);
  dateFilter(where, query, 'due_date', 'due_date', true);
  searchFilter(where, query, ['number', 'reference_number', 'customer_name']);
  for (const condition of [choice(query, 'status', STATUS), choice(query, 'filter_by', FILTERS)]) {
    if (condition !== undefined) where.add(`(${condition})`, ...(condition.includes('?') ? [today] : []));
  }
  return listReply<InvoiceRow>(call, {
    table: 'invoices',
    where,
    page,
    sort,
    columns: SORT_COLUMNS,
    tie: 'seq',
    key: 'invoices',
    report_name: 'Invoices',
    item: (row) => invoiceItem(row, currencyOf(call.store, row.currency_code), today),
  });
}

export function getInvoice(call: Call): Reply {
  const row = pathInvoice(call);
  const currency = currencyOf(call.store, row.currency_code);
  const base = baseCurrency(call.store);
  const customer = call.store.get<{ outstanding: number; unused_credits: number }>(
    'SELECT outstanding, unused_credits FROM customers WHERE id = ?',
    row.customer_id,
  );
  return jsonReply(200, {
    code: 0,
    message: 'success',
    invoice: {
      ...invoiceItem(row, currency, orgDate(call.now)),
      payment_made: row.stage === 'void' ? 0 : moneyNumber(row.total - row.balance),
      credits_applied: 0,
      unused_retainer_payments: 0,
      allow_partial_payments: false,
      in_process_payments: [],
      price_precision: currency.precision,
      bcy_total: moneyNumber(convert(row.total, row.rate, base.precision)),
      currency_name_formatted: `${currency.code}- ${currency.name}`,
      line_items: [{ name: row.item_name, quantity: 1, rate: moneyNumber(row.total), item_total: moneyNumber(row.total) }],
      sub_total: moneyNumber(row.total),
      contact: {
        customer_balance: moneyNumber(customer?.outstanding ?? 0),
        credit_limit: 0,
        unused_customer_credits: moneyNumber(customer?.unused_credits ?? 0),
      },
    },
  });
}

/** Not paginated (Zoho docs). payment_number is a number here, but a string everywhere else. */
export function listInvoicePayments(call: Call): Reply {
  const invoice = pathInvoice(call);
  const rows = call.store.all<
    PaymentRow & { application_id: string; application_amount: number; application_tax: number; siblings: number }
  >(
    `SELECT p.*, a.id AS application_id, a.amount AS application_amount, a.tax_withheld AS application_tax,
       (SELECT count(*) FROM applications b WHERE b.payment_id = p.id) AS siblings
     FROM applications a JOIN payments p ON p.id = a.payment_id WHERE a.invoice_id = ? ORDER BY p.date DESC, p.seq DESC`,
    invoice.id,
  );
  return jsonReply(200, {
    code: 0,
    message: 'success',
    payments: rows.map((row) => ({
      payment_id: row.id,
      payment_number: row.number,
      invoice_id: invoice.id,
      invoice_payment_id: row.application_id,
      payment_mode: row.mode,
      description: row.description,
      date: row.date,
      reference_number: row.reference_number,
      exchange_rate: rateNumber(row.rate),
      amount: moneyNumber(row.application_amount),
      tax_amount_withheld: moneyNumber(row.application_tax),
      online_transaction_id: '',
      is_single_invoice_payment: row.siblings === 1,
    })),
  });
}

function pathInvoice(call: Call): InvoiceRow {
  const id = call.params['invoice_id'] ?? '';
  if (!isId(id)) throw noResource();
  const row = call.store.get<InvoiceRow>('SELECT * FROM invoices WHERE id = ?', id);
  if (!row) throw missing('Invoice');
  return row;
}

function invoiceItem(row: InvoiceRow, currency: CurrencyRow, today: string): Record<string, unknown> {
  return {
    invoice_id: row.id,
    customer_id: row.customer_id,
    customer_name: row.customer_name,
    status: invoiceStatus(row, today),
    invoice_number: row.number,
    reference_number: row.reference_number,
    date: row.date,
    due_date: row.due_date,
    due_days: '',
    total: moneyNumber(row.total),
    balance: moneyNumber(row.balance),
    currency_id: currency.id,
    currency_code: currency.code,
    currency_symbol: currency.symbol,
    exchange_rate: rateNumber(row.rate),
    last_payment_date: row.last_payment_date,
    payment_expected_date: '',
    unprocessed_payment_amount: 0,
    write_off_amount: 0,
    created_time: timestamp(row.created_at),
    last_modified_time: timestamp(row.modified_at),
    custom_fields: [],
    tags: [],
    has_attachment: false,
    is_emailed: false,
  };
}
