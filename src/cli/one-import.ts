import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { osLocks } from '../machine/os-lock.ts';

/**
 * Waits until no other import of these books runs on this machine, so that two runs of one file ask once and record once. The lock is
 * released at once if its process dies.
 */
export async function onlyImport(dir: string, signal: AbortSignal, tell: () => void): Promise<{ leave(): void }> {
  const lock = (await osLocks())(join(dir, 'import.lock'));
  for (let told = false; !lock.tryTake(); told = true) {
    if (!told) tell();
    await sleep(200, undefined, { signal }).catch((error: unknown) => {
      lock.close();
      throw error;
    });
  }
  return { leave: () => lock.close() };
}
