import { accessSync, constants, existsSync } from 'node:fs';
import { endpoints, toolsets, leastScopes, scopesMissing, workflows as allWorkflows } from '../catalogue.ts';
import { isRead, scopeOf } from '../endpoint.ts';
import { listCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { uniqueUpsert } from '../preflight/unique-upsert.ts';
import { organizationOf } from '../reading/organization.ts';
import { isTimeZone, timeText } from '../time-zone.ts';
import { MINUTE_MS } from '../time.ts';
import { silent } from '../trace.ts';
import { operationsOf, isWrite, type Workflow } from '../workflow.ts';
import { paymentsWith } from '../zoho-calls.ts';
import type { Zoho } from '../zoho/client.ts';
import { dataCenter, dataCenterNames, dataCenterOf, type DataCenter } from '../zoho/data-centers.ts';
import { createHttp } from '../zoho/http.ts';
import type { Quota } from '../zoho/limits.ts';
import { requestTokens } from '../zoho/oauth.ts';
import { accountOf, baseDirOf, isSandbox, overlookedWarning, type Account } from './account.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { toolsFor } from './enabled-tools.ts';
import { notedTimeZone } from './noted-time-zone.ts';
import { nextForOperator, unresolvedHints } from './render.ts';
import { ensureDir, stateDirWarning } from './state-dir.ts';
import { version } from './version.ts';
import type { Wire } from './zoho-connection.ts';

/** The result of one check. Holds no secret. */
export interface Finding {
  readonly check: string;
  /** `unknown`: the check would need a write, Zoho did not answer it, or only the operator can judge it. This is not a problem. */
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly says: string;
  /** What to do about it. */
  readonly next?: string;
}

export interface ExamineOptions {
  /** If the credentials do not work in the configured data center, try the others. */
  readonly tryDataCenters: boolean;
  readonly dataCenters?: ReadonlyMap<string, DataCenter>;
}

/** The largest allowed difference of the clocks. A larger difference makes dates and the age of tokens wrong. */
const SKEW_MS = MINUTE_MS;
/** The doctor warns if fewer calls are left for the day. */
const FEW_CALLS = 50;

const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says });
const wrong = (check: string, says: string, next: string): Finding => ({ check, state: 'wrong', says, next });

/** Runs the checks in order of dependency. Stops early if the next checks cannot work. */
export async function* examine(config: Config, options: ExamineOptions): AsyncGenerator<Finding> {
  yield ok('program', `version ${version} on Node ${process.versions.node}`);
  const folder = folderFinding(config);
  yield folder.finding;
  if (folder.unsafe && config.sandbox !== 'memory') return;
  yield ok('policy', policyInWords(config));
  const account = config.sandbox ? undefined : await accountOf(config).catch(asError);
  if (account instanceof PaymentsError) return yield ofError('credentials', account);
  if (account !== undefined) {
    yield credentialsFinding(account);
    const overlooked = overlookedWarning(config, account);
    if (overlooked !== undefined)
      yield wrong(
        'folder',
        overlooked,
        'Check each journal with `zoho-payments-mcp journal list`. The command reads the folder that the server uses now: ' +
          'to read an ignored folder, first move the folder in use away. ' +
          'Move the ignored folders away if they hold no unresolved write.',
      );
    const center = dataCenterFinding(account);
    yield center;
    if (center.state === 'wrong') return;
  }
  const connection = connect(config, silent);
  const wire = await connection.wire().catch(asError);
  if (wire instanceof PaymentsError) return yield ofError('connection', wire);
  try {
    const token = await wire.tokens.renew().then(() => undefined, asError);
    if (token !== undefined) {
      yield ofError('access token', token);
      if (account !== undefined && options.tryDataCenters) yield* elsewhere(account, config, options);
      return;
    }
    yield ok('access token', 'Zoho issued a token');
    yield* examineBooks(config, account, wire);
  } finally {
    yield* examineJournal(wire.dir);
    await connection.close();
  }
}

