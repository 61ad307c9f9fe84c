import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { ROOMY, SEED, createPayment, read, refusal, zoho } from './harness.ts';

const NOT_AUTHENTICATED =
  'The request could not be authenticated as the authentication value you entered is invalid. ' +
  'Enter a valid authentication value and try again.';
const NO_RESOURCE = 'We couldnt find any resource for the given ID. Please verify the ID and try again.';

describe('the authorization of a request', () => {
  it('refuses a missing or wrong token with 401 code 14', async () => {
    const { sandbox } = await zoho();
    const url = `${sandbox.api_base_url}/customerpayments?organization_id=${sandbox.organization_id}`;
    for (const headers of [{}, { authorization: 'Zoho-oauthtoken 1000.a.b' }, { authorization: 'nonsense' }]) {
      expect(refusal(await read(await fetch(url, { headers })))).toEqual([401, 14, NOT_AUTHENTICATED]);
    }
  });

  it('accepts the token as Zoho-oauthtoken and as Bearer', async () => {
    const z = await zoho();
    const token = await z.token();
    for (const scheme of ['Zoho-oauthtoken', 'Bearer']) {
      expect((await z.call('GET', '/customerpayments', undefined, { authorization: `${scheme} ${token}` })).status).toBe(200);
    }
  });

  it('checks the scope of each call, and refuses with 401 code 57', async () => {
    const z = await zoho({ scopes: ['ZohoBooks.customerpayments.READ'] });
    expect((await z.get('/customerpayments')).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/customerpayments'],
      ['PUT', `/customerpayments/${SEED.samplePayment}`],
      ['DELETE', `/customerpayments/${SEED.samplePayment}`],
      ['POST', `/customerpayments/${SEED.samplePayment}/refunds`],
      ['PUT', `/customerpayment/${SEED.samplePayment}/customfields`],
      ['GET', '/contacts'],
      ['GET', '/invoices'],
      ['GET', '/bankaccounts'],
      ['GET', '/organizations'],
    ] as const) {
      const answer = await z.call(method, path, method === 'GET' ? undefined : {});
      expect(refusal(answer), `${method} ${path}`).toEqual([401, 57, 'You are not authorized to perform this operation']);
    }
  });

  it('accepts ALL of a module and fullaccess', async () => {
    for (const scope of ['ZohoBooks.customerpayments.ALL', 'ZohoBooks.fullaccess.all']) {
      const z = await zoho({ scopes: [scope] });
      expect((await z.call('DELETE', `/customerpayments/${SEED.advance}`)).status).toBe(200);
    }
  });

  it('refuses a wrong or missing organization with 400 code 6041, except for calls that need no organization', async () => {
    const z = await zoho();
    const wrong = [400, 6041, 'This user is not associated with the CompanyID/CompanyName:104.'];
    expect(refusal(await z.get('/customerpayments?organization_id=999'))).toEqual(wrong);
    const token = await z.token();
    const bare = (path: string): Promise<Response> =>
      fetch(z.sandbox.api_base_url + path, { headers: { authorization: `Zoho-oauthtoken ${token}` } });
    expect(refusal(await read(await bare('/customerpayments')))).toEqual(wrong);
    const organizations = (await read(await bare('/organizations'))).body['organizations'] as { organization_id: string }[];
    expect(organizations.map((row) => row.organization_id)).toEqual([z.sandbox.organization_id]);
  });

  it('lists all organizations of the account, but has books only for one of them', async () => {
    const z = await zoho({ organizations: [{ organization_id: '999', name: 'Elsewhere' }] });
    expect((await z.get('/organizations')).body['organizations']).toMatchObject([
      { organization_id: '999', name: 'Elsewhere', is_default_org: false },
    ]);
    expect((await z.get('/customerpayments')).status).toBe(200);
    expect((await z.get('/customerpayments?organization_id=999')).body['code']).toBe(6041);
  });
});

