import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { closest } from 'fastest-levenshtein';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import { defaultToolsets, toolsetNames, type Toolset } from '../toolsets.ts';
import { levels, type Level } from '../trace.ts';
import { askWays, confirmModes, type AskWay, type ConfirmMode } from '../write/confirm.ts';
import { PolicyError, readPolicy, type Policy } from '../write/policy.ts';
import type { Credentials } from '../zoho/access-token.ts';
import { isDataCenterName, dataCenter, dataCenterNames } from '../zoho/data-centers.ts';
import type { Client } from '../zoho/oauth.ts';
import { ProblemError } from './cli-error.ts';

/** All settings from the environment. Only this file reads the environment. */
export interface Config {
  readonly accountsUrl: string;
  readonly apiBaseUrl: string;
  /** Which addresses were set, directly or through a data center. They override the addresses of a login. */
  readonly chosen: { readonly accountsUrl: boolean; readonly apiBaseUrl: boolean };
  readonly credentials: Credentials | undefined;
  /** The client's id and secret, for `login`. Undefined if not set. */
  readonly client: { readonly [part in keyof Client]: string | undefined };
  readonly organizationId: string | undefined;
  /** Names of the variables that Zoho needs and that are not set. */
  readonly missing: readonly string[];
  readonly sandbox: false | 'file' | 'memory';
  /** The newest date in new practice books, yyyy-mm-dd. Default: today. */
  readonly sandboxToday: string | undefined;
  readonly readOnly: boolean;
  readonly toolsets: readonly Toolset[];
  /** The folder for journal, login and practice books. Default: one fixed folder per user. */
  readonly stateDir: string | undefined;
  /** The database of a team. Only `serve --http` and commands that are told to use it read this. */
  readonly databaseUrl: string | undefined;
  /** True if `login` may store its secrets in the operating system's keychain. */
  readonly keychain: boolean;
  /** How the user confirms writes. */
  readonly confirm: ConfirmMode;
  /** The ways to ask a person, the preferred one first. */
  readonly ask: readonly AskWay[];
  /** Milliseconds. A faster answer counts as a program's, not a person's. */
  readonly fastestAnswerMs: number | undefined;
  readonly policy: Policy;
  /** API name of a custom field of payments whose values Zoho keeps unique. */
  readonly uniqueField: string | undefined;
  /** Zoho's rate limits, if they differ from the defaults. */
  readonly limits: { readonly perMinute?: number | undefined; readonly concurrent?: number | undefined };
  readonly log: { readonly level: Level; readonly json: boolean };
  readonly proxy: { readonly http?: string | undefined; readonly https?: string | undefined; readonly no?: string | undefined };
}

/** The error for a wrong setting. It is thrown before anything starts. */
export class ConfigError extends ProblemError {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Hosts pass an empty setting as '' or as the literal `${user_config.name}`: both mean unset. */
function setting(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' || /^\$\{.*\}$/.test(value) ? undefined : value;
}

function flag(env: Environment, name: string, unset = false): boolean {
  const value = setting(env, name)?.toLowerCase();
  if (value === undefined) return unset;
  if (['0', 'false', 'no', 'off'].includes(value)) return false;
  if (['1', 'true', 'yes', 'on'].includes(value)) return true;
  throw new ConfigError(`${name} is ${JSON.stringify(value)}: set it to 1 or 0.`);
}

/** An https address; http only for this machine, where the sandbox runs. */
function baseUrl(env: Environment, name: string): string | undefined {
  const value = setting(env, name);
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  // The value is never quoted: it may hold a secret.
  if (url !== undefined && /[?#]/.test(value))
    throw new ConfigError(`${name} contains "?" or "#": set it to the address without them, such as https://www.zohoapis.com/books/v3.`);
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw new ConfigError(`${name} contains a user name or a password: set it to the address without them.`);
  const host = url?.hostname.replace(/\.+$/, '') ?? '';
  const loopback = LOOPBACK_HOSTS.includes(host);
  // Normalized, because the address is compared with others.
  if (url !== undefined && host !== '' && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)))
    return `${url.protocol}//${host}${url.port && `:${url.port}`}${url.pathname.replace(/\/+$/, '')}`;
  throw new ConfigError(`${name} must be an https address (http is allowed only for 127.0.0.1).`);
}

/** A proxy's address, with or without `http://`. Errors never quote the address: it may hold a password. */
function proxyUrl(env: Environment, ...names: readonly string[]): string | undefined {
  const name = names.find((name) => setting(env, name) !== undefined);
  if (name === undefined) return undefined;
  const value = setting(env, name) ?? '';
  const address = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(address) && ['http:', 'https:', 'socks5:', 'socks:'].includes(new URL(address).protocol)) return address;
  throw new ConfigError(`${name} must be the address of a proxy, such as http://proxy.example:8080.`);
}

