import { McpServer, type McpRequestContext } from '@modelcontextprotocol/server';
import { isWrite } from '../workflow.ts';
import { createLookups } from './completions.ts';
import type { Deliveries } from './delivered-answers.ts';
import { icons } from './icon.ts';
import { instructionsFor } from './instructions.ts';
import { ANSWER_MS, createAsking, ShownQuestions } from './person.ts';
import { addPrompts } from './prompts.ts';
import type { Edge } from './render.ts';
import { touchedBy } from './resource-uris.ts';
import { addResources } from './resources.ts';
import type { Books } from './server-dependencies.ts';
import { addRefused } from './switched-off.ts';
import { addTools, toolsOf, type OnWritten } from './tools.ts';

export interface FactoryOptions {
  deliveries(context: McpRequestContext): Deliveries;
  /** How long the server waits for the user's answer. */
  readonly answerMs?: number | undefined;
  /** Time between two progress notifications. */
  readonly progressMs?: number | undefined;
}

/** Returns a function that makes the server of a connection. Makes what all connections share only once. */
export function serverFactory(
  books: Books,
  { deliveries, answerMs = ANSWER_MS, progressMs }: FactoryOptions,
): (context: McpRequestContext) => McpServer {
  const lookups = createLookups(books);
  const tools = toolsOf(books);
  const names = new Set(tools.map(({ name }) => name));
  const edge: Edge = { offered: names, sandbox: books.sandbox, started: books.started };
  const shown = new ShownQuestions();
  const instructions = instructionsFor(names, { sandbox: books.sandbox, readOnly: !tools.some(isWrite) });

  return (context) => {
    const { era } = context;
    const server = new McpServer(
      {
        name: 'zoho-payments-mcp',
        title: books.sandbox ? 'Zoho Payments (SANDBOX)' : 'Zoho Payments',
        version: books.version,
        icons,
      },
      {
        capabilities: { resources: { subscribe: true } },
        instructions,
        // For clients before 2026-07-28, `person.ts` asks instead of the SDK: it has a fallback if the client fails to ask.
        inputRequired: { legacyShim: false },
      },
    );
    // Up to 2025-11-25, a client subscribes to a URI. Since 2026-07-28, the SDK's entry point filters our notifications.
    const subscribed = new Set<string>();
    server.server.setRequestHandler('resources/subscribe', ({ params }) => {
      subscribed.add(params.uri);
      return {};
    });
    server.server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      subscribed.delete(params.uri);
      return {};
    });

    const onWritten: OnWritten = (input, result) => {
      lookups.forget();
      for (const uri of touchedBy(books.endpoints, input, result)) {
        if (era !== 'modern' && !subscribed.has(uri)) continue;
        server.server
          .sendResourceUpdated({ uri })
          .catch((error: unknown) =>
            books.log('warn', 'resource update not sent', { error: error instanceof Error ? error.name : typeof error }),
          );
      }
    };
    const asking = createAsking({ server, era, shown, answerMs, log: books.log });
    addTools(tools, { server, books, deliveries: deliveries(context), onWritten, asking, edge, progressMs });
    addRefused(server, tools, books, edge);
    addResources(server, books, lookups, edge);
    addPrompts(server, books, lookups);
    return server;
  };
}
