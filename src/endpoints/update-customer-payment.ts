import * as z from 'zod';
import { defineWrite, UNKNOWN_CURRENCY, type Facts, type Json, type ReadEndpoint, type Reader, type Undo } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import { subtract, sum } from '../money.ts';
import { ahead } from '../reading.ts';
import { aboutChanges, changesOf, refuseNoChange } from './changes.ts';
import { checkAccount, checkApplied, checkCustomFields, checkDate, checkInvoices, type Application, type Notes } from './checks.ts';
import { customerOf } from './create-customer-payment.ts';
import { checkExchangeRate, inBase, type InBase } from './exchange-rate.ts';
import { id, paymentChanges, writtenPayment, type Payment } from './fields.ts';
import { getContact } from './get-contact.ts';
import { getInvoice } from './get-invoice.ts';
import { allBankAccounts } from './list-bank-accounts.ts';
import { lookForChange } from './looks.ts';
import { amountsOf, checkDecimals, paymentOf } from './shape.ts';
import { standingPayment } from './standing.ts';
import { accountOfCharges, customFieldsBack, discountsLost, fieldsBack, tagsOf, toUndo, undoWith } from './undo.ts';
import { aboutAllocation, aboutPayment, attention, lines, money, next, notChecked, quoted, told, unseen } from './words.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });
const changes = z.strictObject(paymentChanges);
type Changes = z.output<typeof changes>;
const input = z.strictObject({ payment_id: id, ...paymentChanges });

export interface ChangeFacts extends Facts {
  readonly before: InBase & { readonly payment: Payment };
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
  input,
  output,

