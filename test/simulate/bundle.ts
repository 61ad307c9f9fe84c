import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Sabotage } from './sabotage.ts';

/** The simulation as programs of their own, on this product or on a patched copy of it. */

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../..');

/** In memory where the system has such a folder: the runs make thousands of small files. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulate-'));
}

/** Into this folder; the file of the program that runs the seeds it is given. */
export async function bundle(folder: string, sabotage?: Sabotage): Promise<string> {
  // What is not bundled (native code) is found from here.
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  let from = root;
  if (sabotage !== undefined) {
    from = join(folder, 'copy');
    mkdirSync(join(from, 'test'), { recursive: true });
    cpSync(join(root, 'src'), join(from, 'src'), { recursive: true });
    for (const part of ['simulate', 'support']) cpSync(join(root, 'test', part), join(from, 'test', part), { recursive: true });
    cpSync(join(root, 'package.json'), join(from, 'package.json'));
    for (const { file, from: text, to } of sabotage.patches) {
      const path = join(from, 'src', file);
      const parts = readFileSync(path, 'utf8').split(text);
      if (parts.length !== 2) throw new Error(`${file} holds this ${parts.length - 1} times, not once: ${text}`);
      writeFileSync(path, parts.join(to));
    }
  }
  const { outputFiles } = await build({
    absWorkingDir: from,
    entryPoints: { worker: 'test/simulate/worker.ts', process: 'test/simulate/process.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // In one file, esbuild would run what is loaded when needed in an order in which zod's circular imports fail.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@photostructure/sqlite'],
    nodePaths: [join(root, 'node_modules')],
    logLevel: 'error',
    // esbuild's own process would write on when this one is interrupted.
    write: false,
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  return join(folder, 'worker.mjs');
}
