import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Serves web-standard requests with Node's HTTP server: limits for slow and large requests, and answers with backpressure. */

/** A request whose body was not read yet, so that a refusal reads nothing. */
export interface Arrival {
  /** Without its body. Aborted if the client leaves before it has the answer. */
  readonly request: Request;
  /** The address at the other end of the connection. */
  readonly peer: string;
  /** Reads the body. Undefined if it has more than `most` bytes. */
  body(most: number): Promise<Buffer | undefined>;
  /** Resolves when the answer was handed over completely (true), or when the client left before that (false). */
  readonly handedOver: Promise<boolean>;
}

export type Answering = (asked: Arrival) => Promise<Response>;

export interface Listening {
  readonly address: AddressInfo;
  close(): Promise<void>;
}

const SERVER_OPTIONS = {
  maxHeaderSize: 16_384,
  /** For all headers. */
  headersTimeout: 10_000,
  /** For headers and body. It does not limit how long the answer takes. */
  requestTimeout: 30_000,
  /** How often Node looks for connections beyond these limits. */
  connectionsCheckingInterval: 1_000,
  /** Longer than the minute after which most load balancers close an idle connection. */
  keepAliveTimeout: 65_000,
} as const;

const MOST_CONNECTIONS = 2_000;

/** How long the server reads the rest of a request that it refused, so that the client can still read the refusal. */
const LINGER_MS = 1_000;

export async function listen(
  answer: Answering,
  { host, port, options = {} }: { readonly host: string; readonly port: number; readonly options?: Partial<typeof SERVER_OPTIONS> },
): Promise<Listening> {
  const server = createServer({ ...SERVER_OPTIONS, ...options }, (req, res) => {
    void answerOne(req, res, answer).catch(() => res.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return { address: server.address() as AddressInfo, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answerOne(req: IncomingMessage, res: ServerResponse, answer: Answering): Promise<void> {
  const gone = new AbortController();
  const handedOver = new Promise<boolean>((resolve) => {
    res.once('finish', () => resolve(true));
    res.once('close', () => {
      if (!res.writableFinished) gone.abort();
      resolve(res.writableFinished);
    });
  });
  const request = requestOf(req, gone.signal);
  const peer = req.socket.remoteAddress ?? '';
  const response =
    request === undefined
      ? new Response(null, { status: 400 })
      : await answer({ request, peer, handedOver, body: (most) => bodyOf(req, most) });
  await writeAnswer(response, res);
  if (!req.complete) linger(req);
}

/** The request without its body. Undefined if its address or method is not valid. */
function requestOf({ method, url, headers }: IncomingMessage, signal: AbortSignal): Request | undefined {
  const all = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one): [string, string] => [name, one]));
  try {
    if (!url?.startsWith('/')) return undefined;
    return new Request(`http://${headers.host ?? 'localhost'}${url}`, { method: method ?? 'GET', headers: all, signal });
  } catch {
    return undefined;
  }
}

async function bodyOf(req: IncomingMessage, most: number): Promise<Buffer | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > most) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Destroying the request would also destroy the connection, and with it the answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function writeAnswer(response: Response, res: ServerResponse): Promise<void> {
  const { connection, ...headers } = Object.fromEntries(response.headers) as Record<string, string>;
  // Only Node knows whether the connection stays open, unless the answer ends it.
  if (connection === 'close') res.setHeader('connection', connection);
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream') {
    const body = Buffer.from(await response.arrayBuffer());
    return void res.writeHead(response.status, { ...headers, 'content-length': body.length }).end(body);
  }
  res.writeHead(response.status, headers);
  res.flushHeaders();
  // Fails if the client leaves, which also cancels the stream.
  await pipeline(Readable.fromWeb(response.body as never), res).catch(() => undefined);
}

function linger(req: IncomingMessage): void {
  req.resume();
  setTimeout(() => req.complete || req.destroy(), LINGER_MS).unref();
}
