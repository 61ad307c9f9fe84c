import * as z from 'zod';
import { endpoints, workflows } from '../catalogue.ts';
import { oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { amount, filter, id, quiet } from '../records/fields.ts';
import { quoted } from '../records/text.ts';
import { createReport, toolCall, type Report, type Step } from '../report.ts';
import { localTime, startOfDay, timeText } from '../time-zone.ts';
import { isWrite, writtenBy } from '../workflow.ts';
import { aboutOf, calledOf, titleOf } from '../write/journal/about.ts';
import { isSettled, UNSETTLED } from '../write/journal/entry-state.ts';
import type { Entry, Journal, ListFilter, State } from '../write/journal/journal.ts';
import { deletionOf, deletionsAfter } from '../write/deleted-since.ts';
import { stepsIn, undoCell, zoneLine, type StepsEdge } from './render.ts';
import type { Books } from './server-dependencies.ts';

/** What was written through this journal: the one tool that asks the journal and not Zoho. */

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

/** The tools that write, and what the journal calls it: a workflow's write is its endpoint's. */
export const journaled: ReadonlyMap<string, string> = new Map([
  ...endpoints.filter(isWrite).map(({ name }) => [name, name] as const),
  ...workflows.filter(isWrite).map((tool) => [tool.name, writtenBy(tool).name] as const),
]);

/** What names the page after an entry. */
export const pageAfter = ({ state, id }: Entry): string => `${state}:${id}`;

/** An entry as it was shown. */
const PLACE = /^(claimed|sent|unknown|recorded|not_recorded):(w_\w+)$/;

const input = z.strictObject({
  outcome: z.enum(['recorded', 'not_recorded', 'unknown']).optional(),
  tool: z
    .string()
    .refine((name) => journaled.has(name), `must be one of ${[...journaled.keys()].join(', ')}`)
    .optional()
    .describe('Name of the write.'),
  customer_id: id.optional(),
  idempotency_key: z.string().min(1).max(200).optional(),
  reference_number: filter.optional(),
  amount: amount.optional(),
  record: id.optional().describe('Payment/refund/invoice id.'),
  since: z.iso.date('must be a calendar date, yyyy-mm-dd').optional(),
  limit: z.int().min(1).max(100).optional().describe('Default 20.'),
  page: z
    .string()
    .regex(new RegExp(`^[1-9]\\d{0,3}$|${PLACE.source}`), 'must be `next_page` of the answer before, or the number of a page')
    .optional()
    .describe('From `next_page`.'),
});
/** Which writes are asked for. */
export type WritesWanted = z.output<typeof input>;

const text = z.string().optional();
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
    'What was recorded, changed or deleted through this server: when, its outcome, how to undo it. ' +
    'Unresolved ones come first. Asks the journal, not Zoho.',
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
          next_page !== undefined && toolCall(listWrites.name, { ...given, page: next_page }, 'for older ones'),
          ...unsettled.map((entry) => settlingCall(entry, retryAt.get(entry.id), zone)),
          unsettled.length > 0 && byOperator(),
        ],
      ),
    };
  },
};

/** Entries of the page that is asked for, and the last of them where older ones follow. */
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
    amount: exact === undefined ? undefined : String(exact),
  };
  const [, state, last] = PLACE.exec(page) ?? [];
  let after: ListFilter['after'] = last === undefined ? undefined : { id: last, state: state as State };
  for (let pages = after === undefined ? Number(page) : 1; ; pages -= 1) {
    // One more than is shown tells whether there are more.
    const found = await journal.list({ ...wanted, after, limit: limit + 1 });
    const entries = found.slice(0, limit);
    if (pages === 1) return { entries, last: found.length > limit ? entries.at(-1) : undefined };
    if (found.length <= limit) return { entries: [] };
    after = entries.at(-1);
  }
}

const outcomeOfState: Record<State, string> = {
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
  /** Writes that deleted what others are about. */
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

/** The call that was made looks for its write first. */
function settlingCall(entry: Entry, retryAt: Date | undefined, zone: string | undefined): Step {
  const { tool, arguments: args } = calledOf(entry);
  const when = retryAt === undefined ? '' : `, not before ${timeText(retryAt.toISOString(), zone)}`;
  const say = `to settle ${entry.id}, the same call again${when}; it is looked for, and not sent twice`;
  return toolCall(tool, { ...args, ...(entry.key !== undefined && { idempotency_key: entry.key }) }, say);
}

function byOperator(entry?: Entry): Step {
  return { say: `the operator looks, or says what became of it, with \`zoho-payments-mcp journal resolve${entry ? ` ${entry.id}` : ''}\`` };
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
    deletedBy && `deleted since (${deletedBy.id})`,
    undo && undoCell(undo),
    entry.key && `idempotency_key ${quoted(entry.key, 200)}`,
    reference && `reference ${quoted(reference, 50)}`,
    `write_id ${entry.id}`,
  ]
    .filter(Boolean)
    .join(' | ');
}
