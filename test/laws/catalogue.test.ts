import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints, toolsets, workflows } from '../../src/catalogue.ts';
import { isRead, scopeOf } from '../../src/endpoint.ts';
import { matchRoute } from '../../src/sandbox/routes.ts';
import { methodOf } from '../../src/workflow.ts';
import { harness, type Harness } from '../support/harness.ts';

/** The payment operations in Zoho's documentation: tool, call, scope. */
const documented = [
  ['create_customer_payment', 'POST /customerpayments', 'CREATE'],
  ['list_customer_payments', 'GET /customerpayments', 'READ'],
  ['bulk_delete_customer_payments', 'DELETE /customerpayments', 'DELETE'],
  ['update_customer_payment_using_custom_field', 'PUT /customerpayments', 'UPDATE'],
  ['update_customer_payment', 'PUT /customerpayments/{payment_id}', 'UPDATE'],
  ['get_customer_payment', 'GET /customerpayments/{payment_id}', 'READ'],
  ['delete_customer_payment', 'DELETE /customerpayments/{payment_id}', 'DELETE'],
  ['list_customer_payment_refunds', 'GET /customerpayments/{customer_payment_id}/refunds', 'READ'],
  ['create_customer_payment_refund', 'POST /customerpayments/{customer_payment_id}/refunds', 'CREATE'],
  ['get_customer_payment_refund', 'GET /customerpayments/{customer_payment_id}/refunds/{refund_id}', 'READ'],
  ['update_customer_payment_refund', 'PUT /customerpayments/{customer_payment_id}/refunds/{refund_id}', 'UPDATE'],
  ['delete_customer_payment_refund', 'DELETE /customerpayments/{customer_payment_id}/refunds/{refund_id}', 'DELETE'],
  ['update_custom_fields_in_customer_payment', 'PUT /customerpayment/{customer_payment_id}/customfields', 'UPDATE'],
];

let server: Harness;
let tools: Awaited<ReturnType<Harness['client']['listTools']>>['tools'];
beforeAll(async () => {
  server = await harness();
  ({ tools } = await server.client.listTools());
});
afterAll(() => server.close());

/** All schemas inside a schema, starting with the schema itself. */
function schemasIn(schema: Record<string, unknown>): Record<string, unknown>[] {
  const { properties, items } = schema as { properties?: Record<string, Record<string, unknown>>; items?: Record<string, unknown> };
  return [schema, ...Object.values(properties ?? {}).flatMap(schemasIn), ...(items === undefined ? [] : schemasIn(items))];
}

const plainKeywords = new Set(
  'type description properties required items enum minimum maximum minItems maxItems minLength maxLength'.split(' '),
);

