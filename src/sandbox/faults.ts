import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from './body.ts';
import { type Arrival, type Reply, htmlReply, jsonReply } from './message.ts';
import { tokenThrottle } from './tokens.ts';
import { ZohoError, badToken, internalError, scopeMissing, tooManyAtOnce, tooManyPerDay, tooManyPerMinute } from './errors.ts';

export const FAULT_KINDS = [
  'drop_before',
  'drop_after',
  'delay',
  'status',
  'malformed',
  'html',
  'truncate',
  'unauthorized',
  'rate_limit',
  'wrong_date',
  'no_date',
  'odd_rows',
  'another_record',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * A fault that a test or a user orders. `match.path` is a prefix of the request's path. If it contains any of ^ $ * + ? ( ) [ ] | \, it is
 * the source of a regular expression. Prefix and expression are compared with the full path and with the part after /books/v3.
 * `match.query` maps parameters to their values; `true` matches any value.
 * The first fault that matches and has uses left is applied to the request.
 */
export interface Fault {
  match: { method?: string; path?: string; query?: Record<string, string | true> };
  fault: FaultKind;
  /** how many requests this fault affects */
  times: number;
  /** how many matching requests pass first */
  skip: number;
  delay_ms: number;
  status?: number;
  code?: number;
  message?: string;
  /** how far a wrong_date puts the `Date` header ahead, in milliseconds; a negative number puts it behind */
  date_ms?: number;
  /** true: the change is applied first, then the faulty answer is sent */
  after: boolean;
}

const MOST_FAULTS = 100;
const LONGEST_DELAY_MS = 600_000;
const PATTERN_CHARACTERS = /[\^$*+?()[\]|\\]/;

export class Faults {
  private faults: Fault[] = [];
  private readonly delays = new Set<{ arrival: Arrival; over: AbortController }>();

  /** Adds a fault from JSON. Returns a message if the fault is invalid. */
  add(value: unknown): string | undefined {
    const fault = readFault(value);
    if (typeof fault === 'string') return fault;
    if (this.faults.length >= MOST_FAULTS) return `at most ${MOST_FAULTS} faults can be set at a time`;
    this.faults.push(fault);
    return undefined;
  }

  clear(): void {
    this.faults = [];
  }

  /** Waits until the delay ends or is released. Throws when the sandbox closes. */
  async wait(ms: number, arrival: Arrival, closing: AbortSignal): Promise<void> {
    const delay = { arrival, over: new AbortController() };
    this.delays.add(delay);
    const signal = AbortSignal.any([delay.over.signal, closing]);
    await sleep(ms, undefined, { signal }).catch(() => closing.throwIfAborted());
    this.delays.delete(delay);
  }

  /** Ends the running delays of matching requests. Returns a message if `value` is invalid. */
  release(value: unknown): string | undefined {
    const fault = readFault(isObject(value) ? { ...value, fault: 'delay' } : value);
    if (typeof fault === 'string') return fault;
    for (const { arrival, over } of this.delays) if (matches(fault, arrival)) over.abort();
    return undefined;
  }

  list(): Fault[] {
    return this.faults;
  }

  /** The fault for this request. Uses up one of its `times`. */
  take(arrival: Arrival): Fault | undefined {
    for (const fault of this.faults) {
      if (!matches(fault, arrival)) continue;
      if (fault.skip > 0) {
        fault.skip -= 1;
        continue;
      }
      fault.times -= 1;
      if (fault.times === 0) this.faults = this.faults.filter((other) => other !== fault);
      return { ...fault };
    }
    return undefined;
  }
}

function matches({ match }: Fault, arrival: Arrival): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== arrival.method) return false;
  for (const [name, value] of Object.entries(match.query ?? {}))
    if (value === true ? !arrival.query.has(name) : arrival.query.get(name) !== value) return false;
  const wanted = match.path;
  if (wanted === undefined) return true;
  const paths = [arrival.path, arrival.path.replace(/^\/books\/v3/, '')];
  if (!PATTERN_CHARACTERS.test(wanted)) return paths.some((path) => path.startsWith(wanted));
  const pattern = new RegExp(wanted);
  return paths.some((path) => pattern.test(path));
}

