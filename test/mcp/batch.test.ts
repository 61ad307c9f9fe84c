import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatches } from '../../src/mcp/batch.ts';
import { fault, held, isWaiting, release, requestsTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { settingsFor, start, type Json, type Program } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** JSON-RPC batches, sent as raw lines to the built program. */

const newPayment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'BATCH-1' };
const PAYMENT = '9030000079467';

const request = (id: unknown, method: string, params: Json = {}) => ({ jsonrpc: '2.0', id, method, params });
const call = (id: unknown, name: string, args: Json = {}) => request(id, 'tools/call', { name, arguments: args });
const notification = (method: string, params: Json = {}) => ({ jsonrpc: '2.0', method, params });
const handshake = (protocolVersion = '2025-03-26') =>
  request('hello', 'initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } });

const linesOf = (server: Program) => server.stdout.map((line) => JSON.parse(line) as Json | Json[]);
const arraysOf = (server: Program) => linesOf(server).filter((line): line is Json[] => Array.isArray(line));

async function greeted(settings?: Record<string, string>, version?: string): Promise<Program> {
  const server = settings === undefined ? start(['serve', '--sandbox=memory']) : start([], settings);
  server.line(JSON.stringify(handshake(version)));
  await expect.poll(() => server.stdout.length).toBe(1);
  server.line(JSON.stringify(notification('notifications/initialized')));
  return server;
}

/** The answer to one batch. */
async function answersTo(server: Program, batch: unknown): Promise<Json[]> {
  const before = arraysOf(server).length;
  server.line(typeof batch === 'string' ? batch : JSON.stringify(batch));
  await expect.poll(() => arraysOf(server).length, { timeout: 10_000 }).toBe(before + 1);
  return arraysOf(server)[before]!;
}

/** Resolves when the server has read everything that was sent. */
const settled = (server: Program) => server.request('ping');

const malformed = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32600, message: expect.stringContaining('not a JSON-RPC message') as string },
};

describe.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('a batch in protocol revision %s', (version) => {
  it('is answered in one array, each request once and in order, but notifications get no answer', async () => {
    const server = await greeted(undefined, version);
    const answers = await answersTo(server, [
      notification('notifications/initialized'),
      call('a', 'get_customer_payment', { payment_id: PAYMENT }),
      request(0, 'ping'),
      request(7, 'tools/list'),
      notification('notifications/roots/list_changed'),
      request(8, 'no/such/method'),
      call(9, 'get_customer_payment', { payment_id: 'x' }),
      call(10, 'no_such_tool'),
      { jsonrpc: '2.0', id: 1234, result: {} },
    ]);
    expect(answers).toMatchObject([
      { id: 'a', result: { structuredContent: { payment: { payment_id: PAYMENT } } } },
      { id: 0, result: {} },
      { id: 7, result: { tools: expect.any(Array) as Json[] } },
      { id: 8, error: { code: -32601 } },
      { id: 9, result: { structuredContent: { error: { code: 'invalid_arguments' } } } },
      { id: 10, error: { code: -32602 } },
    ]);
    expect(answers).toHaveLength(6);
    await settled(server);
    expect(server.stdout).toHaveLength(3);
  });
});

