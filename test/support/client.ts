import { Client as ModernClient, InMemoryTransport, type Transport } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport as OlderTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { serveBooks, type BooksToServe, type ServeOptions } from '../../src/mcp/serve.ts';
import { olderValidators, validators } from './validators.ts';

/** The kinds of clients: the older SDK that many hosts still use, and the current SDK with both eras of the protocol. */
export const kinds = ['older SDK', 'current SDK, 2025 era', 'current SDK, 2026-07-28'] as const;
export type Kind = (typeof kinds)[number];

export interface ToolResult {
  readonly isError?: boolean | undefined;
  readonly content: { readonly type: string; readonly text?: string; readonly uri?: string; readonly mimeType?: string }[];
  /** Present in every answer, errors included. */
  readonly structuredContent: Record<string, unknown>;
}

/** Answers the server's questions. Without it, the client does not support elicitation. */
export type Person = (question: string, choices: readonly Choice[]) => PersonAnswer | Promise<PersonAnswer>;

/** One of the records that a question offers as choices. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}

export type PersonAnswer =
  | { readonly action: 'accept'; readonly content: Record<string, boolean | string> }
  | { readonly action: 'decline' | 'cancel' };

export interface Connected {
  readonly client: ModernClient | OlderClient;
  call(name: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>;
  close(): Promise<void>;
}

/** Starts a server on these books and a connected client, both in this process. */
export async function connectTo(
  books: BooksToServe,
  { kind, person, ...options }: ServeOptions & { readonly kind: Kind; readonly person?: Person | undefined },
): Promise<Connected> {
  const client = kind === 'older SDK' ? olderClient(person) : modernClient(kind, person);
  const [near, far] = kind === 'older SDK' ? OlderTransport.createLinkedPair() : InMemoryTransport.createLinkedPair();
  // The transports of both SDKs behave the same, but their types differ in the messages that they know.
  const server = serveBooks(books, far as Transport, options);
  await client.connect(near as never);
  return {
    client,
    call: (name, args, signal) => callTool(client, name, args, signal),
    async close() {
      await client.close();
      await server.close();
    },
  };
}

export async function callTool(
  client: ModernClient | OlderClient,
  name: string,
  args: Record<string, unknown> = {},
  signal?: AbortSignal,
): Promise<ToolResult> {
  const [call, options] = [{ name, arguments: args }, signal && { signal }];
  const result = client instanceof OlderClient ? await client.callTool(call, undefined, options) : await client.callTool(call, options);
  return result as ToolResult;
}

const clientInfo = { name: 'test', version: '1.0.0' };

/** A client of the current SDK, for either era. */
export function modernClient(kind: Exclude<Kind, 'older SDK'>, person: Person | undefined): ModernClient {
  const client = new ModernClient(clientInfo, {
    capabilities: capabilitiesOf(person),
    jsonSchemaValidator: validators,
    versionNegotiation: { mode: kind === 'current SDK, 2026-07-28' ? { pin: '2026-07-28' } : 'legacy' },
  });
  if (person)
    client.setRequestHandler('elicitation/create', async ({ params }) => await person(params.message, choicesOf(params as ChoiceForm)));
  return client;
}

export function olderClient(person: Person | undefined): OlderClient {
  const client = new OlderClient(clientInfo, { capabilities: capabilitiesOf(person), jsonSchemaValidator: olderValidators as never });
  if (person)
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => await person(params.message, choicesOf(params as ChoiceForm)));
  return client;
}

const capabilitiesOf = (person: Person | undefined) => (person === undefined ? {} : { elicitation: { form: {} } });

interface ChoiceForm {
  readonly requestedSchema?: {
    readonly properties?: {
      readonly which?: {
        readonly enum?: readonly string[];
        readonly enumNames?: readonly string[];
        readonly oneOf?: readonly { readonly const: string; readonly title: string }[];
      };
    };
  };
}

function choicesOf(params: ChoiceForm): Choice[] {
  const { which } = params.requestedSchema?.properties ?? {};
  if (which?.oneOf) return which.oneOf.map(({ const: id, title: text }) => ({ id, text }));
  return (which?.enum ?? []).map((id, i) => ({ id, text: which?.enumNames?.[i] ?? id }));
}
