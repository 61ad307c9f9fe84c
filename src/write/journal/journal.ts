import type { Asked } from '../../concern.ts';
import type { ZohoRequest } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import type { Report } from '../../report.ts';

/**
 * What is remembered of every write: append-only events in one hash chain, and the state of each entry derived from them.
 * One journal serves one organization; SQLite for one person's processes, PostgreSQL for a team's.
 */

/**
 * claimed: the intent is ours, nothing was sent. sent: about to be handed to a socket, or handed over. recorded: Zoho has it.
 * not_recorded: Zoho does not have it and will not. unknown: it was sent, and nobody can tell yet.
 */
export type State = 'claimed' | 'sent' | 'recorded' | 'not_recorded' | 'unknown';

/** Money that counts against the policy's caps, unless it turns out not to be recorded. */
export interface Counted {
  readonly kind: 'payment' | 'refund';
  readonly currency: string;
  /** Exact decimal, as text. */
  readonly amount: string;
}

/** A kind of Zoho record that a write makes. Several writes may touch one record; only one can have made it. */
export type Made = 'payment' | 'refund';

/**
 * At most so much, or so many, since a moment, over all callers. It is about entries of its `kind` and `currency` (of every
 * kind and currency where it names none), and binds only a claim that it is about. A sum needs a currency.
 */
export interface Cap {
  /** The policy's own name for it, to be quoted when it is reached. */
  readonly name: string;
  readonly kind?: Counted['kind'];
  readonly currency?: string;
  /** Entries claimed at or after this moment count. ISO 8601. */
  readonly since: string;
  /** A sum of amounts (exact decimal, as text) or a number of writes; the claim's own included. */
  readonly most: { readonly amount: string } | { readonly writes: number };
}

/** Everything that is fixed at the moment a write becomes ours. */
export interface Claim {
  /** Organization and caller. The same key in another scope is another key. */
  readonly scope: string;
  readonly endpoint: string;
  /** Digest of the endpoint and its arguments as given after repair. */
  readonly intent: string;
  /** The caller's own `idempotency_key`. */
  readonly key?: string | undefined;
  readonly arguments: Json;
  readonly request: ZohoRequest;
  /** The consent this write rests on; good for one claim. */
  readonly approval?: string | undefined;
  /** What no other write may touch while this one is unsettled, for example `payment:123` or `create:<customer>:<amount>`. */
  readonly blocks: readonly string[];
  readonly counted?: Counted | undefined;
  /**
   * The kind of record this write makes: `payment` for a create, and for an upsert that found none; `refund` for a refund. The
   * id of a record that was made settles one entry only. Left out for updates and deletes, which may touch a record again.
   */
  readonly makes?: Made | undefined;
  /** Whose money it is, so that a person's data can be removed. */
  readonly customer_id?: string | undefined;
  /** What looking compares with: ids before, updated_time, values. */
  readonly before: Json;
  /** What was shown and approved. */
  readonly facts: Json;
}

export interface Entry extends Claim {
  readonly id: string;
  readonly state: State;
  /**
   * Whether the caller has had the answer that stands now. A repeated call without a key is answered from the journal only
   * while it has not. Resolving an unknown entry makes a new answer, which nobody has had yet.
   */
  readonly delivered: boolean;
  /** ISO 8601, by this machine's clock. */
  readonly claimedAt: string;
  readonly sentAt?: string;
  /** Zoho's own clock when it was sent, as given with `sent`: what the grace period is measured from. */
  readonly zohoTime?: string;
  readonly settledAt?: string;
  /** It was sent again while its outcome was unknown, so a copy of it may still reach Zoho. */
  readonly sentAgain?: true;
  /** The Zoho record that this write made or touched. While unknown: only where to look. */
  readonly zoho_id?: string;
  /** What the caller was told, to be told again. Gone when a person's data was removed. */
  readonly answer?: Answer;
  /** Why it is unknown, was not recorded, or was resolved as it was. */
  readonly reason?: string;
  /** Where a person said what became of it. */
  readonly settledIn?: 'window' | 'terminal';
  /** The customer's data was removed: key, approval, arguments, request, before, facts and answer are empty or left out. */
  readonly erased?: true;
}

