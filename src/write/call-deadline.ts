import { BusyError } from '../errors.ts';
import { endingAfter } from '../zoho/call-end.ts';
import type { Call, Road } from './types.ts';

/**
 * Runs one call of a write within its deadline, because hosts cancel a call after a minute. The steps before the claim get only a part of
 * the time, so that enough time remains to send the write and to look for it. If the outcome is not known at the deadline, the entry stays
 * unsettled, and a later call looks for the write.
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

/** The error of a call that reached its deadline before it sent its write. */
function tookTooLong(): BusyError {
  return new BusyError('Zoho, or another call that this call waited for, took too long. This write was not sent.', {
    code: 'took_too_long',
    next: 'Make the same call again in a little while.',
    retryAt: new Date(Date.now() + LITTLE_WHILE_MS),
  });
}
