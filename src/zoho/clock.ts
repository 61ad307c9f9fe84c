import type { ZohoClock } from '../endpoint.ts';
import { MINUTE_MS } from '../time.ts';

/** A moment by both clocks of this machine, in milliseconds. The monotonic clock stops during sleep; the wall clock can be set. */
export interface Moment {
  /** Since the process started. Never decreases. */
  readonly ticks: number;
  /** Since 1970. */
  readonly wall: number;
}

export const momentNow = (): Moment => ({ ticks: performance.now(), wall: Date.now() });

interface ClockReading {
  /** From the answer's `Date` header, in whole seconds. */
  readonly date: number;
  readonly asked: Moment;
  readonly received: Moment;
}

export type Clock = ReturnType<typeof createClock>;

/**
 * Zoho's clock, from the `Date` header of its answers. A single answer may be wrong: if a `Date` jumps by more than a minute against both
 * clocks of this machine, it is used only after another answer, at least a minute later, confirms it.
 */
export function createClock() {
  let newest: ClockReading | undefined;
  let doubtful: ClockReading | undefined;
  return {
    read(header: string | string[] | undefined, asked: Moment): void {
      const date = Date.parse(String(header));
      if (!Number.isFinite(date)) return;
      const reading = { date, asked, received: momentNow() };
      if (
        newest === undefined ||
        agree(newest, reading) ||
        (doubtful !== undefined && isMinuteLater(doubtful, reading) && agree(doubtful, reading))
      ) {
        newest = reading;
        doubtful = undefined;
      } else if (doubtful === undefined || !agree(doubtful, reading)) {
        doubtful = reading;
      }
    },
    now(): ZohoClock | undefined {
      if (newest === undefined) return undefined;
      const { ticks, wall } = momentNow();
      const least = Math.max(0, Math.min(ticks - newest.received.ticks, wall - newest.received.wall));
      const most = Math.max(ticks - newest.asked.ticks, wall - newest.asked.wall);
      return { notBefore: newest.date + least, notAfter: newest.date + 1000 + most };
    },
  };
}

/** True if the time between the two dates matches at least one of our clocks, within a minute. */
function agree(earlier: ClockReading, later: ClockReading): boolean {
  return (['ticks', 'wall'] as const).some((clock) => {
    const least = later.asked[clock] - earlier.received[clock];
    const most = later.received[clock] - earlier.asked[clock];
    const passed = later.date - earlier.date;
    return passed >= least - 1000 - MINUTE_MS && passed <= most + 1000 + MINUTE_MS;
  });
}

function isMinuteLater(earlier: ClockReading, later: ClockReading): boolean {
  return later.received.ticks - earlier.received.ticks >= MINUTE_MS;
}
