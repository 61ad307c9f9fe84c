import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints, toolsets, leastScopes } from '../../src/catalogue.ts';
import { readConfig } from '../../src/cli/config.ts';
import { examine, type Finding } from '../../src/cli/doctor-checks.ts';
import { defineRead, scopeOf, type Endpoint } from '../../src/endpoint.ts';
import { listChartOfAccounts } from '../../src/matching/chart-of-accounts.ts';
import { createReport } from '../../src/report.ts';
import { openLoginStore, type Login } from '../../src/zoho/login-store.ts';
import { fault, held, isWaiting, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { folder, run, serving, settingsFor } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** `doctor` names each problem and how to repair it. Runs the built program against the sandbox. */

type Settings = Record<string, string>;

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.close());

const loginFor = (books: Sandbox): Login => ({
  clientId: books.client_id,
  clientSecret: books.client_secret,
  refreshToken: books.refresh_token,
  organizationId: books.organization_id,
  apiBaseUrl: books.api_base_url,
  accountsUrl: books.accounts_url,
  scopes: leastScopes({ readOnly: false }),
});

const without = (scope: string) => leastScopes({ readOnly: false }).filter((one) => one !== `ZohoBooks.${scope}`);
const readers = toolsets.lookups.flatMap((endpoint) => (scopeOf(endpoint) === 'ZohoBooks.contacts.READ' ? [endpoint.name] : []));

async function doctor(
  settings: Settings,
  args: readonly string[] = [],
): Promise<{ code: number | null; ok: boolean; findings: Finding[]; text: string }> {
  const json = await run(['doctor', '--json', ...args], settings);
  const { ok, findings } = JSON.parse(json.stdout) as { ok: boolean; findings: Finding[] };
  return { code: json.code, ok, findings, text: json.stdout + json.stderr };
}

async function books(options: Parameters<typeof startSandbox>[0] = {}): Promise<Sandbox> {
  const own = await startSandbox(options);
  closers.push(() => own.close());
  return own;
}

interface Misconfigured {
  readonly what: string;
  /** Makes the settings. */
  readonly settings: () => Settings | Promise<Settings>;
  readonly args?: readonly string[];
  /** The name of the failing check. */
  readonly check: string;
  readonly says: RegExp;
  readonly next: RegExp;
}

