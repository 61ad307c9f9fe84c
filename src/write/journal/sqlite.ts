import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Big } from 'big.js';
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
import { isDamage, JournalFile, type FileOptions, type Layout } from './file.ts';
import { canonicalJson, hashOf, saltedDigest, type StoredEvent } from './hash-chain.ts';
import type {
  Cap,
  Claim,
  Claimed,
  Entry,
  Happening,
  Journal,
  JournalEvent,
  ListFilter,
  Made,
  Note,
  NotedConsent,
  Verdict,
} from './journal.ts';
import { verify, type ChainPosition, type Pruning, type WalkedEvent } from './verify.ts';

/**
 * The journal for the processes of one person, in one SQLite file. Every method that writes is one short transaction, which all processes
 * and connections see at once. The data may name customers, so the file is private, and its data is never in an error message or a log.
 */

export interface SqliteJournalOptions extends Partial<FileOptions> {
  /** For tests that depend on the time. Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The number of events that are read or removed at once. This takes a few milliseconds. */
const PAGE = 500;
/** The longest time for one step of a search. Other calls wait for the end of a step. */
const SHORT_MS = 5;

const ROW =
  'id, first_seq, last_seq, scope, endpoint, intent, key_digest, approval_digest, customer_id, ' +
  'kind, currency, amount, makes, state, delivered, claimed_at, sent_at, settled_at, zoho_id';
const EVENT = 'seq, entry, type, at, data, salt, digest, hash';
const columns = ROW.split(', ') as (keyof EntryRow)[];

const unsettled = "state IN ('claimed', 'sent', 'unknown')";
/** SQL: the entry holds its key. The key is taken from the claim on; it becomes free only if the write was not recorded. */
const holdsKey = "key_digest IS NOT NULL AND state <> 'not_recorded'";
/** SQL: the entry holds its intent. Without a key, calls with the same arguments have the same intent until the answer was delivered. */
const holdsIntent = `key_digest IS NULL AND (${unsettled} OR (state = 'recorded' AND delivered = 0))`;
/** SQL: the entry has made its Zoho record. */
const madeRecord = "makes IS NOT NULL AND zoho_id IS NOT NULL AND state = 'recorded'";

/** SQL: recorded, but the answer was not delivered. */
const untold = "state = 'recorded' AND delivered = 0";

/** The unsettled entries that block any name in a list (a JSON array). */
const blocking = 'SELECT entry FROM blocks WHERE block IN (SELECT value FROM json_each(?))';

/** SQL for the entries whose events contain one of the texts (case-insensitive). */
const leavingTraces = (texts: readonly string[]): [sql: string, ...values: string[]] => [
  `EXISTS (SELECT 1 FROM events WHERE events.entry = entries.id AND (${texts.map(() => 'data LIKE ?').join(' OR ')}))`,
  ...texts.map((text) => `%${text}%`),
];

/** SQL: the list of writes that an entry belongs to, from the data of its claim. */
const listOfClaim = "CASE WHEN json_valid(data) THEN json_extract(data, '$.facts.listed.list') END";

const layout: Layout = {
  // "zpmj"
  applicationId: 0x7a706d6a,
  version: 1,
  tables: ['journal', 'events', 'entries', 'blocks', 'notes'],
  // Files of versions before 0.2 do not have these.
  added: {
    untold_entries: `CREATE INDEX untold_entries ON entries (first_seq) WHERE ${untold}`,
    entries_of_key: 'CREATE INDEX entries_of_key ON entries (key_digest, first_seq) WHERE key_digest IS NOT NULL',
    claims_of_list: `CREATE INDEX claims_of_list ON events (${listOfClaim}) WHERE type = 'claimed'`,
    entries_of_customer: 'CREATE INDEX entries_of_customer ON entries (customer_id, first_seq) WHERE customer_id IS NOT NULL',
  },
  mark:
    'SELECT hex(secret) AS id, head_seq AS position, ' +
    'head_seq = 0 OR EXISTS (SELECT 1 FROM events WHERE seq = head_seq AND hash = head_hash) AS whole FROM journal',
  create(exec) {
    exec(`
      CREATE TABLE journal (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        secret BLOB NOT NULL,
        head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL,
        checkpoint_seq INTEGER NOT NULL, checkpoint_hash TEXT NOT NULL
      ) STRICT;
      CREATE TABLE events (
        seq INTEGER PRIMARY KEY, entry TEXT, type TEXT NOT NULL, at TEXT NOT NULL,
        data TEXT, salt BLOB, digest TEXT NOT NULL, hash TEXT NOT NULL
      ) STRICT;
      CREATE INDEX events_of_entry ON events (entry, seq) WHERE entry IS NOT NULL;
      CREATE TABLE entries (
        id TEXT PRIMARY KEY, first_seq INTEGER NOT NULL UNIQUE, last_seq INTEGER NOT NULL,
        scope TEXT NOT NULL, endpoint TEXT NOT NULL, intent TEXT NOT NULL, key_digest TEXT, approval_digest TEXT, customer_id TEXT,
        kind TEXT, currency TEXT, amount TEXT, makes TEXT,
        state TEXT NOT NULL CHECK (state IN ('claimed', 'sent', 'recorded', 'not_recorded', 'unknown')),
        delivered INTEGER NOT NULL, claimed_at TEXT NOT NULL, sent_at TEXT, settled_at TEXT, zoho_id TEXT
      ) STRICT;
      CREATE UNIQUE INDEX one_per_key ON entries (scope, key_digest) WHERE ${holdsKey};
      CREATE UNIQUE INDEX one_per_intent ON entries (scope, intent) WHERE ${holdsIntent};
      CREATE UNIQUE INDEX one_per_approval ON entries (approval_digest) WHERE approval_digest IS NOT NULL;
      CREATE UNIQUE INDEX one_per_record ON entries (makes, zoho_id) WHERE ${madeRecord};
      CREATE INDEX entries_of_intent ON entries (scope, intent, first_seq);
      CREATE INDEX unsettled_entries ON entries (first_seq) WHERE ${unsettled};
      CREATE INDEX entries_by_time ON entries (claimed_at);
      CREATE TABLE blocks (
        entry TEXT NOT NULL REFERENCES entries (id) ON DELETE CASCADE, block TEXT NOT NULL,
        PRIMARY KEY (block, entry)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX blocks_of_entry ON blocks (entry);
      CREATE TABLE notes (seq INTEGER PRIMARY KEY, scope TEXT NOT NULL, intent TEXT NOT NULL, type TEXT NOT NULL, at TEXT NOT NULL) STRICT;
      CREATE INDEX notes_of_intent ON notes (scope, intent, type);
      CREATE TRIGGER events_are_only_emptied BEFORE UPDATE ON events
        WHEN new.data IS NOT NULL OR new.salt IS NOT NULL OR new.seq <> old.seq OR new.entry IS NOT old.entry
          OR new.type <> old.type OR new.at <> old.at OR new.digest <> old.digest OR new.hash <> old.hash
        BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
      CREATE TRIGGER events_go_only_behind_the_checkpoint BEFORE DELETE ON events
        WHEN old.seq > (SELECT checkpoint_seq FROM journal)
        BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
    `);
    // The chain starts with a random hash, so that nobody can copy an event of one journal into another journal.
    const beginning = randomBytes(32).toString('hex');
    exec(`INSERT INTO journal VALUES (1, x'${randomBytes(32).toString('hex')}', 0, '${beginning}', 0, '${beginning}')`);
  },
};

/** Opens the journal, or creates it. Any number of processes, and of connections in one process, may have it open. */
export async function openSqliteJournal(
  file: string,
  { durable = true, patienceMs = 10_000, now = Date.now }: SqliteJournalOptions = {},
): Promise<Journal> {
  const open = () => JournalFile.open(file, layout, { durable, patienceMs });
  return new SqliteJournal(await open(), open, now);
}

class SqliteJournal implements Journal {
  readonly #file: JournalFile;
  /** Opens another connection, for long reads that must not block this one. */
  readonly #another: () => Promise<JournalFile>;
  readonly #now: () => number;