/** Errors never quote the address: it may hold a password. */
function databaseUrl(env: Environment): string | undefined {
  const value = setting(env, 'DATABASE_URL');
  // Other programs use this variable too, for other kinds of databases.
  return value !== undefined && /^postgres(ql)?:\/\//.test(value) ? value : undefined;
}

function digits(env: Environment, name: string): string | undefined {
  const value = setting(env, name);
  if (value === undefined || /^\d+$/.test(value)) return value;
  throw new ConfigError(`${name} must be the id (digits only) that Zoho Books shows under Manage Organizations.`);
}

function count(env: Environment, name: string, least = 1): number | undefined {
  const value = setting(env, name);
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value) && Number(value) >= least) return Number(value);
  throw new ConfigError(`${name} must be a whole number, ${least} or more.`);
}

function sandboxSetting(env: Environment): Config['sandbox'] {
  const value = setting(env, 'ZOHO_PAYMENTS_SANDBOX')?.toLowerCase();
  if (value === 'memory') return 'memory';
  return flag(env, 'ZOHO_PAYMENTS_SANDBOX') ? 'file' : false;
}

/** Checks that a value is a calendar day. `from` names the setting in the error. */
export function calendarDay(from: string, value: string | undefined): string | undefined {
  if (value === undefined || isDay(value)) return value;
  throw new ConfigError(`${from} is ${JSON.stringify(value)}: it must be a day, YYYY-MM-DD.`);
}

export function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text);
}

function confirmOf(env: Environment): ConfirmMode {
  const value = setting(env, 'ZOHO_PAYMENTS_CONFIRM')?.toLowerCase() ?? 'ask';
  const mode = confirmModes.find((mode) => mode === value);
  if (mode === undefined)
    throw new ConfigError(`ZOHO_PAYMENTS_CONFIRM is ${JSON.stringify(value)}: use one of ${confirmModes.join(', ')}.`);
  return mode;
}

function askOf(env: Environment): readonly AskWay[] {
  const value = setting(env, 'ZOHO_PAYMENTS_ASK');
  if (value === undefined) return askWays;
  const names = listedNames(value);
  const strange = names.find((name) => !(askWays as readonly string[]).includes(name));
  if (strange !== undefined || names.length === 0)
    throw new ConfigError(`ZOHO_PAYMENTS_ASK is ${JSON.stringify(value)}: use ${askWays.join(' or ')}, or both: ${askWays.join(',')}.`);
  return [...new Set(names as AskWay[])];
}

const listedNames = (list: string): string[] =>
  list
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function uniqueFieldOf(env: Environment): string | undefined {
  const value = setting(env, 'ZOHO_PAYMENTS_UNIQUE_FIELD');
  if (value === undefined || /^cf_\w+$/.test(value)) return value;
  throw new ConfigError('ZOHO_PAYMENTS_UNIQUE_FIELD must be the API name of a custom field, cf_...');
}

/** Reads toolset names separated by commas; `all` means every toolset. `from` names the setting in the error. */
export function toolsetsOf(from: string, value: string | undefined): readonly Toolset[] {
  if (value === undefined) return defaultToolsets;
  const wanted = listedNames(value);
  const known: readonly string[] = [...toolsetNames, 'all'];
  const strange = wanted.find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new ConfigError(
      `${from} names an unknown toolset, ${JSON.stringify(strange)}. Did you mean ${closest(strange, known)}? ` +
        `The toolsets are ${toolsetNames.join(', ')}; all means every toolset.`,
    );
  if (wanted.length === 0) throw new ConfigError(`${from} names no toolset: use one or more of ${toolsetNames.join(', ')}, or all.`);
  return toolsetNames.filter((name) => wanted.includes('all') || wanted.includes(name));
}

export function levelOf(value: string | undefined): Level {
  const level = levels.find((level) => level === (value?.toLowerCase() ?? 'warn'));
  if (level === undefined) throw new ConfigError(`the log level is ${JSON.stringify(value)}: use one of ${levels.join(', ')}.`);
  return level;
}

/** The folders in which this user's shell finds programs. Windows spells the variable `Path`. */
export const searchPath = (env: Environment = process.env): string | undefined => env['PATH'] ?? env['Path'];

