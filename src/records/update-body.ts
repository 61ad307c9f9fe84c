import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { readAmount, sum } from '../money.ts';
import { settledBy, withheldOn, type AppliedRow } from './applied.ts';
import type { Payment } from './fields.ts';

/** The body that an update of a payment sends. */

interface InvoiceArguments {
  invoices?: readonly AppliedRow[] | undefined;
  replace_invoices?: boolean | undefined;
}

/** The body of a payment's PUT: the changed fields, and the full list of invoices if the call names an invoice. */
export function changesOf<T extends InvoiceArguments>(
  { invoices, replace_invoices = false, ...fields }: T,
  before: Payment | undefined,
): Record<string, unknown> {
  if (invoices === undefined) {
    if (replace_invoices)
      throw invalid(
        '`replace_invoices` needs `invoices`, the new list.',
        'Also send `invoices` ([] un-applies all), or omit `replace_invoices`.',
      );
    return fields;
  }
  refuseSameInvoiceTwice(invoices);
  const kept = replace_invoices || before === undefined ? [] : rowsKept(before, invoices);
  const named = invoices.filter((row) => settledBy(row) > 0).map((row) => ({ ...keptOfNamed(before, row), ...row }));
  return { ...fields, invoices: [...kept, ...named].map(withoutUndefined) };
}

/** Throws if two rows name the same invoice, because each row is checked as the only row of its invoice. */
export function refuseSameInvoiceTwice(rows: readonly AppliedRow[]): void {
  if (new Set(rows.map((row) => row.invoice_id)).size === rows.length) return;
  throw invalid('`invoices` names the same invoice more than once.', 'Send one row per invoice, with the total to apply to it.');
}

/**
 * The rows that do not change. Zoho replaces the full list, so these rows must be sent too, with their `invoice_payment_id`. Throws if Zoho
 * does not show them, because an incomplete list would un-apply invoices.
 */
function rowsKept(before: Payment, rows: readonly AppliedRow[]): Json[] {
  const named = new Set(rows.map((row) => row.invoice_id));
  if (before.invoices === undefined) throw cannotSee();
  return before.invoices.flatMap(({ invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount }) => {
    if (invoice_id === undefined) throw cannotSee();
    if (named.has(invoice_id)) return [];
    if (amount_applied === undefined || withheldOn({ tax_amount_withheld }) === undefined) throw cannotSee();
    return [{ invoice_id, invoice_payment_id, amount_applied, tax_amount_withheld, discount_amount }];
  });
}

/** The fields that do not change in a row that the call names. If Zoho has several rows of the invoice, the first row gets their totals. */
function keptOfNamed(before: Payment | undefined, { invoice_id }: AppliedRow): Json {
  const rows = (before?.invoices ?? []).filter((row) => row.invoice_id === invoice_id);
  const total = (name: string) => {
    const amounts = rows.map((row) => (row[name] === undefined ? 0 : readAmount(row[name])));
    if (!amounts.every((amount) => amount !== undefined)) throw cannotSee();
    return sum(amounts) || undefined;
  };
  return {
    invoice_payment_id: rows[0]?.['invoice_payment_id'],
    tax_amount_withheld: total('tax_amount_withheld'),
    discount_amount: total('discount_amount'),
  };
}

function withoutUndefined(row: Json): Json {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

function invalid(message: string, next: string): InputError {
  return new InputError(message, { code: 'invalid_arguments', next });
}

function cannotSee(): InputError {
  return new InputError(
    "Zoho's answer did not show what the payment is applied to, " +
      'so an incomplete `invoices` list could un-apply the payment from its other invoices.',
    {
      code: 'cannot_merge_invoices',
      next: 'Make the same call again in a little while, or send the whole list with replace_invoices: true.',
    },
  );
}

export function namesAnything(fields: Record<string, unknown>): boolean {
  return Object.values(fields).some((value) => value !== undefined);
}

/** Throws if an update names nothing to change, because that is a mistake of the caller and not a success. */
export function refuseNoChange(fields: Record<string, unknown>): void {
  if (namesAnything(fields)) return;
  throw invalid('The call names nothing to change.', 'Call again with the fields to change and their new values.');
}
