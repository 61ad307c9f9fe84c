import { resolve } from 'node:path';
import { oneLine } from '../foreign-text.ts';
import { startSandbox } from '../sandbox/index.ts';
import { ProblemError } from './cli-error.ts';

/** Runs the sandbox without the MCP server. When it is ready, prints one line of JSON with its addresses and credentials. */
export async function runSandbox({
  port,
  data,
  payments,
  today,
}: {
  port?: number | undefined;
  data?: string | undefined;
  payments?: number | undefined;
  today?: string | undefined;
}): Promise<void> {
  const sandbox = await startSandbox({
    data: data === undefined || data === 'memory' ? 'memory' : resolve(data),
    ...(port !== undefined && { port }),
    ...(payments !== undefined && { payments }),
    today,
  }).catch((error: unknown) => {
    throw new ProblemError(`the sandbox could not start: ${oneLine(error instanceof Error ? error.message : String(error))}`, {
      exitCode: 1,
      cause: error,
    });
  });
  const { url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id } = sandbox;
  process.stdout.write(
    `${JSON.stringify({ url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id })}\n`,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
  }
}
