import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OlderTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from 'vitest';
import { closers } from '../support/closers.ts';
import { environment, node, program, serving, start, type Json, type Program } from '../support/program.ts';

/** Names that every plain object inherits. Sent as raw messages, because clients and the SDK drop some of them. */

const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'toLocaleString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  '__defineGetter__',
  '__lookupSetter__',
];
const envelope = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const newPayment = { customer_id: '903000000000099', payment_mode: 'cash', amount: 450, date: '2026-06-05', reference_number: 'NAMES-1' };
const values = [1, null, { polluted: true }, 'x', []];

/** The object with its own member of this name, even for the name that would set the prototype in a literal. */
const withMember = (object: Json, name: string, value: unknown): Json =>
  Object.defineProperty({ ...object }, name, { value, enumerable: true });

interface Schema {
  readonly type?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
}

/** All places for an object in the arguments, each as a function that puts an object there. */
function placesOf({ type, properties = {}, items }: Schema): ((put: Json) => unknown)[] {
  if (type === 'array' && items !== undefined) return placesOf(items).map((place) => (put: Json) => [place(put)]);
  if (type !== 'object') return [];
  const inner = Object.entries(properties).flatMap(([name, schema]) =>
    placesOf(schema).map((place) => (put: Json) => ({ [name]: place(put) })),
  );
  return [(put) => put, ...inner];
}

const errorOf = (answer: Json) => answer['result']?.structuredContent?.error as Json | undefined;
const recorded = async (server: Program, more: Json = {}) =>
  (await server.request('tools/call', { name: 'list_customer_payments', arguments: { reference_number: 'NAMES-1' }, ...more }))['result']
    .structuredContent.customerpayments as Json[];

describe('a name such as __proto__ as an argument', () => {
  it('is refused as unknown by every tool, at every depth', async () => {
    const server = await serving(['serve', '--sandbox=memory', '--toolsets=all']);
    const { result } = await server.request('tools/list');
    let tried = 0;
    for (const { name: tool, inputSchema } of result.tools as { name: string; inputSchema: Schema }[]) {
      for (const place of placesOf(inputSchema)) {
        const answers = NAMES.map(
          async (name, i) =>
            [
              name,
              await server.request('tools/call', { name: tool, arguments: place(withMember({}, name, values[i % values.length])) }),
            ] as const,
        );
        for (const [name, answer] of await Promise.all(answers)) {
          tried += 1;
          const error = errorOf(answer);
          expect(error, `${tool} ${name}`).toMatchObject({ code: 'invalid_arguments', changed: 'no' });
          expect(error?.['message'], `${tool} ${name}`).toMatch(new RegExp(`${name}("\\])? is not an argument`));
        }
      }
    }
    expect(tried).toBeGreaterThan(300);
    expect(server.stderr()).toBe('');
  });

  it.each<[string, Json]>([
    ['2025-06-18', {}],
    ['2026-07-28', { _meta: envelope }],
  ])('is refused in a payment that is otherwise valid, in revision %s', async (_revision, more) => {
    const server = '_meta' in more ? start(['serve', '--sandbox=memory']) : await serving(['serve', '--sandbox=memory']);
    const create = (args: Json) => server.request('tools/call', { name: 'create_customer_payment', arguments: args, ...more });
    for (const name of NAMES) {
      for (const value of values) expect(errorOf(await create(withMember(newPayment, name, value)))?.['message'], name).toContain(name);
      const rows = [withMember({ invoice_id: '712345000000079385', amount_applied: 1 }, name, {})];
      // Also as JSON text, which the server reads as a list.
      for (const invoices of [rows, JSON.stringify(rows), rows.map((row) => JSON.stringify(row))]) {
        expect(errorOf(await create({ ...newPayment, invoices }))?.['message'], name).toContain(`invoices[0].${name} is not an argument`);
      }
    }
    expect(await recorded(server, more)).toEqual([]);
  });

  it.each([
    ['older SDK', OlderClient, OlderTransport],
    ['current SDK', ModernClient, ModernTransport],
  ] as const)('is refused through the client of the %s', async (_kind, Client, Transport) => {
    const client = new Client({ name: 'test', version: '1' });
    closers.push(() => client.close());
    await client.connect(
      new Transport({
        command: node,
        args: [program, 'serve', '--sandbox=memory'],
        env: environment(),
      }),
    );
    for (const name of NAMES) {
      const { structuredContent } = await client.callTool({ name: 'create_customer_payment', arguments: withMember(newPayment, name, 1) });
      expect(structuredContent, name).toMatchObject({
        error: { code: 'invalid_arguments', message: expect.stringContaining(name) as string },
      });
    }
  });

  it('is refused in the URI of a resource', async () => {
    const server = await serving(['serve', '--sandbox=memory']);
    for (const name of NAMES) {
      expect(await server.request('resources/read', { uri: `zoho-books://customerpayments?${name}=1` }), name).toMatchObject({
        error: { data: { code: 'invalid_arguments', message: expect.stringContaining(`${name} is not an argument`) as string } },
      });
    }
  });
});

describe('a name such as __proto__ in a search', () => {
  it.each(NAMES)('(%s) finds no tool, prompt, resource, variable or kind of write', async (name) => {
    const server = await serving(['serve', '--sandbox=memory']);
    expect(await server.request('tools/call', { name, arguments: newPayment })).toMatchObject({ error: { code: -32602 } });
    expect(await server.request('prompts/get', { name, arguments: {} })).toMatchObject({ error: { code: -32602 } });
    expect(await server.request('resources/read', { uri: `zoho-books://${name}` })).toHaveProperty('error');
    expect(errorOf(await server.request('tools/call', { name: 'list_writes', arguments: { tool: name } }))).toMatchObject({
      code: 'invalid_arguments',
    });
    expect(errorOf(await server.request('tools/call', { name: 'list_writes', arguments: { outcome: name } }))).toMatchObject({
      code: 'invalid_arguments',
    });
    const refs = [
      { type: 'ref/prompt', name: 'record_payment' },
      { type: 'ref/resource', uri: 'zoho-books://customerpayments/{payment_id}' },
      { type: 'ref/prompt', name },
    ];
    for (const ref of refs) {
      const answer = await server.request('completion/complete', {
        ref,
        argument: { name, value: 'x' },
        context: { arguments: withMember({}, name, 'x') },
      });
      expect(answer['error'] ?? answer['result'].completion.values, JSON.stringify(answer)).toEqual(answer['error'] ?? []);
    }
    expect(await server.request(name)).toMatchObject({ error: { code: -32601 } });
    expect(await recorded(server)).toEqual([]);
    expect(server.stderr()).toBe('');
  });
});
