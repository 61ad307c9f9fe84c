import { AccessError, BusyError, oneLine, type ZohoRefusal } from '../errors.ts';
import { NetworkError, type Http } from './http.ts';
import { zohoWords } from './quote.ts';
import { readAnswer } from './zoho-answer.ts';

/** Access tokens from a refresh token: one request at a time, each token used until shortly before it expires. */

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
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

interface Held {
  readonly token: string;
  readonly expiresAt: number;
}

export function createAccessTokens(http: Http, accountsUrl: string, credentials: Credentials, now: () => number = Date.now): AccessTokens {
  let held: Held | undefined;
  let asking: Promise<Held> | undefined;

  return {
    async get() {
      if (held !== undefined && now() < held.expiresAt - MARGIN_MS) return held.token;
      asking ??= requestToken(http, accountsUrl, credentials, now).finally(() => {
        asking = undefined;
      });
      held = await asking;
      return held.token;
    },
    reject(token) {
      if (held?.token === token) held = undefined;
    },
  };
}

/** Zoho answers most token errors with HTTP 200: a reply without access_token is a failure, whatever its status. */
async function requestToken(http: Http, accountsUrl: string, { clientId, clientSecret, refreshToken }: Credentials, now: () => number): Promise<Held> {
  const askedAt = now();
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken });
  const response = await http
    .exchange({
      method: 'POST',
      url: new URL(`${accountsUrl}/oauth/v2/token`),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
    })
    .catch((error: unknown) => {
      if (error instanceof NetworkError) throw unreachable(error.message, error);
      throw error;
    });
  const answer = readAnswer(response);
  if (answer.kind !== 'json') throw unreachable(`HTTP ${answer.status}${answer.kind === 'unreadable' ? ` with ${answer.what}` : ''}`);
  if (answer.status >= 500) throw unreachable(`HTTP ${answer.status}`);
  const { access_token, expires_in, error, error_description } = answer.body;
  if (typeof access_token === 'string' && access_token !== '') {
    const seconds = Number(expires_in);
    return { token: access_token, expiresAt: askedAt + (seconds > 0 ? seconds : 3600) * 1000 };
  }
  const { code, message } = zohoWords({ code: error ?? `HTTP ${answer.status}`, message: error_description }, [clientSecret, refreshToken]);
  throw tokenRefused({ code, message: message || String(code) }, new URL(accountsUrl).host);
}

function unreachable(why: string, cause?: unknown): BusyError {
  return new BusyError(`Zoho's accounts server gave no token: ${oneLine(why)}.`, { code: 'accounts_unavailable', next: 'Make the same call again in a little while.', cause });
}

/** Source of the codes: Zoho's OAuth documentation and recordings. */
function tokenRefused(zoho: ZohoRefusal, accountsHost: string): AccessError | BusyError {
  switch (zoho.code) {
    case 'Access Denied':
      return new BusyError('Zoho gives out no access token at the moment: too many were asked for.', {
        code: 'token_throttled',
        next: 'Wait ten minutes without calling, then make the same call again; asking sooner prolongs the block.',
        zoho,
      });
    case 'invalid_client':
      return new AccessError(`Zoho's accounts server ${accountsHost} does not know the client id.`, {
        code: 'invalid_client',
        next: 'Ask the operator to check ZOHO_CLIENT_ID and ZOHO_DATA_CENTER: a right client in the wrong data centre reads the same.',
        zoho,
      });
    case 'invalid_client_secret':
      return new AccessError('The client secret is wrong.', { code: 'invalid_client_secret', next: 'Ask the operator to check ZOHO_CLIENT_SECRET; each data centre has its own.', zoho });
    case 'invalid_code':
      return new AccessError('The refresh token is wrong or was revoked.', { code: 'invalid_refresh_token', next: 'Ask the operator to make a new refresh token and set ZOHO_REFRESH_TOKEN.', zoho });
    default:
      return new AccessError('Zoho gave no access token.', { code: 'token_refused', next: 'Ask the operator to check the Zoho credentials.', zoho });
  }
}
