import type { Attempt, Reader, Seen } from '../endpoint.ts';
import { getCustomerPayment } from '../endpoints/payments/get-customer-payment.ts';
import { getCustomerPaymentRefund } from '../endpoints/refunds/get-customer-payment-refund.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { currentPayment, currentRefund } from '../reading/current-record.ts';
import { refundsOf } from '../reading/refunds-of-payment.ts';
import { aboutPayment, aboutRefund } from '../records/describe.ts';
import type { Payment, Refund } from '../records/fields.ts';
import { readId, instantOf } from '../records/read-row.ts';
import { changeSeen, hasCustomFields, isAsSent } from '../records/same-as-sent.ts';
import { MINUTE_MS } from '../time.ts';
import { comparedPayment, isSince, paymentsSince, type Existing } from './look-alikes.ts';

/** What Zoho shows of a write whose answer was lost. Only reading; nothing is decided here that needs a clock. */

const SEEN_NOTHING: Seen = { seen: 'not there' };

/** A new payment of the customer. */
export async function lookForPayment({ body, before, named, ofAnother }: Attempt, customer_id: string, zoho: Reader): Promise<Seen> {
  const existing = before['existing'] as Existing;
  const { rows, whole } = await paymentsSince(zoho, customer_id, existing);
  const ids = await strangers(
    named,
    rows.flatMap(({ id }) => id ?? []),
    ofAnother,
  );
  if (ids.length > MOST_READ) return tooManyCandidates(ids.length);
  const read = await Promise.all(
    ids.map(async (payment_id) => {
      const payment = (await zoho.read(getCustomerPayment, { payment_id })).payment ?? { payment_id };
      const [row, own] = [rows.find(({ id }) => id === payment_id), comparedPayment(payment)];
      return {
        payment,
        since: isSince({ customer_id: row?.customer_id ?? own.customer_id, created: row?.created ?? own.created }, customer_id, existing),
      };
    }),
  );
  const unclear = !whole
    ? "Zoho's list of the customer's payments was cut short, is longer than this server reads, or held none of theirs."
    : rows.some(({ id }) => id === undefined) || read.some(({ since }) => since === undefined)
      ? 'Zoho does not tell of every payment which it is, whose, or when it was recorded.'
      : undefined;
  const fresh = read.filter(({ since }) => since !== false).map(({ payment }) => payment);
  return oneOf(fresh, { body, name: 'payment', unclear: isNamed(named, ids) ? undefined : unclear }, (payment) => ({
    id: String(payment.payment_id),
    text: aboutPayment(payment),
  }));
}

/** A new refund of the payment. */
export async function lookForRefund({ body, before, named, ofAnother }: Attempt, customer_payment_id: string, zoho: Reader): Promise<Seen> {
  const existing = before['existing'] as Existing;
  const known = new Set(existing.ids);
  const { rows, all } = await refundsOf(zoho, customer_payment_id);
  const found = rows.map((row) => readId(row['payment_refund_id']));
  const ids = await strangers(
    named,
    found.filter((id): id is string => id !== undefined && !known.has(id)),
    ofAnother,
  );
  if (ids.length > MOST_READ) return tooManyCandidates(ids.length);
  const fresh = await Promise.all(
    ids.map(
      async (refund_id) =>
        (await zoho.read(getCustomerPaymentRefund, { customer_payment_id, refund_id })).payment_refund ?? { payment_refund_id: refund_id },
    ),
  );
  const unclear =
    !all || !existing.all
      ? "Zoho's list of the payment's refunds was cut short, or is longer than this server reads."
      : found.includes(undefined)
        ? 'Zoho does not tell of every refund which it is.'
        : undefined;
  return oneOf(fresh, { body, name: 'payment_refund', unclear: isNamed(named, ids) ? undefined : unclear }, (refund) => ({
    id: String(refund.payment_refund_id),
    text: aboutRefund(refund),
  }));
}

/** More are for a person to look through. */
const MOST_READ = 20;

const tooManyCandidates = (count: number): Seen => ({ seen: 'unclear', why: `${count} that may be it appeared since.`, candidates: [] });

/** Of what is new the record that the answer named; else all that comes of no other write of ours. */
async function strangers(named: string | undefined, ids: readonly string[], ofAnother: Attempt['ofAnother']): Promise<readonly string[]> {
  if (named !== undefined && ids.includes(named)) return [named];
  const known = await Promise.all(ids.map(ofAnother));
  return ids.filter((_, i) => !known[i]);
}

const isNamed = (named: string | undefined, ids: readonly string[]) => named !== undefined && ids.includes(named);

interface Sought {
  readonly body: unknown;
  /** What the record stands under in the result. */
  readonly name: string;
  /** Why others may be it that are not seen. */
  readonly unclear: string | undefined;
}

