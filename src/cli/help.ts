import { version } from './version.ts';

/** What each command takes, told by `--help`; what stands in no list here is refused. */

interface Command {
  /** How it is called, behind the program's name. */
  readonly usage: string;
  readonly does: string;
  /** Each as it is written, and what it means. */
  readonly options: readonly (readonly [written: string, means: string])[];
  readonly examples: readonly string[];
  /** What else is to be known of it. */
  readonly more?: readonly string[];
}

const PROGRAM = 'zoho-payments-mcp';

const sandbox = ['--sandbox', 'of the practice books'] as const;
const books = [
  ['--sandbox[=memory]', 'practice books instead of Zoho; =memory throws them away at the end'],
  ['--today YYYY-MM-DD', 'the day on which new practice books end; default today'],
  ['--read-only', 'list and allow only what reads'],
  ['--toolsets LIST', 'payments, lookups (customers, invoices, accounts by name), workflows, or all; default payments,workflows'],
  ['--policy FILE', 'a file that limits what may be written, see docs/safety.md'],
] as const;

/** The first word of a command is what it is called; the second one a part of it. */
const declared = {
  serve: {
    usage: 'serve',
    does: 'serve MCP over stdio (what hosts run); it is what happens without a command',
    options: [
      ...books,
      ['--log-level LEVEL', 'error, warn (default), info or debug, on stderr'],
      ['--log-json', 'the log as JSON lines'],
      ['--extension', 'said by the extension (.mcpb), so that hints name its settings'],
    ],
    examples: ['serve --sandbox', 'serve --read-only --toolsets all'],
  },
  login: {
    usage: 'login',
    does: 'connect to Zoho Books, in the browser; what is granted is kept for the servers',
    options: [
      ['--data-center NAME', 'where to begin: us (default), eu, in, au, jp, ca, cn, sa; needed for cn and for a self client'],
      ['--organization ID', 'which one, if there are several'],
      ['--read-only', 'ask for the scopes of reading only'],
      ['--port N', 'of this machine, in the redirect address; default 17321, or any that is free'],
      ['--no-browser', 'print the address only'],
      ['--self-client CODE', "exchange a code that was made in Zoho's API console; needs no browser"],
    ],
    examples: ['login', 'login --data-center eu --organization 10234695'],
    more: ['It takes the client from ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET, and asks for what is not set.'],
  },
  logout: {
    usage: 'logout',
    does: 'take the login back at Zoho, and forget it',
    options: [],
    examples: ['logout'],
    more: ['The journal of what was written stays.'],
  },
  doctor: {
    usage: 'doctor',
    does: 'what of the connection works, and what to do about the rest',
    options: [
      ['--json', 'for programs; the exit code is 0 only if all is well'],
      ['--try-data-centers', 'find out in which the credentials work'],
      ...books,
    ],
    examples: ['doctor', 'doctor --json'],
  },
  sandbox: {
    usage: 'sandbox',
    does: 'the practice Zoho alone, over HTTP',
    options: [
      ['--port N', 'default: a free one'],
      ['--data FILE|memory', 'where the books are kept; default memory'],
      ['--payments N', 'fill the books up to N payments'],
      ['--today YYYY-MM-DD', 'the day on which new books end; default today'],
    ],
    examples: ['sandbox --port 8765 --payments 1000'],
    more: ['It prints one line of JSON with its addresses and credentials, and runs until it is ended.'],
  },
  journal: {
    usage: 'journal list|show|resolve|verify|prune|export',
    does: 'what was written, and whether the record of it is whole',
    options: [sandbox],
    examples: ['journal list --since 2026-06-01', 'journal resolve'],
  },
  'journal list': {
    usage: 'journal list',
    does: 'what was written, newest first, the unresolved before everything else',
    options: [
      ['--outcome NAME', 'recorded, not_recorded or unknown'],
      ['--tool NAME', 'of the tool that wrote'],
      ['--key KEY', 'its idempotency_key'],
      ['--reference TEXT', 'its reference number, as people write it'],
      ['--amount N', 'such as 450 or 1280.50'],
      ['--record ID', 'the payment, refund, invoice or customer that it is about, by its id in Zoho Books'],
      ['--customer ID', 'whose money it is'],
      ['--since YYYY-MM-DD', "from this day on, in the organization's time zone"],
      ['--limit N', 'how many; default 50'],
      ['--page PAGE', 'the next ones, as the list before says'],
      ['--json', 'for programs'],
      sandbox,
    ],
    examples: ['journal list --reference "TRF 7731"', 'journal list --outcome unknown --json'],
  },
  'journal show': {
    usage: 'journal show ID',
    does: 'one write in sentences: what, when, who was asked, what came of it',
    options: [['--json', 'for programs: all that is kept of it, then its events, one a line'], sandbox],
    examples: ['journal show w_3fc99e3a24c4ce5a'],
  },
  'journal resolve': {
    usage: 'journal resolve [ID]',
    does: 'look in Zoho now for what is unresolved, or take your word for it',
    options: [
      ['--recorded RECORD_ID', 'it is this record'],
      ['--not-recorded', 'it was not carried out'],
      ['--force', 'although the record or the clocks speak against it'],
      sandbox,
    ],
    examples: ['journal resolve', 'journal resolve w_3fc99e3a24c4ce5a --recorded 9030000079467'],
    more: ['The exit code is 1 while a write is unresolved.'],
  },
  'journal verify': {
    usage: 'journal verify',
    does: 'whether the journal is whole',
    options: [sandbox],
    examples: ['journal verify'],
  },
  'journal prune': {
    usage: 'journal prune',
    does: 'forget what is old (--before), or what is known of a customer (--customer)',
    options: [
      ['--before YYYY-MM-DD', 'forget what is older; the last seven days stay'],
      ['--customer ID', 'remove what is known of this customer; unresolved writes stay, and are named'],
      sandbox,
    ],
    examples: ['journal prune --before 2026-01-01'],
  },
  'journal export': {
    usage: 'journal export',
    does: 'the whole journal as JSON lines',
    options: [sandbox],
    examples: ['journal export > journal.jsonl'],
  },
} as const satisfies Readonly<Record<string, Command>>;

