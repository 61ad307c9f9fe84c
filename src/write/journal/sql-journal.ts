import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Big } from 'big.js';
import type { Changed } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { SqlValue } from '../../machine/sqlite-file.ts';
import { isSought, tracesOf } from './about.ts';
import {
  changesNothing,
  claimedRow,
  entryOf,
  isSettled,
  keptOf,
  lookUp,
  nextRow,
  RecordTakenError,
  type Erasure,
  type NoteRow,
  type EntryRow,
} from './entry-state.ts';
import { canonicalJson, hashOf, saltedDigest, type StoredEvent } from './hash-chain.ts';
import type {
  Cap,
  Claim,
  Claimed,
  Entry,
  Happening,
  HeldTurn,
  Journal,
  JournalEvent,
  ListFilter,
  Made,
  Note,
  NotedConsent,
  Verdict,
} from './journal.ts';
import { sqlRow, sqlRows, type Steps } from './statements.ts';
import { verify, type ChainPosition, type KeptEntry, type Pruning, type WalkedEvent } from './verify.ts';

/**
 * The journal in an SQL database. Every method that writes is one short transaction, which all processes see at once. The statements are
 * the same for SQLite and PostgreSQL; the few differences are in `Dialect`.
 */

/** The expressions that differ between the databases. Each `?` is a parameter. */
export interface Dialect {
  /** A query for the texts in a JSON array. */
  readonly textsOf: string;
  /** Whether the column `data` contains a text, exactly. */
  readonly dataContains: string;
  /** The list of writes that an entry belongs to, from the columns of its claim in `events`. */
  readonly listOfClaim: string;
  /** The table `entries`, read through the index of the unsettled entries. */
  readonly unsettledEntries: string;
}

export type ReadSteps = <T>(steps: () => Steps<T>) => Promise<T>;

/** A database with the tables of one journal. */
export interface JournalStore {
  readonly dialect: Dialect;
  /** The clock whose times the journal notes. Milliseconds since 1970. */
  now(): number;
  /**
   * Runs the steps as one transaction: others see all of it or nothing, and it is durable when the promise resolves. No other transaction
   * of this journal writes meanwhile. The steps may run again if the database is busy. `at`: the time of the transaction. `changed`: what an
   * error says about the books.
   */
  write<T>(steps: (at: string) => Steps<T>, changed?: Changed): Promise<T>;
  /** Runs reads in one snapshot. */
  readonly read: ReadSteps;
  /** Runs all reads of a check in one snapshot. Adds the problems that the database itself has. */
  verify(check: (read: ReadSteps) => Promise<Verdict>): Promise<Verdict>;
  /** Throws AccessError (`journal_replaced`) if the journal is no longer the one that was opened. */
  refuseUnlessIntact(): Promise<void>;
  /** Throws BusyError (`turn_lost`) if somebody else has taken the turn since. */
  refuseLostTurn(held: HeldTurn): Steps<void>;
  /** Removes what erasures and prunings left in the database's files, if the database allows it. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

/** The number of events that are read or removed at once. This takes a few milliseconds. */
const PAGE = 500;
/** The longest time for one step of a search. Other calls wait for the end of a step. */
const SHORT_MS = 5;

export const ENTRY_COLUMNS =
  'id, first_seq, last_seq, scope, endpoint, intent, key_digest, approval_digest, customer_id, ' +
  'kind, currency, amount, makes, state, delivered, claimed_at, sent_at, settled_at, zoho_id';
export const EVENT_COLUMNS = 'seq, entry, type, at, data, salt, digest, hash';
const columns = ENTRY_COLUMNS.split(', ') as (keyof EntryRow)[];

/** SQL: the outcome of the entry is not known yet. */
export const unsettled = "state IN ('claimed', 'sent', 'unknown')";
/** SQL: the entry holds its key. The key is taken from the claim on; it becomes free only if the write was not recorded. */
export const holdsKey = "key_digest IS NOT NULL AND state <> 'not_recorded'";
/** SQL: the entry holds its intent. Without a key, calls with the same arguments have the same intent until the answer was delivered. */
export const holdsIntent = `key_digest IS NULL AND (${unsettled} OR (state = 'recorded' AND delivered = 0))`;
/** SQL: the entry has made its Zoho record. */
export const madeRecord = "makes IS NOT NULL AND zoho_id IS NOT NULL AND state = 'recorded'";

/** SQL: recorded, but the answer was not delivered. */
export const untold = "state = 'recorded' AND delivered = 0";

export class SqlJournal implements Journal {
  readonly #store: JournalStore;

