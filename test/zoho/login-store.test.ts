import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AccessError } from '../../src/errors.ts';
import { openLoginStore, type Login } from '../../src/zoho/login-store.ts';
import { folder } from '../support/program.ts';
import { errorLines } from '../support/worded.ts';

/** The login in its file. */

const login: Login = {
  clientId: '1000.ABC',
  clientSecret: 's3cret',
  refreshToken: '1000.r.t',
  accountsUrl: 'https://accounts.zoho.eu',
  apiBaseUrl: 'https://www.zohoapis.eu/books/v3',
  organizationId: '10234695',
  organizationName: 'Zillium Inc',
  scopes: ['ZohoBooks.customerpayments.READ'],
};

const store = (dir: string) => openLoginStore(dir, { keychain: false });

describe('a stored login', () => {
  it('is read by every process as it was written, until it is deleted', async () => {
    const dir = join(folder(), 'made', 'when needed');
    expect(await store(dir).read()).toBeUndefined();
    expect(await store(dir).forget()).toBe(false);
    expect(await store(dir).write(login)).toBe('file');
    expect(await store(dir).read()).toEqual(login);
    const { organizationName: _, ...nameless } = login;
    await store(dir).write(nameless);
    expect(await store(dir).read()).toEqual(nameless);
    expect(await store(dir).forget()).toBe(true);
    expect(await store(dir).read()).toBeUndefined();
    expect(readdirSync(dir)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('can be read only by its owner, and so can its folder', async () => {
    const dir = join(folder(), 'own');
    await store(dir).write(login);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, 'login.json')).mode & 0o777).toBe(0o600);
  });

  it('has a version that changes only if the login changes', async () => {
    const dir = folder();
    const seen = [store(dir).version()];
    for (let times = 0; times < 20; times += 1) {
      await store(dir).write(login);
      seen.push(store(dir).version());
    }
    expect(new Set(seen).size).toBe(21);
    await store(dir).read();
    expect(store(dir).version()).toBe(seen.at(-1));
    await store(dir).forget();
    expect(store(dir).version()).toBe(seen[0]);
  });

  it('is always complete for a reader, even during a write', async () => {
    const dir = folder();
    await store(dir).write(login);
    const writer = async () => {
      for (let times = 0; times < 50; times += 1) await store(dir).write({ ...login, refreshToken: 'x'.repeat(times * 100 + 1) });
    };
    const reader = async () => {
      for (let times = 0; times < 300; times += 1) expect(await store(dir).read()).toMatchObject({ clientId: '1000.ABC' });
    };
    await Promise.all([writer(), reader()]);
    expect(readdirSync(dir)).toEqual(['login.json']);
  });
});

describe('a login that cannot be read', () => {
  const whole = { ...login, secrets: 'file' };
  const { refreshToken: _, ...tokenless } = whole;

  it.each([
    ['cut off', '{"clientId": "1000.ABC", "clientSecret": "s3cret'],
    ['empty', ''],
    ['not an object', '"s3cret"'],
    ['without a token', JSON.stringify(tokenless)],
    ['with an empty token', JSON.stringify({ ...whole, refreshToken: '' })],
    ['with an address that is not http', JSON.stringify({ ...whole, accountsUrl: 'file:///etc/passwd' })],
    ['with a wrong organization id', JSON.stringify({ ...whole, organizationId: '../x' })],
    ['with secrets in an unknown place', JSON.stringify({ ...whole, secrets: 'cloud' })],
  ])('(%s) causes an error that does not quote the file', async (_what, text) => {
    const dir = folder();
    writeFileSync(join(dir, 'login.json'), text);
    const error = await store(dir)
      .read()
      .catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AccessError);
    expect(error).toMatchObject({
      code: 'login_unreadable',
      next: expect.arrayContaining([{ say: expect.stringContaining('`zoho-payments-mcp login`') as string }]) as unknown,
    });
    expect(errorLines(error as AccessError)).not.toMatch(/s3cret|1000\./);
    expect(readFileSync(join(dir, 'login.json'), 'utf8')).toBe(text);
    expect(await store(dir).forget()).toBe(true);
    expect(await store(dir).read()).toBeUndefined();
  });

  it('(a folder instead of a file) causes an error', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'login.json'));
    await expect(store(dir).read()).rejects.toMatchObject({ code: 'login_unreadable' });
    await expect(store(dir).write(login)).rejects.toMatchObject({ code: 'login_not_kept' });
    expect(readdirSync(dir)).toEqual(['login.json']);
  });
});
