import { identityOf, loadSqlite, makePrivate, troubleOf, whenFree } from './sqlite-file.ts';

/**
 * A lock between processes: an exclusive transaction on an SQLite file of its own, which is a lock of the operating system. Held
 * while its process lives, also when it is merely stopped, and free at once when it dies.
 */
export interface OsLock {
  /** False while another process, or another lock of this one on the same file, has it. */
  tryTake(): boolean;
  /** Waits for it. Throws when it was not free for `patienceMs`. */
  take(patienceMs: number): Promise<void>;
  /** Whether its file is still the one at its path: a lock on a file that was removed keeps nobody out. */
  isInPlace(): boolean;
  free(): void;
  close(): void;
}

/** Loads SQLite; what it gives opens locks. Keep a reference to each: one that is collected is free. */
export async function osLocks(): Promise<(path: string) => OsLock> {
  const connect = await loadSqlite();
  return (path) => {
    makePrivate(path);
    const connection = connect(path, { timeout: 0 });
    const opened = identityOf(path);
    const take = () => connection.exec('BEGIN EXCLUSIVE');
    const free = () => {
      if (connection.isTransaction) connection.exec('ROLLBACK');
    };
    return {
      tryTake() {
        try {
          take();
          return true;
        } catch (error) {
          if (troubleOf(error) === 'busy') return false;
          throw error;
        }
      },
      take: (patienceMs) => whenFree(take, patienceMs),
      isInPlace: () => opened !== undefined && identityOf(path) === opened,
      free,
      close() {
        // A transaction left open would outlive `close`.
        free();
        connection.close();
      },
    };
  };
}