/** Exactly one that is new and just as sent is it; none is nothing; everything else is for a person to tell. */
function oneOf<T extends Json>(
  fresh: readonly T[],
  { body, name, unclear }: Sought,
  about: (record: T) => { id: string; text: string },
): Seen {
  const candidates = fresh.map(about);
  if (unclear !== undefined) return { seen: 'unclear', why: unclear, candidates };
  const [only] = fresh;
  if (only === undefined) return SEEN_NOTHING;
  if (fresh.length > 1) return { seen: 'unclear', why: `${fresh.length} new ones appeared since.`, candidates };
  if (!isAsSent(body, only)) return { seen: 'unclear', why: 'A new one appeared since, and it is not quite what was sent.', candidates };
  return { seen: 'there', zoho_id: candidates[0]!.id, result: { [name]: only } };
}

const asItIsNow = (id: string, about: string) => ({ id, text: `${about}, as it is now` });

/** A change of a payment: its updated_time moves with every change. */
export async function lookForChange({ body, before, sentAt }: Attempt, payment_id: string, zoho: Reader): Promise<Seen> {
  const now = await currentPayment(zoho, payment_id);
  const was = before['payment'] as Payment;
  return changed({
    body,
    was,
    now,
    moved: movedSince(was, now, sentAt),
    result: { payment: now },
    candidate: asItIsNow(payment_id, aboutPayment(now)),
  });
}

/** Custom fields of a payment. */
export async function lookForCustomFields({ input, before }: Attempt, payment_id: string, zoho: Reader): Promise<Seen> {
  const now = await currentPayment(zoho, payment_id);
  const was = before['payment'] as Payment;
  const asSent = (payment: Payment) => hasCustomFields(input['custom_fields'], payment['custom_fields']);
  // What was so before shows nothing, nor does a list that is left out.
  if (now['custom_fields'] !== undefined && asSent(now) && !asSent(was))
    return { seen: 'there', zoho_id: payment_id, result: { customer_payment_id: payment_id, custom_fields: input['custom_fields'] } };
  // A list that is left out says nothing of its fields.
  if (was['custom_fields'] !== undefined && now['custom_fields'] === undefined)
    return {
      seen: 'unclear',
      why: 'Zoho does not tell the custom fields.',
      candidates: [asItIsNow(payment_id, aboutPayment(now))],
    };
  if (hasCustomFields(was['custom_fields'], now['custom_fields']) && hasCustomFields(now['custom_fields'], was['custom_fields']))
    return SEEN_NOTHING;
  return { seen: 'unclear', why: 'The custom fields have changed, and are not what was sent.', candidates: [] };
}

/** A change of a refund, which has no updated_time: its fields alone tell. */
export async function lookForRefundChange(
  { body, before }: Attempt,
  customer_payment_id: string,
  refund_id: string,
  zoho: Reader,
): Promise<Seen> {
  const now = await currentRefund(zoho, customer_payment_id, refund_id);
  return changed({
    body,
    was: before['refund'] as Refund,
    now,
    moved: undefined,
    result: { payment_refund: now },
    candidate: asItIsNow(refund_id, aboutRefund(now)),
  });
}

/** Times are told to the second, by a clock that may not agree with the one that the time of sending was noted by. */
const SURELY_BEFORE_MS = 2 * MINUTE_MS;

/** Whether a payment was changed since; undefined where its updated_time does not tell, or could hide a change within the same second. */
function movedSince(was: Payment, now: Payment, sentAt: number | undefined): boolean | undefined {
  const [then, since] = [was['updated_time'], now['updated_time']];
  if (since === undefined) return undefined;
  if (since !== then) return true;
  const updated = instantOf(then);
  return updated !== undefined && sentAt !== undefined && updated + SURELY_BEFORE_MS < sentAt ? false : undefined;
}

function changed({
  body,
  was,
  now,
  moved,
  result,
  candidate,
}: {
  body: unknown;
  was: Json;
  now: Json;
  moved: boolean | undefined;
  result: Json;
  candidate: { id: string; text: string };
}): Seen {
  const seen = changeSeen(body, was, now);
  const isNoProof = seen === 'not told' || seen === 'as sent, or already';
  if (seen === 'as sent' || (moved === true && (seen === 'no difference' || seen === 'as sent, or already')))
    return { seen: 'there', result };
  if (seen === 'no difference' || (seen === 'as before' && moved !== true) || (isNoProof && moved === false)) return SEEN_NOTHING;
  // Whoever may have changed it: for a person to tell.
  if (isNoProof) return { seen: 'unclear', why: 'Zoho does not tell whether what was sent is there.', candidates: [candidate] };
  return { seen: 'unclear', why: 'It has changed since, and is not what was sent.', candidates: [] };
}

/** Whether Zoho says that it has no such record any more: 1002 for a document, 5 for what is below one. */
export async function isGone(read: Promise<unknown>): Promise<boolean> {
  try {
    await read;
    return false;
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found' && ['1002', '5'].includes(String(error.zoho?.code))) return true;
    throw error;
  }
}
