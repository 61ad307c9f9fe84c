/** A page of 200 rows is some 200 kB. */
const MOST = 50;

/** Answers that are given again for so long, also while they are awaited; failures are not kept. */
export function createKept(forMs: number) {
  // By the declaration itself: several that read the same path make different things of it.
  const numbers = new WeakMap<object, number>();
  let last = 0;
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>();
  return {
    get<T>(endpoint: object, input: unknown, ask: () => Promise<T>): Promise<T> {
      const number = numbers.get(endpoint) ?? (last += 1);
      numbers.set(endpoint, number);
      const key = `${number} ${JSON.stringify(input)}`;
      const known = kept.get(key);
      if (known !== undefined && performance.now() < known.until) return known.answer as Promise<T>;
      const answer = ask();
      kept.delete(key);
      kept.set(key, { until: performance.now() + forMs, answer });
      const [oldest] = kept.keys();
      if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
      answer.catch(() => void (kept.get(key)?.answer === answer && kept.delete(key)));
      return answer;
    },
    forget: () => kept.clear(),
  };
}

export type Kept = ReturnType<typeof createKept>;
