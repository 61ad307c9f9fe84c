/** What a person is asked about before a write. The codes stand in results and in the policy, so they are kept for ever. */
export const concerns = {
  refund: 'money is given back',
  deletion: 'a record is deleted',
  duplicate: 'it looks like a payment or refund that is there already',
  overpaid: 'invoices are named, and more is paid than is applied to them (an advance without invoices is not)',
  tax_withheld: 'more of an invoice is settled by withheld tax than by money',
  exchange_rate: 'the exchange rate is 1, far from every known one, or nearer to a reciprocal',
  amount_lowered: 'an amount that was received is lowered',
  unapplied: 'money is taken off invoices',
  customer_changed: 'a payment is moved to another customer',
  above_limit: "the amount is above the policy's `ask_above`",
  list: 'several payments are recorded with one call',
  not_checked: 'something could not be checked',
} as const;

export type ConcernCode = keyof typeof concerns;
export const concernCodes = Object.keys(concerns) as ConcernCode[];

export interface Concern {
  readonly code: ConcernCode;
  /** What it is in this case, as the end of "You are asked because …". */
  readonly text: string;
}

/**
 * How consent was given: in a window of the host, by a second call that the host lets a person allow, at the command line, or not at all.
 */
export type Asked = 'window' | 'call' | 'terminal' | 'nobody';

/** What a write was judged by, as far as it came: in every result of one. */
export interface Judged {
  /** Undefined for a write of a version that did not note it. */
  readonly asked: Asked | undefined;
  /** Everything that a person was asked about, or would have been. Undefined where what was known of the customer has been removed. */
  readonly concerns: readonly Concern[] | undefined;
}

export const NOT_JUDGED: Judged = { asked: 'nobody', concerns: [] };

export const concern = (code: ConcernCode, text: string): Concern => ({ code, text });
