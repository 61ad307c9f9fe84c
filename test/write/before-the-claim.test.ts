import { spawn } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import type { WriteTool } from '../../src/endpoint.ts';
import { createCustomerPayment } from '../../src/endpoints/payments/create-customer-payment.ts';
import { openTurns } from '../../src/write/turn.ts';
import { openLoginStore } from '../../src/zoho/login-store.ts';
import { booksOf, fault, requestsTo, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness } from '../support/harness.ts';
import { environment, folder, node, program, serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** Failures before the claim of a write: the call says that nothing was changed, and nothing was changed. */

const ANOTHER_CUSTOMER = '712345000000090009';
const payment = { customer_id: seed.bowman, payment_mode: 'cash', amount: 450, date: '2026-06-05' };
const writesTo = async (sandbox: Sandbox) => (await requestsTo(sandbox)).filter(({ method }) => method !== 'GET');
const onWindows = process.platform === 'win32';

async function zoho() {
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  const base = join(folder(), 'state');
  const books = () => join(base, readdirSync(base).find((name) => name.endsWith(sandbox.organization_id)) ?? 'none');
  return { sandbox, base, books, settings: { ...settingsFor(sandbox), ZOHO_PAYMENTS_STATE_DIR: base, ZOHO_PAYMENTS_CONFIRM: 'host' } };
}

const told = (result: Json) => result['structuredContent'] as Json;

describe('if the state folder is changed while the server runs', () => {
  const ways: readonly (readonly [string, RegExp, (base: string, books: string) => void])[] = [
    ['removed', /^(state_dir_unusable|journal_replaced)$/, (base) => rmSync(base, { recursive: true })],
    [
      'replaced by a file',
      /^(state_dir_unusable|journal_replaced)$/,
      (base) => {
        rmSync(base, { recursive: true });
        writeFileSync(base, '');
      },
    ],
    ['the folder of these books is missing', /^(state_dir_unusable|journal_replaced)$/, (_, books) => rmSync(books, { recursive: true })],
    [
      'the folder of these books is empty',
      /^journal_replaced$/,
      (_, books) => {
        for (const name of readdirSync(books)) rmSync(join(books, name), { recursive: true });
      },
    ],
    [
      'a file is in the place of the lock folder',
      /^state_dir_unusable$/,
      (_, books) => {
        rmSync(join(books, 'turns'), { recursive: true });
        writeFileSync(join(books, 'turns'), '');
      },
    ],
  ];

  it.skipIf(onWindows).each(ways)('(%s, after a write), the next write is refused', async (_, code, take) => {
    const { sandbox, base, books, settings } = await zoho();
    const server = await serving([], settings);
    expect(told(await server.call('create_customer_payment', payment))).toMatchObject({ outcome: 'recorded' });
    take(base, books());
    // A payment of the same customer, whose turn was taken before, and a payment of another customer.
    for (const customer_id of [payment.customer_id, ANOTHER_CUSTOMER]) {
      expect(
        told(await server.call('create_customer_payment', { ...payment, customer_id, amount: 451, reference_number: 'other' })),
      ).toMatchObject({ outcome: 'not_recorded', error: { changed: 'no', code: expect.stringMatching(code) as string } });
    }
    expect(await writesTo(sandbox)).toHaveLength(1);
    expect(server.stderr()).toMatch(/(journal|state)/);
  });

  it('(a file in its place from the start), a write is refused', async () => {
    const { sandbox, base, settings } = await zoho();
    writeFileSync(base, '');
    const server = await serving([], settings);
    expect(told(await server.call('create_customer_payment', payment))).toMatchObject({
      outcome: 'not_recorded',
      error: { changed: 'no', code: 'state_dir_unusable' },
    });
    expect(await writesTo(sandbox)).toEqual([]);
  });

  it.skipIf(onWindows)('if only the lock folder is missing, the folder is created again, and the write is recorded', async () => {
    const { books, settings } = await zoho();
    const server = await serving([], settings);
    await server.call('create_customer_payment', payment);
    rmSync(join(books(), 'turns'), { recursive: true });
    expect(told(await server.call('create_customer_payment', { ...payment, amount: 451, reference_number: 'other' }))).toMatchObject({
      outcome: 'recorded',
    });
    expect(existsSync(join(books(), 'turns'))).toBe(true);
  });
});

describe('if the disk is full', () => {
  /** Starts the program with a limit for the size of its files. This imitates a full disk, and needs no special rights. */
  async function confined(kilobytes: number, settings: Record<string, string>) {
    const child = spawn('bash', ['-c', `trap '' XFSZ; ulimit -f ${kilobytes}; exec "$@"`, 'bash', node, program], {
      env: environment(settings),
    });
    closers.push(() => child.kill('SIGKILL'));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    let id = 0;
    const request = async (method: string, params: Json) => {
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method, params })}\n`);
      for (;;) {
        const { value } = await answers.next();
        const message = JSON.parse(value as string) as Json;
        if (message['id'] === id) return message['result'] as Json;
      }
    };
    await request('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } });
    child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
    return (args: Json) => request('tools/call', { name: 'create_customer_payment', arguments: args });
  }

  it.skipIf(onWindows).each([0, 8, 40, 80, 120, 160, 200, 220, 240, 260, 300])(
    'after %i KB, each write is recorded, or its error says that nothing was changed',
    async (kilobytes) => {
      const { sandbox, settings } = await zoho();
      const before = (await booksOf(sandbox)).counts.payments;
      const call = await confined(kilobytes, settings);
      let recorded = 0;
      let refused: Json | undefined;
      for (let count = 0; count < 40 && refused === undefined; count += 1) {
        const result = told(await call({ ...payment, amount: 100 + count, reference_number: `full ${count}` }));
        if (result['outcome'] === 'recorded') recorded += 1;
        else refused = result;
      }
      expect(refused).toMatchObject({
        outcome: 'not_recorded',
        error: { changed: 'no', code: expect.stringMatching(/^(journal_unusable|state_dir_unusable)$/) as string },
      });
      expect((await booksOf(sandbox)).counts.payments).toBe(before + recorded);
    },
  );
});

describe('if a bug of this program stops a write before it is entered in the journal', () => {
  const broken = ({ parts, result, ...safety }: Partial<WriteTool['safety'] & Pick<WriteTool, 'parts' | 'result'>>): WriteTool => ({
    ...(createCustomerPayment as WriteTool),
    ...(parts && { parts }),
    ...(result && { result }),
    safety: { ...(createCustomerPayment as WriteTool).safety, ...safety },
  });
  const thrown = () => {
    throw new TypeError('x is not a function');
  };

  it.each<[string, Parameters<typeof broken>[0]]>([
    ['in the list of locks', { turn: thrown }],
    ['in the preflight', { preflight: thrown }],
    ['in the preflight, asynchronously', { preflight: async () => await Promise.reject(new Error('later')) }],
    ['in the facts of the preflight', { preflight: async () => ({}) as never }],
    ['in the request', { parts: thrown }],
  ])('%s, the error says that nothing was changed, and the log names the tool', async (_, part) => {
    const server = await harness({ tools: { endpoints: [broken(part)], workflows: [] } });
    closers.push(() => server.close());
    const { structuredContent } = await server.call('create_customer_payment', payment);
    expect(structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code: 'internal_error', changed: 'no' } });
    expect(server.logged.join('\n')).toContain('create_customer_payment failed');
    expect(await writesTo(server.sandbox)).toEqual([]);
  });

  it('but the write was already sent, the server searches for the write in Zoho', async () => {
    const server = await harness({ tools: { endpoints: [broken({ result: thrown })], workflows: [] } });
    closers.push(() => server.close());
    expect((await server.call('create_customer_payment', payment)).structuredContent).toMatchObject({ outcome: 'recorded' });
  });
});

describe('if the journal cannot note the outcome of an earlier write', () => {
  it.skipIf(onWindows)('the error of this call still says that nothing was changed', async () => {
    const server = await harness({ timings: { lookMs: 0, graceMs: 0 } });
    closers.push(() => server.close());
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_before' });
    await server.call('create_customer_payment', payment);
    const { journal } = server.opened.road;
    // A payment of another customer: the first write does not block it, only the closed journal does.
    await journal.close();
    const other = await server.call('create_customer_payment', { ...payment, customer_id: ANOTHER_CUSTOMER });
    expect(other.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { changed: 'no' } });
  });
});

describe('a turn (the lock for a payment or a customer)', () => {
  it.skipIf(onWindows)('is never locked with a lock file that was deleted', async () => {
    const dir = join(folder(), 'turns');
    const [one, two] = [await openTurns(dir), await openTurns(dir)];
    closers.push(
      () => one.close(),
      () => two.close(),
    );
    (await one.take(['payment:1'], 'test')).leave();
    for (const name of readdirSync(dir)) rmSync(join(dir, name));
    const held = await one.take(['payment:1'], 'test');
    await expect(two.take(['payment:1'], 'test', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'turn_busy' });
    held.leave();
  });

  it.skipIf(onWindows)('throws state_dir_unusable if it cannot be taken', async () => {
    const base = folder();
    const dir = join(base, 'state', 'turns');
    const turns = await openTurns(dir);
    closers.push(() => turns.close());
    renameSync(join(base, 'state'), join(base, 'gone'));
    const refused = { name: 'AccessError', code: 'state_dir_unusable', changed: 'no' };
    await expect(turns.take(['payment:1'], 'test')).rejects.toMatchObject(refused);
    writeFileSync(join(base, 'file'), '');
    await expect(openTurns(join(base, 'file', 'turns'))).rejects.toMatchObject(refused);
  });
});

describe('a login that cannot be read', () => {
  it.skipIf(onWindows)('throws no error if only its version is read', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(typeof openLoginStore(join(file, 'state')).version()).toBe('string');
  });
});
