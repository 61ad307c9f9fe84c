import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import pg from 'pg';

/**
 * A connection pooler in transaction mode, like PgBouncer's: it lends a session of the database to a connection for one transaction, and
 * another session for the next one. Passes no parameters of the connection on.
 */
export interface Pooler {
  readonly url: string;
  close(): Promise<void>;
}

/** A session of the database. */
interface Lent {
  readonly socket: Socket;
  readonly client: pg.Client;
}

/** `sessions`: the sessions of the database, which are lent in turn. */
export async function startPooler(url: string, sessions: number): Promise<Pooler> {
  const free = await Promise.all(Array.from({ length: sessions }, () => openSession(url)));
  const all = [...free];
  const waiting: ((lent: Lent) => void)[] = [];
  const borrow = () => new Promise<Lent>((resolve) => (free.length > 0 ? resolve(free.shift()!) : waiting.push(resolve)));
  const giveBack = (lent: Lent) => {
    // Messages that come now, such as notifications, belong to no connection, so they get lost.
    lent.socket.removeAllListeners('data').on('data', () => undefined);
    const next = waiting.shift();
    if (next === undefined) free.push(lent);
    else next(lent);
  };
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    void serve(socket, borrow, giveBack);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `postgres://postgres@127.0.0.1:${(server.address() as AddressInfo).port}/pooled`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      for (const { socket } of all) socket.destroy();
    },
  };
}

/** Logs in with the library, and then uses its socket. */
async function openSession(url: string): Promise<Lent> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
  stream.removeAllListeners('data');
  return { socket: stream, client };
}

async function serve(socket: Socket, borrow: () => Promise<Lent>, giveBack: (lent: Lent) => void): Promise<void> {
  let pending = Buffer.alloc(0);
  let started = false;
  let lent: Promise<Lent> | undefined;
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    // The first message has no type.
    for (let start = started ? 1 : 0; pending.length >= start + 4; start = started ? 1 : 0) {
      const end = start + pending.readUInt32BE(start);
      if (pending.length < end) return;
      const message = pending.subarray(0, end);
      pending = pending.subarray(end);
      if (started) forward(message);
      else {
        started = true;
        socket.write(Buffer.concat([AUTHENTICATED, READY]));
      }
    }
  });
  const forward = (message: Buffer) => {
    if (message[0] === TERMINATE) return void socket.end();
    lent ??= borrow().then((session) => {
      session.socket.removeAllListeners('data');
      let answer = Buffer.alloc(0);
      session.socket.on('data', (chunk: Buffer) => {
        socket.write(chunk);
        answer = Buffer.concat([answer, chunk]);
        while (answer.length >= 5 && answer.length >= 1 + answer.readUInt32BE(1)) {
          const end = 1 + answer.readUInt32BE(1);
          const isOver = answer[0] === READY[0] && answer[5] === IDLE;
          answer = answer.subarray(end);
          if (!isOver) continue;
          lent = undefined;
          giveBack(session);
        }
      });
      return session;
    });
    void lent.then((session) => session.socket.write(message));
  };
}

const TERMINATE = 'X'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);
const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
const READY = Buffer.from([0x5a, 0, 0, 0, 5, IDLE]);
