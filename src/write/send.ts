import { setTimeout as sleep } from 'node:timers/promises';
import type { Facts, WriteTool } from '../endpoint.ts';
import { InternalError, OutcomeUnknownError, PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import { RecordTakenError } from './journal/entry-state.ts';
import type { Entry } from './journal/journal.ts';
import { done, replay } from './replay.ts';
import { answerOf, resolve, type Looked } from './resolve.ts';
import type { Call, HeldRoad, Performed } from './types.ts';
import { proveUniqueField } from './unique-field.ts';

/** The part of the road after the claim: note the write as sent, send it once, and look for it if its answer is lost. */

/** Writes after their claim. The process must not end while one is under way. */
const underWay = new Set<Promise<unknown>>();

/** Sends a claimed write and finds out its outcome. The process does not end before that. */
export async function send(claimed: Entry, facts: Facts, call: Call, road: HeldRoad): Promise<Performed> {
  const sending = carry(claimed, facts, call, road);
  underWay.add(sending);
  return await sending.finally(() => underWay.delete(sending));
}

/** Resolves when no write is under way. Every write has a time limit, so this promise always resolves. */
export async function writesSettled(): Promise<void> {
  while (underWay.size > 0) await Promise.allSettled(underWay);
}

/** Notes the write as `sent`, then sends it, then notes the outcome. Only the end of the process stops this function. */
async function carry(claimed: Entry, facts: Facts, { endpoint }: Call, road: HeldRoad): Promise<Performed> {
  const { journal } = road;
  try {
    const told = proven(endpoint, claimed, await put(claimed, road));
    const result = (await endpoint.safety.each?.(told, road.zoho)) ?? told;
    const answer = answerOf(endpoint, claimed, result);
    const { makes } = facts.duplicates;
    const zoho_id = makes && idOf(result);
    if (makes !== undefined && zoho_id === undefined)
      throw new OutcomeUnknownError(answer.report.lines.join(' '), { next: 'Check in Zoho.' });
    const recorded = { type: 'recorded', answer } as const;
    const noted = await journal
      .add(claimed.id, { ...recorded, zoho_id })
      // Another entry may have the same record id, if the books were reset. Zoho's answer is still valid.
      .catch((error: unknown) => (error instanceof RecordTakenError ? journal.add(claimed.id, recorded) : claimed))
      // Zoho has recorded the write, so a failed note must not make the call fail. The entry stays `sent`; a search finds the record.
      .catch(() => claimed);
    await proveUniqueField(claimed, endpoint, zoho_id, road.uniqueField, road.zoho);
    return done(noted, answer, false);
  } catch (error) {
    const known = error instanceof PaymentsError ? error : undefined;
    // After the note `sent`, the request may have left this machine. Before the note, it cannot have left.
    const mayHaveLeft = await journal.find(claimed.id).then(
      (entry) => entry?.state !== 'claimed',
      () => true,
    );
    if (mayHaveLeft && (known === undefined || known.changed === 'unknown')) return await lost(claimed, error, road);
    // The outcome is known. If the note fails, the entry stays unsettled, and a later look settles it.
    await journal.add(claimed.id, { type: 'not_recorded', reason: known?.code ?? 'It was never sent.' }).catch(() => undefined);
    throw known ?? new InternalError('no', error);
  }
}

/** The result in a success answer. Throws if the answer shows another record, because such an answer does not prove the write. */
function proven(endpoint: WriteTool, { arguments: input, request: { body }, before }: Entry, answer: Json): Json {
  const result = endpoint.result(answer, input);
  const why = endpoint.safety.contradiction(result, { input, body, before, answer });
  if (why !== undefined) throw new OutcomeUnknownError(`Zoho's answer ${why}.`, { next: 'Check in Zoho.' });
  return result;
}

/**
 * Notes durably, before the socket write, that the write is sent. The noted `zohoTime` is the latest moment, by Zoho's clock, at which the
 * request can leave. It is at most one minute ahead of the journal's clock, in case Zoho's clock is wrong.
 */
async function noteSent(entry: Entry, { zoho, journal, turn, timings: { fenceMs }, sentHere }: HeldRoad): Promise<void> {
  const clock = zoho.clock();
  const zohoTime = clock && Math.min(clock.notAfter + fenceMs, journal.now() + MINUTE_MS);
  const ticks = performance.now() + fenceMs;
  const happening = { type: 'sent', zohoTime: zohoTime === undefined ? undefined : new Date(zohoTime).toISOString() } as const;
  const { sentAt } = await journal.add(entry.id, happening, turn.held);
  sentHere.set(entry.id, { ticks, sentAt });
}

/** Notes the write as sent, then sends it once. Sends it again only after a refusal by Zoho, and notes it again before. */
function put(entry: Entry, road: HeldRoad): Promise<Json> {
  road.onSend?.();
  return road.zoho.send(entry.request, { fenceMs: road.timings.fenceMs, note: () => noteSent(entry, road), deadline: road.deadline });
}

/** Looks for a write whose answer was lost, until the time is up. */
async function lost(claimed: Entry, error: unknown, road: HeldRoad): Promise<Performed> {
  const reason = error instanceof PaymentsError ? error.message : 'The answer could not be read.';
  const zoho_id = error instanceof OutcomeUnknownError ? error.zoho_id : undefined;
  let entry = await road.journal.add(claimed.id, { type: 'unknown', reason, zoho_id });
  const until = Date.now() + road.timings.lookMs;
  for (let pause = 250; ; pause *= 2) {
    // The look may fail for the same reason as the write. A later look then settles the write.
    entry = await resolveOrSendAgain(entry, road).then(
      (looked) => looked.entry,
      () => entry,
    );
    if (entry.state !== 'unknown' || road.deadline?.aborted || Date.now() + pause > until) break;
    await sleep(pause, undefined, { signal: road.deadline }).catch(() => undefined);
  }
  return replay(entry, road.timings, { replayed: false, zoho: error instanceof PaymentsError ? error.zoho : undefined });
}

function idOf(result: Json): string | undefined {
  const { payment, payment_refund } = result as { payment?: { payment_id?: string }; payment_refund?: { payment_refund_id?: string } };
  return payment?.payment_id ?? payment_refund?.payment_refund_id;
}

/**
 * Sends an upsert again after a search found nothing. Only an upsert may be sent twice, because no other payment has its unique value: the
 * first request that Zoho carries out creates the payment, and the second request sets the same values again.
 */
async function sendAgain(entry: Entry, road: HeldRoad): Promise<Entry> {
  const endpoint = road.endpoints.get(entry.endpoint);
  if (endpoint === undefined) return entry;
  try {
    const result = proven(endpoint, entry, await put(entry, road));
    return await road.journal.add(entry.id, { type: 'recorded', zoho_id: idOf(result), answer: answerOf(endpoint, entry, result) });
  } catch (error) {
    // If the second sending was not noted, the entry is still `unknown`, as before.
    if ((await road.journal.find(entry.id))?.state === 'unknown') return entry;
    return await road.journal.add(entry.id, {
      type: 'unknown',
      reason: error instanceof PaymentsError ? error.message : 'The answer could not be read.',
    });
  }
}

/** Looks for a write in Zoho, and sends it again if that is safe. */
export async function resolveOrSendAgain(entry: Entry, road: HeldRoad): Promise<Looked> {
  const looked = await resolve(entry, road);
  const again = looked.entry.state === 'unknown' && looked.seen?.seen === 'not there' && looked.seen.exactly;
  return again ? { entry: await sendAgain(looked.entry, road) } : looked;
}
