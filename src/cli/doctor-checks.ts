import { accessSync, constants, existsSync } from 'node:fs';
import { toolsets, leastScopes, scopesMissing } from '../catalogue.ts';
import { isRead, scopeOf } from '../endpoint.ts';
import { getContact } from '../endpoints/lookups/get-contact.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { listBankAccounts } from '../endpoints/lookups/list-bank-accounts.ts';
import { listCustomFields } from '../endpoints/lookups/list-custom-fields.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { uniqueUpsert } from '../preflight/unique-upsert.ts';
import { organizationOf } from '../reading/organization.ts';
import { MINUTE_MS } from '../time.ts';
import { silent } from '../trace.ts';
import { operationsOf, isWrite } from '../workflow.ts';
import { paymentsWith } from '../zoho-calls.ts';
import type { Zoho } from '../zoho/client.ts';
import { dataCenter, dataCenterNames, dataCenterOf, type DataCenter } from '../zoho/data-centers.ts';
import { createHttp } from '../zoho/http.ts';
import type { Quota } from '../zoho/limits.ts';
import { requestTokens } from '../zoho/oauth.ts';
import { accountOf, baseDirOf, overlookedWarning, type Account } from './account.ts';
import type { Config } from './config.ts';
import { connect } from './connect.ts';
import { toolsFor } from './enabled-tools.ts';
import { nextForOperator } from './render.ts';
import { ensureDir, stateDirWarning } from './state-dir.ts';
import { version } from './version.ts';
import type { Wire } from './zoho-connection.ts';

/** One thing that was looked at. Says nothing secret. */
export interface Finding {
  readonly check: string;
  /** `unknown` where it cannot be found out without writing; nothing is wrong then. */
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly says: string;
  /** What to do about it. */
  readonly next?: string;
}

export interface ExamineOptions {
  /** Asks the others when the credentials do not work here. */
  readonly tryDataCenters: boolean;
  readonly dataCenters?: ReadonlyMap<string, DataCenter>;
}

/** More than that, and dates and the age of tokens are told wrongly. */
const SKEW_MS = MINUTE_MS;
/** Less than that of a day's calls left is worth a word. */
const FEW_CALLS = 50;

const ok = (check: string, says: string): Finding => ({ check, state: 'ok', says });
const wrong = (check: string, says: string, next: string): Finding => ({ check, state: 'wrong', says, next });

/** In the order in which one thing rests on another; ends early where nothing further can be looked at. */
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
        'See with `zoho-payments-mcp journal list` what each holds: ' +
          'move the others away once nothing in them is unresolved, or move the one that is used away first to look at another.',
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
    yield ok('access token', 'Zoho gave one');
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
      says: `${zoho.organizationId} answers; its name, currency and time zone are not shown without ZohoBooks.settings.READ`,
    };
  else
    yield ok(
      'organization',
      [
        `${oneLine(String(organization.name ?? ''), 60)} (${zoho.organizationId})`,
        organization.currency_code ?? 'currency not told',
        organization.time_zone ?? 'time zone not told',
      ].join(', '),
    );
  yield* account?.scopes === undefined ? triedScopes(config, zoho, list) : grantedScopes(config, account.scopes);
  if (config.uniqueField !== undefined) yield await uniqueFieldFinding(config.uniqueField, zoho);
  yield clockFinding(zoho);
  const { minute, day, paused_until } = await limits.quota();
  const thisMinute = `${minute.left} of ${minute.most} of this minute, for about ${paymentsWith(minute.left)}`;
  if (paused_until !== undefined)
    yield wrong(
      'limits',
      `Zoho asked for a pause until ${paused_until}`,
      'Wait until then, or find out what else calls Zoho for this organization.',
    );
  else if (day === undefined)
    yield { check: 'limits', state: 'unknown', says: `Zoho did not say what is left of the day; ${thisMinute} payments` };
  else if (day.remaining < FEW_CALLS)
    yield wrong('limits', dayLeft(day), 'Wait for the end of the day, or find out what else calls Zoho for this organization.');
  else yield ok('limits', `${dayLeft(day)}; and ${thisMinute}`);
}

function dayLeft({ remaining, most, resets_at }: NonNullable<Quota['day']>): string {
  return (
    `${remaining} of ${most ?? '?'} calls are left of the day, which ends at ${resets_at}, ` +
    `enough for about ${paymentsWith(remaining)} payments`
  );
}

