import type { ErrorCode } from '../error-codes.ts';
import type { PaymentsError } from '../errors.ts';
import { cutLine } from '../foreign-text.ts';
import type { PlannedRow, RowOutcome } from '../write/perform-list.ts';

/** What became of the rows of an import, as its table and its results file show it. */

export interface RowState {
  readonly outcome: RowOutcome['outcome'];
  readonly payment_id?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

export const RESULT_COLUMNS = ['row', 'outcome', 'payment_id', 'code', 'message'];

/** Nothing was sent for the row yet. */
export const NOT_STARTED: RowState = { outcome: 'not_started' };

/** A row that cannot be recorded as it is in the file. */
export const unusable = (message: string): RowState => ({ outcome: 'not_recorded', code: 'invalid_arguments', message });

export function stateOf(row: RowOutcome): RowState {
  if (row.outcome !== 'recorded') {
    const { outcome, error } = row;
    return { outcome, ...(error !== undefined && { code: error.code, message: messageOf(error) }) };
  }
  const { result, replayed } = row.done;
  const { payment, deleted_by } = result as { payment?: { payment_id?: string }; deleted_by?: string };
  const message = deleted_by === undefined ? EARLIER : `${EARLIER}, and deleted later by the write ${deleted_by}`;
  return { outcome: 'recorded', payment_id: payment?.payment_id, ...(replayed && { message }) };
}

/** What the user of the command line can do. The hints of errors are about calls of tools. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  allocation_needed: 'Name the invoices in the row, or write oldest_first or as_credit into a column "allocate".',
  ambiguous_account: 'Write its id into the row.',
  ambiguous_customer: 'Write its id into the row.',
  ambiguous_invoice: 'Write its id into the row.',
  day_limit: 'With --wait the command waits for the next day.',
  facts_changed: 'Run the command again to see the row as it is now.',
  key_reused: 'Give the row another key.',
  minute_limit: 'With --wait the command waits for the next minute.',
  outcome_unknown: 'Run the command again in five minutes: it looks for the payment, and does not send it twice.',
  suspected_duplicate: 'If it is another payment, write the id of that payment into a column "allow_duplicate_of".',
  unresolved_write: 'Run the command again in five minutes.',
};

const EARLIER = 'recorded by an earlier run';

/** An error as one line, with what to do if that is known. */
export function messageOf(error: PaymentsError): string {
  const hint = HINTS[error.code];
  return cutLine(`${error.whatHappened}${hint === undefined ? '' : ` ${hint}`}`, 2_000);
}

/** Of a row in the plan. */
type Standing = 'record' | 'LOOK' | 'already' | 'later' | 'PROBLEM';

const standings: Readonly<Record<Standing, string>> = {
  record: 'to record',
  LOOK: 'LOOK',
  already: 'recorded already',
  later: 'later',
  PROBLEM: 'PROBLEM',
};

export interface PlanLine {
  readonly row: number;
  readonly standing: Standing;
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

const MOST_SHOWN = 30;

/** What the user is asked: totals, and the rows to look at. The other rows are in the table above. */
export function importQuestion(title: string, lines: readonly PlanLine[]): string[] {
  const count = (standing: Standing) => lines.filter((line) => line.standing === standing).length;
  const look = lines.filter(({ standing }) => standing === 'LOOK');
  const more = look.length - MOST_SHOWN;
  return [
    `${title}.`,
    count('already') > 0 && `Recorded already: ${rowsText(count('already'))}.`,
    count('later') > 0 && `Not possible yet: ${rowsText(count('later'))}. Run the command again later for them.`,
    look.length > 0 && `Look at ${rowsText(look.length)} before you agree:`,
    ...look.slice(0, MOST_SHOWN).map(({ row, text }) => `- Row ${row}: ${cutLine(text, 600)}`),
    more > 0 && `- and ${more} more, with LOOK in the table above`,
  ].filter((line) => line !== false);
}

export const rowsText = (count: number): string => `${count} ${count === 1 ? 'row' : 'rows'}`;
