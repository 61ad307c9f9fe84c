import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Log } from '../trace.ts';
import { inStateDir } from '../write/turn.ts';
import type { AccessTokens, Credentials } from '../zoho/access-token.ts';
import type { Zoho } from '../zoho/client.ts';
import type { Limits } from '../zoho/limits.ts';
import { accountOf, folderOf, baseDirOf, stateOf, type Account } from './account.ts';
import type { Config } from './config.ts';
import { ensureDir, refuseWorldWritable } from './state-dir.ts';

/** Zoho over HTTP as configured: the real one, or the sandbox. */
export interface Wire {
  readonly zoho: Zoho;
  readonly tokens: AccessTokens;
  readonly limits: Limits;
  /** What belongs to these books on this machine. */
  readonly dir: string;
  close(): Promise<void>;
}

/** Access token and limits, shared by the processes of a connection: its file in their folder. */
export const SHARED = 'wire';

export async function openWire(config: Config, log: Log): Promise<Wire> {
  if (config.sandbox) return await openSandboxWire(config, log);
  const account = await accountOf(config);
  const dir = folderOf(baseDirOf(config), account);
  const opened = await open(config, log, account, dir, async () => await accountOf(config));
  return { ...opened, dir };
}

async function openSandboxWire(config: Config, log: Log): Promise<Wire> {
  const inMemory = config.sandbox === 'memory';
  const dir = inMemory ? mkdtempSync(join(tmpdir(), 'zoho-payments-sandbox-')) : usable(await stateOf(config));
  const sandbox = await openSandbox(inMemory ? 'memory' : join(dir, 'books.sqlite'));
  const {
    accounts_url: accountsUrl,
    api_base_url: apiBaseUrl,
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
    organization_id: organizationId,
  } = sandbox;
  const opened = await open(config, log, { accountsUrl, apiBaseUrl, organizationId }, dir, async () => ({
    clientId,
    clientSecret,
    refreshToken,
  }));
  return {
    ...opened,
    dir,
    async close() {
      await Promise.all([opened.close(), sandbox.close()]);
      if (inMemory) rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function open(
  config: Config,
  log: Log,
  { accountsUrl, apiBaseUrl, organizationId }: Pick<Account, 'accountsUrl' | 'apiBaseUrl' | 'organizationId'>,
  dir: string,
  credentials: () => Promise<Credentials>,
): Promise<Omit<Wire, 'dir'>> {
  const [{ createHttp }, { createAccessTokens }, { createZoho }, { createLimits }, { openShared }] = await Promise.all([
    import('../zoho/http.ts'),
    import('../zoho/access-token.ts'),
    import('../zoho/client.ts'),
    import('../zoho/limits.ts'),
    import('../zoho/shared.ts'),
  ]);
  const http = createHttp({ proxy: config.proxy });
  // Without a folder this process keeps to itself; only writing needs one.
  const shared = await openShared(join(dir, SHARED)).catch((error: NodeJS.ErrnoException) => {
    log('warn', 'access token and limits are not shared with other servers of this machine', { error: error.code ?? error.name });
    return openShared('memory');
  });
  const limits = createLimits({ shared, ...config.limits });
  const tokens = createAccessTokens({ http, accountsUrl, credentials, shared, log });
  return {
    tokens,
    zoho: createZoho({ http, tokens, limits, shared, apiBaseUrl, organizationId, log }),
    limits,
    async close() {
      await http.close();
      shared.close();
    },
  };
}

/** Without a place for its journal the server writes nothing. */
export function usable(dir: string): string {
  return inStateDir(() => refuseWorldWritable(ensureDir(dir)), 'set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to.');
}

async function openSandbox(data: string): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/index.ts');
  // Every start of a server asks for a token anew, and nobody should learn Zoho's limit on that from practice.
  return await startSandbox({ data, limits: { access_tokens: 1_000, live_access_tokens: 1_000 } }).catch((cause: unknown) => {
    throw new AccessError(`The sandbox could not be opened: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`, {
      code: 'sandbox_unavailable',
      next: ['set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to', 'use --sandbox=memory'],
      cause,
    });
  });
}
