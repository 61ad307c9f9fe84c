import type { BlockList } from 'node:net';
import {
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  hostHeaderValidationResponse,
  isJsonContentType,
  oauthMetadataResponse,
  ProtocolErrorCode,
  requireBearerAuth,
  type AuthInfo,
  type OAuthMetadata,
  type JSONRPCMessage,
} from '@modelcontextprotocol/server';
import { callerScopes } from '../caller-scopes.ts';
import { isObject } from '../json.ts';
import { keepingArguments } from '../mcp/arguments.ts';
import { MOST_MESSAGES } from '../mcp/batch.ts';
import { notingIn, type Delivery } from '../mcp/delivered-answers.ts';
import type { Books } from '../mcp/server-dependencies.ts';
import { serverFactory } from '../mcp/server.ts';
import { explainingSwitchedOff } from '../mcp/switched-off.ts';
import { withCaller, type Log } from '../trace.ts';
import { callerIn, type Callers } from './callers.ts';
import { clientAddress } from './client-address.ts';
import { corsHeaders, preflight } from './cors.ts';
import type { Arrival, Answering } from './node-server.ts';
import { createRateLimit, networkOf, type Rate } from './rate-limit.ts';

/** Decides about each HTTP request: who may enter, how much of it is read, and which part of the server answers. */

/** The endpoint of one organization. */
export interface HttpEndpoint {
  readonly path: string;
  readonly organization: string;
  readonly books: Books;
}

export interface DoorOptions {
  readonly endpoints: readonly HttpEndpoint[];
  /** The address that clients see, without a path. */
  readonly publicUrl: URL;
  /** Host names of requests, in addition to the one of the public address. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call this server. */
  readonly origins: ReadonlySet<string>;
  /** Undefined: no authentication. */
  readonly callers: Callers | undefined;
  /** Proxies whose X-Forwarded-For counts. */
  readonly trusted: BlockList;
  /** How many requests of a caller or an address the server takes in a minute, and at the same time. */
  readonly rates?: Readonly<Record<'caller' | 'address', Rate>>;
  readonly log: Log;
  /** Time between two progress notifications. */
  readonly progressMs?: number | undefined;
}

export interface Door {
  readonly answer: Answering;
  /** Refuses new calls from now on. Resolves when no call is in flight. */
  drained(): Promise<void>;
  /** Ends every call and every open stream. */
  close(): Promise<void>;
}

/** The largest call has 200 lines of a statement. */
const MOST_BODY_BYTES = 4 * 1024 * 1024;

/** Zoho allows an organization 100 calls a minute, so no caller can use more. Many callers may share an address. */
const RATES = { caller: { perMinute: 600, open: 64 }, address: { perMinute: 1_800, open: 256 } } as const;

