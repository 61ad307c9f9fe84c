import { type Allocation, applicationsOf, replaceAllocations } from './allocations.ts';
import { type Json, readJson, readObject } from './body.ts';
import { type CustomValue, customFields, paymentWithValue, readCustomValues, writeCustomValues } from './custom-fields.ts';
import {
  accountCurrency,
  accountWrong,
  amountBelowUsed,
  appliedOverAmount,
  customerOfRefunded,
  customerWrong,
  deleteMatched,
  deleteRefunded,
  invalidValue,
  missing,
  noResource,
  required,
  retainerAmountFixed,
} from './errors.ts';
import { requireMandatory } from './mandatory.ts';
import { type Reply, jsonReply } from './message.ts';
import { RATE_ONE, convert } from './money.ts';
import { orgDate } from './org-time.ts';
import { type PaymentInput, customerFrom, modeKey, readPayment } from './payment-input.ts';
import { payRetainer, unpayRetainer } from './retainers.ts';
import { type AccountRow, type CustomerRow, type PaymentRow, accountOf, baseCurrency, currencyOf } from './rows.ts';
import { BANK_CHARGES_ACCOUNT_ID, UNDEPOSITED_FUNDS_ID } from './seed-ids.ts';
import { messages, paymentShape } from './shapes.ts';
import type { Store } from './store.ts';
import { type Call, isId, newId } from './world.ts';

/** POST /customerpayments */
export function createPayment(call: Call): Reply {
  const body = readObject(call.arrival);
  return created(call, create(call, body, []));
}

/** PUT /customerpayments/{id} */
export function updatePayment(call: Call): Reply {
  const payment = pathPayment(call);
  update(call, payment, readObject(call.arrival));
  return updated(call, payment.id);
}

/** PUT without an id: the value of a unique custom field identifies the payment (Zoho docs). */
export function updateByCustomField(call: Call): Reply {
  const key = header(call, 'x-unique-identifier-key');
  const value = header(call, 'x-unique-identifier-value');
  if (key === '') throw required('X-Unique-Identifier-Key');
  if (value === '') throw required('X-Unique-Identifier-Value');
  const field = customFields(call.store).find((candidate) => candidate.api_name === key && candidate.is_unique);
  if (!field) throw invalidValue('X-Unique-Identifier-Key');

  const id = paymentWithValue(call.store, field, value);
  const body = readObject(call.arrival);
  if (id !== undefined) {
    update(call, paymentOf(call.store, id), body);
    return updated(call, id);
  }
  // Zoho's error for a value that no payment has, without upsert, is unknown. This is the error for a missing document (guess).
  if (header(call, 'x-upsert').toLowerCase() !== 'true') throw missing('Payment');
  // Two guesses: an upsert that creates answers 201, and the header's value becomes the field's value.
  return created(call, create(call, body, [{ field, value }]));
}

/** PUT /customerpayment/{id}/customfields, with an array as the body */
export function updateCustomFields(call: Call): Reply {
  const payment = pathPayment(call);
  const values = readCustomValues(call.store, readJson(call.arrival));
  writeCustomValues(call.store, payment.id, values);
  call.store.run('UPDATE payments SET modified_at = ? WHERE id = ?', call.now, payment.id);
  call.applied.push(payment.id);
  return jsonReply(200, { code: 0, message: 'Custom Fields Updated Successfully' });
}

/** DELETE /customerpayments/{id} */
export function deletePayment(call: Call): Reply {
  remove(call, pathPayment(call));
  return jsonReply(200, { code: 0, message: 'The payment has been deleted.' });
}

/** DELETE /customerpayments?payment_id=a,b&bulk_delete=true. Deletes all or none (guess): one refusal rolls the whole request back. */
export function deletePayments(call: Call): Reply {
  const { query } = call.arrival;
  if (query.get('bulk_delete') !== 'true') throw invalidValue('bulk_delete');
  const ids = new Set(
    (query.get('payment_id') ?? '')
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== ''),
  );
  if (ids.size === 0) throw required('payment_id');
  for (const id of ids) {
    if (!isId(id)) throw invalidValue('payment_id');
    remove(call, paymentOf(call.store, id));
  }
  return jsonReply(200, { code: 0, message: 'The selected customer payments have been deleted.' });
}

