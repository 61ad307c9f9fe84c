import type { Asked } from '../../concern.ts';
import type { ZohoRequest } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import type { Report } from '../../report.ts';

/**
 * The journal of all writes: append-only events in one hash chain, and the state of each entry, which is derived from its events. One
 * journal serves one organization. An SQLite file serves the processes of one person; PostgreSQL serves a team.
 */

/**
 * claimed: the entry exists, and nothing was sent. sent: the request is being sent, or was sent. recorded: Zoho carried out the write.
 * not_recorded: Zoho did not carry it out and will not. unknown: the request was sent, and its outcome is not known yet.
 */
export type State = 'claimed' | 'sent' | 'recorded' | 'not_recorded' | 'unknown';

/** An amount that counts against the policy's caps. It no longer counts if the write becomes not_recorded. */
export interface Counted {
  readonly kind: 'payment' | 'refund';
  readonly currency: string;
  /** Exact decimal, as text. */
  readonly amount: string;
}

/** The kind of Zoho record that a write makes. Several writes may touch one record, but only one write can have made it. */
export type Made = 'payment' | 'refund';

/**
 * A limit for the sum of amounts, or for the number of writes, since a moment, for all callers together. It counts entries of its `kind`
 * and `currency` (default: every kind and currency), and limits only claims of that kind and currency. A sum needs a currency.
 */
export interface Cap {
  /** The policy's name for the cap, which an error quotes. */
  readonly name: string;
  readonly kind?: Counted['kind'];
  readonly currency?: string;
  /** Entries claimed at or after this moment count. ISO 8601. */
  readonly since: string;
  /** The highest sum of amounts (exact decimal, as text) or number of writes. The claim itself counts too. */
  readonly most: { readonly amount: string } | { readonly writes: number };
}

/** Everything about a write that is fixed when it is claimed. */
export interface Claim {
  /** Organization and caller. The same key in two scopes counts as two keys. */
  readonly scope: string;
  readonly endpoint: string;
  /** Digest of the tool that was called and its arguments, after they were repaired. */
  readonly intent: string;
  /** The caller's own `idempotency_key`. */
  readonly key?: string | undefined;
  readonly arguments: Json;
  readonly request: ZohoRequest;
  /** The id of the consent to this write, valid for one claim. */
  readonly approval?: string | undefined;
  /** Names of the records that no other write may touch while this write is unsettled: `payment:123`, `create:<customer>:<amount>`. */
  readonly blocks: readonly string[];
  readonly counted?: Counted | undefined;
  /**
   * The kind of record that this write makes: `payment` for a create and for an upsert that found no payment; `refund` for a refund. The id
   * of a new record can settle only one entry. Omitted for updates and deletes, because several of them may touch one record.
   */
  readonly makes?: Made | undefined;
  /** The customer that the write is about, so that this customer's data can be erased. */
  readonly customer_id?: string | undefined;
  /** The state before the write (ids, updated_time, values). The search for a lost write compares Zoho's records with it. */
  readonly before: Json;
  /** The facts that were shown and approved. */
  readonly facts: Json;
}

export interface Entry extends Claim {
  readonly id: string;
  readonly state: State;
  /**
   * True if the caller has received the current answer. While it is false, a repeated call without a key gets its answer from the journal.
   * If an unknown entry is resolved, it has a new answer, which was not delivered yet.
   */
  readonly delivered: boolean;
  /** ISO 8601, by the journal's clock. */
  readonly claimedAt: string;
  readonly sentAt?: string;
  /** The time by Zoho's clock when the write was sent, from the happening `sent`. The grace period starts at this time. */
  readonly zohoTime?: string;
  readonly settledAt?: string;
  /** The write was sent again while its outcome was unknown, so a copy of it may still reach Zoho. */
  readonly sentAgain?: true;
  /** The Zoho record that this write made or touched. While the outcome is unknown, the id is only a hint for the search. */
  readonly zoho_id?: string;
  /** The answer to the caller, kept for replays. Undefined after the customer's data was erased. */
  readonly answer?: Answer;
  /** Why the outcome is unknown or not_recorded, or how the entry was resolved. */
  readonly reason?: string;
  /** Where a person settled the entry, if a person did. */
  readonly settledIn?: 'window' | 'terminal';
  /** The customer's data was erased: key, approval, arguments, request, before, facts and answer are empty or omitted. */
  readonly erased?: true;
}

