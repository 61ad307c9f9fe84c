import { join } from 'node:path';
import type { ReadTool } from '../endpoint.ts';
import type { Json } from '../json.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Log } from '../trace.ts';
import type { AccessTokens, Credentials } from '../zoho/access-token.ts';
import type { Zoho } from '../zoho/client.ts';
import type { HttpOptions } from '../zoho/http.ts';
import type { Limits, LimitsOptions } from '../zoho/limits.ts';
import type { Shared } from '../zoho/shared-state.ts';

/** Zoho's addresses, the credentials, and the folder of these books on this machine. */
export interface Target {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
  readonly organizationId: string;
  readonly dir: string;
  /** Read again for every new access token. */
  credentials(): Promise<Credentials>;
  /** Stops everything that was started only for this connection. */
  close?(): Promise<void>;
}

/** The settings that differ between servers, the doctor and tests. */
export interface WireOptions {
  target(): Promise<Target>;
  readonly log: Log;
  readonly http?: HttpOptions | undefined;
  readonly limits?: Omit<LimitsOptions, 'shared' | 'now'>;
  /** `memory`: this process does not share access token and rate limits with other processes. Default: `file`. */
  readonly shared?: 'file' | 'memory';
  /** See ZohoOptions. */
  readonly retryDelayMs?: number;
  /** See ZohoOptions. `target`: where the answer comes from. */
  readonly onRead?: (endpoint: ReadTool, result: Json, target: Target) => void;
  /** The clock for access tokens and limits. */
  readonly now?: (() => number) | undefined;
}

/** Zoho over HTTP. */
export interface Wire {
  readonly zoho: Zoho;
  readonly tokens: AccessTokens;
  readonly limits: Limits;
  readonly shared: Shared;
  /** The folder of these books on this machine. */
  readonly dir: string;
  close(): Promise<void>;
}

/** Name of the file with the access token and the rate limits that all processes of a connection share. */
export const SHARED = 'wire';

/** Joins HTTP, access tokens, limits and Zoho's client. Imports them only now, because hosts start many servers that they never use. */
export async function openWire({
  target: find,
  log,
  http: httpOptions,
  limits: most,
  shared: where,
  retryDelayMs,
  onRead,
  now,
}: WireOptions): Promise<Wire> {
  const target = await find();
  const { accountsUrl, apiBaseUrl, organizationId, dir } = target;
  const [{ createHttp }, { createAccessTokens }, { createZoho }, { createLimits }, { openShared }] = await Promise.all([
    import('../zoho/http.ts'),
    import('../zoho/access-token.ts'),
    import('../zoho/client.ts'),
    import('../zoho/limits.ts'),
    import('../zoho/shared-state.ts'),
  ]);
  const http = createHttp(httpOptions);
  // Without a folder, this process shares nothing with other processes. Only writes need the folder.
  const shared = await openShared(where === 'memory' ? 'memory' : join(dir, SHARED)).catch((error: NodeJS.ErrnoException) => {
    log('warn', 'this server cannot share its access token and rate limits with other servers of this machine', {
      error: error.code ?? error.name,
    });
    return openShared('memory');
  });
  const limits = createLimits({ ...most, shared, now });
  const tokens = createAccessTokens({ http, accountsUrl, credentials: () => target.credentials(), shared, log, now });
  return {
    zoho: createZoho({
      http,
      tokens,
      limits,
      shared,
      apiBaseUrl,
      organizationId,
      retryDelayMs,
      log,
      onRead: (endpoint, result) => onRead?.(endpoint, result, target),
    }),
    tokens,
    limits,
    shared,
    dir,
    async close() {
      await http.close();
      shared.close();
      await target.close?.();
    },
  };
}

/** The sandbox as the target instead of Zoho. */
export function sandboxTarget(
  sandbox: Pick<Sandbox, 'accounts_url' | 'api_base_url' | 'organization_id' | 'client_id' | 'client_secret' | 'refresh_token'>,
  dir: string,
): Target {
  const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = sandbox;
  return {
    accountsUrl: sandbox.accounts_url,
    apiBaseUrl: sandbox.api_base_url,
    organizationId: sandbox.organization_id,
    dir,
    credentials: async () => ({ clientId, clientSecret, refreshToken }),
  };
}
