import { Transform, type Readable, type Writable } from 'node:stream';
import { ProtocolErrorCode, type RequestId, type Transport } from '@modelcontextprotocol/server';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { createBatches, type Batches } from './batch.ts';
import { relay } from './relay.ts';

/** Maximum bytes of a message. */
const MOST_BYTES = 10 * 1024 * 1024;

/**
 * MCP over stdin and stdout: each line is a message or a batch. A line that is too long gets an error, and the next line is served; the SDK
 * would end the connection. `onTooLong` is called as soon as the limit is passed, because the line may never end.
 */
export function stdioTransport(stdin: Readable, stdout: Writable, onTooLong: () => void): Transport {
  // The SDK's own `send` adds two listeners for each message that waits for a slow host, and Node warns if there are more than ten.
  const write = (message: unknown) =>
    new Promise<void>((resolve, reject) => stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve())));
  const batches = createBatches(write);
  const lines = boundedLines(batches.unpack, onTooLong, (id) => {
    const error = {
      code: ProtocolErrorCode.InvalidRequest,
      message: 'The message is longer than 10 MB, so it was not read and nothing was done.',
    };
    write({ jsonrpc: '2.0', id, error }).catch(() => undefined);
  });
  stdin.on('error', (error) => lines.destroy(error));
  // Each line that passes is short enough. The SDK's buffer limit counts several lines together, so it must be larger.
  const pipes = new StdioServerTransport(stdin.pipe(lines), stdout, { maxBufferSize: 3 * MOST_BYTES });
  const close = pipes.close.bind(pipes);
  Object.assign(pipes, {
    send: batches.send,
    async close() {
      await batches.flush();
      await close();
    },
  });
  return relay(pipes, (received, pass) => {
    const { method, params } = received[0] as { method?: string; params?: { requestId?: RequestId } };
    pass(...received);
    if (method === 'notifications/cancelled' && params?.requestId !== undefined) batches.withdraw(params.requestId);
  });
}

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);

/** Passes on whole lines, with batches unpacked. Discards a line that is too long, and reports the id of its request at its end. */
function boundedLines(unpack: Batches['unpack'], onTooLong: () => void, onRequestTooLong: (id: RequestId) => void): Transform {
  let line = EMPTY;
  let bytes = 0;
  let skipped: ReturnType<typeof createIdReader> | undefined;

  const keep = (part: Buffer) => {
    if (bytes + part.length > line.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * line.length, bytes + part.length));
      line.copy(larger, 0, 0, bytes);
      line = larger;
    }
    part.copy(line, bytes);
    bytes += part.length;
  };
  const take = (part: Buffer) => {
    if (skipped === undefined && bytes + part.length > MOST_BYTES) {
      skipped = createIdReader();
      skipped.read(line.subarray(0, bytes));
      [line, bytes] = [EMPTY, 0];
      onTooLong();
    }
    if (skipped === undefined) keep(part);
    else skipped.read(part);
  };

  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let from = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
        take(chunk.subarray(from, end + 1));
        from = end + 1;
        if (skipped === undefined) {
          for (const one of unpack(line.subarray(0, bytes))) this.push(one);
        } else {
          const id = skipped.requestId();
          if (id !== undefined) onRequestTooLong(id);
        }
        [line, bytes, skipped] = [EMPTY, 0, undefined];
      }
      if (from < chunk.length) take(chunk.subarray(from));
      done();
    },
  });
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
/** Maximum length of a name or plain value at the top level. An id is shorter. */
const MOST_CHARACTERS_OF_MEMBER = 1000;

/**
 * Reads the id of a request from its bytes without keeping them. Most clients write the id after the params. An answer from the client has
 * an id but no method.
 */
function createIdReader() {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let name: string | undefined;
  let text = '';
  const members = new Map<string, string>();
  const note = (byte: number) => {
    if (depth === 1 && text.length <= MOST_CHARACTERS_OF_MEMBER) text += String.fromCharCode(byte);
  };
  const endOfMember = () => {
    if (name === '"id"' || name === '"method"') members.set(name, text.trim());
    [name, text] = [undefined, ''];
  };
  return {
    read(bytes: Buffer): void {
      for (let i = 0; i < bytes.length; i += 1) {
        const byte = bytes[i]!;
        if (inString) {
          note(byte);
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
        } else if (OPENING.has(byte)) {
          depth += 1;
        } else if (CLOSING.has(byte)) {
          if (depth === 1) endOfMember();
          depth -= 1;
        } else if (byte === COMMA) {
          if (depth === 1) endOfMember();
        } else if (byte === COLON) {
          if (depth === 1) [name, text] = [text.trim(), ''];
        } else {
          if (byte === QUOTE) inString = true;
          note(byte);
        }
      }
    },
    requestId(): RequestId | undefined {
      const id = members.get('"id"');
      if (depth !== 0 || id === undefined || !members.has('"method"')) return undefined;
      try {
        const value: unknown = JSON.parse(Buffer.from(id, 'latin1').toString('utf8'));
        return typeof value === 'string' || Number.isSafeInteger(value) ? (value as RequestId) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