describe('a batch', () => {
  it.each([
    ['of notifications', [notification('notifications/initialized'), notification('notifications/cancelled', { requestId: 5 })]],
    ['of answers', [{ jsonrpc: '2.0', id: 1, result: {} }]],
  ])('%s gets no answer', async (_, batch) => {
    const server = await greeted();
    server.line(JSON.stringify(batch));
    await settled(server);
    expect(server.stdout).toHaveLength(2);
  });

  it.each([
    ['empty', '[]', 'The batch contains no JSON-RPC message.'],
    ['empty with spaces', ' [ ] ', 'The batch contains no JSON-RPC message.'],
    ['without messages', '[1, null, [], {"id": 4}]', 'The batch contains no JSON-RPC message.'],
    ['too long', JSON.stringify(Array.from({ length: 101 }, (_, i) => call(i, 'create_customer_payment', newPayment))), 'more than 100'],
  ])('is refused with one error if it is %s, and does nothing', async (_, line, says) => {
    const server = await greeted();
    server.line(line);
    await settled(server);
    expect(linesOf(server)[1]).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32600, message: expect.stringContaining(says) as string },
    });
    const found = await server.call('list_customer_payments', { reference_number: 'BATCH-1' });
    expect(found['structuredContent'].customerpayments).toEqual([]);
    expect(server.stdout).toHaveLength(4);
  });

  it('may contain very deep nesting, and texts with JSON punctuation', async () => {
    const server = await greeted();
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const answers = await answersTo(
      server,
      ` [ {"jsonrpc":"2.0","id":1,"method":"ping","params":{"deep":${deep},"text":"a],[\\"}, \\\\"}} ,\t${JSON.stringify(request('],{"', 'ping'))}, ${deep} ] `,
    );
    expect(answers).toMatchObject([{ id: 1, result: {} }, { id: '],{"', result: {} }, malformed]);
  });

  it('gets an error for each element that is not a message, and the server carries out the other elements', async () => {
    const server = await greeted();
    const strange = [
      1,
      'x',
      null,
      true,
      [],
      [request(3, 'ping')],
      {},
      { id: 4, method: 'ping' },
      { jsonrpc: '2.0', id: {}, method: 'ping' },
    ];
    expect(await answersTo(server, [...strange, request(5, 'ping')])).toEqual([
      ...strange.map(() => malformed),
      { jsonrpc: '2.0', id: 5, result: {} },
    ]);
    // Like any line that is not JSON.
    server.line('[{"jsonrpc":"2.0","id":6,"method":"ping"}');
    await settled(server);
    expect(server.stdout).toHaveLength(3);
  });

  it('cannot contain the handshake, and is refused before the handshake', async () => {
    const server = start(['serve', '--sandbox=memory']);
    const early = [handshake(), request(1, 'ping'), call(2, 'create_customer_payment', newPayment)];
    expect(await answersTo(server, early)).toMatchObject([
      { id: 'hello', error: { code: -32600, message: expect.stringContaining('by itself') as string } },
      { id: 1, result: {} },
      { id: 2, error: { code: -32600 } },
    ]);
    // A batch right after the handshake waits for its end.
    server.child.stdin.write(`${JSON.stringify(handshake())}\n${JSON.stringify([request(3, 'ping'), call(4, 'list_writes')])}\n`);
    await expect.poll(() => server.stdout.length).toBe(3);
    expect(linesOf(server)[1]).toHaveProperty('result.protocolVersion', '2025-03-26');
    expect(linesOf(server)[2]).toMatchObject([
      { id: 3, result: {} },
      { id: 4, result: { structuredContent: { writes: [] } } },
    ]);
  });

  it('in revision 2026-07-28 is refused with an explanation', async () => {
    const server = start(['serve', '--sandbox=memory']);
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const none = { error: { code: -32600, message: expect.stringContaining('Send each request by itself') as string } };
    expect(await answersTo(server, [request(1, 'subscriptions/listen', { _meta }), request(2, 'tools/list', { _meta })])).toMatchObject([
      { id: 1, ...none },
      { id: 2, ...none },
    ]);
  });

  it('that contains the same id twice carries out only the first request', async () => {
    const server = await greeted();
    const answers = await answersTo(server, [
      call(1, 'create_customer_payment', newPayment),
      call(1, 'delete_customer_payment', { payment_id: PAYMENT }),
    ]);
    expect(answers.map(({ id }) => id as unknown)).toEqual([1, null]);
    expect(answers[1]).toHaveProperty('error.code', -32600);
    const kept = await server.call('get_customer_payment', { payment_id: PAYMENT });
    expect(kept['isError']).toBeFalsy();
  });

  it('records a payment once, and the answer counts as delivered', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const server = await greeted({ ...settingsFor(sandbox), ZOHO_PAYMENTS_CONFIRM: 'host' });
    const write = { ...newPayment, reference_number: undefined };
    const [first] = await answersTo(server, [call(1, 'create_customer_payment', write), request(2, 'ping')]);
    expect(first).toHaveProperty('result.structuredContent.replayed', false);
    const written = (first!['result'] as Json)['structuredContent'] as Json;
    // Not a repeated call but a possible duplicate, about which the user must decide.
    await expect
      .poll(
        async () =>
          (await answersTo(server, [call(3, 'create_customer_payment', write)]))[0]!['result'].structuredContent.error?.code as string,
      )
      .toBe('suspected_duplicate');
    expect(written['outcome']).toBe('recorded');
    expect((await requestsTo(sandbox)).filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('does not wait for a request that the client cancels, in the batch or later', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const server = await greeted(settingsFor(sandbox));
    await fault(sandbox, { match: { method: 'GET', path: `/customerpayments/${PAYMENT}` }, ...held, times: 5 });
    const open = call('held', 'get_customer_payment', { payment_id: PAYMENT });
    const cancelled = notification('notifications/cancelled', { requestId: 'held' });
    expect(await answersTo(server, [open, request(1, 'ping'), cancelled])).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }]);
    server.line(JSON.stringify([request(2, 'ping'), open]));
    await isWaiting(sandbox, 'GET');
    await settled(server);
    expect(arraysOf(server)).toHaveLength(1);
    server.line(JSON.stringify(cancelled));
    await expect.poll(() => arraysOf(server).length).toBe(2);
    expect(arraysOf(server)[1]).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
    // If all requests are cancelled, there is no answer.
    server.line(JSON.stringify([open]));
    server.line(JSON.stringify(cancelled));
    await settled(server);
    expect(arraysOf(server)).toHaveLength(2);
    await release(sandbox);
  });

  it('sends the finished answers when the host closes the connection', async () => {
    const sandbox = await startSandbox();
    closers.push(() => sandbox.close());
    const server = await greeted(settingsFor(sandbox));
    await fault(sandbox, { match: { method: 'GET', path: `/customerpayments/${PAYMENT}` }, ...held, times: 5 });
    server.line(JSON.stringify([request(1, 'ping'), call(2, 'get_customer_payment', { payment_id: PAYMENT })]));
    await isWaiting(sandbox, 'GET');
    server.child.stdin.end();
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(arraysOf(server)).toEqual([[{ jsonrpc: '2.0', id: 1, result: {} }]]);
  });
});

