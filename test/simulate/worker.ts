import './clock.ts';
import { rmSync } from 'node:fs';
import { killGroup } from './group.ts';
import { run, type RunResult } from './run.ts';
import { readTemplate } from './template.ts';

/** Runs the seeds that it receives, several at the same time, because most of a run is waiting. */

export interface Work {
  readonly template: string;
  readonly scratch: string;
  readonly keep?: string | undefined;
}
export type Message = { readonly want: true } | { readonly result: RunResult } | { readonly failed: string; readonly seed: number };

const work = JSON.parse(process.argv[2] ?? '{}') as Work & { readonly atOnce: number };
const template = readTemplate(work.template);
// The parent process may be gone.
const tell = (message: Message) => void process.send?.(message, undefined, undefined, () => undefined);

process.on('message', ({ seed }: { seed: number }) => {
  run(seed, template, work)
    .then((result) => tell({ result }))
    .catch((error: unknown) => tell({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error), seed }));
});
// A killed server leaves rejected promises that no code awaits.
process.on('unhandledRejection', () => {});
// The parent process died without cleanup. This worker ends its own servers, including servers that a signal has suspended.
process.on('disconnect', () => {
  try {
    rmSync(work.scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  } catch {
    // The other workers may remove it at the same time.
  }
  killGroup(process.pid);
});
for (let n = 0; n < work.atOnce; n += 1) tell({ want: true });
