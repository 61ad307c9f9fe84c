import { callerScopes } from '../caller-scopes.ts';
import { version } from './version.ts';

/** Every command with its options, for `--help` and for reading the command line. An option that is not listed here is refused. */

interface Command {
  /** The command line without the program's name. */
  readonly usage: string;
  readonly does: string;
  /** Each option as the user writes it, and its meaning. */
  readonly options: readonly (readonly [written: string, means: string])[];
  readonly examples: readonly string[];
  /** More sentences for the end of the help. */
  readonly more?: readonly string[];
}

const PROGRAM = 'zoho-payments-mcp';

const sandbox = ['--sandbox', 'use the journal of the practice books'] as const;
const database = ['--database', "use a team's journal, in the database of DATABASE_URL"] as const;
const books = [
  ['--sandbox[=memory]', 'use practice books on this machine instead of Zoho Books; =memory discards them at the end'],
  ['--today YYYY-MM-DD', 'the newest date in new practice books; default: today'],
  ['--read-only', 'offer only tools that read'],
  [
    '--toolsets LIST',
    'groups of tools: payments, lookups (find customers, invoices, accounts by name), workflows, or all; default: payments,workflows',
  ],
  ['--policy FILE', 'a JSON file that limits what may be recorded; docs/safety.md explains it'],
] as const;

const csv = [
  ['--columns LIST', 'which column holds what, such as customer=Name,amount=Betrag; NAME:=VALUE sets one value for all rows'],
  ['--decimal SIGN', 'the decimal sign of amounts: . or , (default: found from the amounts)'],
  ['--date-format FORMAT', 'DD/MM/YYYY, MM/DD/YYYY or YYYY-MM-DD (default: found from the dates)'],
  ['--delimiter SIGN', 'the sign between cells: , ; | or tab (default: found from the file)'],
  ['--encoding NAME', 'such as latin1; default: the encoding stated in the file, otherwise UTF-8'],
] as const;

/** Only with `serve --http`. */
export const http = [
  ['--host ADDRESS', 'with --http: the address to listen on; default: 127.0.0.1'],
  ['--port N', 'with --http: the port; default: 8787'],
  ['--public-url URL', 'with --http: the address that clients use, such as https://payments.example.com'],
  ['--auth-tokens FILE', 'with --http: a JSON file with the tokens of the callers; docs/team.md explains it'],
  ['--auth-issuer URL', 'with --http: the https address of the authorization server (issuer) whose tokens (JWT) callers use'],
  ['--auth-audience TEXT', 'with --auth-issuer: the audience of its tokens; default: the public address followed by /mcp'],
  ['--allow-origin LIST', 'with --http: origins of web pages that may call, such as https://app.example.com'],
  ['--trust-proxy LIST', 'with --http: addresses of proxies whose X-Forwarded-For counts, such as 10.0.0.0/8'],
] as const;

