import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod';
import { toRequest, type Json, type ReadEndpoint, type Reader, type ZohoRequest } from '../endpoint.ts';
import { BusyError, InputError, PaymentsError } from '../errors.ts';
import type { AccessTokens } from './access-token.ts';
import { failureOf, networkFailure } from './failure.ts';
import { NetworkError, type Http } from './http.ts';
import { readAnswer, type Answer } from './zoho-answer.ts';

/** Zoho Books over HTTP. Reads are repeated when that can help; a write is sent once. */

export interface ZohoOptions {
  readonly http: Http;
  readonly tokens: AccessTokens;
  readonly apiBaseUrl: string;
  readonly organizationId: string;
  /** First wait before a read is repeated, doubled each time. Default 300 ms. */
  readonly retryDelayMs?: number | undefined;
}

export interface Document {
  readonly bytes: Buffer;
  readonly mimeType: string;
}

export interface Zoho extends Reader {
  /** The same reader, given up when `signal` says so. */
  until(signal: AbortSignal | undefined): Zoho;
  /** A read in another form than JSON: `accept=pdf`. */
  document(endpoint: ReadEndpoint, input: Json, accept: string): Promise<Document>;
  /** Sends a write, once. Cancelling stops it while it waits for a token, and no longer: half-sent money cannot be taken back. */
  send(request: ZohoRequest): Promise<Json>;
}

const ATTEMPTS = 3;
/** Past this a read is not repeated: hosts give up on a call after 60 s. */
const PATIENCE_MS = 25_000;

export function createZoho(options: ZohoOptions): Zoho {
  const { retryDelayMs = 300 } = options;
  const scopes = refusedScopes();

  const once = async (request: ZohoRequest, signal: AbortSignal | undefined): Promise<Answer> => {
    const token = await orAborted(options.tokens.get(), signal);
    const answer = await exchange(options, request, token, request.method === 'GET' ? signal : undefined);
    const failure = failureOf(answer, request, token);
    if (failure === undefined) {
      scopes.allowed(request.scope);
      return answer;
    }
    if (failure.code === 'scope_missing') scopes.refused(request.scope, token);
    if (isUnauthorized(failure) && !scopes.isMissing(request.scope)) options.tokens.reject(token);
    throw failure;
  };

  /** Repeats a read on 429, 5xx and lost answers, after a growing pause; and once, with a new token, after a 401. */
  const patiently = async (request: ZohoRequest, signal: AbortSignal | undefined): Promise<Answer> => {
    const started = performance.now();
    let freshToken = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(request, signal);
      } catch (error) {
        if (isUnauthorized(error) && !freshToken && !scopes.isMissing(request.scope)) freshToken = true;
        else if (mayPass(error) && attempt < ATTEMPTS && performance.now() - started < PATIENCE_MS) await sleep(retryDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2), undefined, { signal });
        else throw error;
      }
    }
  };

  const until = (signal: AbortSignal | undefined): Zoho => ({
    until,
    async read<P extends string, I extends z.ZodObject, O extends z.ZodObject>(endpoint: ReadEndpoint<P, I, O>, input: z.input<I>) {
      const parsed = endpoint.input.parse(input);
      const answer = await patiently(toRequest(endpoint as ReadEndpoint, parsed), signal);
      if (answer.kind !== 'json') throw new InputError('Zoho sent a document where a record was expected.', { code: 'not_a_record', next: 'Read it as a resource.' });
      return endpoint.result(answer.body, parsed);
    },
    async document(endpoint, input, accept) {
      const request = toRequest(endpoint, input);
      const answer = await patiently({ ...request, query: { ...request.query, accept } }, signal);
      if (answer.kind !== 'bytes') throw new BusyError(`Zoho sent no ${accept}.`, { code: 'no_document', next: 'Open the payment itself instead.' });
      return answer;
    },
    async send(request) {
      const answer = await once(request, signal);
      return answer.kind === 'json' ? answer.body : {};
    },
  });
  return until(undefined);
}

async function exchange({ http, apiBaseUrl, organizationId }: ZohoOptions, request: ZohoRequest, token: string, signal: AbortSignal | undefined): Promise<Answer> {
  const url = new URL(apiBaseUrl + request.path);
  url.searchParams.set('organization_id', organizationId);
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const headers = {
    authorization: `Zoho-oauthtoken ${token}`,
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  try {
    return readAnswer(await http.exchange({ method: request.method, url, headers, body, signal }));
  } catch (error) {
    if (error instanceof NetworkError) throw networkFailure(error, request);
    throw error;
  }
}

/**
 * Zoho's 57 is a scope that the credentials lack, or a token that was revoked. Refused to two tokens it is the scope: asking
 * for a third on every such call would use up the ten tokens that Zoho gives out in ten minutes.
 */
function refusedScopes() {
  const seen = new Map<string, { readonly token: string; readonly missing: boolean }>();
  return {
    refused(scope: string, token: string): void {
      const before = seen.get(scope);
      seen.set(scope, { token, missing: before !== undefined && (before.missing || before.token !== token) });
    },
    allowed: (scope: string): void => void seen.delete(scope),
    isMissing: (scope: string): boolean => seen.get(scope)?.missing === true,
  };
}

/** What others wait for too is not stopped; this caller just stops waiting. */
function orAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof PaymentsError && (error.code === 'access_token_rejected' || error.code === 'scope_missing');
}

/** Busy, and not for the rest of the day or the token window: asking a throttled accounts server again prolongs the block. */
function mayPass(error: unknown): boolean {
  return error instanceof BusyError && error.code !== 'day_limit' && error.code !== 'token_throttled';
}
