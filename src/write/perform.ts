import { toRequest, type Facts, type Json, type Undo, type WriteEndpoint } from '../endpoint.ts';
import { BusyError, InputError, OutcomeUnknownError, PaymentsError, RefusedError, type ZohoRefusal } from '../errors.ts';
import { decide, declinedBefore, type ConfirmMode, type Consent, type Person } from './confirm.ts';
import { isSettled, RecordTakenError } from './entry.ts';
import type { Answer, Claim, Entry } from './journal.ts';
import { askedByPolicy, capReached, capsOf, refuseByFacts, refuseByPolicy, type Policy } from './policy.ts';
import { answerOf, isGraceOver, resolve, type Looked, type Resolver } from './resolve.ts';
import { digestOf, type Seal } from './seal.ts';
import type { Turns } from './turn.ts';
import { asUpsert, isProven, proveUniqueField, type UniqueField } from './unique.ts';

/** What a write needs around it; the same for all writes of a connection. */
export interface Road extends Resolver {
  readonly turns: Turns;
  readonly seal: Seal;
  readonly policy: Policy;
  readonly mode: ConfirmMode;
  /** Organization and caller: whose keys and intents these are. */
  readonly scope: string;
  /** How long to look within the same call after an answer was lost. */
  readonly lookMs: number;
  /** The most between `sent` and the socket write; past it the write counts as never sent, and is not. */
  readonly fenceMs: number;
  /** How long a declined write is not asked about again. */
  readonly declinedMs: number;
  /** A custom field that Zoho keeps unique: with it a new payment is an upsert, which may be sent again. */
  readonly uniqueField?: UniqueField | undefined;
}

/** One call of a write. */
export interface Call {
  readonly endpoint: WriteEndpoint;
  /** The arguments, validated. */
  readonly input: Json;
  /** The caller's own name for the intent. */
  readonly key?: string | undefined;
  /** Records that look alike and are meant not to be the same. */
  readonly allowDuplicateOf: readonly string[];
  readonly person: Person;
  readonly signal?: AbortSignal | undefined;
}

/** A choice for a person: which record an unsettled write made, if any. */
export interface Settling {
  readonly kind: 'settle';
  readonly question: string;
  readonly choices: readonly { readonly id: string; readonly text: string }[];
  readonly state: string;
}

export type Performed =
  | Settling
  | { readonly kind: 'done'; readonly entry: string; readonly result: Json; readonly text: string; readonly replayed: boolean; readonly undo: Undo | undefined }
  | Extract<Consent, { kind: 'ask' | 'preview' }>;

/** Writes past their claim: the process must not end while any is on its way. */
const underWay = new Set<Promise<unknown>>();

const DAY_MS = 24 * 3600_000;

/**
 * The one road a write may take. Straight-line on purpose: the order is the safety argument. Everything above the claim can
 * run again, because the answer to a question comes back as a new call. After the claim the write is carried to its end,
 * whatever the caller does.
 */
export async function perform(call: Call, road: Road): Promise<Performed> {
  const { endpoint, input, signal } = call;
  const intent = digestOf([endpoint.name, input]);
  try {
    return await carryOut(call, intent, road);
  } catch (error) {
    const type = error instanceof RefusedError && error.zoho === undefined ? 'refused' : signal?.aborted && !(error instanceof PaymentsError) ? 'cancelled' : undefined;
    const reason = error instanceof PaymentsError ? error.code : 'The client cancelled before anything was sent.';
    // The trace is for whoever asks later; that it cannot be written is no reason to hide the error.
    if (type !== undefined) await road.journal.note({ scope: road.scope, endpoint: endpoint.name, intent, type, reason }).catch(() => undefined);
    const earlier = error instanceof PaymentsError && error.changed === 'no' ? await answered(call, intent, Date.now(), road).catch(() => undefined) : undefined;
    // This call did nothing; but where an earlier one of the same intent did or may have, "nothing was changed" is not the answer.
    if (earlier?.state === 'recorded') return replay(earlier);
    if (earlier !== undefined && !isSettled(earlier.state)) return replay({ ...earlier, reason: `Looking for it failed: ${(error as PaymentsError).message}` });
    throw error;
  }
}

