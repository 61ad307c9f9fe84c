import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AccessError } from '../errors.ts';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import type { Login } from '../zoho/login-store.ts';
import type { Config } from './config.ts';
import { refuseWorldWritable, safeStateDir, writtenStateDir } from './state-dir.ts';

/** Credentials and organization of this server, from the environment or else from the last login. */
export interface Account extends Omit<Login, 'scopes'> {
  /** The granted scopes. Known only for a login. */
  readonly scopes?: readonly string[];
  readonly from: 'environment' | 'login';
}

/** The folder for all state. Throws AccessError (`state_dir_unsafe`) if other users could write to it. */
export const baseDirOf = ({ stateDir }: Config): string => safeStateDir(stateDir);

/** A version that changes when a user logs in or out. */
export function accountVersion(config: Config): () => Promise<string> {
  if (isInEnvironment(config)) return async () => '';
  return async () => (await loginsOf(config)).version();
}

export async function accountOf(config: Config): Promise<Account> {
  const { credentials, organizationId, accountsUrl, apiBaseUrl, chosen } = config;
  if (credentials !== undefined && organizationId !== undefined)
    return { ...credentials, accountsUrl, apiBaseUrl, organizationId, from: 'environment' };
  if (credentials !== undefined) throw notConfigured(config.missing, 'its settings hold credentials but no organization');
  const login = await (await loginsOf(config)).read();
  if (login === undefined) throw notConfigured(config.missing, 'nobody has logged in');
  return {
    ...login,
    ...(chosen.accountsUrl && { accountsUrl }),
    ...(chosen.apiBaseUrl && { apiBaseUrl }),
    ...(organizationId !== undefined && { organizationId }),
    from: 'login',
  };
}

/** The folder of these books on this machine: one for the sandbox, and one for each organization at each API address. */
export async function stateOf(config: Config): Promise<string> {
  const base = baseDirOf(config);
  if (config.sandbox) return join(base, 'sandbox');
  return folderOf(base, await accountOf(config));
}

type BooksAt = Pick<Account, 'apiBaseUrl' | 'organizationId'>;

/**
 * The folder of these books: the same for every spelling of the API address. If several spellings have a folder, returns the first folder
 * with a journal, whichever spelling is configured, because all servers must use the same journal.
 */
export function folderOf(base: string, books: BooksAt): string {
  const folders = foldersOf(base, books);
  return refuseWorldWritable(folders.find(hasJournal) ?? folders.find((folder) => existsSync(folder)) ?? folders[0]!);
}

/** Other folders of the same books with a journal. The server does not use these journals. */
export function overlookedFolders(base: string, books: BooksAt): string[] {
  return foldersOf(base, books).filter(hasJournal).slice(1);
}

/** The warning about these other folders. */
export function overlookedWarning(config: Config, books: BooksAt): string | undefined {
  const base = baseDirOf(config);
  const overlooked = overlookedFolders(base, books);
  if (overlooked.length === 0) return undefined;
  return (
    "this server has several journals for these books, because Zoho's address was set in different spellings: " +
    `the server uses ${folderOf(base, books)} and ignores ${overlooked.join(' and ')}`
  );
}

/** All possible folders. Earlier versions used the spelling of the address, such as `localhost`, or a host name with a dot at its end. */
function foldersOf(base: string, { apiBaseUrl, organizationId }: BooksAt): string[] {
  const { hostname, port } = new URL(apiBaseUrl);
  const host = hostname.replace(/\.+$/, '');
  const hosts = LOOPBACK_HOSTS.includes(host) ? LOOPBACK_HOSTS : [host];
  return hosts
    .flatMap((name) => [name, `${name}.`])
    .map((name) => join(base, `${(port === '' ? name : `${name}:${port}`).replaceAll(/[^\w.-]/g, '_')}-${organizationId}`));
}

/** True for an address on this machine, where only a sandbox can be. */
export const isSandbox = (address: string): boolean => LOOPBACK_HOSTS.includes(new URL(address).hostname);

const hasJournal = (folder: string) => existsSync(join(folder, 'journal.sqlite'));

function isInEnvironment({ sandbox, credentials, organizationId }: Config): boolean {
  return sandbox !== false || (credentials !== undefined && organizationId !== undefined);
}

export async function loginsOf(config: Config) {
  const { openLoginStore } = await import('../zoho/login-store.ts');
  baseDirOf(config);
  // Symbolic links stay: the name of the keychain entry comes from the path as it was set.
  return openLoginStore(writtenStateDir(config.stateDir), { keychain: config.keychain });
}

function notConfigured(missing: readonly string[], why: string): AccessError {
  return new AccessError(
    `This server is not connected to Zoho Books: ${why}, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`,
    {
      code: 'not_configured',
      next: [
        'run `zoho-payments-mcp login`',
        "set the missing variables in the host's configuration of this server; " +
          'to try the server without a Zoho account, set ZOHO_PAYMENTS_SANDBOX=1 (practice books)',
      ],
    },
  );
}
