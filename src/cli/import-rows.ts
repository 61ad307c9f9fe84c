import type { ErrorCode } from '../error-codes.ts';
import type { PaymentsError } from '../errors.ts';
import { cutLine } from '../foreign-text.ts';
import type { PlannedRow, RowOutcome } from '../write/list-types.ts';

/** The outcome of each row of an import, for the table of the plan and the results file. */

export interface RowState {
  readonly outcome: RowOutcome['outcome'];
  readonly payment_id?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

export const IMPORT_COLUMNS = ['row', 'outcome', 'payment_id', 'code', 'message'];

/** The state of a row for which nothing was sent yet. */
export const NOT_STARTED: RowState = { outcome: 'not_started' };

/** The state of a row that cannot be recorded as the file has it. */
export const unusableRow = (message: string): RowState => ({ outcome: 'not_recorded', code: 'invalid_arguments', message });

export function stateOfRow(row: RowOutcome): RowState {
  if (row.outcome !== 'recorded') {
    const { outcome, error } = row;
    return { outcome, ...(error !== undefined && { code: error.code, message: rowMessage(error) }) };
  }
  const { result, replayed } = row.done;
  const { payment, deleted_by } = result as { payment?: { payment_id?: string }; deleted_by?: string };
  const message = deleted_by === undefined ? EARLIER : `${EARLIER}, and deleted later by the write ${deleted_by}`;
  return { outcome: 'recorded', payment_id: payment?.payment_id, ...(replayed && { message }) };
}

/** What the user of the command line can do. (The `next` of an error is about calls of tools.) */
const HINTS: Partial<Record<ErrorCode, string>> = {
  allocation_needed: 'Name the invoices in the row, or write oldest_first or as_credit into a column "allocate".',
  ambiguous_account: 'Write its id into the row.',
  ambiguous_customer: 'Write its id into the row.',
  ambiguous_invoice: 'Write its id into the row.',
  day_limit: 'With --wait the command waits for the next day.',
  facts_changed: 'Run the command again to see the row as it is now.',
  key_reused: 'Give the row another key.',
  minute_limit: 'With --wait the command waits for the next minute.',
  outcome_unknown: 'Run the command again in five minutes: it searches for the payment and does not send it twice.',
  suspected_duplicate: 'If it is a new payment, write the id of the recorded one into a column "allow_duplicate_of".',
  unresolved_write: 'Run the command again in five minutes.',
};

const EARLIER = 'recorded by an earlier run';

/** The error in one line, with what to do if that is known. */
export function rowMessage(error: PaymentsError): string {
  const hint = HINTS[error.code];
  return cutLine(`${error.whatHappened}${hint === undefined ? '' : ` ${hint}`}`, 2_000);
}

/** The state of a row in the plan. */
type RowStanding = 'record' | 'LOOK' | 'already' | 'later' | 'PROBLEM';

const standings: Readonly<Record<RowStanding, string>> = {
  record: 'to record',
  LOOK: 'LOOK',
  already: 'recorded already',
  later: 'later',
  PROBLEM: 'PROBLEM',
};

export interface PlanLine {
  readonly row: number;
  readonly standing: RowStanding;
  readonly text: string;
}

export function planLine(row: number, { line, attention }: Pick<PlannedRow, 'line' | 'attention'>, state: RowState): PlanLine {
  const { outcome, payment_id, code, message } = state;
  if (outcome === 'recorded') {
    const payment = payment_id === undefined ? '' : `payment ${payment_id}`;
    return { row, standing: 'already', text: [payment, message !== EARLIER && message].filter(Boolean).join(', ') };
  }
  const why = [code, message].filter(Boolean).join(': ');
  if (outcome === 'not_recorded') return { row, standing: 'PROBLEM', text: why };
  if (outcome === 'unknown' || line === undefined) return { row, standing: 'later', text: why };
  return attention.length === 0
    ? { row, standing: 'record', text: line }
    : { row, standing: 'LOOK', text: `${line}. ${attention.join('; ')}` };
}

/** The plan as a table. */
export const planTable = (lines: readonly PlanLine[]): string[] =>
  rowTable(lines.map(({ row, standing, text }) => [String(row), standings[standing], text]));

/** Rows with their state as a table. */
export function rowTable(rows: readonly (readonly [row: string, state: string, text: string])[]): string[] {
  const width = Math.max(3, ...rows.map(([row]) => row.length));
  return [['Row', 'State', 'Payment'] as const, ...rows].map(([row, state, text]) =>
    `${row.padStart(width)}  ${state.padEnd(16)}  ${cutLine(text, 1_000)}`.trimEnd(),
  );
}

const MOST_ROWS_TO_CHECK = 30;

/** The question to the user: totals, and the rows to check. The other rows are in the table above the question. */
export function importQuestion(title: string, lines: readonly PlanLine[]): string[] {
  const count = (standing: RowStanding) => lines.filter((line) => line.standing === standing).length;
  const look = lines.filter(({ standing }) => standing === 'LOOK');
  const more = look.length - MOST_ROWS_TO_CHECK;
  return [
    `${title}.`,
    count('already') > 0 && `Recorded already: ${rowsText(count('already'))}.`,
    count('later') > 0 && `Not possible yet: ${rowsText(count('later'))}. Run the command again later for them.`,
    look.length > 0 && `Look at ${rowsText(look.length)} before you agree:`,
    ...look.slice(0, MOST_ROWS_TO_CHECK).map(({ row, text }) => `- Row ${row}: ${cutLine(text, 600)}`),
    more > 0 && `- and ${more} more, with LOOK in the table above`,
  ].filter((line) => line !== false);
}

export const rowsText = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;