async function carryOut(call: Call, intent: string, road: Road): Promise<Performed> {
  const { endpoint, input, signal } = call;
  const { journal, policy } = road;
  const zoho = road.zoho.until(signal);
  const began = Date.now();

  const known = await answered(call, intent, began, road);
  if (known?.state === 'recorded') return replay(known);
  refuseByPolicy(policy, endpoint, input);

  const names = await endpoint.turn(input, zoho);
  const turn = await road.turns.take(names, endpoint.name, { signal });
  try {
    // Whoever had the turn before may have done just this; and what is unsettled here is looked for before anything else.
    const earlier = await answered(call, intent, began, road);
    const settled = earlier && (await settle(earlier, call, road));
    if (settled !== undefined && 'kind' in settled) return settled;
    if (settled !== undefined && settled.state !== 'not_recorded') return replay(settled);

    const facts = await factsWithNothingInTheWay(call, road);
    if ('kind' in facts) return facts;
    // What it is about was only found out by looking, and it may be about another payment than the turn that was taken.
    if (facts.blocks.some((block) => block.startsWith('payment:') && !names.includes(block))) throw movedOn();
    refuseByFacts(policy, endpoint, facts);
    const suspected = await suspectedDuplicates(facts, intent, call, road);
    const because = [...facts.ask, ...suspected, ...askedByPolicy(policy, facts), ...facts.not_checked.map((check) => `this was not checked: ${check}`)];
    const request = toRequest(endpoint, input, facts);

    const consent = await consentTo(request, facts, because, intent, call, road);
    if (consent.kind !== 'given') return consent;
    signal?.throwIfAborted();

    const claim: Claim = {
      scope: road.scope,
      endpoint: endpoint.name,
      intent,
      key: call.key,
      arguments: input,
      request,
      approval: consent.approval,
      blocks: facts.blocks,
      counted: facts.money && { ...facts.money, amount: String(facts.money.amount) },
      makes: facts.makes,
      customer_id: facts.customer_id,
      before: facts.before,
      facts: { title: facts.title, lines: facts.lines, because },
    };
    const claimed = await journal.claim(await asUpsert(claim, endpoint, road.uniqueField, zoho), capsOf(policy, facts, Date.now()));
    // A key taken by another intent just now: that intent is in another turn, and none of ours to settle.
    if (claimed.kind === 'known' && claimed.by === 'key' && claimed.entry.intent !== intent) throw keyReused(claimed.entry, endpoint, input);
    if (claimed.kind === 'known') return replay((await resolve(claimed.entry, road)).entry);
    if (claimed.kind === 'blocked') throw inTheWay(claimed.entry);
    if (claimed.kind === 'capped') throw capReached(claimed.cap, claimed.used);

    const sending = send(claimed.entry, facts, call, road);
    underWay.add(sending);
    return await sending.finally(() => underWay.delete(sending));
  } finally {
    turn.leave();
  }
}

/** Durable, then the socket, then the outcome. Not stopped by anything but the end of the process. */
async function send(claimed: Entry, facts: Facts, { endpoint, input }: Call, road: Road): Promise<Performed> {
  const { journal } = road;
  try {
    const body = await put(claimed, road);
    const result = endpoint.result(body, input);
    const answer = answerOf(endpoint, claimed, result, facts);
    const zoho_id = facts.makes && idOf(result);
    if (facts.makes !== undefined && zoho_id === undefined) throw new OutcomeUnknownError(answer.text, { next: 'Look for it.' });
    const recorded = { type: 'recorded', answer } as const;
    const noted = await journal
      .add(claimed.id, { ...recorded, zoho_id })
      // That another entry has the same record (books that were reset) says nothing against Zoho's own answer.
      .catch((error: unknown) => (error instanceof RecordTakenError ? journal.add(claimed.id, recorded) : claimed))
      // The money has moved: failing to note it is not failing to do it. It stays `sent`, and is found by looking.
      .catch(() => claimed);
    await proveUniqueField(claimed, endpoint, zoho_id, road.uniqueField, road.zoho);
    return done(noted.id, answer, false);
  } catch (error) {
    if (!(error instanceof PaymentsError) || error.changed === 'unknown') return await lost(claimed, error, road);
    await journal.add(claimed.id, { type: 'not_recorded', reason: error.code });
    throw error;
  }
}

