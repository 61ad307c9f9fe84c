import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leastScopes, scopesMissing } from '../catalogue.ts';
import { allOrganizations } from '../endpoints/lookups/list-organizations.ts';
import { listCustomerPayments } from '../endpoints/payments/list-customer-payments.ts';
import { AccessError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { openBrowser } from '../machine/browser.ts';
import { ifAllowed } from '../reading/if-allowed.ts';
import { MINUTE_MS } from '../time.ts';
import { createZoho } from '../zoho/client.ts';
import { readConsent } from '../zoho/consent-answer.ts';
import { apiBaseUrlOf } from '../zoho/data-centers.ts';
import { createHttp, type Http } from '../zoho/http.ts';
import { createLimits } from '../zoho/limits.ts';
import type { Login } from '../zoho/login-store.ts';
import { consentUrl, requestTokens, revoke, type Client, type Grant, type Tokens } from '../zoho/oauth.ts';
import { openShared } from '../zoho/shared-state.ts';
import { baseDirOf, isSandbox, loginsOf } from './account.ts';
import { openCallback } from './callback.ts';
import { ProblemError } from './cli-error.ts';
import type { Config } from './config.ts';
import { print } from './print.ts';
import { ask, cancelled, isTerminal } from './prompt.ts';

/** Connects to Zoho Books: consent, tokens, organization, a first read. Then it stores the login for the servers. */

export interface LoginCommand {
  readonly port?: number | undefined;
  /** True if a browser may be opened. */
  readonly browser: boolean;
  /** A code from Zoho's API console, instead of the consent page. */
  readonly selfClient?: string | undefined;
  readonly organization?: string | undefined;
}

const CONSENT_WAIT_MS = 10 * MINUTE_MS;

export async function login(command: LoginCommand, config: Config): Promise<void> {
  const scopes = leastScopes({ readOnly: config.readOnly || config.policy.read_only === true });
  const http = createHttp({ proxy: config.proxy });
  try {
    const { client, grant, accountsUrl } =
      command.selfClient === undefined ? await consentInBrowser(command, config, scopes) : await selfClientCode(command.selfClient, config);
    const tokens = await requestTokens(http, accountsUrl, client, grant);
    const { refreshToken } = tokens;
    if (refreshToken === undefined) throw noRefreshToken();
    try {
      await keep({ command, config, http, scopes, accountsUrl, client, tokens: { ...tokens, refreshToken } });
    } catch (error) {
      // The token is stored nowhere, so nobody could revoke it later.
      await revoke(http, accountsUrl, refreshToken).catch(() => undefined);
      if (command.selfClient !== undefined && error instanceof ProblemError)
        throw new ProblemError(`${error.message}. The code is used up: make a new code`, { exitCode: error.exitCode, cause: error });
      throw error;
    }
  } finally {
    await http.close();
  }
}

interface Granted {
  readonly client: Client;
  readonly grant: Grant;
  readonly accountsUrl: string;
}

async function consentInBrowser({ port, browser }: LoginCommand, config: Config, scopes: readonly string[]): Promise<Granted> {
  const state = randomBytes(32).toString('base64url');
  const callback = await openCallback({ port, state });
  const { redirectUri, usualPortTaken } = callback;
  try {
    // A sandbox accepts every address on this machine, and has no API console.
    const atSandbox = isSandbox(config.accountsUrl);
    if (usualPortTaken !== undefined)
      print(
        `Another program uses port ${usualPortTaken} (perhaps another login), so this login uses another port.` +
          (atSandbox ? '' : ' Add the new address to the client, or stop that program and log in again.'),
      );
    print(
      atSandbox
        ? 'The client id and the client secret are in the line that the sandbox printed.'
        : `The client in Zoho's API console (https://api-console.zoho.com) must have this redirect address: ${redirectUri}`,
    );
    const client = await clientOf(config);
    const url = consentUrl(config.accountsUrl, { clientId: client.clientId, redirectUri, scopes, state });
    // Ctrl-C must work before the text below offers it.
    const answer = patiently(callback.answer);
    print(`\nOpen this address in a browser on this machine, and accept there:\n\n  ${url.href}\n`);
    if (browser) openBrowser(url);
    print("Waiting for Zoho's answer for up to ten minutes. Press Ctrl-C to cancel.");
    const { code, accountsUrl } = readConsent(await answer, config.accountsUrl);
    return { client, grant: { kind: 'code', code, redirectUri }, accountsUrl };
  } finally {
    callback.close();
  }
}

async function selfClientCode(code: string, config: Config): Promise<Granted> {
  return { client: await clientOf(config), grant: { kind: 'code', code: code.trim() }, accountsUrl: config.accountsUrl };
}

/** The client's id and secret from the settings, or else from the terminal. */
async function clientOf({ client }: Config): Promise<Client> {
  const missing = [
    ...(client.clientId === undefined ? ['ZOHO_CLIENT_ID'] : []),
    ...(client.clientSecret === undefined ? ['ZOHO_CLIENT_SECRET'] : []),
  ];
  if (missing.length > 0 && !isTerminal()) throw new ProblemError(`login cannot ask without a terminal: set ${missing.join(' and ')}`);
  const clientId = client.clientId ?? (await ask('Client ID: '));
  const clientSecret = client.clientSecret ?? (await ask('Client secret (not shown): ', { hidden: true }));
  if (clientId === '' || clientSecret === '')
    throw new ProblemError("a login needs the client id and the client secret, both from Zoho's API console");
  return { clientId, clientSecret };
}

/** Waits for the answer. Throws if it takes too long or the person cancels. */
async function patiently<T>(answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const tooLong = async () => {
    await sleep(CONSENT_WAIT_MS, undefined, { signal });
    throw new ProblemError('Zoho did not answer within ten minutes, and nothing was stored. Run `zoho-payments-mcp login` again', {
      exitCode: 1,
    });
  };
  const interrupted = async () => {
    await once(process, 'SIGINT', { signal });
    throw cancelled();
  };
  try {
    return await Promise.race([answer, tooLong(), interrupted()]);
  } finally {
    over.abort();
  }
}

interface Obtained {
  readonly command: LoginCommand;
  readonly config: Config;
  readonly http: Http;
  readonly scopes: readonly string[];
  readonly accountsUrl: string;
  readonly client: Client;
  readonly tokens: Tokens & { readonly refreshToken: string };
}

/** Stores the login after a successful read with it. */
async function keep({ command, config, http, scopes, accountsUrl, client, tokens }: Obtained): Promise<void> {
  const apiBaseUrl = apiBaseUrlOf({ apiDomain: tokens.apiDomain, accountsUrl, configured: config.apiBaseUrl });
  const shared = await openShared('memory');
  const limits = createLimits({ shared });
  const zohoOf = (organizationId: string) =>
    createZoho({
      http,
      limits,
      shared,
      tokens: { get: async () => tokens.accessToken, reject: () => undefined },
      apiBaseUrl,
      organizationId,
    });

  const listed = (await ifAllowed(zohoOf('').read(allOrganizations, {})))?.organizations;
  const organizations = listed?.flatMap(({ organization_id, name }) =>
    organization_id === undefined ? [] : [{ id: organization_id, name: name && oneLine(name, 80) }],
  );
  const { id: organizationId, name: organizationName } = await pickOrganization(
    organizations,
    command.organization ?? config.organizationId,
  );
  await zohoOf(organizationId).read(listCustomerPayments, { per_page: 1 });

  const dir = baseDirOf(config);
  const granted = tokens.scopes ?? scopes;
  const { refreshToken } = tokens;
  const store = await loginsOf(config);
  // A login that cannot be read is replaced: logging in again is the way to mend it.
  const earlier = await store.read().catch(() => undefined);
  if (earlier !== undefined) await sayReplaced(earlier, { accountsUrl, organizationId });
  const where = await store.write({ ...client, refreshToken, accountsUrl, apiBaseUrl, organizationId, organizationName, scopes: granted });

  print(`Connected to ${organizationName ?? 'the organization'} (${organizationId}) at ${new URL(apiBaseUrl).host}; a first read worked.`);
  const missing = scopesMissing(scopes, granted);
  if (missing.length > 0)
    print(`Zoho did not grant ${missing.join(', ')}. Tools that need such a scope (permission) refuse, or say what they could not check.`);
  print(
    where === 'keychain'
      ? "The secrets are in the operating system's keychain."
      : `The secrets are in ${join(dir, 'login.json')}; only you can read this file.`,
  );
}

/** Says which login is replaced. At a terminal, asks first if that login is for other books. */
async function sayReplaced(earlier: Login, { accountsUrl, organizationId }: Pick<Login, 'accountsUrl' | 'organizationId'>): Promise<void> {
  const { organizationId: id, organizationName: name, accountsUrl: earlierUrl } = earlier;
  const what = `the login for ${nameAndId({ id, name: name && oneLine(name, 80) })} at ${shownPlace(earlierUrl)}`;
  if (id === organizationId && earlierUrl === accountsUrl) return print(`This replaces the earlier login for the same organization.`);
  if (!isTerminal()) return print(`This replaces ${what}.`);
  print(`This new login (organization ${organizationId} at ${shownPlace(accountsUrl)}) would replace ${what}.`);
  const answer = await ask('Replace it? yes or no: ');
  if (/^y(es)?$/i.test(answer)) return;
  throw new ProblemError('nothing was stored, and the earlier login stays. To keep both, set another folder with ZOHO_PAYMENTS_STATE_DIR', {
    exitCode: 1,
  });
}

const shownPlace = (address: string): string => `${new URL(address).host}${isSandbox(address) ? ' (a sandbox: practice books)' : ''}`;

interface Organization {
  readonly id: string;
  readonly name?: string | undefined;
}

/** The named organization, the only organization, or the person's choice. `organizations`: undefined if the scopes do not show them. */
async function pickOrganization(organizations: readonly Organization[] | undefined, wanted: string | undefined): Promise<Organization> {
  if (organizations === undefined) {
    if (wanted !== undefined) return { id: wanted };
    throw new ProblemError(
      'without the scope (permission) ZohoBooks.settings.READ Zoho does not list the organizations: add --organization ID',
      { exitCode: 1 },
    );
  }
  if (wanted !== undefined) {
    const found = organizations.find(({ id }) => id === wanted);
    if (found === undefined)
      throw new ProblemError(
        `this login has no organization ${wanted}; its organizations: ${organizations.map(nameAndId).join(', ') || 'none'}`,
        {
          exitCode: 1,
        },
      );
    return found;
  }
  const [first, second] = organizations;
  if (first === undefined)
    throw new ProblemError(
      'this Zoho user has no organization in Zoho Books: log in as a user who has one, or create an organization there first',
      { exitCode: 1 },
    );
  if (second === undefined) return first;
  if (!isTerminal())
    throw new ProblemError(
      'there are several organizations, and login cannot ask without a terminal: choose one with --organization ID. ' +
        `The organizations: ${organizations.map(nameAndId).join(', ')}`,
      { exitCode: 1 },
    );
  for (const [index, organization] of organizations.entries()) print(`  ${index + 1}  ${nameAndId(organization)}`);
  for (;;) {
    const picked = organizations[Number(await ask(`Which organization, 1 to ${organizations.length}? `)) - 1];
    if (picked !== undefined) return picked;
  }
}

function nameAndId({ id, name }: Organization): string {
  return name === undefined ? id : `${name} (${id})`;
}

function noRefreshToken(): AccessError {
  return new AccessError('Zoho issued no refresh token (the key for a lasting login): the access would end within an hour.', {
    code: 'no_refresh_token',
    next:
      'run `zoho-payments-mcp login` again; ' +
      'if this happens again, first revoke the app in your Zoho user settings, under Sessions, Connected Apps.',
  });
}