export interface Answer {
  readonly result: Json;
  readonly report: Report;
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly entry: Entry }
  /**
   * Another entry has the key, the approval, or (without a key) the intent. A key becomes free if its entry becomes not_recorded; an
   * approval never becomes free. An intent is taken as long as another entry without a key is unsettled, or is recorded and not delivered.
   */
  | { readonly kind: 'known'; readonly entry: Entry; readonly by: 'key' | 'approval' | 'intent' }
  /** Another write that touches the same records is unsettled. */
  | { readonly kind: 'blocked'; readonly entry: Entry }
  /** `used`: the sum or number of the other entries, without this claim. */
  | { readonly kind: 'capped'; readonly cap: Cap; readonly used: string };

/**
 * A step of an entry after its claim: claimed -> sent | not_recorded; sent -> sent | recorded | not_recorded | unknown;
 * unknown -> sent | resolved. A recorded, not_recorded or unknown entry can be delivered.
 */
export type Happening =
  /** Durable before the socket write. `zohoTime`: the time by Zoho's clock, if known. ISO 8601. */
  | { readonly type: 'sent'; readonly zohoTime?: string | undefined }
  /** The write never reached a socket, or Zoho refused it. */
  | { readonly type: 'not_recorded'; readonly reason: string }
  | { readonly type: 'recorded'; readonly zoho_id?: string | undefined; readonly answer: Answer }
  /** `zoho_id`: a record that an unclear answer named; a hint for the search. */
  | { readonly type: 'unknown'; readonly reason: string; readonly zoho_id?: string | undefined }
  /** Settles an unknown entry, after a search in Zoho or by the decision of a person. `asked`: where the person decided. */
  | {
      readonly type: 'resolved';
      readonly outcome: 'recorded' | 'not_recorded';
      readonly by: 'look' | 'person';
      readonly asked?: 'window' | 'terminal';
      readonly reason: string;
      readonly zoho_id?: string | undefined;
      readonly answer?: Answer | undefined;
    }
  /** `state`: the outcome that the caller received. Ignored if the state has changed since, or if the answer was delivered before. */
  | { readonly type: 'delivered'; readonly state?: State | undefined };

/**
 * A turn that a call holds: its locks, each with the number of times that it has been taken (its epoch). Empty if the turn cannot be lost
 * while its holder runs.
 */
export type HeldTurn = ReadonlyMap<number, number>;

/** A call that led to no write, and so has no entry. */
export interface Note {
  readonly scope: string;
  readonly endpoint: string;
  readonly intent: string;
  readonly type: 'asked' | 'consented' | 'declined' | 'refused' | 'cancelled';
  readonly reason: string;
  /** Set for a question about a list, or for consent to a list. */
  readonly list?: ListConsent | undefined;
  /** The customer that the call is about, so that this customer's data can be erased. */
  readonly customer_id?: string | undefined;
}

/** A question about a list, as the user was shown it. */
export interface ListConsent {
  /** The claim of each row has this id together with the id of the row. */
  readonly approval: string;
  /** Digest of the whole question. */
  readonly shown: string;
  /** Digest of what was shown for each row. */
  readonly rows: readonly string[];
  /** Digest of the question. If the user declines, it is not asked again for some minutes. */
  readonly declines: string;
  /** Digest of each row's request. If the user declines, none of them is sent by itself for some minutes. */
  readonly requests: readonly string[];
  /** How consent was given. */
  readonly asked?: Asked | undefined;
}

/** A question about a list, or consent to it. `at`: when it was noted, in ISO 8601. */
export interface NotedConsent extends ListConsent {
  readonly type: 'asked' | 'consented';
  readonly at: string;
}

export interface JournalEvent {
  readonly seq: number;
  readonly entry: string | undefined;
  readonly type: string;
  readonly at: string;
  /** Undefined after the data was erased. The chain keeps the digest of the data. */
  readonly data: Json | undefined;
  readonly hash: string;
}

export interface Verdict {
  readonly events: number;
  readonly entries: number;
  /** One line for each problem. Empty if the chain is intact and every entry matches its events. */
  readonly problems: readonly string[];
}

/** Conditions for a list of entries. An entry must meet all of them. */
export interface ListFilter extends SoughtWrite {
  readonly state?: State | readonly State[] | undefined;
  readonly endpoint?: string | undefined;
  /** Id of an entry, or of a list of writes: then its rows are found. */
  readonly id?: string | undefined;
  /** Claimed at or after this moment. ISO 8601. */
  readonly since?: string | undefined;
  readonly customer_id?: string | undefined;
  /** The caller's own `idempotency_key`, in any scope. Also finds writes that were not recorded. */
  readonly key?: string | undefined;
  /**
   * The last entry of the previous page, as it was shown. New entries do not shift the pages, and no entry is missed: an entry that is
   * settled between two pages appears a second time, among the settled entries.
   */
  readonly after?: Pick<Entry, 'id' | 'state'> | undefined;
  readonly limit: number;
}

