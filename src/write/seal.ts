import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MINUTE_MS } from '../time.ts';
import type { Chosen } from '../workflow.ts';

/**
 * The seal: signs the question that the user saw, because its token goes through the client, which could change it. The token of one caller
 * is not valid for another.
 */

export interface Sealed {
  /** Digest of the request and the facts that were shown. */
  readonly digest: string;
  /** A random id of the consent, valid for one claim. */
  readonly approval: string;
  /** How many questions this call has asked so far. */
  readonly round: number;
  /** The records that the user chose before, by the argument that was ambiguous. */
  readonly chosen?: Chosen | undefined;
  /** The argument that this question is about, if it asks which record is meant. */
  readonly asks?: string | undefined;
  /** The ids in that question, in the order shown. */
  readonly offered?: readonly string[] | undefined;
}

export type Opened = { readonly kind: 'good'; readonly sealed: Sealed } | { readonly kind: 'expired' } | { readonly kind: 'altered' };

export interface Seal {
  close(
    digest: string,
    round: number,
    about?: Pick<Sealed, 'chosen' | 'asks' | 'offered'>,
  ): { readonly token: string; readonly approval: string };
  open(token: string): Opened;
}

export const APPROVAL_MINUTES = 10;

/** `scope`: the organization and the caller whose questions are sealed. */
export function createSeal(secret: Buffer, scope: string, now: () => number): Seal {
  // A body has no line break, so no other pair of body and scope gives the same text.
  const mac = (body: string) => createHmac('sha256', secret).update(`${body}\n${scope}`).digest();
  return {
    close(digest, round, { chosen, asks, offered } = {}) {
      const approval = randomBytes(16).toString('base64url');
      const body = Buffer.from(
        JSON.stringify({ digest, approval, round, chosen, asks, offered, until: now() + APPROVAL_MINUTES * MINUTE_MS }),
      ).toString('base64url');
      return { token: `${body}.${mac(body).toString('base64url')}`, approval };
    },
    open(token) {
      const [body = '', given = ''] = token.split('.', 2);
      const expected = mac(body);
      const received = Buffer.from(given, 'base64url');
      if (received.length !== expected.length || !timingSafeEqual(received, expected)) return { kind: 'altered' };
      const { digest, approval, round, chosen, asks, offered, until } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Sealed & {
        until: number;
      };
      const left = until - now();
      // If the clock was ahead when the token was made and was set back later, the token would otherwise be valid for much too long.
      if (left < 0 || left > APPROVAL_MINUTES * MINUTE_MS + MINUTE_MS) return { kind: 'expired' };
      return { kind: 'good', sealed: { digest, approval, round, chosen, asks, offered } };
    },
  };
}

/** Digest of a value. The order of its keys does not matter. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(inKeyOrder(value)).digest('base64url');
}

/** JSON with sorted keys, without undefined. Not the journal's `canonicalJson`. Must not change, because stored intents are its digests. */
function inKeyOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => inKeyOrder(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${inKeyOrder(item)}`).join(',')}}`;
}
