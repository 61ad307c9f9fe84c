/** The scopes (permissions) of callers over HTTP. */
export const callerScopes = ['payments:read', 'payments:write', 'refunds:write', 'payments:delete'] as const;
export type CallerScope = (typeof callerScopes)[number];
