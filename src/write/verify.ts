import type { Json } from '../endpoint.ts';
import { digestOf, hashOf, type StoredEvent } from './chain.ts';
import { claimedRow, nextRow, NOTES, StateError, UNSETTLED, type Erasure, type NoteRow, type Row } from './entry.ts';
import type { Claim, Happening, Verdict } from './journal.ts';

/** Whether a journal is what it was: the chain link by link, and everything derived from the events derived again. */

/** A place in the chain. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}

/** A journal at one moment, as its backend keeps it. */
export interface Kept {
  /** What the oldest event follows. */
  readonly checkpoint: Place;
  readonly head: Place;
  /** By seq. */
  readonly events: AsyncIterable<StoredEvent>;
  readonly rows: readonly Row[];
  readonly notes: readonly NoteRow[];
  readonly blocks: readonly { readonly entry: string; readonly block: string }[];
}

/** The data of a `pruned` event: where the chain goes on from. */
export interface Pruning {
  readonly checkpoint: Place;
  readonly entries: number;
}

export async function verify({ checkpoint, head, events, rows, notes, blocks }: Kept): Promise<Verdict> {
  const chain = new Chain(checkpoint);
  const derived = new Derived(checkpoint, chain.problems);
  for await (const event of events) {
    chain.follow(event);
    derived.add(event);
  }
  chain.end(head);
  derived.compare(rows, notes, blocks);
  return { events: chain.count, entries: rows.length, problems: chain.problems };
}

class Chain {
  readonly problems: string[] = [];
  count = 0;
  readonly #checkpoint: Place;
  #last: Place;

  constructor(checkpoint: Place) {
    this.#checkpoint = checkpoint;
    this.#last = checkpoint;
  }

