import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { BusyError } from '../errors.ts';
import { orAborted } from '../machine/or-aborted.ts';
import { SECOND_MS } from '../time.ts';
import { createTurnQueue } from '../write/turn-queue.ts';
import { turnBusy, turnsClosed, TURN_TIMEOUT_MS, type Turn, type Turns } from '../write/turn.ts';
import type { DatabaseSession, TeamDatabase } from './database.ts';

/**
 * Turns for all servers of a team. A turn is a session advisory lock for each of its names, on one connection. If the holder dies, its
 * connection ends, and the locks are free. Each time a lock is taken, its epoch rises. A holder that was stopped, or whose connection was
 * cut, may not notice that it has lost the lock. But the note `sent` compares the epochs, so this holder sends nothing.
 */

/** The names of an organization share this many locks. Two names with the same lock wait for each other without need. */
const LOCKS_EACH = 1024;

export function openPostgresTurns(database: TeamDatabase, organization: string): Turns {
  const ending = new AbortController();
  const queue = createTurnQueue();

  /** Raises the epochs of the locks, which this connection holds. Returns the epochs. */
  const raise = async (connection: DatabaseSession, slots: readonly number[], what: string): Promise<Map<number, number>> => {
    const holder = `process ${process.pid} on ${hostname()} (${what}, since ${new Date().toISOString()})`;
    await connection.begin('READ COMMITTED', organization);
    const held = new Map<number, number>();
    for (const slot of slots) {
      const [row] = await connection.rows<{ epoch: number }>(
        `INSERT INTO turns AS t (slot, epoch, holder) VALUES (?, 1, ?)
          ON CONFLICT (organization, slot) DO UPDATE SET epoch = t.epoch + 1, holder = excluded.holder RETURNING epoch`,
        [slot, holder],
      );
      held.set(slot, row?.epoch ?? 0);
    }
    await connection.commit();
    return held;
  };

  /** Who holds one of the locks. Best effort, for an error. */
  const holderOf = async (slots: readonly number[]): Promise<string | undefined> =>
    await database.journal
      .use(async (connection) => {
        await connection.begin('REPEATABLE READ READ ONLY', organization);
        const rows = await connection.rows<{ holder: string }>('SELECT holder FROM turns WHERE slot = ANY (?) ORDER BY slot', [slots]);
        return rows[0]?.holder;
      })
      .catch(() => undefined);

  return {
    async take(names, what, { timeoutMs = TURN_TIMEOUT_MS, signal } = {}) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const deadline = AbortSignal.any([timeout, ending.signal, ...(signal === undefined ? [] : [signal])]);
      // Always in the same order, so that no two calls can wait for each other (deadlock).
      const slots = [...new Set(names.map(slotOf))].toSorted((a, b) => a - b);
      // Within this server, the calls wait here, so that waiting calls do not use up the connections.
      const places = slots.map((slot) => queue.stand(slot));
      let connection: DatabaseSession | undefined;
      const end = async () => {
        await connection?.free();
        for (const place of places) place.leave();
      };
      try {
        await orAborted(Promise.all(places.map(({ reached }) => reached)), deadline);
        const connecting = database.turns.connect();
        connection = await orAborted(connecting, deadline).catch((error: unknown) => {
          void connecting.then((late) => late.free()).catch(() => undefined);
          throw error;
        });
        const locks = slots.map((slot) => `SELECT pg_advisory_lock(${keyOf(organization, slot)})`).join('; ');
        await orAborted(connection.batch(locks, 'no', timeoutMs + SECOND_MS), deadline);
        const held = await orAborted(raise(connection, slots, what), deadline);
        return heldTurn(connection, held, database.silenceMs / 4, end, ending.signal);
      } catch (error) {
        connection?.cut();
        await end();
        signal?.throwIfAborted();
        if (ending.signal.aborted) throw turnsClosed();
        if (timeout.aborted) throw turnBusy(await holderOf(slots), timeoutMs);
        throw error;
      }
    },
    close: () => ending.abort(),
  };
}

function heldTurn(
  connection: DatabaseSession,
  held: Turn['held'],
  heartbeatMs: number,
  end: () => Promise<void>,
  ending: AbortSignal,
): Turn {
  let beat: Promise<unknown> = Promise.resolve();
  const heartbeat = setInterval(() => {
    // If the connection is broken, the epochs prevent that this holder sends.
    beat = beat.then(() => connection.rows('SELECT')).catch(() => undefined);
  }, heartbeatMs).unref();
  let isHeld = true;
  const leave = () => {
    if (!isHeld) return;
    isHeld = false;
    clearInterval(heartbeat);
    // If the connection is broken, its locks are free already.
    void beat
      .then(() => connection.rows('SELECT pg_advisory_unlock_all()'))
      .catch(() => connection.cut())
      .then(end);
  };
  ending.addEventListener('abort', leave, { once: true });
  return { held, leave };
}

export function turnLost(): BusyError {
  return new BusyError('This server was stopped or lost its connection to the database, and another call has taken its lock.', {
    code: 'turn_lost',
    next: 'Make the same call again.',
  });
}

const hashOfText = (text: string) => createHash('sha256').update(text).digest();
const slotOf = (name: string) => hashOfText(name).readUInt32BE(0) % LOCKS_EACH;
/** Other programs may use advisory locks in the same database, so all 64 bits of the key are a hash. */
const keyOf = (organization: string, slot: number) => hashOfText(`zoho-payments turn ${organization} ${slot}`).readBigInt64BE(0);