  constructor(file: JournalFile, another: () => Promise<JournalFile>, now: () => number) {
    this.#file = file;
    this.#another = another;
    this.#now = now;
  }

  async claim(claim: Claim, caps: readonly Cap[]): Promise<Claimed> {
    const data = canonicalJson(claim);
    if (claim.counted !== undefined && new Big(claim.counted.amount).lt(0)) throw new RangeError('A counted amount cannot be negative.');

    await this.#file.refuseUnlessIntact();
    return await this.#file.write(() => {
      const known = this.#known(claim);
      if (known !== undefined) return known;
      const inTheWay = this.#rows(`id IN (${blocking}) ORDER BY first_seq LIMIT 1`, JSON.stringify(claim.blocks))[0];
      if (inTheWay !== undefined) return { kind: 'blocked', entry: this.#entry(inTheWay) };
      const beyond = this.#firstReached(claim, caps);
      if (beyond !== undefined) return { kind: 'capped', ...beyond };

      const id = `w_${randomBytes(8).toString('hex')}`;
      const at = this.#clock();
      const row = claimedRow(id, this.#append({ entry: id, type: 'claimed', at }, data), at, claim);
      this.#insert(row);
      for (const block of new Set(claim.blocks)) this.#file.run('INSERT INTO blocks (entry, block) VALUES (?, ?)', id, block);
      return { kind: 'claimed', entry: this.#entry(row) };
    });
  }

  async add(id: string, happening: Happening): Promise<Entry> {
    const { type, ...rest } = happening;
    const data = canonicalJson(rest);
    // After `sent`, Zoho may have carried out the write, even if the note of this step fails.
    return await this.#file.write(() => this.#add(id, happening, data), type === 'sent' ? 'no' : 'unknown');
  }

  async note({ type, ...rest }: Note): Promise<void> {
    const data = canonicalJson(rest);
    await this.#file.write(() => {
      const at = this.#clock();
      const seq = this.#append({ entry: null, type, at }, data);
      this.#file.run('INSERT INTO notes (seq, scope, intent, type, at) VALUES (?, ?, ?, ?, ?)', seq, rest.scope, rest.intent, type, at);
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
    return await this.#select(`id IN (${blocking}) ORDER BY first_seq`, JSON.stringify(blocks));
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
    const note = await this.#file.read(() =>
      this.#file.get<{ at: string }>(
        "SELECT at FROM notes WHERE scope = ? AND intent = ? AND type = 'declined' ORDER BY seq DESC LIMIT 1",
        scope,
        intent,
      ),
    );
    return note?.at;
  }

