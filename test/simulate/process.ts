import { readFileSync, writeSync } from 'node:fs';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { endpoints } from '../../src/endpoints/index.ts';
import { workflows } from '../../src/workflows/index.ts';
import { createDeliveries } from '../../src/mcp/deliveries.ts';
import { serverFactory } from '../../src/mcp/server.ts';
import { perform } from '../../src/write/perform.ts';
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

const { zoho, opened, road } = await openGated({ plan, lookMs, where, dir, timeoutMs: TIMEOUT_MS, durable: true, reach });
if (resolves) await opened.resolveAll(() => {});
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
    write: (call) => perform(call, road),
    journal: async () => road.journal,
    sandbox: false,
    version: '0.0.0',
    log: (level, event, facts) =>
      void (level === 'info' || writeSync(2, `${JSON.stringify({ what: 'warning', message: `${event}: ${JSON.stringify(facts)}` })}\n`)),
  },
  deliveries,
);
const stdio = serveStdio(factory, { transport: deliveries.over(new StdioServerTransport()) });
const end = async () => {
  await writesSettled();
  await stdio.close();
  process.exit(0);
};
process.stdin.once('end', () => void end()).once('close', () => void end());