export interface Answer {
  readonly result: Json;
  readonly report: Report;
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly entry: Entry }
  /**
   * The key, the approval, or (without a key) the intent is already somebody's. A key is free again once its entry is
   * not_recorded; an approval never is. An intent is somebody's while another entry without a key is unsettled, or recorded
   * and not delivered.
   */
  | { readonly kind: 'known'; readonly entry: Entry; readonly by: 'key' | 'approval' | 'intent' }
  /** Another write that touches the same is not settled. */
  | { readonly kind: 'blocked'; readonly entry: Entry }
  /** `used`: what counts already, this claim's own not included. */
  | { readonly kind: 'capped'; readonly cap: Cap; readonly used: string };

/**
 * What happened to an entry after its claim: claimed -> sent | not_recorded; sent -> sent | recorded | not_recorded | unknown;
 * unknown -> sent | resolved. A recorded, not_recorded or unknown entry can be delivered.
 */
export type Happening =
  /** Durable before the socket write. `zohoTime`: Zoho's own clock at that moment, where it is known. ISO 8601. */
  | { readonly type: 'sent'; readonly zohoTime?: string | undefined }
  /** Claimed, and then never handed to a socket; or refused by Zoho. */
  | { readonly type: 'not_recorded'; readonly reason: string }
  | { readonly type: 'recorded'; readonly zoho_id?: string | undefined; readonly answer: Answer }
  /** `zoho_id`: a record that the answer named without being clear, for whoever looks. */
  | { readonly type: 'unknown'; readonly reason: string; readonly zoho_id?: string | undefined }
  /** By looking in Zoho, or by a person who did, and where they said so. Settles an unknown entry. */
  | {
      readonly type: 'resolved';
      readonly outcome: 'recorded' | 'not_recorded';
      readonly by: 'look' | 'person';
      readonly asked?: 'window' | 'terminal';
      readonly reason: string;
      readonly zoho_id?: string | undefined;
      readonly answer?: Answer | undefined;
    }
  /** `state`: what the caller was told. Adds nothing when the entry has come to something else since, or was delivered before. */
  | { readonly type: 'delivered'; readonly state?: State | undefined };

/** What happened without an entry: no write came of it. */
export interface Note {
  readonly scope: string;
  readonly endpoint: string;
  readonly intent: string;
  readonly type: 'asked' | 'consented' | 'declined' | 'refused' | 'cancelled';
  readonly reason: string;
  /** Of a question about a list, or of consent to it. */
  readonly list?: ListConsent | undefined;
  /** Whom it is about, so that a person's data can be removed. */
  readonly customer_id?: string | undefined;
}

/** What a person was asked about a list. */
export interface ListConsent {
  /** Each row claims with this id and its own. */
  readonly approval: string;
  /** Digest of the whole question. */
  readonly shown: string;
  /** Digest of what was shown of each row. */
  readonly rows: readonly string[];
  /** Digest of what is not asked about again for some minutes if the user declines. */
  readonly declines: string;
  /** How consent was given. */
  readonly asked?: Asked | undefined;
}

/** A question about a list, or consent to it, and when it was noted. ISO 8601. */
export interface NotedConsent extends ListConsent {
  readonly type: 'asked' | 'consented';
  readonly at: string;
}

export interface JournalEvent {
  readonly seq: number;
  readonly entry: string | undefined;
  readonly type: string;
  readonly at: string;
  /** Undefined once removed: the chain holds its digest. */
  readonly data: Json | undefined;
  readonly hash: string;
}

export interface Verdict {
  readonly events: number;
  readonly entries: number;
  /** One line each; empty when the chain is whole and every entry is what its events say. */
  readonly problems: readonly string[];
}

/** Which entries are listed: those that all of it is true of. */
export interface ListFilter extends SoughtWrite {
  readonly state?: State | readonly State[] | undefined;
  readonly endpoint?: string | undefined;
  /** Claimed at or after this moment. ISO 8601. */
  readonly since?: string | undefined;
  readonly customer_id?: string | undefined;
  /** The caller's own `idempotency_key`, in whichever scope; also of writes that were not recorded. */
  readonly key?: string | undefined;
  /**
   * The last entry of the page before, as it was shown. Pages do not shift while entries are added, and none is left out: one that is
   * settled meanwhile comes again, among the settled ones.
   */
  readonly after?: Pick<Entry, 'id' | 'state'> | undefined;
  readonly limit: number;
}