export function createDoor({ endpoints, publicUrl, hosts, origins, callers, trusted, rates = RATES, log, progressMs }: DoorOptions): Door {
  const rooms = new Map(endpoints.map((endpoint) => [endpoint.path, openRoom(endpoint, { publicUrl, callers, log, progressMs })]));
  const allowedHosts = [...hosts, publicUrl.hostname];
  const ofAddress = createRateLimit(rates.address);
  const ofCaller = createRateLimit(rates.caller);
  let draining = false;
  let inFlight = 0;
  let whenIdle = () => {};

  const ready = async (): Promise<Response> => {
    if (draining) return Response.json({ status: 'stopping' }, { status: 503 });
    try {
      for (const { books } of endpoints) await (await books.journal()).list({ limit: 1 });
      return Response.json({ status: 'ready' });
    } catch {
      return Response.json({ status: 'the journal cannot be opened' }, { status: 503 });
    }
  };

  const enter = async (asked: Arrival): Promise<Response> => {
    const { request, peer } = asked;
    const { pathname } = new URL(request.url);
    // Load balancers call these by address, so the host name is not checked.
    if (pathname === '/healthz') return Response.json({ status: 'ok' });
    if (pathname === '/readyz') return await ready();
    const room = rooms.get(pathname);
    const described = [...rooms.values()].find(({ metadataPath }) => metadataPath === pathname);
    if (room === undefined && described === undefined) return refusedWith(404, 'Not found: the endpoint of this server is /mcp');
    const origin = request.headers.get('origin');
    const stranger = hostHeaderValidationResponse(request, allowedHosts);
    if (stranger !== undefined) return stranger;
    if (room === undefined) return described!.metadata(request) ?? refusedWith(404, 'Not found');
    if (origin !== null && !origins.has(origin)) return refusedWith(403, 'Web pages of this origin may not call this server');
    if (request.method === 'OPTIONS') return preflight(request);
    if (draining) return refusedWith(503, 'This server is stopping', { 'retry-after': '5', connection: 'close' });

    const address = clientAddress(peer, request.headers.get('x-forwarded-for') ?? undefined, trusted);
    // The client may have left already.
    const atEnd = (end: () => void) => void asked.handedOver.then(end);
    // Programs of this machine share one address.
    const turn = LOOPBACK.test(address) ? undefined : ofAddress.begin(networkOf(address));
    if (turn !== undefined && 'retryAfter' in turn) return tooMany(turn.retryAfter);
    if (turn !== undefined) atEnd(turn.end);
    const auth = await room.gate?.(request);
    if (auth instanceof Response) return auth;
    const caller = callerIn(auth);
    const callersTurn = caller && ofCaller.begin(caller.name);
    if (callersTurn !== undefined && 'retryAfter' in callersTurn) return tooMany(callersTurn.retryAfter);
    if (callersTurn !== undefined) atEnd(callersTurn.end);
    return await withCaller({ caller: caller?.name, organization: room.organization }, async () => {
      const body = await readMessages(asked);
      if (body instanceof Response) return body;
      if (!isListening(body)) {
        inFlight += 1;
        atEnd(() => {
          inFlight -= 1;
          if (inFlight === 0) whenIdle();
        });
      }
      return await room.answer(asked, body, auth);
    });
  };

  return {
    async answer(asked) {
      const { request } = asked;
      const response = await enter(asked);
      if (response.status >= 400) log('info', 'request refused', { method: request.method, status: response.status });
      for (const [name, value] of corsHeaders(request, origins)) response.headers.append(name, value);
      if (draining) response.headers.set('connection', 'close');
      return response;
    },
    async drained() {
      draining = true;
      if (inFlight > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
    },
    async close() {
      await Promise.all([...rooms.values()].map((room) => room.close()));
    },
  };
}

const LOOPBACK = /^(127\.|::1$)/;

/** The part of the door for one organization. */
function openRoom(
  { path, organization, books }: HttpEndpoint,
  { publicUrl, callers, log, progressMs }: Pick<DoorOptions, 'publicUrl' | 'callers' | 'log' | 'progressMs'>,
) {
  const resource = new URL(path, publicUrl);
  const metadataUrl = callers?.issuer && getOAuthProtectedResourceMetadataUrl(resource);
  const told = new WeakMap<Request, Delivery[]>();
  const explained = explainingSwitchedOff(books);
  const factory = serverFactory(books, {
    deliveries: ({ requestInfo }) => ({ expect: (_, ...writes) => void (requestInfo && told.get(requestInfo)?.push(...writes)) }),
    caller: ({ authInfo }) => callerIn(authInfo),
    onChanged: (uri) => handler.notify.resourceUpdated(uri),
    progressMs,
  });
  const handler = createMcpHandler(factory, {
    maxRequestBodySize: MOST_BODY_BYTES,
    onerror: (error) => log('info', 'request failed', { error: error.name }),
  });
  const delivered = notingIn(books.journal);
  return {
    organization,
    metadataPath: metadataUrl && new URL(metadataUrl).pathname,
    metadata: (request: Request) =>
      callers?.issuer === undefined
        ? undefined
        : oauthMetadataResponse(request, {
            // Only the issuer is used here: clients read the rest from the issuer itself.
            oauthMetadata: { issuer: callers.issuer } as OAuthMetadata,
            resourceServerUrl: resource,
            scopesSupported: [...callerScopes],
            resourceName: books.sandbox ? 'Zoho Payments (SANDBOX)' : 'Zoho Payments',
          }),
    gate:
      callers &&
      requireBearerAuth({
        verifier: callers.verifier(resource),
        expectedResource: resource,
        ...(metadataUrl && { resourceMetadataUrl: metadataUrl }),
      }),
    async answer({ request, handedOver }: Arrival, body: Messages | undefined, authInfo: AuthInfo | undefined): Promise<Response> {
      const messages = Array.isArray(body) ? body.map(keepingArguments) : body && keepingArguments(body);
      const why = messages === undefined || Array.isArray(messages) ? undefined : await explained(messages);
      if (why !== undefined) return Response.json(why);
      const writes: Delivery[] = [];
      told.set(request, writes);
      void handedOver.then((whole) => whole && writes.forEach(delivered));
      return await handler.fetch(request, { ...(authInfo && { authInfo }), ...(messages && { parsedBody: messages }) });
    },
    close: () => handler.close(),
  };
}

type Messages = JSONRPCMessage | JSONRPCMessage[];

/** The JSON-RPC messages of a POST, or the refusal. Undefined for a request without a body, which the SDK answers. */
async function readMessages({ request, body }: Arrival): Promise<Messages | Response | undefined> {
  if (request.method !== 'POST') return undefined;
  if (!isJsonContentType(request.headers.get('content-type'))) return refusedWith(415, 'Content-Type must be application/json');
  const bytes = await body(MOST_BODY_BYTES);
  if (bytes === undefined) return refusedWith(413, 'The request is larger than 4 MB, so nothing was done');
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return refusedWith(400, 'The body is not JSON', {}, ProtocolErrorCode.ParseError);
  }
  const all = [parsed].flat();
  if (all.length > MOST_MESSAGES) return refusedWith(400, `The batch has more than ${MOST_MESSAGES} messages, so nothing was done`);
  if (all.length === 0 || !all.every(isObject))
    return refusedWith(400, 'The body is not a JSON-RPC message', {}, ProtocolErrorCode.InvalidRequest);
  return parsed as Messages;
}

/** A stream of notifications, which stays open as long as the client wants. */
const isListening = (body: Messages | undefined): boolean =>
  !Array.isArray(body) && (body as { method?: string } | undefined)?.method === 'subscriptions/listen';

const tooMany = (seconds: number) => refusedWith(429, 'Too many requests', { 'retry-after': String(seconds) });

/** The code of the SDK for requests that HTTP refuses. */
const REFUSED = -32_000;

function refusedWith(status: number, message: string, headers: Record<string, string> = {}, code: number = REFUSED): Response {
  return Response.json({ jsonrpc: '2.0', id: null, error: { code, message: `${message}.` } }, { status, headers });
}
