/** Reasons to ask the user before a write. Results and policies contain the codes, so a code must never change. */
export const concerns = {
  refund: 'a refund is recorded or changed',
  deletion: 'a record is deleted',
  duplicate: 'a similar payment or refund already exists',
  overpaid: 'the payment is more than the sum applied to the named invoices (an advance without invoices is no concern)',
  tax_withheld: 'the withheld tax on an invoice is more than the money applied to it',
  exchange_rate: 'the exchange rate is exactly 1, or is far from every known rate, or may be inverted (1 divided by a known rate)',
  amount_lowered: 'the received amount is lowered',
  unapplied: 'money is un-applied from invoices',
  customer_changed: 'a payment is moved to another customer',
  above_limit: "the amount is above the policy's `ask_above`",
  list: 'several payments are recorded with one call',
  not_checked: 'a check could not be made',
} as const;

export type ConcernCode = keyof typeof concerns;
export const concernCodes = Object.keys(concerns) as ConcernCode[];

export interface Concern {
  readonly code: ConcernCode;
  /** The reason in this case. The text completes "You are asked because …". */
  readonly text: string;
}

/**
 * How the user gave consent: in a form of the host, by allowing a second call in the host, at the command line, or not at all.
 */
export type Asked = 'window' | 'call' | 'terminal' | 'nobody';

/** Consent and concerns of a write. Every result of a write contains both, even if the write stopped early. */
export interface Judged {
  /** Undefined for a write of an older version that did not note it. */
  readonly asked: Asked | undefined;
  /** All concerns, even if nobody was asked. Undefined if the customer's data was removed from the journal. */
  readonly concerns: readonly Concern[] | undefined;
}

export const NOT_JUDGED: Judged = { asked: 'nobody', concerns: [] };

export const concern = (code: ConcernCode, text: string): Concern => ({ code, text });
