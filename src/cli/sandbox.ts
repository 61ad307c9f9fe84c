import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { oneLine } from '../foreign-text.ts';
import { startSandbox, type Sandbox } from '../sandbox/index.ts';
import { ProblemError } from './cli-error.ts';

/** Says that the wanted last day has no effect on books that exist already. */
export const dayIgnored = (wanted: string, { today }: Pick<Sandbox, 'today'>): string =>
  `the day ${wanted} (--today or ZOHO_PAYMENTS_SANDBOX_TODAY) has no effect: these practice books exist already, and end on ${today}`;

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
  const kept = data === undefined || data === 'memory' ? undefined : resolve(data);
  if (kept !== undefined && !existsSync(dirname(kept)))
    throw new ProblemError(`the folder of --data does not exist: ${dirname(kept)}. Create it, or correct the path`);
  const sandbox = await startSandbox({
    data: kept ?? 'memory',
    ...(port !== undefined && { port }),
    ...(payments !== undefined && { payments }),
    today,
  }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new ProblemError(`the sandbox could not start: another program uses port ${port}. Choose another port with --port`, {
        exitCode: 1,
        cause: error,
      });
    throw new ProblemError(`the sandbox could not start: ${oneLine(error instanceof Error ? error.message : String(error))}`, {
      exitCode: 1,
      cause: error,
    });
  });
  const without = [
    ...(today !== undefined && sandbox.today !== today ? [dayIgnored(today, sandbox)] : []),
    ...(payments !== undefined && sandbox.payments > payments
      ? [`--payments ${payments} has no effect: the books already have ${sandbox.payments} payments`]
      : []),
  ];
  for (const text of without) process.stderr.write(`zoho-payments-mcp: ${text}\n`);
  const { url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id } = sandbox;
  process.stdout.write(
    `${JSON.stringify({ url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id })}\n`,
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
  }
}
