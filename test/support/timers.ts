import { afterAll, beforeAll } from 'vitest';

export interface Timers {
  /** A duration that no other timer of the file has. */
  duration(): number;
  /** Ends the timers of this duration that run now, and says how many they were. */
  end(duration: number): number;
}

/** Longer than anything that is waited for. */
const FIRST = 10_000_000;

/** Timers that end when a test says so: what a deadline does is tested without waiting for it, however slow the machine is. */
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