const misconfigurations: readonly Misconfigured[] = [
  {
    what: 'there are no credentials and no login',
    settings: () => ({ ZOHO_PAYMENTS_STATE_DIR: folder() }),
    check: 'credentials',
    says: /nobody has logged in, and ZOHO_CLIENT_ID/,
    next: /^Run `node \S+\/zoho-payments-mcp\.cjs login`/,
  },
  {
    what: 'Zoho does not know the client id',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_CLIENT_ID: '1000.NOBODY' }),
    check: 'access token',
    says: /does not know the client id.*invalid_client/,
    next: /ZOHO_CLIENT_ID and ZOHO_DATA_CENTER.*--try-data-centers/,
  },
  {
    what: 'the client secret is wrong',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_CLIENT_SECRET: 'another' }),
    check: 'access token',
    says: /client secret is wrong/,
    next: /^Check ZOHO_CLIENT_SECRET/,
  },
  {
    what: 'the refresh token was revoked',
    settings: async () => {
      const own = await books();
      await fetch(`${own.accounts_url}/oauth/v2/token/revoke?token=${own.refresh_token}`, { method: 'POST' });
      return settingsFor(own);
    },
    check: 'access token',
    says: /refresh token is wrong or was revoked/,
    next: /^Run `node \S+\/zoho-payments-mcp\.cjs login`/,
  },
  {
    what: 'there were too many requests for access tokens',
    settings: async () => settingsFor(await books({ limits: { access_tokens: 0 } })),
    check: 'access token',
    says: /too many were requested/,
    next: /after \d{4}-\d\d-\d\dT/,
  },
  {
    what: 'the organization belongs to another user',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_ORGANIZATION_ID: '999' }),
    check: 'organization',
    says: /does not belong to these credentials.*6041/,
    next: /ZOHO_ORGANIZATION_ID/,
  },
  {
    what: 'tokens of one data center are used in another',
    settings: async () => {
      const dir = folder();
      await openLoginStore(dir, { keychain: false }).write({ ...loginFor(sandbox), apiBaseUrl: 'https://www.zohoapis.eu/books/v3' });
      return { ZOHO_PAYMENTS_STATE_DIR: dir };
    },
    check: 'data center',
    says: /which is another data center/,
    next: /set ZOHO_DATA_CENTER/,
  },
  {
    what: 'the address is not Zoho Books',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_API_BASE_URL: sandbox.api_base_url.replace(/\/v3$/, '/v4') }),
    check: 'organization',
    says: /no Zoho Books API at this address/,
    next: /ZOHO_API_BASE_URL/,
  },
  {
    what: 'the accounts server does not answer',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_ACCOUNTS_URL: 'https://accounts.invalid' }),
    check: 'access token',
    says: /gave no valid answer: (ENOTFOUND|EAI_AGAIN)/,
    next: /in a little while/,
  },
  {
    what: 'the login names a sandbox that does not run',
    settings: async () => {
      const dir = folder();
      await openLoginStore(dir, { keychain: false }).write({ ...loginFor(sandbox), accountsUrl: 'http://127.0.0.1:9' });
      return { ZOHO_PAYMENTS_STATE_DIR: dir };
    },
    check: 'access token',
    says: /a sandbox \(practice books\) at 127\.0\.0\.1:9 instead of Zoho, and this sandbox does not run/,
    next: /^Start it again .*sandbox --port 9 --data FILE`, or run `node \S+ login` again/,
  },
  {
    what: 'the login lacks a scope that a tool needs',
    settings: async () => {
      const dir = folder();
      await openLoginStore(dir, { keychain: false }).write({
        ...loginFor(sandbox),
        scopes: without('customerpayments.DELETE'),
      });
      return { ZOHO_PAYMENTS_STATE_DIR: dir };
    },
    check: 'scopes',
    says: /ZohoBooks\.customerpayments\.DELETE is missing: .*delete_customer_payment/,
    next: /`node \S+\/zoho-payments-mcp\.cjs login`/,
  },
  {
    what: 'the token from the environment lacks a scope that checks need',
    settings: async () => settingsFor(await books({ scopes: without('contacts.READ') })),
    check: 'scopes',
    says: new RegExp(
      /ZohoBooks\.contacts\.READ is missing: check_duplicates, .*refund_customer_payment.* can do only part /.source +
        /of their work; before a write some checks are not possible, so the user is asked/.source,
    ),
    next: /`node \S+\/zoho-payments-mcp\.cjs login`/,
  },
  {
    what: 'the token from the environment lacks a scope, and tools that need it are switched on',
    settings: async () => settingsFor(await books({ scopes: without('contacts.READ') })),
    args: ['--toolsets=payments,lookups'],
    check: 'scopes',
    says: new RegExp(`contacts.READ is missing: ${readers.join(', ')} cannot be used; before a write some checks are not possible`),
    next: /`node \S+\/zoho-payments-mcp\.cjs login`/,
  },
  {
    what: 'a toolset does not exist',
    settings: () => ({ ZOHO_PAYMENTS_TOOLSETS: 'lookup' }),
    check: 'settings',
    says: /ZOHO_PAYMENTS_TOOLSETS names an unknown toolset, "lookup"\. Did you mean lookups\?/,
    next: /does not start/,
  },
  {
    what: 'the unique field accepts duplicates',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_PAYMENTS_UNIQUE_FIELD: 'cf_receipt_book_no' }),
    check: 'unique field',
    says: /cf_receipt_book_no: it accepts duplicate values/,
    next: /docs\/safety\.md/,
  },
  {
    what: 'the clock is wrong',
    settings: async () => settingsFor(await books({ now: () => new Date(Date.now() + 10 * 60_000) })),
    check: 'clock',
    says: /\d+ s behind Zoho's/,
    next: /automatic time/,
  },
  {
    what: 'no calls are left today',
    settings: async () => {
      const own = await books();
      await fault(own, { match: { path: '/books/v3/' }, fault: 'rate_limit', code: 45, times: 99 });
      return settingsFor(own);
    },
    check: 'organization',
    says: /used up Zoho's calls for today/,
    next: /possible again at \d{4}/,
  },
  {
    what: 'the policy cannot be read',
    settings: () => ({ ...settingsFor(sandbox), ZOHO_PAYMENTS_POLICY: join(folder(), 'none.json') }),
    check: 'settings',
    says: /policy .* cannot be used/,
    next: /does not start/,
  },
  {
    what: 'the data center does not exist',
    settings: () => ({ ZOHO_DATA_CENTER: 'mars' }),
    check: 'settings',
    says: /ZOHO_DATA_CENTER is "mars": use one of us, eu/,
    next: /does not start/,
  },
];

describe('doctor names the problem and the next step if', () => {
  it.each(misconfigurations)('$what', async ({ settings, args, check, says, next }) => {
    const made = await settings();
    const { code, ok, findings, text } = await doctor(made, args);
    const wrong = findings.find(({ state }) => state === 'wrong');
    expect({ code, ok }, text).toEqual({ code: check === 'settings' ? 2 : 1, ok: false });
    expect(wrong, text).toMatchObject({ check, says: expect.stringMatching(says), next: expect.stringMatching(next) });
    for (const secret of [made['ZOHO_CLIENT_SECRET'], made['ZOHO_REFRESH_TOKEN'], sandbox.client_secret, sandbox.refresh_token])
      if (secret !== undefined) expect(text).not.toContain(secret);
  });

  it('the folder is not writable', async () => {
    const dir = folder();
    writeFileSync(join(dir, 'occupied'), '');
    const { findings, code } = await doctor({ ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: join(dir, 'occupied') });
    expect(code).toBe(1);
    expect(findings.find(({ state }) => state === 'wrong')).toMatchObject({
      check: 'folder',
      next: expect.stringContaining('ZOHO_PAYMENTS_STATE_DIR'),
    });
  });

  it('the outcome of writes is unknown', async () => {
    const own = await books();
    const settings = { ...settingsFor(own), ZOHO_PAYMENTS_STATE_DIR: folder(), ZOHO_PAYMENTS_CONFIRM: 'host' };
    const server = await serving([], settings);
    await fault(own, { match: { method: 'PUT' }, ...held });
    void server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'x' }).catch(() => undefined);
    await isWaiting(own, 'PUT');
    server.child.kill('SIGKILL');
    await server.ended;
    const { findings, code } = await doctor(settings);
    expect(code).toBe(1);
    expect(findings.filter(({ state }) => state === 'wrong')).toMatchObject([
      {
        check: 'journal',
        says: expect.stringContaining('the outcome of 1 write is unknown'),
        next: expect.stringMatching(
          /journal resolve`\. Zoho may carry out a write until \S+ \S+ \S+\. .*journal resolve` after that time\./,
        ),
      },
    ]);
  });

  it('the journal was changed', async () => {
    const own = await books();
    const dir = folder();
    const settings = { ...settingsFor(own), ZOHO_PAYMENTS_STATE_DIR: dir, ZOHO_PAYMENTS_CONFIRM: 'host' };
    const server = await serving([], settings);
    await server.call('update_customer_payment', { payment_id: seed.paymentWithUnused, description: 'x' });
    server.child.stdin.end();
    await server.ended;
    expect(await doctor(settings)).toMatchObject({ code: 0, ok: true });
    const { DatabaseSync } = await import('@photostructure/sqlite');
    const database = new DatabaseSync(join(dir, `127.0.0.1_${new URL(own.api_base_url).port}-${own.organization_id}`, 'journal.sqlite'));
    for (const { name } of database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all() as { name: string }[])
      database.exec(`DROP TRIGGER "${name}"`);
    database.exec("UPDATE events SET data = replace(data, 'update_customer_payment', 'update_customer_poyment')");
    database.close();
    const { findings, code } = await doctor(settings);
    expect(code).toBe(1);
    expect(findings.filter(({ state }) => state === 'wrong')).toMatchObject([
      {
        check: 'journal',
        says: expect.stringContaining('it is damaged or was changed'),
        next: expect.stringMatching(/journal verify`.* restore its folder from a backup/),
      },
    ]);
  });

  it('the credentials belong to another data center, with --try-data-centers', async () => {
    const elsewhere = await books();
    const config = readConfig({
      ...settingsFor(elsewhere),
      ZOHO_ACCOUNTS_URL: sandbox.accounts_url,
      ZOHO_CLIENT_ID: 'another',
      ZOHO_PAYMENTS_STATE_DIR: folder(),
    });
    const findings: Finding[] = [];
    const dataCenters = new Map([
      ['us', { accountsUrl: sandbox.accounts_url, apiBaseUrl: sandbox.api_base_url }],
      ['eu', { accountsUrl: elsewhere.accounts_url, apiBaseUrl: elsewhere.api_base_url }],
    ]);
    for await (const finding of examine(
      {
        ...config,
        credentials: {
          ...config.credentials!,
          clientId: elsewhere.client_id,
          clientSecret: elsewhere.client_secret,
          refreshToken: elsewhere.refresh_token,
        },
      },
      { tryDataCenters: true, dataCenters },
    ))
      findings.push(finding);
    expect(findings.filter(({ state }) => state === 'wrong').map(({ check, next }) => [check, next])).toEqual([
      ['access token', expect.stringContaining('--try-data-centers')],
      ['data center', 'Set ZOHO_DATA_CENTER=eu.'],
    ]);
  });
});