it('each request gets one answer in the array of its batch, with any batches and any order of answers', async () => {
  const member = (id: number) => fc.constantFrom<unknown>(request(id, 'ping'), notification('x'), { jsonrpc: '2.0', id, result: {} }, 7);
  const batches = fc
    .array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 })
    .chain((sizes) => fc.tuple(...sizes.map((size, i) => fc.tuple(...Array.from({ length: size }, (_, j) => member(10 * i + j))))));
  await fc.assert(
    fc.asyncProperty(batches, fc.infiniteStream(fc.nat()), fc.nat({ max: 3 }), async (sent, order, withdrawn) => {
      const written: unknown[] = [];
      const { unpack, send, withdraw } = createBatches(async (message) => void written.push(message));
      const passed = sent.flatMap((batch) =>
        unpack(Buffer.from(`${JSON.stringify(batch)}\n`)).map((line) => JSON.parse(line.toString()) as Json),
      );
      expect(passed).toEqual(sent.flat().filter((one) => one !== 7));
      const open = passed.filter(({ method }) => method === 'ping').map(({ id }) => id as number);
      const gone = open.splice(0, withdrawn);
      for (const id of gone) withdraw(id);
      const sending: Promise<void>[] = [];
      while (open.length > 0) {
        const [id] = open.splice(order.next().value % open.length, 1);
        sending.push(send({ jsonrpc: '2.0', id, result: { of: id } }));
        if (order.next().value % 3 === 0) void send(notification('notifications/progress'));
      }
      await Promise.all(sending);
      const ids = (batch: readonly unknown[]) =>
        batch
          .filter((one) => one === 7 || ((one as Json)['method'] === 'ping' && !gone.includes((one as Json)['id'] as number)))
          .map((one) => (one === 7 ? null : (one as Json)['id']));
      fc.pre(sent.every((batch) => batch.some((one) => one !== 7)));
      const expected = sent.map(ids).filter((answers) => answers.length > 0);
      const arrays = written.filter(Array.isArray).map((answers: Json[]) => answers.map(({ id }) => id as unknown));
      const sorted = (lists: unknown[][]) => lists.map((list) => JSON.stringify(list)).toSorted();
      expect(sorted(arrays)).toEqual(sorted(expected));
    }),
  );
});
