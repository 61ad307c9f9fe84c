import { describe, expect, it } from 'vitest';
import { booksOf, fault, forgetRequests, noFaults, requestsTo, seed, writesTo } from '../support/books.ts';
import { errorOf, kinds, textOf, type Harness, type PersonAnswer, type ToolResult } from '../support/harness.ts';
import { servers } from '../support/servers.ts';

/** Lists of payments: checked first, asked about once, and each row as safe as a single payment. */

const start = servers();

type Args = Record<string, unknown>;

const cash = { payment_mode: 'cash', date: '2026-06-30' };
const bowman = { ...cash, customer: 'Bowman Furniture' };
const credit = (customer: string, amount: number, more: Args = {}) => ({ ...cash, customer, amount, allocate: 'as_credit', ...more });
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const no: PersonAnswer = { action: 'accept', content: { approve: false } };

const record = (server: Harness, rows: readonly Args[], more: Args = {}) =>
  server.call('record_customer_payments', { rows, idempotency_key: 'list', ...more });

interface RowFacts {
  readonly row: number;
  readonly outcome: string;
  readonly replayed?: boolean;
  readonly payment_id?: string;
  readonly error?: { readonly code: string };
}
const rowsOf = ({ structuredContent }: ToolResult) => structuredContent['rows'] as readonly RowFacts[];
const outcomesOf = (result: ToolResult) =>
  rowsOf(result).map(({ outcome, replayed, error }) =>
    [outcome, ...(replayed ? ['replayed'] : []), ...(error ? [error.code] : [])].join(' '),
  );
const paymentsIn = async (server: Harness) => (await booksOf(server.sandbox)).counts.payments;
const sentBy = async (server: Harness) => (await writesTo(server)).map(({ body }) => body as Args);

const threeRows = [
  { ...bowman, amount: 450, invoices: [{ invoice: 'INV-385' }] },
  credit('Bowman Furniture', 20),
  credit('Kestrel Architects', 30, { reference_number: 'TRF 1' }),
];

describe.each(kinds)('through the client of the %s', (kind) => {
  it('asks once about all rows, and records each', async () => {
    const asked: string[] = [];
    const server = await start({ kind, confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const before = await paymentsIn(server);
    const result = await record(server, threeRows);
    expect(result.isError, textOf(result)).toBeFalsy();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^Record 3 payments, USD 500\.00 in all\?\n/);
    expect(asked[0]).toMatch(
      /- Row 1: USD 450\.00 from "Bowman Furniture", 2026-06-30, "cash"; apply USD 450\.00 to Invoice "INV-385": USD 450\.00 open/,
    );
    expect(asked[0]).toContain('You are asked because several payments are recorded with one call.');
    expect(result.structuredContent).toMatchObject({ outcome: 'recorded', totals: { USD: '500.00' } });
    expect(rowsOf(result)).toMatchObject([
      { row: 1, outcome: 'recorded' },
      { row: 2, outcome: 'recorded' },
      { row: 3, outcome: 'recorded' },
    ]);
    expect(await paymentsIn(server)).toBe(before + 3);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
    const ids = rowsOf(result).map(({ payment_id }) => payment_id);
    expect(result.structuredContent['undo_list']).toEqual([{ tool: 'bulk_delete_customer_payments', arguments: { payment_id: ids } }]);
  });

  it('records nothing when the user declines, and does not ask again', async () => {
    let asked = 0;
    const server = await start({ kind, confirm: 'ask', person: () => ((asked += 1), no) });
    expect(errorOf(await record(server, threeRows)).code).toBe('declined');
    expect(errorOf(await record(server, threeRows, { idempotency_key: 'another' })).code).toBe('declined');
    for (const row of threeRows) expect(errorOf(await server.call('record_customer_payment', row)).code).toBe('declined');
    expect(errorOf(await record(server, threeRows.slice(0, 1))).code).toBe('declined');
    expect(asked).toBe(1);
    expect(await writesTo(server)).toEqual([]);
  });

  it('shows a preview if the client cannot ask, and takes its approval once', async () => {
    const server = await start({ kind, confirm: 'ask' });
    const preview = await record(server, threeRows);
    expect(errorOf(preview).code).toBe('approval_needed');
    const { approval } = preview.structuredContent;
    expect(await writesTo(server)).toEqual([]);
    expect(outcomesOf(await record(server, threeRows, { approval }))).toEqual(['recorded', 'recorded', 'recorded']);
    expect(outcomesOf(await record(server, threeRows, { approval }))).toEqual([
      'recorded replayed',
      'recorded replayed',
      'recorded replayed',
    ]);
    // The approval is not good for another list.
    const other = await record(server, [credit('Bowman Furniture', 21), credit('Bowman Furniture', 22)], {
      approval,
      idempotency_key: 'b',
    });
    expect(errorOf(other).code).toBe('approval_needed');
    expect(await sentBy(server)).toHaveLength(3);
  });
});

it('shows in the question all that differs between rows: account, exchange rate, bank charges, and an inactive customer', async () => {
  const asked: string[] = [];
  const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), no) });
  await record(server, [
    credit('Bowman Furniture', 20, { account: 'Business Checking', bank_charges: 2 }),
    credit('Möbelhaus Lindner', 30, { exchange_rate: 1.08 }),
    credit('712345000000090015', 40),
  ]);
  expect(asked[0]).toContain('"cash"; to "Business Checking"; bank charges: USD 2.00; USD 20.00 stays unused');
  expect(asked[0]).toContain('"cash"; exchange rate: 1.08 USD per EUR, which makes USD 32.40; EUR 30.00 stays unused');
  expect(asked[0]).toContain('USD 40.00 from "Acme Co", inactive, 2026-06-30, "cash"');
});

