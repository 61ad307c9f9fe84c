import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { node, program } from './support/program.ts';
import { TODAY } from './support/today.ts';

/**
 * A demo conversation on the protocol level: a host's MCP client, our built server over stdio, and a sandbox whose balances change.
 * The exit code is not 0 if a check fails.
 */

const stateDir = mkdtempSync(join(tmpdir(), 'zoho-payments-demo-'));

const STATEMENT = `Date,Description,Amount
06/30/2026,WIRE TRF-77 BOWMAN FURNITURE,500.00
06/29/2026,CHECK 6620 TIDEWATER THEATRE INV-000387,597.00
06/29/2026,ACH QUINCY COWORK INV 000261,273.75
06/30/2026,KESTREL ARCHITECTS,1234.00
06/30/2026,MONTHLY SERVICE FEE,-15.00
`;

interface Books {
  readonly counts: Record<string, number>;
  readonly totals: { readonly USD: Record<string, number> };
  readonly balanced: boolean;
}

// `npm run demo | head` closes the output early. The demo then still ends the sandbox and deletes its folder.
process.stdout.on('error', () => undefined);

const problems: string[] = [];
let asked = 0;
function expect(what: string, holds: boolean): void {
  console.log(`   ${holds ? '✓' : '✗'} ${what}`);
  if (!holds) problems.push(what);
}

function say(text: string): void {
  console.log(`\n■ ${text}`);
}

