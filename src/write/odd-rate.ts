import type { RateFacts } from '../endpoint.ts';

/** Decides whether to ask the user about an exchange rate. */

/** The most that a rate may differ from every known rate, as a fraction. The policy can set another value. */
export const RATE_TOLERANCE = 0.2;

/** A known rate this near to 1 cannot show that a rate is inverted: 1.01 and its reciprocal 0.99 are nearly the same. */
const PRACTICALLY_THE_SAME = 0.02;

/** The reason why the rate is odd, with the result of both rates in base currency. Undefined if it is not odd. */
export function oddRate({ given, result, known }: RateFacts, tolerance = RATE_TOLERANCE): string | undefined {
  const nearest = known.toSorted((a, b) => rateDistance(given, a.rate) - rateDistance(given, b.rate))[0];
  const both = nearest === undefined ? '' : `: it gives ${result}; the rate ${nearest.of} (${nearest.rate}) gives ${nearest.result}`;
  if (given === 1) return `an exchange rate of exactly 1 is rarely right${both}`;
  if (nearest === undefined) return undefined;
  const { rate } = nearest;
  const turned = known.find(
    (one) => rateDistance(one.rate, 1 / one.rate) > PRACTICALLY_THE_SAME && rateDistance(given, 1 / one.rate) < rateDistance(given, rate),
  );
  if (turned !== undefined)
    return `the exchange rate ${given} is closer to 1/${turned.rate} than to any known rate, so it may be inverted${both}`;
  if (known.some((one) => Math.abs(given - one.rate) <= one.rate * tolerance * (1 + ROUNDING))) return undefined;
  return `the exchange rate ${given} differs from every known rate by more than ${Number((tolerance * 100).toPrecision(6))} %${both}`;
}

/** Allows for floating-point errors: 1.8 must count as exactly a fifth more than 1.5. */
const ROUNDING = 1e-12;

/** The distance of two rates, in either order: 0 if they are equal, about 0.2 if one is a fifth higher. */
function rateDistance(one: number, other: number): number {
  return Math.abs(Math.log(one / other));
}
