import { concern, type Concern } from '../concern.ts';
import type { Facts } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import type { Json } from '../json.ts';
import { deletionOf, deletionsAfter } from './deleted-since.ts';
import { titleOf } from './journal/about.ts';
import type { Entry } from './journal/journal.ts';
import { inUtc } from './replay.ts';
import { SAME_INTENT_MS } from './repeated-call.ts';
import { createBlocks } from './touched.ts';
import type { Call, Road } from './types.ts';

/**
 * A possible duplicate of a write: a record in Zoho, a record that the same call made within a day, or a record that an earlier write made
 * whose answer was lost.
 */

interface Suspect {
  readonly id: string;
  readonly text: string;
}

export interface Suspected {
  /** The concern that the user is asked about, if the call names every possible duplicate in `allow_duplicate_of`. */
  readonly concerns: readonly Concern[];
  /** The possible duplicates that the question shows. */
  readonly suspects: readonly Suspect[];
  /** Earlier writes that the call names: the caller has now learned that they were recorded. */
  readonly known: readonly Entry[];
  /** Set if the call does not name every possible duplicate. */
  readonly refusal?: RefusedError;
}

/** Finds the possible duplicates. The call must name the id of each in `allow_duplicate_of`; the user is asked even about named ones. */
export async function suspectedDuplicates(facts: Facts, intent: string, call: Call, { journal, scope }: Road): Promise<Suspected> {
  const { makes, alike = [] } = facts.duplicates;
  const isOther = ({ id }: Suspect) => !isOfSameList(id, call);
  const [newest] =
    makes === undefined ? [] : await journal.findByIntent(scope, intent, new Date(journal.now() - SAME_INTENT_MS).toISOString());
  const again =
    newest?.state === 'recorded' && newest.zoho_id !== undefined && (await takenBackBy(newest, { journal })) === undefined
      ? [{ id: newest.zoho_id, text: `the same call at ${inUtc(newest.claimedAt)}, which recorded ${makes} ${newest.zoho_id}` }]
      : [];
  const untold = (await journal.untold()).filter((entry) => couldBeSame(entry, facts, call));
  const all = new Map<string, Suspect>([...again, ...alike, ...untold.map(asSuspect)].filter(isOther).map((one) => [one.id, one]));
  const suspects = [...all.values()];
  if (suspects.length === 0) return { concerns: [], suspects, known: [] };
  const unmeant = suspects.filter(({ id }) => !call.allowDuplicateOf.includes(id));
  return { concerns: [looksLike(suspects)], suspects, known: untold, ...(unmeant.length > 0 && { refusal: suspected(unmeant, suspects) }) };
}

/** True if another row of the same list made this record. The list itself compares its rows with each other. */
const isOfSameList = (id: string, { listed }: Call): boolean => listed?.made.has(id) === true;

const looksLike = (suspects: readonly Suspect[]): Concern =>
  concern('duplicate', suspects.length === 1 ? 'there is a possible duplicate' : `there are ${suspects.length} possible duplicates`);

/** Refuses a call if it may repeat a write that was just settled. This happens before any other check. */
export function refuseSettled(entry: Entry, facts: Facts, call: Call, { onJudged }: Pick<Road, 'onJudged'>): void {
  if (entry.state !== 'recorded' || !couldBeSame(entry, facts, call)) return;
  const suspect = asSuspect(entry);
  if (call.allowDuplicateOf.includes(suspect.id) || isOfSameList(suspect.id, call)) return;
  onJudged?.({ asked: 'nobody', concerns: [...facts.question.ask, looksLike([suspect])] });
  throw suspected([suspect], [suspect]);
}

/** The later write of this server that deleted the record of this entry. A deleted record may be recorded again. */
export async function takenBackBy(entry: Entry, { journal }: Pick<Road, 'journal'>): Promise<Entry | undefined> {
  return entry.makes === undefined ? undefined : deletionOf(entry, await deletionsAfter([entry], journal));
}

function suspected(unmeant: readonly Suspect[], suspects: readonly Suspect[]): RefusedError {
  const ids = suspects.map(({ id }) => id);
  return new RefusedError(`This may be a duplicate. Already recorded: ${unmeant.map(({ text }) => text).join('; ')}.`, {
    code: 'suspected_duplicate',
    next: {
      say: `Ask the user. If it is not a duplicate, call again with allow_duplicate_of: ${JSON.stringify(ids)}.`,
      arguments: { allow_duplicate_of: ids },
    },
  });
}

/** True if an earlier write may have recorded the same payment or refund as this call, even if details differ. */
function couldBeSame(entry: Entry, facts: Facts, { endpoint }: Call): boolean {
  const { money } = facts.policy;
  const { touches } = facts.lost;
  const [payment] = touches.payments ?? [];
  const isOfSamePayment = payment !== undefined && paymentIdOf(entry) === payment;
  // A higher amount of a payment counts like a new payment of the added amount.
  if (createBlocks(touches).some((block) => entry.blocks.includes(block))) return true;
  if (entry.makes === 'payment')
    return money?.kind === 'payment' && money.customer_id === entry.customer_id && isAmount(entry, money.amount);
  // For a refund, the full amount is compared, and also the amount that an update adds.
  const sameRefund =
    entry.counted?.kind === 'refund' &&
    money?.kind === 'refund' &&
    isOfSamePayment &&
    (isAmount(entry, money.amount) || isAmount(entry, money.adds));
  if (entry.makes === 'refund' || sameRefund) return sameRefund;
  // A change is compared only with an earlier change of the same payment or of the same refund.
  const isChange = entry.request.method === 'PUT' && endpoint.method === 'PUT' && endpoint.safety.canDuplicate === true;
  return isChange && isOfSamePayment && refundIdOf(entry) === refundIdOf(facts.lost);
}

const isAmount = ({ counted }: Entry, amount: number): boolean => counted !== undefined && Number(counted.amount) === amount;

/** The payment that a write is about: the call names it, or a search by a custom field found it. */
function paymentIdOf({ arguments: args, before }: Entry): string | undefined {
  const found = before['payment'] as { payment_id?: string } | undefined;
  return (args['payment_id'] ?? args['customer_payment_id'] ?? found?.payment_id) as string | undefined;
}

/** The refund that a write changes; undefined if it changes the payment itself. */
const refundIdOf = ({ before }: { readonly before: Json }): string | undefined =>
  (before['refund'] as { payment_refund_id?: string } | undefined)?.payment_refund_id;

function asSuspect(entry: Entry): Suspect {
  const refund = refundIdOf(entry);
  const what = entry.makes ?? (refund === undefined ? 'change of payment' : 'change of refund');
  const id = entry.zoho_id ?? refund ?? paymentIdOf(entry) ?? entry.id;
  return { id, text: `${what} ${id}, which an earlier call recorded (${titleOf(entry) ?? entry.endpoint}) although its answer was lost` };
}
