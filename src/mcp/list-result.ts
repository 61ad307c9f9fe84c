import type { CallToolResult } from '@modelcontextprotocol/server';
import { BusyError, RefusedError, type PaymentsError } from '../errors.ts';
import { guarded } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import { formatMoney, sum } from '../money.ts';
import { createReport, toolCall } from '../report.ts';
import type { ListPerformed } from '../write/list-types.ts';
import { marked, nextText, offeredIn, sentence, type Edge } from './render.ts';
import { errorFacts, failed, succeeded } from './results.ts';

/** The result of a list of payments: each row with its outcome, the totals, and the calls that undo the list. */

type PerformedList = Extract<ListPerformed, { kind: 'list' }>;
type ListedOutcome = PerformedList['rows'][number];
type WholeOutcome = 'recorded' | 'partly_recorded' | 'not_recorded' | 'unknown';

export function listResult(performed: PerformedList, edge: Edge): CallToolResult {
  const { rows, deletesAtOnce, write_id, ended } = performed;
  const outcome = wholeOutcome(rows);
  const totals = recordedTotals(rows);
  const ids = rows.flatMap((row) => (row.outcome === 'recorded' && !wasDeleted(row.done.result) ? (paymentId(row.done.result) ?? []) : []));
  const undo_list = edge.offered.has(BULK_DELETE)
    ? chunks(ids, deletesAtOnce).map((payment_id) => ({ tool: BULK_DELETE, arguments: { payment_id } }))
    : [];
  const facts = {
    rows: rows.map((row, i) => rowFacts(row, i + 1, edge)),
    ...(Object.keys(totals).length > 0 && { totals }),
    ...(undo_list.length > 0 && { undo_list }),
    outcome,
    write_id,
  };
  const count = rows.filter((row) => row.outcome === 'recorded').length;
  const later = rows.filter((row) => row.outcome === 'not_started').length;
  const refused = rows.filter((row) => row.outcome === 'not_recorded').length;
  const lines = rowLines(rows, edge);
  if (outcome === 'not_recorded') {
    const result = failed(nothingRecorded(performed), edge);
    return {
      ...result,
      content: [{ type: 'text', text: marked(lines.join('\n'), edge.sandbox) }, ...result.content],
      structuredContent: guarded({ ...(result.structuredContent as Json), ...facts }),
    };
  }
  const amounts = Object.entries(totals).map(([currency, amount]) => `${currency} ${amount}`);
  const report = createReport(
    [
      count === 0
        ? 'No payment is known to be recorded.'
        : `Recorded ${shareOf(count, rows.length, 'payment')}${amounts.length === 0 ? '' : `, ${amounts.join(' and ')} in all`}.`,
      ...lines,
      ...(ended === undefined || rows.some((row) => row.outcome !== 'recorded' && row.error === ended) ? [] : [ended.shownMessage]),
    ],
    [
      later > 0 && {
        say: `make the same call again to record the ${later === 1 ? 'row that was' : `${later} rows that were`} not started`,
      },
      refused > 0 && {
        say: 'to record a corrected row, call again with the whole list and the same idempotency_key (recorded rows are not sent again)',
      },
      ...undo_list.map(({ tool, arguments: args }) => toolCall(tool, args, 'to delete what this list recorded')),
    ],
  );
  const result = succeeded(facts, offeredIn(report, edge), edge);
  return outcome === 'unknown' ? { ...result, isError: true } : result;
}

/** The error if nothing of the list was recorded. Its code and next step depend on the reason. */
function nothingRecorded({ rows, ended }: PerformedList): PaymentsError {
  const held = rows.flatMap((row) => (row.outcome === 'recorded' || row.error === undefined ? [] : [{ ...row, error: row.error }]));
  const refused = held.filter((row) => row.outcome === 'not_recorded' && row.error !== ended).length;
  const checked = rows.filter((row) => row.checked).length;
  if (refused > 0)
    return new RefusedError(`Nothing was recorded: ${shareOf(refused, rows.length, 'row')} cannot be recorded now.`, {
      code: 'list_refused',
      next:
        `Ask the user about ${refused === 1 ? 'this row' : 'these rows'}, correct the list, ` +
        'and call again with the whole list and the same idempotency_key' +
        (refused < rows.length ? '; or record the other rows with only_good_rows: true.' : '.'),
    });
  if (ended !== undefined) return ended;
  const [first] = held;
  const [count, done] = first === undefined ? [checked, 'checked, and the time of this call is up'] : [held.length, 'held back'];
  const some = count === 0 ? 'no row' : shareOf(count, rows.length, 'row');
  return new BusyError(`Nothing was recorded yet: ${some} ${count > 1 ? 'were' : 'was'} ${done}.`, {
    code: first?.error.code ?? 'took_too_long',
    next: 'Make the same call again: it continues.',
    retryAt: first?.error.retryAt,
  });
}