describe('the same list again', () => {
  it('records nothing twice, in any order, and asks nobody', async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const first = await record(server, threeRows);
    const second = await record(server, threeRows.toReversed());
    expect(outcomesOf(second)).toEqual(['recorded replayed', 'recorded replayed', 'recorded replayed']);
    expect(rowsOf(second).map(({ payment_id }) => payment_id)).toEqual(
      rowsOf(first)
        .map(({ payment_id }) => payment_id)
        .toReversed(),
    );
    expect(second.structuredContent).toMatchObject({ outcome: 'recorded', totals: { USD: '500.00' } });
    expect(asked).toHaveLength(1);
    expect(await sentBy(server)).toHaveLength(3);
  });

  it('with a row corrected records that row alone', async () => {
    const server = await start();
    const rows = [credit('Bowman Furniture', 20), credit('Nobody at all', 30)];
    const first = await record(server, rows);
    expect(outcomesOf(first)).toEqual(['not_started', 'not_recorded no_such_customer']);
    expect(errorOf(first).code).toBe('list_refused');
    expect(await writesTo(server)).toEqual([]);
    const part = await record(server, rows, { only_good_rows: true });
    expect(outcomesOf(part)).toEqual(['recorded', 'not_recorded no_such_customer']);
    expect(textOf(part)).toContain('Next: to record a corrected row, call again with the whole list and the same idempotency_key');
    expect(outcomesOf(await record(server, [rows[0]!, credit('Kestrel Architects', 30)]))).toEqual(['recorded replayed', 'recorded']);
    expect(await sentBy(server)).toHaveLength(2);
  });

  it('of two equal rows makes two payments, and asks about them', async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const rows = [credit('Bowman Furniture', 20), credit('Bowman Furniture', 20)];
    expect(outcomesOf(await record(server, rows))).toEqual(['recorded', 'recorded']);
    expect(asked[0]).toContain('row 2: it is a possible duplicate of row 1 of this list');
    expect(outcomesOf(await record(server, rows))).toEqual(['recorded replayed', 'recorded replayed']);
    // A third one is new, and is compared with those that are recorded.
    const third = await record(server, [...rows, rows[0]!]);
    expect(outcomesOf(third)).toEqual(['recorded replayed', 'recorded replayed', 'recorded']);
    expect(asked).toHaveLength(2);
    expect(await sentBy(server)).toHaveLength(3);
  });

  it('with rows in another order asks about the one that is not recorded, and does not refuse it', async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const rows = [credit('Bowman Furniture', 20), credit('Bowman Furniture', 20, { description: 'the other one' })];
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'status', status: 400, times: 1 });
    expect(outcomesOf(await record(server, rows))).toEqual(['not_recorded refused_by_zoho', 'recorded']);
    // The one that is recorded comes after the one that looks like it.
    expect(outcomesOf(await record(server, rows))).toEqual(['recorded', 'recorded replayed']);
    expect(asked[1]).toContain('row 1: it is a possible duplicate of row 2 of this list');
  });

  it('records equal rows one after the other, so that a shorter list finds them again', async () => {
    const server = await start();
    const rows = [credit('Bowman Furniture', 20), credit('Bowman Furniture', 20)];
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'status', status: 400, times: 1 });
    expect(outcomesOf(await record(server, rows))).toEqual(['not_recorded refused_by_zoho', 'not_started facts_changed']);
    expect(outcomesOf(await record(server, rows))).toEqual(['recorded', 'recorded']);
    expect(outcomesOf(await record(server, rows.slice(1)))).toEqual(['recorded replayed']);
  });

  it('reports the rows that are recorded, even if Zoho fails', async () => {
    const server = await start();
    await record(server, threeRows);
    await fault(server.sandbox, { match: { method: 'GET', path: '^/' }, fault: 'status', status: 503, times: 100 });
    const rows = [credit('Bowman Furniture', 21), ...threeRows];
    const outcomes = outcomesOf(await record(server, rows));
    expect(outcomes).toEqual(['not_started zoho_unavailable', 'recorded replayed', 'recorded replayed', 'recorded replayed']);
  });

  it('under another key is reported as possible duplicates', async () => {
    const server = await start();
    await record(server, threeRows);
    const again = await record(server, threeRows, { idempotency_key: 'another' });
    expect(outcomesOf(again)).toEqual([
      'not_recorded invoice_paid',
      'not_recorded suspected_duplicate',
      'not_recorded suspected_duplicate',
    ]);
    expect(await sentBy(server)).toHaveLength(3);
  });

  it('needs an idempotency key for the list, or one for each row', async () => {
    const server = await start();
    const rows = [credit('Bowman Furniture', 20), credit('Bowman Furniture', 21)];
    expect(errorOf(await record(server, rows, { idempotency_key: undefined })).code).toBe('invalid_arguments');
    const keyed = rows.map((row, i) => ({ ...row, idempotency_key: `r${i}` }));
    expect(outcomesOf(await record(server, keyed, { idempotency_key: undefined }))).toEqual(['recorded', 'recorded']);
    const same = rows.map((row) => ({ ...row, idempotency_key: 'r' }));
    expect(errorOf(await record(server, same)).message).toContain('Rows 1 and 2 have the same');
  });
});

