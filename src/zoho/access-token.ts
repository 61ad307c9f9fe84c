import { createHash } from 'node:crypto';
import { BusyError, PaymentsError } from '../errors.ts';
import { MINUTE_MS } from '../time.ts';
import { silent, type Log } from '../trace.ts';
import type { Http } from './http.ts';
import { requestTokens, type Client } from './oauth.ts';
import type { Shared } from './shared-state.ts';

/**
 * Gets access tokens for a refresh token. All processes of the connection share one token until shortly before it expires, and only one
 * process at a time requests the next token: Zoho issues at most ten tokens in ten minutes, and ends the oldest tokens without notice.
 */

export interface Credentials extends Client {
  readonly refreshToken: string;
}

export interface AccessTokens {
  /** Returns a token that Zoho should accept. */
  get(): Promise<string>;
  /** Notes that Zoho refused this token. The next `get` then returns another token. */
  reject(token: string): void;
  /** Requests a new token even if the current one is valid, to check the credentials. */
  renew(): Promise<void>;
}

export interface AccessTokenOptions {
  readonly http: Http;
  readonly accountsUrl: string;
  /** The current credentials: a user may have logged in since the last request. */
  readonly credentials: () => Promise<Credentials>;
  readonly shared: Shared;
  readonly log?: Log | undefined;
  readonly now?: (() => number) | undefined;
}

/** A token is not used in its last minute, because it could expire in flight. */
const MARGIN_MS = MINUTE_MS;
/** Zoho counts token requests in windows of ten minutes. Too many requests are blocked for the rest of the window (token limits page). */
const WINDOW_MS = 10 * MINUTE_MS;
/** The shortest block that we have observed. */
const BLOCK_MS = 3 * MINUTE_MS;

interface TokenRow {
  readonly access_token: string | null;
  readonly expires_at: number | null;
  readonly throttled_until: number | null;
}

interface Held {
  readonly token: string;
  readonly expiresAt: number;
}

export function createAccessTokens({
  http,
  accountsUrl,
  credentials,
  shared,
  log = silent,
  now = Date.now,
}: AccessTokenOptions): AccessTokens {
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;
  /** The token that Zoho refused, even if other processes still share it. */
  let rejected: string | undefined;

  const isGood = ({ token, expiresAt }: Held) => token !== rejected && now() < expiresAt - MARGIN_MS;

  /** The shared token, whichever process requested it. */
  const theirs = async (name: string): Promise<Held | undefined> => {
    const row = await shared.write((sql) =>
      sql.get<TokenRow>('SELECT access_token, expires_at, throttled_until FROM tokens WHERE credentials = ?', name),
    );
    // A block cannot be longer than a window. A longer one means that the clock was set back.
    if (row?.throttled_until != null && now() < row.throttled_until && row.throttled_until <= now() + WINDOW_MS)
      throw throttled(row.throttled_until);
    if (row?.access_token == null || row.expires_at === null) return undefined;
    const there = { token: row.access_token, expiresAt: row.expires_at };
    return isGood(there) ? there : undefined;
  };

  const ask = async (name: string, mine: Credentials): Promise<Held> => {
    const askedAt = now();
    await shared.write((sql) => {
      sql.run('DELETE FROM token_requests WHERE at <= ?', askedAt - WINDOW_MS);
      sql.run('INSERT INTO token_requests (credentials, at) VALUES (?, ?)', name, askedAt);
    });
    try {
      log('debug', 'an access token is requested');
      const { accessToken, expiresAt } = await requestTokens(
        http,
        accountsUrl,
        mine,
        { kind: 'refresh', refreshToken: mine.refreshToken },
        now,
      );
      await shared.write((sql) =>
        sql.run('INSERT OR REPLACE INTO tokens (credentials, access_token, expires_at) VALUES (?, ?, ?)', name, accessToken, expiresAt),
      );
      return { token: accessToken, expiresAt };
    } catch (error) {
      if (!(error instanceof PaymentsError) || error.code !== 'token_throttled') throw error;
      const until = await shared.write((sql) => {
        const first = sql.get<{ at: number }>('SELECT min(at) AS at FROM token_requests WHERE credentials = ?', name)?.at ?? askedAt;
        const end = Math.max(first + WINDOW_MS, now() + BLOCK_MS);
        sql.run('INSERT OR REPLACE INTO tokens (credentials, throttled_until) VALUES (?, ?)', name, end);
        return end;
      });
      throw throttled(until, error);
    }
  };

  const obtain = async (): Promise<Held> => {
    let mine = await credentials();
    for (;;) {
      const name = connectionName(accountsUrl, mine);
      try {
        return (await theirs(name)) ?? (await shared.alone(async () => (await theirs(name)) ?? (await ask(name, mine))));
      } catch (error) {
        if (!(error instanceof PaymentsError) || error.code !== 'invalid_refresh_token') throw error;
        // A user may just have logged in again.
        const current = await credentials();
        if (connectionName(accountsUrl, current) === name) throw error;
        mine = current;
      }
    }
  };

  return {
    async get() {
      if (held !== undefined && isGood(held)) return held.token;
      asking ??= obtain().finally(() => {
        asking = undefined;
      });
      held = await asking;
      return held.token;
    },
    reject(token) {
      rejected = token;
    },
    async renew() {
      const mine = await credentials();
      const name = connectionName(accountsUrl, mine);
      // Throws while Zoho issues no tokens.
      await theirs(name);
      held = await shared.alone(() => ask(name, mine));
    },
  };
}

/** A digest that identifies the connection without showing its secrets. */
function connectionName(accountsUrl: string, { clientId, clientSecret, refreshToken }: Credentials): string {
  return createHash('sha256')
    .update(JSON.stringify([accountsUrl, clientId, clientSecret, refreshToken]))
    .digest('base64url');
}

function throttled(until: number, cause?: PaymentsError): BusyError {
  const at = new Date(until).toISOString();
  return new BusyError('Zoho issues no access token at the moment, because too many were requested.', {
    code: 'token_throttled',
    next: `Make the same call again after ${at}. Until then the server does not ask Zoho, because that would prolong the block.`,
    retryAt: new Date(until),
    zoho: cause?.zoho,
    cause,
  });
}
