import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * A clock that can jump ahead. In a run, all clocks (Zoho's and both clocks of the server) jump together. Timers do not run faster, so a
 * test first waits for everything that must end before the jump.
 */
export interface Clock {
  now(): number;
  /** How far the server's clocks are ahead of Zoho's, in milliseconds. */
  readonly aheadOfZoho: number;
  pass(ms: number): void;
}

const current = new AsyncLocalStorage<{ ahead: number }>();
const [wall, ticks] = [Date.now.bind(Date), performance.now.bind(performance)];
Date.now = () => Math.floor(wall() + (current.getStore()?.ahead ?? 0));
performance.now = () => ticks() + (current.getStore()?.ahead ?? 0);

/** Runs `work` with its own clocks. `clock.now` starts at `beginning`. */
export async function withClock<T>(beginning: number, work: (clock: Clock) => Promise<T>): Promise<T> {
  const state = { ahead: 0 };
  // The journal's times use the same clock, because both are compared.
  const started = wall();
  const clock: Clock = {
    now: () => beginning + wall() - started + state.ahead,
    aheadOfZoho: started - beginning,
    pass: (ms) => void (state.ahead += ms),
  };
  return await current.run(state, () => work(clock));
}

/** The machine's own clock, for measurements. */
export const realTicks = ticks;
