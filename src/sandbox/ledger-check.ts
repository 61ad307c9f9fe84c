import { convert, moneyNumber } from './money.ts';
import {
  type AccountRow,
  type CurrencyRow,
  type CustomerRow,
  type InvoiceRow,
  type PaymentRow,
  type RefundRow,
  type RetainerRow,
  baseCurrency,
} from './rows.ts';
import type { Store } from './store.ts';

/**
 * Computes every balance again from invoices, payments, applications and refunds, and compares it with the balance that the requests
 * updated step by step. The check uses the same rows but no code of the requests, so it finds a wrong step.
 */
export interface BooksReport {
  counts: Record<string, number>;
  totals: Record<string, Record<string, number>>;
  balanced: boolean;
  problems: string[];
}

interface AppliedRow {
  payment_id: string;
  invoice_id: string;
  amount: number;
  tax_withheld: number;
}

const MOST_PROBLEMS = 50;

// Only the columns that the check adds up: with 100,000 payments, reading the texts would take longer than the sums.
const INVOICE_FACTS = ['id', 'number', 'customer_id', 'currency_code', 'total', 'balance', 'stage'] as const;
type InvoiceFacts = Pick<InvoiceRow, (typeof INVOICE_FACTS)[number]>;
const PAYMENT_FACTS = [
  'id',
  'number',
  'customer_id',
  'currency_code',
  'amount',
  'applied',
  'refunded',
  'unused',
  'rate',
  'bank_charges',
  'account_id',
  'deposited',
  'retainer_id',
] as const;
type PaymentFacts = Pick<PaymentRow, (typeof PAYMENT_FACTS)[number]>;

