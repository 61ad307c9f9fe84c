import { readFileSync, writeSync } from 'node:fs';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { serveBooks } from '../../src/mcp/serve.ts';
import { writesSettled } from '../../src/write/send.ts';
import { openGated, type Where } from './gated.ts';
import { TIMEOUT_MS, type Crash, type Pause, type Plan, type Step } from './plan.ts';

/** A server in a process of its own. It stops at the steps in its control file, so that it can be killed or continued there. */

export interface ProcessOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly lookMs: number;
  readonly where: Where;
  readonly dir: string;
  /** True if the server first looks for lost writes. */
  readonly resolves: boolean;
  /** A file with the places to stop at, each once. */
  readonly control: string;
}
export interface Control {
  readonly phase: number;
  readonly crashes: readonly Crash[];
  readonly pauses: readonly Pause[];
}

const { plan, lookMs, where, dir, resolves, control } = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const reached = new Set<string>();
/** How often each step was reached in this phase. */
const times = new Map<string, number>();

async function reach(step: Step | undefined, when: 'before' | 'after'): Promise<void> {
  if (step === undefined) return;
  const { phase, crashes, pauses } = JSON.parse(readFileSync(control, 'utf8')) as Control;
  const passed = times.get(`${phase} ${step} ${when}`) ?? 0;
  times.set(`${phase} ${step} ${when}`, passed + 1);
  const stop = (what: 'crash' | 'pause', pause?: Pause) => {
    const place = `${phase} ${what} ${step} ${when}`;
    if (reached.has(place)) return;
    reached.add(place);
    writeSync(2, `${JSON.stringify({ what, pause })}\n`);
    process.kill(process.pid, 'SIGSTOP');
  };
  if (crashes.some(({ at }) => typeof at === 'object' && at.step === step && at.when === when && (at.skip ?? 0) <= passed)) stop('crash');
  const pause = pauses.find((one) => one.step === step && one.when === when && (one.skip ?? 0) <= passed);
  if (pause !== undefined) stop('pause', pause);
}

const warn = (message: string) => void writeSync(2, `${JSON.stringify({ what: 'warning', message })}\n`);
const books = openGated({ plan, lookMs, where, dir, timeoutMs: TIMEOUT_MS, durable: true, warn, reach });
const opened = await books.road();
if (resolves) await opened.resolveAll(() => {});
const server = serveBooks(books, new StdioServerTransport());
const end = async () => {
  await writesSettled();
  await server.close();
  process.exit(0);
};
process.stdin.once('end', () => void end()).once('close', () => void end());