describe('a request', () => {
  it('to an unknown path gets 404 code 5', async () => {
    const z = await zoho();
    for (const path of ['/nothing', '/customerpayments/1/2/3/4', '/customerpayment/1', '/customerpayments/']) {
      expect(refusal(await z.get(path)), path).toEqual([404, 5, 'Invalid URL Passed']);
    }
  });

  it('for a missing record gets code 1002; with a malformed id, or for a path that does not exist below a record, it gets code 5', async () => {
    const z = await zoho();
    expect(refusal(await z.get('/customerpayments/712345000000999999'))).toEqual([404, 1002, 'Payment does not exist.']);
    expect(refusal(await z.get('/invoices/712345000000999999'))).toEqual([404, 1002, 'Invoice does not exist.']);
    expect(refusal(await z.get('/contacts/712345000000999999'))).toEqual([404, 1002, 'Contact does not exist.']);
    expect(refusal(await z.get('/customerpayments/abc'))).toEqual([404, 5, NO_RESOURCE]);
    expect(refusal(await z.get(`/customerpayments/${SEED.samplePayment}/refunds/1`))).toEqual([404, 5, NO_RESOURCE]);
    // A refund of another payment does not belong to this payment.
    expect(refusal(await z.get(`/customerpayments/${SEED.mixed}/refunds/${SEED.sampleRefund}`))).toEqual([404, 5, NO_RESOURCE]);
  });

  it('with a wrong method gets 405 and the allowed methods', async () => {
    const z = await zoho();
    const answer = await z.call('PATCH', '/customerpayments');
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toContain('POST');
    expect((await z.call('POST', '/contacts', {})).status).toBe(405);
  });

  it('for a missing record is refused before its body is read', async () => {
    const z = await zoho();
    expect((await z.call('PUT', '/customerpayments/712345000000999999', { amount: 'x' })).body['code']).toBe(1002);
  });

  it('without a JSON object is refused with 400 code 4', async () => {
    const z = await zoho();
    const token = await z.token();
    const url = `${z.sandbox.api_base_url}/customerpayments?organization_id=${z.sandbox.organization_id}`;
    for (const body of ['{"amount":', '', '[]', '"text"', 'null']) {
      const answer = await read(await fetch(url, { method: 'POST', headers: { authorization: `Zoho-oauthtoken ${token}` }, body }));
      expect(refusal(answer), body).toEqual([400, 4, 'JSON is not well formed']);
    }
  });

  it('keeps the digits of ids that are sent as numbers', async () => {
    const z = await zoho();
    const token = await z.token();
    const url = `${z.sandbox.api_base_url}/customerpayments?organization_id=${z.sandbox.organization_id}`;
    const body =
      `{"customer_id":${SEED.bowman},"amount":1,"description":"12345678901234567890",` +
      `"invoices":[{"invoice_id":${SEED.open450},"amount_applied":1}]}`;
    const answer = await read(await fetch(url, { method: 'POST', headers: { authorization: `Zoho-oauthtoken ${token}` }, body }));
    expect(answer.body['payment']).toMatchObject({
      customer_id: SEED.bowman,
      description: '12345678901234567890',
      invoices: [{ invoice_id: SEED.open450 }],
    });
  });

  it('can have its body in the form field JSONString', async () => {
    const z = await zoho();
    const token = await z.token();
    const body = new URLSearchParams({
      JSONString: JSON.stringify({ customer_id: SEED.bowman, amount: '12.50', payment_mode: 'cash', date: '2026-07-01' }),
    });
    const url = `${z.sandbox.api_base_url}/customerpayments?organization_id=${z.sandbox.organization_id}`;
    const answer = await read(await fetch(url, { method: 'POST', headers: { authorization: `Zoho-oauthtoken ${token}` }, body }));
    expect(answer.status).toBe(201);
    expect(answer.body['payment']).toMatchObject({ amount: 12.5 });
  });
});

describe('every answer', () => {
  it('shows the daily quota, even if the request was refused', async () => {
    const z = await zoho({ limits: { per_day: 5000 }, now: () => new Date('2026-06-09T13:47:45Z') });
    const first = await z.get('/customerpayments');
    expect(first.headers.get('x-rate-limit-limit')).toBe('5000');
    expect(first.headers.get('x-rate-limit-remaining')).toBe('4999');
    // It is 09:47:45 in New York: the seconds until midnight there.
    expect(first.headers.get('x-rate-limit-reset')).toBe(String(14 * 3600 + 12 * 60 + 15));
    expect(first.headers.get('date')).toBe('Tue, 09 Jun 2026 13:47:45 GMT');
    const second = await z.get('/customerpayments/1');
    expect(second.headers.get('x-rate-limit-remaining')).toBe('4998');
  });

  it("has times in the organization's time zone without a colon, and ids above 2^53", async () => {
    const z = await zoho({ now: () => new Date('2026-12-01T04:30:00Z') });
    const payment = await createPayment(z, { amount: 1, date: undefined });
    expect(payment['created_time']).toBe('2026-11-30T23:30:00-0500');
    expect(payment['date']).toBe('2026-11-30');
    expect(BigInt(payment['payment_id'] as string)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    expect(payment['payment_id']).toHaveLength(18);
  });
});

describe('the sandbox', () => {
  const status = (port: string, headers: Record<string, string>, method = 'GET', path = '/__sandbox/books'): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });

  it('serves only this machine: it refuses a foreign Host and a foreign Origin', async () => {
    const { sandbox } = await zoho();
    const { port } = new URL(sandbox.url);
    expect(await status(port, { host: `127.0.0.1:${port}` })).toBe(200);
    expect(await status(port, { host: `localhost:${port}` })).toBe(200);
    expect(await status(port, { host: 'evil.example' })).toBe(403);
    expect(await status(port, { host: `127.0.0.1.evil.example:${port}` })).toBe(403);
    expect(await status(port, { host: `127.0.0.1:${port}`, origin: 'https://evil.example' }, 'POST', '/__sandbox/reset')).toBe(403);
    expect(await status(port, { host: `127.0.0.1:${port}`, origin: 'null' }, 'POST', '/__sandbox/reset')).toBe(403);
  });

  it('can be closed even if connections are kept alive and a request is in progress', async () => {
    const sandbox = await startSandbox({ limits: ROOMY });
    await fetch(`${sandbox.url}/__sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ match: { path: '/oauth/serverinfo' }, fault: 'delay', delay_ms: 600_000 }),
    });
    const hanging = fetch(`${sandbox.url}/oauth/serverinfo`).catch(() => 'gone');
    const faults = async () => ((await (await fetch(`${sandbox.url}/__sandbox/faults`)).json()) as { faults: unknown[] }).faults;
    await expect.poll(faults).toEqual([]);
    await sandbox.close();
    expect(await hanging).toBe('gone');
  });
});
