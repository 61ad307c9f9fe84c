import { resolve } from 'node:path';
import { startSandbox } from '../sandbox/index.ts';

/** The practice Zoho alone. Prints one line of JSON with all that a client needs, when it is ready. */
export async function runSandbox({ port, data, payments }: { port?: number | undefined; data?: string | undefined; payments?: number | undefined }): Promise<void> {
  const sandbox = await startSandbox({
    data: data === undefined || data === 'memory' ? 'memory' : resolve(data),
    ...(port !== undefined && { port }),
    ...(payments !== undefined && { payments }),
  });
  const { url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id } = sandbox;
  process.stdout.write(`${JSON.stringify({ url, api_base_url, accounts_url, client_id, client_secret, refresh_token, organization_id })}\n`);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
  }
}
