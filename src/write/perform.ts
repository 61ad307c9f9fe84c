import { toRequest, type Json, type WriteEndpoint } from '../endpoint.ts';
import type { Zoho } from '../zoho/client.ts';

/** What a write came to, with the facts read before it. */
export interface Performed {
  readonly result: Json;
  readonly facts: unknown;
}

/** Writes that are past their preflight: the process must not end while any is on the wire. */
const onTheWire = new Set<Promise<unknown>>();

/**
 * The one road a write may take: look, then send, once. Cancelling stops it up to the moment it is sent; after that it is
 * carried to its end, because half-sent money cannot be taken back.
 */
export async function perform(endpoint: WriteEndpoint, input: Json, zoho: Zoho, signal?: AbortSignal): Promise<Performed> {
  const facts = await endpoint.preflight(input, zoho.until(signal));
  const request = toRequest(endpoint, input, facts);
  const sending = zoho.until(signal).send(request);
  onTheWire.add(sending);
  const body = await sending.finally(() => onTheWire.delete(sending));
  return { result: endpoint.result(body, input), facts };
}

/** Resolves when no write is on the wire. Each has its own time limit, so this ends. */
export async function writesSettled(): Promise<void> {
  while (onTheWire.size > 0) await Promise.allSettled(onTheWire);
}
