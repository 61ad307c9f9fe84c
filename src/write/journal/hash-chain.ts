import { createHash } from 'node:crypto';
import { isObject, type Json } from '../../json.ts';

/**
 * The journal's hash chain. Each event's hash covers the previous hash and a salted digest of the event's data. So data and salt can be
 * erased later and the chain stays intact. Because the salt is erased too, nobody can guess the data from the digest.
 */

/** The part of an event that the chain keeps for ever. */
export interface Link {
  readonly seq: number;
  readonly entry: string | null;
  readonly type: string;
  /** ISO 8601, by the journal's clock. */
  readonly at: string;
  /** Digest of salt and data. */
  readonly digest: string;
}

/** An event as a backend stores it. */
export interface StoredEvent extends Link {
  readonly hash: string;
  /** Canonical JSON, stored as text so that the digest is of exactly these bytes. Null after an erasure. */
  readonly data: string | null;
  readonly salt: Uint8Array | null;
}

/** JSON with the names of every object in a fixed order, so that equal values have equal text. Omits `undefined`, as JSON does. */
export function canonicalJson(value: object): string {
  return JSON.stringify(value, (_name, part: unknown) => (isObject(part) ? sortedByName(part) : part));
}

function sortedByName(object: Json): Json {
  // Sorted by code unit and not by locale, because every machine must produce the same text.
  return Object.fromEntries(Object.entries(object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** The digest of an event's data in the chain. The salt prevents that somebody guesses the data from the digest. */
export function saltedDigest(salt: Uint8Array, data: string): string {
  return sha256(salt, data);
}

/** The hash of the event after the event whose hash is `prev`. */
export function hashOf(prev: string, { seq, entry, type, at, digest }: Link): string {
  return sha256(canonicalJson({ prev, seq, entry, type, at, digest }));
}
