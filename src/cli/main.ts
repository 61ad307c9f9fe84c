import { parseArgs } from 'node:util';
import { PaymentsError } from '../errors.ts';
import { ProblemError } from './cli-error.ts';
import { levelOf, policyOf, readConfig, searchPath, toolsetsOf, type Config } from './config.ts';
import { commandOf, launchOf, startedAs, startedAsExtension } from './how-started.ts';
import { problemOf } from './render.ts';
import { version } from './version.ts';

/** The process: argv, environment, exit codes. */

const help = `zoho-payments-mcp ${version}: customer payments and refunds of Zoho Books for AI assistants, over MCP.

  zoho-payments-mcp                     serve MCP over stdio (what hosts run)
  zoho-payments-mcp serve --sandbox     the same on practice books on this machine, kept between runs
  zoho-payments-mcp login               connect to Zoho Books, in the browser; what is granted is kept for the servers
  zoho-payments-mcp logout              take it back at Zoho, and forget it
  zoho-payments-mcp doctor              what of the connection works, and what to do about the rest
  zoho-payments-mcp sandbox             the practice Zoho alone, over HTTP
  zoho-payments-mcp journal list|show|resolve|verify|prune|export
                                        what was written, and whether the record of it is whole

Options of serve
  --sandbox[=memory]   practice books instead of Zoho; =memory throws them away at the end
  --read-only          list and allow only what reads
  --toolsets LIST      payments, lookups (customers, invoices, accounts by name), workflows, or all; default payments,workflows
  --policy FILE        what writes are allowed, see the README
  --log-level LEVEL    error, warn (default), info or debug, on stderr
  --log-json           the log as JSON lines

Options of login
  --data-center NAME   where to begin: us (default), eu, in, au, jp, ca, cn, sa; needed for cn and for a self client
  --organization ID    which one, if there are several
  --read-only          ask for the scopes of reading only
  --port N             of this machine, in the redirect address; default 17321, or any that is free
  --no-browser         print the address only
  --self-client CODE   exchange a code that was made in Zoho's API console; needs no browser

Options of doctor, besides --sandbox, --read-only, --toolsets and --policy
  --json               for programs; the exit code is 0 only if all is well
  --try-data-centers   find out in which the credentials work

Options of sandbox
  --port N             default: a free one
  --data FILE|memory   where the books are kept; default memory
  --payments N         fill the books up to N payments

Options of journal
  show ID
  resolve                              looks in Zoho now
  resolve ID --recorded RECORD_ID | --not-recorded
                                       takes your word; --force although the record or the clocks speak against it
  prune --before YYYY-MM-DD, prune --customer ID (removes what is known of a customer)
  list --limit N; with --sandbox the journal of the practice books

  --version, --help

Environment: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN, ZOHO_ORGANIZATION_ID, ZOHO_DATA_CENTER,
ZOHO_API_BASE_URL, ZOHO_ACCOUNTS_URL, ZOHO_PAYMENTS_SANDBOX, ZOHO_PAYMENTS_READ_ONLY, ZOHO_PAYMENTS_TOOLSETS,
ZOHO_PAYMENTS_STATE_DIR, ZOHO_PAYMENTS_CONFIRM, ZOHO_PAYMENTS_POLICY, ZOHO_PAYMENTS_UNIQUE_FIELD, ZOHO_PAYMENTS_KEYCHAIN, \
ZOHO_PAYMENTS_CALLS_PER_MINUTE,
ZOHO_PAYMENTS_CALLS_AT_ONCE, ZOHO_PAYMENTS_LOG_LEVEL, ZOHO_PAYMENTS_LOG_JSON.
`;

class UsageError extends ProblemError {
  constructor(message: string) {
    super(`${message}; see \`zoho-payments-mcp --help\``);
  }
}

/** How this process was started. */
const startedHere = (sandbox = process.argv.includes('--sandbox')) =>
  process.argv.includes('--extension') ? startedAsExtension : startedAs(launchOf(searchPath()), { sandbox });

/** The help, with how the program is called here, where that is not by its name. */
function helpHere(): string {
  const { command, folder } = commandOf(launchOf(searchPath()));
  if (command === 'zoho-payments-mcp') return help;
  return help.replace('\n', `\n\nHere zoho-payments-mcp is called as: ${command}${folder === undefined ? '' : ` (in ${folder})`}\n`);
}

