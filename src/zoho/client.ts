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
  /** Sends a write, once. The caller's cancellation no longer stops it: half-sent money cannot be taken back. */
  send(request: ZohoRequest): Promise<Json>;
}

const ATTEMPTS = 3;
/** Past this a read is not repeated: hosts give up on a call after 60 s. */
const PATIENCE_MS = 25_000;

export function createZoho(options: ZohoOptions): Zoho {
  const { retryDelayMs = 300 } = options;

  const once = async (request: ZohoRequest, signal: AbortSignal | undefined): Promise<Answer> => {
    const token = await options.tokens.get();
    const answer = await exchange(options, request, token, signal);
    if (answer.status === 401) options.tokens.reject(token);
    const failure = failureOf(answer, request);
    if (failure !== undefined) throw failure;
    return answer;
  };

  /** Repeats a read on 429, 5xx and lost answers, after a growing pause; and once, with a new token, after a 401. */
  const patiently = async (request: ZohoRequest, signal: AbortSignal | undefined): Promise<Answer> => {
    const started = performance.now();
    let freshToken = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(request, signal);
      } catch (error) {
        if (isUnauthorized(error) && !freshToken) freshToken = true;
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
      const answer = await once(request, undefined);
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

function isUnauthorized(error: unknown): boolean {
  return error instanceof PaymentsError && (error.code === 'access_token_rejected' || error.code === 'scope_missing');
}

/** Busy, and not for the rest of the day or the token window: asking a throttled accounts server again prolongs the block. */
function mayPass(error: unknown): boolean {
  return error instanceof BusyError && error.code !== 'day_limit' && error.code !== 'token_throttled';
}
