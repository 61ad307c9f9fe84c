import { randomUUID } from 'node:crypto';
import type { Minted, Reader, WriteTool } from '../endpoint.ts';
import { AccessError } from '../errors.ts';
import type { Claim, Entry } from './journal/journal.ts';

/**
 * A custom field whose values Zoho keeps unique. If it is set, a new payment is recorded with Zoho's upsert, and gets a random value in
 * this field at the claim. Only such a write can be found exactly and sent again.
 */
export interface UniqueField {
  /** API name, `cf_…`. */
  readonly name: string;
  /**
   * True if a search by the field has found a payment that was recorded with it; `refused` if Zoho does not search by this field. Undefined
   * before the first payment.
   */
  works?: boolean | 'refused';
}

/**
 * Turns the claim into an upsert, if a unique field is set and the endpoint has an upsert. Until a search by the field has found a
 * payment, the server looks for a lost upsert like for any other write and does not send it again. Throws AccessError
 * (`unique_field_unusable`).
 */
export async function asUpsert(
  claim: Claim,
  { safety: { upsert } }: WriteTool,
  field: UniqueField | undefined,
  zoho: Reader,
): Promise<Claim> {
  if (field === undefined || upsert === undefined) return claim;
  const why =
    field.works === false
      ? 'a search by this field did not find a payment that was recorded with it'
      : await upsert.unusable(field.name, claim.request, zoho);
  if (why !== undefined) throw unusable(field, why);
  const minted: Minted = { key: field.name, value: randomUUID() };
  return {
    ...claim,
    request: upsert.request(claim.request, minted),
    before: { ...claim.before, [field.works === true ? 'unique' : 'unproven']: minted },
  };
}

/**
 * Checks after the first payment whether a search by the field finds it. Zoho ignores an unknown field without an error, so only a payment
 * that the search finds proves that the field works.
 */
export async function proveUniqueField(
  { before }: Entry,
  { safety: { upsert } }: WriteTool,
  payment_id: string | undefined,
  field: UniqueField | undefined,
  zoho: Reader,
): Promise<void> {
  const minted = before['unproven'] as Minted | undefined;
  if (field === undefined || field.works !== undefined || minted === undefined || upsert === undefined || payment_id === undefined) return;
  try {
    field.works = await upsert.finds(payment_id, minted, zoho);
  } catch {
    // The field is not proven yet. The next payment proves it instead.
  }
}

function unusable({ name }: UniqueField, why: string): AccessError {
  return new AccessError(`ZOHO_PAYMENTS_UNIQUE_FIELD is ${name}, and this field cannot be used: ${why}.`, {
    code: 'unique_field_unusable',
    next: ['set up the field as docs/safety.md says', 'unset ZOHO_PAYMENTS_UNIQUE_FIELD'],
  });
}
