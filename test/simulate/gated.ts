import { endpoints, workflows } from '../../src/catalogue.ts';
import { openConnection, type Connection } from '../../src/cli/connection.ts';
import { sandboxTarget } from '../../src/cli/zoho-connection.ts';
import type { BooksToServe } from '../../src/mcp/serve.ts';
import type { Log } from '../../src/trace.ts';
import type { Journal } from '../../src/write/journal/journal.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';
import type { Policy } from '../../src/write/policy.ts';
import { FENCE_MS, GRACE_MS, type Plan, type Step } from './plan.ts';

/** A server's connection with a gate before and after each step of its journal. */

export type Where = Parameters<typeof sandboxTarget>[0];

export interface GatedOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly lookMs: number;
  readonly where: Where;
  readonly dir: string;
  readonly timeoutMs: number;
  readonly fenceMs?: number | undefined;
  readonly durable: boolean;
  readonly warn: (message: string) => void;
  /** Awaited at every step. It never resolves if the server is dead from this step on. */
  readonly reach: (step: Step | undefined, when: 'before' | 'after') => Promise<void>;
}

export function openGated({
  plan,
  lookMs,
  where,
  dir,
  timeoutMs,
  fenceMs = FENCE_MS,
  durable,
  warn,
  reach,
}: GatedOptions): Connection & BooksToServe {
  const log: Log = (level, event, facts) => {
    if (level === 'error' || level === 'warn') warn(`${event}: ${JSON.stringify(facts)}`);
  };
  const connection = openConnection({
    target: async () => sandboxTarget(where, dir),
    http: { timeoutMs },
    limits: { perMinute: 100_000, concurrent: 100, pauseMs: 4 },
    shared: 'memory',
    retryDelayMs: 4,
    policy: plan.policy as Policy,
    mode: plan.mode,
    uniqueField: plan.uniqueField,
    timings: { graceMs: GRACE_MS, lookMs, fenceMs, declinedMs: 60_000, fastestAnswerMs: 0 },
    openJournal: async (file) => gated(await openSqliteJournal(file, { durable }), reach),
    log,
  });
  return { ...connection, endpoints, workflows, sandbox: false, version: '0.0.0', log };
}

function gated(journal: Journal, reach: GatedOptions['reach']): Journal {
  return new Proxy(journal, {
    get(target, name: keyof Journal) {
      const method = target[name] as ((...args: unknown[]) => unknown) | undefined;
      // A killed server must still be able to close its file. `then` is read when code awaits the journal.
      if (['events', 'close', 'now'].includes(name) || method === undefined) return method?.bind(target);
      return async (...args: unknown[]) => {
        const step = stepOf(name, args);
        await reach(step, 'before');
        const result = await method.apply(target, args);
        await reach(step, 'after');
        return result;
      };
    },
  });
}

function stepOf(method: string, args: readonly unknown[]): Step | undefined {
  if (method === 'claim') return 'claim';
  if (method === 'add') return (args[1] as { type: Step }).type;
  return method === 'note' ? (args[0] as { type: Step }).type : undefined;
}
