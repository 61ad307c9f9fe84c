import type { Attempt, Seen, WriteTool } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import type { Zoho } from '../zoho/client.ts';
import { StateError } from './journal/entry-state.ts';
import type { Answer, Entry, Happening, Journal } from './journal/journal.ts';
import type { Timings } from './timings.ts';

/** Settles unsettled writes by a look in Zoho, never by sending them again. The caller must hold the turn of the write. */

export interface Resolver {
  readonly zoho: Zoho;
  readonly journal: Journal;
  readonly endpoints: ReadonlyMap<string, WriteTool>;
  readonly timings: Timings;
  /** The latest moment at which a write can have been sent, by this process's monotonic clock, if known. The key is the write's id. */
  readonly sentHere: Map<string, SentHere>;
}

interface SentHere {
  readonly ticks: number;
  /** The `sentAt` in the journal that `ticks` belongs to: another process may have sent the same write again. */
  readonly sentAt: string | undefined;
}

/** The entry after a look, and what the look saw if one was needed. */
export interface Looked {
  readonly entry: Entry;
  readonly seen?: Seen;
}

/** Settles an entry if possible. The caller holds its turn, so no living process still works on it. */
export async function resolve(entry: Entry, resolver: Resolver): Promise<Looked> {
  try {
    return await settled(entry, resolver);
  } catch (error) {
    // Two calls that each hold a part of the entry's turn looked at the same time, and the other call was faster.
    const now = error instanceof StateError ? await resolver.journal.find(entry.id) : undefined;
    if (now === undefined) throw error;
    return { entry: now };
  }
}

async function settled(entry: Entry, resolver: Resolver): Promise<Looked> {
  const { journal } = resolver;
  if (entry.state === 'claimed') return { entry: await journal.add(entry.id, { type: 'not_recorded', reason: 'It was never sent.' }) };
  if (entry.state !== 'sent' && entry.state !== 'unknown') return { entry };
  const unknown =
    entry.state === 'unknown' ? entry : await journal.add(entry.id, { type: 'unknown', reason: 'It was sent, but no answer was noted.' });
  return await lookFor(unknown, resolver);
}

async function lookFor(entry: Entry, resolver: Resolver): Promise<Looked> {
  const { zoho, journal, endpoints } = resolver;
  const endpoint = endpoints.get(entry.endpoint);
  if (endpoint === undefined) return { entry };
  const lookOnce = async () => {
    // The clocks are read before the look. Otherwise a record that appears during the look could be missed for ever.
    const late = isGraceOver(entry, resolver);
    return { late, seen: await endpoint.safety.look(attemptOf(entry, journal), zoho) };
  };
  let { late, seen } = await lookOnce();
  // The look itself may bring Zoho's time, and so show that the grace period is over: in a new process, or after the machine slept.
  if (seen.seen === 'not there' && !late && isGraceOver(entry, resolver)) ({ late, seen } = await lookOnce());
  const resolvedAs = async (outcome: Omit<Extract<Happening, { type: 'resolved' }>, 'type' | 'by'>) => ({
    seen,
    entry: await journal.add(entry.id, { type: 'resolved', by: 'look', ...outcome }),
  });
  switch (seen.seen) {
    case 'there': {
      const answer = answerOf(endpoint, entry, seen.result);
      const zoho_id = entry.makes && seen.zoho_id;
      return await resolvedAs({ outcome: 'recorded', reason: 'Found in Zoho, exactly as sent.', zoho_id, answer });
    }
    case 'in part':
      if (!late) return { seen, entry: { ...entry, reason: seen.why } };
      return await resolvedAs({ outcome: 'recorded', reason: seen.why, answer: answerOf(endpoint, entry, seen.result) });
    case 'not there':
      if (!late) return { entry, seen };
      return await resolvedAs({ outcome: 'not_recorded', reason: 'Not in Zoho after the longest time that a request can take.' });
    case 'unclear':
      return { seen, entry: { ...entry, reason: seen.why } };
  }
}

