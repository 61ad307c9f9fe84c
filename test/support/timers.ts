import { afterAll, beforeAll } from 'vitest';

export interface Timers {
  /** Returns a duration that no other timer of the file uses. */
  duration(): number;
  /** Ends the running timers of this duration and returns their number. */
  end(duration: number): number;
}

/** Longer than any real wait. */
const FIRST = 10_000_000;

/** Timers that end on the test's command. A test of a deadline then need not wait, and a slow machine does not change it. */
export function timers(): Timers {
  const running = new Map<NodeJS.Timeout, { duration: number; run: () => void }>();
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  let last = FIRST;
  beforeAll(() => {
    const setHere = (run: (...args: unknown[]) => void, duration?: number, ...args: unknown[]) => {
      const timer = set(run, duration, ...args);
      if (duration !== undefined && duration > FIRST && duration <= last) running.set(timer, { duration, run });
      return timer;
    };
    globalThis.setTimeout = Object.assign(setHere, set) as typeof set;
    globalThis.clearTimeout = ((timer: NodeJS.Timeout) => {
      running.delete(timer);
      clear(timer);
    }) as typeof clear;
  });
  afterAll(() => void Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }));
  return {
    duration: () => (last += 1),
    end(duration) {
      const ending = [...running].filter(([, timer]) => timer.duration === duration);
      for (const [timer, { run }] of ending) {
        globalThis.clearTimeout(timer);
        run();
      }
      return ending.length;
    },
  };
}
