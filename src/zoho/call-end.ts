/**
 * Stores the deadline of each call by its AbortSignal, so that the queue of the rate limits knows whether a call can get its place in
 * time. Uses the monotonic clock, because the time of day may jump.
 */

const ends = new WeakMap<AbortSignal, number>();

/** Stores that the call of this signal ends in `ms`. Returns the signal. */
export function endingAfter(signal: AbortSignal, ms: number): AbortSignal {
  ends.set(signal, performance.now() + ms);
  return signal;
}

/** The call's deadline by the monotonic clock. Infinity if none was stored. */
export const endOf = (signal: AbortSignal | undefined): number => (signal && ends.get(signal)) ?? Infinity;

/** A signal for a read that several calls share: it has the deadline of `signal`, but does not abort when `signal` aborts. */
export function notStoppedWith(signal: AbortSignal | undefined): AbortSignal | undefined {
  const end = endOf(signal);
  return end === Infinity ? undefined : endingAfter(new AbortController().signal, end - performance.now());
}
