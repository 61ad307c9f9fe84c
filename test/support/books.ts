import { expect } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** What the sandbox says of itself, apart from the API. */

/** The documents' own sample, and others the seed always has. */
export const seed = {
  bowman: '903000000000099',
  sampleInvoice: '90300000079426',
  samplePayment: '9030000079467',
  sampleRefund: '3000000003017',
  /** 600 of Bowman Furniture, 100 of it unused. */
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
  /** Ids of what it changed. */
  readonly applied: readonly string[];
  /** Null until it is answered. */
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

/** Requests to the API since the last time they were forgotten, tokens and controls aside. */
export async function requestsTo({ url }: Sandbox): Promise<ArrivedRequest[]> {
  const { requests } = (await asJson(`${url}/__sandbox/requests`)) as { requests: ArrivedRequest[] };
  return requests.filter(({ path }) => path.startsWith('/books/v3'));
}

/** The requests that arrived and were to change something. */
export async function writesTo({ sandbox }: { readonly sandbox: Sandbox }): Promise<ArrivedRequest[]> {
  return (await requestsTo(sandbox)).filter(({ method }) => method !== 'GET');
}

export async function forgetRequests({ url }: Sandbox): Promise<void> {
  await fetch(`${url}/__sandbox/requests`, { method: 'DELETE' });
}

/** Makes the sandbox misbehave; see its faults. */
export async function fault({ url }: Sandbox, fault: Record<string, unknown>): Promise<void> {
  await asJson(`${url}/__sandbox/faults`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });
}

export async function noFaults({ url }: Sandbox): Promise<void> {
  await asJson(`${url}/__sandbox/faults`, { method: 'DELETE' });
}

/** Requests that the sandbox holds back go on: a test that delays one by a minute waits for no time to pass. */
export async function release({ url }: Sandbox, match: { method?: string; path?: string } = {}): Promise<void> {
  await asJson(`${url}/__sandbox/release`, { method: 'POST', body: JSON.stringify({ match }) });
}

/** A delay that ends when it is released. */
export const held = { fault: 'delay', delay_ms: 600_000 };

/** Requests of a method that are at Zoho and not answered yet. */
export async function waiting(sandbox: Sandbox, method: string): Promise<ArrivedRequest[]> {
  return (await requestsTo(sandbox)).filter((one) => one.method === method && one.status === null && !one.fault?.startsWith('drop'));
}

/** Until there is one. */
export async function isWaiting(sandbox: Sandbox, method: string): Promise<void> {
  await expect.poll(() => waiting(sandbox, method)).not.toEqual([]);
}

/** What is held back is carried out. */
export async function arrives(sandbox: Sandbox, method: string): Promise<void> {
  await isWaiting(sandbox, method);
  await release(sandbox, { method });
  await expect.poll(() => waiting(sandbox, method)).toEqual([]);
}
