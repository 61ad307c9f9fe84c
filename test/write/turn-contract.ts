import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Turns } from '../../src/write/turn.ts';
import { closers } from '../support/closers.ts';

/** The contract of turns: a suite that every backend must pass. */

export interface TurnBackend {
  /** The name by which turn-process.ts opens the backend. */
  readonly name: string;
  /** A place that no other test uses. */
  place(): string;
  open(place: string): Promise<Turns>;
  close(turns: Turns): void | Promise<void>;
}

/** A short timeout, for turns that cannot be taken. */
export const soon = { timeoutMs: 300 };

/** Starts another process that takes a turn, reports it, and keeps it. */
export async function holder(backend: string, place: string, name: string) {
  const script = fileURLToPath(new URL('turn-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, backend, place, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => child.kill('SIGKILL'));
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

export function turnContract(backend: TurnBackend): void {
  let place: string;
  let turns: Turns;
  beforeEach(async () => {
    place = backend.place();
    turns = await backend.open(place);
  });
  afterEach(() => backend.close(turns));

  it('has one holder at a time, in the order of the calls', async () => {
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const turn = await turns.take(['payment:1'], 'test');
        order.push(i);
        await sleep(2);
        order.push(i);
        turn.leave();
      }),
    );
    expect(order).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]);
  });

  it('does not wait for turns of other payments', async () => {
    const first = await turns.take(['payment:1'], 'test');
    const second = await turns.take(['payment:2'], 'test');
    first.leave();
    second.leave();
  });

  it('causes no deadlock if calls name several payments in different orders', async () => {
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const turn = await turns.take(i % 2 ? names : names.toReversed(), 'test');
        await sleep(1);
        turn.leave();
      }),
    );
  });

  it('is not taken if the caller cancels, and the next call gets it', async () => {
    const first = await turns.take(['payment:1'], 'test');
    const cancel = new AbortController();
    const waiting = turns.take(['payment:1'], 'test', { signal: cancel.signal });
    const next = turns.take(['payment:1'], 'test');
    cancel.abort(new Error('cancelled'));
    await expect(waiting).rejects.toThrow('cancelled');
    first.leave();
    (await next).leave();
  });

  it('is released when the server closes, and this server cannot take a turn again', async () => {
    await turns.take(['payment:1'], 'test');
    const waiting = turns.take(['payment:1', 'payment:2'], 'test', soon);
    turns.close();
    await expect(waiting).rejects.toThrow();
    await expect(turns.take(['payment:3'], 'test')).rejects.toMatchObject({ code: 'server_ending' });
    const others = await backend.open(place);
    (await others.take(['payment:1', 'payment:2', 'payment:3'], 'test')).leave();
    await backend.close(others);
  });

  it('excludes other processes, names its holder in the error, and is free after its holder was killed', async () => {
    const child = await holder(backend.name, place, 'payment:1');
    await expect(turns.take(['payment:1'], 'test', soon)).rejects.toThrow(
      new RegExp(`process ${child.pid}( on \\S+)? \\(create_customer_payment, since `),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await turns.take(['payment:1'], 'test')).leave();
  });
}
