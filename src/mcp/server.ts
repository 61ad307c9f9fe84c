import { McpServer, type McpRequestContext } from '@modelcontextprotocol/server';
import * as catalogue from '../catalogue.ts';
import type { PaymentsError } from '../errors.ts';
import { isWrite } from '../workflow.ts';
import { beyondScopes, READING, scopeFor, type Caller } from './caller.ts';
import { createLookups, type Lookups } from './completions.ts';
import type { Deliveries } from './delivered-answers.ts';
import { icons } from './icon.ts';
import { instructionsFor } from './instructions.ts';
import { ANSWER_MS, createAsking, ShownQuestions } from './person.ts';
import { promptsOf } from './prompts.ts';
import type { Edge } from './render.ts';
import { touchedBy } from './resource-uris.ts';
import { resourcesOf } from './resources.ts';
import type { Books } from './server-dependencies.ts';
import { addRefused } from './switched-off.ts';
import { addTools, toolsOf, type OnWritten, type Tool } from './tools.ts';

export interface FactoryOptions {
  deliveries(context: McpRequestContext): Deliveries;
  /** Who calls over HTTP. Undefined for the person on this machine. */
  caller?(context: McpRequestContext): Caller | undefined;
  /** Over HTTP, a server lives for one request. Then the listening clients hear of a changed resource in this way. */
  readonly onChanged?: ((uri: string) => void) | undefined;
  /** How long the server waits for the user's answer. */
  readonly answerMs?: number | undefined;
  /** Time between two progress notifications. */
  readonly progressMs?: number | undefined;
}

/** What a caller may see and use. */
interface View {
  readonly tools: readonly Tool[];
  readonly edge: Edge;
  readonly instructions: string;
  /** The tools that are not shown, but whose calls get a result with the reason. */
  readonly refused: ReadonlyMap<string, PaymentsError>;
  /** Registers the resources and prompts. */
  addOthers(server: McpServer): void;
}

/** Returns a function that makes the server of a connection or of an HTTP request. Makes what all of them share only once. */
export function serverFactory(
  books: Books,
  { deliveries, caller: callerOf = () => undefined, onChanged, answerMs = ANSWER_MS, progressMs }: FactoryOptions,
): (context: McpRequestContext) => McpServer {
  const lookups = createLookups(books);
  const shown = new ShownQuestions();
  const viewOf = viewsOf(books, lookups);

  return (context) => {
    const { era } = context;
    const caller = callerOf(context);
    const { tools, edge, instructions, refused, addOthers } = viewOf(caller);
    // Without a session, a client of an older revision cannot get notifications later.
    const canSubscribe = onChanged === undefined || era === 'modern';
    const server = new McpServer(
      {
        name: 'zoho-payments-mcp',
        title: books.sandbox ? 'Zoho Payments (SANDBOX)' : 'Zoho Payments',
        version: books.version,
        icons,
      },
      {
        capabilities: { resources: canSubscribe ? { subscribe: true } : {} },
        instructions,
        // For clients before 2026-07-28, `person.ts` asks instead of the SDK: it has a fallback if the client fails to ask.
        inputRequired: { legacyShim: false },
      },
    );
    const changed = onChanged ?? sendingTo(server, era, books);
    const onWritten: OnWritten = (input, result) => {
      lookups.forget();
      for (const uri of touchedBy(books.endpoints, input, result)) changed(uri);
    };
    const asking = createAsking({ server, era, shown, answerMs, log: books.log });
    const served = caller === undefined ? books : { ...books, ...books.as(caller.name) };
    addTools(tools, { server, books: served, deliveries: deliveries(context), onWritten, asking, edge, progressMs });
    addRefused(server, tools, refused, books, edge);
    addOthers(server);
    return server;
  };
}

/** Returns the view of each caller. Callers with the same scopes share a view. */
function viewsOf(books: Books, lookups: Lookups): (caller: Caller | undefined) => View {
  const { sandbox, started, switchedOff = new Map<string, PaymentsError>() } = books;
  const all = toolsOf(books);
  const forbidden = [...catalogue.endpoints, ...catalogue.workflows].flatMap(({ name }) => {
    const why = all.some((tool) => tool.name === name) ? undefined : switchedOff.get(name);
    return why?.code === 'against_policy' ? [[name, why] as const] : [];
  });
  const made = new Map<string, View>();
  return (caller) => {
    const scopes = caller?.seesOwn ? caller.scopes : undefined;
    const key = scopes === undefined ? 'everything' : [...scopes].toSorted().join(' ');
    const known = made.get(key);
    if (known !== undefined) return known;
    const tools = all.filter((tool) => scopes === undefined || scopes.has(scopeFor(tool)));
    const offered = new Set(tools.map(({ name }) => name));
    const edge = { offered, sandbox, started };
    const addResources = scopes === undefined || scopes.has(READING) ? resourcesOf(books, lookups, edge) : undefined;
    const addPrompts = promptsOf(tools, books, lookups);
    const view: View = {
      tools,
      edge,
      instructions: instructionsFor(offered, { sandbox, readOnly: !tools.some(isWrite) }),
      refused: new Map([
        ...forbidden,
        ...all.filter((tool) => !tools.includes(tool)).map((tool) => [tool.name, beyondScopes(tool)] as const),
      ]),
      addOthers: (server) => {
        addResources?.(server);
        addPrompts(server);
      },
    };
    made.set(key, view);
    return view;
  };
}

/** Tells the client of this connection that a resource changed. */
function sendingTo({ server }: McpServer, era: McpRequestContext['era'], { log }: Books): (uri: string) => void {
  // Up to 2025-11-25, a client subscribes to a URI. Since 2026-07-28, the SDK's entry point filters our notifications.
  const subscribed = new Set<string>();
  server.setRequestHandler('resources/subscribe', ({ params }) => {
    subscribed.add(params.uri);
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', ({ params }) => {
    subscribed.delete(params.uri);
    return {};
  });
  return (uri) => {
    if (era !== 'modern' && !subscribed.has(uri)) return;
    server
      .sendResourceUpdated({ uri })
      .catch((error: unknown) => log('warn', 'resource update not sent', { error: error instanceof Error ? error.name : typeof error }));
  };
}
