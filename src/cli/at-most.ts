import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for the work, but not longer than this time. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => undefined), sleep(ms)]);
}
