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

/** Looks in Zoho for a write whose answer was lost. This code only reads; the caller decides what the elapsed time means. */

const SEEN_NOTHING: Seen = { seen: 'not there' };

/** Looks for a new payment of the customer. */
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
    ? "Zoho's list of the customer's payments was incomplete or too long to read, or it had no payment of this customer."
    : rows.some(({ id }) => id === undefined) || read.some(({ since }) => since === undefined)
      ? 'Zoho does not show the id, the customer or the creation time of every payment.'
      : undefined;
  const fresh = read.filter(({ since }) => since !== false).map(({ payment }) => payment);
  return oneOf(fresh, { body, name: 'payment', unclear: isNamed(named, ids) ? undefined : unclear }, (payment) => ({
    id: String(payment.payment_id),
    text: aboutPayment(payment),
  }));
}

/** Looks for a new refund of the payment. */
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
      ? "Zoho's list of the payment's refunds was incomplete, or is longer than this server reads."
      : found.includes(undefined)
        ? 'Zoho does not show the id of every refund.'
        : undefined;
  return oneOf(fresh, { body, name: 'payment_refund', unclear: isNamed(named, ids) ? undefined : unclear }, (refund) => ({
    id: String(refund.payment_refund_id),
    text: aboutRefund(refund),
  }));
}

/** The most new records that are read and compared. If there are more, the user must compare them. */
const MOST_READ = 20;

const tooManyCandidates = (count: number): Seen => ({ seen: 'unclear', why: `${count} new records may be this write.`, candidates: [] });

/** The new record that the answer named; otherwise all new records that no other write of this server made. */
async function strangers(named: string | undefined, ids: readonly string[], ofAnother: Attempt['ofAnother']): Promise<readonly string[]> {
  if (named !== undefined && ids.includes(named)) return [named];
  const known = await Promise.all(ids.map(ofAnother));
  return ids.filter((_, i) => !known[i]);
}

const isNamed = (named: string | undefined, ids: readonly string[]) => named !== undefined && ids.includes(named);

interface Sought {
  readonly body: unknown;
  /** Name of the record in the result. */
  readonly name: string;
  /** Why the list may lack a record. */
  readonly unclear: string | undefined;
}

/** If exactly one new record is as sent, it is the write. If there is no new record, nothing was found. Otherwise the user must decide. */
function oneOf<T extends Json>(
  fresh: readonly T[],
  { body, name, unclear }: Sought,
  about: (record: T) => { id: string; text: string },
): Seen {
  const candidates = fresh.map(about);
  if (unclear !== undefined) return { seen: 'unclear', why: unclear, candidates };
  const [only] = fresh;
  if (only === undefined) return SEEN_NOTHING;
  if (fresh.length > 1) return { seen: 'unclear', why: `${fresh.length} new records appeared since.`, candidates };
  if (!isAsSent(body, only)) return { seen: 'unclear', why: 'A new record appeared since, but it differs from what was sent.', candidates };
  return { seen: 'there', zoho_id: candidates[0]!.id, result: { [name]: only } };
}

const asItIsNow = (id: string, about: string) => ({ id, text: `${about}, as it is now` });

/** Looks for a change of a payment. Zoho sets a new updated_time with every change. */
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

/** Looks for a change of a payment's custom fields. */
export async function lookForCustomFields({ input, before }: Attempt, payment_id: string, zoho: Reader): Promise<Seen> {
  const now = await currentPayment(zoho, payment_id);
  const was = before['payment'] as Payment;
  const asSent = (payment: Payment) => hasCustomFields(input['custom_fields'], payment['custom_fields']);
  // Neither values that existed before nor a missing list prove the change.
  if (now['custom_fields'] !== undefined && asSent(now) && !asSent(was))
    return { seen: 'there', zoho_id: payment_id, result: { customer_payment_id: payment_id, custom_fields: input['custom_fields'] } };
  // A missing list does not show whether the fields have the values.
  if (was['custom_fields'] !== undefined && now['custom_fields'] === undefined)
    return {
      seen: 'unclear',
      why: 'Zoho does not show the custom fields.',
      candidates: [asItIsNow(payment_id, aboutPayment(now))],
    };
  if (hasCustomFields(was['custom_fields'], now['custom_fields']) && hasCustomFields(now['custom_fields'], was['custom_fields']))
    return SEEN_NOTHING;
  return { seen: 'unclear', why: 'The custom fields have changed, but not to what was sent.', candidates: [] };
}

/** Looks for a change of a refund. A refund has no updated_time, so only its fields are compared. */
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

/** The allowance for clocks: Zoho's times are in full seconds, and Zoho's clock may differ from the clock that noted `sentAt`. */
const SURELY_BEFORE_MS = 2 * MINUTE_MS;

/** True if the payment was changed after `was`. Undefined without updated_time, or if this time could hide a change in the same second. */
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
  const isNoProof = seen === 'not told' || seen === 'as sent; perhaps it was the same before';
  if (seen === 'as sent' || (moved === true && (seen === 'no difference' || seen === 'as sent; perhaps it was the same before')))
    return { seen: 'there', result };
  if (seen === 'no difference' || (seen === 'as before' && moved !== true) || (isNoProof && moved === false)) return SEEN_NOTHING;
  // The user must decide whether this write made the change.
  if (isNoProof) return { seen: 'unclear', why: 'Zoho does not show whether the change was made.', candidates: [candidate] };
  return { seen: 'unclear', why: 'The record was changed after the write was sent, but not to the sent values.', candidates: [] };
}

/** True if Zoho answers that the record does not exist: code 1002 for a document, 5 for a record below a document. */
export async function isGone(read: Promise<unknown>): Promise<boolean> {
  try {
    await read;
    return false;
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found' && ['1002', '5'].includes(String(error.zoho?.code))) return true;
    throw error;
  }
}
