import type { Json } from '../json.ts';
import { readAmount, sum } from '../money.ts';
import type { Payment } from './fields.ts';
import { readId } from './read-row.ts';

/** One row of the argument `invoices`: the amount to apply to an invoice, and the tax withheld on that invoice. */
export interface AppliedRow {
  readonly invoice_id: string;
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}

/**
 * The part of an invoice that a payment settles: the applied money, and the tax that the customer withheld. The tax is not part of the
 * payment's `amount`.
 */
export interface Standing {
  readonly amount_applied: number;
  readonly tax_amount_withheld: number;
}

/** The tax withheld on one row: 0 if the row has none, undefined if the value cannot be read. */
export function withheldOn({ tax_amount_withheld: tax }: Json): number | undefined {
  return tax === undefined || tax === null || tax === '' ? 0 : readAmount(tax);
}

/** The standing of an invoice that the payment has no row for. */
export const NOTHING: Standing = { amount_applied: 0, tax_amount_withheld: 0 };

/** The standing of one invoice. Undefined if Zoho does not show it. */
export function standsOn(standing: ReadonlyMap<string, Standing | undefined>, invoice_id: string): Standing | undefined {
  return standing.has(invoice_id) ? standing.get(invoice_id) : NOTHING;
}

/** The amount by which a row settles its invoice: money plus withheld tax. */
export function settledBy({
  amount_applied,
  tax_amount_withheld = 0,
}: {
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}): number {
  return sum([amount_applied, tax_amount_withheld]);
}

/** Standings by invoice id. Several rows of one invoice are added up. Undefined for an invoice if Zoho does not show an amount. */
export function standingOn(payment: Pick<Payment, 'invoices'>): Map<string, Standing | undefined> {
  const standing = new Map<string, Standing | undefined>();
  // In an answer, `invoices` may be any value.
  for (const row of Array.isArray(payment.invoices) ? payment.invoices : []) {
    const id = readId(row.invoice_id) ?? NOT_TOLD;
    const [amount_applied, tax_amount_withheld] = [readAmount(row.amount_applied), withheldOn(row)];
    const earlier = standsOn(standing, id);
    const isTold = earlier !== undefined && amount_applied !== undefined && tax_amount_withheld !== undefined;
    standing.set(
      id,
      isTold
        ? {
            amount_applied: sum([earlier.amount_applied, amount_applied]),
            tax_amount_withheld: sum([earlier.tax_amount_withheld, tax_amount_withheld]),
          }
        : undefined,
    );
  }
  return standing;
}

/** The rows in Zoho's interpretation: if the only row has no tax, the tax withheld on the payment belongs to the row's invoice. */
export function withTaxOfPayment<R extends { readonly tax_amount_withheld?: number | undefined }>(
  rows: readonly R[],
  tax: number | undefined,
): readonly R[] {
  const [only] = rows;
  return tax === undefined || only === undefined || rows.length > 1 || only.tax_amount_withheld
    ? rows
    : [{ ...only, tax_amount_withheld: tax }];
}

/** The key for rows that do not name their invoice. */
const NOT_TOLD = 'not told';
