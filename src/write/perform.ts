import { concern, NOT_JUDGED, type Judged } from '../concern.ts';
import { toRequest, type Facts, type Reader } from '../endpoint.ts';
import {
  AccessError,
  BusyError,
  DeclinedError,
  InternalError,
  OutcomeUnknownError,
  PaymentsError,
  RefusedError,
  WhichError,
} from '../errors.ts';
import type { Json } from '../json.ts';
import { sharing } from '../reader.ts';
import { MINUTE_MS } from '../time.ts';
import { askWhich, choicesInWords, withChoices } from './ask-which.ts';
import { withinDeadline } from './call-deadline.ts';
import { askedByWindow, shownOf } from './confirm.ts';
import { consentTo } from './consent-to.ts';
import { refuseSettled, suspectedDuplicates, takenBackBy } from './duplicates.ts';
import { isSettled } from './journal/entry-state.ts';
import type { Claim, Entry } from './journal/journal.ts';
import { askedByPolicy, capReached, capsOf, concernsToAskAbout, refuseByFacts, refuseByPolicy } from './policy.ts';
import { repeatedEntry, keyReused, settle } from './repeated-call.ts';
import { replay } from './replay.ts';
import { requestDigest } from './request-digest.ts';
import { isGraceOver, resolve } from './resolve.ts';
import { digestOf } from './seal.ts';
import { send } from './send.ts';
import { graceEnds, type Timings } from './timings.ts';
import { blocksOf, paymentBlock } from './touched.ts';
import type { Call, HeldRoad, JudgedRow, Performed, Road, Settling } from './types.ts';
import { asUpsert } from './unique-field.ts';

/**
 * Carries out a write; every write goes through this function. The code has no branches that change the order of the steps, because this
 * order makes a write safe. Every step before the claim can run again, because the answer to a question comes with a new call. After the
 * claim, the write continues to its end even if the caller cancels.
 */
export async function perform(call: Call, road: Road): Promise<Performed> {
  const performed = await performRow(call, road);
  if (performed.kind === 'judged') throw new InternalError('no', new Error('Only a row of a list may end here, without being sent.'));
  return performed;
}

/** The digest by which a call is recognized when it is repeated. */
export const intentOf = (call: Pick<Call, 'endpoint' | 'workflow' | 'input'>): string => digestOf([toolOf(call).name, call.input]);

/** The same for a row of a list. It may end after the check, with the facts and concerns of the row. */
export async function performRow(called: Call, road: Road): Promise<Performed | JudgedRow> {
  const { endpoint, signal } = called;
  const intent = intentOf(called);
  const call = { ...called, person: withChoices(askedByWindow(called.person, road), intent, road) };
  let sent = false;
  const onSend = () => void (sent = true);
  let judgement: Judged = NOT_JUDGED;
  const onJudged = (judged: Judged) => void (judgement = judged);
  try {
    return await withinDeadline(call, road, (call, road) => carryOut(call, intent, { ...road, onSend, onJudged }));
  } catch (thrown) {
    const cancelled = signal?.aborted === true && !(thrown instanceof PaymentsError);
    const error = sent || cancelled ? thrown : asNothingSent(thrown);
    if (error instanceof PaymentsError && call.person.chosen !== undefined) error.chosen = call.person.chosen;
    if (error instanceof PaymentsError)
      error.judged ??= error instanceof DeclinedError && call.person.answer !== undefined ? { ...judgement, asked: 'window' } : judgement;
    if (error instanceof WhichError && call.person.canBeAsked && road.mode !== 'host' && call.person.chosen?.[error.field] === undefined)
      return askWhich(error, call.person, intent, road.seal);
    const type = error instanceof RefusedError && error.zoho === undefined ? 'refused' : cancelled ? 'cancelled' : undefined;
    const reason = error instanceof PaymentsError ? error.code : 'The client cancelled before anything was sent.';
    // The note is a record for later. If it cannot be written, the caller must still get the error.
    if (type !== undefined)
      await road.journal.note({ scope: road.scope, endpoint: endpoint.name, intent, type, reason }).catch(() => undefined);
    const earlier =
      error instanceof PaymentsError && error.changed === 'no'
        ? await repeatedEntry(call, intent, road.journal.now(), road).catch(() => undefined)
        : undefined;
    // This call changed nothing. But if an earlier call with the same intent changed something, or may have, the answer must say so.
    if (earlier?.state === 'recorded') return replay(earlier, road.timings);
    // If the entry is this call's own claim and could not be noted as sent, the write was never sent.
    const ownClaim = sent && earlier?.state === 'claimed';
    if (earlier !== undefined && !isSettled(earlier.state) && !ownClaim)
      return replay({ ...earlier, reason: `The search for it failed: ${(error as PaymentsError).message}` }, road.timings);
    throw error;
  }
}