  constructor(store: JournalStore) {
    this.#store = store;
  }

  now(): number {
    return this.#store.now();
  }

  async claim(claim: Claim, caps: readonly Cap[]): Promise<Claimed> {
    const data = canonicalJson(claim);
    if (claim.counted !== undefined && new Big(claim.counted.amount).lt(0)) throw new RangeError('A counted amount cannot be negative.');

    await this.#store.refuseUnlessIntact();
    return await this.#store.write((at) => this.#claim(claim, caps, data, at));
  }

  async add(id: string, happening: Happening, held?: HeldTurn): Promise<Entry> {
    const { type, ...rest } = happening;
    const data = canonicalJson(rest);
    // After `sent`, Zoho may have carried out the write, even if the note of this step fails.
    return await this.#store.write((at) => this.#add(id, happening, data, held, at), type === 'sent' ? 'no' : 'unknown');
  }

  async note({ type, ...rest }: Note): Promise<void> {
    const data = canonicalJson(rest);
    await this.#store.write(function* (at) {
      const seq = yield* append({ entry: null, type, at }, data);
      yield* sqlRows('INSERT INTO notes (seq, scope, intent, type, at) VALUES (?, ?, ?, ?, ?)', seq, rest.scope, rest.intent, type, at);
    });
  }

  async find(id: string): Promise<Entry | undefined> {
    return (await this.#select('id = ?', id))[0];
  }

  async findByKey(scope: string, key: string): Promise<Entry | undefined> {
    return (await this.#select(`scope = ? AND key_digest = ? AND ${holdsKey}`, scope, lookUp(key)))[0];
  }

  async findByApproval(approval: string): Promise<Entry | undefined> {
    return (await this.#select('approval_digest = ?', lookUp(approval)))[0];
  }

  async findByIntent(scope: string, intent: string, since: string): Promise<Entry[]> {
    return await this.#select('scope = ? AND intent = ? AND claimed_at >= ? ORDER BY first_seq DESC', scope, intent, instant(since));
  }

  async unsettled(blocks?: readonly string[]): Promise<Entry[]> {
    if (blocks === undefined) return await this.#select(`${unsettled} ORDER BY first_seq`);
    return await this.#select(`${this.#blocking} ORDER BY first_seq`, JSON.stringify(blocks));
  }

  async untold(): Promise<Entry[]> {
    return await this.#select(
      `${untold} AND EXISTS (SELECT 1 FROM events WHERE events.entry = entries.id AND events.type = 'unknown') ORDER BY first_seq DESC`,
    );
  }

  async findByZohoId(makes: Made, zohoId: string): Promise<Entry | undefined> {
    return (await this.#select(`makes = ? AND zoho_id = ? AND ${madeRecord}`, makes, zohoId))[0];
  }

  async lastDeclined(scope: string, intent: string): Promise<string | undefined> {
    const note = await this.#store.read(() =>
      sqlRow<{ at: string }>(
        "SELECT at FROM notes WHERE scope = ? AND intent = ? AND type = 'declined' ORDER BY seq DESC LIMIT 1",
        scope,
        intent,
      ),
    );
    return note?.at;
  }

  async listConsents(scope: string, intent: string, since: string): Promise<NotedConsent[]> {
    const notes = await this.#store.read(() =>
      sqlRows<{ type: NotedConsent['type']; at: string; data: string | null }>(
        "SELECT type, at, data FROM events WHERE seq IN (SELECT seq FROM notes WHERE scope = ? AND intent = ? AND type IN ('asked', 'consented'))" +
          ' AND at >= ? ORDER BY seq',
        scope,
        intent,
        instant(since),
      ),
    );
    // An entry that was erased is no longer a consent.
    return notes.flatMap(({ type, at, data }) => {
      const { list } = (parsed(data) ?? {}) as Pick<Note, 'list'>;
      return list === undefined ? [] : [{ ...list, type, at }];
    });
  }

  async list({ state, endpoint, id, since, customer_id, key, after, limit, ...sought }: ListFilter): Promise<Entry[]> {
    const { textsOf, dataContains, listOfClaim, unsettledEntries } = this.#store.dialect;
    const given: [sql: string, ...values: (SqlValue | undefined)[]][] = [
      [`state IN (${textsOf})`, state && JSON.stringify([state].flat())],
      ['endpoint = ?', endpoint],
      [`id IN (SELECT ? UNION ALL SELECT entry FROM events WHERE type = 'claimed' AND ${listOfClaim} = ?)`, id, id],
      ['customer_id = ?', customer_id],
      ['key_digest = ?', lookUp(key) ?? undefined],
      ['claimed_at >= ?', since && instant(since)],
      ...tracesOf(sought).map((texts): [string, ...string[]] => [
        `EXISTS (SELECT 1 FROM events WHERE events.entry = entries.id AND (${texts.map(() => dataContains).join(' OR ')}))`,
        ...texts,
      ]),
    ];
    const conditions = given.filter((one): one is [string, ...SqlValue[]] => one[1] !== undefined);
    const { newest, last } = await this.#store.read(function* () {
      return { newest: (yield* placeOf('head')).seq, last: after && ((yield* entryRows('id = ?', after.id))[0]?.first_seq ?? 0) };
    });
    const listed = new Map<string, Entry>();
    for (const settled of [false, true]) {
      if (!settled && after !== undefined && isSettled(after.state)) continue;
      const before = last !== undefined && settled === isSettled(after!.state) ? last : newest + 1;
      const all = settled ? `entries WHERE NOT ${unsettled}` : `${unsettledEntries} WHERE ${unsettled}`;
      const from = [all, ...conditions.map(([sql]) => sql)].join(' AND ');
      const values = conditions.flatMap(([, ...values]) => values);
      for await (const entry of this.#newestFirst(from, values, before, limit)) {
        if (isSought(entry, sought)) listed.set(entry.id, entry);
        if (listed.size >= limit) return [...listed.values()];
      }
    }
    return [...listed.values()];
  }

  async secret(): Promise<Buffer> {
    const row = await this.#store.read(() => sqlRow<{ secret: Uint8Array }>('SELECT secret FROM journal'));
    return Buffer.from(row?.secret ?? []);
  }

  async *events(): AsyncIterable<JournalEvent> {
    const page = (after: number) =>
      this.#store.read(() => sqlRows<StoredEvent>(`SELECT ${EVENT_COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, PAGE));
    for await (const { seq, entry, type, at, data, hash } of stored(page)) {
      yield { seq, entry: entry ?? undefined, type, at, data: parsed(data), hash };
    }
  }

  async verify(): Promise<Verdict> {
    return await this.#store.verify(verifyTables);
  }

  async prune(before: string): Promise<number> {
    const young = instant(before);
    // Events that are added meanwhile, such as the `pruned` events, stay.
    const end = (await this.#store.read(() => placeOf('head'))).seq;
    let forgotten = 0;
    for (let reach = PAGE; ;) {
      const step = await this.#store.write((at) => prune(young, end, reach, at));
      forgotten += step.entries;
      if (step.done) break;
      // The events of one entry can be more than one page apart.
      reach = step.moved ? PAGE : reach * 2;
    }
    await this.#store.compact();
    return forgotten;
  }

  async erase(customer_id: string): Promise<number> {
    // The id as canonical JSON writes it, at any depth.
    const mention = `"customer_id":${JSON.stringify(customer_id)}`;
    const mentioned = await this.#store.read(() =>
      sqlRows<{ seq: number; entry: string | null }>(
        `SELECT seq, entry FROM events WHERE ${this.#store.dialect.dataContains} AND type NOT IN ('erased', 'pruned') ORDER BY seq`,
        mention,
      ),
    );
    let emptied = 0;
    for (const entry of new Set(mentioned.map(({ entry }) => entry))) {
      if (entry !== null && (await this.#store.write((at) => eraseEntry(entry, at)))) emptied += 1;
    }
    const notes = mentioned.filter(({ entry }) => entry === null).map(({ seq }) => seq);
    await this.#store.write((at) => eraseNotes(notes, at));
    await this.#store.compact();
    return emptied;
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async reached(counted: Claim['counted'], caps: readonly Cap[]): Promise<{ cap: Cap; used: string } | undefined> {
    return await this.#store.read(() => firstReached({ counted }, caps));
  }

  *#claim(claim: Claim, caps: readonly Cap[], data: string, at: string): Steps<Claimed> {
    const known = yield* knownEntry(claim);
    if (known !== undefined) return known;
    const [inTheWay] = yield* entryRows(`${this.#blocking} ORDER BY first_seq LIMIT 1`, JSON.stringify(claim.blocks));
    if (inTheWay !== undefined) return { kind: 'blocked', entry: yield* wholeEntry(inTheWay) };
    const beyond = yield* firstReached(claim, caps);
    if (beyond !== undefined) return { kind: 'capped', ...beyond };

    const id = `w_${randomBytes(8).toString('hex')}`;
    const row = claimedRow(id, yield* append({ entry: id, type: 'claimed', at }, data), at, claim);
    yield* sqlRows(
      `INSERT INTO entries (${ENTRY_COLUMNS}) VALUES (${columns.map(() => '?').join(', ')})`,
      ...columns.map((name) => row[name]),
    );
    for (const block of new Set(claim.blocks)) yield* sqlRows('INSERT INTO blocks (entry, block) VALUES (?, ?)', id, block);
    return { kind: 'claimed', entry: yield* wholeEntry(row) };
  }

  *#add(id: string, happening: Happening, data: string, held: HeldTurn | undefined, at: string): Steps<Entry> {
    const [row] = yield* entryRows('id = ?', id);
    if (row === undefined) throw new Error(`There is no entry ${id}.`);
    if (changesNothing(row, happening)) return yield* wholeEntry(row);
    const next = nextRow(row, (yield* placeOf('head')).seq + 1, at, happening);
    if (happening.type === 'sent' && held !== undefined) yield* this.#store.refuseLostTurn(held);
    yield* refuseTakenRecord(next);
    yield* append({ entry: id, type: happening.type, at }, data);
    yield* update(next);
    if (isSettled(next.state)) yield* sqlRows('DELETE FROM blocks WHERE entry = ?', id);
    return yield* wholeEntry(next);
  }

  /** SQL: an unsettled entry that touches any name in a list (a JSON array). */
  get #blocking(): string {
    return `id IN (SELECT entry FROM blocks WHERE block IN (${this.#store.dialect.textsOf}))`;
  }

  /** Entries before an event, newest first. Lets other calls run between pages, even if few entries fit. */
  async *#newestFirst(from: string, values: readonly SqlValue[], before: number, limit: number): AsyncGenerator<Entry> {
    const most = Math.min(Math.max(limit, 20), PAGE);
    const oldest = (await this.#store.read(() => placeOf('checkpoint'))).seq;
    for (let [end, reach] = [before, PAGE]; end > oldest;) {
      const began = performance.now();
      const sql = `SELECT ${ENTRY_COLUMNS} FROM ${from} AND first_seq >= ? AND first_seq < ? ORDER BY first_seq DESC LIMIT ?`;
      const page = await this.#store.read(() => wholeEntries(sqlRows<EntryRow>(sql, ...values, end - reach, end, most)));
      const took = performance.now() - began;
      for (const [, entry] of page) yield entry;
      const isWhole = page.length < most;
      end = isWhole ? end - reach : (page.at(-1)?.[0].first_seq ?? oldest);
      // If few entries fit, the steps get larger, but never so large that other calls wait noticeably.
      if (took > SHORT_MS) reach = Math.max(PAGE, Math.floor(reach / 2));
      else if (isWhole) reach *= 2;
      await turn();
    }
  }

  async #select(where: string, ...values: SqlValue[]): Promise<Entry[]> {
    return (await this.#store.read(() => wholeEntries(entryRows(where, ...values)))).map(([, entry]) => entry);
  }
}

