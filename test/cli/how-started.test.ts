import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import { commandOf, extensionFields, startedAs, startedAsExtension } from '../../src/cli/how-started.ts';
import { errorFacts } from '../../src/mcp/results.ts';
import { AccessError, type PaymentsError } from '../../src/errors.ts';
import { failureOf } from '../../src/zoho/failure.ts';
import { openLoginStore } from '../../src/zoho/login-store.ts';
import { requestTokens } from '../../src/zoho/oauth.ts';
import { closers } from '../support/closers.ts';
import { environment, folder, node, program } from '../support/program.ts';
import { anyEdge } from '../support/worded.ts';

/** Hints show a command that works on this machine, made from the way in which this program was started. */

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const onPosix = it.skipIf(process.platform === 'win32');

/** A copy of the built program, as a package in `at`. */
function installed(at: string): string {
  mkdirSync(at, { recursive: true });
  cpSync(join(root, 'dist'), join(at, 'dist'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(at, 'node_modules'));
  return join(at, 'dist/zoho-payments-mcp.cjs');
}

function linked(to: string, at: string): string {
  mkdirSync(dirname(at), { recursive: true });
  symlinkSync(to, at);
  return at;
}

/** An npx cache folder with a link to the program, as npx makes it for these packages. */
function fetched(...packages: string[]): string {
  const cache = join(folder(), '_npx', 'b8deac4b9ffa83c1');
  const bin = linked(program, join(cache, 'node_modules/.bin/zoho-payments-mcp'));
  writeFileSync(join(cache, 'package.json'), JSON.stringify({ dependencies: {}, _npx: { packages } }));
  return bin;
}

/** The command in the hint of a server that is not connected. */
async function hintOf(script: string, { args = [], settings = {} }: { args?: string[]; settings?: Record<string, string> } = {}) {
  const transport = new StdioClientTransport({ command: node, args: [script, ...args], env: environment(settings) });
  const client = new Client({ name: 'test', version: '1' });
  closers.push(() => client.close());
  await client.connect(transport);
  const result = await client.callTool({ name: 'list_customer_payments', arguments: {} });
  await client.close();
  return (result.structuredContent as { error: { next: string; message: string } }).error;
}

/** Runs a command line in a shell, as a person would. */
const typed = async (command: string, settings: Record<string, string> = {}, cwd = root) =>
  await run('sh', ['-c', command], { env: environment({ npm_config_offline: 'true', ...settings }), cwd });

const thrownBy = async (work: Promise<unknown>) =>
  (await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )) as PaymentsError;

