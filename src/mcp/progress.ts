import type { JSONRPCMessage, ProgressToken, RequestId, Transport } from '@modelcontextprotocol/server';

/** The time between two notifications. Hosts cancel a call after a minute without a notification. */
const EVERY_MS = 5_000;

/**
 * Sends progress notifications over the transport while a call waits for Zoho, for a lock or for the user, if the client asked for them.
 */
export function reportingProgress<T extends Transport>(transport: T, everyMs: number = EVERY_MS): T {
  const reporting = new Map<RequestId, NodeJS.Timeout>();
  /** One counter for all calls, so that it grows within each call. */
  let progress = 0;
  const send = transport.send.bind(transport);
  const stop = (id: RequestId | undefined) => {
    if (id === undefined) return;
    clearInterval(reporting.get(id));
    reporting.delete(id);
  };
  /** The protocol requires that `progress` grows within a call. The timer here and the call itself both send notifications. */
  const counted = (message: JSONRPCMessage): JSONRPCMessage =>
    ({ ...message, params: { ...(message as { params?: object }).params, progress: (progress += 1) } }) as JSONRPCMessage;
  const report = (id: RequestId, progressToken: ProgressToken) => {
    let times = 0;
    const timer = setInterval(() => {
      times += 1;
      const message = `In progress for ${Math.round((times * everyMs) / 1000)} s: waiting for Zoho or for the user.`;
      send(counted({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, message } })).catch(() => stop(id));
    }, everyMs);
    timer.unref();
    stop(id);
    reporting.set(id, timer);
  };

  let received: Transport['onmessage'];
  Object.defineProperty(transport, 'onmessage', {
    get: () => received,
    set(listener: NonNullable<Transport['onmessage']>) {
      received = (message: JSONRPCMessage, ...rest: unknown[]) => {
        const { id, method, params } = message as {
          id?: RequestId;
          method?: string;
          params?: { _meta?: { progressToken?: ProgressToken }; requestId?: RequestId };
        };
        const token = params?._meta?.progressToken;
        if (method === 'tools/call' && id !== undefined && token !== undefined) report(id, token);
        if (method === 'notifications/cancelled') stop(params?.requestId);
        (listener as (message: JSONRPCMessage, ...rest: unknown[]) => void)(message, ...rest);
      };
    },
  });
  return Object.assign(transport, {
    async send(...[message, options]: Parameters<Transport['send']>) {
      if ('id' in message && !('method' in message)) stop(message.id);
      await send('method' in message && message.method === 'notifications/progress' ? counted(message) : message, options);
    },
  });
}
