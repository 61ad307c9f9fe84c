import type { RequestId, Transport } from '@modelcontextprotocol/server';

/**
 * Whether an answer reached the client: only then is the same call again another intent. A cancelled call gets no answer, and
 * one whose host is gone cannot be written to.
 */
export interface Deliveries {
  /** The answer to this request tells of these writes. */
  expect(request: RequestId, ...told: readonly Delivery[]): void;
  /** The same transport, watched. */
  over<T extends Transport>(transport: T): T;
}

export interface Delivery {
  readonly entry: string;
  readonly state: 'recorded' | 'unknown';
}

export function createDeliveries(delivered: (told: Delivery) => void): Deliveries {
  const expected = new Map<RequestId, readonly Delivery[]>();
  return {
    expect: (request, ...told) => void expected.set(request, told),
    over(transport) {
      const send = transport.send.bind(transport);
      return Object.assign(transport, {
        async send(...[message, options]: Parameters<Transport['send']>) {
          await send(message, options);
          const id = 'id' in message && !('method' in message) ? message.id : undefined;
          const told = id === undefined ? undefined : expected.get(id);
          if (id === undefined || told === undefined) return;
          expected.delete(id);
          told.forEach(delivered);
        },
      });
    },
  };
}
