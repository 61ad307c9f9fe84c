import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { TODAY } from '../support/today.ts';
import { closers } from '../support/closers.ts';

export type Body = Record<string, unknown>;

export interface Answer {
  status: number;
  headers: Headers;
  body: Body;
}

export interface Zoho {
  sandbox: Sandbox;
  /** A Books call with token and organization; `path` may have a query. */
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  get: (path: string) => Promise<Answer>;
  control: (method: string, path: string, body?: unknown) => Promise<Answer>;
  fault: (fault: Body) => Promise<void>;
  /** Throws if a balance is wrong. */
  books: () => Promise<Body>;
  token: () => Promise<string>;
}

export const ROOMY = { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000 };

/** A sandbox that ends with the test. Its limits are high unless the test sets them. */
export async function zoho(options: SandboxOptions = {}): Promise<Zoho> {
  const sandbox = await startSandbox({ today: TODAY, ...options, limits: { ...ROOMY, ...options.limits } });
  closers.push(() => sandbox.close());
  let accessToken: string | undefined;

  const token = async (): Promise<string> => {
    const answer = await askToken(sandbox, { grant_type: 'refresh_token', refresh_token: sandbox.refresh_token });
    return answer.body['access_token'] as string;
  };
  const call: Zoho['call'] = async (method, path, body, headers = {}) => {
    accessToken = headers['authorization'] === undefined ? (accessToken ?? (await token())) : accessToken;
    const url = new URL(sandbox.api_base_url + path);
    if (!url.searchParams.has('organization_id')) url.searchParams.set('organization_id', sandbox.organization_id);
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    return read(
      await fetch(url, { method, headers: { authorization: `Zoho-oauthtoken ${accessToken ?? ''}`, ...type, ...headers }, ...json }),
    );
  };
  const control: Zoho['control'] = async (method, path, body) =>
    read(await fetch(`${sandbox.url}/__sandbox${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));
  return {
    sandbox,
    call,
    get: (path) => call('GET', path),
    control,
    token,
    fault: async (fault) => {
      const answer = await control('POST', '/faults', fault);
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    },
    books: async () => {
      const { body } = await control('GET', '/books');
      if (body['balanced'] !== true) throw new Error(`Books do not balance: ${JSON.stringify(body['problems'])}`);
      return body;
    },
  };
}

export async function askToken(sandbox: Sandbox, parameters: Record<string, string>): Promise<Answer> {
  const query = new URLSearchParams({ client_id: sandbox.client_id, client_secret: sandbox.client_secret, ...parameters });
  return read(await fetch(`${sandbox.accounts_url}/oauth/v2/token?${query}`, { method: 'POST' }));
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text.startsWith('{') ? JSON.parse(text) : { text }) as Body };
}

/** Records of the seed that tests use. */
export const SEED = {
  bowman: '903000000000099',
  acme: '712345000000090009',
  lindner: '712345000000090061',
  aoyama: '712345000000090069',
  vendor: '712345000000095001',
  samplePayment: '9030000079467',
  sampleInvoice: '90300000079426',
  sampleRefund: '3000000003017',
  /** Bowman, 450 open */
  open450: '712345000000079385',
  /** Bowman, 1280.50, overdue */
  overdue: '712345000000079386',
  draft: '712345000000079387',
  void: '712345000000079388',
  acmeOpen: '712345000000079395',
  euroOpen: '712345000000079397',
  yenOpen: '712345000000079399',
  /** Bowman, 750, unpaid */
  retainer: '712345000000079401',
  /** Bowman, 600 with 500 applied */
  excess100: '712345000000079503',
  /** Bowman, 250, nothing applied */
  advance: '712345000000079504',
  twoInvoices: '712345000000079505',
  /** Acme, 1000: 700 applied, 120 refunded, 180 unused */
  mixed: '712345000000079506',
  euroExcess: '712345000000079507',
  yenExcess: '712345000000079508',
  injection: '712345000000079509',
  pettyCash: '3000000000385',
  undeposited: '712345000000000358',
  checking: '712345000000000361',
  euroAccount: '712345000000000367',
  closedAccount: '712345000000000370',
  externalReference: '712345000000012841',
  receiptBook: '46000000012845',
};

export function refusal(answer: Answer): [status: number, code: number, message: string] {
  return [answer.status, answer.body['code'] as number, answer.body['message'] as string];
}

export async function createPayment(z: Zoho, body: Body): Promise<Body> {
  const answer = await z.call('POST', '/customerpayments', { customer_id: SEED.bowman, payment_mode: 'cash', date: '2026-07-01', ...body });
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
  return answer.body['payment'] as Body;
}

/** A number from a body, for calculations in a test. */
export function amount(body: Body, key: string): number {
  const value = body[key];
  if (typeof value !== 'number') throw new Error(`${key} is not a number: ${String(value)}`);
  return value;
}

export async function invoice(z: Zoho, id: string): Promise<Body> {
  return (await z.get(`/invoices/${id}`)).body['invoice'] as Body;
}

export async function contact(z: Zoho, id: string): Promise<Body> {
  return (await z.get(`/contacts/${id}`)).body['contact'] as Body;
}

export async function accountBalance(z: Zoho, id: string): Promise<number> {
  const accounts = (await z.get('/bankaccounts')).body['bankaccounts'] as Body[];
  return amount(accounts.find((account) => account['account_id'] === id) ?? {}, 'balance');
}