/** The entry that already has the key, the approval or the intent. */
function* knownEntry({ scope, key, approval, intent }: Claim): Steps<Claimed | undefined> {
  const known = function* (by: 'key' | 'approval' | 'intent', where: string, ...values: SqlValue[]): Steps<Claimed | undefined> {
    const [row] = yield* entryRows(where, ...values);
    return row && { kind: 'known', entry: yield* wholeEntry(row), by };
  };
  return (
    (key === undefined ? undefined : yield* known('key', `scope = ? AND key_digest = ? AND ${holdsKey}`, scope, lookUp(key))) ??
    (approval === undefined ? undefined : yield* known('approval', 'approval_digest = ?', lookUp(approval))) ??
    (key === undefined ? yield* known('intent', `scope = ? AND intent = ? AND ${holdsIntent}`, scope, intent) : undefined)
  );
}

/** The first cap that a claim of this amount would exceed. */
function* firstReached(claim: Pick<Claim, 'counted'>, caps: readonly Cap[]): Steps<{ cap: Cap; used: string } | undefined> {
  for (const cap of caps.filter((one) => isAbout(one, claim))) {
    const used = yield* usedBeyond({ ...cap, since: instant(cap.since) }, claim);
    if (used !== undefined) return { cap, used };
  }
  return undefined;
}

