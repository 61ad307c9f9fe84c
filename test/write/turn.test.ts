import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTurns, type Turns } from '../../src/write/turn.ts';
import { holder, soon, turnContract } from './turn-contract.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'turns-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('a turn (the lock for a payment or a customer) on one machine', () => {
  turnContract({ name: 'files', place: () => dir, open: openTurns, close: (turns) => turns.close() });
});

describe('a turn in files', () => {
  let turns: Turns;
  beforeEach(async () => {
    turns = await openTurns(dir);
  });
  afterEach(() => turns.close());

  it.skipIf(process.platform === 'win32')('stays held while its process is only paused', async () => {
    const child = await holder('files', dir, 'payment:1');
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
