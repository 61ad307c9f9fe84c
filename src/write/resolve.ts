import type { Attempt, Seen, WriteTool } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import type { Zoho } from '../zoho/client.ts';
import { StateError } from './journal/entry-state.ts';
import type { Answer, Entry, Happening, Journal } from './journal/journal.ts';
import type { Timings } from './timings.ts';

/** Settles unsettled writes with a search in Zoho. Never sends them again. The caller must hold the turn of the write. */

export interface Resolver {
  readonly zoho: Zoho;
  readonly journal: Journal;
  readonly endpoints: ReadonlyMap<string, WriteTool>;
  readonly timings: Timings;
  /** For writes that this process sent, by id: the latest possible moment of sending, by the monotonic clock of this process. */
  readonly sentHere: Map<string, SentHere>;
}

interface SentHere {
  readonly ticks: number;
  /** The journal's `sentAt` for the moment `ticks`. It differs if another process has sent the same write again. */
  readonly sentAt: string | undefined;
}

/** The entry after a search. `seen`: the result of the search, if a search was needed. */
export interface Looked {
  readonly entry: Entry;
  readonly seen?: Seen;
}

/** Settles an entry if possible. The caller holds its turn, so no living process still works on it. */
export async function resolve(entry: Entry, resolver: Resolver): Promise<Looked> {
  try {
    return await settled(entry, resolver);
  } catch (error) {
    // Two calls, each with a part of the entry's turn, looked at the same time. The other call was faster and settled the entry.
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
    // The clocks are read before the look. Otherwise the look could miss a record that appears during it, and settle the write wrongly.
    const late = isGraceOver(entry, resolver);
    return { late, seen: await endpoint.safety.look(attemptOf(entry, journal), zoho) };
  };
  let { late, seen } = await lookOnce();
  // The answer to the look may tell Zoho's time, and so show that the grace period is over: in a new process, or after the machine slept.
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
 * True if Zoho can no longer carry out the request of this entry, because the grace period is over by both Zoho's clock and the journal's
 * clock. Instead of the journal's clock, the process that sent the request uses its own monotonic clock.
 */
export function isGraceOver(
  entry: Entry,
  { zoho, journal, timings: { graceMs }, sentHere }: Pick<Resolver, 'zoho' | 'journal' | 'timings' | 'sentHere'>,
): boolean {
  const { id, sentAt, zohoTime } = entry;
  const now = zoho.clock()?.notBefore;
  if (now === undefined || sentAt === undefined) return false;
  const sent = Date.parse(sentAt);
  const sentByZoho = zohoTime === undefined ? undefined : Date.parse(zohoTime);
  // If the noted time is doubtful, this process counts from the moment at which it first saw the write.
  if (isTimeDoubtful(entry, journal) && sentHere.get(id)?.sentAt !== sentAt) sentHere.set(id, { ticks: performance.now(), sentAt });
  const here = sentHere.get(id);
  const ticks = here?.sentAt === sentAt ? here.ticks : undefined;
  const passed = ticks === undefined ? journal.now() - sent : performance.now() - ticks;
  // Versions before 0.2 noted Zoho's time even if it was far ahead. If Zoho's time was unknown, only the other clock counts.
  return (sentByZoho === undefined || now - Math.min(sentByZoho, sent + MINUTE_MS) > graceMs) && passed > graceMs;
}

/**
 * True if the journal's clock was wrong, or may have been wrong, when a write was sent: Zoho's time was unknown or far ahead, or
 * `sentAt` lies in the future.
 */
export function isTimeDoubtful({ sentAt, zohoTime }: Entry, journal: Pick<Journal, 'now'>): boolean {
  const sent = Date.parse(sentAt ?? '');
  return zohoTime === undefined || Date.parse(zohoTime) - sent > MOST_AHEAD_MS || sent > journal.now();
}

/**
 * The most that Zoho's noted time may be ahead of the journal's clock. The note limits Zoho's time to one minute ahead, so a time near this
 * limit may have been cut. The ten seconds allow for the time that the note takes.
 */
const MOST_AHEAD_MS = MINUTE_MS - 10_000;

/** The answer to the caller, with its undo. The journal keeps both together, so that a replay has both. */
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

/** Looks for every unsettled write whose turn is free. If one look fails, it continues with the other writes. */
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
