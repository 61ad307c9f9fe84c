import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { fault } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { serving, settingsFor, type Json } from '../support/program.ts';
import { startSandbox } from '../support/sandbox.ts';

/** Node prints a warning to stderr if one emitter or signal has more than ten listeners. The server must not cause it. */

const PAYMENT = '9030000079467';
const BOWMAN = '903000000000099';

/** One call of each kind, with arguments that make it wait for several things at once. */
const calls = (n: number): [string, Json][] => [
  ['list_customer_payments', { per_page: 200 }],
  ['get_customer_payment', { payment_id: PAYMENT }],
  ['find_payments', { customer: 'Bowman' }],
  ['find_refunds', {}],
  ['check_duplicates', {}],
  ['summarize_payments', { group_by: ['customer', 'mode'] }],
  ['customer_statement', { customer: 'Bowman Furniture' }],
  ['create_customer_payment', { customer_id: BOWMAN, payment_mode: 'cash', amount: n, date: '2026-06-05', reference_number: `LOAD-${n}` }],
  [
    'create_customer_payment',
    {
      customer_id: BOWMAN,
      payment_mode: 'cash',
      amount: 30,
      date: '2026-06-05',
      invoices: Array.from({ length: 30 }, (_, i) => ({ invoice_id: String(712345000000079385n + BigInt(i % 2)), amount_applied: 1 })),
    },
  ],
  ['record_customer_payment', { customer: 'Bowman Furniture', amount: 100 + n }],
  ['bulk_delete_customer_payments', { payment_ids: Array.from({ length: 30 }, (_, i) => String(712345000000079503n + BigInt(i))) }],
];

it.each([
  ['reads at once', false],
  ['reads late', true],
])('many calls of all kinds at the same time, some of them cancelled, cause no warning if the host %s', async (_host, late) => {
  const warnings: string[] = [];
  const warn = ({ name }: Error) => void warnings.push(name);
  process.on('warning', warn);
  closers.push(() => process.off('warning', warn));
  const sandbox = await startSandbox({ limits: { per_minute: 1e6, concurrent: 1000 } });
  closers.push(() => sandbox.close());
  const server = await serving(['serve', '--toolsets=all'], {
    ...settingsFor(sandbox),
    ZOHO_PAYMENTS_CALLS_PER_MINUTE: '100000',
    ZOHO_PAYMENTS_CALLS_AT_ONCE: '50',
  });
  await server.call('get_customer_payment', { payment_id: PAYMENT });
  await fault(sandbox, { match: { method: 'GET' }, fault: 'delay', delay_ms: 50, times: 200 });
  if (late) server.child.stdout.pause();
  const asked: number[] = [];
  let id = 1000;
  const ask = (method: string, params: Json) => {
    id += 1;
    asked.push(id);
    server.line(JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: { progressToken: id } } }));
  };
  for (let n = 1; n <= 3; n += 1) {
    for (const [name, args] of calls(n)) ask('tools/call', { name, arguments: args });
    ask('tools/list', {});
    ask('resources/list', {});
    ask('completion/complete', {
      ref: { type: 'ref/resource', uri: 'zoho-books://customerpayments/{payment_id}' },
      argument: { name: 'payment_id', value: '9' },
    });
  }
  await sleep(200);
  const cancelled = asked.filter((_, n) => n % 4 === 0);
  for (const requestId of cancelled)
    server.line(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }));
  if (late) {
    await sleep(2000);
    server.child.stdout.resume();
  }
  const answered = () => new Set(server.stdout.map((line) => (JSON.parse(line) as Json)['id'] as number));
  const expected = asked.filter((one) => !cancelled.includes(one));
  await expect.poll(() => expected.filter((one) => !answered().has(one)), { interval: 200 }).toEqual([]);
  expect(server.stderr()).toBe('');
  server.child.stdin.end();
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(server.stderr()).toBe('');
  // The sandbox runs in this process and waits as often, so its warnings count too.
  expect(warnings).toEqual([]);
});
