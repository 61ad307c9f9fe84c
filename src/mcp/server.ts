import { McpServer, type McpRequestContext } from '@modelcontextprotocol/server';
import { toolsets } from '../endpoints/index.ts';
import type { Books } from './books.ts';
import type { Deliveries } from './deliveries.ts';
import { icons } from './icon.ts';
import { instructionsFor } from './instructions.ts';
import { addListWrites, listWrites } from './list-writes.ts';
import { createLookups } from './lookups.ts';
import { addPrompts } from './prompts.ts';
import type { Edge } from './render.ts';
import { touchedBy } from './resource-uris.ts';
import { addResources } from './resources.ts';
import { addTools, type OnWritten } from './tools.ts';

/** Makes the server for each connection; what the connections share is made once, here. */
export function serverFactory(books: Books, deliveries: Deliveries): (context: McpRequestContext) => McpServer {
  const lookups = createLookups(books);
  const tools = [...books.workflows, ...books.endpoints];
  const hasWrites = books.workflows.length > 0 || toolsets.payments.some((endpoint) => books.endpoints.includes(endpoint));
  const names = new Set([...tools, ...(hasWrites ? [listWrites] : [])].map(({ name }) => name));
  const edge: Edge = { offered: names, sandbox: books.sandbox };
  const instructions = instructionsFor(names, { sandbox: books.sandbox, readOnly: tools.every(({ method }) => method === 'GET') });

  return ({ era }) => {
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
      },
    );
    // Up to 2025-11-25 a client subscribes to an address; from 2026-07-28 the entry point filters what we send.
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
    addTools({ server, books, deliveries, onWritten, edge });
    if (names.has(listWrites.name)) addListWrites(server, books, edge);
    addResources(server, books, lookups, edge);
    addPrompts(server, books, lookups);
    return server;
  };
}
