import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Builds an installable .mcpb: the bundle, the manifest, and the one package that holds native code, for all its platforms. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mcpb = join(root, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');

/** Packages that the bundle needs at run time, with what they need, as folders below node_modules. */
function runtimePackages(name: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };
  return [name, ...Object.keys(dependencies).flatMap(runtimePackages)];
}

/** Sources and build recipes of native code are not needed where it comes built. */
const unneeded = /(^|\/)(src|scripts|deps|binding\.gyp|.*\.map|.*\.d\.[cm]?ts|.*\.md|.*\.h)$/;

export function pack(target: string): void {
  const stage = mkdtempSync(join(tmpdir(), 'zoho-payments-mcpb-'));
  try {
    for (const file of ['manifest.json', 'package.json', 'LICENSE', 'README.md', 'dist']) cpSync(join(root, file), join(stage, file), { recursive: true });
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
    for (const name of new Set(Object.keys(dependencies).flatMap(runtimePackages))) {
      const from = join(root, 'node_modules', name);
      mkdirSync(join(stage, 'node_modules', name), { recursive: true });
      cpSync(from, join(stage, 'node_modules', name), { recursive: true, filter: (path) => !unneeded.test(relative(from, path).replaceAll('\\', '/')) });
    }
    execFileSync(process.execPath, [mcpb, 'pack', stage, target], { stdio: 'pipe' });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve('zoho-payments.mcpb');
  pack(target);
  console.log(`packed ${basename(target)}`);
}
