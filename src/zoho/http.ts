import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { buildConnector, EnvHttpProxyAgent, errors, Pool, request, type Dispatcher } from 'undici';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import { orAborted } from '../machine/or-aborted.ts';

/** One HTTP exchange, bounded in time and size, over the office's proxy if there is one. */

export interface HttpOptions {
  /** Proxies as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Loopback is never proxied. */
  readonly proxy?:
    | { readonly http?: string | undefined; readonly https?: string | undefined; readonly no?: string | undefined }
    | undefined;
  /** For one exchange, from connecting to the last byte. Default 20 s. */
  readonly timeoutMs?: number | undefined;
  /** The most bytes of a response that are read. Default 16 MiB. */
  readonly maxResponseBytes?: number | undefined;
}

export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
  /** Its caller wants no answer any more, and gets the reason. */
  readonly signal?: AbortSignal | undefined;
  /** Its time is over, if that is sooner than `timeoutMs`. */
  readonly deadline?: AbortSignal | undefined;
  /**
   * For a request that must not be made twice or late: it gets a connection of its own, asks `mayGo` in the very tick of the
   * socket write, and is never sent when that says no. When its answer does not come in time its connection is reset.
   */
  readonly once?: { readonly mayGo: () => boolean } | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
  /** Closes the connection that this came over, and every other to the same server that is kept: what is on them cannot be trusted. */
  disconnect(): void;
}

/** Where a request came to its end before it was sent: at a proxy, which answered something other than a way through, or nothing. */
export interface AtProxy {
  /** Host and port. Its address may hold a password. */
  readonly proxy: string;
  /** Host and port that it was asked to connect to. */
  readonly target: string;
  /** HTTP status of its own answer, if there was one. */
  readonly status?: number | undefined;
}

/** No whole response came. `sent` tells whether the request was handed to a socket: if not, it was never made. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly sent: boolean;
  readonly timedOut: boolean;
  readonly atProxy: AtProxy | undefined;

  constructor(
    message: string,
    { sent, timedOut = false, atProxy, cause }: { sent: boolean; timedOut?: boolean; atProxy?: AtProxy | undefined; cause?: unknown },
  ) {
    super(message, { cause });
    this.sent = sent;
    this.timedOut = timedOut;
    this.atProxy = atProxy;
  }
}

export interface Http {
  exchange(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export function createHttp({ proxy = {}, timeoutMs = 20_000, maxResponseBytes = 16 * 1024 * 1024 }: HttpOptions = {}): Http {
  /** Connections that a proxy was asked for, and has not made yet. */
  const asked = new Set<AtProxy>();
  const options = {
    clientFactory: proxyClient(asked, timeoutMs),
    // Empty strings rather than undefined: undici would read the process's environment itself.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    // undici knows the wildcard only when nothing else is in the list.
    noProxy: proxy.no?.split(/[,\s]/).includes('*') ? '*' : [...LOOPBACK_HOSTS, proxy.no].filter(Boolean).join(','),
    maxResponseSize: maxResponseBytes,
    connect: { timeout: Math.min(10_000, timeoutMs) },
    // The exchange has its own deadline; undici's coarse timers would only blur it.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  /** Kept connections, by the origin of the server. */
  const agents = new Map<string, EnvHttpProxyAgent>();
  const agentFor = (origin: string): EnvHttpProxyAgent => {
    const agent = agents.get(origin) ?? new EnvHttpProxyAgent(options);
    agents.set(origin, agent);
    return agent;
  };

  return {
    async exchange({ method, url, headers, body, signal, deadline, once }) {
      let sent = false;
      let tooLate = false;
      const own = once && ownConnection(options);
      const agent = own?.agent ?? agentFor(url.origin);
      const disconnect = () => {
        // Others may have found the same, and new connections be there already.
        if (agents.get(url.origin) !== agent) return;
        agents.delete(url.origin);
        void agent.destroy(new errors.SocketError('answers out of step'));
      };
      const noteSent: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
        dispatch(options, {
          onRequestStart: (controller, context) => {
            if (once?.mayGo() === false) {
              tooLate = true;
              controller.abort(new Error('too late'));
              return;
            }
            sent = true;
            handler.onRequestStart?.(controller, context);
          },
          onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
          onResponseStart: (...args) => handler.onResponseStart?.(...args),
          onResponseData: (...args) => handler.onResponseData?.(...args),
          onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
          onResponseError: (...args) => handler.onResponseError?.(...args),
        });
      const timeout = AbortSignal.timeout(timeoutMs);
      const end = AbortSignal.any([signal, deadline, timeout].filter((one) => one !== undefined));
      try {
        const options = { method, headers, ...(body !== undefined && { body }), dispatcher: agent.compose(noteSent), signal: end };
        // undici itself would first wait until it is connected.
        const response = await orAborted(request(url, options), end);
        const bytes = Buffer.from(await response.body.arrayBuffer());
        return { status: response.statusCode, headers: response.headers, bytes, disconnect };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (end.aborted) own?.reset();
        const late = timeout.aborted
          ? `no answer within ${timeoutMs / 1000} s`
          : deadline?.aborted
            ? 'no answer in the time that was left for it'
            : undefined;
        const atProxy = sent
          ? undefined
          : error instanceof ProxyError
            ? error.at
            : late === undefined
              ? undefined
              : [...asked].find(({ target }) => target === hostAndPort(url));
        throw new NetworkError(tooLate ? 'this process was held up before it could be sent' : (late ?? reasonOf(error)), {
          sent,
          timedOut: late !== undefined,
          atProxy,
          cause: error,
        });
      } finally {
        void own?.agent.destroy();
      }
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
    },
  };
}

