import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startSandbox, type SandboxOptions } from './sandbox.ts';
import { closers } from './closers.ts';
import { folder, start, type Json, type Program } from './program.ts';

/** A sandbox in place of Zoho, and a way to run the program's login against it. */
export async function zohoAccount(options: SandboxOptions = {}) {
  const sandbox = await startSandbox(options);
  closers.push(() => sandbox.close());
  const dir = folder();
  const settings: Record<string, string> = {
    ZOHO_CLIENT_ID: sandbox.client_id,
    ZOHO_CLIENT_SECRET: sandbox.client_secret,
    ZOHO_ACCOUNTS_URL: sandbox.accounts_url,
    ZOHO_API_BASE_URL: sandbox.api_base_url,
    ZOHO_PAYMENTS_STATE_DIR: dir,
    ZOHO_PAYMENTS_KEYCHAIN: '0',
  };
  const control = async (path: string, body?: Json) =>
    (await (
      await fetch(`${sandbox.url}/__sandbox/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) })
    ).json()) as Json;
  return {
    sandbox,
    dir,
    settings,
    control,
    /** Requests that arrived at this path. */
    arrived: async (path: string) => ((await control('requests'))['requests'] as Json[]).filter((request) => request['path'] === path),
    file: join(dir, 'login.json'),
    kept: () => JSON.parse(readFileSync(join(dir, 'login.json'), 'utf8')) as Json,
  };
}

/** The program after it started its login and printed the address for the browser. */
export async function loggingIn(
  args: readonly string[],
  settings: Record<string, string>,
): Promise<{ program: Program; address: string; redirectUri: string }> {
  const program = start(['login', '--no-browser', ...args], settings);
  const address = () => /^ {2}(http\S+)$/m.exec(program.stdout.join('\n'))?.[1] ?? '';
  await Promise.race([
    expect.poll(address).not.toBe(''),
    program.ended.then(() => Promise.reject(new Error(`the program ended before it printed the address: ${program.stderr()}`))),
  ]);
  return { program, address: address(), redirectUri: new URL(address()).searchParams.get('redirect_uri') ?? '' };
}
