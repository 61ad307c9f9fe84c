/** A page of 200 rows is some 200 kB. */
const MOST = 50;

/** Answers that are given again for so long, also while they are awaited; failures are not kept. */
export function createKept(forMs: number) {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>();
  return {
    get<T>(name: string, input: unknown, ask: () => Promise<T>): Promise<T> {
      const key = `${name} ${JSON.stringify(input)}`;
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
