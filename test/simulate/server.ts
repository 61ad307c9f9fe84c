import { Client as ModernClient, InMemoryTransport } from '@modelcontextprotocol/client';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport as OlderTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { endpoints } from '../../src/endpoints/index.ts';
import { workflows } from '../../src/workflows/index.ts';
import { createDeliveries } from '../../src/mcp/deliveries.ts';
import { serverFactory } from '../../src/mcp/server.ts';
import type { Sandbox } from '../../src/sandbox/index.ts';
import type { Call, Road } from '../../src/write/call.ts';
import { perform } from '../../src/write/perform.ts';
import { openGated } from './gated.ts';
import { TIMEOUT_MS, type Crash, type Pause, type Plan, type Server, type Step } from './plan.ts';

/** One of our servers, in this process, that can be held up and killed at any step of its journal. */

export interface Elicited {
  readonly question: string;
  /** Not a yes or no, but which record it is. */
  readonly choices?: readonly string[] | undefined;
}
export type PersonAnswer = { action: 'accept'; content: { approve: boolean } | { which: string } } | { action: 'decline' | 'cancel' };

/** A question as a client gets it. */
export function elicitedOf({ message, requestedSchema }: { message: string; requestedSchema?: unknown }): Elicited {
  return {
    question: message,
    choices: (requestedSchema as { properties?: { which?: { enum?: readonly string[] } } } | undefined)?.properties?.which?.enum,
  };
}

export interface Running {
  readonly plan: Server;
  /** Where it runs in this process. */
  readonly road: Road | undefined;
  readonly dead: boolean;
  /** Resolves when it is killed. */
  readonly gone: Promise<void>;
  /** Undefined for a server that is called directly. */
  readonly call: ((name: string, args: Record<string, unknown>, signal: AbortSignal | undefined) => Promise<ToolResult>) | undefined;
  perform(call: Call): ReturnType<typeof perform>;
  resolveAll(): Promise<void>;
  arm(crashes: readonly Crash[], pauses: readonly Pause[]): void;
  kill(): void;
  close(): Promise<void>;
}

export interface ToolResult {
  readonly isError?: boolean;
  readonly content: { readonly text?: string }[];
  readonly structuredContent: Record<string, unknown>;
}

export interface ServerOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly server: Server;
  readonly sandbox: Sandbox;
  readonly dir: string;
  readonly person: (asked: Elicited) => Promise<PersonAnswer>;
  /** Waits as long as a pause takes, or makes the time pass. */
  readonly heldUp: (pause: Pause) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly timeoutMs?: number;
}

export async function startServer({
  plan,
  server,
  sandbox,
  dir,
  person,
  heldUp,
  warn,
  timeoutMs = TIMEOUT_MS,
}: ServerOptions): Promise<Running> {
  let dead = false;
  let close: () => Promise<void> = async () => {};
  let crashes: Crash[] = [];
  let pauses: Pause[] = [];
  let timers: NodeJS.Timeout[] = [];
  let isGone = () => {};
  const gone = new Promise<void>((resolve) => (isGone = resolve));

  /** As the operating system would: nothing of it runs on, its sockets close, its locks are free. */
  const kill = () => {
    if (dead) return;
    dead = true;
    timers.forEach(clearTimeout);
    // What still runs of it gets no further than its next step.
    void http.close().catch(() => undefined);
    void opened.close().catch(() => undefined);
    void close().catch(() => undefined);
    isGone();
  };
  const never = new Promise<never>(() => {});
  const reach = async (step: Step, when: 'before' | 'after') => {
    const crash = crashes.findIndex(({ at }) => typeof at === 'object' && at.step === step && at.when === when);
    if (crash >= 0) {
      crashes.splice(crash, 1);
      kill();
    }
    const pause = pauses.findIndex((one) => one.step === step && one.when === when);
    if (pause >= 0 && !dead) {
      await heldUp(pauses.splice(pause, 1)[0]!);
    }
  };
  const { http, zoho, opened, road } = await openGated({
    plan,
    lookMs: server.lookMs,
    where: sandbox,
    dir,
    timeoutMs,
    durable: false,
    reach: async (step, when) => {
      if (step !== undefined) await reach(step, when);
      if (dead) await never;
    },
  });
  const performHere = async (call: Call) => await perform(call, road);

  let call: Running['call'];
  if (server.client !== 'direct') {
    const deliveries = createDeliveries(
      ({ entry, state }) => void road.journal.add(entry, { type: 'delivered', state }).catch(() => undefined),
    );
    const factory = serverFactory(
      {
        endpoints,
        workflows,
        zoho,
        reader: async (signal) => zoho.until(signal),
        quota: () => Promise.reject(new Error('not asked')),
        write: performHere,
        journal: async () => road.journal,
        sandbox: false,
        version: '0.0.0',
        log: (level, event, facts) => level === 'info' || warn(`${event}: ${JSON.stringify(facts)}`),
      },
      deliveries,
    );
    const capabilities = server.canBeAsked ? { elicitation: { form: {} } } : {};
    const info = { name: 'simulation', version: '1.0.0' };
    const asked = (params: { message: string; requestedSchema?: unknown }) => person(elicitedOf(params));
    if (server.client === 'older SDK') {
      const [near, far] = OlderTransport.createLinkedPair();
      const stdio = serveStdio(factory, { transport: deliveries.over(far) });
      const client = new OlderClient(info, { capabilities });
      if (server.canBeAsked)
        client.setRequestHandler(ElicitRequestSchema, async ({ params }) => await asked(params as { message: string }));
      await client.connect(near);
      call = async (name, args, signal) =>
        (await client.callTool({ name, arguments: args }, undefined, signal && { signal })) as ToolResult;
      close = async () => void (await Promise.all([client.close(), stdio.close()]));
    } else {
      const [near, far] = InMemoryTransport.createLinkedPair();
      const stdio = serveStdio(factory, { transport: deliveries.over(far) });
      const mode = server.client === 'current SDK, 2026-07-28' ? { pin: '2026-07-28' } : ('legacy' as const);
      const client = new ModernClient(info, { capabilities, versionNegotiation: { mode } });
      if (server.canBeAsked)
        client.setRequestHandler('elicitation/create', async ({ params }) => await asked(params as { message: string }));
      await client.connect(near);
      call = async (name, args, signal) => (await client.callTool({ name, arguments: args }, signal && { signal })) as ToolResult;
      close = async () => void (await Promise.all([client.close(), stdio.close()]));
    }
  }

  return {
    plan: server,
    road,
    get dead() {
      return dead;
    },
    gone,
    call,
    perform: performHere,
    resolveAll: () => opened.resolveAll(warn),
    arm(nextCrashes, nextPauses) {
      timers.forEach(clearTimeout);
      crashes = nextCrashes.filter(({ at }) => typeof at === 'object');
      pauses = [...nextPauses];
      timers = nextCrashes.flatMap(({ at }) => (typeof at === 'number' ? [setTimeout(kill, at)] : []));
    },
    kill,
    async close() {
      if (dead) return;
      timers.forEach(clearTimeout);
      await close();
      dead = true;
      await opened.close();
      await http.close();
    },
  };
}