export function checkBooks(store: Store): BooksReport {
  const currencies = new Map(store.all<CurrencyRow>('SELECT * FROM currencies').map((row) => [row.code, row]));
  const accounts = store.all<AccountRow>('SELECT * FROM accounts');
  const customers = store.all<CustomerRow>('SELECT * FROM customers');
  const invoices = store.all<InvoiceFacts>(`SELECT ${INVOICE_FACTS.join(', ')} FROM invoices`);
  const payments = store.all<PaymentFacts>(`SELECT ${PAYMENT_FACTS.join(', ')} FROM payments`);
  const applications = store.all<AppliedRow>('SELECT payment_id, invoice_id, amount, tax_withheld FROM applications');
  const refunds = store.all<RefundRow>('SELECT * FROM refunds');
  const retainers = store.all<RetainerRow>('SELECT * FROM retainers');
  const base = baseCurrency(store);

  const problems: string[] = [];
  let found = 0;
  const expect = (what: string, kept: number, computed: number): void => {
    if (kept === computed) return;
    found += 1;
    if (problems.length < MOST_PROBLEMS) problems.push(`${what} is ${moneyNumber(kept)}, should be ${moneyNumber(computed)}`);
  };
  const forbid = (what: string, wrong: boolean): void => {
    if (!wrong) return;
    found += 1;
    if (problems.length < MOST_PROBLEMS) problems.push(what);
  };

  const appliedOf = sums(
    applications,
    (row) => row.payment_id,
    (row) => row.amount,
  );
  const settledOf = sums(
    applications,
    (row) => row.invoice_id,
    (row) => row.amount + row.tax_withheld,
  );
  const refundedOf = sums(
    refunds,
    (row) => row.payment_id,
    (row) => row.amount,
  );
  const outstandingOf = new Map<string, number>();
  const unusedOf = new Map<string, number>();
  const balanceOf = new Map(accounts.map((account) => [account.id, account.opening]));
  const accountById = new Map(accounts.map((account) => [account.id, account]));
  const paymentById = new Map(payments.map((payment) => [payment.id, payment]));
  const invoiceById = new Map(invoices.map((invoice) => [invoice.id, invoice]));
  const customerById = new Map(customers.map((customer) => [customer.id, customer]));

  const inAccount = (accountId: string, currencyCode: string, mills: number, rate: number): number => {
    const account = accountById.get(accountId);
    return account?.currency_code === currencyCode ? mills : convert(mills, rate, base.precision);
  };

  for (const invoice of invoices) {
    const settled = settledOf.get(invoice.id) ?? 0;
    const balance = invoice.stage === 'void' ? 0 : invoice.total - settled;
    expect(`balance of invoice ${invoice.number}`, invoice.balance, balance);
    forbid(`invoice ${invoice.number} is overpaid`, balance < 0);
    forbid(`invoice ${invoice.number} is ${invoice.stage} but has payments`, invoice.stage !== 'sent' && settled > 0);
    if (invoice.stage === 'sent') add(outstandingOf, invoice.customer_id, balance);
  }
  for (const payment of payments) {
    const name = `payment ${payment.number} (${payment.id})`;
    const applied = appliedOf.get(payment.id) ?? 0;
    const refunded = refundedOf.get(payment.id) ?? 0;
    const unused = payment.amount - applied - refunded;
    expect(`applied amount of ${name}`, payment.applied, applied);
    expect(`refunded amount of ${name}`, payment.refunded, refunded);
    expect(`unused amount of ${name}`, payment.unused, unused);
    forbid(`${name} has more applied and refunded than its amount`, unused < 0);
    forbid(
      `${name} is not in the currency of its customer`,
      customerById.get(payment.customer_id)?.currency_code !== payment.currency_code,
    );
    const deposited = inAccount(payment.account_id, payment.currency_code, payment.amount - payment.bank_charges, payment.rate);
    expect(`deposit of ${name}`, payment.deposited, deposited);
    add(balanceOf, payment.account_id, deposited);
    add(unusedOf, payment.customer_id, unused);
  }
  for (const refund of refunds) {
    const payment = paymentById.get(refund.payment_id);
    forbid(`refund ${refund.id} has no payment`, payment === undefined);
    const withdrawn = inAccount(refund.account_id, payment?.currency_code ?? base.code, refund.amount, refund.rate);
    expect(`withdrawal of refund ${refund.id}`, refund.withdrawn, withdrawn);
    add(balanceOf, refund.account_id, -withdrawn);
  }
  for (const { payment_id, invoice_id } of applications) {
    const payment = paymentById.get(payment_id);
    const invoice = invoiceById.get(invoice_id);
    forbid(`payment ${payment_id} is applied to invoice ${invoice_id} of another customer`, payment?.customer_id !== invoice?.customer_id);
  }
  for (const retainer of retainers) {
    const paid = payments.filter((payment) => payment.retainer_id === retainer.id);
    expect(
      `balance of retainer ${retainer.number}`,
      retainer.balance,
      paid.reduce((balance, payment) => balance - payment.amount, retainer.total),
    );
    forbid(`retainer ${retainer.number} is paid in part or twice`, retainer.balance !== 0 && retainer.balance !== retainer.total);
    forbid(
      `retainer ${retainer.number} is paid by another customer`,
      paid.some((payment) => payment.customer_id !== retainer.customer_id),
    );
  }
  for (const customer of customers) {
    expect(`receivable of ${customer.name}`, customer.outstanding, outstandingOf.get(customer.id) ?? 0);
    expect(`unused credits of ${customer.name}`, customer.unused_credits, unusedOf.get(customer.id) ?? 0);
  }
  for (const account of accounts) expect(`balance of ${account.name}`, account.balance, balanceOf.get(account.id) ?? 0);

  return {
    counts: {
      customers: customers.filter((row) => row.contact_type === 'customer').length,
      vendors: customers.filter((row) => row.contact_type === 'vendor').length,
      invoices: invoices.length,
      payments: payments.length,
      applications: applications.length,
      refunds: refunds.length,
      retainers: retainers.length,
      accounts: accounts.length,
    },
    totals: Object.fromEntries([...currencies.keys()].map((code) => [code, totalsOf(code, invoices, payments)])),
    balanced: found === 0,
    problems,
  };
}

function totalsOf(code: string, invoices: InvoiceFacts[], payments: PaymentFacts[]): Record<string, number> {
  const due = invoices.filter((row) => row.currency_code === code && row.stage === 'sent');
  const paid = payments.filter((row) => row.currency_code === code);
  const total = <Row>(rows: Row[], pick: (row: Row) => number): number => moneyNumber(rows.reduce((sum, row) => sum + pick(row), 0));
  return {
    invoiced: total(due, (row) => row.total),
    outstanding: total(due, (row) => row.balance),
    received: total(paid, (row) => row.amount),
    applied: total(paid, (row) => row.applied),
    refunded: total(paid, (row) => row.refunded),
    unused: total(paid, (row) => row.unused),
  };
}

function sums<Row>(rows: Row[], key: (row: Row) => string, value: (row: Row) => number): Map<string, number> {
  const totals = new Map<string, number>();
  for (const row of rows) add(totals, key(row), value(row));
  return totals;
}

function add(totals: Map<string, number>, key: string, value: number): void {
  totals.set(key, (totals.get(key) ?? 0) + value);
}
