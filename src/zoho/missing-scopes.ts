import { HOUR_MS } from '../time.ts';
import type { Shared } from './shared-state.ts';

/**
 * Which scopes the credentials lack. Zoho's 57 is a missing scope, or a token that was revoked: refused to two tokens, or to one
 * that was accepted for something else a moment ago, it is the scope. What one process found out the others need not: each new
 * token asked for in vain is one of the ten that Zoho gives out in ten minutes.
 */
export interface MissingScopes {
  /** Afterwards `isMissing` tells whether it is the scope. */
  refused(scope: string, token: string): Promise<void>;
  allowed(scope: string, token: string): void;
  isMissing(scope: string): boolean;
}

/** As long as a token lives: then it is found out anew. */
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
