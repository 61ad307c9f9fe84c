import { randomUUID } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { AccessError } from '../errors.ts';
import { keychainFor, keychainWorks, type Keychain } from '../machine/keychain.ts';
import type { Credentials } from './access-token.ts';

/** Stores the login in `login.json`, and its secrets in the operating system's keychain if the keychain works. */

/** The stored login. */
export interface Login extends Credentials {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
  readonly organizationId: string;
  readonly organizationName?: string | undefined;
  /** The scopes that Zoho granted. */
  readonly scopes: readonly string[];
}

export interface LoginStore {
  /** Undefined if nobody is logged in. Throws AccessError (code login_unreadable) if the stored login cannot be read. */
  read(): Promise<Login | undefined>;
  /** Replaces the file atomically, readable only by its owner. Returns where the secrets are. */
  write(login: Login): Promise<'keychain' | 'file'>;
  /** Returns true if there was a login. */
  forget(): Promise<boolean>;
  /** A text that changes with every login and logout. It costs one `stat` of a file. */
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

/** `keychain: false` stores new secrets in the file. An earlier login's secrets can still be read from the keychain, and deleted there. */
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
    // The error omits the parser's message, because that message quotes the content.
    if (!parsed.success) throw unreadable(`${file} is damaged or was written by another version`);
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
        // Restore the earlier login.
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
        throw stillThere(
          "its secrets could not be deleted from the operating system's keychain",
          'delete the entry zoho-payments-mcp there',
        );
      return true;
    },

    version() {
      try {
        const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
        return stat === undefined ? '' : `${stat.ino}-${stat.mtimeNs}-${stat.size}`;
      } catch {
        // `read` reports the reason.
        return 'unreadable';
      }
    },
  };
}

/** Replaces the file atomically: a reader sees the complete old file or the complete new file, even after a power failure. */
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
    throw new AccessError(`The login could not be stored in ${file} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`, {
      code: 'login_not_kept',
      next: 'set ZOHO_PAYMENTS_STATE_DIR to a writable folder.',
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

/** In an extension, settings override a login. */
const inExtension = {
  extension: 'set ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN and ZOHO_ORGANIZATION_ID, which override a login',
};

function unreadable(
  why: string,
  {
    cause,
    next = ['run `zoho-payments-mcp login` again', inExtension],
  }: { cause?: unknown; next?: ConstructorParameters<typeof AccessError>[1]['next'] } = {},
): AccessError {
  return new AccessError(`The stored login to Zoho cannot be used: ${why}.`, {
    code: 'login_unreadable',
    next,
    cause,
  });
}

function stillThere(why: string, next: string, cause?: unknown): AccessError {
  return new AccessError(`The login was not completely deleted: ${why}.`, {
    code: 'login_not_forgotten',
    next,
    cause,
  });
}