/**
 * True if Zoho can no longer carry out the request of this entry, because the grace period is over by Zoho's clock and by this machine's
 * clock. The process that sent the request uses its monotonic clock for this; another process uses the time of day.
 */
export function isGraceOver(
  entry: Entry,
  { zoho, timings: { graceMs }, sentHere }: Pick<Resolver, 'zoho' | 'timings' | 'sentHere'>,
): boolean {
  const { id, sentAt, zohoTime } = entry;
  const now = zoho.clock()?.notBefore;
  if (now === undefined || sentAt === undefined) return false;
  const sent = Date.parse(sentAt);
  const sentByZoho = zohoTime === undefined ? undefined : Date.parse(zohoTime);
  // If the noted time is doubtful, this process counts from the moment when it first saw the write.
  if (isTimeDoubtful(entry) && sentHere.get(id)?.sentAt !== sentAt) sentHere.set(id, { ticks: performance.now(), sentAt });
  const here = sentHere.get(id);
  const ticks = here?.sentAt === sentAt ? here.ticks : undefined;
  const passed = ticks === undefined ? Date.now() - sent : performance.now() - ticks;
  // Versions before 0.2 noted Zoho's time without a limit, however far ahead it was. If Zoho's time was unknown, only this machine's counts.
  return (sentByZoho === undefined || now - Math.min(sentByZoho, sent + MINUTE_MS) > graceMs) && passed > graceMs;
}

/**
 * True if the time of day was, or may have been, wrong when a write was sent: Zoho's time was far ahead of it or unknown, or the write
 * seems to be sent in the future.
 */
export function isTimeDoubtful({ sentAt, zohoTime }: Entry): boolean {
  const sent = Date.parse(sentAt ?? '');
  return zohoTime === undefined || Date.parse(zohoTime) - sent > MOST_AHEAD_MS || sent > Date.now();
}

/**
 * The most that Zoho's noted time may be ahead of the time of day. A time further ahead may have been limited to a minute. The ten seconds
 * are for writing the note.
 */
const MOST_AHEAD_MS = MINUTE_MS - 10_000;

/** The answer to the caller and its undo. The journal keeps both together, so that a replay has both. */
export function answerOf(
  endpoint: WriteTool,
  { arguments: input, before, facts }: Pick<Entry, 'arguments' | 'before' | 'facts'>,
  result: Json,
): Answer {
  const undo = endpoint.safety.undo(result, input, before);
  const { not_checked = [] } = facts as { not_checked?: readonly string[] };
  return { result, report: { ...endpoint.report(result, input, { before, not_checked }), undo } };
}

function attemptOf(entry: Entry, journal: Journal): Attempt {
  return {
    input: entry.arguments,
    body: entry.request.body,
    before: entry.before,
    sentAt: entry.zohoTime === undefined ? undefined : Date.parse(entry.zohoTime),
    named: entry.zoho_id,
    async ofAnother(zoho_id) {
      const other = entry.makes && (await journal.findByZohoId(entry.makes, zoho_id));
      return other !== undefined && other.id !== entry.id;
    },
  };
}

/** Looks for every unsettled write whose turn is free. If the look for one write fails, the others are still looked for. */
export async function resolveAll(
  resolver: Resolver,
  take: (entry: Entry) => Promise<{ leave(): void } | undefined>,
  warn: (message: string) => void,
): Promise<void> {
  for (const { id } of await resolver.journal.unsettled()) {
    const entry = await resolver.journal.find(id);
    const turn = entry && (await take(entry));
    if (turn === undefined) continue;
    try {
      const current = await resolver.journal.find(id);
      if (current !== undefined) await resolve(current, resolver);
    } catch (error) {
      warn(`the search in Zoho for write ${id} failed: ${error instanceof PaymentsError ? error.code : 'internal error'}`);
    } finally {
      turn.leave();
    }
  }
}
