import { closest } from 'fastest-levenshtein';
import { isRead, type Endpoint } from '../endpoint.ts';
import { endpoints, toolsets } from '../endpoints/index.ts';
import { ConfigError, type Config } from './config.ts';

/** What is switched on: what the policy does not allow is not even shown. Throws where the policy names a tool that there is not, and where nothing is left. */
export function toolsFor({ readOnly, toolsets: chosen, policy: { read_only, allowed_tools } }: Config): readonly Endpoint[] {
  const writes = endpoints.filter((endpoint) => !isRead(endpoint)).map(({ name }) => name);
  const strange = allowed_tools?.find((name) => !writes.includes(name));
  if (strange !== undefined) throw new ConfigError(`the policy cannot be used: allowed_tools names ${JSON.stringify(strange)}, and no tool that writes is called so; the nearest is ${closest(strange, writes)}.`);
  const allowed = (endpoint: Endpoint) => isRead(endpoint) || (!readOnly && read_only !== true && (allowed_tools?.includes(endpoint.name) ?? true));
  const tools = endpoints.filter((endpoint) => chosen.some((name) => toolsets[name].includes(endpoint)) && allowed(endpoint));
  if (tools.length === 0) throw new ConfigError(`the toolsets ${chosen.join(', ')} hold no tool.`);
  return tools;
}
