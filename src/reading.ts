import type { Endpoint, Json, ReadEndpoint, Reader } from './endpoint.ts';

/** Readers for code that asks one thing after the other, where the answers are there already or can come at the same time. */

export interface Known {
  readonly endpoint: Pick<Endpoint, 'name'>;
  readonly input: Json;
  readonly result: Json | Promise<Json>;
}

/** The same reader, but for reads whose answer is known. */
export function knowing(known: readonly Known[], zoho: Reader): Reader {
  const keyOf = (endpoint: Pick<Endpoint, 'name'>, input: object) => JSON.stringify([endpoint.name, Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  const answers = new Map(known.map(({ endpoint, input, result }) => [keyOf(endpoint, input), result]));
  return { ...zoho, read: async (endpoint, input) => (await answers.get(keyOf(endpoint, input)) as never) ?? (await zoho.read(endpoint, input)) };
}

/** The same reader, with these asked for at once. Whoever reads one waits for it, and gets its error; one that nobody reads is nobody's. */
export function ahead(reads: readonly (readonly [endpoint: ReadEndpoint, input: Json])[], zoho: Reader): Reader {
  const asked = reads.map(([endpoint, input]) => {
    const result = zoho.read(endpoint, input);
    result.catch(() => undefined);
    return { endpoint, input, result };
  });
  return knowing(asked, zoho);
}
