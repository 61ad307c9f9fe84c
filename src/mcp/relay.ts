import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server';

export type Received = Parameters<NonNullable<Transport['onmessage']>>;

/** Wraps a transport. `receive` gets each message before the server does, and passes it on or not. `sent` runs after each sent message. */
export function relay(
  inner: Transport,
  receive: (received: Received, pass: (...received: Received) => void) => void,
  sent: (message: JSONRPCMessage) => void = () => undefined,
): Transport {
  const outer: Transport = {
    start: () => inner.start(),
    close: () => inner.close(),
    async send(...[message, options]: Parameters<Transport['send']>) {
      await inner.send(message, options);
      sent(message);
    },
    setProtocolVersion: (version) => inner.setProtocolVersion?.(version),
  };
  Object.assign(inner, {
    onmessage: (...received: Received) => receive(received, (...passed) => outer.onmessage?.(...passed)),
    onerror: (error: Error) => outer.onerror?.(error),
    onclose: () => outer.onclose?.(),
  });
  return outer;
}
