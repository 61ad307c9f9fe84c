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

/** The sandbox on a free port, our server on it, and a real MCP client, in one call. */

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

export interface HarnessOptions extends Pick<ConnectionOptions, 'http' | 'limits' | 'timings' | 'ask'> {
  readonly kind?: Kind;
  readonly sandbox?: SandboxOptions;
  /** Another Zoho than the sandbox. */
  readonly at?: { readonly apiBaseUrl: string; readonly accountsUrl: string };
  /** Other credentials than the sandbox's own. */
  readonly as?: Partial<Pick<Sandbox, 'client_id' | 'client_secret' | 'refresh_token' | 'organization_id'>>;
  /** How often a call that is under way is told of. */
  readonly progressMs?: number;
  /** How long an answer of the person is waited for. */
  readonly answerMs?: number;
  /** All of them unless said. */
  readonly toolsets?: readonly Toolset[];
  readonly readOnly?: boolean;
  /** Other tools than those of the toolsets. */
  readonly tools?: Partial<Tools>;
  readonly asSandbox?: boolean;
  /** By its name unless said. */
  readonly started?: Started;
  /** Consent; `host` unless said, so that a test of something else is asked nothing. */
  readonly confirm?: ConfirmMode;
  readonly policy?: Policy | undefined;
  readonly uniqueField?: string;
  /** Journal and turns, shared with another harness; a folder of its own unless said. */
  readonly stateDir?: string;
  /** A sandbox that another harness started. */
  readonly on?: Sandbox;
  /** The person behind the client, who gets questions in the order they come. Without one the client cannot ask. */
  readonly person?: Person;
}

/** For tests of what holds also where a tool is offered that the policy does not allow. */
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
    // The person of a test answers at once.
    timings: { lookMs: 500, fastestAnswerMs: 0, ...options.timings },
    openJournal: (file) => openSqliteJournal(file, { durable: false }),
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
    // McpClient names what the two generations' clients have in common.
    client: client as unknown as McpClient,
    ownClient: client,
    sandbox,
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

/** The text a model reads. */
export function textOf(result: ToolResult): string {
  return result.content.map((block) => block.text ?? '').join('\n');
}
