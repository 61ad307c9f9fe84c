import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import { createAnswerCache, type AnswerCache } from '../answer-cache.ts';
import { toRequest, type ReadTool, type Reader, type ZohoRequest } from '../endpoint.ts';
import { BusyError, InputError, OutcomeUnknownError, PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { orAborted } from '../machine/or-aborted.ts';
import { MINUTE_MS } from '../time.ts';
import { silent, type Log } from '../trace.ts';
import type { AccessTokens } from './access-token.ts';
import { createClock, momentNow, type Clock } from './clock.ts';
import { anotherRecord, failureOf, networkFailure, unnamedRecord } from './failure.ts';
import { NetworkError, type Http, type HttpRequest, type HttpResponse } from './http.ts';
import { dayUsedUp, type Limits, type Place, type Why } from './limits.ts';
import { createMissingScopes } from './missing-scopes.ts';
import { notStoppedWith } from './call-end.ts';
import { holdsSomething, readAnswer, wholeNumber, type ZohoAnswer } from './response-body.ts';
import type { Shared } from './shared-state.ts';

/** Zoho Books over HTTP. Reads are retried if that can help; a write is sent once. */

export interface ZohoOptions {
  readonly http: Http;
  readonly tokens: Pick<AccessTokens, 'get' | 'reject'>;
  readonly limits: Limits;
  readonly shared: Shared;
  readonly log?: Log | undefined;
  readonly apiBaseUrl: string;
  /** Empty only for a client that lists the organizations. */
  readonly organizationId: string;
  /** The wait before the first retry of a read, doubled each time. Default: 300 ms. */
  readonly retryDelayMs?: number | undefined;
  /** Called with each answer that Zoho sent to a read. Answers from the cache are not repeated. */
  readonly onRead?: ((endpoint: ReadTool, result: Json) => void) | undefined;
}

export interface Document {
  readonly bytes: Buffer;
  readonly mimeType: string;
}

export interface Zoho extends Reader {
  /** The same reader, but its reads stop when `signal` aborts. */
  until(signal: AbortSignal | undefined): Zoho;
  /** Reads a record in another format than JSON, such as `accept=pdf`. */
  document(endpoint: ReadTool, input: Json, accept: string): Promise<Document>;
  /**
   * Sends a write. Sends it again only if Zoho refused it because of its token (once) or a rate limit. A write cannot be cancelled, because
   * Zoho may have received it already. `note` is awaited before each sending. If `note` and all other steps before the socket write take
   * longer than `fenceMs`, the write is not sent. If `deadline` passes before the sending, the write is not sent, and `send` throws the
   * deadline's reason; if it passes before the answer, the answer is lost.
   */
  send(
    request: ZohoRequest,
    options?: { readonly fenceMs?: number; readonly note?: () => Promise<void>; readonly deadline?: AbortSignal | undefined },
  ): Promise<Json>;
}

const ATTEMPTS = 3;
const MOST_REFUSED = 2;
const SETTLED_MS = 10 * MINUTE_MS;
/** How long `recent` answers are cached: long enough for the calls that answer one question of a user. */
const RECENT_MS = 20_000;
const FENCE_MS = 5_000;
/** The error codes of the limits, with Zoho's codes. */
const limitCodes = new Map<string, Why>([
  ['minute_limit', '44'],
  ['day_limit', '45'],
  ['concurrency_limit', '1070'],
]);
/** After this time a read is not retried, because hosts cancel a call after 60 s. */
const RETRY_PATIENCE_MS = 25_000;

export function createZoho(options: ZohoOptions): Zoho {
  const { retryDelayMs = 300, log = silent } = options;
  const scopes = createMissingScopes(options.shared);
  /** Tokens that Zoho refused since the last success. If Zoho refuses two new tokens, it would refuse a third token too. */
  const refusedTokens = new Set<string>();

  const clock = createClock();
  const recent = createAnswerCache(RECENT_MS);
  const settled = createAnswerCache(SETTLED_MS);

  /** Makes one exchange. Takes a place in the rate limits and gives it back. */
  const once = async (
    request: ZohoRequest,
    token: string,
    place: Place,
    { mayGo, ...bounds }: { signal?: AbortSignal | undefined; deadline?: AbortSignal | undefined; mayGo?: () => boolean },
  ): Promise<Answered> => {
    const began = performance.now();
    const note = (facts: Parameters<Log>[2]) =>
      log('debug', `${request.method} ${request.path.replaceAll(/\/\d+/g, '/{id}')}`, {
        ...facts,
        ms: Math.round(performance.now() - began),
      });
    const { answer, headers, location, disconnect } = await exchange(options, request, token, {
      ...bounds,
      once: mayGo && { mayGo },
      clock,
    })
      .catch(async (error: unknown) => {
        note({ error: error instanceof PaymentsError ? error.code : 'given up' });
        await place.leave().catch(() => undefined);
        throw error;
      })
      .finally(() => {
        // This also drops cached answers to reads that ran during the write.
        if (request.method !== 'GET') recent.forget();
      });
    note({ status: answer.status, code: answer.kind === 'json' ? wholeNumber(answer.body['code']) : undefined });
    const failure = withZohoId(location, failureOf(answer, request, token));
    const refused = limitCodes.get(failure?.code ?? '');
    // If the call cannot be counted, its answer must still not be lost or delayed.
    const left = place.leave({ headers, refused }).catch(() => undefined);
    const until = refused === undefined ? undefined : await left;
    if (failure === undefined) {
      scopes.allowed(request.scope, token);
      refusedTokens.clear();
      return { answer, disconnect };
    }
    if (failure.code === 'day_limit' && until !== undefined) throw dayUsedUp(until, failure.zoho);
    if (until !== undefined) failure.retryAt = new Date(until);
    if (failure.code === 'scope_missing') await scopes.refused(request.scope, token);
    if (failure.code === 'access_token_rejected') refusedTokens.add(token);
    if (isUnauthorized(failure) && !scopes.isMissing(request.scope) && refusedTokens.size < MOST_REFUSED) options.tokens.reject(token);
    throw failure;
  };

  /** Closes the connections and clears the caches after an answer to another request: earlier and later answers may be wrong too. */
  const distrust = (disconnect: () => void): void => {
    disconnect();
    recent.forget();
    settled.forget();
  };

  /** Retries a read after 429, 5xx and lost answers, with growing pauses; and once with a new token after 401. */
  const patiently = async (request: ZohoRequest, signal: AbortSignal | undefined): Promise<Answered> => {
    const started = performance.now();
    let freshToken = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const token = await orAborted(options.tokens.get(), signal);
        return await once(request, token, await options.limits.enter('read', signal), { signal });
      } catch (error) {
        if (isUnauthorized(error) && !freshToken && !scopes.isMissing(request.scope) && refusedTokens.size < MOST_REFUSED)
          freshToken = true;
        else if (!mayPass(error) || attempt >= ATTEMPTS || performance.now() - started >= RETRY_PATIENCE_MS) throw error;
        // After a rate limit, `limits.enter` pauses all calls.
        else if (!isLimit(error))
          await sleep(retryDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), undefined, { signal }).catch(() =>
            signal?.throwIfAborted(),
          );
      }
    }
  };

  const until = (signal: AbortSignal | undefined): Zoho => {
    // One call may wait for many reads, and each read adds a listener. This is not a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    return reading(signal);
  };

  /** Reads through a cache. A read that several callers wait for does not stop when one of them aborts. */
  const keeping = (kept: AnswerCache, signal: AbortSignal | undefined): Reader => ({
    organizationId: options.organizationId,
    clock: clock.now,
    get recent() {
      return keeping(recent, signal);
    },
    get settled() {
      return keeping(settled, signal);
    },
    read: (endpoint, input) =>
      orAborted(
        kept.get(endpoint, input, () => until(notStoppedWith(signal)).read(endpoint, input)),
        signal,
      ),
  });

  const reading = (signal: AbortSignal | undefined): Zoho => ({
    until,
    organizationId: options.organizationId,
    clock: clock.now,
    recent: keeping(recent, signal),
    settled: keeping(settled, signal),
    async read<P extends string, I extends z.ZodObject, O extends z.ZodObject>(endpoint: ReadTool<P, I, O>, input: z.input<I>) {
      const parsed = endpoint.input.parse(input);
      const request = toRequest(endpoint as ReadTool, parsed);
      const { answer, disconnect } = await patiently(request, signal);
      if (answer.kind !== 'json') {
        distrust(disconnect);
        throw new InputError('Zoho sent a document instead of a record.', {
          code: 'not_a_record',
          next: 'Read the document as a resource.',
        });
      }
      const shown = endpoint.shows?.(answer.body, parsed);
      if (shown === 'another' || (shown === 'none' && holdsSomething(answer.body))) {
        distrust(disconnect);
        throw anotherRecord(request);
      }
      if (shown === 'unnamed') throw unnamedRecord(request);
      try {
        const result = endpoint.result(answer.body, parsed);
        options.onRead?.(endpoint as ReadTool, result as Json);
        return result;
      } catch (error) {
        // The request was for a list, but the answer is something else.
        if (holdsSomething(answer.body)) distrust(disconnect);
        throw error;
      }
    },
    async document(endpoint, input, accept) {
      const request = toRequest(endpoint, input);
      const { answer, disconnect } = await patiently({ ...request, query: { ...request.query, accept } }, signal);
      if (answer.kind !== 'bytes') {
        distrust(disconnect);
        throw new BusyError(`Zoho sent no ${accept}.`, { code: 'no_document', next: 'Read the payment itself instead.' });
      }
      return answer;
    },
    async send(request, { fenceMs = FENCE_MS, note, deadline } = {}) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const token = await orAborted(options.tokens.get(), deadline);
          const place = await options.limits.enter('write', deadline);
          // The fence must start before the note, because the note stores the latest time at which the write can be sent.
          const mayGo = fence(fenceMs);
          await note?.().catch(async (error: unknown) => {
            await place.leave().catch(() => undefined);
            throw error;
          });
          const { answer } = await once(request, token, place, { mayGo, deadline });
          return answer.kind === 'json' ? answer.body : {};
        } catch (error) {
          // In both cases Zoho itself reported that it did nothing.
          const refusedToken = isUnauthorized(error) && !scopes.isMissing(request.scope);
          const refusedForNow = isLimit(error) && error.code !== 'day_limit' && error.zoho !== undefined;
          if (attempt >= ATTEMPTS || !(refusedForNow || (refusedToken && attempt === 1))) throw error;
        }
      }
    },
  });
  return until(undefined);
}

