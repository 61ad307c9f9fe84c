import { readFileSync, writeSync } from 'node:fs';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { serveBooks } from '../../src/mcp/serve.ts';
import { writesSettled } from '../../src/write/send.ts';
import { openGated, type Where } from './gated.ts';
import { TIMEOUT_MS, type Crash, type Pause, type Plan, type Step } from './plan.ts';

/** One of our servers as a process of its own, that stops itself at the steps it is told, to be killed or to go on. */

export interface ProcessOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly lookMs: number;
  readonly where: Where;
  readonly dir: string;
  /** Looks for what was left first. */
  readonly resolves: boolean;
  /** A file that says where to stop; each place once. */
  readonly control: string;
}
export interface Control {
  readonly phase: number;
  readonly crashes: readonly Crash[];
  readonly pauses: readonly Pause[];
}

const { plan, lookMs, where, dir, resolves, control } = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions;
const reached = new Set<string>();

async function reach(step: Step | undefined, when: 'before' | 'after'): Promise<void> {
  if (step === undefined) return;
  const { phase, crashes, pauses } = JSON.parse(readFileSync(control, 'utf8')) as Control;
  const stop = (what: 'crash' | 'pause', pause?: Pause) => {
    const place = `${phase} ${what} ${step} ${when}`;
    if (reached.has(place)) return;
    reached.add(place);
    writeSync(2, `${JSON.stringify({ what, pause })}\n`);
    process.kill(process.pid, 'SIGSTOP');
  };
  if (crashes.some(({ at }) => typeof at === 'object' && at.step === step && at.when === when)) stop('crash');
  const pause = pauses.find((one) => one.step === step && one.when === when);
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
