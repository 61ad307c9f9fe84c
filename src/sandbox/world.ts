import type { Limits } from './limits.ts';
import type { Mandatory } from './mandatory.ts';
import type { Arrival } from './message.ts';
import type { Store } from './store.ts';

export interface Organization {
  organization_id: string;
  name: string;
}

export type Shapes = 'live' | 'documented';

/** What every part of one sandbox shares. */
export interface World {
  store: Store;
  limits: Limits;
  mandatory: Mandatory;
  shapes: Shapes;
  /** what the account's list of organizations holds */
  organizations: Organization[];
  /** epoch milliseconds of the sandbox's clock */
  now: () => number;
  /** the sandbox's own address, without a trailing slash */
  url: string;
}

/** One Books request on its way through a handler. */
export interface Call {
  world: World;
  store: Store;
  arrival: Arrival;
  params: Record<string, string>;
  /** epoch milliseconds at which the request is handled: one moment for the whole request */
  now: number;
  /** handlers add the ids of payments and refunds they create, change or delete */
  applied: string[];
}

export const ORGANIZATION_ID = '10234695';

/** A new id: 18 digits, above 2^53, so that a client that turns ids into numbers is found out. */
export function newId(store: Store): string {
  return idOf(store.next('id'));
}

export function idOf(value: number): string {
  return `712345${String(value).padStart(12, '0')}`;
}

/** A path or query id; anything but digits is a resource Zoho cannot find (live recording). */
export function isId(text: string): boolean {
  return /^\d{1,19}$/.test(text);
}
