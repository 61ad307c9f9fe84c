import { identityOf, loadSqlite, makePrivate, troubleOf, whenFree } from './sqlite-file.ts';

/**
 * A lock between processes: an exclusive transaction on an SQLite file, for which SQLite uses a lock of the operating system. A suspended
 * process keeps its lock. When a process dies, its lock becomes free at once.
 */
export interface OsLock {
  /** False if another process holds the lock, or another OsLock of this process on the same file. */
  tryTake(): boolean;
  /** Waits for the lock. Throws after `patienceMs`. */
  take(patienceMs: number): Promise<void>;
  /** True if the locked file is still the file at its path. A lock on a removed file excludes nobody. */
  isInPlace(): boolean;
  free(): void;
  close(): void;
}

/** Loads SQLite and returns a function that opens locks. Keep a reference to each lock: garbage collection releases it. */
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
        // Without this, an open transaction would stay after `close`.
        free();
        connection.close();
      },
    };
  };
}
