import type { Concern, Judged } from '../concern.ts';
import type { Facts, Reader, WriteTool, ZohoRequest } from '../endpoint.ts';
import type { Json } from '../json.ts';
import type { Report } from '../report.ts';
import type { WriteWorkflow } from '../workflow.ts';
import type { AskWay, ConfirmMode, Consent, Person, ConsentForm } from './confirm.ts';
import type { Policy } from './policy.ts';
import type { Resolver } from './resolve.ts';
import type { Seal } from './seal.ts';
import type { Turn, Turns } from './turn.ts';
import type { UniqueField } from './unique-field.ts';

/** The types of a write's input, surroundings and result. */

/** Everything that a write needs in addition to its call. It is the same for all writes of a connection. */
export interface Road extends Resolver {
  readonly turns: Turns;
  readonly seal: Seal;
  readonly policy: Policy;
  readonly mode: ConfirmMode;
  /** The ways of asking the user, the preferred one first. */
  readonly ask: readonly AskWay[];
  /** Organization and caller. Keys and intents are unique within a scope. */
  readonly scope: string;
  /** Called just before this call sends its write. Before that, the call has changed nothing, so a failure is harmless. */
  readonly onSend?: (() => void) | undefined;
  /** Called with the concerns found so far, and with the way in which consent was given. */
  readonly onJudged?: ((judged: Judged) => void) | undefined;
  /** The deadline of the current call. After it, no write is sent, and a sent write without an answer has an unknown outcome. */
  readonly deadline?: AbortSignal | undefined;
  /** A custom field whose values Zoho keeps unique. If it is set, a new payment is an upsert, which may be sent again. */
  readonly uniqueField?: UniqueField | undefined;
}

/** The road of a call that holds its turn. Only such a call may send. */
export interface HeldRoad extends Road {
  readonly turn: Turn;
}

/** One call of a write. */
export interface Call {
  readonly endpoint: WriteTool;
  /** The workflow, if one was called instead of the endpoint. It finds the endpoint's arguments. */
  readonly workflow?: WriteWorkflow | undefined;
  /** The validated arguments of the workflow or endpoint that was called. */
  readonly input: Json;
  /** The caller's idempotency key. */
  readonly key?: string | undefined;
  /** Ids of possible duplicates that the caller says are not duplicates. */
  readonly allowDuplicateOf: readonly string[];
  readonly person: Person;
  readonly signal?: AbortSignal | undefined;
  /** Set for a row of a list. */
  readonly listed?: ListedRow | undefined;
}

/** Where a write belongs in a list of writes. */
export interface ListPlace {
  /** The id of the list: `l_…`. */
  readonly list: string;
  readonly row: number;
}

/** The parts of a row of a list that a single write does not have. */
export interface ListedRow {
  /** Shared reads for all rows. Used instead of Zoho until the claim. */
  readonly zoho: Reader;
  /** The list, and the number of the row in it. The journal keeps both, so that a list is found by its id. */
  readonly place: ListPlace;
  /** Called after the search for an earlier write, because that write may have changed what was read. */
  readonly settled?: (() => Promise<void>) | undefined;
  /** Ids of records that other rows of the list made. They are not duplicates of this row. */
  readonly made: ReadonlySet<string>;
  /** Concerns about this row because of other rows. `input`: the arguments of the endpoint. */
  concerns(input: Json): readonly Concern[];
  /** Returns the consent to the row with these facts and concerns. The user is asked once about all rows. */
  consent(judged: JudgedRow): JudgedRow | Promise<Consent>;
}

/** A row of a list that was checked and could be sent. */
export interface JudgedRow extends Judged {
  readonly kind: 'judged';
  /** The arguments of the endpoint. */
  readonly input: Json;
  readonly request: ZohoRequest;
  readonly facts: Facts;
  /** What the user is shown about the row. */
  readonly shown: ConsentForm;
}

/** A question to the user with a choice of records: which record a name means, or which record an unsettled write made. */
export interface Settling {
  readonly kind: 'settle';
  readonly question: string;
  readonly choices: readonly { readonly id: string; readonly text: string }[];
  /** The number of choices that are not shown. */
  readonly more?: number;
  readonly state: string;
}

export interface Done extends Judged {
  readonly kind: 'done';
  readonly entry: string;
  readonly result: Json;
  readonly report: Report;
  readonly replayed: boolean;
  /** What the answer says besides the report: records that the user chose, and facts that the user may not have seen. */
  readonly notes: readonly string[];
}

export type Performed = Settling | Done | (Extract<Consent, { kind: 'ask' | 'preview' }> & Judged);
