import * as z from 'zod';
import { endpoints, workflows } from '../catalogue.ts';
import { oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { amount, filter, id, quiet } from '../records/fields.ts';
import { quoted } from '../records/text.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { localTime, startOfDay, timeText } from '../time-zone.ts';
import { isWrite, writtenBy } from '../workflow.ts';
import { aboutOf, calledOf, listPlaceOf, titleOf } from '../write/journal/about.ts';
import { isSettled, UNSETTLED } from '../write/journal/entry-state.ts';
import type { Entry, Journal, ListFilter, State } from '../write/journal/journal.ts';
import { deletionOf, deletionsAfter } from '../write/deleted-since.ts';
import { stepsIn, undoCell, zoneLine, type StepsEdge } from './render.ts';
import type { Books } from './server-dependencies.ts';

/** The tool that lists the journal's writes. It is the only tool that reads the journal instead of Zoho. */

export interface JournalTool {
  readonly kind: 'journal';
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  run(
    input: Json,
    books: Pick<Books, 'journal' | 'graceEnds' | 'timeZone'>,
    edge: StepsEdge,
  ): Promise<{ readonly result: Json; readonly report: Report }>;
}

/** Each tool that writes, with its name in the journal. A workflow's writes have the name of its endpoint. */
export const journaled: ReadonlyMap<string, string> = new Map([
  ...endpoints.filter(isWrite).map(({ name }) => [name, name] as const),
  ...workflows.filter(isWrite).map((tool) => [tool.name, writtenBy(tool).name] as const),
]);

/** The value of `page` for the entries after this entry. */
export const pageAfter = ({ state, id }: Entry): string => `${state}:${id}`;

/** Matches a value from `pageAfter`. */
const PLACE = /^(claimed|sent|unknown|recorded|not_recorded):(w_\w+)$/;

const text = z.string().optional();

const input = z.strictObject({
  outcome: z.enum(['recorded', 'not_recorded', 'unknown']).optional(),
  tool: z
    .string()
    .refine((name) => journaled.has(name), `must be one of ${[...journaled.keys()].join(', ')}`)
    .optional()
    .describe('Name of the tool.'),
  customer_id: id.optional(),
  // Of one write, or of a list: then its rows are listed.
  write_id: text,
  idempotency_key: z.string().min(1).max(200).optional(),
  reference_number: filter.optional(),
  amount: amount.optional(),
  record: id.optional().describe('Payment/refund/invoice id.'),
  since: z.iso.date('must be a calendar date, yyyy-mm-dd').optional(),
  limit: z.int().min(1).max(100).optional().describe('Default 20.'),
  page: z
    .string()
    .regex(new RegExp(`^[1-9]\\d{0,3}$|${PLACE.source}`), 'must be `next_page` of the previous answer, or a page number')
    .optional()
    .describe('From `next_page`.'),
});
/** Filters for the list of writes. */
export type WritesWanted = z.output<typeof input>;

const output = z.looseObject({
  writes: z
    .array(
      z.looseObject({
        write_id: text,
        tool: text,
        outcome: text,
        at: text,
        idempotency_key: quiet(text),
        reference_number: quiet(text),
        amount: quiet(z.number().optional()),
        currency_code: quiet(text),
        retry_at: quiet(text),
      }),
    )
    .optional(),
  has_more: quiet(z.boolean().optional()),
  next_page: quiet(text),
  time_zone: quiet(text),
});

export const listWrites: JournalTool = {
  kind: 'journal',
  name: 'list_writes',
  title: 'List writes made through this server',
  description:
    'Lists what this server recorded, changed or deleted: when, outcome, how to undo it. ' +
    'Unknown outcomes come first. Reads the local journal, not Zoho.',
  input,
  output,
  async run(sent, books, edge) {
    const given = sent as WritesWanted;
    const journal = await books.journal();
    const zone = await books.timeZone();
    const { entries, last } = await pageOfWrites(journal, given, zone);
    const unsettled = entries.filter(({ state }) => !isSettled(state));
    const retryAt = new Map(await Promise.all(unsettled.map(async (entry) => [entry.id, await books.graceEnds(entry)] as const)));
    const next_page = last && pageAfter(last);
    const deletions = await deletionsAfter(entries, journal);
    return {
      result: {
        writes: entries.map((entry) => asWrite(entry, { zone, retryAt: retryAt.get(entry.id), edge, deletions })),
        has_more: next_page !== undefined,
        next_page,
        time_zone: zone ?? 'UTC',
      },
      report: createReport(
        entries.length === 0 ? ['No writes match.'] : [zoneLine(zone), ...entries.map((one) => lineOf(one, { zone, edge, deletions }))],
        [
          next_page !== undefined && toolCall(listWrites.name, { ...given, page: next_page }, 'for older writes'),
          ...unsettled.map((entry) => settlingCall(entry, retryAt.get(entry.id), zone)),
          unsettled.length > 0 && byOperator(),
        ],
      ),
    };
  },
};

/** Returns the entries of the requested page. `last`: the last entry of the page, if older entries follow. */
export async function pageOfWrites(
  journal: Journal,
  given: WritesWanted,
  zone: string | undefined,
): Promise<{ entries: Entry[]; last?: Entry | undefined }> {
  const {
    outcome,
    tool,
    since,
    limit = 20,
    page = '1',
    write_id: id,
    idempotency_key: key,
    amount: exact,
    customer_id,
    reference_number,
    record,
  } = given;
  const sought = { ...(since && { since: startOfDay(since, zone) }), key, customer_id, reference_number, record };
  const wanted: Omit<ListFilter, 'limit'> = {
    ...sought,
    state: outcome === 'unknown' ? UNSETTLED : outcome,
    endpoint: tool && (journaled.get(tool) ?? tool),
    id,
    amount: exact === undefined ? undefined : String(exact),
  };
  const [, state, last] = PLACE.exec(page) ?? [];
  let after: ListFilter['after'] = last === undefined ? undefined : { id: last, state: state as State };
  for (let pages = after === undefined ? Number(page) : 1; ; pages -= 1) {
    // One extra entry tells whether there are more.
    const found = await journal.list({ ...wanted, after, limit: limit + 1 });
    const entries = found.slice(0, limit);
    if (pages === 1) return { entries, last: found.length > limit ? entries.at(-1) : undefined };
    if (found.length <= limit) return { entries: [] };
    after = entries.at(-1);
  }
}

/** The outcome as users see it, by the state of the entry. */
export const outcomeOfState: Record<State, string> = {
  recorded: 'recorded',
  not_recorded: 'not_recorded',
  unknown: 'unknown',
  sent: 'unknown',
  claimed: 'not sent yet',
};

interface ShownHow {
  readonly zone: string | undefined;
  readonly retryAt: Date | undefined;
  readonly edge: StepsEdge;
  /** Writes that deleted a record of another write. */
  readonly deletions: readonly Entry[];
}

function asWrite(entry: Entry, { zone, retryAt, edge, deletions }: ShownHow): Json {
  const next = isSettled(entry.state) ? [] : stepsIn([settlingCall(entry, retryAt, zone), byOperator(entry)], edge);
  const deletedBy = deletionOf(entry, deletions);
  return {
    write_id: entry.id,
    at: localTime(entry.claimedAt, zone),
    tool: entry.endpoint,
    what: titleOf(entry),
    outcome: outcomeOfState[entry.state],
    ...listPlaceOf(entry),
    idempotency_key: entry.key,
    ...aboutOf(entry),
    zoho_id: entry.zoho_id,
    reason: entry.reason,
    ...(deletedBy ? { deleted_by: deletedBy.id } : { undo: undoIn(entry, edge) }),
    ...(retryAt && { retry_at: localTime(retryAt.toISOString(), zone) }),
    ...(next.length > 0 && { next }),
  };
}

function undoIn({ state, answer }: Entry, { offered }: StepsEdge) {
  const undo = answer?.report.undo;
  return state === 'recorded' && undo !== undefined && offered.has(undo.tool) ? undo : undefined;
}

/** The step that repeats a call, so that the server looks for the write. */
function settlingCall(entry: Entry, retryAt: Date | undefined, zone: string | undefined): Step {
  const { tool, arguments: args } = calledOf(entry);
  const when = retryAt === undefined ? '' : `, not before ${timeText(retryAt.toISOString(), zone)}`;
  const say = `to learn the outcome of ${entry.id}, repeat the call${when}; nothing is sent twice`;
  return toolCall(tool, { ...args, ...(entry.key !== undefined && { idempotency_key: entry.key }) }, say);
}

function byOperator(entry?: Entry): Step {
  const command = `zoho-payments-mcp journal resolve${entry ? ` ${entry.id}` : ''}`;
  return { say: `the operator can look for it or set its outcome with \`${command}\`` };
}

function lineOf(entry: Entry, { zone, edge, deletions }: Omit<ShownHow, 'retryAt'>): string {
  const { reference_number: reference } = aboutOf(entry);
  const deletedBy = deletionOf(entry, deletions);
  const undo = deletedBy === undefined ? undoIn(entry, edge) : undefined;
  return [
    timeText(entry.claimedAt, zone),
    outcomeOfState[entry.state],
    titleOf(entry) ?? entry.endpoint,
    entry.reason && oneLine(entry.reason),
    deletedBy && `deleted later (${deletedBy.id})`,
    undo && undoCell(undo),
    entry.key && `idempotency_key ${quoted(entry.key, 200)}`,
    ...Object.entries(listPlaceOf(entry)).map(([name, value]) => `${name} ${String(value)}`),
    reference && `reference ${quoted(reference, 50)}`,
    `write_id ${entry.id}`,
  ]
    .filter(Boolean)
    .join(' | ');
}
