import { Buffer } from 'node:buffer';
import { Socket } from 'node:net';
import { buildConnector, EnvHttpProxyAgent, errors, Pool, request, type Dispatcher } from 'undici';
import { LOOPBACK_HOSTS } from '../machine/loopback.ts';
import { orAborted } from '../machine/or-aborted.ts';

/** HTTP exchanges with limits for time and size, through a proxy if one is configured. */

export interface HttpOptions {
  /** Proxies as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Loopback is never proxied. */
  readonly proxy?:
    | { readonly http?: string | undefined; readonly https?: string | undefined; readonly no?: string | undefined }
    | undefined;
  /** The time limit of one exchange, from the connection to the last byte. Default: 20 s. */
  readonly timeoutMs?: number | undefined;
  /** The largest response in bytes. Default: 16 MiB. */
  readonly maxResponseBytes?: number | undefined;
}

export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
  /** Aborts when the caller no longer wants an answer. `exchange` then throws its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts at the call's deadline, if it is earlier than `timeoutMs`. */
  readonly deadline?: AbortSignal | undefined;
  /**
   * Set for a request that must not be sent twice or late. The request gets its own connection. `mayGo` is called in the same tick as the
   * socket write; if it returns false, the request is never sent. If the answer does not come in time, the connection is reset.
   */
  readonly once?: { readonly mayGo: () => boolean } | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
  /** Closes all kept connections to this server. For a response that shows that the answers on these connections cannot be trusted. */
  disconnect(): void;
}

/** A proxy that stopped a request before it was sent: it refused the connection, or did not answer. */
export interface AtProxy {
  /** Host and port only, because the proxy's address may hold a password. */
  readonly proxy: string;
  /** Host and port of the requested connection. */
  readonly target: string;
  /** HTTP status of the proxy's own answer, if there was one. */
  readonly status?: number | undefined;
}

/** No complete response arrived. `sent` is false if the request never reached a socket. */
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
  /** Connections that were requested from a proxy and are not open yet. */
  const asked = new Set<AtProxy>();
  const options = {
    clientFactory: proxyClient(asked, timeoutMs),
    // Empty strings instead of undefined, because for undefined undici would read the process's environment.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    // undici accepts the wildcard only if the list holds nothing else.
    noProxy: proxy.no?.split(/[,\s]/).includes('*') ? '*' : [...LOOPBACK_HOSTS, proxy.no].filter(Boolean).join(','),
    maxResponseSize: maxResponseBytes,
    connect: { timeout: Math.min(10_000, timeoutMs) },
    // The exchange has its own deadline; undici's timers are less exact.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  /** Connections that stay open, by origin. */
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
        // Another call may have closed these connections and opened new connections.
        if (agents.get(url.origin) !== agent) return;
        agents.delete(url.origin);
        void agent.destroy(new errors.SocketError('answers are mixed up'));
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
        // undici itself would wait for the connection first.
        const response = await orAborted(request(url, options), end);
        const bytes = Buffer.from(await response.body.arrayBuffer());
        return { status: response.statusCode, headers: response.headers, bytes, disconnect };
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        if (end.aborted) own?.reset();
        const late = timeout.aborted
          ? `no answer within ${timeoutMs / 1000} s`
          : deadline?.aborted
            ? 'no answer before the deadline of the call'
            : undefined;
        const atProxy = sent
          ? undefined
          : error instanceof ProxyError
            ? error.at
            : late === undefined
              ? undefined
              : [...asked].find(({ target }) => target === hostAndPort(url));
        throw new NetworkError(tooLate ? 'this process was delayed too long before it could send the request' : (late ?? reasonOf(error)), {
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

/** The error if a proxy made no connection. It must not be a socket error of undici, because undici retries these forever. */
class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly at: AtProxy;

  constructor(message: string, at: AtProxy, cause?: unknown) {
    super(message, { cause });
    this.at = at;
  }
}

/** Makes the client that requests connections from a proxy, for https and http. */
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

/** A new connection for one request. On an idle kept connection, the server could close it just when the request is written. */
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
    /** Resets the connection, so that buffered data is not delivered after this program stopped waiting. */
    reset(): void {
      for (const socket of sockets) {
        try {
          socket.resetAndDestroy();
        } catch {
          // Only plain TCP can be reset; a TLS connection is destroyed.
          socket.destroy();
        }
      }
    },
  };
}

/** A short reason: the system's code (`ECONNREFUSED`) or its message. It holds no request data. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection failed';
  if (error instanceof ProxyError) return error.message;
  if (error instanceof errors.ResponseExceededMaxSizeError) return 'the answer was too large';
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof errors.SocketError || code === 'ECONNRESET' || code === 'EPIPE') return 'the connection broke';
  return typeof code === 'string' ? code : error.message;
}
