import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextForOperator } from '../../src/cli/render.ts';
import type { PaymentsError } from '../../src/errors.ts';
import { createHttp } from '../../src/zoho/http.ts';
import { requestTokens } from '../../src/zoho/oauth.ts';
import { fault, seed } from '../support/books.ts';
import { harness, textOf, type Harness, type HarnessOptions } from '../support/harness.ts';
import { startSandbox, type Sandbox } from '../support/sandbox.ts';

/** Every row of Zoho's error table, as the model reads it: who must act, and what to do. */

/** The line with the next step, by who must act. */
const who = {
  model: /^Next: Call again with /,
  user: /^Next: (Ask|Tell) the user\b/,
  operator: /^Next: Ask the operator /,
  'nobody yet': /^Next: (Wait |Make the same call again (in|after) )/,
  'look first': /^Next: Do not record it in another way\. Make the same call again in a few minutes: it looks for the write/,
} as const;

const changedLines = { no: 'Nothing was changed.', unknown: 'It is unknown whether anything was changed.' } as const;

/** Two data centers. Tokens of one are not valid in the other. */
let here: Sandbox;
let there: Sandbox;
beforeAll(async () => {
  [here, there] = await Promise.all([startSandbox(), startSandbox()]);
});
afterAll(() => Promise.all([here.close(), there.close()]));

interface Row {
  /** HTTP status and code, as Zoho sends them. */
  readonly zoho: string;
  readonly when: string;
  readonly options?: () => HarnessOptions;
  /** The request to which a fault gives this answer, if the sandbox cannot give it by itself. */
  readonly faked?: { readonly method: string; readonly path?: string; readonly fault?: string };
  readonly before?: (server: Harness) => Promise<unknown>;
  readonly call: readonly [string, Record<string, unknown>];
  readonly code: string;
  readonly who: keyof typeof who;
  readonly changed?: 'unknown';
  /** Texts that the four lines must contain. */
  readonly says: readonly string[];
}

const { bowman, samplePayment, sampleRefund, openInvoice, paymentWithUnused, retainer } = seed;

