import {
  ProtocolErrorCode,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  type McpServer,
  type RequestId,
  type Tool as ListedTool,
} from '@modelcontextprotocol/server';
import { closest } from 'fastest-levenshtein';
import * as catalogue from '../catalogue.ts';
import { NOT_JUDGED } from '../concern.ts';
import { InputError, type PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { isWrite } from '../workflow.ts';
import { loggedCall } from './logged-call.ts';
import { errorText, marked, type Edge } from './render.ts';
import { errorFacts, failed } from './results.ts';
import type { Books } from './server-dependencies.ts';
import { toolSchema } from './tool-schema.ts';
import { annotationsOf, argumentsOf, outputOf, toolsOf, type Tool } from './tools.ts';

const writes = new Set([...catalogue.endpoints, ...catalogue.workflows].filter(isWrite).map(({ name }) => name));

/**
 * Answers calls of tools that the policy forbids, or that this caller may not use. The result has the reason and a code. The SDK would
 * answer that the tool does not exist.
 */
export function addRefused(
  server: McpServer,
  tools: readonly Tool[],
  refused: ReadonlyMap<string, PaymentsError>,
  { log }: Books,
  edge: Edge,
): void {
  for (const [name, why] of refused) {
    const write = { outcome: 'not_recorded', ...NOT_JUDGED } as const;
    server.registerTool(name, {}, () => loggedCall(name, log, async () => failed(why, edge, writes.has(name) ? write : undefined)));
  }
  // The SDK would list the refused tools too.
  if (refused.size > 0 && tools.length > 0) server.server.setRequestHandler('tools/list', () => ({ tools: tools.map(asListed) }));
}

/**
 * Returns a function that answers a call of a tool that is not offered with a protocol error and the reason. For an unknown tool, the error
 * suggests the tool with the most similar name. The function returns undefined for every other message.
 */
export function explainingSwitchedOff({
  endpoints,
  workflows,
  switchedOff,
  sandbox,
  started,
  log,
}: Books): (message: JSONRPCMessage) => Promise<JSONRPCErrorResponse> | undefined {
  const offered = new Set(toolsOf({ endpoints, workflows }).map(({ name }) => name));
  return (message) => {
    const { id, method, params } = message as { id?: RequestId; method?: string; params?: { name?: string } };
    const name = method === 'tools/call' && id !== undefined ? String(params?.name) : '';
    const why = offered.has(name) || name === '' ? undefined : (switchedOff?.get(name) ?? unknownTool(name, offered));
    // `addRefused` answers calls that the policy forbids.
    if (id === undefined || why === undefined || why.code === 'against_policy') return undefined;
    // The log must not get a name that the client made up.
    return loggedCall(switchedOff?.has(name) ? name : 'unknown tool', log, async () => {
      const data = errorFacts(why, { offered, started });
      const text = marked(errorText(why, { offered, started }), sandbox);
      return { jsonrpc: '2.0', id, error: { code: ProtocolErrorCode.InvalidParams, message: text, data } };
    });
  };
}

function unknownTool(name: string, offered: ReadonlySet<string>): InputError {
  // Never suggest a tool that deletes.
  const candidates = [...offered].filter((one) => !one.includes('delete'));
  const ofSameVerb = candidates.filter((one) => one.split('_', 1)[0] === name.toLowerCase().split('_', 1)[0]);
  const nearest = candidates.length === 0 || name.length > 100 ? undefined : closest(name, ofSameVerb.length > 0 ? ofSameVerb : candidates);
  return new InputError(`Tool ${oneLine(name, 100)} not found.`, {
    code: 'tool_not_found',
    next: nearest === undefined ? 'Call a tool that tools/list shows.' : `Call a tool that tools/list shows. Did you mean ${nearest}?`,
  });
}

function asListed(tool: Tool): ListedTool {
  const json = (io: 'input' | 'output', schema: typeof argumentsOf) =>
    toolSchema(tool.name, io, () => schema(tool))['~standard'].jsonSchema[io]({ target: 'draft-2020-12' }) as ListedTool['inputSchema'];
  const { name, title, description } = tool;
  return {
    name,
    title,
    description,
    inputSchema: json('input', argumentsOf),
    annotations: annotationsOf(tool),
    outputSchema: json('output', outputOf),
  };
}
