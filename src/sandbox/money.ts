/**
 * Money in the sandbox is an integer count of mills: thousandths of the currency unit, whatever the currency.
 * One scale for all of them lets amounts of different currencies be compared and filtered by face value, and holds
 * JPY (no decimals), USD (two) and the three-decimal currencies alike. Mills stay far below 2^53.
 */
const MILL_DIGITS = 3;
const LARGEST_MILLS = 9_000_000_000_000_000n;

const DECIMAL = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads a JSON number or numeric string exactly, as `digits` decimal places, rounding half up. Undefined if it is no number. */
export function parseDecimal(value: unknown, digits: number): bigint | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const match = DECIMAL.exec(String(value).trim());
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const shift = digits - fraction.length + Number(exponent);
  if (Math.abs(shift) > 100) return undefined;
  let scaled = BigInt(whole + fraction);
  if (shift >= 0) scaled *= 10n ** BigInt(shift);
  else scaled = divideHalfUp(scaled, 10n ** BigInt(-shift));
  return sign === '-' ? -scaled : scaled;
}

/** Mills rounded half up to the currency's precision (guess: Zoho says rounding_mode round_half_up and does not object). */
export function parseMills(value: unknown, precision: number): number | undefined {
  const units = parseDecimal(value, precision);
  if (units === undefined) return undefined;
  const mills = units * 10n ** BigInt(MILL_DIGITS - precision);
  return mills > LARGEST_MILLS || mills < -LARGEST_MILLS ? undefined : Number(mills);
}

/** A JSON number as Zoho writes it: 750, 149.97. The quotient of integers is the double nearest to the decimal. */
export function moneyNumber(mills: number): number {
  return mills / 10 ** MILL_DIGITS;
}

/** Exchange rates are integers scaled by 10^10, so that conversion is exact. */
const RATE_DIGITS = 10;
export const RATE_ONE = 10 ** RATE_DIGITS;

export function parseRate(value: unknown): number | undefined {
  const rate = parseDecimal(value, RATE_DIGITS);
  return rate === undefined || rate <= 0n || rate > LARGEST_MILLS ? undefined : Number(rate);
}

export function rateNumber(rate: number): number {
  return rate / RATE_ONE;
}

/** Mills of another currency at a rate, rounded half up to that currency's precision. */
export function convert(mills: number, rate: number, precision: number): number {
  // Most money is in the base currency already; lists and checks convert it by the thousand.
  if (mills === 0 || (rate === RATE_ONE && mills % 10 ** (MILL_DIGITS - precision) === 0)) return mills;
  const step = 10n ** BigInt(MILL_DIGITS - precision);
  const product = BigInt(mills) * BigInt(rate);
  const magnitude = product < 0n ? -product : product;
  const rounded = divideHalfUp(magnitude, BigInt(RATE_ONE) * step) * step;
  return Number(product < 0n ? -rounded : rounded);
}

/** Half up, for values that are not negative. */
function divideHalfUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor / 2n) / divisor;
}
