import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AccessError } from '../errors.ts';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import type { Login } from '../zoho/login-store.ts';
import type { Config } from './config.ts';
import { refuseWorldWritable, safeStateDir, writtenStateDir } from './state-dir.ts';

/** Who this server is at Zoho: what the environment says, else what the last login left behind. */
export interface Account extends Omit<Login, 'scopes'> {
  /** Only a login knows. */
  readonly scopes?: readonly string[];
  readonly from: 'environment' | 'login';
}

/** Throws AccessError (`state_dir_unsafe`) where others could put something into it. */
export const baseDirOf = ({ stateDir }: Config): string => safeStateDir(stateDir);

/** Changes whenever another account may be meant. */
export function accountVersion(config: Config): () => Promise<string> {
  if (isInEnvironment(config)) return async () => '';
  return async () => (await loginsOf(config)).version();
}

export async function accountOf(config: Config): Promise<Account> {
  const { credentials, organizationId, accountsUrl, apiBaseUrl, chosen } = config;
  if (credentials !== undefined && organizationId !== undefined)
    return { ...credentials, accountsUrl, apiBaseUrl, organizationId, from: 'environment' };
  if (credentials !== undefined) throw notConfigured(config.missing, 'the credentials in its settings name no organization');
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

/** What belongs to these books on this machine: one folder for the sandbox, and one for each organization at each Zoho. */
export async function stateOf(config: Config): Promise<string> {
  const base = baseDirOf(config);
  if (config.sandbox) return join(base, 'sandbox');
  return folderOf(base, await accountOf(config));
}

type BooksAt = Pick<Account, 'apiBaseUrl' | 'organizationId'>;

/**
 * One folder however the address is written. One that is there under another of its names is used; of several, the first in this
 * order that has a journal, whichever name is configured: all servers must come to the same one.
 */
export function folderOf(base: string, books: BooksAt): string {
  const folders = foldersOf(base, books);
  return refuseWorldWritable(folders.find(hasJournal) ?? folders.find((folder) => existsSync(folder)) ?? folders[0]!);
}

/** Folders of the same books that have a journal and are not looked at. */
export function overlookedFolders(base: string, books: BooksAt): string[] {
  return foldersOf(base, books).filter(hasJournal).slice(1);
}

/** What to say of such folders. */
export function overlookedWarning(config: Config, books: BooksAt): string | undefined {
  const base = baseDirOf(config);
  const overlooked = overlookedFolders(base, books);
  if (overlooked.length === 0) return undefined;
  return (
    `there are several journals of the same books, since Zoho's address was written in several ways: ${folderOf(base, books)} is used, ` +
    `and ${overlooked.join(' and ')} ${overlooked.length === 1 ? 'is' : 'are'} not looked at`
  );
}

/** The address was taken into the name as it was written: `localhost`, and a host with a full stop at its end, had folders of their own. */
function foldersOf(base: string, { apiBaseUrl, organizationId }: BooksAt): string[] {
  const { hostname, port } = new URL(apiBaseUrl);
  const host = hostname.replace(/\.+$/, '');
  const hosts = LOOPBACK_HOSTS.includes(host) ? LOOPBACK_HOSTS : [host];
  return hosts
    .flatMap((name) => [name, `${name}.`])
    .map((name) => join(base, `${(port === '' ? name : `${name}:${port}`).replaceAll(/[^\w.-]/g, '_')}-${organizationId}`));
}

const hasJournal = (folder: string) => existsSync(join(folder, 'journal.sqlite'));

function isInEnvironment({ sandbox, credentials, organizationId }: Config): boolean {
  return sandbox !== false || (credentials !== undefined && organizationId !== undefined);
}

export async function loginsOf(config: Config) {
  const { openLoginStore } = await import('../zoho/login-store.ts');
  baseDirOf(config);
  // As it was written: the entry in the keychain is named after it.
  return openLoginStore(writtenStateDir(config.stateDir), { keychain: config.keychain });
}

function notConfigured(missing: readonly string[], why: string): AccessError {
  return new AccessError(
    `This server is not connected to Zoho Books yet: ${why}, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`,
    {
      code: 'not_configured',
      next: [
        'run `zoho-payments-mcp login`',
        "set what is missing in the host's configuration of this server; " +
          'ZOHO_PAYMENTS_SANDBOX=1 tries it on practice books without an account',
      ],
    },
  );
}
