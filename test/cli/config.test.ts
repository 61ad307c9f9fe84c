import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, readConfig, type Environment } from '../../src/cli/config.ts';
import { defaultStateDir, ensureDir } from '../../src/cli/state-dir.ts';

/** Settings from the environment. */

const credentials = {
  ZOHO_CLIENT_ID: '1000.ABC',
  ZOHO_CLIENT_SECRET: 's3cret',
  ZOHO_REFRESH_TOKEN: '1000.r.t',
  ZOHO_ORGANIZATION_ID: '60089553909',
};
const all = Object.keys(credentials);

describe('the settings', () => {
  it('have defaults: data center us, no credentials, no sandbox, no limits', () => {
    expect(readConfig({})).toEqual({
      accountsUrl: 'https://accounts.zoho.com',
      apiBaseUrl: 'https://www.zohoapis.com/books/v3',
      chosen: { accountsUrl: false, apiBaseUrl: false },
      credentials: undefined,
      client: { clientId: undefined, clientSecret: undefined },
      organizationId: undefined,
      missing: all,
      sandbox: false,
      sandboxToday: undefined,
      readOnly: false,
      toolsets: ['payments', 'workflows'],
      stateDir: undefined,
      keychain: true,
      confirm: 'ask',
      ask: ['window', 'call'],
      fastestAnswerMs: undefined,
      policy: {},
      uniqueField: undefined,
      limits: { perMinute: undefined, concurrent: undefined },
      log: { level: 'warn', json: false },
      proxy: { http: undefined, https: undefined, no: undefined },
    });
  });

  it('accept only a calendar day as the last day of practice books', () => {
    expect(readConfig({ ZOHO_PAYMENTS_SANDBOX_TODAY: '2028-02-29' }).sandboxToday).toBe('2028-02-29');
    for (const value of ['2027-02-29', 'today', '30.06.2026'])
      expect(() => readConfig({ ZOHO_PAYMENTS_SANDBOX_TODAY: value })).toThrow('ZOHO_PAYMENTS_SANDBOX_TODAY is "');
  });

  it("contain Zoho's rate limits", () => {
    expect(readConfig({ ZOHO_PAYMENTS_CALLS_PER_MINUTE: '60', ZOHO_PAYMENTS_CALLS_AT_ONCE: '10' }).limits).toEqual({
      perMinute: 60,
      concurrent: 10,
    });
    for (const value of ['0', '-1', 'many', '1.5'])
      expect(() => readConfig({ ZOHO_PAYMENTS_CALLS_PER_MINUTE: value })).toThrow(
        'ZOHO_PAYMENTS_CALLS_PER_MINUTE must be a whole number, 1 or more',
      );
  });

  it('for a login contain the client, the data center (the command line overrides the environment) and the keychain switch', () => {
    expect(readConfig({ ZOHO_CLIENT_ID: '1000.ABC' })).toMatchObject({
      client: { clientId: '1000.ABC', clientSecret: undefined },
      credentials: undefined,
    });
    expect(readConfig({ ZOHO_DATA_CENTER: 'eu' }, { dataCenter: 'IN' }).accountsUrl).toBe('https://accounts.zoho.in');
    expect(() => readConfig({}, { dataCenter: 'mars' })).toThrow('--data-center is "mars"');
    expect(readConfig({ ZOHO_PAYMENTS_KEYCHAIN: 'off' }).keychain).toBe(false);
  });

  it('contain the toolsets, always in the same order', () => {
    expect(readConfig({ ZOHO_PAYMENTS_TOOLSETS: ' Lookups, payments,' }).toolsets).toEqual(['payments', 'lookups']);
    expect(readConfig({ ZOHO_PAYMENTS_TOOLSETS: 'lookups,all' }).toolsets).toEqual(['payments', 'lookups', 'workflows']);
    expect(() => readConfig({ ZOHO_PAYMENTS_TOOLSETS: 'payments,lookup' })).toThrow(
      new ConfigError(
        'ZOHO_PAYMENTS_TOOLSETS names an unknown toolset, "lookup". Did you mean lookups? ' +
          'The toolsets are payments, lookups, workflows; all means every toolset.',
      ),
    );
    expect(() => readConfig({ ZOHO_PAYMENTS_TOOLSETS: ',' })).toThrow(
      'ZOHO_PAYMENTS_TOOLSETS names no toolset: use one or more of payments, lookups, workflows, or all.',
    );
  });

  it('contain the confirm mode and the unique field', () => {
    expect(readConfig({ ZOHO_PAYMENTS_CONFIRM: 'Strict', ZOHO_PAYMENTS_UNIQUE_FIELD: 'cf_external_reference' })).toMatchObject({
      confirm: 'strict',
      uniqueField: 'cf_external_reference',
    });
    expect(() => readConfig({ ZOHO_PAYMENTS_CONFIRM: 'never' })).toThrow('ZOHO_PAYMENTS_CONFIRM is "never": use one of ask, strict, host.');
    expect(() => readConfig({ ZOHO_PAYMENTS_UNIQUE_FIELD: 'External Reference' })).toThrow('must be the API name of a custom field');
  });

  it('with a wrong policy stop the start, and the error says why', () => {
    const dir = mkdtempSync(join(tmpdir(), 'policy-'));
    const policy = (text: string) => {
      writeFileSync(join(dir, 'policy.json'), text);
      return readConfig({ ZOHO_PAYMENTS_POLICY: join(dir, 'policy.json') }).policy;
    };
    expect(policy('{"max_amount":{"per_write":{"USD":1000}},"bulk_delete_max":5}')).toEqual({
      max_amount: { per_write: { USD: 1000 } },
      bulk_delete_max: 5,
    });
    expect(() => policy('{')).toThrow('it is not valid JSON');
    for (const [text, lines] of [
      ['{\n  "read_only": true,\n}', '2 or 3'],
      ['{\n  "read_only": true // none\n}', '2'],
      ['{\n  “read_only”: true}', '1 or 2'],
      ['{\n  "max_refunds_per_hour": 1\n  "read_only": true}', '2 or 3'],
      ['{\n  "read_only": true', '2'],
    ] as const)
      expect(() => policy(text)).toThrow(`json" cannot be used: it is not valid JSON in line ${lines}; the usual causes: a comma after`);
    expect(() => policy('{"max_amount": 5}')).toThrow('max_amount: must be a group in braces, such as {"per_write": {"USD": 1000}}');
    expect(() => policy('{"allowed_account_ids": ["Petty Cash"]}')).toThrow(
      'strings of digits. The tool list_bank_accounts (toolset lookups) shows',
    );
    expect(() => policy('{"ask_above": 5}')).toThrow('ask_above: must be amounts by currency, such as {"USD": 1000}');
    expect(() => policy('{"ask_above": {"USD": "5"}}')).toThrow('ask_above.USD: must be a number without quotation marks');
    expect(() => policy('{"max_amout":1}')).toThrow('max_amout');
    expect(() => policy('{"ask_above":{"dollars":1}}')).toThrow('ask_above');
    expect(() => readConfig({ ZOHO_PAYMENTS_POLICY: join(dir, 'none.json') })).toThrow('there is no such file.');
    expect(() => readConfig({ ZOHO_PAYMENTS_POLICY: 'none.json' })).toThrow(/there is no such file in .*: give its full path\.$/);
    rmSync(dir, { recursive: true });
  });

  it('contain the credentials without whitespace around them', () => {
    const config = readConfig({ ...credentials, ZOHO_CLIENT_SECRET: ' s3cret\n' });
    expect(config.credentials).toEqual({ clientId: '1000.ABC', clientSecret: 's3cret', refreshToken: '1000.r.t' });
    expect(config.organizationId).toBe('60089553909');
    expect(config.missing).toEqual([]);
  });

  it.each(all)('report %s as missing if it is not set', (name) => {
    for (const unset of [undefined, '', '  ', '${user_config.something}', '${user_config.client_id}', ' ${user_config.x} ']) {
      const config = readConfig({ ...credentials, [name]: unset });
      expect(config.missing).toEqual([name]);
      if (name !== 'ZOHO_ORGANIZATION_ID') expect(config.credentials).toBeUndefined();
    }
  });

  const blank = ['', ' ', '${user_config.x}', undefined];

  it.each([
    ['ZOHO_DATA_CENTER', { accountsUrl: 'https://accounts.zoho.com' }],
    ['ZOHO_API_BASE_URL', { apiBaseUrl: 'https://www.zohoapis.com/books/v3' }],
    ['ZOHO_ACCOUNTS_URL', { accountsUrl: 'https://accounts.zoho.com' }],
    ['ZOHO_PAYMENTS_SANDBOX', { sandbox: false }],
    ['ZOHO_PAYMENTS_READ_ONLY', { readOnly: false }],
    ['ZOHO_PAYMENTS_STATE_DIR', { stateDir: undefined }],
    ['ZOHO_PAYMENTS_KEYCHAIN', { keychain: true }],
    ['HTTPS_PROXY', { proxy: { http: undefined, https: undefined, no: undefined } }],
  ])('count %s as not set if it is blank', (name, expected) => {
    for (const value of blank) expect(readConfig({ [name]: value })).toMatchObject(expected);
  });
});