/** By name: one word, or two words for a subcommand such as `journal list`. */
const declared = {
  serve: {
    usage: 'serve',
    does: 'serve MCP over stdio (standard input and output); AI apps (hosts) run this; the default if no command is given',
    options: [
      ...books,
      ['--http', 'serve MCP over HTTP instead of stdio; docs/team.md explains it'],
      ...http,
      ['--log-level LEVEL', 'how much to write to stderr: error, warn (default), info or debug'],
      ['--log-json', 'write the log as JSON lines'],
      ['--extension', 'the desktop extension (.mcpb) sets this; messages then name the settings of the extension'],
    ],
    examples: ['serve --sandbox', 'serve --read-only --toolsets all'],
  },
  login: {
    usage: 'login',
    does: 'connect to Zoho Books in the browser; all servers of this user use the login',
    options: [
      [
        '--data-center NAME',
        "Zoho's data center: us (default), eu, in, au, jp, ca, cn or sa; always give it for cn; " +
          'with --self-client, give it unless your data center is us (the default)',
      ],
      ['--organization ID', 'the id of the organization, if there are several'],
      ['--read-only', 'ask Zoho only for the permission to read'],
      ['--port N', 'the local port in the redirect address; default: 17321, or a free port if 17321 is taken'],
      ['--no-browser', 'print the address, do not open a browser'],
      ['--self-client CODE', "log in with the code of a Self Client (made in Zoho's API console); needs no browser"],
    ],
    examples: ['login', 'login --data-center eu --organization 10234695'],
    more: ['The client id and secret come from ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET; if one is not set, login asks for it.'],
  },
  logout: {
    usage: 'logout',
    does: 'revoke the login at Zoho and delete it from this machine',
    options: [],
    examples: ['logout'],
    more: ['The journal stays.'],
  },
  doctor: {
    usage: 'doctor',
    does: 'check the connection to Zoho and say how to repair it',
    options: [
      ['--json', 'print JSON for programs'],
      ['--try-data-centers', 'find out in which data center the credentials work'],
      ...books,
    ],
    examples: ['doctor', 'doctor --json'],
    more: ['The exit code is 0 only if no check fails.'],
  },
  import: {
    usage: 'import FILE.csv',
    does: 'record the payments of a CSV file: show the plan, ask, then record each row once',
    options: [
      ['--dry-run', 'show the plan only; the exit code is 0 if every row can be recorded or is recorded already'],
      ['--yes', 'do not ask; the policy must have allow_unattended, and must accept every concern that occurs'],
      ['--wait', "wait if Zoho's rate limits are reached, if needed until the next day"],
      ['--results FILE', 'the results file; default: FILE.results.csv in the folder of the file'],
      ...csv,
      ['--payment-modes LIST', 'payment modes that your organization added in Zoho Books, such as PayPal,Stripe'],
      ...books.filter(([written]) => !/^--(read-only|toolsets)/.test(written)),
    ],
    examples: [
      'import payments.csv --dry-run',
      'import payments.csv --columns customer=Name,amount=Betrag,payment_mode:=banktransfer --decimal ,',
    ],
    more: [
      'import recognizes common column headers: customer, amount (or paid_in), date, payment_mode, invoices, account, reference, ' +
        'description, currency, exchange_rate, bank_charges, allocate (oldest_first or as_credit), allow_duplicate_of, key.',
      'A cell may name several invoices, "INV-1, INV-2", or say how much of the payment each invoice gets: "INV-1: 100.00; INV-2: 50.00".',
      'A row that an earlier run recorded is not recorded again, even if it is in another file. To continue after an interruption, ' +
        'run the same command again.',
    ],
  },
  reconcile: {
    usage: 'reconcile FILE.csv',
    does: 'compare a bank statement or a file of payments with the books; changes nothing',
    options: [
      ['--account NAME', 'the name or id of the bank account of the statement'],
      ['--days N', 'the number of days by which dates may differ; default: 5'],
      ['--results FILE', 'write the results to this CSV file'],
      ...csv,
      ...books.filter(([written]) => /^--(sandbox|today)/.test(written)),
    ],
    examples: ['reconcile statement.csv --account "Bank of Burlington"'],
    more: [
      'Status per row: recorded, missing, different or unread. Other payments in the date range of the file are listed as not in the file. ' +
        'The exit code is 0 only if everything agrees, otherwise 3.',
    ],
  },
  sandbox: {
    usage: 'sandbox',
    does: 'run a simulated Zoho with practice books over HTTP, without the MCP server',
    options: [
      ['--port N', 'default: a free port'],
      ['--data FILE|memory', 'where to keep the books; default: memory'],
      ['--payments N', 'add payments until there are N'],
      ['--today YYYY-MM-DD', 'the newest date in new books; default: today'],
    ],
    examples: ['sandbox --port 8765 --payments 1000'],
    more: ['It prints one line of JSON with its addresses and credentials, and runs until it is stopped.'],
  },
  token: {
    usage: 'token create',
    does: 'make tokens for callers over HTTP',
    options: [],
    examples: ['token create --caller invoices-agent --scopes payments:read --expires 2027-06-30'],
  },
  'token create': {
    usage: 'token create',
    does: 'make a token for a caller: print the token once, and its entry for the file of tokens',
    options: [
      ['--caller NAME', 'a name for journal, limits and log'],
      ['--scopes LIST', `what the caller may do: ${callerScopes.join(', ')}`],
      ['--expires TIME', 'the day (or the time) from which the token is not valid any more, such as 2027-06-30'],
    ],
    examples: ['token create --caller invoices-agent --scopes payments:read,payments:write --expires 2027-06-30'],
    more: ['The file has only the digest of the token. If the token is lost, make another one.'],
  },
  journal: {
    usage: 'journal list|show|resolve|verify|prune|export|import',
    does: 'show and check the journal: every change that this server sent to Zoho',
    options: [sandbox, database],
    examples: ['journal list --since 2026-06-01', 'journal resolve'],
  },
  'journal list': {
    usage: 'journal list',
    does: 'list the writes, newest first; writes with an unknown outcome come before all others',
    options: [
      ['--outcome NAME', 'recorded, not_recorded or unknown'],
      ['--tool NAME', 'the tool that was called'],
      ['--key KEY', 'the idempotency_key of the call'],
      ['--reference TEXT', 'the reference number; case, spaces and punctuation do not matter'],
      ['--amount N', 'the amount, such as 450 or 1280.50'],
      ['--record ID', 'the id in Zoho Books of a payment, refund, invoice or customer'],
      ['--customer ID', 'the id of the customer in Zoho Books'],
      ['--since YYYY-MM-DD', "on or after this day, in the organization's time zone"],
      ['--limit N', 'how many writes; default: 50'],
      ['--page PAGE', 'the next page: the value that the previous list shows'],
      ['--json', 'print JSON for programs'],
      sandbox,
      database,
    ],
    examples: ['journal list --reference "TRF 7731"', 'journal list --outcome unknown --json'],
  },
  'journal show': {
    usage: 'journal show ID',
    does: 'show one write: what, when, who confirmed it, and its outcome',
    options: [['--json', 'print one JSON document for programs: the whole entry with its events; times are in UTC'], sandbox, database],
    examples: ['journal show w_3fc99e3a24c4ce5a'],
  },
  'journal resolve': {
    usage: 'journal resolve [ID]',
    does: 'search Zoho for the outcome of unresolved writes, or set the outcome yourself',
    options: [
      ['--recorded RECORD_ID', 'the write made this record in Zoho Books'],
      ['--not-recorded', 'the write was not carried out'],
      ['--force', 'set the outcome even if the record does not match, or if Zoho may still carry out the write; this is final'],
      sandbox,
      database,
    ],
    examples: ['journal resolve', 'journal resolve w_3fc99e3a24c4ce5a --recorded 9030000079467'],
    more: ['The exit code is 1 if a write is still unresolved.'],
  },
  'journal verify': {
    usage: 'journal verify',
    does: 'check that nothing in the journal is damaged, changed or missing',
    options: [sandbox, database],
    examples: ['journal verify'],
  },
  'journal prune': {
    usage: 'journal prune',
    does: 'delete old journal entries (--before), or the journal data of one customer (--customer)',
    options: [
      ['--before YYYY-MM-DD', 'delete the journal entries before this day; the last seven days stay'],
      ['--customer ID', "remove this customer's data from the journal; unresolved writes stay, and the command says how many"],
      sandbox,
      database,
    ],
    examples: ['journal prune --before 2026-01-01'],
    more: ['It changes nothing in Zoho Books.'],
  },
  'journal export': {
    usage: 'journal export',
    does: 'print the whole journal as JSON lines',
    options: [sandbox, database],
    examples: ['journal export > journal.jsonl'],
  },
  'journal import': {
    usage: 'journal import FILE',
    does: "take over a journal from its file into a team's database (DATABASE_URL)",
    options: [],
    examples: ['journal import ~/.local/state/zoho-payments-mcp/www.zohoapis.com-10234695/journal.sqlite'],
    more: [
      'The organization must have no writes in the database yet. The file is renamed afterwards, so that no server goes on writing to it.',
    ],
  },
  migrate: {
    usage: 'migrate',
    does: "create or update the tables in a team's database (DATABASE_URL)",
    options: [],
    examples: ['migrate'],
    more: ['Run it once, and again after each update of this program. It can run several times at once.'],
  },
} as const satisfies Readonly<Record<string, Command>>;

