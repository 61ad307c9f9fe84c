import { call, say, tell, undo, type Script, type Seen } from './script.ts';

/** The twelve conversations with only the thirteen endpoints of payments. If a conversation is impossible, the value is the reason. */

const noInvoice = 'no call shows the id of an invoice without payments';

/** All rows of all lists so far, each as a line of text. */
const rowsOf = ({ results }: Seen) =>
  results.flatMap(({ tool, text }) => (tool === 'list_customer_payments' ? text.split('\n').filter((line) => line.includes(' | ')) : []));
const whole = (page: number) =>
  call('list_customer_payments', {
    sort_column: 'date',
    sort_order: 'D',
    per_page: 200,
    page,
    fields: ['payment_id', 'date', 'amount', 'bcy_refunded_amount'],
  });
const idIn = (row: string) => /payment_id "(\d+)"/.exec(row)?.[1] ?? '';
/** The newest payment of a customer. Its row contains the customer's id. */
const newestOf = (customer_name: string) => call('list_customer_payments', { customer_name, per_page: 1 });
const customerId = ({ find }: Seen) => find(/customer_id (\d+)/);
const transfer = { payment_mode: 'banktransfer', date: '2026-06-30', amount: 500 };
const cash = { payment_mode: 'cash', date: '2026-06-30', amount: 80 };

export const withThirteen: Readonly<Record<string, Script | string>> = {
  'cash for an invoice': noInvoice,
  'part of an invoice': noInvoice,
  'overpaid and refunded': [
    call('list_customer_payments', { customer_name: 'Bowman Furniture', search_text: 'INV-384' }),
    ({ find }) => call('get_customer_payment', { payment_id: find(/ id (\d+)$/m) }),
    ({ find }) =>
      call('create_customer_payment', {
        ...transfer,
        customer_id: find(/"Bowman Furniture" \(id (\d+)/),
        invoices: [{ invoice_id: find(/INV-384 \(id (\d+)/), amount_applied: 50 }],
      }),
    tell,
    // The account's id is in an old refund.
    ({ find }) =>
      call('get_customer_payment_refund', { customer_payment_id: find(/Payment #2 \(id (\d+)/), refund_id: find(/refund_id (\d+)/) }),
    ({ find }) =>
      call('create_customer_payment_refund', {
        customer_payment_id: find(/Recorded payment #\d+ \(id (\d+)/),
        date: '2026-06-30',
        amount: 450,
        from_account_id: find(/"Petty Cash" \(account id (\d+)/),
      }),
    tell,
  ],
  'oldest first': 'no call shows which invoices are open',
  'refunds of a month': [
    // Any payment can have a refund in June, so all payments are listed, and every payment with a refund is opened.
    { calls: [1, 2, 3].map(whole).flatMap(({ calls }) => calls) },
    (seen) => ({
      calls: rowsOf(seen)
        .filter((row) => row.includes('bcy_refunded_amount'))
        .flatMap((row) => call('list_customer_payment_refunds', { customer_payment_id: idIn(row) }).calls),
    }),
    ({ results }) => say(results.flatMap(({ text }) => text.split('\n').filter((line) => line.startsWith('2026-06'))).join('\n')),
  ],
  'paid twice': [
    call('list_customer_payments', { customer_name: 'Acme Corp' }),
    tell,
    ({ find }) => call('delete_customer_payment', { payment_id: find(/#491 \|[^\n]* id (\d+)$/m) }),
    tell,
  ],
  'balance of a customer': 'no call shows which invoices are open',
  'who sent a check': [call('list_customer_payments', { reference_number: '4471' }), tell],
  'received in a month': [
    // The list does not contain currencies, so each payment is opened.
    whole(1),
    (seen) => ({
      calls: rowsOf(seen)
        .filter((row) => row.includes('date "2026-06'))
        .flatMap((row) => call('get_customer_payment', { payment_id: idIn(row) }).calls),
    }),
    ({ results }) => {
      const cents = new Map<string, number>();
      for (const { text } of results) {
        const [, currency, amount] = /: ([A-Z]{3}) ([\d.]+) from/.exec(text) ?? [];
        if (currency !== undefined) cents.set(currency, (cents.get(currency) ?? 0) + Math.round(Number(amount) * 100));
      }
      return say([...cents].map(([currency, sum]) => `${currency} ${(sum / 100).toFixed(2)}`).join(', '));
    },
  ],
  'an advance for an invoice': noInvoice,
  'wrong payment mode': [
    call('list_customer_payments', { customer_name: 'Bowman Furniture', date: '2026-06-22' }),
    ({ find }) =>
      call('update_customer_payment', { payment_id: find(/\| 250 \|[^\n]* id (\d+)$/m), payment_mode: 'check', reference_number: '5120' }),
    tell,
  ],
  'the wrong customer': [
    newestOf('Juniper Yoga Studio'),
    (seen) => call('create_customer_payment', { ...cash, customer_id: customerId(seen) }),
    tell,
    undo,
    newestOf('Quincy Coworking'),
    (seen) => call('create_customer_payment', { ...cash, customer_id: customerId(seen) }),
    tell,
  ],
};
