import type { Sandbox } from '../../src/sandbox/index.ts';
import type { ListCall, ListPerformed } from '../../src/write/list-types.ts';
import type { Call, Performed, Road } from '../../src/write/types.ts';
import { connectTo, type Connected, type Person } from '../support/client.ts';
import { openGated } from './gated.ts';
import { TIMEOUT_MS, type Crash, type Pause, type Plan, type Server, type Step } from './plan.ts';

/** A server in this process that can be held up and killed at any step of its journal. */

export interface Running {
  readonly plan: Server;
  /** The server's road, if it runs in this process. */
  readonly road: Road | undefined;
  readonly dead: boolean;
  /** Resolves when the server is killed. */
  readonly gone: Promise<void>;
  /** Undefined if the server is called without a client. */
  readonly call: Connected['call'] | undefined;
  perform(call: Call): Promise<Performed>;
  performList(call: ListCall): Promise<ListPerformed>;
  resolveAll(): Promise<void>;
  arm(crashes: readonly Crash[], pauses: readonly Pause[]): void;
  kill(): void;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly server: Server;
  readonly sandbox: Sandbox;
  readonly dir: string;
  readonly person: Person;
  /** Waits for the length of the pause, or lets the clocks jump. */
  readonly heldUp: (pause: Pause) => Promise<void>;
  readonly warn: (message: string) => void;
  readonly timeoutMs?: number;
  readonly fenceMs?: number;
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
  fenceMs,
}: ServerOptions): Promise<Running> {
  let dead = false;
  let crashes: Crash[] = [];
  let pauses: Pause[] = [];
  let timers: NodeJS.Timeout[] = [];
  /** How often each step was reached since the crashes and pauses were set. */
  let times = new Map<string, number>();
  let isGone = () => {};
  const gone = new Promise<void>((resolve) => (isGone = resolve));

  /** Kills the server as the operating system would: its code stops, its sockets close, its locks are released. */
  const kill = () => {
    if (dead) return;
    dead = true;
    timers.forEach(clearTimeout);
    // Code that still runs stops at its next step of the journal.
    void wire.close().catch(() => undefined);
    void opened.close().catch(() => undefined);
    void connected?.close().catch(() => undefined);
    isGone();
  };
  const never = new Promise<never>(() => {});
  const reach = async (step: Step, when: 'before' | 'after') => {
    const passed = times.get(`${step} ${when}`) ?? 0;
    times.set(`${step} ${when}`, passed + 1);
    const crash = crashes.findIndex(({ at }) => typeof at === 'object' && at.step === step && at.when === when && (at.skip ?? 0) <= passed);
    if (crash >= 0) {
      crashes.splice(crash, 1);
      kill();
    }
    const pause = pauses.findIndex((one) => one.step === step && one.when === when && (one.skip ?? 0) <= passed);
    if (pause >= 0 && !dead) {
      await heldUp(pauses.splice(pause, 1)[0]!);
    }
  };
  const books = openGated({
    plan,
    lookMs: server.lookMs,
    where: sandbox,
    dir,
    timeoutMs,
    fenceMs,
    durable: false,
    warn,
    reach: async (step, when) => {
      if (step !== undefined) await reach(step, when);
      if (dead) await never;
    },
  });
  const wire = await books.wire();
  const opened = await books.road();
  const connected =
    server.client === 'direct'
      ? undefined
      : await connectTo(books, { kind: server.client, person: server.canBeAsked ? person : undefined });

  return {
    plan: server,
    road: opened.road,
    get dead() {
      return dead;
    },
    gone,
    call: connected?.call,
    perform: (call) => books.write(call),
    performList: (call) => books.writeList(call),
    resolveAll: () => opened.resolveAll(warn),
    arm(nextCrashes, nextPauses) {
      timers.forEach(clearTimeout);
      times = new Map();
      crashes = nextCrashes.filter(({ at }) => typeof at === 'object');
      pauses = [...nextPauses];
      timers = nextCrashes.flatMap(({ at }) => (typeof at === 'number' ? [setTimeout(kill, at)] : []));
    },
    kill,
    async close() {
      if (dead) return;
      timers.forEach(clearTimeout);
      await connected?.close();
      dead = true;
      await books.close();
    },
  };
}