export const commands: Readonly<Record<string, Command>> = declared;

type Written = (typeof declared)[keyof typeof declared]['options'][number][0];
type NameOf<W> = W extends `--${infer N} ${string}` ? N : W extends `--${infer N}[${string}` ? N : W extends `--${infer N}` ? N : never;
type TypeOf<W> = W extends `${string} ${string}` ? 'string' : 'boolean';

export const optionName = (written: string): string => /^--([\w-]+)/.exec(written)?.[1] ?? '';

/** The options of all commands, for `parseArgs`. An option takes a value if the list above shows a value after a space. */
export const parsedOptions = Object.fromEntries(
  Object.values(commands).flatMap(({ options }) =>
    options.map(([written]) => [optionName(written), { type: written.includes(' ') ? 'string' : 'boolean' }]),
  ),
) as { readonly [W in Written as NameOf<W>]: { readonly type: TypeOf<W> } };

/** The subcommands of a command. */
export const partsOf = (command: string): string[] =>
  Object.keys(commands).flatMap((name) => (name.startsWith(`${command} `) ? [name.slice(command.length + 1)] : []));

/** The options of a command, without their dashes. */
export const optionsOf = (command: string): string[] => (commands[command]?.options ?? []).map(([written]) => optionName(written));

function table(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(20, ...rows.map(([name]) => name.length));
  return rows.map(([name, means]) => `  ${name.padEnd(width)}  ${means}`);
}

/** The `--help` text of one command. */
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
    ...table([
      ...options,
      ['--help', parts.length === 0 ? 'print this text' : `print this text; for a subcommand: ${name} ${parts[0]} --help`],
    ]),
    '',
    examples.length === 1 ? 'Example' : 'Examples',
    ...examples.map((example) => `  ${PROGRAM} ${example}`),
    ...(more.length === 0 ? [] : ['', ...more]),
    '',
  ].join('\n');
}

/** The `--help` text of the program. */
export function generalHelp(): string {
  const [, ...others] = Object.values(commands);
  return [
    `${PROGRAM} ${version}: customer payments and refunds in Zoho Books for AI assistants, over MCP.`,
    '',
    ...table([
      [PROGRAM, 'serve MCP over stdio (standard input and output); AI apps (hosts) run this'],
      [`${PROGRAM} serve --sandbox`, 'the same with practice books on this machine; they are kept between runs'],
      ...others.map(({ usage, does }) => [`${PROGRAM} ${usage}`, does] as const),
    ]),
    '',
    `${PROGRAM} COMMAND --help explains one command.`,
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
ZOHO_PAYMENTS_CALLS_AT_ONCE, ZOHO_PAYMENTS_LOG_LEVEL, ZOHO_PAYMENTS_LOG_JSON, DATABASE_URL.`;
