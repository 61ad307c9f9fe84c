import { isRead, scopeOf } from '../endpoint.ts';
import { toolsets } from './index.ts';

/** The least OAuth scopes for every tool there is. Checks before a write read what lookups read, so those are always among them. */
export function leastScopes({ readOnly }: { readOnly: boolean }): readonly string[] {
  const { payments, lookups } = toolsets;
  return [...new Set([...payments.filter((endpoint) => !readOnly || isRead(endpoint)), ...lookups].map(scopeOf))];
}

/** Those of the wanted scopes that were not granted; `ALL` and `fullaccess` hold the others. */
export function scopesMissing(wanted: readonly string[], granted: readonly string[]): readonly string[] {
  const held = new Set(granted.map((scope) => scope.toLowerCase()));
  const covering = (scope: string) => [scope, scope.replace(/\w+$/, 'ALL'), 'ZohoBooks.fullaccess.ALL'];
  return wanted.filter((scope) => !covering(scope).some((name) => held.has(name.toLowerCase())));
}
