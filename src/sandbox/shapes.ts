import { type CustomValueRow, customFieldHash, customValuesOf } from './custom-fields.ts';
import { type Reply, jsonReply } from './message.ts';
import { convert, moneyNumber, rateNumber } from './money.ts';
import { timestamp } from './org-time.ts';
import { type InvoiceRow, type PaymentRow, type RefundRow, accountOf, baseCurrency, currencyOf } from './rows.ts';
import { LOCATIONS, RECEIVABLE_ACCOUNT_ID, TEMPLATE_ID, USER_ID } from './seed-ids.ts';
import type { Store } from './store.ts';
import type { Call, Shapes } from './world.ts';

/** Messages and statuses that differ between the live API (recordings) and its documentation. */
interface Messages {
  created: string;
  updated: string;
  refundsListed: string;
  refundShown: string;
  refundCreatedStatus: number;
}

const LIVE: Messages = {
  created: 'The payment from the customer has been recorded',
  updated: 'The details of the payment received from the customer have been updated',
  // There are no recordings of refunds. The older document is nearer to the live API, so the sandbox uses its messages and shapes (guess).
  refundsListed: 'success',
  refundShown: 'success',
  refundCreatedStatus: 201,
};

const DOCUMENTED: Messages = {
  created: 'The payment has been created.',
  updated: 'The payment details have been updated.',
  refundsListed: 'The list of refunds of the customer is displayed successfully.',
  refundShown: 'The details of the refund are displayed successfully.',
  refundCreatedStatus: 200,
};

export function messages(shapes: Shapes): Messages {
  return shapes === 'live' ? LIVE : DOCUMENTED;
}

export function listKey(shapes: Shapes): string {
  return shapes === 'live' ? 'customerpayments' : 'customer_payments';
}

// --- one payment ----------------------------------------------------------------------------------------------------

interface AppliedInvoice extends InvoiceRow {
  application_id: string;
  amount_applied: number;
  tax_withheld: number;
  apply_date: string;
}

function appliedInvoices(store: Store, payment: PaymentRow): AppliedInvoice[] {
  return store.all<AppliedInvoice>(
    `SELECT i.*, a.id AS application_id, a.amount AS amount_applied, a.tax_withheld, a.apply_date
     FROM applications a JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = ? ORDER BY a.rowid`,
    payment.id,
  );
}

export function paymentShape(call: Call, payment: PaymentRow): Record<string, unknown> {
  return call.world.shapes === 'live' ? livePayment(call, payment) : documentedPayment(call, payment);
}

/** A single payment, with the key order and the empty values of the live recordings. */
function livePayment(call: Call, payment: PaymentRow): Record<string, unknown> {
  const { store } = call;
  const currency = currencyOf(store, payment.currency_code);
  const account = accountOf(store, payment.account_id);
  const custom = customValuesOf(store, [payment.id]).get(payment.id) ?? [];
  return {
    payment_id: payment.id,
    payment_number: String(payment.number),
    sales_channel: '',
    account_identifier: '',
    payment_link_id: '',
    created_by: USER_ID,
    created_time: timestamp(payment.created_at),
    updated_time: timestamp(payment.modified_at),
    lock_details: { can_lock: false },
    locked_actions: [],
    payment_number_prefix: '',
    payment_number_suffix: String(payment.number),
    documents: [],
    beat_id: '',
    beat_number: '',
    journey_plan_id: '',
    sales_person_id: '',
    sales_person_name: '',
    customer_id: payment.customer_id,
    customer_name: payment.customer_name,
    payment_mode: payment.mode,
    card_type: '',
    date: payment.date,
    offline_created_date_with_time: '',
    account_id: payment.account_id,
    account_name: account?.name ?? '',
    account_type: account?.type ?? '',
    customer_advance_account_id: RECEIVABLE_ACCOUNT_ID,
    customer_advance_account_name: 'Accounts Receivable',
    currency_id: currency.id,
    currency_symbol: currency.symbol,
    currency_code: currency.code,
    exchange_rate: rateNumber(payment.rate),
    amount: moneyNumber(payment.amount),
    unused_amount: moneyNumber(payment.unused),
    bank_charges: moneyNumber(payment.bank_charges),
    bank_charges_account_id: payment.bank_charges_account_id,
    bank_charges_account_name: payment.bank_charges_account_id === '' ? '' : 'Bank Fees and Charges',
    tax_account_id: payment.tax_account_id,
    is_client_review_settings_enabled: false,
    tax_account_name: '',
    tax_amount_withheld: moneyNumber(payment.tax_withheld),
    discount_amount: 0,
    is_early_payment_discount_applicable: false,
    description: payment.description,
    reference_number: payment.reference_number,
    online_transaction_id: '',
    payment_gateway: '',
    settlement_status: '',
    is_ondc_channel: false,
    invoices: appliedInvoices(store, payment).map((invoice) => ({
      invoice_number: invoice.number,
      invoice_payment_id: invoice.application_id,
      invoice_id: invoice.id,
      invoice_customer_id: '',
      invoice_customer_name: '',
      amount_applied: moneyNumber(invoice.amount_applied),
      tax_amount_withheld: moneyNumber(invoice.tax_withheld),
      discount_amount: 0,
      total: moneyNumber(invoice.total),
      balance: moneyNumber(invoice.balance),
      date: invoice.date,
      due_date: invoice.due_date,
      price_precision: currency.precision,
      apply_date: invoice.apply_date,
      allow_partial_payments: '',
      is_early_payment_discount_applicable: false,
      invoice_installments: [],
      installments: [],
    })),
    payment_status: 'paid',
    tender_id: '',
    payment_refunds: refundsOf(store, payment).map((refund) => refundItem(call, payment, refund)),
    deposit_details: [],
    last_four_digits: '',
    template_id: TEMPLATE_ID,
    template_name: 'Elite Template',
    page_width: '8.27in',
    page_height: '11.69in',
    orientation: 'portrait',
    template_type: 'elite',
    attachment_name: '',
    can_send_in_mail: true,
    can_send_payment_sms: true,
    is_payment_details_required: true,
    custom_fields: custom.map(customFieldShape),
    custom_field_hash: customFieldHash(custom),
    imported_transactions: bankLines(payment),
    price_precision: currency.precision,
    rounding_mode: 'round_half_up',
    tags: JSON.parse(payment.tags) as unknown,
  };
}