/** The payment in the path. Throws 404 with code 5 for a malformed id, and with code 1002 for an unknown id. */
export function pathPayment(call: Call): PaymentRow {
  const id = call.params['payment_id'] ?? '';
  if (!isId(id)) throw noResource();
  return paymentOf(call.store, id);
}

function paymentOf(store: Store, id: string): PaymentRow {
  const payment = store.get<PaymentRow>('SELECT * FROM payments WHERE id = ?', id);
  if (!payment) throw missing('Payment');
  return payment;
}

/**
 * Converts an amount that an account receives or pays into the account's currency.
 * An account in a third currency is refused; Zoho's message for that is unknown.
 */
export function inAccountCurrency(store: Store, account: AccountRow, currencyCode: string, mills: number, rate: number): number {
  if (account.currency_code === currencyCode) return mills;
  const base = baseCurrency(store);
  if (account.currency_code !== base.code) throw accountCurrency();
  return convert(mills, rate, base.precision);
}

/** An active account, to deposit to or to refund from. */
export function activeAccount(store: Store, id: string, field: string): AccountRow {
  const account = accountOf(store, id);
  if (!account || !account.is_active) throw accountWrong(field);
  return account;
}

function create(call: Call, body: Json, identifier: CustomValue[]): string {
  const { store, now } = call;
  const customer = customerFrom(store, body);
  if (!customer) throw customerWrong();
  const currency = currencyOf(store, customer.currency_code);
  const input = readPayment(call, body, currency);
  if (input.amount === undefined) throw required('amount');
  if (input.amount === 0) throw invalidValue('amount');

  const payment: PaymentRow = {
    seq: 0,
    id: newId(store),
    number: store.next('payment_number'),
    customer_id: customer.id,
    customer_name: customer.name,
    currency_code: currency.code,
    // Without a mode or a date (guess): cash, and today at the organization.
    mode: input.mode ?? 'cash',
    mode_key: modeKey(input.mode ?? 'cash'),
    date: input.date ?? orgDate(now),
    reference_number: input.reference_number ?? '',
    description: input.description ?? '',
    amount: input.amount,
    applied: 0,
    refunded: 0,
    unused: 0,
    // Zoho docs: default 1. A payment in a foreign currency without a rate gets the wrong base amount.
    // A rate for the base currency itself is ignored (live, on plans with one currency).
    rate: currency.is_base ? RATE_ONE : (input.rate ?? RATE_ONE),
    bank_charges: input.bank_charges ?? 0,
    bank_charges_account_id: input.bank_charges_account_id ?? (input.bank_charges ? BANK_CHARGES_ACCOUNT_ID : ''),
    tax_withheld: input.tax_withheld ?? 0,
    tax_account_id: input.tax_account_id ?? '',
    account_id: input.account_id ?? UNDEPOSITED_FUNDS_ID,
    deposited: 0,
    location_id: input.location_id ?? '',
    tags: input.tags ?? '[]',
    retainer_id: input.retainer_id ?? '',
    bank_line_id: '',
    created_at: now,
    modified_at: now,
  };
  payment.deposited = deposit(store, payment);
  payRetainer(store, payment);
  // The allocations refer to this row, so the row comes first. The allocations determine the amounts, which are set below.
  store.run(
    `INSERT INTO payments (id, number, customer_id, customer_name, currency_code, mode, mode_key, date, reference_number, description,
       amount, applied, refunded, unused, rate, bank_charges, bank_charges_account_id, tax_withheld, tax_account_id,
       account_id, deposited, location_id, tags, retainer_id, created_at, modified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    payment.id,
    payment.number,
    payment.customer_id,
    payment.customer_name,
    payment.currency_code,
    payment.mode,
    payment.mode_key,
    payment.date,
    payment.reference_number,
    payment.description,
    payment.amount,
    payment.rate,
    payment.bank_charges,
    payment.bank_charges_account_id,
    payment.tax_withheld,
    payment.tax_account_id,
    payment.account_id,
    payment.deposited,
    payment.location_id,
    payment.tags,
    payment.retainer_id,
    now,
    now,
  );
  allocate(call, payment, input.allocations ?? [], input.tax_withheld, true);
  store.run('UPDATE accounts SET balance = balance + ? WHERE id = ?', payment.deposited, payment.account_id);
  store.run('UPDATE customers SET unused_credits = unused_credits + ?, modified_at = ? WHERE id = ?', payment.unused, now, customer.id);
  save(store, payment);

  const custom = input.customValues ?? [];
  const named = new Set(custom.map(({ field }) => field.id));
  writeCustomValues(store, payment.id, [...custom, ...identifier.filter(({ field }) => !named.has(field.id))]);
  requireMandatory(call, payment);
  call.applied.push(payment.id);
  return payment.id;
}

/** A partial update: fields that the body omits stay (live recording). If `invoices` is sent, it replaces all allocations. */
function update(call: Call, before: PaymentRow, body: Json): void {
  const { store, now } = call;
  const customer = body['customer_id'] === undefined ? undefined : customerFrom(store, body);
  if (body['customer_id'] !== undefined && !customer) throw customerWrong();
  const currency = currencyOf(store, before.currency_code);
  const input = readPayment(call, body, currency);
  if (input.amount === 0) throw invalidValue('amount');
  if (before.retainer_id !== '' && input.amount !== undefined && input.amount !== before.amount) throw retainerAmountFixed();
  // It is unknown how Zoho turns a recorded payment into a payment of a retainer, so the sandbox refuses it (guess).
  if (input.retainer_id !== undefined && input.retainer_id !== before.retainer_id) throw invalidValue('retainerinvoice_id');

  const payment: PaymentRow = {
    ...before,
    mode: input.mode ?? before.mode,
    mode_key: modeKey(input.mode ?? before.mode),
    date: input.date ?? before.date,
    reference_number: input.reference_number ?? before.reference_number,
    description: input.description ?? before.description,
    amount: input.amount ?? before.amount,
    rate: currency.is_base ? RATE_ONE : (input.rate ?? before.rate),
    bank_charges: input.bank_charges ?? before.bank_charges,
    bank_charges_account_id:
      input.bank_charges_account_id ?? (before.bank_charges_account_id || (input.bank_charges ? BANK_CHARGES_ACCOUNT_ID : '')),
    tax_withheld: input.tax_withheld ?? before.tax_withheld,
    tax_account_id: input.tax_account_id ?? before.tax_account_id,
    account_id: input.account_id ?? before.account_id,
    location_id: input.location_id ?? before.location_id,
    tags: input.tags ?? before.tags,
    modified_at: now,
  };
  if (customer && customer.id !== before.customer_id) moveToCustomer(payment, before, customer, input);
  payment.deposited = deposit(store, payment);

  const stored = applicationsOf(store, before.id);
  if (customer && customer.id !== before.customer_id) {
    // First un-apply the old customer's invoices, then check the new customer's.
    replaceAllocations(store, allocationTarget(call, before), []);
  }
  // Invoices show the date of their last payment, so the date is saved before the allocations.
  store.run('UPDATE payments SET date = ? WHERE id = ?', payment.date, payment.id);
  allocate(call, payment, input.allocations ?? stored, input.tax_withheld, input.allocations !== undefined);

  store.run('UPDATE accounts SET balance = balance - ? WHERE id = ?', before.deposited, before.account_id);
  store.run('UPDATE accounts SET balance = balance + ? WHERE id = ?', payment.deposited, payment.account_id);
  store.run('UPDATE customers SET unused_credits = unused_credits - ? WHERE id = ?', before.unused, before.customer_id);
  store.run(
    'UPDATE customers SET unused_credits = unused_credits + ?, modified_at = ? WHERE id = ?',
    payment.unused,
    now,
    payment.customer_id,
  );
  save(store, payment);
  if (input.customValues) writeCustomValues(store, payment.id, input.customValues);
  requireMandatory(call, payment);
  call.applied.push(payment.id);
}

function remove(call: Call, payment: PaymentRow): void {
  const { store } = call;
  if (payment.bank_line_id !== '') throw deleteMatched();
  if (payment.refunded > 0) throw deleteRefunded();
  unpayRetainer(store, payment, call.now);
  replaceAllocations(store, allocationTarget(call, payment), []);
  store.run('UPDATE accounts SET balance = balance - ? WHERE id = ?', payment.deposited, payment.account_id);
  store.run('UPDATE customers SET unused_credits = unused_credits - ? WHERE id = ?', payment.unused, payment.customer_id);
  store.run('DELETE FROM custom_values WHERE payment_id = ?', payment.id);
  store.run('DELETE FROM payments WHERE id = ?', payment.id);
  call.applied.push(payment.id);
}

/** Sets the allocations and the amounts that depend on them: applied, unused, tax. `sent`: this request contained the invoices. */
function allocate(call: Call, payment: PaymentRow, wanted: Allocation[], tax: number | undefined, sent: boolean): void {
  const rows = wanted.map(({ invoice_id, amount, tax_withheld }) => ({ invoice_id, amount, tax_withheld }));
  const [only] = rows;
  // If the payment has only one invoice, the tax of the payment belongs to this invoice (guess).
  if (tax !== undefined && only && rows.length === 1 && (!sent || only.tax_withheld === 0)) only.tax_withheld = tax;
  const total = rows.reduce((sum, row) => sum + row.amount, 0);
  if (sent && total > payment.amount) throw appliedOverAmount();
  if (total + payment.refunded > payment.amount) throw amountBelowUsed();
  payment.applied = replaceAllocations(call.store, allocationTarget(call, payment), rows);
  payment.unused = payment.amount - payment.applied - payment.refunded;
  const rowTax = rows.reduce((sum, row) => sum + row.tax_withheld, 0);
  if (rowTax > 0 || (sent && tax === undefined)) payment.tax_withheld = rowTax;
}

function allocationTarget(call: Call, payment: PaymentRow): Parameters<typeof replaceAllocations>[1] {
  return { payment_id: payment.id, customer_id: payment.customer_id, apply_date: payment.date, now: call.now };
}

/** Moves a payment to another customer. Zoho's rule is unknown; the sandbox allows it if nothing is applied or refunded. */
function moveToCustomer(payment: PaymentRow, before: PaymentRow, customer: CustomerRow, input: PaymentInput): void {
  if (customer.currency_code !== before.currency_code) throw customerWrong();
  if (before.refunded > 0 || before.retainer_id !== '' || (before.applied > 0 && input.allocations === undefined))
    throw customerOfRefunded();
  payment.customer_id = customer.id;
  payment.customer_name = customer.name;
}

function deposit(store: Store, payment: PaymentRow): number {
  if (payment.bank_charges > payment.amount) throw invalidValue('bank_charges');
  const account = activeAccount(store, payment.account_id, 'account_id');
  return inAccountCurrency(store, account, payment.currency_code, payment.amount - payment.bank_charges, payment.rate);
}

function save(store: Store, payment: PaymentRow): void {
  store.run(
    `UPDATE payments SET customer_id = ?, customer_name = ?, mode = ?, mode_key = ?, date = ?, reference_number = ?, description = ?,
       amount = ?, applied = ?, unused = ?, rate = ?, bank_charges = ?, bank_charges_account_id = ?, tax_withheld = ?, tax_account_id = ?,
       account_id = ?, deposited = ?, location_id = ?, tags = ?, modified_at = ?
     WHERE id = ?`,
    payment.customer_id,
    payment.customer_name,
    payment.mode,
    payment.mode_key,
    payment.date,
    payment.reference_number,
    payment.description,
    payment.amount,
    payment.applied,
    payment.unused,
    payment.rate,
    payment.bank_charges,
    payment.bank_charges_account_id,
    payment.tax_withheld,
    payment.tax_account_id,
    payment.account_id,
    payment.deposited,
    payment.location_id,
    payment.tags,
    payment.modified_at,
    payment.id,
  );
}

function created(call: Call, id: string): Reply {
  const payment = paymentOf(call.store, id);
  return jsonReply(
    201,
    { code: 0, message: messages(call.world.shapes).created, payment: paymentShape(call, payment) },
    // The older path, as in live recordings.
    { location: `/api/v3/customerpayments/${id}` },
  );
}

function updated(call: Call, id: string): Reply {
  const payment = paymentOf(call.store, id);
  return jsonReply(200, { code: 0, message: messages(call.world.shapes).updated, payment: paymentShape(call, payment) });
}

/** Reads a header as UTF-8, because Node decodes headers as latin1. */
function header(call: Call, name: string): string {
  const value = call.arrival.headers[name];
  const text = Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
  const utf8 = Buffer.from(text, 'latin1').toString('utf8');
  return utf8.includes('\uFFFD') ? text : utf8;
}