  turn: ({ payment_id }) => [`payment:${payment_id}`],
  async preflight({ payment_id, ...given }, zoho): Promise<ChangeFacts> {
    const { replace_invoices: _, ...fields } = given;
    refuseNoChange(fields);
    return await changeFacts(await standingPayment(zoho, payment_id), given, zoho);
  },
  parts: ({ payment_id: _, ...given }, { before }) => ({ body: changesOf(given, before.payment) }),
  look: (attempt, zoho) => lookForChange(attempt, String(attempt.input['payment_id']), zoho),
  undo: ({ payment }, { payment_id, ...given }, { before }) => changeBack(payment_id, given, before.payment, payment),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  text: ({ payment }, { payment_id: _, ...given }, facts) => {
    if (payment === undefined) return unseen('payment');
    return lines(
      `Updated ${aboutPayment(payment)}.`,
      attention(given, payment, payment),
      ...(facts?.before.payment === undefined ? [] : aboutChanges(facts.before.payment, payment, given)),
      aboutAllocation(payment),
      inBase(facts?.before),
      notChecked(facts?.not_checked ?? []),
      next(toUndo(facts?.undo)),
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

  const amount = given.amount ?? payment.amount ?? 0;
  const { invoices } = changesOf(given, payment) as { invoices?: readonly Application[] };
  const standing = appliedTo(payment);
  const rows = invoices ?? [...standing].map(([invoice_id, amount_applied]) => ({ invoice_id, amount_applied }));
  const left = checkApplied(amount, rows, payment);
  const rate = await checkExchangeRate(
    given.exchange_rate,
    { currency_code: payment.currency_code, amount, invoice_ids: rows.map(({ invoice_id }) => invoice_id), standing: [{ rate: payment['exchange_rate'], of: 'on the payment now' }] },
    zoho,
    notes,
  );
  const refunded = subtract(payment.amount ?? 0, sum([payment.unused_amount ?? 0, ...standing.values()]));
  if (refunded > 0 && left < refunded) {
    throw new RefusedError(`${money(refunded, payment)} of this payment was refunded, so at least that much must stay unapplied; ${money(left, payment)} would be left.`, {
      code: 'refunded_already',
      next: 'Ask the user; the refund can be corrected with update_customer_payment_refund.',
    });
  }

  notes.lines.push(...fieldLines(given, payment));
  if (given.customer_id !== undefined && given.customer_id !== payment.customer_id) ask.push(await anotherCustomer(given.customer_id, payment, zoho, notes));
  if (amount < (payment.amount ?? 0)) ask.push('it lowers the amount that was received');
  if (invoices !== undefined && payment.invoices === undefined) {
    notes.not_checked.push('what the payment is applied to now, and so what this un-applies');
    ask.push(UNAPPLIES);
  }
  if (invoices !== undefined) {
    for (const row of payment.invoices ?? []) {
      const [was, is] = [standing.get(String(row.invoice_id)) ?? 0, sum(invoices.filter((one) => one.invoice_id === row.invoice_id).map((one) => one.amount_applied))];
      if (is >= was) continue;
      notes.lines.push(`Un-apply ${money(subtract(was, is), payment)} from invoice ${quoted(row.invoice_number, 40)}: it is open again by that much`);
      if (!ask.includes(UNAPPLIES)) ask.push(UNAPPLIES);
    }
    await checkInvoices(invoices, { customer_id: given.customer_id ?? payment.customer_id, currency: payment, standing }, zoho, notes);
    notes.lines.push(`Left unused afterwards: ${money(subtract(left, refunded > 0 ? refunded : 0), payment)}`);
  }
  const more = subtract(amount, payment.amount ?? 0);
  return {
    title: `Change ${aboutPayment(payment)}`,
    ...notes,
    ask,
    ...(more > 0 && { money: { kind: 'payment' as const, currency: payment.currency_code ?? UNKNOWN_CURRENCY, amount: more } }),
    rate,
    customer_id: payment.customer_id,
    uses: { account_id: given.account_id ?? (payment['account_id'] as string | undefined), date: given.date ?? payment.date },
    blocks: [`payment:${payment.payment_id}`],
    before: { payment, in_base: rate?.result },
  };
}

/** What the checks read: the account, another customer, and each invoice that gets more than it has. */
function readsFor(payment: Payment, { account_id, customer_id, invoices = [] }: Changes): (readonly [ReadEndpoint, Json])[] {
  const standing = appliedTo(payment);
  const more = invoices.filter((row) => sum([row.amount_applied, row.tax_amount_withheld ?? 0]) > (standing.get(row.invoice_id) ?? 0));
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

function appliedTo(payment: Payment): Map<string, number> {
  const applied = new Map<string, number>();
  for (const { invoice_id, amount_applied = 0 } of payment.invoices ?? []) applied.set(String(invoice_id), sum([applied.get(String(invoice_id)) ?? 0, amount_applied]));
  return applied;
}

export function fieldLines({ invoices: _, replace_invoices: __, custom_fields, tags, ...fields }: Changes, payment: Payment): string[] {
  const plain = Object.entries(fields).map(([name, value]) => `${name}: ${payment[name] === undefined ? 'nothing' : quoted(payment[name])} → ${quoted(value)}`);
  return [...plain, ...(custom_fields ?? []).map((field) => `custom field ${quoted(field.label ?? field.api_name ?? field.customfield_id, 40)}: ${quoted(field.value)}`), ...(tags === undefined ? [] : ['tags are replaced'])];
}

/** The call that sets everything named back. `after`: the payment as Zoho's answer shows it. */
export function changeBack(payment_id: string, given: Changes, payment: Payment, after?: Payment): Undo | undefined {
  const { invoices, replace_invoices = false, custom_fields, tags: _, ...plain } = given;
  const names = Object.keys(plain).filter((name) => given[name as keyof Changes] !== undefined);
  const fields = fieldsBack(names, payment);
  const custom = customFieldsBack(custom_fields ?? [], payment);
  const named = (payment.invoices ?? []).filter((row) => replace_invoices || invoices?.some(({ invoice_id }) => invoice_id === row.invoice_id));
  return undoWith(updateCustomerPayment, ['payment_id'], {
    arguments: {
      payment_id,
      ...fields.arguments,
      ...asItWas(given, payment),
      ...(custom.custom_fields.length > 0 && { custom_fields: custom.custom_fields }),
    },
    not_restored: [
      ...fields.not_restored,
      ...(plain.bank_charges === undefined ? [] : accountOfCharges(payment, after)),
      ...(invoices !== undefined && payment.invoices === undefined ? ['invoices'] : []),
      ...(invoices === undefined ? [] : discountsLost(named)),
      ...custom.not_restored,
    ],
  });
}

/** The arguments that set lists back. */
function asItWas({ invoices, tags }: Changes, payment: Payment): Record<string, unknown> {
  const before = tags === undefined ? {} : { tags: tagsOf(payment) };
  // What it was applied to is set back only where it could be seen.
  if (invoices === undefined || payment.invoices === undefined) return before;
  return { ...before, replace_invoices: true, invoices: [...appliedTo(payment)].map(([invoice_id, amount_applied]) => ({ invoice_id, amount_applied })) };
}
