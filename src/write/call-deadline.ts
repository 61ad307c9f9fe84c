import { BusyError } from '../errors.ts';
import { endingAfter } from '../zoho/call-end.ts';
import type { Call, Road } from './types.ts';

/**
 * The time of one call of a write, since hosts give up on a call after a minute. Before the claim it has only a part of it, so
 * that enough is left to send and to look; what is not known by its end is unknown, and looked for later.
 */
export async function withinDeadline<T>(call: Call, road: Road, carryOut: (call: Call, road: Road) => Promise<T>): Promise<T> {
  const before = new AbortController();
  const whole = new AbortController();
  const { beforeClaimMs, wholeCallMs } = road.timings;
  const timers = [setTimeout(() => before.abort(tookTooLong()), beforeClaimMs), setTimeout(() => whole.abort(tookTooLong()), wholeCallMs)];
  for (const timer of timers) timer.unref();
  try {
    const signal = call.signal === undefined ? before.signal : AbortSignal.any([call.signal, before.signal]);
    endingAfter(signal, beforeClaimMs);
    endingAfter(whole.signal, wholeCallMs);
    return await carryOut({ ...call, signal }, { ...road, zoho: road.zoho.until(whole.signal), deadline: whole.signal });
  } finally {
    timers.forEach(clearTimeout);
  }
}

const LITTLE_WHILE_MS = 5_000;

/** Only what is not sent yet ends with this. */
function tookTooLong(): BusyError {
  return new BusyError('Zoho, or other calls that this one waited for, took too long, so it was given up before it was sent.', {
    code: 'took_too_long',
    next: 'Make the same call again in a little while.',
    retryAt: new Date(Date.now() + LITTLE_WHILE_MS),
  });
}
