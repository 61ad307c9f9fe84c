import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalsOf, formatMoney, isExact, precisionOf, subtract, sum } from '../src/money.ts';

/** Amounts of up to 12 digits before and 3 digits after the decimal point, as text. */
const written = fc
  .tuple(fc.integer({ min: 0, max: 999_999_999_999 }), fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 3 }))
  .map(([whole, fraction, decimals]) => ({
    text: decimals === 0 ? String(whole) : `${whole}.${String(fraction).padStart(3, '0').slice(0, decimals)}`,
    decimals,
  }));

/** The same amount in thousandths, as an integer. */
const thousandths = (text: string) => {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * 1000n + BigInt(fraction.padEnd(3, '0'));
};
const fromThousandths = (n: bigint) => Number(`${n / 1000n}.${String(n % 1000n).padStart(3, '0')}`);

describe('amounts of money', () => {
  it('keep every digit', () => {
    fc.assert(
      fc.property(written, ({ text }) => {
        expect(isExact(Number(text))).toBe(true);
        expect(thousandths(formatMoney(Number(text)))).toBe(thousandths(text));
      }),
    );
  });

  it('are added and subtracted exactly', () => {
    fc.assert(
      fc.property(fc.array(written, { maxLength: 20 }), (amounts) => {
        const total = amounts.reduce((all, { text }) => all + thousandths(text), 0n);
        expect(sum(amounts.map(({ text }) => Number(text)))).toBe(fromThousandths(total));
      }),
    );
    expect(sum([0.1, 0.2])).toBe(0.3);
    expect(subtract(450.1, 450)).toBe(0.1);
  });

  it('have as many decimals as without zeros at the end', () => {
    expect([450, 450.5, 149.97, 1e-7, 1e21].map(decimalsOf)).toEqual([0, 1, 2, 7, 0]);
  });

  it('are recognized if a JSON number cannot hold them', () => {
    expect(isExact(0.1 + 0.2)).toBe(false);
    expect(isExact(Number.POSITIVE_INFINITY)).toBe(false);
  });

  it('get their number of decimals from Zoho, or else from ISO 4217', () => {
    expect(precisionOf('USD', 3)).toBe(3);
    expect(['USD', 'JPY', 'KWD'].map((code) => precisionOf(code))).toEqual([2, 0, 3]);
    expect(precisionOf(undefined)).toBeUndefined();
    expect(precisionOf('not a currency')).toBeUndefined();
  });

  it('are shown with the decimals of their currency', () => {
    expect(formatMoney(450, 'USD')).toBe('USD 450.00');
    expect(formatMoney(450, 'JPY')).toBe('JPY 450');
    expect(formatMoney(0.005, 'USD')).toBe('USD 0.005');
  });
});
