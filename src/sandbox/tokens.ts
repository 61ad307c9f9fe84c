import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Limits } from './limits.ts';
import { type Arrival, type Reply, formParameters, jsonReply } from './message.ts';
import type { Store } from './store.ts';
import type { World } from './world.ts';

/** Zoho keeps 20 refresh tokens per client and user. One more revokes the oldest and its access tokens (Zoho docs). */
const REFRESH_TOKENS_KEPT = 20;

export interface ClientRow {
  client_id: string;
  client_secret: string;
  name: string;
}

interface CodeRow {
  code: string;
  client_id: string;
  scope: string;
  redirect_uri: string;
  with_refresh: number;
  expires_at: number;
}

/** The scope of a valid access token. Undefined if the token is unknown, expired, or belongs to a revoked refresh token. */
export function accessTokenScope(store: Store, accessToken: string, now: number): string | undefined {
  if (accessToken === '') return undefined;
  return store.get<{ scope: string }>('SELECT scope FROM access_tokens WHERE token = ? AND expires_at > ?', accessToken, now)?.scope;
}

/** A token error. Most have HTTP 200 (live recordings), so a client that checks only the status would think that it got a token. */
const tokenError = (error: string): Reply => jsonReply(200, { error });

/** The error after too many token requests. Recordings show HTTP 400. */
export const tokenThrottle = (): Reply =>
  jsonReply(400, {
    error_description: 'You have made too many requests continuously. Please try again after some time.',
    error: 'Access Denied',
  });

/** POST /oauth/v2/token: both grant types, with parameters in the query or in a form body. */
export function token(world: World, arrival: Arrival): Reply {
  const parameters = formParameters(arrival);
  const client = clientOf(world.store, parameters.get('client_id') ?? '');
  if (!client) return tokenError('invalid_client');
  if (!same(client.client_secret, parameters.get('client_secret') ?? '')) return tokenError('invalid_client_secret');
  const grant = parameters.get('grant_type');
  if (grant === 'refresh_token') return refresh(world, client, parameters);
  if (grant === 'authorization_code') return exchange(world, client, parameters);
  return tokenError('general_error');
}

function refresh(world: World, client: ClientRow, parameters: URLSearchParams): Reply {
  const { store } = world;
  const row = store.get<{ token: string; scope: string }>(
    'SELECT token, scope FROM refresh_tokens WHERE token = ? AND client_id = ?',
    parameters.get('refresh_token') ?? '',
    client.client_id,
  );
  if (!row) return tokenError('invalid_code');
  if (!mayIssue(store, world.limits, row.token, world.now())) return tokenThrottle();
  const accessToken = issueAccessToken(world, row.token, row.scope);
  return jsonReply(200, { access_token: accessToken, api_domain: world.url, ...lifetime(world) });
}

function exchange(world: World, client: ClientRow, parameters: URLSearchParams): Reply {
  const { store } = world;
  const now = world.now();
  // The code is deleted at its first use, even if the exchange then fails, because a code works only once.
  const code = store.get<CodeRow>(
    'DELETE FROM grant_codes WHERE code = ? AND client_id = ? RETURNING *',
    parameters.get('code') ?? '',
    client.client_id,
  );
  if (!code || code.expires_at <= now) return tokenError('invalid_code');
  if (code.redirect_uri !== (parameters.get('redirect_uri') ?? '')) return tokenError('invalid_redirect_uri');

  // The rate limit and revocation find access tokens by their owner, so an access token without a refresh token gets one too.
  const owner = code.with_refresh ? issueRefreshToken(store, client.client_id, code.scope, 'consent', now) : `none.${hex()}`;
  mayIssue(store, world.limits, owner, now);
  const accessToken = issueAccessToken(world, owner, code.scope);
  return jsonReply(200, {
    access_token: accessToken,
    ...(code.with_refresh ? { refresh_token: owner } : {}),
    scope: code.scope.split(',').join(' '),
    api_domain: world.url,
    ...lifetime(world),
  });
}

function lifetime(world: World): Record<string, unknown> {
  return { token_type: 'Bearer', expires_in: world.limits.access_token_seconds };
}

