import './clock.ts';
import { rmSync } from 'node:fs';
import { killGroup } from './group.ts';
import { run, type RunResult } from './run.ts';
import { readTemplate } from './template.ts';

/** Runs the seeds it is given, several at once: most of a run is waiting. */

export interface Work {
  readonly template: string;
  readonly scratch: string;
  readonly keep?: string | undefined;
}
export type Message = { readonly want: true } | { readonly result: RunResult } | { readonly failed: string; readonly seed: number };

const work = JSON.parse(process.argv[2] ?? '{}') as Work & { readonly atOnce: number };
const template = readTemplate(work.template);
// Whoever wanted it may be gone.
const tell = (message: Message) => void process.send?.(message, undefined, undefined, () => undefined);

process.on('message', ({ seed }: { seed: number }) => {
  run(seed, template, work)
    .then((result) => tell({ result }))
    .catch((error: unknown) => tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error), seed }));
});
// A server that was killed leaves promises behind that nobody waits for.
process.on('unhandledRejection', () => {});
// Whoever started this is gone without clearing up. What this one started goes with it, held up or not.
process.on('disconnect', () => {
  try {
    rmSync(work.scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  } catch {
    // The other workers are at it too.
  }
  killGroup(process.pid);
});
for (let n = 0; n < work.atOnce; n += 1) tell({ want: true });
