import { describe, expect, it } from 'vitest';
import { SEED, refusal, zoho } from './harness.ts';

const PER_MINUTE =
  'For security reasons your organization has been blocked as it have exceeded ' +
  'the maximum number of requests per minute that can originate from an organization.';

describe('the limits of the sandbox', () => {
  it("are Zoho's limits by default", async () => {
    const z = await zoho({ limits: { per_minute: 100, per_day: 5000, concurrent: 10 } });
    expect((await z.control('GET', '/limits')).body).toMatchObject({
      per_minute: 100,
      minute_ms: 60_000,
      per_day: 5000,
      concurrent: 10,
      access_tokens: 10,
      access_tokens_window_ms: 600_000,
    });
    // A long window, so that the test stays within it even on a slow machine.
    await z.control('POST', '/limits', { minute_ms: 600_000 });
    for (let count = 0; count < 100; count += 1) expect((await z.get('/organizations')).status).toBe(200);
    expect((await z.get('/organizations')).body['code']).toBe(44);
  });

  it('refuse calls with 429 code 44 when the calls of the minute are used up, and nothing is written', async () => {
    let now = Date.parse('2026-06-01T12:00:00Z');
    const z = await zoho({ limits: { per_minute: 2, minute_ms: 300 }, now: () => new Date(now) });
    expect((await z.get('/customerpayments')).status).toBe(200);
    expect((await z.get('/nonsense')).status).toBe(404);
    const blocked = await z.call('DELETE', `/customerpayments/${SEED.advance}`);
    expect(refusal(blocked)).toEqual([429, 44, PER_MINUTE]);
    expect(blocked.headers.get('x-rate-limit-limit')).not.toBeNull();
    expect(blocked.headers.get('retry-after')).toBeNull();
    now += 300;
    expect((await z.get(`/customerpayments/${SEED.advance}`)).status).toBe(200);
  });

  it('refuse calls with 429 code 45 when the calls of the day are used up, until midnight in New York', async () => {
    let now = Date.parse('2026-06-10T03:59:00Z');
    const z = await zoho({ limits: { per_day: 2 }, now: () => new Date(now) });
    await z.get('/customerpayments');
    expect((await z.get('/customerpayments')).headers.get('x-rate-limit-remaining')).toBe('0');
    expect(refusal(await z.get('/customerpayments'))).toEqual([
      429,
      45,
      'The API call for this organization has exceeded the maximum call rate limit of 2.',
    ]);
    now += 60_000;
    const next = await z.get('/customerpayments');
    expect([next.status, next.headers.get('x-rate-limit-remaining')]).toEqual([200, '1']);
  });

  it('refuse too many calls at the same time with 429 code 1070', async () => {
    const z = await zoho({ limits: { concurrent: 2 } });
    await z.get('/customerpayments');
    await z.fault({ match: { path: '/customerpayments' }, fault: 'delay', delay_ms: 60_000, times: 2 });
    const slow = [z.get('/customerpayments'), z.get('/customerpayments')];
    await expect.poll(async () => (await z.control('GET', '/faults')).body['faults']).toEqual([]);
    expect(refusal(await z.get('/contacts'))).toEqual([
      429,
      1070,
      'You have reached the maximum number of in process requests allowed. Kindly try again after some time.',
    ]);
    await z.control('POST', '/release');
    for (const answer of await Promise.all(slow)) expect(answer.status).toBe(200);
    expect((await z.get('/contacts')).status).toBe(200);
  });

  it('can be changed while the sandbox runs', async () => {
    const z = await zoho();
    expect((await z.control('POST', '/limits', { per_minute: 1 })).status).toBe(200);
    await z.get('/customerpayments');
    expect((await z.get('/customerpayments')).body['code']).toBe(44);
    await z.control('POST', '/limits', { per_minute: 1000 });
    expect((await z.get('/customerpayments')).status).toBe(200);
    expect((await z.control('POST', '/limits', { per_week: 1 })).status).toBe(400);
  });
});
