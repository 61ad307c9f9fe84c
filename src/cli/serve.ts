import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { isRead } from '../endpoint.ts';
import { endpoints } from '../endpoints/index.ts';
import { serverFactory } from '../mcp/server.ts';
import { writesSettled } from '../write/perform.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { version } from './version.ts';

/** MCP over stdio until the host goes away. */
export function serve(config: Config): void {
  const { zoho, connected, close } = connect(config);
  const factory = serverFactory({
    endpoints: config.readOnly ? endpoints.filter(isRead) : endpoints,
    zoho,
    connected,
    sandbox: config.sandbox !== false,
    version,
    warn: log,
  });
  const stdio = serveStdio(factory, { onerror: (error) => log(error.message) });

  let ending = false;
  /** A write on the wire is carried to its end; everything else stops at once. */
  const end = async () => {
    if (ending) return;
    ending = true;
    await writesSettled();
    await Promise.race([Promise.allSettled([stdio.close(), close()]), new Promise((resolve) => setTimeout(resolve, 500))]);
    process.exit(0);
  };
  process.stdin.once('end', end).once('close', end);
  // A host that is gone cannot be written to; what it asked for is still carried to its end.
  process.stdout.on('error', end);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
}

function log(message: string): void {
  process.stderr.write(`zoho-payments-mcp: ${message}\n`);
}