/**
 * The error of a call that has sent nothing yet. The error must not say that something may have changed, even if its cause is a bug of
 * this program or the search for an earlier write.
 */
function asNothingSent(error: unknown): PaymentsError {
  if (!(error instanceof PaymentsError)) return new InternalError('no', error);
  // An OutcomeUnknownError here is about the earlier write, so it stays.
  if (error.changed !== 'unknown' || error instanceof OutcomeUnknownError) return error;
  const { message, code, zoho, next, ifItStays, retryAt } = error;
  const details = { code, zoho, retryAt, cause: error };
  if (error instanceof BusyError) return new BusyError(message, { ...details, next: 'Make the same call again in a moment.' });
  return new AccessError(message, { ...details, next, ifItStays });
}

async function carryOut(call: Call, intent: string, before: Road): Promise<Performed | JudgedRow> {
  const { endpoint, workflow, input, signal } = call;
  const tool = toolOf(call);
  const { journal, policy } = before;
  const zoho = call.listed?.zoho ?? before.zoho.until(signal);
  const began = journal.now();

  const known = await repeatedEntry(call, intent, began, before);
  if (known?.state === 'recorded') return replay(known, before.timings, { deletedBy: await takenBackBy(known, before) });
  refuseByPolicy(policy, tool, input);
  if (policy.allowed_account_ids !== undefined || policy.allowed_from_account_ids !== undefined)
    refuseByPolicy(policy, tool, (await workflow?.accounts?.(input, zoho)) ?? {});

  const names = await turnOf(call, known, zoho);
  const turn = await before.turns.take(names, tool.name, { signal });
  const road: HeldRoad = { ...before, turn };
  try {
    // The previous holder of the turn may have made this same write. If that write is unsettled, the road first looks for it.
    const earlier = await repeatedEntry(call, intent, began, road);
    if (earlier !== undefined && !(await isIn(names, earlier, call, zoho))) throw movedOn();
    const settled = earlier && (await settle(earlier, call, road));
    if (settled !== undefined) await call.listed?.settled?.();
    if (settled !== undefined && 'kind' in settled) return settled;
    if (settled !== undefined && settled.state !== 'not_recorded') return replay(settled, road.timings);

    const ready = await readyWithNothingInTheWay(call, zoho, road);
    if ('kind' in ready) return ready;
    const { facts } = ready;
    await refuseWhileCopiesMayCome(facts, road);
    // The preflight found out which payment or customer this write is about. A different payment or customer may be locked.
    if (turnsOf(facts).some((name) => !names.includes(name))) throw movedOn();
    road.onJudged?.({ asked: 'nobody', concerns: facts.question.ask });
    refuseByFacts(policy, tool, facts);
    const suspected = await suspectedDuplicates(facts, intent, call, road);
    const concerns = [
      ...facts.question.ask,
      ...suspected.concerns,
      ...(call.listed?.concerns(ready.input) ?? []),
      ...askedByPolicy(policy, facts),
      ...facts.question.not_checked.map((check) => concern('not_checked', `this was not checked: ${check}`)),
    ];
    road.onJudged?.({ asked: 'nobody', concerns });
    const doubtful = concernsToAskAbout(policy, concerns, suspected.suspects);
    if (suspected.refusal !== undefined) throw suspected.refusal;
    const { money, customer_id } = facts.policy;
    const counted = money && { kind: money.kind, currency: money.currency, amount: String(money.adds) };
    // Check the caps before the question: the user must not be asked about a write that the claim would then refuse.
    const beyond = doubtful.length === 0 ? undefined : await journal.reached(counted, capsOf(policy, facts, journal.now()));
    if (beyond !== undefined) throw capReached(beyond.cap, beyond.used);
    const request = toRequest(endpoint, ready.input, facts);

    const seen = { ...facts, duplicates: { ...facts.duplicates, alike: suspected.suspects } };
    const shown = shownOf(request, seen, doubtful);
    const declines = requestDigest(request);
    const consent =
      (await call.listed?.consent({ kind: 'judged', input: ready.input, request, facts: seen, shown, asked: 'nobody', concerns })) ??
      (await consentTo(shown, { intent, declines, requests: [declines], customer_id }, call, road));
    if (consent.kind !== 'given') return { ...consent, asked: 'nobody', concerns };
    road.onJudged?.({ asked: consent.asked, concerns });
    signal?.throwIfAborted();

    const claim: Claim = {
      scope: road.scope,
      endpoint: endpoint.name,
      intent,
      key: call.key,
      arguments: ready.input,
      request,
      approval: consent.approval,
      blocks: blocksOf(facts.lost.touches),
      counted,
      makes: facts.duplicates.makes,
      customer_id,
      before: facts.lost.before,
      facts: {
        title: facts.question.title,
        lines: facts.question.lines,
        asked: consent.asked,
        concerns,
        not_checked: facts.question.not_checked,
        ...(facts.question.notable && { notable: facts.question.notable }),
        ...(call.person.chosen && { chose: choicesInWords(call.person.chosen, input) }),
        ...(workflow && { called: { tool: tool.name, arguments: input } }),
        ...(call.listed && { listed: call.listed.place }),
      },
    };
    const claimed = await journal.claim(await asUpsert(claim, endpoint, road.uniqueField, zoho), capsOf(policy, facts, journal.now()));
    // A write with another intent has just taken the key. That write has another turn, so this call must not settle it.
    if (claimed.kind === 'known' && claimed.by === 'key' && claimed.entry.intent !== intent) throw keyReused(claimed.entry, tool, input);
    if (claimed.kind === 'known' && !(await isIn(names, claimed.entry, call, zoho))) throw movedOn();
    if (claimed.kind === 'known') return replay((await resolve(claimed.entry, road)).entry, road.timings);
    if (claimed.kind === 'blocked') throw inTheWay(claimed.entry, road.timings);
    if (claimed.kind === 'capped') throw capReached(claimed.cap, claimed.used);
    // Best effort: if this note fails, the next call names these writes once more, which is superfluous but not wrong.
    for (const { id } of suspected.known) await journal.add(id, { type: 'delivered', state: 'recorded' }).catch(() => undefined);

    return await send(claimed.entry, facts, { ...call, input: ready.input }, road);
  } finally {
    turn.leave();
  }
}

