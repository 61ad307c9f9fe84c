import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { isRead, type ReadTool } from '../../src/endpoint.ts';
import type { Json } from '../../src/json.ts';
import * as wholeLists from '../../src/reading/whole-lists.ts';
import { fault, forgetRequests, requestsTo, seed } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { harness, textOf, type HarnessOptions } from '../support/harness.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** Connections with mixed-up answers: from some moment on, each request gets the answer to the request before it. */

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** The sandbox behind a server that mixes up the answers of its open connections on demand. Later connections work correctly. */
async function outOfStep(sandbox: Sandbox) {
  const connections = new Map<Socket, { last?: Answer; late: boolean }>();
  /** Changes an answer on any connection. */
  const relay = { change: (_path: string, body: Json): unknown => body };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { host: _, connection: __, 'content-length': ___, 'transfer-encoding': ____, ...headers } = request.headers;
    const answered = await fetch(`${new URL(sandbox.api_base_url).origin}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const type = answered.headers.get('content-type') ?? '';
    const sent = Buffer.from(await answered.arrayBuffer());
    const body = type.includes('json')
      ? Buffer.from(
          JSON.stringify(
            relay.change((request.url ?? '').replace(/\?.*/, '').replace('/books/v3', ''), JSON.parse(sent.toString()) as Json),
          ),
        )
      : sent;
    const own = { status: answered.status, type, body };
    const state = connections.get(request.socket) ?? { late: false };
    const shown = state.late && state.last !== undefined ? state.last : own;
    connections.set(request.socket, { ...state, last: own });
    response.writeHead(shown.status, { 'content-type': shown.type }).end(shown.body);
  };
  // A closed connection ends its requests.
  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  server.on('connection', (socket) => {
    connections.set(socket, { late: false });
    socket.on('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((closed) => server.close(closed));
  });
  return Object.assign(relay, {
    at: { apiBaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/books/v3`, accountsUrl: sandbox.accounts_url },
    slip: async () => {
      // If no connection is free, the client opens another one.
      await sleep(20);
      for (const state of connections.values()) state.late = true;
    },
    /** The number of connections with mixed-up answers. */
    late: () => [...connections.values()].filter(({ late }) => late).length,
  });
}

async function started(options: HarnessOptions = {}) {
  const sandbox = await startSandbox({ limits: { per_minute: 100_000, concurrent: 1000 } });
  closers.push(() => sandbox.close());
  const zoho = await outOfStep(sandbox);
  const server = await harness({ ...options, on: sandbox, at: zoho.at });
  closers.push(() => server.close());
  return { sandbox, zoho, server };
}

const errorOf = ({ structuredContent }: { structuredContent: Json }) => structuredContent['error'] as Json | undefined;

interface Ids {
  readonly contact: string;
  readonly payment: string;
  readonly refund: string;
  readonly invoice: string;
}

/** The records of one customer, and the same kinds of records of another customer. */
const granite: Ids = {
  contact: '712345000000090043',
  payment: '712345000000101528',
  refund: '712345000000101530',
  invoice: '712345000000101494',
};
const bowman: Ids = { contact: seed.bowman, payment: seed.samplePayment, refund: seed.sampleRefund, invoice: seed.sampleInvoice };

const reads = {
  get_customer_payment: ({ payment }: Ids) => ({ payment_id: payment }),
  get_customer_payment_refund: ({ payment, refund }: Ids) => ({ customer_payment_id: payment, refund_id: refund }),
  get_contact: ({ contact }: Ids) => ({ contact_id: contact }),
  get_invoice: ({ invoice }: Ids) => ({ invoice_id: invoice }),
  list_customer_payment_refunds: ({ payment }: Ids) => ({ customer_payment_id: payment }),
  list_invoice_payments: ({ invoice }: Ids) => ({ invoice_id: invoice }),
};
type Read = keyof typeof reads;
const names = Object.keys(reads) as Read[];

