import { consentPage, problemPage } from './consent-page.ts';
import { type Arrival, type Reply, htmlReply } from './message.ts';
import type { Store } from './store.ts';
import { type ClientRow, clientOf, issueCode } from './tokens.ts';
import type { World } from './world.ts';

interface ConsentRequest {
  client: ClientRow;
  redirect_uri: string;
  scopes: string[];
  state: string | null;
  offline: boolean;
  prompt: boolean;
}

/** GET /oauth/v2/auth: the consent page, or a page with the problem. */
export function showConsent(world: World, arrival: Arrival): Reply {
  const request = consentRequest(world.store, arrival.query);
  if (typeof request === 'string') return htmlReply(400, problemPage('This request cannot be answered', request));
  const page = consentPage({ app: request.client.name, scopes: request.scopes, hidden: [...arrival.query] });
  return htmlReply(200, page, {
    // Browsers apply form-action to the redirect after a form too, so form-action must include the app's own address.
    'content-security-policy': [
      "default-src 'none'",
      "style-src 'unsafe-inline'",
      `form-action 'self' ${new URL(request.redirect_uri).origin}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    'cache-control': 'no-store',
  });
}

/** Answers the form: a redirect to the app with a code, or with access_denied. */
export function decideConsent(world: World, arrival: Arrival): Reply {
  const form = new URLSearchParams(arrival.body);
  const request = consentRequest(world.store, form);
  if (typeof request === 'string') return htmlReply(400, problemPage('This request cannot be answered', request));
  const back = new URL(request.redirect_uri);
  if (form.get('decision') === 'accept') {
    const scope = request.scopes.join(',');
    const code = issueCode(world, {
      client_id: request.client.client_id,
      scope,
      redirect_uri: request.redirect_uri,
      with_refresh: request.offline && (request.prompt || firstConsent(world.store, request.client)),
    });
    back.searchParams.set('code', code);
    back.searchParams.set('location', 'us');
    back.searchParams.set('accounts-server', world.url);
  } else {
    back.searchParams.set('error', 'access_denied');
  }
  if (request.state !== null) back.searchParams.set('state', request.state);
  return { status: 302, headers: { location: back.href, 'cache-control': 'no-store' }, body: '' };
}

/** The checked request, or a message if it is invalid. The sandbox never redirects to an address that it has not checked. */
function consentRequest(store: Store, parameters: URLSearchParams): ConsentRequest | string {
  const client = clientOf(store, parameters.get('client_id') ?? '');
  if (!client) return 'The client ID is unknown (invalid_client).';
  const redirect_uri = parameters.get('redirect_uri') ?? '';
  if (!isLoopbackAddress(redirect_uri)) return 'The redirect address must be on this machine (invalid_redirect_uri).';
  if (parameters.get('response_type') !== 'code') return 'The response type must be "code" (invalid_response_type).';
  const scopes = (parameters.get('scope') ?? '').split(/[\s,]+/).filter((scope) => scope !== '');
  if (scopes.length === 0 || !scopes.every((scope) => /^ZohoBooks\.[a-z]+\.[a-z]+$/i.test(scope))) {
    return 'The scopes are missing or not those of Zoho Books (invalid_scope).';
  }
  return {
    client,
    redirect_uri,
    scopes: [...new Set(scopes)],
    state: parameters.get('state'),
    offline: parameters.get('access_type') === 'offline',
    prompt: (parameters.get('prompt') ?? '').toLowerCase() === 'consent',
  };
}

/** True if the user has not consented yet. The seeded refresh token does not count. */
function firstConsent(store: Store, client: ClientRow): boolean {
  return store.get("SELECT 1 FROM refresh_tokens WHERE client_id = ? AND origin = 'consent' LIMIT 1", client.client_id) === undefined;
}

function isLoopbackAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname) && url.username === '' && url.hash === '';
}
