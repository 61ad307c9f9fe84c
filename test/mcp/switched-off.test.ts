import { afterAll, describe, expect, it } from 'vitest';
import { endpoints, toolsets, workflows } from '../../src/catalogue.ts';
import { toolsFor } from '../../src/cli/enabled-tools.ts';
import { startedAsExtension } from '../../src/cli/how-started.ts';
import { toolsetNames, type Toolset } from '../../src/toolsets.ts';
import { isWrite, methodOf } from '../../src/workflow.ts';
import { readPolicy, type Policy } from '../../src/write/policy.ts';
import { forgetRequests, requestsTo } from '../support/books.ts';
import { harness, kinds, textOf, type Harness, type HarnessOptions, type McpClient } from '../support/harness.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** A tool that is switched off is not listed. A call of such a tool gets an error that says why, and how to switch the tool on. */

const all = [...endpoints, ...workflows];
const writes = all.filter(isWrite);

type Listed = Awaited<ReturnType<McpClient['listTools']>>['tools'];
let sandbox: Sandbox | undefined;
let everything: Listed | undefined;
afterAll(() => sandbox?.close());

async function start(options: HarnessOptions): Promise<Harness> {
  sandbox ??= await startSandbox();
  return await harness({ on: sandbox, ...options });
}

const cases: readonly (readonly [what: string, options: HarnessOptions, code: string, says: RegExp])[] = [
  ['a policy that allows no writes', { policy: { read_only: true } }, 'against_policy', /The policy allows no writes\.(.|\n)*read_only/],
  [
    'a policy that allows one write',
    { policy: { allowed_tools: ['create_customer_payment'] } },
    'against_policy',
    /The policy does not allow \w+\.(.|\n)*only the operator can change the policy \(allowed_tools\)/,
  ],
  ['read-only mode', { readOnly: true }, 'tool_switched_off', /this server is read-only(.|\n)*Ask the operator to .*--read-only/],
  [
    'only the toolset workflows',
    { toolsets: ['workflows'] },
    'tool_switched_off',
    /in the toolset \(group of tools\) (payments|lookups), which is off(.|\n)*add (payments|lookups) to --toolsets or ZOHO_PAYMENTS_TOOLSETS/,
  ],
  [
    'only the toolset lookups',
    { toolsets: ['lookups'] },
    'tool_switched_off',
    /in the toolset \(group of tools\) (payments|workflows), which is off(.|\n)*ZOHO_PAYMENTS_TOOLSETS/,
  ],
];

describe.each(cases)('a server with %s', (_, options, code, says) => {
  it.each(kinds)('answers a tool that is off with an error code, and lists the other tools: %s', async (kind) => {
    const server = await start({ kind, ...options });
    const { tools } = await server.client.listTools();
    everything ??= await (async () => {
      const whole = await start({ kind });
      const { tools: listed } = await whole.client.listTools();
      await whole.close();
      return listed;
    })();
    expect(tools).toEqual(everything.filter(({ name }) => tools.some((tool) => tool.name === name)));
    const off = all.filter(({ name }) => !tools.some((tool) => tool.name === name));
    expect(off.length).toBeGreaterThan(0);
    await forgetRequests(server.sandbox);
    for (const tool of off) {
      const calling = server.call(tool.name, { any: 'thing' });
      if (code === 'against_policy') {
        const result = await calling;
        expect(result).toMatchObject({
          isError: true,
          structuredContent: { error: { code, changed: 'no', retry: 'never' }, outcome: 'not_recorded', asked: 'nobody' },
        });
        expect(textOf(result)).toMatch(says);
      } else {
        const error = await calling.then(
          () => undefined,
          (thrown: unknown) => thrown as { code: number; message: string; data: unknown },
        );
        const request_id = expect.stringMatching(/^r_\w{8}$/) as string;
        expect(error).toMatchObject({ code: -32602, data: { code, changed: 'no', retry: 'never', request_id } });
        expect(error?.message).toMatch(says);
      }
    }
    expect(await requestsTo(server.sandbox)).toEqual([]);
    await server.close();
  });
});