/** Which options each command takes, besides --version and --help. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  // `extension` is said by the manifest of the extension.
  serve: ['sandbox', 'read-only', 'toolsets', 'policy', 'log-level', 'log-json', 'extension'],
  login: ['data-center', 'organization', 'read-only', 'port', 'no-browser', 'self-client'],
  logout: [],
  doctor: ['json', 'try-data-centers', 'sandbox', 'read-only', 'toolsets', 'policy'],
  sandbox: ['port', 'data', 'payments'],
  journal: ['sandbox', 'recorded', 'not-recorded', 'force', 'before', 'customer', 'limit'],
};

async function main(argv: readonly string[]): Promise<void> {
  const { values, positionals } = readArgv(argv);
  if (values.help) return void process.stdout.write(helpHere());
  if (values.version) return void process.stdout.write(`${version}\n`);
  const [command = 'serve', ...extra] = positionals;
  const [verb, id] = command === 'journal' ? extra.splice(0, 2) : [];
  if (extra.length > 0) throw new UsageError(`unexpected argument ${JSON.stringify(extra[0])}`);
  const own = Object.hasOwn(optionsOf, command) ? optionsOf[command] : undefined;
  if (own === undefined) throw new UsageError(`unknown command ${JSON.stringify(command)}`);
  const foreign = Object.keys(values).find((option) => !own.includes(option));
  if (foreign !== undefined) throw new UsageError(`${command} has no option --${foreign}`);
  switch (command) {
    case 'serve': {
      const { serve } = await import('./serve.ts');
      const config = withFlags(readConfig(), values);
      return serve(config, startedHere(config.sandbox !== false));
    }
    case 'journal': {
      const { journalVerbs, runJournal } = await import('./journal.ts');
      if (verb === undefined || !journalVerbs.includes(verb)) throw new UsageError(`journal takes one of ${journalVerbs.join(', ')}`);
      const { recorded, 'not-recorded': notRecorded, force, before, customer } = values;
      if (id !== undefined && !['show', 'resolve'].includes(verb)) throw new UsageError(`unexpected argument ${JSON.stringify(id)}`);
      if (before !== undefined && !isDay(before)) throw new UsageError('--before takes a date, YYYY-MM-DD');
      if (customer !== undefined && !/^\d+$/.test(customer))
        throw new UsageError('--customer takes the id of a customer in Zoho Books, which is digits');
      if (before !== undefined && customer !== undefined) throw new UsageError('prune takes either --before or --customer');
      if (recorded !== undefined && !/^\d+$/.test(recorded))
        throw new UsageError('--recorded takes the id of a record in Zoho Books, which is digits');
      if (recorded !== undefined && notRecorded) throw new UsageError('--recorded and --not-recorded contradict each other');
      if (force && recorded === undefined && !notRecorded) throw new UsageError('--force goes with --recorded or --not-recorded');
      return await runJournal(
        { verb, id, recorded, notRecorded, force, before, customer, limit: numberOption('--limit', values.limit) },
        withFlags(readConfig(), values),
      );
    }
    case 'login': {
      const { login } = await import('./login.ts');
      const { organization, 'self-client': selfClient, 'no-browser': noBrowser, 'data-center': dataCenter } = values;
      if (organization !== undefined && !/^\d+$/.test(organization))
        throw new UsageError('--organization takes digits, as Zoho shows them under Manage Organizations');
      if (selfClient?.trim() === '') throw new UsageError('--self-client takes the code from the API console');
      const port = numberOption('--port', values.port);
      if (port !== undefined && port > 65_535) throw new UsageError('--port takes a number up to 65535');
      return await login(
        { port, browser: noBrowser !== true, selfClient, organization },
        withFlags(readConfig(undefined, { dataCenter }), values),
      );
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.ts');
      return await doctor(
        { json: values.json === true, tryDataCenters: values['try-data-centers'] === true },
        () => withFlags(readConfig(), values),
        startedHere(values.sandbox !== undefined),
      );
    }
    case 'logout': {
      const { logout } = await import('./logout.ts');
      return await logout(readConfig());
    }
    case 'sandbox': {
      const { runSandbox } = await import('./sandbox.ts');
      return await runSandbox({
        port: numberOption('--port', values.port),
        data: values.data,
        payments: numberOption('--payments', values.payments),
      });
    }
  }
}

interface Flags {
  readonly sandbox?: string | undefined;
  readonly 'read-only'?: boolean | undefined;
  readonly toolsets?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'log-level'?: string | undefined;
  readonly 'log-json'?: boolean | undefined;
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
        toolsets: { type: 'string' },
        policy: { type: 'string' },
        json: { type: 'boolean' },
        'try-data-centers': { type: 'boolean' },
        extension: { type: 'boolean' },
        'log-level': { type: 'string' },
        'log-json': { type: 'boolean' },
        recorded: { type: 'string' },
        'not-recorded': { type: 'boolean' },
        force: { type: 'boolean' },
        before: { type: 'string' },
        customer: { type: 'string' },
        limit: { type: 'string' },
        'data-center': { type: 'string' },
        organization: { type: 'string' },
        'no-browser': { type: 'boolean' },
        'self-client': { type: 'string' },
        port: { type: 'string' },
        data: { type: 'string' },
        payments: { type: 'string' },
        version: { type: 'boolean', short: 'v' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    // Node adds advice for another case behind the full stop.
    throw new UsageError(error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : String(error));
  }
}

function withFlags(config: Config, flags: Flags): Config {
  const { sandbox } = flags;
  if (sandbox !== undefined && sandbox !== 'file' && sandbox !== 'memory')
    throw new UsageError(`--sandbox=${sandbox}: only --sandbox or --sandbox=memory`);
  const policy = flags.policy === undefined ? config.policy : policyOf(flags.policy);
  const log = {
    level: flags['log-level'] === undefined ? config.log.level : levelOf(flags['log-level']),
    json: config.log.json || flags['log-json'] === true,
  };
  const toolsets = flags.toolsets === undefined ? config.toolsets : toolsetsOf('--toolsets', flags.toolsets);
  return { ...config, policy, toolsets, log, sandbox: sandbox ?? config.sandbox, readOnly: config.readOnly || flags['read-only'] === true };
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

function numberOption(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`${option} takes a whole number, not ${JSON.stringify(value)}`);
  return Number(value);
}

// Whoever reads along (`| head`) may have enough; a server's own output is watched by itself.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
});

main(process.argv.slice(2)).catch((thrown: unknown) => {
  const error = thrown instanceof PaymentsError ? problemOf(thrown) : thrown;
  const problem = error instanceof ProblemError;
  const message = error instanceof Error ? (problem ? startedHere().here(error.message) : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`zoho-payments-mcp: ${message}\n`);
  process.exitCode = problem ? error.exitCode : 1;
});
