import { customerWrong, invoiceVoid, missing, overApplied } from './errors.ts';
import type { ApplicationRow, InvoiceRow } from './rows.ts';
import type { Store } from './store.ts';
import { newId } from './world.ts';

/** The part of a payment applied to one invoice. Withheld tax reduces the invoice too, but is not part of the payment's amount (guess). */
export interface Allocation {
  invoice_id: string;
  amount: number;
  tax_withheld: number;
}

interface Applied {
  payment_id: string;
  customer_id: string;
  apply_date: string;
  now: number;
}

/**
 * Replaces all allocations of a payment by `wanted`; allocations that are not in it are un-applied (guess, as with Zoho's other nested
 * lists). Updates the invoices' balances and stages and the customer's receivable. Returns the applied amount of the payment.
 */
export function replaceAllocations(store: Store, to: Applied, wanted: Allocation[]): number {
  const before = new Map(applicationsOf(store, to.payment_id).map((row) => [row.invoice_id, row]));
  const after = merged(wanted);
  for (const allocation of after.values()) check(store, to.customer_id, allocation, before.get(allocation.invoice_id));

  for (const row of before.values()) {
    if (after.has(row.invoice_id)) continue;
    store.run('DELETE FROM applications WHERE id = ?', row.id);
    moveBalance(store, row.invoice_id, settled(row), to.now);
  }
  let applied = 0;
  for (const allocation of after.values()) {
    const row = before.get(allocation.invoice_id);
    if (row) {
      store.run('UPDATE applications SET amount = ?, tax_withheld = ? WHERE id = ?', allocation.amount, allocation.tax_withheld, row.id);
    } else {
      store.run(
        'INSERT INTO applications (id, payment_id, invoice_id, amount, tax_withheld, apply_date) VALUES (?, ?, ?, ?, ?, ?)',
        newId(store),
        to.payment_id,
        allocation.invoice_id,
        allocation.amount,
        allocation.tax_withheld,
        to.apply_date,
      );
    }
    moveBalance(store, allocation.invoice_id, (row ? settled(row) : 0) - settled(allocation), to.now);
    applied += allocation.amount;
  }
  return applied;
}

export function applicationsOf(store: Store, paymentId: string): ApplicationRow[] {
  return store.all<ApplicationRow>('SELECT * FROM applications WHERE payment_id = ? ORDER BY rowid', paymentId);
}

/** Adds up allocations to the same invoice (guess) and drops those of zero (guess). */
function merged(wanted: Allocation[]): Map<string, Allocation> {
  const rows = new Map<string, Allocation>();
  for (const { invoice_id, amount, tax_withheld } of wanted) {
    const row = rows.get(invoice_id) ?? { invoice_id, amount: 0, tax_withheld: 0 };
    row.amount += amount;
    row.tax_withheld += tax_withheld;
    rows.set(invoice_id, row);
  }
  for (const row of rows.values()) if (settled(row) === 0) rows.delete(row.invoice_id);
  return rows;
}

function check(store: Store, customerId: string, allocation: Allocation, row: ApplicationRow | undefined): void {
  const invoice = invoiceOf(store, allocation.invoice_id);
  if (!invoice) throw missing('Invoice');
  if (invoice.customer_id !== customerId) throw customerWrong();
  if (invoice.stage === 'void') throw invoiceVoid();
  const due = invoice.balance + (row ? settled(row) : 0);
  if (settled(allocation) > due) throw overApplied();
}

/** Changes an invoice's balance. A positive change increases the balance. */
function moveBalance(store: Store, invoiceId: string, change: number, now: number): void {
  const invoice = invoiceOf(store, invoiceId);
  if (!invoice) throw new Error(`Invoice ${invoiceId} does not exist`);
  // A payment turns a draft into a sent invoice (guess: Zoho's interface allows it). Only then the customer owes its balance.
  const becomesDue = invoice.stage === 'draft' && change < 0;
  const receivable = change + (becomesDue ? invoice.balance : 0);
  store.run(
    `UPDATE invoices SET balance = balance + ?, stage = ?, modified_at = CASE WHEN ? THEN ? ELSE modified_at END,
       last_payment_date = coalesce(
         (SELECT max(p.date) FROM applications a JOIN payments p ON p.id = a.payment_id WHERE a.invoice_id = invoices.id), '')
     WHERE id = ?`,
    change,
    becomesDue ? 'sent' : invoice.stage,
    change === 0 ? 0 : 1,
    now,
    invoiceId,
  );
  store.run('UPDATE customers SET outstanding = outstanding + ? WHERE id = ?', receivable, invoice.customer_id);
}

function invoiceOf(store: Store, id: string): InvoiceRow | undefined {
  return store.get<InvoiceRow>('SELECT * FROM invoices WHERE id = ?', id);
}

function settled(row: { amount: number; tax_withheld: number }): number {
  return row.amount + row.tax_withheld;
}
