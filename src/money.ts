import { Big } from 'big.js';

/**
 * Exact decimals. Amounts cross the wire as JSON numbers; a number with at most 15 significant digits has exactly one
 * shortest decimal form, so `String(number)` is the amount that was meant, and every sum is made from that.
 */
export type Amount = number;

/** What a record says of the currency of its amounts. */
export interface Currency {
  readonly currency_code?: string | undefined;
  readonly price_precision?: unknown;
}

/** The most significant digits a JSON number carries without losing one. */
export const MAX_DIGITS = 15;

/** Decimals of an amount as written, for example 2 for 149.97. */
export function decimalsOf(amount: Amount): number {
  const { e, c } = new Big(String(amount));
  return Math.max(0, c.length - 1 - e);
}

/** Whether a JSON number can stand for this amount without losing a digit. */
export function isExact(amount: Amount): boolean {
  return Number.isFinite(amount) && new Big(String(amount)).c.length <= MAX_DIGITS;
}

/**
 * The amount that Zoho tells, as a JSON number or as a plain number in text ("1450.00"). Undefined where it tells none: null,
 * nothing, "1,450.00" and "4.5e2" are not 0, and not a guess either. JSON has 1e999, which is no amount. What an addition in binary
 * leaves behind the 15th digit (993.6700000000001) is no part of it.
 */
export function readAmount(value: unknown): Amount | undefined {
  const amount = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return undefined;
  const exact = Number(amount.toPrecision(MAX_DIGITS));
  // More digits than that of an amount so large are its cents. Without a sign on 0: "-0.00" would be shown as it stands.
  return Number.isFinite(exact) && Math.abs(exact - amount) < 0.0001 ? exact + 0 : undefined;
}

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce((total, amount) => total.plus(String(amount)), new Big(0)).toNumber();
}

export function subtract(from: Amount, amount: Amount): Amount {
  return new Big(String(from)).minus(String(amount)).toNumber();
}

/** Whether two exchange rates are the same to a cent in a million. */
export function sameRate(one: number, other: number): boolean {
  return Math.abs(one / other - 1) < 1e-8;
}

/**
 * An amount at an exchange rate, worked out exactly and rounded half up to the decimals of the currency, as Zoho books it: `USD 804.00`.
 */
export function formatConverted(amount: Amount, rate: number, currencyCode: string, pricePrecision?: unknown): string {
  const exact = new Big(String(amount)).times(String(rate));
  const precision = precisionOf(currencyCode, pricePrecision);
  return `${currencyCode} ${precision === undefined ? exact.toFixed() : exact.toFixed(precision, Big.roundHalfUp)}`;
}

/**
 * Decimals a currency allows. Zoho's own `price_precision` wins; ISO 4217 (as Node knows it) is asked without it.
 * Undefined when neither says.
 */
export function precisionOf(currencyCode: string | undefined, pricePrecision?: unknown): number | undefined {
  if (Number.isInteger(pricePrecision) && Number(pricePrecision) >= 0 && Number(pricePrecision) <= MAX_DIGITS)
    return Number(pricePrecision);
  if (currencyCode === undefined || !/^[A-Z]{3}$/.test(currencyCode)) return undefined;
  return new Intl.NumberFormat('en', { style: 'currency', currency: currencyCode }).resolvedOptions().maximumFractionDigits;
}

/** `USD 1450.00`; without a currency the plain number. Every digit is shown, also beyond the precision. */
export function formatMoney(amount: Amount, currencyCode?: string, precision = precisionOf(currencyCode)): string {
  const decimals = Math.max(precision ?? 0, decimalsOf(amount));
  const text = new Big(String(amount)).toFixed(decimals);
  return currencyCode ? `${currencyCode} ${text}` : text;
}