it('records a row only if that row was shown, even if an equal row was', async () => {
  // Without this policy, the second of two equal rows would differ by its concern.
  const server = await start({ confirm: 'ask', policy: { accept: ['duplicate'] } });
  const first = await record(server, [credit('Bowman Furniture', 20)]);
  const allow_duplicate_of = rowsOf(first).map(({ payment_id }) => payment_id);
  const rows = ['a', 'b'].map((idempotency_key) => credit('Bowman Furniture', 20, { idempotency_key }));
  const other = credit('Kestrel Architects', 30);
  const known = rows.map((row) => ({ ...row, allow_duplicate_of }));
  const preview = await record(server, [rows[0]!, known[1]!, other], { only_good_rows: true });
  expect(textOf(preview)).toContain('Row 2: ');
  expect(textOf(preview)).not.toContain('Row 1: ');
  const { approval } = preview.structuredContent;
  expect(outcomesOf(await record(server, [...known, other], { only_good_rows: true, approval }))).toEqual([
    'not_started facts_changed',
    'recorded',
    'recorded',
  ]);
});

describe('rows of one invoice', () => {
  it('are planned one after the other', async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    const rows = [
      { ...bowman, amount: 200, invoices: [{ invoice: 'INV-385' }] },
      { ...bowman, amount: 250, invoices: [{ invoice: 'INV-385' }] },
    ];
    const result = await record(server, rows);
    expect(outcomesOf(result)).toEqual(['recorded', 'recorded']);
    expect(asked[0]).toMatch(/Row 2: .*USD 250\.00 open before, USD 0\.00 after, so it is paid/);
    expect(await sentBy(server)).toMatchObject([{ invoices: [{ amount_applied: 200 }] }, { invoices: [{ amount_applied: 250 }] }]);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });

  it('are refused together if they pay more than it has open', async () => {
    const server = await start();
    const rows = [
      { ...bowman, amount: 450, invoices: [{ invoice: 'INV-385' }] },
      { ...bowman, amount: 10, invoices: [{ invoice: 'INV-385', amount: 10 }] },
    ];
    expect(outcomesOf(await record(server, rows))).toEqual(['not_started', 'not_recorded invoice_paid']);
    expect(await writesTo(server)).toEqual([]);
  });
});

it('two rows of one retainer invoice are refused together, because Zoho takes one payment for it', async () => {
  const server = await start();
  const retainer = { ...bowman, amount: 750, invoices: [{ invoice: 'RET-00001' }] };
  expect(outcomesOf(await record(server, [retainer, { ...retainer, reference_number: 'second' }]))[1]).toMatch(/^not_recorded/);
  expect(await writesTo(server)).toEqual([]);
  expect(outcomesOf(await record(server, [retainer, credit('Kestrel Architects', 30)]))).toEqual(['recorded', 'recorded']);
});

