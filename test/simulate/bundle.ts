import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Sabotage } from './sabotage.ts';

/** The simulation as programs of their own, on this product or on a patched copy of it. */

export interface Bundle {
  /** To be removed when nothing of it runs any more. */
  readonly folder: string;
  readonly worker: string;
}

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../..');

/** In memory where the system has such a folder: the runs make thousands of small files. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulate-'));
}

export async function bundle(sabotage?: Sabotage): Promise<Bundle> {
  const folder = scratchFolder();
  // What is not bundled (native code) is found from here.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  let from = root;
  if (sabotage !== undefined) {
    from = join(folder, 'copy');
    mkdirSync(join(from, 'test'), { recursive: true });
    cpSync(join(root, 'src'), join(from, 'src'), { recursive: true });
    cpSync(join(root, 'test/simulate'), join(from, 'test/simulate'), { recursive: true });
    cpSync(join(root, 'package.json'), join(from, 'package.json'));
    for (const { file, from: text, to } of sabotage.patches) {
      const path = join(from, 'src', file);
      const parts = readFileSync(path, 'utf8').split(text);
      if (parts.length !== 2) throw new Error(`${file} holds this ${parts.length - 1} times, not once: ${text}`);
      writeFileSync(path, parts.join(to));
    }
  }
  await build({
    absWorkingDir: from,
    entryPoints: { worker: 'test/simulate/worker.ts', process: 'test/simulate/process.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@photostructure/sqlite'],
    nodePaths: [join(root, 'node_modules')],
    logLevel: 'error',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  return { folder, worker: join(folder, 'worker.mjs') };
}
