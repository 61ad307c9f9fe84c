import type { CallerScope } from '../caller-scopes.ts';
import { AccessError } from '../errors.ts';
import { methodOf, writtenBy, isWrite } from '../workflow.ts';
import type { Prompt } from './prompts.ts';
import type { Tool } from './tools.ts';

/** Callers over HTTP, and the scopes (permissions) that they need. The scopes follow from the declarations of the tools. */

export interface Caller {
  /** For journal, limits and log: the name of a static token, or issuer and subject. */
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
  /** True if the caller sees only what it may use. False if it sees everything, and is told which scope is missing. */
  readonly seesOwn: boolean;
}

/** The scope for reading, which resources need too. */
export const READING: CallerScope = 'payments:read';

/** The scope that a call of the tool needs. */
export function scopeFor(tool: Tool): CallerScope {
  if (tool.kind === 'journal' || !isWrite(tool)) return READING;
  if (methodOf(tool) === 'DELETE') return 'payments:delete';
  return writtenBy(tool).path.includes('/refunds') ? 'refunds:write' : 'payments:write';
}

/** The scopes that a prompt needs: those of the first offered tool of each group. */
export function scopesForPrompt({ needs }: Prompt, tools: readonly Tool[]): [CallerScope, ...CallerScope[]] {
  const scopes = needs.flatMap((group) => tools.find(({ name }) => group.includes(name)) ?? []).map(scopeFor);
  return [scopes[0] ?? READING, ...new Set(scopes.slice(1))];
}

/** The error for a call beyond the scopes of a caller that sees only what it may use. */
export function beyondScopes(tool: Tool): AccessError {
  const scope = scopeFor(tool);
  return new AccessError(`This caller may not use ${tool.name}: its token lacks the scope (permission) ${scope}.`, {
    code: 'scope_missing',
    next: `give the caller a token with the scope ${scope}`,
  });
}
