import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { daysAfter, daysFrom } from '../../src/matching/date-range.ts';
import { readAmount } from '../../src/money.ts';
import { readDay, readFlag, readId } from '../../src/records/read-row.ts';
import { untold, untoldAmounts } from '../support/untold.ts';

describe("an amount in Zoho's answer", () => {
  it('is read from a number, or from a text that contains a plain number', () => {
    expect([450.1, -3, 0, '450.10', '1450.00', '-3', '0', '0.00', '007'].map(readAmount)).toEqual([450.1, -3, 0, 450.1, 1450, -3, 0, 0, 7]);
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e300, max: 1e300 }), (amount) => {
        expect(readAmount(amount)).toBe(
          Math.abs(Number(amount.toPrecision(15)) - amount) < 0.0001 ? Number(amount.toPrecision(15)) + 0 : undefined,
        );
      }),
    );
  });

  it('is rounded to 15 significant digits, which removes errors of binary sums', () => {
    expect([0.1 + 0.2, 993.6700000000001, '993.6700000000001', 1e9 + 0.1].map(readAmount)).toEqual([0.3, 993.67, 993.67, 1000000000.1]);
    expect(readAmount('99999999999999.99')).toBeUndefined();
    fc.assert(fc.property(fc.integer({ min: -1e12, max: 1e12 }), (cents) => readAmount(cents / 100) === cents / 100));
  });

  it('is undefined for any other value', () => {
    const others = untoldAmounts;
    expect(others.map((value) => [value, readAmount(value)])).toEqual(others.map((value) => [value, undefined]));
  });

  it('is never -0', () => {
    expect([-0, '-0', '-0.00'].map((value) => Object.is(readAmount(value), 0))).toEqual([true, true, true]);
  });

  it('is finite or undefined for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.double(), fc.string()), (value) => {
        expect(Number.isFinite(readAmount(value) ?? 0)).toBe(true);
      }),
    );
  });
});

describe("an id in Zoho's answer", () => {
  it('is the same from a number and from a text', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (id) => {
        expect(readId(id)).toBe(readId(String(id)));
      }),
    );
    expect(readId(' 26081500000114002 ')).toBe('26081500000114002');
  });

  it('is undefined for a number that lost digits, and for values that are not ids', () => {
    const others = [...untold.filter((value) => typeof value !== 'string' || value.trim() === ''), 2 ** 53, 1.5, -1, true, false];
    expect(others.map((value) => [value, readId(value)])).toEqual(others.map((value) => [value, undefined]));
  });
});

describe("a date in Zoho's answer", () => {
  const calendar = fc
    .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  const times = fc.constantFrom('', ' 10:15', 'T10:15:00', 'T00:00:00.000Z', 'T10:15:00+0530', ' 10:15:00 AM');

  it('is the same from every format with the year first', () => {
    fc.assert(
      fc.property(calendar, fc.constantFrom('-', '/', '.'), fc.boolean(), times, (day, separator, bare, time) => {
        const [year, month, date] = day.split('-');
        const parts = bare ? [year, Number(month), Number(date)] : [year, month, date];
        expect(readDay(`${parts.join(separator)}${time}`)).toBe(day);
      }),
    );
  });

  it('is undefined for an ambiguous or invalid date', () => {
    const others = [
      ...untold,
      true,
      20260622,
      1782086400000,
      '06/07/2026',
      '22-06-2026',
      '22 Jun 2026',
      '26-06-22',
      '2026-06',
      '2026-06-31',
      '2026-02-29',
      '2026-13-01',
      '2026-00-10',
      '2026-06/22',
      '20260622',
      '2026-06-22x',
      '2026-06-22 later',
    ];
    expect(others.map((value) => [value, readDay(value)])).toEqual(others.map((value) => [value, undefined]));
  });

  it('is a valid date or undefined for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string()), (value) => {
        expect(readDay(value) ?? '2026-06-22').toMatch(/^\d{4}-\d\d-\d\d$/);
      }),
    );
  });
});

describe("a flag in Zoho's answer", () => {
  it('is read as true or false from a boolean or a text, and otherwise is undefined', () => {
    expect([true, 'true', false, 'false'].map(readFlag)).toEqual([true, true, false, false]);
    expect([...untold, 0, 1, 'yes', 'TRUE'].map(readFlag)).toEqual([...untold, 0, 1, 'yes', 'TRUE'].map(() => undefined));
  });
});

describe('a calculation with dates', () => {
  it.each(['', 'soon', '2026-13-45', 'undefined'])('never throws an error for %j', (day) => {
    expect(daysAfter(day, 7)).toBe(day);
    expect(daysFrom(day, '2026-06-22')).toBeNaN();
    expect(daysFrom('2026-06-22', day)).toBeNaN();
  });
});
