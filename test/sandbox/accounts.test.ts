import { describe, expect, it } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { SEED, askToken, read, zoho } from './harness.ts';

describe('a refresh token of the sandbox', () => {
  it('gets an access token in the recorded form', async () => {
    const { sandbox } = await zoho();
    const answer = await askToken(sandbox, { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.body)).toEqual(['access_token', 'api_domain', 'token_type', 'expires_in']);
    expect(answer.body['access_token']).toMatch(/^1000\.[0-9a-f]{32}\.[0-9a-f]{32}$/);
    expect(answer.body).toMatchObject({ api_domain: sandbox.url, token_type: 'Bearer', expires_in: 3600 });
  });

  it('is also accepted in a form body', async () => {
    const { sandbox } = await zoho();
    const { client_id, client_secret, refresh_token } = sandbox;
    const body = new URLSearchParams({ client_id, client_secret, refresh_token, grant_type: 'refresh_token' });
    const answer = await read(await fetch(`${sandbox.accounts_url}/oauth/v2/token`, { method: 'POST', body }));
    expect(answer.body['access_token']).toBeDefined();
  });

  it('with any mistake gets an error with HTTP 200', async () => {
    const { sandbox } = await zoho();
    const refresh = { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token };
    const cases: [Record<string, string>, string][] = [
      [{ ...refresh, client_id: '1000.WRONG' }, 'invalid_client'],
      [{ ...refresh, client_secret: 'wrong' }, 'invalid_client_secret'],
      [{ ...refresh, refresh_token: '1000.a.b' }, 'invalid_code'],
      [{ grant_type: 'authorization_code', code: '1000.a.b' }, 'invalid_code'],
      [{ grant_type: 'password' }, 'general_error'],
    ];
    for (const [parameters, error] of cases) {
      const answer = await askToken(sandbox, parameters);
      expect([answer.status, answer.body], error).toEqual([200, { error }]);
    }
  });

  it('is unknown in another data center, which is another sandbox here', async () => {
    const [here, there] = [await zoho(), await zoho()];
    const { client_id, client_secret, refresh_token } = here.sandbox;
    expect((await askToken(there.sandbox, { grant_type: 'refresh_token', client_id, client_secret, refresh_token })).body).toEqual({
      error: 'invalid_client',
    });
    const answer = await there.call('GET', '/customerpayments', undefined, { authorization: `Zoho-oauthtoken ${await here.token()}` });
    expect([answer.status, answer.body['code']]).toEqual([401, 14]);
  });

  it('gets no more than ten access tokens until the time window ends', async () => {
    let now = Date.parse('2026-06-01T12:00:00Z');
    const { sandbox } = await zoho({ limits: { access_tokens_window_ms: 300 }, now: () => new Date(now) });
    const refresh = { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token };
    for (let count = 0; count < 10; count += 1) expect((await askToken(sandbox, refresh)).body['access_token']).toBeDefined();
    const blocked = await askToken(sandbox, refresh);
    expect([blocked.status, blocked.body]).toEqual([
      400,
      { error_description: 'You have made too many requests continuously. Please try again after some time.', error: 'Access Denied' },
    ]);
    now += 299;
    expect((await askToken(sandbox, refresh)).status).toBe(400);
    now += 1;
    expect((await askToken(sandbox, refresh)).body['access_token']).toBeDefined();
  });

  it('stops working when it is revoked, and so do its access tokens', async () => {
    const z = await zoho();
    expect((await z.get('/customerpayments')).status).toBe(200);
    const revoke = (token: string): Promise<Response> =>
      fetch(`${z.sandbox.accounts_url}/oauth/v2/token/revoke?token=${token}`, { method: 'POST' });
    expect((await read(await revoke(z.sandbox.refresh_token))).body).toEqual({ status: 'success' });
    expect((await z.get('/customerpayments')).body['code']).toBe(14);
    expect((await askToken(z.sandbox, { grant_type: 'refresh_token', refresh_token: z.sandbox.refresh_token })).body).toEqual({
      error: 'invalid_code',
    });
    expect((await revoke(z.sandbox.refresh_token)).status).toBe(400);
  });
});

describe('an access token of the sandbox', () => {
  it('expires after its lifetime', async () => {
    let now = Date.parse('2026-06-01T12:00:00Z');
    const z = await zoho({ now: () => new Date(now) });
    expect((await z.get('/customerpayments')).status).toBe(200);
    now += 3_599_000;
    expect((await z.get('/customerpayments')).status).toBe(200);
    now += 2000;
    expect((await z.get('/customerpayments')).body['code']).toBe(14);
  });

  it('becomes invalid without notice if too many newer tokens exist', async () => {
    const z = await zoho({ limits: { live_access_tokens: 2 } });
    const [oldest, ...younger] = [await z.token(), await z.token(), await z.token()];
    const status = async (token = ''): Promise<number> =>
      (await z.call('GET', '/customerpayments', undefined, { authorization: `Zoho-oauthtoken ${token}` })).status;
    expect(await status(oldest)).toBe(401);
    for (const token of younger) expect(await status(token)).toBe(200);
  });
});

