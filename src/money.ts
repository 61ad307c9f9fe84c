import { Big } from 'big.js';

/**
 * An exact decimal. Zoho sends amounts as JSON numbers. A number with at most 15 significant digits has one shortest decimal form, so
 * `String(number)` is the exact amount, and all calculations use this text.
 */
export type Amount = number;

/** The currency of a record's amounts. */
export interface Currency {
  readonly currency_code?: string | undefined;
  readonly price_precision?: unknown;
}

/** Maximum significant digits that a JSON number keeps. */
export const MAX_DIGITS = 15;

/** The number of decimals of an amount, for example 2 for 149.97. */
export function decimalsOf(amount: Amount): number {
  const { e, c } = new Big(String(amount));
  return Math.max(0, c.length - 1 - e);
}

/** True if a JSON number keeps every digit of the amount. */
export function isExact(amount: Amount): boolean {
  return Number.isFinite(amount) && new Big(String(amount)).c.length <= MAX_DIGITS;
}

/**
 * Reads an amount from a JSON number or a plain number in text ("1450.00"). Undefined for everything else: null, a missing value,
 * "1,450.00" and "4.5e2" never become 0 or a guess. 1e999 is valid JSON but not an amount. Removes rounding errors of binary addition
 * after the 15th digit (993.6700000000001).
 */
export function readAmount(value: unknown): Amount | undefined {
  const amount = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return undefined;
  const exact = Number(amount.toPrecision(MAX_DIGITS));
  // In a very large amount, digits after the 15th are cents, so the amount is refused. `+ 0` removes the sign of "-0.00".
  return Number.isFinite(exact) && Math.abs(exact - amount) < 0.0001 ? exact + 0 : undefined;
}

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, amount) => total.plus(String(amount)), new Big(0)).toNumber();
}

export function subtract(from: Amount, amount: Amount): Amount {
  return new Big(String(from)).minus(String(amount)).toNumber();
}

/** True if two exchange rates differ by less than a cent in a million. */
export function sameRate(one: number, other: number): boolean {
  return Math.abs(one / other - 1) < 1e-8;
}

/**
 * Converts an amount exactly and rounds half up to the currency's decimals, like Zoho: `USD 804.00`.
 */
export function formatConverted(amount: Amount, rate: number, currencyCode: string, pricePrecision?: unknown): string {
  const exact = new Big(String(amount)).times(String(rate));
  const precision = precisionOf(currencyCode, pricePrecision);
  return `${currencyCode} ${precision === undefined ? exact.toFixed() : exact.toFixed(precision, Big.roundHalfUp)}`;
}

/**
 * The number of decimals of a currency: Zoho's `price_precision`, otherwise ISO 4217 (from Node). Undefined if both are unknown.
 */
export function precisionOf(currencyCode: string | undefined, pricePrecision?: unknown): number | undefined {
  if (Number.isInteger(pricePrecision) && Number(pricePrecision) >= 0 && Number(pricePrecision) <= MAX_DIGITS)
    return Number(pricePrecision);
  if (currencyCode === undefined || !/^[A-Z]{3}$/.test(currencyCode)) return undefined;
  return new Intl.NumberFormat('en', { style: 'currency', currency: currencyCode }).resolvedOptions().maximumFractionDigits;
}

/** Formats an amount as `USD 1450.00`, or as a plain number without a currency. Shows every digit, even beyond the precision. */
export function formatMoney(amount: Amount, currencyCode?: string, precision = precisionOf(currencyCode)): string {
  const decimals = Math.max(precision ?? 0, decimalsOf(amount));
  const text = new Big(String(amount)).toFixed(decimals);
  return currencyCode ? `${currencyCode} ${text}` : text;
}
