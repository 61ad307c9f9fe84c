/** A cache of Zoho's answers. */

/** Maximum number of cached answers. A page of 200 rows has about 200 kB. */
const MOST_ANSWERS = 50;

// The key is the declaration and not the path, because several declarations read the same path but return different results.
const numbers = new WeakMap<object, number>();
let last = 0;

/** The cache key of a declaration and an input. */
export function questionOf(endpoint: object, input: object): string {
  const number = numbers.get(endpoint) ?? (last += 1);
  numbers.set(endpoint, number);
  return `${number} ${JSON.stringify(Object.fromEntries(Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;
}

/** Makes a cache that keeps answers for `forMs`. Equal reads share an answer that has not arrived yet. Failures are not cached. */
export function createAnswerCache(forMs: number) {
  const kept = new Map<string, { readonly until: number; readonly answer: Promise<unknown> }>();
  return {
    get<T>(endpoint: object, input: object, ask: () => Promise<T>): Promise<T> {
      const question = questionOf(endpoint, input);
      const known = kept.get(question);
      if (known !== undefined && performance.now() < known.until) return known.answer as Promise<T>;
      const answer = ask();
      kept.delete(question);
      kept.set(question, { until: performance.now() + forMs, answer });
      const [oldest] = kept.keys();
      if (kept.size > MOST_ANSWERS && oldest !== undefined) kept.delete(oldest);
      answer.catch(() => void (kept.get(question)?.answer === answer && kept.delete(question)));
      return answer;
    },
    forget: () => kept.clear(),
  };
}

export type AnswerCache = ReturnType<typeof createAnswerCache>;
