import { HOUR_MS } from '../time.ts';
import type { Shared } from './shared-state.ts';

/**
 * The scopes that the credentials lack. Zoho's code 57 means a missing scope or a revoked token. A scope is missing if Zoho refused two
 * tokens, or if the refused token worked for another call a moment ago. All processes share the result, because each useless request for a
 * token uses up one of the ten tokens that Zoho issues in ten minutes.
 */
export interface MissingScopes {
  /** Notes a refusal. Then `isMissing` tells whether the scope is missing. */
  refused(scope: string, token: string): Promise<void>;
  allowed(scope: string, token: string): void;
  isMissing(scope: string): boolean;
}

/** The lifetime of a token. After this time the scope is tried again. */
const KNOWN_MS = HOUR_MS;
const A_MOMENT_MS = 10_000;

export function createMissingScopes(shared: Shared, now: () => number = Date.now): MissingScopes {
  const refusedTo = new Map<string, string>();
  const missing = new Set<string>();
  let accepted: { readonly token: string; readonly at: number } | undefined;
  const known = async (scope: string) =>
    await shared
      .write(
        (sql) =>
          sql.get('SELECT 1 FROM scopes_missing WHERE scope = ? AND until > ? AND until <= ?', scope, now(), now() + KNOWN_MS) !==
          undefined,
      )
      .catch(() => false);
  const note = async (scope: string) =>
    await shared
      .write((sql) => sql.run('INSERT OR REPLACE INTO scopes_missing (scope, until) VALUES (?, ?)', scope, now() + KNOWN_MS))
      .catch(() => undefined);
  return {
    async refused(scope, token) {
      const before = refusedTo.get(scope);
      refusedTo.set(scope, token);
      const isScope =
        missing.has(scope) ||
        (before !== undefined && before !== token) ||
        (accepted?.token === token && now() - accepted.at < A_MOMENT_MS);
      if (isScope && !missing.has(scope)) await note(scope);
      if (isScope || (await known(scope))) missing.add(scope);
    },
    allowed(scope, token) {
      accepted = { token, at: now() };
      refusedTo.delete(scope);
      missing.delete(scope);
    },
    isMissing: (scope) => missing.has(scope),
  };
}
