import * as z from 'zod';
import type { Reader } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { allBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { createCustomerPaymentRefund } from '../endpoints/refunds/create-customer-payment-refund.ts';
import { InputError, RefusedError, WhichError } from '../errors.ts';
import { accountNamed } from '../matching/accounts.ts';
import { customerNamed, isAnother, withoutAddress } from '../matching/customers.ts';
import { dateOrToday } from '../matching/date-or-today.ts';
import { isInvoiceOf as isCustomersOwn } from '../matching/invoices.ts';
import { paymentNumbered, paymentsOfCustomer } from '../matching/payments.ts';
import { isId } from '../matching/same-name.ts';
import { customer } from '../matching/shared-arguments.ts';
import { subtract, sum, type Currency } from '../money.ts';
import { currentPayment } from '../reading/current-record.ts';
import { allContacts, allPayments } from '../reading/whole-lists.ts';
import { recordName, recordNameAndId } from '../records/describe.ts';
import { amount, refundFields, standsForAll, type Payment } from '../records/fields.ts';
import { readRefundAmount } from '../records/read-row.ts';
import { money, plain, quoted, idText } from '../records/text.ts';
import { toolCall } from '../report.ts';
import { defineWriteWorkflow, type Chosen } from '../workflow.ts';

const { date, refund_mode, reference_number, description, exchange_rate } = refundFields;

const input = z.strictObject({
  customer: customer.optional(),
  payment: z.string().min(1).max(40).optional().describe('Payment number or id, if the user named one.'),
  amount: amount.optional().describe('Default: the unused amount.').register(standsForAll),
  account: z.string().min(1).max(100).describe('Refund from this account (name or id); ask the user.'),
  date: date.optional().describe('Default: today.'),
  refund_mode,
  reference_number,
  description,
  exchange_rate,
});
type Given = z.output<typeof input>;

export const refundCustomerPayment = defineWriteWorkflow({
  name: 'refund_customer_payment',
  title: 'Refund a customer by name',
  description: [
    'Record a refund of an overpayment, by customer name or payment number. The tool finds the payment with an unused amount. ' +
      'The user is asked to confirm. It records in Zoho Books; it touches no bank account or card.',
    'Only an unused amount can be refunded. If the money is applied to invoices, the answer gives the exact calls that un-apply it first.',
  ].join('\n'),
  input,
  endpoint: createCustomerPaymentRefund,
  reads: [allContacts, getContact, allPayments, getCustomerPayment, allBankAccounts, allOrganizations],
  accounts: async ({ account }, zoho) => ({ from_account_id: await accountNamed(account, 'account', zoho) }),
  turn: async (given, zoho, chosen) => [`payment:${await paymentToRefund(given, zoho.recent, chosen)}`],
  async plan(given, zoho, chosen) {
    const { customer: _, payment: __, account, ...rest } = given;
    const [payment_id, from_account_id, day] = await Promise.all([
      paymentToRefund(given, zoho, chosen),
      accountNamed(account, 'account', zoho),
      dateOrToday(given.date, zoho),
    ]);
    const payment = await currentPayment(zoho, payment_id);
    if (given.customer !== undefined && given.payment !== undefined) await checkWhose(payment, given.customer, zoho, chosen);
    const unused = payment.unused_amount;
    if (unused !== undefined && (unused <= 0 || (given.amount ?? 0) > unused)) throw tooMuch(payment, unused, given);
    return { input: { ...rest, customer_payment_id: payment_id, from_account_id, date: day } };
  },
});

/** Throws if the payment belongs to another customer than the named one. */
async function checkWhose(payment: Payment, customer: string, zoho: Reader, chosen: Chosen): Promise<void> {
  const { payment_id, payment_number, customer_id, customer_name } = payment;
  const whose = await withoutAddress(customer, zoho, chosen['customer']);
  if (customer_id === undefined || whose === undefined) return;
  const isTheirs =
    customer_name === undefined && !isId(whose)
      ? (await customerNamed(whose, zoho, chosen['customer'])).contact_id === customer_id
      : isCustomersOwn({ customer_id, customer_name }, whose) && !(await isAnother(whose, { customer_id, customer_name }, zoho));
  if (isTheirs) return;
  throw new InputError(
    `Payment ${payment_number ? `#${plain(payment_number)} ` : ''}(id ${idText(payment_id)}) belongs to ` +
      `${recordNameAndId('customer', customer_name, customer_id, 60)}, not to ${quoted(customer, 60)}.`,
    { code: 'no_such_payment', next: 'Check with the user which customer or which payment is meant.' },
  );
}

/** The most payments that fit into one error message. */
const MOST_PAYMENT_CHOICES = 8;

/** Returns the id of the payment to refund. Throws `WhichError` if several payments fit. */
async function paymentToRefund({ customer, payment, amount }: Given, zoho: Reader, chosen: Chosen): Promise<string> {
  if (payment !== undefined && isId(payment)) return payment;
  if (payment === undefined && customer === undefined) {
    throw new InputError('The customer is missing: neither `customer` nor `payment` is given.', {
      code: 'invalid_arguments',
      next: "Call again with the customer's name.",
    });
  }
  const whose = customer === undefined ? undefined : await customerNamed(customer, zoho, chosen['customer']);
  const customer_id = whose?.contact_id;
  if (payment !== undefined) return await paymentNumbered(payment, customer_id, zoho);
  const { rows: all, ofNobody } = await paymentsOfCustomer(customer_id ?? '', zoho);
  const known = whose?.contact_name ?? all.find(({ customer_name }) => customer_name !== undefined)?.customer_name;
  const name = recordNameAndId('customer', known, customer_id, 60);
  // A payment whose unused amount Zoho does not give may be the right payment too.
  const refundable = all.filter((row) => (row.unused_amount ?? 1) > 0);
  const picked = refundable.find(({ payment_id }) => payment_id === chosen['payment']);
  if (picked !== undefined) return picked.payment_id;
  // If only one payment has a sufficient unused amount, the user can only mean this payment.
  const enough = refundable.filter((row) => (row.unused_amount ?? Infinity) >= (amount ?? 0));
  if (enough[0] !== undefined && enough.length === 1) return enough[0].payment_id;
  const newest = all.find((row) => (row.amount ?? Infinity) >= (amount ?? 0)) ?? all[0];
  if (newest === undefined) {
    const untold = ofNobody > 0 ? ` Zoho gives no customer for ${ofNobody} ${ofNobody === 1 ? 'payment' : 'payments'}.` : '';
    throw new RefusedError(`There is no payment of ${name} that could be refunded.${untold}`, {
      code: 'nothing_refundable',
      next: 'Check with the user which customer is meant.',
    });
  }
  // The plan reads this payment and explains why it cannot be refunded.
  if (refundable.length === 0) return newest.payment_id;
  const currency = whose ?? {};
  const choices = (enough.length > 0 ? enough : refundable).map((row) => ({
    id: row.payment_id,
    text:
      `payment #${plain(row.payment_number ?? '?')} of ${plain(row['date'])}, ` +
      `${money(row['amount'], currency)}, unused ${money(row.unused_amount, currency)}`,
  }));
  const [shown, more] = [choices.slice(0, MOST_PAYMENT_CHOICES), Math.max(0, choices.length - MOST_PAYMENT_CHOICES)];
  const listed = `${shown.map(({ text, id }) => `${text} (id ${id})`).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  if (enough.length === 0) throw notEnough(listed, amount ?? 0, sum(refundable.map((row) => row.unused_amount ?? 0)), currency);
  throw new WhichError(`Several payments of ${name} have an unused amount. Which one should be refunded?`, {
    field: 'payment',
    choices: shown,
    more,
  });
}

function notEnough(choices: string, amount: number, unused: number, currency: Currency): RefusedError {
  const most = `only ${money(unused, currency)} is unused in total. To refund more, first un-apply money from invoices`;
  return new RefusedError(`No payment of this customer has ${money(amount, currency)} unused. Unused amounts: ${choices}.`, {
    code: 'more_than_refundable',
    next:
      unused >= amount
        ? 'Each payment needs its own refund. If the user agrees, call once for each payment, with `payment` and `amount`.'
        : {
            say: `Tell the user: ${most} with update_customer_payment.`,
            tool: 'update_customer_payment',
            without: `Tell the user: ${most} in Zoho Books.`,
          },
  });
}

/** The error for a refund above the unused amount. Its `next` has the calls that un-apply the missing amount and then refund. */
function tooMuch(payment: Payment, unused: number, { amount, customer: _, payment: __, ...given }: Given): RefusedError {
  const { payment_id, invoices = [] } = payment;
  // Not calculated from the payment's amount, because a part of it may already be refunded.
  const applied = invoices.flatMap(({ invoice_id, amount_applied }) =>
    invoice_id === undefined || amount_applied === undefined ? [] : [{ invoice_id, amount_applied }],
  );
  const wanted = amount ?? sum([unused, ...applied.map(({ amount_applied }) => amount_applied)]);
  let missing = subtract(wanted, unused);
  const freed: { invoice_id: string; amount_applied: number }[] = [];
  for (const { invoice_id, amount_applied } of applied.toReversed()) {
    if (missing <= 0) break;
    const taken = Math.min(missing, amount_applied);
    freed.push({ invoice_id, amount_applied: subtract(amount_applied, taken) });
    missing = subtract(missing, taken);
  }
  const about =
    `Payment #${plain(payment.payment_number ?? '?')} ` +
    `of ${recordName('customer', payment.customer_name, payment.customer_id, 60)} (id ${payment_id}) ` +
    `has ${money(unused, payment)} unused`;
  const refund = toolCall('refund_customer_payment', { payment: payment_id, ...(amount !== undefined && { amount }), ...given });
  const unApply = toolCall('update_customer_payment', { payment_id, invoices: freed }, 'Ask the user whether to un-apply; if so');
  const possible = freed.length > 0 && missing <= 0;
  const given_back = (payment.payment_refunds ?? []).map(
    (refund) => `${money(readRefundAmount(refund), payment)} on ${plain(refund['date'])} (refund_id ${idText(refund.payment_refund_id)})`,
  );
  const asked = amount === undefined ? '' : `; ${money(amount, payment)} is more than that`;
  const back = given_back.length > 0 ? ` Already refunded: ${given_back.slice(-5).join(', ')}.` : '';
  const rest = invoices.length > 0 ? ' The rest is applied to invoices. To refund it, first un-apply it; this reopens the invoices.' : '';
  return new RefusedError(`${about}${asked}.${back}${rest}`, {
    code: unused <= 0 ? 'nothing_refundable' : 'more_than_refundable',
    next: possible
      ? { ...unApply, followed_by: refund, without: 'Tell the user to un-apply the money in Zoho Books first.' }
      : unused > 0
        ? `Ask the user for an amount up to ${money(unused, payment)}.`
        : 'Tell the user.',
  });
}
