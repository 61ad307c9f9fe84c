import { setMaxListeners } from 'node:events';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { answerAccounts } from './accounts.ts';
import { BOOKS_PREFIX, answerBooks } from './books-api.ts';
import { CONTROL_PREFIX, type Controls, answerControl } from './control.ts';
import { type Fault, isOdd, spoil } from './faults.ts';
import { type Arrival, type Reply, jsonReply } from './message.ts';
import { noteReply } from './request-log.ts';

const LARGEST_BODY = 2_000_000;
/** Longer than Node's default of five seconds, with which the server could close an idle connection just as the client reuses it. */
const KEEP_ALIVE_MS = 60_000;

export interface Listener {
  server: Server;
  /** closes all connections at once and waits until no request uses the books */
  close: () => Promise<void>;
}

export function listen(controls: Controls): Listener {
  const closing = new AbortController();
  // Every delayed answer adds a listener to this signal, so Node's warning about a leak would be false.
  setMaxListeners(0, closing.signal);
  const active = new Set<Promise<void>>();
  const state: State = { controls, inProcess: 0, closing: closing.signal };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    const work = serve(state, request, response)
      .catch(() => {
        // The client disconnected, the sandbox is closing, or the books stayed locked. An internal error is sent if that is still possible.
        if (response.headersSent || closing.signal.aborted) response.destroy();
        else send(response, jsonReply(500, { code: 1000, message: 'Internal error' }));
      })
      .finally(() => active.delete(work));
    active.add(work);
  });
  return {
    server,
    close: async () => {
      closing.abort();
      controls.world.store.stop();
      const closed = new Promise((resolve) => {
        server.close(resolve);
      });
      server.closeAllConnections();
      await Promise.all([closed, ...active]);
    },
  };
}

interface State {
  controls: Controls;
  /** Books requests in process now, for the limit on concurrent requests */
  inProcess: number;
  closing: AbortSignal;
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { world } = state.controls;
  response.setHeader('date', new Date(world.now()).toUTCString());
  if (!isLocal(request)) {
    send(response, jsonReply(403, { error: 'The sandbox accepts requests from this machine only' }));
    return;
  }
  const body = await readBody(request);
  if (body === undefined) {
    send(response, jsonReply(413, { error: 'The request body is too large' }, { connection: 'close' }));
    return;
  }
  const [path = '', query = ''] = splitOnce(request.url ?? '', '?');
  const arrival: Arrival = { method: request.method ?? '', path, query: new URLSearchParams(query), headers: request.headers, body };
  if (path === CONTROL_PREFIX || path.startsWith(`${CONTROL_PREFIX}/`)) {
    send(response, await answerControl(state.controls, arrival));
    return;
  }
  const inBooks = path.startsWith(`${BOOKS_PREFIX}/`);
  if (inBooks) state.inProcess += 1;
  try {
    await answer(state, arrival, response);
  } finally {
    if (inBooks) state.inProcess -= 1;
  }
}

async function answer(state: State, arrival: Arrival, response: ServerResponse): Promise<void> {
  const { world, faults, log } = state.controls;
  const entry = log.add(arrival, world.now());
  const fault = faults.take(arrival);
  entry.fault = fault?.fault ?? null;

  if (fault?.fault === 'drop_before') {
    response.destroy();
    return;
  }
  // A delay before the change continues after the client disconnects. Tests need this: the change is then applied late.
  if (fault?.fault === 'delay' && !fault.after) await faults.wait(fault.delay_ms, arrival, state.closing);
  const reply = await respond(state, arrival, keeps(fault));
  entry.applied = keeps(fault) ? (reply.applied ?? []) : [];
  if (reply.failure !== undefined) entry.failure = reply.failure;
  if (fault?.fault === 'drop_after') {
    response.destroy();
    return;
  }
  if (fault?.fault === 'delay' && fault.after) await faults.wait(fault.delay_ms, arrival, state.closing);
  const final = fault ? spoil(fault, arrival, reply) : reply;
  noteReply(entry, final);
  if (fault?.fault === 'wrong_date') response.setHeader('date', new Date(world.now() + (fault.date_ms ?? 0)).toUTCString());
  if (fault?.fault === 'no_date') {
    response.sendDate = false;
    response.removeHeader('date');
  }
  if (fault?.fault === 'truncate') await sendHalf(response, final);
  else send(response, final);
}

/** True if the request's change is kept. Most faults roll the change back unless `after` is set. */
function keeps(fault: Fault | undefined): boolean {
  return fault === undefined || fault.after || fault.fault === 'delay' || isOdd(fault);
}

async function respond(state: State, arrival: Arrival, keep: boolean): Promise<Reply> {
  const { world } = state.controls;
  if (arrival.path.startsWith(`${BOOKS_PREFIX}/`)) return answerBooks(world, arrival, state.inProcess, keep);
  if (arrival.path.startsWith('/oauth/')) return answerAccounts(world, arrival, keep);
  return jsonReply(404, { code: 5, message: 'Invalid URL Passed' });
}

/**
 * True if the request comes from a program on this machine, and not from a web page of another site. A foreign Host header means DNS
 * rebinding. A foreign Origin header means that a page in the user's browser sends cross-site requests.
 */
function isLocal(request: IncomingMessage): boolean {
  const origin = request.headers.origin;
  return isLoopback(`http://${request.headers.host ?? ''}`) && (origin === undefined || isLoopback(origin));
}

function isLoopback(address: string): boolean {
  return URL.canParse(address) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(address).hostname);
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, reply: Reply): void {
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': bytes.length });
  response.end(bytes);
}

/** Sends the correct headers and half of the body, then drops the connection. */
async function sendHalf(response: ServerResponse, reply: Reply): Promise<void> {
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': bytes.length });
  await new Promise<void>((resolve) => {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => resolve());
  });
  response.destroy();
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