/** The bank transaction that matches a payment. All recordings have an empty list, so the keys of an item are a guess. */
function bankLines({ bank_line_id, date, amount, account_id }: PaymentRow): Record<string, unknown>[] {
  if (bank_line_id === '') return [];
  return [
    {
      imported_transaction_id: bank_line_id,
      date,
      amount: moneyNumber(amount),
      payee: '',
      description: '',
      reference_number: '',
      status: 'matched',
      account_id,
    },
  ];
}

/** Exactly the keys of the sample in Zoho's documents. The sample has no unused_amount and no payment_refunds. */
function documentedPayment(call: Call, payment: PaymentRow): Record<string, unknown> {
  const { store } = call;
  const currency = currencyOf(store, payment.currency_code);
  const custom = customValuesOf(store, [payment.id]).get(payment.id) ?? [];
  const email = store.get<{ email: string }>('SELECT email FROM customers WHERE id = ?', payment.customer_id)?.email;
  return {
    payment_id: payment.id,
    payment_mode: payment.mode,
    amount: moneyNumber(payment.amount),
    amount_refunded: moneyNumber(payment.refunded),
    bank_charges: moneyNumber(payment.bank_charges),
    date: payment.date,
    status: 'success',
    reference_number: payment.reference_number,
    description: payment.description,
    customer_id: payment.customer_id,
    customer_name: payment.customer_name,
    email: email ?? '',
    invoices: appliedInvoices(store, payment).map((invoice) => ({
      invoice_id: invoice.id,
      invoice_number: invoice.number,
      date: invoice.date,
      invoice_amount: moneyNumber(invoice.total),
      amount_applied: moneyNumber(invoice.amount_applied),
      balance_amount: moneyNumber(invoice.balance),
    })),
    currency_code: currency.code,
    currency_symbol: currency.symbol,
    location_id: payment.location_id,
    location_name: LOCATIONS.get(payment.location_id) ?? '',
    custom_fields: custom.map(({ place, value, label, data_type }) => ({ index: place, value, label, data_type })),
  };
}

function customFieldShape(row: CustomValueRow): Record<string, unknown> {
  return {
    customfield_id: row.id,
    api_name: row.api_name,
    label: row.label,
    index: row.place,
    value: row.value,
    value_formatted: row.value,
    data_type: row.data_type,
    show_on_pdf: false,
    show_in_all_pdf: false,
  };
}

// --- a page of payments ---------------------------------------------------------------------------------------------