/** The sum or number that already counts against the cap, if the claim would exceed the cap. Otherwise undefined. */
function* usedBeyond({ kind, currency, since, most }: Cap, claim: Pick<Claim, 'counted'>): Steps<string | undefined> {
  const conditions = [
    "claimed_at >= ? AND state <> 'not_recorded'",
    ...(kind === undefined ? [] : ['kind = ?']),
    ...(currency === undefined ? [] : ['currency = ?']),
  ];
  const counted = yield* sqlRows<{ amount: string | null; writes: number }>(
    `SELECT amount, count(*) AS writes FROM entries WHERE ${conditions.join(' AND ')} GROUP BY amount`,
    ...[since, kind, currency].filter((value) => value !== undefined),
  );
  if ('writes' in most) {
    const used = counted.reduce((total, { writes }) => total + writes, 0);
    return used + 1 > most.writes ? String(used) : undefined;
  }
  const used = counted.reduce((total, { amount, writes }) => total.plus(new Big(amount ?? 0).times(writes)), new Big(0));
  return used.plus(claim.counted?.amount ?? 0).gt(most.amount) ? used.toFixed() : undefined;
}

function* refuseTakenRecord({ id, makes, zoho_id, state }: EntryRow): Steps<void> {
  if (makes === null || zoho_id === null || state !== 'recorded') return;
  const [owner] = yield* entryRows(`makes = ? AND zoho_id = ? AND ${madeRecord}`, makes, zoho_id);
  if (owner !== undefined && owner.id !== id) throw new RecordTakenError(makes as Made, zoho_id, owner.id);
}

