import type { IncomingHttpHeaders } from 'node:http';

/** A received request with its complete body. */
export interface Arrival {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A complete answer that is not sent yet, so that faults can still change it. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
  /** ids of the payments and refunds that were created, changed or deleted, for the request log */
  applied?: string[];
  /** why the sandbox itself failed, for the request log */
  failure?: string;
}

export function jsonReply(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
    body: JSON.stringify(value),
  };
}

export function htmlReply(status: number, html: string, headers: Record<string, string> = {}): Reply {
  return { status, headers: { 'content-type': 'text/html;charset=UTF-8', ...headers }, body: html };
}

/** Merges the query and the form body; the form body wins. Zoho's accounts server accepts both. */
export function formParameters(arrival: Arrival): URLSearchParams {
  const merged = new URLSearchParams(arrival.query);
  if (isForm(arrival)) for (const [name, value] of new URLSearchParams(arrival.body)) merged.set(name, value);
  return merged;
}

export function isForm(arrival: Arrival): boolean {
  return (arrival.headers['content-type'] ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded');
}
