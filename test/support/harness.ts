import { Client as ModernClient, InMemoryTransport } from '@modelcontextprotocol/client';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport as OlderTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { createLog } from '../../src/cli/log.ts';
import { endpoints } from '../../src/endpoints/index.ts';
import type { Workflow } from '../../src/workflow.ts';
import { workflows } from '../../src/workflows/index.ts';
import type { Endpoint } from '../../src/endpoint.ts';
import { reportingProgress } from '../../src/mcp/progress.ts';
import { serverFactory } from '../../src/mcp/server.ts';
import { createAccessTokens } from '../../src/zoho/access-token.ts';
import { createZoho, type Zoho } from '../../src/zoho/client.ts';
import { createLimits, type LimitsOptions } from '../../src/zoho/limits.ts';
import { openShared, type Shared } from '../../src/zoho/shared.ts';
import { createHttp, type HttpOptions } from '../../src/zoho/http.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDeliveries, type Deliveries } from '../../src/mcp/deliveries.ts';
import type { ConfirmMode } from '../../src/write/confirm.ts';
import type { Call } from '../../src/write/call.ts';
import { perform } from '../../src/write/perform.ts';
import { writesSettled } from '../../src/write/send.ts';
import type { Policy } from '../../src/write/policy.ts';
import { openRoad, type OpenRoad } from '../../src/write/road.ts';
import type { Timings } from '../../src/write/timings.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';
import { olderValidators, validators } from './validators.ts';

/** The sandbox on a free port, our server on it, and a real MCP client, in one call. */

/** Who talks to us: the client of today's hosts, and the current SDK's in both protocol eras. */
export const kinds = ['older SDK', 'current SDK, 2025 era', 'current SDK, 2026-07-28'] as const;
export type Kind = (typeof kinds)[number];

export interface ToolResult {
  readonly isError?: boolean | undefined;
  readonly content: { readonly type: string; readonly text?: string; readonly uri?: string; readonly mimeType?: string }[];
  /** There in every answer, errors included. */
  readonly structuredContent: Record<string, unknown>;
}

