import { isIPv4, isIPv6 } from 'node:net';

/** Limits for the requests of one caller or one address: how many in a minute, and how many at the same time. */

const COUNTED_MS = 60_000;

export interface Rate {
  readonly perMinute: number;
  /** Requests at the same time. */
  readonly open: number;
}

export interface RateLimit {
  /** Counts a request. Returns how to end it, or after how many seconds the client may try again. */
  begin(key: string): { readonly end: () => void } | { readonly retryAfter: number };
}

export function createRateLimit({ perMinute, open: most }: Rate): RateLimit {
  let began = performance.now();
  const counted = new Map<string, number>();
  const open = new Map<string, number>();
  return {
    begin(key) {
      const now = performance.now();
      // Forgets all keys at once, so that the memory stays bounded however many addresses there are.
      if (now - began >= COUNTED_MS) {
        began = now;
        counted.clear();
      }
      const count = (counted.get(key) ?? 0) + 1;
      const running = open.get(key) ?? 0;
      if (count > perMinute) return { retryAfter: Math.ceil((began + COUNTED_MS - now) / 1000) };
      if (running >= most) return { retryAfter: 1 };
      counted.set(key, count);
      open.set(key, running + 1);
      return {
        end() {
          const left = (open.get(key) ?? 1) - 1;
          if (left === 0) open.delete(key);
          else open.set(key, left);
        },
      };
    },
  };
}

/** The part of an address that one client cannot change easily: of IPv6, the first 64 bits. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain) || !isIPv6(plain)) return plain;
  const [left = '', right = ''] = plain.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [head, tail] = [groups(left), groups(right)];
  const gap = plain.includes('::') ? Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0') : [];
  return [...head, ...gap, ...tail]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
