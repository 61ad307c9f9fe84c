import { existsSync, statSync, writeFileSync } from 'node:fs';

/**
 * A lock between processes: an exclusive transaction on an SQLite file of its own, which is a lock of the operating system. Held
 * while its process lives, also when it is merely stopped, and free at once when it dies.
 */
export interface OsLock {
  /** False while another process, or another lock of this one on the same file, has it. */
  tryTake(): boolean;
  /** Whether its file is still the one at its path: a lock on a file that was removed keeps nobody out. */
  isInPlace(): boolean;
  free(): void;
  close(): void;
}

/** Loads SQLite; what it gives opens locks. Keep a reference to each: one that is collected is free. */
export async function osLocks(): Promise<(path: string) => OsLock> {
  const { DatabaseSync } = await import('@photostructure/sqlite');
  return (path) => {
    makePrivate(path);
    const connection = new DatabaseSync(path, { timeout: 0 });
    const opened = identityOf(path);
    const free = () => {
      if (connection.isTransaction) connection.exec('ROLLBACK');
    };
    return {
      tryTake() {
        try {
          connection.exec('BEGIN EXCLUSIVE');
          return true;
        } catch (error) {
          if (isBusy(error)) return false;
          throw error;
        }
      },
      isInPlace: () => identityOf(path) === opened,
      free,
      close() {
        // A transaction left open would outlive `close`.
        free();
        connection.close();
      },
    };
  };
}

/**
 * Makes the file for its owner alone, which SQLite would not. One that is there is left alone: to open and close it here would
 * end the locks that this process has on it (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled).
 */
export function makePrivate(path: string): void {
  if (!existsSync(path)) writeFileSync(path, '', { flag: 'a', mode: 0o600 });
}

/** Which file lies there, without opening it: on every platform the device and the number of the file on it. Undefined where none does. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? `${stat.dev}-${stat.ino}` : undefined;
}

/** Whether SQLite says that another connection is in the way. */
export function isBusy(error: unknown): boolean {
  return /SQLITE_BUSY|database (table )?is locked/i.test(`${(error as { code?: string }).code} ${(error as Error).message}`);
}
