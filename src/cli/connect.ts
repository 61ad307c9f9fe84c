import { existsSync } from 'node:fs';
import { endpoints } from '../endpoints/index.ts';
import { AccessError, InternalError, PaymentsError } from '../errors.ts';
import type { Books, Reading } from '../mcp/books.ts';
import type { Log } from '../trace.ts';
import type { OpenRoad } from '../write/road.ts';
import type { Quota } from '../zoho/limits.ts';
import type { Zoho } from '../zoho/client.ts';
import { accountOf, accountVersion, overlookedWarning, stateOf } from './account.ts';
import type { Config } from './config.ts';
import { openWire, usable, type Wire } from './wire.ts';

/** Joins configuration, wire and journal: Zoho itself, the sandbox, or nothing yet. */
export interface Connection extends Pick<Books, 'zoho' | 'reader' | 'write' | 'journal' | 'quota'> {
  /** Looks for whatever earlier processes left unsettled, if they left anything. */
  resolveLeftovers(warn: (message: string) => void): Promise<void>;
  /** Takes a person's word for an unsettled write: which record it made, or that it made none. */
  settle: OpenRoad['settle'];
  close(): Promise<void>;
}

/**
 * Wire and journal are loaded and opened when the first call needs them, since hosts start servers that are then not used; and
 * anew after somebody logged in or out.
 */
export function connect(config: Config, log: Log): Connection {
  const version = accountVersion(config);
  const wire = opener<Wire>(version, () => openWire(config, log));
  const road = opener<OpenRoad>(version, async () => {
    const { openRoad } = await import('../write/road.ts');
    const { zoho, dir } = await wire.get();
    const { policy, confirm: mode, uniqueField } = config;
    return await openRoad({ dir: usable(dir), zoho, endpoints, policy, mode, uniqueField, caller: 'local' });
  });
  return {
    zoho: readingOf(async () => (await wire.get()).zoho, undefined),
    reader: async (signal) => (await wire.get()).zoho.until(signal),
    quota: async (): Promise<Quota> => await (await wire.get()).limits.quota(),
    write: async (call) => {
      try {
        const { perform } = await import('../write/perform.ts');
        const { road: opened } = await road.get().catch((error: unknown) => {
          throw error instanceof PaymentsError ? error : new InternalError('no', error);
        });
        return await perform(call, opened);
      } catch (error) {
        // The model passes it on, if it does; whoever runs the server reads the log.
        if (error instanceof AccessError && /^(journal|state_dir)_/.test(error.code))
          log('error', error.whatHappened, { code: error.code });
        throw error;
      }
    },
    journal: async () => (await road.get()).road.journal,
    async resolveLeftovers(warn) {
      const { journalFile } = await import('../write/road.ts');
      const dir = config.sandbox === 'memory' ? undefined : await stateOf(config).catch(() => undefined);
      if (dir === undefined || !existsSync(journalFile(dir))) return;
      const overlooked = config.sandbox ? undefined : overlookedWarning(config, await accountOf(config));
      if (overlooked !== undefined) warn(overlooked);
      await (await road.get()).resolveAll(warn);
    },
    settle: async (...args) => await (await road.get()).settle(...args),
    async close() {
      await road.close();
      await wire.close();
    },
  };
}

/** Opened by whoever comes first. A failure (the port, the disk) is not kept: the next call may have more luck. */
function opener<T extends { close(): Promise<void> }>(version: () => Promise<string>, open: () => Promise<T>) {
  let newest: { readonly version: string; readonly opening: Promise<T> } | undefined;
  // Earlier ones too: a call may still be under way on them.
  const all = new Set<Promise<T>>();
  return {
    async get(): Promise<T> {
      const now = await version();
      if (newest?.version === now) return await newest.opening;
      const opening = open();
      const mine = (newest = { version: now, opening });
      all.add(opening);
      opening.catch(() => {
        all.delete(opening);
        if (newest === mine) newest = undefined;
      });
      return await opening;
    },
    async close(): Promise<void> {
      await Promise.all(
        [...all].map((opening) =>
          opening.then(
            (opened) => opened.close(),
            () => undefined,
          ),
        ),
      );
    },
  };
}

function readingOf(open: () => Promise<Zoho>, signal: AbortSignal | undefined): Reading {
  return {
    until: (given) => readingOf(open, given),
    read: async (...args) => await (await open()).until(signal).read(...args),
    document: async (...args) => await (await open()).until(signal).document(...args),
  };
}