async function* examineBooks(config: Config, account: Account | undefined, { zoho, limits }: Wire): AsyncGenerator<Finding> {
  const list = await zoho.read(listCustomerPayments, { per_page: 1 }).catch(asError);
  if (list instanceof PaymentsError && list.code !== 'scope_missing') return yield ofError('organization', list);
  const organization = await organizationOf(zoho).catch(asError);
  if (organization instanceof PaymentsError) yield ofError('organization', organization);
  else if (organization === undefined)
    yield {
      check: 'organization',
      state: 'unknown',
      says: `${zoho.organizationId} can be read; its name, currency and time zone need the scope (permission) ZohoBooks.settings.READ`,
    };
  else
    yield ok(
      'organization',
      [
        `${oneLine(String(organization.name ?? ''), 60)} (${zoho.organizationId})`,
        organization.currency_code ?? 'currency unknown',
        organization.time_zone ?? 'time zone unknown',
      ].join(', '),
    );
  yield* account?.scopes === undefined ? triedScopes(config, zoho, list) : grantedScopes(config, account.scopes);
  if (config.uniqueField !== undefined) yield await uniqueFieldFinding(config.uniqueField, zoho);
  yield clockFinding(zoho);
  const told = organization instanceof PaymentsError ? undefined : organization?.time_zone;
  const zone = told !== undefined && isTimeZone(told) ? told : undefined;
  const { minute, day, paused_until } = await limits.quota();
  const thisMinute = `${minute.left} of ${minute.most} are left this minute (${aboutPayments(minute.left)})`;
  if (paused_until !== undefined)
    yield wrong(
      'limits',
      `Zoho refused calls because of a limit; the server pauses until ${timeText(paused_until, zone)}`,
      'Wait until then, or find out which other programs call Zoho for this organization.',
    );
  else if (day === undefined)
    yield { check: 'limits', state: 'unknown', says: `Zoho did not report the calls that are left today; ${thisMinute}` };
  else if (day.remaining < FEW_CALLS)
    yield wrong(
      'limits',
      dayLeft(day, zone),
      'Wait for the end of the day, or find out which other programs call Zoho for this organization.',
    );
  else yield ok('limits', `${dayLeft(day, zone)}, and ${thisMinute}`);
}

function dayLeft({ remaining, most, resets_at }: NonNullable<Quota['day']>, zone: string | undefined): string {
  return `${remaining} of ${most ?? '?'} calls are left today, until ${timeText(resets_at, zone)} (${aboutPayments(remaining)})`;
}

const aboutPayments = (calls: number): string => `about ${paymentsWith(calls)} ${paymentsWith(calls) === 1 ? 'payment' : 'payments'}`;

/** `unsafe`: other users can write to the folder, so nothing may be read from it. */
function folderFinding(config: Config): { readonly finding: Finding; readonly unsafe: boolean } {
  try {
    return { finding: usableFinding(baseDirOf(config)), unsafe: false };
  } catch (error) {
    return { finding: ofError('folder', asError(error)), unsafe: true };
  }
}