  async listConsents(scope: string, intent: string, since: string): Promise<NotedConsent[]> {
    const notes = await this.#file.read(() =>
      this.#file.all<{ type: NotedConsent['type']; at: string; data: string | null }>(
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
    const given: [sql: string, ...values: (SqlValue | undefined)[]][] = [
      ['state IN (SELECT value FROM json_each(?))', state && JSON.stringify([state].flat())],
      ['endpoint = ?', endpoint],
      [`id IN (SELECT ? UNION ALL SELECT entry FROM events WHERE type = 'claimed' AND ${listOfClaim} = ?)`, id, id],
      ['customer_id = ?', customer_id],
      ['key_digest = ?', lookUp(key) ?? undefined],
      ['claimed_at >= ?', since && instant(since)],
      ...tracesOf(sought).map(leavingTraces),
    ];
    const conditions = given.filter((one): one is [string, ...SqlValue[]] => one[1] !== undefined);
    const { newest, last } = await this.#file.read(() => ({
      newest: placeOf(this.#file, 'head').seq,
      last: after && (this.#rows('id = ?', after.id)[0]?.first_seq ?? 0),
    }));
    const listed = new Map<string, Entry>();
    for (const settled of [false, true]) {
      if (!settled && after !== undefined && isSettled(after.state)) continue;
      const before = last !== undefined && settled === isSettled(after!.state) ? last : newest + 1;
      // Few entries are unsettled. Without INDEXED BY, SQLite would read all entries of a customer.
      const all = settled ? `entries WHERE NOT ${unsettled}` : `entries INDEXED BY unsettled_entries WHERE ${unsettled}`;
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
    const row = await this.#file.read(() => this.#file.get<{ secret: Uint8Array }>('SELECT secret FROM journal'));
    return Buffer.from(row?.secret ?? []);
  }

