import { questionOf } from './answer-cache.ts';
import type { Operation, Reader } from './endpoint.ts';
import type { Json } from './json.ts';

/** Helpers for code that makes many reads at once. Equal reads share one call to Zoho, and also its error. */

/** An answer that is already known. */
export interface KnownAnswer {
  readonly endpoint: Operation;
  readonly input: Json;
  readonly result: Json;
}

/**
 * Returns a reader that makes only one call for equal reads. A failed read is not repeated either, because the client has already retried
 * it. Use one reader for one plan and its preflight only, because records may change before the next preflight.
 */
export function sharing(zoho: Reader, known: readonly KnownAnswer[] = []): Reader {
  const answers = new Map<string, Promise<unknown>>(
    known.map(({ endpoint, input, result }) => [questionOf(endpoint, input), Promise.resolve(result)]),
  );
  return {
    ...zoho,
    read(endpoint, input) {
      const question = questionOf(endpoint, input);
      const answer = answers.get(question) ?? zoho.read(endpoint, input);
      answers.set(question, answer);
      return answer as Promise<never>;
    },
  };
}

/** Like Promise.all, but throws the error of the first failed item in the list, not the earliest error. */
export async function allInOrder<T extends readonly unknown[] | []>(asked: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const all = Promise.all(asked);
  all.catch(() => undefined);
  for (const one of asked) await one;
  return await all;
}