/** What an entry is found by that stands in its arguments, its request or its answer. */
export interface SoughtWrite {
  /** As people write it: without regard to case, blanks and words such as "check". */
  readonly reference_number?: string | undefined;
  /** Exact decimal, as text. */
  readonly amount?: string | undefined;
  /** Id of a payment, refund, invoice or customer that the write is about. */
  readonly record?: string | undefined;
}

/**
 * Every method may throw BusyError (`journal_busy`: others kept the journal too long) or AccessError (`journal_damaged`,
 * `journal_unusable`: an operator must act; `journal_replaced`, before anything is sent: what is open is not what is kept any
 * more). What was not acknowledged may still have happened: find out before going on.
 */
export interface Journal {
  /**
   * Makes the write ours, in one transaction and durable: unique key, single-use approval, nothing unsettled in the way, caps
   * kept; asked in this order. Whoever comes second is told who was first.
   */
  claim(claim: Claim, caps: readonly Cap[]): Promise<Claimed>;
  /** The cap that a claim of this would be too much for as things stand. Only the claim itself decides. */
  reached(counted: Counted | undefined, caps: readonly Cap[]): Promise<{ readonly cap: Cap; readonly used: string } | undefined>;
  /**
   * Durable when it resolves. Throws StateError when the entry's state does not allow it, so a settled entry is never settled
   * again, and RecordTakenError when another entry made the record; neither changes anything.
   */
  add(entry: string, happening: Happening): Promise<Entry>;
  note(note: Note): Promise<void>;

  find(entry: string): Promise<Entry | undefined>;
  /** By the caller's own key. Keys of writes that were not recorded are free again, and find nothing. */
  findByKey(scope: string, key: string): Promise<Entry | undefined>;
  findByApproval(approval: string): Promise<Entry | undefined>;
  /** The newest entries of an intent, newest first, whatever their state. */
  findByIntent(scope: string, intent: string, since: string): Promise<Entry[]>;
  /** Not settled (claimed, sent or unknown) and touching any of `blocks`; all of them without `blocks`. Oldest first. */
  unsettled(blocks?: readonly string[]): Promise<Entry[]>;
  /**
   * Recorded after their outcome was unknown, and nobody has been told of it yet. Newest first. Few: whoever calls again is told.
   */
  untold(): Promise<Entry[]>;
  /** The entry that made a Zoho record: one record can settle one entry only. */
  findByZohoId(makes: Made, zoho_id: string): Promise<Entry | undefined>;
  /** When this intent was last declined. */
  lastDeclined(scope: string, intent: string): Promise<string | undefined>;
  /** Questions about a list of this intent and consents to it, noted at or after `since`. Oldest first. */
  listConsents(scope: string, intent: string, since: string): Promise<NotedConsent[]>;
  /** Newest first, unsettled before everything else. */
  list(filter: ListFilter): Promise<Entry[]>;

  /** A secret of 32 bytes that all processes on this journal share, made on first use. */
  secret(): Promise<Buffer>;
  /** The whole chain, oldest first. */
  events(): AsyncIterable<JournalEvent>;
  /** Checks the chain, and every entry against its events, as they stand at one moment. Reads everything. */
  verify(): Promise<Verdict>;
  /**
   * Forgets entries settled, and notes made, before `before`; the chain goes on from a checkpoint. Only from the old end of
   * the chain: an entry that stays (unsettled or younger) holds everything after its claim. Keys and approvals of forgotten
   * entries are forgotten too. How many entries are gone.
   */
  prune(before: string): Promise<number>;
  /**
   * Removes what is known of a customer from settled entries and from notes; the chain keeps its digests. What names the
   * customer as `customer_id` anywhere in its data is emptied whole. Keys, approvals and Zoho ids stay unique, amounts stay
   * counted. How many entries were emptied.
   */
  erase(customer_id: string): Promise<number>;
  close(): Promise<void>;
}
