import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceFilter, referenceLikeness, slipFilters, SLIP_OFF } from '../../src/matching/alike-references.ts';
import { amountSlip } from '../../src/matching/slips.ts';

/** A number with one typing error anywhere is similar, and the filters for Zoho find it. */

const digit = fc.integer({ min: 0, max: 9 }).map(String);
const number = (minLength: number) => fc.array(digit, { minLength, maxLength: 12 }).map((digits) => ['1', ...digits].join(''));

/** A number, and the same number with one typing error. */
const slipped = (minLength: number) =>
  fc
    .tuple(number(minLength), fc.nat(), digit, fc.constantFrom('other', 'missing', 'more', 'doubled', 'swapped'))
    .map(([told, at, other, kind]) => {
      // The first digit is kept, so that the number never begins with a zero.
      const i = 1 + (at % (told.length - 2));
      const [before, here, after] = [told.slice(0, i), told[i]!, told.slice(i + 1)];
      const typed = {
        other: before + other + after,
        missing: before + after,
        more: before + other + here + after,
        doubled: before + here + here + after,
        swapped: before + after[0]! + here + after.slice(1),
      }[kind];
      return { told, typed };
    })
    .filter(({ told, typed }) => told !== typed);

const written = fc.constantFrom(
  (text: string) => text,
  (text: string) => `check ${text}`,
  (text: string) => `CHK-${text}`,
  (text: string) => `ref: ${text}`,
  (text: string) => ` ${text} `,
  (text: string) => `#${text}.`,
);

describe('a number with one typing error', () => {
  it('counts as similar in any spelling, also inside a longer number', () => {
    fc.assert(
      fc.property(slipped(4), written, written, ({ told, typed }, ours, theirs) => {
        const likeness = referenceLikeness(ours(typed), theirs(told));
        expect(likeness?.off).toBeGreaterThan(0);
        if (!told.includes(typed)) expect(likeness).toMatchObject({ near: true, off: SLIP_OFF });
      }),
      { numRuns: 1000 },
    );
  });

  it('is found by at least one of the filters for Zoho', () => {
    fc.assert(
      fc.property(slipped(4), written, ({ told, typed }, ours) => {
        expect(
          slipFilters(ours(typed)).some((part) => told.includes(part)),
          `${typed} ${told}`,
        ).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('never counts as equal, and an equal number never counts as similar', () => {
    fc.assert(
      fc.property(number(2), written, (told, theirs) => {
        expect(referenceLikeness(theirs(told), theirs(told))).toEqual({ off: 0, why: 'same reference' });
        expect(theirs(told).includes(referenceFilter(`check ${told}`))).toBe(true);
      }),
    );
  });
});

it.each([
  ['12345', '12399'],
  ['12345', '21354'],
  ['12345', '123'],
  ['1234567', '12345'],
  ['12345', ''],
  ['12345', 'ADVANCE'],
  ['12', '13'],
  ['', '12345'],
])('%j and %j count as different references, or are too short to compare', (typed, told) => {
  expect(referenceLikeness(typed, told)).toBeUndefined();
});

it.each([
  [450, 540, 'two digits swapped'],
  [1234.56, 1243.56, 'two digits swapped'],
  [12.34, 13.24, 'two digits swapped'],
  [45, 450, 'decimal point moved'],
  [149.97, 14_997, 'decimal point moved'],
  [0.5, 500, 'decimal point moved'],
  [1250, 12_250, 'one digit more'],
  [12_250, 1250, 'one digit fewer'],
  [450, 450, undefined],
  [450, 460, undefined],
  [450, 900, undefined],
  [0, 450, undefined],
])('the amount %d, typed instead of %d, has the typing error: %s', (typed, told, slip) => {
  expect(amountSlip(typed, told)).toBe(slip);
});
