import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds an installable .mcpb: the bundle, the manifest, and SQLite and the keychain package for every platform in the manifest. npm
 * installs the keychain package of this platform only. The others are fetched from npm's registry with the checksums in package-lock.json.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const mcpb = join(root, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');

interface Package {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

interface Locked extends Package {
  readonly version: string;
  readonly integrity: string;
  /** The operating systems of a package for certain platforms. */
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const json = (...path: string[]) => JSON.parse(readFileSync(join(root, ...path), 'utf8')) as unknown;
const { packages } = json('package-lock.json') as { packages: Record<string, Locked> };
const { platforms } = (json('manifest.json') as { compatibility: { platforms: string[] } }).compatibility;
/** Platforms such as `linux-x64` for which SQLite is built. The server does not start on other platforms. */
const served = readdirSync(join(root, 'node_modules/@photostructure/sqlite/prebuilds')).filter((name) =>
  platforms.some((platform) => name.startsWith(`${platform}-`)),
);

function lockedAs(name: string): Locked {
  const locked = packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json does not list ${name}`);
  return locked;
}

/** Packages that the bundle needs at run time, with their dependencies, on all supported platforms. */
function runtimePackages({ dependencies, optionalDependencies }: Package): string[] {
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((name) => {
    const { os, cpu = [] } = lockedAs(name);
    const isServed = os?.some((system) => cpu.some((processor) => served.includes(`${system}-${processor}`))) ?? true;
    return isServed ? [name, ...runtimePackages(lockedAs(name))] : [];
  });
}

/** Throws if a platform of the manifest lacks a native package, so that the build fails and not a user's installation. */
function checkPlatforms(names: readonly string[]): void {
  for (const platform of platforms)
    if (!served.some((name) => name.startsWith(`${platform}-`))) throw new Error(`SQLite is missing for ${platform}`);
  for (const name of served)
    if (!names.some((one) => one.startsWith(`@napi-rs/keyring-${name}`))) throw new Error(`the keychain package is missing for ${name}`);
}

/** The folders of these packages. Packages that npm did not install are fetched into `folder`. */
function foldersOf(names: readonly string[], folder: string): Map<string, string> {
  const found = new Map(names.map((name) => [name, join(root, 'node_modules', name)]));
  const missing = names.filter((name) => !existsSync(join(found.get(name)!, 'package.json')));
  if (missing.length === 0) return found;
  const specs = missing.map((name) => `${name}@${lockedAs(name).version}`);
  const options = { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' } as const;
  const packed = JSON.parse(execFileSync('npm', ['pack', '--json', '--prefer-offline', ...specs], options)) as PackedPackage[];
  for (const name of missing) {
    const archive = packed.find((one) => one.name === name)?.filename;
    if (archive === undefined) throw new Error(`npm did not fetch ${name}`);
    const { integrity } = lockedAs(name);
    const actual = `sha512-${createHash('sha512')
      .update(readFileSync(join(folder, archive)))
      .digest('base64')}`;
    if (actual !== integrity) throw new Error(`the checksum of ${archive} differs from package-lock.json: ${actual}`);
    const target = basename(archive, '.tgz');
    mkdirSync(join(folder, target));
    execFileSync('tar', ['-xzf', archive, '-C', target, '--strip-components=1'], { cwd: folder });
    found.set(name, join(folder, target));
  }
  return found;
}

interface PackedPackage {
  readonly name: string;
  readonly filename: string;
}

/** Files that users do not need: sources and build files of native code that is already built. Licenses are always kept. */
const unneeded = /(^|\/)(src|scripts|deps|binding\.gyp|.*\.map|.*\.d\.[cm]?ts|(?!LICENSE).*\.md|.*\.h)$/;

export function pack(target: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-payments-mcpb-'));
  const stage = join(folder, 'stage');
  try {
    for (const file of ['manifest.json', 'package.json', 'LICENSE', 'README.md', 'docs', 'src/mcp/icon.png', 'dist'])
      cpSync(join(root, file), join(stage, file), { recursive: true });
    const names = [...new Set(runtimePackages(json('package.json') as Package))];
    checkPlatforms(names);
    for (const [name, from] of foldersOf(names, folder))
      cpSync(from, join(stage, 'node_modules', name), {
        recursive: true,
        filter: (path) => !unneeded.test(relative(from, path).replaceAll('\\', '/')),
      });
    execFileSync(process.execPath, [mcpb, 'pack', stage, target], { stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = resolve('zoho-payments.mcpb');
  pack(target);
  console.log(`packed ${basename(target)}`);
}