describe('doctor', () => {
  it('tests the credentials again even if an earlier access token is still valid', async () => {
    const settings = { ...settingsFor(await books()), ZOHO_PAYMENTS_STATE_DIR: folder() };
    expect(await doctor(settings)).toMatchObject({ code: 0 });
    const { findings, code } = await doctor({ ...settings, ZOHO_CLIENT_SECRET: 'another' });
    expect(code).toBe(1);
    expect(findings.find(({ state }) => state === 'wrong')).toMatchObject({
      check: 'access token',
      next: expect.stringContaining('ZOHO_CLIENT_SECRET'),
    });
  });

  it('reports separately that a login may only read', async () => {
    const dir = folder();
    await openLoginStore(dir, { keychain: false }).write({
      ...loginFor(sandbox),
      scopes: leastScopes({ readOnly: true }),
    });
    const { findings } = await doctor({ ZOHO_PAYMENTS_STATE_DIR: dir });
    expect(findings.filter(({ state }) => state === 'wrong')).toMatchObject([
      { check: 'scopes', says: expect.stringContaining('may only read'), next: expect.stringContaining('--read-only') },
    ]);
    expect(await doctor({ ZOHO_PAYMENTS_STATE_DIR: dir }, ['--read-only'])).toMatchObject({ code: 0 });
    expect(await doctor({ ZOHO_PAYMENTS_STATE_DIR: dir }, ['--toolsets=lookups'])).toMatchObject({ code: 0 });
  });
});

