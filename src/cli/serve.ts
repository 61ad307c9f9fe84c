import { setImmediate as nextTurn } from 'node:timers/promises';
import { oneLine } from '../foreign-text.ts';
import { serveBooks } from '../mcp/serve.ts';
import { stdioTransport } from '../mcp/stdio.ts';
import type { Started } from '../started.ts';
import { writesSettled } from '../write/send.ts';
import { atMost } from './at-most.ts';
import type { Config } from './config.ts';
import { openBooks } from './served-books.ts';

/** Serves MCP over stdio until the host closes the connection. */
export function serve(config: Config, started: Started): void {
  const { books, log, close, resolveLeftoversSoon } = openBooks(config, started);
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

  resolveLeftoversSoon();
}

const HANDOVER_MS = 400;

/** One line for the log about a protocol error. Omits the quotes in the SDK's messages, because they may hold customer data. */
function protocolProblem(error: Error): string {
  if ('issues' in error || error instanceof SyntaxError) return 'a message that is not JSON-RPC was ignored';
  return oneLine(error.message.split(/[:[{"]/, 1)[0] ?? '');
}
