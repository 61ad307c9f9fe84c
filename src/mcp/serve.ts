import type { Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { startedByName, type Started } from '../started.ts';
import { keepingArguments } from './arguments.ts';
import { createDeliveries, type Delivery } from './delivered-answers.ts';
import { handshakeFirst } from './handshake.ts';
import { reportingProgress } from './progress.ts';
import type { Books } from './server-dependencies.ts';
import { serverFactory } from './server.ts';
import { explainingSwitchedOff } from './switched-off.ts';

export interface ServeOptions {
  /** Time between two progress notifications. */
  readonly progressMs?: number | undefined;
  /** How long the server waits for the user's answer. */
  readonly answerMs?: number | undefined;
  readonly onerror?: (error: Error) => void;
  /** Called when either side closes the connection. */
  readonly onclose?: () => void;
}

/** Books to serve. Without `started`, texts name the program as `zoho-payments-mcp`. */
export type BooksToServe = Omit<Books, 'started'> & { readonly started?: Started | undefined };

/** Serves the books to one host over one connection, in the host's protocol revision. */
export function serveBooks(
  { started = startedByName, ...others }: BooksToServe,
  connection: Transport,
  { progressMs, answerMs, onerror, onclose }: ServeOptions = {},
): { close(): Promise<void> } {
  const books: Books = { ...others, started };
  const deliveries = createDeliveries((told) => {
    // If this note fails, an identical later call gets the old answer from the journal again, which is safe.
    void noteDelivery(books, told).catch(() => undefined);
  });
  const transport = deliveries.over(
    reportingProgress(explainingSwitchedOff(handshakeFirst(keepingArguments(connection)), books), progressMs),
  );
  const server = serveStdio(serverFactory(books, deliveries, answerMs), { transport, ...(onerror && { onerror }) });
  const { onclose: ofTheSdk } = transport;
  Object.assign(transport, {
    onclose: () => {
      ofTheSdk?.();
      onclose?.();
    },
  });
  return server;
}

async function noteDelivery({ journal }: Books, { entry, state }: Delivery): Promise<void> {
  await (await journal()).add(entry, { type: 'delivered', state });
}
