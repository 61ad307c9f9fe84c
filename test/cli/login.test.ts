import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leastScopes } from '../../src/catalogue.ts';
import { browserCommand } from '../../src/machine/browser.ts';
import { openShared } from '../../src/zoho/shared-state.ts';
import { closers } from '../support/closers.ts';
import { decide, type Decision } from '../support/consent.ts';
import { loggingIn, zohoAccount } from '../support/login.ts';
import { folder, program, run, type Program } from '../support/program.ts';
import { atTerminal } from '../support/terminal.ts';

/** Login and logout of the built program, with a simulated person at the consent page. */

const windows = process.platform === 'win32';
const ORGANIZATION = '10234695';
const OTHER = { organization_id: '10234696', name: 'Zillium Studio' };

/** Secrets that no terminal may show, and all texts that were shown. */
const secrets = new Set<string>();
const heard: string[] = [];

const endOf = async (login: Program) => {
  login.child.stdin.end();
  const { code } = await login.ended;
  const [stdout, stderr] = [login.stdout.join('\n'), login.stderr()];
  heard.push(stdout, stderr);
  return { code, stdout, stderr };
};

const runAndHear = async (...args: Parameters<typeof run>) => {
  const ended = await run(...args);
  heard.push(ended.stdout, ended.stderr);
  return ended;
};

type Account = Awaited<ReturnType<typeof zohoAccount>>;

const account: typeof zohoAccount = async (options) => {
  const made = await zohoAccount(options);
  secrets.add(made.sandbox.client_secret);
  return made;
};

/** A complete login: consent, redirect to the callback, end of the program. */
async function logIn(
  { settings }: Account,
  { args = [], decision = 'accept', change }: { args?: string[]; decision?: Decision; change?: (back: URL) => void } = {},
) {
  const { program: login, address, redirectUri } = await loggingIn(args, settings);
  const back = await decide(address, decision);
  const code = back.searchParams.get('code');
  if (code !== null) secrets.add(code);
  change?.(back);
  const page = await fetch(back);
  return { page, html: await page.text(), back, address, redirectUri, ...(await endOf(login)) };
}

const keptBy = ({ kept }: Account) => {
  const login = kept();
  secrets.add(login['refreshToken'] as string);
  return login;
};

const selfClientCode = async ({ control }: Account, scopes?: string[]) => {
  const { code } = await control('codes', scopes === undefined ? {} : { scopes });
  secrets.add(code as string);
  return code as string;
};

