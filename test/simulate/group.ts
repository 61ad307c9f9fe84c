/** Process groups: a worker ends together with all servers that it started. */

export const hasGroups = process.platform !== 'win32';

/** Kills a group at once, including stopped processes. Without process groups it kills only the leader; the others end when they notice. */
export function killGroup(leader: number): void {
  try {
    process.kill(hasGroups ? -leader : leader, 'SIGKILL');
  } catch {
    // The group has already ended.
  }
}
