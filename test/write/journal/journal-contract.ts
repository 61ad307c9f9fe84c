import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { RecordTakenError, StateError } from '../../../src/write/journal/entry-state.ts';
import type { Cap, Claim, Claimed, Entry, Happening, Journal, ListFilter, Note, State } from '../../../src/write/journal/journal.ts';
import type { Said } from './journal-process.ts';

/**
 * The contract of a journal: a suite that every backend must pass: SQLite (journal.test.ts) and PostgreSQL (test/postgres/journal.test.ts).
 */

export interface JournalBackend {
  /** The name by which journal-process.ts opens the backend. */
  readonly name: string;
  /** The place of a new journal: a file or a connection string. */
  place(): string;
  open(place: string, now?: () => number): Promise<Journal>;
  /** Changes stored data without the journal. The tables of all backends have the same columns. */
  tamper(place: string, ...sql: string[]): Promise<void>;
}

const CUSTOMER = '903000000000099';
const NAME = 'Bowman Furniture';
const LONG_AGO = '2000-01-01T00:00:00.000Z';
const day = 24 * 3600 * 1000;

let serial = 0;

/** A claim that shares nothing with other claims, except for the parts in `some`. */
export function claimOf(some: Partial<Claim> = {}): Claim {
  serial += 1;
  return {
    scope: 'org 10 / stdio',
    endpoint: 'create_customer_payment',
    intent: `intent ${serial}`,
    arguments: { customer_id: CUSTOMER, amount: 100 },
    request: {
      method: 'POST',
      path: '/customerpayments',
      scope: 'ZohoBooks.customerpayments.CREATE',
      body: { customer_id: CUSTOMER, amount: 100 },
    },
    blocks: [`create:${serial}`],
    customer_id: CUSTOMER,
    before: { ids: ['9030000079467'] },
    facts: { customer: NAME },
    ...some,
  };
}

const answer = {
  result: { payment: { payment_id: '9030000079999', customer_name: NAME } },
  report: { lines: [`Recorded payment 9030000079999 of ${NAME}.`], next: [] },
};
const sent: Happening = { type: 'sent', zohoTime: '2026-07-01T10:00:00.000Z' };
const recorded: Happening = { type: 'recorded', zoho_id: '9030000079999', answer };
const notRecorded: Happening = { type: 'not_recorded', reason: 'Zoho refused it.' };
const unknown: Happening = { type: 'unknown', reason: 'No answer came.' };
const resolved = (outcome: 'recorded' | 'not_recorded'): Happening => ({
  type: 'resolved',
  outcome,
  by: 'look',
  reason: 'It was looked for.',
  ...(outcome === 'recorded' && { zoho_id: '9030000079999', answer }),
});
const delivered: Happening = { type: 'delivered' };

/** The steps that lead to each state. */
const roads: Record<State, readonly Happening[]> = {
  claimed: [],
  sent: [sent],
  recorded: [sent, recorded],
  not_recorded: [sent, notRecorded],
  unknown: [sent, unknown],
};
const states = Object.keys(roads) as State[];

async function claimed(journal: Journal, claim: Claim, caps: readonly Cap[] = []): Promise<Entry> {
  const outcome = await journal.claim(claim, caps);
  if (outcome.kind !== 'claimed') throw new Error(`Expected a claim, but got ${outcome.kind}.`);
  return outcome.entry;
}

