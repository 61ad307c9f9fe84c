import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type Body, SEED, askToken, read, zoho } from './harness.ts';

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoho-sandbox-'));
});
afterEach(async () => {
  await Promise.all(
    children.splice(0).map(
      (child) =>
        new Promise((resolve) => {
          child.once('exit', resolve);
          child.stdin?.end();
        }),
    ),
  );
  rmSync(folder, { recursive: true, force: true });
});

/** Starts another process on the same file. */
function serveFile(data: string): Promise<Sandbox> {
  const script = fileURLToPath(new URL('serve-file.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, data], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let line = '';
    child.stdout.on('data', (chunk: Buffer) => {
      line += chunk.toString();
      if (line.endsWith('\n')) resolve(JSON.parse(line) as Sandbox);
    });
    child.once('exit', (code) => reject(new Error(`exited with ${code}`)));
  });
}

async function caller(sandbox: Sandbox): Promise<(method: string, path: string, body?: Body) => Promise<{ status: number; body: Body }>> {
  const { body } = await askToken(sandbox, { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token });
  const headers = { authorization: `Zoho-oauthtoken ${body['access_token'] as string}` };
  return async (method, path, json) =>
    read(
      await fetch(`${sandbox.api_base_url}${path}?organization_id=${sandbox.organization_id}`, {
        method,
        headers,
        ...(json ? { body: JSON.stringify(json) } : {}),
      }),
    );
}

describe('a file of books', () => {
  it('can be read only by its owner, and keeps its records when it is opened again', async () => {
    const data = join(folder, 'deeper', 'books.sqlite');
    const first = await zoho({ data });
    const { body } = await first.call('POST', '/customerpayments', { customer_id: SEED.bowman, amount: 33 });
    const id = (body['payment'] as Body)['payment_id'] as string;
    expect(statSync(data).mode & 0o777).toBe(0o600);
    await first.sandbox.close();
    const second = await zoho({ data });
    expect(second.sandbox.refresh_token).toBe(first.sandbox.refresh_token);
    expect((await second.get(`/customerpayments/${id}`)).body['payment']).toMatchObject({ amount: 33 });
    await second.books();
  });

  it('gets more payments if more payments are requested', async () => {
    const data = join(folder, 'books.sqlite');
    const first = await zoho({ data });
    const before = (await first.books())['counts'] as Body;
    await first.sandbox.close();
    const second = await zoho({ data, payments: 600 });
    expect(((await second.books())['counts'] as Body)['payments']).toBe(600);
    await second.sandbox.close();
    const third = await zoho({ data, payments: 700 });
    expect(((await third.books())['counts'] as Body)['payments']).toBe(700);
    expect(before['payments']).toBeLessThan(600);
  });

  it('stays unchanged if the sandbox did not create it', async () => {
    const data = join(folder, 'notes.txt');
    writeFileSync(data, 'these are no books');
    await expect(startSandbox({ data })).rejects.toThrow(data);
    expect(existsSync(data)).toBe(true);
  });

  it('is filled once if two processes find it missing, and then both use it with the same tokens', async () => {
    const data = join(folder, 'books.sqlite');
    const [one, two, here] = await Promise.all([serveFile(data), serveFile(data), zoho({ data })]);
    expect(one.refresh_token).toBe(two.refresh_token);
    expect(one.refresh_token).toBe(here.sandbox.refresh_token);

    const callers = await Promise.all([caller(one), caller(two), caller(here.sandbox)]);
    // All three pay the same invoice of 450 in parts of 1, so exactly 450 of the 600 attempts may succeed.
    const body = { customer_id: SEED.bowman, amount: 1, invoices: [{ invoice_id: SEED.open450, amount_applied: 1 }] };
    const outcomes = new Map<number, number>();
    const payments: string[] = [];
    await Promise.all(
      callers.flatMap((call) =>
        Array.from({ length: 4 }, async () => {
          for (let count = 0; count < 50; count += 1) {
            const answer = await call('POST', '/customerpayments', body);
            const code = answer.body['code'] as number;
            outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
            if (code === 0) payments.push((answer.body['payment'] as Body)['payment_number'] as string);
          }
        }),
      ),
    );
    expect(Object.fromEntries(outcomes)).toEqual({ 0: 450, 24016: 150 });
    expect(new Set(payments).size).toBe(450);
    const token = await caller(one);
    expect((await token('GET', `/invoices/${SEED.open450}`)).body['invoice']).toMatchObject({ status: 'paid', balance: 0 });
    await here.books();

    // A token from one process is valid in the other.
    const { body: issued } = await askToken(one, { grant_type: 'refresh_token', refresh_token: one.refresh_token });
    const response = await fetch(`${two.api_base_url}/customerpayments?organization_id=${two.organization_id}`, {
      headers: { authorization: `Zoho-oauthtoken ${issued['access_token'] as string}` },
    });
    expect(response.status).toBe(200);
  });

  it('allows every scope of the routes, even if it was created when there were fewer routes', async () => {
    const data = join(folder, 'books.sqlite');
    const before = await zoho({ data });
    const accessToken = await before.token();
    await before.sandbox.close();
    const database = new DatabaseSync(data);
    for (const table of ['refresh_tokens', 'access_tokens']) database.exec(`UPDATE ${table} SET scope = 'ZohoBooks.contacts.READ'`);
    database.close();
    const after = await zoho({ data });
    expect((await after.get('/organizations')).status).toBe(200);
    expect((await after.call('GET', '/organizations', undefined, { authorization: `Bearer ${accessToken}` })).status).toBe(200);
  });

  it('counts the calls of all processes together', async () => {
    const data = join(folder, 'books.sqlite');
    const limits = { per_minute: 4 };
    const one = await zoho({ data, limits });
    const two = await zoho({ data, limits });
    for (const z of [one, two, one, two]) expect((await z.get('/organizations')).status).toBe(200);
    for (const z of [one, two]) expect((await z.get('/organizations')).body['code']).toBe(44);
  });
});
