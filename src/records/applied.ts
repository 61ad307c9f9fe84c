import type { Json } from '../json.ts';
import { readAmount, sum } from '../money.ts';
import type { Payment } from './fields.ts';
import { readId } from './read-row.ts';

/** One row of `invoices`, as a call names it: what is to be applied to an invoice, and the tax withheld on it. */
export interface AppliedRow {
  readonly invoice_id: string;
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}

/**
 * What of a payment stands on an invoice: the money applied to it, and the tax that the customer withheld. The tax settles the
 * invoice too, and is no part of the payment's `amount`.
 */
export interface Standing {
  readonly amount_applied: number;
  readonly tax_amount_withheld: number;
}

/** The tax withheld on one row: 0 where the row names none, undefined where what it names cannot be read. */
export function withheldOn({ tax_amount_withheld: tax }: Json): number | undefined {
  return tax === undefined || tax === null || tax === '' ? 0 : readAmount(tax);
}

/** What stands on an invoice of which the payment has no row. */
export const NOTHING: Standing = { amount_applied: 0, tax_amount_withheld: 0 };

/** What stands on one invoice; undefined where Zoho does not tell it. */
export function standsOn(standing: ReadonlyMap<string, Standing | undefined>, invoice_id: string): Standing | undefined {
  return standing.has(invoice_id) ? standing.get(invoice_id) : NOTHING;
}

/** By how much it settles its invoice. */
export function settledBy({
  amount_applied,
  tax_amount_withheld = 0,
}: {
  readonly amount_applied: number;
  readonly tax_amount_withheld?: number | undefined;
}): number {
  return sum([amount_applied, tax_amount_withheld]);
}

/** By invoice, several rows of one taken together; undefined for one of which Zoho does not tell how much stands on it. */
export function standingOn(payment: Pick<Payment, 'invoices'>): Map<string, Standing | undefined> {
  const standing = new Map<string, Standing | undefined>();
  // Anything may stand in its place in an answer.
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

/** Zoho takes the tax that is named for the payment as a whole as that of its invoice, where it has just one and the row names none. */
export function withTaxOfPayment<R extends { readonly tax_amount_withheld?: number | undefined }>(
  rows: readonly R[],
  tax: number | undefined,
): readonly R[] {
  const [only] = rows;
  return tax === undefined || only === undefined || rows.length > 1 || only.tax_amount_withheld
    ? rows
    : [{ ...only, tax_amount_withheld: tax }];
}

/** Under which rows stand that do not name their invoice. */
const NOT_TOLD = 'not told';
