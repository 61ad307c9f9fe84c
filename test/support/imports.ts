import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { folder, run, settingsFor, start, type Program } from './program.ts';
import type { Sandbox } from './sandbox.ts';

/** Runs `import` of the built program on files of its own. */

export interface Importing {
  readonly settings: Record<string, string>;
  /** Writes a file. Returns its path. */
  file(text: string | Buffer, name?: string): string;
  /** Runs the command to its end. Nobody is asked, because the policy allows that. */
  unattended(file: string, ...args: string[]): ReturnType<typeof run>;
  /** Starts the same. */
  begun(file: string, ...args: string[]): Program;
}

/** `accept`: the concerns that the policy accepts. */
export function importing(sandbox: Sandbox, accept: readonly string[] = []): Importing {
  const dir = folder();
  const settings = { ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: folder(), ZOHO_PAYMENTS_CALLS_PER_MINUTE: '100000' };
  const policy = join(dir, 'policy.json');
  writeFileSync(policy, JSON.stringify({ allow_unattended: true, accept }));
  const args = (file: string, more: readonly string[]) => ['import', file, '--yes', '--policy', policy, ...more];
  return {
    settings,
    file(text, name = 'payments.csv') {
      const path = join(dir, name);
      writeFileSync(path, text);
      return path;
    },
    unattended: async (file, ...more) => await run(args(file, more), settings),
    begun: (file, ...more) => start(args(file, more), settings),
  };
}

export type ResultRow = Record<string, string>;

/** The rows of a results file. */
export function resultsOf(file: string): ResultRow[] {
  return parse(readFileSync(file.replace(/\.csv$/, '.results.csv')), { columns: true });
}

/** So many payments of different amounts, as credit. */
export function manyRows(count: number, from = 1): string {
  const rows = Array.from({ length: count }, (_, i) => `Bowman Furniture,${1_000 + from + i}.25,2026-06-20,cash,as_credit,TRF ${from + i}`);
  return ['Customer,Amount,Date,Payment mode,Allocate,Reference', ...rows, ''].join('\n');
}
