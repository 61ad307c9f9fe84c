import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { build } from 'esbuild';
import { Agent, request } from 'undici';
import { play, type Played } from './evals/play.ts';
import { scriptedModel } from './evals/script.ts';
import { solutions } from './evals/solutions.ts';
import { conversations } from './evals/tasks.ts';
import { withThirteen } from './evals/thirteen.ts';
import { longJournal } from './support/long-journal.ts';

/** Measures start-up, latency, throughput, memory and bytes. Prints medians, compared with a minimal program measured at the same time. */

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'dist/zoho-payments-mcp.cjs');
const scratch = mkdtempSync(join(tmpdir(), 'zoho-payments-bench-'));

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;

interface Row {
  readonly what: string;
  readonly measured: string;
  readonly aim?: string;
}
const rows: Row[] = [];

/** The smallest possible server on the same SDK: one tool, bundled in the same way. */
async function minimalServer(): Promise<string> {
  const outfile = join(scratch, 'minimal.mjs');
  await build({
    stdin: {
      resolveDir: root,
      contents: `
        import { McpServer } from '@modelcontextprotocol/server';
        import { serveStdio } from '@modelcontextprotocol/server/stdio';
        import * as z from 'zod';
        serveStdio(() => {
          const server = new McpServer({ name: 'minimal', version: '1.0.0' });
          const inputSchema = z.object({ text: z.string() });
          server.registerTool('echo', { inputSchema }, async ({ text }) => ({ content: [{ type: 'text', text }] }));
          return server;
        });
        process.stdin.on('end', () => process.exit(0));`,
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minifySyntax: true,
    minifyWhitespace: true,
  });
  return outfile;
}

const opening = [
  {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} },
]
  .map((message) => `${JSON.stringify(message)}\n`)
  .join('');

/** The time from spawn to the answer of tools/list, and from the end of stdin to the exit. */
async function coldStart(args: readonly string[]): Promise<{ elapsed: number; ending: number; bytes: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ZOHO_PAYMENTS_STATE_DIR: scratch },
  });
  child.stdin.write(opening);
  let listed = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"id":2')) continue;
    listed = Buffer.byteLength(JSON.stringify((JSON.parse(line) as { result: object }).result));
    break;
  }
  const elapsed = performance.now() - started;
  const ending = await timed(async () => {
    child.stdin.end();
    await once(child, 'exit');
  });
  return { elapsed, ending, bytes: listed };
}

async function bareNode(): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0']), 'exit');
  return performance.now() - started;
}

async function measureStart(): Promise<void> {
  const minimal = await minimalServer();
  const times = { bare: [] as number[], minimal: [] as number[], ours: [] as number[], ending: [] as number[] };
  let bytes = 0;
  // The three programs run in turn, so that a slower machine slows all of them. The first round only fills the disk cache.
  for (let round = 0; round <= 15; round += 1) {
    const bare = await bareNode();
    const least = await coldStart([minimal]);
    const ours = await coldStart([program]);
    ({ bytes } = ours);
    if (round === 0) continue;
    times.bare.push(bare);
    times.minimal.push(least.elapsed);
    times.ours.push(ours.elapsed);
    times.ending.push(ours.ending);
  }
  const ratio = median(times.ours.map((time, i) => time / times.minimal[i]!));
  rows.push(
    { what: 'bare `node -e 0`', measured: ms(median(times.bare)) },
    { what: 'minimal server on the same SDK, spawn to tools/list', measured: ms(median(times.minimal)) },
    {
      what: 'this server, spawn to tools/list',
      measured: `${ms(median(times.ours))} (${ratio.toFixed(2)} × minimal)`,
      aim: '≤ 1.3 × minimal',
    },
    { what: 'this server, end of stdin to its exit', measured: ms(median(times.ending)), aim: '≤ 1000 ms' },
    { what: 'bytes of tools/list', measured: `${bytes}`, aim: '≤ 36000' },
  );
}

interface SandboxLine {
  readonly url: string;
  readonly api_base_url: string;
  readonly accounts_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token: string;
  readonly organization_id: string;
}

async function startSandbox(...args: readonly string[]): Promise<{ child: ChildProcess; sandbox: SandboxLine }> {
  const child = spawn(process.execPath, [program, 'sandbox', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const sandbox = JSON.parse(line) as SandboxLine;
  await fetch(`${sandbox.url}/__sandbox/limits`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ per_minute: 1e9, per_day: 1e9, concurrent: 1000 }),
  });
  return { child, sandbox };
}

const payment_id = '9030000079467';

async function timed(call: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await call();
  return performance.now() - started;
}

async function perSecond(call: () => Promise<unknown>, inFlight: number, calls: number): Promise<number> {
  let left = calls;
  const worker = async () => {
    while (left-- > 0) await call();
  };
  const elapsed = await timed(() => Promise.all(Array.from({ length: inFlight }, worker)));
  return (calls / elapsed) * 1000;
}

