import { closest } from 'fastest-levenshtein';
import { endpoints, toolsets, workflows } from '../catalogue.ts';
import type { Endpoint } from '../endpoint.ts';
import { AccessError, type PaymentsError } from '../errors.ts';
import { listWrites } from '../mcp/list-writes.ts';
import type { Step } from '../report.ts';
import { isWrite, methodOf, type Workflow } from '../workflow.ts';
import { refusedTool } from '../write/policy.ts';
import { ConfigError, type Config } from './config.ts';

export interface Tools {
  readonly endpoints: readonly Endpoint[];
  readonly workflows: readonly Workflow[];
}

type Switches = Pick<Config, 'readOnly' | 'toolsets' | 'policy'>;

/**
 * The tools that are switched on, and for each other tool the reason why it is off. Throws ConfigError if the policy names an unknown
 * tool, or if no tool is left.
 */
export function toolsFor(switches: Switches): Tools & { readonly switchedOff: ReadonlyMap<string, PaymentsError> } {
  checkAllowedTools(switches.policy.allowed_tools);
  const switchedOff = new Map(
    [...endpoints, ...workflows].flatMap((tool) => {
      const why = whyOff(tool, switches);
      return why === undefined ? [] : [[tool.name, why] as const];
    }),
  );
  const isOn = ({ name }: Endpoint | Workflow) => !switchedOff.has(name);
  const tools = { endpoints: endpoints.filter(isOn), workflows: workflows.filter(isOn) };
  if (tools.endpoints.length + tools.workflows.length === 0)
    throw new ConfigError(`no tool is left in the toolsets ${switches.toolsets.join(', ')}.`);
  return { ...tools, switchedOff };
}

function whyOff(tool: Endpoint | Workflow, { readOnly, toolsets: chosen, policy }: Switches): PaymentsError | undefined {
  const { name } = tool;
  const refused = isWrite(tool) ? refusedTool(policy, name) : undefined;
  if (refused !== undefined) return refused;
  const off = (why: string, next: Step) => new AccessError(`${name} is switched off: ${why}.`, { code: 'tool_switched_off', next });
  if (readOnly && isWrite(tool))
    return off('this server is read-only', {
      say: 'let it record changes: start it without --read-only and ZOHO_PAYMENTS_READ_ONLY',
      extension: 'let it record changes: unset ZOHO_PAYMENTS_READ_ONLY',
    });
  const holding = toolsetOf(tool);
  if (chosen.includes(holding)) return undefined;
  const now = `(now ${chosen.join(',')})`;
  return off(`it is in the toolset (group of tools) ${holding}, which is off`, {
    say: `add ${holding} to --toolsets or ZOHO_PAYMENTS_TOOLSETS ${now}`,
    extension: `add ${holding} to ZOHO_PAYMENTS_TOOLSETS ${now}`,
  });
}

function toolsetOf(tool: Endpoint | Workflow) {
  const named = (['payments', 'lookups'] as const).find((name) => toolsets[name].some((endpoint) => endpoint === tool));
  return named ?? 'workflows';
}

function checkAllowedTools(names: readonly string[] = []): void {
  const all = [...endpoints, ...workflows];
  const writes = all.filter(isWrite);
  const strange = names.find((name) => !writes.some((write) => write.name === name));
  if (strange === undefined) return;
  const reads = [listWrites, ...all].some(({ name }) => name === strange);
  const what = reads
    ? 'which only reads. List only tools that write; tools that read are always allowed'
    : 'but no tool that writes has this name';
  throw new ConfigError(
    `the policy cannot be used: allowed_tools names ${JSON.stringify(strange)}, ${what}${reads ? '' : nearestOf(strange, writes)}.`,
  );
}

/**
 * Suggests the closest name. Never suggests a tool that deletes, and a tool that overwrites only for the same verb: an operator may
 * copy a wrong suggestion and so allow the tool by mistake.
 */
function nearestOf(strange: string, writes: readonly (Endpoint | Workflow)[]): string {
  const nearest = closest(
    strange,
    writes.map(({ name }) => name),
  );
  const method = methodOf(writes.find(({ name }) => name === nearest)!);
  const verb = (name: string) => name.split('_', 1)[0];
  const isHarmless = method === 'POST' || (method === 'PUT' && verb(strange) === verb(nearest));
  return `. List only tools that write; tools that read are always allowed${isHarmless ? `. Did you mean ${nearest}?` : ''}`;
}
