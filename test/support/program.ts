import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { closers } from './closers.ts';
import { TODAY } from './today.ts';

/** Runs the built program as hosts do: as a process of its own, through its pipes. */

export const program = resolve(import.meta.dirname, '../../dist/zoho-payments-mcp.cjs');

/** The Node that runs the program. `npm run test:nodes` sets a different version from the one that runs the tests. */
export const node = process.env['NODE_UNDER_TEST'] || process.execPath;

/** The command that these tests use, as the program's hints print it. */
export const command = `node ${program}`;

export type Json = Record<string, any>;

/** Settings with which the program uses a sandbox in place of Zoho. */
export function settingsFor(sandbox: Sandbox): Record<string, string> {
  return {
    ZOHO_CLIENT_ID: sandbox.client_id,
    ZOHO_CLIENT_SECRET: sandbox.client_secret,
    ZOHO_REFRESH_TOKEN: sandbox.refresh_token,
    ZOHO_ORGANIZATION_ID: sandbox.organization_id,
    ZOHO_API_BASE_URL: sandbox.api_base_url,
    ZOHO_ACCOUNTS_URL: sandbox.accounts_url,
  };
}

/** An environment without the developer's own settings and state folder. */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'USERPROFILE'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const found = Object.fromEntries(kept) as Record<string, string>;
  // Hints call the program's Node `node`. It must come first in PATH, so that this name runs this Node.
  if (node !== process.execPath) found['PATH'] = [dirname(node), found['PATH'] ?? ''].join(delimiter);
  return {
    ...found,
    ZOHO_PAYMENTS_STATE_DIR: folder(),
    ZOHO_PAYMENTS_SANDBOX_TODAY: TODAY,
    ...settings,
  };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: string[];
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Writes a line unchanged. */
  line(text: string): void;
  /** Sends a request and waits for its answer. */
  request(method: string, params?: Json): Promise<Json>;
  /** Calls a tool and returns the answer's result. */
  call(name: string, args?: Json): Promise<Json>;
}

export function start(args: readonly string[], settings: Record<string, string> = {}, nodeArgs: readonly string[] = []): Program {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first, as "npm test" does.`);
  const child = spawn(node, [...nodeArgs, program, ...args], { env: environment(settings) });
  const stdout: string[] = [];
  const stderr: string[] = [];
  const waiting = new Map<number, (answer: Json) => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    stdout.push(text);
    // Some commands print lines that are not JSON.
    if (!/^\{.*\}$/.test(text)) return;
    const message = JSON.parse(text) as Json;
    waiting.get(message['id'])?.(message);
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal }));
  closers.push(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let id = 0;
  const line = (text: string) => child.stdin.write(`${text}\n`);
  const request = (method: string, params: Json = {}) =>
    new Promise<Json>((resolve, reject) => {
      id += 1;
      waiting.set(id, resolve);
      ended.then(() => reject(new Error(`the program ended before it answered ${method}: ${stderr.join('')}`)), reject);
      line(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    });
  return {
    child,
    stdout,
    stderr: () => stderr.join(''),
    ended,
    line,
    request,
    call: async (name, args = {}) => (await request('tools/call', { name, arguments: args }))['result'] as Json,
  };
}

/** Starts the program and completes the handshake of the older protocol revisions. */
export async function serving(
  args: readonly string[] = [],
  settings: Record<string, string> = {},
): Promise<Program & { readonly hello: Json }> {
  const server = start(args, settings);
  const hello = await server.request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return { ...server, hello: hello['result'] as Json };
}

/** Runs a command of the program to its end, for commands that do not serve. */
export async function run(args: readonly string[], settings: Record<string, string> = {}, nodeArgs: readonly string[] = []) {
  const { child, ended, stdout, stderr } = start(args, settings, nodeArgs);
  child.stdin.end();
  const { code } = await ended;
  return { code, stdout: stdout.join('\n'), stderr: stderr() };
}

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'zoho-payments-test-'));
  closers.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
