import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { endpoints, workflows } from '../../src/catalogue.ts';
import { openConnection, type ConnectionOptions } from '../../src/cli/connection.ts';
import { toolsFor, type Tools } from '../../src/cli/enabled-tools.ts';
import { createLog } from '../../src/cli/log.ts';
import { sandboxTarget } from '../../src/cli/zoho-connection.ts';
import type { Started } from '../../src/started.ts';
import { toolsetNames, type Toolset } from '../../src/toolsets.ts';
import type { BooksToServe } from '../../src/mcp/serve.ts';
import type { ConfirmMode } from '../../src/write/confirm.ts';
import { openSqliteJournal } from '../../src/write/journal/sqlite.ts';
import type { OpenRoad } from '../../src/write/open-road.ts';
import type { Policy } from '../../src/write/policy.ts';
import { writesSettled } from '../../src/write/send.ts';
import type { Zoho } from '../../src/zoho/client.ts';
import type { Shared } from '../../src/zoho/shared-state.ts';
import { connectTo, type Kind, type Person, type ToolResult } from './client.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

export { kinds, type Choice, type Kind, type PersonAnswer, type ToolResult } from './client.ts';

/** Starts the sandbox on a free port, our server, and a real MCP client, in one call. */

/** What the clients of both SDK generations have in common, as one type. */
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
  /** The client with its own SDK's type, for differences between the two generations. */
  readonly ownClient: ModernClient | OlderClient;
  readonly sandbox: Sandbox;
  /** The books that the server serves, to serve them over HTTP too. */
  readonly books: BooksToServe;
  readonly zoho: Zoho;
  readonly opened: OpenRoad;
  /** The folder of the journal and the locks. */
  readonly dir: string;
  readonly shared: Shared;
  /** All lines of the log at the most detailed level, as JSON. */
  readonly logged: readonly string[];
  /** Calls a tool. `result.structuredContent` is present even for errors. */
  call(name: string, args?: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

export interface HarnessOptions extends Pick<ConnectionOptions, 'http' | 'limits' | 'timings' | 'ask' | 'openJournal' | 'openTurns'> {
  readonly kind?: Kind;
  readonly sandbox?: SandboxOptions;
  /** Connects to this Zoho instead of the sandbox. */
  readonly at?: { readonly apiBaseUrl: string; readonly accountsUrl: string };
  /** Credentials in place of the sandbox's own. */
  readonly as?: Partial<Pick<Sandbox, 'client_id' | 'client_secret' | 'refresh_token' | 'organization_id'>>;
  /** Interval of the progress notifications during a call. */
  readonly progressMs?: number;
  /** How long the server waits for the person's answer. */
  readonly answerMs?: number;
  /** Default: all toolsets. */
  readonly toolsets?: readonly Toolset[];
  readonly readOnly?: boolean;
  /** Tools in place of those of the toolsets. */
  readonly tools?: Partial<Tools>;
  readonly asSandbox?: boolean;
  /** Default: started by its name. */
  readonly started?: Started;
  /** Consent mode. Default: `host`, so that tests of other things are not asked for consent. */
  readonly confirm?: ConfirmMode;
  readonly policy?: Policy | undefined;
  readonly uniqueField?: string;
  /** The folder of the journal and the locks, shared with another harness. Default: a new folder. */
  readonly stateDir?: string;
  /** A sandbox that another harness started. */
  readonly on?: Sandbox;
  /** The person who uses the client and gets the questions in order. Without one, the client does not support elicitation. */
  readonly person?: Person;
}

/** All tools, for tests of rules that must hold even if a tool is offered that the policy does not allow. */
export const everyTool: Tools = { endpoints, workflows };

export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const { kind = 'current SDK, 2026-07-28', policy = {}, person, progressMs, answerMs } = options;
  const sandbox = options.on ?? (await startSandbox(options.sandbox ?? {}));
  const dir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'zoho-payments-'));
  const logged: string[] = [];
  const log = createLog({ level: 'debug', json: true, write: (line) => void logged.push(line) });
  const connection = openConnection({
    target: async () => ({
      ...sandboxTarget({ ...sandbox, ...options.as }, dir),
      accountsUrl: sandbox.accounts_url,
      apiBaseUrl: sandbox.api_base_url,
      ...options.at,
    }),
    http: options.http,
    limits: { pauseMs: 10, perMinute: 100_000, ...options.limits },
    shared: 'memory',
    retryDelayMs: 10,
    policy,
    mode: options.confirm ?? 'host',
    uniqueField: options.uniqueField,
    ask: options.ask,
    // The person in a test answers at once, so fast answers must be allowed.
    timings: { lookMs: 500, fastestAnswerMs: 0, ...options.timings },
    openJournal: options.openJournal ?? ((file) => openSqliteJournal(file, { durable: false })),
    openTurns: options.openTurns,
    log,
  });
  const books = {
    ...connection,
    ...toolsFor({ readOnly: options.readOnly ?? false, toolsets: options.toolsets ?? toolsetNames, policy }),
    ...options.tools,
    sandbox: options.asSandbox ?? false,
    started: options.started,
    version: '0.0.0-test',
    log,
  };
  const { client, call, close } = await connectTo(books, { kind, person, progressMs, answerMs });
  const { zoho, shared } = await connection.wire();
  return {
    kind,
    // McpClient lists what the clients of the two generations have in common.
    client: client as unknown as McpClient,
    ownClient: client,
    sandbox,
    books,
    zoho,
    opened: await connection.road(),
    dir,
    shared,
    logged,
    call,
    close: async () => {
      await close();
      await writesSettled();
      await connection.close();
      if (options.on === undefined) await sandbox.close();
      if (options.stateDir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The error of a failed call's result. */
export const errorOf = ({ structuredContent }: ToolResult) =>
  structuredContent['error'] as { readonly code: string; readonly message: string; readonly changed: string; readonly next: string };

/** The text of a result, as a model reads it. */
export function textOf(result: ToolResult): string {
  return result.content.map((block) => block.text ?? '').join('\n');
}
