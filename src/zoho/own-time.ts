/**
 * How long a call has: whoever waits for a place among the calls to Zoho then knows whether one comes in time. Measured by the monotonic
 * clock, since the time of day may jump.
 */

const ends = new WeakMap<AbortSignal, number>();

/** The same signal, of a call that has so long from now. */
export function endingAfter(signal: AbortSignal, ms: number): AbortSignal {
  ends.set(signal, performance.now() + ms);
  return signal;
}

/** When its call ends, by the monotonic clock; Infinity where nobody said. */
export const endOf = (signal: AbortSignal | undefined): number => (signal && ends.get(signal)) ?? Infinity;

/** For what several wait for: it has as long as the call of `signal`, and is not stopped with it. */
export function notStoppedWith(signal: AbortSignal | undefined): AbortSignal | undefined {
  const end = endOf(signal);
  return end === Infinity ? undefined : endingAfter(new AbortController().signal, end - performance.now());
}
