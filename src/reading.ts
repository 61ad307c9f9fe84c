import type { Endpoint, Json, ReadEndpoint, Reader } from './endpoint.ts';

/** Readers for code that asks one thing after the other, where the answers are there already or can come at the same time. */

export interface Known {
  readonly endpoint: Endpoint;
  readonly input: Json;
  readonly result: Json | Promise<Json>;
}

/** The same reader, but for reads whose answer is known. */
export function knowing(known: readonly Known[], zoho: Reader): Reader {
  const keyOf = (input: object) => JSON.stringify(Object.entries(input).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  // By the declaration itself: several that read the same path make different things of it.
  const answers = new Map(
    known.map(({ endpoint }) => [
      endpoint as object,
      new Map(known.filter((one) => one.endpoint === endpoint).map(({ input, result }) => [keyOf(input), result])),
    ]),
  );
  return {
    ...zoho,
    read: async (endpoint, input) => ((await answers.get(endpoint)?.get(keyOf(input))) as never) ?? (await zoho.read(endpoint, input)),
  };
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