it.each<[HarnessOptions, name: string, next: string]>([
  [{ readOnly: true }, 'record_customer_payment', 'let it record changes: unset “Read only” in the settings of this extension'],
  [{ toolsets: ['lookups'] }, 'find_payments', 'add workflows to “Toolsets” in the settings of this extension (now lookups)'],
])('inside an extension the next step names the setting of the extension: %o', async (options, name, next) => {
  const server = await start({ started: startedAsExtension, ...options });
  const error = await server.call(name).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ data: { next: `Ask the operator to ${next}.` } });
  await server.close();
});

it('an unknown tool name causes a protocol error', async () => {
  const server = await start({ readOnly: true });
  await expect(server.client.callTool({ name: 'create_payment' })).rejects.toThrow('create_payment not found');
  await server.close();
});

it('the error for an unknown tool name suggests a similar tool, but never a tool that deletes', async () => {
  const server = await start({});
  const said = async (name: string) =>
    await server.client.callTool({ name }).then(
      () => undefined,
      (thrown: unknown) => thrown as { code: number; message: string; data: unknown },
    );
  expect(await said('record_payment')).toMatchObject({
    code: -32602,
    message: expect.stringContaining('Did you mean record_customer_payment?') as string,
    data: { code: 'tool_not_found', changed: 'no', retry: 'corrected_call' },
  });
  const { request_id } = (await said('record_payment'))!.data as { request_id: string };
  const line = server.logged.map((one) => JSON.parse(one) as Record<string, unknown>).find((one) => one['request_id'] === request_id);
  expect(line).toMatchObject({ event: 'unknown tool', outcome: 'tool_not_found' });
  expect((await said('delete_payments'))?.message).not.toMatch(/Did you mean \w*delete/);
  await server.close();
});

