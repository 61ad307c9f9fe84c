import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import type { TeamMemory } from '../postgres/open.ts';
import type { Sandbox } from '../sandbox/index.ts';
import type { Log } from '../trace.ts';
import { accountOf, accountVersion, baseDirOf, folderOf, overlookedWarning, stateOf } from './account.ts';
import type { Config } from './config.ts';
import { openConnection, type Connection } from './connection.ts';
import { usable } from './state-dir.ts';
import { sandboxTarget, type Target } from './zoho-connection.ts';

/** A connection to the configured target: Zoho or the sandbox. Without a configuration its calls fail. */
export interface ConfiguredConnection extends Connection {
  /** Searches Zoho for writes that earlier processes left with an unknown outcome. */
  resolveLeftovers(warn: (message: string) => void): Promise<void>;
}

/** Opens the connection of the configuration. It reconnects after a login or logout. `memory`: a team's journal and turns. */
export function connect(config: Config, log: Log, memory?: Pick<TeamMemory, 'openJournal' | 'openTurns'>): ConfiguredConnection {
  const { policy, confirm: mode, ask, fastestAnswerMs, uniqueField, limits, proxy } = config;
  const connection = openConnection({
    version: accountVersion(config),
    target: async () => await (config.sandbox ? openSandboxTarget(config, log) : zohoOf(config)),
    http: { proxy },
    limits,
    policy,
    mode,
    ask,
    timings: fastestAnswerMs === undefined ? {} : { fastestAnswerMs },
    uniqueField,
    log,
    openJournal: memory?.openJournal,
    openTurns: memory?.openTurns,
  });
  return {
    ...connection,
    async resolveLeftovers(warn) {
      if (memory !== undefined) return await (await connection.road()).resolveAll(warn);
      const { journalFile } = await import('../write/open-road.ts');
      const dir = config.sandbox === 'memory' ? undefined : await stateOf(config).catch(() => undefined);
      if (dir === undefined || !existsSync(journalFile(dir))) return;
      const overlooked = config.sandbox ? undefined : overlookedWarning(config, await accountOf(config));
      if (overlooked !== undefined) warn(overlooked);
      await (await connection.road()).resolveAll(warn);
    },
  };
}

async function zohoOf(config: Config): Promise<Target> {
  const account = await accountOf(config);
  const { accountsUrl, apiBaseUrl, organizationId } = account;
  return {
    accountsUrl,
    apiBaseUrl,
    organizationId,
    dir: folderOf(baseDirOf(config), account),
    credentials: async () => await accountOf(config),
  };
}

async function openSandboxTarget(config: Config, log: Log): Promise<Target> {
  const inMemory = config.sandbox === 'memory';
  const dir = inMemory ? mkdtempSync(join(tmpdir(), 'zoho-payments-sandbox-')) : usable(await stateOf(config));
  const sandbox = await openSandbox(inMemory ? 'memory' : join(dir, 'books.sqlite'), config.sandboxToday);
  const { sandboxToday } = config;
  if (sandboxToday !== undefined && sandbox.today !== sandboxToday)
    log('warn', (await import('./sandbox.ts')).dayIgnored(sandboxToday, sandbox));
  return {
    ...sandboxTarget(sandbox, dir),
    async close() {
      await sandbox.close();
      if (inMemory) rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function openSandbox(data: string, today: string | undefined): Promise<Sandbox> {
  const { startSandbox } = await import('../sandbox/index.ts');
  // Every start of a server requests a token. With Zoho's own limit on tokens, practice would soon fail.
  return await startSandbox({ data, today, limits: { access_tokens: 1_000, live_access_tokens: 1_000 } }).catch((cause: unknown) => {
    throw new AccessError(`The sandbox could not be opened: ${oneLine(cause instanceof Error ? cause.message : String(cause))}.`, {
      code: 'sandbox_unavailable',
      next: ['set ZOHO_PAYMENTS_STATE_DIR to a writable folder', 'use --sandbox=memory'],
      cause,
    });
  });
}
