import type { Concern, Judged } from '../concern.ts';
import type { BusyError, PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { WriteListWorkflow } from '../workflow.ts';
import type { Consent, Person } from './confirm.ts';
import type { Counted } from './journal/journal.ts';
import type { Done } from './types.ts';

/** The types of a list of writes: its call, the plan that the user is shown, and its result. */

export interface RowCall {
  /** The row's number in the user's list, larger for each further row. Default: its place in the call. */
  readonly number?: number | undefined;
  readonly input: Json;
  readonly key?: string | undefined;
  readonly allowDuplicateOf: readonly string[];
}

export interface ListCall {
  readonly workflow: WriteListWorkflow;
  readonly rows: readonly RowCall[];
  /** Names the list. A row without its own key gets one that is derived from this. */
  readonly key?: string | undefined;
  readonly onlyGoodRows: boolean;
  readonly person: Person;
  /**
   * For the command line, which asks its user immediately. Called with the plan before anything is sent, also if there is no concern.
   * Returns who agreed to exactly this plan, or undefined if nobody did. The consent is valid for this call only, however long it takes.
   */
  readonly agree?: ((plan: ListPlan) => Promise<'terminal' | 'nobody' | undefined>) | undefined;
  /** Waits until Zoho allows calls again. Then the list continues. Without this function, a rate limit of Zoho ends the list. */
  readonly wait?: ((error: BusyError) => Promise<void>) | undefined;
  /** True if the call has no time limit. Default: the time limit of every tool call. */
  readonly unlimited?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called before each row. */
  progress(doing: 'Checking' | 'Recording', row: number, of: number): void;
  /** Called when a row is finished. */
  done?(row: number, outcome: RowOutcome): void;
}

/** A list after the check, before any row is sent. */
export interface ListPlan {
  /** What would be recorded, with totals. */
  readonly title: string;
  /** In the order of the call. */
  readonly rows: readonly PlannedRow[];
  /** Everything that the user must be asked about. */
  readonly about: readonly Concern[];
}

export interface PlannedRow {
  /** Set for a row that would not be sent, because it is already recorded or cannot be recorded. */
  readonly outcome?: RowOutcome | undefined;
  /** What would be recorded, in one line. Undefined if that is not known. */
  readonly line?: string | undefined;
  /** What the user should look at before they agree. */
  readonly attention: readonly string[];
}

/** The outcome of a row. */
export type RowOutcome =
  | { readonly outcome: 'recorded'; readonly done: Done; readonly counted: Counted | undefined }
  /** Nothing was recorded, and repeating the same call does not change that. */
  | { readonly outcome: 'not_recorded'; readonly error: PaymentsError }
  | { readonly outcome: 'unknown'; readonly error: PaymentsError }
  /** Nothing was sent. Repeating the same call continues with this row. */
  | { readonly outcome: 'not_started'; readonly error?: PaymentsError | undefined };

export type ListPerformed =
  | (Extract<Consent, { kind: 'ask' | 'preview' }> & Judged)
  | {
      readonly kind: 'list';
      /** In the order of the call. `checked`: the check found that the row can be sent. */
      readonly rows: readonly (RowOutcome & { readonly checked: boolean })[];
      /** The error that ended the list before its end. */
      readonly ended?: PaymentsError | undefined;
      /** Names the list in the journal. */
      readonly write_id: string;
      /** How many records one call may delete. */
      readonly deletesAtOnce: number;
    };
