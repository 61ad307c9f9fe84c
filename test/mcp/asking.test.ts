import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requestsTo, seed } from '../support/books.ts';
import {
  harness,
  kinds,
  textOf,
  type Harness,
  type HarnessOptions,
  type Kind,
  type PersonAnswer,
  type ToolResult,
} from '../support/harness.ts';
import { environment, node, program, start as startProgram, type Json, type Program } from '../support/program.ts';

/** Hosts that announce that they ask their user, and what they do instead: nothing is written without a person's consent. */

const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
const ambiguous = { customer: 'Bowman', amount: 10, payment_mode: 'cash', allocate: 'as_credit' };
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const olderKinds = kinds.filter((kind) => kind !== 'current SDK, 2026-07-28');

async function start(options: HarnessOptions = {}): Promise<Harness> {
  const server = await harness({ confirm: 'ask', ...options });
  onTestFinished(() => server.close());
  return server;
}

const writesTo = async ({ sandbox }: Harness) =>
  (await requestsTo(sandbox)).filter(({ method, path }) => method !== 'GET' && !path.startsWith('/oauth'));

const codeOf = ({ structuredContent }: ToolResult) => (structuredContent['error'] as { code?: string } | undefined)?.code;
const approvalOf = ({ structuredContent }: ToolResult) => structuredContent['approval'] as string;
/** The question that the built program puts to its client. */
async function questionTo(server: Program): Promise<Json> {
  const question = () => server.stdout.map((line) => JSON.parse(line) as Json).find(({ method }) => method === 'elicitation/create');
  await expect.poll(question, { timeout: 10_000 }).toBeDefined();
  return question() ?? {};
}

/** A person as slow as people are, for a threshold that tests can wait for. */
const slowly = (answer: PersonAnswer) => async () => {
  await new Promise((resolve) => setTimeout(resolve, 60));
  return answer;
};

describe.each(olderKinds)('a client that announces questions and answers them with an error (%s)', (kind) => {
  it.each([-32601, -32600, -32603, -32602, -32000, -32042, 1])(
    '%i: the preview takes its place, for the rest of the connection',
    async (code) => {
      let asked = 0;
      const person = () => {
        asked += 1;
        throw new McpError(code, 'no');
      };
      const server = await start({ kind, person });
      const preview = await server.call('create_customer_payment_refund', refund);
      expect(codeOf(preview)).toBe('approval_needed');
      expect(textOf(preview)).toMatch(/^Refund USD 10\.00 to /);
      expect(await writesTo(server)).toEqual([]);
      const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
      expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
      expect(codeOf(await server.call('create_customer_payment_refund', { ...refund, amount: 11 }))).toBe('approval_needed');
      expect(asked).toBe(1);
      expect(server.logged.join()).toContain(`error ${code}`);
    },
  );

  it('strict refuses with a code', async () => {
    const person = () => {
      throw new McpError(-32601, 'Method not found');
    };
    const server = await start({ kind, confirm: 'strict', person });
    const result = await server.call('create_customer_payment_refund', refund);
    expect(result.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code: 'consent_unavailable', changed: 'no' } });
    expect(await writesTo(server)).toEqual([]);
  });

  it('a name that fits several comes back as candidates', async () => {
    const person = () => {
      throw new McpError(-32603, 'Internal error');
    };
    const server = await start({ kind, person });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('silence is no answer, and the next call asks again', async () => {
    let asked = 0;
    const person = async () => {
      asked += 1;
      return asked === 1 ? await new Promise<never>(() => undefined) : yes;
    };
    const server = await start({ kind, person, answerMs: 50 });
    expect(codeOf(await server.call('create_customer_payment_refund', refund))).toBe('not_confirmed');
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
  });

  it('its own time limit is silence too', async () => {
    let asked = 0;
    const person = () => {
      asked += 1;
      throw new McpError(-32001, 'Request timed out');
    };
    const server = await start({ kind, person });
    for (const round of [1, 2]) {
      expect(codeOf(await server.call('create_customer_payment_refund', refund))).toBe('not_confirmed');
      expect(asked).toBe(round);
    }
  });
});

