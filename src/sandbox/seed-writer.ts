import { RATE_ONE, convert, parseRate } from './money.ts';
import { modeKey } from './payment-input.ts';
import type { SeedCustomer } from './seed-customers.ts';
import { UNDEPOSITED_FUNDS_ID } from './seed-ids.ts';
import type { Store } from './store.ts';
import { idOf } from './world.ts';

const DAY_MS = 86_400_000;

/** The newest date of the seed in the source code. */
export const SEED_DAY = '2026-06-30';
/** Records before this date come from Zoho's documents and keep their dates. */
const FIRST_OF_SEED = '2020-01-01';

export interface SeedInvoice {
  customer: SeedCustomer;
  number: string;
  date: string;
  due: string;
  total: number;
  id?: string;
  draft?: boolean;
  void?: boolean;
  item?: string;
  reference?: string;
  rate?: number;
}

export interface SeedPayment {
  customer: SeedCustomer;
  date: string;
  amount: number;
  mode: string;
  applied?: { invoice: TellingInvoice; amount: number }[];
  refunds?: { amount: number; date: string; account: string; id?: string; reference?: string; mode?: string }[];
  id?: string;
  reference?: string;
  description?: string;
  account?: string;
  bank_charges?: number;
  rate?: number;
  location?: string;
  custom?: Record<string, string>;
  minute?: number;
}

/** An invoice that may not be in its table yet. */
export interface TellingInvoice {
  id: string;
  of: SeedInvoice;
  balance: number;
  lastPayment: string;
  written: boolean;
}

/**
 * Writes documents directly into the tables, 100,000 in some seconds. Keeps the resulting balances in memory until `finish`. The seed must
 * follow the same rules as requests, because the ledger check computes all balances again.
 */
export class SeedWriter {
  private readonly store: Store;
  private readonly today: string;
  private nextId: number;
  private nextNumber: number;
  private readonly accountCurrency: Map<string, string>;
  private readonly deposits = new Map<string, number>();
  private readonly outstanding = new Map<string, number>();
  private readonly unused = new Map<string, number>();
  private readonly unwritten = new Set<TellingInvoice>();

  /** `today`: the newest date of the books. */
  constructor(store: Store, today: string) {
    this.store = store;
    this.today = today;
    this.nextId = sequence(store, 'id');
    this.nextNumber = sequence(store, 'payment_number');
    this.accountCurrency = new Map(
      store.all<{ id: string; currency_code: string }>('SELECT id, currency_code FROM accounts').map((row) => [row.id, row.currency_code]),
    );
  }

  /** Adds an invoice. Inserts it with its first payment, when the balance is known, or at the end. This saves a second statement. */
  invoice(written: SeedInvoice): TellingInvoice {
    const invoice = { ...written, date: onSeedDay(written.date, this.today), due: onSeedDay(written.due, this.today) };
    const told = { id: invoice.id ?? this.id(), of: invoice, balance: invoice.void ? 0 : invoice.total, lastPayment: '', written: false };
    this.unwritten.add(told);
    if (!invoice.draft && !invoice.void) add(this.outstanding, invoice.customer.id, told.balance);
    return told;
  }

  payment(written: SeedPayment): string {
    const payment = {
      ...written,
      date: onSeedDay(written.date, this.today),
      refunds: written.refunds?.map((refund) => ({ ...refund, date: onSeedDay(refund.date, this.today) })),
    };
    const { customer } = payment;
    const id = payment.id ?? this.id();
    const rate = payment.rate ?? usualRate(customer.currency);
    const applied = (payment.applied ?? []).reduce((sum, row) => sum + row.amount, 0);
    const refunded = (payment.refunds ?? []).reduce((sum, row) => sum + row.amount, 0);
    const unused = payment.amount - applied - refunded;
    const charges = payment.bank_charges ?? 0;
    const account = payment.account ?? UNDEPOSITED_FUNDS_ID;
    const deposited = this.inAccount(account, customer.currency, payment.amount - charges, rate);
    const createdAt = moment(payment.date, payment.minute ?? 0);
    for (const { invoice, amount } of payment.applied ?? []) this.settle(invoice, amount, payment.date);
    this.nextNumber += 1;
    this.store.run(
      `INSERT INTO payments (id, number, customer_id, customer_name, currency_code, mode, mode_key, date, reference_number, description,
         amount, applied, refunded, unused, rate, bank_charges, bank_charges_account_id, tax_withheld, tax_account_id,
         account_id, deposited, location_id, tags, created_at, modified_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, '', ?, ?, ?, '[]', ?, ?)`,
      id,
      this.nextNumber,
      customer.id,
      customer.name,
      customer.currency,
      payment.mode,
      modeKey(payment.mode),
      payment.date,
      payment.reference ?? '',
      payment.description ?? '',
      payment.amount,
      applied,
      refunded,
      unused,
      rate,
      charges,
      account,
      deposited,
      payment.location ?? '',
      createdAt,
      // A refund modifies its payment, also in the seed.
      Math.max(createdAt, ...(payment.refunds ?? []).map(({ date }) => moment(date, REFUND_MINUTE))),
    );
    add(this.deposits, account, deposited);
    add(this.unused, customer.id, unused);
    for (const { invoice, amount } of payment.applied ?? []) this.apply(id, payment.date, invoice, amount);
    for (const refund of payment.refunds ?? []) this.refund(id, customer, rate, refund);
    for (const [field, value] of Object.entries(payment.custom ?? {})) {
      this.store.run('INSERT INTO custom_values (payment_id, field_id, value) VALUES (?, ?, ?)', id, field, value);
    }
    return id;
  }

