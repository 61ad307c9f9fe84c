import { closest } from 'fastest-levenshtein';
import { endpoints, toolsets, workflows } from '../catalogue.ts';
import type { Endpoint } from '../endpoint.ts';
import { isWrite, type Workflow } from '../workflow.ts';
import { ConfigError, type Config } from './config.ts';

export interface Tools {
  readonly endpoints: readonly Endpoint[];
  readonly workflows: readonly Workflow[];
}

/**
 * What is switched on: what the policy does not allow is not even shown. Throws where the policy names a tool that there is not, and where
 * nothing is left.
 */
export function toolsFor({
  readOnly,
  toolsets: chosen,
  policy: { read_only, allowed_tools },
}: Pick<Config, 'readOnly' | 'toolsets' | 'policy'>): Tools {
  const writes = [...endpoints, ...workflows].filter(isWrite).map(({ name }) => name);
  const strange = allowed_tools?.find((name) => !writes.includes(name));
  if (strange !== undefined)
    throw new ConfigError(
      `the policy cannot be used: allowed_tools names ${JSON.stringify(strange)}, ` +
        `and no tool that writes is called so; the nearest is ${closest(strange, writes)}.`,
    );
  const allowed = (tool: Endpoint | Workflow) =>
    !isWrite(tool) || (!readOnly && read_only !== true && (allowed_tools?.includes(tool.name) ?? true));
  const tools = {
    endpoints: endpoints.filter(
      (endpoint) =>
        (['payments', 'lookups'] as const).some((name) => chosen.includes(name) && toolsets[name].includes(endpoint)) && allowed(endpoint),
    ),
    workflows: chosen.includes('workflows') ? workflows.filter(allowed) : [],
  };
  if (tools.endpoints.length + tools.workflows.length === 0) throw new ConfigError(`the toolsets ${chosen.join(', ')} hold no tool.`);
  return tools;
}
