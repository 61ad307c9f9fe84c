import { parseJSONRPCMessage, PROTOCOL_VERSION_META_KEY, ProtocolErrorCode, type RequestId } from '@modelcontextprotocol/server';

/**
 * JSON-RPC batches: an array of messages, whose requests are answered together in one array. MCP revision 2025-03-26 defines them. Clients
 * of other revisions may use them too, but not since 2026-07-28, because there a request can stay open forever. The SDK has no batches.
 */
export interface Batches {
  /** Returns the messages of a batch, one line each. Returns any other line unchanged. */
  unpack(line: Buffer): readonly Buffer[];
  /** Sends a message. The answer to a request of a batch waits until all answers of the batch are ready. */
  send(message: unknown): Promise<void>;
  /** Removes a cancelled request from its batch. It gets no answer, so the other answers must not wait for it. */
  withdraw(request: RequestId): void;
  /** Sends the answers that are ready, because no more answers will come. */
  flush(): Promise<void>;
}

/** The most messages in a batch: Zoho's limit of calls in a minute. */
export const MOST_MESSAGES = 100;
const [BRACKET, BLANKS] = [0x5b, new Set([0x20, 0x09, 0x0d])];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING, CLOSING] = [new Set([0x5b, 0x7b]), new Set([0x5d, 0x7d])];

interface Batch {
  /** In the order of the requests. Undefined if a request has no answer yet, or never gets an answer. */
  readonly answers: unknown[];
  /** Index in `answers` for each open request. */
  readonly open: Map<RequestId, number>;
  /** Resolves when the answers are written. */
  readonly written: Promise<void>;
  readonly end: () => void;
}

export function createBatches(write: (message: unknown) => Promise<void>): Batches {
  const batchOf = new Map<RequestId, Batch>();

  const newBatch = (): Batch => {
    const answers: unknown[] = [];
    let end = () => {};
    const written = new Promise<void>((resolve) => {
      end = () => {
        const given = answers.filter((answer) => answer !== undefined);
        // A batch without requests gets no answer, not even an empty one.
        resolve(given.length === 0 ? undefined : write(given));
      };
    });
    // `send` reports a failed write. But a batch with only our own errors calls no `send`, so the failure is ignored here.
    written.catch(() => undefined);
    return { answers, open: new Map(), written, end };
  };

  /** Closes a request of a batch, with its answer if there is one. */
  const settle = (request: RequestId, batch: Batch, answer: unknown) => {
    batch.answers[batch.open.get(request) ?? batch.answers.length] = answer;
    batch.open.delete(request);
    batchOf.delete(request);
    if (batch.open.size === 0) batch.end();
  };

  /** Returns the error with which a message of a batch is refused, or undefined. */
  const refusalOf = (message: unknown): object | undefined => {
    if (!isMessage(message)) return invalidRequest(null, 'This element of the batch is not a JSON-RPC message, so it was ignored.');
    const { id, method, params } = message as { id?: RequestId; method?: string; params?: { _meta?: object } };
    if (method === undefined || id === undefined) return undefined;
    if (method === 'initialize') return invalidRequest(id, '`initialize` cannot be part of a batch. Send it first, by itself.');
    if (params?._meta !== undefined && Object.hasOwn(params._meta, PROTOCOL_VERSION_META_KEY))
      return invalidRequest(id, 'Protocol revisions from 2026-07-28 on have no batches. Send each request by itself.');
    if (batchOf.has(id)) return invalidRequest(null, 'Another open request has the same id, so this request was ignored.');
    return undefined;
  };

  return {
    unpack(line) {
      const messages = arrayIn(line);
      if (messages === undefined) return [line];
      const isTooLong = messages.length > MOST_MESSAGES;
      if (isTooLong || !messages.some(isMessage)) {
        const why = isTooLong ? `has more than ${MOST_MESSAGES} messages, so nothing was done` : 'contains no JSON-RPC message';
        write(invalidRequest(null, `The batch ${why}.`)).catch(() => undefined);
        return [];
      }
      const batch = newBatch();
      const texts = textsOfParts(line);
      const lines = messages.flatMap((message, i) => {
        const refusal = refusalOf(message);
        if (refusal !== undefined) {
          batch.answers.push(refusal);
          return [];
        }
        const { id, method } = message as { id?: RequestId; method?: string };
        if (method !== undefined && id !== undefined) {
          batch.open.set(id, batch.answers.push(undefined) - 1);
          batchOf.set(id, batch);
        }
        return [Buffer.concat([texts[i]!, LINE_END])];
      });
      if (batch.open.size === 0) batch.end();
      return lines;
    },

    async send(message) {
      const { id, method } = message as { id?: RequestId; method?: string };
      const batch = id === undefined || method !== undefined ? undefined : batchOf.get(id);
      if (id === undefined || batch === undefined) return await write(message);
      settle(id, batch, message);
      await batch.written;
    },

    withdraw(request) {
      const batch = batchOf.get(request);
      if (batch !== undefined) settle(request, batch, undefined);
    },

    async flush() {
      const open = [...new Set(batchOf.values())];
      batchOf.clear();
      for (const batch of open) batch.end();
      await Promise.allSettled(open.map(({ written }) => written));
    },
  };
}

function arrayIn(line: Buffer): unknown[] | undefined {
  if (line.find((byte) => !BLANKS.has(byte)) !== BRACKET) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return Array.isArray(value) ? value : undefined;
  } catch {
    // The SDK handles lines that are not JSON.
    return undefined;
  }
}

const LINE_END = Buffer.from('\n');

/** The text of each element of a JSON array, copied from the input, because `JSON.stringify` fails for very deep nesting. */
function textsOfParts(array: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < array.length; i += 1) {
    const byte = array[i]!;
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
      continue;
    }
    if (byte === QUOTE) inString = true;
    if (CLOSING.has(byte)) depth -= 1;
    if (from > 0 && (byte === COMMA ? depth === 1 : depth === 0)) {
      parts.push(array.subarray(from, i));
      from = i + 1;
      if (depth === 0) break;
    }
    if (OPENING.has(byte)) {
      depth += 1;
      if (depth === 1) from = i + 1;
    }
  }
  return parts;
}

function isMessage(value: unknown): boolean {
  try {
    parseJSONRPCMessage(value);
    return true;
  } catch {
    return false;
  }
}

const invalidRequest = (id: RequestId | null, message: string) => ({
  jsonrpc: '2.0',
  id,
  error: { code: ProtocolErrorCode.InvalidRequest, message },
});
