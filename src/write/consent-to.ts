import { PaymentsError } from '../errors.ts';
import { MINUTE_MS } from '../time.ts';
import { decide, declinedBefore, type Consent, type Person, type ConsentForm } from './confirm.ts';
import type { ListConsent } from './journal/journal.ts';
import type { Call, Road } from './types.ts';

/** Consent, checked against the journal: what the user just declined, and which approvals were already used. */

export interface ConsentSought {
  /** Digest of the call. */
  readonly intent: string;
  /** Digest of the question. If the user declines, it is not asked again for some minutes. */
  readonly declines: string;
  /** For a list: the digest of what is shown for each row. */
  readonly rows?: readonly string[] | undefined;
  readonly customer_id?: string | undefined;
}

export async function consentTo(
  shown: ConsentForm,
  { intent, declines, rows, customer_id }: ConsentSought,
  { endpoint, person: given }: Pick<Call, 'endpoint' | 'person'>,
  road: Road,
): Promise<Consent> {
  const { journal, scope } = road;
  const { declinedMs } = road.timings;
  const person = await withoutSpent(given, road);
  const note = (type: 'asked' | 'declined', reason: string, list?: ListConsent) =>
    journal.note({ scope, endpoint: endpoint.name, intent: type === 'declined' ? declines : intent, type, reason, customer_id, list });
  const declinedAt = shown.about.length === 0 || person.state !== undefined ? undefined : await journal.lastDeclined(scope, declines);
  // Math.abs, because the time lies in the future if the clock was set back after the note.
  if (declinedAt !== undefined && Math.abs(journal.now() - Date.parse(declinedAt)) < declinedMs)
    throw declinedBefore(Math.ceil(declinedMs / MINUTE_MS));
  try {
    const consent = decide(shown, person, road);
    if (consent.kind === 'given') return consent;
    if (rows === undefined) await note('asked', shown.about.map(({ text }) => text).join('; '));
    else {
      const opened = road.seal.open(consent.kind === 'ask' ? consent.state : consent.approval);
      const approval = opened.kind === 'good' ? opened.sealed.approval : '';
      await note('asked', 'A list is to be recorded.', { approval, shown: shown.digest, rows, declines });
    }
    return consent;
  } catch (error) {
    if (error instanceof PaymentsError && error.code === 'declined') await note('declined', 'The user declined.');
    throw error;
  }
}

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
