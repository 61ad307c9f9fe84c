import type { ZohoRequest } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import type { Undo } from '../../report.ts';
import { sha256 } from './hash-chain.ts';
import type { Answer, Claim, Entry, Happening, Made, Note, State } from './journal.ts';

/** What events come to: the state machine of an entry, and the rows that backends keep for looking entries up. */

/**
 * An entry without its contents: what indexes and unique constraints need. Derived from the entry's events alone, in the same
 * transaction that adds one, so that `verify` can derive it again and compare. It outlives an erasure, so it holds digests
 * where the caller's own words could name somebody.
 */
export interface EntryRow {
  readonly id: string;
  /** Its first and its latest event. */
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

/** What an erasure leaves of an entry: part of the `erased` event, because the events it was derived from are empty now. */
export interface KeptAfterErasure {
  readonly row: EntryRow;
  readonly request: ZohoRequest;
}

/** The data of an `erased` event: which events were emptied, and what is kept of their entry; notes have none. */
export interface Erasure {
  readonly events: readonly number[];
  readonly kept?: KeptAfterErasure;
}

/** An entry in one of these is not settled. */
export const UNSETTLED: readonly State[] = ['claimed', 'sent', 'unknown'];

export const isSettled = (state: State): boolean => !UNSETTLED.includes(state);

/** Events that stand for themselves: they belong to no entry. */
export const NOTES: readonly string[] = ['asked', 'consented', 'declined', 'refused', 'cancelled'] satisfies Note['type'][];

/** In which states each may happen. A settled entry is never settled again; only its answer may still be delivered. */
const FROM: Record<Happening['type'], readonly State[]> = {
  // Again after Zoho's own refusal, or as the same upsert: each time is noted before it goes.
  sent: ['claimed', 'sent', 'unknown'],
  recorded: ['sent'],
  not_recorded: ['claimed', 'sent'],
  unknown: ['sent'],
  resolved: ['unknown'],
  delivered: ['recorded', 'not_recorded', 'unknown'],
};

/** The entry has come to something else meanwhile, for example because another process resolved it. */
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

/** The Zoho record is the work of another entry: one record can settle one entry only. */
export class RecordTakenError extends Error {
  /** The entry that made the record. */
  readonly entry: string;

  constructor(makes: Made, zohoId: string, entry: string) {
    super(`The ${makes} ${zohoId} is already what entry ${entry} made.`);
    this.name = 'RecordTakenError';
    this.entry = entry;
  }
}

/** How a caller's key or an approval is looked up: erasing the text keeps it unique. */
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

/** The row after something happened. Throws StateError when it cannot happen now. */
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
      // Whoever was told "unknown" has not been told this: a repeated call gets it as a replay.
      return { ...next, state: happening.outcome, settled_at: at, delivered: 0, zoho_id: happening.zoho_id ?? null };
    case 'delivered':
      return { ...next, delivered: 1 };
  }
}

/** Whether it is a second delivery, or one of an answer that no longer stands: nothing to write down, and nothing wrong. */
export function changesNothing(row: EntryRow, happening: Happening): boolean {
  if (happening.type !== 'delivered' || !FROM.delivered.includes(row.state)) return false;
  return row.delivered === 1 || (happening.state !== undefined && happening.state !== row.state);
}

/** The entry of a row and its events, oldest first. */
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

/** What versions before 0.2 kept: a text, and the undo within the result. */
interface AnswerAsText {
  readonly result: Json & { readonly undo?: Undo };
  readonly text: string;
}

function asAnswer(kept: Answer | AnswerAsText): Answer {
  if ('report' in kept) return kept;
  const { undo, ...result } = kept.result;
  // The text ended with a line of next steps for the tools of that time. Text of records is quoted, so it cannot begin a line.
  const lines = kept.text.split('\n').filter((line) => !line.startsWith('Next: '));
  return { result, report: { lines, next: [], undo } };
}

/** A claim whose contents were removed. Its amount stays, so that an erasure does not lift a cap. */
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

/** What may be kept of an entry when a person's data is removed: ids of Zoho records, digests, times and amounts. */
export function keptOf(row: EntryRow, claim: Claim): KeptAfterErasure {
  return { row: { ...row, customer_id: null }, request: { method: claim.request.method, path: '', scope: claim.request.scope } };
}
