import { OAuthError, OAuthErrorCode, type AuthInfo, type OAuthTokenVerifier } from '@modelcontextprotocol/server';
import type { Caller } from '../mcp/caller.ts';

/** Verifies the tokens of callers. The SDK then compares resource and expiry. */
export interface Callers {
  /** For the tokens of one resource (the public address of an organization's endpoint). */
  verifier(resource: URL): OAuthTokenVerifier;
  /** The authorization server, if clients can get tokens from one. */
  readonly issuer?: string | undefined;
}

/** The verified caller. The token itself is left out: nothing after this point needs it, so it cannot leak. */
export function verified(caller: Caller, { expiresAt, resource }: { readonly expiresAt: number; readonly resource: URL }): AuthInfo {
  return { token: '', clientId: caller.name, scopes: [...caller.scopes], expiresAt, resource, extra: { caller } };
}

export const callerIn = (info: AuthInfo | undefined): Caller | undefined => info?.extra?.['caller'] as Caller | undefined;

/** The same words for every token that is not accepted, so that the answer tells nothing about the tokens that exist. */
export const notAccepted = () => new OAuthError(OAuthErrorCode.InvalidToken, 'The token is not valid here');

/** Asks several kinds of callers in turn: the first that knows the token decides. */
export function anyOf(kinds: readonly Callers[]): Callers | undefined {
  if (kinds.length < 2) return kinds[0];
  return {
    issuer: kinds.find(({ issuer }) => issuer !== undefined)?.issuer,
    verifier: (resource) => {
      const verifiers = kinds.map((kind) => kind.verifier(resource));
      return {
        async verifyAccessToken(token) {
          for (const verifier of verifiers.slice(0, -1)) {
            const known = await verifier.verifyAccessToken(token).catch((error: unknown) => {
              if (!(error instanceof OAuthError)) throw error;
            });
            if (known !== undefined) return known;
          }
          return await verifiers.at(-1)!.verifyAccessToken(token);
        },
      };
    },
  };
}
