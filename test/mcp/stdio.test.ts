import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { fault, held, isWaiting, release } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { serving, settingsFor, type Json, type Program } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Stdin and stdout of the host: messages that are too long, and hosts that read slowly. */

const MB = 1024 * 1024;
const PAYMENT = '9030000079467';
const newPayment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'LONG-1' };

const answersTo = (server: Program, id: unknown) =>
  server.stdout.map((line) => JSON.parse(line) as Json).filter((answer) => answer['id'] === id);
const oneLine = /^zoho-payments-mcp: a message of more than 10 MB was not read\n$/;

describe('a message of more than 10 MB', () => {
  const padding = 'x'.repeat(11 * MB);
  const call = (more: string) =>
    `{"name":"create_customer_payment","arguments":${JSON.stringify({ ...newPayment, description: padding })}${more}}`;

  it.each<[string, unknown, string]>([
    ['with its id at the beginning', 77, `{"jsonrpc":"2.0","id":77,"method":"tools/call","params":${call('')}}`],
    ['with its id at the end, as the SDKs write it', 78, `{"method":"tools/call","params":${call('')},"jsonrpc":"2.0","id":78}`],
    [
      'with an id that is a text',
      'é-"1"',
      `{"jsonrpc": "2.0", "method": "tools/call" , "params" : ${call('')} , "id" : ${JSON.stringify('é-"1"')} }`,
    ],
    [
      'with other ids in its content',
      79,
      `{"method":"tools/call","params":${call(',"id":1,"x":{"id":2},"y":"\\",\\"id\\":3,{["')},"jsonrpc":"2.0","id":79}`,
    ],
    ['with two ids, of which JSON uses the last', 80, `{"id":81,"method":"tools/call","params":${call('')},"id":80}`],
  ])('%s gets an error, and the server reads the next message', async (_title, id, line) => {
    const server = await serving(['serve', '--sandbox=memory']);
    server.line(line);
    const next = await server.call('list_customer_payments', { reference_number: 'LONG-1' });
    expect(next['structuredContent'].customerpayments).toEqual([]);
    expect(answersTo(server, id)).toMatchObject([
      { jsonrpc: '2.0', error: { code: -32600, message: expect.stringContaining('longer than 10 MB') as string } },
    ]);
    expect(server.stdout).toHaveLength(3);
    expect(server.stderr()).toMatch(oneLine);
    server.child.stdin.end();
    expect(await server.ended).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['not JSON', padding],
    ['a notification, not a request', `{"jsonrpc":"2.0","method":"notifications/progress","params":{"message":"${padding}"}}`],
    ['an answer of the client, with an id that this server used', `{"jsonrpc":"2.0","id":1,"result":{"x":"${padding}"}}`],
    ['a list of requests', `[{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${padding}"}}]`],
    ['incomplete', `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${padding}"}`],
  ])('gets no answer if it is %s', async (_title, line) => {
    const server = await serving(['serve', '--sandbox=memory']);
    server.line(line);
    expect(await server.request('ping')).toMatchObject({ result: {} });
    expect(server.stdout).toHaveLength(2);
    expect(server.stderr()).toMatch(oneLine);
  });

  it('is read if it has exactly 10 MB, even in small chunks and with the next message in the same chunk', async () => {
    const server = await serving(['serve', '--sandbox=memory']);
    const frame = '{"jsonrpc":"2.0","id":91,"method":"tools/call","params":{"name":"get_customer_payment","arguments":{"payment_id":""}}}';
    const whole = (bytes: number) => frame.replace('""', `"${'9'.repeat(bytes - Buffer.byteLength(frame) - 1)}"`);
    server.child.stdin.write(`${whole(10 * MB)}\n{"jsonrpc":"2.0","id":92,"method":"ping"}\n`);
    await expect.poll(() => answersTo(server, 92).length).toBe(1);
    await expect
      .poll(() => answersTo(server, 91))
      .toMatchObject([{ result: { structuredContent: { error: { code: 'invalid_arguments' } } } }]);
    for (const piece of ['{"jsonrpc":"2.0",', '"id":93,"met', 'hod":"ping"}', '\r\n{"jsonrpc":"2.0","id":94,"method":"ping"}\n']) {
      server.child.stdin.write(piece);
      await sleep(20);
    }
    await expect.poll(() => [...answersTo(server, 93), ...answersTo(server, 94)]).toMatchObject([{ result: {} }, { result: {} }]);
    expect(server.stderr()).toBe('');
    server.line(whole(10 * MB + 1));
    await expect.poll(() => server.stderr()).toMatch(oneLine);
    await expect.poll(() => answersTo(server, 91)).toMatchObject([{ result: {} }, { error: { code: -32600 } }]);
  });

  it.skipIf(process.platform !== 'linux')(
    'that never ends takes no memory, is reported before its end, and does not delay the exit',
    async () => {
      const server = await serving(['serve', '--sandbox=memory']);
      await server.call('get_customer_payment', { payment_id: PAYMENT });
      const residentMb = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))?.[1]) / 1024;
      const before = residentMb();
      const piece = Buffer.alloc(MB, '{"id":1,"a":"xxx');
      for (let sent = 0; sent < 150; sent += 1)
        if (!server.child.stdin.write(piece)) await new Promise((resolve) => server.child.stdin.once('drain', resolve));
      expect(server.stderr()).toMatch(oneLine);
      expect(residentMb() - before).toBeLessThan(80);
      server.child.stdin.end();
      expect(await server.ended).toMatchObject({ code: 0 });
    },
  );

  it('does not stop a write that is in flight', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const server = await serving([], settingsFor(sandbox));
    await fault(sandbox, { match: { method: 'POST', path: '/customerpayments' }, ...held });
    const writing = server.call('create_customer_payment', newPayment);
    await isWaiting(sandbox, 'POST');
    server.line(padding);
    await expect.poll(() => server.stderr()).toMatch(oneLine);
    await release(sandbox);
    expect((await writing)['structuredContent']).toMatchObject({ outcome: 'recorded' });
  });
});
