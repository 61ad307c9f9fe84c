/** Queues within one process, one for each lock. */
export interface TurnQueue {
  /** Adds a place at the end of the queue for a lock. `leave` frees the place for the next one, even before it was reached. */
  stand(lock: number): { readonly reached: Promise<void>; leave(): void };
}

export function createTurnQueue(): TurnQueue {
  const tails = new Map<number, Promise<void>>();
  return {
    stand(lock) {
      const reached = tails.get(lock) ?? Promise.resolve();
      let leave = () => {};
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      const tail = Promise.all([reached, left]).then(() => undefined);
      tails.set(lock, tail);
      void tail.finally(() => tails.get(lock) === tail && tails.delete(lock));
      return { reached, leave };
    },
  };
}
