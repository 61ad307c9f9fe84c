import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { startSandbox as start, type Sandbox, type SandboxOptions } from '../../src/sandbox/index.ts';
import { TODAY } from './today.ts';

export type { Sandbox, SandboxOptions };

/** Starts the sandbox on a copy of books that this process seeded once. Seeding takes longer than many a test. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  if (options.data !== undefined) return await start({ today: TODAY, ...options });
  const folder = mkdtempSync(join(tmpdir(), 'zoho-sandbox-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const data = join(folder, 'books.sqlite');
    copyFileSync(await (seeded ??= seed()), data);
    withCredentialsOfItsOwn(data);
    const sandbox = await start({ today: TODAY, ...options, data });
    return { ...sandbox, close: async () => void (await sandbox.close().finally(remove)) };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Creates new credentials for the copy, so that one test cannot affect another test's client. */
function withCredentialsOfItsOwn(file: string): void {
  const database = new DatabaseSync(file);
  const renewed = {
    client_id: `1000.${randomBytes(15).toString('hex').toUpperCase()}`,
    client_secret: randomBytes(21).toString('hex'),
    refresh_token: `1000.${randomBytes(16).toString('hex')}.${randomBytes(16).toString('hex')}`,
  };
  database.exec('BEGIN');
  database.prepare('UPDATE refresh_tokens SET token = ?, client_id = ?').run(renewed.refresh_token, renewed.client_id);
  database.prepare('UPDATE clients SET client_id = ?, client_secret = ?').run(renewed.client_id, renewed.client_secret);
  for (const [name, value] of Object.entries(renewed)) database.prepare('UPDATE meta SET value = ? WHERE name = ?').run(value, name);
  database.exec('COMMIT');
  database.close();
}

let seeded: Promise<string> | undefined;

async function seed(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-sandbox-seed-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'books.sqlite');
  await (await start({ data: file, today: TODAY })).close();
  // Only this one file is copied, so the write-ahead log must first be written into it.
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  return file;
}
