import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, describe, expect, it } from 'vitest';
import { zohoAccount } from '../support/login.ts';
import { closers } from '../support/closers.ts';
import { folder, run } from '../support/program.ts';

/** A login with its secrets in a real keychain: GNOME's, with a message bus and a folder only for this test. */

let bus: ChildProcess;
let desktop: Record<string, string>;

beforeEach(async () => {
  if (process.platform !== 'linux') throw new Error('This test starts its own keychain, which works only on Linux.');
  for (const command of ['dbus-daemon', 'dbus-send', 'gnome-keyring-daemon']) {
    if (spawnSync(command, ['--version']).error) throw new Error(`${command} is missing: apt-get install dbus gnome-keyring`);
  }
  const messages = started('dbus-daemon', ['--session', '--nofork', '--print-address']);
  bus = messages;
  const [address] = (await once(createInterface({ input: messages.stdout }), 'line')) as [string];
  desktop = { DBUS_SESSION_BUS_ADDRESS: address, XDG_DATA_HOME: folder(), XDG_RUNTIME_DIR: folder(), ZOHO_PAYMENTS_KEYCHAIN: '1' };
  const keyring = started('gnome-keyring-daemon', ['--foreground', '--unlock', '--components=secrets'], desktop);
  keyring.stdin.end('password');
  const isThere = [
    '--session',
    '--print-reply',
    '--dest=org.freedesktop.DBus',
    '/',
    'org.freedesktop.DBus.NameHasOwner',
    'string:org.freedesktop.secrets',
  ];
  await expect
    .poll(() => execFileSync('dbus-send', isThere, { env: { ...process.env, ...desktop }, encoding: 'utf8' }), { timeout: 20_000 })
    .toContain('boolean true');
});

function started(command: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(command, args, { env: { PATH: process.env['PATH'] ?? '', ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  closers.push(async () => {
    child.kill();
    await ended;
  });
  return child;
}

async function loggedIn() {
  const zoho = await zohoAccount();
  const settings = { ...zoho.settings, ...desktop };
  const { code } = await zoho.control('codes', {});
  expect(await run(['login', '--self-client', String(code)], settings)).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining("The secrets are in the operating system's keychain.") as string,
  });
  return { ...zoho, settings };
}

describe("the login's secrets in the keychain", () => {
  it('are not in the file, and logout deletes them', async () => {
    const { file, dir, sandbox, settings, kept, arrived } = await loggedIn();
    expect(kept()).toMatchObject({ secrets: 'keychain', clientId: sandbox.client_id, organizationId: sandbox.organization_id });
    expect(readFileSync(file, 'utf8')).not.toMatch(new RegExp(`${sandbox.client_secret}|1000\\.[0-9a-f]{32}\\.`));

    const before = readFileSync(file, 'utf8');
    expect(await run(['logout'], settings)).toMatchObject({ code: 0, stdout: expect.stringContaining('Logged out') as string });
    // The revoked token was only in the keychain.
    expect(await arrived('/oauth/v2/token/revoke')).toMatchObject([{ status: 200 }]);
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(file, before);
    expect(await run(['logout'], settings)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no longer in the operating system's keychain") as string,
    });
  });

  it('belong to only one state folder', async () => {
    const { file, settings } = await loggedIn();
    const elsewhere = folder();
    copyFileSync(file, join(elsewhere, 'login.json'));
    expect(await run(['logout'], { ...settings, ZOHO_PAYMENTS_STATE_DIR: elsewhere })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("no longer in the operating system's keychain") as string,
    });
    expect((await run(['logout'], settings)).code).toBe(0);
  });

  it('stay there if the keychain cannot be opened: logout deletes the rest, and says what remains', async () => {
    const { file, settings } = await loggedIn();
    bus.kill();
    await once(bus, 'close');
    const { code, stderr } = await run(['logout'], settings);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /not be deleted from the operating system's keychain\. It was not revoked at Zoho: .*keychain, which cannot be opened\..* yourself/,
      ) as string,
    ]);
    expect(existsSync(file)).toBe(false);
  });

  it('are deleted from the keychain if the next login stores its secrets in the file', async () => {
    const { dir, file, settings, control, kept } = await loggedIn();
    const before = readFileSync(file, 'utf8');
    const { code } = await control('codes', {});
    await run(['login', '--self-client', String(code)], { ...settings, ZOHO_PAYMENTS_KEYCHAIN: '0' });
    expect(kept()).toMatchObject({ secrets: 'file', refreshToken: expect.stringMatching(/^1000/) as string });
    writeFileSync(join(dir, 'login.json'), before);
    expect((await run(['logout'], settings)).stderr).toContain("no longer in the operating system's keychain");
  });
});
