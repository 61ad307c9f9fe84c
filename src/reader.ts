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

/** Shared reads for the rows of a list, which replace the reads of each row. If not said otherwise, rows are given as the arguments of the endpoint. */
export interface ListReads {
  readonly zoho: Reader;
  /** Reads again everything that may have changed. Called when the locks of the next rows are held. Forgets the planned rows. */
  refresh(): Promise<void>;
  /**
   * Reads in parallel, ahead of time, what these rows will need. Rows are given as the arguments of the call. A read that fails is reported
   * when its row needs it.
   */
  prepare(rows: readonly Json[]): Promise<void>;
  /** Notes a row that will be recorded, so that the next rows see the balances after it. */
  planned(row: Json): void;
  /** Notes a row that was recorded, so that the next rows see the balances after it. `record`: the new record as Zoho shows it. */
  recorded(row: Json, record: Json): Promise<void>;
  /** True if two rows are possible duplicates of each other. */
  alike(row: Json, other: Json): boolean;
}
