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
  /** How often a client hears that its call is still under way. */
  readonly progressMs?: number | undefined;
  /** How long an answer of the person is waited for. */
  readonly answerMs?: number | undefined;
  readonly onerror?: (error: Error) => void;
  /** Called when the connection is closed, by whichever side. */
  readonly onclose?: () => void;
}

/** Books as they are given. Hints name the program itself, unless `started` tells how it was started. */
export type BooksToServe = Omit<Books, 'started'> & { readonly started?: Started | undefined };

/** Serves MCP over one connection to one host: these books, in whichever protocol revision it speaks. */
export function serveBooks(
  { started = startedByName, ...others }: BooksToServe,
  connection: Transport,
  { progressMs, answerMs, onerror, onclose }: ServeOptions = {},
): { close(): Promise<void> } {
  const books: Books = { ...others, started };
  const deliveries = createDeliveries((told) => {
    // Not noted, the same call is answered from the journal once more: late, and not wrong.
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
