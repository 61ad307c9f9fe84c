import type { ZohoRequest } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import type { Undo } from '../../report.ts';
import { sha256 } from './hash-chain.ts';
import type { Answer, Claim, Entry, Happening, Made, Note, State } from './journal.ts';

/** Derives the state of an entry from its events (a state machine), and the rows that backends keep as an index. */

/**
 * An entry without its contents: the columns for indexes and unique constraints. The transaction that adds an event derives the row from
 * the entry's events only, so that `verify` can derive the row again and compare. The row stays after an erasure, so instead of the
 * caller's texts, which could name a person, it holds digests.
 */
export interface EntryRow {
  readonly id: string;
  /** Sequence numbers of the entry's first and last event. */
  readonly first_seq: number;
  readonly last_seq: number;
  readonly scope: string;
  readonly endpoint: string;
  readonly intent: string;
  readonly key_digest: string | null;
  readonly approval_digest: string | null;
  readonly customer_id: string | null;
  readonly kind: string | null;
  readonly currency: string | null;
  readonly amount: string | null;
  readonly makes: string | null;
  readonly state: State;
  /** 0 or 1. */
  readonly delivered: number;
  readonly claimed_at: string;
  readonly sent_at: string | null;
  readonly settled_at: string | null;
  readonly zoho_id: string | null;
}

/** A note without its contents. */
export interface NoteRow {
  readonly seq: number;
  readonly scope: string;
  readonly intent: string;
  readonly type: string;
  readonly at: string;
}

/** The part of an entry that an erasure keeps. The `erased` event stores it, because the erasure empties the entry's other events. */
export interface KeptAfterErasure {
  readonly row: EntryRow;
  readonly request: ZohoRequest;
}

/** The data of an `erased` event: the emptied events, and the part of their entry that is kept (none for notes). */
export interface Erasure {
  readonly events: readonly number[];
  readonly kept?: KeptAfterErasure;
}

/** The states of an unsettled entry. */
export const UNSETTLED: readonly State[] = ['claimed', 'sent', 'unknown'];

export const isSettled = (state: State): boolean => !UNSETTLED.includes(state);

/** The types of events that belong to no entry. */
export const NOTES: readonly string[] = ['asked', 'declined', 'refused', 'cancelled'] satisfies Note['type'][];

/** The states in which each step is allowed. A settled entry is never settled again; only its answer may still be delivered. */
const FROM: Record<Happening['type'], readonly State[]> = {
  // A write is sent again after Zoho refused it, or if it is an upsert. The note precedes each sending.
  sent: ['claimed', 'sent', 'unknown'],
  recorded: ['sent'],
  not_recorded: ['claimed', 'sent'],
  unknown: ['sent'],
  resolved: ['unknown'],
  delivered: ['recorded', 'not_recorded', 'unknown'],
};

/** The error if the entry's state does not allow the step, for example because another process has resolved the entry meanwhile. */
export class StateError extends Error {
  readonly entry: string;
  readonly state: State;

  constructor({ id, state }: Pick<EntryRow, 'id' | 'state'>, type: string) {
    super(`Entry ${id} is ${state}, so it cannot become ${type}.`);
    this.name = 'StateError';
    this.entry = id;
    this.state = state;
  }
}

/** The error if another entry made this Zoho record. One record can settle only one entry. */
export class RecordTakenError extends Error {
  /** The entry that made the record. */
  readonly entry: string;

  constructor(makes: Made, zohoId: string, entry: string) {
    super(`Entry ${entry} already made the ${makes} ${zohoId}.`);
    this.name = 'RecordTakenError';
    this.entry = entry;
  }
}

/** The digest of a key or an approval. It stays unique after the text itself was erased. */
export const lookUp = (text: string | undefined): string | null => (text === undefined ? null : sha256(text));

/** The row of a new claim. */
export function claimedRow(id: string, seq: number, at: string, claim: Claim): EntryRow {
  return {
    id,
    first_seq: seq,
    last_seq: seq,
    scope: claim.scope,
    endpoint: claim.endpoint,
    intent: claim.intent,
    key_digest: lookUp(claim.key),
    approval_digest: lookUp(claim.approval),
    customer_id: claim.customer_id ?? null,
    kind: claim.counted?.kind ?? null,
    currency: claim.counted?.currency ?? null,
    amount: claim.counted?.amount ?? null,
    makes: claim.makes ?? null,
    state: 'claimed',
    delivered: 0,
    claimed_at: at,
    sent_at: null,
    settled_at: null,
    zoho_id: null,
  };
}

