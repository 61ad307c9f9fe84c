import { type Json, dateField, idField, moneyField, rateField, readObject, textField } from './body.ts';
import { invalidValue, noResource, refundOfApplied, refundTooLarge, required } from './errors.ts';
import { pageContext, readPage } from './list-query.ts';
import { type Reply, jsonReply } from './message.ts';
import { RATE_ONE } from './money.ts';
import { activeAccount, inAccountCurrency, pathPayment } from './payments.ts';
import { type PaymentRow, type RefundRow, currencyOf } from './rows.ts';
import { messages, refundEnvelope, refundItem } from './shapes.ts';
import { type Call, isId, newId } from './world.ts';

export function listRefunds(call: Call): Reply {
  const payment = pathPayment(call);
  const page = readPage(call.arrival.query);
  const documented = call.world.shapes === 'documented';
  // The two documents differ: the newer one sorts by created_time, the older by date. The live API follows the older one elsewhere.
  const order = documented ? 'created_at DESC, seq DESC' : 'date DESC, seq DESC';
  const rows = call.store.all<RefundRow>(
    `SELECT * FROM refunds WHERE payment_id = ? ORDER BY ${order} LIMIT ? OFFSET ?`,
    payment.id,
    page.per_page + 1,
    page.offset,
  );
  return jsonReply(200, {
    code: 0,
    message: messages(call.world.shapes).refundsListed,
    payment_refunds: rows.slice(0, page.per_page).map((row) => refundItem(call, payment, row)),
    page_context: pageContext(page, rows.length, {
      report_name: documented ? 'Customer Payments Refund' : 'Retainer Payment Refund',
      sort_column: documented ? 'created_time' : 'date',
      sort_order: 'D',
    }),
  });
}

export function getRefund(call: Call): Reply {
  const payment = pathPayment(call);
  return refundEnvelope(call, 200, messages(call.world.shapes).refundShown, pathRefund(call, payment));
}

