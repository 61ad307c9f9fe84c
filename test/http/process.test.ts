import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, describe } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { arrives, fault, held, isWaiting, release, writesTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { addressOf, call, post, resultIn } from '../support/program-http.ts';
import { folder, run, settingsFor, start } from '../support/program.ts';

/** The built program as an HTTP server: how it starts, what prevents a start, how it stops. */

const payment = call('record_customer_payment', { customer: 'Bowman Furniture', amount: 5, payment_mode: 'cash', allocate: 'as_credit' });

it('serves the practice books, with nothing on stdout, and its address as one line on stderr', async () => {
  const server = start(['serve', '--http', '--port', '0', '--sandbox=memory']);
  const url = await addressOf(server);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  expect(await (await fetch(new URL('/readyz', url))).json()).toEqual({ status: 'ready' });
  const result = await resultIn(await post(url, call('find_payments', { customer: 'Bowman Furniture' })));
  expect(result['structuredContent']['sandbox']).toBe(true);
  server.child.kill('SIGTERM');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(server.stdout).toEqual([]);
  expect(server.stderr()).toBe(`zoho-payments-mcp: serving MCP on ${url}\n`);
});

it('is not ready if its journal cannot be opened, but is alive', async () => {
  const server = start(['serve', '--http', '--port', '0']);
  const url = await addressOf(server);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  expect((await fetch(new URL('/readyz', url))).status).toBe(503);
});

it.each(['SIGTERM', 'SIGINT'] as const)('finishes a write that was sent before it ends after %s, and refuses new calls', async (signal) => {
  const sandbox = await startSandbox({});
  closers.push(() => sandbox.close());
  const stateDir = folder();
  const settings = { ...settingsFor(sandbox), ZOHO_PAYMENTS_CONFIRM: 'host', ZOHO_PAYMENTS_STATE_DIR: stateDir };
  const server = start(['serve', '--http', '--port', '0'], settings);
  const url = await addressOf(server);
  await resultIn(await post(url, call('find_payments', { customer: 'Bowman Furniture' })));
  await fault(sandbox, { match: { method: 'POST', path: '/customerpayments' }, ...held });
  const writing = post(url, payment).then(resultIn);
  await isWaiting(sandbox, 'POST');
  server.child.kill(signal);
  await expect.poll(async () => (await fetch(new URL('/readyz', url))).status).toBe(503);
  const refused = await post(url, payment);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  await arrives(sandbox, 'POST');
  expect((await writing)['structuredContent']['outcome']).toBe('recorded');
  expect(await server.ended).toEqual({ code: 0, signal: null });
  await release(sandbox);
  expect(await writesTo({ sandbox })).toHaveLength(1);
  const { stdout } = await run(['journal', 'list', '--json'], settings);
  expect(stdout).toContain('"recorded"');
});

it('a token that `token create` prints lets its caller in', async () => {
  const made = await run(['token', 'create', '--caller', 'agent', '--scopes', 'payments:read', '--expires', '2099-01-01']);
  expect(made.code).toBe(0);
  const token = /zpm_\S+/.exec(made.stderr)?.[0] ?? '';
  expect(made.stdout).not.toContain(token);
  const file = join(folder(), 'tokens.json');
  writeFileSync(file, `{ "tokens": [${made.stdout}] }`);
  const server = start(['serve', '--http', '--port', '0', '--sandbox=memory', '--auth-tokens', file]);
  const url = await addressOf(server);
  expect((await post(url, { method: 'ping' })).status).toBe(401);
  expect((await post(url, { method: 'ping' }, { authorization: `Bearer ${token}` })).status).toBe(200);
});

describe('the start is refused', () => {
  /** Replaced by the path of a file with these tokens. */
  const none = 'FILE []';
  const noExpiry = `FILE ${JSON.stringify([{ sha256: '0'.repeat(64), caller: 'a', scopes: ['payments:read'] }])}`;
  const withFiles = (args: readonly string[]) =>
    args.map((arg) => {
      if (!arg.startsWith('FILE ')) return arg;
      const file = join(folder(), 'tokens.json');
      writeFileSync(file, `{ "tokens": ${arg.slice(5)} }`);
      return file;
    });
  it.each([
    ['for other machines without authentication', ['--host', '0.0.0.0'], /nobody has to identify themselves/],
    ['for other machines over IPv6 without authentication', ['--host', '::'], /nobody has to identify themselves/],
    ['for other machines without a public address', ['--host', '0.0.0.0', '--auth-tokens', none], /needs --public-url/],
    ['with an unencrypted public address', ['--public-url', 'http://payments.example.com'], /must be an https address/],
    ['with a public address that has a path', ['--public-url', 'https://example.com/payments'], /without a path/],
    ['with an origin that is not one', ['--allow-origin', '*'], /--allow-origin must be an address/],
    ['with a proxy that is not an address', ['--trust-proxy', 'proxy.example.com'], /--trust-proxy must list addresses/],
    ['with an unencrypted issuer', ['--auth-issuer', 'http://login.example.com'], /--auth-issuer must be an https address/],
    ['with an audience but no issuer', ['--auth-audience', 'a'], /--auth-audience needs --auth-issuer/],
    ['with a token without expiry', ['--auth-tokens', noExpiry], /expires/],
    ['with a file of tokens that is missing', ['--auth-tokens', '/nowhere.json'], /ENOENT/],
    [
      'with an address of another machine',
      ['--host', '203.0.113.1', '--auth-tokens', none, '--public-url', 'https://a.example'],
      /cannot listen/,
    ],
  ])('%s', async (_, args, why) => {
    const { code, stdout, stderr } = await run(['serve', '--http', '--port', '0', '--sandbox=memory', ...withFiles(args)]);
    expect(stderr).toMatch(why);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('with an option of HTTP but without --http', async () => {
    const { code, stderr } = await run(['serve', '--auth-tokens', '/nowhere.json']);
    expect({ code, stderr }).toMatchObject({ stderr: expect.stringContaining('--auth-tokens needs --http') });
    expect(code).not.toBe(0);
  });
});
