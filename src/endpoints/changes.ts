import { InputError } from '../errors.ts';
import { sum } from '../money.ts';
import type { Payment } from './fields.ts';
import { oneLine } from '../errors.ts';
import { money, quoted } from './words.ts';

/** What an update sends and what it changed. */

interface AppliedRow {
  readonly invoice_id: string;
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}

/**
 * The whole list of applied invoices after a change. Zoho replaces the set by what is sent, so rows that are not named
 * must be sent too, with their `invoice_payment_id`. A named row sets the total applied to its invoice; 0 removes it.
 */
export function mergeInvoices(before: Payment, rows: readonly AppliedRow[]): Record<string, unknown>[] {
  const named = new Map(rows.map((row) => [row.invoice_id, row]));
  if (named.size < rows.length) {
    throw new InputError('`invoices` names the same invoice more than once.', {
      code: 'invalid_arguments',
      next: 'Send one row per invoice, with the total to be applied to it.',
    });
  }
  const merged = (before.invoices ?? []).flatMap((current) => {
    const { invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount } = current;
    const kept = { invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount };
    const row = named.get(String(invoice_id));
    if (row === undefined) return [kept];
    named.delete(row.invoice_id);
    return row.amount_applied === 0 ? [] : [{ ...kept, ...row }];
  });
  // What is left was not applied before.
  const added = [...named.values()].filter((row) => row.amount_applied > 0);
  return [...merged, ...added].map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)));
}

/** The body of a payment's PUT: the changed fields, and the whole list of invoices where any is named. */
export function changesOf<T extends { invoices?: readonly AppliedRow[] | undefined; replace_invoices?: boolean | undefined }>(
  { invoices, replace_invoices, ...fields }: T,
  before: Payment | undefined,
): Record<string, unknown> {
  if (invoices === undefined) return fields;
  const whole = replace_invoices || before === undefined ? invoices.filter((row) => row.amount_applied > 0) : mergeInvoices(before, invoices);
  return { ...fields, invoices: whole };
}

/** An update that names nothing to change is a mistake, not a success. */
export function refuseNoChange(fields: Record<string, unknown>): void {
  if (Object.values(fields).some((value) => value !== undefined)) return;
  throw new InputError('The call names nothing to change.', { code: 'invalid_arguments', next: 'Call again with the fields to change and their new values.' });
}

const compared = ['date', 'payment_mode', 'reference_number', 'description', 'account_name', 'customer_name', 'exchange_rate'];

/** One line per thing that is different afterwards. */
export function aboutChanges(before: Payment, after: Payment): string[] {
  const words = (value: unknown) => (value === undefined ? 'nothing' : quoted(value));
  const fields = compared
    .filter((name) => name in after || name in before)
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${words(before[name])} → ${words(after[name])}`);
  const amounts = (['amount', 'unused_amount'] as const)
    .filter((name) => after[name] !== undefined && before[name] !== after[name])
    .map((name) => `${name}: ${money(before[name], before)} → ${money(after[name], after)}`);
  return [...amounts, ...fields, ...appliedChanges(before, after)];
}

function appliedChanges(before: Payment, after: Payment): string[] {
  const applied = (payment: Payment) => {
    const totals = new Map<string, { name: string; amount: number }>();
    for (const { invoice_id, invoice_number, amount_applied = 0 } of payment.invoices ?? []) {
      const earlier = totals.get(String(invoice_id))?.amount ?? 0;
      totals.set(String(invoice_id), { name: oneLine(invoice_number ?? `invoice ${invoice_id}`, 60), amount: sum([earlier, amount_applied]) });
    }
    return totals;
  };
  const [was, is] = [applied(before), applied(after)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .map((id) => ({ name: is.get(id)?.name ?? was.get(id)?.name, from: was.get(id)?.amount ?? 0, to: is.get(id)?.amount ?? 0 }))
    .filter(({ from, to }) => from !== to)
    .map(({ name, from, to }) => `applied to ${name}: ${money(from, before)} → ${money(to, after)}`);
}
