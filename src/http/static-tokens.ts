import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import * as z from 'zod';
import { callerScopes, type CallerScope } from '../caller-scopes.ts';
import type { Log } from '../trace.ts';
import { notAccepted, verified, type Callers } from './callers.ts';

/** Tokens in a file of the operator. The file has only their digests, so that reading it does not let anybody in. */

const digestOfToken = (token: string) => createHash('sha256').update(token).digest();

export const tokensSchema = z
  .strictObject({
    $schema: z.string().optional(),
    tokens: z.array(
      z.strictObject({
        sha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
          .describe('The SHA-256 digest of the token.'),
        caller: z
          .string()
          .regex(/^[\w.@-]{1,100}$/, 'must be 1 to 100 letters, digits or . _ @ -')
          .describe('A name for journal, limits and log.'),
        scopes: z.array(z.enum(callerScopes)).min(1, 'must not be empty').describe('What the caller may do.'),
        expires: z
          .union([z.iso.datetime({ offset: true }), z.iso.date()], 'must be a time such as 2027-01-31 or 2027-01-31T12:00:00Z')
          .describe('After this time the token is not valid. A date means the start of this day, UTC.'),
      }),
    ),
  })
  .describe('Static tokens of callers, for `serve --http --auth-tokens`.');

type TokenEntry = z.output<typeof tokensSchema>['tokens'][number];

/** The file cannot be used. The message completes "the tokens cannot be used". */
export class TokensError extends Error {
  override readonly name = 'TokensError';
}

/** Callers with the tokens of this file. Reads the file again when it changed; if the new content is not valid, the old tokens stay. */
export function openStaticTokens(file: string, log: Log): Callers {
  let version = versionOf(file);
  let entries = readTokens(file);
  const current = (): readonly TokenEntry[] => {
    const now = versionOf(file);
    if (now === version) return entries;
    version = now;
    try {
      entries = readTokens(file);
      log('info', 'the file of tokens was read again', { tokens: entries.length });
    } catch (error) {
      log('error', `the changed file of tokens cannot be used, so the old tokens stay valid: ${(error as Error).message}`);
    }
    return entries;
  };
  return {
    verifier: (resource) => ({
      async verifyAccessToken(token) {
        const digest = digestOfToken(token);
        const entry = current().find((one) => timingSafeEqual(Buffer.from(one.sha256, 'hex'), digest));
        if (entry === undefined) throw notAccepted();
        const scopes: ReadonlySet<string> = new Set(entry.scopes);
        return verified(
          { name: `token:${entry.caller}`, scopes, seesOwn: true },
          { expiresAt: Date.parse(entry.expires) / 1000, resource },
        );
      },
    }),
  };
}

function versionOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

function readTokens(file: string): readonly TokenEntry[] {
  const parsed = tokensSchema.safeParse(jsonIn(file), { reportInput: true });
  if (!parsed.success) throw new TokensError(parsed.error.issues.map(inWords).join('; '));
  return parsed.data.tokens;
}

function jsonIn(file: string): unknown {
  let text: string;
  try {
    if ((statSync(file).mode & 0o002) !== 0 && process.platform !== 'win32')
      throw new TokensError('every user of this machine can change it: remove that permission (chmod o-w)');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof TokensError) throw error;
    throw new TokensError(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse quotes the text.
    throw new TokensError('it is not JSON');
  }
}

function inWords(issue: z.core.$ZodIssue): string {
  const where = issue.path.join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return `${where}: there is no setting ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  if (issue.code === 'invalid_type' && issue.input === undefined) return `${where} is missing`;
  if (issue.code === 'invalid_value') return `${where} must be one of ${issue.values.map(String).join(', ')}`;
  return `${where} ${issue.message}`;
}

/** Makes a token, and its entry for the file. The token is not stored anywhere. */
export function makeToken(
  caller: string,
  scopes: readonly CallerScope[],
  expires: string,
): { readonly token: string; readonly entry: TokenEntry } {
  const token = `zpm_${randomBytes(32).toString('base64url')}`;
  return { token, entry: { sha256: digestOfToken(token).toString('hex'), caller, scopes: [...scopes], expires } };
}