describe('if allowed_tools of a policy is wrong', () => {
  const problem = (names: string[], chosen: readonly Toolset[] = toolsetNames): string => {
    try {
      toolsFor({ readOnly: false, toolsets: chosen, policy: { allowed_tools: names } });
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('nothing was refused');
  };

  it('and names a read, the error says that only writes are allowed there', () => {
    for (const name of [...all.filter((tool) => !isWrite(tool)).map((tool) => tool.name), 'list_writes']) {
      expect(problem([name])).toContain(`"${name}", which only reads. List only tools that write; tools that read are always allowed`);
      expect(problem([name])).not.toContain('Did you mean');
    }
    expect(problem(['recrd_payment'])).toContain('. List only tools that write');
    expect(() => readPolicy('{"allowed_tools": "create_customer_payment"}')).toThrow(
      'allowed_tools: must be a list of tools that write; reads are always allowed',
    );
    expect(() => readPolicy('{"allowed_tools": [7]}')).toThrow('allowed_tools.0: must be the name of a tool that writes');
  });

  it('the error suggests no tool that deletes, and suggests a tool that overwrites only for the same verb', () => {
    const typos = writes.flatMap(({ name }) => [
      name.slice(0, -1),
      `${name}s`,
      name.replaceAll('_', '-'),
      name.split('_').slice(1).join('_'),
    ]);
    const strange = [...typos, 'payment', 'delete', 'remove_payment', 'drop_customer_payment', 'x', 'DELETE_CUSTOMER_PAYMENT'];
    let suggested = 0;
    for (const name of strange.filter((one) => !all.some((tool) => tool.name === one))) {
      const nearest = /Did you mean (\w+)\?/.exec(problem([name]))?.[1];
      if (nearest === undefined) continue;
      suggested += 1;
      const method = methodOf(all.find((tool) => tool.name === nearest)!);
      expect(method, name).not.toBe('DELETE');
      if (method === 'PUT') expect(name).toMatch(/^update/);
    }
    expect(suggested).toBeGreaterThan(10);
    expect(problem(['delete_customer_paymnt'])).not.toContain('Did you mean');
    expect(problem(['create_payment'])).toContain('Did you mean create_customer_payment?');
    expect(problem(['update_customer_paymnt'])).toContain('Did you mean update_customer_payment?');
  });
});

describe('the error if a write exceeds a limit of the policy', () => {
  const refusedBy = async (policy: Policy, calls: readonly [string, Record<string, unknown>][]) => {
    const server = await harness({ policy });
    const results = [];
    for (const [name, args] of calls) results.push(await server.call(name, args));
    await server.close();
    return textOf(results.at(-1)!);
  };
  const paid = (amount: number) =>
    ['create_customer_payment', { customer_id: '903000000000099', payment_mode: 'cash', amount, date: '2026-06-20' }] as [
      string,
      Record<string, unknown>,
    ];

  it('names its period: the last 24 hours, or the last hour', async () => {
    expect(await refusedBy({ max_amount: { per_day: { USD: 100 } } }, [paid(60), paid(61)])).toMatch(
      /allows USD 100 in 24 hours\. With the 60 from the last 24 hours, this write would exceed that\. USD 40\.00 is left\./,
    );
    expect(await refusedBy({ max_amount: { per_write: { USD: 50 } } }, [paid(60)])).toContain('in one write');
    const refund = {
      customer_payment_id: '712345000000079503',
      date: '2026-06-20',
      amount: 1,
      from_account_id: '3000000000385',
    };
    expect(await refusedBy({ max_refunds_per_hour: 0 }, [['create_customer_payment_refund', refund]])).toMatch(
      /allows 0 refunds in an hour\. With the 0 from the last hour, this write would exceed that/,
    );
  });

  it('comes before the user is asked', async () => {
    const asked: unknown[] = [];
    const person = (question: unknown) => {
      asked.push(question);
      return { action: 'accept' as const, content: { approve: true } };
    };
    const policy = { max_amount: { per_day: { USD: 100 } }, max_refunds_per_hour: 0, ask_above: { USD: 1 } };
    const server = await harness({ confirm: 'ask', person, policy });
    const [tool, args] = paid(61);
    expect((await server.call(tool, args)).isError ?? false).toBe(false);
    expect(asked).toHaveLength(1);
    expect((await server.call(tool, { ...args, amount: 60 })).structuredContent).toMatchObject({ error: { code: 'against_policy' } });
    const refund = { customer_payment_id: '712345000000079503', date: '2026-06-20', amount: 1, from_account_id: '3000000000385' };
    const refused = await server.call('create_customer_payment_refund', refund);
    expect(refused.structuredContent).toMatchObject({ error: { code: 'against_policy' } });
    expect(asked).toHaveLength(1);
    await server.close();
  });

  it('on accounts names the allowed accounts, and the argument of the called tool', async () => {
    const policy = { allowed_account_ids: ['3000000000385'] };
    const [tool, args] = paid(3);
    expect(await refusedBy(policy, [[tool, { ...args, account_id: '712345000000000358' }]])).toContain(
      'It allows only "Petty Cash" (id 3000000000385).',
    );
    expect(await refusedBy(policy, [paid(3)])).toContain('so account_id must name one of 3000000000385');
    const task = { customer: 'Bowman Furniture', payment_mode: 'cash', amount: 3, date: '2026-06-20', allocate: 'as_credit' };
    expect(await refusedBy(policy, [['record_customer_payment', task]])).toContain('so account must name one of 3000000000385');
  });
});

it('every tool is in a toolset, so that the error can name the toolset', () => {
  const { switchedOff } = toolsFor({ readOnly: false, toolsets: ['lookups'], policy: {} });
  expect(switchedOff.size).toBe(all.length - toolsets.lookups.length);
});
