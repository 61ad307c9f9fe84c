import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** What ties a call to the lines about it in the log: an id of its own, also told in its errors. */

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** One line of the log. Event and facts are this server's own words: never a secret, and nothing of what records hold. */
export type Log = (level: Level, event: string, facts?: Readonly<Record<string, string | number | boolean | undefined>>) => void;

export const silent: Log = () => {};

const current = new AsyncLocalStorage<string>();

/** The id of the call that is being answered. */
export const requestId = (): string | undefined => current.getStore();

export function withRequestId<T>(work: () => T): T {
  return current.run(`r_${randomBytes(4).toString('hex')}`, work);
}