const list = ['list_customer_payments', {}] as const;
const advance = { customer_id: bowman, payment_mode: 'cash', amount: 5, date: '2016-06-05' };
const create = (more: Record<string, unknown> = {}) => ['create_customer_payment', { ...advance, ...more }] as const;
const update = (more: Record<string, unknown> = {}) => ['update_customer_payment', { payment_id: paymentWithUnused, ...more }] as const;
const remove = ['delete_customer_payment', { payment_id: paymentWithUnused }] as const;
const removeRefund = ['delete_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: sampleRefund }] as const;

/** Settings with only these scopes. Without the other scopes, our own checks cannot run, and Zoho refuses the write instead. */
const seeing =
  (...modules: string[]) =>
  () => ({ sandbox: { scopes: ['ZohoBooks.customerpayments.ALL', ...modules.map((module) => `ZohoBooks.${module}.READ`)] } });
const limited = (limits: Record<string, number>) => () => ({ sandbox: { limits } });

const access: Row[] = [
  {
    zoho: '401/14',
    when: 'the access token is from another data center',
    options: () => ({ on: there, as: here, at: { accountsUrl: here.accounts_url, apiBaseUrl: there.api_base_url } }),
    call: list,
    code: 'access_token_rejected',
    who: 'operator',
    says: ['access token', 'ZOHO_DATA_CENTER'],
  },
  {
    zoho: '401/57',
    when: 'the scope for a write is missing',
    options: () => ({ sandbox: { scopes: ['ZohoBooks.customerpayments.READ'] } }),
    call: create(),
    code: 'scope_missing',
    who: 'operator',
    says: ['ZohoBooks.customerpayments.CREATE', '`zoho-payments-mcp login`'],
  },
  {
    zoho: '401/57',
    when: 'the scope for a read is missing',
    options: () => ({ sandbox: { scopes: ['ZohoBooks.contacts.READ'] } }),
    call: list,
    code: 'scope_missing',
    who: 'operator',
    says: ['ZohoBooks.customerpayments.READ', '`zoho-payments-mcp login`'],
  },
  {
    zoho: '400/6041',
    when: 'the organization belongs to somebody else',
    options: () => ({ as: { organization_id: '60089553909' } }),
    call: list,
    code: 'wrong_organization',
    who: 'operator',
    says: ['organization', 'ZOHO_ORGANIZATION_ID', 'ZOHO_DATA_CENTER'],
  },
  {
    zoho: '404/5',
    when: 'the path does not exist',
    options: () => ({ on: here, at: { accountsUrl: here.accounts_url, apiBaseUrl: `${here.url}/crm/v3` } }),
    call: list,
    code: 'wrong_address',
    who: 'operator',
    says: ['ZOHO_API_BASE_URL', '/books/v3'],
  },
  {
    zoho: '405/37',
    when: 'the path does not allow this method',
    faked: { method: 'GET' },
    call: list,
    code: 'method_not_allowed',
    who: 'operator',
    says: ['ZOHO_API_BASE_URL'],
  },
  {
    zoho: '200/invalid_client',
    when: 'the client is from another data center',
    options: () => ({ on: there, as: here }),
    call: list,
    code: 'invalid_client',
    who: 'operator',
    says: ['client id', 'ZOHO_CLIENT_ID', 'ZOHO_DATA_CENTER'],
  },
  {
    zoho: '200/invalid_client_secret',
    when: 'the client secret is wrong',
    options: () => ({ as: { client_secret: 'wrong' } }),
    call: list,
    code: 'invalid_client_secret',
    who: 'operator',
    says: ['ZOHO_CLIENT_SECRET', 'data center'],
  },
  {
    zoho: '200/invalid_code',
    when: 'the refresh token is wrong',
    options: () => ({ as: { refresh_token: '1000.a.b' } }),
    call: list,
    code: 'invalid_refresh_token',
    who: 'operator',
    says: ['refresh token', '`zoho-payments-mcp login`'],
  },
  {
    zoho: '200/invalid_code',
    when: 'the refresh token was revoked during its use',
    before: revoked,
    call: list,
    code: 'invalid_refresh_token',
    who: 'operator',
    says: ['revoked', '`zoho-payments-mcp login`'],
  },
  {
    zoho: '200/general_error',
    when: 'the accounts server gives no reason',
    faked: { method: 'POST', path: '/oauth/', fault: 'unauthorized' },
    call: list,
    code: 'token_refused',
    who: 'operator',
    says: ['`zoho-payments-mcp doctor`'],
  },
];

const busy: Row[] = [
  {
    zoho: '400/Access Denied',
    when: 'too many access tokens',
    options: limited({ access_tokens: 0 }),
    call: list,
    code: 'token_throttled',
    who: 'nobody yet',
    says: ['access token', 'again after'],
  },
  {
    zoho: '429/44',
    when: 'too many calls in a minute',
    options: limited({ per_minute: 0 }),
    call: list,
    code: 'minute_limit',
    who: 'nobody yet',
    says: ['this minute', 'Wait a minute'],
  },
  {
    zoho: '429/45',
    when: 'too many calls on one day',
    options: limited({ per_day: 0 }),
    call: list,
    code: 'day_limit',
    who: 'user',
    says: ['today', "at midnight in the organization's time zone"],
  },
  {
    zoho: '429/1070',
    when: 'too many calls at the same time',
    options: limited({ concurrent: 0 }),
    call: list,
    code: 'concurrency_limit',
    who: 'nobody yet',
    says: ['at once', 'one at a time'],
  },
  {
    zoho: '500/1000',
    when: 'Zoho fails during a read',
    faked: { method: 'GET' },
    call: list,
    code: 'zoho_unavailable',
    who: 'nobody yet',
    says: ['HTTP 500', 'in a little while'],
  },
  {
    zoho: '500/1000',
    when: 'Zoho fails during a write',
    faked: { method: 'DELETE' },
    call: removeRefund,
    code: 'outcome_unknown',
    who: 'look first',
    changed: 'unknown',
    says: ['HTTP 500', 'does not send it twice', 'list_writes'],
  },
  {
    zoho: '503/HTML',
    when: 'Zoho is in maintenance during a read',
    faked: { method: 'GET', fault: 'html' },
    call: list,
    code: 'zoho_unavailable',
    who: 'nobody yet',
    says: ['maintenance', 'in a little while'],
  },
  {
    zoho: '503/HTML',
    when: 'Zoho is in maintenance during a write',
    faked: { method: 'DELETE', fault: 'html' },
    call: removeRefund,
    code: 'outcome_unknown',
    who: 'look first',
    changed: 'unknown',
    says: ['maintenance', 'does not send it twice', 'list_writes'],
  },
];

const refused: Row[] = [
  {
    zoho: '404/5',
    when: 'the refund does not exist',
    call: ['get_customer_payment_refund', { customer_payment_id: samplePayment, refund_id: '1' }],
    code: 'not_found',
    who: 'model',
    says: ['no refund with the id 1', 'list_customer_payment_refunds'],
  },
  {
    zoho: '404/1002',
    when: 'the payment does not exist',
    call: ['get_customer_payment', { payment_id: '1' }],
    code: 'not_found',
    who: 'model',
    says: ['no payment with the id 1', 'list_customer_payments'],
  },
  {
    zoho: '400/2',
    when: 'a value is not allowed',
    call: create({ location_id: '1' }),
    code: 'invalid_value',
    who: 'model',
    says: ['another value', 'location_id'],
  },
  {
    zoho: '400/15',
    when: 'a text is too long',
    call: create({ description: 'x'.repeat(2001) }),
    code: 'too_long',
    who: 'model',
    says: ['shorter text', 'description'],
  },
  {
    zoho: '400/4',
    when: 'the body is not JSON',
    faked: { method: 'DELETE' },
    call: removeRefund,
    code: 'refused_by_zoho',
    who: 'user',
    says: ['what Zoho says'],
  },
  {
    zoho: '400/24016',
    when: 'the amount is more than the balance due',
    options: seeing('contacts'),
    call: create({ amount: 451, invoices: [{ invoice_id: openInvoice, amount_applied: 451 }] }),
    code: 'more_than_balance',
    who: 'user',
    says: ['more', 'balance due', 'how much to apply'],
  },
  {
    zoho: '400/3004',
    when: 'the customer does not exist',
    options: seeing(),
    call: create({ customer_id: '1' }),
    code: 'customer_wrong',
    who: 'model',
    says: ['customer_id', 'list_customer_payments'],
  },
  {
    zoho: '400/9521',
    when: 'the payment pays only a part of a retainer invoice',
    options: seeing('contacts'),
    call: create({ amount: 749, retainerinvoice_id: retainer }),
    code: 'retainer_in_part',
    who: 'user',
    says: ['full amount', 'retainerinvoice_id'],
  },
  {
    zoho: '400/9523',
    when: 'the amount of a payment for a retainer invoice is changed',
    before: paidRetainer,
    call: update({ amount: 700 }),
    code: 'retainer_amount_fixed',
    who: 'user',
    says: ['cannot be changed', 'delete_customer_payment'],
  },
  {
    zoho: '400/120303',
    when: 'another payment has this unique value',
    call: create({ custom_fields: [{ api_name: 'cf_external_reference', value: 'ACME-2026-0608' }] }),
    code: 'duplicate_unique_value',
    who: 'user',
    says: ['unique', 'another value'],
  },
  {
    zoho: '400/108004',
    when: 'the bank transaction belongs to another account',
    faked: { method: 'PUT' },
    call: update({ description: 'x' }),
    code: 'bank_match',
    who: 'user',
    says: ['bank transaction', 'Banking', 'unmatch it'],
  },
  {
    zoho: '400/12006',
    when: 'the invoice is closed',
    faked: { method: 'PUT' },
    call: update({ description: 'x' }),
    code: 'invoice_closed',
    who: 'user',
    says: ['closed', 'which invoice'],
  },
  {
    zoho: '400/1040',
    when: 'credits depend on the payment',
    faked: { method: 'DELETE' },
    call: remove,
    code: 'record_in_use',
    who: 'user',
    says: ['refunds or credits', 'delete_customer_payment_refund'],
  },
  {
    zoho: '400/12008',
    when: 'refunds depend on the payment',
    faked: { method: 'DELETE' },
    call: remove,
    code: 'record_in_use',
    who: 'user',
    says: ['refunds or credits', 'delete_customer_payment_refund'],
  },
  // Codes that the sandbox had to invent, and codes of estimates, orders and contacts: the error shows Zoho's message, and who must act.
  {
    zoho: '400/90011',
    when: 'the payment is matched with a bank transaction, but its details do not show it',
    options: () => ({ sandbox: { shapes: 'documented' } }),
    before: (server) => matched(server, paymentWithUnused),
    call: remove,
    code: 'refused_by_zoho',
    who: 'user',
    says: ['matched with a bank transaction', 'what Zoho says'],
  },
  ...['9208', '120104', '3051', '36026', '4097'].map((code): Row => ({
    zoho: `400/${code}`,
    when: 'the code is for other records than payments',
    faked: { method: 'DELETE' },
    call: remove,
    code: 'refused_by_zoho',
    who: 'user',
    says: ['what Zoho says'],
  })),
];

/** Rows of Zoho's table that no tool call can cause. */
const notProvoked: Record<string, string> = {
  'organization_id absent': 'the server always sends it',
  '400/… extra parameter':
    'nobody documents its code, and the server asks no list for a wrong page; like every unknown code it is refused_by_zoho',
  '200/invalid_redirect_uri': 'only when a code is exchanged: see below',
  '200/invalid_code of a code': 'only when a code is exchanged: see below',
};

async function revoked({ call, sandbox }: Harness): Promise<void> {
  expect((await call(...list)).isError).toBeFalsy();
  await fetch(`${sandbox.accounts_url}/oauth/v2/token/revoke?token=${sandbox.refresh_token}`, { method: 'POST' });
}

/** Makes the row's payment a payment of a retainer invoice, after its earlier data is removed. */
async function paidRetainer({ call }: Harness): Promise<Record<string, unknown>> {
  const { structuredContent } = await call(...create({ amount: 750, retainerinvoice_id: retainer }));
  return { payment_id: (structuredContent['payment'] as { payment_id: string }).payment_id };
}

async function matched({ sandbox }: Harness, payment_id: string): Promise<void> {
  expect((await fetch(`${sandbox.url}/__sandbox/match`, { method: 'POST', body: JSON.stringify({ payment_id }) })).status).toBe(200);
}

interface Arrived {
  readonly path: string;
  readonly status: number | null;
  readonly code: number | null;
  readonly fault: string | null;
}

describe.each(['older SDK', 'current SDK, 2026-07-28'] as const)('an error, read through the client of the %s', (kind) => {
  it.each([...access, ...busy, ...refused])('after $zoho ($when) has the code $code and says who must act', async (row) => {
    const server = await harness({ kind, ...row.options?.() });
    try {
      await server.client.listTools();
      const [status = '', code = ''] = row.zoho.split('/');
      if (row.faked !== undefined) {
        const { fault: kindOfFault = 'status', method, path = '/customerpayments' } = row.faked;
        const answer =
          kindOfFault === 'status'
            ? { status: Number(status), code: Number(code), message: "In Zoho's words" }
            : kindOfFault === 'unauthorized'
              ? { message: code }
              : {};
        await fault(server.sandbox, { match: { method, path }, fault: kindOfFault, times: 99, ...answer });
      }
      const more = (await row.before?.(server)) as Record<string, unknown> | undefined;
      const [tool, args] = row.call;
      const result = await server.call(tool, { ...args, ...more });

      const text = textOf(result);
      const lines = text.split('\n');
      expect(result.isError, text).toBe(true);
      expect(lines, text).toHaveLength(4);
      expect(lines.slice(1)).toEqual([
        changedLines[row.changed ?? 'no'],
        expect.stringMatching(who[row.who]),
        expect.stringMatching(new RegExp(`^\\(${row.code}, r_[0-9a-f]{8}\\)$`)),
      ]);
      expect(Object.values(who).filter((pattern) => pattern.test(lines[2] ?? ''))).toHaveLength(1);
      for (const word of row.says) expect(text).toContain(word);

      // Proves that the sandbox sent this answer, by itself or by a fault.
      const { requests } = (await (await fetch(`${server.sandbox.url}/__sandbox/requests`)).json()) as { requests: Arrived[] };
      const sent = requests.filter(
        (request) =>
          request.status === Number(status) && request.fault === (row.faked === undefined ? null : (row.faked.fault ?? 'status')),
      );
      const isEnvelope = /^\d+$/.test(code);
      const { error } = result.structuredContent as { error: { zoho?: { code: number | string } } };
      if (isEnvelope) expect(sent.map((request) => request.code)).toContain(Number(code));
      else expect(sent).not.toEqual([]);
      expect(String(error.zoho?.code ?? 'HTML')).toBe(code);
    } finally {
      await server.close();
    }
  });
});

describe('an error in the exchange of a code, read by the operator', () => {
  const http = createHttp();
  afterAll(() => http.close());

  const code = async (): Promise<string> =>
    ((await (await fetch(`${here.url}/__sandbox/codes`, { method: 'POST' })).json()) as { code: string }).code;
  const exchange = (code: string, redirectUri?: string) =>
    requestTokens(
      http,
      here.accounts_url,
      { clientId: here.client_id, clientSecret: here.client_secret },
      { kind: 'code', code, redirectUri },
    ).then(
      () => ['accepted'],
      (error: PaymentsError) => [error.whatHappened, error.changed, nextForOperator(error), error.code],
    );

  it('after 200/invalid_code says that the code was used, is too old or is wrong', async () => {
    const used = await code();
    expect(await exchange(used)).toEqual(['accepted']);
    const living = (seconds: number) =>
      fetch(`${here.url}/__sandbox/limits`, { method: 'POST', body: JSON.stringify({ code_seconds: seconds }) });
    await living(0);
    const expired = await code();
    await living(120);
    for (const spent of [used, expired, '1000.a.b']) {
      expect(await exchange(spent)).toEqual([
        expect.stringContaining('wrong, already used, or more than a few minutes old'),
        'no',
        expect.stringMatching(/^Make a new code/),
        'invalid_grant_code',
      ]);
    }
  });

  it('after 200/invalid_redirect_uri says that the redirect address is wrong', async () => {
    expect(await exchange(await code(), 'http://127.0.0.1:1/other')).toEqual([
      expect.stringContaining('redirect address'),
      'no',
      expect.stringMatching(/^Add the address to the client/),
      'invalid_redirect_uri',
    ]);
  });
});

it("this test covers every row of Zoho's table, or gives a reason for omitting the row", () => {
  const table = [
    '401/14',
    '401/57',
    '400/6041',
    'organization_id absent',
    '404/5',
    '404/1002',
    '405/37',
    '400/2',
    '400/15',
    '400/4',
    '400/… extra parameter',
    '400/24016',
    '400/3004',
    '400/9521',
    '400/9523',
    '400/12006',
    '400/1040',
    '400/12008',
    '400/9208',
    '400/120104',
    '400/120303',
    '400/3051',
    '400/36026',
    '400/4097',
    '400/108004',
    '500/1000',
    '503/HTML',
    '429/44',
    '429/45',
    '429/1070',
    '200/invalid_code',
    '200/invalid_code of a code',
    '200/invalid_client',
    '200/invalid_client_secret',
    '200/invalid_redirect_uri',
    '200/general_error',
    '400/Access Denied',
  ];
  const provoked = [...access, ...busy, ...refused].map(({ zoho }) => zoho).filter((zoho) => !zoho.startsWith('400/900'));
  expect(new Set([...provoked, ...Object.keys(notProvoked)])).toEqual(new Set(table));
});