/** Durable before the socket write. The time is Zoho's own, and the latest that it can be sent. */
async function noteSent(entry: Entry, { zoho, journal, fenceMs }: Road): Promise<void> {
  const now = zoho.clock()?.notAfter ?? Date.now();
  await journal.add(entry.id, { type: 'sent', zohoTime: new Date(now + fenceMs).toISOString() });
}

/** Noted, then on the wire, once; again only after Zoho's own refusal, and then noted again. */
function put(entry: Entry, road: Road): Promise<Json> {
  return road.zoho.send(entry.request, { fenceMs: road.fenceMs, note: () => noteSent(entry, road) });
}

/** The answer was lost: look while there is time, and never send again. */
async function lost(claimed: Entry, error: unknown, road: Road): Promise<Performed> {
  const reason = error instanceof PaymentsError ? error.message : 'The answer could not be read.';
  const zoho_id = error instanceof OutcomeUnknownError ? error.zoho_id : undefined;
  let entry = await road.journal.add(claimed.id, { type: 'unknown', reason, zoho_id });
  const until = Date.now() + road.lookMs;
  for (let pause = 250; ; pause *= 2) {
    // Looking may fail as the write did; then it is looked for later.
    entry = await resolveOrSendAgain(entry, road).then(
      (looked) => looked.entry,
      () => entry,
    );
    if (entry.state !== 'unknown' || Date.now() + pause > until) break;
    await new Promise((done) => setTimeout(done, pause));
  }
  return replay(entry, false, error instanceof PaymentsError ? error.zoho : undefined);
}

/** The entry that this call is a repetition of, if it is one. */
async function answered({ key, person, endpoint, input }: Call, intent: string, began: number, { journal, seal, scope }: Road): Promise<Entry | undefined> {
  const sealed = [person.state, person.approval].filter((token) => token !== undefined).map((token) => seal.open(token));
  for (const opened of sealed) {
    const spent = opened.kind === 'good' ? await journal.findByApproval(opened.sealed.approval) : undefined;
    // Of a write that was never sent nothing is left but that its approval is spent.
    if (spent !== undefined && spent.intent === intent && spent.state !== 'not_recorded') return spent;
  }
  if (key !== undefined) {
    const mine = await journal.findByKey(scope, key);
    if (mine !== undefined && mine.intent !== intent) throw keyReused(mine, endpoint, input);
    return mine;
  }
  const [newest] = await journal.findByIntent(scope, intent, new Date(began - DAY_MS).toISOString());
  if (newest === undefined || newest.state === 'not_recorded') return undefined;
  // Not settled yet; or nobody has had that answer; or it came while this call was already waiting, and both mean the same.
  const atOnce = newest.settledAt !== undefined && Date.parse(newest.settledAt) >= began;
  return newest.state !== 'recorded' || !newest.delivered || atOnce ? newest : undefined;
}

/** A settled entry's answer once more. */
function replay(entry: Entry, replayed = true, zoho?: ZohoRefusal): Performed {
  if (entry.state === 'recorded') {
    const { result, text } = entry.answer ?? { result: {}, text: 'Recorded; what was answered has been removed.' };
    const note = replayed ? `This was recorded already, at ${entry.settledAt}; nothing was sent now.\n` : '';
    return done(entry.id, { result, text: note + text }, replayed);
  }
  if (entry.state === 'not_recorded') {
    throw new BusyError(`The write was not carried out: ${entry.reason ?? 'it was not sent.'}`, { code: 'not_carried_out', next: 'If it is still wanted, make the same call again.' });
  }
  throw new OutcomeUnknownError(`Whether this write (${entry.id}) was carried out cannot be told yet. ${entry.reason ?? ''}`.trim(), {
    entry: entry.id,
    zoho,
    next: `Do not record it another way. Make the same call again in a few minutes: it will be looked for, and not sent twice. list_writes shows what is unresolved.`,
  });
}