/** `unsafe`: nothing else is read from it then. */
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
      : { ...ok('folder', warning), next: 'Keep it so only if everybody in the group may do that.' };
  } catch (error) {
    return wrong(
      'folder',
      `${dir} cannot be written to (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'Set ZOHO_PAYMENTS_STATE_DIR to a folder that can: without it nothing is written to Zoho either.',
    );
  }
}

function policyInWords({ readOnly, policy, confirm, ask }: Config): string {
  if (readOnly || policy.read_only === true) return 'read-only';
  const limits = Object.keys(policy).filter((name) => name !== '$schema');
  const asked = {
    ask: `the user is asked about what is doubtful (ZOHO_PAYMENTS_ASK=${ask.join(',')})`,
    strict: `what is doubtful is refused unless the user can be asked in a window (ZOHO_PAYMENTS_ASK=${ask.join(',')})`,
    host: 'the host alone asks the user',
  }[confirm];
  const ownLimits = limits.length === 0 ? 'no limits of its own' : `limits: ${limits.join(', ')}`;
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
      'data centre',
      `tokens come from ${accounts} and are used at ${api}, which do not belong together`,
      'Unset ZOHO_ACCOUNTS_URL and ZOHO_API_BASE_URL, and set ZOHO_DATA_CENTER.',
    );
  }
  return ok('data centre', `tokens from ${accounts}, API at ${api}`);
}

/** Where else these credentials work. */
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
      if (failure === undefined) return yield wrong('data centre', `the credentials work in ${name}`, `Set ZOHO_DATA_CENTER=${name}.`);
      if (['accounts_unavailable', 'proxy_unavailable', 'proxy_refused'].includes(failure.code)) silent.push(name);
    }
    if (silent.length > 0)
      yield wrong(
        'data centre',
        `the credentials work in no other that could be reached; ${silent.join(', ')} could not`,
        'Check network and proxy.',
      );
    else yield wrong('data centre', 'the credentials work in no other data centre either', 'Run `zoho-payments-mcp login`.');
  } finally {
    await http.close();
  }
}

const everywhere = () => new Map(dataCenterNames.map((name) => [name, dataCenter(name)]));

/** What a login was granted, against what each tool needs. */
function* grantedScopes(config: Config, granted: readonly string[]): Generator<Finding> {
  const readOnly = writesNothing(config);
  const missing = scopesMissing(leastScopes({ readOnly }), granted);
  if (missing.length === 0) return yield ok('scopes', 'all that is switched on needs');
  if (scopesMissing(leastScopes({ readOnly: true }), granted).length === 0 && writeScopes().every((scope) => missing.includes(scope))) {
    return yield wrong(
      'scopes',
      'this login may only look, and the server offers to write',
      'Start the server with --read-only (ZOHO_PAYMENTS_READ_ONLY=1), or run `zoho-payments-mcp login` without it.',
    );
  }
  for (const scope of missing) yield missingScopeFinding(scope, config);
}

/** A token from the environment does not say what it may do: reading is tried, writing is not. */
async function* triedScopes(
  config: Config,
  zoho: Zoho,
  list: PaymentsError | { customerpayments?: { payment_id?: string | undefined }[] | undefined },
): AsyncGenerator<Finding> {
  const payment_id = list instanceof PaymentsError ? undefined : list.customerpayments?.[0]?.payment_id;
  const payment =
    payment_id === undefined ? undefined : (await zoho.read(getCustomerPayment, { payment_id }).catch(() => undefined))?.payment;
  const invoice_id = payment?.invoices?.[0]?.invoice_id;
  const tries = [
    { endpoint: listCustomerPayments, read: async () => (list instanceof PaymentsError ? Promise.reject(list) : list) },
    {
      endpoint: getContact,
      read: payment?.customer_id === undefined ? undefined : () => zoho.read(getContact, { contact_id: payment.customer_id! }),
    },
    { endpoint: getInvoice, read: invoice_id === undefined ? undefined : () => zoho.read(getInvoice, { invoice_id }) },
    { endpoint: listBankAccounts, read: () => zoho.read(listBankAccounts, {}) },
    { endpoint: allOrganizations, read: () => zoho.settled.read(allOrganizations, {}) },
  ];
  const works: string[] = [];
  const untried: string[] = [];
  for (const { endpoint, read } of tries) {
    const scope = scopeOf(endpoint);
    const failure = await read?.().then(() => undefined, asError);
    if (read === undefined) untried.push(scope);
    else if (failure === undefined) works.push(scope);
    else if (failure.code === 'scope_missing') yield missingScopeFinding(scope, config);
    else yield ofError(scope, failure);
  }
  if (works.length > 0) yield ok('scopes', `tried and granted: ${works.join(', ')}`);
  if (!writesNothing(config)) untried.push(...writeScopes());
  if (untried.length > 0)
    yield { check: 'scopes', state: 'unknown', says: `only a login tells what was granted; not known until used: ${untried.join(', ')}` };
}

const writesNothing = (config: Config) => {
  const { endpoints, workflows } = toolsFor(config);
  return ![...endpoints, ...workflows].some(isWrite);
};

const writeScopes = () => [...new Set(toolsets.payments.filter((endpoint) => !isRead(endpoint)).map(scopeOf))];

function missingScopeFinding(scope: string, config: Config): Finding {
  const { endpoints, workflows } = toolsFor(config);
  const names = (tools: readonly { readonly name: string }[]) => tools.map(({ name }) => name).join(', ');
  const tools = names(endpoints.filter((endpoint) => scopeOf(endpoint) === scope));
  const tasks = names(workflows.filter((workflow) => operationsOf(workflow).some((operation) => scopeOf(operation) === scope)));
  const checks = toolsets.lookups.some((endpoint) => scopeOf(endpoint) === scope);
  const without = [
    ...(tools === '' ? [] : [`${tools} cannot be used`]),
    ...(tasks === '' ? [] : [`${tasks} can do only a part of what they are for`]),
    ...(checks ? ['what it would show is named as not checked before a write, and asked about'] : []),
  ];
  return wrong(
    'scopes',
    `${scope} is missing: ${without.join('; ')}`,
    'Run `zoho-payments-mcp login`, which asks for it, or make a refresh token that includes it.',
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
    'Set the field up as docs/safety.md says, or unset ZOHO_PAYMENTS_UNIQUE_FIELD: until then no payment is recorded.',
  );
}

function clockFinding(zoho: Zoho): Finding {
  const clock = zoho.clock();
  if (clock === undefined) return { check: 'clock', state: 'unknown', says: 'Zoho did not tell its time' };
  const now = Date.now();
  const skew = now < clock.notBefore ? clock.notBefore - now : now > clock.notAfter ? now - clock.notAfter : 0;
  if (skew <= SKEW_MS) return ok('clock', "as Zoho's");
  return wrong(
    'clock',
    `this machine's clock is ${Math.round(skew / 1000)} s ${now < clock.notBefore ? 'behind' : 'ahead of'} Zoho's`,
    'Set the clock of this machine by the network.',
  );
}

async function* examineJournal(dir: string): AsyncGenerator<Finding> {
  const [{ journalFile }, { openSqliteJournal }] = await Promise.all([
    import('../write/open-road.ts'),
    import('../write/journal/sqlite.ts'),
  ]);
  if (!existsSync(journalFile(dir))) return yield ok('journal', 'nothing was written yet');
  const journal = await openSqliteJournal(journalFile(dir)).catch(asError);
  if (journal instanceof PaymentsError) return yield ofError('journal', journal);
  try {
    const { entries, problems } = await journal.verify();
    if (problems.length > 0)
      yield wrong(
        'journal',
        `it is not whole: ${problems[0]} (${problems.length} in all)`,
        'Run `zoho-payments-mcp journal verify`, and find out who changed it.',
      );
    const unsettled = (await journal.unsettled()).length;
    if (unsettled > 0)
      yield wrong(
        'journal',
        `of ${unsettled} ${unsettled === 1 ? 'write' : 'writes'} it is not known whether carried out`,
        'Run `zoho-payments-mcp journal resolve`.',
      );
    if (problems.length === 0 && unsettled === 0) yield ok('journal', `${entries} ${entries === 1 ? 'write' : 'writes'}, whole`);
  } catch (error) {
    yield ofError('journal', asError(error));
  } finally {
    await journal.close();
  }
}

/** An error that tells a model what to pass on, as told to the operator. */
function ofError(check: string, error: PaymentsError): Finding {
  return wrong(check, error.whatHappened, nextForOperator(error));
}

/** What is no error of ours is a fault in this program. */
function asError(error: unknown): PaymentsError {
  if (error instanceof PaymentsError) return error;
  throw error;
}