describe('a new lookup with a new scope', () => {
  /** As a contributor would declare it. The sandbox grants this scope only if asked. */
  const added: Endpoint = defineRead({ ...listChartOfAccounts, title: '', description: '', report: () => createReport([]) });
  const before = leastScopes({ readOnly: false });
  const withScope = [...before, scopeOf(added)];

  async function scopesFor(settings: Settings): Promise<Finding[]> {
    const findings: Finding[] = [];
    const config = readConfig({ ZOHO_PAYMENTS_STATE_DIR: folder(), ...settings });
    for await (const finding of examine(config, { tryDataCenters: false })) if (finding.check === 'scopes') findings.push(finding);
    return findings;
  }

  async function loggedIn(scopes: readonly string[]): Promise<Settings> {
    const dir = folder();
    await openLoginStore(dir, { keychain: false }).write({ ...loginFor(await books()), scopes });
    return { ZOHO_PAYMENTS_STATE_DIR: dir };
  }

  const all = { ZOHO_PAYMENTS_TOOLSETS: 'all' };
  const missing = {
    check: 'scopes',
    state: 'wrong',
    says: 'ZohoBooks.accountants.READ is missing: list_chart_of_accounts cannot be used',
  };

  beforeAll(() => {
    for (const list of [endpoints, toolsets.lookups] as Endpoint[][]) list.push(added);
  });
  afterAll(() => {
    for (const list of [endpoints, toolsets.lookups] as Endpoint[][]) list.pop();
  });

  it('is a problem of an older login only if the lookup is switched on', async () => {
    expect(await scopesFor(await loggedIn(before))).toMatchObject([{ state: 'ok' }]);
    expect(await scopesFor({ ...(await loggedIn(before)), ...all })).toMatchObject([missing]);
    expect(await scopesFor({ ...(await loggedIn(withScope)), ...all })).toMatchObject([{ state: 'ok' }]);
  });

  it('is tried with a token from the environment only if the lookup is switched on', async () => {
    const [less, more] = [await books({ scopes: [...before] }), await books({ scopes: withScope })];
    expect(await scopesFor({ ...settingsFor(less), ...all })).toContainEqual(expect.objectContaining(missing));
    expect(JSON.stringify(await scopesFor(settingsFor(less)))).not.toContain('accountants');
    expect(await scopesFor({ ...settingsFor(more), ...all })).toMatchObject([
      { state: 'ok', says: expect.stringContaining('ZohoBooks.accountants.READ') },
      { state: 'unknown', says: expect.stringMatching(/: ZohoBooks\.customerpayments\.\w+(, ZohoBooks\.customerpayments\.\w+){2}$/) },
    ]);
  });
});

