import type * as z from 'zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { readArguments } from '../../src/mcp/arguments.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import { argumentsOf, type Tool } from '../../src/mcp/tools.ts';
import { methodOf } from '../../src/workflow.ts';
import { forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, kinds, textOf, type Harness, type ToolResult } from '../support/harness.ts';

/** Many clients send every argument of a tool, with null or "" for omitted arguments. */

type Json = Record<string, unknown>;
type Path = readonly (string | number)[];

/** If these are omitted, they mean the whole amount, so an empty value is an error. */
const meansAll = ['create_customer_payment_refund amount', 'refund_customer_payment amount'];
/** Zoho clears these if they are sent empty. */
const cleared = new Set(['reference_number', 'description']);

function defOf(schema: $ZodType): $ZodTypes['_zod']['def'] {
  const { def } = (schema as $ZodTypes)._zod;
  return def.type === 'optional' ? defOf(def.innerType) : def;
}

/** A valid value with only the required fields. */
function sample(schema: $ZodType): unknown {
  const def = defOf(schema);
  switch (def.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(def.shape)
          .filter(([, field]) => field._zod.optin !== 'optional')
          .map(([name, field]) => [name, sample(field)]),
      );
    case 'array':
      return [sample(def.element)];
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'enum':
      return Object.values(def.entries)[0];
    default:
      return ['12', '2026-06-01', 'cf_key', 'create_customer_payment'].find((text) => (schema as z.ZodType).safeParse(text).success);
  }
}

/** All optional arguments, including those in rows. */
function optionals(schema: $ZodType, path: Path = []): { path: Path; schema: $ZodType }[] {
  const def = defOf(schema);
  if (def.type === 'array') return optionals(def.element, [...path, 0]);
  if (def.type !== 'object') return [];
  return Object.entries(def.shape).flatMap(([name, field]) => [
    ...(field._zod.optin === 'optional' ? [{ path: [...path, name], schema: field }] : []),
    ...optionals(field, [...path, name]),
  ]);
}

/** `value` with `item` at the path. Lists and objects on the path get their required fields. */
function withItem(schema: $ZodType, value: unknown, [key, ...rest]: Path, item: unknown): unknown {
  if (key === undefined) return item;
  const def = defOf(schema);
  if (def.type === 'array') return [withItem(def.element, (value as unknown[] | undefined)?.[0] ?? sample(def.element), rest, item)];
  if (def.type !== 'object') throw new Error('no way there');
  const inner = def.shape[key]!;
  return { ...(value as Json), [key]: withItem(inner, (value as Json)[key] ?? sample(inner), rest, item) };
}

const tools: readonly Tool[] = [...endpoints, ...workflows, listWrites];
const isUpdate = (tool: Tool) => tool.kind !== 'journal' && methodOf(tool) === 'PUT';
const named = (path: Path) => path.join('.').replaceAll(/\.(\d+)/g, '[$1]');
const table = tools.flatMap((tool) =>
  optionals(argumentsOf(tool)).map(({ path, schema }) => ({
    tool,
    path,
    field: schema,
    title: `${tool.name} ${named(path)}`,
    isText: defOf(schema).type === 'string',
  })),
);
const reading = (tool: Tool, value: unknown) => () => readArguments(argumentsOf(tool), value, { isUpdate: isUpdate(tool) });

