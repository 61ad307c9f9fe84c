import { chmodSync, chownSync, mkdirSync, readdirSync, realpathSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf, overlookedFolders } from '../../src/cli/account.ts';
import { readConfig } from '../../src/cli/config.ts';
import { safeStateDir, stateDirWarning } from '../../src/cli/state-dir.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';
import { requestsTo, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { folder, run, serving, settingsFor } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Rules for the folder that holds the journal: which folders are safe, and that each Zoho has exactly one. */

const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };

async function zoho(stateDir: string) {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  return { sandbox, settings: { ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: stateDir, ZOHO_PAYMENTS_CONFIRM: 'host' } };
}

/** Creates the folder with this mode, whatever the umask is. */
function made(path: string, mode: number): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  return path;
}

// Windows has no such modes and owners.
describe.skipIf(process.platform === 'win32')('a state folder that the operator chose', () => {
  it.each<[number, 'refused' | 'warned about' | 'fine']>([
    [0o700, 'fine'],
    [0o750, 'fine'],
    [0o755, 'fine'],
    [0o770, 'warned about'],
    [0o775, 'warned about'],
    [0o2770, 'warned about'],
    [0o777, 'refused'],
    [0o707, 'refused'],
    [0o702, 'refused'],
    [0o1777, 'refused'],
  ])('is checked by its own mode, here %o, also behind a link', (mode, expected) => {
    const base = realpathSync(folder());
    const real = made(join(base, 'real'), mode);
    symlinkSync(real, join(base, 'link'));
    mkdirSync(join(base, 'deeper'));
    symlinkSync(join(base, 'link'), join(base, 'deeper', 'link'));
    for (const named of [real, join(base, 'link'), join(base, 'deeper', 'link'), join(base, 'deeper', '..', 'real')]) {
      if (expected === 'refused')
        expect(() => safeStateDir(named)).toThrow(
          expect.objectContaining({ name: 'AccessError', code: 'state_dir_unsafe', changed: 'no' }) as Error,
        );
      else {
        expect(safeStateDir(named)).toBe(real);
        expect(stateDirWarning(real) !== undefined).toBe(expected === 'warned about');
      }
    }
  });

  it('may be missing; links in the existing part of its path are followed', () => {
    const base = realpathSync(folder());
    symlinkSync(base, join(base, 'link'));
    expect(safeStateDir(join(base, 'link', 'a', 'b'))).toBe(join(base, 'a', 'b'));
  });

  it('is refused if every user can write to it, and the log and doctor say so', async () => {
    const dir = made(join(folder(), 'state'), 0o777);
    const { sandbox, settings } = await zoho(dir);
    const server = await serving([], settings);
    for (const tool of ['create_customer_payment', 'list_customer_payments']) {
      const result = await server.call(tool, tool.startsWith('create') ? payment : {});
      expect(result['structuredContent']).toMatchObject({ error: { code: 'state_dir_unsafe', changed: 'no' } });
    }
    expect(server.stderr()).toContain('is writable for every user of this machine');
    expect(await requestsTo(sandbox)).toEqual([]);
    expect(readdirSync(dir)).toEqual([]);
    const { code, stdout } = await run(['doctor'], settings);
    expect(code).toBe(1);
    expect(stdout).toMatch(/WRONG {2}folder: .*every user of this machine/);
    expect(await run(['login', '--self-client', 'x'], settings)).toMatchObject({ code: 1 });
  });

  it("is refused if every user can write to the books' folder in it", async () => {
    const dir = folder();
    const { sandbox, settings } = await zoho(dir);
    made(folderOf(dir, { apiBaseUrl: sandbox.api_base_url, organizationId: sandbox.organization_id }), 0o777);
    const server = await serving([], settings);
    expect((await server.call('create_customer_payment', payment))['structuredContent']).toMatchObject({
      outcome: 'not_recorded',
      error: { code: 'state_dir_unsafe', changed: 'no' },
    });
  });

  it('is accepted with a warning if its group can write to it', async () => {
    const dir = made(join(folder(), 'state'), 0o770);
    const { settings } = await zoho(dir);
    const server = await serving([], settings);
    expect((await server.call('create_customer_payment', payment))['structuredContent']).toMatchObject({ outcome: 'recorded' });
    expect(server.stderr()).toContain('is writable for its group');
    const { code, stdout } = await run(['doctor'], settings);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\? {4} {2}folder: .*is writable for its group/);
  });

  // Only root can change the owner of a folder.
  it.runIf(process.getuid?.() === 0)('may belong to another user, but the default folder may not', () => {
    const dir = made(join(folder(), 'state'), 0o755);
    chownSync(dir, 12_345, 12_345);
    expect(safeStateDir(dir)).toBe(realpathSync(dir));
    expect(statSync(dir).uid).not.toBe(process.geteuid?.());
  });
});