async function entryIn(journal: Journal, state: State, some: Partial<Claim> = {}): Promise<Entry> {
  let entry = await claimed(journal, claimOf(some));
  for (const happening of roads[state]) entry = await journal.add(entry.id, happening);
  return entry;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export function journalContract(backend: JournalBackend): void {
  const journals: Journal[] = [];
  const children: ChildProcess[] = [];

  const open = async (place = backend.place(), now?: () => number): Promise<Journal> => {
    const journal = await backend.open(place, now);
    journals.push(journal);
    return journal;
  };

  /** Starts another process with the journal, and reads its answers line by line. */
  const start = async (place: string) => {
    const script = fileURLToPath(new URL('journal-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, backend.name, place], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const next = async (): Promise<Said | undefined> => {
      const { value, done } = await lines.next();
      return done ? undefined : (JSON.parse(value) as Said);
    };
    expect(await next()).toMatchObject({ kind: 'ready' });
    return { child, next, tell: (line: string) => child.stdin.write(`${line}\n`) };
  };

  afterEach(async () => {
    await Promise.all(journals.splice(0).map((journal) => journal.close()));
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  describe('a claim', () => {
    it('is stored completely, and is still complete after the journal was reopened', async () => {
      const place = backend.place();
      const first = await open(place);
      const claim = claimOf({ key: 'k', approval: 'a', counted: { kind: 'payment', currency: 'USD', amount: '100' }, makes: 'payment' });
      const entry = await claimed(first, claim);
      expect(entry).toMatchObject({ ...claim, state: 'claimed', delivered: false });
      await first.close();
      const again = await open(place);
      expect(await again.find(entry.id)).toEqual(entry);
      expect(await again.find('w_0')).toBeUndefined();
    });

    it('with a used key returns the entry of this key, even if the rest of the claim differs', async () => {
      const journal = await open();
      const entry = await entryIn(journal, 'recorded', { key: 'k' });
      expect(await journal.claim(claimOf({ key: 'k' }), [])).toEqual({ kind: 'known', by: 'key', entry });
      expect(await journal.findByKey(entry.scope, 'k')).toEqual(entry);
    });

    it('treats the same key in two scopes as two keys', async () => {
      const journal = await open();
      await claimed(journal, claimOf({ key: 'k' }));
      await claimed(journal, claimOf({ key: 'k', scope: 'org 10 / someone else' }));
      expect(await journal.findByKey('org 11', 'k')).toBeUndefined();
    });

    it.each(['not_recorded', 'unknown and then not_recorded'])('can use the key of an entry that is %s', async (how) => {
      const journal = await open();
      const { id, scope } = await entryIn(journal, how === 'not_recorded' ? 'sent' : 'unknown', { key: 'k' });
      await journal.add(id, how === 'not_recorded' ? notRecorded : resolved('not_recorded'));
      expect(await journal.findByKey(scope, 'k')).toBeUndefined();
      const second = await claimed(journal, claimOf({ key: 'k' }));
      expect((await journal.findByKey(scope, 'k'))?.id).toBe(second.id);
    });

    it('can use an approval only once, even if nothing was sent', async () => {
      const journal = await open();
      const { id } = await claimed(journal, claimOf({ approval: 'a', key: 'k' }));
      await journal.add(id, notRecorded);
      expect(await journal.claim(claimOf({ approval: 'a', key: 'k' }), [])).toMatchObject({
        kind: 'known',
        by: 'approval',
        entry: { id, state: 'not_recorded' },
      });
      expect(await journal.claim(claimOf({ approval: 'a', scope: 'org 10 / someone else' }), [])).toMatchObject({
        kind: 'known',
        by: 'approval',
      });
      expect((await journal.findByApproval('a'))?.id).toBe(id);
      expect(await journal.findByApproval('b')).toBeUndefined();
    });

    it.each<[string, readonly Happening[], Claimed['kind']]>([
      ['claimed', [], 'known'],
      ['sent', [sent], 'known'],
      ['unknown', [sent, unknown], 'known'],
      ['unknown, and the client got this answer', [sent, unknown, delivered], 'known'],
      ['recorded', [sent, recorded], 'known'],
      ['recorded, after "unknown" was delivered', [sent, unknown, delivered, resolved('recorded')], 'known'],
      ['recorded, and the client got this answer', [sent, recorded, delivered], 'claimed'],
      ['not recorded', [notRecorded], 'claimed'],
      ['not recorded, after it was unknown', [sent, unknown, resolved('not_recorded')], 'claimed'],
    ])('without a key is answered correctly if the same call before it is %s', async (_, happenings, kind) => {
      const journal = await open();
      const { id } = await claimed(journal, claimOf({ intent: 'same', blocks: [] }));
      for (const happening of happenings) await journal.add(id, happening);
      const second = await journal.claim(claimOf({ intent: 'same', blocks: [] }), []);
      expect(second).toMatchObject(kind === 'known' ? { kind, by: 'intent', entry: { id } } : { kind });
      expect((await journal.verify()).problems).toEqual([]);
    });

    it('with a key has a different intent than the same call without a key', async () => {
      const journal = await open();
      await claimed(journal, claimOf({ intent: 'same' }));
      await claimed(journal, claimOf({ intent: 'same', key: 'k' }));
      await claimed(journal, claimOf({ intent: 'same', key: 'l' }));
      expect(await journal.claim(claimOf({ intent: 'same' }), [])).toMatchObject({ kind: 'known', by: 'intent' });
    });

    it.each(states)('for the same record is answered correctly if the first write is %s', async (state) => {
      const journal = await open();
      const { id } = await entryIn(journal, state, { blocks: ['payment:1', 'payment:2'] });
      const second = await journal.claim(claimOf({ key: 'other', blocks: ['payment:3', 'payment:2'] }), []);
      expect(second).toMatchObject(['recorded', 'not_recorded'].includes(state) ? { kind: 'claimed' } : { kind: 'blocked', entry: { id } });
    });

    it('is blocked by an unknown write until this write is resolved, even if the client got its answer', async () => {
      const journal = await open();
      const { id } = await entryIn(journal, 'unknown', { blocks: ['payment:1'] });
      await journal.add(id, delivered);
      expect(await journal.claim(claimOf({ blocks: ['payment:1'] }), [])).toMatchObject({ kind: 'blocked', entry: { id } });
      await journal.add(id, resolved('not_recorded'));
      await claimed(journal, claimOf({ blocks: ['payment:1'] }));
    });

    it('leaves no event if it is refused', async () => {
      const journal = await open();
      await claimed(journal, claimOf({ key: 'k', approval: 'a', blocks: ['payment:1'] }));
      const before = await all(journal.events());
      await journal.claim(claimOf({ key: 'k' }), []);
      await journal.claim(claimOf({ approval: 'a' }), []);
      await journal.claim(claimOf({ blocks: ['payment:1'] }), []);
      await journal.claim(claimOf(), [{ name: 'none', since: LONG_AGO, most: { writes: 1 } }]);
      await expect(journal.claim(claimOf({ counted: { kind: 'payment', currency: 'USD', amount: '-1' } }), [])).rejects.toThrow('negative');
      expect(await all(journal.events())).toEqual(before);
    });
  });

  describe('caps', () => {
    const counted = (amount: string, currency = 'USD', kind: 'payment' | 'refund' = 'payment') => ({ counted: { kind, currency, amount } });
    const atMost = (amount: string): Cap => ({ name: 'max_per_day', kind: 'payment', currency: 'USD', since: LONG_AGO, most: { amount } });

    it('apply exactly at their limit', async () => {
      const journal = await open();
      await claimed(journal, claimOf(counted('0.1')), [atMost('0.3')]);
      await claimed(journal, claimOf(counted('0.2')), [atMost('0.3')]);
      expect(await journal.claim(claimOf(counted('0.0000001')), [atMost('0.3')])).toEqual({
        kind: 'capped',
        cap: atMost('0.3'),
        used: '0.3',
      });
      expect(await journal.claim(claimOf(counted('0.31')), [atMost('0.6')])).toMatchObject({ kind: 'capped', used: '0.3' });
      await claimed(journal, claimOf(counted('0.30')), [atMost('0.6')]);
    });

    it('add amounts exactly', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 10_000_000_000 }), { minLength: 1, maxLength: 8 }), async (cents) => {
          const journal = await open();
          const money = (n: number) => `${Math.floor(n / 100)}.${String(n % 100).padStart(2, '0')}`;
          const total = money(cents.reduce((sum, n) => sum + n, 0));
          for (const n of cents) await claimed(journal, claimOf(counted(money(n))), [atMost(total)]);
          expect((await journal.claim(claimOf(counted('0.01')), [atMost(total)])).kind).toBe('capped');
        }),
        { numRuns: 10 },
      );
    });

    it.each(states)('count a write that is %s, unless it is not_recorded', async (state) => {
      const journal = await open();
      await entryIn(journal, state, counted('60'));
      const kind = state === 'not_recorded' ? 'claimed' : 'capped';
      expect((await journal.claim(claimOf(counted('60')), [atMost('100')])).kind).toBe(kind);
      expect(
        (
          await journal.claim(claimOf(counted('1')), [
            { name: 'one', kind: 'payment', since: LONG_AGO, most: { writes: kind === 'capped' ? 1 : 2 } },
          ])
        ).kind,
      ).toBe(kind);
    });

    it('count and limit only writes of their own kind and currency', async () => {
      const journal = await open();
      await claimed(journal, claimOf(counted('1000', 'EUR')), [atMost('100')]);
      await claimed(journal, claimOf(counted('1000', 'USD', 'refund')), [atMost('100')]);
      await claimed(journal, claimOf(), [atMost('100'), { name: 'refunds', kind: 'refund', since: LONG_AGO, most: { writes: 1 } }]);
      await claimed(journal, claimOf(counted('100')), [atMost('100')]);
      expect(
        await journal.claim(claimOf(counted('1', 'USD', 'refund')), [
          { name: 'refunds', kind: 'refund', since: LONG_AGO, most: { writes: 1 } },
        ]),
      ).toMatchObject({ kind: 'capped', used: '1' });
      expect(await journal.claim(claimOf(), [{ name: 'writes', since: LONG_AGO, most: { writes: 4 } }])).toMatchObject({
        kind: 'capped',
        used: '4',
      });
      await expect(journal.claim(claimOf(counted('1')), [{ name: 'mixed', since: LONG_AGO, most: { amount: '1' } }])).rejects.toThrow(
        'mixed',
      );
    });

    it('count from their start time, in any time zone', async () => {
      let now = Date.parse('2026-07-01T10:00:00.000Z');
      const journal = await open(backend.place(), () => now);
      await claimed(journal, claimOf(counted('60')));
      now += day;
      const cap = (since: string): Cap => ({ ...atMost('100'), since });
      const until = cap('2026-07-01T12:00:00+02:00');
      expect(await journal.claim(claimOf(counted('60')), [until])).toEqual({ kind: 'capped', cap: until, used: '60' });
      expect((await journal.claim(claimOf(counted('60')), [cap('2026-07-01T10:00:00.001Z')])).kind).toBe('claimed');
      await expect(journal.claim(claimOf(counted('60')), [cap('yesterday')])).rejects.toThrow(RangeError);
    });
  });

  describe('an entry after its claim', () => {
    const allowed: Record<State, readonly string[]> = {
      claimed: ['sent', 'not_recorded'],
      sent: ['sent', 'recorded', 'not_recorded', 'unknown'],
      recorded: ['delivered'],
      not_recorded: ['delivered'],
      unknown: ['sent', 'resolved', 'delivered'],
    };
    const happenings = [sent, recorded, notRecorded, unknown, resolved('recorded'), resolved('not_recorded'), delivered];
    const cases = states.flatMap((state) =>
      happenings.map((happening) => ({ state, happening, type: happening.type, ok: allowed[state].includes(happening.type) })),
    );

    it.each(cases)('with the event $type after the state $state: allowed is $ok', async ({ state, happening, ok }) => {
      const journal = await open();
      const entry = await entryIn(journal, state);
      if (ok) {
        const after = await journal.add(entry.id, happening);
        expect(after.state).toBe(
          happening.type === 'resolved' ? happening.outcome : happening.type === 'delivered' ? state : happening.type,
        );
        expect(await journal.find(entry.id)).toEqual(after);
      } else {
        const before = await all(journal.events());
        await expect(journal.add(entry.id, happening)).rejects.toThrow(StateError);
        expect(await journal.find(entry.id)).toEqual(entry);
        expect(await all(journal.events())).toEqual(before);
      }
      expect((await journal.verify()).problems).toEqual([]);
    });

    it('cannot get an event if the entry does not exist', async () => {
      await expect((await open()).add('w_0', sent)).rejects.toThrow('w_0');
    });

    it('contains the answer, even after the journal was reopened', async () => {
      const place = backend.place();
      const first = await open(place);
      const { id, scope } = await entryIn(first, 'recorded', { key: 'k' });
      await first.close();
      const entry = await (await open(place)).findByKey(scope, 'k');
      expect(entry).toMatchObject({
        id,
        state: 'recorded',
        answer,
        zoho_id: '9030000079999',
        zohoTime: '2026-07-01T10:00:00.000Z',
        delivered: false,
      });
      expect(Date.parse(entry?.settledAt ?? '')).toBeGreaterThanOrEqual(Date.parse(entry?.sentAt ?? ''));
    });

    it('has a reason and a hint for the search while it is unknown, and counts as not delivered when it is resolved', async () => {
      const journal = await open();
      const { id } = await entryIn(journal, 'sent');
      expect(await journal.add(id, { type: 'unknown', reason: 'The body was cut off.', zoho_id: '1' })).toMatchObject({
        zoho_id: '1',
        reason: 'The body was cut off.',
      });
      expect(await journal.add(id, { type: 'delivered', state: 'unknown' })).toMatchObject({ delivered: true });
      const after = await journal.add(id, { type: 'resolved', outcome: 'not_recorded', by: 'person', reason: 'She looked.' });
      expect(after).toMatchObject({ delivered: false, reason: 'She looked.' });
      expect(after.zoho_id).toBeUndefined();
    });

    it('is not changed by a second delivery, or by the delivery of an outdated answer', async () => {
      const journal = await open();
      const { id } = await entryIn(journal, 'unknown');
      await journal.add(id, resolved('recorded'));
      expect((await journal.add(id, { type: 'delivered', state: 'unknown' })).delivered).toBe(false);
      expect((await journal.add(id, { type: 'delivered', state: 'recorded' })).delivered).toBe(true);
      const before = await all(journal.events());
      await journal.add(id, delivered);
      expect(await all(journal.events())).toEqual(before);
    });

    it('is listed if it was recorded after it was unknown, until its answer is delivered', async () => {
      const journal = await open();
      const before = await entryIn(journal, 'unknown');
      expect(await journal.untold()).toEqual([]);
      await journal.add(before.id, delivered);
      await journal.add(before.id, resolved('recorded'));
      await entryIn(journal, 'recorded', { makes: 'payment' });
      const never = await entryIn(journal, 'unknown');
      await journal.add(never.id, resolved('not_recorded'));
      expect((await journal.untold()).map(({ id }) => id)).toEqual([before.id]);
      await journal.add(before.id, { type: 'delivered', state: 'recorded' });
      expect(await journal.untold()).toEqual([]);
    });

    it('cannot be settled with a record that another write made, of any endpoint', async () => {
      const journal = await open();
      const first = await entryIn(journal, 'recorded', { makes: 'payment' });
      const { id } = await entryIn(journal, 'sent', { makes: 'payment', endpoint: 'update_customer_payment_using_custom_field' });
      await expect(journal.add(id, recorded)).rejects.toThrow(RecordTakenError);
      await journal.add(id, unknown);
      await expect(journal.add(id, resolved('recorded'))).rejects.toThrow(first.id);
      expect((await journal.find(id))?.state).toBe('unknown');
      expect((await journal.findByZohoId('payment', '9030000079999'))?.id).toBe(first.id);
      // A refund with the same id is another record, and a payment can be changed any number of times.
      expect(await journal.findByZohoId('refund', '9030000079999')).toBeUndefined();
      await entryIn(journal, 'recorded', { makes: 'refund' });
      await entryIn(journal, 'recorded', { endpoint: 'update_customer_payment' });
      await entryIn(journal, 'recorded', { endpoint: 'update_customer_payment' });
      // A record that is only a hint of an unknown write stays free for the write that made it.
      const hinted = await entryIn(journal, 'sent', { makes: 'payment' });
      await journal.add(hinted.id, { ...unknown, zoho_id: '5' } as Happening);
      const maker = await entryIn(journal, 'sent', { makes: 'payment' });
      await journal.add(maker.id, { ...recorded, zoho_id: '5' } as Happening);
    });
  });

  describe('a search in the journal', () => {
    it('finds the entries of an intent, newest first, in any state', async () => {
      let now = Date.parse('2026-07-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      const ids: string[] = [];
      for (const state of ['not_recorded', 'recorded', 'claimed'] as const) {
        now += day;
        const { id } = await entryIn(journal, state, { intent: 'same' });
        if (state === 'recorded') await journal.add(id, delivered);
        ids.unshift(id);
      }
      const find = async (since: string) => (await journal.findByIntent(claimOf().scope, 'same', since)).map(({ id }) => id);
      expect(await find(LONG_AGO)).toEqual(ids);
      expect(await find('2026-07-03T00:00:00Z')).toEqual(ids.slice(0, 2));
      expect(await journal.findByIntent('org 11', 'same', LONG_AGO)).toEqual([]);
    });

    it('finds unsettled entries, oldest first: all, or only those that block certain records', async () => {
      const journal = await open();
      const ids: Record<string, string> = {};
      for (const state of states) ids[state] = (await entryIn(journal, state, { blocks: [`a:${state}`, `b:${state}`] })).id;
      const find = async (blocks?: string[]) => (await journal.unsettled(blocks)).map(({ id }) => id);
      expect(await find()).toEqual([ids['claimed'], ids['sent'], ids['unknown']]);
      expect(await find(['b:unknown', 'a:unknown', 'a:sent', 'a:recorded', 'c'])).toEqual([ids['sent'], ids['unknown']]);
      expect(await find([])).toEqual([]);
    });

    it('lists entries newest first, but unsettled entries before all others', async () => {
      let now = Date.parse('2026-07-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      const ids: string[] = [];
      for (const state of ['unknown', 'recorded', 'claimed', 'not_recorded'] as const) {
        ids.push((await entryIn(journal, state, { endpoint: `e_${state}`, customer_id: `c_${state}` })).id);
        now += day;
      }
      const [unknownId, recordedId, claimedId, notRecordedId] = ids;
      const list = async (filter: Partial<Parameters<Journal['list']>[0]>) =>
        (await journal.list({ limit: 10, ...filter })).map(({ id }) => id);
      expect(await list({})).toEqual([claimedId, unknownId, notRecordedId, recordedId]);
      expect(await list({ limit: 3 })).toEqual([claimedId, unknownId, notRecordedId]);
      expect(await list({ limit: 1 })).toEqual([claimedId]);
      expect(await list({ state: 'recorded' })).toEqual([recordedId]);
      expect(await list({ endpoint: 'e_unknown' })).toEqual([unknownId]);
      expect(await list({ customer_id: 'c_not_recorded' })).toEqual([notRecordedId]);
      expect(await list({ since: '2026-07-02T00:00:00Z' })).toEqual([claimedId, notRecordedId, recordedId]);
    });

    it('lists entries by several states, by a key in any scope, and nothing for an empty list of states', async () => {
      const journal = await open();
      const ids: Record<string, string> = {};
      for (const state of states) ids[state] = (await entryIn(journal, state, { key: 'k', scope: `scope of ${state}` })).id;
      const list = async (filter: Partial<ListFilter>) => (await journal.list({ limit: 10, ...filter })).map(({ id }) => id);
      expect(await list({ state: ['sent', 'recorded'] })).toEqual([ids['sent'], ids['recorded']]);
      expect(await list({ state: [] })).toEqual([]);
      expect((await list({ key: 'k' })).toSorted()).toEqual(Object.values(ids).toSorted());
      expect(await list({ key: 'K' })).toEqual([]);
    });

    it('by reference, amount and record uses only arguments, request, answer and the values before the write', async () => {
      const journal = await open();
      const nothing = { customer_id: undefined, arguments: {}, request: { method: 'POST', path: '/', scope: '' } } as const;
      const made = await entryIn(journal, 'recorded', {
        ...nothing,
        makes: 'payment',
        counted: { kind: 'payment', currency: 'USD', amount: '100.50' },
        arguments: { amount: 100.5, reference_number: 'Überw. 0071', invoices: [{ invoice_id: '41', amount_applied: 7 }] },
        before: { existing: { ids: ['500'] } },
        facts: { title: '"reference_number":"72"' },
      });
      const changed = await entryIn(journal, 'unknown', {
        ...nothing,
        arguments: { payment_id: '500', account_id: '77' },
        request: { ...nothing.request, body: { amount: 9 } },
        before: { payment: { amount: 20, reference_number: 'ABC', customer_id: '3' } },
      });
      const refund = { amount: 5, refund_id: '600' };
      const gone = await entryIn(journal, 'recorded', {
        ...nothing,
        arguments: { customer_payment_id: '500', refund_id: '600' },
        before: { refund, payment: { amount: 20.5 } },
      });
      const several = await entryIn(journal, 'not_recorded', {
        ...nothing,
        arguments: { payment_id: ['81', '82'] },
        before: { payments: [{ amount: 33 }, { amount: 34 }] },
      });
      const all: Record<string, string> = { [made.id]: 'made', [changed.id]: 'changed', [gone.id]: 'gone', [several.id]: 'several' };
      const list = async (filter: Partial<ListFilter>) => (await journal.list({ limit: 10, ...filter })).map(({ id }) => all[id]);
      const expected: [Partial<ListFilter>, string[]][] = [
        [{ reference_number: 'überw. 71' }, ['made']],
        [{ reference_number: 'check 71' }, []],
        [{ reference_number: '72' }, []],
        [{ reference_number: ' abc ' }, ['changed']],
        [{ reference_number: 'ab' }, []],
        [{ amount: '100.5' }, ['made']],
        [{ amount: '100.500' }, ['made']],
        [{ amount: '100' }, []],
        [{ amount: '7' }, []],
        [{ amount: '9' }, ['changed']],
        [{ amount: '20' }, ['changed']],
        [{ amount: '20.5' }, []],
        [{ amount: '5' }, ['gone']],
        [{ amount: '34' }, ['several']],
        [{ amount: 'five' }, []],
        [{ record: '9030000079999' }, ['gone', 'made']],
        [{ record: '41' }, ['made']],
        [{ record: '500' }, ['changed', 'gone']],
        [{ record: '600' }, ['gone']],
        [{ record: '82' }, ['several']],
        [{ record: '3' }, ['changed']],
        [{ record: '77' }, []],
        [{ record: '500', amount: '20' }, ['changed']],
        [{ record: '500', state: 'recorded' }, ['gone']],
      ];
      for (const [filter, found] of expected) expect(await list(filter), JSON.stringify(filter)).toEqual(found);
    });

    it.each([
      ['Café Löwe', 'cafe lowe'],
      ['Dépôt', 'DE\u0301POT'],
      ['İZMİR', 'İZMİR'],
      ['СЧЁТ', 'счёт'],
      ['42 358', 'check 42358'],
      ['4235-8', '42358'],
      ['1.234.567', '1234567'],
      ['INV-03 84', 'inv 384'],
      ['１２３', '123'],
      ['50 %', '50%'],
      ['a"b', 'a"b'],
      ["O'Neil_", "o'neil_"],
    ])('finds the reference %j, written as %j or unchanged', async (stored, wanted) => {
      const journal = await open();
      const { id } = await entryIn(journal, 'recorded', { arguments: { reference_number: stored } });
      await entryIn(journal, 'recorded', { arguments: { reference_number: 'another 1' } });
      for (const reference_number of [stored, wanted])
        expect((await journal.list({ reference_number, limit: 10 })).map((entry) => entry.id)).toEqual([id]);
    });

    it('finds an entry behind many entries that contain the same text in other fields', async () => {
      const journal = await open();
      const { id } = await entryIn(journal, 'claimed', { arguments: { reference_number: '9' } });
      // The other entries have a 9 in the id of their customer.
      for (let others = 0; others < 50; others += 1) await entryIn(journal, 'claimed');
      expect((await journal.list({ reference_number: '9', limit: 1 })).map((entry) => entry.id)).toEqual([id]);
    });

    it('finds an erased write only by key, amount and record', async () => {
      const journal = await open();
      const { id } = await entryIn(journal, 'recorded', {
        makes: 'payment',
        key: 'k',
        counted: { kind: 'payment', currency: 'USD', amount: '100' },
        arguments: { customer_id: CUSTOMER, amount: 100, reference_number: 'R1' },
      });
      await journal.erase(CUSTOMER);
      const list = async (filter: Partial<ListFilter>) => (await journal.list({ limit: 10, ...filter })).map((entry) => entry.id);
      for (const filter of [{ amount: '100' }, { record: '9030000079999' }, { key: 'k' }]) expect(await list(filter)).toEqual([id]);
      for (const filter of [{ reference_number: 'R1' }, { record: CUSTOMER }, { customer_id: CUSTOMER }])
        expect(await list(filter)).toEqual([]);
    });

    it('finds an entry by its id, and the rows of a list by the id of the list', async () => {
      const journal = await open();
      const ofList = (list: string, row: number) => entryIn(journal, 'recorded', { facts: { listed: { list, row } } });
      const [first, second] = [await ofList('l_a', 1), await ofList('l_a', 2)];
      const other = await ofList('l_b', 1);
      const single = await entryIn(journal, 'unknown', { facts: { note: 'l_a' } });
      const found = async (id: string, more: Partial<ListFilter> = {}) =>
        (await journal.list({ limit: 10, id, ...more })).map((entry) => entry.id);
      expect(await found('l_a')).toEqual([second.id, first.id]);
      expect(await found('l_a', { limit: 1 })).toEqual([second.id]);
      expect(await found('l_a', { state: 'unknown' })).toEqual([]);
      expect(await found('l_b')).toEqual([other.id]);
      for (const { id } of [first, single]) expect(await found(id)).toEqual([id]);
      for (const id of ['l_', 'w_', '']) expect(await found(id)).toEqual([]);
      // An erased entry has lost its list.
      await journal.erase(CUSTOMER);
      expect(await found('l_a')).toEqual([]);
      expect(await found(first.id)).toEqual([first.id]);
    });

    it('finds every entry, page by page, even if entries are added or settled during the search', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom(...states), { maxLength: 12 }),
          fc.integer({ min: 1, max: 4 }),
          fc.array(fc.constantFrom('add', 'settle', 'none'), { minLength: 15, maxLength: 15 }),
          async (kinds, limit, meanwhile) => {
            const journal = await open();
            const there = new Set<string>();
            for (const state of kinds) there.add((await entryIn(journal, state, { makes: undefined })).id);
            const seen = new Map<string, State[]>();
            let after: Entry | undefined;
            for (const what of meanwhile) {
              const page = await journal.list({ limit, after });
              for (const { id, state } of page) seen.set(id, [...(seen.get(id) ?? []), state]);
              after = page.at(-1);
              if (after === undefined) break;
              if (what === 'add') await entryIn(journal, 'recorded');
              const [oldest] = what === 'settle' ? await journal.unsettled() : [];
              if (oldest?.state === 'unknown') await journal.add(oldest.id, resolved('not_recorded'));
            }
            expect([...there].filter((id) => !seen.has(id))).toEqual([]);
            // An entry is shown twice only if its state has changed.
            for (const shown of seen.values()) expect(new Set(shown).size).toBe(shown.length);
          },
        ),
        { numRuns: 20 },
      );
      const journal = await open();
      const entry = await entryIn(journal, 'recorded');
      expect(await journal.list({ limit: 5, after: { ...entry, id: 'w_gone' } })).toEqual([]);
    });

    it('finds the time when an intent was last declined', async () => {
      let now = Date.parse('2026-07-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      const note = (type: Note['type'], intent = 'same') => journal.note({ scope: 's', endpoint: 'e', intent, type, reason: 'no' });
      await note('declined');
      now += day;
      await note('declined');
      now += day;
      await note('asked');
      await note('declined', 'another');
      expect(await journal.lastDeclined('s', 'same')).toBe('2026-07-02T00:00:00.000Z');
      expect(await journal.lastDeclined('t', 'same')).toBeUndefined();
      expect((await journal.verify()).problems).toEqual([]);
    });

    it('finds the same secret through every connection to a journal', async () => {
      const place = backend.place();
      const [one, two] = [await open(place), await open(place)];
      const secret = await one.secret();
      expect(secret).toHaveLength(32);
      expect(await two.secret()).toEqual(secret);
      expect(await (await open()).secret()).not.toEqual(secret);
    });

    it('returns a stream of the events, oldest first, while others write', async () => {
      const journal = await open();
      for (let count = 0; count < 600; count += 1)
        await journal.note({ scope: 's', endpoint: 'e', intent: String(count), type: 'asked', reason: 'why' });
      const seen: number[] = [];
      for await (const { seq, type, entry, data } of journal.events()) {
        if (seen.push(seq) === 10) await journal.note({ scope: 's', endpoint: 'e', intent: 'late', type: 'asked', reason: 'why' });
        expect({ type, entry, data }).toEqual({
          type: 'asked',
          entry: undefined,
          data: { scope: 's', endpoint: 'e', intent: seq === 601 ? 'late' : String(seq - 1), reason: 'why' },
        });
      }
      expect(seen).toEqual(Array.from({ length: 601 }, (_, index) => index + 1));
    });
  });

  describe('if several connections use the journal at the same time', () => {
    it('only one of two connections claims a key', async () => {
      const place = backend.place();
      const [one, two] = [await open(place), await open(place)];
      for (let round = 0; round < 200; round += 1) {
        const claims = await Promise.all([one, two].map((journal) => journal.claim(claimOf({ key: `k${round}` }), [])));
        expect(claims.map(({ kind }) => kind).toSorted()).toEqual(['claimed', 'known']);
      }
      expect(await two.verify()).toEqual({ events: 200, entries: 200, problems: [] });
    });

    it('only one of two processes gets a key, an approval, an intent or a record', async () => {
      const place = backend.place();
      const [one, two] = await Promise.all([start(place), start(place)]);
      const journal = await open(place);
      const same: ((round: number) => Partial<Claim>)[] = [
        (round) => ({ key: `k${round}` }),
        (round) => ({ approval: `a${round}` }),
        (round) => ({ intent: `i${round}` }),
        (round) => ({ blocks: [`b${round}`] }),
      ];
      const kinds: string[] = [];
      for (let round = 0; round < 200; round += 1) {
        for (const side of [one, two]) side.tell(JSON.stringify(claimOf(same[round % same.length]?.(round))));
        const said = await Promise.all([one.next(), two.next()]);
        expect(new Set(said.map((it) => it?.entry)).size).toBe(1);
        kinds.push(
          said
            .map((it) => it?.kind)
            .toSorted()
            .join(),
        );
      }
      expect(new Set(kinds)).toEqual(new Set(['claimed,known', 'blocked,claimed']));
      expect(await journal.verify()).toEqual({ events: 200, entries: 200, problems: [] });
    });

    it('two processes that find no journal create only one journal', async () => {
      const [one, two] = await Promise.all([start(backend.place()), start(backend.place())]);
      for (let round = 0; round < 30; round += 1) {
        const place = backend.place();
        for (const side of [one, two]) side.tell(`open ${place}`);
        const said = await Promise.all([one.next(), two.next()]);
        const secret = (await (await open(place)).secret()).toString('hex');
        expect(said.map((it) => it?.entry)).toEqual([secret, secret]);
      }
    });

    it('the caps stay exact, although many connections claim', async () => {
      const place = backend.place();
      const many = await Promise.all(Array.from({ length: 8 }, () => open(place)));
      const cap: Cap = { name: 'ten', kind: 'payment', currency: 'USD', since: LONG_AGO, most: { amount: '1' } };
      const outcomes = await Promise.all(
        many.flatMap((journal) =>
          Array.from({ length: 5 }, () => journal.claim(claimOf({ counted: { kind: 'payment', currency: 'USD', amount: '0.1' } }), [cap])),
        ),
      );
      expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(10);
      expect(outcomes.filter(({ kind }) => kind === 'capped')).toHaveLength(30);
    });

    it('the journal is intact and has every acknowledged claim, although processes are killed with kill -9', async () => {
      const place = backend.place();
      await (await open(place)).note({ scope: 's', endpoint: 'e', intent: 'i', type: 'asked', reason: 'first' });
      for (let round = 0; round < 3; round += 1) {
        const sides = await Promise.all([start(place), start(place)]);
        const acknowledged = await Promise.all(
          sides.map(async ({ child, tell, next }, index) => {
            tell('flood');
            const ids: string[] = [];
            for (let said = await next(); said !== undefined; said = await next()) {
              ids.push(said.entry);
              // The process is now at some point of a later claim.
              if (ids.length === 5 + 13 * round + 4 * index) child.kill('SIGKILL');
            }
            return ids;
          }),
        );
        const journal = await open(place);
        for (const id of acknowledged.flat()) expect(await journal.find(id)).toMatchObject({ id, state: 'claimed' });
        expect((await journal.verify()).problems).toEqual([]);
      }
    });

    it('every entry matches its events, after random steps in random order', async () => {
      const place = backend.place();
      const sides = [await open(place), await open(place)] as const;
      const pick = fc.nat(3);
      const steps = fc.array(
        fc.record({
          side: fc.nat(1),
          key: fc.option(pick),
          approval: fc.option(pick),
          intent: pick,
          block: pick,
          zoho: pick,
          step: fc.nat(9),
          which: fc.nat(50),
        }),
        { minLength: 40, maxLength: 40 },
      );
      await fc.assert(
        fc.asyncProperty(steps, async (steps) => {
          for (const { side, key, approval, intent, block, zoho, step, which } of steps) {
            const journal = sides[side as 0 | 1];
            const entries = await journal.list({ limit: 50 });
            const entry = entries[which % Math.max(entries.length, 1)];
            const happening = [
              sent,
              { ...recorded, zoho_id: String(zoho) },
              notRecorded,
              unknown,
              resolved('recorded'),
              resolved('not_recorded'),
              delivered,
            ][step] as Happening | undefined;
            if (happening === undefined || entry === undefined) {
              await journal.claim(
                claimOf({
                  intent: `i${intent}`,
                  blocks: [`b${block}`],
                  makes: 'payment',
                  ...(key !== null && { key: `k${key}` }),
                  ...(approval !== null && { approval: `a${approval}` }),
                }),
                [],
              );
            } else {
              await journal.add(entry.id, happening).catch((error: unknown) => {
                if (!(error instanceof StateError || error instanceof RecordTakenError)) throw error;
              });
            }
          }
          expect((await sides[0].verify()).problems).toEqual([]);
        }),
        { numRuns: 10 },
      );
    });
  });

  describe('verify', () => {
    /** Writes events 1 to 10: a recorded entry, a note, an unknown entry, and an entry that was not recorded. */
    const story = async (place: string, erased = false): Promise<void> => {
      const journal = await open(place);
      await entryIn(journal, 'recorded', {
        key: 'k',
        approval: 'a',
        makes: 'payment',
        counted: { kind: 'payment', currency: 'USD', amount: '100' },
      });
      await journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'declined', reason: 'no' });
      await entryIn(journal, 'unknown', { customer_id: 'another', arguments: {}, request: { method: 'POST', path: '/', scope: '' } });
      await entryIn(journal, 'not_recorded');
      if (erased) await journal.erase(CUSTOMER);
      await journal.close();
    };
    const verified = async (place: string, ...sql: string[]): Promise<string> => {
      await backend.tamper(place, ...sql);
      return (await (await open(place)).verify()).problems.join('\n');
    };

    it.each<[string, RegExp, ...string[]]>([
      ['no problem in an intact journal', /^$/, 'UPDATE events SET at = at'],
      ['edited data', /data of event 1 was changed/, "UPDATE events SET data = replace(data, '100', '900') WHERE seq = 1"],
      ['data that is not JSON', /data of event 1 was changed/, "UPDATE events SET data = 'x' WHERE seq = 1"],
      ['a changed salt', /data of event 1 was changed/, 'UPDATE events SET salt = (SELECT salt FROM events WHERE seq = 2) WHERE seq = 1'],
      ['a missing salt', /data of event 1 was changed/, 'UPDATE events SET salt = NULL WHERE seq = 1'],
      ['an edited digest', /Event 2 was changed/, "UPDATE events SET digest = 'x' WHERE seq = 2"],
      ['an edited hash', /Event 2 was changed/, `UPDATE events SET hash = '${'0'.repeat(64)}' WHERE seq = 2`],
      ['an edited hash at the end', /Event 10 was changed/, `UPDATE events SET hash = '${'0'.repeat(64)}' WHERE seq = 10`],
      ['an edited time', /Event 2 was changed/, "UPDATE events SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 2"],
      ['an edited type', /Event 3 was changed/, "UPDATE events SET type = 'not_recorded' WHERE seq = 3"],
      [
        'an event that was moved to another entry',
        /Event 3 was changed/,
        'UPDATE events SET entry = (SELECT entry FROM events WHERE seq = 5) WHERE seq = 3',
      ],
      ['a deleted first event', /Event 1 is missing/, 'DELETE FROM events WHERE seq = 1'],
      ['a deleted event in the middle', /Event 3 is missing/, 'DELETE FROM events WHERE seq = 3'],
      ['deleted events in the middle', /Events 3 to 5 are missing/, 'DELETE FROM events WHERE seq BETWEEN 3 AND 5'],
      [
        'a deleted event, with the later events renumbered',
        /Event 3 was changed[^]*Event 10 is missing/,
        'DELETE FROM events WHERE seq = 3',
        ...[4, 5, 6, 7, 8, 9, 10].map((seq) => `UPDATE events SET seq = ${seq - 1} WHERE seq = ${seq}`),
      ],
      ['deleted events at the end', /Events 9 to 10 are missing/, 'DELETE FROM events WHERE seq >= 9'],
      ['no events at all', /Events 1 to 10 are missing/, 'DELETE FROM events'],
      [
        'swapped events',
        /Event 2 was changed[^]*Event 3 was changed/,
        'UPDATE events SET seq = -1 WHERE seq = 2',
        'UPDATE events SET seq = 2 WHERE seq = 3',
        'UPDATE events SET seq = 3 WHERE seq = -1',
      ],
      [
        'an inserted event',
        /head is at 10, but its last event is 11/,
        'INSERT INTO events (seq, entry, type, at, data, salt, digest, hash) ' +
          'SELECT 11, entry, type, at, data, salt, digest, hash FROM events WHERE seq = 4',
      ],
      [
        'an event before the checkpoint',
        /Event 0 is before the checkpoint/,
        'INSERT INTO events (seq, entry, type, at, data, salt, digest, hash) ' +
          'SELECT 0, entry, type, at, data, salt, digest, hash FROM events WHERE seq = 4',
      ],
      [
        'data that was removed without an erasure',
        /data of event 4 is missing/,
        'UPDATE events SET data = NULL, salt = NULL WHERE seq = 4',
      ],
      ['a head that was set back', /head is at 8/, 'UPDATE journal SET head_seq = 8, head_hash = (SELECT hash FROM events WHERE seq = 8)'],
      ['a changed head', /hash of the chain's head is not the hash of its last event/, "UPDATE journal SET head_hash = 'x'"],
      ['a changed checkpoint', /Event 1 was changed/, "UPDATE journal SET checkpoint_hash = 'x'"],
      [
        'a checkpoint that was moved forward',
        /checkpoint is not the one/,
        'UPDATE journal SET checkpoint_seq = 3, checkpoint_hash = (SELECT hash FROM events WHERE seq = 3)',
        'DELETE FROM events WHERE seq <= 3',
        "DELETE FROM entries WHERE state = 'recorded'",
      ],
      ['an entry set to another state', /its state does not match/, "UPDATE entries SET state = 'not_recorded' WHERE state = 'recorded'"],
      ['an entry set to delivered', /its delivered does not match/, 'UPDATE entries SET delivered = 1'],
      ['a freed key', /its key_digest does not match/, 'UPDATE entries SET key_digest = NULL'],
      ['a freed approval', /its approval_digest does not match/, 'UPDATE entries SET approval_digest = NULL'],
      ['a freed record', /its zoho_id does not match/, "UPDATE entries SET zoho_id = '1' WHERE zoho_id IS NOT NULL"],
      ['a smaller amount', /its amount does not match/, "UPDATE entries SET amount = '1' WHERE amount IS NOT NULL"],
      ['an earlier time', /its claimed_at does not match/, "UPDATE entries SET claimed_at = '2020-01-01T00:00:00.000Z'"],
      ['a deleted entry', /Entry w_\w+ is missing/, "DELETE FROM entries WHERE state = 'recorded'"],
      ['an invented entry', /has no events/, "UPDATE entries SET id = 'w_invented' WHERE state = 'recorded'"],
      ['a removed block', /the list of records that it blocks does not match/, 'DELETE FROM blocks'],
      ['a removed decline', /The index row of event 4 is missing/, 'DELETE FROM notes'],
      ['a changed decline', /The index row of event 4 does not match/, "UPDATE notes SET at = '2020-01-01T00:00:00.000Z'"],
    ])('finds %s', async (_, problem, ...sql) => {
      const place = backend.place();
      await story(place);
      expect(await verified(place, ...sql)).toMatch(problem);
    });

    it('reports problems without any data of customers', async () => {
      const place = backend.place();
      await story(place);
      const said = await verified(
        place,
        `UPDATE entries SET customer_id = '${NAME}', state = 'sent'`,
        `UPDATE events SET data = '${NAME}'`,
      );
      expect(said).toMatch(/customer_id|is not valid/);
      expect(said).not.toContain(NAME);
    });

    it.each<[string, RegExp, ...string[]]>([
      ['no problem in an intact journal', /^$/, 'UPDATE events SET at = at'],
      [
        'restored data',
        /The journal records that the data of event 1 was erased, but the data is still there/,
        `UPDATE events SET data = '{}', salt = (SELECT salt FROM events WHERE seq = 4) WHERE seq = 1`,
      ],
      ['a changed entry', /its key_digest does not match/, 'UPDATE entries SET key_digest = NULL'],
      ['more removed data', /data of event 5 is missing/, 'UPDATE events SET data = NULL, salt = NULL WHERE seq = 5'],
    ])('after an erasure, finds %s', async (_, problem, ...sql) => {
      const place = backend.place();
      await story(place, true);
      expect(await verified(place, ...sql)).toMatch(problem);
    });
  });

  describe('the journal', () => {
    it('keeps unsettled and young entries when it is pruned, and the chain of events continues', async () => {
      let now = Date.parse('2026-01-01T00:00:00Z');
      const place = backend.place();
      const journal = await open(place, () => now);
      const old = await entryIn(journal, 'recorded', { key: 'old' });
      await journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'declined', reason: 'no' });
      // This entry was claimed long ago and settled recently.
      const late = await entryIn(journal, 'unknown');
      now += 100 * day;
      await journal.add(late.id, resolved('not_recorded'));
      const young = await entryIn(journal, 'recorded', { key: 'young' });
      expect(await journal.prune('2026-03-01T00:00:00Z')).toBe(1);
      expect(await journal.verify()).toEqual({ events: 8, entries: 2, problems: [] });
      expect(await journal.find(old.id)).toBeUndefined();
      expect(await journal.lastDeclined('s', 'i')).toBeUndefined();
      expect(await journal.find(late.id)).toMatchObject({ state: 'not_recorded' });
      expect(await journal.find(young.id)).toEqual(young);
      expect((await all(journal.events())).map(({ seq, type }) => `${seq} ${type}`)).toEqual([
        '5 claimed',
        '6 sent',
        '7 unknown',
        '8 resolved',
        '9 claimed',
        '10 sent',
        '11 recorded',
        '12 pruned',
      ]);
      // There is nothing more to prune, so no event is written.
      expect(await journal.prune('2026-03-01T00:00:00Z')).toBe(0);
      expect((await journal.verify()).events).toBe(8);
      // The journal continues, is opened again, and is pruned again.
      await entryIn(journal, 'not_recorded', { key: 'old' });
      await journal.close();
      const again = await open(place, () => now + day);
      expect(await again.prune('2026-05-01T00:00:00Z')).toBe(3);
      expect(await again.verify()).toEqual({ events: 1, entries: 0, problems: [] });
      await entryIn(again, 'sent');
      expect((await again.verify()).problems).toEqual([]);
    });

    it('never removes only a part of an entry when it is pruned', async () => {
      let now = Date.parse('2026-01-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      // The first entry is settled after the second is claimed. The second stays unsettled.
      const first = await entryIn(journal, 'sent');
      const second = await entryIn(journal, 'sent');
      await journal.add(first.id, notRecorded);
      now += day;
      expect(await journal.prune('2026-01-01T12:00:00Z')).toBe(0);
      await journal.add(second.id, notRecorded);
      now += day;
      expect(await journal.prune('2026-01-02T12:00:00Z')).toBe(2);
      expect((await journal.verify()).problems).toEqual([]);
    });

    it('removes many entries, and entries whose events are far apart, when it is pruned', async () => {
      let now = Date.parse('2026-01-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      const { id } = await entryIn(journal, 'sent');
      for (let count = 0; count < 700; count += 1)
        await journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'asked', reason: 'why' });
      await journal.add(id, notRecorded);
      for (let count = 0; count < 150; count += 1) await entryIn(journal, 'not_recorded');
      now += day;
      const kept = await entryIn(journal, 'unknown');
      expect(await journal.prune('2026-01-01T12:00:00Z')).toBe(151);
      const verdict = await journal.verify();
      expect(verdict).toMatchObject({ entries: 1, problems: [] });
      expect((await journal.find(kept.id))?.state).toBe('unknown');
      expect((await all(journal.events())).filter(({ type }) => type !== 'pruned')).toHaveLength(3);
    });

    it('is not intact if its checkpoint was changed after pruning: verify finds it', async () => {
      const place = backend.place();
      const journal = await open(place);
      await entryIn(journal, 'recorded');
      await entryIn(journal, 'sent');
      await journal.prune('2100-01-01T00:00:00Z');
      expect((await journal.verify()).problems).toEqual([]);
      await journal.close();
      await backend.tamper(place, "UPDATE journal SET checkpoint_hash = 'x'");
      expect((await (await open(place)).verify()).problems).toContain('The checkpoint is not the one that the last pruning left.');
    });

    it('removes one customer from settled entries and notes when it erases, and no other customer', async () => {
      const place = backend.place();
      const journal = await open(place);
      const done = await entryIn(journal, 'recorded', {
        key: `for ${NAME}`,
        approval: 'a',
        makes: 'payment',
        counted: { kind: 'payment', currency: 'USD', amount: '100' },
      });
      const bulk = await entryIn(journal, 'not_recorded', {
        customer_id: undefined,
        arguments: {},
        request: { method: 'DELETE', path: '/', scope: '' },
        facts: { payments: [{ customer_id: 'x' }, { customer_id: CUSTOMER, customer_name: NAME }] },
      });
      const open_ = await entryIn(journal, 'unknown');
      const other = await entryIn(journal, 'recorded', {
        customer_id: '1',
        arguments: { customer_id: '1' },
        request: { method: 'POST', path: '/', scope: '' },
        facts: { customer: 'Benton' },
      });
      await journal.note({ scope: done.scope, endpoint: 'e', intent: done.intent, type: 'declined', reason: NAME });
      await journal.note({ scope: 's', endpoint: 'e', intent: 'i', type: 'refused', reason: NAME, customer_id: CUSTOMER });
      expect(await journal.erase(CUSTOMER)).toBe(2);

      const left = await all(journal.events());
      const of = (id: string | undefined) => JSON.stringify(left.filter(({ entry }) => entry === id));
      for (const id of [done.id, bulk.id, undefined]) {
        expect(of(id)).not.toContain(NAME);
        expect(of(id)).not.toContain(CUSTOMER);
      }
      expect(await journal.find(open_.id)).toEqual(open_);
      expect(await journal.find(other.id)).toEqual(other);
      expect((await journal.verify()).problems).toEqual([]);

      // The data that prevents a second write is still there.
      const emptied = await journal.find(done.id);
      expect(emptied).toMatchObject({
        erased: true,
        state: 'recorded',
        arguments: {},
        facts: {},
        before: {},
        zoho_id: '9030000079999',
        intent: done.intent,
      });
      expect(emptied).not.toHaveProperty('answer');
      expect(emptied).not.toHaveProperty('customer_id');
      expect(await journal.list({ customer_id: CUSTOMER, limit: 10 })).toEqual([open_]);
      expect(await journal.claim(claimOf({ key: `for ${NAME}` }), [])).toMatchObject({ kind: 'known', by: 'key', entry: { id: done.id } });
      expect(await journal.claim(claimOf({ approval: 'a' }), [])).toMatchObject({ kind: 'known', by: 'approval' });
      expect((await journal.findByZohoId('payment', '9030000079999'))?.id).toBe(done.id);
      expect(
        await journal.claim(claimOf({ counted: { kind: 'payment', currency: 'USD', amount: '1' } }), [
          { name: 'cap', kind: 'payment', currency: 'USD', since: LONG_AGO, most: { amount: '100' } },
        ]),
      ).toMatchObject({ kind: 'capped', used: '100' });

      // Later steps still work: a late delivery, an entry that is resolved and then erased, pruning, reopening.
      await journal.add(done.id, delivered);
      await journal.add(open_.id, resolved('recorded'));
      expect(await journal.erase(CUSTOMER)).toBe(1);
      expect(await journal.erase(CUSTOMER)).toBe(0);
      expect((await journal.verify()).problems).toEqual([]);
      await journal.close();
      const again = await open(place, () => Date.now() + day);
      expect(await again.prune(new Date(Date.now() + day).toISOString())).toBe(4);
      expect((await again.verify()).problems).toEqual([]);
    });

    it('removes old entries that were erased recently when it is pruned', async () => {
      let now = Date.parse('2026-01-01T00:00:00Z');
      const journal = await open(backend.place(), () => now);
      await entryIn(journal, 'recorded');
      now += day;
      await journal.erase(CUSTOMER);
      expect(await journal.prune('2026-01-01T12:00:00Z')).toBe(1);
      expect(await journal.verify()).toEqual({ events: 2, entries: 0, problems: [] });
    });
  });
}