async function measureCalls(): Promise<void> {
  const { child, sandbox } = await startSandbox();
  const { accounts_url, client_id, client_secret, refresh_token, organization_id } = sandbox;
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program],
    env: {
      ZOHO_CLIENT_ID: client_id,
      ZOHO_CLIENT_SECRET: client_secret,
      ZOHO_REFRESH_TOKEN: refresh_token,
      ZOHO_ORGANIZATION_ID: organization_id,
      ZOHO_API_BASE_URL: sandbox.api_base_url,
      ZOHO_ACCOUNTS_URL: accounts_url,
      ZOHO_PAYMENTS_STATE_DIR: scratch,
      ZOHO_PAYMENTS_CONFIRM: 'host',
      ZOHO_PAYMENTS_CALLS_PER_MINUTE: '999999999',
      ZOHO_PAYMENTS_CALLS_AT_ONCE: '32',
    },
  });
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(transport);
  await client.listTools();
  rows.push({ what: 'memory when idle (after tools/list)', measured: memoryOf(transport.pid), aim: '≤ 80 MB' });

  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id, client_secret, refresh_token });
  const { access_token } = (await (await fetch(`${accounts_url}/oauth/v2/token`, { method: 'POST', body: form })).json()) as {
    access_token: string;
  };
  const dispatcher = new Agent();
  const straight = async () => {
    const { statusCode, body } = await request(
      `${sandbox.api_base_url}/customerpayments/${payment_id}?accept=json&organization_id=${organization_id}`,
      {
        dispatcher,
        headers: { authorization: `Zoho-oauthtoken ${access_token}` },
      },
    );
    if (statusCode !== 200) throw new Error(`HTTP ${statusCode}: ${await body.text()}`);
    await body.json();
  };
  const asTool = async () => {
    const { isError, content } = await client.callTool({ name: 'get_customer_payment', arguments: { payment_id } });
    if (isError) throw new Error(JSON.stringify(content));
  };
  for (let i = 0; i < 200; i += 1) await Promise.all([straight(), asTool()]);

  const added: number[] = [];
  const times: { straight: number[]; tool: number[] } = { straight: [], tool: [] };
  for (let i = 0; i < 500; i += 1) {
    times.straight.push(await timed(straight));
    times.tool.push(await timed(asTool));
    added.push(times.tool[i]! - times.straight[i]!);
  }
  rows.push(
    { what: 'get_customer_payment, undici directly to the sandbox, p50', measured: ms(median(times.straight)) },
    {
      what: 'get_customer_payment as a tool over stdio, p50',
      measured: `${ms(median(times.tool))} (added ${ms(median(added))})`,
      aim: 'added ≤ 1 ms',
    },
    { what: 'tool calls per second, 1 in flight', measured: (await perSecond(asTool, 1, 1000)).toFixed(0) },
    { what: 'tool calls per second, 32 in flight', measured: (await perSecond(asTool, 32, 4000)).toFixed(0) },
    { what: 'memory after 5,700 calls', measured: memoryOf(transport.pid) },
  );

  // A payment with its preflight, its journal (with fsync) and its lock, compared with the bare POST.
  let day = 0;
  const payment = () => {
    day += 1;
    const date = new Date(Date.UTC(2020, 0, day)).toISOString().slice(0, 10);
    return { customer_id: '903000000000099', payment_mode: 'cash', amount: 1, date, reference_number: `bench ${day}` };
  };
  const bare = async () => {
    const { statusCode, body } = await request(`${sandbox.api_base_url}/customerpayments?organization_id=${organization_id}`, {
      method: 'POST',
      dispatcher,
      headers: { authorization: `Zoho-oauthtoken ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(payment()),
    });
    if (statusCode !== 201) throw new Error(`HTTP ${statusCode}: ${await body.text()}`);
    await body.json();
  };
  const record = async () => {
    const { isError, content } = await client.callTool({ name: 'create_customer_payment', arguments: payment() });
    if (isError) throw new Error(JSON.stringify(content));
  };
  for (let i = 0; i < 10; i += 1) await record();
  const callsBefore = await countOfRequests(sandbox.url);
  await record();
  const zohoCalls = (await countOfRequests(sandbox.url)) - callsBefore;
  const writes: { bare: number[]; tool: number[] } = { bare: [], tool: [] };
  for (let i = 0; i < 100; i += 1) {
    writes.bare.push(await timed(bare));
    writes.tool.push(await timed(record));
  }
  const addedToWrite = median(writes.tool.map((time, i) => time - writes.bare[i]!));
  rows.push(
    { what: 'create_customer_payment, bare POST to the sandbox, p50', measured: ms(median(writes.bare)) },
    {
      what: 'create_customer_payment as a tool, journal and preflight included, p50',
      measured: `${ms(median(writes.tool))} (added ${ms(addedToWrite)}, ${zohoCalls} Zoho calls)`,
    },
  );
  await client.close();
  await dispatcher.close();
  child.kill();
}

async function countOfRequests(url: string): Promise<number> {
  const { requests } = (await (await fetch(`${url}/__sandbox/requests`)).json()) as { requests: { seq: number }[] };
  return requests.at(-1)?.seq ?? 0;
}

function memoryOf(pid: number | null): string {
  if (pid === null || process.platform === 'win32') return 'not measured here';
  return `${(Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1000).toFixed(0)} MB`;
}

/** The peak memory of `journal verify` in its own process. It must not grow with the journal. */
async function measureVerify(): Promise<void> {
  const source = JSON.stringify(join(root, 'src/write/journal/sqlite.ts'));
  const script = `
    const { openSqliteJournal } = await import(${source});
    const journal = await openSqliteJournal(process.argv[1]);
    // The system's own maximum is not used: on Linux, a process starts with the maximum of its parent.
    let most = 0;
    setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20).unref();
    const { problems } = await journal.verify();
    if (problems.length > 0) throw new Error(problems[0]);
    await journal.close();
    console.log(Math.max(most, process.memoryUsage.rss()) / 1e6);`;
  const most: string[] = [];
  for (const writes of [1_000, 30_000]) {
    const file = join(scratch, `journal-of-${writes}`, 'journal.sqlite');
    await longJournal(file, writes);
    const megabytes = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, file], {
      cwd: root,
      encoding: 'utf8',
    });
    most.push(`${Number(megabytes).toFixed(0)} MB`);
  }
  rows.push({ what: 'memory of `journal verify`, 1,000 and 30,000 writes', measured: most.join(' and '), aim: '≤ 200 MB for both' });
}

/** The sandbox with 100,000 payments. No request may scan and sort all of them. */
async function measureLargeBooks(): Promise<void> {
  const started = performance.now();
  const { child, sandbox } = await startSandbox('--payments', '100000');
  const made = performance.now() - started;
  const { client_id, client_secret, refresh_token } = sandbox;
  const query = new URLSearchParams({ client_id, client_secret, refresh_token, grant_type: 'refresh_token' });
  const { access_token } = (await (await fetch(`${sandbox.accounts_url}/oauth/v2/token?${query}`, { method: 'POST' })).json()) as {
    access_token: string;
  };
  const get = async (path: string) => {
    const response = await fetch(
      `${sandbox.api_base_url}${path}${path.includes('?') ? '&' : '?'}organization_id=${sandbox.organization_id}`,
      {
        headers: { authorization: `Zoho-oauthtoken ${access_token}` },
      },
    );
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
    await response.text();
  };
  let most = 0;
  for (const path of [
    '/customerpayments',
    '/customerpayments?sort_column=amount&sort_order=D',
    '/customerpayments?sort_column=customer_name&sort_order=A',
    '/customerpayments?customer_id=903000000000099',
    '/customerpayments?reference_number=TRF-778812',
    '/invoices',
    `/customerpayments/${payment_id}`,
  ]) {
    const times: number[] = [];
    for (let count = 0; count < 6; count += 1) times.push(await timed(() => get(path)));
    most = Math.max(most, median(times.slice(1)));
  }
  child.kill();
  rows.push(
    { what: 'sandbox with 100,000 payments, spawn to its first line', measured: ms(made), aim: '≤ 15 s' },
    { what: 'slowest list with 100,000 payments', measured: ms(most), aim: '≤ 60 ms' },
  );
}

/** The calls and bytes that twelve conversations cost a model, compared with the same conversations with only the thirteen endpoints. */
async function measureConversations(): Promise<string[]> {
  const table = [
    '| conversation | calls | bytes of results | with only the thirteen: calls | bytes of results |',
    '| --- | --- | --- | --- | --- |',
  ];
  const told = ({ task, problems, calls, bytes }: Played) => {
    if (problems.length > 0) throw new Error(`${task}: ${problems.join('; ')}`);
    return `${calls} | ${bytes}`;
  };
  for (const task of conversations) {
    const ours = await play(task, scriptedModel(solutions[task.name]!.right));
    const alone = withThirteen[task.name]!;
    const without = typeof alone === 'string' ? `not possible: ${alone} |` : told(await play(task, scriptedModel(alone), ['payments']));
    table.push(`| ${task.name} | ${told(ours)} | ${without} |`);
  }
  return table;
}

let conversed: string[];
try {
  await measureStart();
  await measureCalls();
  await measureVerify();
  await measureLargeBooks();
  conversed = await measureConversations();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
writeFileSync(
  1,
  [
    '',
    `Node ${process.version}, ${process.platform} ${process.arch}`,
    '',
    '| measure | median | aim |',
    '| --- | --- | --- |',
    ...rows.map(({ what, measured, aim = '' }) => `| ${what} | ${measured} | ${aim} |`),
    '',
    ...conversed,
    '',
  ].join('\n'),
);
