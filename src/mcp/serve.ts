import type { Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { startedByName, type Started } from '../started.ts';
import { keepingArguments } from './arguments.ts';
import { deliveriesOver, notingIn } from './delivered-answers.ts';
import { handshakeFirst } from './handshake.ts';
import { relay } from './relay.ts';
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
  const explained = explainingSwitchedOff(books);
  const transport = relay(handshakeFirst(connection), ([received, ...rest], pass) => {
    const message = keepingArguments(received);
    const refusal = explained(message);
    if (refusal === undefined) pass(message, ...rest);
    else refusal.then((answer) => transport.send(answer)).catch((fault: unknown) => transport.onerror?.(fault as Error));
  });
  const deliveries = deliveriesOver(transport, notingIn(books.journal));
  const server = serveStdio(serverFactory(books, { deliveries: () => deliveries, answerMs, progressMs }), {
    transport,
    ...(onerror && { onerror }),
  });
  const { onclose: ofTheSdk } = transport;
  Object.assign(transport, {
    onclose: () => {
      ofTheSdk?.();
      onclose?.();
    },
  });
  return server;
}
