import * as z from 'zod';
import { defineWrite, UNKNOWN_CURRENCY, type Facts, type Json, type ReadEndpoint, type Reader } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { subtract, sum } from '../money.ts';
import { ahead } from '../reading.ts';
import { settledBy, standingOn, withTaxOfPayment } from './applied.ts';
import { aboutChanges, changesOf, refuseNoChange } from './changes.ts';
import { checkAccount, checkApplied, checkCustomFields, checkDate, checkInvoices, type Application, type Notes } from './checks.ts';
import { customerOf } from './create-customer-payment.ts';
import { id, paymentChanges, writtenPayment, type Payment } from './fields.ts';
import { getContact } from './get-contact.ts';
import { getInvoice } from './get-invoice.ts';
import { allBankAccounts } from './list-bank-accounts.ts';
import { lookForChange } from './looks.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { standingPayment } from './standing.ts';
import { aboutAllocation, aboutPayment, attention, lines, money, notChecked, quoted, told, unseen, UNTOLD_AMOUNT } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });
const changes = z.strictObject(paymentChanges);
type Changes = z.output<typeof changes>;

export interface ChangeFacts extends Facts {
  readonly before: { readonly payment: Payment };
}

export const updateCustomerPayment = defineWrite({
  name: 'update_customer_payment',
  title: 'Update a customer payment',
  description: [
    'Correct a recorded payment, or apply its unused amount to invoices. Only the fields given change.',
    'Call get_customer_payment first to see what it is applied to.',
  ].join('\n'),
  method: 'PUT',
  path: '/customerpayments/{payment_id}',
  input: z.strictObject({ payment_id: id, ...paymentChanges }),
  output,

  turn: ({ payment_id }) => [`payment:${payment_id}`],
  async preflight({ payment_id, ...given }, zoho): Promise<ChangeFacts> {
    const { replace_invoices: _, ...fields } = given;
    refuseNoChange(fields);
    return await changeFacts(await standingPayment(zoho, payment_id), given, zoho);
  },
  parts: ({ payment_id: _, ...given }, { before }) => ({ body: changesOf(given, before.payment) }),
  look: (attempt, zoho) => lookForChange(attempt, String(attempt.input['payment_id']), zoho),
  undo: (_result, { payment_id, ...given }, { before }) => ({ tool: 'update_customer_payment', arguments: { payment_id, ...asItWas(given, before.payment) } }),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  text: ({ payment }, { payment_id: _, ...given }, facts) => {
    if (payment === undefined) return unseen('payment');
    return lines(
      `Updated ${aboutPayment(payment)}.`,
      attention(given, payment, payment),
      ...(facts === undefined ? [] : aboutChanges(facts.before.payment, payment, given)),
      aboutAllocation(payment),
      notChecked(facts?.not_checked ?? []),
    );
  },
});

/** What a change of a payment would do, field by field and invoice by invoice. */
export async function changeFacts(payment: Payment, given: Changes, reader: Reader): Promise<ChangeFacts> {
  const notes = { lines: [] as string[], not_checked: [] as string[] };
  const ask: string[] = [];
  const zoho = ahead(readsFor(payment, given), reader);
  checkDecimals(amountsOf(given), payment);
  await checkDate(given.date, zoho, notes);
  await checkAccount('account_id', given.account_id, payment, zoho, notes);
  await checkCustomFields(given.custom_fields, zoho, notes);

  // Undefined where Zoho does not tell it: then nothing is worked out from it.
  const amount = given.amount ?? payment.amount;
  const { invoices } = changesOf(given, payment) as { invoices?: readonly Application[] };
  const standing = standingOn(payment);
  const rows = invoices ?? [...standing].flatMap(([invoice_id, stands]) => (stands === undefined ? [] : [{ invoice_id, ...stands }]));
  const left = amount === undefined ? undefined : checkApplied(amount, rows, payment);
  const refunded = refundedOf(payment);
  if ((left === undefined || refunded === undefined) && (given.amount !== undefined || invoices !== undefined)) notes.not_checked.push('what is left unused afterwards (Zoho does not tell the amounts of the payment)');
  if (left !== undefined && refunded !== undefined && refunded > 0 && left < refunded) {
    throw new RefusedError(`${money(refunded, payment)} of this payment was refunded, so at least that much must stay unapplied; ${money(left, payment)} would be left.`, {
      code: 'refunded_already',
      next: 'Ask the user; the refund can be corrected with update_customer_payment_refund.',
    });
  }

  notes.lines.push(...fieldLines(given, payment));
  if (given.customer_id !== undefined && given.customer_id !== payment.customer_id) ask.push(await anotherCustomer(given.customer_id, payment, zoho, notes));
  if (given.amount !== undefined && payment.amount === undefined) notes.not_checked.push('whether it lowers the amount (Zoho does not tell the amount as it stands)');
  if (amount !== undefined && amount < (payment.amount ?? 0)) ask.push('it lowers the amount that was received');
  if (invoices !== undefined && payment.invoices === undefined) {
    notes.not_checked.push('what the payment is applied to now, and so what this un-applies');
    ask.push(UNAPPLIES);
  }
  // Tax that is named for the payment as a whole moves what its invoice has open, also where `invoices` is not named.
  const taxed = given.tax_amount_withheld === undefined || invoices !== undefined || standing.size !== 1 ? invoices : rows.map(({ tax_amount_withheld: _, ...row }) => row);
  const settled = taxed && withTaxOfPayment<Application>(taxed, given.tax_amount_withheld);
  if (settled !== undefined) {
    for (const row of payment.invoices ?? []) {
      const stands = standing.get(String(row.invoice_id));
      const is = sum(settled.filter((one) => one.invoice_id === row.invoice_id).map(settledBy));
      if (stands === undefined) {
        notes.not_checked.push(`whether it takes money off invoice ${quoted(row.invoice_number, 40)} (Zoho does not tell what is applied to it)`);
        continue;
      }
      const was = settledBy(stands);
      if (is >= was) continue;
      notes.lines.push(`Un-apply ${money(subtract(was, is), payment)} from invoice ${quoted(row.invoice_number, 40)}: it is open again by that much`);
      if (!ask.includes(UNAPPLIES)) ask.push(UNAPPLIES);
    }
    await checkInvoices(settled, { customer_id: given.customer_id ?? payment.customer_id, currency: payment, standing }, zoho, notes);
    if (left !== undefined && refunded !== undefined) notes.lines.push(`Left unused afterwards: ${money(subtract(left, Math.max(0, refunded)), payment)}`);
  }
  const more = subtract(amount ?? 0, payment.amount ?? 0);
  return {
    title: `Change ${aboutPayment(payment)}`,
    ...notes,
    ask,
    ...(more > 0 && { money: { kind: 'payment' as const, currency: payment.currency_code ?? UNKNOWN_CURRENCY, amount: more } }),
    customer_id: payment.customer_id,
    uses: { account_id: given.account_id ?? (payment['account_id'] as string | undefined), date: given.date ?? payment.date },
    blocks: [`payment:${payment.payment_id}`],
    before: { payment },
  };
}