/** Conditions on the arguments, the request and the answer of an entry. */
export interface SoughtWrite {
  /** In a person's spelling: case, whitespace and words such as "check" do not matter. */
  readonly reference_number?: string | undefined;
  /** Exact decimal, as text. */
  readonly amount?: string | undefined;
  /** Id of a payment, refund, invoice or customer that the write is about. */
  readonly record?: string | undefined;
}

/**
 * Every method may throw BusyError (`journal_busy`: other processes locked the journal for too long) or AccessError (`journal_damaged`,
 * `journal_unusable`: the operator must act; `journal_replaced`, only before anything is sent: the open file is no longer the one on disk).
 * A method that threw may still have changed the journal, so the caller must check the entry before it continues.
 */
export interface Journal {
  /**
   * The time by the clock whose times the journal notes: this machine's for SQLite, the database's for PostgreSQL. Compare noted times only
   * with this time. Milliseconds since 1970. It is never ahead of that clock.
   */
  now(): number;
  /**
   * Claims a write in one durable transaction. Checks in this order: no other entry has the key, the approval or the intent; no unsettled
   * entry touches the same records; no cap is exceeded. If another entry was first, returns that entry.
   */
  claim(claim: Claim, caps: readonly Cap[]): Promise<Claimed>;
  /** The cap that a claim of this amount would exceed now. It is only a forecast: the claim itself decides. */
  reached(counted: Counted | undefined, caps: readonly Cap[]): Promise<{ readonly cap: Cap; readonly used: string } | undefined>;
  /**
   * Adds a step to an entry; the step is durable when the promise resolves. Throws StateError if the entry's state does not allow the step,
   * so that a settled entry is never settled again; throws RecordTakenError if another entry made the record. Both errors leave the journal
   * unchanged. `held`: the turn that the caller holds. If somebody else has taken it since, `sent` is refused (BusyError, `turn_lost`).
   */
  add(entry: string, happening: Happening, held?: HeldTurn): Promise<Entry>;
  note(note: Note): Promise<void>;

  find(entry: string): Promise<Entry | undefined>;
  /** The entry with the caller's own key. Ignores entries that were not recorded, because their keys are free again. */
  findByKey(scope: string, key: string): Promise<Entry | undefined>;
  findByApproval(approval: string): Promise<Entry | undefined>;
  /** The entries of an intent that were claimed since a moment, in any state, newest first. */
  findByIntent(scope: string, intent: string, since: string): Promise<Entry[]>;
  /** The unsettled entries (claimed, sent or unknown) that touch any of `blocks`; without `blocks`, all of them. Oldest first. */
  unsettled(blocks?: readonly string[]): Promise<Entry[]>;
  /**
   * The entries that were first unknown and later recorded, and whose answer was not delivered yet. Newest first. There are few of them,
   * because the next call delivers the answer.
   */
  untold(): Promise<Entry[]>;
  /** The entry that made a Zoho record. One record can settle only one entry. */
  findByZohoId(makes: Made, zoho_id: string): Promise<Entry | undefined>;
  /** When this intent was last declined. ISO 8601. */
  lastDeclined(scope: string, intent: string): Promise<string | undefined>;
  /** Returns the questions about a list with this intent and the consents to it, noted at or after `since`, oldest first. */
  listConsents(scope: string, intent: string, since: string): Promise<NotedConsent[]>;
  /** Newest first, but unsettled entries before all others. */
  list(filter: ListFilter): Promise<Entry[]>;

  /** A secret of 32 bytes that all processes with this journal share. It is made with the journal. */
  secret(): Promise<Buffer>;
  /** The whole chain, oldest first. */
  events(): AsyncIterable<JournalEvent>;
  /** Checks the chain, and every entry against its events, in one snapshot. Reads the whole journal. */
  verify(): Promise<Verdict>;
  /**
   * Removes entries that were settled before the moment `before`, and notes from before it; the chain continues from a checkpoint. Removes
   * only from the old end of the chain: an entry that stays (unsettled or younger) keeps everything after its claim. Keys and approvals of
   * removed entries are removed too. Returns the number of removed entries.
   */
  prune(before: string): Promise<number>;
  /**
   * Erases a customer's data from settled entries and from notes; the chain keeps the digests. If an event has the customer's id as
   * `customer_id` anywhere in its data, all data of the event is erased. Keys, approvals and Zoho ids stay unique, and amounts still count.
   * Returns the number of erased entries.
   */
  erase(customer_id: string): Promise<number>;
  close(): Promise<void>;
}