/** Removes the next part of the chain, at most up to `end`. */
function* prune(young: string, end: number, reach: number, at: string): Steps<{ entries: number; moved: boolean; done: boolean }> {
  const from = (yield* placeOf('checkpoint')).seq;
  const first = function* (sql: string, ...values: SqlValue[]): Steps<number> {
    return (yield* sqlRow<{ seq: number | null }>(sql, ...values))?.seq ?? Infinity;
  };
  // The first event that must stay: the first event of an entry, or an event that belongs to no entry.
  const stays = Math.min(
    yield* first(`SELECT min(first_seq) AS seq FROM entries WHERE ${unsettled} OR settled_at >= ?`, young),
    yield* first(
      "SELECT min(seq) AS seq FROM events WHERE seq > ? AND seq <= ? AND at >= ? AND (entry IS NULL OR type = 'erased')",
      from,
      from + reach,
      young,
    ),
  );
  const limit = Math.min(from + reach, end, stays - 1);
  let to = limit;
  for (;;) {
    const split = yield* first('SELECT min(first_seq) AS seq FROM entries WHERE first_seq <= ? AND last_seq > ?', to, to);
    if (split > to) break;
    to = split - 1;
  }
  // If `done` is false, this step ended here, but more steps follow.
  const done = limit < from + reach;
  if (to <= from) return { entries: 0, moved: false, done };

  const hash = (yield* sqlRow<{ hash: string }>('SELECT hash FROM events WHERE seq = ?', to))?.hash ?? '';
  const entries = (yield* sqlRow<{ entries: number }>('SELECT count(*) AS entries FROM entries WHERE first_seq <= ?', to))?.entries ?? 0;
  const pruning: Pruning = { checkpoint: { seq: to, hash }, entries };
  yield* append({ entry: null, type: 'pruned', at }, canonicalJson(pruning));
  yield* sqlRows('UPDATE journal SET checkpoint_seq = ?, checkpoint_hash = ?', to, hash);
  yield* sqlRows('DELETE FROM entries WHERE first_seq <= ?', to);
  yield* sqlRows('DELETE FROM notes WHERE seq <= ?', to);
  yield* sqlRows('DELETE FROM events WHERE seq <= ?', to);
  return { entries, moved: true, done };
}