/**
 * The names of the turn of this call. If an earlier write of the same intent is unsettled, this is the turn of that write, not the turn
 * that a workflow would find now. Example: Zoho carried out the earlier refund, so the workflow now finds nothing to refund.
 */
async function turnOf(
  { endpoint, workflow, input, person: { chosen = {} } }: Call,
  known: Entry | undefined,
  zoho: Reader,
): Promise<readonly string[]> {
  if (workflow === undefined) return await endpoint.safety.turn(input, zoho);
  if (known === undefined || isSettled(known.state)) return await workflow.turn(input, zoho, chosen);
  return await endpoint.safety.turn(known.arguments, zoho);
}

/** True if these names include the entry's own turn. Only the holder of this turn knows that no other call still works on the entry. */
async function isIn(names: readonly string[], entry: Entry, { endpoint, workflow }: Call, zoho: Reader): Promise<boolean> {
  if (workflow === undefined || isSettled(entry.state)) return true;
  return (await endpoint.safety.turn(entry.arguments, zoho)).every((name) => names.includes(name));
}

/**
 * Makes the plan and the facts, and settles every unsettled write that touches the same records: no other write may change these records
 * before the outcome is known. A write that was just settled may have changed the records, so everything is read again.
 */
async function readyWithNothingInTheWay(call: Call, zoho: Reader, road: HeldRoad): Promise<Ready | Settling> {
  for (;;) {
    const ready = await makeReady(call, zoho);
    const unsettled = await road.journal.unsettled(blocksOf(ready.facts.lost.touches));
    if (unsettled.length === 0) return ready;
    for (const entry of unsettled) {
      const current = await settle(entry, call, road);
      await call.listed?.settled?.();
      if ('kind' in current) return current;
      if (!isSettled(current.state)) throw inTheWay(current, road.timings);
      refuseSettled(current, ready.facts, call, road);
    }
  }
}

