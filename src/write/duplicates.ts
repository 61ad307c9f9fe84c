import { concern, type Concern } from '../concern.ts';
import type { Facts } from '../endpoint.ts';
import { RefusedError } from '../errors.ts';
import type { Json } from '../json.ts';
import { deletionOf, deletionsAfter } from './deleted-since.ts';
import { titleOf } from './journal/about.ts';
import type { Entry } from './journal/journal.ts';
import { SAME_INTENT_MS } from './repeated-call.ts';
import { createBlocks } from './touched.ts';
import type { Call, Road } from './types.ts';

/** Money that may be recorded already: in Zoho, by the same call a day ago, or by an earlier write whose answer was lost. */

interface Suspect {
  readonly id: string;
  readonly text: string;
}

export interface Suspected {
  /** All of them are meant to be others: what a person is asked about. */
  readonly concerns: readonly Concern[];
  /** Shown to whoever is asked. */
  readonly suspects: readonly Suspect[];
  /** Earlier writes that the caller names, and so knows of by now. */
  readonly known: readonly Entry[];
  /** Where one of them is not meant. */
  readonly refusal?: RefusedError;
}

/** Each look-alike must be meant, by its id in `allow_duplicate_of`. What is meant is still asked about. */
export async function suspectedDuplicates(facts: Facts, intent: string, call: Call, { journal, scope }: Road): Promise<Suspected> {
  const { makes, alike = [] } = facts.duplicates;
  const isOther = ({ id }: Suspect) => !isOfSameList(id, call);
  const [newest] =
    makes === undefined ? [] : await journal.findByIntent(scope, intent, new Date(Date.now() - SAME_INTENT_MS).toISOString());
  const again =
    newest?.state === 'recorded' && newest.zoho_id !== undefined && (await takenBackBy(newest, { journal })) === undefined
      ? [{ id: newest.zoho_id, text: `the same call of ${newest.claimedAt}, which made ${makes} ${newest.zoho_id}` }]
      : [];
  const untold = (await journal.untold()).filter((entry) => couldBeSame(entry, facts, call));
  const all = new Map<string, Suspect>([...again, ...alike, ...untold.map(asSuspect)].filter(isOther).map((one) => [one.id, one]));
  const suspects = [...all.values()];
  if (suspects.length === 0) return { concerns: [], suspects, known: [] };
  const unmeant = suspects.filter(({ id }) => !call.allowDuplicateOf.includes(id));
  return { concerns: [looksLike(suspects)], suspects, known: untold, ...(unmeant.length > 0 && { refusal: suspected(unmeant, suspects) }) };
}

/** Rows of one list are compared with each other by the list. */
const isOfSameList = (id: string, { listed }: Call): boolean => listed?.made.has(id) === true;

const looksLike = (suspects: readonly Suspect[]): Concern =>
  concern('duplicate', `it looks like ${suspects.length === 1 ? 'one that is' : `${suspects.length} that are`} there already`);

/** Refuses what could be the money of a write that was just settled, before anything else is said of the call. */
export function refuseSettled(entry: Entry, facts: Facts, call: Call, { onJudged }: Pick<Road, 'onJudged'>): void {
  if (entry.state !== 'recorded' || !couldBeSame(entry, facts, call)) return;
  const suspect = asSuspect(entry);
  if (call.allowDuplicateOf.includes(suspect.id) || isOfSameList(suspect.id, call)) return;
  onJudged?.({ asked: 'nobody', concerns: [...facts.question.ask, looksLike([suspect])] });
  throw suspected([suspect], [suspect]);
}

/** The later write of this server that deleted what it made: that is gone, and may be made again. */
export async function takenBackBy(entry: Entry, { journal }: Pick<Road, 'journal'>): Promise<Entry | undefined> {
  return entry.makes === undefined ? undefined : deletionOf(entry, await deletionsAfter([entry], journal));
}

function suspected(unmeant: readonly Suspect[], suspects: readonly Suspect[]): RefusedError {
  const ids = suspects.map(({ id }) => id);
  return new RefusedError(`This looks like one that is there already: ${unmeant.map(({ text }) => text).join('; ')}.`, {
    code: 'suspected_duplicate',
    next: {
      say: `Ask the user. If it really is another one, call again with allow_duplicate_of: ${JSON.stringify(ids)}.`,
      arguments: { allow_duplicate_of: ids },
    },
  });
}

/** Whether an earlier write may have recorded the very money that this call is about, whatever else of it differs. */
function couldBeSame(entry: Entry, facts: Facts, { endpoint }: Call): boolean {
  const { money } = facts.policy;
  const { touches } = facts.lost;
  const [payment] = touches.payments ?? [];
  const isOfSamePayment = payment !== undefined && paymentIdOf(entry) === payment;
  // A raise is as good as a new payment of that amount.
  if (createBlocks(touches).some((block) => entry.blocks.includes(block))) return true;
  if (entry.makes === 'payment')
    return money?.kind === 'payment' && money.customer_id === entry.customer_id && isAmount(entry, money.amount);
  // So is what a raise of one adds.
  const sameRefund =
    entry.counted?.kind === 'refund' &&
    money?.kind === 'refund' &&
    isOfSamePayment &&
    (isAmount(entry, money.amount) || isAmount(entry, money.adds));
  if (entry.makes === 'refund' || sameRefund) return sameRefund;
  // A change is compared with the change that was unknown: of the same payment, or of the same refund.
  const isChange = entry.request.method === 'PUT' && endpoint.method === 'PUT' && endpoint.safety.canDuplicate === true;
  return isChange && isOfSamePayment && refundIdOf(entry) === refundIdOf(facts.lost);
}

const isAmount = ({ counted }: Entry, amount: number): boolean => counted !== undefined && Number(counted.amount) === amount;

/** The payment that a write is about: the call names it, or a look by a custom field found it. */
function paymentIdOf({ arguments: args, before }: Entry): string | undefined {
  const found = before['payment'] as { payment_id?: string } | undefined;
  return (args['payment_id'] ?? args['customer_payment_id'] ?? found?.payment_id) as string | undefined;
}

/** Which refund of the payment is changed; undefined for a change of the payment itself. */
const refundIdOf = ({ before }: { readonly before: Json }): string | undefined =>
  (before['refund'] as { payment_refund_id?: string } | undefined)?.payment_refund_id;

function asSuspect(entry: Entry): Suspect {
  const refund = refundIdOf(entry);
  const what = entry.makes ?? (refund === undefined ? 'change of payment' : 'change of refund');
  const id = entry.zoho_id ?? refund ?? paymentIdOf(entry) ?? entry.id;
  return { id, text: `${what} ${id}, which an earlier call recorded (${titleOf(entry) ?? entry.endpoint}); its answer was lost at first` };
}