describe('a read whose path names a record', () => {
  it('always checks that the answer is about this record', () => {
    const tasks = workflows.flatMap((workflow) => ('reads' in workflow ? (workflow.reads as readonly ReadTool[]) : []));
    const lists = Object.values(wholeLists).filter((one): one is wholeLists.WholeList => typeof one === 'object' && 'path' in one);
    const all = [...endpoints.filter(isRead), ...tasks, ...lists].filter(({ path }) => path.includes('{'));
    expect(all.filter(({ shows }) => shows === undefined).map(({ name, path }) => `${name} ${path}`)).toEqual([]);
    expect(new Set(all.map(({ name }) => name)), 'reads, above').toEqual(new Set(names));
  });

  const before: [string, Record<string, unknown>][] = [
    ...names.map((name): [string, Record<string, unknown>] => [name, reads[name](granite)]),
    ['list_customer_payments', {}],
    ['list_contacts', {}],
    ['list_bank_accounts', {}],
    ['list_organizations', {}],
  ];
  const pairs = names.flatMap((asked) => before.map(([name, args]) => [asked, name, args] as const));

  it.each(pairs)('(%s) fails and closes the connections if it gets the answer to %s', async (asked, name, args) => {
    const { zoho, server, sandbox } = await started();
    expect(errorOf(await server.call(name, args))).toBeUndefined();
    await zoho.slip();
    await forgetRequests(sandbox);
    const result = await server.call(asked, reads[asked](bowman));
    expect(errorOf(result)).toMatchObject({ code: 'another_record', changed: 'no' });
    expect(textOf(result)).not.toMatch(/Granite/);
    // No silent retry, and no more requests on this connection.
    expect(await requestsTo(sandbox)).toHaveLength(1);
    await expect.poll(zoho.late).toBe(0);
    expect(errorOf(await server.call(asked, reads[asked](bowman)))).toBeUndefined();
  });

  it('fails in the same way as a resource', async () => {
    const { zoho, server } = await started();
    await server.call('get_customer_payment', { payment_id: granite.payment });
    await zoho.slip();
    await expect(server.client.readResource({ uri: `zoho-books://customerpayments/${bowman.payment}` })).rejects.toMatchObject({
      data: { code: 'another_record' },
    });
    expect(JSON.stringify(await server.client.readResource({ uri: `zoho-books://customerpayments/${bowman.payment}` }))).toContain(
      'Bowman',
    );
  });

  it('closes the connections if Zoho sends a record instead of a receipt, or a receipt instead of a record', async () => {
    const { zoho, server } = await started();
    const receipt = { uri: `zoho-books://customerpayments/${bowman.payment}/pdf` };
    await server.call('get_customer_payment', { payment_id: granite.payment });
    await zoho.slip();
    await expect(server.client.readResource(receipt)).rejects.toMatchObject({ data: { code: 'no_document' } });
    await expect.poll(zoho.late).toBe(0);
    expect((await server.client.readResource(receipt)).contents).toHaveLength(1);
    await zoho.slip();
    expect(errorOf(await server.call('get_customer_payment', { payment_id: bowman.payment }))).toMatchObject({ code: 'not_a_record' });
    await expect.poll(zoho.late).toBe(0);
    expect(errorOf(await server.call('get_customer_payment', { payment_id: bowman.payment }))).toBeUndefined();
  });

  it('is retried if it was on another connection that was closed too', async () => {
    const { zoho, server } = await started();
    const all = () =>
      Promise.all(names.flatMap((name) => [server.call(name, reads[name](granite)), server.call(name, reads[name](bowman))]));
    await all();
    await zoho.slip();
    const results = await all();
    for (const result of results) if (errorOf(result) !== undefined) expect(errorOf(result)).toMatchObject({ code: 'another_record' });
    await expect.poll(zoho.late).toBe(0);
    for (const result of await all()) expect(errorOf(result)).toBeUndefined();
  });

  it('clears the answer cache if it gets another record', async () => {
    const { zoho, server, sandbox } = await started();
    await server.call('find_payments', { customer: 'Bowman Furniture' });
    await forgetRequests(sandbox);
    await server.call('find_payments', { customer: 'Bowman Furniture' });
    const kept = (await requestsTo(sandbox)).length;
    await zoho.slip();
    expect(errorOf(await server.call('get_contact', { contact_id: bowman.contact }))).toMatchObject({ code: 'another_record' });
    await forgetRequests(sandbox);
    expect(errorOf(await server.call('find_payments', { customer: 'Bowman Furniture' }))).toBeUndefined();
    expect((await requestsTo(sandbox)).length).toBeGreaterThan(kept);
  });
});