/** What the checks read: the account, another customer, and each invoice that gets more than it has. */
function readsFor(payment: Payment, { account_id, customer_id, invoices = [] }: Changes): (readonly [ReadEndpoint, Json])[] {
  const standing = standingOn(payment);
  const more = invoices.filter(({ invoice_id, amount_applied, tax_amount_withheld }) => {
    const stands = standing.get(invoice_id) ?? { amount_applied: 0, tax_amount_withheld: 0 };
    return settledBy({ amount_applied, tax_amount_withheld: tax_amount_withheld ?? stands.tax_amount_withheld }) > settledBy(stands);
  });
  return [
    ...(account_id === undefined ? [] : [[allBankAccounts, {}] as const]),
    ...(customer_id === undefined || customer_id === payment.customer_id ? [] : [[getContact, { contact_id: customer_id }] as const]),
    ...more.map(({ invoice_id }) => [getInvoice, { invoice_id }] as const),
  ];
}

/** Why it is asked about: the money was somebody else's so far. Refuses one who does not exist, or pays in another currency. */
async function anotherCustomer(customer_id: string, payment: Payment, zoho: Reader, notes: Notes): Promise<string> {
  const contact = await customerOf(customer_id, zoho);
  if (contact === undefined) notes.not_checked.push(`the customer ${customer_id} (needs the scope ZohoBooks.contacts.READ)`);
  else if (contact.currency_code !== payment.currency_code) {
    throw new RefusedError(`${quoted(contact.contact_name)} pays in ${told(contact.currency_code)}, the payment is in ${told(payment.currency_code)}.`, { code: 'customer_currency', next: 'Ask the user whose payment it is.' });
  }
  return `it moves the payment to another customer, ${contact === undefined ? customer_id : quoted(contact.contact_name)}`;
}

const UNAPPLIES = 'it takes money off invoices';

/** What of it went back to the customer: all that is neither applied nor unused. Undefined where Zoho does not tell one of them. */
function refundedOf(payment: Payment): number | undefined {
  const applied = [...standingOn(payment).values()];
  if (payment.amount === undefined || payment.unused_amount === undefined || !applied.every((stands) => stands !== undefined)) return undefined;
  return subtract(payment.amount, sum([payment.unused_amount, ...applied.map(({ amount_applied }) => amount_applied)]));
}

export function fieldLines({ invoices: _, replace_invoices: __, custom_fields, tags, ...fields }: Changes, payment: Payment): string[] {
  const plain = Object.entries(fields).map(([name, value]) => `${name}: ${payment[name] === undefined ? (name === 'amount' ? UNTOLD_AMOUNT : 'nothing') : quoted(payment[name])} → ${quoted(value)}`);
  return [...plain, ...(custom_fields ?? []).map((field) => `custom field ${quoted(field.label ?? field.api_name ?? field.customfield_id, 40)}: ${quoted(field.value)}`), ...(tags === undefined ? [] : ['tags are replaced'])];
}

/** The arguments that set everything named back. */
function asItWas({ invoices, replace_invoices: _, custom_fields: __, tags: ___, ...fields }: Changes, payment: Payment): Record<string, unknown> {
  // What was not set before cannot be unset by naming it again.
  const before = Object.fromEntries(Object.keys(fields).filter((name) => payment[name] !== undefined).map((name) => [name, payment[name]]));
  // What it was applied to is set back only where it could be seen.
  if (invoices === undefined || payment.invoices === undefined) return before;
  const standing = [...standingOn(payment)];
  if (standing.some(([, stands]) => stands === undefined)) return before;
  // A row that names no tax keeps what is withheld on it then, so 0 is named too where the call named another.
  const withTax = invoices.some(({ tax_amount_withheld }) => tax_amount_withheld !== undefined) || fields.tax_amount_withheld !== undefined;
  return {
    ...before,
    replace_invoices: true,
    invoices: standing.map(([invoice_id, stands]) => ({ invoice_id, amount_applied: stands?.amount_applied, ...((withTax || stands?.tax_amount_withheld !== 0) && { tax_amount_withheld: stands?.tax_amount_withheld }) })),
  };
}