function readFault(value: unknown): Fault | string {
  if (!isObject(value)) return 'a fault must be a JSON object';
  const strange = strangeKey(value, FAULT_KEYS, 'a fault') ?? strangeKey(value['match'], MATCH_KEYS, 'match');
  if (strange !== undefined) return strange;
  const kind = FAULT_KINDS.find((name) => name === value['fault']);
  if (!kind) return `fault must be one of ${FAULT_KINDS.join(', ')}`;
  const match = value['match'] ?? {};
  if (!isObject(match)) return 'match must be an object with method, path and query';
  const { method, path, query } = match;
  if (method !== undefined && typeof method !== 'string') return 'match.method must be a string';
  if (path !== undefined && (typeof path !== 'string' || !isPattern(path))) return 'match.path must be a prefix or a regular expression';
  if (query !== undefined && !isParameters(query)) return 'match.query must be an object of strings, or true for any value';
  const times = count(value['times'], 1);
  const skip = count(value['skip'], 0);
  const delay = count(value['delay_ms'], 0);
  const { status, code, message, date_ms } = value;
  if (times === undefined || times === 0 || skip === undefined || delay === undefined)
    return 'times, skip and delay_ms must be whole numbers';
  if (status !== undefined && !(Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599))
    return 'status must be 200 to 599';
  if (code !== undefined && !Number.isInteger(code)) return 'code must be a whole number';
  if (date_ms !== undefined && !Number.isSafeInteger(date_ms)) return 'date_ms must be a whole number';
  if (message !== undefined && typeof message !== 'string') return 'message must be a string';
  return {
    match: {
      ...(method === undefined ? {} : { method }),
      ...(path === undefined ? {} : { path: path as string }),
      ...(query === undefined ? {} : { query: query as Record<string, string | true> }),
    },
    fault: kind,
    times,
    skip,
    delay_ms: Math.min(delay, LONGEST_DELAY_MS),
    ...(status === undefined ? {} : { status: status as number }),
    ...(code === undefined ? {} : { code: code as number }),
    ...(message === undefined ? {} : { message }),
    ...(date_ms === undefined ? {} : { date_ms: date_ms as number }),
    after: kind === 'drop_after' || value['after'] === true,
  };
}

const FAULT_KEYS = ['fault', 'match', 'times', 'skip', 'status', 'code', 'message', 'delay_ms', 'date_ms', 'after'];
const MATCH_KEYS = ['method', 'path', 'query'];

/** A misspelt key would silently be ignored, and the fault would affect other requests. */
function strangeKey(value: unknown, known: readonly string[], what: string): string | undefined {
  const strange = isObject(value) ? Object.keys(value).filter((key) => !known.includes(key)) : [];
  return strange.length === 0 ? undefined : `${what} has no ${strange.join(', ')}: it can have ${known.join(', ')}`;
}

function isPattern(path: string): boolean {
  try {
    return new RegExp(path) instanceof RegExp;
  } catch {
    return !PATTERN_CHARACTERS.test(path);
  }
}

function isParameters(value: unknown): value is Record<string, string | true> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string' || item === true);
}

