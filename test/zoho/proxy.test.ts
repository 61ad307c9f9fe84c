import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { toRequest } from '../../src/endpoint.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { AccessError, BusyError, PaymentsError } from '../../src/errors.ts';
import { errorFacts } from '../../src/mcp/results.ts';
import { createHttp } from '../../src/zoho/http.ts';
import { requestTokens } from '../../src/zoho/oauth.ts';
import { requestsTo, seed } from '../support/books.ts';
import { closedPort } from '../support/closed-port.ts';
import { closers } from '../support/closers.ts';
import { harness, textOf } from '../support/harness.ts';
import { hostileZoho } from '../support/hostile-zoho.ts';
import { run } from '../support/program.ts';
import { anyEdge, errorLines, nextOf } from '../support/worded.ts';

/** Answers of a proxy and failures on the way to it: the error names the proxy and says that nothing was sent. */

type Behaviour = (near: Socket, tunnel: (port: number) => void) => void;

const answering =
  (status: number, words = 'No'): Behaviour =>
  (near) =>
    void near.end(`HTTP/1.1 ${status} ${words}\r\ncontent-length: 2\r\n\r\nno`);

/** A proxy with a changeable behaviour. It connects every name to `port` of this machine. */
async function startProxy(behaves: Behaviour) {
  const proxy = { behaves, host: '', connects: [] as string[] };
  const sockets = new Set<Socket>();
  const kept = (socket: Socket) => void sockets.add(socket.on('error', () => socket.destroy()));
  const server = createServer((_request, response) => void response.writeHead(501).end());
  server.on('connection', kept);
  server.on('connect', (request: IncomingMessage, near: Socket) => {
    proxy.connects.push(request.url ?? '');
    proxy.behaves(near, (port) => {
      const far = connect(port, '127.0.0.1', () => {
        near.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        near.pipe(far).pipe(near);
      });
      kept(far);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  proxy.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

interface Row {
  readonly when: string;
  readonly at: () => Promise<string>;
  /** The scheme in the proxy's address. */
  readonly scheme?: string;
  readonly error: typeof AccessError | typeof BusyError;
  readonly code: 'proxy_refused' | 'proxy_unavailable';
  readonly says: string;
}

const behaving = (behaves: Behaviour) => async () => (await startProxy(behaves)).host;

const rows: Row[] = [
  ...[407, 403, 400, 401, 404, 405].map((status): Row => ({
    when: `the proxy answers with HTTP ${status}`,
    at: behaving(answering(status)),
    error: AccessError,
    code: 'proxy_refused',
    says: `HTTP ${status}`,
  })),
  ...[500, 502, 503, 504, 408, 429].map((status): Row => ({
    when: `the proxy answers with HTTP ${status}`,
    at: behaving(answering(status)),
    error: BusyError,
    code: 'proxy_unavailable',
    says: `HTTP ${status}`,
  })),
  {
    when: 'the proxy closes the connection',
    at: behaving((near) => void near.destroy()),
    error: BusyError,
    code: 'proxy_unavailable',
    says: 'the connection broke',
  },
  {
    when: 'the proxy does not answer',
    at: behaving(() => undefined),
    error: BusyError,
    code: 'proxy_unavailable',
    says: 'no answer within 0.8 s',
  },
  {
    when: 'the proxy uses another protocol',
    at: behaving((near) => void near.end('SSH-2.0-OpenSSH_9.6\r\n')),
    error: BusyError,
    code: 'proxy_unavailable',
    says: '',
  },
  {
    when: "nothing listens at the proxy's address",
    at: async () => `127.0.0.1:${await closedPort()}`,
    error: BusyError,
    code: 'proxy_unavailable',
    says: 'ECONNREFUSED',
  },
  { when: "the proxy's name does not exist", at: async () => 'proxy.invalid:3128', error: BusyError, code: 'proxy_unavailable', says: '' },
  {
    when: 'the proxy does not use TLS',
    at: behaving(() => undefined),
    scheme: 'https',
    error: BusyError,
    code: 'proxy_unavailable',
    says: '',
  },
];

/** `.invalid` is never in DNS: only a proxy can resolve it. */
const targets = [
  ['http', 'http://books.zoho.invalid', 'books.zoho.invalid:80'],
  ['https', 'https://books.zoho.invalid', 'books.zoho.invalid:443'],
] as const;

const creation = toRequest(
  createCustomerPayment,
  { customer_id: seed.bowman, payment_mode: 'cash', amount: 5, date: '2026-06-05' },
  { not_checked: [] },
);

function allTextOf(error: unknown): string {
  const texts: string[] = [];
  for (let each = error; each instanceof Error; each = each.cause)
    texts.push(
      String(each),
      each.stack ?? '',
      each instanceof PaymentsError ? JSON.stringify(errorFacts(each, anyEdge)) + errorLines(each) : '',
    );
  return texts.join('\n');
}

async function failureOf(work: Promise<unknown>): Promise<PaymentsError> {
  const error: unknown = await work.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PaymentsError)) throw error;
  return error;
}

describe.each(targets)('a call through a proxy to %s', (_kind, origin, target) => {
  it.each(rows)('fails with an error that says where the problem is: $when', async ({ at, scheme = 'http', error: kind, code, says }) => {
    const host = await at();
    const address = `${scheme}://clerk:hunter2@${host}`;
    const options = { http: { proxy: { http: address, https: address }, timeoutMs: 800 } };
    const server = await harness();
    closers.push(() => server.close());
    // Token requests go directly; calls to Zoho Books go through the proxy.
    const away = await harness({
      ...options,
      on: server.sandbox,
      at: { apiBaseUrl: `${origin}/books/v3`, accountsUrl: server.sandbox.accounts_url },
    });
    closers.push(() => away.close());
    const http = createHttp(options.http);
    closers.push(() => http.close());

    const read = await away.call('get_customer_payment', { payment_id: seed.samplePayment });
    const errors = [
      await failureOf(away.zoho.send(creation)),
      await failureOf(
        requestTokens(http, origin, { clientId: 'client', clientSecret: 'secret' }, { kind: 'refresh', refreshToken: 'token' }),
      ),
    ];
    const written = await away.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 5,
      date: '2016-06-05',
    });
    for (const error of errors) {
      expect(error).toBeInstanceOf(kind);
      expect(error).toMatchObject({ code, changed: 'no' });
      expect(error.message).toContain(`The proxy ${host} `);
      expect(error.message).toContain(says);
      expect(error.message).not.toMatch(/accounts server/);
      expect(nextOf(error)).toContain('HTTPS_PROXY');
      if (code === 'proxy_refused' && !says.includes('407')) expect(nextOf(error)).toContain(target);
      expect(allTextOf(error)).not.toContain('hunter2');
    }
    for (const result of [read, written]) {
      expect(result.structuredContent).toMatchObject({ error: { code, changed: 'no' } });
      expect(textOf(result)).toContain(host);
      expect(textOf(result)).not.toContain('hunter2');
    }
    expect(written.structuredContent).toMatchObject({ outcome: 'not_recorded' });
    expect(away.logged.join('\n')).not.toContain('hunter2');
    expect(await requestsTo(server.sandbox)).toEqual([]);
  });
});

describe('if a proxy lets reads through but not the write', () => {
  it.each([
    ['refuses it', answering(407), 'proxy_refused'],
    ['cannot connect', answering(502), 'proxy_unavailable'],
    ['closes the connection', (near: Socket) => void near.destroy(), 'proxy_unavailable'],
    ['does not answer', () => undefined, 'proxy_unavailable'],
  ] as [string, Behaviour, string][])(
    'and %s, nothing was changed, and the same call is recorded once later',
    async (_what, behaves, code) => {
      const proxy = await startProxy(() => undefined);
      const first = await harness();
      closers.push(() => first.close());
      // The sandbox accepts only its own host name.
      const relay = await hostileZoho(first.sandbox, '');
      closers.push(() => relay.close());
      const open: Behaviour = (_near, tunnel) => tunnel(Number(new URL(relay.at.apiBaseUrl).port));
      proxy.behaves = open;
      const server = await harness({
        on: first.sandbox,
        at: { apiBaseUrl: 'http://books.zoho.invalid/books/v3', accountsUrl: first.sandbox.accounts_url },
        http: { proxy: { http: `http://${proxy.host}` }, timeoutMs: 1000 },
      });
      closers.push(() => server.close());
      const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 5, date: '2016-06-05', reference_number: 'PROXY-1' };
      // Reads leave open tunnels for the next reads; a write opens its own tunnel.
      expect(
        (await server.call('create_customer_payment', { ...payment, amount: 6, reference_number: 'PROXY-0' })).structuredContent,
      ).toMatchObject({ outcome: 'recorded' });
      proxy.behaves = behaves;
      const failed = await server.call('create_customer_payment', payment);
      expect(failed.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code, changed: 'no' } });
      proxy.behaves = open;
      expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
      expect(
        (await requestsTo(first.sandbox)).filter(({ method, body }) => method === 'POST' && JSON.stringify(body).includes('PROXY-1')),
      ).toHaveLength(1);
    },
  );
});

it('doctor names the proxy, not the data center', async () => {
  const proxy = await startProxy(answering(407));
  const credentials = { ZOHO_CLIENT_ID: 'a', ZOHO_CLIENT_SECRET: 'b', ZOHO_REFRESH_TOKEN: 'c', ZOHO_ORGANIZATION_ID: '1' };
  const { code, stdout } = await run(['doctor'], { ...credentials, HTTPS_PROXY: `http://clerk:hunter2@${proxy.host}` });
  expect(code).toBe(1);
  expect(stdout).toContain(`The proxy ${proxy.host}`);
  expect(stdout).not.toContain('hunter2');
});
