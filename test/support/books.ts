import { expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** Reads and controls the sandbox outside the API. */

/** Ids of the sample in Zoho's documents, and of other records that the seed always has. */
export const seed = {
  bowman: '903000000000099',
  sampleInvoice: '90300000079426',
  samplePayment: '9030000079467',
  sampleRefund: '3000000003017',
  /** 600 from Bowman Furniture, 100 of it unused. */
  paymentWithUnused: '712345000000079503',
  pettyCash: '3000000000385',
  /** INV-385 of Bowman Furniture: 450, open. */
  openInvoice: '712345000000079385',
  /** INV-386 of Bowman Furniture: 1280.50, overdue. */
  overdueInvoice: '712345000000079386',
  /** RET-00001 of Bowman Furniture: 750, unpaid. */
  retainer: '712345000000079401',
  aoyamaInYen: '712345000000090069',
} as const;

export interface BooksReport {
  readonly counts: { readonly payments: number; readonly refunds: number; readonly invoices: number };
  readonly totals: Record<string, Record<string, number>>;
  readonly balanced: boolean;
  readonly problems: readonly string[];
}

export interface ArrivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  /** Ids of the records that the request changed. */
  readonly applied: readonly string[];
  /** Null until the request is answered. */
  readonly status: number | null;
  readonly fault: string | null;
}

async function asJson(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: HTTP ${response.status} ${await response.text()}`);
  return await response.json();
}

export async function booksOf({ url }: Sandbox): Promise<BooksReport> {
  return (await asJson(`${url}/__sandbox/books`)) as BooksReport;
}

/** Requests to the API since the log was last cleared, without those for tokens and controls. */
export async function requestsTo({ url }: Sandbox): Promise<ArrivedRequest[]> {
  const { requests } = (await asJson(`${url}/__sandbox/requests`)) as { requests: ArrivedRequest[] };
  return requests.filter(({ path }) => path.startsWith('/books/v3'));
}

/** The write requests that arrived. */
export async function writesTo({ sandbox }: { readonly sandbox: Sandbox }): Promise<ArrivedRequest[]> {
  return (await requestsTo(sandbox)).filter(({ method }) => method !== 'GET');
}

export async function forgetRequests({ url }: Sandbox): Promise<void> {
  await fetch(`${url}/__sandbox/requests`, { method: 'DELETE' });
}

/** Makes the sandbox misbehave; see src/sandbox/faults.ts. */
export async function fault({ url }: Sandbox, fault: Record<string, unknown>): Promise<void> {
  await asJson(`${url}/__sandbox/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
}

export async function noFaults({ url }: Sandbox): Promise<void> {
  await asJson(`${url}/__sandbox/faults`, { method: 'DELETE' });
}

/** Ends the delays of requests, so that a test with a long delay need not wait. */
export async function release({ url }: Sandbox, match: { method?: string; path?: string } = {}): Promise<void> {
  await asJson(`${url}/__sandbox/release`, { method: 'POST', body: JSON.stringify({ match }) });
}

/** A delay that lasts until the test releases it. */
export const held = { fault: 'delay', delay_ms: 600_000 };

/** Requests with this method that have arrived at Zoho and are not answered yet. */
export async function waiting(sandbox: Sandbox, method: string): Promise<ArrivedRequest[]> {
  return (await requestsTo(sandbox)).filter((one) => one.method === method && one.status === null && !one.fault?.startsWith('drop'));
}

/** Waits until at least one such request has arrived. */
export async function isWaiting(sandbox: Sandbox, method: string): Promise<void> {
  await expect.poll(() => waiting(sandbox, method)).not.toEqual([]);
}

/** Releases the delayed request and waits until Zoho has carried it out. */
export async function arrives(sandbox: Sandbox, method: string): Promise<void> {
  await isWaiting(sandbox, method);
  await release(sandbox, { method });
  await expect.poll(() => waiting(sandbox, method)).toEqual([]);
}