/** What both SDK generations' clients can do, under one type. */
export interface McpClient {
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<unknown>;
  listTools(): Promise<{
    tools: {
      name: string;
      inputSchema: Record<string, unknown>;
      outputSchema?: Record<string, unknown>;
      annotations?: Record<string, unknown>;
    }[];
  }>;
  listResources(): Promise<{ resources: { uri: string; name: string; title?: string }[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: { uriTemplate: string; name: string }[] }>;
  readResource(request: { uri: string }): Promise<{ contents: { uri: string; mimeType?: string; text?: string; blob?: string }[] }>;
  complete(request: {
    ref: { type: 'ref/resource'; uri: string };
    argument: { name: string; value: string };
    context?: { arguments?: Record<string, string> };
  }): Promise<{ completion: { values: string[] } }>;
  getServerVersion(): { name: string; title?: string; version: string } | undefined;
  getInstructions(): string | undefined;
  close(): Promise<void>;
}

export interface Harness {
  readonly kind: Kind;
  readonly client: McpClient;
  /** The client as its own SDK knows it, for what the two generations do differently. */
  readonly ownClient: ModernClient | OlderClient;
  readonly sandbox: Sandbox;
  readonly zoho: Zoho;
  readonly opened: OpenRoad;
  /** Where journal and turns are. */
  readonly dir: string;
  readonly shared: Shared;
  /** Every line of the log at its most talkative, as JSON. */
  readonly logged: readonly string[];
  /** Calls a tool; `result.structuredContent` is there even for errors. */
  call(name: string, args?: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly kind?: Kind;
  readonly sandbox?: SandboxOptions;
  readonly http?: HttpOptions;
  readonly limits?: Partial<LimitsOptions>;
  /** Another Zoho than the sandbox. */
  readonly at?: { readonly apiBaseUrl: string; readonly accountsUrl: string };
  /** Other credentials than the sandbox's own. */
  readonly as?: Partial<Pick<Sandbox, 'client_id' | 'client_secret' | 'refresh_token' | 'organization_id'>>;
  /** How often a call that is under way is told of. */
  readonly progressMs?: number;
  readonly endpoints?: readonly Endpoint[];
  readonly workflows?: readonly Workflow[];
  readonly asSandbox?: boolean;
  /** Consent; `host` unless said, so that a test of something else is asked nothing. */
  readonly confirm?: ConfirmMode;
  readonly policy?: Policy | undefined;
  readonly timings?: Partial<Timings>;
  readonly uniqueField?: string;
  /** Journal and turns, shared with another harness; a folder of its own unless said. */
  readonly stateDir?: string;
  /** A sandbox that another harness started. */
  readonly on?: Sandbox;
  /** Answers of the person behind the client, to questions in the order they come. Without it the client cannot ask. */
  readonly person?: (question: string, choices: readonly Choice[]) => PersonAnswer | Promise<PersonAnswer>;
}

/** One of the records that a question offers to choose from. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}

export type PersonAnswer =
  | { readonly action: 'accept'; readonly content: Record<string, boolean | string> }
  | { readonly action: 'decline' | 'cancel' };

export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const sandbox = options.on ?? (await startSandbox(options.sandbox ?? {}));
  const http = createHttp(options.http);
  const {
    client_id: clientId,
    client_secret: clientSecret,
    refresh_token: refreshToken,
    organization_id: organizationId,
  } = { ...sandbox, ...options.as };
  const logged: string[] = [];
  const log = createLog({ level: 'debug', json: true, write: (line) => void logged.push(line) });
  const shared = await openShared('memory');
  const tokens = createAccessTokens({
    http,
    accountsUrl: options.at?.accountsUrl ?? sandbox.accounts_url,
    credentials: async () => ({ clientId, clientSecret, refreshToken }),
    shared,
    log,
  });
  const limits = createLimits({ shared, pauseMs: 10, perMinute: 100_000, ...options.limits });
  const zoho = createZoho({
    http,
    tokens,
    limits,
    shared,
    log,
    apiBaseUrl: options.at?.apiBaseUrl ?? sandbox.api_base_url,
    organizationId,
    retryDelayMs: 10,
  });
  const dir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'zoho-payments-'));
  const opened = await openRoad({
    dir,
    zoho,
    endpoints,
    policy: options.policy ?? {},
    mode: options.confirm ?? 'host',
    caller: 'local',
    uniqueField: options.uniqueField,
    timings: { lookMs: 500, ...options.timings },
    journal: { durable: false },
  });
  const deliveries = createDeliveries(
    ({ entry, state }) => void opened.road.journal.add(entry, { type: 'delivered', state }).catch(() => undefined),
  );
  const books = {
    endpoints: options.endpoints ?? endpoints,
    workflows: options.workflows ?? workflows,
    zoho,
    reader: async (signal: AbortSignal | undefined) => zoho.until(signal),
    write: (call: Call) => perform(call, opened.road),
    journal: async () => opened.road.journal,
    sandbox: options.asSandbox ?? false,
    version: '0.0.0-test',
    log,
    quota: () => limits.quota(),
  };
  const { client, stop } = await connectTo(serverFactory(books, deliveries), deliveries, options);
  return {
    kind: options.kind ?? 'current SDK, 2026-07-28',
    client: client as unknown as McpClient,
    ownClient: client,
    sandbox,
    zoho,
    opened,
    dir,
    shared,
    logged,
    call: async (name, args = {}) => (await client.callTool({ name, arguments: args })) as ToolResult,
    close: async () => {
      await client.close();
      await stop();
      await writesSettled();
      await opened.close();
      await http.close();
      shared.close();
      if (options.on === undefined) await sandbox.close();
      if (options.stateDir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

type Factory = Parameters<typeof serveStdio>[0];

async function connectTo(
  factory: Factory,
  deliveries: Deliveries,
  { kind = 'current SDK, 2026-07-28', person, progressMs }: HarnessOptions,
): Promise<{ client: ModernClient | OlderClient; stop: () => Promise<void> }> {
  const clientInfo = { name: 'test', version: '1.0.0' };
  const capabilities = person === undefined ? {} : { elicitation: { form: {} } };
  if (kind === 'older SDK') {
    const [near, far] = OlderTransport.createLinkedPair();
    const server = serveStdio(factory, { transport: deliveries.over(reportingProgress(far as unknown as InMemoryTransport, progressMs)) });
    const client = new OlderClient(clientInfo, { capabilities, jsonSchemaValidator: olderValidators as never });
    if (person) client.setRequestHandler(ElicitRequestSchema, async ({ params }) => await person(params.message, choicesOf(params)));
    await client.connect(near);
    return { client, stop: () => server.close() };
  }
  const [near, far] = InMemoryTransport.createLinkedPair();
  const server = serveStdio(factory, { transport: deliveries.over(reportingProgress(far, progressMs)) });
  const mode = kind === 'current SDK, 2026-07-28' ? { pin: '2026-07-28' } : ('legacy' as const);
  const client = new ModernClient(clientInfo, { capabilities, jsonSchemaValidator: validators, versionNegotiation: { mode } });
  if (person) client.setRequestHandler('elicitation/create', async ({ params }) => await person(params.message, choicesOf(params)));
  await client.connect(near);
  return { client, stop: () => server.close() };
}

function choicesOf(params: object): Choice[] {
  const { which } =
    (params as { requestedSchema?: { properties?: { which?: { enum?: string[]; enumNames?: string[] } } } }).requestedSchema?.properties ??
    {};
  return (which?.enum ?? []).map((id, i) => ({ id, text: which?.enumNames?.[i] ?? id }));
}

/** The text a model reads. */
export function textOf(result: ToolResult): string {
  return result.content.map((block) => block.text ?? '').join('\n');
}
