import type { StatementLine } from '../../statement/statement-lines.ts';
import type { NamedContact, NamesFound } from './names-in-text.ts';
import type { NumbersFound } from './numbers-in-text.ts';

/** Types of the matcher: the books that the lines of a statement are compared with, and the matched lines. */

/** A payment or refund that is recorded. */
export interface BookRecord {
  readonly payment_id: string;
  /** Of a refund. */
  readonly refund_id?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly date: string;
  /** More than 0, also of a refund. */
  readonly amount: number;
  readonly currency_code?: string | undefined;
  /** In the base currency of the books. */
  readonly base_amount?: number | undefined;
  readonly reference_number?: string | undefined;
  readonly payment_mode?: string | undefined;
  readonly invoice_numbers: readonly string[];
  /** The record's account, compared with the statement's. A line of any bank account may be the deposit of Undeposited Funds. */
  readonly account: 'this' | 'undeposited' | 'unknown' | 'another';
}

export interface OpenInvoice {
  readonly invoice_id: string;
  readonly invoice_number: string;
  readonly customer_id: string;
  readonly customer_name?: string | undefined;
  readonly balance: number;
  readonly date?: string | undefined;
  readonly currency_code?: string | undefined;
}

export interface StatementBooks {
  readonly records: readonly BookRecord[];
  readonly invoices: readonly OpenInvoice[];
  /** Customers and vendors. */
  readonly contacts: readonly (NamedContact & { readonly is_customer: boolean })[];
  /** Customers whose open invoices are not all known. */
  readonly unclear: ReadonlySet<string>;
  /** True if everything is known that a line with this date depends on. */
  isComplete(date: string): boolean;
}

export interface AppliedAmount {
  readonly invoice_id: string;
  readonly invoice_number: string;
  readonly amount: number;
}

/** A record or invoices that a line may show. */
export type Candidate = {
  readonly payment_id?: string | undefined;
  readonly refund_id?: string | undefined;
  readonly customer_id?: string | undefined;
  readonly customer_name?: string | undefined;
  readonly invoices?: readonly AppliedAmount[] | undefined;
  readonly reason: string;
};

export type MatchedLine = Candidate & {
  readonly line: number;
  readonly status: 'recorded' | 'fits' | 'likely' | 'unknown';
  readonly candidates?: readonly Candidate[];
};

/** A line, with the names and numbers in its texts. */
export interface ReadLine {
  readonly line: StatementLine;
  readonly names: NamesFound;
  readonly numbers: NumbersFound;
}

/** Whether both amounts can be of one currency. */
export const sameCurrency = (one: string | undefined, other: string | undefined): boolean =>
  one === undefined || other === undefined || one === other;

/** True if the invoice was issued by this day. An earlier payment names the invoice number. */
export const isIssued = ({ date }: OpenInvoice, day: string): boolean => date === undefined || date <= day;

/** True if two lines are equal in everything. They are still two payments. */
export function isEqualLine({ line: one }: ReadLine, { line: other }: ReadLine): boolean {
  return (['date', 'amount', 'text', 'name', 'reference', 'currency'] as const).every((field) => one[field] === other[field]);
}

/** A key for comparing amounts without their sign. */
export const amountKey = (amount: number): string => String(Math.abs(amount));

export function grouped<T, K>(all: readonly T[], keyOf: (one: T, i: number) => K): Map<K, number[]> {
  const groups = new Map<K, number[]>();
  for (const [i, one] of all.entries()) {
    const group = groups.get(keyOf(one, i));
    if (group === undefined) groups.set(keyOf(one, i), [i]);
    else group.push(i);
  }
  return groups;
}