/** The row after a step. Throws StateError if the state does not allow the step. */
export function nextRow(row: EntryRow, seq: number, at: string, happening: Happening): EntryRow {
  if (!FROM[happening.type]?.includes(row.state)) throw new StateError(row, happening.type);
  const next = { ...row, last_seq: seq };
  switch (happening.type) {
    case 'sent':
      return { ...next, state: 'sent', sent_at: at, delivered: 0 };
    case 'not_recorded':
      return { ...next, state: 'not_recorded', settled_at: at };
    case 'recorded':
      return { ...next, state: 'recorded', settled_at: at, zoho_id: happening.zoho_id ?? null };
    case 'unknown':
      return { ...next, state: 'unknown', zoho_id: happening.zoho_id ?? null };
    case 'resolved':
      // The caller got "unknown" and not this answer, so a repeated call gets it as a replay.
      return { ...next, state: happening.outcome, settled_at: at, delivered: 0, zoho_id: happening.zoho_id ?? null };
    case 'delivered':
      return { ...next, delivered: 1 };
  }
}

/** True for a second delivery, and for the delivery of an outdated answer. Both are ignored without an error. */
export function changesNothing(row: EntryRow, happening: Happening): boolean {
  if (happening.type !== 'delivered' || !FROM.delivered.includes(row.state)) return false;
  return row.delivered === 1 || (happening.state !== undefined && happening.state !== row.state);
}

/** Makes an entry from its row and its events, oldest first. */
export function entryOf(row: EntryRow, events: readonly { readonly type: string; readonly data: object | undefined }[]): Entry {
  const claim = events.find(({ type }) => type === 'claimed')?.data as Claim | undefined;
  const erasure = events.findLast(({ type }) => type === 'erased')?.data as Erasure | undefined;
  const told = Object.assign({}, ...events.filter(({ type }) => type in FROM).map(({ data }) => data)) as {
    zohoTime?: string;
    reason?: string;
    asked?: 'window' | 'terminal';
    answer?: Answer | AnswerAsText;
  };
  const lost = events.findIndex(({ type }) => type === 'unknown');
  const sentAgain = lost >= 0 && events.slice(lost).some(({ type }) => type === 'sent');
  return {
    ...(claim ?? emptied(row, erasure)),
    id: row.id,
    state: row.state,
    delivered: row.delivered === 1,
    claimedAt: row.claimed_at,
    ...(row.sent_at !== null && { sentAt: row.sent_at }),
    ...(told.zohoTime !== undefined && { zohoTime: told.zohoTime }),
    ...(row.settled_at !== null && { settledAt: row.settled_at }),
    ...(row.zoho_id !== null && { zoho_id: row.zoho_id }),
    ...(sentAgain && { sentAgain }),
    ...(told.answer !== undefined && { answer: asAnswer(told.answer) }),
    ...(told.asked !== undefined && { settledIn: told.asked }),
    ...(told.reason !== undefined && { reason: told.reason }),
    ...(claim === undefined && { erased: true as const }),
  };
}

/** The answer in the form of versions before 0.2: a text; the undo is in the result. */
interface AnswerAsText {
  readonly result: Json & { readonly undo?: Undo };
  readonly text: string;
}

function asAnswer(kept: Answer | AnswerAsText): Answer {
  if ('report' in kept) return kept;
  const { undo, ...result } = kept.result;
  // The text ended with a line of next steps for the tools of that version. Text from records is quoted, so it cannot start a line.
  const lines = kept.text.split('\n').filter((line) => !line.startsWith('Next: '));
  return { result, report: { lines, next: [], undo } };
}

/** The claim of an erased entry. Its amount stays, because it must still count against a cap. */
function emptied({ scope, endpoint, intent, kind, currency, amount, makes }: EntryRow, erasure: Erasure | undefined): Claim {
  return {
    scope,
    endpoint,
    intent,
    arguments: {},
    request: erasure?.kept?.request ?? { method: 'POST', path: '', scope: '' },
    blocks: [],
    ...(kind !== null && currency !== null && amount !== null && { counted: { kind: kind as 'payment' | 'refund', currency, amount } }),
    ...(makes !== null && { makes: makes as Made }),
    before: {},
    facts: {},
  };
}

/** The part of an entry that may stay after an erasure: ids of Zoho records, digests, times and amounts. */
export function keptOf(row: EntryRow, claim: Claim): KeptAfterErasure {
  return { row: { ...row, customer_id: null }, request: { method: claim.request.method, path: '', scope: claim.request.scope } };
}