describe('doctor without problems', () => {
  it('says so in its text and exit code, with credentials from the environment', async () => {
    const { code, stdout } = await run(['doctor'], settingsFor(sandbox));
    expect(code, stdout).toBe(0);
    expect(stdout).toContain('No problems found.');
    for (const part of [
      'program',
      'folder',
      'policy',
      'credentials',
      'data center',
      'access token',
      'organization',
      'scopes',
      'clock',
      'limits',
      'journal',
    ])
      expect(stdout).toMatch(new RegExp(`^(ok   |\\?    )  ${part}: `, 'm'));
    expect(stdout).toMatch(/cannot be tested before a login or the first use: .*customerpayments\.CREATE/);
    expect(stdout).toMatch(
      new RegExp(
        /limits: 49\d\d of 5000 calls are left today, until \S+ \S+ -0[45]:00 \(about 99\d payments\), and /.source +
          /9\d of 100 are left this minute \(about 1\d payments\)$/.source,
        'm',
      ),
    );
  });

  it('knows the scopes of the login', async () => {
    const dir = folder();
    await openLoginStore(dir, { keychain: false }).write(loginFor(sandbox));
    const { findings, code } = await doctor({ ZOHO_PAYMENTS_STATE_DIR: dir });
    expect(code).toBe(0);
    expect(
      findings.every(({ state }) => state === 'ok'),
      JSON.stringify(findings),
    ).toBe(true);
  });

  it('also checks the practice books', async () => {
    expect(await doctor({}, ['--sandbox=memory'])).toMatchObject({ code: 0, ok: true });
  });
});
