import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HeldTurn } from '../../src/write/journal/journal.ts';
import type { Turns } from '../../src/write/turn.ts';
import { closers } from '../support/closers.ts';
import { openJournalAt } from '../support/postgres-journal.ts';
import { openTurnsAt } from '../support/postgres-turns.ts';
import { onServer, testServer } from '../support/postgres.ts';
import { claimOf } from '../write/journal/journal-contract.ts';
import { holder, soon, turnContract } from '../write/turn-contract.ts';

let url: string;
let count = 0;
const place = () => `${url}#organization ${(count += 1)}`;
beforeAll(async () => {
  url = await (await testServer()).createDatabase();
});

describe('a turn (the lock for a payment or a customer) in PostgreSQL', () => {
  turnContract({ name: 'postgres', place, open: openTurnsAt, close: (turns) => (turns as Awaited<ReturnType<typeof openTurnsAt>>).end() });
});

const turnsAt = async (at: string): Promise<Turns> => {
  const turns = await openTurnsAt(at);
  closers.push(() => turns.end());
  return turns;
};

const journalAt = async (at: string) => {
  const journal = await openJournalAt(at);
  closers.push(() => journal.close());
  return journal;
};

/** Claims a write and notes it as sent, as the holder of a turn. */
async function send(at: string, held: HeldTurn) {
  const journal = await journalAt(at);
  const claimed = await journal.claim(claimOf(), []);
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind);
  return await journal.add(claimed.entry.id, { type: 'sent' }, held);
}

const advisoryLocks = async (condition: string) =>
  (await onServer(url, `SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' AND ${condition}`))[0]!.rows as { pid: number }[];

/** The number of database sessions that wait for a turn. */
const queued = async () => (await advisoryLocks('NOT granted')).length;

describe('the holder of a turn in PostgreSQL', () => {
  it('can send as long as nobody else has taken the turn', async () => {
    const at = place();
    const turn = await (await turnsAt(at)).take(['payment:1', 'customer:2'], 'test');
    expect((await send(at, turn.held)).state).toBe('sent');
    turn.leave();
  });

  it('sends nothing after its connection was cut and another server has taken the turn', async () => {
    const at = place();
    const [one, two] = [await turnsAt(at), await turnsAt(at)];
    const lost = await one.take(['payment:1', 'customer:2'], 'test');
    for (const { pid } of await advisoryLocks('granted')) await onServer(url, `SELECT pg_terminate_backend(${pid})`);
    const turn = await two.take(['customer:2'], 'test');
    await expect(send(at, lost.held)).rejects.toMatchObject({ name: 'BusyError', code: 'turn_lost', changed: 'no' });
    expect((await send(at, turn.held)).state).toBe('sent');
    lost.leave();
    turn.leave();
    // The server whose connection was cut can take turns again.
    (await one.take(['payment:1', 'customer:2'], 'test')).leave();
  });

  it('does not wait for another organization with the same names', async () => {
    const [one, two] = [await turnsAt(place()), await turnsAt(place())];
    const first = await one.take(['payment:1'], 'test');
    const second = await two.take(['payment:1'], 'test', soon);
    first.leave();
    second.leave();
  });

  it('keeps its turn while its process is paused for a short time', async () => {
    const at = place();
    const child = await holder('postgres', at, 'payment:1');
    child.kill('SIGSTOP');
    const turns = await turnsAt(at);
    await expect(turns.take(['payment:1'], 'test', soon)).rejects.toThrow('holds the lock');
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('keeps its turn as long as it runs, and loses it if its process is paused for longer than the time limit', async () => {
    const at = place();
    const child = await holder('postgres', at, 'payment:1');
    const turns = await turnsAt(at);
    await expect(turns.take(['payment:1'], 'test', { timeoutMs: 3000 })).rejects.toThrow('holds the lock');
    child.kill('SIGSTOP');
    (await turns.take(['payment:1'], 'test', { timeoutMs: 5000 })).leave();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('is followed by the waiting servers, in the order of their calls', async () => {
    const at = place();
    const held = await (await turnsAt(at)).take(['payment:1'], 'test');
    const order: number[] = [];
    const wait = async (turns: Turns, i: number) => {
      const turn = await turns.take(['payment:1'], 'test');
      order.push(i);
      turn.leave();
    };
    const waiting: Promise<void>[] = [];
    for (const i of [1, 2, 3]) {
      waiting.push(wait(await turnsAt(at), i));
      await expect.poll(queued).toBe(i);
    }
    held.leave();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });
});

describe('a call that waits for a turn in PostgreSQL', () => {
  it('leaves the queue of the database soon after it was cancelled', async () => {
    const at = place();
    const [one, two] = [await turnsAt(at), await turnsAt(at)];
    const held = await one.take(['payment:1'], 'test');
    const cancel = new AbortController();
    const waiting = two.take(['payment:1'], 'test', { signal: cancel.signal });
    await expect.poll(queued).toBe(1);
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    await expect.poll(queued, { timeout: 5000 }).toBe(0);
    held.leave();
  });

  it('does not use up the connections: other turns can be taken meanwhile', async () => {
    const turns = await turnsAt(place());
    const held = await turns.take(['payment:1'], 'test');
    const waiting = Array.from({ length: 20 }, () => turns.take(['payment:1'], 'test'));
    (await turns.take(['payment:2'], 'test', { timeoutMs: 3000 })).leave();
    held.leave();
    for (const one of waiting) (await one).leave();
  });
});