/** Only the unused amount can be refunded (both documents: "the excess amount"). */
export function createRefund(call: Call): Reply {
  const { store, now } = call;
  const payment = pathPayment(call);
  const input = readRefund(call, payment);
  if (input.date === undefined) throw required('date');
  if (input.amount === undefined) throw required('amount');
  if (input.account_id === undefined) throw required('from_account_id');
  checkAmount(payment, input.amount, payment.unused);
  const rate = input.rate ?? RATE_ONE;
  const account = activeAccount(store, input.account_id, 'from_account_id');
  const withdrawn = inAccountCurrency(store, account, payment.currency_code, input.amount, rate);
  const id = newId(store);
  store.run(
    `INSERT INTO refunds (id, payment_id, date, mode, reference_number, description, payment_form,
       amount, rate, account_id, withdrawn, created_at, modified_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    payment.id,
    input.date,
    input.mode ?? 'cash',
    input.reference_number ?? '',
    input.description ?? '',
    input.payment_form ?? '',
    input.amount,
    rate,
    account.id,
    withdrawn,
    now,
    now,
  );
  moveRefund(call, payment, input.amount);
  store.run('UPDATE accounts SET balance = balance - ? WHERE id = ?', withdrawn, account.id);
  call.applied.push(id, payment.id);
  const refund = findRefund(call, payment, id);
  return refundEnvelope(
    call,
    messages(call.world.shapes).refundCreatedStatus,
    'The refund information for this payment has been saved.',
    refund,
  );
}

/** Partial like other updates (guess). The documents require date, amount and account, but they do so for payments too. */
export function updateRefund(call: Call): Reply {
  const { store, now } = call;
  const payment = pathPayment(call);
  const before = pathRefund(call, payment);
  const input = readRefund(call, payment);
  const amount = input.amount ?? before.amount;
  checkAmount(payment, amount, payment.unused + before.amount);
  const rate = input.rate ?? before.rate;
  const account = activeAccount(store, input.account_id ?? before.account_id, 'from_account_id');
  const withdrawn = inAccountCurrency(store, account, payment.currency_code, amount, rate);
  store.run(
    `UPDATE refunds SET date = ?, mode = ?, reference_number = ?, description = ?, payment_form = ?,
       amount = ?, rate = ?, account_id = ?, withdrawn = ?, modified_at = ?
     WHERE id = ?`,
    input.date ?? before.date,
    input.mode ?? before.mode,
    input.reference_number ?? before.reference_number,
    input.description ?? before.description,
    input.payment_form ?? before.payment_form,
    amount,
    rate,
    account.id,
    withdrawn,
    now,
    before.id,
  );
  moveRefund(call, payment, amount - before.amount);
  store.run('UPDATE accounts SET balance = balance + ? WHERE id = ?', before.withdrawn, before.account_id);
  store.run('UPDATE accounts SET balance = balance - ? WHERE id = ?', withdrawn, account.id);
  call.applied.push(before.id, payment.id);
  return refundEnvelope(call, 200, 'The refund information has been saved.', findRefund(call, payment, before.id));
}

export function deleteRefund(call: Call): Reply {
  const { store } = call;
  const payment = pathPayment(call);
  const refund = pathRefund(call, payment);
  store.run('DELETE FROM refunds WHERE id = ?', refund.id);
  moveRefund(call, payment, -refund.amount);
  store.run('UPDATE accounts SET balance = balance + ? WHERE id = ?', refund.withdrawn, refund.account_id);
  call.applied.push(refund.id, payment.id);
  return jsonReply(200, { code: 0, message: 'The refund has been deleted.' });
}

interface RefundInput {
  date: string | undefined;
  mode: string | undefined;
  reference_number: string | undefined;
  description: string | undefined;
  payment_form: string | undefined;
  amount: number | undefined;
  rate: number | undefined;
  account_id: string | undefined;
}

function readRefund(call: Call, payment: PaymentRow): RefundInput {
  const body: Json = readObject(call.arrival);
  const { precision, is_base } = currencyOf(call.store, payment.currency_code);
  const rate = rateField(body, 'exchange_rate');
  return {
    date: dateField(body, 'date'),
    mode: textField(body, 'refund_mode', 50) || undefined,
    reference_number: textField(body, 'reference_number', call.world.shapes === 'live' ? 50 : 100),
    description: textField(body, 'description', 2000),
    payment_form: textField(body, 'payment_form', 100),
    amount: moneyField(body, 'amount', precision),
    rate: is_base ? undefined : rate,
    account_id: idField(body, 'from_account_id'),
  };
}

function checkAmount(payment: PaymentRow, amount: number, available: number): void {
  if (amount === 0) throw invalidValue('amount');
  if (amount <= available) return;
  throw available === 0 && payment.applied > 0 ? refundOfApplied() : refundTooLarge();
}

/** Changes the refunded amount of a payment. A positive change increases the refunded amount. */
function moveRefund(call: Call, payment: PaymentRow, change: number): void {
  call.store.run(
    'UPDATE payments SET refunded = refunded + ?, unused = unused - ?, modified_at = ? WHERE id = ?',
    change,
    change,
    call.now,
    payment.id,
  );
  call.store.run(
    'UPDATE customers SET unused_credits = unused_credits - ?, modified_at = ? WHERE id = ?',
    change,
    call.now,
    payment.customer_id,
  );
}

function pathRefund(call: Call, payment: PaymentRow): RefundRow {
  const id = call.params['refund_id'] ?? '';
  if (!isId(id)) throw noResource();
  return findRefund(call, payment, id);
}

function findRefund(call: Call, payment: PaymentRow, id: string): RefundRow {
  const refund = call.store.get<RefundRow>('SELECT * FROM refunds WHERE id = ? AND payment_id = ?', id, payment.id);
  if (!refund) throw noResource();
  return refund;
}