describe('the consent page', () => {
  const REDIRECT = 'http://127.0.0.1:51123/callback';
  const ask = (sandbox: Sandbox, changes: Record<string, string> = {}): URLSearchParams =>
    new URLSearchParams({
      client_id: sandbox.client_id,
      response_type: 'code',
      scope: 'ZohoBooks.customerpayments.READ,ZohoBooks.contacts.READ',
      redirect_uri: REDIRECT,
      access_type: 'offline',
      state: 'a"b<c>&d',
      ...changes,
    });
  const decide = async (sandbox: Sandbox, parameters: URLSearchParams, decision: string): Promise<URL> => {
    const body = new URLSearchParams(parameters);
    body.set('decision', decision);
    const response = await fetch(`${sandbox.accounts_url}/oauth/v2/auth`, { method: 'POST', body, redirect: 'manual' });
    expect(response.status).toBe(302);
    return new URL(response.headers.get('location') ?? '');
  };

  it('shows the app and the scopes, has a real form, and escapes its input', async () => {
    const { sandbox } = await zoho();
    const response = await fetch(`${sandbox.accounts_url}/oauth/v2/auth?${ask(sandbox, { extra: '"><script>alert(1)</script>' })}`);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(html).toContain('<html lang="en">');
    expect(html).toContain('ZohoBooks.customerpayments.READ');
    expect(html).toMatch(/<form method="post"[\s\S]*value="accept">Accept<[\s\S]*value="reject">Reject</);
    expect(html).toContain('value="a&quot;b&lt;c&gt;&amp;d"');
    expect(html).not.toContain('<script>');
  });

  it('leads from accept to tokens: the redirect has code, location, accounts-server and state', async () => {
    const { sandbox } = await zoho();
    const back = await decide(sandbox, ask(sandbox), 'accept');
    expect(back.origin + back.pathname).toBe(REDIRECT);
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      location: 'us',
      'accounts-server': sandbox.accounts_url,
      state: 'a"b<c>&d',
    });
    const code = back.searchParams.get('code') ?? '';
    const exchange = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT };
    const answer = await askToken(sandbox, exchange);
    expect(Object.keys(answer.body)).toEqual(['access_token', 'refresh_token', 'scope', 'api_domain', 'token_type', 'expires_in']);
    expect(answer.body['scope']).toBe('ZohoBooks.customerpayments.READ ZohoBooks.contacts.READ');
    // A code works only once.
    expect((await askToken(sandbox, exchange)).body).toEqual({ error: 'invalid_code' });
    const again = await askToken(sandbox, { grant_type: 'refresh_token', refresh_token: answer.body['refresh_token'] as string });
    expect(again.body['access_token']).toBeDefined();
  });

  it('gives a refresh token only for offline access, and a second one only with prompt=consent', async () => {
    const { sandbox } = await zoho();
    const exchange = async (changes: Record<string, string>): Promise<unknown> => {
      const back = await decide(sandbox, ask(sandbox, changes), 'accept');
      const answer = await askToken(sandbox, {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: REDIRECT,
      });
      expect(answer.body['access_token']).toBeDefined();
      return answer.body['refresh_token'];
    };
    expect(await exchange({ access_type: 'online' })).toBeUndefined();
    expect(await exchange({})).toBeDefined();
    expect(await exchange({})).toBeUndefined();
    expect(await exchange({ prompt: 'consent' })).toBeDefined();
  });

  it('reports a rejection as access_denied', async () => {
    const { sandbox } = await zoho();
    const back = await decide(sandbox, ask(sandbox), 'reject');
    expect(Object.fromEntries(back.searchParams)).toEqual({ error: 'access_denied', state: 'a"b<c>&d' });
  });

  it('redirects only to an address that it has checked', async () => {
    const { sandbox } = await zoho();
    for (const wrong of [
      { client_id: 'x' },
      { redirect_uri: 'https://evil.example/' },
      { redirect_uri: 'http://127.0.0.1@evil.example/' },
      { response_type: 'token' },
      { scope: '' },
      { scope: 'ZohoCRM.modules.ALL!' },
    ]) {
      const response = await fetch(`${sandbox.accounts_url}/oauth/v2/auth?${ask(sandbox, wrong)}`, { redirect: 'manual' });
      expect(response.status, JSON.stringify(wrong)).toBe(400);
    }
  });

  it('issues a code that is accepted only with its redirect address and within two minutes', async () => {
    let now = Date.now();
    const { sandbox } = await zoho({ now: () => new Date(now) });
    const code = async (): Promise<string> => (await decide(sandbox, ask(sandbox), 'accept')).searchParams.get('code') ?? '';
    const other = await askToken(sandbox, { grant_type: 'authorization_code', code: await code(), redirect_uri: 'http://127.0.0.1:1/' });
    expect([other.status, other.body]).toEqual([200, { error: 'invalid_redirect_uri' }]);
    const late = await code();
    now += 121_000;
    expect((await askToken(sandbox, { grant_type: 'authorization_code', code: late, redirect_uri: REDIRECT })).body).toEqual({
      error: 'invalid_code',
    });
  });
});

it('the code of a Self Client is exchanged without a redirect address', async () => {
  const z = await zoho();
  const { code } = (await z.control('POST', '/codes', { scopes: ['ZohoBooks.customerpayments.READ'] })).body;
  const answer = await askToken(z.sandbox, { grant_type: 'authorization_code', code: code as string });
  expect(answer.body).toMatchObject({ scope: 'ZohoBooks.customerpayments.READ' });
  const authorization = `Zoho-oauthtoken ${answer.body['access_token'] as string}`;
  expect((await z.call('GET', `/customerpayments/${SEED.samplePayment}`, undefined, { authorization })).status).toBe(200);
  expect((await z.call('DELETE', `/customerpayments/${SEED.samplePayment}`, undefined, { authorization })).body['code']).toBe(57);
});

it('the accounts server of the sandbox lists the data centers', async () => {
  const { sandbox } = await zoho();
  const { body } = await read(await fetch(`${sandbox.accounts_url}/oauth/serverinfo`));
  expect(body['locations']).toMatchObject({ us: sandbox.url, eu: 'https://accounts.zoho.eu' });
});