/** Erases an entry. False if that is not possible: an unsettled entry needs its data. */
function* eraseEntry(id: string, at: string): Steps<boolean> {
  const [row] = yield* entryRows('id = ?', id);
  if (row === undefined || !isSettled(row.state)) return false;
  const events = yield* sqlRows<StoredEvent>(
    "SELECT seq, type, data FROM events WHERE entry = ? AND type <> 'erased' AND data IS NOT NULL ORDER BY seq",
    id,
  );
  const claim = parsed(events.find(({ type }) => type === 'claimed')?.data ?? null) as Claim | undefined;
  if (claim === undefined) return false;
  const kept = keptOf(row, claim);
  yield* empty(id, { events: events.map(({ seq }) => seq), kept }, at);
  yield* update(kept.row);
  // Notes contain questions and reasons, so they may name the same customer.
  const notes = yield* sqlRows<{ seq: number }>('SELECT seq FROM notes WHERE scope = ? AND intent = ? ORDER BY seq', row.scope, row.intent);
  yield* eraseNotes(
    notes.map(({ seq }) => seq),
    at,
  );
  return true;
}

function* eraseNotes(seqs: readonly number[], at: string): Steps<void> {
  const full: number[] = [];
  for (const seq of seqs)
    if ((yield* sqlRow('SELECT seq FROM events WHERE seq = ? AND data IS NOT NULL', seq)) !== undefined) full.push(seq);
  if (full.length === 0) return;
  yield* empty(null, { events: full }, at);
  for (const seq of full) yield* sqlRows('DELETE FROM notes WHERE seq = ?', seq);
}

function* empty(entry: string | null, erasure: Erasure, at: string): Steps<void> {
  yield* append({ entry, type: 'erased', at }, canonicalJson(erasure));
  for (const seq of erasure.events) yield* sqlRows('UPDATE events SET data = NULL, salt = NULL WHERE seq = ?', seq);
}

/** Adds an event to the chain. Returns its sequence number. */
function* append({ entry, type, at }: Pick<StoredEvent, 'entry' | 'type' | 'at'>, data: string): Steps<number> {
  const head = yield* placeOf('head');
  const salt = randomBytes(16);
  const link = { seq: head.seq + 1, entry, type, at, digest: saltedDigest(salt, data) };
  const hash = hashOf(head.hash, link);
  yield* sqlRows(
    'INSERT INTO events (seq, entry, type, at, data, salt, digest, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    link.seq,
    entry,
    type,
    at,
    data,
    salt,
    link.digest,
    hash,
  );
  yield* sqlRows('UPDATE journal SET head_seq = ?, head_hash = ?', link.seq, hash);
  return link.seq;
}

function* update({ id, last_seq, state, delivered, sent_at, settled_at, zoho_id, customer_id }: EntryRow): Steps<void> {
  yield* sqlRows(
    'UPDATE entries SET last_seq = ?, state = ?, delivered = ?, sent_at = ?, settled_at = ?, zoho_id = ?, customer_id = ? WHERE id = ?',
    last_seq,
    state,
    delivered,
    sent_at,
    settled_at,
    zoho_id,
    customer_id,
    id,
  );
}

const entryRows = (where: string, ...values: SqlValue[]): Steps<EntryRow[]> =>
  sqlRows<EntryRow>(`SELECT ${ENTRY_COLUMNS} FROM entries WHERE ${where}`, ...values);