describe('what happens in between', () => {
  it('a row that changed after the question is not sent and asked about again; the other rows are recorded', async () => {
    const asked: string[] = [];
    const server = await start({
      confirm: 'ask',
      person: async (question) => {
        asked.push(question);
        // Another bookkeeper records a part of the invoice while the user reads.
        if (asked.length === 1)
          await fetch(`${server.sandbox.api_base_url}/customerpayments?organization_id=${server.sandbox.organization_id}`, {
            method: 'POST',
            headers: { authorization: `Zoho-oauthtoken ${await tokenOf(server)}`, 'content-type': 'application/json' },
            body: JSON.stringify({
              customer_id: seed.bowman,
              payment_mode: 'cash',
              amount: 50,
              date: '2026-06-29',
              invoices: [{ invoice_id: seed.openInvoice, amount_applied: 50 }],
            }),
          });
        return yes;
      },
    });
    const rows = [{ ...bowman, amount: 450, invoices: [{ invoice: 'INV-385', amount: 400 }] }, credit('Kestrel Architects', 30)];
    const first = await record(server, rows);
    expect(outcomesOf(first)).toEqual(['not_started facts_changed', 'recorded']);
    const second = await record(server, rows);
    expect(outcomesOf(second)).toEqual(['recorded', 'recorded replayed']);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatch(/^Record a payment, USD 450\.00 in all\?\n/);
  });

  it('a row that Zoho refused is asked about again, because its consent is used', async () => {
    const asked: string[] = [];
    const server = await start({ confirm: 'ask', person: (question) => (asked.push(question), yes) });
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'status', status: 400, times: 1 });
    expect(outcomesOf(await record(server, threeRows))).toEqual(['not_recorded refused_by_zoho', 'recorded', 'recorded']);
    expect(outcomesOf(await record(server, threeRows))).toEqual(['recorded', 'recorded replayed', 'recorded replayed']);
    expect(asked).toHaveLength(2);
    // The question is about one row, so it does not say that several payments are recorded.
    expect(asked[1]).toMatch(
      /^Record a payment, USD 450\.00 in all\?\n- Row 1: .*\nYou are asked because the payment is part of a list\.$/,
    );
  });

  it('searches for the payment if its answer is lost, and records the other rows', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_after', times: 1 });
    expect(outcomesOf(await record(server, threeRows))).toEqual(['recorded', 'recorded', 'recorded']);
    expect((await booksOf(server.sandbox)).problems).toEqual([]);
  });

  it('a row whose outcome is unknown holds back the other rows of its customer', async () => {
    const server = await start();
    // The search fails too. A read of the same list of payments before that succeeds.
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_after', times: 1 });
    await fault(server.sandbox, { match: { method: 'GET', path: '^/customerpayments/' }, fault: 'status', status: 500, times: 100 });
    expect(outcomesOf(await record(server, threeRows))).toEqual(['unknown outcome_unknown', 'not_started unresolved_write', 'recorded']);
    await noFaults(server.sandbox);
    expect(outcomesOf(await record(server, threeRows))).toEqual(['recorded replayed', 'recorded', 'recorded replayed']);
  });

  it('a row whose outcome is unknown is settled by the same call later', async () => {
    const server = await start();
    await fault(server.sandbox, { match: { method: 'POST', path: '^/customerpayments$' }, fault: 'drop_after', times: 1 });
    await fault(server.sandbox, {
      match: { method: 'GET', path: '^/customerpayments$' },
      fault: 'status',
      status: 500,
      skip: 5,
      times: 100,
    });
    const before = await paymentsIn(server);
    await record(server, threeRows);
    await noFaults(server.sandbox);
    expect(outcomesOf(await record(server, threeRows)).every((one) => one.startsWith('recorded'))).toBe(true);
    expect(await paymentsIn(server)).toBe(before + 3);
  });
});

it('makes at most one call for each row, and few for the list', async () => {
  const server = await start();
  const rows = Array.from({ length: 50 }, (_, i) => credit('Bowman Furniture', 100 + i));
  await forgetRequests(server.sandbox);
  expect(outcomesOf(await record(server, rows)).every((one) => one === 'recorded')).toBe(true);
  expect((await requestsTo(server.sandbox)).length).toBeLessThanOrEqual(65);
});

async function tokenOf({ sandbox }: Harness): Promise<string> {
  const { client_id, client_secret, refresh_token } = sandbox;
  const query = new URLSearchParams({ grant_type: 'refresh_token', client_id, client_secret, refresh_token });
  const answer = await fetch(`${sandbox.accounts_url}/oauth/v2/token?${query.toString()}`, { method: 'POST' });
  return ((await answer.json()) as { access_token: string }).access_token;
}
