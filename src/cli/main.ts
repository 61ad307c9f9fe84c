import { parseArgs } from 'node:util';
import { PaymentsError } from '../errors.ts';
import type { Problem } from '../mcp/arguments.ts';
import type { WritesWanted } from '../mcp/list-writes.ts';
import { ProblemError } from './cli-error.ts';
import type { CsvFlags } from './csv-file.ts';
import type { ImportCommand } from './import.ts';
import { calendarDay, isDay, levelOf, policyOf, readConfig, searchPath, toolsetsOf, type Config } from './config.ts';
import { commandHelp, commands, generalHelp, http, optionName, optionsOf, parsedOptions, partsOf } from './help.ts';
import { commandOf, launchOf, startedAs, startedAsExtension } from './how-started.ts';
import { problemOf } from './render.ts';
import { version } from './version.ts';

/** The start of the process: command line, environment, exit codes. */

/** The name of the command, as soon as it is known. */
let called: string | undefined;

class UsageError extends ProblemError {
  constructor(message: string) {
    super(`${message}; see \`zoho-payments-mcp ${called === undefined ? '' : `${called} `}--help\``);
  }
}

/** How this process was started. */
const startedHere = (sandbox = process.argv.includes('--sandbox')) =>
  process.argv.includes('--extension') ? startedAsExtension : startedAs(launchOf(searchPath()), { sandbox });

/** The help, and how to call the program on this machine if its name alone does not work. */
function helpHere(help: string): string {
  const { command, folder } = commandOf(launchOf(searchPath()));
  if (command === 'zoho-payments-mcp') return help;
  return help.replace('\n', `\n\nOn this machine, call zoho-payments-mcp as: ${command}${folder === undefined ? '' : ` (in ${folder})`}\n`);
}