export function paymentItems(call: Call, rows: PaymentRow[]): Record<string, unknown>[] {
  const { store } = call;
  const ids = rows.map((row) => row.id);
  const numbers = invoiceNumbers(store, ids);
  if (call.world.shapes === 'documented') return rows.map((row) => documentedItem(call, row, numbers.get(row.id) ?? ''));
  const custom = customValuesOf(store, ids);
  const { precision } = baseCurrency(store);
  const accounts = new Map(store.all<{ id: string; name: string }>('SELECT id, name FROM accounts').map(({ id, name }) => [id, name]));
  return rows.map((row) => {
    const hash = customFieldHash(custom.get(row.id) ?? []);
    const inBase = (mills: number): number => moneyNumber(convert(mills, row.rate, precision));
    return {
      payment_id: row.id,
      payment_number: String(row.number),
      invoice_numbers: numbers.get(row.id) ?? '',
      date: row.date,
      payment_mode: row.mode,
      payment_mode_formatted: row.mode,
      amount: moneyNumber(row.amount),
      bcy_amount: inBase(row.amount),
      unused_amount: moneyNumber(row.unused),
      bcy_unused_amount: inBase(row.unused),
      account_id: row.account_id,
      account_name: accounts.get(row.account_id) ?? '',
      description: row.description,
      reference_number: row.reference_number,
      customer_id: row.customer_id,
      customer_name: row.customer_name,
      created_time: timestamp(row.created_at),
      last_modified_time: timestamp(row.modified_at),
      last_four_digits: '',
      gateway_transaction_id: '',
      payment_gateway: '',
      bcy_refunded_amount: inBase(row.refunded),
      // Empty in every Books recording, even if the payment is applied.
      applied_invoices: [],
      has_attachment: false,
      tags: JSON.parse(row.tags) as unknown,
      documents: '',
      custom_fields_list: '',
      tax_account_id: row.tax_account_id,
      tax_account_name: '',
      tax_amount_withheld: moneyNumber(row.tax_withheld),
      // The names for payments without invoices and for retainer payments are guesses.
      payment_type: row.retainer_id !== '' ? 'Retainer Payment' : row.applied > 0 ? 'Invoice Payment' : 'Advance Payment',
      payment_status: 'paid',
      settlement_status: '',
      sales_channel: '',
      ...(Object.keys(hash).length > 0 ? { ...hash, custom_field_hash: hash } : {}),
    };
  });
}

function documentedItem(call: Call, row: PaymentRow, invoiceNumber: string): Record<string, unknown> {
  return {
    payment_id: row.id,
    payment_number: String(row.number),
    invoice_number: invoiceNumber,
    date: row.date,
    payment_mode: row.mode,
    amount: moneyNumber(row.amount),
    bcy_amount: moneyNumber(convert(row.amount, row.rate, baseCurrency(call.store).precision)),
    location_id: row.location_id,
    location_name: LOCATIONS.get(row.location_id) ?? '',
  };
}

function invoiceNumbers(store: Store, paymentIds: string[]): Map<string, string> {
  const rows = store.all<{ payment_id: string; number: string }>(
    `SELECT a.payment_id, i.number FROM applications a JOIN invoices i ON i.id = a.invoice_id
     WHERE a.payment_id IN (SELECT value FROM json_each(?)) ORDER BY a.rowid`,
    JSON.stringify(paymentIds),
  );
  const numbers = new Map<string, string>();
  for (const { payment_id, number } of rows) {
    const before = numbers.get(payment_id);
    numbers.set(payment_id, before === undefined ? number : `${before}, ${number}`);
  }
  return numbers;
}

// --- refunds --------------------------------------------------------------------------------------------------------

export function refundsOf(store: Store, payment: PaymentRow): RefundRow[] {
  return store.all<RefundRow>('SELECT * FROM refunds WHERE payment_id = ? ORDER BY date DESC, seq DESC', payment.id);
}

/** A refund in a list, the same in both documents. */
export function refundItem(call: Call, payment: PaymentRow, refund: RefundRow): Record<string, unknown> {
  return {
    payment_refund_id: refund.id,
    payment_id: payment.id,
    date: refund.date,
    refund_mode: refund.mode,
    reference_number: refund.reference_number,
    payment_number: String(payment.number),
    customer_name: payment.customer_name,
    ...(call.world.shapes === 'live' ? { description: refund.description } : {}),
    amount_bcy: moneyNumber(convert(refund.amount, refund.rate, baseCurrency(call.store).precision)),
    amount_fcy: moneyNumber(refund.amount),
  };
}

/** One refund: object `payment_refund` in the older document (and live, a guess), array `payment_refunds` in the newer. */
export function refundEnvelope(call: Call, status: number, message: string, refund: RefundRow): Reply {
  const common = {
    payment_refund_id: refund.id,
    payment_id: refund.payment_id,
    date: refund.date,
    refund_mode: refund.mode,
    reference_number: refund.reference_number,
    amount: moneyNumber(refund.amount),
    exchange_rate: rateNumber(refund.rate),
  };
  if (call.world.shapes === 'documented') {
    const item = { ...common, payment_form: refund.payment_form, description: refund.description };
    return jsonReply(status, { code: 0, message, payment_refunds: [item] });
  }
  const account = accountOf(call.store, refund.account_id);
  const item = { ...common, from_account_id: refund.account_id, from_account_name: account?.name ?? '', description: refund.description };
  return jsonReply(status, { code: 0, message, payment_refund: item });
}
