import type { RequestId, Transport } from '@modelcontextprotocol/server';

/**
 * Notes which answers reached the client. Only after the client has the answer, an identical call means a new write. A cancelled call gets
 * no answer, and sending an answer to a closed host fails.
 */
export interface Deliveries {
  /** Announces that the answer to this request will report this write. */
  expect(request: RequestId, told: Delivery): void;
  /** Wraps the transport's `send`, to see which answers go out. */
  over<T extends Transport>(transport: T): T;
}

export interface Delivery {
  readonly entry: string;
  readonly state: 'recorded' | 'unknown';
}

export function createDeliveries(delivered: (told: Delivery) => void): Deliveries {
  const expected = new Map<RequestId, Delivery>();
  return {
    expect: (request, told) => void expected.set(request, told),
    over(transport) {
      const send = transport.send.bind(transport);
      return Object.assign(transport, {
        async send(...[message, options]: Parameters<Transport['send']>) {
          await send(message, options);
          const id = 'id' in message && !('method' in message) ? message.id : undefined;
          const told = id === undefined ? undefined : expected.get(id);
          if (id === undefined || told === undefined) return;
          expected.delete(id);
          delivered(told);
        },
      });
    },
  };
}
