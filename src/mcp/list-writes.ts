import * as z from 'zod';
import { endpoints, workflows } from '../catalogue.ts';
import { oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { id } from '../records/fields.ts';
import { createReport, type Report, type Undo } from '../report.ts';
import { isWrite } from '../workflow.ts';
import type { Entry, Journal, State } from '../write/journal/journal.ts';
import { undoCell } from './render.ts';

/** What was written through this journal: the one tool that asks the journal and not Zoho. */

export interface JournalTool {
  readonly kind: 'journal';
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** `offered`: names of the tools that are switched on. */
  run(input: Json, journal: Journal, offered: ReadonlySet<string>): Promise<{ readonly result: Json; readonly report: Report }>;
}

/** The tools that write, and what the journal calls it: a workflow's write is its endpoint's. */
const journaled = new Map([
  ...endpoints.filter(isWrite).map(({ name }) => [name, name] as const),
  ...workflows.filter(isWrite).map(({ name, endpoint }) => [name, endpoint.name] as const),
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

export const listWrites: JournalTool = {
  kind: 'journal',
  name: 'list_writes',
  title: 'List writes made through this server',
  description:
    'What was recorded, changed or deleted through this server: when, its outcome, how to undo it. ' +
    'Unresolved ones come first. Asks the journal, not Zoho.',
  input,
  output,
  async run(given, journal, offered) {
    const writes = (await entriesFor(journal, given as z.output<typeof input>)).map((entry) => asWrite(entry, offered));
    return { result: { writes }, report: createReport(linesOf(writes)) };
  },
};

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

const outcomeOfState: Record<State, string> = {
  recorded: 'recorded',
  not_recorded: 'not_recorded',
  unknown: 'unknown',
  sent: 'unknown',
  claimed: 'not sent yet',
};

function asWrite(entry: Entry, offered: ReadonlySet<string>): Json {
  const undo = entry.answer?.report.undo;
  const { title } = entry.facts as { title?: string };
  return {
    write_id: entry.id,
    at: entry.claimedAt,
    tool: entry.endpoint,
    what: title,
    outcome: outcomeOfState[entry.state],
    zoho_id: entry.zoho_id,
    reason: entry.reason,
    undo: entry.state === 'recorded' && undo !== undefined && offered.has(undo.tool) ? undo : undefined,
  };
}

function linesOf(writes: readonly Json[]): string[] {
  if (writes.length === 0) return ['No writes match.'];
  return writes.map(({ at, outcome, what, tool, reason, undo, write_id }) =>
    [
      `${at} | ${outcome} | ${what ?? tool}`,
      reason && oneLine(String(reason)),
      undo !== undefined && undoCell(undo as Undo),
      `write_id ${write_id}`,
    ]
      .filter(Boolean)
      .join(' | '),
  );
}
