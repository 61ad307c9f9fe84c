import type { McpServer, Tool as ListedTool } from '@modelcontextprotocol/server';
import { NOT_JUDGED } from '../concern.ts';
import { endpoints, workflows } from '../catalogue.ts';
import { isWrite } from '../workflow.ts';
import { loggedCall } from './logged-call.ts';
import type { Edge } from './render.ts';
import { failed } from './results.ts';
import type { Books } from './server-dependencies.ts';
import { toolSchema } from './tool-schema.ts';
import { annotationsOf, argumentsOf, outputOf, type Tool } from './tools.ts';

/** Tools that are switched off answer a call with the reason and a code. The SDK would say that there are none of that name. */
export function addSwitchedOff(server: McpServer, tools: readonly Tool[], { switchedOff = new Map(), log }: Books, edge: Edge): void {
  const off = [...endpoints, ...workflows].filter(({ name }) => !edge.offered.has(name));
  for (const tool of off) {
    const why = switchedOff.get(tool.name);
    if (why === undefined) continue;
    const write = isWrite(tool) ? ({ outcome: 'not_recorded', ...NOT_JUDGED } as const) : undefined;
    server.registerTool(tool.name, {}, () => loggedCall(tool.name, log, async () => failed(why, edge, write)));
  }
  // The SDK would list them too.
  if (off.length > 0 && tools.length > 0) server.server.setRequestHandler('tools/list', () => ({ tools: tools.map(asListed) }));
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