async function main(argv: readonly string[]): Promise<void> {
  const { name, values, rest } = readArgv(argv);
  if (values.help) return void process.stdout.write(helpHere(name === undefined ? generalHelp() : commandHelp(name)));
  if (values.version) return void process.stdout.write(`${version}\n`);
  const [command = 'serve', verb] = name?.split(' ') ?? [];
  const takesOne = ['journal show', 'journal resolve', 'journal import', 'import', 'reconcile'].includes(name ?? '');
  const [id, extra] = takesOne ? rest : [undefined, rest[0]];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  switch (command) {
    case 'serve': {
      const config = withFlags(readConfig(), values);
      const started = startedHere(config.sandbox !== false);
      if (values.http) {
        const { serveHttp } = await import('./serve-http.ts');
        return await serveHttp(config, started, { ...values, port: portOption(values.port) });
      }
      const alone = http.map(([written]) => optionName(written)).find((option) => option in values);
      if (alone !== undefined) throw new UsageError(`--${alone} needs --http`);
      const { serve } = await import('./serve.ts');
      return serve(config, started);
    }
    case 'journal': {
      if (verb === undefined) throw new UsageError(`journal needs one of ${partsOf('journal').join(', ')}`);
      const { recorded, 'not-recorded': notRecorded, force, before, customer, json = false } = values;
      if (before !== undefined && !isDay(before)) throw new UsageError('--before must be a date, YYYY-MM-DD');
      for (const [option, of] of [
        ['customer', 'a customer'],
        ['recorded', 'a record'],
        ['record', 'a record'],
      ] as const)
        if (values[option] !== undefined && !/^\d+$/.test(values[option]))
          throw new UsageError(`--${option} must be the id of ${of} in Zoho Books (digits only)`);
      if (before !== undefined && customer !== undefined) throw new UsageError('use either --before or --customer, not both');
      if (recorded !== undefined && notRecorded) throw new UsageError('use either --recorded or --not-recorded, not both');
      if (force && recorded === undefined && !notRecorded) throw new UsageError('--force needs --recorded or --not-recorded');
      if (verb === 'import') {
        if (id === undefined) throw new UsageError('journal import needs the file of a journal, such as journal.sqlite');
        const { runJournalImport } = await import('./database.ts');
        return await runJournalImport(id, readConfig());
      }
      const { runJournal } = await import('./journal.ts');
      const list = verb === 'list' ? await listOptions(values) : undefined;
      const config = withFlags(readConfig(), values);
      const command = { verb, id, recorded, notRecorded, force, before, customer, list, json, database: values.database === true };
      return await runJournal(command, config, startedHere(config.sandbox !== false));
    }
    case 'migrate': {
      const { runMigrate } = await import('./database.ts');
      return await runMigrate(readConfig());
    }
    case 'login': {
      const { login } = await import('./login.ts');
      const { organization, 'self-client': selfClient, 'no-browser': noBrowser, 'data-center': dataCenter } = values;
      if (organization !== undefined && !/^\d+$/.test(organization))
        throw new UsageError('--organization must be the id (digits only) that Zoho Books shows under Manage Organizations');
      if (selfClient?.trim() === '') throw new UsageError("--self-client needs the code from Zoho's API console");
      const port = portOption(values.port);
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
    case 'import': {
      const { runImport } = await import('./import.ts');
      return await runImport(await importCommand(id, values), withFlags(readConfig(), values));
    }
    case 'reconcile': {
      const { reconcileRoles, runReconcile } = await import('./reconcile.ts');
      const { csvOptions } = await import('./csv-file.ts');
      if (id === undefined) throw new UsageError('reconcile needs a file, such as statement.csv');
      const { account, encoding, results } = values;
      const days = numberOption('--days', values.days);
      if (days !== undefined && days > 30) throw new UsageError('--days must be at most 30');
      if (results === '' || account === '') throw new UsageError('--results and --account must not be empty');
      const csv = csvOptions(values, reconcileRoles);
      return await runReconcile({ file: id, csv, encoding, account, days, results }, withFlags(readConfig(), values));
    }
    case 'token': {
      if (verb === undefined) throw new UsageError(`token needs one of ${partsOf('token').join(', ')}`);
      const { createToken } = await import('./token.ts');
      return createToken(values);
    }
    case 'sandbox': {
      const { runSandbox } = await import('./sandbox.ts');
      return await runSandbox({
        port: portOption(values.port),
        data: values.data,
        payments: numberOption('--payments', values.payments),
        today: calendarDay('--today', values.today) ?? readConfig().sandboxToday,
      });
    }
  }
}

/** All options of all commands. `--sandbox` takes a value only after an equals sign, see `readArgv`. */
const options = {
  ...parsedOptions,
  sandbox: { type: 'string' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Reads the command, its options and the other arguments. Throws UsageError that lists the options of the command. */
function readArgv(argv: readonly string[]) {
  // `--sandbox` takes a value only after an equals sign.
  const args = argv.map((arg) => (arg === '--sandbox' ? '--sandbox=file' : arg));
  const given = parseArgs({ args, options, strict: false, allowPositionals: true });
  const { name, rest } = calledCommand(given.positionals);
  called = name;
  const own = optionsOf(name ?? 'serve');
  const takes = own.length === 0 ? 'it has no options' : `its options are ${own.map((option) => `--${option}`).join(', ')}`;
  try {
    const { values } = parseArgs({ args, options, allowPositionals: true });
    const foreign = Object.keys(values).find((option) => !own.includes(option) && !['help', 'version'].includes(option));
    if (foreign !== undefined && !values.help) throw new UsageError(`${name ?? 'serve'} has no option --${foreign}; ${takes}`);
    return { name, rest, values };
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    // After the full stop Node adds advice that does not apply here.
    const message = error.message.split('. ', 1)[0] ?? '';
    throw new UsageError(message.startsWith('Unknown option') ? `${message} of ${name ?? 'serve'}; ${takes}` : message);
  }
}

function calledCommand([command, part, ...rest]: readonly string[]): { name: string | undefined; rest: readonly string[] } {
  if (command === undefined) return { name: undefined, rest: [] };
  const all = Object.keys(commands).filter((name) => !name.includes(' '));
  if (!all.includes(command)) throw new UsageError(`unknown command ${JSON.stringify(command)}; the commands are ${all.join(', ')}`);
  called = command;
  const parts = partsOf(command);
  if (part === undefined || parts.length === 0) return { name: command, rest: part === undefined ? [] : [part, ...rest] };
  if (!parts.includes(part)) throw new UsageError(`${command} needs one of ${parts.join(', ')}`);
  return { name: `${command} ${part}`, rest };
}

interface ImportFlags extends CsvFlags {
  readonly 'payment-modes'?: string | undefined;
  readonly 'dry-run'?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly wait?: boolean | undefined;
  readonly results?: string | undefined;
}

async function importCommand(file: string | undefined, values: ImportFlags): Promise<ImportCommand> {
  const [{ csvOptions }, { paymentRoles }] = await Promise.all([import('./csv-file.ts'), import('../statement/payment-rows.ts')]);
  if (file === undefined) throw new UsageError('import needs a file, such as payments.csv');
  if (values.results === '') throw new UsageError('--results must not be empty');
  const modes = values['payment-modes']?.split(',').map((mode) => mode.trim());
  if (modes?.includes('')) throw new UsageError('--payment-modes takes names with commas between them, such as PayPal,Stripe');
  return {
    file,
    csv: csvOptions(values, paymentRoles),
    encoding: values.encoding,
    modes: modes ?? [],
    dryRun: values['dry-run'] === true,
    yes: values.yes === true,
    wait: values.wait === true,
    results: values.results,
  };
}

/** The options of `journal list` that have another name in the tool list_writes. */
const inList = { key: 'idempotency_key', reference: 'reference_number', customer: 'customer_id' } as const;

/** The filters of `journal list`, as arguments of list_writes. */
async function listOptions({ limit, ...given }: Partial<Record<keyof typeof options, string | boolean>>): Promise<WritesWanted> {
  const [{ checkArguments }, { listWrites }] = await Promise.all([import('../mcp/arguments.ts'), import('../mcp/list-writes.ts')]);
  const empty = Object.keys(given).find((option) => given[option as keyof typeof given] === '');
  // An empty value may come from an unset shell variable. It must not turn a filter off.
  if (empty !== undefined) throw new UsageError(`--${empty} must not be empty`);
  const named = Object.entries(given).map(([option, value]) => [inList[option as keyof typeof inList] ?? option, value] as const);
  const wanted = Object.fromEntries(named.filter(([name]) => name in listWrites.input.shape));
  const optionNamed = (name: string) => Object.entries(inList).find(([, argument]) => argument === name)?.[0] ?? name;
  const most = numberOption('--limit', limit as string | undefined) ?? 50;
  if (most === 0) throw new UsageError('--limit must be at least 1');
  const { input, problems } = checkArguments(listWrites.input, wanted);
  if (problems !== undefined) throw new UsageError(problems.map((one) => `--${optionNamed(one.argument)} ${optionSays(one)}`).join('; '));
  // checkArguments drops blanks and "null", because models send them for "no value". Here they are a mistake.
  const leftOut = Object.keys(wanted).find((name) => !Object.hasOwn(input, name));
  if (leftOut !== undefined) throw new UsageError(`--${optionNamed(leftOut)} must not be ${JSON.stringify(wanted[leftOut])}`);
  return { ...input, limit: most };
}

/** What is wrong with an option. The tool words a page for models, which read it in an answer. */
const optionSays = ({ argument, says }: Problem): string =>
  argument === 'page' ? 'must be the page that the previous list shows, or a page number' : says;

function withFlags(config: Config, flags: ReturnType<typeof readArgv>['values']): Config {
  const { sandbox } = flags;
  if (sandbox !== undefined && sandbox !== 'file' && sandbox !== 'memory')
    throw new UsageError(`--sandbox=${sandbox} is not possible: use --sandbox or --sandbox=memory`);
  if (flags.today !== undefined && (sandbox ?? config.sandbox) === false)
    throw new UsageError('--today has no effect without --sandbox: it is the last day in new practice books');
  const policy = flags.policy === undefined ? config.policy : policyOf(flags.policy);
  const log = {
    level: flags['log-level'] === undefined ? config.log.level : levelOf(flags['log-level']),
    json: config.log.json || flags['log-json'] === true,
  };
  const toolsets = flags.toolsets === undefined ? config.toolsets : toolsetsOf('--toolsets', flags.toolsets);
  return {
    ...config,
    policy,
    toolsets,
    log,
    sandbox: sandbox ?? config.sandbox,
    sandboxToday: calendarDay('--today', flags.today) ?? config.sandboxToday,
    readOnly: config.readOnly || flags['read-only'] === true,
  };
}

function numberOption(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`${option} must be a whole number, not ${JSON.stringify(value)}`);
  return Number(value);
}

function portOption(value: string | undefined): number | undefined {
  const port = numberOption('--port', value);
  if (port !== undefined && port > 65_535) throw new UsageError('--port must be a number up to 65535');
  return port;
}

// A reader such as `| head` may close the pipe early. The server watches its own output.
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