describe('answers as raw messages', () => {
  /** The built program with a client that is asked, and answers with this. */
  async function answering(answer: Json, settings: Record<string, string> = {}) {
    const server = startProgram(['serve', '--sandbox=memory'], { ZOHO_PAYMENTS_FASTEST_ANSWER_MS: '0', ...settings });
    await server.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'test', version: '1' },
    });
    server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    const called = server.call('create_customer_payment_refund', refund);
    const question = await questionTo(server);
    server.line(JSON.stringify({ jsonrpc: '2.0', id: question['id'], ...answer }));
    return (await called) as unknown as ToolResult;
  }

  it.each<[string, Json, string]>([
    ['an action of its own', { result: { action: 'reject' } }, 'approval_needed'],
    ['no action', { result: { content: { approve: true } } }, 'approval_needed'],
    ['an empty result', { result: {} }, 'approval_needed'],
    ['an error', { error: { code: -32601, message: 'Method not found' } }, 'approval_needed'],
    ['accept without content', { result: { action: 'accept' } }, 'not_confirmed'],
    ['accept with null', { result: { action: 'accept', content: null } }, 'not_confirmed'],
    ['accept with empty content', { result: { action: 'accept', content: {} } }, 'not_confirmed'],
    ['accept with text', { result: { action: 'accept', content: 'yes' } }, 'not_confirmed'],
    ['accept with a null field', { result: { action: 'accept', content: { approve: null } } }, 'not_confirmed'],
    ['accept with another field', { result: { action: 'accept', content: { ok: true } } }, 'not_confirmed'],
    ['accept with "maybe"', { result: { action: 'accept', content: { approve: 'maybe' } } }, 'not_confirmed'],
    ['accept with 1', { result: { action: 'accept', content: { approve: 1 } } }, 'not_confirmed'],
    ['accept with an unticked box', { result: { action: 'accept', content: { approve: false } } }, 'declined'],
    ['accept with "false"', { result: { action: 'accept', content: { approve: 'false' } } }, 'declined'],
    ['decline', { result: { action: 'decline' } }, 'declined'],
    ['cancel', { result: { action: 'cancel' } }, 'not_confirmed'],
  ])('%s', async (_, answer, code) => {
    const result = await answering(answer);
    expect(result.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code, changed: 'no' } });
  });

  it.each([true, 'true', 'True', ' TRUE '])('%j is a yes', async (approve) => {
    const result = await answering({ result: { action: 'accept', content: { approve } } });
    expect(result.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'window' });
  });

  it('an answer within milliseconds is no consent as the program is shipped', async () => {
    const yes = { result: { action: 'accept', content: { approve: true } } };
    const settings = { ZOHO_PAYMENTS_FASTEST_ANSWER_MS: '' };
    expect(codeOf(await answering(yes, settings))).toBe('approval_needed');
    expect(codeOf(await answering(yes, { ...settings, ZOHO_PAYMENTS_ASK: 'window' }))).toBe('answered_by_program');
  });
});

