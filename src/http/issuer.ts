import { OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod';
import { notAccepted, verified, type Callers } from './callers.ts';

/** JSON Web Tokens of an authorization server (issuer). The keys are read from the issuer, and read again when it uses a new key. */

export interface IssuerOptions {
  readonly issuer: string;
  /** Replaces the public address of the endpoint as the audience of tokens. */
  readonly audience?: string | undefined;
  /** After an unknown key, how long the server does not read the keys again. */
  readonly cooldownMs?: number | undefined;
}

/** Signatures with a private key. With `none` or a shared secret, anybody who knows the public key could make tokens. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

const TIMEOUT_MS = 5_000;
const COOLDOWN_MS = 30_000;
/** For clocks that differ a little. */
const TOLERANCE_SECONDS = 5;

export function openIssuer({ issuer, audience, cooldownMs = COOLDOWN_MS }: IssuerOptions): Callers {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const keysOf = () => {
    keys ??= jwksAddress(issuer).then((address) =>
      createRemoteJWKSet(address, { timeoutDuration: TIMEOUT_MS, cooldownDuration: cooldownMs }),
    );
    // The next request tries again.
    keys.catch(() => (keys = undefined));
    return keys;
  };
  return {
    issuer,
    verifier: (resource) => ({
      async verifyAccessToken(token) {
        const claims = await claimsOf(token, { issuer, audience, keysOf });
        const { sub, exp } = claims;
        // The name goes into the journal and the log.
        if (sub === undefined || exp === undefined || !/^[!-~]{1,255}$/.test(sub)) throw notAccepted();
        return {
          ...verified({ name: `${issuer}#${sub}`, scopes: scopesIn(claims), seesOwn: false }, { expiresAt: exp, resource }),
          // The SDK compares it with the public address of the endpoint.
          resource: audience === undefined ? audienceIn(claims, resource) : resource,
        };
      },
    }),
  };
}

interface Verifying extends Pick<IssuerOptions, 'issuer' | 'audience'> {
  keysOf(): Promise<JWTVerifyGetKey>;
}

async function claimsOf(token: string, { issuer, audience, keysOf }: Verifying): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, await keysOf(), {
      issuer,
      ...(audience !== undefined && { audience }),
      algorithms: ALGORITHMS,
      requiredClaims: ['exp', 'sub', 'aud'],
      clockTolerance: TOLERANCE_SECONDS,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError && !UNREACHABLE.has(error.code)) throw notAccepted();
    throw new OAuthError(OAuthErrorCode.ServerError, 'The keys of the issuer cannot be read now');
  }
}

/** The codes of jose if the issuer's keys could not be read. */
const UNREACHABLE = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID']);

/** The audience that names this resource, otherwise the first one, so that the SDK refuses it. */
function audienceIn({ aud }: JWTPayload, resource: URL): URL {
  const all = [aud ?? []].flat().filter((one) => URL.canParse(one));
  const own = all.find((one) => new URL(one).href === resource.href) ?? all[0];
  if (own === undefined) throw notAccepted();
  return new URL(own);
}

/** `scope` as in RFC 9068, or `scp` as some issuers write it. */
function scopesIn(claims: JWTPayload): ReadonlySet<string> {
  const given = claims['scope'] ?? claims['scp'] ?? '';
  const all = Array.isArray(given) ? given : String(given).split(' ');
  return new Set(all.filter((scope): scope is string => typeof scope === 'string' && scope !== ''));
}

const metadataSchema = z.looseObject({ issuer: z.string(), jwks_uri: z.url() });

/** Reads from the issuer's metadata (RFC 8414, or OpenID Connect Discovery) where its keys are. */
async function jwksAddress(issuer: string): Promise<URL> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [`${origin}/.well-known/oauth-authorization-server${path}`, `${origin}${path}/.well-known/openid-configuration`];
  for (const place of places) {
    const answer = await fetch(place, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    const metadata = metadataSchema.safeParse(answer.ok ? await answer.json() : undefined);
    if (!metadata.success || metadata.data.issuer !== issuer) continue;
    const address = new URL(metadata.data.jwks_uri);
    // Keys that came over http could be anybody's. The issuer itself may be on this machine.
    if (address.protocol === 'https:' || address.origin === origin) return address;
  }
  throw new Error('The issuer publishes no metadata with its own name and its keys.');
}
