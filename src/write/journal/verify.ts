import type { Json } from '../../json.ts';
import { claimedRow, nextRow, NOTES, StateError, UNSETTLED, type Erasure, type NoteRow, type EntryRow } from './entry-state.ts';
import { hashOf, saltedDigest, type StoredEvent } from './hash-chain.ts';
import type { Claim, Happening, Verdict } from './journal.ts';

/** Checks that nobody changed a journal: follows the chain, and derives all rows again from the events to compare them. */

/** A place in the chain. */
export interface ChainPosition {
  readonly seq: number;
  readonly hash: string;
}

/** An event of the chain. `first`: whether it is the first event of its entry. */
export type WalkedEvent = StoredEvent & { readonly first: boolean };

/** Everything that a backend stores of one entry. */
export interface KeptEntry {
  /** Sorted by seq. */
  readonly events: readonly StoredEvent[];
  readonly row: EntryRow | undefined;
  readonly blocks: readonly string[];
}

/** A snapshot of a journal. It is read in pieces, so that the needed memory does not grow with the journal. */
export interface JournalSnapshot {
  /** The place before the oldest event. */
  readonly checkpoint: ChainPosition;
  readonly head: ChainPosition;
  /** The number of entries that have a row. */
  readonly entries: number;
  /** Sorted by seq. */
  readonly events: AsyncIterable<WalkedEvent>;
  entry(id: string): KeptEntry | Promise<KeptEntry>;
  /** Entries that have a row and no event. */
  readonly withoutEvents: AsyncIterable<string>;
  /** Sorted by seq. */
  readonly notes: AsyncIterable<NoteRow>;
}

/** The data of a `pruned` event: where the chain continues. */
export interface Pruning {
  readonly checkpoint: ChainPosition;
  readonly entries: number;
}

/** Reads the chain once. At the first event of an entry, derives the whole entry and compares it. Compares notes one by one. */
export async function verify({ checkpoint, head, entries, events, entry, withoutEvents, notes }: JournalSnapshot): Promise<Verdict> {
  const chain = new Chain(checkpoint);
  const ofEvents: string[] = [];
  const ofEntries: string[] = [];
  const notesOf = new Notes(checkpoint, notes, ofEvents);
  let pruned: ChainPosition | undefined;
  for await (const event of events) {
    chain.follow(event);
    if (event.entry !== null) {
      if (event.first) compareEntry(event.entry, await entry(event.entry), checkpoint, ofEvents, ofEntries);
      continue;
    }
    const data = dataOf(event, ofEvents);
    if (event.type === 'pruned' && data !== undefined) pruned = (data as Pruning).checkpoint;
    else await notesOf.follow(event, data);
  }
  chain.end(head);
  await notesOf.end();
  if (checkpoint.seq > 0 || pruned !== undefined) {
    if (pruned?.seq !== checkpoint.seq || pruned.hash !== checkpoint.hash)
      ofEvents.push('The checkpoint is not the one that the last pruning left.');
  }
  for await (const id of withoutEvents) ofEntries.push(`Entry ${id} has no events.`);
  return { events: chain.count, entries, problems: [...chain.problems, ...ofEvents, ...ofEntries, ...notesOf.problems] };
}

class Chain {
  readonly problems: string[] = [];
  count = 0;
  readonly #checkpoint: ChainPosition;
  #last: ChainPosition;

  constructor(checkpoint: ChainPosition) {
    this.#checkpoint = checkpoint;
    this.#last = checkpoint;
  }