  /** Writes the balances and sequences. */
  finish(): void {
    for (const invoice of this.unwritten) this.write(invoice);
    for (const [id, mills] of this.deposits) this.store.run('UPDATE accounts SET balance = balance + ? WHERE id = ?', mills, id);
    for (const [id, mills] of this.outstanding)
      this.store.run('UPDATE customers SET outstanding = outstanding + ? WHERE id = ?', mills, id);
    for (const [id, mills] of this.unused)
      this.store.run('UPDATE customers SET unused_credits = unused_credits + ? WHERE id = ?', mills, id);
    this.store.run("UPDATE sequences SET value = ? WHERE name = 'id'", this.nextId);
    this.store.run("UPDATE sequences SET value = ? WHERE name = 'payment_number'", this.nextNumber);
  }

  private settle(invoice: TellingInvoice, amount: number, date: string): void {
    invoice.balance -= amount;
    invoice.lastPayment = date > invoice.lastPayment ? date : invoice.lastPayment;
    add(this.outstanding, invoice.of.customer.id, -amount);
    if (!invoice.written) this.write(invoice);
    else
      this.store.run(
        'UPDATE invoices SET balance = ?, last_payment_date = ? WHERE id = ?',
        invoice.balance,
        invoice.lastPayment,
        invoice.id,
      );
  }

  private write(told: TellingInvoice): void {
    const invoice = told.of;
    const createdAt = moment(invoice.date, 0);
    this.store.run(
      `INSERT INTO invoices (id, number, customer_id, customer_name, reference_number, item_name, date, due_date,
         currency_code, rate, total, balance, stage, last_payment_date, created_at, modified_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      told.id,
      invoice.number,
      invoice.customer.id,
      invoice.customer.name,
      invoice.reference ?? '',
      invoice.item ?? 'Furniture',
      invoice.date,
      invoice.due,
      invoice.customer.currency,
      invoice.rate ?? usualRate(invoice.customer.currency),
      invoice.total,
      told.balance,
      invoice.draft ? 'draft' : invoice.void ? 'void' : 'sent',
      told.lastPayment,
      createdAt,
      createdAt,
    );
    told.written = true;
    this.unwritten.delete(told);
  }

  private apply(paymentId: string, date: string, invoice: TellingInvoice, amount: number): void {
    this.store.run(
      'INSERT INTO applications (id, payment_id, invoice_id, amount, tax_withheld, apply_date) VALUES (?, ?, ?, ?, 0, ?)',
      this.id(),
      paymentId,
      invoice.id,
      amount,
      date,
    );
  }

  private refund(paymentId: string, customer: SeedCustomer, rate: number, refund: NonNullable<SeedPayment['refunds']>[number]): void {
    const withdrawn = this.inAccount(refund.account, customer.currency, refund.amount, rate);
    const createdAt = moment(refund.date, REFUND_MINUTE);
    this.store.run(
      `INSERT INTO refunds (id, payment_id, date, mode, reference_number, description, payment_form,
         amount, rate, account_id, withdrawn, created_at, modified_at)
       VALUES (?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?)`,
      refund.id ?? this.id(),
      paymentId,
      refund.date,
      refund.mode ?? 'cash',
      refund.reference ?? '',
      refund.amount,
      rate,
      refund.account,
      withdrawn,
      createdAt,
      createdAt,
    );
    add(this.deposits, refund.account, -withdrawn);
  }

  private inAccount(account: string, currency: string, mills: number, rate: number): number {
    return this.accountCurrency.get(account) === currency ? mills : convert(mills, rate, 2);
  }

  private id(): string {
    this.nextId += 1;
    return idOf(this.nextId);
  }
}

export function usualRate(currency: string): number {
  if (currency === 'EUR') return parseRate('1.0842') ?? RATE_ONE;
  if (currency === 'JPY') return parseRate('0.0067') ?? RATE_ONE;
  return RATE_ONE;
}

const REFUND_MINUTE = 30;

/** A time of the working day in New York on that date, in summer and in winter. */
function moment(date: string, minute: number): number {
  return Date.parse(`${date}T14:05:00Z`) + minute * 60_000;
}

/** The date of a seed record in books that end on `today`. */
export function onSeedDay(written: string, today: string): string {
  const days = (Date.parse(today) - Date.parse(SEED_DAY)) / DAY_MS;
  return written < FIRST_OF_SEED ? written : dayAfter(written, days);
}

export function dayAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

function sequence(store: Store, name: string): number {
  return store.get<{ value: number }>('SELECT value FROM sequences WHERE name = ?', name)?.value ?? 0;
}

function add(totals: Map<string, number>, key: string, value: number): void {
  totals.set(key, (totals.get(key) ?? 0) + value);
}