/** The names of the turns that this write needs: each payment that it touches, and the customer whose payments increase. */
function turnsOf({ lost: { touches }, policy: { money, customer_id } }: Facts): string[] {
  const customers = money?.kind === 'payment' && customer_id !== undefined ? [`customer:${customer_id}`] : [];
  return [...(touches.payments ?? []).map(paymentBlock), ...customers];
}

interface Ready {
  /** The endpoint's own arguments. */
  readonly input: Json;
  readonly facts: Facts;
}

/** Makes the plan and runs the preflight. Both share one set of answers from Zoho, which is read again for each call of this function. */
async function makeReady({ endpoint, workflow, input, person: { chosen = {} } }: Call, zoho: Reader): Promise<Ready> {
  const fresh = sharing(zoho);
  if (workflow === undefined) return { input, facts: await endpoint.safety.preflight(input, fresh) };
  const { lines = [], not_checked = [], known, ...planned } = await workflow.plan(input, fresh, chosen);
  const own = endpoint.input.parse(planned.input);
  const facts = await endpoint.safety.preflight(own, sharing(fresh, known));
  const { question } = facts;
  return {
    input: own,
    facts: {
      ...facts,
      question: { ...question, lines: [...lines, ...question.lines], not_checked: [...not_checked, ...question.not_checked] },
    },
  };
}

/**
 * Refuses a write to a payment that was sent twice, as long as the first copy may still arrive at Zoho. The late copy would create a
 * deleted payment again or overwrite a correction.
 */
async function refuseWhileCopiesMayCome({ lost: { touches } }: Facts, road: Road): Promise<void> {
  for (const id of touches.payments ?? []) {
    const made = await road.journal.findByZohoId('payment', id);
    if (made?.sentAgain && !isGraceOver(made, road)) {
      throw new BusyError(`Payment ${id} was sent to Zoho twice because the first answer was lost. The first copy may still arrive.`, {
        code: 'copy_on_its_way',
        next: `Make the same call again in ${Math.ceil(road.timings.graceMs / MINUTE_MS)} minutes.`,
        retryAt: graceEnds(made, road.timings),
      });
    }
  }
}

/** The tool that was called: a workflow or the endpoint. */
const toolOf = ({ endpoint, workflow }: Pick<Call, 'endpoint' | 'workflow'>) => workflow ?? endpoint;

export function movedOn(): BusyError {
  return new BusyError('Another write changed this payment or customer while the call waited.', {
    code: 'payment_changed',
    next: 'Make the same call again.',
  });
}

function inTheWay(entry: Entry, timings: Timings): BusyError {
  return new BusyError(
    `An earlier write to the same payment or customer (${entry.endpoint}, ${entry.id}) has an unknown outcome. ` +
      'Until it is known, no other write is sent.',
    {
      code: 'unresolved_write',
      retryAt: graceEnds(entry, timings),
      next: 'Make the same call again in a few minutes; list_writes shows unresolved writes. Do not record it in another way.',
    },
  );
}
