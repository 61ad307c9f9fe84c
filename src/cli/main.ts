import { parseArgs } from 'node:util';
import { PaymentsError } from '../errors.ts';
import type { WritesWanted } from '../mcp/list-writes.ts';
import { ProblemError } from './cli-error.ts';
import { calendarDay, isDay, levelOf, policyOf, readConfig, searchPath, toolsetsOf, type Config } from './config.ts';
import { commandHelp, commands, generalHelp, optionsOf, partsOf } from './help.ts';
import { commandOf, launchOf, startedAs, startedAsExtension } from './how-started.ts';
import { problemOf } from './render.ts';
import { version } from './version.ts';

/** The process: argv, environment, exit codes. */

/** The command that was called, once it is known. */
let called: string | undefined;

class UsageError extends ProblemError {
  constructor(message: string) {
    super(`${message}; see \`zoho-payments-mcp ${called === undefined ? '' : `${called} `}--help\``);
  }
}

/** How this process was started. */
const startedHere = (sandbox = process.argv.includes('--sandbox')) =>
  process.argv.includes('--extension') ? startedAsExtension : startedAs(launchOf(searchPath()), { sandbox });

/** The help, with how the program is called here, where that is not by its name. */
function helpHere(help: string): string {
  const { command, folder } = commandOf(launchOf(searchPath()));
  if (command === 'zoho-payments-mcp') return help;
  return help.replace('\n', `\n\nHere zoho-payments-mcp is called as: ${command}${folder === undefined ? '' : ` (in ${folder})`}\n`);
}