function* wholeEntry(row: EntryRow): Steps<Entry> {
  const events = yield* sqlRows<StoredEvent>('SELECT type, data FROM events WHERE entry = ? ORDER BY seq', row.id);
  return entryOf(
    row,
    events.map(({ type, data }) => ({ type, data: parsed(data) })),
  );
}

function* wholeEntries(rows: Steps<EntryRow[]>): Steps<[EntryRow, Entry][]> {
  const entries: [EntryRow, Entry][] = [];
  for (const row of yield* rows) entries.push([row, yield* wholeEntry(row)]);
  return entries;
}

/** Reads the chain or the notes page by page, oldest first. Lets other calls run between pages. */
async function* stored<T extends { readonly seq: number }>(page: (after: number) => Promise<T[]>): AsyncGenerator<T> {
  for (let events = await page(Number.MIN_SAFE_INTEGER); events.length > 0; events = await page(events.at(-1)?.seq ?? Infinity)) {
    yield* events;
    await turn();
  }
}

function* walkedPage(after: number): Steps<WalkedEvent[]> {
  const earlier = 'SELECT 1 FROM events AS earlier WHERE earlier.entry = events.entry AND earlier.seq < events.seq';
  const rows = yield* sqlRows<StoredEvent & { later: unknown }>(
    `SELECT ${EVENT_COLUMNS}, EXISTS (${earlier}) AS later FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
    after,
    PAGE,
  );
  // SQLite says 0 or 1, PostgreSQL says false or true.
  return rows.map(({ later, ...event }) => ({ ...event, first: !later }));
}

function* keptEntry(id: string): Steps<KeptEntry> {
  return {
    events: yield* sqlRows<StoredEvent>(`SELECT ${EVENT_COLUMNS} FROM events WHERE entry = ? ORDER BY seq`, id),
    row: (yield* entryRows('id = ?', id))[0],
    blocks: (yield* sqlRows<{ block: string }>('SELECT block FROM blocks WHERE entry = ?', id)).map(({ block }) => block),
  };
}

const entriesWithoutEvents = (after: number): Steps<{ id: string; seq: number }[]> =>
  sqlRows(
    'SELECT id, first_seq AS seq FROM entries WHERE first_seq > ? ' +
      'AND NOT EXISTS (SELECT 1 FROM events WHERE events.entry = entries.id) ORDER BY first_seq LIMIT ?',
    after,
    PAGE,
  );

async function* onlyIds(rows: AsyncIterable<{ readonly id: string }>): AsyncGenerator<string> {
  for await (const { id } of rows) yield id;
}

function* placeOf(which: 'head' | 'checkpoint'): Steps<ChainPosition> {
  return (yield* sqlRow<ChainPosition>(`SELECT ${which}_seq AS seq, ${which}_hash AS hash FROM journal`)) ?? { seq: 0, hash: '' };
}

/** True if a cap applies to this claim. */
function isAbout({ name, kind, currency, most }: Cap, { counted }: Pick<Claim, 'counted'>): boolean {
  if ('amount' in most && currency === undefined) throw new TypeError(`The cap ${name} sums amounts but names no currency.`);
  return (kind === undefined || kind === counted?.kind) && (currency === undefined || currency === counted?.currency);
}

function parsed(data: string | null): Json | undefined {
  return data === null ? undefined : (JSON.parse(data) as Json);
}

/** The moment as ISO 8601 text in UTC, which can be compared as text. */
function instant(moment: string): string {
  return new Date(moment).toISOString();
}

/** Checks the tables of a journal in one snapshot. */
export async function verifyTables(read: ReadSteps): Promise<Verdict> {
  return await verify({
    checkpoint: await read(() => placeOf('checkpoint')),
    head: await read(() => placeOf('head')),
    entries: (await read(() => sqlRow<{ entries: number }>('SELECT count(*) AS entries FROM entries')))?.entries ?? 0,
    events: stored((after) => read(() => walkedPage(after))),
    entry: (id) => read(() => keptEntry(id)),
    withoutEvents: onlyIds(stored((after) => read(() => entriesWithoutEvents(after)))),
    notes: stored((after) =>
      read(() => sqlRows<NoteRow>('SELECT seq, scope, intent, type, at FROM notes WHERE seq > ? ORDER BY seq LIMIT ?', after, PAGE)),
    ),
  });
}