describe('the folder of one Zoho address', () => {
  const at = (apiBaseUrl: string) => ({ apiBaseUrl: readConfig({ ZOHO_API_BASE_URL: apiBaseUrl }).apiBaseUrl, organizationId: '10' });

  it.each([
    [
      'this machine',
      [
        'http://localhost:8080/books/v3',
        'http://127.0.0.1:8080/books/v3',
        'http://[::1]:8080/books/v3',
        'HTTP://LocalHost:8080/books/v3/',
        'http://localhost.:8080',
        'http://127.1:8080',
      ],
    ],
    [
      'this machine, at the default port',
      ['http://localhost/books/v3', 'http://127.0.0.1:80/books/v3/', 'http://[::1]:80', 'http://LOCALHOST./'],
    ],
    [
      'Zoho',
      [
        'https://www.zohoapis.com/books/v3',
        'https://www.zohoapis.com/books/v3/',
        'https://WWW.ZOHOAPIS.COM:443/books/v3//',
        'https://www.zohoapis.com./books/v3',
      ],
    ],
  ])('is the same for all spellings of the address: %s', (_, addresses) => {
    const base = folder();
    expect(new Set(addresses.map((address) => folderOf(base, at(address)))).size).toBe(1);
  });

  it('is not the folder of another Zoho address', () => {
    const base = folder();
    const folders = [
      'http://localhost:8080',
      'http://localhost:8081',
      'https://localhost:8443',
      'https://www.zohoapis.com',
      'https://www.zohoapis.eu',
    ].map((address) => folderOf(base, at(address)));
    expect(new Set([...folders, folderOf(base, { ...at('https://www.zohoapis.com'), organizationId: '11' })]).size).toBe(6);
  });

  it.each(['localhost_8080-10', 'localhost._8080-10', '127.0.0.1_8080-10', '___1__8080-10'])(
    'stays the same if it exists under an older name: %s',
    async (name) => {
      const base = folder();
      mkdirSync(join(base, name));
      for (const address of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080'])
        expect(folderOf(base, at(address))).toBe(join(base, name));
      // A folder with a journal takes precedence over a folder without one.
      mkdirSync(join(base, '127.0.0.1_8080-10'), { recursive: true });
      await (await openSqliteJournal(join(base, name, 'journal.sqlite'))).close();
      expect(folderOf(base, at('http://[::1]:8080'))).toBe(join(base, name));
      expect(overlookedFolders(base, at('http://localhost:8080'))).toEqual([]);
    },
  );

  it('is also found if an older version wrote the host with a dot at the end', () => {
    const base = folder();
    mkdirSync(join(base, 'www.zohoapis.com.-10'));
    expect(folderOf(base, at('https://www.zohoapis.com'))).toBe(join(base, 'www.zohoapis.com.-10'));
  });

  it('contains the writes under every spelling of the host; doctor reports several journals', async () => {
    const base = folder();
    const { sandbox, settings } = await zoho(base);
    const byName = { ...settings, ZOHO_API_BASE_URL: sandbox.api_base_url.replace('127.0.0.1', 'LocalHost') };
    const keyed = { ...payment, idempotency_key: 'k' };
    const first = await serving([], settings);
    expect((await first.call('create_customer_payment', keyed))['structuredContent']).toMatchObject({
      outcome: 'recorded',
      replayed: false,
    });
    const second = await serving([], byName);
    expect((await second.call('create_customer_payment', keyed))['structuredContent']).toMatchObject({
      outcome: 'recorded',
      replayed: true,
    });
    expect(second.stderr()).not.toContain('several journals');
    for (const server of [first, second]) {
      server.child.stdin.end();
      await server.ended;
    }

    // An earlier version made a folder like this.
    const port = new URL(sandbox.api_base_url).port;
    const [name = ''] = readdirSync(base);
    renameSync(join(base, name), join(base, `localhost_${port}-${sandbox.organization_id}`));
    const third = await serving([], settings);
    expect((await third.call('create_customer_payment', keyed))['structuredContent']).toMatchObject({
      outcome: 'recorded',
      replayed: true,
    });
    expect((await run(['doctor'], settings)).code).toBe(0);

    await (await openSqliteJournal(join(base, `127.0.0.1_${port}-${sandbox.organization_id}`, 'journal.sqlite'))).close();
    for (const given of [settings, byName]) {
      const server = await serving([], given);
      await expect.poll(() => server.stderr()).toContain('this server has several journals for these books');
      const { code, stdout } = await run(['doctor'], given);
      expect(code).toBe(1);
      expect(stdout).toMatch(new RegExp(`WRONG {2}folder: .*localhost_${port}`));
    }
  });
});
