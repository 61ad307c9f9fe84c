import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { MINUTE_MS } from '../time.ts';
import type { Chosen } from '../workflow.ts';

/** What a person approved, sealed: it goes through the client and comes back, and must come back as it went. */

export interface Sealed {
  /** Digest of request and facts: what was shown. */
  readonly digest: string;
  /** Good for one claim. */
  readonly approval: string;
  /** How often the person was asked within this call. */
  readonly round: number;
  /** What the person chose among records before, by the argument that was ambiguous. */
  readonly chosen?: Chosen | undefined;
  /** The argument that this question is about, when it asks which record is meant. */
  readonly asks?: string | undefined;
  /** The ids that it offers, in the order shown. */
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

export function createSeal(secret: Buffer, now: () => number = Date.now): Seal {
  const mac = (body: string) => createHmac('sha256', secret).update(body).digest();
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
      // Made by a clock that was set back since, it would hold for as long as that was ahead.
      if (left < 0 || left > APPROVAL_MINUTES * MINUTE_MS + MINUTE_MS) return { kind: 'expired' };
      return { kind: 'good', sealed: { digest, approval, round, chosen, asks, offered } };
    },
  };
}

/** Digest of a value, whatever the order of its keys. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(inKeyOrder(value)).digest('base64url');
}

/** JSON with sorted keys and without undefined. Not `canonicalJson` of the journal: digests of this text are stored as intents. */
function inKeyOrder(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => inKeyOrder(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${inKeyOrder(item)}`).join(',')}}`;
}