export const commands: Readonly<Record<string, Command>> = declared;

type Written = (typeof declared)[keyof typeof declared]['options'][number][0];
type NameOf<W> = W extends `--${infer N} ${string}` ? N : W extends `--${infer N}[${string}` ? N : W extends `--${infer N}` ? N : never;
type TypeOf<W> = W extends `${string} ${string}` ? 'string' : 'boolean';

const optionName = (written: string): string => /^--([\w-]+)/.exec(written)?.[1] ?? '';

/** The options of all commands, for `parseArgs`. An option takes a value if a space and the value follow its name above. */
export const parsedOptions = Object.fromEntries(
  Object.values(commands).flatMap(({ options }) =>
    options.map(([written]) => [optionName(written), { type: written.includes(' ') ? 'string' : 'boolean' }]),
  ),
) as { readonly [W in Written as NameOf<W>]: { readonly type: TypeOf<W> } };

/** Its parts, where it has some. */
export const partsOf = (command: string): string[] =>
  Object.keys(commands).flatMap((name) => (name.startsWith(`${command} `) ? [name.slice(command.length + 1)] : []));

/** The options that a command takes, without their dashes. */
export const optionsOf = (command: string): string[] => (commands[command]?.options ?? []).map(([written]) => optionName(written));

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(20, ...rows.map(([name]) => name.length));
  return rows.map(([name, means]) => `  ${name.padEnd(width)}  ${means}`);
}

/** What `--help` says of one command. */
export function commandHelp(name: string): string {
  const { usage, does, options, examples, more = [] } = commands[name]!;
  const parts = partsOf(name);
  return [
    `${PROGRAM} ${name}: ${does}.`,
    '',
    `  ${PROGRAM} ${usage}${options.length === 0 ? '' : ' [options]'}`,
    ...(parts.length === 0
      ? []
      : ['', ...table(parts.map((part) => [commands[`${name} ${part}`]!.usage, commands[`${name} ${part}`]!.does]))]),
    '',
    'Options',
    ...table([...options, ['--help', parts.length === 0 ? 'this text' : `this text; ${name} ${parts[0]} --help and the like tell more`]]),
    '',
    examples.length === 1 ? 'Example' : 'Examples',
    ...examples.map((example) => `  ${PROGRAM} ${example}`),
    ...(more.length === 0 ? [] : ['', ...more]),
    '',
  ].join('\n');
}

/** What `--help` says without a command. */
export function generalHelp(): string {
  const [, ...others] = Object.values(commands);
  return [
    `${PROGRAM} ${version}: customer payments and refunds of Zoho Books for AI assistants, over MCP.`,
    '',
    ...table([
      [PROGRAM, 'serve MCP over stdio (what hosts run)'],
      [`${PROGRAM} serve --sandbox`, 'the same on practice books on this machine, kept between runs'],
      ...others.map(({ usage, does }) => [`${PROGRAM} ${usage}`, does] as const),
    ]),
    '',
    `${PROGRAM} COMMAND --help speaks of that command only.`,
    '',
    ...['serve', 'login', 'doctor', 'sandbox'].flatMap((name) => [`Options of ${name}`, ...table(commands[name]!.options), '']),
    '  --version, --help',
    '',
    ENVIRONMENT,
    '',
  ].join('\n');
}

const ENVIRONMENT = `Environment: ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN, ZOHO_ORGANIZATION_ID, ZOHO_DATA_CENTER,
ZOHO_API_BASE_URL, ZOHO_ACCOUNTS_URL, ZOHO_PAYMENTS_SANDBOX, ZOHO_PAYMENTS_SANDBOX_TODAY, ZOHO_PAYMENTS_READ_ONLY,
ZOHO_PAYMENTS_TOOLSETS,
ZOHO_PAYMENTS_STATE_DIR, ZOHO_PAYMENTS_CONFIRM, ZOHO_PAYMENTS_ASK, ZOHO_PAYMENTS_FASTEST_ANSWER_MS, ZOHO_PAYMENTS_POLICY,
ZOHO_PAYMENTS_UNIQUE_FIELD, ZOHO_PAYMENTS_KEYCHAIN, ZOHO_PAYMENTS_CALLS_PER_MINUTE,
ZOHO_PAYMENTS_CALLS_AT_ONCE, ZOHO_PAYMENTS_LOG_LEVEL, ZOHO_PAYMENTS_LOG_JSON.`;
