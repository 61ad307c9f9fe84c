/**
 * Notes with the signal of a call when the call ends. A call that waits for its place in the limits then knows whether the place comes in
 * time. The monotonic clock is used, since the time of day may jump.
 */

const ends = new WeakMap<AbortSignal, number>();

/** Notes that the call of this signal ends in `ms`. Returns the signal. */
export function endingAfter(signal: AbortSignal, ms: number): AbortSignal {
  ends.set(signal, performance.now() + ms);
  return signal;
}

/** When the call ends, by the monotonic clock. Infinity if that was not noted. */
export const endOf = (signal: AbortSignal | undefined): number => (signal && ends.get(signal)) ?? Infinity;

/** A signal for a read that several calls share: the read ends when the call of `signal` would, but is not stopped with that call. */
export function notStoppedWith(signal: AbortSignal | undefined): AbortSignal | undefined {
  const end = endOf(signal);
  return end === Infinity ? undefined : endingAfter(new AbortController().signal, end - performance.now());
}