describe('the question before a write', () => {
  const day = '2016-06-05';
  const writes: [string, Record<string, unknown>, Record<string, unknown>][] = [
    [
      'create_customer_payment',
      { customer_id: granite.contact, payment_mode: 'cash', amount: 3, date: day },
      { customer_id: bowman.contact, payment_mode: 'cash', amount: 3, date: day },
    ],
    [
      'create_customer_payment',
      {
        customer_id: '712345000000090025',
        payment_mode: 'cash',
        amount: 3,
        date: day,
        invoices: [{ invoice_id: '712345000000101591', amount_applied: 3 }],
      },
      {
        customer_id: bowman.contact,
        payment_mode: 'cash',
        amount: 3,
        date: day,
        invoices: [{ invoice_id: seed.openInvoice, amount_applied: 3 }],
      },
    ],
    ['update_customer_payment', { payment_id: granite.payment, amount: 5000 }, { payment_id: seed.paymentWithUnused, amount: 900 }],
    [
      'update_customer_payment',
      { payment_id: '712345000000101541', description: 'x' },
      { payment_id: seed.paymentWithUnused, description: 'x' },
    ],
    [
      'update_custom_fields_in_customer_payment',
      { customer_payment_id: granite.payment, custom_fields: [{ customfield_id: '46000000012845', value: '7' }] },
      { customer_payment_id: bowman.payment, custom_fields: [{ customfield_id: '46000000012845', value: '7' }] },
    ],
    ['delete_customer_payment', { payment_id: '712345000000101541' }, { payment_id: seed.paymentWithUnused }],
    ['bulk_delete_customer_payments', { payment_id: ['712345000000101541'] }, { payment_id: [seed.paymentWithUnused] }],
    [
      'create_customer_payment_refund',
      { customer_payment_id: granite.payment, date: day, amount: 3, from_account_id: seed.pettyCash },
      { customer_payment_id: seed.paymentWithUnused, date: day, amount: 3, from_account_id: seed.pettyCash },
    ],
    [
      'update_customer_payment_refund',
      { customer_payment_id: granite.payment, refund_id: granite.refund, amount: 3 },
      { customer_payment_id: bowman.payment, refund_id: bowman.refund, amount: 3 },
    ],
    [
      'delete_customer_payment_refund',
      { customer_payment_id: granite.payment, refund_id: granite.refund },
      { customer_payment_id: bowman.payment, refund_id: bowman.refund },
    ],
    [
      'record_customer_payment',
      { customer: granite.contact, payment_mode: 'cash', amount: 3, date: day },
      { customer: bowman.contact, payment_mode: 'cash', amount: 3, date: day },
    ],
    [
      'refund_customer_payment',
      { payment: granite.payment, account: seed.pettyCash, amount: 3, date: day },
      { payment: seed.paymentWithUnused, account: seed.pettyCash, amount: 3, date: day },
    ],
  ];

  it.each(writes)('never shows another customer: %s %j, then %j', async (name, of, then) => {
    const questions: string[] = [];
    const decline = (question: string) => {
      questions.push(question);
      return { action: 'decline' as const };
    };
    const found: (string | undefined)[] = [];
    const { zoho, server } = await started({ confirm: 'ask', person: decline });
    await server.call(name, of);
    for (let again = 0; again < 3; again += 1) {
      await zoho.slip();
      questions.length = 0;
      const result = await server.call(name, then);
      for (const question of questions) expect(question).not.toMatch(/Granite|Hawthorne|Riverbend/);
      expect(textOf(result)).not.toMatch(/Granite|Hawthorne|Riverbend/);
      found.push(errorOf(result)?.['code'] as string | undefined);
      await server.call(name, of);
    }
    expect(found, JSON.stringify(found)).toContain('another_record');
  });

  const bare = (key: string, id: string) => (path: string, body: Json) => {
    if (!path.endsWith(`/${id}`)) return body;
    const record = body[key] as Json;
    const { [`${key}_id`]: _, ...rest } = record;
    return { ...body, [key]: rest };
  };
  const empty = (id: string) => (path: string, body: Json) => (path.endsWith(`/${id}`) ? { code: 0, message: 'success' } : body);
  const create = writes[1]![2];

  it.each<[string, string, Record<string, unknown>, (path: string, body: Json) => unknown]>([
    ['a customer without an id', 'create_customer_payment', create, bare('contact', bowman.contact)],
    ['an answer without a customer', 'create_customer_payment', create, empty(bowman.contact)],
    ['an invoice without an id', 'create_customer_payment', create, bare('invoice', seed.openInvoice)],
    ['an answer without an invoice', 'create_customer_payment', create, empty(seed.openInvoice)],
    ['a payment without an id', 'delete_customer_payment', { payment_id: seed.paymentWithUnused }, bare('payment', seed.paymentWithUnused)],
    ['an answer without a payment', 'delete_customer_payment', { payment_id: seed.paymentWithUnused }, empty(seed.paymentWithUnused)],
    [
      'another customer instead of a payment',
      'update_customer_payment',
      { payment_id: seed.paymentWithUnused, customer_id: granite.contact },
      empty(granite.contact),
    ],
  ])("is not asked if Zoho's answer is %s", async (_what, name, args, change) => {
    const questions: string[] = [];
    const { zoho, server, sandbox } = await started({
      confirm: 'ask',
      person: (question) => (questions.push(question), { action: 'decline' }),
    });
    zoho.change = change;
    const result = await server.call(name, args);
    expect(questions).toEqual([]);
    expect(result.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code: 'no_record', changed: 'no' } });
    expect((await requestsTo(sandbox)).filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

it('a record without an id is never shown as the requested record', async () => {
  const { zoho, server } = await started();
  zoho.change = (_path, { code, message, ...rest }) => ({
    code,
    message,
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, withoutIds(value)])),
  });
  for (const name of ['get_customer_payment', 'get_customer_payment_refund', 'get_contact', 'get_invoice'] as const) {
    expect(errorOf(await server.call(name, reads[name](bowman))), name).toMatchObject({ code: 'no_record', changed: 'no' });
  }
});

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !/^(contact|invoice|payment|payment_refund)_id$/.test(name)));
}

it('a write that is in flight continues if the connections of reads are closed', async () => {
  const { zoho, server, sandbox } = await started();
  await server.call('get_contact', { contact_id: granite.contact });
  await fault(sandbox, { match: { method: 'POST', path: '/customerpayments' }, fault: 'delay', delay_ms: 500 });
  const writing = server.call('create_customer_payment', {
    customer_id: bowman.contact,
    payment_mode: 'cash',
    amount: 3,
    date: '2016-06-05',
  });
  await expect.poll(async () => (await requestsTo(sandbox)).filter(({ method }) => method === 'POST')).toHaveLength(1);
  await zoho.slip();
  expect(errorOf(await server.call('get_contact', { contact_id: '712345000000090025' }))).toMatchObject({ code: 'another_record' });
  expect((await writing).structuredContent).toMatchObject({ outcome: 'recorded' });
  expect((await requestsTo(sandbox)).filter(({ method }) => method === 'POST')).toHaveLength(1);
});