  follow(event: StoredEvent): void {
    this.count += 1;
    const { seq, hash, data, salt, digest } = event;
    if (seq <= this.#checkpoint.seq) {
      this.problems.push(`Event ${seq} is before the checkpoint ${this.#checkpoint.seq}.`);
      return;
    }
    if (seq !== this.#last.seq + 1) this.#missing(this.#last.seq + 1, seq - 1);
    // After a gap the previous hash is unknown, so only the gap is reported.
    else if (hashOf(this.#last.hash, event) !== hash) this.problems.push(`Event ${seq} was changed or replaced.`);
    if (data !== null && (salt === null || saltedDigest(salt, data) !== digest))
      this.problems.push(`The data of event ${seq} was changed.`);
    this.#last = event;
  }

  end(head: ChainPosition): void {
    if (head.seq > this.#last.seq) this.#missing(this.#last.seq + 1, head.seq);
    else if (head.seq < this.#last.seq) this.problems.push(`The chain's head is at ${head.seq}, but its last event is ${this.#last.seq}.`);
    else if (head.hash !== this.#last.hash) this.problems.push("The hash of the chain's head is not the hash of its last event.");
  }

  #missing(from: number, to: number): void {
    this.problems.push(from === to ? `Event ${from} is missing.` : `Events ${from} to ${to} are missing.`);
  }
}

/** Derives one entry from its events. */
class Derived {
  row: EntryRow | undefined;
  blocks: readonly string[] = [];
  /** True if the entry cannot be derived, because some of its data is missing or was changed. */
  lost = false;
  readonly #checkpoint: ChainPosition;
  readonly #problems: string[];
  /** Events without data that no `erased` event has named yet. */
  readonly #empty = new Set<number>();

  constructor(checkpoint: ChainPosition, problems: string[]) {
    this.#checkpoint = checkpoint;
    this.#problems = problems;
  }

  add(entry: string, event: StoredEvent): void {
    const { seq, type, at } = event;
    if (event.data === null) {
      this.#empty.add(seq);
      this.lost = true;
      return;
    }
    const data = dataOf(event, this.#problems);
    if (data === undefined) {
      this.lost = true;
      return;
    }
    try {
      if (type === 'erased') this.#erase(data as Erasure);
      else if (!this.lost) this.#advance(entry, seq, at, type, data);
    } catch (error) {
      this.lost = true;
      this.#problems.push(error instanceof StateError ? `Event ${seq}: ${error.message}` : makesNoSense(event));
    }
  }

  end(): void {
    for (const seq of this.#empty) this.#problems.push(unnamed(seq));
    if (this.#empty.size > 0) this.lost = true;
  }

  #advance(entry: string, seq: number, at: string, type: string, data: object): void {
    if ((this.row === undefined) !== (type === 'claimed')) throw new Error('out of order');
    if (this.row !== undefined) {
      this.row = nextRow(this.row, seq, at, { ...data, type } as Happening);
      return;
    }
    const claim = data as Claim;
    this.row = claimedRow(entry, seq, at, claim);
    this.blocks = claim.blocks;
  }

  #erase({ events, kept }: Erasure): void {
    for (const seq of events) {
      // A later pruning has removed the event.
      if (seq <= this.#checkpoint.seq) continue;
      if (!this.#empty.delete(seq)) this.#problems.push(notEmptied(seq));
    }
    if (kept === undefined || kept.row.first_seq <= this.#checkpoint.seq) return;
    this.row = kept.row;
    this.lost = false;
  }
}

function compareEntry(
  id: string,
  { events, row, blocks }: KeptEntry,
  checkpoint: ChainPosition,
  ofEvents: string[],
  ofEntries: string[],
): void {
  const derived = new Derived(checkpoint, ofEvents);
  for (const event of events) derived.add(id, event);
  derived.end();
  if (derived.lost) return;
  if (derived.row === undefined) {
    if (row !== undefined) ofEntries.push(`Entry ${id} has no events.`);
    return;
  }
  if (row === undefined) ofEntries.push(`Entry ${id} is missing.`);
  else {
    for (const [name, value] of Object.entries(derived.row) as [keyof EntryRow, EntryRow[keyof EntryRow]][]) {
      // Values may be a customer's data, so the problem names only the column.
      if (row[name] !== value) ofEntries.push(`Entry ${id}: its ${name} does not match its events.`);
    }
  }
  const wanted = new Set(UNSETTLED.includes(derived.row.state) ? derived.blocks : []);
  const found = new Set(blocks);
  if (wanted.size !== found.size || [...wanted].some((block) => !found.has(block)))
    ofEntries.push(`Entry ${id}: the list of records that it blocks does not match its events.`);
}

/** Checks the events that belong to no entry: notes, and the erasures that empty them. */
class Notes {
  readonly problems: string[] = [];
  readonly #checkpoint: ChainPosition;
  readonly #kept: AsyncIterator<NoteRow>;
  readonly #ofEvents: string[];
  /** Events without data that no `erased` event has named yet. */
  readonly #empty = new Bits();
  #next: NoteRow | undefined;
  #begun = false;

  constructor(checkpoint: ChainPosition, kept: AsyncIterable<NoteRow>, ofEvents: string[]) {
    this.#checkpoint = checkpoint;
    this.#kept = kept[Symbol.asyncIterator]();
    this.#ofEvents = ofEvents;
  }

  /** Checks an event that belongs to no entry. `data` is undefined if it is missing or not valid. */
  async follow({ seq, type, at, data: stored }: StoredEvent, data: object | undefined): Promise<void> {
    if (stored === null) this.#empty.add(seq);
    else if (data === undefined) return;
    else if (type === 'erased') this.#erase(data as Erasure);
    else if (NOTES.includes(type)) {
      const { scope, intent } = data as Json;
      await this.#compare({ seq, scope: String(scope), intent: String(intent), type, at });
    }
  }

  async end(): Promise<void> {
    for (let note = await this.#peek(); note !== undefined; note = await this.#pull()) this.problems.push(notItsEvent(note.seq));
    for (const seq of this.#empty) this.#ofEvents.push(unnamed(seq));
  }

  async #compare(derived: NoteRow): Promise<void> {
    let note = await this.#peek();
    for (; note !== undefined && note.seq < derived.seq; note = await this.#pull()) this.problems.push(notItsEvent(note.seq));
    if (note?.seq !== derived.seq) {
      this.problems.push(`The index row of event ${derived.seq} is missing.`);
      return;
    }
    const kept = note;
    if ((['scope', 'intent', 'type', 'at'] as const).some((name) => derived[name] !== kept[name]))
      this.problems.push(notItsEvent(kept.seq));
    await this.#pull();
  }

  #erase({ events }: Erasure): void {
    for (const seq of events) {
      // A later pruning has removed events up to the checkpoint.
      if (seq > this.#checkpoint.seq && !this.#empty.delete(seq)) this.#ofEvents.push(notEmptied(seq));
    }
  }

  async #peek(): Promise<NoteRow | undefined> {
    return this.#begun ? this.#next : await this.#pull();
  }

  async #pull(): Promise<NoteRow | undefined> {
    this.#begun = true;
    const { value, done } = await this.#kept.next();
    this.#next = done === true ? undefined : (value as NoteRow);
    return this.#next;
  }
}

/** A set of integers, one bit for each. It needs little memory even if all notes of a journal were emptied. */
class Bits {
  static readonly #SPAN = 8 * 4096;
  readonly #parts = new Map<number, Uint8Array>();

  add(n: number): void {
    const { part, byte, bit } = Bits.#at(n);
    const bytes = this.#parts.get(part) ?? new Uint8Array(Bits.#SPAN / 8);
    this.#parts.set(part, bytes);
    bytes[byte]! |= bit;
  }

  /** Removes a number. True if it was in the set. */
  delete(n: number): boolean {
    const { part, byte, bit } = Bits.#at(n);
    const bytes = this.#parts.get(part);
    if (bytes === undefined || (bytes[byte]! & bit) === 0) return false;
    bytes[byte]! &= ~bit;
    return true;
  }

  *[Symbol.iterator](): Generator<number> {
    for (const [part, bytes] of this.#parts) {
      for (const [byte, bits] of bytes.entries())
        for (let i = 0; i < 8; i += 1) if ((bits & (1 << i)) !== 0) yield part * Bits.#SPAN + byte * 8 + i;
    }
  }

  static #at(n: number) {
    const part = Math.floor(n / Bits.#SPAN);
    const rest = n - part * Bits.#SPAN;
    return { part, byte: Math.floor(rest / 8), bit: 1 << (rest % 8) };
  }
}

/** The data of an event. Undefined if it was erased, or if it is not valid, which is reported as a problem. */
function dataOf(event: StoredEvent, problems: string[]): object | undefined {
  if (event.data === null) return undefined;
  try {
    const data: unknown = JSON.parse(event.data);
    if (typeof data === 'object' && data !== null) return data;
  } catch {
    // The problem is reported below.
  }
  problems.push(makesNoSense(event));
  return undefined;
}

const makesNoSense = ({ seq, type }: StoredEvent) => `Event ${seq} (${type}) is not valid.`;
const unnamed = (seq: number) => `The data of event ${seq} is missing, but the journal does not record that it was erased.`;
const notEmptied = (seq: number) => `The journal records that the data of event ${seq} was erased, but the data is still there.`;
const notItsEvent = (seq: number) => `The index row of event ${seq} does not match the event.`;