  async *events(): AsyncIterable<JournalEvent> {
    for await (const { seq, entry, type, at, data, hash } of stored((after) => this.#file.read(() => eventPageOf(this.#file, after)))) {
      yield { seq, entry: entry ?? undefined, type, at, data: parsed(data), hash };
    }
  }

  async verify(): Promise<Verdict> {
    let file: JournalFile | undefined;
    try {
      const view = (file = await this.#another());
      await view.hold();
      const verdict = await verify({
        checkpoint: placeOf(view, 'checkpoint'),
        head: placeOf(view, 'head'),
        entries: view.get<{ entries: number }>('SELECT count(*) AS entries FROM entries')?.entries ?? 0,
        events: stored(async (after) => walkedPageOf(view, after)),
        entry: (id) => ({
          events: view.all<StoredEvent>(`SELECT ${EVENT} FROM events WHERE entry = ? ORDER BY seq`, id),
          row: view.get<EntryRow>(`SELECT ${ROW} FROM entries WHERE id = ?`, id),
          blocks: view.all<{ block: string }>('SELECT block FROM blocks WHERE entry = ?', id).map(({ block }) => block),
        }),
        withoutEvents: idsWithoutEvents(view),
        notes: stored(async (after) =>
          view.all<NoteRow>('SELECT seq, scope, intent, type, at FROM notes WHERE seq > ? ORDER BY seq LIMIT ?', after, PAGE),
        ),
      });
      const damage = view
        .all<{ integrity_check: string }>('PRAGMA integrity_check(20)')
        .map((row) => row.integrity_check)
        .filter((line) => line !== 'ok');
      return { ...verdict, problems: [...verdict.problems, ...damage.map((line) => `The file is damaged: ${line}`)] };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { events: 0, entries: 0, problems: [`The file is damaged: ${error.message}`] };
    } finally {
      file?.close();
    }
  }

  async prune(before: string): Promise<number> {
    const young = instant(before);
    // Events that are added meanwhile, such as the `pruned` events, stay.
    const end = (await this.#file.read(() => placeOf(this.#file, 'head'))).seq;
    let forgotten = 0;
    for (let reach = PAGE; ;) {
      const step = await this.#file.write(() => this.#prune(young, end, reach));
      forgotten += step.entries;
      if (step.done) break;
      // The events of one entry can be more than one page apart.
      reach = step.moved ? PAGE : reach * 2;
    }
    await this.#file.compact();
    return forgotten;
  }

  async erase(customer_id: string): Promise<number> {
    // The id as canonical JSON writes it, at any depth.
    const mention = `"customer_id":${JSON.stringify(customer_id)}`;
    const mentioned = await this.#file.read(() =>
      this.#file.all<{ seq: number; entry: string | null }>(
        "SELECT seq, entry FROM events WHERE instr(data, ?) > 0 AND type NOT IN ('erased', 'pruned') ORDER BY seq",
        mention,
      ),
    );
    let emptied = 0;
    for (const entry of new Set(mentioned.map(({ entry }) => entry))) {
      if (entry !== null && (await this.#file.write(() => this.#eraseEntry(entry)))) emptied += 1;
    }
    const notes = mentioned.filter(({ entry }) => entry === null).map(({ seq }) => seq);
    await this.#file.write(() => this.#eraseNotes(notes));
    await this.#file.compact();
    return emptied;
  }

  async close(): Promise<void> {
    this.#file.close();
  }

  // The methods below run inside a transaction.

  /** The entry that already has the key, the approval or the intent. */
  #known({ scope, key, approval, intent }: Claim): Claimed | undefined {
    const by = (by: 'key' | 'approval' | 'intent', where: string, ...values: SqlValue[]): Claimed | undefined => {
      const row = this.#rows(where, ...values)[0];
      return row && { kind: 'known', entry: this.#entry(row), by };
    };
    return (
      (key === undefined ? undefined : by('key', `scope = ? AND key_digest = ? AND ${holdsKey}`, scope, lookUp(key))) ??
      (approval === undefined ? undefined : by('approval', 'approval_digest = ?', lookUp(approval))) ??
      (key === undefined ? by('intent', `scope = ? AND intent = ? AND ${holdsIntent}`, scope, intent) : undefined)
    );
  }

  async reached(counted: Claim['counted'], caps: readonly Cap[]): Promise<{ cap: Cap; used: string } | undefined> {
    return this.#firstReached({ counted }, caps);
  }

  #firstReached(claim: Pick<Claim, 'counted'>, caps: readonly Cap[]): { cap: Cap; used: string } | undefined {
    for (const cap of caps.filter((one) => isAbout(one, claim))) {
      const used = this.#usedBeyond({ ...cap, since: instant(cap.since) }, claim);
      if (used !== undefined) return { cap, used };
    }
    return undefined;
  }

  /** The sum or number that already counts against the cap, if the claim would exceed the cap. Otherwise undefined. */
  #usedBeyond({ kind, currency, since, most }: Cap, claim: Pick<Claim, 'counted'>): string | undefined {
    const conditions = [
      "claimed_at >= ? AND state <> 'not_recorded'",
      ...(kind === undefined ? [] : ['kind = ?']),
      ...(currency === undefined ? [] : ['currency = ?']),
    ];
    const counted = this.#file.all<{ amount: string | null; writes: number }>(
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

  #add(id: string, happening: Happening, data: string): Entry {
    const row = this.#row(id);
    if (changesNothing(row, happening)) return this.#entry(row);
    const at = this.#clock();
    const next = nextRow(row, placeOf(this.#file, 'head').seq + 1, at, happening);
    this.#refuseTakenRecord(next);
    this.#append({ entry: id, type: happening.type, at }, data);
    this.#update(next);
    if (isSettled(next.state)) this.#file.run('DELETE FROM blocks WHERE entry = ?', id);
    return this.#entry(next);
  }

  #refuseTakenRecord({ id, makes, zoho_id, state }: EntryRow): void {
    if (makes === null || zoho_id === null || state !== 'recorded') return;
    const owner = this.#rows(`makes = ? AND zoho_id = ? AND ${madeRecord}`, makes, zoho_id)[0];
    if (owner !== undefined && owner.id !== id) throw new RecordTakenError(makes as Made, zoho_id, owner.id);
  }

  /** Removes the next part of the chain, at most up to `end`. */
  #prune(young: string, end: number, reach: number): { entries: number; moved: boolean; done: boolean } {
    const from = placeOf(this.#file, 'checkpoint').seq;
    const first = (sql: string, ...values: SqlValue[]) => this.#file.get<{ seq: number | null }>(sql, ...values)?.seq ?? Infinity;
    // The first event that must stay: the first event of an entry, or an event that belongs to no entry.
    const stays = Math.min(
      first(`SELECT min(first_seq) AS seq FROM entries WHERE ${unsettled} OR settled_at >= ?`, young),
      first(
        "SELECT min(seq) AS seq FROM events WHERE seq > ? AND seq <= ? AND at >= ? AND (entry IS NULL OR type = 'erased')",
        from,
        from + reach,
        young,
      ),
    );
    const limit = Math.min(from + reach, end, stays - 1);
    let to = limit;
    for (;;) {
      const split = first('SELECT min(first_seq) AS seq FROM entries WHERE first_seq <= ? AND last_seq > ?', to, to);
      if (split > to) break;
      to = split - 1;
    }
    // If `done` is false, this step ended here, but more steps follow.
    const done = limit < from + reach;
    if (to <= from) return { entries: 0, moved: false, done };

    const { hash } = this.#file.get<{ hash: string }>('SELECT hash FROM events WHERE seq = ?', to) ?? { hash: '' };
    const { entries } = this.#file.get<{ entries: number }>('SELECT count(*) AS entries FROM entries WHERE first_seq <= ?', to) ?? {
      entries: 0,
    };
    const pruning: Pruning = { checkpoint: { seq: to, hash }, entries };
    this.#append({ entry: null, type: 'pruned', at: this.#clock() }, canonicalJson(pruning));
    this.#file.run('UPDATE journal SET checkpoint_seq = ?, checkpoint_hash = ?', to, hash);
    this.#file.run('DELETE FROM entries WHERE first_seq <= ?', to);
    this.#file.run('DELETE FROM notes WHERE seq <= ?', to);
    this.#file.run('DELETE FROM events WHERE seq <= ?', to);
    return { entries, moved: true, done };
  }

  /** Erases an entry. False if that is not possible: an unsettled entry needs its data. */
  #eraseEntry(id: string): boolean {
    const row = this.#rows('id = ?', id)[0];
    if (row === undefined || !isSettled(row.state)) return false;
    const events = this.#file.all<StoredEvent>(
      "SELECT seq, type, data FROM events WHERE entry = ? AND type <> 'erased' AND data IS NOT NULL ORDER BY seq",
      id,
    );
    const claim = parsed(events.find(({ type }) => type === 'claimed')?.data ?? null) as Claim | undefined;
    if (claim === undefined) return false;
    const kept = keptOf(row, claim);
    this.#empty(id, { events: events.map(({ seq }) => seq), kept });
    this.#update(kept.row);
    // Notes contain questions and reasons, so they may name the same customer.
    const notes = this.#file.all<{ seq: number }>(
      'SELECT seq FROM notes WHERE scope = ? AND intent = ? ORDER BY seq',
      row.scope,
      row.intent,
    );
    this.#eraseNotes(notes.map(({ seq }) => seq));
    return true;
  }

  #eraseNotes(seqs: readonly number[]): void {
    const full = seqs.filter((seq) => this.#file.get('SELECT seq FROM events WHERE seq = ? AND data IS NOT NULL', seq) !== undefined);
    if (full.length === 0) return;
    this.#empty(null, { events: full });
    for (const seq of full) this.#file.run('DELETE FROM notes WHERE seq = ?', seq);
  }

  #empty(entry: string | null, erasure: Erasure): void {
    this.#append({ entry, type: 'erased', at: this.#clock() }, canonicalJson(erasure));
    for (const seq of erasure.events) this.#file.run('UPDATE events SET data = NULL, salt = NULL WHERE seq = ?', seq);
  }

  /** Adds an event to the chain. Returns its sequence number. */
  #append({ entry, type, at }: Pick<StoredEvent, 'entry' | 'type' | 'at'>, data: string): number {
    const head = placeOf(this.#file, 'head');
    const salt = randomBytes(16);
    const link = { seq: head.seq + 1, entry, type, at, digest: saltedDigest(salt, data) };
    const hash = hashOf(head.hash, link);
    this.#file.run(
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
    this.#file.run('UPDATE journal SET head_seq = ?, head_hash = ?', link.seq, hash);
    return link.seq;
  }

  #insert(row: EntryRow): void {
    this.#file.run(`INSERT INTO entries (${ROW}) VALUES (${columns.map(() => '?').join(', ')})`, ...columns.map((name) => row[name]));
  }

  #update({ id, last_seq, state, delivered, sent_at, settled_at, zoho_id, customer_id }: EntryRow): void {
    this.#file.run(
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

  #row(id: string): EntryRow {
    const row = this.#rows('id = ?', id)[0];
    if (row === undefined) throw new Error(`There is no entry ${id}.`);
    return row;
  }

  #rows(where: string, ...values: SqlValue[]): EntryRow[] {
    return this.#file.all<EntryRow>(`SELECT ${ROW} FROM entries WHERE ${where}`, ...values);
  }

  #entry(row: EntryRow): Entry {
    const events = this.#file.all<StoredEvent>('SELECT type, data FROM events WHERE entry = ? ORDER BY seq', row.id);
    return entryOf(
      row,
      events.map(({ type, data }) => ({ type, data: parsed(data) })),
    );
  }

  /** Entries before an event, newest first. Lets other calls run between pages, even if few entries fit. */
  async *#newestFirst(from: string, values: readonly SqlValue[], before: number, limit: number): AsyncGenerator<Entry> {
    const most = Math.min(Math.max(limit, 20), PAGE);
    const oldest = (await this.#file.read(() => placeOf(this.#file, 'checkpoint'))).seq;
    for (let [end, reach] = [before, PAGE]; end > oldest;) {
      const began = performance.now();
      const sql = `SELECT ${ROW} FROM ${from} AND first_seq >= ? AND first_seq < ? ORDER BY first_seq DESC LIMIT ?`;
      const page = await this.#file.read(() =>
        this.#file.all<EntryRow>(sql, ...values, end - reach, end, most).map((row) => ({ place: row.first_seq, entry: this.#entry(row) })),
      );
      const took = performance.now() - began;
      for (const { entry } of page) yield entry;
      const isWhole = page.length < most;
      end = isWhole ? end - reach : (page.at(-1)?.place ?? oldest);
      // If few entries fit, the steps get larger, but never so large that other calls wait noticeably.
      if (took > SHORT_MS) reach = Math.max(PAGE, Math.floor(reach / 2));
      else if (isWhole) reach *= 2;
      await turn();
    }
  }

  async #select(where: string, ...values: SqlValue[]): Promise<Entry[]> {
    return await this.#file.read(() => this.#rows(where, ...values).map((row) => this.#entry(row)));
  }

  #clock(): string {
    return new Date(this.#now()).toISOString();
  }
}