/** `2 of 3 rows`, or `the row` of a list with one row. */
const shareOf = (count: number, all: number, what: string): string => (all === 1 ? `the ${what}` : `${count} of ${all} ${what}s`);

const BULK_DELETE = 'bulk_delete_customer_payments';

function wholeOutcome(rows: readonly ListedOutcome[]): WholeOutcome {
  if (rows.some(({ outcome }) => outcome === 'unknown')) return 'unknown';
  const count = rows.filter(({ outcome }) => outcome === 'recorded').length;
  return count === rows.length ? 'recorded' : count > 0 ? 'partly_recorded' : 'not_recorded';
}

/** Amounts that were recorded, by currency: `{ USD: "1234.50" }`. */
function recordedTotals(rows: readonly ListedOutcome[]): Record<string, string> {
  const counted = rows.flatMap((row) => (row.outcome === 'recorded' && !wasDeleted(row.done.result) ? (row.counted ?? []) : []));
  const currencies = [...new Set(counted.map(({ currency }) => currency))];
  return Object.fromEntries(
    currencies.map((currency) => {
      const amount = sum(counted.filter((one) => one.currency === currency).map((one) => Number(one.amount)));
      return [currency, formatMoney(amount, currency).slice(currency.length + 1)];
    }),
  );
}

function rowFacts(row: ListedOutcome, number: number, edge: Edge): Json {
  if (row.outcome !== 'recorded')
    return { row: number, outcome: row.outcome, ...(row.error !== undefined && { error: errorFacts(row.error, edge) }) };
  const { done } = row;
  return {
    row: number,
    outcome: row.outcome,
    ...(done.replayed && { replayed: true }),
    payment_id: paymentId(done.result),
    write_id: done.entry,
    ...(done.report.undo !== undefined && { undo: done.report.undo }),
  };
}

/** A line for each row. Rows that were not started and have no error share one. */
function rowLines(rows: readonly ListedOutcome[], edge: Edge): string[] {
  const waiting = rows.flatMap((row, i) => (row.outcome === 'not_started' && row.error === undefined ? [i + 1] : []));
  return [
    ...rows.flatMap((row, i) => (waiting.includes(i + 1) ? [] : [rowLine(row, i + 1, edge)])),
    ...(waiting.length === 0 ? [] : [`${waiting.length === 1 ? 'Row' : 'Rows'} ${ranges(waiting)}: not started.`]),
  ];
}

/** `1–3, 7` */
function ranges(numbers: readonly number[]): string {
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  return starts
    .map((start) => {
      let end = start;
      while (numbers.includes(end + 1)) end += 1;
      return end === start ? `${start}` : `${start}–${end}`;
    })
    .join(', ');
}

function rowLine(row: ListedOutcome, number: number, edge: Edge): string {
  if (row.outcome === 'recorded') {
    const [first = ''] = row.done.report.lines;
    return `Row ${number}: ${row.done.replayed ? 'recorded by an earlier call' : 'recorded'} as payment ${paymentId(row.done.result) ?? ''}${wasDeleted(row.done.result) ? `. ${first}` : '.'}`;
  }
  const word = row.outcome === 'not_started' ? 'not started' : row.outcome === 'unknown' ? 'outcome unknown' : 'not recorded';
  if (row.error === undefined) return `Row ${number}: ${word}.`;
  return `Row ${number}: ${word} (${row.error.code}). ${row.error.shownMessage} ${sentence(nextText(row.error, edge))}`;
}

const paymentId = (result: Json): string | undefined => (result['payment'] as { payment_id?: string } | undefined)?.payment_id;

/** True if a later call deleted the payment that the row had recorded. */
const wasDeleted = (result: Json): boolean => result['deleted_by'] !== undefined;

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
