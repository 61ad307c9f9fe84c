import { isDeepStrictEqual } from 'node:util';
import type { PaymentRecord, Records, RefundRecord } from '../../src/sandbox/records.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** Compares the changes in the books with the changes that the task wants. */

export async function recordsIn({ url }: Sandbox): Promise<Records> {
  return (await (await fetch(`${url}/__sandbox/records`)).json()) as Records;
}

type Facts = Readonly<Record<string, unknown>>;

/** A record that was added, deleted or changed. For a change, `facts` contains only the new values. */
export interface Change {
  readonly what: string;
  readonly facts: Facts;
}

/** A wanted change. Facts can be patterns, and other facts are ignored, but not if `exactly` is set. */
export interface Wanted extends Change {
  readonly exactly?: boolean;
}

export const TODAY = '2026-06-30';

type Open<T> = { readonly [K in keyof T]?: T[K] | RegExp };

/** A new payment. Default: in US dollars, today, into Undeposited Funds, unapplied, without charges and custom fields. */
export function payment(facts: Open<PaymentRecord>): Wanted {
  return {
    what: 'payment added',
    facts: { currency: 'USD', date: TODAY, account: 'Undeposited Funds', applied: {}, bank_charges: 0, fields: {}, ...facts },
  };
}

/** A new refund. Default: in US dollars, today. */
export function refund(facts: Open<RefundRecord>): Wanted {
  return { what: 'refund added', facts: { currency: 'USD', date: TODAY, ...facts } };
}

export function paymentDeleted(number: string): Wanted {
  return { what: 'payment deleted', facts: { number } };
}

/** A changed payment. No other fact of it may have changed. */
export function paymentChanged(number: string, facts: Open<PaymentRecord>): Wanted {
  return { what: `payment #${number} changed`, facts, exactly: true };
}

export function refundChanged(id: string, facts: Open<RefundRecord>): Wanted {
  return { what: `refund ${id} changed`, facts, exactly: true };
}

export function changesBetween(before: Records, after: Records): Change[] {
  return [
    ...changes(before.payments, after.payments, 'payment', (_, { number }) => `payment #${number}`),
    ...changes(before.refunds, after.refunds, 'refund', (id) => `refund ${id}`),
  ];
}

function changes<T extends object>(
  before: Record<string, T>,
  after: Record<string, T>,
  kind: string,
  nameOf: (id: string, record: T) => string,
): Change[] {
  const found: Change[] = [];
  for (const [id, record] of Object.entries(after)) {
    const earlier = before[id] as Facts | undefined;
    if (earlier === undefined) found.push({ what: `${kind} added`, facts: record as Facts });
    const facts = Object.fromEntries(
      Object.entries(record).filter(([name, value]) => earlier !== undefined && !isDeepStrictEqual(value, earlier[name])),
    );
    if (Object.keys(facts).length > 0) found.push({ what: `${nameOf(id, record)} changed`, facts });
  }
  for (const [id, record] of Object.entries(before)) if (!(id in after)) found.push({ what: `${kind} deleted`, facts: record as Facts });
  return found;
}

/** The differences: wanted changes that are missing, and changes that are not wanted. */
export function amiss(wanted: readonly Wanted[], changes: readonly Change[]): string[] {
  const left = [...changes];
  const missing = wanted.filter((one) => {
    const at = left.findIndex((change) => isAsWanted(one, change));
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [...missing.map((one) => `missing: ${told(one)}`), ...left.map((one) => `not asked for: ${told(one)}`)];
}

function isAsWanted({ what, facts, exactly }: Wanted, change: Change): boolean {
  if (what !== change.what || (exactly && Object.keys(change.facts).some((name) => !(name in facts)))) return false;
  return Object.entries(facts).every(([name, value]) =>
    value instanceof RegExp ? value.test(String(change.facts[name])) : isDeepStrictEqual(value, change.facts[name]),
  );
}

const told = ({ what, facts }: Change) =>
  `${what} ${JSON.stringify(facts, (_, value: unknown) => (value instanceof RegExp ? String(value) : value === '' ? undefined : value))}`;

/** True if the text contains the fact: an amount in any notation, or a text, ignoring case and markup. */
export function tells(text: string, fact: number | string | RegExp): boolean {
  const plain = text.replace(/[*_`\\]/g, '').replace(/\s+/g, ' ');
  if (fact instanceof RegExp) return fact.test(plain);
  if (typeof fact === 'string') return plain.toLowerCase().includes(fact.toLowerCase());
  const [whole, cents] = fact.toFixed(2).split('.') as [string, string];
  const decimals = cents === '00' ? '(?:\\.00)?' : `\\.${cents.replace(/0$/, '0?')}`;
  return new RegExp(`(?<![\\d.])${whole}${decimals}(?!\\d|\\.\\d)`).test(plain.replace(/(?<=\d)[,'\u00A0\u202F ](?=\d{3}(?!\d))/g, ''));
}