const commandIn = (text: string): string => /`([^`]+) login`/.exec(text)?.[1] ?? '';

describe('the command in a hint', () => {
  onPosix('is node with the program if a host starts it so, and works in a shell', async () => {
    const { next } = await hintOf(program);
    expect(next).toContain(`\`node ${program} login\``);
    expect((await typed(`${commandIn(next)} --version`)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  onPosix.each(['with spaces', "with 'quotes' and $dollars", 'with (brackets) & more'])('works for a folder %s', async (name) => {
    const { next } = await hintOf(installed(join(folder(), name)));
    expect((await typed(`${commandIn(next)} --version`)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  onPosix('has the full path of Node if the shell finds another Node or none', async () => {
    const own = folder();
    const other = join(own, 'node');
    writeFileSync(other, '#!/bin/sh\necho another node\n');
    chmodSync(other, 0o755);
    const { next } = await hintOf(program, { settings: { PATH: `${own}:/usr/bin:/bin` } });
    expect(next).toContain(`\`${node} ${program} login\``);
    expect((await hintOf(program, { settings: { PATH: '/nowhere' } })).next).toContain(`\`${node} ${program} login\``);
  });

  onPosix('is the name of the program if the shell finds it, otherwise its path', async () => {
    const bin = linked(program, join(folder(), 'zoho-payments-mcp'));
    const path = `${dirname(bin)}:${process.env['PATH'] ?? ''}`;
    const { next } = await hintOf(bin, { settings: { PATH: path } });
    expect(next).toContain('`zoho-payments-mcp login`');
    expect((await typed(`${commandIn(next)} --version`, { PATH: path })).stdout).toMatch(/^\d/);
    expect((await hintOf(bin)).next).toContain(`\`${bin} login\``);
  });

  onPosix.each([
    ['zoho-payments-mcp', 'npx zoho-payments-mcp'],
    ['zoho-payments-mcp@0.1', 'npx zoho-payments-mcp@0.1'],
    ['github:example/zoho-payments-mcp#main', "npx 'github:example/zoho-payments-mcp#main'"],
    [root, 'npx zoho-payments-mcp'],
  ])('is npx with the original package name: %s', async (spec, command) => {
    const { next } = await hintOf(fetched(spec));
    expect(next).toContain(`\`${command} login\`${spec === root ? ` (in ${root})` : ''}`);
  });

  onPosix('is npx in the project that has the package', async () => {
    const project = folder();
    const { next } = await hintOf(linked(program, join(project, 'node_modules/.bin/zoho-payments-mcp')));
    expect(next).toContain(`\`npx zoho-payments-mcp login\` (in ${project})`);
    expect((await typed(`${commandIn(next)} --version`, {}, project)).stdout).toMatch(/^\d/);
  });

  it.each<[what: string, script: string, command: string]>([
    ['a plain path', 'C:\\zoho\\dist\\zoho-payments-mcp.cjs', 'node C:\\zoho\\dist\\zoho-payments-mcp.cjs'],
    ['a path with spaces', 'C:\\My Files\\dist\\zoho-payments-mcp.cjs', 'node "C:\\My Files\\dist\\zoho-payments-mcp.cjs"'],
    [
      'a package in the cache of npx',
      'C:\\Users\\x\\AppData\\Local\\npm-cache\\_npx\\b8de\\node_modules\\zoho-payments-mcp\\dist\\zoho-payments-mcp.cjs',
      'npx zoho-payments-mcp',
    ],
  ])('is quoted correctly for Windows: %s', (_, script, command) => {
    expect(commandOf({ script, node: 'C:\\Program Files\\nodejs\\node.exe', windows: true, path: undefined })).toEqual({ command });
  });

  it('contains --sandbox if the hint is about the journal of the practice books', () => {
    const { here } = startedAs({ script: '/p/x.cjs', node, windows: false, path: undefined }, { sandbox: true });
    expect(here('Run `zoho-payments-mcp journal resolve`, or `zoho-payments-mcp login`.')).toBe(
      'Run `node /p/x.cjs journal resolve --sandbox`, or `node /p/x.cjs login`.',
    );
  });
});

describe('a text at the terminal', () => {
  onPosix.each<[what: string, args: string[], settings: Record<string, string>]>([
    ['doctor', ['doctor'], {}],
    ['doctor --json', ['doctor', '--json'], {}],
    ['a wrong option', ['--nonsense'], {}],
    ['the journal without a login', ['journal', 'list'], {}],
    ['help', ['--help'], {}],
  ])('shows the command in the form in which it was called: %s', async (_, args, settings) => {
    const ended = (await run(node, [program, ...args], { env: environment(settings) }).catch((error: unknown) => error)) as {
      stdout: string;
      stderr: string;
    };
    const text = ended.stdout + ended.stderr;
    expect(text).toContain(`node ${program}`);
    expect(text).not.toContain('`zoho-payments-mcp');
  });
});

describe('a hint inside an extension', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as {
    server: { mcp_config: { args: string[]; env: Record<string, string> } };
    user_config: Record<string, { title: string }>;
  };

  it('uses the titles of the fields in the manifest', () => {
    const fields = Object.entries(manifest.server.mcp_config.env).map(([variable, value]) => {
      const name = /^\$\{user_config\.(\w+)\}$/.exec(value)?.[1] ?? '';
      return [variable, manifest.user_config[name]?.title];
    });
    expect(extensionFields).toEqual(Object.fromEntries(fields));
  });

  it('names the fields to fill in if the server is not connected, but no command and no variable', async () => {
    const [, ...args] = manifest.server.mcp_config.args;
    const { next, message } = await hintOf(program, { args });
    expect(message).toContain('“Zoho client id” in the settings of this extension');
    expect(message).toContain('“Zoho refresh token”');
    expect(next).toContain('“Use the sandbox”');
    expect(`${next} ${message}`).not.toMatch(/`|ZOHO_|--\w|login`/);
  });

  it('names its settings in the next step of every error whose next step is a command in a terminal', async () => {
    const refused = async (code: string) => {
      const http = { exchange: async () => ({ status: 400, headers: {}, bytes: Buffer.from(JSON.stringify({ error: code })) }) };
      const grant = { kind: 'refresh', refreshToken: 'c' } as const;
      return await thrownBy(requestTokens(http as never, 'https://accounts.zoho.com', { clientId: 'a', clientSecret: 'b' }, grant));
    };
    const request = { method: 'GET', path: '/contacts', scope: 'ZohoBooks.contacts.READ' } as const;
    const dir = folder();
    writeFileSync(join(dir, 'login.json'), '{}');
    const errors = [
      failureOf({ kind: 'json', status: 401, body: { code: 57, message: 'no' } }, request, 'token')!,
      ...(await Promise.all(['invalid_client', 'invalid_code', 'other'].map(refused))),
      await thrownBy(openLoginStore(dir).read()),
    ];
    for (const error of errors) {
      const { next } = errorFacts(error, { ...anyEdge, started: startedAsExtension }) as { next: string };
      expect(next, error.code).toContain('in the settings of this extension');
      expect(next, error.code).not.toMatch(/`|ZOHO_|--\w/);
      expect(errorFacts(error, anyEdge)['next'], error.code).toContain('`zoho-payments-mcp ');
    }
  });

  it('omits steps that need a terminal', () => {
    const error = new AccessError('No.', {
      code: 'login_unreadable',
      next: ['run `zoho-payments-mcp login`', 'unlock it', 'use --sandbox'],
    });
    expect(errorFacts(error, { ...anyEdge, started: startedAsExtension })['next']).toBe('Ask the operator to unlock it.');
  });

  it('names the field of a wrong setting', async () => {
    const { stderr } = (await run(node, [program, 'serve', '--extension'], { env: environment({ ZOHO_DATA_CENTER: 'xx' }) }).catch(
      (error: unknown) => error,
    )) as { stderr: string };
    expect(stderr).toContain('“Data center” in the settings of this extension is "xx"');
  });
});