describe('the catalogue of tools', () => {
  it('contains every documented operation on payments', () => {
    const declared = toolsets.payments.map((endpoint) => [
      endpoint.name,
      `${endpoint.method} ${endpoint.path}`,
      scopeOf(endpoint).replace('ZohoBooks.customerpayments.', ''),
    ]);
    expect(declared).toEqual(expect.arrayContaining(documented));
  });

  it('requires the scope that fits the path of each operation', () => {
    const modules: Record<string, string> = {
      customerpayment: 'customerpayments',
      bankaccounts: 'banking',
      organizations: 'settings',
    };
    for (const endpoint of endpoints) {
      const [, first = ''] = endpoint.path.split('/');
      expect(scopeOf(endpoint), endpoint.name).toMatch(new RegExp(`^ZohoBooks\\.${modules[first] ?? first}\\.`));
    }
  });

  it('has a route in the sandbox for every operation, with the same scope', () => {
    const routes = endpoints.map(({ name, method, path }) => {
      const { route } = matchRoute(method, path.replaceAll(/\{\w+\}/g, '1'));
      return [name, route ? `ZohoBooks.${route.scope}` : `no route for ${method} ${path}: add it to src/sandbox/routes.ts`];
    });
    expect(routes).toEqual(endpoints.map((endpoint) => [endpoint.name, scopeOf(endpoint)]));
  });

  it('has every tool in exactly one toolset, and only read tools in the toolset lookups', () => {
    const named = Object.values(toolsets)
      .flat()
      .map(({ name }) => name);
    expect(named.toSorted()).toEqual(endpoints.map(({ name }) => name).toSorted());
    expect(new Set(named).size).toBe(named.length);
    expect(toolsets.lookups.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it.each([
    ['operation', 'endpoints', endpoints],
    ['lookup', 'endpoints/lookups', toolsets.lookups],
    ['task', 'workflows', workflows],
  ] as const)('matches the folders: exactly one file for each %s, with the name of the tool', (_, folder, all) => {
    const files = readdirSync(resolve(import.meta.dirname, '../../src', folder), { recursive: true, encoding: 'utf8' });
    const tools = files.filter((file) => file.endsWith('.ts')).map((file) => basename(file, '.ts').replaceAll('-', '_'));
    expect(tools.toSorted(), `src/catalogue.ts must contain exactly the files of src/${folder}`).toEqual(
      all.map(({ name }) => name).toSorted(),
    );
  });

  it('has names that tell reads from writes: only reads begin with get_ or list_', () => {
    // The import table tells endpoints that read from endpoints that write by this.
    expect(endpoints.filter((endpoint) => isRead(endpoint) !== /^(get|list)_/.test(endpoint.name))).toEqual([]);
  });

  it('has a fixed order: workflows, then reads, creates, updates and deletes, each sorted by name', () => {
    const rank = ['GET', 'POST', 'PUT', 'DELETE'];
    const ordered = endpoints
      .map(({ name, method }) => ({ name, method }))
      .toSorted((a, b) => rank.indexOf(a.method) - rank.indexOf(b.method) || (a.name < b.name ? -1 : 1));
    expect(tools.map(({ name }) => name)).toEqual([...[...workflows, ...ordered].map(({ name }) => name), 'list_writes']);
  });

  it.each([
    ['payments', 1690],
    ['lookups', 890],
  ] as const)(
    'has short tools, with output schemas and the shared arguments of writes: %s, on average at most %i bytes each',
    (toolset, most) => {
      const own = tools.filter(({ name }) => toolsets[toolset].some((endpoint) => endpoint.name === name));
      expect(own).toHaveLength(toolsets[toolset].length);
      expect(Buffer.byteLength(JSON.stringify({ tools: own }))).toBeLessThanOrEqual(most * own.length);
    },
  );

  it('needs at most 32 kB with the default toolsets, and at most 44 kB with all toolsets', () => {
    const bytes = (tools: readonly unknown[]) => Buffer.byteLength(JSON.stringify({ tools }));
    expect(bytes(tools.filter(({ name }) => !toolsets.lookups.some((endpoint) => endpoint.name === name)))).toBeLessThanOrEqual(32_000);
    expect(bytes(tools)).toBeLessThanOrEqual(44_000);
  });

  it('has schemas that the API of every model accepts: plain keywords, one type each, objects with properties, lists with items', () => {
    for (const { name, inputSchema, outputSchema = {} } of tools) {
      for (const top of [inputSchema, outputSchema]) {
        expect(top['type'], name).toBe('object');
        for (const schema of schemasIn(top)) {
          // At least one of OpenAI, Gemini and Anthropic refuses other keywords, such as format, pattern, const, anyOf and $ref.
          expect(
            Object.keys(schema).filter((keyword) => !plainKeywords.has(keyword)),
            name,
          ).toEqual([]);
          expect(typeof schema['type'], name).toBe('string');
          if (schema['type'] === 'object') expect(schema, name).toHaveProperty('properties');
          if (schema['type'] === 'array') expect(schema, name).toHaveProperty('items');
          if ('enum' in schema) expect(schema['type'], name).toBe('string');
          expect(Math.abs(Number(schema['maximum'] ?? 0)), name).toBeLessThan(Number.MAX_SAFE_INTEGER);
        }
      }
    }
  });

  it('tells models the format of dates in words, without the keyword format', () => {
    const described = tools.filter(({ inputSchema }) => JSON.stringify(inputSchema).includes('yyyy-mm-dd')).map(({ name }) => name);
    expect(described).toEqual(expect.arrayContaining(['create_customer_payment', 'create_customer_payment_refund']));
    expect(server.client.getInstructions()).toContain('Dates are yyyy-mm-dd');
  });

  it('has no snapshot of a tool that no longer exists', () => {
    const reviewed = readdirSync(resolve(import.meta.dirname, '../snapshots/tools')).map((file) => file.replace('.json', ''));
    expect(reviewed.filter((file) => !tools.some(({ name }) => name === file))).toEqual([]);
  });

  it("has names of at most 64 characters, including a host's prefix", () => {
    expect(tools.filter(({ name }) => name.length > 45)).toEqual([]);
  });

  describe.each([...endpoints, ...workflows].map((tool) => ({ name: tool.name, method: methodOf(tool) })))('$name', ({ name, method }) => {
    const tool = () => tools.find((tool) => tool.name === name)!;

    it('equals its reviewed snapshot', async () => {
      await expect(
        `${JSON.stringify(tool(), null, 2)}\n`,
        `test/snapshots/tools/${name}.json is missing or differs: run this test with -u, and read the diff`,
      ).toMatchFileSnapshot(`../snapshots/tools/${name}.json`);
    });

    it('has hints that fit its HTTP method', () => {
      expect(tool().annotations).toEqual({
        readOnlyHint: method === 'GET',
        destructiveHint: method !== 'GET',
        idempotentHint: method !== 'POST',
        openWorldHint: true,
      });
    });

    it('requires no fields in its output, so that errors pass the validation of older clients', () => {
      const required = schemasIn(tool().outputSchema ?? {}).filter((schema) => Array.isArray(schema['required']));
      expect(required).toEqual([]);
    });

    it('never asks the model for the organization', () => {
      expect(JSON.stringify(tool().inputSchema)).not.toContain('organization_id');
    });
  });
});