/** Reads the policy in this file. Throws ConfigError if it cannot be read: otherwise the server would start without limits. */
export function policyOf(file: string | undefined): Policy {
  if (file === undefined) return {};
  try {
    return readPolicy(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const unread =
      code === 'ENOENT'
        ? `there is no such file${isAbsolute(file) ? '' : ` in ${process.cwd()}, where the program was started: give its full path`}`
        : `it cannot be read (${code ?? 'unknown'})`;
    const why = error instanceof PolicyError ? error.message : unread;
    throw new ConfigError(`the policy ${JSON.stringify(file)} cannot be used: ${why}.`);
  }
}

/** `dataCenter` comes from the command line and overrides the environment. */
export function readConfig(env: Environment = process.env, options: { readonly dataCenter?: string | undefined } = {}): Config {
  const name = (options.dataCenter ?? setting(env, 'ZOHO_DATA_CENTER'))?.toLowerCase() ?? 'us';
  if (!isDataCenterName(name)) {
    const from = options.dataCenter === undefined ? 'ZOHO_DATA_CENTER' : '--data-center';
    throw new ConfigError(`${from} is ${JSON.stringify(name)}: use one of ${dataCenterNames.join(', ')}.`);
  }
  const center = dataCenter(name);

  const isSet = (...names: readonly string[]) => names.some((name) => setting(env, name) !== undefined);
  const clientId = setting(env, 'ZOHO_CLIENT_ID');
  const clientSecret = setting(env, 'ZOHO_CLIENT_SECRET');
  const refreshToken = setting(env, 'ZOHO_REFRESH_TOKEN');
  const organizationId = digits(env, 'ZOHO_ORGANIZATION_ID');
  const needed = {
    ZOHO_CLIENT_ID: clientId,
    ZOHO_CLIENT_SECRET: clientSecret,
    ZOHO_REFRESH_TOKEN: refreshToken,
    ZOHO_ORGANIZATION_ID: organizationId,
  };

  return {
    accountsUrl: baseUrl(env, 'ZOHO_ACCOUNTS_URL') ?? center.accountsUrl,
    apiBaseUrl: baseUrl(env, 'ZOHO_API_BASE_URL') ?? center.apiBaseUrl,
    chosen: { accountsUrl: isSet('ZOHO_DATA_CENTER', 'ZOHO_ACCOUNTS_URL'), apiBaseUrl: isSet('ZOHO_DATA_CENTER', 'ZOHO_API_BASE_URL') },
    credentials: clientId && clientSecret && refreshToken ? { clientId, clientSecret, refreshToken } : undefined,
    client: { clientId, clientSecret },
    organizationId,
    missing: Object.entries(needed).flatMap(([variable, value]) => (value === undefined ? [variable] : [])),
    sandbox: sandboxSetting(env),
    sandboxToday: calendarDay('ZOHO_PAYMENTS_SANDBOX_TODAY', setting(env, 'ZOHO_PAYMENTS_SANDBOX_TODAY')),
    readOnly: flag(env, 'ZOHO_PAYMENTS_READ_ONLY'),
    toolsets: toolsetsOf('ZOHO_PAYMENTS_TOOLSETS', setting(env, 'ZOHO_PAYMENTS_TOOLSETS')),
    stateDir: setting(env, 'ZOHO_PAYMENTS_STATE_DIR'),
    databaseUrl: databaseUrl(env),
    keychain: flag(env, 'ZOHO_PAYMENTS_KEYCHAIN', true),
    confirm: confirmOf(env),
    ask: askOf(env),
    fastestAnswerMs: count(env, 'ZOHO_PAYMENTS_FASTEST_ANSWER_MS', 0),
    policy: policyOf(setting(env, 'ZOHO_PAYMENTS_POLICY')),
    uniqueField: uniqueFieldOf(env),
    limits: { perMinute: count(env, 'ZOHO_PAYMENTS_CALLS_PER_MINUTE'), concurrent: count(env, 'ZOHO_PAYMENTS_CALLS_AT_ONCE') },
    log: { level: levelOf(setting(env, 'ZOHO_PAYMENTS_LOG_LEVEL')), json: flag(env, 'ZOHO_PAYMENTS_LOG_JSON') },
    proxy: {
      http: proxyUrl(env, 'http_proxy', 'HTTP_PROXY'),
      https: proxyUrl(env, 'https_proxy', 'HTTPS_PROXY'),
      no: setting(env, 'no_proxy') ?? setting(env, 'NO_PROXY'),
    },
  };
}
