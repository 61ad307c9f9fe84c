import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leastScopes, scopesMissing } from '../../src/catalogue.ts';
import { isRead, scopeOf, type Endpoint } from '../../src/endpoint.ts';
import { readConsent } from '../../src/zoho/consent-answer.ts';
import { apiBaseUrlOf, dataCenter, dataCenterNames } from '../../src/zoho/data-centers.ts';

/** The scopes that the consent page asks for, and the check of its answer. */

const US = 'https://accounts.zoho.com';
const SANDBOX = 'http://127.0.0.1:4711';
const answered = (answer: Record<string, string>, beganAt = US) =>
  readConsent(new URLSearchParams({ code: '1000.a.b', ...answer }), beganAt).accountsUrl;

describe("the accounts server in Zoho's answer to the login", () => {
  it.each(dataCenterNames)('is accepted for %s, by address and by name', (location) => {
    const { accountsUrl } = dataCenter(location);
    expect(answered({ 'accounts-server': accountsUrl })).toBe(accountsUrl);
    expect(answered({ 'accounts-server': `${accountsUrl}/` })).toBe(accountsUrl);
    expect(answered({ location })).toBe(accountsUrl);
  });

  it('is the server where the login began, if the answer contains none', () => {
    expect(answered({})).toBe(US);
    expect(answered({ location: 'mars' })).toBe(US);
    expect(answered({ 'accounts-server': SANDBOX }, SANDBOX)).toBe(SANDBOX);
    expect(answered({ location: 'eu' }, SANDBOX)).toBe(SANDBOX);
  });

  it.each([
    'https://accounts.zoho.com.evil.example',
    'https://accounts.zoho.com@evil.example',
    'https://evil.example/https://accounts.zoho.com',
    'https://accounts.zoho.com:8443',
    'https://accounts.zoho.com//',
    'https://accounts.zoho.com/x',
    'https://ACCOUNTS.zoho.com',
    'http://accounts.zoho.com',
    'accounts.zoho.com',
    SANDBOX,
    '',
  ])('is refused if it is %s', (named) => {
    expect(() => answered({ 'accounts-server': named, location: 'us' })).toThrow("not one of Zoho's");
  });
});

describe('an answer to the login without a code', () => {
  it.each([
    [{ error: 'access_denied' }, { code: 'access_denied' }],
    [{ error: 'access_denied', code: '1000.a.b' }, { code: 'access_denied' }],
    [
      { error: `invalid_scope\n${'x'.repeat(200)}` },
      { code: 'consent_failed', message: expect.stringMatching(/^Zoho gave no access: invalid_scope x{40,60}…\.$/) as string },
    ],
    [{}, { code: 'consent_failed' }],
    [{ code: '' }, { code: 'consent_failed' }],
  ])('(%j) causes an error with a next step', (answer, error) => {
    let thrown: unknown;
    try {
      readConsent(new URLSearchParams(answer as Record<string, string>), US);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toMatchObject(error);
  });
});

it('the API address comes from the token if it is an address of Zoho, else from the accounts server, else from the configuration', () => {
  const configured = `${SANDBOX}/books/v3`;
  for (const { accountsUrl, apiBaseUrl } of dataCenterNames.map(dataCenter)) {
    expect(apiBaseUrlOf({ apiDomain: apiBaseUrl.replace('/books/v3', ''), accountsUrl: US, configured })).toBe(apiBaseUrl);
    for (const apiDomain of [undefined, 'https://evil.example', 'https://www.zohoapis.com.evil.example'])
      expect(apiBaseUrlOf({ apiDomain, accountsUrl, configured })).toBe(apiBaseUrl);
  }
  expect(apiBaseUrlOf({ apiDomain: SANDBOX, accountsUrl: SANDBOX, configured })).toBe(configured);
});

describe('the scopes of the login', () => {
  it('allow the calls of every endpoint, and nothing else', async () => {
    const src = join(import.meta.dirname, '../../src');
    const files = ['endpoints', 'reading', 'preflight'].flatMap((room) =>
      readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(src, room, file)),
    );
    const modules = (await Promise.all(files.map((file) => import(file)))) as Record<string, unknown>[];
    const declared = modules
      .flatMap((module) => Object.values(module))
      .filter((value): value is Endpoint => typeof value === 'object' && value !== null && 'path' in value && 'method' in value);
    expect(declared.length).toBeGreaterThan(15);
    expect(leastScopes({ readOnly: false }).toSorted()).toEqual([...new Set(declared.map(scopeOf))].toSorted());
    expect(leastScopes({ readOnly: true }).toSorted()).toEqual([...new Set(declared.filter(isRead).map(scopeOf))].toSorted());
  });

  it('are included in themselves, in ALL of their module, and in full access', () => {
    const wanted = ['ZohoBooks.customerpayments.READ', 'ZohoBooks.contacts.READ'];
    expect(scopesMissing(wanted, wanted)).toEqual([]);
    expect(scopesMissing(wanted, ['zohobooks.customerpayments.all'])).toEqual(['ZohoBooks.contacts.READ']);
    expect(scopesMissing(wanted, ['ZohoBooks.fullaccess.all'])).toEqual([]);
    expect(scopesMissing(wanted, ['ZohoBooks.customerpayments.CREATE'])).toEqual(wanted);
  });
});
