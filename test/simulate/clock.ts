import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Time that can be made to pass: within a run all clocks (Zoho's, and both that the server reads) jump together. Timers are not
 * hurried, so whatever must come to its end before the jump is waited for.
 */
export interface Clock {
  now(): number;
  /** How far the servers' clocks are ahead of Zoho's. */
  readonly aheadOfZoho: number;
  pass(ms: number): void;
}

const current = new AsyncLocalStorage<{ ahead: number }>();
const [wall, ticks] = [Date.now.bind(Date), performance.now.bind(performance)];
Date.now = () => Math.floor(wall() + (current.getStore()?.ahead ?? 0));
performance.now = () => ticks() + (current.getStore()?.ahead ?? 0);

/** Runs `work` with clocks of its own; `clock.now` counts from `beginning`. */
export async function withClock<T>(beginning: number, work: (clock: Clock) => Promise<T>): Promise<T> {
  const state = { ahead: 0 };
  // By the same clock as the journal's times: they are compared.
  const started = wall();
  const clock: Clock = {
    now: () => beginning + wall() - started + state.ahead,
    aheadOfZoho: started - beginning,
    pass: (ms) => void (state.ahead += ms),
  };
  return await current.run(state, () => work(clock));
}

/** The machine's own, for measuring. */
export const realTicks = ticks;