function count(value: unknown, usual: number): number | undefined {
  if (value === undefined) return usual;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

// --- faulty answers -------------------------------------------------------------------------------------------------

/** Makes the faulty answer. Keeps the headers of the good reply that a client would still see. */
export function spoil(fault: Fault, arrival: Arrival, good: Reply): Reply {
  const applied = good.applied ? { applied: good.applied } : {};
  switch (fault.fault) {
    case 'status':
      return { ...statusReply(fault, good), ...applied };
    case 'html':
      return { ...htmlReply(fault.status ?? 503, MAINTENANCE_PAGE), ...applied };
    case 'malformed': {
      const text = good.body.toString();
      return { ...good, headers: keptHeaders(fault, good), body: `${text.slice(0, Math.max(1, text.length - 1))},,` };
    }
    case 'truncate':
      return { ...good, headers: keptHeaders(fault, good) };
    case 'unauthorized':
      return isOauth(arrival)
        ? jsonReply(200, { error: fault.message ?? 'invalid_code' })
        : refusal(fault, good, fault.code === 57 ? scopeMissing() : badToken());
    case 'rate_limit':
      return isOauth(arrival) ? tokenThrottle() : refusal(fault, good, rateLimit(fault.code));
    case 'odd_rows':
      return rewritten(good, (body) => mapped(body, oddly));
    case 'another_record':
      return rewritten(good, (body) =>
        mapped(body, (name, value) => (SHOWN.has(name) && typeof value === 'string' ? '903000000000001' : value)),
      );
    default:
      return good;
  }
}

/** True if the fault changes only the answer, so that the request's change is kept. */
export const isOdd = ({ fault }: Fault): boolean =>
  fault === 'wrong_date' || fault === 'no_date' || fault === 'odd_rows' || fault === 'another_record';

const SHOWN = new Set(['payment_id', 'payment_refund_id', 'customer_id']);

function rewritten(good: Reply, change: (body: unknown) => unknown): Reply {
  const text = good.body.toString();
  // A receipt has no rows.
  if (!text.startsWith('{')) return good;
  const body = JSON.stringify(change(JSON.parse(text))).replaceAll(/"digits (\d+)"/g, '$1');
  const { 'content-length': _, ...headers } = good.headers;
  return { ...good, headers, body };
}

function mapped(value: unknown, change: (name: string, value: unknown) => unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mapped(item, change, name));
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapped(item, change, key)]));
  return change(name, value);
}

/** Converts the value to another type or format, as recorded answers of Zoho sometimes have: for example, a balance becomes null. */
function oddly(name: string, value: unknown): unknown {
  if (name === 'balance') return null;
  if (/^(payment|customer|payment_refund)_id$/.test(name) && typeof value === 'string' && /^\d+$/.test(value)) return `digits ${value}`;
  if (/^(amount|amount_fcy|unused_amount)$/.test(name) && typeof value === 'number') return String(value);
  if (name === 'date' && typeof value === 'string') return value.replaceAll('-', '/');
  return value;
}

/** The headers of the good reply. If the change was not applied, no record was created, so `location` is removed. */
function keptHeaders(fault: Fault, good: Reply): Record<string, string> {
  if (fault.after) return good.headers;
  const { location: _, ...headers } = good.headers;
  return headers;
}

function statusReply(fault: Fault, good: Reply): Reply {
  const { code, message } = internalError();
  const status = fault.status ?? 500;
  return jsonReply(status, { code: fault.code ?? code, message: fault.message ?? message }, quota(good));
}

function refusal(fault: Fault, good: Reply, error: ZohoError): Reply {
  const envelope = { code: error.code, message: fault.message ?? error.message };
  return jsonReply(fault.status ?? error.status, envelope, quota(good));
}

function rateLimit(code: number | undefined): ZohoError {
  if (code === 45) return tooManyPerDay(5000);
  return code === 1070 ? tooManyAtOnce() : tooManyPerMinute();
}

function quota(good: Reply): Record<string, string> {
  return Object.fromEntries(Object.entries(good.headers).filter(([name]) => name.startsWith('x-rate-limit-')));
}

function isOauth(arrival: Arrival): boolean {
  return arrival.path.startsWith('/oauth/');
}

const MAINTENANCE_PAGE = `<!doctype html>
<html lang="en"><head><title>Zoho - Maintenance</title></head>
<body><h1>We'll be back shortly</h1><p>Our servers are being maintained. Please try again after some time.</p></body></html>
`;
