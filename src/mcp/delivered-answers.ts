import type { RequestId, Transport } from '@modelcontextprotocol/server';
import type { Journal } from '../write/journal/journal.ts';

/**
 * Notes which answers reached the client. Only after the client has the answer, an identical call means a new write. A cancelled call gets
 * no answer, and sending an answer to a closed host fails.
 */
export interface Deliveries {
  /** Announces that the answer to this request will report these writes. */
  expect(request: RequestId, ...told: readonly Delivery[]): void;
}

export interface Delivery {
  readonly entry: string;
  readonly state: 'recorded' | 'unknown';
}

/** The journal's note of a delivery. If the note fails, an identical later call gets the old answer again, which is safe. */
export const notingIn =
  (journal: () => Promise<Journal>) =>
  ({ entry, state }: Delivery): void =>
    void journal()
      .then((opened) => opened.add(entry, { type: 'delivered', state }))
      .catch(() => undefined);

/** Wraps the transport's `send`, to see which answers of a connection go out. */
export function deliveriesOver(transport: Transport, delivered: (told: Delivery) => void): Deliveries {
  const expected = new Map<RequestId, readonly Delivery[]>();
  const send = transport.send.bind(transport);
  Object.assign(transport, {
    async send(...[message, options]: Parameters<Transport['send']>) {
      await send(message, options);
      const id = 'id' in message && !('method' in message) ? message.id : undefined;
      const told = id === undefined ? undefined : expected.get(id);
      if (id === undefined || told === undefined) return;
      expected.delete(id);
      told.forEach(delivered);
    },
  });
  return { expect: (request, ...told) => void expected.set(request, told) };
}