interface Answered extends Pick<HttpResponse, 'disconnect'> {
  readonly answer: ZohoAnswer;
}

interface Exchange extends Pick<HttpRequest, 'signal' | 'deadline' | 'once'> {
  readonly clock: Clock;
}

async function exchange(
  { http, apiBaseUrl, organizationId }: ZohoOptions,
  request: ZohoRequest,
  token: string,
  { clock, ...bounds }: Exchange,
): Promise<Answered & { readonly headers: HttpResponse['headers']; readonly location: string | undefined }> {
  const url = new URL(apiBaseUrl + request.path);
  if (organizationId !== '') url.searchParams.set('organization_id', organizationId);
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const headers = {
    authorization: `Zoho-oauthtoken ${token}`,
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const asked = momentNow();
  try {
    const response = await http.exchange({ method: request.method, url, headers, body, ...bounds });
    clock.read(response.headers['date'], asked);
    return {
      answer: readAnswer(response),
      headers: response.headers,
      disconnect: response.disconnect,
      location: /\/(\d+)$/.exec(String(response.headers['location'] ?? ''))?.[1],
    };
  } catch (error) {
    if (error instanceof NetworkError) throw networkFailure(error, request);
    throw error;
  }
}

/** Adds the id of the new record to the error: even if the body of a 201 is broken, its Location header names the record. */
function withZohoId(zoho_id: string | undefined, failure: PaymentsError | undefined): PaymentsError | undefined {
  if (!(failure instanceof OutcomeUnknownError) || zoho_id === undefined) return failure;
  const { message, next, zoho, cause } = failure;
  return new OutcomeUnknownError(message, { next, zoho, cause, zoho_id });
}

/** Returns a check whether a write may still be sent. It fails if one of the two clocks shows that the process was delayed. */
function fence(fenceMs: number): () => boolean {
  const [ticks, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - ticks, Date.now() - wall) <= fenceMs;
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof PaymentsError && (error.code === 'access_token_rejected' || error.code === 'scope_missing');
}

function isLimit(error: unknown): error is BusyError {
  return error instanceof BusyError && limitCodes.has(error.code);
}

/** Errors for which an immediate retry does not help, or makes the block longer. */
const lasting = new Set(['day_limit', 'token_throttled', 'connection_held']);

/** True if a retry may succeed. False after a throttled token request, because a retry would prolong the block. */
function mayPass(error: unknown): boolean {
  return error instanceof BusyError && !lasting.has(error.code) && !(isLimit(error) && error.zoho === undefined);
}
