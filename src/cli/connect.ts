import { join } from 'node:path';
import { AccessError, oneLine } from '../errors.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Zoho } from '../zoho/client.ts';
import type { Config } from './config.ts';
import { defaultStateDir, ensureDir } from './state-dir.ts';

/** Joins configuration and wire: Zoho itself, the sandbox, or nothing yet. */
export interface Connection {
  readonly zoho: Zoho;
  readonly connected: boolean;
  close(): Promise<void>;
}

/** The wire, loaded and connected when the first call needs it: hosts start servers that are then not used. */
export function connect(config: Config): Connection {
  if (!config.sandbox && config.missing.length > 0) return { zoho: unconfigured(config.missing), connected: false, close: async () => {} };
  let opening: Promise<Open> | undefined;
  const open = () => {
    opening ??= openZoho(config);
    // A start that failed (the port, the disk) may work for the next call.
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  };
  return {
    zoho: whenOpen(open, undefined),
    connected: true,
    close: async () => await (await opening?.catch(() => undefined))?.close(),
  };
}

interface Open {
  readonly zoho: Zoho;
  close(): Promise<void>;
}

async function openZoho(config: Config): Promise<Open> {
  const [{ createHttp }, { createAccessTokens }, { createZoho }] = await Promise.all([import('../zoho/http.ts'), import('../zoho/access-token.ts'), import('../zoho/client.ts')]);
  const http = createHttp({ proxy: config.proxy });
  if (config.sandbox) {
    const sandbox = await openSandbox(config).catch((error: unknown) => {
      throw noSandbox(error);
    });
    const tokens = createAccessTokens(http, sandbox.accounts_url, { clientId: sandbox.client_id, clientSecret: sandbox.client_secret, refreshToken: sandbox.refresh_token });
    const zoho = createZoho({ http, tokens, apiBaseUrl: sandbox.api_base_url, organizationId: sandbox.organization_id });
    return { zoho, close: async () => void (await Promise.all([http.close(), sandbox.close()])) };
  }
  const { credentials, organizationId, accountsUrl, apiBaseUrl } = config;
  if (credentials === undefined || organizationId === undefined) throw notConfigured(config.missing);
  return { zoho: createZoho({ http, tokens: createAccessTokens(http, accountsUrl, credentials), apiBaseUrl, organizationId }), close: () => http.close() };
}

async function openSandbox({ sandbox, stateDir }: Config): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/index.ts');
  return await startSandbox({ data: sandbox === 'memory' ? 'memory' : join(ensureDir(join(stateDir ?? defaultStateDir(), 'sandbox')), 'books.sqlite') });
}

function noSandbox(cause: unknown): AccessError {
  return new AccessError(`The sandbox could not be opened: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`, {
    code: 'sandbox_unavailable',
    next: 'Ask the operator to set ZOHO_PAYMENTS_STATE_DIR to a folder that can be written to, or to use --sandbox=memory.',
    cause,
  });
}

function whenOpen(open: () => Promise<Open>, signal: AbortSignal | undefined): Zoho {
  const ready = async () => (await open()).zoho.until(signal);
  return {
    until: (given) => whenOpen(open, given),
    read: async (...args) => await (await ready()).read(...args),
    document: async (...args) => await (await ready()).document(...args),
    send: async (...args) => await (await ready()).send(...args),
  };
}

function notConfigured(missing: readonly string[]): AccessError {
  return new AccessError(`This server is not connected to Zoho Books yet: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set.`, {
    code: 'not_configured',
    next: 'Ask the operator to set them in the host\'s configuration of this server, or to set ZOHO_PAYMENTS_SANDBOX=1 to try it on practice books without an account.',
  });
}

function unconfigured(missing: readonly string[]): Zoho {
  const refuse = async () => {
    throw notConfigured(missing);
  };
  const zoho: Zoho = { until: () => zoho, read: refuse, document: refuse, send: refuse };
  return zoho;
}
