import { questionOf } from './answer-cache.ts';
import type { Operation, Reader } from './endpoint.ts';
import type { Json } from './json.ts';

/** For code that reads much at once: what several of its parts ask is asked of Zoho once, and fails the same way each time. */

/** An answer that need not be asked for. */
export interface KnownAnswer {
  readonly endpoint: Operation;
  readonly input: Json;
  readonly result: Json;
}

/**
 * The same reader, but equal reads happen once, also those that fail: the client has repeated what can be repeated. For one preflight, with
 * the plan before it: what was read may have changed by the next, which is given a reader of its own.
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

/** As Promise.all; but where several fail it throws the error of the first in the list, not the first to come. */
export async function allInOrder<T extends readonly unknown[] | []>(asked: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const all = Promise.all(asked);
  all.catch(() => undefined);
  for (const one of asked) await one;
  return await all;
}

/** Reads for the rows of a list: lists answer what each row would read by itself. Rows are the arguments of the endpoint. */
export interface ListReads {
  readonly zoho: Reader;
  /** Reads again what may have changed. Called when the turns of the next rows are held. Forgets what was planned. */
  refresh(): Promise<void>;
  /** Reads ahead, at the same time, what rows of these customers and amounts will need one after the other. */
  prepare(rows: readonly { readonly customer_id: string; readonly amount: unknown }[]): Promise<void>;
  /** The next rows are planned with what this row will leave. */
  planned(row: Json): void;
  /** The next rows are planned with what this row left. `record`: what it made, as Zoho shows it. */
  recorded(row: Json, record: Json): Promise<void>;
  /** Whether two rows may be the same money. */
  alike(row: Json, other: Json): boolean;
}
