import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { AccessError } from '../errors.ts';
import { keychainFor, keychainWorks, type Keychain } from '../machine/keychain.ts';
import type { Credentials } from './access-token.ts';

/** Where a login is kept between runs: `login.json`, and its secrets in the operating system's keychain where that works. */

/** What a login leaves behind. */
export interface Login extends Credentials {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
  readonly organizationId: string;
  readonly organizationName?: string | undefined;
  /** As granted. */
  readonly scopes: readonly string[];
}

export interface LoginStore {
  /** Undefined when nobody is logged in. Throws AccessError (code login_unreadable) when what is there cannot be read. */
  read(): Promise<Login | undefined>;
  /** Beside and renamed, for the owner alone. Tells where the secrets went. */
  write(login: Login): Promise<'keychain' | 'file'>;
  /** Whether there was one. */
  forget(): Promise<boolean>;
  /** Changes whenever somebody logs in or out; one stat of a file. */
  version(): string;
}

const filled = z.string().min(1);
const address = z.url({ protocol: /^https?$/ });
const secretFields = { clientSecret: filled, refreshToken: filled };
const openFields = {
  clientId: filled,
  accountsUrl: address,
  apiBaseUrl: address,
  organizationId: z.string().regex(/^\d+$/),
  organizationName: z.string().optional(),
  scopes: z.array(z.string()),
};
const secretsSchema = z.object(secretFields);
const fileSchema = z.discriminatedUnion('secrets', [
  z.object({ ...openFields, secrets: z.literal('keychain') }),
  z.object({ ...openFields, secrets: z.literal('file'), ...secretFields }),
]);

/** `keychain: false` keeps new secrets out of the keychain; what an earlier login put there is still read and forgotten. */
export function openLoginStore(dir: string, { keychain: mayUseKeychain = true }: { keychain?: boolean } = {}): LoginStore {
  const file = join(resolve(dir), 'login.json');
  const inKeychain = async <T>(use: (entry: Keychain) => Promise<T>) => await use(await keychainFor(resolve(dir)));

  const readOpenPart = async () => {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw unreadable(`${file} cannot be read (${error.code ?? 'unknown'})`, { cause: error });
    });
    if (text === undefined) return undefined;
    const parsed = fileSchema.safeParse(parsedOrUndefined(text));
    // Not the parser's own words: they quote what is there.
    if (!parsed.success) throw unreadable(`${file} is not a login as this version keeps it`);
    return parsed.data;
  };

  const readKeychain = async () => {
    const kept = await inKeychain((entry) => entry.get()).catch((cause: unknown) => {
      throw unreadable("its secrets are in the operating system's keychain, which cannot be opened", {
        cause,
        next: ['unlock it', 'run `zoho-payments-mcp login` again with ZOHO_PAYMENTS_KEYCHAIN=0', inExtension],
      });
    });
    const parsed = secretsSchema.safeParse(parsedOrUndefined(kept ?? ''));
    if (!parsed.success) throw unreadable("its secrets are no longer in the operating system's keychain");
    return parsed.data;
  };

  return {
    async read() {
      const kept = await readOpenPart();
      if (kept === undefined) return undefined;
      const { secrets, ...login } = kept;
      return 'refreshToken' in login ? login : { ...login, ...(await readKeychain()) };
    },

    async write({ clientSecret, refreshToken, ...login }) {
      const before = await readOpenPart().catch(() => undefined);
      const secret = { clientSecret, refreshToken };
      const earlier = before?.secrets === 'keychain' ? await inKeychain((entry) => entry.get()).catch(() => undefined) : undefined;
      const secrets =
        mayUseKeychain && (await keychainWorks()) && (await succeeds(inKeychain((entry) => entry.set(JSON.stringify(secret)))))
          ? 'keychain'
          : 'file';
      try {
        await replace(file, `${JSON.stringify({ ...login, secrets, ...(secrets === 'file' && secret) }, null, 2)}\n`);
      } catch (error) {
        // The login that was there stays whole.
        if (secrets === 'keychain') await succeeds(inKeychain((entry) => (earlier === undefined ? entry.delete() : entry.set(earlier))));
        throw error;
      }
      if (secrets === 'file' && before?.secrets === 'keychain') await succeeds(inKeychain((entry) => entry.delete()));
      return secrets;
    },

    async forget() {
      const kept = await readOpenPart().catch(() => 'unreadable' as const);
      if (kept === undefined) return false;
      await rm(file).catch((cause: NodeJS.ErrnoException) => {
        throw stillThere(`${file} cannot be deleted (${cause.code ?? 'unknown'})`, `delete ${file}`, cause);
      });
      if (kept === 'unreadable') await succeeds(inKeychain((entry) => entry.delete()));
      if (kept !== 'unreadable' && kept.secrets === 'keychain' && !(await succeeds(inKeychain((entry) => entry.delete()))))
        throw stillThere("the operating system's keychain does not let go of its secrets", 'delete the entry zoho-payments-mcp there');
      return true;
    },

    version() {
      try {
        const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
        return stat === undefined ? '' : `${stat.ino}-${stat.mtimeNs}-${stat.size}`;
      } catch {
        // Whoever reads it is told why.
        return 'unreadable';
      }
    },
  };
}

/** A reader sees the old file or the new one whole, also after the power failed. */
async function replace(file: string, text: string): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    mkdirSync(resolve(file, '..'), { recursive: true, mode: 0o700 });
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw new AccessError(`The login could not be kept in ${file} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, {
      code: 'login_not_kept',
      next: 'set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to.',
      cause: error,
    });
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

function parsedOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is set stands before a login. */
const inExtension = {
  extension: 'set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN and ZOHO_ORGANIZATION_ID, which stand before a login',
};

function unreadable(
  why: string,
  {
    cause,
    next = ['run `zoho-payments-mcp login` again', inExtension],
  }: { cause?: unknown; next?: ConstructorParameters<typeof AccessError>[1]['next'] } = {},
): AccessError {
  return new AccessError(`There is a login to Zoho, and it cannot be used: ${why}.`, {
    code: 'login_unreadable',
    next,
    cause,
  });
}

function stillThere(why: string, next: string, cause?: unknown): AccessError {
  return new AccessError(`The login is not wholly forgotten: ${why}.`, {
    code: 'login_not_forgotten',
    next,
    cause,
  });
}
