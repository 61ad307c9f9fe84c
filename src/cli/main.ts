import { parseArgs } from 'node:util';
import { ConfigError, readConfig, type Config } from './config.ts';
import { version } from './version.ts';

/** The process: argv, environment, exit codes. */

const help = `zoho-payments-mcp ${version}: customer payments and refunds of Zoho Books for AI assistants, over MCP.

  zoho-payments-mcp                     serve MCP over stdio (what hosts run)
  zoho-payments-mcp serve --sandbox     the same on practice books on this machine, kept between runs
  zoho-payments-mcp sandbox             the practice Zoho alone, over HTTP

Options of serve
  --sandbox[=memory]   practice books instead of Zoho; =memory throws them away at the end
  --read-only          list and allow only what reads

Options of sandbox
  --port N             default: a free one
  --data FILE|memory   where the books are kept; default memory
  --payments N         fill the books up to N payments

  --version, --help

Environment: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN, ZOHO_ORGANIZATION_ID, ZOHO_DATA_CENTER,
ZOHO_API_BASE_URL, ZOHO_ACCOUNTS_URL, ZOHO_PAYMENTS_SANDBOX, ZOHO_PAYMENTS_READ_ONLY, ZOHO_PAYMENTS_STATE_DIR.
`;

class UsageError extends Error {}

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = readArgv(argv);
  if (values.help) return void process.stdout.write(help);
  if (values.version) return void process.stdout.write(`${version}\n`);
  const [command = 'serve', ...extra] = positionals;
  if (extra.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(extra[0])}`);
  switch (command) {
    case 'serve': {
      const { serve } = await import('./serve.ts');
      return serve(withFlags(readConfig(), values));
    }
    case 'sandbox': {
      const { runSandbox } = await import('./sandbox.ts');
      return await runSandbox({ port: wholeNumber('--port', values.port), data: values.data, payments: wholeNumber('--payments', values.payments) });
    }
    default:
      throw new UsageError(`unknown command ${JSON.stringify(command)}`);
  }
}

interface Flags {
  readonly sandbox?: string | undefined;
  readonly 'read-only'?: boolean | undefined;
}

function readArgv(argv: readonly string[]) {
  try {
    return parseArgs({
      // `--sandbox` takes a value only behind an equals sign.
      args: argv.map((arg) => (arg === '--sandbox' ? '--sandbox=file' : arg)),
      allowPositionals: true,
      options: {
        sandbox: { type: 'string' },
        'read-only': { type: 'boolean' },
        port: { type: 'string' },
        data: { type: 'string' },
        payments: { type: 'string' },
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function withFlags(config: Config, flags: Flags): Config {
  const { sandbox } = flags;
  if (sandbox !== undefined && sandbox !== 'file' && sandbox !== 'memory') throw new UsageError(`--sandbox=${sandbox}: only --sandbox or --sandbox=memory`);
  return { ...config, sandbox: sandbox ?? config.sandbox, readOnly: config.readOnly || flags['read-only'] === true };
}

function wholeNumber(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`${option} takes a whole number, not ${JSON.stringify(value)}`);
  return Number(value);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const known = error instanceof ConfigError || error instanceof UsageError;
  const message = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`zoho-payments-mcp: ${message}\n${error instanceof UsageError ? 'Try: zoho-payments-mcp --help\n' : ''}`);
  process.exitCode = known ? 2 : 1;
});