describe('login', () => {
  it('goes through the consent page and stores a login that only its owner can read', async () => {
    const zoho = await account();
    const { code, stdout, stderr, page, html, address, redirectUri, back } = await logIn(zoho);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('The client id and the client secret are in the line that the sandbox printed.');
    expect(stdout).not.toContain('API console');
    expect(stdout).toContain('Connected to Zillium');
    expect(stdout).not.toContain('did not grant');
    expect(redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);

    const asked = Object.fromEntries(new URL(address).searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      access_type: 'offline',
      prompt: 'consent',
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
    const scopes = leastScopes({ readOnly: false });
    expect(asked['scope']?.split(',').toSorted()).toEqual(scopes.toSorted());

    expect(page.status).toBe(200);
    expect(html).toContain('You can close this window.');
    for (const value of back.searchParams.values()) if (value.length > 3) expect(html).not.toContain(value);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');

    const login = keptBy(zoho);
    const { client_id, client_secret, accounts_url, api_base_url } = zoho.sandbox;
    expect(login).toEqual({
      clientId: client_id,
      clientSecret: client_secret,
      refreshToken: expect.stringMatching(/^1000\./) as string,
      accountsUrl: accounts_url,
      apiBaseUrl: api_base_url,
      organizationId: ORGANIZATION,
      organizationName: expect.stringContaining('Zillium') as string,
      scopes: expect.arrayContaining([...scopes]) as string[],
      secrets: 'file',
    });
    if (!windows) expect(statSync(zoho.file).mode & 0o777).toBe(0o600);
    expect((await zoho.arrived('/books/v3/organizations')).map(({ query }) => query as unknown)).toEqual([{}]);
    expect(await zoho.arrived('/books/v3/customerpayments')).toMatchObject([
      { method: 'GET', query: { organization_id: ORGANIZATION, per_page: '1' } },
    ]);
  });

  it('requests only read scopes in read-only mode', async () => {
    const zoho = await account();
    expect((await logIn(zoho, { args: ['--read-only'] })).code).toBe(0);
    expect((keptBy(zoho)['scopes'] as string[]).toSorted()).toEqual(leastScopes({ readOnly: true }).toSorted());
  });

  it('reports on the page and in the terminal that the user declined, and stores nothing', async () => {
    const zoho = await account();
    const { code, stderr, html } = await logIn(zoho, { decision: 'reject' });
    expect(html).toContain('Access was declined');
    expect(code).toBe(1);
    expect(stderr).toContain(`Access was declined on Zoho's page. Run \`node ${program} login\` again`);
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('ignores requests that do not belong to it: a wrong state, no state, another path or another host', async () => {
    const zoho = await account();
    const { program: login, address, redirectUri } = await loggingIn([], zoho.settings);
    const back = await decide(address, 'accept');
    secrets.add(back.searchParams.get('code') ?? '');
    const changed = (change: (url: URL) => void) => {
      const url = new URL(back);
      change(url);
      return url;
    };
    const strangers = [
      changed((url) => url.searchParams.set('state', 'x'.repeat(43))),
      changed((url) => url.searchParams.delete('state')),
      changed((url) => {
        url.search = '?error=access_denied';
      }),
    ];
    for (const stranger of strangers) {
      const page = await fetch(stranger);
      expect([page.status, await page.text()]).toEqual([400, expect.stringContaining('belongs to another login') as string]);
    }
    expect((await fetch(changed((url) => (url.pathname = '/')))).status).toBe(404);
    expect((await fetch(back, { method: 'POST' })).status).toBe(404);
    expect(await statusFor(back, 'attacker.example')).toBe(404);
    expect(await statusFor(back, `localhost:${new URL(redirectUri).port}`)).toBe(404);
    expect(await zoho.arrived('/oauth/v2/token')).toEqual([]);

    expect((await fetch(back)).status).toBe(200);
    expect((await endOf(login)).code).toBe(0);
  });

  it('accepts only one answer of the browser', async () => {
    const zoho = await account({ organizations: [] });
    const { program: login, address } = await loggingIn([], zoho.settings);
    const back = await decide(address, 'accept');
    secrets.add(back.searchParams.get('code') ?? '');
    const sockets = await Promise.all(
      [1, 2, 3].map(async () => {
        const socket = connect(Number(back.port), '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
    );
    const answers = sockets.map(async (socket) => {
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.write(`GET ${back.pathname}${back.search} HTTP/1.1\r\nhost: ${back.host}\r\n\r\n`);
      // Late requests may find the server closed.
      await once(socket, 'close').catch(() => undefined);
      return text;
    });
    expect((await Promise.all(answers)).filter((text) => text.startsWith('HTTP/1.1 200'))).toHaveLength(1);
    await expect(fetch(back)).rejects.toThrow();
    await endOf(login);
    expect(await zoho.arrived('/oauth/v2/token')).toHaveLength(1);
  });

  it("sends the secret only to Zoho's accounts servers or to the server where the login began", async () => {
    const foreign: string[] = [];
    const server = createServer(({ url }, response) => {
      foreign.push(String(url));
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const zoho = await account();
    for (const named of [
      address,
      'https://accounts.zoho.com.example',
      `${zoho.sandbox.url}@${new URL(address).host}`,
      'http://accounts.zoho.com',
      '',
    ]) {
      const { code, stderr } = await logIn(zoho, { change: (back) => back.searchParams.set('accounts-server', named) });
      expect([code, stderr], named).toEqual([1, expect.stringContaining("an accounts server that is not one of Zoho's") as string]);
    }
    expect(foreign).toEqual([]);
    expect(await zoho.arrived('/oauth/v2/token')).toEqual([]);
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('fails if Zoho sends no refresh token', async () => {
    const zoho = await account();
    const { program: login, address } = await loggingIn([], zoho.settings);
    const back = await decide(address.replace('access_type=offline', 'access_type=online'), 'accept');
    secrets.add(back.searchParams.get('code') ?? '');
    await fetch(back);
    const { code, stderr } = await endOf(login);
    expect(code).toBe(1);
    expect(stderr).toContain('Zoho issued no refresh token');
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('exchanges the code of a Self Client without a browser, once', async () => {
    const zoho = await account();
    const code = await selfClientCode(zoho);
    const first = await runAndHear(['login', '--self-client', code], zoho.settings);
    expect([first.code, first.stderr]).toEqual([0, '']);
    const login = keptBy(zoho);
    expect(login['scopes']).toContain('ZohoBooks.customerpayments.ALL');
    expect(first.stdout).not.toContain('did not grant');

    const again = await runAndHear(['login', '--self-client', code], zoho.settings);
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining('does not accept the code: it is wrong, already used, or') as string,
    ]);
    expect(zoho.kept()).toEqual(login);
  });

  it('names the scopes that were not granted', async () => {
    const zoho = await account();
    const scopes = ['ZohoBooks.customerpayments.READ', 'ZohoBooks.settings.READ', 'ZohoBooks.contacts.READ'];
    const { code, stdout } = await runAndHear(['login', '--self-client', await selfClientCode(zoho, scopes)], zoho.settings);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Zoho did not grant ZohoBooks\.customerpayments\.CREATE, .*ZohoBooks\.banking\.READ/m);
    expect(stdout).not.toMatch(/did not grant .*contacts/);
    expect(keptBy(zoho)['scopes']).toEqual(scopes);
  });

  it('stores nothing if the first read fails, and revokes the token at Zoho', async () => {
    const zoho = await account();
    const denied = await runAndHear(['login', '--self-client', await selfClientCode(zoho, ['ZohoBooks.settings.READ'])], zoho.settings);
    expect([denied.code, denied.stderr]).toEqual([
      1,
      expect.stringContaining('it needs the scope (permission) ZohoBooks.customerpayments.READ') as string,
    ]);
    expect(existsSync(zoho.file)).toBe(false);
    expect(await zoho.arrived('/oauth/v2/token/revoke')).toMatchObject([{ status: 200 }]);
  });

  it('replaces the earlier login, but a failed login changes nothing', async () => {
    const zoho = await account();
    await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    const first = keptBy(zoho);
    await zoho.control('faults', { fault: 'status', status: 500, times: 9, match: { path: '/customerpayments' } });
    expect((await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings)).code).toBe(1);
    expect(zoho.kept()).toEqual(first);
    await fetch(`${zoho.sandbox.url}/__sandbox/faults`, { method: 'DELETE' });
    expect((await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings)).code).toBe(0);
    expect(keptBy(zoho)['refreshToken']).not.toBe(first['refreshToken']);
  });

  it('says which login it replaces', async () => {
    const [first, second] = [await account(), await account()];
    const into = async (zoho: Account) =>
      (
        await runAndHear(['login', '--self-client', await selfClientCode(zoho)], {
          ...zoho.settings,
          ZOHO_PAYMENTS_STATE_DIR: first.dir,
        })
      ).stdout;
    expect(await into(first)).not.toContain('This replaces');
    expect(await into(first)).toContain('This replaces the earlier login for the same organization.\n');
    expect(await into(second)).toMatch(
      new RegExp(
        `^This replaces the login for Zillium.* \\(${ORGANIZATION}\\) at ${new URL(first.sandbox.url).host} \\(a sandbox: practice books\\)\\.$`,
        'm',
      ),
    );
    expect(keptBy(first)['accountsUrl']).toBe(second.sandbox.accounts_url);
  });

  it('names the file if the login cannot be stored', async () => {
    const zoho = await account();
    const blocked = join(zoho.dir, 'file');
    writeFileSync(blocked, '');
    const { code, stderr } = await runAndHear(['login', '--self-client', await selfClientCode(zoho)], {
      ...zoho.settings,
      ZOHO_PAYMENTS_STATE_DIR: blocked,
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/could not be stored in .*login\.json .* Set ZOHO_PAYMENTS_STATE_DIR/) as string,
    ]);
    expect(await zoho.arrived('/oauth/v2/token/revoke')).toHaveLength(1);
  });

  it('stores the secrets in a file if there is no keychain', async () => {
    const zoho = await account();
    const { stdout } = await runAndHear(['login', '--self-client', await selfClientCode(zoho)], {
      ...zoho.settings,
      ZOHO_PAYMENTS_KEYCHAIN: '1',
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
    });
    const login = keptBy(zoho);
    if (process.platform === 'linux') expect(login['secrets']).toBe('file');
    expect(stdout).toContain(
      login['secrets'] === 'file' ? `The secrets are in ${zoho.file}` : "The secrets are in the operating system's keychain.",
    );
    expect((await runAndHear(['logout'], zoho.settings)).code).toBe(0);
  });
});

describe('the organization of a login', () => {
  const several = () => account({ organizations: [{ organization_id: ORGANIZATION, name: 'Zillium Inc' }, OTHER] });

  it('is the one that the user names', async () => {
    const zoho = await several();
    for (const [args, env] of [
      [['--organization', ORGANIZATION], {}],
      [[], { ZOHO_ORGANIZATION_ID: ORGANIZATION }],
    ] as const) {
      const { code } = await runAndHear(['login', '--self-client', await selfClientCode(zoho), ...args], { ...zoho.settings, ...env });
      expect(code).toBe(0);
      expect(keptBy(zoho)).toMatchObject({ organizationId: ORGANIZATION, organizationName: 'Zillium Inc' });
    }
    const { code, stderr } = await runAndHear(
      ['login', '--self-client', await selfClientCode(zoho), '--organization', '77'],
      zoho.settings,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('this login has no organization 77') as string]);
  });

  it('must be named if there are several and there is no terminal', async () => {
    const zoho = await several();
    const { code, stderr } = await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`--organization ID. The organizations: Zillium Inc (${ORGANIZATION}), Zillium Studio (10234696)`) as string,
    ]);
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('must exist', async () => {
    const zoho = await account({ organizations: [] });
    const { code, stderr } = await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no organization in Zoho Books') as string]);
  });

  it('is used without a check if the scopes do not allow the server to list organizations', async () => {
    const zoho = await account();
    const scopes = ['ZohoBooks.customerpayments.READ'];
    const unnamed = await runAndHear(['login', '--self-client', await selfClientCode(zoho, scopes)], zoho.settings);
    expect([unnamed.code, unnamed.stderr]).toEqual([1, expect.stringContaining('add --organization ID') as string]);
    const named = await runAndHear(
      ['login', '--self-client', await selfClientCode(zoho, scopes), '--organization', ORGANIZATION],
      zoho.settings,
    );
    expect(named.code).toBe(0);
    expect(keptBy(zoho)).not.toHaveProperty('organizationName');
  });
});

describe('a failed login says why in one line', () => {
  it('if the port is in use', async () => {
    const zoho = await account();
    const port = new URL(zoho.sandbox.url).port;
    const { code, stderr } = await runAndHear(['login', '--port', port], zoho.settings);
    expect([code, stderr]).toEqual([
      1,
      `zoho-payments-mcp: port ${port} cannot be used (another program uses it): choose another port with --port\n`,
    ]);
  });

  it('if the usual port is in use, and which address the client needs then', async () => {
    const zoho = await account();
    const other = createServer();
    // Another test may use the port already.
    await new Promise((resolve) => other.once('error', resolve).listen(17_321, '127.0.0.1', () => resolve(undefined)));
    closers.push(() => other.close());
    const atZoho = { ...zoho.settings, ZOHO_ACCOUNTS_URL: '', ZOHO_API_BASE_URL: '' };
    for (const [settings, says] of [
      [zoho.settings, /^Another program uses port 17321 .*, so this login uses another port\.\nThe client id and/],
      [
        atZoho,
        /^Another program uses port 17321 .*\. Add the new address to the client, or stop .*\nThe client in Zoho's API console .* must have this redirect address: (http\S*)\n/,
      ],
    ] as const) {
      const { program: login, redirectUri } = await loggingIn([], settings);
      const [, address = redirectUri] = says.exec(login.stdout.join('\n')) ?? ['', 'not shown'];
      expect(address).toBe(redirectUri);
      expect(new URL(redirectUri).port).not.toBe('17321');
      login.child.kill();
      await endOf(login);
    }
  });

  it('if there is no terminal and no client', async () => {
    const { settings } = await account();
    for (const [missing, ...names] of [
      ['ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET', 'ZOHO_CLIENT_ID', 'ZOHO_CLIENT_SECRET'],
      ['ZOHO_CLIENT_SECRET', 'ZOHO_CLIENT_SECRET'],
    ]) {
      const without = { ...settings, ...Object.fromEntries(names.map((name) => [name, ''])) };
      for (const args of [
        ['login', '--no-browser'],
        ['login', '--self-client', '1000.a.b'],
      ]) {
        expect(await runAndHear(args, without)).toMatchObject({
          code: 2,
          stderr: `zoho-payments-mcp: login cannot ask without a terminal: set ${missing}\n`,
        });
      }
    }
  });

  it('if the secret is wrong, if the data center is wrong, or if Zoho cannot be reached', async () => {
    const zoho = await account();
    const code = await selfClientCode(zoho);
    const login = (env: Record<string, string>, ...args: string[]) =>
      runAndHear(['login', '--self-client', code, ...args], { ...zoho.settings, ...env });
    expect(await login({ ZOHO_CLIENT_SECRET: 'wrong' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The client secret is wrong.') as string,
    });
    expect(await login({}, '--data-center', 'mars')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--data-center is "mars": use one of us, eu') as string,
    });
    expect(await login({ ZOHO_ACCOUNTS_URL: 'http://127.0.0.1:1' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a sandbox (practice books) at 127.0.0.1:1 instead of Zoho, and this sandbox does not run') as string,
    });
    expect(await login({}, '--port', '70000')).toMatchObject({ code: 2 });
    expect(await login({}, '--organization', 'x')).toMatchObject({ code: 2 });
  });

  it('if it is interrupted', async () => {
    const zoho = await account();
    const { program: login } = await loggingIn([], zoho.settings);
    login.child.kill('SIGINT');
    if (windows) return;
    expect(await endOf(login)).toMatchObject({ code: 130, stderr: 'zoho-payments-mcp: cancelled: nothing was stored\n' });
  });
});

describe('login at a terminal', () => {
  it('asks for the client and the organization, and does not show the secret while it is typed', async () => {
    const zoho = await account({ organizations: [OTHER, { organization_id: ORGANIZATION, name: 'Zillium Inc' }] });
    const { ZOHO_CLIENT_ID: _, ZOHO_CLIENT_SECRET: __, ...settings } = zoho.settings;
    const terminal = atTerminal(['login', '--no-browser'], settings);
    await terminal.shows('Client ID: ');
    terminal.type(`${zoho.sandbox.client_id}\r`);
    await terminal.shows('Client secret (not shown): ');
    terminal.type(`${zoho.sandbox.client_secret}\r`);
    await terminal.shows('Waiting for Zoho');
    const back = await decide(/^ {2}(http\S+)\s*$/m.exec(terminal.screen())?.[1] ?? '', 'accept');
    secrets.add(back.searchParams.get('code') ?? '');
    await fetch(back);
    await terminal.shows('Which organization, 1 to 2? ');
    expect(terminal.screen()).toMatch(/1 {2}Zillium Studio \(10234696\)[\s\S]*2 {2}Zillium Inc \(10234695\)/);
    terminal.type('7\r');
    await terminal.shows('Which organization, 1 to 2? ', 2);
    terminal.type('2\r');
    expect(await terminal.ended).toBe(0);
    expect(keptBy(zoho)).toMatchObject({ organizationId: ORGANIZATION, clientSecret: zoho.sandbox.client_secret });
    expect(terminal.screen()).not.toContain(zoho.sandbox.client_secret);
    heard.push(terminal.screen());
  });

  it('asks before it replaces a login for other books, and keeps that login without a yes', async () => {
    const [first, second] = [await account(), await account()];
    await runAndHear(['login', '--self-client', await selfClientCode(first)], first.settings);
    const before = keptBy(first);
    for (const [answer, code, kept] of [
      ['', 1, first],
      ['yes', 0, second],
    ] as const) {
      const terminal = atTerminal(['login', '--self-client', await selfClientCode(second)], {
        ...second.settings,
        ZOHO_PAYMENTS_STATE_DIR: first.dir,
      });
      await terminal.shows('Replace it? yes or no: ');
      expect(terminal.screen()).toContain(`would replace the login for Zillium`);
      terminal.type(`${answer}\r`);
      expect(await terminal.ended, terminal.screen()).toBe(code);
      expect(keptBy(first)['accountsUrl']).toBe(kept.sandbox.accounts_url);
      if (code === 1) expect(keptBy(first)).toEqual(before);
    }
    expect(await second.arrived('/oauth/v2/token/revoke')).toHaveLength(1);
  });

  it('ends if the user presses Ctrl-C at a question', async () => {
    const zoho = await account();
    const { ZOHO_CLIENT_SECRET: _, ...settings } = zoho.settings;
    const terminal = atTerminal(['login', '--no-browser'], settings);
    await terminal.shows('Client secret (not shown): ');
    terminal.type('half of it\u0003');
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).toContain('cancelled: nothing was stored');
    expect(terminal.screen()).not.toContain('half of it');
  });
});

describe('the browser during a login', () => {
  it('opens the printed address', async () => {
    const zoho = await account();
    const bin = folder();
    const opened = join(bin, 'opened');
    for (const name of ['xdg-open', 'open']) {
      writeFileSync(join(bin, name), `#!/bin/sh\nprintf '%s' "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const { program: login, address } = await loggingIn([], zoho.settings);
    expect(existsSync(opened)).toBe(false);
    login.child.kill();
    const terminal = atTerminal(['login'], { ...zoho.settings, PATH: `${bin}:${process.env['PATH']}` });
    const printedAddress = () => /^ {2}(http\S+)\s*$/m.exec(terminal.screen())?.[1];
    await expect.poll(() => existsSync(opened) && printedAddress()).toBeTruthy();
    const printed = printedAddress();
    expect(readFileSync(opened, 'utf8')).toBe(printed);
    expect(new URL(printed ?? '').searchParams.get('state')).not.toBe(new URL(address).searchParams.get('state'));
  });

  it('is started without a shell on every platform', () => {
    const url = new URL('https://accounts.zoho.com/oauth/v2/auth?a=1&b=%22');
    expect(browserCommand(url, 'win32')).toEqual(['rundll32.exe', 'url.dll,FileProtocolHandler', url.href]);
    expect(browserCommand(url, 'darwin')).toEqual(['open', url.href]);
    expect(browserCommand(url, 'linux')).toEqual(['xdg-open', url.href]);
  });
});

describe('logout', () => {
  it('revokes the login at Zoho and deletes it', async () => {
    const zoho = await account();
    await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    const { clientId, clientSecret, refreshToken } = keptBy(zoho) as Record<string, string>;
    await run(['doctor'], zoho.settings);
    const shared = await openShared(
      join(dirname(zoho.file), `127.0.0.1_${new URL(zoho.sandbox.api_base_url).port}-${zoho.sandbox.organization_id}`, 'wire'),
    );
    const tokens = () => shared.write((sql) => sql.get<{ n: number }>('SELECT count(*) AS n FROM tokens')?.n);
    expect(await tokens()).toBe(1);
    const { code, stdout } = await runAndHear(['logout'], zoho.settings);
    expect(await tokens()).toBe(0);
    shared.close();
    expect([code, stdout]).toEqual([0, 'Logged out: Zoho revoked the login, and it was deleted from this machine.']);
    expect(existsSync(zoho.file)).toBe(false);
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: clientId ?? '',
      client_secret: clientSecret ?? '',
      refresh_token: refreshToken ?? '',
    });
    expect(await (await fetch(`${zoho.sandbox.accounts_url}/oauth/v2/token`, { method: 'POST', body })).json()).toEqual({
      error: 'invalid_code',
    });
    expect(await runAndHear(['logout'], zoho.settings)).toMatchObject({ code: 0, stdout: 'Nobody is logged in.' });
  });

  it('deletes a login that was revoked at Zoho already', async () => {
    const zoho = await account();
    await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    const { refreshToken: token = '' } = keptBy(zoho) as Record<string, string>;
    await fetch(`${zoho.sandbox.accounts_url}/oauth/v2/token/revoke`, { method: 'POST', body: new URLSearchParams({ token }) });
    expect(await runAndHear(['logout'], zoho.settings)).toMatchObject({
      code: 0,
      stdout: 'Logged out: the login was revoked at Zoho already, and it was deleted from this machine.',
    });
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('deletes the login even if Zoho cannot be reached, and says what the user must still do', async () => {
    const zoho = await account();
    await runAndHear(['login', '--self-client', await selfClientCode(zoho)], zoho.settings);
    keptBy(zoho);
    // The sandbox was started first. `shift` removes its closer, so it is not closed twice.
    await closers.shift()?.();
    const { code, stderr } = await runAndHear(['logout'], zoho.settings);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        /The login was deleted from this machine\. It was not revoked at Zoho: .* /.source +
          /Revoke it yourself at http:\/\/127\.0\.0\.1:\d+, under Sessions, Connected Apps\.\n$/.source,
      ),
    );
    expect(existsSync(zoho.file)).toBe(false);
  });

  it('deletes a login that cannot be read', async () => {
    const zoho = await account();
    writeFileSync(zoho.file, '{"clientId":');
    const { code, stderr } = await runAndHear(['logout'], zoho.settings);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Revoke it yourself in your Zoho user settings') as string]);
    expect(existsSync(zoho.file)).toBe(false);
  });
});

it('the logins of this file printed no secret, no token and no code', () => {
  const text = heard.join('\n');
  expect(heard.length).toBeGreaterThan(50);
  expect(secrets.size).toBeGreaterThan(50);
  for (const secret of secrets) expect(text.includes(secret)).toBe(false);
});

/** The status of a request with another host name for this machine. */
async function statusFor(url: URL, host: string): Promise<number | undefined> {
  const sent = request(url, { headers: { host } });
  const [response] = (await once(sent.end(), 'response')) as [import('node:http').IncomingMessage];
  response.resume();
  return response.statusCode;
}