describe('an optional argument that is null or empty', () => {
  it('exists in many tools, also inside rows', () => {
    expect(table.length).toBeGreaterThan(150);
    expect(table.some(({ title }) => title === 'create_customer_payment invoices[0].tax_amount_withheld')).toBe(true);
  });

  it.each(table.filter(({ tool, title }) => !isUpdate(tool) && !meansAll.includes(title)))(
    'counts as omitted: $title',
    ({ tool, path, field, isText }) => {
      const schema = argumentsOf(tool);
      // Both inputs contain the list item that holds the argument.
      const [without, wrong] = [undefined, { no: 'value' }].map((item) => withItem(schema, sample(schema), path, item));
      const expected = reading(tool, JSON.parse(JSON.stringify(without)))();
      for (const nothing of isText ? [null, ''] : [null, '', '  ', 'null'])
        expect(reading(tool, withItem(schema, sample(schema), path, nothing))()).toEqual(expected);
      // Otherwise the path would be wrong.
      expect(reading(tool, wrong), JSON.stringify(field._zod.def.type)).toThrow(named(path));
    },
  );

  it.each(table.filter(({ tool }) => isUpdate(tool)))(
    'in an update, is refused if null; if empty, it clears the field or counts as omitted: $title',
    ({ tool, path }) => {
      const schema = argumentsOf(tool);
      const at = (item: unknown) => withItem(schema, sample(schema), path, item);
      expect(reading(tool, at(null))).toThrow(`${named(path)} must be `);
      const kept = path.length === 1 && cleared.has(String(path[0]));
      expect(reading(tool, at(''))()).toEqual(reading(tool, JSON.parse(JSON.stringify(at(kept ? '' : undefined))))());
      if (kept) expect(reading(tool, at(''))()).toHaveProperty(String(path[0]), '');
    },
  );

  it.each(meansAll)('is an error if an omitted value would mean the whole amount: %s', (title) => {
    const { tool, path } = table.find((one) => one.title === title)!;
    const schema = argumentsOf(tool);
    for (const nothing of [null, '', ' ', 'null']) {
      const read = reading(tool, withItem(schema, sample(schema), path, nothing));
      expect(read).toThrow(/amount is (null|empty), which gives no amount/);
      expect(read).not.toThrow('omit the argument instead');
    }
  });
});

it('a required argument counts as missing if it is null, and is refused if it is empty', () => {
  for (const tool of tools) {
    const schema = argumentsOf(tool);
    for (const [name, field] of Object.entries(schema.shape)) {
      if (field._zod.optin === 'optional') continue;
      expect(reading(tool, { ...(sample(schema) as Json), [name]: null })).toThrow(`${name} is missing`);
      expect(reading(tool, { ...(sample(schema) as Json), [name]: '' })).toThrow(name);
    }
  }
});

it('the text "null" is not null', () => {
  const given = {
    customer_id: '1',
    payment_mode: 'null',
    amount: 1,
    date: '2026-06-01',
    description: 'null',
    reference_number: 'undefined',
  };
  const create = tools.find(({ name }) => name === 'create_customer_payment')!;
  expect(reading(create, given)()).toEqual(given);
});

it('a custom field keeps its empty value: it clears the field in an update, and is sent in a new payment', () => {
  const custom_fields = [{ customfield_id: '1', value: '' }];
  for (const name of ['create_customer_payment', 'update_customer_payment', 'update_custom_fields_in_customer_payment']) {
    const tool = tools.find((one) => one.name === name)!;
    const given = { ...(sample(argumentsOf(tool)) as Json), custom_fields };
    expect(reading(tool, given)()).toEqual(given);
  }
});