function done(entry: string, { result, text }: Answer, replayed: boolean): Performed {
  const { undo, ...rest } = result as Json & { undo?: Undo };
  return { kind: 'done', entry, result: rest, text, replayed, undo };
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
    const result = endpoint.result(await put(entry, road), entry.arguments);
    return await road.journal.add(entry.id, { type: 'recorded', zoho_id: idOf(result), answer: answerOf(endpoint, entry, result) });
  } catch (error) {
    return await road.journal.add(entry.id, { type: 'unknown', reason: error instanceof PaymentsError ? error.message : 'The answer could not be read.' });
  }
}

async function resolveOrSendAgain(entry: Entry, road: Road): Promise<Looked> {
  const looked = await resolve(entry, road);
  const again = looked.entry.state === 'unknown' && looked.seen?.seen === 'not there' && isProven(entry);
  return again ? { entry: await sendAgain(looked.entry, road) } : looked;
}

/** An earlier write, looked for; and where looking cannot settle it, put to the person if the client can ask. */
async function settle(earlier: Entry, call: Call, road: Road): Promise<Entry | Settling> {
  const { person } = call;
  const { entry, seen } = await resolveOrSendAgain(earlier, road);
  const choices = seen?.seen === 'unclear' ? seen.candidates : [];
  if (entry.state !== 'unknown' || !person.canBeAsked || choices.length === 0) return entry;
  const digest = digestOf(['settle', entry.id, choices]);
  const opened = person.choice === undefined || person.state === undefined ? undefined : road.seal.open(person.state);
  if (opened?.kind === 'good' && opened.sealed.digest === digest) return await settledBy(person.choice ?? NONE, entry, choices, road);
  if (person.answer !== undefined) return entry;
  const { title } = entry.facts as { title?: string };
  const question = [`Was this carried out at ${entry.sentAt ?? entry.claimedAt}? ${title ?? entry.endpoint}`, 'The answer was lost, and looking does not settle it. Is it one of these?', ...choices.map(({ text }) => `- ${text}`)].join('\n');
  return { kind: 'settle', question, choices, state: road.seal.close(digest, 1).token };
}

/** The choice of a person who knows that it is none of those shown. */
export const NONE = 'none of these';

async function settledBy(choice: string, entry: Entry, choices: Settling['choices'], { journal, zoho, graceMs }: Road): Promise<Entry> {
  const chosen = choices.find(({ id }) => id === choice);
  // They judge what is there; what may still come only time can tell.
  if (choice === NONE && !isGraceOver(entry, zoho.clock()?.notBefore, graceMs)) return { ...entry, reason: 'The user says that it is none of those there; it may still come.' };
  if (choice === NONE) return await journal.add(entry.id, { type: 'resolved', outcome: 'not_recorded', by: 'person', reason: 'The user says that it is none of those there.' });
  if (chosen === undefined) return entry;
  const answer = { result: {}, text: `Recorded, as the user says: ${chosen.text}.` };
  return await journal.add(entry.id, { type: 'resolved', outcome: 'recorded', by: 'person', reason: `The user says that it is ${chosen.id}.`, zoho_id: entry.makes && chosen.id, answer });
}

/**
 * No other write of the same is sent while one is unsettled; each gets a last look first. What was just settled may have
 * changed what was read before it, so everything is read again.
 */
