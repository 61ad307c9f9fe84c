import type { Attempt, Seen, WriteTool } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import type { Zoho } from '../zoho/client.ts';
import { StateError } from './journal/entry-state.ts';
import type { Answer, Entry, Happening, Journal } from './journal/journal.ts';
import type { Timings } from './timings.ts';

/** Unsettled writes: settled by looking in Zoho, never by sending again. Whoever resolves holds the write's turn. */

export interface Resolver {
  readonly zoho: Zoho;
  readonly journal: Journal;
  readonly endpoints: ReadonlyMap<string, WriteTool>;
  readonly timings: Timings;
  /** By a write's id: the latest moment at which it can have been sent, by this process's monotonic clock, where that is known. */
  readonly sentHere: Map<string, SentHere>;
}

interface SentHere {
  readonly ticks: number;
  /** Of which sending, as the journal has it: another process may have sent the same again. */
  readonly sentAt: string | undefined;
}

/** The entry as it is after looking, and what was seen if it had to be looked for. */
export interface Looked {
  readonly entry: Entry;
  readonly seen?: Seen;
}

/** Its turn is ours, so no living process still works on it. */
export async function resolve(entry: Entry, resolver: Resolver): Promise<Looked> {
  try {
    return await settled(entry, resolver);
  } catch (error) {
    // Two who each hold a part of its turn have looked at the same time, and the other was faster.
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
    entry.state === 'unknown' ? entry : await journal.add(entry.id, { type: 'unknown', reason: 'It was sent, and no answer was noted.' });
  return await lookFor(unknown, resolver);
}

async function lookFor(entry: Entry, resolver: Resolver): Promise<Looked> {
  const { zoho, journal, endpoints } = resolver;
  const endpoint = endpoints.get(entry.endpoint);
  if (endpoint === undefined) return { entry };
  const lookOnce = async () => {
    // By the clocks as they stood before the look: what appears while it looks is not missed for good.
    const late = isGraceOver(entry, resolver);
    return { late, seen: await endpoint.safety.look(attemptOf(entry, journal), zoho) };
  };
  let { late, seen } = await lookOnce();
  // A look may be what tells that it is late enough at Zoho: the first of a process, or after the machine slept.
  if (seen.seen === 'not there' && !late && isGraceOver(entry, resolver)) ({ late, seen } = await lookOnce());
  const resolvedAs = async (outcome: Omit<Extract<Happening, { type: 'resolved' }>, 'type' | 'by'>) => ({
    seen,
    entry: await journal.add(entry.id, { type: 'resolved', by: 'look', ...outcome }),
  });
  switch (seen.seen) {
    case 'there': {
      const answer = answerOf(endpoint, entry, seen.result);
      const zoho_id = entry.makes && seen.zoho_id;
      return await resolvedAs({ outcome: 'recorded', reason: 'Found in Zoho, just as sent.', zoho_id, answer });
    }
    case 'in part':
      if (!late) return { seen, entry: { ...entry, reason: seen.why } };
      return await resolvedAs({ outcome: 'recorded', reason: seen.why, answer: answerOf(endpoint, entry, seen.result) });
    case 'not there':
      if (!late) return { entry, seen };
      return await resolvedAs({ outcome: 'not_recorded', reason: 'Not in Zoho after the time that a request may take.' });
    case 'unclear':
      return { seen, entry: { ...entry, reason: seen.why } };
  }
}

/**
 * Whether Zoho can no longer carry out a request that was sent then: the grace period is over by Zoho's clock and by this
 * machine's. The process that sent it goes by its monotonic clock, another one by the time of day.
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
  // Then this process counts from when it first met the write.
  if (isTimeDoubtful(entry) && sentHere.get(id)?.sentAt !== sentAt) sentHere.set(id, { ticks: performance.now(), sentAt });
  const here = sentHere.get(id);
  const ticks = here?.sentAt === sentAt ? here.ticks : undefined;
  const passed = ticks === undefined ? Date.now() - sent : performance.now() - ticks;
  // Versions before 0.2 noted Zoho's time as it was told, however far ahead. Where Zoho had not told any, there is none to compare.
  return (sentByZoho === undefined || now - Math.min(sentByZoho, sent + MINUTE_MS) > graceMs) && passed > graceMs;
}

/** Whether the time of day was wrong when a write was sent, or may have been: by Zoho's time, for want of it, or by the time of day now. */
export function isTimeDoubtful({ sentAt, zohoTime }: Entry): boolean {
  const sent = Date.parse(sentAt ?? '');
  return zohoTime === undefined || Date.parse(zohoTime) - sent > MOST_AHEAD_MS || sent > Date.now();
}

/**
 * How far Zoho's noted time may be ahead of the time of day. What is further ahead may have been cut to a minute; the rest is for noting
 * it.
 */
const MOST_AHEAD_MS = MINUTE_MS - 10_000;

/** What is answered, and what takes it back: kept together, so that a replay tells both. */
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

/** Looks for every unsettled write whose turn is free; a fault with one does not keep the others waiting. */
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
      warn(`write ${id} could not be looked for: ${error instanceof PaymentsError ? error.code : 'failed'}`);
    } finally {
      turn.leave();
    }
  }
}
