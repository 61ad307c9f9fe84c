import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Sabotage } from './sabotage.ts';

/** Bundles the simulation from this product or from a patched copy of it. */

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../..');

/** In memory if the system has such a folder, because the runs create thousands of small files. */
export function scratchFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulate-'));
}

/** Bundles into this folder. Returns the file of the worker program. */
export async function bundle(folder: string, sabotage?: Sabotage): Promise<string> {
  // Native packages are not bundled. The program finds them through this link.
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
      if (parts.length !== 2) throw new Error(`${file} must contain this once, but contains it ${parts.length - 1} times: ${text}`);
      writeFileSync(path, parts.join(to));
    }
  }
  const { outputFiles } = await build({
    absWorkingDir: from,
    entryPoints: { worker: 'test/simulate/worker.ts', process: 'test/simulate/process.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // With a single file, esbuild would run lazily loaded modules in an order in which zod's circular imports fail.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@photostructure/sqlite'],
    nodePaths: [join(root, 'node_modules')],
    logLevel: 'error',
    // If esbuild wrote the files itself, its process would continue to write after an interrupt.
    write: false,
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  return join(folder, 'worker.mjs');
}
