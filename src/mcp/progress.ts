import type { JSONRPCMessage, ProgressToken, RequestId, Transport } from '@modelcontextprotocol/server';

/** A host gives up on a call after a minute, unless it hears of it. */
const EVERY_MS = 5_000;

/**
 * The same transport, telling clients that want to know that their call is still under way: while it waits for Zoho, for its turn,
 * or for a person's answer.
 */
export function reportingProgress<T extends Transport>(transport: T, everyMs: number = EVERY_MS): T {
  const reporting = new Map<RequestId, NodeJS.Timeout>();
  const send = transport.send.bind(transport);
  const stop = (id: RequestId | undefined) => {
    if (id === undefined) return;
    clearInterval(reporting.get(id));
    reporting.delete(id);
  };
  const report = (id: RequestId, progressToken: ProgressToken) => {
    let progress = 0;
    const timer = setInterval(() => {
      progress += 1;
      const message = `Under way for ${Math.round((progress * everyMs) / 1000)} s: waiting for Zoho, or for an answer of the user.`;
      send({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress, message } }).catch(() => stop(id));
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
        const { id, method, params } = message as { id?: RequestId; method?: string; params?: { _meta?: { progressToken?: ProgressToken }; requestId?: RequestId } };
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
      await send(message, options);
    },
  });
}
