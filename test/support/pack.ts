import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds an installable .mcpb: the bundle, the manifest, SQLite for all its platforms, and the keychain of the platform that it is built
 * on.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mcpb = join(root, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');

interface Package {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const packageAt = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package;
/** Of the optional ones, npm installs those for this platform. */
const isInstalled = (name: string) => existsSync(join(root, 'node_modules', name));

/** Packages that the bundle needs at run time, with what they need, as folders below node_modules. */
function runtimePackages(name: string): string[] {
  const { dependencies, optionalDependencies } = packageAt(join(root, 'node_modules', name));
  return [
    name,
    ...Object.keys({ ...dependencies, ...optionalDependencies })
      .filter(isInstalled)
      .flatMap(runtimePackages),
  ];
}

/** Sources and build recipes of native code are not needed where it comes built. */
const unneeded = /(^|\/)(src|scripts|deps|binding\.gyp|.*\.map|.*\.d\.[cm]?ts|.*\.md|.*\.h)$/;

export function pack(target: string): void {
  const stage = mkdtempSync(join(tmpdir(), 'zoho-payments-mcpb-'));
  try {
    for (const file of ['manifest.json', 'package.json', 'LICENSE', 'README.md', 'src/mcp/icon.png', 'dist'])
      cpSync(join(root, file), join(stage, file), { recursive: true });
    const { dependencies, optionalDependencies } = packageAt(root);
    for (const name of new Set(
      Object.keys({ ...dependencies, ...optionalDependencies })
        .filter(isInstalled)
        .flatMap(runtimePackages),
    )) {
      const from = join(root, 'node_modules', name);
      mkdirSync(join(stage, 'node_modules', name), { recursive: true });
      cpSync(from, join(stage, 'node_modules', name), {
        recursive: true,
        filter: (path) => !unneeded.test(relative(from, path).replaceAll('\\', '/')),
      });
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