describe.each(kinds)('a host that answers by itself (%s)', (kind: Kind) => {
  // Long, so that an answer at once is one also where the machine has other things to do.
  const timings = { fastestAnswerMs: 60_000 };

  it.each<PersonAnswer>([{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { approve: false } }])(
    '%j is told as the program’s own, with the other way',
    async (answer) => {
      let asked = 0;
      const server = await start({ kind, timings, person: () => ((asked += 1), answer) });
      // Not remembered as the user's: the same call asks again.
      for (const round of [1, 2]) {
        const result = await server.call('create_customer_payment_refund', refund);
        expect(result.structuredContent).toMatchObject({
          outcome: 'not_recorded',
          asked: 'nobody',
          error: { code: 'answered_by_program' },
        });
        expect(textOf(result)).toContain('The user was not asked');
        expect(textOf(result)).toContain('ZOHO_PAYMENTS_ASK');
        expect(asked).toBe(round);
      }
      expect(await writesTo(server)).toEqual([]);
    },
  );

  it('a yes is passed over, and the second call counts', async () => {
    const server = await start({ kind, timings, person: () => yes });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(preview)).toBe('approval_needed');
    expect(await writesTo(server)).toEqual([]);
    const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
  });

  it.each<[string, HarnessOptions]>([
    ['strict', { confirm: 'strict' }],
    ['without another way', { ask: ['window'] }],
  ])('a yes is refused: %s', async (_, options) => {
    const server = await start({ kind, timings, person: () => yes, ...options });
    expect(codeOf(await server.call('create_customer_payment_refund', refund))).toBe('answered_by_program');
    expect(await writesTo(server)).toEqual([]);
  });

  it('a choice is passed over: the candidates come back', async () => {
    const person = (): PersonAnswer => ({ action: 'accept', content: { which: seed.bowman } });
    const server = await start({ kind, timings, person });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('a person is slower, and is believed', async () => {
    const timings = { fastestAnswerMs: 40 };
    const server = await start({ kind, timings, person: slowly(yes) });
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
    const other = await start({ kind, timings, person: slowly({ action: 'decline' }) });
    const declined = await other.call('create_customer_payment_refund', refund);
    expect(codeOf(declined)).toBe('declined');
    expect(textOf(declined)).toContain('The user declined.');
  });
});

describe.each(kinds)('ways to ask (%s)', (kind) => {
  const person = () => expect.unreachable('no window is to be opened');

  it('`call` uses no window', async () => {
    const server = await start({ kind, ask: ['call'], person });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(preview)).toBe('approval_needed');
    const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('the first that counts is used: strict passes over `call`', async () => {
    expect(codeOf(await (await start({ kind, ask: ['call', 'window'], person })).call('create_customer_payment_refund', refund))).toBe(
      'approval_needed',
    );
    const strict = await start({ kind, ask: ['call', 'window'], confirm: 'strict', person: () => yes });
    expect((await strict.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
  });

  it.each<[string, HarnessOptions]>([
    ['`window` with a client that has none', { ask: ['window'] }],
    ['`call` in strict mode', { ask: ['call'], confirm: 'strict', person }],
  ])('%s refuses', async (_, options) => {
    const server = await start({ kind, ...options });
    const result = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(result)).toBe('consent_unavailable');
    expect(textOf(result)).toContain('ZOHO_PAYMENTS_ASK');
  });
});

describe('a choice', () => {
  it.each(kinds)('is numbered in the message, with titles as the revision knows them (%s)', async (kind) => {
    let message = '';
    const server = await start({
      kind,
      person: (question, choices) => {
        message = question;
        const lines = choices.map(({ text }, i) => `${i + 1}. ${text}`);
        expect(question.split('\n').slice(1)).toEqual(lines);
        for (const { id, text } of choices.slice(0, -1)) expect(text).toContain(id);
        return { action: 'cancel' };
      },
    });
    await server.call('record_customer_payment', ambiguous);
    expect(message).toMatch(/\n5\. None of these$/);
  });

  it.each<[string, string, Json]>([
    ['2025-06-18', 'enum', { type: 'string', enumNames: expect.arrayContaining(['None of these']) as string[] }],
    ['2025-11-25', 'oneOf', { oneOf: expect.arrayContaining([{ const: 'none of these', title: 'None of these' }]) as Json[] }],
  ])('%s has %s', async (protocolVersion, keyword, expected) => {
    const server = startProgram(['serve', '--sandbox=memory']);
    const capabilities = { elicitation: {} };
    await server.request('initialize', { protocolVersion, capabilities, clientInfo: { name: 'test', version: '1' } });
    server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    void server.call('record_customer_payment', ambiguous).catch(() => undefined);
    const { which } = (await questionTo(server))['params']['requestedSchema']['properties'] as { which: Json };
    expect(which).toMatchObject(expected);
    expect(Object.keys(which).filter((key) => ['enum', 'oneOf'].includes(key))).toEqual([keyword]);
  });

  it.each(['1', '1.', ' 1 ', 1])('%j is the first one', async (number) => {
    let first = '';
    const server = await start({
      person: (_, choices) => {
        first = choices[0]?.id ?? '';
        return { action: 'accept', content: { which: number as string } };
      },
    });
    const result = await server.call('record_customer_payment', ambiguous);
    expect(result.structuredContent).toMatchObject({ outcome: 'recorded', payment: { customer_id: first } });
  });

  it.each(['5', 'None of these', 'none of these'])('%j is none of them', async (which) => {
    const server = await start({ person: () => ({ action: 'accept', content: { which } }) });
    const result = await server.call('record_customer_payment', ambiguous);
    expect(codeOf(result)).toBe('none_chosen');
    expect(textOf(result)).toContain('none of them');
  });

  it.each(['0', '6', '99', 'Bowman', '712345000000090009', '', '1 or 2'])('%j decides nothing', async (which) => {
    const server = await start({ person: () => ({ action: 'accept', content: { which } }) });
    const result = await server.call('record_customer_payment', ambiguous);
    expect(codeOf(result)).toBe('none_chosen');
    expect(textOf(result)).toContain('did not answer');
    expect(await writesTo(server)).toEqual([]);
  });

  it.each(kinds)('is named by the next error, so that the next call need not ask (%s)', async (kind) => {
    const server = await start({ kind, person: (_, choices) => ({ action: 'accept', content: { which: choices[0]!.id } }) });
    const result = await server.call('record_customer_payment', { customer: 'Bowman', amount: 10, payment_mode: 'cash' });
    expect(codeOf(result)).toBe('allocation_needed');
    const { chosen } = result.structuredContent['error'] as { chosen: { customer: string } };
    expect(textOf(result)).toContain(`The user chose customer ${chosen.customer}: use this id.`);
    const again = await server.call('record_customer_payment', {
      customer: chosen.customer,
      amount: 10,
      payment_mode: 'cash',
      allocate: 'as_credit',
    });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded' });
  });
});

it('the client of @mastra/mcp, which announces questions without a handler, records, approves and refunds', async () => {
  // As its `InternalMastraMCPClient` makes one: the older SDK, `elicitation: {}`, and no handler.
  const client = new OlderClient({ name: 'mastra', version: '1.0.0' }, { capabilities: { elicitation: {} } });
  await client.connect(new StdioClientTransport({ command: node, args: [program, 'serve', '--sandbox=memory'], env: environment() }));
  onTestFinished(() => client.close());
  const call = async (name: string, args: Json) => (await client.callTool({ name, arguments: args })) as unknown as ToolResult;
  const recorded = await call('record_customer_payment', {
    customer: 'Bowman Furniture',
    amount: 25,
    payment_mode: 'cash',
    allocate: 'as_credit',
  });
  expect(recorded.structuredContent).toMatchObject({ outcome: 'recorded' });
  const { payment_id } = recorded.structuredContent['payment'] as { payment_id: string };
  const toRefund = { payment: payment_id, amount: 25, account: 'Petty Cash' };
  const preview = await call('refund_customer_payment', toRefund);
  expect(codeOf(preview)).toBe('approval_needed');
  const refunded = await call('refund_customer_payment', { ...toRefund, approval: approvalOf(preview) });
  expect(refunded.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call', payment_refund: { amount: 25 } });
});
