import type { McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import type { Json, Undo } from '../endpoint.ts';
import { id } from '../endpoints/fields.ts';
import { endpoints } from '../endpoints/index.ts';
import { call } from '../endpoints/words.ts';
import { InternalError, PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { workflows } from '../workflows/index.ts';
import type { Entry, Journal, State } from '../write/journal.ts';
import { advertised } from './advertised.ts';
import { readArguments } from './arguments.ts';
import type { Books } from './books.ts';
import { failed, succeeded } from './results.ts';
import { tracked } from './tracked.ts';
import { annotationsOf } from './tools.ts';

/** What was written through this journal: the one tool that asks the journal and not Zoho. */

/** The tools that write, and what the journal calls it: a workflow's write is its endpoint's. */
const journaled = new Map([
  ...endpoints.flatMap(({ name, method }) => (method === 'GET' ? [] : [[name, name] as const])),
  ...workflows.flatMap((tool) => (tool.method === 'GET' ? [] : [[tool.name, tool.endpoint.name] as const])),
]);

const input = z.strictObject({
  outcome: z.enum(['recorded', 'not_recorded', 'unknown']).optional(),
  tool: z
    .string()
    .refine((name) => journaled.has(name), `must be one of ${[...journaled.keys()].join(', ')}`)
    .optional()
    .describe('Name of the write.'),
  customer_id: id.optional(),
  since: z.iso.date('must be a calendar date, yyyy-mm-dd').optional(),
  limit: z.int().min(1).max(100).optional().describe('Default 20.'),
});

const text = z.string().optional();
const output = z.looseObject({
  writes: z.array(z.looseObject({ write_id: text, tool: text, outcome: text, at: text })).optional(),
});

export const listWrites = {
  name: 'list_writes',
  title: 'List writes made through this server',
  description:
    'What was recorded, changed or deleted through this server: when, its outcome, how to undo it. ' +
    'Unresolved ones come first. Asks the journal, not Zoho.',
  input,
  output,
} as const;

export function addListWrites(server: McpServer, { journal, sandbox, log }: Books): void {
  const { name, title, description } = listWrites;
  server.registerTool(
    name,
    {
      title,
      description,
      inputSchema: advertised(name, 'input', () => input),
      outputSchema: advertised(name, 'output', () => output),
      annotations: { ...annotationsOf({ method: 'GET' }), openWorldHint: false },
    },
    (args) =>
      tracked(name, log, async () => {
        try {
          const asked = readArguments(input, args) as z.output<typeof input>;
          const writes = (await entriesFor(await journal(), asked)).map(asWrite);
          return succeeded({ writes }, textOf(writes), [], sandbox);
        } catch (error) {
          return failed(error instanceof PaymentsError ? error : new InternalError('no', error), sandbox);
        }
      }),
  );
}

async function entriesFor(journal: Journal, { outcome, tool, customer_id, since, limit = 20 }: z.output<typeof input>): Promise<Entry[]> {
  const filter = {
    ...(tool && { endpoint: journaled.get(tool) ?? tool }),
    ...(customer_id && { customer_id }),
    ...(since && { since: `${since}T00:00:00.000Z` }),
    limit,
  };
  if (outcome !== 'unknown') return await journal.list({ ...filter, ...(outcome && { state: outcome }) });
  const unsettled = await Promise.all((['unknown', 'sent', 'claimed'] as const).map((state) => journal.list({ ...filter, state })));
  return unsettled.flat().slice(0, limit);
}

const outcomes: Record<State, string> = {
  recorded: 'recorded',
  not_recorded: 'not_recorded',
  unknown: 'unknown',
  sent: 'unknown',
  claimed: 'not sent yet',
};

function asWrite(entry: Entry): Json {
  const { undo } = (entry.answer?.result ?? {}) as { undo?: Undo };
  const { title } = entry.facts as { title?: string };
  return {
    write_id: entry.id,
    at: entry.claimedAt,
    tool: entry.endpoint,
    what: title,
    outcome: outcomes[entry.state],
    zoho_id: entry.zoho_id,
    reason: entry.reason,
    undo: entry.state === 'recorded' ? undo : undefined,
  };
}

function textOf(writes: readonly Json[]): string {
  if (writes.length === 0) return 'No writes match.';
  return writes
    .map(({ at, outcome, what, tool, reason, undo, write_id }) => {
      return [
        `${at} | ${outcome} | ${what ?? tool}`,
        reason && oneLine(String(reason)),
        undo !== undefined && undoneBy(undo as Undo),
        `write_id ${write_id}`,
      ]
        .filter(Boolean)
        .join(' | ');
    })
    .join('\n');
}

/** Too long only with long text in it: the structured result has all of it. */
function undoneBy({ tool, arguments: args, not_restored = [] }: Undo): string {
  const undoing = `undo: ${call(tool, args)}`;
  const but = not_restored.length === 0 ? '' : ` (all but ${not_restored.join(', ')})`;
  return `${undoing.length > 400 ? `undo: ${tool} with the \`undo\` of the structured result` : undoing}${but}`;
}
