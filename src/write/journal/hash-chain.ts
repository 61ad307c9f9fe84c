import { createHash } from 'node:crypto';
import { isObject, type Json } from '../../json.ts';

/**
 * The journal's hash chain. Each event's hash covers the hash before it and a salted digest of its data, so that data and salt
 * can be removed later while the chain stays whole, and what was removed cannot be guessed from the digest.
 */

/** What the chain holds of an event, for ever. */
export interface Link {
  readonly seq: number;
  readonly entry: string | null;
  readonly type: string;
  /** ISO 8601, by this machine's clock. */
  readonly at: string;
  /** Of salt and data. */
  readonly digest: string;
}

/** An event as a backend keeps it. */
export interface StoredEvent extends Link {
  readonly hash: string;
  /** Canonical JSON, stored as text so that its digest is of exactly these bytes. Null once removed. */
  readonly data: string | null;
  readonly salt: Uint8Array | null;
}

/** JSON with the names of every object in one order: equal values have equal text. What JSON leaves out is left out. */
export function canonicalJson(value: object): string {
  return JSON.stringify(value, (_name, part: unknown) => (isObject(part) ? sortedByName(part) : part));
}

function sortedByName(object: Json): Json {
  // By code unit, not by locale: every machine must come to the same text.
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What the chain holds of an event's data: nobody can guess the data from it without the salt. */
export function saltedDigest(salt: Uint8Array, data: string): string {
  return sha256(salt, data);
}

/** The hash of an event that follows the one whose hash is `prev`. */
export function hashOf(prev: string, { seq, entry, type, at, digest }: Link): string {
  return sha256(canonicalJson({ prev, seq, entry, type, at, digest }));
}