describe('the addresses of Zoho', () => {
  it.each([
    ['eu', 'https://accounts.zoho.eu', 'https://www.zohoapis.eu/books/v3'],
    ['EU', 'https://accounts.zoho.eu', 'https://www.zohoapis.eu/books/v3'],
    ['ca', 'https://accounts.zohocloud.ca', 'https://www.zohoapis.ca/books/v3'],
  ])('for the data center %s are the documented addresses', (name, accountsUrl, apiBaseUrl) => {
    expect(readConfig({ ZOHO_DATA_CENTER: name })).toMatchObject({ accountsUrl, apiBaseUrl });
  });

  it.each([
    ['https://www.zohoapis.uk/books/v3', 'https://www.zohoapis.uk/books/v3'],
    ['https://www.zohoapis.uk/books/v3/', 'https://www.zohoapis.uk/books/v3'],
    ['http://127.0.0.1:8080/books/v3', 'http://127.0.0.1:8080/books/v3'],
    ['http://localhost:8080//', 'http://localhost:8080'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['HTTPS://WWW.ZohoAPIs.UK/books/v3', 'https://www.zohoapis.uk/books/v3'],
    ['https://www.zohoapis.uk:443/books/v3', 'https://www.zohoapis.uk/books/v3'],
    ['https://www.zohoapis.uk./books/v3///', 'https://www.zohoapis.uk/books/v3'],
    ['http://LOCALHOST.:80/', 'http://localhost'],
  ])('are normalized: %s', (value, expected) => {
    expect(readConfig({ ZOHO_API_BASE_URL: value }).apiBaseUrl).toBe(expected);
    expect(readConfig({ ZOHO_ACCOUNTS_URL: value }).accountsUrl).toBe(expected);
  });

  it('can be set one without the other', () => {
    expect(readConfig({ ZOHO_DATA_CENTER: 'in', ZOHO_API_BASE_URL: 'https://gateway.example/books' })).toMatchObject({
      accountsUrl: 'https://accounts.zoho.in',
      apiBaseUrl: 'https://gateway.example/books',
    });
  });
});

describe('an on-off setting', () => {
  it.each([
    ['1', true],
    ['true', true],
    ['YES', true],
    ['on', true],
    ['0', false],
    ['false', false],
    ['No', false],
    ['off', false],
  ])('with the value %s means %s', (value, expected) => {
    expect(readConfig({ ZOHO_PAYMENTS_READ_ONLY: value }).readOnly).toBe(expected);
    expect(readConfig({ ZOHO_PAYMENTS_SANDBOX: value }).sandbox).toBe(expected ? 'file' : false);
  });

  it('for the sandbox can also be "memory"', () => {
    expect(readConfig({ ZOHO_PAYMENTS_SANDBOX: 'memory' }).sandbox).toBe('memory');
  });
});

describe('the settings of the proxy', () => {
  it.each<[Environment, Partial<ReturnType<typeof readConfig>['proxy']>]>([
    [{ HTTPS_PROXY: 'http://proxy.example:8080' }, { https: 'http://proxy.example:8080' }],
    [{ https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, { https: 'http://lower:1' }],
    [{ https_proxy: '', HTTPS_PROXY: 'http://upper:1' }, { https: 'http://upper:1' }],
    [{ HTTP_PROXY: 'http://proxy.example:8080' }, { http: 'http://proxy.example:8080', https: undefined }],
    [{ HTTPS_PROXY: 'proxy.example:8080' }, { https: 'http://proxy.example:8080' }],
    [{ HTTPS_PROXY: 'clerk:pass@proxy.example:8080' }, { https: 'http://clerk:pass@proxy.example:8080' }],
    [{ NO_PROXY: 'localhost,.corp.example' }, { no: 'localhost,.corp.example' }],
    [{ no_proxy: '*', NO_PROXY: 'x' }, { no: '*' }],
  ])('are read from %j', (env, expected) => {
    expect(readConfig(env).proxy).toMatchObject(expected);
  });
});

describe('a wrong setting is refused in one line, without secrets', () => {
  it.each<[string, string]>([
    ['ZOHO_DATA_CENTER', 'mars'],
    ['ZOHO_DATA_CENTER', 'constructor'],
    ['ZOHO_ORGANIZATION_ID', 'Acme Inc'],
    ['ZOHO_ORGANIZATION_ID', '12 34'],
    ['ZOHO_API_BASE_URL', 'http://www.zohoapis.com/books/v3'],
    ['ZOHO_API_BASE_URL', 'http://127.0.0.1.evil.example'],
    ['ZOHO_API_BASE_URL', 'www.zohoapis.com'],
    ['ZOHO_API_BASE_URL', 'ftp://127.0.0.1'],
    ['ZOHO_API_BASE_URL', 'https://www.zohoapis.com/books/v3?'],
    ['ZOHO_API_BASE_URL', 'https://www.zohoapis.com/books/v3?token=hunter2'],
    ['ZOHO_API_BASE_URL', 'https://www.zohoapis.com/books/v3#hunter2'],
    ['ZOHO_API_BASE_URL', 'https://www.zohoapis.com/books/v3/#'],
    ['ZOHO_API_BASE_URL', 'https://clerk:hunter2@www.zohoapis.com/books/v3'],
    ['ZOHO_API_BASE_URL', 'https://hunter2@www.zohoapis.com/books/v3'],
    ['ZOHO_API_BASE_URL', 'https://./books/v3'],
    ['ZOHO_ACCOUNTS_URL', 'https://accounts.zoho.com/?organization=hunter2'],
    ['ZOHO_ACCOUNTS_URL', 'http://accounts.zoho.com'],
    ['ZOHO_ACCOUNTS_URL', 'file:///etc/passwd'],
    ['ZOHO_PAYMENTS_READ_ONLY', 'maybe'],
    ['ZOHO_PAYMENTS_SANDBOX', 'disk'],
    ['ZOHO_PAYMENTS_TOOLSETS', 'everything'],
    ['HTTPS_PROXY', 'ftp://clerk:hunter2@proxy.example'],
    ['http_proxy', 'http://clerk:hunter2@'],
  ])('%s=%s', (name, value) => {
    const read = () => readConfig({ ...credentials, [name]: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(new RegExp(`^${name} [^\\n]+\\.$`));
    expect(read).not.toThrow(/s3cret|1000\.r\.t|hunter2/);
  });
});

describe('the state directory', () => {
  const { HOME, XDG_STATE_HOME } = process.env;
  afterEach(() => {
    Object.assign(process.env, { HOME, XDG_STATE_HOME });
    for (const name of ['HOME', 'XDG_STATE_HOME'] as const) if ({ HOME, XDG_STATE_HOME }[name] === undefined) delete process.env[name];
  });

  it("comes from the operating system's record of the user, not from the environment", () => {
    const before = defaultStateDir();
    Object.assign(process.env, { HOME: '/elsewhere', XDG_STATE_HOME: '/elsewhere/state' });
    expect(homedir()).toBe(process.platform === 'win32' ? homedir() : '/elsewhere');
    expect(defaultStateDir()).toBe(before);
    expect(before.startsWith(userInfo().homedir)).toBe(true);
  });

  it.each([
    ['linux', ['.local', 'state', 'zoho-payments-mcp']],
    ['darwin', ['Library', 'Application Support', 'zoho-payments-mcp']],
    ['win32', ['AppData', 'Local', 'zoho-payments-mcp']],
  ] as const)('is one fixed folder on %s', (platform, parts) => {
    expect(defaultStateDir(platform)).toBe(join(userInfo().homedir, ...parts));
  });

  it('can be read only by its owner', () => {
    const base = mkdtempSync(join(tmpdir(), 'zoho-payments-test-'));
    const dir = join(base, 'a', 'b');
    expect(ensureDir(dir)).toBe(dir);
    expect(ensureDir(dir)).toBe(dir);
    expect(existsSync(dir)).toBe(true);
    if (process.platform !== 'win32') expect(statSync(dir).mode & 0o777).toBe(0o700);
    rmSync(base, { recursive: true });
  });
});
