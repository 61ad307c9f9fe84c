import type { Http } from './http.ts';
import { requestTokens, type Client, type Tokens } from './oauth.ts';

/** Access tokens from a refresh token: one request at a time, each token used until shortly before it expires. */

export interface Credentials extends Client {
  readonly refreshToken: string;
}

export interface AccessTokens {
  /** A token that Zoho should accept. Those who ask at the same time share one request. */
  get(): Promise<string>;
  /** Zoho did not accept this token: the next `get` asks for another, unless that already happened. */
  reject(token: string): void;
}

/** A token is not used in its last minute: it could expire on the way. */
const MARGIN_MS = 60_000;

export function createAccessTokens(http: Http, accountsUrl: string, credentials: Credentials, now: () => number = Date.now): AccessTokens {
  let held: Tokens | undefined;
  let asking: Promise<Tokens> | undefined;

  return {
    async get() {
      if (held !== undefined && now() < held.expiresAt - MARGIN_MS) return held.accessToken;
      asking ??= requestTokens(http, accountsUrl, credentials, { kind: 'refresh', refreshToken: credentials.refreshToken }, now).finally(() => {
        asking = undefined;
      });
      held = await asking;
      return held.accessToken;
    },
    reject(token) {
      if (held?.accessToken === token) held = undefined;
    },
  };
}
