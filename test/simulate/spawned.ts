import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { callTool, modernClient } from '../support/client.ts';
import type { Crash, Pause } from './plan.ts';
import type { Control, ProcessOptions } from './process.ts';
import type { Running, ServerOptions } from './server.ts';

/** A server as a separate process: killed by SIGKILL, stopped by SIGSTOP, called over stdio. */

let count = 0;

export async function spawnServer(
  { plan, server, sandbox, dir, person, heldUp, warn }: ServerOptions,
  resolves: boolean,
): Promise<Running> {
  const control = join(dir, `control-${(count += 1)}.json`);
  const say = (content: Control) => writeFileSync(control, JSON.stringify(content));
  say({ phase: 0, crashes: [], pauses: [] });
  const options: ProcessOptions = { plan, lookMs: server.lookMs, where: { ...sandbox }, dir, resolves, control };
  const transport = new StdioClientTransport({
    command: process.execPath,
    env: process.env as Record<string, string>,
    args: [fileURLToPath(new URL('process.mjs', import.meta.url)), JSON.stringify(options)],
    stderr: 'pipe',
  });
  const kind = server.client === 'current SDK, 2026-07-28' ? server.client : 'current SDK, 2025 era';
  const client = modernClient(kind, server.canBeAsked ? person : undefined);
  let dead = false;
  let pid = 0;
  let phase = 0;
  let timers: NodeJS.Timeout[] = [];
  let isGone = () => {};
  const gone = new Promise<void>((resolve) => (isGone = resolve));
  const kill = () => {
    if (dead) return;
    dead = true;
    timers.forEach(clearTimeout);
    process.kill(pid, 'SIGKILL');
    isGone();
    void client.close().catch(() => undefined);
  };
  const hear = async (line: string) => {
    if (!line.startsWith('{')) return warn(`a process failed: ${line}`);
    const { what, pause, message } = JSON.parse(line) as { what: string; pause?: Pause; message?: string };
    if (what === 'warning') return warn(message ?? '');
    if (what === 'crash') return kill();
    await heldUp(pause!);
    if (!dead) process.kill(pid, 'SIGCONT');
  };
  let rest = '';
  (transport.stderr as Readable).setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') void hear(line);
  });
  await client.connect(transport);
  pid = transport.pid ?? 0;
  return {
    plan: server,
    road: undefined,
    get dead() {
      return dead;
    },
    gone,
    call: (name, args, signal) => callTool(client, name, args, signal),
    perform: () => Promise.reject(new Error('this server runs in another process')),
    performList: () => Promise.reject(new Error('this server runs in another process')),
    // The process already did this at its start, if the plan says so.
    resolveAll: async () => {},
    arm(crashes: readonly Crash[], pauses: readonly Pause[]) {
      timers.forEach(clearTimeout);
      say({ phase: (phase += 1), crashes, pauses });
      timers = crashes.flatMap(({ at }) => (typeof at === 'number' ? [setTimeout(kill, at)] : []));
    },
    kill,
    async close() {
      if (dead) return;
      timers.forEach(clearTimeout);
      say({ phase: (phase += 1), crashes: [], pauses: [] });
      await client.close();
      for (let waited = 0; isAlive(pid) && waited < 5000; waited += 20) await sleep(20);
      if (isAlive(pid)) warn(`process ${pid} failed: it does not end`);
      dead = true;
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
