import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { endpoints, toolsets, workflows } from '../../src/catalogue.ts';
import { isRead } from '../../src/endpoint.ts';
import { isWrite } from '../../src/workflow.ts';
import { held, isWaiting, release } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness } from '../support/harness.ts';
import { environment, folder, node, program, run, serving, start, type Json, type Program } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** Tests the built program as hosts run it: as a process of its own, through its pipes. */

const text = (result: Json) => (result['content'] as Json[]).map((block) => String(block['text'])).join('\n');

const PAYMENT = '9030000079467';
const newPayment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'EXIT-1' };

describe('the program over stdio', () => {
  const kinds = {
    'older SDK': async (args: string[]) => {
      const client = new OlderClient({ name: 'test', version: '1' });
      await client.connect(new OlderTransport({ command: node, args: [program, ...args], env: environment() }));
      return client;
    },
    'current SDK, 2025 era': async (args: string[]) => {
      const client = new ModernClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
      await client.connect(new ModernTransport({ command: node, args: [program, ...args], env: environment() }));
      return client;
    },
    'current SDK, 2026-07-28': async (args: string[]) => {
      const client = new ModernClient({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
      await client.connect(new ModernTransport({ command: node, args: [program, ...args], env: environment() }));
      return client;
    },
  };

  it.each(Object.entries(kinds))('serves the client of the %s: it can list and call tools', async (_kind, connect) => {
    const client = (await connect(['serve', '--sandbox=memory'])) as ModernClient;
    closers.push(() => client.close());
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([
      ...workflows.map(({ name }) => name),
      ...toolsets.payments.map(({ name }) => name),
      'list_writes',
    ]);
    const read = await client.callTool({ name: 'get_customer_payment', arguments: { payment_id: PAYMENT } });
    expect(read.structuredContent).toMatchObject({ sandbox: true, payment: { payment_id: PAYMENT, customer_name: 'Bowman Furniture' } });
    const written = await client.callTool({ name: 'create_customer_payment', arguments: newPayment });
    expect(written.structuredContent).toMatchObject({ payment: { amount: 450 } });
    expect((await client.callTool({ name: 'get_customer_payment', arguments: { payment_id: '1' } })).isError).toBe(true);
    expect((await client.readResource({ uri: `zoho-books://customerpayments/${PAYMENT}` })).contents).toHaveLength(1);
  });

  it('writes only JSON-RPC to stdout, and nothing to stderr in a normal session', async () => {
    const server = await serving(['serve', '--sandbox=memory']);
    await server.request('tools/list');
    await server.request('resources/list');
    await server.request('resources/templates/list');
    await server.request('resources/read', { uri: 'zoho-books://customerpayments' });
    await server.call('list_customer_payments', { per_page: 2 });
    await server.call('create_customer_payment', newPayment);
    await server.call('create_customer_payment', { ...newPayment, amount: -1 });
    await server.call('get_customer_payment', { payment_id: '1' });
    await server.call('get_customer_payment', 'nonsense' as never);
    expect(await server.request('tools/call', { name: 'drop_all_tables', arguments: {} })).toHaveProperty('error');
    expect(await server.request('resources/read', { uri: 'zoho-books://customerpayments/1' })).toHaveProperty('error');
    expect(await server.request('no/such/method')).toHaveProperty('error');
    expect(server.stderr()).toBe('');

    for (const odd of [
      '',
      '{"customer": "Jane Doe", oops',
      'Jane Doe',
      '[]',
      '[1]',
      'null',
      '42',
      '{"jsonrpc":"2.0"}',
      '{"jsonrpc":"2.0","id":{"name":"Jane Doe"},"method":"ping"}',
      '{"jsonrpc":"2.0","id":9999,"result":{"name":"Jane Doe"}}',
      '\u0000\u0001',
    ])
      server.line(odd);
    expect(await server.request('ping')).toMatchObject({ result: {} });
    server.child.stdin.end();
    expect(await server.ended).toEqual({ code: 0, signal: null });
    for (const line of server.stdout) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    // Each invalid message gets one line in the log, without its content.
    expect(server.stderr()).not.toContain('Jane');
    for (const line of server.stderr().split('\n').filter(Boolean)) expect(line).toMatch(/^zoho-payments-mcp: \S/);
  });
});

describe('the sandbox is named', () => {
  it('in serverInfo, instructions, every result, every error and every resource', async () => {
    const server = await serving(['serve', '--sandbox=memory']);
    const note = 'SANDBOX: practice books on this machine, not real money.';
    expect(server.hello).toMatchObject({
      serverInfo: { title: 'Zoho Payments (SANDBOX)' },
      instructions: expect.stringContaining(note) as string,
    });
    const calls: [string, Json][] = [
      ['list_customer_payments', { per_page: 1 }],
      ['get_customer_payment', { payment_id: PAYMENT }],
      ['create_customer_payment', newPayment],
      ['list_customer_payment_refunds', { customer_payment_id: PAYMENT }],
      ['get_customer_payment', { payment_id: '1' }],
      ['get_customer_payment', { nonsense: 1 }],
      ['delete_customer_payment', { payment_id: PAYMENT }],
    ];
    for (const [name, args] of calls) {
      const result = await server.call(name, args);
      expect(text(result).startsWith(`${note}\n`), text(result)).toBe(true);
      expect(result['structuredContent']).toMatchObject({ sandbox: true });
    }
    const { result: read } = await server.request('resources/read', { uri: `zoho-books://customerpayments/${PAYMENT}` });
    expect(JSON.parse(read.contents[0].text)).toMatchObject({ sandbox: true });
    const { result: receipt } = await server.request('resources/read', { uri: `zoho-books://customerpayments/${PAYMENT}/pdf` });
    expect(receipt.contents[0]).toMatchObject({ mimeType: 'application/pdf', _meta: { sandbox: true } });
    const { result: templates } = await server.request('resources/templates/list');
    for (const { title } of templates.resourceTemplates) expect(title).toContain('(sandbox)');
  });

  it('also if ZOHO_PAYMENTS_SANDBOX starts it, with any credentials; the real Zoho is not named so', async () => {
    const credentials = { ZOHO_CLIENT_ID: 'a', ZOHO_CLIENT_SECRET: 'b', ZOHO_REFRESH_TOKEN: 'c', ZOHO_ORGANIZATION_ID: '1' };
    const practising = await serving([], { ...credentials, ZOHO_PAYMENTS_SANDBOX: 'memory' });
    expect((await practising.call('get_customer_payment', { payment_id: PAYMENT }))['structuredContent']).toMatchObject({ sandbox: true });
    const real = await serving([], credentials);
    expect(JSON.stringify([real.hello, await real.request('tools/list')])).not.toMatch(/sandbox/i);
  });
});

describe('practice books', () => {
  it('are kept in the state folder between runs, and all hosts share them', async () => {
    const settings = { ZOHO_PAYMENTS_STATE_DIR: folder() };
    const first = await serving(['serve', '--sandbox'], settings);
    const second = await serving(['serve', '--sandbox'], settings);
    // Both processes open the new books at the same time.
    const [{ structuredContent }] = await Promise.all([
      first.call('create_customer_payment', newPayment),
      second.call('list_customer_payments', { per_page: 1 }),
    ]);
    const { payment_id } = structuredContent.payment as { payment_id: string };
    expect((await second.call('get_customer_payment', { payment_id }))['structuredContent']).toMatchObject({
      payment: { reference_number: 'EXIT-1' },
    });
    for (const server of [first, second]) server.child.stdin.end();
    await Promise.all([first.ended, second.ended]);
    expect(readdirSync(join(settings.ZOHO_PAYMENTS_STATE_DIR, 'sandbox'))).toContain('books.sqlite');

    const later = await serving([], { ...settings, ZOHO_PAYMENTS_SANDBOX: '1' });
    expect((await later.call('get_customer_payment', { payment_id }))['structuredContent']).toMatchObject({
      payment: { reference_number: 'EXIT-1' },
    });
  });

  it('in memory are deleted at the end, and write no file', async () => {
    const settings = { ZOHO_PAYMENTS_STATE_DIR: join(folder(), 'state') };
    const server = await serving(['serve', '--sandbox=memory'], settings);
    const { structuredContent } = await server.call('create_customer_payment', newPayment);
    const other = await serving(['serve', '--sandbox=memory'], settings);
    expect(await other.call('get_customer_payment', { payment_id: structuredContent.payment.payment_id })).toMatchObject({ isError: true });
    expect(existsSync(settings.ZOHO_PAYMENTS_STATE_DIR)).toBe(false);
  });

  it('cause an error that says what to do, if they cannot be opened', async () => {
    const file = join(folder(), 'a-file');
    writeFileSync(file, '');
    const server = await serving(['serve', '--sandbox'], { ZOHO_PAYMENTS_STATE_DIR: file });
    const result = await server.call('list_customer_payments');
    expect(result).toMatchObject({
      isError: true,
      structuredContent: {
        error: { code: 'state_dir_unusable', changed: 'no', next: expect.stringContaining('ZOHO_PAYMENTS_STATE_DIR') as string },
      },
    });
  });
});

describe('the built program', () => {
  it('lists the same tools as the source code, because the build includes their schemas', async () => {
    const built = (await (await serving(['serve', '--toolsets=all'])).request('tools/list'))['result'].tools as Json[];
    const source = await harness({ kind: 'older SDK' });
    closers.push(() => source.close());
    expect(built).toEqual((await source.client.listTools()).tools);
  });
});

describe('a server without credentials', () => {
  it('starts and lists everything, and each call says what to set', async () => {
    const server = await serving([], {
      ZOHO_CLIENT_ID: '${user_config.client_id}',
      ZOHO_CLIENT_SECRET: '',
      ZOHO_REFRESH_TOKEN: ' ',
      ZOHO_ORGANIZATION_ID: '${user_config.organization_id}',
      ZOHO_DATA_CENTER: '',
      ZOHO_PAYMENTS_READ_ONLY: '${user_config.read_only}',
    });
    const { result } = await server.request('tools/list');
    expect(result.tools.map(({ name }: Json) => name)).toEqual([
      ...workflows.map(({ name }) => name),
      ...toolsets.payments.map(({ name }) => name),
      'list_writes',
    ]);
    for (const [name, args] of [
      ['list_customer_payments', {}],
      ['delete_customer_payment', { payment_id: PAYMENT }],
    ] as const) {
      const answer = await server.call(name, args);
      expect(answer).toMatchObject({ isError: true, structuredContent: { error: { code: 'not_configured', changed: 'no' } } });
      for (const said of ['ZOHO_CLIENT_ID', 'ZOHO_CLIENT_SECRET', 'ZOHO_REFRESH_TOKEN', 'ZOHO_ORGANIZATION_ID', 'ZOHO_PAYMENTS_SANDBOX=1'])
        expect(text(answer)).toContain(said);
    }
    const { result: listed } = await server.request('resources/list');
    expect(listed.resources.map(({ uri }: Json) => uri)).toEqual(['zoho-books://customerpayments', 'zoho-books://limits']);
    expect(await server.request('resources/read', { uri: 'zoho-books://customerpayments' })).toMatchObject({
      error: { data: { code: 'not_configured' } },
    });
    expect(server.stderr()).toBe('');
  });

  it('names only the settings that are missing', async () => {
    const server = await serving([], { ZOHO_CLIENT_ID: 'a', ZOHO_CLIENT_SECRET: 'b', ZOHO_ORGANIZATION_ID: '1' });
    const answer = text(await server.call('list_customer_payments'));
    expect(answer).toContain('ZOHO_REFRESH_TOKEN is not set');
    expect(answer).not.toContain('ZOHO_CLIENT_ID');
  });
});

describe('the toolsets', () => {
  const listed = async (args: readonly string[], settings: Record<string, string> = {}) => {
    const { result } = await (await serving(['serve', '--sandbox=memory', ...args], settings)).request('tools/list');
    return (result.tools as Json[]).map(({ name }) => name as string);
  };

  it('come from the option, which overrides the environment variable', async () => {
    const lookups = toolsets.lookups.map(({ name }) => name);
    expect(await listed(['--toolsets', 'lookups'])).toEqual(lookups);
    expect(await listed([], { ZOHO_PAYMENTS_TOOLSETS: 'lookups' })).toEqual(lookups);
    expect(await listed(['--toolsets=all'], { ZOHO_PAYMENTS_TOOLSETS: 'lookups' })).toEqual([
      ...workflows.map(({ name }) => name),
      ...endpoints.map(({ name }) => name),
      'list_writes',
    ]);
    expect(await listed(['--toolsets=workflows'])).toEqual([...workflows.map(({ name }) => name), 'list_writes']);
  });

  it('also switch their resources on', async () => {
    const { result } = await (await serving(['serve', '--sandbox=memory', '--toolsets=lookups'])).request('resources/list');
    const declared = toolsets.lookups.flatMap((endpoint) => (isRead(endpoint) ? (endpoint.resources ?? []) : [])).map(({ uri }) => uri);
    const fixed = declared.filter((uri) => !uri.includes('{'));
    expect(result.resources.map(({ uri }: Json) => uri)).toEqual([...fixed, 'zoho-books://limits']);
  });

  it.each([
    ['lookup', /--toolsets names an unknown toolset, "lookup"\. Did you mean lookups\?/],
    ['', /--toolsets names no toolset/],
  ])('stop the start if a name is invalid: %j', async (value, says) => {
    const { code, stderr } = await run(['serve', '--sandbox=memory', `--toolsets=${value}`]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
  });
});

describe('a read-only server', () => {
  it.each([
    ['--read-only', ['serve', '--sandbox=memory', '--read-only'], {}],
    ['ZOHO_PAYMENTS_READ_ONLY', ['serve', '--sandbox=memory'], { ZOHO_PAYMENTS_READ_ONLY: 'true' }],
  ])('(%s) lists only read tools and refuses all other tools', async (_title, args, settings) => {
    const server = await serving(args, settings as Record<string, string>);
    const { result } = await server.request('tools/list');
    const tools = [...workflows, ...toolsets.payments];
    const reading = tools.filter((tool) => !isWrite(tool)).map(({ name }) => name);
    expect(result.tools.map(({ name }: Json) => name)).toEqual([...reading, 'list_writes']);
    for (const { name } of tools.filter(isWrite)) {
      expect(await server.request('tools/call', { name, arguments: { payment_id: PAYMENT } }), name).not.toHaveProperty(
        'result.structuredContent.payment_id',
      );
    }
    expect(await server.request('tools/call', { name: 'delete_customer_payment', arguments: { payment_id: PAYMENT } })).toHaveProperty(
      'error',
    );
    expect((await server.call('get_customer_payment', { payment_id: PAYMENT }))['isError']).toBeFalsy();
  });
});

describe('at the end of the program', () => {
  let sandbox: Sandbox;
  let settings: Record<string, string>;
  beforeEach(async () => {
    sandbox = await startSandbox();
    settings = {
      ZOHO_API_BASE_URL: sandbox.api_base_url,
      ZOHO_ACCOUNTS_URL: sandbox.accounts_url,
      ZOHO_CLIENT_ID: sandbox.client_id,
      ZOHO_CLIENT_SECRET: sandbox.client_secret,
      ZOHO_REFRESH_TOKEN: sandbox.refresh_token,
      ZOHO_ORGANIZATION_ID: sandbox.organization_id,
    };
  });
  afterEach(() => sandbox.close());

  const control = async (path: string, body?: Json) =>
    (await (await fetch(`${sandbox.url}/__sandbox${path}`, body && { method: 'POST', body: JSON.stringify(body) })).json()) as Json;
  const arrived = async (method: string): Promise<Json[]> =>
    (await control('/requests'))['requests'].filter(
      (each: Json) => each['method'] === method && String(each['path']).startsWith('/books/'),
    );

  type Way = [string, (server: Program) => unknown];
  const ways: Way[] = [
    ['stdin ends', ({ child }) => child.stdin.end()],
    ['SIGTERM', ({ child }) => child.kill('SIGTERM')],
  ];
  const interrupt: Way = ['SIGINT', ({ child }) => child.kill('SIGINT')];

  it.each([...ways, interrupt])('(%s) an idle server exits with code 0', async (_way, stop) => {
    const server = await serving([], settings);
    await server.call('list_customer_payments', { per_page: 1 });
    stop(server);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.stderr()).toBe('');
  });

  it.each(ways)('(%s) the server does not wait for a read that is in flight', async (_way, stop) => {
    const server = await serving([], settings);
    await control('/faults', { match: { method: 'GET' }, ...held });
    void server.call('list_customer_payments').catch(() => {});
    await isWaiting(sandbox, 'GET');
    stop(server);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(await arrived('GET')).toMatchObject([{ status: null }]);
  });

  it.each(ways)('(%s) the server waits for a write that is in flight, and the books contain it', async (way, stop) => {
    const server = await serving([], settings);
    await control('/faults', { match: { method: 'POST', path: '/customerpayments' }, ...held });
    const calling = server.call('create_customer_payment', newPayment).catch(() => undefined);
    await isWaiting(sandbox, 'POST');
    stop(server);
    expect(await Promise.race([server.ended, sleep(500, 'it waits')])).toBe('it waits');
    await release(sandbox);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    const [write, ...more] = await arrived('POST');
    expect(more).toEqual([]);
    // Zoho answered with 201 while the process was still there, so the server really waited for the answer.
    expect(write).toMatchObject({ status: 201, applied: [expect.stringMatching(/^\d+$/) as string] });
    // Unless the host itself closed the connection, it receives the result of the write.
    if (way !== 'stdin ends') expect((await calling)?.['structuredContent']).toMatchObject({ payment: { reference_number: 'EXIT-1' } });
  });

  it('a write that is still in its preflight when stdin ends is not sent', async () => {
    const server = await serving([], settings);
    await control('/faults', { match: { method: 'GET' }, ...held });
    void server.call('create_customer_payment', newPayment).catch(() => {});
    await isWaiting(sandbox, 'GET');
    server.child.stdin.end();
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await release(sandbox);
    expect(await arrived('POST')).toEqual([]);
  });

  it('the server ends too if its host dies', async () => {
    const script = `
      const args = [${JSON.stringify(program)}, 'serve', '--sandbox=memory'];
      const child = require('node:child_process').spawn(process.execPath, args, { stdio: ['pipe', 'inherit', 'inherit'] });
      const send = (message) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
      const clientInfo = { name: 'test', version: '1' };
      send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
      send({ method: 'notifications/initialized' });
      send({ id: 2, method: 'tools/call', params: { name: 'list_customer_payments', arguments: { per_page: 1 } } });
      process.stderr.write(child.pid + '\\n');`;
    const host = spawn(node, ['-e', script], { env: environment() });
    const [pid] = (await once(host.stderr, 'data')) as [Buffer];
    let said = '';
    host.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await expect.poll(() => said.includes('"id":2')).toBe(true);
    // Host and server both write to this pipe, so it closes when both have ended.
    const gone = once(host.stdout, 'close').then(() => 'both gone');
    host.kill('SIGKILL');
    const outcome = await Promise.race([gone, sleep(60_000, 'an orphan', { ref: false })]);
    if (outcome !== 'both gone') process.kill(Number(pid.toString()), 'SIGKILL');
    expect(outcome).toBe('both gone');
  });
});

describe('the command line', () => {
  it('answers --version and --help', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, stdout: manifest.version, stderr: '' });
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const word of [
      'serve --sandbox',
      'sandbox',
      '--read-only',
      '--port',
      '--data',
      '--payments',
      'ZOHO_REFRESH_TOKEN',
      'ZOHO_PAYMENTS_STATE_DIR',
    ])
      expect(help.stdout).toContain(word);
  });

  it.each([
    ['an unknown command', ['serv'], {}, 'unknown command "serv"'],
    ['one argument too many', ['serve', 'sandbox'], {}, 'unexpected argument "sandbox"'],
    ['an unknown option', ['--sandbx'], {}, "Unknown option '--sandbx'"],
    ['an option of HTTP over stdio', ['serve', '--port', '80'], {}, '--port needs --http'],
    ["another command's option", ['serve', '--json'], {}, 'serve has no option --json'],
    ["another command's option", ['sandbox', '--read-only'], {}, 'sandbox has no option --read-only'],
    ['an option without its value', ['sandbox', '--port'], {}, '--port'],
    ['a port that is not a number', ['sandbox', '--port', 'http'], {}, '--port must be a whole number, not "http"'],
    ['a day without practice books', ['serve', '--today', '2026-06-30'], {}, '--today has no effect without --sandbox'],
    ['a port that does not exist', ['sandbox', '--port', '99999'], {}, '--port must be a number up to 65535; see'],
    ['an invalid sandbox', ['serve', '--sandbox=disk'], {}, '--sandbox=disk'],
    ['an unknown data center', [], { ZOHO_DATA_CENTER: 'moon' }, 'ZOHO_DATA_CENTER is "moon": use one of us, eu, in, au, jp, ca, cn, sa.'],
    ['an organization that is not a number', [], { ZOHO_ORGANIZATION_ID: 'Acme' }, 'ZOHO_ORGANIZATION_ID must be the id (digits only)'],
    ['plain http to Zoho', [], { ZOHO_API_BASE_URL: 'http://www.zohoapis.com/books/v3' }, 'ZOHO_API_BASE_URL must be an https address'],
    [
      'an invalid value of an on-off setting',
      [],
      { ZOHO_PAYMENTS_READ_ONLY: 'maybe' },
      'ZOHO_PAYMENTS_READ_ONLY is "maybe": set it to 1 or 0.',
    ],
    ['an invalid proxy', [], { HTTPS_PROXY: 'ftp://proxy.example' }, 'HTTPS_PROXY must be the address of a proxy'],
  ])('reports %s in one line on stderr, with exit code 2', async (_title, args, settings, said) => {
    const { code, stdout, stderr } = await run(args, settings as Record<string, string>);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^zoho-payments-mcp: [^\n]+\n$/);
    expect(stderr).toContain(said);
  });

  it.each(['20.18.3', '0.10.48'])('reports in one line which version is needed, if Node is %s', async (old) => {
    const preload = join(folder(), 'old-node.cjs');
    writeFileSync(
      preload,
      `Object.defineProperty(process, 'versions', { value: Object.assign({}, process.versions, { node: '${old}' }) });`,
    );
    expect(await run([], {}, ['-r', preload])).toEqual({
      code: 1,
      stdout: '',
      stderr: `zoho-payments-mcp needs Node 20.19 or newer; this is Node ${old}.\n`,
    });
  });
});