/** A proxy did not make a connection. Told by a class of its own: undici tries again for ever where the error is one of its sockets'. */
class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly at: AtProxy;

  constructor(message: string, at: AtProxy, cause?: unknown) {
    super(message, { cause });
    this.at = at;
  }
}

/** What asks a proxy for connections: every request goes through one, to https and to http alike. */
function proxyClient(asked: Set<AtProxy>, timeoutMs: number) {
  return (address: URL, options: object): Dispatcher => {
    const pool = new Pool(address, options);
    const ask = pool.connect.bind(pool) as (params: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;
    const connect = async (params: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
      const at = { proxy: hostAndPort(address), target: String(params.path) };
      asked.add(at);
      try {
        const answer = await ask({ ...params, signal: AbortSignal.timeout(timeoutMs) });
        if (answer.statusCode === 200) return answer;
        answer.socket.on('error', () => undefined).destroy();
        throw new ProxyError(`HTTP ${answer.statusCode}`, { ...at, status: answer.statusCode });
      } catch (error) {
        throw error instanceof ProxyError ? error : new ProxyError(reasonOf(error), at, error);
      } finally {
        asked.delete(at);
      }
    };
    return Object.assign(pool, { connect });
  };
}

function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/** A connection that nothing else uses: an idle one could be closed by the other side just when the request is written. */
function ownConnection(options: EnvHttpProxyAgent.Options & { readonly connect: { readonly timeout: number } }) {
  const sockets: Socket[] = [];
  const connect = buildConnector(options.connect);
  const agent = new EnvHttpProxyAgent({
    ...options,
    connect: (target, done) =>
      connect(target, (...result) => {
        if (result[1] instanceof Socket) sockets.push(result[1]);
        done(...result);
      }),
  });
  return {
    agent,
    /** So that what is still in a buffer is not delivered after we gave up. */
    reset(): void {
      for (const socket of sockets) {
        try {
          socket.resetAndDestroy();
        } catch {
          // Only plain TCP can be reset; a TLS connection is closed.
          socket.destroy();
        }
      }
    },
  };
}

/** In words where they are known, else the system's code (`ECONNREFUSED`) or its message; none holds request data. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  if (error instanceof ProxyError) return error.message;
  if (error instanceof errors.ResponseExceededMaxSizeError) return 'the answer was too large';
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof errors.SocketError || code === 'ECONNRESET' || code === 'EPIPE') return 'the connection broke';
  return typeof code === 'string' ? code : error.message;
}