  follow(event: StoredEvent): void {
    this.count += 1;
    const { seq, hash, data, salt, digest } = event;
    if (seq <= this.#checkpoint.seq) {
      this.problems.push(`Event ${seq} stands before the checkpoint ${this.#checkpoint.seq}.`);
      return;
    }
    if (seq !== this.#last.seq + 1) this.#missing(this.#last.seq + 1, seq - 1);
    // After a gap the hash before is not known, so only the gap is reported.
    else if (hashOf(this.#last.hash, event) !== hash) this.problems.push(`Event ${seq} was changed, or is not the one that followed.`);
    if (data !== null && (salt === null || digestOf(salt, data) !== digest)) this.problems.push(`The data of event ${seq} was changed.`);
    this.#last = event;
  }

  end(head: Place): void {
    if (head.seq > this.#last.seq) this.#missing(this.#last.seq + 1, head.seq);
    else if (head.seq < this.#last.seq) this.problems.push(`The chain's head is at ${head.seq}, its last event is ${this.#last.seq}.`);
    else if (head.hash !== this.#last.hash) this.problems.push('The chain\'s head has another hash than its last event.');
  }

  #missing(from: number, to: number): void {
    this.problems.push(from === to ? `Event ${from} is missing.` : `Events ${from} to ${to} are missing.`);
  }
}

class Derived {
  readonly #checkpoint: Place;
  readonly #problems: string[];
  readonly #rows = new Map<string, Row>();
  readonly #notes = new Map<number, NoteRow>();
  /** `entry block` of unsettled entries. */
  readonly #blocks = new Map<string, readonly string[]>();
  /** Events without data that no erasure has named yet, with their entries. */
  readonly #empty = new Map<number, string | null>();
  /** Entries that cannot be derived, because something of them is missing or was changed. */
  readonly #lost = new Set<string>();
  #pruned: Place | undefined;

  constructor(checkpoint: Place, problems: string[]) {
    this.#checkpoint = checkpoint;
    this.#problems = problems;
  }

  add({ seq, entry, type, at, data }: StoredEvent): void {
    if (data === null) {
      this.#empty.set(seq, entry);
      if (entry !== null) this.#lost.add(entry);
      return;
    }
    try {
      const parsed = JSON.parse(data) as Json;
      if (type === 'erased') this.#erase(entry, parsed as unknown as Erasure);
      else if (type === 'pruned') this.#pruned = (parsed as unknown as Pruning).checkpoint;
      else if (NOTES.includes(type)) this.#notes.set(seq, { seq, scope: String(parsed['scope']), intent: String(parsed['intent']), type, at });
      else if (entry !== null && !this.#lost.has(entry)) this.#advance(entry, seq, at, type, parsed);
    } catch (error) {
      if (entry !== null) this.#lost.add(entry);
      this.#problems.push(error instanceof StateError ? `Event ${seq}: ${error.message}` : `Event ${seq} (${type}) makes no sense.`);
    }
  }

  compare(rows: readonly Row[], notes: readonly NoteRow[], blocks: Kept['blocks']): void {
    for (const [seq, entry] of this.#empty) {
      this.#problems.push(`The data of event ${seq} is missing, and no erasure names it.`);
      if (entry !== null) this.#lost.add(entry);
    }
    if (this.#checkpoint.seq > 0 || this.#pruned !== undefined) {
      if (this.#pruned?.seq !== this.#checkpoint.seq || this.#pruned.hash !== this.#checkpoint.hash) this.#problems.push('The checkpoint is not the one that the last pruning left.');
    }
    const found = new Set(rows.map(({ id }) => id));
    for (const row of rows) this.#compareRow(row);
    for (const id of this.#rows.keys()) if (!found.has(id) && !this.#lost.has(id)) this.#problems.push(`Entry ${id} is missing.`);
    this.#compareNotes(notes);
    this.#compareBlocks(blocks);
  }

  #advance(entry: string, seq: number, at: string, type: string, data: Json): void {
    const row = this.#rows.get(entry);
    if ((row === undefined) !== (type === 'claimed')) throw new Error('out of order');
    if (row !== undefined) {
      this.#rows.set(entry, nextRow(row, seq, at, { ...data, type } as unknown as Happening));
      return;
    }
    const claim = data as unknown as Claim;
    this.#rows.set(entry, claimedRow(entry, seq, at, claim));
    this.#blocks.set(entry, claim.blocks);
  }

  #erase(entry: string | null, { events, kept }: Erasure): void {
    for (const seq of events) {
      // Forgotten since, by a pruning.
      if (seq <= this.#checkpoint.seq) continue;
      if (!this.#empty.delete(seq)) this.#problems.push(`The data of event ${seq} was removed by an erasure, and is there.`);
    }
    if (entry === null || kept === undefined || kept.row.first_seq <= this.#checkpoint.seq) return;
    this.#rows.set(entry, kept.row);
    this.#lost.delete(entry);
  }

  #compareRow(row: Row): void {
    if (this.#lost.has(row.id)) return;
    const derived = this.#rows.get(row.id);
    if (derived === undefined) {
      this.#problems.push(`Entry ${row.id} has no events.`);
      return;
    }
    for (const [name, value] of Object.entries(derived) as [keyof Row, Row[keyof Row]][]) {
      // Values may be a customer's, so only the name is told.
      if (row[name] !== value) this.#problems.push(`Entry ${row.id}: its ${name} is not what its events say.`);
    }
  }

  #compareNotes(notes: readonly NoteRow[]): void {
    for (const note of notes) {
      const derived = this.#notes.get(note.seq);
      this.#notes.delete(note.seq);
      const same = derived !== undefined && (['scope', 'intent', 'type', 'at'] as const).every((name) => derived[name] === note[name]);
      if (!same) this.#problems.push(`Note ${note.seq} is not what its event says.`);
    }
    for (const seq of this.#notes.keys()) this.#problems.push(`Note ${seq} is missing.`);
  }

  #compareBlocks(blocks: Kept['blocks']): void {
    const kept = new Map<string, Set<string>>();
    for (const { entry, block } of blocks) kept.set(entry, (kept.get(entry) ?? new Set()).add(block));
    for (const [id, row] of this.#rows) {
      if (this.#lost.has(id)) continue;
      const wanted = new Set(UNSETTLED.includes(row.state) ? this.#blocks.get(id) : []);
      const found = kept.get(id) ?? new Set();
      if (wanted.size !== found.size || [...wanted].some((block) => !found.has(block))) this.#problems.push(`Entry ${id}: what it blocks is not what its events say.`);
    }
  }
}
