import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** Logging, with a request id for each call. The call's errors show the same id. */

export const levels = ['error', 'warn', 'info', 'debug'] as const;
export type Level = (typeof levels)[number];

/** Writes one line to the log. Event and facts are the server's own words: no secrets and no data from records. */
export type Log = (level: Level, event: string, facts?: Readonly<Record<string, string | number | boolean | undefined>>) => void;

export const silent: Log = () => {};

/** What every line of the log says about the current call. */
interface Traced {
  readonly request_id?: string;
  /** Over HTTP. */
  readonly caller?: string | undefined;
  readonly organization?: string | undefined;
}

const current = new AsyncLocalStorage<Traced>();

export const traced = (): Traced => current.getStore() ?? {};

/** The id of the current call. */
export const requestId = (): string | undefined => traced().request_id;

export function withRequestId<T>(work: () => T): T {
  return current.run({ ...traced(), request_id: `r_${randomBytes(4).toString('hex')}` }, work);
}

/** Names the caller and the organization in every line of the log. */
export function withCaller<T>(from: Pick<Traced, 'caller' | 'organization'>, work: () => T): T {
  return current.run({ ...traced(), ...from }, work);
}
