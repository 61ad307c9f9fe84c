import type { Concern, Judged } from '../concern.ts';
import type { Facts, Reader, WriteTool, ZohoRequest } from '../endpoint.ts';
import type { Json } from '../json.ts';
import type { Report } from '../report.ts';
import type { WriteWorkflow } from '../workflow.ts';
import type { AskWay, ConfirmMode, Consent, Person, Shown } from './confirm.ts';
import type { Policy } from './policy.ts';
import type { Resolver } from './resolve.ts';
import type { Seal } from './seal.ts';
import type { Turns } from './turn.ts';
import type { UniqueField } from './unique-field.ts';

/** What goes into a write, and what comes of it. */

/** What a write needs around it; the same for all writes of a connection. */
export interface Road extends Resolver {
  readonly turns: Turns;
  readonly seal: Seal;
  readonly policy: Policy;
  readonly mode: ConfirmMode;
  /** How a person may be asked, the preferred way first. */
  readonly ask: readonly AskWay[];
  /** Organization and caller: whose keys and intents these are. */
  readonly scope: string;
  /** Told just before this call sends anything; until then it has changed nothing, whatever fails. */
  readonly onSend?: (() => void) | undefined;
  /** Told how far this call was judged, and how consent to it was given. */
  readonly onJudged?: ((judged: Judged) => void) | undefined;
  /** Of the call that is under way: what is not sent by then is not sent, and what is not answered is unknown. */
  readonly deadline?: AbortSignal | undefined;
  /** A custom field that Zoho keeps unique: with it a new payment is an upsert, which may be sent again. */
  readonly uniqueField?: UniqueField | undefined;
}

/** One call of a write. */
export interface Call {
  readonly endpoint: WriteTool;
  /** What was called instead of the endpoint itself: it finds the endpoint's arguments. */
  readonly workflow?: WriteWorkflow | undefined;
  /** The arguments, validated, of whichever was called. */
  readonly input: Json;
  /** The caller's own name for the intent. */
  readonly key?: string | undefined;
  /** Records that look alike and are meant not to be the same. */
  readonly allowDuplicateOf: readonly string[];
  readonly person: Person;
  readonly signal?: AbortSignal | undefined;
  /** Set for a row of a list. */
  readonly listed?: ListedRow | undefined;
}

/** What a row of a list has besides its own call. */
export interface ListedRow {
  /** Reads for all rows, in place of Zoho itself until the claim. */
  readonly zoho: Reader;
  /** Records that other rows of the list made: they are no duplicates of this one. */
  readonly made: ReadonlySet<string>;
  /** What a person is asked about because of other rows. `input`: the arguments of the endpoint. */
  concerns(input: Json): readonly Concern[];
  /** Consent to the row as it was judged: a person is asked about all rows at once. */
  consent(judged: JudgedRow): Consent | JudgedRow;
}

/** A row of a list that could be sent. */
export interface JudgedRow extends Judged {
  readonly kind: 'judged';
  /** The arguments of the endpoint. */
  readonly input: Json;
  readonly request: ZohoRequest;
  readonly facts: Facts;
  /** What a person is shown of it. */
  readonly shown: Shown;
}

/** A choice for a person: which record an unsettled write made, if any. */
export interface Settling {
  readonly kind: 'settle';
  readonly question: string;
  readonly choices: readonly { readonly id: string; readonly text: string }[];
  /** How many are not shown. */
  readonly more?: number;
  readonly state: string;
}

export interface Done extends Judged {
  readonly kind: 'done';
  readonly entry: string;
  readonly result: Json;
  readonly report: Report;
  readonly replayed: boolean;
}

export type Performed = Settling | Done | (Extract<Consent, { kind: 'ask' | 'preview' }> & Judged);
