/** Processes that end together: a worker and all the servers it started. */

export const hasGroups = process.platform !== 'win32';

/** At once, also those that are stopped; where there are no groups the leader alone, and the others when they notice. */
export function killGroup(leader: number): void {
  try {
    process.kill(hasGroups ? -leader : leader, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
