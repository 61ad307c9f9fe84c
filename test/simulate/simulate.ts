import { fork, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, scratchFolder } from './bundle.ts';
import { hasGroups, killGroup } from './group.ts';
import type { Figures, RunResult } from './run.ts';
import { sabotages, type SabotageName } from './sabotage.ts';
import { inProcesses } from './plan.ts';
import { makeTemplate } from './template.ts';
import type { Message, Work } from './worker.ts';

/** Runs many simulations in several processes. */

export interface Simulation {
  /** The seeds, one for each run, in order. */
  readonly seeds: readonly number[];
  readonly workers?: number | undefined;
  /** The folder in which the files of failing runs are kept. */
  readonly keep?: string | undefined;
  readonly sabotage?: SabotageName | undefined;
  /** Factor by which all times grow, for a busy machine. */
  readonly slower?: number | undefined;
  /** If it returns true, the simulation ends before all seeds are done. */
  readonly enough?: ((result: RunResult) => boolean) | undefined;
  readonly onResult?: ((result: RunResult) => void) | undefined;
}

export interface Outcome {
  readonly runs: number;
  readonly seconds: number;
  readonly failed: readonly RunResult[];
  readonly figures: Figures;
}

/** Number of runs that one process does at the same time. Most of a run is waiting for timeouts. */
const AT_ONCE = 4;
/** A run that takes longer than this hangs. */
const HANGS_MS = 600_000;

export async function simulate({ seeds, workers = 2, keep, sabotage, slower = 1, enough, onResult }: Simulation): Promise<Outcome> {
  const began = performance.now();
  const folder = scratchFolder();
  const children: ChildProcess[] = [];
  // This also runs after an interrupt. A killed worker can still write for a moment, so the removal is retried.
  const clear = () => {
    for (const child of children) {
      child.removeAllListeners('message');
      killGroup(child.pid!);
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  };
  process.once('exit', clear);
  try {
    const worker = await bundle(folder, sabotage === undefined ? undefined : sabotages[sabotage]);
    const { file } = await makeTemplate(join(folder, 'template.sqlite'));
    const work: Work & { atOnce: number } = { template: file, scratch: folder, keep, atOnce: AT_ONCE };
    const results: RunResult[] = [];
    // The long runs come first, so that the end does not wait for one of them. With `enough`, the seeds keep their order, because the
    // simulation may stop before all of them ran.
    const next = (enough === undefined ? seeds.toSorted((a, b) => Number(inProcesses(b)) - Number(inProcesses(a))) : seeds).values();
    await new Promise<void>((resolve, reject) => {
      let running = 0;
      let over = false;
      const end = () => {
        over = true;
        if (running === 0 || enough !== undefined) resolve();
      };
      const give = (child: ChildProcess) => {
        const { value: seed, done } = over ? { value: 0, done: true } : next.next();
        if (done) {
          if (running === 0) end();
          return;
        }
        running += 1;
        const late = setTimeout(() => reject(new Error(`The run with seed ${seed} hangs.`)), HANGS_MS);
        pending.set(seed, late);
        child.send({ seed });
      };
      const pending = new Map<number, NodeJS.Timeout>();
      for (let n = 0; n < workers; n += 1) {
        const child = fork(worker, [JSON.stringify(work)], {
          execArgv: [],
          env: { ...process.env, SIMULATE_SLOWER: String(slower) },
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          detached: hasGroups,
        });
        children.push(child);
        child.once('exit', (code) => over || reject(new Error(`A worker process ended unexpectedly (${code}).`)));
        child.on('message', (message: Message) => {
          if ('result' in message) {
            running -= 1;
            clearTimeout(pending.get(message.result.seed));
            results.push(message.result);
            onResult?.(message.result);
            if (enough?.(message.result)) {
              pending.forEach(clearTimeout);
              end();
              return;
            }
          } else if ('failed' in message) {
            reject(new Error(`The run with seed ${message.seed} failed with an error: ${message.failed}`));
            return;
          }
          give(child);
        });
      }
    });
    return {
      runs: results.length,
      seconds: (performance.now() - began) / 1000,
      failed: results.filter(({ problems }) => problems.length > 0).toSorted((a, b) => a.seed - b.seed),
      figures: sumOf(results),
    };
  } finally {
    process.off('exit', clear);
    clear();
  }
}

function sumOf(results: readonly RunResult[]): Figures {
  const total: Record<string, number> = {};
  for (const { figures } of results) for (const [name, value] of Object.entries(figures)) total[name] = (total[name] ?? 0) + value;
  return total;
}