describe.each(kinds)('through the client of the %s, the server', (kind) => {
  let server: Harness;
  beforeAll(async () => {
    server = await harness({ kind });
  });
  afterAll(() => server.close());

  /** Sends arguments unchanged, even if the client's types forbid them. */
  const callWith = async (name: string, sent: unknown) => (await server.client.callTool({ name, arguments: sent as Json })) as ToolResult;

  it.each([[null], [''], [[]], ['{}'], [undefined]])('treats arguments: %j as no arguments', async (sent) => {
    const { isError, structuredContent } = await callWith('list_customer_payments', sent);
    expect(isError).toBeFalsy();
    expect(structuredContent['customerpayments']).toHaveLength(50);
    const refused = await callWith('get_customer_payment', sent);
    expect(textOf(refused)).toContain('payment_id is missing');
  });

  it('reads arguments that arrive as JSON text', async () => {
    const { structuredContent } = await callWith('get_customer_payment', JSON.stringify({ payment_id: seed.samplePayment, accept: null }));
    expect(structuredContent).toHaveProperty('payment.payment_id', seed.samplePayment);
  });

  it('says if a tool takes no arguments', async () => {
    const refused = await callWith('list_organizations', { page: 1 });
    expect(textOf(refused)).toContain('page is not an argument; this tool takes no arguments');
    expect((await callWith('list_organizations', null)).isError).toBeFalsy();
  });

  it('records a payment if all optional arguments are null or ""', async () => {
    await forgetRequests(server.sandbox);
    const result = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 31,
      date: '2026-06-20',
      reference_number: `NULLS-${kinds.indexOf(kind)}`,
      description: '',
      exchange_rate: null,
      account_id: '',
      custom_fields: null,
      tags: '',
      invoices: [{ invoice_id: seed.openInvoice, amount_applied: 31, tax_amount_withheld: null }],
      idempotency_key: null,
      approval: '',
      allow_duplicate_of: null,
    });
    expect(result.isError, textOf(result)).toBeFalsy();
    const { body } = (await requestsTo(server.sandbox)).find(({ method }) => method === 'POST' || method === 'PUT')!;
    expect(body).toMatchObject({ invoices: [{ invoice_id: seed.openInvoice, amount_applied: 31 }] });
    expect(Object.values(body as Json)).not.toContain(null);
    expect(Object.keys(body as Json)).not.toContain('description');
  });

  it('refunds nothing if the amount is null or empty', async () => {
    await forgetRequests(server.sandbox);
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
    for (const amount of [null, '']) {
      for (const result of [
        await server.call('create_customer_payment_refund', { ...refund, amount }),
        await server.call('refund_customer_payment', { payment: seed.paymentWithUnused, account: 'Petty Cash', amount }),
      ])
        expect(result.structuredContent).toMatchObject({ error: { code: 'invalid_arguments', changed: 'no' } });
    }
    expect((await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('clears a field with "" in an update, and changes nothing for null', async () => {
    await server.call('update_customer_payment', { payment_id: seed.samplePayment, description: 'to go', reference_number: 'to go' });
    const refused = await server.call('update_customer_payment', { payment_id: seed.samplePayment, description: 'x', invoices: null });
    expect(refused.structuredContent).toMatchObject({ error: { code: 'invalid_arguments' } });
    await server.call('update_customer_payment', { payment_id: seed.samplePayment, description: '', reference_number: '', amount: '' });
    const { payment } = (await server.call('get_customer_payment', { payment_id: seed.samplePayment })).structuredContent as {
      payment: Json;
    };
    expect([payment['description'], payment['reference_number']]).toEqual([undefined, undefined]);
  });

  it('accepts empty values for URI variables, for prompt arguments, and for the arguments already filled in before a completion', async () => {
    const { contents } = await server.client.readResource({ uri: 'zoho-books://customerpayments?customer_id=&per_page=3' });
    expect((JSON.parse(contents[0]!.text!) as Json)['customerpayments']).toHaveLength(3);
    const client = server.ownClient as unknown as {
      getPrompt(prompt: object): Promise<{ messages: { content: { text: string } }[] }>;
      complete(request: object): Promise<{ completion: { values: string[] } }>;
    };
    for (const sent of [null, '', [], { customer: null, amount: '', invoice: 'INV-384' }]) {
      const { messages } = await client.getPrompt({ name: 'record_payment', arguments: sent });
      expect(messages[0]?.content.text.includes('INV-384')).toBe(typeof sent === 'object' && sent !== null && 'invoice' in sent);
    }
    const complete = async (context?: object) =>
      (
        await client.complete({
          ref: { type: 'ref/prompt', name: 'record_payment' },
          argument: { name: 'invoice', value: '' },
          ...(context && { context }),
        })
      ).completion.values;
    const all = await complete();
    expect(all.length).toBeGreaterThan(1);
    for (const given of [{ customer: '' }, { customer: null }, null, '']) expect(await complete({ arguments: given })).toEqual(all);
  });
});