function usableFinding(dir: string): Finding {
  try {
    ensureDir(dir);
    accessSync(dir, constants.W_OK);
    const warning = stateDirWarning(dir);
    return warning === undefined
      ? ok('folder', dir)
      : {
          check: 'folder',
          state: 'unknown',
          says: warning,
          next: 'Keep the permission only if every member of the group may change the journal and the login.',
        };
  } catch (error) {
    return wrong(
      'folder',
      `${dir} cannot be written to (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'Set ZOHO_PAYMENTS_STATE_DIR to a writable folder: without a journal there the server records nothing in Zoho.',
    );
  }
}

function policyInWords({ readOnly, policy, confirm, ask }: Config): string {
  if (readOnly || policy.read_only === true) return 'read-only';
  const limits = Object.keys(policy).filter((name) => name !== '$schema');
  const asked = {
    ask: `the user confirms refunds, deletions and unusual writes (ZOHO_PAYMENTS_ASK=${ask.join(',')})`,
    strict:
      'refunds, deletions and unusual writes are refused unless the user can confirm them in a window ' +
      `(ZOHO_PAYMENTS_ASK=${ask.join(',')})`,
    host: 'only the host asks the user',
  }[confirm];
  const ownLimits = limits.length === 0 ? 'the policy sets no limits' : `the policy sets ${limits.join(', ')}`;
  return `writes are allowed; ${asked}, ZOHO_PAYMENTS_CONFIRM=${confirm}; ${ownLimits}`;
}

function credentialsFinding({ from, clientId }: Account): Finding {
  return ok('credentials', `from ${from === 'login' ? 'the login' : 'the environment'}, client ${clientId.slice(0, 9)}…`);
}

function dataCenterFinding({ accountsUrl, apiBaseUrl }: Account): Finding {
  const [accounts, api] = [new URL(accountsUrl).host, new URL(apiBaseUrl).host];
  const known = dataCenterOf(accountsUrl);
  const ofApi = dataCenterNames.map(dataCenter).some((one) => one.apiBaseUrl === apiBaseUrl);
  if ((known !== undefined || ofApi) && known?.apiBaseUrl !== apiBaseUrl) {
    return wrong(
      'data center',
      `tokens come from ${accounts} but are used at ${api}, which is another data center`,
      'Unset ZOHO_ACCOUNTS_URL and ZOHO_API_BASE_URL, and set ZOHO_DATA_CENTER.',
    );
  }
  const practice = isSandbox(accountsUrl) ? ': a sandbox (practice books), not Zoho' : '';
  return ok('data center', `tokens from ${accounts}, API at ${api}${practice}`);
}

/** Tries the credentials in the other data centers. */
async function* elsewhere(
  { accountsUrl, refreshToken, ...client }: Account,
  { proxy }: Config,
  { dataCenters = everywhere() }: ExamineOptions,
): AsyncGenerator<Finding> {
  const http = createHttp({ proxy });
  try {
    const silent: string[] = [];
    for (const [name, center] of dataCenters) {
      if (center.accountsUrl === accountsUrl) continue;
      const failure = await requestTokens(http, center.accountsUrl, client, { kind: 'refresh', refreshToken }).then(
        () => undefined,
        asError,
      );
      if (failure === undefined) return yield wrong('data center', `the credentials work in ${name}`, `Set ZOHO_DATA_CENTER=${name}.`);
      if (['accounts_unavailable', 'sandbox_unavailable', 'proxy_unavailable', 'proxy_refused'].includes(failure.code)) silent.push(name);
    }
    if (silent.length > 0)
      yield wrong(
        'data center',
        `the credentials work in none of the other data centers that could be reached; not reached: ${silent.join(', ')}`,
        'Check the network and the proxy.',
      );
    else yield wrong('data center', 'the credentials work in no other data center either', 'Run `zoho-payments-mcp login`.');
  } finally {
    await http.close();
  }
}

const everywhere = () => new Map(dataCenterNames.map((name) => [name, dataCenter(name)]));

/** Compares the scopes of the login with the scopes that the tools need. */
function* grantedScopes(config: Config, granted: readonly string[]): Generator<Finding> {
  const missing = scopesMissing(neededScopes(config), granted);
  if (missing.length === 0) return yield ok('scopes', 'all scopes that the switched-on tools need');
  const writes = writeScopes();
  if (scopesMissing(writes, granted).length === writes.length && missing.every((scope) => writes.includes(scope))) {
    return yield wrong(
      'scopes',
      'this login may only read, but the server offers tools that write',
      'Start the server with --read-only (ZOHO_PAYMENTS_READ_ONLY=1), or run `zoho-payments-mcp login` again without --read-only; ' +
        'a code of a Self Client needs all scopes that docs/connect.md lists.',
    );
  }
  for (const scope of missing) yield missingScopeFinding(scope, config);
}

/**
 * Zoho does not show the scopes of a refresh token from the environment. Each scope of a list is tried with one row; scopes of writes are
 * not tried.
 */
async function* triedScopes(config: Config, zoho: Zoho, list: unknown): AsyncGenerator<Finding> {
  const works: string[] = [];
  const untried: string[] = [];
  for (const scope of neededScopes(config)) {
    const endpoint = endpoints.filter(isRead).find((one) => scopeOf(one) === scope && one.input.safeParse({}).success);
    if (endpoint === undefined) {
      untried.push(scope);
      continue;
    }
    const page = 'per_page' in endpoint.input.shape ? { per_page: 1 } : {};
    const answer = scope === scopeOf(listCustomerPayments) ? list : await zoho.read(endpoint, page).catch(asError);
    if (!(answer instanceof PaymentsError)) works.push(scope);
    else if (answer.code === 'scope_missing') yield missingScopeFinding(scope, config);
    else yield ofError(scope, answer);
  }
  if (works.length > 0) yield ok('scopes', `tried, and granted: ${works.join(', ')}`);
  if (untried.length > 0)
    yield { check: 'scopes', state: 'unknown', says: `cannot be tested before a login or the first use: ${untried.join(', ')}` };
}

const writeScopes = () => [...new Set(toolsets.payments.filter((endpoint) => !isRead(endpoint)).map(scopeOf))];

/** The scopes that a switched-on tool or a check before a write needs. */
const neededScopes = (config: Config) => leastScopes({ readOnly: false }).filter((scope) => lostWithout(scope, config).length > 0);

/** What does not work without this scope. */
function lostWithout(scope: string, config: Config): string[] {
  const { endpoints, workflows } = toolsFor(config);
  const names = (tools: readonly { readonly name: string }[]) => tools.map(({ name }) => name).join(', ');
  const tools = names(endpoints.filter((endpoint) => scopeOf(endpoint) === scope));
  const reads = (workflow: Workflow) => operationsOf(workflow).some((operation) => scopeOf(operation) === scope);
  const tasks = names(workflows.filter(reads));
  // Checks read the same records as the tasks that write, also if these tasks are off.
  const checks = toolsets.lookups.some((endpoint) => scopeOf(endpoint) === scope) && allWorkflows.filter(isWrite).some(reads);
  return [
    ...(tools === '' ? [] : [`${tools} cannot be used`]),
    ...(tasks === '' ? [] : [`${tasks} can do only part of their work`]),
    ...(checks ? ['before a write some checks are not possible, so the user is asked'] : []),
  ];
}

function missingScopeFinding(scope: string, config: Config): Finding {
  return wrong(
    'scopes',
    `${scope} is missing: ${lostWithout(scope, config).join('; ')}`,
    'Run `zoho-payments-mcp login`, which asks for this scope, or make a refresh token that includes it.',
  );
}

async function uniqueFieldFinding(field: string, zoho: Zoho): Promise<Finding> {
  const why = await uniqueUpsert
    .unusable(field, { method: 'POST', path: '', scope: scopeOf(listCustomFields), body: {} }, zoho)
    .catch(asError);
  if (why instanceof PaymentsError) return ofError('unique field', why);
  if (why === undefined) return ok('unique field', `${field} keeps its values unique`);
  return wrong(
    'unique field',
    `${field}: ${why}`,
    'Set up the field as docs/safety.md explains, or unset ZOHO_PAYMENTS_UNIQUE_FIELD. Until then no payment can be recorded.',
  );
}

function clockFinding(zoho: Zoho): Finding {
  const clock = zoho.clock();
  if (clock === undefined) return { check: 'clock', state: 'unknown', says: 'Zoho sent no time' };
  const now = Date.now();
  const skew = now < clock.notBefore ? clock.notBefore - now : now > clock.notAfter ? now - clock.notAfter : 0;
  if (skew <= SKEW_MS) return ok('clock', "agrees with Zoho's clock");
  return wrong(
    'clock',
    `this machine's clock is ${Math.round(skew / 1000)} s ${now < clock.notBefore ? 'behind' : 'ahead of'} Zoho's`,
    'Switch on automatic time in the settings of this machine.',
  );
}

async function* examineJournal(dir: string): AsyncGenerator<Finding> {
  const [{ journalFile }, { openSqliteJournal }] = await Promise.all([
    import('../write/open-road.ts'),
    import('../write/journal/sqlite.ts'),
  ]);
  if (!existsSync(journalFile(dir))) return yield ok('journal', 'no writes yet');
  const journal = await openSqliteJournal(journalFile(dir)).catch(asError);
  if (journal instanceof PaymentsError) return yield ofError('journal', journal);
  try {
    const { entries, problems } = await journal.verify();
    if (problems.length > 0)
      yield wrong(
        'journal',
        `it is damaged or was changed: ${problems[0]} (problems in all: ${problems.length})`,
        'Run `zoho-payments-mcp journal verify`, which lists the problems. Find out who changed the journal, stop all servers, ' +
          'and restore its folder from a backup. Until then the server goes on and uses this journal.',
      );
    const open = await journal.unsettled();
    const unsettled = open.length;
    if (unsettled > 0)
      yield wrong(
        'journal',
        `the outcome of ${unsettled} ${unsettled === 1 ? 'write' : 'writes'} is unknown`,
        ['Run `zoho-payments-mcp journal resolve`.', ...unresolvedHints(open, notedTimeZone(dir))].join(' '),
      );
    if (problems.length === 0 && unsettled === 0) yield ok('journal', `${entries} ${entries === 1 ? 'write' : 'writes'}, intact`);
  } catch (error) {
    yield ofError('journal', asError(error));
  } finally {
    await journal.close();
  }
}

/** Turns an error into a finding for the operator. */
function ofError(check: string, error: PaymentsError): Finding {
  return wrong(check, error.whatHappened, nextForOperator(error));
}

/** Returns a PaymentsError. Rethrows every other error, because it is a bug in this program. */
function asError(error: unknown): PaymentsError {
  if (error instanceof PaymentsError) return error;
  throw error;
}
