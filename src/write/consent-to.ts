import { PaymentsError } from '../errors.ts';
import { MINUTE_MS } from '../time.ts';
import { decide, declinedBefore, type Consent, type Person, type ConsentForm } from './confirm.ts';
import { digestOf } from './seal.ts';
import type { Call, Road } from './types.ts';

/** Consent, checked against the journal: what the user just declined, and which approvals were already used. */

export interface ConsentSought {
  /** Digest of the call. */
  readonly intent: string;
  /** Digest of the question. If the user declines, it is not asked again for some minutes. */
  readonly declines: string;
  /** Digest of each request that is to be sent. */
  readonly requests: readonly string[];
  /** For a list: the digest of what is shown for each row. */
  readonly rows?: readonly string[] | undefined;
  readonly customer_id?: string | undefined;
}

export async function consentTo(
  shown: ConsentForm,
  { intent, declines, requests, rows, customer_id }: ConsentSought,
  { endpoint, person: given }: Pick<Call, 'endpoint' | 'person'>,
  road: Road,
): Promise<Consent> {
  const { journal, scope } = road;
  const { declinedMs } = road.timings;
  const person = await withoutSpent(given, road);
  const noted = { scope, endpoint: endpoint.name, customer_id };
  // A write that the user need not be asked about must not be a row of a list that they declined.
  for (const question of person.state !== undefined ? [] : shown.about.length > 0 ? [declines] : requests.map(asRow)) {
    const declinedAt = await journal.lastDeclined(scope, question);
    // Math.abs, because the time lies in the future if the clock was set back after the note.
    if (declinedAt !== undefined && Math.abs(journal.now() - Date.parse(declinedAt)) < declinedMs)
      throw declinedBefore(Math.ceil(declinedMs / MINUTE_MS));
  }
  try {
    const consent = decide(shown, person, road);
    if (consent.kind === 'given') return consent;
    if (rows === undefined) await journal.note({ ...noted, intent, type: 'asked', reason: shown.about.map(({ text }) => text).join('; ') });
    else {
      const opened = road.seal.open(consent.kind === 'ask' ? consent.state : consent.approval);
      const approval = opened.kind === 'good' ? opened.sealed.approval : '';
      const list = { approval, shown: shown.digest, rows, declines, requests };
      await journal.note({ ...noted, intent, type: 'asked', reason: 'A list is to be recorded.', list });
    }
    return consent;
  } catch (error) {
    if (error instanceof PaymentsError && error.code === 'declined')
      for (const question of [declines, ...(rows === undefined ? [] : requests.map(asRow))])
        await journal.note({ ...noted, intent: question, type: 'declined', reason: 'The user declined.' });
    throw error;
  }
}

/** Digest of a request as a row of a list that the user declines. */
const asRow = (request: string): string => digestOf(['row of a declined list', request]);

/** The text that replaces an approval that was already used for a claim. */
const SPENT = 'spent';

/** Returns the person without a consent that was already used. A consent is valid for one claim, even if that write was never sent. */
async function withoutSpent(person: Person, { journal, seal }: Road): Promise<Person> {
  for (const token of [person.state, person.approval]) {
    const opened = token === undefined ? undefined : seal.open(token);
    if (opened?.kind === 'good' && (await journal.findByApproval(opened.sealed.approval)) !== undefined)
      return { canBeAsked: person.canBeAsked, chosen: person.chosen, ...(person.approval !== undefined && { approval: SPENT }) };
  }
  return person;
}
