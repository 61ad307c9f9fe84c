import { AccessError, BusyError, type PaymentsError, type ZohoRefusal } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import { proxyFailure } from './failure.ts';
import { NetworkError, type Http } from './http.ts';
import { readAnswer, wholeNumber } from './response-body.ts';
import { zohoWords } from './zoho-message.ts';

/** Zoho's accounts server: consent page, tokens, revocation. Source: Zoho's OAuth documentation and recordings. */

/** A client that is registered in Zoho's API console. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

export type Grant =
  | { readonly kind: 'refresh'; readonly refreshToken: string }
  /** From the consent page, with its redirect address. The code of a Self Client has no redirect address. */
  | { readonly kind: 'code'; readonly code: string; readonly redirectUri?: string | undefined };

export interface Tokens {
  readonly accessToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Issued only for a code with offline access. */
  readonly refreshToken?: string | undefined;
  /** The granted scopes, if Zoho's answer names them. */
  readonly scopes?: readonly string[] | undefined;
  /** The API host of the user's data center, such as https://www.zohoapis.eu. */
  readonly apiDomain?: string | undefined;
}

/** The address of Zoho's consent page, which redirects the browser to `redirectUri` with a code. */
export function consentUrl(
  accountsUrl: string,
  { clientId, redirectUri, scopes, state }: { clientId: string; redirectUri: string; scopes: readonly string[]; state: string },
): URL {
  const url = new URL(`${accountsUrl}/oauth/v2/auth`);
  // Without prompt=consent Zoho issues a refresh token only the first time.
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    scope: scopes.join(','),
    redirect_uri: redirectUri,
    access_type: 'offline',
    prompt: 'consent',
    state,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Requests tokens. Zoho answers most errors with HTTP 200, so every answer without access_token is a failure. */
export async function requestTokens(
  http: Http,
  accountsUrl: string,
  { clientId, clientSecret }: Client,
  grant: Grant,
  now: () => number = Date.now,
): Promise<Tokens> {
  const askedAt = now();
  const form = new URLSearchParams({
    grant_type: grant.kind === 'code' ? 'authorization_code' : 'refresh_token',
    client_id: clientId,
    client_secret: clientSecret,
  });
  const secret = grant.kind === 'code' ? grant.code : grant.refreshToken;
  form.set(grant.kind === 'code' ? 'code' : 'refresh_token', secret);
  if (grant.kind === 'code' && grant.redirectUri !== undefined) form.set('redirect_uri', grant.redirectUri);
  const answer = await post(http, `${accountsUrl}/oauth/v2/token`, form);
  const { access_token, refresh_token, expires_in, scope, api_domain, error, error_description } = answer.body;
  if (typeof access_token === 'string' && access_token !== '') {
    const seconds = wholeNumber(expires_in) ?? 0;
    return {
      accessToken: access_token,
      expiresAt: askedAt + (seconds > 0 ? seconds : 3600) * 1000,
      refreshToken: textOf(refresh_token),
      scopes: textOf(scope)?.split(/[\s,]+/),
      apiDomain: textOf(api_domain),
    };
  }
  const { code, message } = zohoWords({ code: error ?? `HTTP ${answer.status}`, message: error_description }, [clientSecret, secret]);
  throw refusedGrant({ code, message: message || String(code) }, grant, new URL(accountsUrl).host);
}

/** Revokes a refresh token and all its access tokens. False if the token was not valid any more. */
export async function revoke(http: Http, accountsUrl: string, refreshToken: string): Promise<boolean> {
  const { status, body } = await post(http, `${accountsUrl}/oauth/v2/token/revoke`, new URLSearchParams({ token: refreshToken }));
  const zoho = zohoWords({ code: body['error'] ?? `HTTP ${status}`, message: body['error_description'] }, [refreshToken]);
  if (body['status'] === 'success') return true;
  // Zoho documents 400 for a token that is not valid, but not the body of this answer.
  if (/^invalid_(token|code)$/.test(String(zoho.code)) || (status === 400 && body['error'] === undefined)) return false;
  throw new BusyError('Zoho did not revoke the login.', {
    code: 'not_revoked',
    next: 'Try again later.',
    zoho,
  });
}

async function post(http: Http, url: string, form: URLSearchParams) {
  const response = await http
    .exchange({
      method: 'POST',
      url: new URL(url),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
    })
    .catch((error: unknown) => {
      if (error instanceof NetworkError && error.message === 'ECONNREFUSED' && LOOPBACK_HOSTS.includes(new URL(url).hostname))
        throw noSandbox(new URL(url), error);
      if (error instanceof NetworkError)
        throw error.atProxy === undefined ? unreachable(url, error.message, error) : proxyFailure(error, error.atProxy);
      throw error;
    });
  const answer = readAnswer(response);
  if (answer.kind !== 'json') throw unreachable(url, `HTTP ${answer.status}${answer.kind === 'unreadable' ? ` with ${answer.what}` : ''}`);
  if (answer.status >= 500) throw unreachable(url, `HTTP ${answer.status}`);
  return answer;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function unreachable(url: string, why: string, cause?: unknown): BusyError {
  return new BusyError(`Zoho's accounts server ${new URL(url).host} gave no valid answer: ${oneLine(why)}.`, {
    code: 'accounts_unavailable',
    next: 'Make the same call again in a little while',
    ifItStays: 'check the network, the proxy and ZOHO_DATA_CENTER',
    cause,
  });
}

/** Only a sandbox has an accounts server on this machine. */
function noSandbox({ host, port }: URL, cause: unknown): AccessError {
  return new AccessError(
    `The login or the settings name a sandbox (practice books) at ${host} instead of Zoho, and this sandbox does not run.`,
    {
      code: 'sandbox_unavailable',
      next: [
        {
          say: `start it again with the file of its books: \`zoho-payments-mcp sandbox --port ${port} --data FILE\``,
          extension: 'start the sandbox again, or correct the settings',
        },
        {
          say: 'run `zoho-payments-mcp login` again, if the sandbox has no file, or to use your real books',
          extension: 'set ZOHO_REFRESH_TOKEN and ZOHO_ORGANIZATION_ID for your real books',
        },
      ],
      cause,
    },
  );
}

function refusedGrant(zoho: ZohoRefusal, grant: Grant, accountsHost: string): PaymentsError {
  switch (zoho.code) {
    case 'Access Denied':
      return new BusyError('Zoho issues no access token at the moment, because too many were requested.', {
        code: 'token_throttled',
        next: 'Wait ten minutes without calls, then make the same call again; calling sooner prolongs the block.',
        zoho,
      });
    case 'invalid_client':
      return new AccessError(`Zoho's accounts server ${accountsHost} does not know the client id.`, {
        code: 'invalid_client',
        next: {
          say:
            'check ZOHO_CLIENT_ID and ZOHO_DATA_CENTER: a valid client in the wrong data center gets the same error. ' +
            '`zoho-payments-mcp doctor --try-data-centers` tries the others.',
          extension: 'check ZOHO_CLIENT_ID and ZOHO_DATA_CENTER: a valid client in the wrong data center gets the same error.',
        },
        zoho,
      });
    case 'invalid_client_secret':
      return new AccessError('The client secret is wrong.', {
        code: 'invalid_client_secret',
        next: 'check ZOHO_CLIENT_SECRET; each data center has its own secret.',
        zoho,
      });
    case 'invalid_code':
      if (grant.kind === 'code')
        return new AccessError('Zoho does not accept the code: it is wrong, already used, or more than a few minutes old.', {
          code: 'invalid_grant_code',
          next: 'Make a new code and use it at once, with the same client and data center.',
          zoho,
        });
      return new AccessError('The refresh token is wrong or was revoked.', {
        code: 'invalid_refresh_token',
        next: ['run `zoho-payments-mcp login`', 'set a new ZOHO_REFRESH_TOKEN'],
        zoho,
      });
    case 'invalid_redirect_uri':
      return new AccessError('The client in Zoho does not have this redirect address.', {
        code: 'invalid_redirect_uri',
        next: "Add the address to the client in Zoho's API console, exactly as login printed it.",
        zoho,
      });
    default:
      return new AccessError('Zoho issued no access token.', {
        code: 'token_refused',
        next: {
          say: 'run `zoho-payments-mcp doctor`, which shows what is wrong with the credentials.',
          extension: 'check ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN and ZOHO_DATA_CENTER.',
        },
        zoho,
      });
  }
}