describe('the command sandbox', () => {
  let taken: ReturnType<typeof createServer>;
  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(() => {
    taken.close();
  });
  const takenPort = () => String((taken.address() as { port: number }).port);

  it('prints one line with everything that a client needs, and then answers requests', async () => {
    const spare = createServer().listen(0, '127.0.0.1');
    await once(spare, 'listening');
    const { port } = spare.address() as { port: number };
    spare.close();
    await once(spare, 'close');
    const data = join(folder(), 'books.sqlite');

    const sandbox = start(['sandbox', '--port', String(port), '--data', data, '--payments', '1200']);
    await expect.poll(() => sandbox.stdout.length).toBe(1);
    const ready = JSON.parse(sandbox.stdout[0] ?? '') as Json;
    expect(Object.keys(ready)).toEqual([
      'url',
      'api_base_url',
      'accounts_url',
      'client_id',
      'client_secret',
      'refresh_token',
      'organization_id',
    ]);
    expect(ready).toMatchObject({ url: `http://127.0.0.1:${port}`, api_base_url: `http://127.0.0.1:${port}/books/v3` });
    expect(existsSync(data)).toBe(true);

    const server = await serving([], {
      ZOHO_API_BASE_URL: ready['api_base_url'],
      ZOHO_ACCOUNTS_URL: ready['accounts_url'],
      ZOHO_CLIENT_ID: ready['client_id'],
      ZOHO_CLIENT_SECRET: ready['client_secret'],
      ZOHO_REFRESH_TOKEN: ready['refresh_token'],
      ZOHO_ORGANIZATION_ID: ready['organization_id'],
    });
    const { structuredContent } = await server.call('list_customer_payments', { page: 6, per_page: 200, fields: ['payment_id'] });
    expect(structuredContent.customerpayments).toHaveLength(200);

    sandbox.child.kill('SIGTERM');
    expect(await sandbox.ended).toEqual({ code: 0, signal: null });
    expect(sandbox.stdout).toHaveLength(1);
    expect(sandbox.stderr()).toBe('');
  });

  it('says which options have no effect on books that exist already', async () => {
    const data = join(folder(), 'books.sqlite');
    for (const said of [
      /^$/,
      /the day 2026-01-31 .* has no effect: .* exist already, and end on \S+\n.*--payments 5 has no effect: the books already have \d+ payments\n/,
    ]) {
      const sandbox = start(['sandbox', '--data', data, ...(said.source === '^$' ? [] : ['--today', '2026-01-31', '--payments', '5'])]);
      await expect.poll(() => sandbox.stdout.length).toBe(1);
      sandbox.child.kill('SIGTERM');
      await sandbox.ended;
      expect(sandbox.stderr()).toMatch(said);
    }
  });

  it.each([
    ['a port that is in use', () => ['--port', takenPort()], /another program uses port \d+\. Choose another port with --port/],
    ['a file in a missing folder', () => ['--data', join(folder(), 'none', 'books.db')], /the folder of --data does not exist: /],
    ['a file that is a folder', () => ['--data', tmpdir()], /the sandbox could not start/],
  ])('reports %s in one line on stderr, with an error code', async (_title, args, said) => {
    const { code, stdout, stderr } = await run(['sandbox', ...args()]);
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^zoho-payments-mcp: [^\n]+\n$/);
    expect(stderr).toMatch(said);
  });
});