/** Reads the chain or the notes page by page, oldest first. Lets other calls run between pages. */
async function* stored<T extends { readonly seq: number }>(page: (after: number) => Promise<T[]>): AsyncGenerator<T> {
  for (let events = await page(Number.MIN_SAFE_INTEGER); events.length > 0; events = await page(events.at(-1)?.seq ?? Infinity)) {
    yield* events;
    await turn();
  }
}

function eventPageOf(file: JournalFile, after: number): StoredEvent[] {
  return file.all<StoredEvent>(`SELECT ${EVENT} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, PAGE);
}

function walkedPageOf(file: JournalFile, after: number): WalkedEvent[] {
  const earlier = 'SELECT 1 FROM events AS earlier WHERE earlier.entry = events.entry AND earlier.seq < events.seq';
  const rows = file.all<StoredEvent & { later: number }>(
    `SELECT ${EVENT}, EXISTS (${earlier}) AS later FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
    after,
    PAGE,
  );
  return rows.map(({ later, ...event }) => ({ ...event, first: later === 0 }));
}

async function* idsWithoutEvents(file: JournalFile): AsyncGenerator<string> {
  const rows = (after: number) =>
    file.all<{ id: string; seq: number }>(
      'SELECT id, first_seq AS seq FROM entries WHERE first_seq > ? ' +
        'AND NOT EXISTS (SELECT 1 FROM events WHERE events.entry = entries.id) ORDER BY first_seq LIMIT ?',
      after,
      PAGE,
    );
  for await (const { id } of stored(async (after) => rows(after))) yield id;
}

function placeOf(file: JournalFile, which: 'head' | 'checkpoint'): ChainPosition {
  return file.get<ChainPosition>(`SELECT ${which}_seq AS seq, ${which}_hash AS hash FROM journal`) ?? { seq: 0, hash: '' };
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
