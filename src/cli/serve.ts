import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { serveBooks } from '../mcp/serve.ts';
import { stdioTransport } from '../mcp/stdio.ts';
import type { Started } from '../started.ts';
import type { Log } from '../trace.ts';
import { writesSettled } from '../write/send.ts';
import { baseDirOf } from './account.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { toolsFor } from './enabled-tools.ts';
import { createLog } from './log.ts';
import { stateDirWarning } from './state-dir.ts';
import { version } from './version.ts';

/** Serves MCP over stdio until the host closes the connection. */
export function serve(config: Config, started: Started): void {
  const log = createLog(config.log);
  warnOfFolder(config, log);
  const { close, resolveLeftovers, ...connection } = connect(config, log);
  const books = { ...connection, ...toolsFor(config), sandbox: config.sandbox !== false, version, started, log };
  const pipes = stdioTransport(process.stdin, process.stdout, () => log('warn', 'a message of more than 10 MB was not read'));

  let ending = false;
  /** Ends the process. Waits for a write in flight and sends its answer; everything else stops at once. */
  const end = async () => {
    if (ending) return;
    ending = true;
    await writesSettled();
    await atMost(
      HANDOVER_MS,
      nextTurn().then(() => server.close()),
    );
    // Closing stopped every call that was still reading. But a call may have begun to send just before, so wait for it too.
    await writesSettled();
    await atMost(HANDOVER_MS, close());
    process.exit(0);
  };
  const server = serveBooks(books, pipes, {
    onerror: (error) => log('warn', protocolProblem(error)),
    // The SDK closes the connection if it cannot write to the host. After that it does not read stdin.
    onclose: () => void end(),
  });
  process.stdin.once('end', end).once('close', end);
  process.stdout.on('error', end);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);

  // Starts later, so that the host's first requests get their answers first.
  setTimeout(
    () =>
      void resolveLeftovers((message) => log('warn', message)).catch(() =>
        log('warn', 'could not search Zoho for the outcome of earlier writes'),
      ),
    LEFTOVERS_MS,
  ).unref();
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

const HANDOVER_MS = 400;

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await Promise.race([work.catch(() => undefined), sleep(ms)]);
}

/** One line for the log about a protocol error. Omits the quotes in the SDK's messages, because they may hold customer data. */
function protocolProblem(error: Error): string {
  if ('issues' in error || error instanceof SyntaxError) return 'a message that is not JSON-RPC was ignored';
  return oneLine(error.message.split(/[:[{"]/, 1)[0] ?? '');
}
