import { describe, expect, it } from 'vitest';
import { serving, start, type Json, type Program } from '../support/program.ts';

/** Requests before and after the handshake, sent as raw lines to the built program. */

const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
const envelope = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
};
const newPayment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'EARLY-1' };
const write = { name: 'create_customer_payment', arguments: newPayment };

const newServer = () => start(['serve', '--sandbox=memory']);

/** Payments with the reference, read on the same connection after its handshake. */
async function recorded(server: Program, params: Json = {}): Promise<Json[]> {
  const { result } = await server.request('tools/call', {
    name: 'list_customer_payments',
    arguments: { reference_number: 'EARLY-1' },
    ...params,
  });
  return result.structuredContent.customerpayments as Json[];
}

async function initialize(server: Program): Promise<void> {
  expect(await server.request('initialize', hello)).toHaveProperty('result.protocolVersion', '2025-06-18');
  server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
}

const refused = { error: { code: -32600, message: expect.stringContaining('`initialize`') as string } };

describe('before `initialize`', () => {
  it.each<[string, Json]>([
    ['tools/call', write],
    ['tools/call', { name: 'get_customer_payment', arguments: { payment_id: '9030000079467' } }],
    ['tools/list', {}],
    ['resources/list', {}],
    ['resources/read', { uri: 'zoho-books://customerpayments' }],
    ['resources/subscribe', { uri: 'zoho-books://customerpayments' }],
    ['prompts/list', {}],
    ['prompts/get', { name: 'month_end_check' }],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: 'zoho-books://customerpayments/{payment_id}' }, argument: { name: 'payment_id', value: '9' } },
    ],
    ['logging/setLevel', { level: 'debug' }],
    ['server/discover', {}],
    ['no/such/method', {}],
    ['tools/call', { ...write, _meta: { progressToken: 1 } }],
  ])('%s %j gets a protocol error, and the client can still make the handshake', async (method, params) => {
    const server = newServer();
    expect(await server.request(method, params)).toMatchObject(refused);
    await initialize(server);
    expect(await recorded(server)).toEqual([]);
    expect(server.stderr()).toBe('');
  });

  it('`ping` gets an answer, but is not a handshake', async () => {
    const server = newServer();
    expect(await server.request('ping')).toMatchObject({ result: {} });
    expect(await server.request('tools/call', write)).toMatchObject(refused);
    expect(await server.request('ping')).toMatchObject({ result: {} });
    // The client can still choose revision 2026-07-28.
    expect(await server.request('tools/call', { ...write, ...envelope })).toHaveProperty('result.structuredContent.outcome', 'recorded');
  });

  it.each(['notifications/initialized', 'notifications/cancelled', 'notifications/roots/list_changed'])(
    'the notification %s is not a handshake',
    async (method) => {
      const server = newServer();
      server.line(JSON.stringify({ jsonrpc: '2.0', method, params: { requestId: 1 } }));
      expect(await server.request('tools/call', write)).toMatchObject(refused);
      await initialize(server);
      expect(await recorded(server)).toEqual([]);
    },
  );

  it('a failed `initialize` is not a handshake, and requests that were sent with it are refused', async () => {
    const server = newServer();
    const [answer, early] = await Promise.all([server.request('initialize', { protocolVersion: 7 }), server.request('tools/call', write)]);
    expect(answer).toHaveProperty('error');
    expect(early).toMatchObject(refused);
    expect(await server.request('tools/call', write)).toMatchObject(refused);
    await initialize(server);
    expect(await recorded(server)).toEqual([]);
  });
});

describe('a client may', () => {
  it('send requests together with `initialize`, without the notification', async () => {
    const server = newServer();
    const [answer, written] = await Promise.all([server.request('initialize', hello), server.request('tools/call', write)]);
    expect(answer).toHaveProperty('result.serverInfo');
    expect(written).toHaveProperty('result.structuredContent.outcome', 'recorded');
    // Answered in order: the client gets the handshake before the result of the call.
    expect(server.stdout.map((line) => (JSON.parse(line) as Json)['id'])).toEqual([1, 2]);
  });

  it('send a second `initialize`, as a proxy does for its next client', async () => {
    const server = await serving(['serve', '--sandbox=memory']);
    await server.call('create_customer_payment', newPayment);
    await initialize(server);
    expect(await recorded(server)).toHaveLength(1);
  });

  it('use revision 2026-07-28 without `initialize`: `server/discover`, then requests that contain the revision', async () => {
    const server = newServer();
    expect(await server.request('server/discover', envelope)).toHaveProperty('result.supportedVersions');
    expect(await server.request('tools/call', { ...write, ...envelope })).toHaveProperty('result.structuredContent.outcome', 'recorded');
    expect(await recorded(server, envelope)).toHaveLength(1);
    // After this choice, no other revision is possible.
    expect(await server.request('tools/call', write)).toHaveProperty('error');
    expect(await server.request('initialize', hello)).toHaveProperty('error');
    expect(await server.request('tools/call', write)).toHaveProperty('error');
    expect(await recorded(server, envelope)).toHaveLength(1);
  });

  it('call `server/discover` and then use the older revision', async () => {
    const server = newServer();
    expect(await server.request('server/discover', envelope)).toHaveProperty('result');
    expect(await server.request('tools/call', write)).toMatchObject(refused);
    await initialize(server);
    expect(await recorded(server)).toEqual([]);
    expect(await server.request('tools/call', write)).toHaveProperty('result.structuredContent.outcome', 'recorded');
  });

  it('send a cancellation without a revision, from revision 2026-07-28 on', async () => {
    const server = newServer();
    const long = server.request('tools/call', { name: 'find_refunds', arguments: {}, ...envelope }).then(
      () => 'answered',
      () => 'ended',
    );
    server.line('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}');
    expect(await server.request('tools/list', envelope)).toHaveProperty('result.tools');
    server.child.stdin.end();
    expect(await long).toBe('ended');
  });
});
