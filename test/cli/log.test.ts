import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/cli/log.ts';
import { withRequestId } from '../../src/trace.ts';
import { fault, requestsTo, seed } from '../support/books.ts';
import { harness, textOf, type Harness } from '../support/harness.ts';
import { serving } from '../support/program.ts';

/** The log shows what happened, but no names, amounts or secrets. */

const open: Harness[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

/** Texts that no log may contain: names, notes and amounts from the caller. No other text contains these letters and digits. */
const marked = {
  name: 'Zyxwvut Kqjx GmbH',
  note: 'Zwpriv note qqxz',
  key: 'zkeyqx-4711',
  amount: 8127.63,
} as const;
const markers = ['Zyxwvut', 'Kqjx', 'Zwpriv', 'qqxz', 'zkeyqx', '8127.63', '8,127.63', 'Bowman'];

const writes = fc.constantFrom<[string, Record<string, unknown>]>(
  [
    'create_customer_payment',
    {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: marked.amount,
      date: '2026-06-05',
      description: marked.note,
      reference_number: 'qqxz',
    },
  ],
  [
    'create_customer_payment_refund',
    {
      customer_payment_id: seed.paymentWithUnused,
      date: '2026-06-20',
      amount: 1,
      from_account_id: seed.pettyCash,
      description: marked.note,
    },
  ],
  ['update_customer_payment', { payment_id: seed.paymentWithUnused, description: marked.note }],
  [
    'update_customer_payment_using_custom_field',
    { unique_identifier_key: 'cf_external_reference', unique_identifier_value: 'qqxz-1', description: marked.note },
  ],
  ['delete_customer_payment', { payment_id: '1' }],
  ['list_customer_payments', { search_text: marked.name }],
  ['get_customer_payment', { payment: marked.name }],
  ['list_customer_payments', { [marked.note]: 1 }],
);
const faults = fc.constantFrom<Record<string, unknown> | undefined>(
  undefined,
  ...['drop_before', 'drop_after', 'html', 'truncate', 'malformed', 'unauthorized'].map((kind) => ({ fault: kind })),
  { fault: 'rate_limit', code: 1070 },
  { fault: 'status', status: 400, code: 2, message: `Invalid value passed for ${marked.note}` },
  { fault: 'status', status: 500, code: 1000, message: marked.name },
  { fault: 'rate_limit', match: { path: '^/oauth/' } },
);

describe('for every call and every fault, the program', () => {
  it('keeps secrets out of the log and the answers, and customer data out of the log', async () => {
    await fc.assert(
      fc.asyncProperty(writes, faults, fc.boolean(), async ([tool, args], misbehave, withKey) => {
        const server = await harness({ limits: { pauseMs: 1 }, timings: { lookMs: 0 } });
        open.push(server);
        if (misbehave !== undefined) await fault(server.sandbox, { times: 3, ...misbehave });
        const keyed = withKey && !tool.startsWith('list') && !tool.startsWith('get') ? { idempotency_key: marked.key } : {};
        const answer = await server.call(tool, { ...args, ...keyed });
        const held = await server.shared.write((sql) => sql.get<{ access_token: string | null }>('SELECT access_token FROM tokens'));
        const secrets = [server.sandbox.client_secret, server.sandbox.refresh_token, held?.access_token].filter(
          (secret) => typeof secret === 'string',
        );
        const log = server.logged.join('');
        expect(log).not.toBe('');
        for (const text of [...secrets, ...markers]) expect(log, `${tool} ${JSON.stringify(misbehave)}`).not.toContain(text);
        for (const text of secrets) expect(JSON.stringify(answer), tool).not.toContain(text);
        await server.close();
        open.pop();
      }),
      { numRuns: 80 },
    );
  });
});

describe('a call and its lines in the log', () => {
  it('have the same id, which is also in the errors of the call', async () => {
    const server = await harness();
    open.push(server);
    await fault(server.sandbox, { match: { method: 'GET' }, fault: 'status', status: 400, code: 2, message: 'no' });
    const answer = await server.call('list_customer_payments');
    const { request_id } = answer.structuredContent['error'] as { request_id: string };
    expect(textOf(answer)).toContain(`, ${request_id})`);
    const lines = server.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter((line) => line['request_id'] === request_id)).toEqual([
      expect.objectContaining({ level: 'debug', event: 'an access token is requested' }),
      expect.objectContaining({ level: 'debug', event: 'GET /customerpayments', status: 400, code: 2 }),
      expect.objectContaining({ level: 'info', event: 'list_customer_payments', outcome: 'invalid_value' }),
    ]);
    expect((await requestsTo(server.sandbox)).length).toBe(1);
  });

  it('have an id that no other call has and that is not the id of a record', async () => {
    const server = await harness();
    open.push(server);
    await Promise.all([1, 2, 3].map(() => server.call('get_customer_payment', { payment_id: seed.samplePayment })));
    const lines = server.logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ level }) => level === 'info');
    expect(new Set(lines.map((line) => line['request_id'])).size).toBe(3);
    expect(server.logged.join('')).not.toContain(seed.samplePayment);
  });
});

describe('the lines of the log', () => {
  const written = (level: Parameters<typeof createLog>[0]['level'], json: boolean) => {
    const lines: string[] = [];
    const log = createLog({ level, json, write: (line) => void lines.push(line) });
    withRequestId(() => {
      for (const at of ['error', 'warn', 'info', 'debug'] as const) log(at, `told ${at}`, { ms: 3, left: undefined });
    });
    return lines;
  };

  it('are written only for the chosen level, one line per event', () => {
    expect(written('warn', false).map((line) => line.replace(/r_\w+/, 'r_'))).toEqual([
      'zoho-payments-mcp: told error ms=3 request_id=r_\n',
      'zoho-payments-mcp: told warn ms=3 request_id=r_\n',
    ]);
    expect(written('debug', false)).toHaveLength(4);
    expect(JSON.parse(written('error', true)[0] ?? '')).toMatchObject({
      level: 'error',
      event: 'told error',
      ms: 3,
      request_id: expect.stringMatching(/^r_\w+$/),
      time: expect.stringMatching(/Z$/),
    });
  });

  it('do not exist in an ordinary session; with --log-level debug --log-json each line is JSON', async () => {
    const quiet = await serving(['serve', '--sandbox=memory']);
    await quiet.call('list_customer_payments', {});
    expect(quiet.stderr()).toBe('');
    const talkative = await serving(['serve', '--sandbox=memory', '--log-level', 'debug', '--log-json']);
    await talkative.call('list_customer_payments', {});
    const lines = talkative
      .stderr()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string });
    expect(lines.map(({ event }) => event)).toContain('GET /customerpayments');
  });
});
