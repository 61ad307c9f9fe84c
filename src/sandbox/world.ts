import type { Limits } from './limits.ts';
import type { Mandatory } from './mandatory.ts';
import type { Arrival } from './message.ts';
import type { Store } from './store.ts';

export interface Organization {
  organization_id: string;
  name: string;
}

export type Shapes = 'live' | 'documented';

/** The state that all parts of one sandbox share. */
export interface World {
  store: Store;
  limits: Limits;
  mandatory: Mandatory;
  shapes: Shapes;
  /** the account's organizations */
  organizations: Organization[];
  /** the sandbox's time in epoch milliseconds */
  now: () => number;
  /** the sandbox's own address, without a trailing slash */
  url: string;
}

/** A Books request while a handler answers it. */
export interface Call {
  world: World;
  store: Store;
  arrival: Arrival;
  params: Record<string, string>;
  /** time of the request in epoch milliseconds, the same for the whole request */
  now: number;
  /** ids of payments and refunds that handlers create, change or delete */
  applied: string[];
}

export const ORGANIZATION_ID = '10234695';

/** A new id. It has 18 digits, above 2^53, so that a client that turns ids into numbers fails visibly. */
export function newId(store: Store): string {
  return idOf(store.next('id'));
}

export function idOf(value: number): string {
  return `712345${String(value).padStart(12, '0')}`;
}

/** True if the text can be an id in a path or query. Zoho finds no resource for other texts (live recording). */
export function isId(text: string): boolean {
  return /^\d{1,19}$/.test(text);
}
