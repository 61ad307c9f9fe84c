import { readAmount } from '../money.ts';
import { standingOn } from '../records/applied.ts';
import type { Payment } from '../records/fields.ts';
import { only } from '../records/zoho-shapes.ts';
import type { Undo } from '../report.ts';
import { newPaymentInput } from './new-payment-facts.ts';
import { paymentChangeInput, type Changes } from './payment-change-facts.ts';
import { fieldsBack, customFieldsBack, undoWith, accountOfCharges, discountsLost, tagsOf, customFieldsOf } from './undo.ts';

/** The calls that undo a change and a deletion of a payment. */

/** The call that restores the changed values. `after`: the payment from Zoho's answer. */
export function changeBack(payment_id: string, given: Changes, payment: Payment, after?: Payment): Undo | undefined {
  const { invoices, replace_invoices = false, custom_fields, tags: _, ...plain } = given;
  const names = Object.keys(plain).filter((name) => given[name as keyof Changes] !== undefined);
  const fields = fieldsBack(names, payment);
  const custom = customFieldsBack(custom_fields ?? [], payment);
  const named = (payment.invoices ?? []).filter(
    (row) => replace_invoices || invoices?.some(({ invoice_id }) => invoice_id === row.invoice_id),
  );
  return undoWith({ name: 'update_customer_payment', input: paymentChangeInput }, ['payment_id'], {
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

/** The arguments that restore the lists (invoices, tags). */
function asItWas({ invoices, tags, tax_amount_withheld }: Changes, payment: Payment): Record<string, unknown> {
  const before = tags === undefined ? {} : { tags: tagsOf(payment) };
  // The invoices are restored only if Zoho showed them.
  if (invoices === undefined || payment.invoices === undefined) return before;
  const standing = [...standingOn(payment)];
  if (standing.some(([, stands]) => stands === undefined)) return before;
  // In Zoho, a row without tax keeps the tax that this change set, so an earlier tax of 0 must be sent too.
  const withTax = invoices.some(({ tax_amount_withheld }) => tax_amount_withheld !== undefined) || tax_amount_withheld !== undefined;
  return {
    ...before,
    replace_invoices: true,
    invoices: standing.map(([invoice_id, stands]) => ({
      invoice_id,
      amount_applied: stands?.amount_applied,
      ...((withTax || stands?.tax_amount_withheld !== 0) && { tax_amount_withheld: stands?.tax_amount_withheld }),
    })),
  };
}

/** The call that records the payment again, under a new id. */
export function recreating(payment: Payment): Undo | undefined {
  const { invoices = [], bank_charges, tax_amount_withheld } = payment;
  const applied = invoices.map((row) => ({
    invoice_id: row.invoice_id,
    amount_applied: row.amount_applied,
    ...(row['tax_amount_withheld'] !== undefined && { tax_amount_withheld: row['tax_amount_withheld'] }),
  }));
  const { custom_fields, not_restored } = customFieldsOf(payment);
  const tags = tagsOf(payment);
  const set = only(payment, [
    'customer_id',
    'payment_mode',
    'amount',
    'date',
    'reference_number',
    'description',
    'exchange_rate',
    'account_id',
    'bank_charges_account_id',
    'tax_account_id',
    'location_id',
  ]);
  const documents = Array.isArray(payment['documents']) && payment['documents'].length > 0;
  return undoWith({ name: 'create_customer_payment', input: newPaymentInput }, [], {
    arguments: {
      ...set,
      bank_charges: readAmount(bank_charges) || undefined,
      tax_amount_withheld: readAmount(tax_amount_withheld) || undefined,
      ...(tags.length > 0 && { tags }),
      ...(custom_fields.length > 0 && { custom_fields }),
      ...(applied.length > 0 && { invoices: applied }),
    },
    not_restored: [
      'payment_id',
      'payment_number',
      ...(payment.invoices === undefined ? ['invoices'] : []),
      ...(['account_id', 'exchange_rate'] as const).filter((name) => payment[name] === undefined),
      ...(['bank_charges', 'tax_amount_withheld'] as const).filter(
        (name) => payment[name] !== undefined && readAmount(payment[name]) === undefined,
      ),
      ...discountsLost(invoices),
      ...accountOfCharges(payment),
      ...(documents ? ['documents'] : []),
      ...not_restored,
    ],
  });
}