async function factsWithNothingInTheWay(call: Call, road: Road): Promise<Facts | Settling> {
  const { endpoint, input, signal } = call;
  for (;;) {
    const facts = await endpoint.preflight(input, road.zoho.until(signal));
    const unsettled = await road.journal.unsettled(facts.blocks);
    if (unsettled.length === 0) return facts;
    for (const entry of unsettled) {
      const current = await settle(entry, call, road);
      if ('kind' in current) return current;
      if (!isSettled(current.state)) throw inTheWay(current);
    }
  }
}

function movedOn(): BusyError {
  return new BusyError('While this call waited, another write changed which payment it is about.', { code: 'payment_changed', next: 'Make the same call again.' });
}

function inTheWay(entry: Entry): BusyError {
  return new BusyError(`An earlier write to the same (${entry.endpoint}, ${entry.id}) has an unknown outcome, so nothing else is sent until it is settled.`, {
    code: 'unresolved_write',
    next: 'Make the same call again in a few minutes; list_writes shows what is unresolved. Do not record it another way.',
  });
}

/** Look-alikes in Zoho, and the same call answered within a day: each must be meant. What is meant is still asked about. */
async function suspectedDuplicates({ makes, alike = [] }: Facts, intent: string, { allowDuplicateOf }: Call, { journal, scope }: Road): Promise<string[]> {
  if (makes === undefined) return [];
  const [newest] = await journal.findByIntent(scope, intent, new Date(Date.now() - DAY_MS).toISOString());
  const again = newest?.state === 'recorded' && newest.zoho_id !== undefined && !alike.some(({ id }) => id === newest.zoho_id);
  const suspects = [...alike, ...(again ? [{ id: newest.zoho_id, text: `the same call of ${newest.claimedAt}, which made ${makes} ${newest.zoho_id}` }] : [])];
  if (suspects.length === 0) return [];
  const unmeant = suspects.filter(({ id }) => !allowDuplicateOf.includes(id));
  if (unmeant.length > 0) {
    throw new RefusedError(`This looks like one that is there already: ${unmeant.map(({ text }) => text).join('; ')}.`, {
      code: 'suspected_duplicate',
      next: `Ask the user. If it really is another one, call again with allow_duplicate_of: ${JSON.stringify(suspects.map(({ id }) => id))}.`,
    });
  }
  return [`it looks like ${suspects.length === 1 ? 'one that is' : `${suspects.length} that are`} there already`];
}

async function consentTo(request: unknown, facts: Facts, because: readonly string[], intent: string, { endpoint, person }: Call, road: Road): Promise<Consent> {
  const { journal, scope, declinedMs } = road;
  const note = (type: 'asked' | 'declined', reason: string) => journal.note({ scope, endpoint: endpoint.name, intent, type, reason, customer_id: facts.customer_id });
  const declinedAt = because.length === 0 || person.state !== undefined ? undefined : await journal.lastDeclined(scope, intent);
  if (declinedAt !== undefined && Date.now() - Date.parse(declinedAt) < declinedMs) throw declinedBefore(Math.ceil(declinedMs / 60_000));
  try {
    const consent = decide(request, facts, because, person, road.mode, road.seal);
    if (consent.kind !== 'given') await note('asked', because.join('; '));
    return consent;
  } catch (error) {
    if (error instanceof PaymentsError && error.code === 'declined') await note('declined', 'The user declined.');
    throw error;
  }
}

function keyReused(entry: Entry, endpoint: WriteEndpoint, input: Json): InputError {
  const differing = [...new Set([...Object.keys(entry.arguments), ...Object.keys(input)])].filter((name) => digestOf(entry.arguments[name]) !== digestOf(input[name]));
  const difference = entry.endpoint === endpoint.name ? `its ${differing.join(', ')} ${differing.length === 1 ? 'was' : 'were'} different` : `it was a call of ${entry.endpoint}`;
  return new InputError(`This idempotency_key was used before, for another write: ${difference}.`, {
    code: 'key_reused',
    next: 'A retry repeats the call exactly. For another intent use another key.',
  });
}

/** Resolves when no write is on its way. Each has its own time limit, so this ends. */
export async function writesSettled(): Promise<void> {
  while (underWay.size > 0) await Promise.allSettled(underWay);
}
