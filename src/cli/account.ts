import { join } from 'node:path';
import { AccessError } from '../errors.ts';
import type { Login } from '../zoho/login-store.ts';
import type { Config } from './config.ts';
import { defaultStateDir } from './state-dir.ts';

/** Who this server is at Zoho: what the environment says, else what the last login left behind. */
export interface Account extends Omit<Login, 'scopes'> {
  /** Only a login knows. */
  readonly scopes?: readonly string[];
  readonly from: 'environment' | 'login';
}

export const baseDirOf = ({ stateDir }: Config): string => stateDir ?? defaultStateDir();

/** Changes whenever another account may be meant. */
export function accountVersion(config: Config): () => Promise<string> {
  if (isInEnvironment(config)) return async () => '';
  return async () => (await loginsOf(config)).version();
}

export async function accountOf(config: Config): Promise<Account> {
  const { credentials, organizationId, accountsUrl, apiBaseUrl, chosen } = config;
  if (credentials !== undefined && organizationId !== undefined) return { ...credentials, accountsUrl, apiBaseUrl, organizationId, from: 'environment' };
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

export function folderOf(base: string, { apiBaseUrl, organizationId }: Pick<Account, 'apiBaseUrl' | 'organizationId'>): string {
  return join(base, `${new URL(apiBaseUrl).host.replaceAll(/[^\w.-]/g, '_')}-${organizationId}`);
}

function isInEnvironment({ sandbox, credentials, organizationId }: Config): boolean {
  return sandbox !== false || (credentials !== undefined && organizationId !== undefined);
}

export async function loginsOf(config: Config) {
  const { openLoginStore } = await import('../zoho/login-store.ts');
  return openLoginStore(baseDirOf(config), { keychain: config.keychain });
}

function notConfigured(missing: readonly string[], why: string): AccessError {
  return new AccessError(`This server is not connected to Zoho Books yet: ${why}, and ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`, {
    code: 'not_configured',
    next: 'Ask the operator to run `zoho-payments-mcp login`, or to set what is missing in the host\'s configuration of this server; ZOHO_PAYMENTS_SANDBOX=1 tries it on practice books without an account.',
  });
}
