import { closest } from 'fastest-levenshtein';
import type { Endpoint } from '../endpoint.ts';
import { endpoints } from '../endpoints/index.ts';
import type { Workflow } from '../workflow.ts';
import { workflows } from '../workflows/index.ts';
import { ConfigError, type Config } from './config.ts';

/** What is switched on: what the policy does not allow is not even shown. Throws where the policy names a tool that there is not. */
export function toolsFor({ readOnly, policy: { read_only, allowed_tools } }: Config): { readonly endpoints: readonly Endpoint[]; readonly workflows: readonly Workflow[] } {
  const writes = [...endpoints, ...workflows].filter(({ method }) => method !== 'GET').map(({ name }) => name);
  const strange = allowed_tools?.find((name) => !writes.includes(name));
  if (strange !== undefined) throw new ConfigError(`the policy cannot be used: allowed_tools names ${JSON.stringify(strange)}, and no tool that writes is called so; the nearest is ${closest(strange, writes)}.`);
  const isOn = ({ method, name }: Endpoint | Workflow) => method === 'GET' || (!readOnly && read_only !== true && (allowed_tools?.includes(name) ?? true));
  return { endpoints: endpoints.filter(isOn), workflows: workflows.filter(isOn) };
}
