/**
 * Amounts in the sandbox are integers in mills: thousandths of the currency unit, for every currency.
 * With one scale for all, SQL can compare and filter amounts of different currencies by face value. It fits JPY (no decimals), USD (two)
 * and currencies with three decimals. Mills stay far below 2^53.
 */
const MILL_DIGITS = 3;
const LARGEST_MILLS = 9_000_000_000_000_000n;

const DECIMAL = /^([+-]?)(\d{0,30})(?:\.(\d{0,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

/** Reads a JSON number or numeric string exactly, with `digits` decimal places, rounded half up. Undefined if it is not a number. */
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

/** Mills, rounded half up to the currency's precision (guess: Zoho's rounding_mode is round_half_up, and Zoho does not refuse). */
export function parseMills(value: unknown, precision: number): number | undefined {
  const units = parseDecimal(value, precision);
  if (units === undefined) return undefined;
  const mills = units * 10n ** BigInt(MILL_DIGITS - precision);
  return mills > LARGEST_MILLS || mills < -LARGEST_MILLS ? undefined : Number(mills);
}

/** An amount as Zoho writes it in JSON: 750, 149.97. The quotient of integers is the double nearest to the decimal. */
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
  // Most amounts are already in the base currency, and lists and checks convert thousands of them.
  if (mills === 0 || (rate === RATE_ONE && mills % 10 ** (MILL_DIGITS - precision) === 0)) return mills;
  const step = 10n ** BigInt(MILL_DIGITS - precision);
  const product = BigInt(mills) * BigInt(rate);
  const magnitude = product < 0n ? -product : product;
  const rounded = divideHalfUp(magnitude, BigInt(RATE_ONE) * step) * step;
  return Number(product < 0n ? -rounded : rounded);
}

/** Divides and rounds half up. The values must not be negative. */
function divideHalfUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor / 2n) / divisor;
}
