import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTurns, type Turns } from '../../src/write/turn.ts';

let dir: string;
let turns: Turns;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'turns-'));
  turns = await openTurns(dir);
});
afterEach(() => {
  turns.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A short timeout, for turns that cannot be taken. */
const soon = { timeoutMs: 300 };

/** Starts another process that takes a turn, reports it, and keeps it. */
async function holder(name: string) {
  const source = `
    import { openTurns } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/write/turn.ts')).href)};
    const turns = await openTurns(${JSON.stringify(dir)});
    await turns.take([${JSON.stringify(name)}], 'create_customer_payment');
    console.log('held');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

describe('a turn (the lock for a payment or a customer)', () => {
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
    const others = await openTurns(dir);
    (await others.take(['payment:1', 'payment:2', 'payment:3'], 'test')).leave();
    others.close();
  });

  it('excludes other processes, names its holder in the error, and is free after its holder was killed', async () => {
    const child = await holder('payment:1');
    await expect(turns.take(['payment:1'], 'test', soon)).rejects.toThrow(
      new RegExp(`process ${child.pid} \\(create_customer_payment, since `),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    (await turns.take(['payment:1'], 'test')).leave();
  });

  it.skipIf(process.platform === 'win32')('stays held while its process is only paused', async () => {
    const child = await holder('payment:1');
    child.kill('SIGSTOP');
    await expect(turns.take(['payment:1'], 'test', soon)).rejects.toThrow('holds the lock');
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it('is taken even if the note about its holder cannot be written', async () => {
    // A folder is in the place of the note, so the note can never be written.
    for (let file = 0; file < 64; file += 1) mkdirSync(join(dir, `${String(file).padStart(2, '0')}.holder`));
    (await turns.take(['payment:1'], 'test')).leave();
    (await turns.take(['payment:1'], 'test')).leave();
  });

  it.skipIf(process.platform === 'win32')('has files that only their owner can read', async () => {
    (await turns.take(['payment:1'], 'test')).leave();
    expect(statSync(dir).mode & 0o77).toBe(0);
  });
});
