import { describe, expect, it } from 'vitest';
import { type Body, SEED, type Zoho, askToken, zoho } from './harness.ts';

const POST = { method: 'POST', path: '^/customerpayments$' };
const BODY = { customer_id: SEED.bowman, payment_mode: 'cash', amount: 100, date: '2026-07-01', reference_number: 'FAULTY' };

async function recorded(z: Zoho): Promise<number> {
  return ((await z.get('/customerpayments?reference_number=FAULTY')).body['customerpayments'] as Body[]).length;
}

/** Sends a create and returns the raw answer. */
async function send(z: Zoho): Promise<{ status: number; headers: Headers; text: string } | 'lost'> {
  const token = await z.token();
  try {
    const response = await fetch(`${z.sandbox.api_base_url}/customerpayments?organization_id=${z.sandbox.organization_id}`, {
      method: 'POST',
      headers: { authorization: `Zoho-oauthtoken ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(BODY),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch {
    return 'lost';
  }
}

async function lastRequest(z: Zoho): Promise<Body> {
  const { requests } = (await z.control('GET', '/requests')).body as { requests: Body[] };
  return requests.findLast((entry) => entry['path'] === '/books/v3/customerpayments' && entry['method'] === 'POST') ?? {};
}

describe('a fault', () => {
  it('drop_before loses the request, and changes nothing', async () => {
    const z = await zoho();
    await z.fault({ match: POST, fault: 'drop_before' });
    expect(await send(z)).toBe('lost');
    expect(await recorded(z)).toBe(0);
    expect(await lastRequest(z)).toMatchObject({ fault: 'drop_before', status: null, applied: [] });
  });

  it('drop_after makes the change and loses the answer', async () => {
    const z = await zoho();
    await z.fault({ match: POST, fault: 'drop_after' });
    expect(await send(z)).toBe('lost');
    expect(await recorded(z)).toBe(1);
    expect(await lastRequest(z)).toMatchObject({ fault: 'drop_after', status: null, applied: [expect.any(String)] });
    await z.books();
  });

  it('delay waits first, then makes the change even if the client has disconnected', async () => {
    const z = await zoho();
    await z.get('/organizations');
    await z.fault({ match: POST, fault: 'delay', delay_ms: 60_000 });
    const token = await z.token();
    const leave = new AbortController();
    const gone = fetch(`${z.sandbox.api_base_url}/customerpayments?organization_id=${z.sandbox.organization_id}`, {
      method: 'POST',
      headers: { authorization: `Zoho-oauthtoken ${token}` },
      body: JSON.stringify(BODY),
      signal: leave.signal,
    });
    await expect.poll(() => lastRequest(z)).toMatchObject({ fault: 'delay', status: null });
    leave.abort();
    await expect(gone).rejects.toThrow();
    expect(await recorded(z)).toBe(0);
    await z.control('POST', '/release');
    await expect.poll(() => recorded(z)).toBe(1);
  });

  it('delay with after makes the change first, then answers late', async () => {
    const z = await zoho();
    await z.get('/organizations');
    await z.fault({ match: POST, fault: 'delay', delay_ms: 300, after: true });
    const started = performance.now();
    expect(await send(z)).toMatchObject({ status: 201 });
    expect(performance.now() - started).toBeGreaterThanOrEqual(290);

    await z.fault({ match: POST, fault: 'delay', delay_ms: 60_000, after: true });
    const pending = send(z);
    await expect.poll(() => recorded(z)).toBe(2);
    await z.control('POST', '/release', { match: { method: 'GET' } });
    expect(await lastRequest(z)).toMatchObject({ status: null });
    await z.control('POST', '/release', { match: POST });
    expect(await pending).toMatchObject({ status: 201 });
  });

  it.each([
    ['status', { status: 502, code: 1000, message: 'Bad gateway' }, 502],
    ['status', { status: 400, code: 108004, message: 'Transactions cannot be matched' }, 400],
    ['status', {}, 500],
    ['html', {}, 503],
    ['malformed', {}, 201],
    ['truncate', {}, 0],
    ['unauthorized', {}, 401],
    ['rate_limit', { code: 45 }, 429],
  ] as const)('%s %o does not make the change', async (fault, more, status) => {
    const z = await zoho();
    await z.fault({ match: POST, fault, ...more });
    const answer = await send(z);
    expect(answer === 'lost' ? 0 : answer.status).toBe(status);
    if (answer !== 'lost') expect(answer.headers.get('location')).toBeNull();
    expect(await recorded(z)).toBe(0);
    await z.books();
  });

  it('status answers with the status, code and message of the fault', async () => {
    const z = await zoho();
    for (const [status, code, message] of [
      [400, 108004, 'Transactions cannot be matched'],
      [404, 5, 'Invalid URL Passed'],
      [500, 1000, 'Internal error'],
    ] as const) {
      await z.fault({ match: { path: '/customerpayments' }, fault: 'status', status, code, message });
      const answer = await z.get('/customerpayments');
      expect([answer.status, answer.body]).toEqual([status, { code, message }]);
    }
  });

  it.each(['status', 'html', 'malformed', 'truncate'] as const)('%s with after: true makes the change first', async (fault) => {
    const z = await zoho();
    await z.fault({ match: POST, fault, after: true });
    const answer = await send(z);
    expect(await recorded(z)).toBe(1);
    if (fault === 'truncate') expect(answer).toBe('lost');
    if (fault === 'malformed') {
      if (answer === 'lost') throw new Error('lost');
      expect([answer.status, answer.headers.get('location')]).toEqual([
        201,
        expect.stringMatching(/^\/api\/v3\/customerpayments\/\d{18}$/),
      ]);
      expect(() => JSON.parse(answer.text) as unknown).toThrow();
    }
    await z.books();
  });

  it('html answers with an HTML page', async () => {
    const z = await zoho();
    await z.fault({ match: { path: '/customerpayments' }, fault: 'html', status: 200 });
    const answer = await z.get('/customerpayments');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html;charset=UTF-8']);
    expect(answer.body['text']).toContain('<html');
  });

  it('truncate sends less than the content-length header says', async () => {
    const z = await zoho();
    await z.fault({ match: { path: '/customerpayments' }, fault: 'truncate' });
    await expect(z.get('/customerpayments')).rejects.toThrow();
    expect((await z.get('/customerpayments')).status).toBe(200);
  });

  it("unauthorized and rate_limit answer with Zoho's codes", async () => {
    const z = await zoho();
    await z.get('/customerpayments');
    for (const [fault, code, status] of [
      ['unauthorized', undefined, 401],
      ['unauthorized', 57, 401],
      ['rate_limit', undefined, 429],
      ['rate_limit', 45, 429],
      ['rate_limit', 1070, 429],
    ] as const) {
      await z.fault({ match: { path: '/customerpayments' }, fault, ...(code === undefined ? {} : { code }) });
      const answer = await z.get('/customerpayments');
      expect([answer.status, answer.body['code']]).toEqual([status, code ?? (fault === 'rate_limit' ? 44 : 14)]);
      expect(answer.headers.get('x-rate-limit-remaining')).not.toBeNull();
    }
  });

  it('can also affect the token endpoint', async () => {
    const { sandbox, fault } = await zoho();
    const refresh = { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token };
    await fault({ match: { path: '/oauth/v2/token' }, fault: 'rate_limit' });
    expect(await askToken(sandbox, refresh)).toMatchObject({ status: 400, body: { error: 'Access Denied' } });
    await fault({ match: { path: '/oauth/v2/token' }, fault: 'unauthorized' });
    expect(await askToken(sandbox, refresh)).toMatchObject({ status: 200, body: { error: 'invalid_code' } });
    await fault({ match: { path: '/oauth/v2/token' }, fault: 'unauthorized', message: 'general_error' });
    expect(await askToken(sandbox, refresh)).toMatchObject({ status: 200, body: { error: 'general_error' } });
    await fault({ match: { path: '/oauth/v2/token' }, fault: 'drop_before' });
    await expect(askToken(sandbox, refresh)).rejects.toThrow();
    await fault({ match: { path: '/oauth/v2/token' }, fault: 'html' });
    expect((await askToken(sandbox, refresh)).status).toBe(503);
    expect((await askToken(sandbox, refresh)).body['access_token']).toBeDefined();
  });

  it('matches by method, prefix, pattern and query, skips requests, and ends after a number of times', async () => {
    const z = await zoho();
    const statuses = async (path: string, times: number): Promise<number[]> => {
      const all: number[] = [];
      for (let count = 0; count < times; count += 1) all.push((await z.get(path)).status);
      return all;
    };
    await z.get('/organizations');
    await z.fault({ match: { method: 'GET', path: '/customerpayments' }, fault: 'status', status: 500, skip: 1, times: 2 });
    expect(await statuses(`/customerpayments/${SEED.samplePayment}`, 4)).toEqual([200, 500, 500, 200]);
    await z.fault({ match: { path: String.raw`/customerpayments/\d+/refunds$` }, fault: 'status', status: 500 });
    expect(await statuses('/customerpayments', 1)).toEqual([200]);
    expect(await statuses(`/customerpayments/${SEED.samplePayment}/refunds`, 2)).toEqual([500, 200]);
    await z.fault({ match: { path: '/books/v3/customerpayments', query: { page: '2' } }, fault: 'status', status: 500 });
    expect(await statuses('/customerpayments?page=1', 1)).toEqual([200]);
    expect(await statuses('/customerpayments?page=2', 2)).toEqual([500, 200]);
    await z.fault({ match: { method: 'DELETE' }, fault: 'status', status: 500 });
    expect(await statuses('/customerpayments', 1)).toEqual([200]);
    expect((await z.control('GET', '/faults')).body['faults']).toHaveLength(1);
    await z.control('DELETE', '/faults');
    expect((await z.call('DELETE', `/customerpayments/${SEED.advance}`)).status).toBe(200);
  });

  it('is refused if it is invalid', async () => {
    const z = await zoho();
    for (const wrong of [
      {},
      { fault: 'explode' },
      { fault: 'status', times: 0 },
      { fault: 'status', status: 99 },
      { fault: 'delay', delay_ms: 'long' },
      { fault: 'status', match: { path: '(' } },
      'status',
    ]) {
      expect((await z.control('POST', '/faults', wrong)).status, JSON.stringify(wrong)).toBe(400);
    }
    for (const [wrong, error] of [
      [{ fault: 'status', match: { metod: 'POST' } }, 'match has no metod: it can have method, path, query'],
      [{ fault: 'status', time: 2 }, 'a fault has no time: it can have fault, match, times, '],
    ] as const)
      expect((await z.control('POST', '/faults', wrong)).body['error']).toContain(error);
    for (const wrong of ['all', { match: { path: '(' } }]) expect((await z.control('POST', '/release', wrong)).status).toBe(400);
  });
});

describe('the request log', () => {
  it('lists requests in order, without tokens and secrets', async () => {
    const z = await zoho();
    const answer = await z.call('POST', '/customerpayments?note=1', BODY, { 'X-Upsert': 'true' });
    const id = (answer.body['payment'] as Body)['payment_id'];
    const response = await fetch(`${z.sandbox.url}/__sandbox/requests`);
    const text = await response.text();
    for (const secret of [z.sandbox.client_secret, z.sandbox.refresh_token, '1000.'])
      expect(text.replaceAll(z.sandbox.client_id, '')).not.toContain(secret);
    const { requests } = JSON.parse(text) as { requests: Body[] };
    expect(requests.map((entry) => entry['seq'])).toEqual([1, 2]);
    expect(requests[0]).toMatchObject({ method: 'POST', path: '/oauth/v2/token', status: 200 });
    expect(requests[1]).toMatchObject({
      method: 'POST',
      path: '/books/v3/customerpayments',
      query: { note: '1', organization_id: z.sandbox.organization_id },
      headers: { authorization: 'Zoho-oauthtoken ***', 'x-upsert': 'true' },
      body: BODY,
      status: 201,
      code: 0,
      applied: [id],
      fault: null,
    });
    await z.control('DELETE', '/requests');
    expect((await z.control('GET', '/requests')).body['requests']).toEqual([]);
  });

  it('lists no changed ids for a refused write', async () => {
    const z = await zoho();
    await z.call('POST', '/customerpayments', { ...BODY, invoices: [{ invoice_id: SEED.open450, amount_applied: 451 }], amount: 500 });
    expect(await lastRequest(z)).toMatchObject({ status: 400, code: 24016, applied: [] });
  });
});

it('the sandbox lists all of its controls, and every listed control exists', async () => {
  const z = await zoho();
  const { endpoints } = (await z.control('GET', '')).body as { endpoints: Record<string, string> };
  expect((await z.control('GET', '/')).body).toEqual({ endpoints });
  for (const endpoint of Object.keys(endpoints)) {
    const [method = '', path = ''] = endpoint.split(' ');
    expect((await z.control(method, path.replace('/__sandbox', ''), method === 'POST' ? {} : undefined)).status, endpoint).not.toBe(404);
  }
  expect((await z.control('GET', '/nothing')).status).toBe(404);
  expect((await z.control('GET', '/requests')).body['requests']).toEqual([]);
});

it('a reset restores the first books, and the credentials of connected clients still work', async () => {
  const z = await zoho();
  const before = await z.books();
  const list = (await z.get('/customerpayments')).body;
  await z.call('POST', '/customerpayments', BODY);
  await z.call('DELETE', `/customerpayments/${SEED.excess100}`);
  expect(await z.books()).not.toEqual(before);
  expect((await z.control('POST', '/reset')).status).toBe(200);
  expect(await z.books()).toEqual(before);
  expect((await z.get('/customerpayments')).body).toEqual(list);
});
