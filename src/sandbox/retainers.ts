import { customerWrong, missing, overApplied, retainerInPart } from './errors.ts';
import { Where, choice, readPage, readSort } from './list-query.ts';
import { listReply } from './list-reply.ts';
import type { Reply } from './message.ts';
import { moneyNumber } from './money.ts';
import { timestamp } from './org-time.ts';
import { type CustomerRow, type PaymentRow, type RetainerRow, currencyOf } from './rows.ts';
import type { Store } from './store.ts';
import type { Call } from './world.ts';

/** The documented filters that make a difference for the retainers here. */
const FILTERS: Record<string, string> = {
  'Status.All': '1',
  'Status.Sent': 'balance > 0',
  'Status.Unpaid': 'balance > 0',
  'Status.Paid': 'balance = 0',
  // A retainer cannot be paid in part, and the books have no retainers in the other states.
  'Status.PartiallyPaid': '0',
  'Status.Draft': '0',
  'Status.OverDue': '0',
  'Status.Void': '0',
  'Status.Viewed': '0',
  'Date.PaymentExpectedDate': '0',
};

const SORT_COLUMNS: Record<string, string> = {
  created_time: 'created_at',
  date: 'date',
  retainerinvoice_number: 'number',
  total: 'total',
  balance: 'balance',
};

/** GET /retainerinvoices (Zoho docs) */
export function listRetainers(call: Call): Reply {
  const { query } = call.arrival;
  const page = readPage(query);
  const sort = readSort(query, SORT_COLUMNS, { column: 'created_time', order: 'D' });
  const where = new Where();
  const filter = choice(query, 'filter_by', FILTERS);
  if (filter !== undefined) where.add(filter);
  return listReply<RetainerRow>(call, {
    table: 'retainers',
    where,
    page,
    sort,
    columns: SORT_COLUMNS,
    tie: 'seq',
    key: 'retainerinvoices',
    report_name: 'Retainer Invoices',
    item: (row) => retainerItem(call, row),
  });
}

/** Marks the payment's retainer as paid. The amount stays unused on the payment until it is applied or refunded. */
export function payRetainer(store: Store, payment: PaymentRow): void {
  if (payment.retainer_id === '') return;
  const retainer = store.get<RetainerRow>('SELECT * FROM retainers WHERE id = ?', payment.retainer_id);
  if (!retainer) throw missing('Retainer Invoice');
  if (retainer.customer_id !== payment.customer_id) throw customerWrong();
  // Two guesses: Zoho refuses more than the balance, as it does for invoices, and refuses a second payment.
  if (payment.amount > retainer.balance) throw overApplied();
  if (payment.amount < retainer.balance) throw retainerInPart();
  moveBalance(store, payment.retainer_id, -payment.amount, payment.created_at);
}

/** Makes the retainer of a deleted payment unpaid again. */
export function unpayRetainer(store: Store, { retainer_id, amount }: PaymentRow, now: number): void {
  moveBalance(store, retainer_id, amount, now);
}

function moveBalance(store: Store, retainerId: string, change: number, now: number): void {
  store.run('UPDATE retainers SET balance = balance + ?, modified_at = ? WHERE id = ?', change, now, retainerId);
}

function retainerItem({ store }: Call, row: RetainerRow): Record<string, unknown> {
  const currency = currencyOf(store, row.currency_code);
  const customer = store.get<CustomerRow>('SELECT * FROM customers WHERE id = ?', row.customer_id);
  const lastPayment = store.get<{ date: string }>('SELECT date FROM payments WHERE retainer_id = ? ORDER BY date DESC LIMIT 1', row.id);
  return {
    retainerinvoice_id: row.id,
    retainerinvoice_number: row.number,
    customer_id: row.customer_id,
    customer_name: customer?.name ?? '',
    status: row.balance === 0 ? 'paid' : 'sent',
    reference_number: '',
    date: row.date,
    currency_id: currency.id,
    currency_code: currency.code,
    total: moneyNumber(row.total),
    balance: moneyNumber(row.balance),
    last_payment_date: lastPayment?.date ?? '',
    created_time: timestamp(row.created_at),
    last_modified_time: timestamp(row.modified_at),
  };
}
