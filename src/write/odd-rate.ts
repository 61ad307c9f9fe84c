import type { RateFacts } from '../endpoint.ts';

/** Whether an exchange rate is one that a person must be asked about. */

/** How far from every known rate it may be where the policy does not say, as a fraction. */
export const RATE_TOLERANCE = 0.2;

/** A rate this near to its own reciprocal tells nothing by being near to it: the euro at 1.01 is as far from 1 as its reciprocal is. */
const PRACTICALLY_THE_SAME = 0.02;

/** Why it is odd, with both results in base currency; undefined where it is not. */
export function oddRate({ given, result, known }: RateFacts, tolerance = RATE_TOLERANCE): string | undefined {
  const nearest = known.toSorted((a, b) => rateDistance(given, a.rate) - rateDistance(given, b.rate))[0];
  const both = nearest === undefined ? '' : `: it makes ${result}, and ${nearest.rate}, the rate ${nearest.of}, makes ${nearest.result}`;
  if (given === 1) return `an exchange rate of just 1 is hardly ever right${both}`;
  if (nearest === undefined) return undefined;
  const { rate } = nearest;
  const turned = known.find(
    (one) => rateDistance(one.rate, 1 / one.rate) > PRACTICALLY_THE_SAME && rateDistance(given, 1 / one.rate) < rateDistance(given, rate),
  );
  if (turned !== undefined) return `the exchange rate ${given} is nearer to the reciprocal of ${turned.rate} than to any known rate${both}`;
  if (known.some((one) => Math.abs(given - one.rate) <= one.rate * tolerance * (1 + ROUNDING))) return undefined;
  return `the exchange rate ${given} differs from every known one by more than ${Number((tolerance * 100).toPrecision(6))} %${both}`;
}

/** A fifth more than 1.5 is 1.8, whatever the last bit says. */
const ROUNDING = 1e-12;

/** How far apart two rates are, the same in both directions: 0 for equal ones, about 0.2 for a fifth. */
function rateDistance(one: number, other: number): number {
  return Math.abs(Math.log(one / other));
}
