import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { closers } from './closers.ts';
import { TODAY } from './today.ts';

/** The built program as hosts run it: a process of its own, spoken to over its pipes. */

export const program = resolve(import.meta.dirname, '../../dist/zoho-payments-mcp.cjs');

/** The Node that runs the program. `npm run test:nodes` sets another one than runs the tests. */
export const node = process.env['NODE_UNDER_TEST'] || process.execPath;

/** The same as hints call it: how these tests start it. */
export const command = `node ${program}`;

export type Json = Record<string, any>;

/** The settings that point the program at a sandbox as if it were Zoho. */
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

/** An environment with nothing of the developer's own in it, the folder for state included. */
export function environment(settings: Record<string, string> = {}): Record<string, string> {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'USERPROFILE'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const found = Object.fromEntries(kept) as Record<string, string>;
  // First in the path, so that hints call it `node`, as for the Node of a developer.
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
  /** Writes a line as it is. */
  line(text: string): void;
  /** Sends a request and waits for its answer. */
  request(method: string, params?: Json): Promise<Json>;
  /** Calls a tool; the answer's result. */
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
    // Other commands print other things.
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
      ended.then(() => reject(new Error(`ended before it answered ${method}: ${stderr.join('')}`)), reject);
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

/** Started and past the handshake of the older revisions. */
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

/** Runs to its end; for what does not serve. */
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
