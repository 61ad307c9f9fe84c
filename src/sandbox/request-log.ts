import type { Arrival, Reply } from './message.ts';

export interface LoggedRequest {
  seq: number;
  time: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  /** the sent HTTP status; null before it is sent, and always null if the connection was dropped */
  status: number | null;
  /** the envelope's code; null if the reply has no envelope */
  code: number | null;
  /** ids of payments and refunds that this request created, changed or deleted */
  applied: string[];
  fault: string | null;
  failure?: string;
}

const MOST_REQUESTS = 2000;
const LONGEST_BODY = 20_000;
const SECRETS = new Set(['client_secret', 'refresh_token', 'code', 'token']);

/** The received requests, for tests and demos. The log never keeps tokens or secrets. */
export class RequestLog {
  private entries: LoggedRequest[] = [];
  private seq = 0;

  add(arrival: Arrival, now: number): LoggedRequest {
    this.seq += 1;
    const oauth = arrival.path.startsWith('/oauth/');
    const entry: LoggedRequest = {
      seq: this.seq,
      time: new Date(now).toISOString(),
      method: arrival.method,
      path: arrival.path,
      query: parameters(arrival.query),
      headers: publicHeaders(arrival),
      body: oauth ? parameters(new URLSearchParams(arrival.body)) : readable(arrival.body),
      status: null,
      code: null,
      applied: [],
      fault: null,
    };
    this.entries.push(entry);
    if (this.entries.length > MOST_REQUESTS) this.entries.shift();
    return entry;
  }

  list(): LoggedRequest[] {
    return this.entries;
  }

  clear(): void {
    this.entries = [];
  }
}

export function noteReply(entry: LoggedRequest, reply: Reply): void {
  entry.status = reply.status;
  const code = typeof reply.body === 'string' ? /^\{"code":(-?\d+)/.exec(reply.body)?.[1] : undefined;
  entry.code = code === undefined ? null : Number(code);
}

function publicHeaders(arrival: Arrival): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(arrival.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
  if (headers['authorization'] !== undefined) headers['authorization'] = headers['authorization'].replace(/\s.*$/, ' ***');
  return headers;
}

function parameters(all: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...all].map(([name, value]) => [name, SECRETS.has(name) ? '***' : value]));
}

function readable(body: string): unknown {
  if (body === '') return null;
  if (body.length > LONGEST_BODY) return `${body.slice(0, LONGEST_BODY)}...`;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}