/** True if the refresh token may get another access token: 10 in 10 minutes, then none until the window ends (Zoho docs). */
function mayIssue(store: Store, limits: Limits, refreshToken: string, now: number): boolean {
  const row = store.get<{ window_start: number; count: number }>(
    'SELECT window_start, count FROM token_requests WHERE refresh_token = ?',
    refreshToken,
  );
  const current = row && now >= row.window_start && now < row.window_start + limits.access_tokens_window_ms ? row : undefined;
  if (current && current.count >= limits.access_tokens) return false;
  store.run(
    `INSERT INTO token_requests (refresh_token, window_start, count) VALUES (?, ?, ?)
     ON CONFLICT (refresh_token) DO UPDATE SET window_start = excluded.window_start, count = excluded.count`,
    refreshToken,
    current?.window_start ?? now,
    (current?.count ?? 0) + 1,
  );
  return limits.access_tokens > 0;
}

function issueAccessToken(world: World, refreshToken: string, scope: string): string {
  const { store, limits } = world;
  const now = world.now();
  const accessToken = newToken();
  store.run('DELETE FROM access_tokens WHERE expires_at <= ?', now);
  store.run(
    'INSERT INTO access_tokens (token, refresh_token, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?)',
    accessToken,
    refreshToken,
    scope,
    now,
    now + limits.access_token_seconds * 1000,
  );
  store.run(
    `DELETE FROM access_tokens WHERE refresh_token = ? AND token NOT IN
       (SELECT token FROM access_tokens WHERE refresh_token = ? ORDER BY created_at DESC, rowid DESC LIMIT ?)`,
    refreshToken,
    refreshToken,
    limits.live_access_tokens,
  );
  return accessToken;
}

/** Creates a refresh token. The 21st of a client revokes its oldest. */
export function issueRefreshToken(store: Store, clientId: string, scope: string, origin: string, now: number): string {
  const refreshToken = newToken();
  store.run(
    'INSERT INTO refresh_tokens (token, client_id, scope, origin, created_at) VALUES (?, ?, ?, ?, ?)',
    refreshToken,
    clientId,
    scope,
    origin,
    now,
  );
  const surplus = store.all<{ token: string }>(
    "SELECT token FROM refresh_tokens WHERE client_id = ? AND origin <> 'seed' ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?",
    clientId,
    REFRESH_TOKENS_KEPT,
  );
  for (const { token: oldest } of surplus) endRefreshToken(store, oldest);
  return refreshToken;
}

function endRefreshToken(store: Store, refreshToken: string): number {
  store.run('DELETE FROM access_tokens WHERE refresh_token = ?', refreshToken);
  store.run('DELETE FROM token_requests WHERE refresh_token = ?', refreshToken);
  return store.run('DELETE FROM refresh_tokens WHERE token = ?', refreshToken);
}

/** Revokes a refresh token with its access tokens, or one access token. The text of the 400 error is a guess. */
export function revoke(world: World, arrival: Arrival): Reply {
  const given = formParameters(arrival).get('token') ?? '';
  const ended = endRefreshToken(world.store, given) + world.store.run('DELETE FROM access_tokens WHERE token = ?', given);
  return ended > 0 ? jsonReply(200, { status: 'success' }) : jsonReply(400, { error: 'invalid_token' });
}

/** Creates a grant code. A code without a redirect_uri comes from a Self Client in Zoho's API console. */
export function issueCode(world: World, grant: { client_id: string; scope: string; redirect_uri: string; with_refresh: boolean }): string {
  const code = newToken();
  world.store.run('DELETE FROM grant_codes WHERE expires_at <= ?', world.now());
  world.store.run(
    'INSERT INTO grant_codes (code, client_id, scope, redirect_uri, with_refresh, expires_at) VALUES (?, ?, ?, ?, ?, ?)',
    code,
    grant.client_id,
    grant.scope,
    grant.redirect_uri,
    grant.with_refresh ? 1 : 0,
    world.now() + world.limits.code_seconds * 1000,
  );
  return code;
}

/** The registered client with this id. */
export function clientOf(store: Store, clientId: string): ClientRow | undefined {
  return store.get<ClientRow>('SELECT * FROM clients WHERE client_id = ?', clientId);
}

/** `1000.<32 hex>.<32 hex>` (Zoho docs). */
export function newToken(): string {
  return `1000.${hex()}.${hex()}`;
}

function hex(): string {
  return randomBytes(16).toString('hex');
}

function same(expected: string, given: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(given);
  return left.length === right.length && timingSafeEqual(left, right);
}
