import { PaymentsError } from '../errors.ts';
import type { Books } from '../mcp/server-dependencies.ts';
import type { TeamMemory } from '../postgres/open.ts';
import type { Started } from '../started.ts';
import type { Log } from '../trace.ts';
import { baseDirOf } from './account.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { toolsFor } from './enabled-tools.ts';
import { createLog } from './log.ts';
import { stateDirWarning } from './state-dir.ts';
import { version } from './version.ts';

/** The books of the configuration, with everything that a server needs to serve them. */
export interface ServedBooks {
  readonly books: Books;
  readonly log: Log;
  /** Searches Zoho, a little later, for writes that earlier processes left with an unknown outcome. */
  resolveLeftoversSoon(): void;
  close(): Promise<void>;
}

/** `memory`: the journal and turns that the servers of a team share. */
export function openBooks(config: Config, started: Started, memory?: TeamMemory): ServedBooks {
  const log = createLog(config.log);
  warnOfFolder(config, log);
  const { close, resolveLeftovers, ...connection } = connect(config, log, memory);
  return {
    books: { ...connection, ...toolsFor(config), sandbox: config.sandbox !== false, version, started, log },
    log,
    close,
    // Later, so that the host's first requests get their answers first.
    resolveLeftoversSoon: () =>
      void setTimeout(
        () =>
          void resolveLeftovers((message) => log('warn', message)).catch(() =>
            log('warn', 'could not search Zoho for the outcome of earlier writes'),
          ),
        LEFTOVERS_MS,
      ).unref(),
  };
}

const LEFTOVERS_MS = 2_000;

/** Logs problems with the state folder at the start. Calls that fail because of these problems also report them. */
function warnOfFolder(config: Config, log: Log): void {
  if (config.sandbox === 'memory') return;
  try {
    const warning = stateDirWarning(baseDirOf(config));
    if (warning !== undefined) log('warn', warning);
  } catch (error) {
    if (!(error instanceof PaymentsError)) throw error;
    log('error', error.whatHappened, { code: error.code });
  }
}
