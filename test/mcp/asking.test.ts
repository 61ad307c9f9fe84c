import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ordinaryTimings } from '../../src/write/timings.ts';
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

/** Hosts that announce elicitation but do something else. Nothing is written without the user's consent. */

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
/** The question that the built program sends to its client. */
async function questionTo(server: Program): Promise<Json> {
  const question = () => server.stdout.map((line) => JSON.parse(line) as Json).find(({ method }) => method === 'elicitation/create');
  await expect.poll(question, { timeout: 10_000 }).toBeDefined();
  return question() ?? {};
}

/** A person who answers slowly enough for the threshold of these tests. */
const slowly = (answer: PersonAnswer) => async () => {
  await new Promise((resolve) => setTimeout(resolve, 60));
  return answer;
};

describe.each(olderKinds)('a client that announces elicitation but answers with an error (%s)', (kind) => {
  it('gets previews until the end of the connection', async () => {
    let asked = 0;
    const person = () => {
      asked += 1;
      throw new McpError(-32601, 'Method not found');
    };
    const server = await start({ kind, person });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(preview)).toBe('approval_needed');
    expect(textOf(preview)).toMatch(/^Refund USD 10\.00 to /);
    expect(await writesTo(server)).toEqual([]);
    const practice = await start({ kind, asSandbox: true });
    const once = (await practice.call('create_customer_payment_refund', refund)).content.map((part) => String(part.text)).join('\n');
    expect(once.split('SANDBOX:')).toHaveLength(2);
    const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
    expect(codeOf(await server.call('create_customer_payment_refund', { ...refund, amount: 11 }))).toBe('approval_needed');
    expect(asked).toBe(1);
    expect(server.logged.join()).toContain('error -32601');
  });

  it('gets a refusal with a code in strict mode', async () => {
    const person = () => {
      throw new McpError(-32601, 'Method not found');
    };
    const server = await start({ kind, confirm: 'strict', person });
    const result = await server.call('create_customer_payment_refund', refund);
    expect(result.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code: 'consent_unavailable', changed: 'no' } });
    expect(await writesTo(server)).toEqual([]);
  });

  it('gets candidates if several records fit a name', async () => {
    const person = () => {
      throw new McpError(-32603, 'Internal error');
    };
    const server = await start({ kind, person });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('is asked again by the next call if it did not answer the first question', async () => {
    let asked = 0;
    const person = async () => {
      asked += 1;
      return asked === 1 ? await new Promise<never>(() => undefined) : yes;
    };
    const server = await start({ kind, person, answerMs: 50 });
    expect(codeOf(await server.call('create_customer_payment_refund', refund))).toBe('not_confirmed');
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
  });

  it("is asked again after the client's own timeout", async () => {
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

describe('an answer sent as a raw message', () => {
  /** A new connection to the built program, with a client that announces elicitation. */
  async function connected(settings: Record<string, string> = {}): Promise<Program> {
    const server = startProgram(['serve', '--sandbox=memory'], { ZOHO_PAYMENTS_FASTEST_ANSWER_MS: '0', ...settings });
    await server.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'test', version: '1' },
    });
    server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    return server;
  }

  /** The result of a refund whose question gets this answer. */
  async function answering(server: Program, answer: Json, amount = 10): Promise<ToolResult> {
    const called = server.call('create_customer_payment_refund', { ...refund, amount });
    const question = await questionTo(server);
    server.stdout.length = 0;
    server.line(JSON.stringify({ jsonrpc: '2.0', id: question['id'], ...answer }));
    return (await called) as unknown as ToolResult;
  }

  it.each<[string, Json]>([
    ...[-32600, -32602, -32603, -32000, -32042, 1].map((code): [string, Json] => [`error ${code}`, { error: { code, message: 'no' } }]),
    ['with an unknown action', { result: { action: 'reject' } }],
    ['without an action', { result: { content: { approve: true } } }],
    ['with an empty result', { result: {} }],
  ])('%s counts as no answer: the client gets a preview', async (_, answer) => {
    const result = await answering(await connected(), answer);
    expect(result.structuredContent).toMatchObject({ outcome: 'not_recorded', error: { code: 'approval_needed', changed: 'no' } });
  });

  it('is a no if the box is empty, and counts as no answer if the box is missing', async () => {
    const server = await connected();
    const accept = (content?: unknown): Json => ({ result: { action: 'accept', ...(content !== undefined && { content }) } });
    const answers: [Json, string][] = [
      [accept(), 'not_confirmed'],
      [accept(null), 'not_confirmed'],
      [accept({}), 'not_confirmed'],
      [accept('yes'), 'not_confirmed'],
      [accept({ approve: null }), 'not_confirmed'],
      [accept({ ok: true }), 'not_confirmed'],
      [accept({ approve: 'maybe' }), 'not_confirmed'],
      [accept({ approve: 1 }), 'not_confirmed'],
      [{ result: { action: 'cancel' } }, 'not_confirmed'],
      [accept({ approve: false }), 'declined'],
      [accept({ approve: 'false' }), 'declined'],
      [{ result: { action: 'decline' } }, 'declined'],
    ];
    for (const [i, [answer, code]] of answers.entries()) {
      const result = await answering(server, answer, i + 1);
      expect(codeOf(result), JSON.stringify(answer)).toBe(code);
      expect(result.structuredContent['asked'], JSON.stringify(answer)).toBe('window');
    }
  });

  it('may contain the yes as text', async () => {
    const server = await connected();
    for (const [i, approve] of [true, 'true', 'True', ' TRUE '].entries()) {
      const result = await answering(server, { result: { action: 'accept', content: { approve } } }, i + 1);
      expect(result.structuredContent, String(approve)).toMatchObject({ outcome: 'recorded', asked: 'window' });
    }
  });

  it('does not count as approval by default if it comes within 300 ms', async () => {
    expect(ordinaryTimings.fastestAnswerMs).toBe(300);
    const yes = { result: { action: 'accept', content: { approve: true } } };
    const settings = { ZOHO_PAYMENTS_FASTEST_ANSWER_MS: '600000' };
    expect(codeOf(await answering(await connected(settings), yes))).toBe('approval_needed');
    expect(codeOf(await answering(await connected({ ...settings, ZOHO_PAYMENTS_ASK: 'window' }), yes))).toBe('answered_by_program');
  });
});

describe.each(kinds)('if a host answers without its user (%s)', (kind: Kind) => {
  /** A threshold between the program and the person, even on a slow machine. */
  const timings = { fastestAnswerMs: 600_000 };
  const forPeople = { fastestAnswerMs: 5 };

  it.each<PersonAnswer>([{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { approve: false } }])(
    '%j is reported as an answer of the program, with a preview',
    async (answer) => {
      let asked = 0;
      const server = await start({ kind, timings, person: () => ((asked += 1), answer) });
      // The server does not remember this as the user's answer: the same call asks again.
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

  it('a yes leads to a preview, and only the second call counts', async () => {
    const server = await start({ kind, timings, person: () => yes });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(preview)).toBe('approval_needed');
    expect(await writesTo(server)).toEqual([]);
    const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
  });

  it.each<[string, HarnessOptions]>([
    ['in strict mode', { confirm: 'strict' }],
    ['without previews', { ask: ['window'] }],
  ])('the server refuses the write after a yes %s', async (_, options) => {
    const server = await start({ kind, timings, person: () => yes, ...options });
    expect(codeOf(await server.call('create_customer_payment_refund', refund))).toBe('answered_by_program');
    expect(await writesTo(server)).toEqual([]);
  });

  it('the call returns candidates instead of a choice', async () => {
    const person = (): PersonAnswer => ({ action: 'accept', content: { which: seed.bowman } });
    const server = await start({ kind, timings, person });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('the server still accepts the slower answer of a person', async () => {
    const server = await start({ kind, timings: forPeople, person: slowly(yes) });
    expect((await server.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
    const other = await start({ kind, timings: forPeople, person: slowly({ action: 'decline' }) });
    const declined = await other.call('create_customer_payment_refund', refund);
    expect(codeOf(declined)).toBe('declined');
    expect(textOf(declined)).toContain('The user declined.');
  });
});

describe.each(kinds)('the ways to ask (%s)', (kind) => {
  const person = () => expect.unreachable('no window is to be opened');

  it('with `call` show no form', async () => {
    const server = await start({ kind, ask: ['call'], person });
    const preview = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(preview)).toBe('approval_needed');
    const done = await server.call('create_customer_payment_refund', { ...refund, approval: approvalOf(preview) });
    expect(done.structuredContent).toMatchObject({ outcome: 'recorded', asked: 'call' });
    expect(codeOf(await server.call('record_customer_payment', ambiguous))).toBe('ambiguous_customer');
  });

  it('are tried in their order, as far as the mode allows: strict skips `call`', async () => {
    expect(codeOf(await (await start({ kind, ask: ['call', 'window'], person })).call('create_customer_payment_refund', refund))).toBe(
      'approval_needed',
    );
    const strict = await start({ kind, ask: ['call', 'window'], confirm: 'strict', person: () => yes });
    expect((await strict.call('create_customer_payment_refund', refund)).structuredContent).toMatchObject({ asked: 'window' });
  });

  it.each<[string, HarnessOptions, string]>([
    ['`window` with a client that cannot ask', { ask: ['window'] }, 'this client cannot ask the user'],
    ['`call` in strict mode', { ask: ['call'], confirm: 'strict', person }, "in a window, but this server's settings allow no window"],
  ])('%s: the server refuses the write', async (_, options, says) => {
    const server = await start({ kind, ...options });
    const result = await server.call('create_customer_payment_refund', refund);
    expect(codeOf(result)).toBe('consent_unavailable');
    expect(textOf(result)).toContain(says);
    expect(textOf(result)).toContain('ZOHO_PAYMENTS_ASK');
  });
});

describe('a question with a choice', () => {
  it.each(kinds)('numbers the choices in its message, and has titles in the form of the protocol revision (%s)', async (kind) => {
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
  ])('in revision %s uses %s', async (protocolVersion, keyword, expected) => {
    const server = startProgram(['serve', '--sandbox=memory']);
    const capabilities = { elicitation: {} };
    await server.request('initialize', { protocolVersion, capabilities, clientInfo: { name: 'test', version: '1' } });
    server.line('{"jsonrpc":"2.0","method":"notifications/initialized"}');
    void server.call('record_customer_payment', ambiguous).catch(() => undefined);
    const { which } = (await questionTo(server))['params']['requestedSchema']['properties'] as { which: Json };
    expect(which).toMatchObject(expected);
    expect(Object.keys(which).filter((key) => ['enum', 'oneOf'].includes(key))).toEqual([keyword]);
  });

  it.each(['1', '1.', ' 1 ', 1])('accepts %j as the first choice', async (number) => {
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

  it.each(['5', 'None of these', 'none of these'])('accepts %j as no choice', async (which) => {
    const server = await start({ person: () => ({ action: 'accept', content: { which } }) });
    const result = await server.call('record_customer_payment', ambiguous);
    expect(codeOf(result)).toBe('none_chosen');
    expect(textOf(result)).toContain('none of them');
  });

  it.each(['0', '6', '99', 'Bowman', '712345000000090009', '', '1 or 2'])('refuses %j', async (which) => {
    const server = await start({ person: () => ({ action: 'accept', content: { which } }) });
    const result = await server.call('record_customer_payment', ambiguous);
    expect(codeOf(result)).toBe('none_chosen');
    expect(textOf(result)).toContain('did not answer');
    expect(await writesTo(server)).toEqual([]);
  });

  it.each(kinds)('is repeated in the next error, so that the next call need not ask again (%s)', async (kind) => {
    const server = await start({ kind, person: (_, choices) => ({ action: 'accept', content: { which: choices[0]!.id } }) });
    const result = await server.call('record_customer_payment', { customer: 'Bowman', amount: 10, payment_mode: 'cash' });
    expect(codeOf(result)).toBe('allocation_needed');
    const { chosen } = result.structuredContent['error'] as { chosen: { customer: string } };
    expect(textOf(result)).toContain(`The user chose customer ${chosen.customer}: use this id.`);
    expect(textOf(result)).toMatch(new RegExp(`Next: .*Keep customer ${chosen.customer}, which the user chose\\.`));
    const again = await server.call('record_customer_payment', {
      customer: chosen.customer,
      amount: 10,
      payment_mode: 'cash',
      allocate: 'as_credit',
    });
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded' });
  });
});

describe('if a question is answered twice (2026-07-28), the first answer counts', () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  };
  const decline = { action: 'decline' };

  it.each([
    ['a yes within milliseconds', 0, yes, 'approval_needed'],
    ['a no', 400, decline, 'declined'],
    ['closing the question', 400, { action: 'cancel' }, 'not_confirmed'],
  ])('%s', async (_, pauseMs, first, code) => {
    const server = startProgram(['serve', '--sandbox=memory']);
    const call = async (more: Json = {}) =>
      (await server.request('tools/call', { name: 'create_customer_payment_refund', arguments: refund, ...more, _meta }))['result'] as Json;
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const { requestState } = await call();
    const answer = (consent: unknown) => call({ requestState, inputResponses: { consent } });
    await pause(pauseMs);
    expect(codeOf((await answer(first)) as ToolResult)).toBe(code);
    await pause(400);
    expect((await answer(yes))['structuredContent']).toMatchObject({ outcome: 'not_recorded', error: { code } });
    // A new question can get a new answer.
    const another = await call();
    if (first === decline) return expect(codeOf(another as ToolResult)).toBe('declined');
    await pause(400);
    const { structuredContent } = await call({ requestState: another['requestState'] as string, inputResponses: { consent: yes } });
    expect(structuredContent).toMatchObject({ outcome: 'recorded', asked: 'window' });
  });
});

it('the client of @mastra/mcp, which announces elicitation without a handler, can record, approve and refund', async () => {
  // Like its `InternalMastraMCPClient`: the older SDK, `elicitation: {}`, and no handler.
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
