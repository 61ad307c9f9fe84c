import { callerScopes, type CallerScope } from '../caller-scopes.ts';
import { makeToken, tokensSchema } from '../http/static-tokens.ts';
import { ConfigError } from './config.ts';

/** Makes a token for a caller. Prints the token to stderr, once, and its entry for the file of tokens to stdout. */
export function createToken({
  caller,
  scopes,
  expires,
}: {
  readonly caller?: string | undefined;
  readonly scopes?: string | undefined;
  readonly expires?: string | undefined;
}): void {
  if (caller === undefined || scopes === undefined || expires === undefined)
    throw new ConfigError('token create needs --caller, --scopes and --expires.');
  const wanted = scopes.split(',').map((scope) => scope.trim());
  const strange = wanted.find((scope) => !(callerScopes as readonly string[]).includes(scope));
  if (strange !== undefined)
    throw new ConfigError(`--scopes names an unknown scope, ${JSON.stringify(strange)}. The scopes are ${callerScopes.join(', ')}.`);
  const { token, entry } = makeToken(caller, wanted as CallerScope[], expires);
  const checked = tokensSchema.safeParse({ tokens: [entry] });
  if (!checked.success)
    throw new ConfigError(checked.error.issues.map(({ path, message }) => `--${String(path.at(-1))} ${message}`).join('; '));
  if (!(Date.parse(expires) > Date.now())) throw new ConfigError('--expires must be in the future.');
  process.stderr.write(`The token, which is not shown again:\n${token}\nAdd this entry to the list "tokens" in the file of tokens:\n`);
  process.stdout.write(`${JSON.stringify(entry)}\n`);
}