async function main(argv: readonly string[]): Promise<void> {
  const { name, values, rest } = readArgv(argv);
  if (values.help) return void process.stdout.write(helpHere(name === undefined ? generalHelp() : commandHelp(name)));
  if (values.version) return void process.stdout.write(`${version}\n`);
  const [command = 'serve', verb] = name?.split(' ') ?? [];
  const takesId = ['journal show', 'journal resolve'].includes(name ?? '');
  const [id, extra] = takesId ? rest : [undefined, rest[0]];
  if (extra !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(extra)}`);
  switch (command) {
    case 'serve': {
      const { serve } = await import('./serve.ts');
      const config = withFlags(readConfig(), values);
      return serve(config, startedHere(config.sandbox !== false));
    }
    case 'journal': {
      if (verb === undefined) throw new UsageError(`journal takes one of ${partsOf('journal').join(', ')}`);
      const { recorded, 'not-recorded': notRecorded, force, before, customer, json = false } = values;
      if (before !== undefined && !isDay(before)) throw new UsageError('--before takes a date, YYYY-MM-DD');
      for (const [option, of] of [
        ['customer', 'a customer'],
        ['recorded', 'a record'],
        ['record', 'a record'],
      ] as const)
        if (values[option] !== undefined && !/^\d+$/.test(values[option]))
          throw new UsageError(`--${option} takes the id of ${of} in Zoho Books, which is digits`);
      if (before !== undefined && customer !== undefined) throw new UsageError('prune takes either --before or --customer');
      if (recorded !== undefined && notRecorded) throw new UsageError('--recorded and --not-recorded contradict each other');
      if (force && recorded === undefined && !notRecorded) throw new UsageError('--force goes with --recorded or --not-recorded');
      const { runJournal } = await import('./journal.ts');
      const list = verb === 'list' ? await listOptions(values) : undefined;
      const config = withFlags(readConfig(), values);
      const command = { verb, id, recorded, notRecorded, force, before, customer, list, json };
      return await runJournal(command, config, startedHere(config.sandbox !== false));
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
        today: calendarDay('--today', values.today) ?? readConfig().sandboxToday,
      });
    }
  }
}

interface Flags {
  readonly sandbox?: string | undefined;
  readonly today?: string | undefined;
  readonly 'read-only'?: boolean | undefined;
  readonly toolsets?: string | undefined;
  readonly policy?: string | undefined;
  readonly 'log-level'?: string | undefined;
  readonly 'log-json'?: boolean | undefined;
}

/** All options of all commands. */
const options = {
  sandbox: { type: 'string' },
  today: { type: 'string' },
  'read-only': { type: 'boolean' },
  toolsets: { type: 'string' },
  policy: { type: 'string' },
  json: { type: 'boolean' },
  'try-data-centers': { type: 'boolean' },
  'log-level': { type: 'string' },
  'log-json': { type: 'boolean' },
  extension: { type: 'boolean' },
  recorded: { type: 'string' },
  'not-recorded': { type: 'boolean' },
  force: { type: 'boolean' },
  before: { type: 'string' },
  customer: { type: 'string' },
  outcome: { type: 'string' },
  tool: { type: 'string' },
  key: { type: 'string' },
  reference: { type: 'string' },
  amount: { type: 'string' },
  record: { type: 'string' },
  since: { type: 'string' },
  limit: { type: 'string' },
  page: { type: 'string' },
  'data-center': { type: 'string' },
  organization: { type: 'string' },
  'no-browser': { type: 'boolean' },
  'self-client': { type: 'string' },
  port: { type: 'string' },
  data: { type: 'string' },
  payments: { type: 'string' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The command with its part, its options, and what else was given. Throws UsageError with what the command takes. */
function readArgv(argv: readonly string[]) {
  // `--sandbox` takes a value only behind an equals sign.
  const args = argv.map((arg) => (arg === '--sandbox' ? '--sandbox=file' : arg));
  const given = parseArgs({ args, options, strict: false, allowPositionals: true });
  const { name, rest } = calledCommand(given.positionals);
  called = name;
  const own = optionsOf(name ?? 'serve');
  const takes = own.length === 0 ? 'no options' : own.map((option) => `--${option}`).join(', ');
  try {
    const { values } = parseArgs({ args, options, allowPositionals: true });
    const foreign = Object.keys(values).find((option) => !own.includes(option) && !['help', 'version'].includes(option));
    if (foreign !== undefined && !values.help) throw new UsageError(`${name ?? 'serve'} has no option --${foreign}; it takes ${takes}`);
    return { name, rest, values };
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    // Node adds advice for another case behind the full stop.
    const message = error.message.split('. ', 1)[0] ?? '';
    throw new UsageError(message.startsWith('Unknown option') ? `${message}; ${name ?? 'serve'} takes ${takes}` : message);
  }
}

function calledCommand([command, part, ...rest]: readonly string[]): { name: string | undefined; rest: readonly string[] } {
  if (command === undefined) return { name: undefined, rest: [] };
  const all = Object.keys(commands).filter((name) => !name.includes(' '));
  if (!all.includes(command)) throw new UsageError(`unknown command ${JSON.stringify(command)}; there is ${all.join(', ')}`);
  called = command;
  const parts = partsOf(command);
  if (part === undefined || parts.length === 0) return { name: command, rest: part === undefined ? [] : [part, ...rest] };
  if (!parts.includes(part)) throw new UsageError(`${command} takes one of ${parts.join(', ')}`);
  return { name: `${command} ${part}`, rest };
}

/** `journal list`'s names of what list_writes calls otherwise. */
const inList = { key: 'idempotency_key', reference: 'reference_number', customer: 'customer_id' } as const;

/** What `journal list` is asked for, as list_writes takes it. */
async function listOptions({ limit, ...given }: Partial<Record<keyof typeof options, string | boolean>>): Promise<WritesWanted> {
  const [{ readArguments }, { listWrites }] = await Promise.all([import('../mcp/arguments.ts'), import('../mcp/list-writes.ts')]);
  const empty = Object.keys(given).find((option) => given[option as keyof typeof given] === '');
  // A shell's variable that is not set must not list everything.
  if (empty !== undefined) throw new UsageError(`--${empty} must not be empty`);
  const named = Object.entries(given).map(([option, value]) => [inList[option as keyof typeof inList] ?? option, value] as const);
  const wanted = Object.fromEntries(named.filter(([name]) => name in listWrites.input.shape));
  const optionNamed = (name: string) => Object.entries(inList).find(([, argument]) => argument === name)?.[0] ?? name;
  const most = numberOption('--limit', limit as string | undefined) ?? 50;
  if (most === 0) throw new UsageError('--limit must be at least 1');
  try {
    const read = readArguments(listWrites.input, wanted);
    // Blanks and "null" count as left out where a model sends them.
    const leftOut = Object.keys(wanted).find((name) => !Object.hasOwn(read, name));
    if (leftOut !== undefined) throw new UsageError(`--${optionNamed(leftOut)} must not be ${JSON.stringify(wanted[leftOut])}`);
    return { ...read, limit: most };
  } catch (error) {
    if (!(error instanceof PaymentsError)) throw error;
    const problems = error.message
      .replace(/^The arguments are not valid: |\.$/g, '')
      .replaceAll('`next_page` of the previous answer', 'what the list before says');
    throw new UsageError(problems.replace(/(?<=^|; )\w+(?= )/g, (name) => `--${optionNamed(name)}`));
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
