import './clock.ts';
import { run, type RunResult } from './run.ts';
import { killAll } from './spawned.ts';
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
process.on('disconnect', () => {
  killAll();
  process.exit(0);
});
for (let n = 0; n < work.atOnce; n += 1) tell({ want: true });
