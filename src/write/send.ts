import { setTimeout as sleep } from 'node:timers/promises';
import type { Facts, WriteTool } from '../endpoint.ts';
import { InternalError, OutcomeUnknownError, PaymentsError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MINUTE_MS } from '../time.ts';
import { RecordTakenError } from './journal/entry-state.ts';
import type { Entry } from './journal/journal.ts';
import { done, replay } from './replay.ts';
import { answerOf, resolve, type Looked } from './resolve.ts';
import type { Call, Performed, Road } from './types.ts';
import { proveUniqueField } from './unique-field.ts';

/** A claimed write on its way: noted, sent once, and where its answer is lost looked for. */

/** Writes past their claim: the process must not end while any is on its way. */
const underWay = new Set<Promise<unknown>>();

/** Carries a claimed write to its end; the process waits for it. */
export async function send(claimed: Entry, facts: Facts, call: Call, road: Road): Promise<Performed> {
  const sending = carry(claimed, facts, call, road);
  underWay.add(sending);
  return await sending.finally(() => underWay.delete(sending));
}

/** Resolves when no write is on its way. Each has its own time limit, so this ends. */
export async function writesSettled(): Promise<void> {
  while (underWay.size > 0) await Promise.allSettled(underWay);
}

/** Durable, then the socket, then the outcome. Not stopped by anything but the end of the process. */
async function carry(claimed: Entry, facts: Facts, { endpoint }: Call, road: Road): Promise<Performed> {
  const { journal } = road;
  try {
    const told = proven(endpoint, claimed, await put(claimed, road));
    const result = (await endpoint.safety.each?.(told, road.zoho)) ?? told;
    const answer = answerOf(endpoint, claimed, result);
    const { makes } = facts.duplicates;
    const zoho_id = makes && idOf(result);
    if (makes !== undefined && zoho_id === undefined)
      throw new OutcomeUnknownError(answer.report.lines.join(' '), { next: 'Look for it.' });
    const recorded = { type: 'recorded', answer } as const;
    const noted = await journal
      .add(claimed.id, { ...recorded, zoho_id })
      // That another entry has the same record (books that were reset) says nothing against Zoho's own answer.
      .catch((error: unknown) => (error instanceof RecordTakenError ? journal.add(claimed.id, recorded) : claimed))
      // The money has moved: failing to note it is not failing to do it. It stays `sent`, and is found by looking.
      .catch(() => claimed);
    await proveUniqueField(claimed, endpoint, zoho_id, road.uniqueField, road.zoho);
    return done(noted, answer, false);
  } catch (error) {
    const known = error instanceof PaymentsError ? error : undefined;
    // Noted as sent it may have left; before that it did not, whatever went wrong.
    const mayHaveLeft = await journal.find(claimed.id).then(
      (entry) => entry?.state !== 'claimed',
      () => true,
    );
    if (mayHaveLeft && (known === undefined || known.changed === 'unknown')) return await lost(claimed, error, road);
    // What it came to is known, also where it cannot be written down: then it is looked for like any other.
    await journal.add(claimed.id, { type: 'not_recorded', reason: known?.code ?? 'It was never sent.' }).catch(() => undefined);
    throw known ?? new InternalError('no', error);
  }
}

/** What a success answer tells, unless it is about another record: then it proves nothing, and names nowhere to look. */
function proven(endpoint: WriteTool, { arguments: input, request: { body }, before }: Entry, answer: Json): Json {
  const result = endpoint.result(answer, input);
  const why = endpoint.safety.contradiction(result, { input, body, before, answer });
  if (why !== undefined) throw new OutcomeUnknownError(`Zoho's answer ${why}.`, { next: 'Look for it.' });
  return result;
}

/**
 * Durable before the socket write. The time is Zoho's own, and the latest that it can be sent; but no later than this machine's clock
 * allows.
 */
async function noteSent(entry: Entry, { zoho, journal, timings: { fenceMs }, sentHere }: Road): Promise<void> {
  const clock = zoho.clock();
  const zohoTime = clock && Math.min(clock.notAfter + fenceMs, Date.now() + MINUTE_MS);
  const ticks = performance.now() + fenceMs;
  const { sentAt } = await journal.add(entry.id, {
    type: 'sent',
    zohoTime: zohoTime === undefined ? undefined : new Date(zohoTime).toISOString(),
  });
  sentHere.set(entry.id, { ticks, sentAt });
}

/** Noted, then on the wire, once; again only after Zoho's own refusal, and then noted again. */
function put(entry: Entry, road: Road): Promise<Json> {
  road.onSend?.();
  return road.zoho.send(entry.request, { fenceMs: road.timings.fenceMs, note: () => noteSent(entry, road), deadline: road.deadline });
}

/** The answer was lost: look while there is time, and never send again. */
async function lost(claimed: Entry, error: unknown, road: Road): Promise<Performed> {
  const reason = error instanceof PaymentsError ? error.message : 'The answer could not be read.';
  const zoho_id = error instanceof OutcomeUnknownError ? error.zoho_id : undefined;
  let entry = await road.journal.add(claimed.id, { type: 'unknown', reason, zoho_id });
  const until = Date.now() + road.timings.lookMs;
  for (let pause = 250; ; pause *= 2) {
    // Looking may fail as the write did; then it is looked for later.
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
 * The one write that may be sent twice: an upsert by a value that only it has, when a look has just found nothing. Whichever of
 * the two Zoho carries out first makes the payment, and the other changes it into what it is.
 */
async function sendAgain(entry: Entry, road: Road): Promise<Entry> {
  const endpoint = road.endpoints.get(entry.endpoint);
  if (endpoint === undefined) return entry;
  try {
    const result = proven(endpoint, entry, await put(entry, road));
    return await road.journal.add(entry.id, { type: 'recorded', zoho_id: idOf(result), answer: answerOf(endpoint, entry, result) });
  } catch (error) {
    // Still unknown if it was not noted as sent again.
    if ((await road.journal.find(entry.id))?.state === 'unknown') return entry;
    return await road.journal.add(entry.id, {
      type: 'unknown',
      reason: error instanceof PaymentsError ? error.message : 'The answer could not be read.',
    });
  }
}

/** Looked for; and sent again where that is safe. */
export async function resolveOrSendAgain(entry: Entry, road: Road): Promise<Looked> {
  const looked = await resolve(entry, road);
  const again = looked.entry.state === 'unknown' && looked.seen?.seen === 'not there' && looked.seen.exactly;
  return again ? { entry: await sendAgain(looked.entry, road) } : looked;
}
