import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endpoints } from '../endpoints/index.ts';
import { AccessError, oneLine } from '../errors.ts';
import type { Books, Reading } from '../mcp/books.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Entry } from '../write/journal.ts';
import type { Log } from '../trace.ts';
import type { Credentials } from '../zoho/access-token.ts';
import type { Zoho } from '../zoho/client.ts';
import type { Shared } from '../zoho/shared.ts';
import type { Config } from './config.ts';
import { defaultStateDir, ensureDir } from './state-dir.ts';

/** Joins configuration, wire and journal: Zoho itself, the sandbox, or nothing yet. */
export interface Connection extends Pick<Books, 'zoho' | 'write' | 'journal'> {
  /** Looks for whatever earlier processes left unsettled, if they left anything. */
  resolveLeftovers(warn: (message: string) => void): Promise<void>;
  /** Takes a person's word for an unsettled write: which record it made, or that it made none. Undefined while nobody can know. */
  settle(entry: string, recorded: string | undefined): Promise<Entry | undefined>;
  close(): Promise<void>;
}

/** Wire and journal are loaded and opened when the first call needs them: hosts start servers that are then not used. */
export function connect(config: Config, log: Log): Connection {
  if (!config.sandbox && config.missing.length > 0) return unconfigured(config.missing);
  const wire = once(() => openWire(config, log));
  const road = once(async () => {
    const { openRoad } = await import('../write/road.ts');
    const { zoho, dir } = await wire();
    const { policy, confirm: mode, uniqueField } = config;
    return await openRoad({ dir: usable(dir), zoho, endpoints, policy, mode, uniqueField, caller: 'local' });
  });
  const close = { wire: async () => await (await wire.opened())?.close(), road: async () => await (await road.opened())?.close() };
  return {
    zoho: readingOf(async () => (await wire()).zoho, undefined),
    write: async (call) => {
      const { perform } = await import('../write/perform.ts');
      return await perform(call, (await road()).road);
    },
    journal: async () => (await road()).road.journal,
    async resolveLeftovers(warn) {
      const { journalFile } = await import('../write/road.ts');
      if (config.sandbox === 'memory' || !existsSync(journalFile(stateOf(config)))) return;
      await (await road()).resolveAll(warn);
    },
    settle: async (entry, recorded) => await (await road()).settle(entry, recorded),
    async close() {
      await close.road();
      await close.wire();
    },
  };
}

/** Opened by whoever comes first. A failure (the port, the disk) is not kept: the next call may have more luck. */
function once<T>(open: () => Promise<T>) {
  let opening: Promise<T> | undefined;
  const opened = () => {
    opening ??= open();
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  return Object.assign(opened, { opened: () => opening?.catch(() => undefined) ?? Promise.resolve(undefined) });
}

interface Login extends Credentials {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
  readonly organizationId: string;
}

interface Wire {
  readonly zoho: Zoho;
  /** What belongs to these books on this machine. */
  readonly dir: string;
  close(): Promise<void>;
}

/** One folder for the sandbox, and one for each organization at each Zoho. */
export function stateOf({ sandbox, stateDir, apiBaseUrl, organizationId }: Config): string {
  const base = stateDir ?? defaultStateDir();
  return sandbox ? join(base, 'sandbox') : join(base, `${new URL(apiBaseUrl).host.replaceAll(/[^\w.-]/g, '_')}-${organizationId}`);
}

async function openWire(config: Config, log: Log): Promise<Wire> {
  const [{ createHttp }, { createAccessTokens }, { createZoho }, { createLimits }, { openShared }] = await Promise.all([
    import('../zoho/http.ts'),
    import('../zoho/access-token.ts'),
    import('../zoho/client.ts'),
    import('../zoho/limits.ts'),
    import('../zoho/shared.ts'),
  ]);
  const http = createHttp({ proxy: config.proxy });
  const zohoAt = ({ accountsUrl, apiBaseUrl, organizationId, ...credentials }: Login, shared: Shared): Zoho => {
    const tokens = createAccessTokens({ http, accountsUrl, credentials: async () => credentials, shared, log });
    return createZoho({ http, tokens, limits: createLimits({ shared, ...config.limits }), apiBaseUrl, organizationId, log });
  };
  if (config.sandbox) {
    const dir = config.sandbox === 'memory' ? mkdtempSync(join(tmpdir(), 'zoho-payments-sandbox-')) : usable(stateOf(config));
    const sandbox = await openSandbox(config, dir).catch((error: unknown) => {
      throw noSandbox(error);
    });
    const { accounts_url: accountsUrl, api_base_url: apiBaseUrl, client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken, organization_id: organizationId } = sandbox;
    const shared = await openShared(join(dir, WIRE));
    return {
      zoho: zohoAt({ accountsUrl, apiBaseUrl, clientId, clientSecret, refreshToken, organizationId }, shared),
      dir,
      async close() {
        await Promise.all([http.close(), sandbox.close()]);
        shared.close();
        if (config.sandbox === 'memory') rmSync(dir, { recursive: true, force: true });
      },
    };
  }
  const { credentials, organizationId, accountsUrl, apiBaseUrl } = config;
  if (credentials === undefined || organizationId === undefined) throw notConfigured(config.missing);
  const dir = stateOf(config);
  // Without a folder this process keeps to itself; only writing needs one.
  const shared = await openShared(join(dir, WIRE)).catch(() => openShared('memory'));
  return {
    zoho: zohoAt({ ...credentials, accountsUrl, apiBaseUrl, organizationId }, shared),
    dir,
    async close() {
      await http.close();
      shared.close();
    },
  };
}

/** Access token and limits, shared by the processes of a connection. */
const WIRE = 'wire';

/** Without a place for its journal the server writes nothing. */
function usable(dir: string): string {
  try {
    return ensureDir(dir);
  } catch (cause) {
    throw new AccessError(`The folder for this server's state cannot be used: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`, {
      code: 'state_dir_unusable',
      next: 'Ask the operator to set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to.',
      cause,
    });
  }
}

async function openSandbox({ sandbox }: Config, dir: string): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/index.ts');
  return await startSandbox({ data: sandbox === 'memory' ? 'memory' : join(dir, 'books.sqlite') });
}

function noSandbox(cause: unknown): AccessError {
  return new AccessError(`The sandbox could not be opened: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`, {
    code: 'sandbox_unavailable',
    next: 'Ask the operator to set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to, or to use --sandbox=memory.',
    cause,
  });
}

function readingOf(open: () => Promise<Zoho>, signal: AbortSignal | undefined): Reading {
  return {
    until: (given) => readingOf(open, given),
    read: async (...args) => await (await open()).until(signal).read(...args),
    document: async (...args) => await (await open()).until(signal).document(...args),
  };
}

function notConfigured(missing: readonly string[]): AccessError {
  return new AccessError(`This server is not connected to Zoho Books yet: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`, {
    code: 'not_configured',
    next: 'Ask the operator to set them in the host\'s configuration of this server, or to set ZOHO_PAYMENTS_SANDBOX=1 to try it on practice books without an account.',
  });
}

function unconfigured(missing: readonly string[]): Connection {
  const refuse = async (): Promise<never> => {
    throw notConfigured(missing);
  };
  const zoho: Reading = { until: () => zoho, read: refuse, document: refuse };
  return { zoho, write: refuse, journal: refuse, resolveLeftovers: async () => {}, settle: refuse, close: async () => {} };
}

