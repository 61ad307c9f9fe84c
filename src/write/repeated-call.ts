import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { createReport } from '../report.ts';
import { DAY_MS } from '../time.ts';
import { calledOf, titleOf } from './journal/about.ts';
import type { Entry } from './journal/journal.ts';
import { inUtc } from './replay.ts';
import { isGraceOver } from './resolve.ts';
import { digestOf } from './seal.ts';
import { resolveOrSendAgain } from './send.ts';
import type { Call, HeldRoad, Road, Settling } from './types.ts';

/** Finds the earlier write that a call repeats, and settles that write. */

/** The time within which the same call without a key counts as the same intent. */
export const SAME_INTENT_MS = DAY_MS;

/** The entry of the earlier write that this call repeats, if any. Throws InputError (`key_reused`) if the key belongs to another intent. */
export async function repeatedEntry(
  { key, person, endpoint, workflow, input }: Call,
  intent: string,
  began: number,
  { journal, seal, scope }: Road,
): Promise<Entry | undefined> {
  const sealed = [person.state, person.approval].filter((token) => token !== undefined).map((token) => seal.open(token));
  for (const opened of sealed) {
    const spent = opened.kind === 'good' ? await journal.findByApproval(opened.sealed.approval) : undefined;
    // A write that was not recorded does not count: it only used up its approval.
    if (spent !== undefined && spent.intent === intent && spent.state !== 'not_recorded') return spent;
  }
  if (key !== undefined) {
    const mine = await journal.findByKey(scope, key);
    if (mine !== undefined && mine.intent !== intent) throw keyReused(mine, workflow ?? endpoint, input);
    return mine;
  }
  const [newest] = await journal.findByIntent(scope, intent, new Date(began - SAME_INTENT_MS).toISOString());
  if (newest === undefined || newest.state === 'not_recorded') return undefined;
  // The call repeats the newest write if that write is unsettled, was not delivered, or was settled while this call waited.
  const atOnce = newest.settledAt !== undefined && Date.parse(newest.settledAt) >= began;
  return newest.state !== 'recorded' || !newest.delivered || atOnce ? newest : undefined;
}

/** Looks for an earlier write. If a search in Zoho cannot settle it and the client can ask, returns a question to the user. */
export async function settle(earlier: Entry, call: Call, road: HeldRoad): Promise<Entry | Settling> {
  const { person, signal } = call;
  const { entry, seen } = await resolveOrSendAgain(earlier, { ...road, zoho: road.zoho.until(signal) });
  const choices = seen?.seen === 'unclear' ? seen.candidates : [];
  if (entry.state !== 'unknown' || !person.canBeAsked || road.mode === 'host' || choices.length === 0) return entry;
  const digest = digestOf(['settle', entry.id, choices]);
  const opened = person.choice === undefined || person.state === undefined ? undefined : road.seal.open(person.state);
  if (opened?.kind === 'good' && opened.sealed.digest === digest)
    return await settleByChoice(
      readChoice(
        person.choice ?? '',
        choices.map(({ id }) => id),
      ),
      entry,
      choices,
      road,
    );
  if (person.answer !== undefined) return entry;
  const question = [
    `Did Zoho record this at ${inUtc(entry.sentAt ?? entry.claimedAt)}? ${titleOf(entry) ?? entry.endpoint}`,
    "Zoho's answer was lost, and the server cannot find out the outcome by itself. Is it one of these?",
  ].join('\n');
  return { kind: 'settle', question, choices, state: road.seal.close(digest, 1, person).token };
}

/** The choice for a user who means none of the records shown. */
export const NONE_OF_THESE = 'none of these';

/** The answer of a user who declined the question. */
export const DECLINED = 'declined';

/** The id that an answer means. In hosts without a list of choices, the user types the id or its number in the question. */
export function readChoice(answer: string, offered: readonly string[]): string | undefined {
  const all = [...offered, NONE_OF_THESE];
  return all.find((id) => id === answer.toLowerCase()) ?? (/^\d{1,2}\.?$/.test(answer) ? all[Number.parseInt(answer, 10) - 1] : undefined);
}

async function settleByChoice(choice: string | undefined, entry: Entry, choices: Settling['choices'], road: Road): Promise<Entry> {
  const { journal } = road;
  const chosen = choices.find(({ id }) => id === choice);
  // The user can judge only the records that exist now. Until the grace period is over, Zoho may still create another record.
  if (choice === NONE_OF_THESE && !isGraceOver(entry, road))
    return { ...entry, reason: 'The user says that it is none of these records. Zoho may still record it.' };
  if (choice === NONE_OF_THESE)
    return await journal.add(entry.id, {
      type: 'resolved',
      outcome: 'not_recorded',
      by: 'person',
      asked: 'window',
      reason: 'The user says that it is none of these records.',
    });
  if (chosen === undefined) return entry;
  const answer = { result: {}, report: createReport([`The user says that this was recorded: ${chosen.text}.`]) };
  return await journal.add(entry.id, {
    type: 'resolved',
    outcome: 'recorded',
    by: 'person',
    asked: 'window',
    reason: `The user says that it is ${chosen.id}.`,
    zoho_id: entry.makes && chosen.id,
    answer,
  });
}

export function keyReused(entry: Entry, { name: tool }: { readonly name: string }, input: Json): InputError {
  const called = calledOf(entry);
  const differing = [...new Set([...Object.keys(called.arguments), ...Object.keys(input)])].filter(
    (name) => digestOf(called.arguments[name]) !== digestOf(input[name]),
  );
  // Nothing else is known of an erased write: the name of its workflow is removed too.
  const difference = entry.erased
    ? "the customer's data was removed from the journal, so the difference is not known"
    : called.tool === tool
      ? `its ${differing.join(', ')} ${differing.length === 1 ? 'was' : 'were'} different`
      : `it was a call of ${called.tool}`;
  return new InputError(`This idempotency_key was already used for another write: ${difference}.`, {
    code: 'key_reused',
    next: 'To retry, repeat the call exactly. For a different write, use another key.',
  });
}