/** Starts a sandbox on the books that the server uses, to read them independently. */
async function startObserver() {
  mkdirSync(join(stateDir, 'sandbox'), { recursive: true });
  const child = spawn(node, [program, 'sandbox', '--data', join(stateDir, 'sandbox', 'books.sqlite'), '--today', TODAY], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { url } = JSON.parse(line) as { url: string };
  return { books: async () => (await (await fetch(`${url}/__sandbox/books`)).json()) as Books, stop: () => child.kill() };
}

async function conversation(client: Client, books: () => Promise<Books>): Promise<void> {
  const call = async (name: string, args: Record<string, unknown>) => {
    console.log(`\n → ${name} ${JSON.stringify(args)}`);
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
    for (const { text = '' } of content as { text?: string }[]) console.log(text.replace(/^/gm, '   │ '));
    return { result: structuredContent as Record<string, any>, isError: isError === true };
  };

  const before = await books();
  say('“What did Bowman Furniture pay lately?”');
  const found = await call('find_payments', { customer: 'Bowman Furniture', limit: 3 });
  expect('there are three payments, newest first', found.result['payments'].length === 3);

  say('“They paid 450 in cash for INV-385.”');
  const paid = await call('record_customer_payment', {
    customer: 'Bowman',
    amount: 450,
    payment_mode: 'cash',
    date: '2026-06-30',
    reference_number: 'R-1042',
    invoices: [{ invoice: 'INV-385' }],
  });
  const payment_id = paid.result['payment'].payment_id as string;
  expect(
    'the invoice is paid, and nothing is unused',
    paid.result['payment'].unused_amount === 0 && paid.result['payment'].invoices[0].balance === 0,
  );

  say('“Show me that payment again”, as a tool and as a resource');
  const got = await call('get_customer_payment', { payment_id });
  const uri = `zoho-books://customerpayments/${payment_id}`;
  const { contents } = await client.readResource({ uri });
  const [resource] = contents as { text: string }[];
  console.log(`\n → resources/read ${uri}\n   │ ${resource?.text.slice(0, 150)}…`);
  expect('both show the same payment', JSON.stringify(JSON.parse(resource?.text ?? '').payment) === JSON.stringify(got.result['payment']));

  say('“They sent 500 by bank transfer, but INV-384 has only 50 open.”');
  const over = await call('record_customer_payment', {
    customer: 'Bowman',
    amount: 500,
    payment_mode: 'banktransfer',
    date: '2026-06-30',
    reference_number: 'TRF-77',
    invoices: [{ invoice: 'INV-384' }],
  });
  const overpaid = over.result['payment'].payment_id as string;
  expect('450 are unused', over.result['payment'].unused_amount === 450);

  say('“Refund the rest from petty cash.” First with too high an amount, by mistake:');
  const tooMuch = await call('refund_customer_payment', {
    payment: overpaid,
    amount: 500,
    account: 'petty cash',
    date: '2026-06-30',
    refund_mode: 'cash',
  });
  expect('the refund was refused, and nothing was changed', tooMuch.isError && tooMuch.result['error'].changed === 'no');
  const refund = await call('refund_customer_payment', {
    payment: overpaid,
    account: 'petty cash',
    date: '2026-06-30',
    refund_mode: 'cash',
  });
  const refund_id = refund.result['payment_refund'].payment_refund_id as string;

  say('The answer is lost, or the assistant calls again: the payment is not recorded twice.');
  const intent = {
    customer: 'Bowman Furniture',
    amount: 75,
    payment_mode: 'cash',
    date: '2026-06-30',
    allocate: 'as_credit',
    idempotency_key: 'receipt 1043',
  };
  const first = await call('record_customer_payment', intent);
  const repeated = await call('record_customer_payment', intent);
  expect(
    'there is one payment, and the second call gets the first answer again',
    repeated.result['replayed'] === true && repeated.result['payment'].payment_id === first.result['payment'].payment_id,
  );
  const { tool, arguments: undo } = first.result['undo'] as { tool: string; arguments: Record<string, unknown> };
  await call(tool, undo);

  say('“Which refunds did we give in June, and why?”');
  const refunds = await call('find_refunds', { date_start: '2026-06-01', date_end: '2026-06-30' });
  expect(
    'the refund of 450 is among them',
    refunds.result['refunds'].some((row: { refund_id: string; amount: number }) => row.refund_id === refund_id && row.amount === 450),
  );

  say('“What does Bowman Furniture owe us now?”');
  await call('customer_statement', { customer: 'Bowman Furniture' });

  say('“Here are the last lines of our bank statement. Which are recorded already, and what do the others pay?”');
  const matched = await call('match_statement', { csv: STATEMENT });
  expect(
    'one line is recorded already, two lines pay open invoices, one is uncertain, and the bank fee is unknown',
    JSON.stringify(matched.result['counts']) === JSON.stringify({ recorded: 1, fits: 2, likely: 1, unknown: 1 }),
  );

  say('“Record the two that fit.” The user is asked once for both.');
  const list = { rows: matched.result['rows'] as object[], idempotency_key: 'statement of June' };
  const askedBefore = asked;
  const recorded = await call('record_customer_payments', list);
  expect('both rows are recorded with one question', recorded.result['outcome'] === 'recorded' && asked === askedBefore + 1);

  say('The same list is sent again: nothing is recorded twice, and nobody is asked.');
  const replayed = await call('record_customer_payments', list);
  const ids = ({ result }: typeof recorded) => (result['rows'] as { payment_id: string }[]).map((row) => row.payment_id).join();
  expect(
    'every row gets its first answer again',
    replayed.result['rows'].every((row: { replayed?: boolean }) => row.replayed === true) &&
      ids(replayed) === ids(recorded) &&
      asked === askedBefore + 1,
  );

  const during = await books();
  expect(
    'the books have four more payments and one more refund',
    during.counts['payments'] === before.counts['payments']! + 4 && during.counts['refunds'] === before.counts['refunds']! + 1,
  );
  const more = (sum: string) => (during.totals.USD[sum]! - before.totals.USD[sum]!).toFixed(2);
  expect('1820.75 more received, 450 more refunded', more('received') === '1820.75' && more('refunded') === '450.00');

  say('“That was all an exercise, delete it again.”');
  await call('delete_customer_payment_refund', { customer_payment_id: overpaid, refund_id });
  await call('bulk_delete_customer_payments', { payment_id: [payment_id, overpaid] });
  for (const { tool, arguments: args } of recorded.result['undo_list']) await call(tool, args);
  expect('the person was asked about every refund and deletion, about the overpayment and the list', asked === 7);

  say('“What did you do today?”');
  const { result: trace } = await call('list_writes', {});
  expect(
    'every write is listed and settled',
    trace['writes'].length === 10 && trace['writes'].every((write: { outcome: string }) => write.outcome !== 'unknown'),
  );

  const after = await books();
  say('The books before, during and after the conversation');
  for (const [when, { counts, totals, balanced }] of [
    ['before', before],
    ['during', during],
    ['after', after],
  ] as const) {
    const { received, applied, refunded, unused } = totals.USD;
    console.log(
      `   ${when.padEnd(7)} ${counts['payments']} payments, ${counts['refunds']} refunds · USD received ${received} · ` +
        `applied ${applied} · refunded ${refunded} · unused ${unused} · ${balanced ? 'balanced' : 'NOT BALANCED'}`,
    );
  }
  expect('every balance is correct, all the time', before.balanced && during.balanced && after.balanced);
  expect('the books are the same as before', JSON.stringify(after) === JSON.stringify(before));
}

const observer = await startObserver();
const client = new Client({ name: 'demo', version: '1.0.0' }, { capabilities: { elicitation: { form: {} } } });
// A host shows this question in a form. The person in this demo always agrees.
client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
  asked += 1;
  console.log(`${params.message.replace(/^/gm, '   ║ ')}\n   ║ → Yes, do exactly this.`);
  return { action: 'accept', content: { approve: true } };
});
await client.connect(
  new StdioClientTransport({
    command: node,
    args: [program, 'serve', '--sandbox'],
    // This program answers in place of a person, so fast answers must be allowed.
    env: { ZOHO_PAYMENTS_STATE_DIR: stateDir, ZOHO_PAYMENTS_FASTEST_ANSWER_MS: '0', ZOHO_PAYMENTS_SANDBOX_TODAY: TODAY },
  }),
);
try {
  const { tools } = await client.listTools();
  const { title, version } = client.getServerVersion() as { title?: string; version: string };
  console.log(`${title} ${version}: ${tools.length} tools over stdio`);
  await conversation(client, observer.books);
} finally {
  await client.close();
  observer.stop();
  rmSync(stateDir, { recursive: true, force: true });
}
console.log(problems.length === 0 ? '\nAll checks passed.' : `\nFailed: ${problems.join('; ')}`);
process.exitCode = problems.length === 0 ? 0 : 1;
