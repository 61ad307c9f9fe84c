import { PROTOCOL_VERSION_META_KEY, ProtocolErrorCode, type RequestId, type Transport } from '@modelcontextprotocol/server';
import { relay, type Received } from './relay.ts';

interface Message {
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> };
}

/**
 * Wraps a transport, so that the server answers only `ping` before the handshake; the SDK would answer any request. Messages that arrive
 * during the handshake wait for its end. Since revision 2026-07-28 there is no handshake: each request carries its revision in `_meta`. The
 * server does not wait for the notification `initialized`, because old clients do not send it. The SDK answers a second `initialize`,
 * because a proxy sends one when its own client reconnects.
 */
export function handshakeFirst(inner: Transport): Transport {
  let initialized = false;
  /** Id of the `initialize` that is not answered yet. */
  let handshake: RequestId | undefined;
  let waiting: Received[] = [];
  /** True after a request with revision 2026-07-28 or later: notifications without a revision are then allowed. */
  let modern = false;

  const receive = (received: Received, pass: (...received: Received) => void): void => {
    const { id, method, params } = received[0] as Message;
    const isRequest = method !== undefined && id !== undefined;
    if (initialized || method === undefined) return pass(...received);
    if (handshake !== undefined) return void waiting.push(received);
    if (params?._meta !== undefined && Object.hasOwn(params._meta, PROTOCOL_VERSION_META_KEY)) {
      if (isRequest && method !== 'server/discover') modern = true;
      return pass(...received);
    }
    if (!isRequest) return modern ? pass(...received) : undefined;
    if (method === 'initialize') {
      handshake = id;
      return pass(...received);
    }
    const answer = method === 'ping' ? { result: {} } : { error: { code: ProtocolErrorCode.InvalidRequest, message: NOT_INITIALIZED } };
    inner.send({ jsonrpc: '2.0', id, ...answer }).catch((error: unknown) => outer.onerror?.(error as Error));
  };

  const outer = relay(inner, receive, (message) => {
    const answered = message as { readonly id?: RequestId; readonly method?: string };
    if (handshake === undefined || answered.method !== undefined || answered.id !== handshake) return;
    initialized = 'result' in message;
    handshake = undefined;
    const held = waiting;
    waiting = [];
    for (const received of held) receive(received, (...passed) => outer.onmessage?.(...passed));
  });
  return outer;
}

const NOT_INITIALIZED =
  'This connection is not initialized. Send `initialize` first; ' +
  'from revision 2026-07-28 on, send the revision in `_meta` of each request instead.';
