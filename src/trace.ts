import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** Logging, with a request id for each call. The call's errors show the same id. */

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** Writes one line to the log. Event and facts are the server's own words: no secrets and no data from records. */
export type Log = (level: Level, event: string, facts?: Readonly<Record<string, string | number | boolean | undefined>>) => void;

export const silent: Log = () => {};

const current = new AsyncLocalStorage<string>();

/** The id of the current call. */
export const requestId = (): string | undefined => current.getStore();

export function withRequestId<T>(work: () => T): T {
  return current.run(`r_${randomBytes(4).toString('hex')}`, work);
}
